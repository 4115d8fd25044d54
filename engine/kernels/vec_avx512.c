/* The element-wise loops with AVX512's instructions.
 * See vec_body.h. */
#if defined(__x86_64__)
#define VEC_LEVEL avx512
#define VEC_NEEDS ENG_CPU_AVX512
#include "engine/kernels/vec_body.h"
#endif
