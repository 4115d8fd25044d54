/* The five filters of PNG: each replaces a byte by its difference from a guess made of the bytes to
 * the left (a), above (b) and above left (c), modulo 256.
 *
 *   0 none: 0    1 sub: a    2 up: b    3 average: (a + b) / 2    4 Paeth: that of a, b, c which
 *                                                                 is closest to a + b - c */
#ifndef DAT_PNG_FILTER_H
#define DAT_PNG_FILTER_H

#include <stddef.h>
#include <stdint.h>

#define DAT_PNG_FILTERS 5

/* out[bytes] = row[bytes] filtered. `above` is the row before, zeros for the first; `step` (1..8)
 * is how many bytes to the left the one of the same meaning is, and left of the row there are
 * zeros. */
void dat_png_filter(uint8_t *out, const uint8_t *row, const uint8_t *above, size_t bytes,
                    size_t step, int filter);

/* Undoes a filter in place; `above` is without its filter already. */
void dat_png_unfilter(uint8_t *row, const uint8_t *above, size_t bytes, size_t step, int filter);

#endif
