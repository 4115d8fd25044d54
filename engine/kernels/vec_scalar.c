/* The element-wise loops with what every processor has.
 * See vec_body.h. */
#define VEC_LEVEL scalar
#define VEC_NEEDS ENG_CPU_SCALAR
#include "engine/kernels/vec_body.h"
