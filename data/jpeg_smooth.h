/* Guessing what the missing scans of a progressive JPEG would have said. */
#ifndef DAT_JPEG_SMOOTH_H
#define DAT_JPEG_SMOOTH_H

#include "data/jpeg_frame.h"

/* True if low frequencies of any component are not known to the last bit, and the means (DC) of
 * all components are known at least roughly. */
int dat_jpeg_smooth_helps(const struct dat_jpeg_frame *f);

/* Copies block (x, y) of c to `out`, row by row, and fills in low frequencies that are still zero
 * and not known to be so. */
void dat_jpeg_smooth_block(int16_t out[64], const struct dat_jpeg_component *c, size_t x, size_t y);

#endif
