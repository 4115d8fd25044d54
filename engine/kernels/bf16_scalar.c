/* bf16 with what every processor has.
 * See bf16_body.h. */
#define BF16_LEVEL scalar
#define BF16_NEEDS ENG_CPU_SCALAR
#include "engine/kernels/bf16_body.h"
