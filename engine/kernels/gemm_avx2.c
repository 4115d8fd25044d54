/* The matrix tile for AVX2 and FMA: 6 rows of 16 columns, 12 of the 16 registers.
 *
 *      b0 b1      two vectors of eight columns, loaded once a step
 *   a0 s  s
 *   a1 s  s       each a is broadcast from memory and feeds two products
 *   .. .  .
 *   a5 s  s
 */
#include "engine/kernels/gemm_list.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { MR = 6, NR = 16 };

static inline __attribute__((always_inline)) void tile(int mr, size_t k, const float *a,
                                                       size_t step_i, size_t step_k, const float *b,
                                                       float *c, size_t ldc,
                                                       enum eng_gemm_start start)
{
    __m256 s[MR][2];
#pragma GCC unroll 6
    for (int i = 0; i < mr; i++)
        s[i][0] = s[i][1] = _mm256_setzero_ps();
    if (start == ENG_GEMM_GO_ON)
#pragma GCC unroll 6
        for (int i = 0; i < mr; i++) {
            s[i][0] = _mm256_loadu_ps(c + (size_t)i * ldc);
            s[i][1] = _mm256_loadu_ps(c + (size_t)i * ldc + 8);
        }
    for (size_t p = 0; p < k; p++, a += step_k, b += NR) {
        const __m256 b0 = _mm256_loadu_ps(b), b1 = _mm256_loadu_ps(b + 8);
#pragma GCC unroll 6
        for (int i = 0; i < mr; i++) {
            const __m256 ai = _mm256_broadcast_ss(a + (size_t)i * step_i);
            s[i][0] = _mm256_fmadd_ps(ai, b0, s[i][0]);
            s[i][1] = _mm256_fmadd_ps(ai, b1, s[i][1]);
        }
    }
#pragma GCC unroll 6
    for (int i = 0; i < mr; i++, c += ldc) {
        if (start == ENG_GEMM_ADD) {
            s[i][0] = _mm256_add_ps(_mm256_loadu_ps(c), s[i][0]);
            s[i][1] = _mm256_add_ps(_mm256_loadu_ps(c + 8), s[i][1]);
        }
        _mm256_storeu_ps(c, s[i][0]);
        _mm256_storeu_ps(c + 8, s[i][1]);
    }
}

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

const struct eng_gemm_kernel eng_gemm_avx2 = {"avx2", ENG_CPU_AVX2, MR, NR, rows, cols, few};
#endif
