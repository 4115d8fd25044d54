/* The matrix tile for AVX-512: 14 rows of 32 columns, 28 of the 32 registers.
 *
 *       b0 b1      two vectors of sixteen columns, loaded once a step
 *    a0 s  s
 *    a1 s  s       each a is broadcast from memory and feeds two products:
 *    .. .  .       28 products for 16 loads a step
 *   a13 s  s
 */
#if defined(__x86_64__)
#include <immintrin.h>

typedef __m512 vector;
enum { MR = 14, LANES = 16 };
#define LOAD   _mm512_loadu_ps
#define STORE  _mm512_storeu_ps
#define SPREAD _mm512_set1_ps
#define ADD    _mm512_add_ps
#define FMA    _mm512_fmadd_ps
#include "engine/kernels/gemm_body.h"

const struct eng_gemm_kernel eng_gemm_avx512 = {"avx512", ENG_CPU_AVX512, MR, NR, rows, cols, few};
#endif
