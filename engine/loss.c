#include "engine/loss.h"

#include <math.h>

/* The sum of exp(logit - *top) over a row, *top its largest logit: exp cannot overflow then, and a
 * shift of all logits does not change their softmax. */
static double sum_of_exp(const float *logits, size_t classes, float *top)
{
    *top = logits[0];
    for (size_t c = 1; c < classes; c++)
        *top = logits[c] > *top ? logits[c] : *top;
    double sum = 0;
    for (size_t c = 0; c < classes; c++)
        sum += exp((double)logits[c] - *top);
    return sum;
}

void eng_softmax(const float *logits, size_t n, size_t classes, float *probabilities)
{
    for (size_t i = 0; i < n; i++, logits += classes, probabilities += classes) {
        float top;
        const double sum = sum_of_exp(logits, classes, &top);
        for (size_t c = 0; c < classes; c++)
            probabilities[c] = (float)(exp((double)logits[c] - top) / sum);
    }
}

double eng_softmax_xent(const float *logits, const size_t *labels, size_t n, size_t classes,
                        float *seed)
{
    double total = 0;
    for (size_t i = 0; i < n; i++, logits += classes) {
        float top;
        const double sum = sum_of_exp(logits, classes, &top);
        total += log(sum) + top - logits[labels[i]];
        for (size_t c = 0; seed && c < classes; c++) {
            const double p = exp((double)logits[c] - top) / sum;
            seed[i * classes + c] = (float)((p - (c == labels[i])) / (double)n);
        }
    }
    return total / (double)n;
}

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
