/* The input gradient of a convolution with very few input channels, such as the first layer's.
 *
 * An image's rows are cut into strips, each done by one task. A row of y at a time becomes patches
 * in the worker's scratch, which are added to the rows of dx that the strip has:
 *
 *      dy: one row of positions, [ow][o], read where it lies
 *      T[ow][(ky,kx,c)] = dy W
 *      dx rows oy sh - ph + ky  +=  T[...][(ky, all)], each at its place
 *
 * Strips compute the rows of y that their neighbours need, too, once more. How an image is cut
 * depends on its size alone. */
#ifndef ENG_STRIPS_H
#define ENG_STRIPS_H

#include "engine/op.h"

/* Fills pass->dx[0] (or adds to it) from pass->dy, with pass->pack->backward: W[o][(ky,kx,c)] from
 * eng_gemm_pack_b. pass->scratch holds eng_strips_scratch bytes. */
void eng_strips_input_gradient(const struct eng_pass *pass);
size_t eng_strips_scratch(const struct eng_pass *pass);

#endif
