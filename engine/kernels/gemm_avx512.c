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

static inline __attribute__((always_inline)) void tile(int mr, size_t k, const float *a,
                                                       size_t step_i, size_t step_k, const float *b,
                                                       float *c, size_t ldc,
                                                       enum eng_gemm_start start)
{
    __m512 s[MR][2];
#pragma GCC unroll 14
    for (int i = 0; i < mr; i++)
        s[i][0] = s[i][1] = _mm512_setzero_ps();
    if (start == ENG_GEMM_GO_ON)
#pragma GCC unroll 14
        for (int i = 0; i < mr; i++) {
            s[i][0] = _mm512_loadu_ps(c + (size_t)i * ldc);
            s[i][1] = _mm512_loadu_ps(c + (size_t)i * ldc + 16);
        }
    /* Five rows a pointer: each row as an address of its own would not fit the registers. */
    const float *at[] = {a, mr > 5 ? a + 5 * step_i : a, mr > 10 ? a + 10 * step_i : a};
    for (size_t p = 0; p < k; p++, b += NR) {
        const __m512 b0 = _mm512_loadu_ps(b), b1 = _mm512_loadu_ps(b + 16);
#pragma GCC unroll 14
        for (int i = 0; i < mr; i++) {
            const __m512 ai = _mm512_set1_ps(at[i / 5][(size_t)(i % 5) * step_i]);
            s[i][0] = _mm512_fmadd_ps(ai, b0, s[i][0]);
            s[i][1] = _mm512_fmadd_ps(ai, b1, s[i][1]);
        }
        at[0] += step_k, at[1] += step_k, at[2] += step_k;
    }
#pragma GCC unroll 14
    for (int i = 0; i < mr; i++, c += ldc) {
        if (start == ENG_GEMM_ADD) {
            s[i][0] = _mm512_add_ps(_mm512_loadu_ps(c), s[i][0]);
            s[i][1] = _mm512_add_ps(_mm512_loadu_ps(c + 16), s[i][1]);
        }
        _mm512_storeu_ps(c, s[i][0]);
        _mm512_storeu_ps(c + 16, s[i][1]);
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

const struct eng_gemm_kernel eng_gemm_avx512 = {"avx512", ENG_CPU_AVX512, MR, NR, rows, cols, few};
#endif
