#include "engine/finite.h"

#include <math.h>

/* Asking in blocks keeps the inner loop without a branch: a large model has a hundred million. */
size_t eng_first_not_finite(const float *x, size_t count)
{
    enum { BLOCK = 1024 };
    for (size_t first = 0; first < count; first += BLOCK) {
        const size_t n = count - first < BLOCK ? count - first : BLOCK;
        int finite = 1;
        for (size_t i = 0; i < n; i++)
            finite &= x[first + i] - x[first + i] == 0.0f;
        for (size_t i = 0; !finite && i < n; i++)
            if (!isfinite(x[first + i]))
                return first + i;
    }
    return count;
}
