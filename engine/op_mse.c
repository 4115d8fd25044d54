/* Mean squared error. */
#include "engine/loss.h"

double eng_mse(const float *logits, const float *target, size_t n, size_t classes, float *seed)
{
    const size_t count = n * classes;
    double total = 0;
    for (size_t i = 0; i < count; i++) {
        const double d = (double)logits[i] - target[i];
        total += d * d;
        if (seed)
            seed[i] = (float)(2 * d / (double)count);
    }
    return total / (double)count;
}
