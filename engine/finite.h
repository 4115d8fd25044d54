/* NaNs and infinities among numbers. */
#ifndef ENG_FINITE_H
#define ENG_FINITE_H

#include <stddef.h>

/* Where the first of x[count] is that is not finite, or count. */
size_t eng_first_not_finite(const float *x, size_t count);

#endif
