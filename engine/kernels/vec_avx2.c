/* The element-wise loops with AVX2's instructions.
 * See vec_body.h. */
#if defined(__x86_64__)
#define VEC_LEVEL avx2
#define VEC_NEEDS ENG_CPU_AVX2
#include "engine/kernels/vec_body.h"
#endif
