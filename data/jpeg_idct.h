/* The inverse cosine transform of one block of 8 x 8 coefficients. */
#ifndef DAT_JPEG_IDCT_H
#define DAT_JPEG_IDCT_H

#include <stddef.h>
#include <stdint.h>

/* Multiplies coefs by quant (both row by row), transforms them, adds 128, and writes 8 rows of 8
 * samples, `stride` bytes apart. The bits are those of libjpeg's "islow" transform. */
void dat_jpeg_idct(uint8_t *samples, size_t stride, const int16_t coefs[64],
                   const uint16_t quant[64]);

/* The same for a block of which nothing but coefs[0] differs from zero. */
void dat_jpeg_idct_flat(uint8_t *samples, size_t stride, int16_t dc, uint16_t quant);

#endif
