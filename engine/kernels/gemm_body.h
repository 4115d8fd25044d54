/* The text of the matrix tiles in vectors: MR rows of two vectors of LANES columns. Each
 * gemm_LEVEL.c draws its tile, defines MR, LANES, the type `vector` and LOAD, STORE, SPREAD (a
 * number to all lanes), ADD and FMA (a b + c), and includes this once.
 *
 * The loops over the tile must be unrolled, or GCC -O2 keeps it in memory.
 */
#include "engine/kernels/gemm_list.h"

enum { NR = 2 * LANES, A_POINTER = 5 };

/* Of mr rows, a constant where this is called. */
static inline __attribute__((always_inline)) void tile(size_t mr, size_t k, const float *a,
                                                       size_t step_i, size_t step_k, const float *b,
                                                       float *c, size_t ldc,
                                                       enum eng_gemm_start start)
{
    vector s[MR][2];
#pragma GCC unroll 14
    for (size_t i = 0; i < mr; i++)
        s[i][0] = s[i][1] = SPREAD(0.0f);
    if (start == ENG_GEMM_GO_ON)
#pragma GCC unroll 14
        for (size_t i = 0; i < mr; i++) {
            s[i][0] = LOAD(c + i * ldc);
            s[i][1] = LOAD(c + i * ldc + LANES);
        }
    /* Five rows a pointer: each row as an address of its own would not fit the registers. */
    const float *at[] = {a, mr > A_POINTER ? a + A_POINTER * step_i : a,
                         mr > 2 * A_POINTER ? a + 2 * A_POINTER * step_i : a};
    for (size_t p = 0; p < k; p++, b += NR) {
        const vector b0 = LOAD(b), b1 = LOAD(b + LANES);
#pragma GCC unroll 14
        for (size_t i = 0; i < mr; i++) {
            const vector ai = SPREAD(at[i / A_POINTER][i % A_POINTER * step_i]);
            s[i][0] = FMA(ai, b0, s[i][0]);
            s[i][1] = FMA(ai, b1, s[i][1]);
        }
        at[0] += step_k, at[1] += step_k, at[2] += step_k;
    }
#pragma GCC unroll 14
    for (size_t i = 0; i < mr; i++, c += ldc) {
        if (start == ENG_GEMM_ADD) {
            s[i][0] = ADD(LOAD(c), s[i][0]);
            s[i][1] = ADD(LOAD(c + LANES), s[i][1]);
        }
        STORE(c, s[i][0]);
        STORE(c + LANES, s[i][1]);
    }
}

_Static_assert(MR <= 3 * A_POINTER && MR <= 14 && MR >= ENG_GEMM_FEW, "pointers and loops suffice");

static void rows(size_t k, const float *a, size_t lda, const float *b, float *c, size_t ldc,
                 enum eng_gemm_start start)
{
    tile(MR, k, a, lda, 1, b, c, ldc, start);
}

static void cols(size_t k, const float *a, size_t lda, const float *b, float *c, size_t ldc,
                 enum eng_gemm_start start)
{
    tile(MR, k, a, 1, lda, b, c, ldc, start);
}

static void few(size_t k, const float *a, size_t lda, const float *b, float *c, size_t ldc,
                enum eng_gemm_start start)
{
    tile(ENG_GEMM_FEW, k, a, lda, 1, b, c, ldc, start);
}
