/* The filters of a convolution as a matrix, for each of the products that want them.
 *
 *      forward          [(ky, kx, c)][o]      patches of x times this are y
 *      a phase of the   [(u, v, o)][c]        patches of dy times this are dx at every stride-th
 *      input gradient                         position
 *      its patches      [o][(ky, kx, c)]      dy times this are the patches of dx, to be added up
 *
 * Phases: a position iy = py + sh i of x meets the kernel rows with (iy + ph - ky) divisible by sh,
 * which depends on py alone: ky = ky0 + sh t. So a phase is a plain convolution of dy with stride
 * 1, its kernel the rows t counted backwards. Stride s has s*s phases, some of them without taps.
 */
#ifndef ENG_FILTERS_H
#define ENG_FILTERS_H

#include "engine/gemm.h"
#include "engine/op.h"

/* A phase: kernel rows first + stride * t, t < taps, in each direction. */
struct eng_phase {
    size_t index[2], first[2], taps[2];
    ptrdiff_t origin[2]; /* in dy, of the patch of the phase's first position */
};
struct eng_phase eng_phase(const struct eng_conv *conv, size_t py, size_t px);

struct eng_filters {
    struct eng_source source; /* first, so that a pointer to one is a pointer to the other */
    const float *w;           /* [out][in][kh][kw] */
    size_t in;
    const struct eng_conv *conv;
    struct eng_phase phase;
};
struct eng_filters eng_filters_forward(const float *w, size_t in, const struct eng_conv *conv);
struct eng_filters eng_filters_backward(const float *w, size_t in, const struct eng_conv *conv,
                                        const struct eng_phase *phase);
struct eng_filters eng_filters_patches(const float *w, size_t in, const struct eng_conv *conv);

#endif
