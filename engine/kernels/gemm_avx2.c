/* The matrix tile for AVX2 and FMA: 6 rows of 16 columns, 12 of the 16 registers.
 *
 *      b0 b1      two vectors of eight columns, loaded once a step
 *   a0 s  s
 *   a1 s  s       each a is broadcast from memory and feeds two products
 *   .. .  .
 *   a5 s  s
 */
#if defined(__x86_64__)
#include <immintrin.h>

typedef __m256 vector;
enum { MR = 6, LANES = 8 };
#define LOAD   _mm256_loadu_ps
#define STORE  _mm256_storeu_ps
#define SPREAD _mm256_set1_ps
#define ADD    _mm256_add_ps
#define FMA    _mm256_fmadd_ps
#include "engine/kernels/gemm_body.h"

const struct eng_gemm_kernel eng_gemm_avx2 = {"avx2", ENG_CPU_AVX2, MR, NR, rows, cols, few};
#endif
