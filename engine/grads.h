/* Gradients of a net's parameters, in their order and shapes.
 *
 * They are either kept, to be read and added to, or a stream: each is handed on as soon as the way
 * back has finished it, to an optimiser for example (engine/optim.h), and its place taken by the
 * next. A stream holds a few megabytes where gradients that are kept are as large as the weights,
 * and they are still in the cache when they are used.
 */
#ifndef ENG_GRADS_H
#define ENG_GRADS_H

#include "engine/net.h"

struct eng_grads;

/* Kept, and zero. The caller frees them. */
enum eng_err eng_grads_new(struct eng_grads **out, const struct eng_net *net);
void eng_grads_free(struct eng_grads *grads); /* NULL allowed */
void eng_grads_zero(struct eng_grads *grads);
float *eng_grads_value(struct eng_grads *grads, size_t param); /* NULL: has none; a stream */

/* Who takes the gradients of a stream: grad[count] is that of the numbers first to first + count of
 * a parameter, for the length of the call. The rest of the pass does not read these numbers of the
 * parameter: they may be changed. Every number of every parameter that leads to the output comes
 * once in a way back, in an order that depends on the net alone. */
struct eng_grad_taker {
    void (*take)(const struct eng_grad_taker *self, size_t param, size_t first, size_t count,
                 const float *grad);
};

/* A stream to *taker, which must outlive it. The caller frees it. */
enum eng_err eng_grads_new_stream(struct eng_grads **out, const struct eng_net *net,
                                  const struct eng_grad_taker *taker);

/* ---- for the tape --------------------------------------------------------------------------- */

/* Rows (of the first dimension) of the weights of a node whose gradient is to be computed at once:
 * all, or as many as a stream has room for. */
size_t eng_grads_rows(const struct eng_grads *grads, const struct eng_net *net, int node);

/* Where the gradient of some rows of param[which] of a node is to be added, NULL if it has none;
 * and that it has been. */
float *eng_grads_open(struct eng_grads *grads, const struct eng_net *net, int node, int which,
                      size_t row, size_t rows);
void eng_grads_close(struct eng_grads *grads, const struct eng_net *net, int node, int which,
                     size_t row, size_t rows);

#endif
