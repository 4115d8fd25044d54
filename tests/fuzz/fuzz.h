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

#endif
