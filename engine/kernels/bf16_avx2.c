/* bf16 with AVX2's instructions.
 * See bf16_body.h. */
#if defined(__x86_64__)
#define BF16_LEVEL avx2
#define BF16_NEEDS ENG_CPU_AVX2
#include "engine/kernels/bf16_body.h"
#endif
