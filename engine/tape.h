/* One forward pass and any number of backward passes over it, or one, where that is enough.
 *
 * A tape owns the activations and gradients of one batch at a time; the net is only read, so
 * several tapes (one a thread) may share one net and exec. All memory is planned and allocated by
 * eng_tape_new: a pass allocates nothing. Where only outputs are wanted, the first layers of a
 * large batch run for a few images after the others, which takes less memory and gives the same
 * bits.
 */
#ifndef ENG_TAPE_H
#define ENG_TAPE_H

#include "engine/grads.h"
#include "engine/kernels/vec_list.h" /* enum eng_relu_rule */
#include "engine/net.h"

struct eng_tape;

/* What backward will be asked for; less wanted is less kept. */
enum eng_want {
    ENG_WANT_OUTPUT = 0, /* forward only */
    ENG_WANT_INPUT = 1,  /* the gradient of the input */
    ENG_WANT_PARAMS = 2, /* the gradients of the parameters */
    ENG_WANT_ONCE = 4    /* one backward pass a forward pass, no more, as in training: what a layer
                          * keeps makes room for gradients once the layer has gone back */
};

struct eng_tape_options {
    size_t batch, height, width; /* the largest batch, and the size of the images */
    unsigned want;               /* enum eng_want, or-ed */
    int train_batch_norm;        /* batch statistics instead of running averages */
    int dropout;                 /* dropout drops */
};

/* Plans for the options. The net and exec must outlive the tape. The caller frees it.
 * ENG_ARG: a batch of none; ENG_SHAPE: images too small for the net, or too large for any size to
 * count them, or a net that does not end in a row of outputs; ENG_TOOBIG, ENG_NOMEM: more memory
 * than can be, or than there is. */
enum eng_err eng_tape_new(struct eng_tape **out, const struct eng_net *net,
                          const struct eng_exec *exec, const struct eng_tape_options *options,
                          struct eng_why *why);
void eng_tape_free(struct eng_tape *tape); /* NULL allowed */

/* The same for as many of options->batch images as take at most `memory` bytes: all, or half of
 * them, or half of those; at least one, whatever it takes. options->batch becomes their number. */
enum eng_err eng_tape_new_within(struct eng_tape **out, const struct eng_net *net,
                                 const struct eng_exec *exec, struct eng_tape_options *options,
                                 size_t memory, struct eng_why *why);

/* Gives the tape another net to run, and nothing yet to go back from. The net must outlive the
 * tape, and be like the one before (eng_net_alike), else ENG_MISMATCH. */
enum eng_err eng_tape_use(struct eng_tape *tape, const struct eng_net *net);

/* Bytes that it holds. */
size_t eng_tape_bytes(const struct eng_tape *tape);

/* Same seed, same dropout masks: the masks of the next forward pass are those of (seed, step). */
void eng_tape_seed(struct eng_tape *tape, uint64_t seed, uint64_t step);

/* Runs x[n][channels][height][width], n from 1 to the batch, else ENG_ARG. The net must be prepared
 * (eng_net_prepare) for the tape's exec and for what the tape wants, else ENG_STATE. x is borrowed
 * for the call. */
enum eng_err eng_tape_forward(struct eng_tape *tape, const float *x, size_t n);

/* Output of the last forward pass: [n][outputs], before any softmax. */
const float *eng_tape_output(const struct eng_tape *tape);

/* Back from seed[n][outputs] (d loss / d output, or one-hot rows), every ReLU by the rule.
 * dx[n][channels][height][width] is overwritten, NULL if not wanted; grads (engine/grads.h) is
 * added to or handed on, NULL if not wanted. What was not in the options is ENG_STATE. May be
 * called again with other seeds and rules after the same forward pass, unless the weights have
 * changed, or one backward pass was wanted (ENG_WANT_ONCE): then that is ENG_STATE. */
enum eng_err eng_tape_backward(struct eng_tape *tape, const float *seed, enum eng_relu_rule rule,
                               float *dx, struct eng_grads *grads);

/* Moves the net's running averages towards the batch statistics of the last forward pass:
 * running = 0.9 running + 0.1 batch, the variance unbiased. ENG_STATE: there was no such pass, or
 * it had no train_batch_norm, or the net is not the tape's. */
enum eng_err eng_tape_update_running(const struct eng_tape *tape, struct eng_net *net);

#endif
