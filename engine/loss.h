/* Losses: a number for a batch, and the seed with which the tape goes back.
 *
 * Both average as PyTorch's defaults do. Arrays are [n][classes]; seed may be NULL. */
#ifndef ENG_LOSS_H
#define ENG_LOSS_H

#include <stddef.h>

/* Softmax cross-entropy, averaged over the batch: -log softmax(logits)[label].
 * seed = (softmax(logits) - onehot) / n. Labels are below classes. */
double eng_softmax_xent(const float *logits, const size_t *labels, size_t n, size_t classes,
                        float *seed);

/* Mean squared error over all n * classes elements. seed = 2 (logits - target) / (n classes). */
double eng_mse(const float *logits, const float *target, size_t n, size_t classes, float *seed);

/* Softmax of each row; stable for any finite logits. */
void eng_softmax(const float *logits, size_t n, size_t classes, float *probabilities);

#endif
