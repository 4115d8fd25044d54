/* Where the images of a command lie: its operands, and the lines of a list, as one list of files.
 *
 *     photo.jpg         a file, whether it is there or not: that shows when it is read
 *     'photos/a*.jpg'   a pattern that no shell has expanded: what matches it
 *     photos            a folder: the images in it, but not those in folders below
 *     -                 the image, or the .npy file, that standard input is; once
 *     --list FILE       behind all operands, each line of FILE: a file or a folder, as it stands
 *                       there; blank lines and those that begin with # are passed over. FILE may
 *                       be -, if no image is
 *
 * What a pattern or a folder stands for comes in natural order (2.jpg before 10.jpg). A file whose
 * name is a pattern is that file. Lines are taken as operands are, from the folder that the program
 * was started in, so that what find or ls printed can be a list; they are no patterns. */
#ifndef CLI_SOURCES_H
#define CLI_SOURCES_H

#include "gad/cli/session.h"

#define CLI_LIST_OPTION(list)                                                                      \
    {                                                                                              \
        "list", CLI_TEXT, &(list), "FILE", "more images: FILE has a file or folder a line"         \
    }

struct cli_sources {
    char **paths; /* owned; NULL: standard input */
    size_t count, capacity;
    int failed; /* a pattern, a folder or the list stood for nothing, and was named */
};

/* Fills *sources, which the caller releases (on error, too); list NULL: none. What stands for
 * nothing is named at once, and the others go on: there may be none. ENG_ARG if there is neither
 * operand nor list, and for a standard input that is a terminal, is closed, or is to be read twice;
 * ENG_NOMEM. */
enum eng_err cli_sources_read(struct cli_sources *sources, struct cli_session *session,
                              const char *const *operands, size_t count, const char *list,
                              struct eng_why *why);
void cli_sources_release(struct cli_sources *sources); /* an empty or zeroed one is allowed */

/* What a source is called: its path, or "stdin". */
const char *cli_source_name(const struct cli_sources *sources, size_t i);

#endif
