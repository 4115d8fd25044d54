/* The matrix tile for AVX-512: 14 rows of 32 columns, 28 of the 32 registers.
 *
 *       b0 b1      two vectors of sixteen columns, loaded once a step
 *    a0 s  s
 *    a1 s  s       each a is broadcast from memory and feeds two products:
 *    .. .  .       28 products for 16 loads a step
 *   a13 s  s
 *
 * The loops over the tile must be unrolled, or GCC -O2 keeps it in memory.
 */
#include "engine/kernels/gemm_list.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { MR = 14, NR = 32 };

static inline void tile(size_t k, const float *a, size_t step_i, size_t step_k, const float *b,
                        float *c, size_t ldc, int accumulate)
{
    __m512 s[MR][2];
#pragma GCC unroll 14
    for (int i = 0; i < MR; i++)
        s[i][0] = s[i][1] = _mm512_setzero_ps();
    for (size_t p = 0; p < k; p++, a += step_k, b += NR) {
        const __m512 b0 = _mm512_loadu_ps(b), b1 = _mm512_loadu_ps(b + 16);
#pragma GCC unroll 14
        for (int i = 0; i < MR; i++) {
            const __m512 ai = _mm512_set1_ps(a[(size_t)i * step_i]);
            s[i][0] = _mm512_fmadd_ps(ai, b0, s[i][0]);
            s[i][1] = _mm512_fmadd_ps(ai, b1, s[i][1]);
        }
    }
#pragma GCC unroll 14
    for (int i = 0; i < MR; i++, c += ldc) {
        if (accumulate) {
            s[i][0] = _mm512_add_ps(_mm512_loadu_ps(c), s[i][0]);
            s[i][1] = _mm512_add_ps(_mm512_loadu_ps(c + 16), s[i][1]);
        }
        _mm512_storeu_ps(c, s[i][0]);
        _mm512_storeu_ps(c + 16, s[i][1]);
    }
}

static void rows(size_t k, const float *a, size_t lda, const float *b, float *c, size_t ldc,
                 int accumulate)
{
    tile(k, a, lda, 1, b, c, ldc, accumulate);
}

static void cols(size_t k, const float *a, size_t lda, const float *b, float *c, size_t ldc,
                 int accumulate)
{
    tile(k, a, 1, lda, b, c, ldc, accumulate);
}

const struct eng_gemm_kernel eng_gemm_avx512 = {"avx512", ENG_CPU_AVX512, MR, NR, rows, cols};
#endif
