/* Products of matrices in bfloat16 with sums in float32, for convolutions (engine/bf16.h).
 *
 * bf16 is float32 with its last 16 bits rounded off. One number as two of them,
 *      hi = bf16(x),  lo = bf16(x - hi),        is off by 2^-17 |x| at most;
 *      a b = hi hi + hi lo + lo hi              ("bf16x3") leaves out lo lo, 2^-16 |a b| at most:
 * three products, on units that do sixteen times as many of these as of float32's. All in all
 * 2^-15 |a b| at most: lo lo, and what lo is off by in a and in b. Where that is too much, lo lo is
 * a fourth product.
 *
 * A product is one block of C, 2 x 2 tiles of 16 x 16, summed over steps of 32:
 *
 *                        b tiles: 16 rows of 16 columns of pairs (k, k + 1)
 *                      +----+----+
 *      a tiles: 16     | b0 | b1 |       what is packed has them one behind the other,
 *      rows of 32      +----+----+       what is read from larger arrays has row strides
 *      +----+          +----+----+
 *      | a0 |          |    |    |       each step: four tiles of hi, four of lo,
 *      +----+          +----+----+       4 x 3 products
 *      | a1 |          |    |    |
 *      +----+          +----+----+
 *
 * Each of the products sums in this order, which all levels keep to the bit: over a step, the sums
 * of the even and of the odd k in ascending order, each from 0; their sum is added to c. Within a
 * step hi lo comes first, then hi hi, lo hi, lo lo. Numbers below 2^-126 count as 0 in the tile
 * unit of AMX, elsewhere for what they are.
 */
#ifndef ENG_KERNELS_BF16_LIST_H
#define ENG_KERNELS_BF16_LIST_H

#include "engine/cpu.h"

#include <stddef.h>
#include <stdint.h>

enum {
    ENG_BF16_TILE = 16, /* rows of an a tile, columns of a b tile */
    ENG_BF16_STEP = 32, /* k of both */
    ENG_BF16_BLOCK = 2 * ENG_BF16_TILE,
    ENG_BF16_TILE_SIZE = ENG_BF16_TILE * ENG_BF16_STEP, /* numbers of a tile */
};

/* How a product walks through its operands. Distances count bf16 numbers.
 *
 *      for each of `runs`:  a + run[i];  for each of `steps` in it:  32 numbers further, b_step
 *
 * b goes on from one run to the next. lo parts lie a_lo and b_lo behind their hi parts; 0: there
 * are none, and the products are those of the hi parts alone. lo_lo, of two that are there: 1 if
 * their product is wanted, too. */
struct eng_bf16_walk {
    size_t runs, steps;
    const ptrdiff_t *run;
    ptrdiff_t a_lo, b_lo;
    int lo_lo;
    size_t a_row;                 /* from one row of a tile to the next; a1 is 16 rows behind a0 */
    size_t b_row, b_tile, b_step; /* from one row of pairs, tile and step to the next */
};

#define ENG_BF16_FUNCTIONS(X)                                                                      \
    /* Before and after a task's products: what the tile unit needs. */                            \
    X(begin, (void))                                                                               \
    X(end, (void))                                                                                 \
    /* c[32][32] = (accumulate ? c : 0) + a b, rows ldc floats apart */                            \
    X(multiply, (const struct eng_bf16_walk *walk, const uint16_t *a, const uint16_t *b, float *c, \
                 size_t ldc, int accumulate))                                                      \
    /* hi and lo (NULL: not wanted) of x */                                                        \
    X(split, (uint16_t * hi, uint16_t * lo, const float *x, size_t count))                         \
    /* The same of pairs, even[i] in the lower half; even or odd NULL: 0 */                        \
    X(split_pairs,                                                                                 \
      (uint32_t * hi, uint32_t * lo, const float *even, const float *odd, size_t count))

struct eng_bf16_kernel {
    const char *name;
    enum eng_cpu needs;
#define ENG_BF16_MEMBER(name, args) void(*name) args;
    ENG_BF16_FUNCTIONS(ENG_BF16_MEMBER)
#undef ENG_BF16_MEMBER
};

#if defined(__x86_64__)
#define ENG_BF16_KERNELS(X) X(scalar) X(avx2) X(avx512) X(amx)
#else
#define ENG_BF16_KERNELS(X) X(scalar)
#endif

#define ENG_BF16_DECLARE(name) extern const struct eng_bf16_kernel eng_bf16_##name;
ENG_BF16_KERNELS(ENG_BF16_DECLARE)
#undef ENG_BF16_DECLARE

/* The i-th row, or NULL past the last. */
const struct eng_bf16_kernel *eng_bf16_kernel_at(size_t i);

/* The last row that `level` can run. */
const struct eng_bf16_kernel *eng_bf16_kernel_for(enum eng_cpu level);

#endif
