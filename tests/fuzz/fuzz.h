/* What every fuzz target is: one function that takes any bytes and must neither crash, nor read or
 * write out of bounds, nor leak, nor break a promise of the header (then it aborts).
 *
 * `make fuzz` links a target with libFuzzer, which invents the bytes; `make check` links it with
 * replay.c, which has main() and takes the files of corpus/NAME. What libFuzzer finds goes there
 * once it is mended. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count); /* libFuzzer's name; returns 0 */

#define FUZZ_PROMISE(ok)                                                                           \
    do {                                                                                           \
        if (!(ok)) {                                                                               \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #ok);               \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
