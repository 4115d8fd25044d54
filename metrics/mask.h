/* Sets of pixels: one small integer per pixel.
 *
 *      0 0 1 1 0      A mask says which pixels a hull covers, which were selected, which are
 *      0 1 1 1 0      truly the object, or which are to be occluded. Entries are 0 and 1; only
 *      0 0 1 0 0      the literal difference of two masks (metrics/sensitivity.h) has -1 too.
 */
#ifndef MET_MASK_H
#define MET_MASK_H

#include "engine/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MET_MASK_MAX_SIDE   65535
#define MET_MASK_MAX_PIXELS ((size_t)1 << 28)

struct met_mask {
    size_t width, height;
    int8_t *at; /* [height][width], owned */
};

/* All zeros. A side of zero is ENG_ARG, more than the limits above ENG_TOOBIG; on error the mask
 * is empty. */
enum eng_err met_mask_init(struct met_mask *mask, size_t width, size_t height);

/* Frees the pixels; an empty or zeroed mask is allowed. */
void met_mask_release(struct met_mask *mask);

/* Sum of the entries: the number of pixels in the set when there are no -1. */
int64_t met_mask_sum(const struct met_mask *mask);

/* True if both have the same size and every pixel set in `part` is set in `whole`. */
bool met_mask_within(const struct met_mask *part, const struct met_mask *whole);

#endif
