/* Winograd's transforms with AVX-512's vectors.
 * See winograd_body.h. */
#if defined(__x86_64__)
#define WINOGRAD_LEVEL avx512
#define WINOGRAD_NEEDS ENG_CPU_AVX512
#define LANES          16
#include "engine/kernels/winograd_body.h"
#endif
