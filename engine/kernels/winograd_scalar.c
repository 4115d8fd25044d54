/* Winograd's transforms with what every processor has: vectors of four.
 * See winograd_body.h. */
#define WINOGRAD_LEVEL scalar
#define WINOGRAD_NEEDS ENG_CPU_SCALAR
#define LANES          4
#include "engine/kernels/winograd_body.h"
