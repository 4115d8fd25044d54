/* Winograd's transforms with AVX2's vectors.
 * See winograd_body.h. */
#if defined(__x86_64__)
#define WINOGRAD_LEVEL avx2
#define WINOGRAD_NEEDS ENG_CPU_AVX2
#define LANES          8
#include "engine/kernels/winograd_body.h"
#endif
