/* Convolutions by products in bf16 (engine/kernels/bf16_list.h): three of them for each one in
 * float32, "bf16x3", or one, "bf16".
 *
 * The images become sequences (engine/sequence.h) of hi and of lo parts, some rows at a time, and
 * the kernels read patches where they lie:
 *
 *      x  --split-->  hi, lo[planes][rows][columns][channels]      a group of rows at a time
 *                     walk over kernel rows ky: the run of (kx, c) from there is one stretch
 *      y  <--sink---  32 positions x 32 outputs
 *
 * The channels of a position are padded with zeros to a multiple of 32; few channels to the next
 * power of two, and then 32 numbers span several kx.
 *
 * How exact: |error| <= (2^-16 + 2 (k + 1) 2^-24) sum |a b| for bf16x3, k the length of the sum.
 * The rounding of the lo parts takes 2^-16 of it. The product of the lo parts would take as much
 * again: sums shorter than ENG_BF16_SHORT have it as a fourth, and longer ones have room for it in
 * what rounding leaves of the second term. The root mean square is less than 2^-17 of that of the
 * terms. bf16 has 2^-7 in place of 2^-16.
 *
 * It holds between two limits. The tile unit of AMX takes numbers below 2^-126 for 0, and makes 0
 * of results that small: lo parts of numbers below 2^-109 begin to be lost there. And what rounds
 * past the largest bf16 number, 2^128 - 2^120, becomes infinite.
 *
 * Infinities may become NaNs, and either may spread to results that have no part in it, as they
 * meet zeros: to positions beside, where the kernel's width times the channels, padded, is no
 * multiple of 32; and to other taps of the gradient of the filters. */
#ifndef ENG_BF16_H
#define ENG_BF16_H

#include "engine/patches.h"

/* Terms of a sum. In units of 2^-24, this many are allowed 2 k + 2 = 386; leaving out lo lo takes
 * 256, and rounding 17 + 3 for every step of 32, so steps with 6 terms or more are within it. */
enum { ENG_BF16_SHORT = 192 };

/* 1 if convolutions with so many output channels are computed so with this exec: with fewer, most
 * of a tile would be padding. */
int eng_bf16_takes(const struct eng_exec *exec, size_t out);

/* The filters of a convolution, as rows (ky, kx, c) and columns of outputs, split and in the order
 * of the kernels: eng_bf16_packed_count floats. */
void eng_bf16_pack(const struct eng_exec *exec, float *packed, const struct eng_source *filters,
                   const size_t kernel[2], size_t in, size_t out);
size_t eng_bf16_packed_count(const struct eng_exec *exec, const size_t kernel[2], size_t in,
                             size_t out);

/* y = patches times filters; the sink gets rows of positions. There is at least one position.
 * scratch: eng_bf16_scratch bytes, 64-byte aligned; enough for fewer images, too. */
void eng_bf16_run(const struct eng_exec *exec, const struct eng_patches *x, const float *packed,
                  size_t out, const struct eng_sink *y, void *scratch);
size_t eng_bf16_scratch(const struct eng_exec *exec, const struct eng_patches *x);

/* 1 if the gradient of the filters is computed so, too. */
int eng_bf16_takes_weights(const struct eng_exec *exec, size_t in, size_t out);

/* Adds the gradient of the filters to dw[out][c][kh][kw], from the patches of x and dy[positions]
 * [out]. scratch: eng_bf16_weights_scratch bytes, likewise. */
void eng_bf16_weights(const struct eng_exec *exec, const struct eng_patches *x, const float *dy,
                      size_t out, float *dw, void *scratch);
size_t eng_bf16_weights_scratch(const struct eng_exec *exec, const struct eng_patches *x,
                                size_t out);

#endif
