/* Gradients of a net's parameters, in their order and shapes.
 *
 * They are either kept, to be read and added to, or a stream: each is handed on as soon as the way
 * back has finished it, to an optimiser for example (engine/optim.h), and its place taken by the
 * next; those of linear layers' weights block by block, out of the cache that they were computed
 * in. A stream holds a few megabytes where gradients that are kept are as large as the weights.
 */
#ifndef ENG_GRADS_H
#define ENG_GRADS_H

#include "engine/exec.h"
#include "engine/net.h"

struct eng_grads;

/* Kept, and zero. The caller frees them. */
enum eng_err eng_grads_new(struct eng_grads **out, const struct eng_net *net);
void eng_grads_free(struct eng_grads *grads); /* NULL allowed */
void eng_grads_zero(struct eng_grads *grads);
float *eng_grads_value(struct eng_grads *grads, size_t param); /* NULL: has none; a stream */

/* Who takes the gradients of a stream: grad[count] is that of the numbers first to first + count of
 * a parameter, for the length of the call. It is called from several threads at once, each time for
 * other numbers. The rest of the pass does not read these numbers of the parameter: they may be
 * changed. Every number of every parameter that leads to the output comes once in a way back. */
struct eng_grad_taker {
    void (*take)(const struct eng_grad_taker *self, size_t param, size_t first, size_t count,
                 const float *grad);
};

/* A stream to *taker, which must outlive it. The caller frees it. */
enum eng_err eng_grads_new_stream(struct eng_grads **out, const struct eng_net *net,
                                  const struct eng_grad_taker *taker);

/* Has the gradient of a whole parameter taken, by all of exec's threads. */
void eng_grads_hand_on(const struct eng_grad_taker *taker, const struct eng_exec *exec,
                       size_t param, size_t count, const float *grad);

/* ---- for the tape --------------------------------------------------------------------------- */

/* Who takes the gradients of a stream; NULL if they are kept. */
const struct eng_grad_taker *eng_grads_taker(const struct eng_grads *grads);

/* Where the gradient of param[which] of a node is to be added, NULL if it has none or if its
 * operator hands it on itself; and that it has been. */
float *eng_grads_open(struct eng_grads *grads, const struct eng_net *net, int node, int which);
void eng_grads_close(struct eng_grads *grads, const struct eng_exec *exec,
                     const struct eng_net *net, int node, int which);

#endif
