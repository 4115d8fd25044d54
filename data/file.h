/* Whole files: reading into memory, and writing so that a reader never sees half of one. */
#ifndef DAT_FILE_H
#define DAT_FILE_H

#include "engine/err.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Reads all of a regular file (also a pipe) into *bytes (*count of them; the caller frees; one
 * NUL follows the last, not counted). A folder, a missing or unreadable file is ENG_IO or
 * ENG_MISSING; why's text begins with the path. */
enum eng_err dat_file_read(uint8_t **bytes, size_t *count, const char *path, struct eng_why *why);

/* The same from a descriptor that is open, such as standard input: what is left of a file, a pipe
 * or a socket, of which 1 GiB is the most (ENG_TOOBIG). Not closed; `name` stands for the path in
 * why's text. */
enum eng_err dat_file_read_from(uint8_t **bytes, size_t *count, int fd, const char *name,
                                struct eng_why *why);

/* Writes count bytes to PATH.tmp.<pid>, flushes them to the disk, and renames it to PATH (through a
 * link: to its target). A PATH that is there and no regular file (a device, a pipe) is written to
 * directly. On any error (a full disk too) PATH keeps what it had, and the temporary file is
 * removed. */
enum eng_err dat_file_write(const char *path, const void *bytes, size_t count, struct eng_why *why);

/* The same piece by piece: open, write (also to out->stream: that it failed is seen in the end, but
 * no longer why), then either commit or abort. The struct is the caller's and must not be copied in
 * between. After an error of a write there is still to be aborted. */
struct dat_out {
    FILE *stream;
    char *path, *temporary;
};
enum eng_err dat_out_open(struct dat_out *out, const char *path, struct eng_why *why);
enum eng_err dat_out_write(struct dat_out *out, const void *bytes, size_t count,
                           struct eng_why *why);
enum eng_err dat_out_commit(struct dat_out *out, struct eng_why *why);
void dat_out_abort(struct dat_out *out);

/* For a file that grows in place: keeps its first `keep` bytes (0: it is made if it is not there),
 * and what is written goes behind them. A flush hands it to the system; after an error of one the
 * file may end in half of what was written before. It is ended by commit, or by abort, which then
 * leaves it as it is. */
enum eng_err dat_out_append(struct dat_out *out, const char *path, size_t keep,
                            struct eng_why *why);
enum eng_err dat_out_flush(struct dat_out *out, struct eng_why *why);

/* Makes a folder and its parents; ENG_OK if it is there already. */
enum eng_err dat_folder_make(const char *path, struct eng_why *why);

/* dir/name in new memory (the caller frees), or NULL when there is none left. */
char *dat_path_join(const char *dir, const char *name);

/* True if path can be read as a folder. */
int dat_folder_is(const char *path);

#endif
