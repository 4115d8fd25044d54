/* The matrix tile in portable C: 4 x 8 sums, which compilers keep in whatever registers there are.
 */
#include "engine/kernels/gemm_list.h"

/* The eight columns make vectors by themselves. GCC would rather make them of four steps of k
 * where those lie side by side, and take them apart again: a third of the speed. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-vectorize")
#endif

enum { MR = 4, NR = 8 };

static inline void tile(size_t k, const float *a, size_t step_i, size_t step_k, const float *b,
                        float *c, size_t ldc, enum eng_gemm_start start)
{
    float s[MR][NR];
    for (size_t i = 0; i < MR; i++)
        for (size_t j = 0; j < NR; j++)
            s[i][j] = 0.0f;
    if (start == ENG_GEMM_GO_ON)
        for (size_t i = 0; i < MR; i++)
            for (size_t j = 0; j < NR; j++)
                s[i][j] = c[i * ldc + j];
    for (size_t p = 0; p < k; p++, a += step_k, b += NR)
        for (size_t i = 0; i < MR; i++) {
            const float ai = a[i * step_i];
            for (size_t j = 0; j < NR; j++)
                s[i][j] += ai * b[j];
        }
    for (size_t i = 0; i < MR; i++)
        for (size_t j = 0; j < NR; j++)
            c[i * ldc + j] = start == ENG_GEMM_ADD ? c[i * ldc + j] + s[i][j] : s[i][j];
}

static void rows(size_t k, const float *a, size_t lda, const float *b, float *c, size_t ldc,
                 enum eng_gemm_start start)
{
    tile(k, a, lda, 1, b, c, ldc, start);
}

static void cols(size_t k, const float *a, size_t lda, const float *b, float *c, size_t ldc,
                 enum eng_gemm_start start)
{
    tile(k, a, 1, lda, b, c, ldc, start);
}

const struct eng_gemm_kernel eng_gemm_scalar = {"scalar", ENG_CPU_SCALAR, MR, NR, rows, cols, rows};
_Static_assert(MR == ENG_GEMM_FEW, "a tile of few rows is a whole one here");
