/* Softmax and its cross-entropy. The largest logit is subtracted first, so that exp cannot
 * overflow: softmax does not change by a shift of all logits. */
#include "engine/loss.h"

#include <math.h>

void eng_softmax(const float *logits, size_t n, size_t classes, float *probabilities)
{
    for (size_t i = 0; i < n; i++, logits += classes, probabilities += classes) {
        float top = logits[0];
        for (size_t c = 1; c < classes; c++)
            top = logits[c] > top ? logits[c] : top;
        double sum = 0;
        for (size_t c = 0; c < classes; c++)
            sum += exp((double)logits[c] - top);
        for (size_t c = 0; c < classes; c++)
            probabilities[c] = (float)(exp((double)logits[c] - top) / sum);
    }
}

double eng_softmax_xent(const float *logits, const size_t *labels, size_t n, size_t classes,
                        float *seed)
{
    double total = 0;
    for (size_t i = 0; i < n; i++, logits += classes) {
        float top = logits[0];
        for (size_t c = 1; c < classes; c++)
            top = logits[c] > top ? logits[c] : top;
        double sum = 0;
        for (size_t c = 0; c < classes; c++)
            sum += exp((double)logits[c] - top);
        total += log(sum) + top - logits[labels[i]];
        for (size_t c = 0; seed && c < classes; c++) {
            const double p = exp((double)logits[c] - top) / sum;
            seed[i * classes + c] = (float)((p - (c == labels[i])) / (double)n);
        }
    }
    return total / (double)n;
}
