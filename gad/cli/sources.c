#include "gad/cli/sources.h"

#include "data/file.h"
#include "data/grow.h"
#include "data/listing.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char standard_input[] = "stdin";

static enum eng_err out_of_memory(struct eng_why *why)
{
    return eng_fail(why, ENG_NOMEM, "out of memory");
}

static enum eng_err append(struct cli_sources *s, char *path, struct eng_why *why)
{
    char **paths = dat_grow(s->paths, &s->capacity, s->count, sizeof *paths);
    if (!paths) {
        free(path);
        return out_of_memory(why);
    }
    s->paths = paths;
    s->paths[s->count++] = path;
    return ENG_OK;
}

/* Appends a path, which is the sources' from now on; NULL is what an allocation left. */
static enum eng_err append_path(struct cli_sources *s, char *path, struct eng_why *why)
{
    return path ? append(s, path, why) : out_of_memory(why);
}

/* Says what stands for nothing, so that the others can go on; ENG_NOMEM goes up. */
static enum eng_err pass_over(struct cli_sources *s, struct cli_session *session, enum eng_err err,
                              struct eng_why *why)
{
    if (err == ENG_OK || err == ENG_NOMEM)
        return err;
    cli_fail(session, err, why);
    why->text[0] = '\0';
    s->failed = 1;
    return ENG_OK;
}

static enum eng_err add_folder(struct cli_sources *s, const char *folder, struct eng_why *why)
{
    const size_t before = s->count;
    struct dat_listing listing;
    ENG_TRY(dat_listing_read(&listing, folder, why));
    enum eng_err err = ENG_OK;
    for (size_t i = 0; err == ENG_OK && i < listing.count; i++)
        if (dat_name_is_image(listing.names[i]))
            err = append_path(s, dat_path_join(folder, listing.names[i]), why);
    dat_listing_release(&listing);
    if (err == ENG_OK && s->count == before)
        return eng_fail(why, ENG_MISSING,
                        "%.300s: no image lies in this folder (.jpg, .png, .ppm or .pgm); name "
                        "files, or the folder that holds them",
                        folder);
    return err;
}

static enum eng_err add_path(struct cli_sources *s, const char *path, struct eng_why *why)
{
    return dat_folder_is(path) ? add_folder(s, path, why) : append_path(s, strdup(path), why);
}

static int compare_paths(const void *a, const void *b)
{
    return dat_name_compare(*(char *const *)a, *(char *const *)b);
}

static enum eng_err add_pattern(struct cli_sources *s, struct cli_session *session,
                                const char *pattern, struct eng_why *why)
{
    glob_t found;
    const int refusal = glob(pattern, GLOB_NOSORT, NULL, &found);
    if (refusal == GLOB_NOSPACE)
        return out_of_memory(why);
    if (refusal)
        return eng_fail(why, ENG_MISSING,
                        "%.300s: nothing matches this pattern; check it and the folder", pattern);
    enum eng_err err = ENG_OK;
    qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, compare_paths);
    for (size_t i = 0; err == ENG_OK && i < found.gl_pathc; i++)
        err = pass_over(s, session, add_path(s, found.gl_pathv[i], why), why);
    globfree(&found);
    return err;
}

/* Standard input is looked at before any file is opened: a descriptor that is closed would soon be
 * that of another file. */
static enum eng_err check_input(const char *const *operands, size_t count, const char *list,
                                struct eng_why *why)
{
    size_t readers = list && strcmp(list, "-") == 0;
    struct stat st;
    for (size_t i = 0; i < count; i++)
        readers += strcmp(operands[i], "-") == 0;
    if (readers > 1)
        return eng_fail(why, ENG_ARG, "%s: it can be read only once; give one -", standard_input);
    if (readers && isatty(STDIN_FILENO))
        return eng_fail(why, ENG_ARG, "%s: it is a terminal; give it with < FILE, or by a pipe",
                        standard_input);
    if (readers && fstat(STDIN_FILENO, &st) != 0)
        return eng_fail(why, ENG_ARG, "%s: it is closed; give it with < FILE, or by a pipe",
                        standard_input);
    return ENG_OK;
}

static enum eng_err add_operand(struct cli_sources *s, struct cli_session *session,
                                const char *operand, struct eng_why *why)
{
    struct stat st;
    if (strcmp(operand, "-") == 0)
        return append(s, NULL, why);
    if (strpbrk(operand, "*?[") && lstat(operand, &st) != 0)
        return add_pattern(s, session, operand, why);
    return add_path(s, operand, why);
}

/* The lines of text, which is cut at their ends. */
static enum eng_err add_lines(struct cli_sources *s, struct cli_session *session, char *text,
                              struct eng_why *why)
{
    for (char *line = text, *next; line; line = next) {
        const size_t length = strcspn(line, "\n");
        next = line[length] ? line + length + 1 : NULL;
        line[length] = '\0';
        if (length && line[length - 1] == '\r')
            line[length - 1] = '\0';
        const char first = line[strspn(line, " \t")];
        if (!first || first == '#')
            continue;
        ENG_TRY(pass_over(s, session, add_path(s, line, why), why));
    }
    return ENG_OK;
}

static enum eng_err add_list(struct cli_sources *s, struct cli_session *session, const char *list,
                             struct eng_why *why)
{
    const struct cli_sources before = *s;
    uint8_t *text;
    size_t count;
    enum eng_err err;
    if (strcmp(list, "-") == 0) {
        list = standard_input;
        ENG_TRY(dat_file_read_from(&text, &count, STDIN_FILENO, list, why));
    } else {
        ENG_TRY(dat_file_read(&text, &count, list, why));
    }
    if (strlen((char *)text) != count)
        err = eng_fail(why, ENG_FORMAT, "%.300s: this is no list of files; write a path a line",
                       list);
    else
        err = add_lines(s, session, (char *)text, why);
    free(text);
    if (err == ENG_OK && s->count == before.count && s->failed == before.failed)
        err = eng_fail(why, ENG_FORMAT, "%.300s: no image is named in it; write a path a line",
                       list);
    return err;
}

enum eng_err cli_sources_read(struct cli_sources *sources, struct cli_session *session,
                              const char *const *operands, size_t count, const char *list,
                              struct eng_why *why)
{
    *sources = (struct cli_sources){0};
    if (count == 0 && !list)
        return eng_fail(why, ENG_ARG, "no image is named; give IMAGE..., or --list FILE");
    ENG_TRY(check_input(operands, count, list, why));
    for (size_t i = 0; i < count; i++)
        ENG_TRY(pass_over(sources, session, add_operand(sources, session, operands[i], why), why));
    return list ? pass_over(sources, session, add_list(sources, session, list, why), why) : ENG_OK;
}

void cli_sources_release(struct cli_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        free(sources->paths[i]);
    free(sources->paths);
    *sources = (struct cli_sources){0};
}

const char *cli_source_name(const struct cli_sources *sources, size_t i)
{
    return sources->paths[i] ? sources->paths[i] : standard_input;
}
