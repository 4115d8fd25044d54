/* The register-tile kernels of the matrix product, one row a level.
 *
 * Dispatch, tests and benchmarks all read this list. To add a kernel: a row here, and a file
 * gemm_NAME.c with its functions and its object.
 *
 * A kernel computes one tile, c[mr][nr] from a[mr][k] b[k][nr], in float32, each element one chain
 * of additions in ascending k:
 *
 *                    b: one panel, k rows of nr floats
 *                   +--------------+
 *                   |              |
 *      a   +----+   +--------------+
 *       mr |    |   | c (registers)|
 *          +----+   +--------------+
 *             k            nr
 *
 * a comes in two orders, as the two kinds of caller have it in memory:
 *      rows: a[i][k] at a[i * lda + k]   (patches of an image: forward, input gradient)
 *      cols: a[i][k] at a[k * lda + i]   (their transpose: weight gradient)
 * `few` is `rows` for a tile of ENG_GEMM_FEW rows, where no more are left. Reads stay within the
 * tile's rows or columns and k steps; c is read unless the chain starts anew.
 */
#ifndef ENG_KERNELS_GEMM_LIST_H
#define ENG_KERNELS_GEMM_LIST_H

#include "engine/cpu.h"

#include <stddef.h>

/* Blocks that every level shares, so that levels with the same arithmetic give the same bits:
 * a block of A is at most MC x KC, of B KC x NC. MC is a multiple of every row's mr. */
#define ENG_GEMM_MC     168
#define ENG_GEMM_KC     256
#define ENG_GEMM_NC     256
#define ENG_GEMM_ROW_LD 272 /* KC plus a cache line: rows must not share one set of the cache */
#define ENG_GEMM_COL_LD 176 /* MC, rounded up to a cache line */
#define ENG_GEMM_C_LD   272
#define ENG_GEMM_NR_MAX 32
#define ENG_GEMM_MR_MAX 14
#define ENG_GEMM_FEW    4

#if defined(__x86_64__)
#define ENG_GEMM_KERNELS(X) X(scalar) X(avx2) X(avx512)
#else
#define ENG_GEMM_KERNELS(X) X(scalar)
#endif

/* What becomes of c. */
enum eng_gemm_start {
    ENG_GEMM_ANEW,  /* the sum; c is not read */
    ENG_GEMM_ADD,   /* c and the sum */
    ENG_GEMM_GO_ON, /* the chain that ended in c goes on, with the bits of one call for all */
};

typedef void eng_gemm_ukr(size_t k, const float *a, size_t lda, const float *b, float *c,
                          size_t ldc, enum eng_gemm_start start);

struct eng_gemm_kernel {
    const char *name;
    enum eng_cpu needs;
    size_t mr, nr;
    eng_gemm_ukr *rows, *cols, *few;
};

#define ENG_GEMM_DECLARE(name) extern const struct eng_gemm_kernel eng_gemm_##name;
ENG_GEMM_KERNELS(ENG_GEMM_DECLARE)
#undef ENG_GEMM_DECLARE

/* The i-th row, or NULL past the last. */
const struct eng_gemm_kernel *eng_gemm_kernel_at(size_t i);

/* The last row that `level` can run. */
const struct eng_gemm_kernel *eng_gemm_kernel_for(enum eng_cpu level);

#endif
