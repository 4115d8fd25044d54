/* What every fuzz target is: one function that takes any bytes and must neither crash, nor read or
 * write out of bounds, nor leak, nor break a promise of the header (then it aborts).
 *
 * `make fuzz` links a target with libFuzzer and `make fuzz-afl` with AFL++, which invent the bytes;
 * `make check` links it with replay.c, which has main() and takes the files of corpus/NAME. What
 * the fuzzers find goes there once it is mended.
 *
 * Bytes with a checksum over them can hardly be invented. Targets of such formats therefore run
 * twice: on what they were given, and on a copy with the checksums put right. */
#ifndef FUZZ_H
#define FUZZ_H

#include "data/budget.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count); /* libFuzzer's name; returns 0 */

#define FUZZ_PROMISE(ok)                                                                           \
    do {                                                                                           \
        if (!(ok)) {                                                                               \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #ok);               \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A decoder that does not read what it was given says what is wrong with it, in a sentence, and
 * never that the call was wrong. */
static inline void fuzz_refused(enum eng_err err, const struct eng_why *why)
{
    FUZZ_PROMISE(err == ENG_FORMAT || err == ENG_UNSUPPORTED || err == ENG_TOOBIG);
    FUZZ_PROMISE(why->text[0] && memchr(why->text, '\0', sizeof why->text));
}

/* The memory that a format states is enough for whatever the bytes are: a budget of so much never
 * runs out. (Other refusals may quote the bytes.) */
static inline void fuzz_within(const struct dat_budget *budget, enum eng_err err,
                               const struct eng_why *why)
{
    FUZZ_PROMISE(budget->left <= budget->limit);
    FUZZ_PROMISE(err != ENG_TOOBIG || !strstr(why->text, "than a file of its length"));
}

/* A copy in a block of exactly its size; the caller frees it. */
static inline uint8_t *fuzz_copy(const void *bytes, size_t count)
{
    uint8_t *copy = malloc(count ? count : 1);
    FUZZ_PROMISE(copy);
    if (count)
        memcpy(copy, bytes, count);
    return copy;
}

static char fuzz_folder_made[64];

static inline void fuzz_folder_remove(void)
{
    rmdir(fuzz_folder_made);
}

/* A folder for what has to be a file, in memory if the system has such: this process's own, and
 * gone when it ends, if the target has removed what it put there. */
static inline const char *fuzz_folder(void)
{
    if (!fuzz_folder_made[0]) {
        snprintf(fuzz_folder_made, sizeof fuzz_folder_made, "%s/gad-fuzz-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        FUZZ_PROMISE(mkdtemp(fuzz_folder_made) && atexit(fuzz_folder_remove) == 0);
    }
    return fuzz_folder_made;
}

/* The path of a file in it, in static memory. */
static inline const char *fuzz_path(const char *name)
{
    static char paths[4][128];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", fuzz_folder(), name);
    return path;
}

static inline void fuzz_put_file(const char *path, const void *bytes, size_t count)
{
    FILE *f = fopen(path, "wb");
    FUZZ_PROMISE(f && fwrite(bytes, 1, count, f) == count && fclose(f) == 0);
}

/* Whether the file holds these bytes and no more. */
static inline int fuzz_file_is(const char *path, const void *bytes, size_t count)
{
    uint8_t *read = malloc(count + 1);
    FILE *f = fopen(path, "rb");
    FUZZ_PROMISE(read && f);
    const int same = fread(read, 1, count + 1, f) == count && memcmp(read, bytes, count) == 0;
    fclose(f);
    free(read);
    return same;
}

#endif
