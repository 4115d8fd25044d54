/* Convolutions of very few channels, such as the first layer's: a patch is many short runs there,
 * and reading it number by number takes as long as multiplying it.
 *
 *      rows of the image, with zeros around, in the worker's scratch: kh of them at a time
 *      patches of a row of positions: each run copied in whole vectors, the last of which reaches
 *      into the next run's place, and is overwritten there
 *
 *          | run ky=0    ..|                   row by row: patches, then products by the matrix
 *                      | run ky=1    ..|       kernels (engine/kernels/gemm_list.h)
 *                                  | run ky=2    ..|
 *
 * Each output is one chain of sums, in the order that the matrix driver has. */
#ifndef ENG_NARROW_H
#define ENG_NARROW_H

#include "engine/patches.h"

/* 1 if patches of such a kernel are taken: up to 8 channels, and so small that they are one step of
 * the matrix driver, the packed filters of which are used. */
int eng_narrow_takes(const size_t kernel[2], size_t channels);

/* y = patches times filters from eng_gemm_pack_b; the sink gets rows of positions. scratch:
 * eng_narrow_scratch bytes, 64-byte aligned. */
void eng_narrow_run(const struct eng_exec *exec, const struct eng_patches *x, const float *packed,
                    size_t out, const struct eng_sink *y, void *scratch);
size_t eng_narrow_scratch(const struct eng_exec *exec, const struct eng_patches *x, size_t out);

/* Adds the gradient of the filters to dw[out][c][kh][kw], from dy[positions][out]. Images are cut
 * into a number of parts that depends on the shape alone; the parts' sums are added up in their
 * order. scratch: eng_narrow_weights_scratch bytes, likewise; enough for fewer images, too. */
void eng_narrow_weights(const struct eng_exec *exec, const struct eng_patches *x, const float *dy,
                        size_t out, float *dw, void *scratch);
size_t eng_narrow_weights_scratch(const struct eng_exec *exec, const struct eng_patches *x,
                                  size_t out);

#endif
