/* The transforms of Winograd's convolution F(4x4, 3x3), compiled once a level from one text
 * (winograd_body.h).
 *
 * Winograd (1980) and, for nets, Lavin & Gray (2016): 4 x 4 outputs of a 3 x 3 convolution with
 * stride 1 take 144 multiplications, or 36 between transforms that only add and scale:
 *
 *      y  =  A^T [ (G g G^T) . (B^T d B) ] A        d: 6 x 6 inputs, g: 3 x 3, y: 4 x 4
 *
 *      d d d d d d        . . . . . .
 *      d d d d d d        . . . . . .           y y y y
 *      d d d d d d  B^T B . . . . . .  A^T A    y y y y
 *      d d d d d d  --->  . . . . . .  --->     y y y y
 *      d d d d d d        . . . . . .           y y y y
 *      d d d d d d        . . . . . .
 *                       each times its own number of G g G^T,
 *                       summed over the input channels: 36 matrix products
 *
 * The matrices follow from six points at which polynomials are taken. With the usual ones, 0, +-1,
 * +-2 and infinity, the error is about 5 times that of direct sums (root mean square); with ours,
 * 0, +-3/4, +-3/2 and infinity, 2.5 times: of powers of numbers nearer to 1, less cancels. All
 * constants but those of G are exact.
 *
 *      B^T   81/64       0   -45/16      0    1    0        G    64/81        0       0
 *                0  -27/16     -9/4    3/4    1    0          -128/243   -32/81   -8/27
 *                0   27/16     -9/4   -3/4    1    0          -128/243    32/81   -8/27
 *                0  -27/32    -9/16    3/2    1    0            32/243    16/81    8/27
 *                0   27/32    -9/16   -3/2    1    0            32/243   -16/81    8/27
 *                0   81/64        0 -45/16    0    1                 0        0       1
 *
 *      A^T       1       1        1      1       1    0
 *                0     3/4     -3/4    3/2    -3/2    0
 *                0    9/16     9/16    9/4     9/4    0
 *                0   27/64   -27/64   27/8   -27/8    1
 *
 * The gradient of the weights is the same algorithm turned round: G^T [(B^T d B) . (A dy A^T)] G.
 *
 * All work on `channels` at once, contiguous numbers. Element f of a 6 x 6 array lies `step`
 * floats behind element f - 1. No fused multiply-adds: every level gives the same bits.
 */
#ifndef ENG_KERNELS_WINOGRAD_LIST_H
#define ENG_KERNELS_WINOGRAD_LIST_H

#include "engine/cpu.h"

#include <stddef.h>

enum { ENG_WINOGRAD_OUT = 4, ENG_WINOGRAD_IN = 6, ENG_WINOGRAD_F = 36 };

#define ENG_WINOGRAD_FUNCTIONS(X)                                                                  \
    /* v[36] = B^T d B; d[i] + first are the channels of position i, row by row */                 \
    X(input, (float *v, size_t step, const float *const d[36], size_t first, size_t channels))     \
    /* u[36] = G g G^T of g[9], which lie ldg floats apart */                                      \
    X(filter, (float *u, size_t step, const float *g, size_t ldg, size_t channels))                \
    /* y[16] = A^T m A, which lie ldy floats apart */                                              \
    X(output, (float *y, size_t ldy, const float *m, size_t step, size_t channels))                \
    /* z[36] = A dy A^T; dy[i] + first are the channels of position i, row by row */               \
    X(output_grad,                                                                                 \
      (float *z, size_t step, const float *const dy[16], size_t first, size_t channels))           \
    /* dg[9] = G^T u G, which lie ldg floats apart */                                              \
    X(filter_grad, (float *dg, size_t ldg, const float *u, size_t step, size_t channels))

struct eng_winograd_kernel {
    const char *name;
    enum eng_cpu needs;
#define ENG_WINOGRAD_MEMBER(name, args) void(*name) args;
    ENG_WINOGRAD_FUNCTIONS(ENG_WINOGRAD_MEMBER)
#undef ENG_WINOGRAD_MEMBER
};

#if defined(__x86_64__)
#define ENG_WINOGRAD_KERNELS(X) X(scalar) X(avx2) X(avx512)
#else
#define ENG_WINOGRAD_KERNELS(X) X(scalar)
#endif

#define ENG_WINOGRAD_DECLARE(name) extern const struct eng_winograd_kernel eng_winograd_##name;
ENG_WINOGRAD_KERNELS(ENG_WINOGRAD_DECLARE)
#undef ENG_WINOGRAD_DECLARE

/* The i-th row, or NULL past the last. */
const struct eng_winograd_kernel *eng_winograd_kernel_at(size_t i);

/* The last row that `level` can run. */
const struct eng_winograd_kernel *eng_winograd_kernel_for(enum eng_cpu level);

#endif
