/* Optimisers and learning-rate schedules. */
#ifndef ENG_OPTIM_H
#define ENG_OPTIM_H

#include "engine/tape.h"

/* Adam (Kingma & Ba 2015) with PyTorch's defaults, AdamW (Loshchilov & Hutter 2019) if
 * weight_decay is not 0; or SGD with momentum and PyTorch's L2 weight decay.
 *
 * A moment that would be denormal (below 1.2e-38) becomes zero, which PyTorch does only if asked.
 * No weight can tell, but in a net half of whose units have died so are half of the moments, and
 * arithmetic with denormal numbers takes twice as long and more. */
enum eng_optim_kind { ENG_OPTIM_ADAM, ENG_OPTIM_SGD };

struct eng_optim_config {
    enum eng_optim_kind kind;
    float beta1, beta2, eps; /* Adam: 0.9, 0.999, 1e-8 */
    float momentum;          /* SGD */
    float weight_decay;      /* of weights with two dimensions or more: not of biases and norms */
};

struct eng_optim_config eng_optim_adam(void);
struct eng_optim_config eng_optim_sgd(float momentum, float weight_decay);

struct eng_optim;
enum eng_err eng_optim_new(struct eng_optim **out, const struct eng_net *net,
                           const struct eng_optim_config *config);
void eng_optim_free(struct eng_optim *optim); /* NULL allowed */

/* One step of all parameters that train, with learning rate lr, from gradients that were kept; the
 * net counts as changed. */
void eng_optim_step(struct eng_optim *optim, const struct eng_exec *exec, struct eng_net *net,
                    struct eng_grads *grads, float lr);

/* The same step on the way back, each gradient as it is finished (engine/grads.h); to the same
 * bits, but that parameters which do not lead to the output stay as they are:
 *
 *     eng_optim_begin(optim, exec, net, lr);
 *     eng_tape_backward(tape, seed, ENG_RELU_STANDARD, NULL, grads);
 *     eng_optim_end(optim);
 *
 * with grads from eng_optim_stream, which the caller frees before the optimiser. */
enum eng_err eng_optim_stream(struct eng_grads **out, struct eng_optim *optim,
                              const struct eng_net *net);
void eng_optim_begin(struct eng_optim *optim, const struct eng_exec *exec, struct eng_net *net,
                     float lr);
void eng_optim_end(struct eng_optim *optim);

/* What a checkpoint must keep: the number of steps, and for parameter i the arrays of state
 * (Adam: m and v; SGD: the velocity), each as large as the parameter. NULL past the last, and for
 * parameters that do not train. */
uint64_t eng_optim_steps(const struct eng_optim *optim);
void eng_optim_set_steps(struct eng_optim *optim, uint64_t steps);
float *eng_optim_state(struct eng_optim *optim, size_t param, int which);

/* Learning rates of step 0..steps-1: constant, or a linear rise to `top` over the first `warm_up`
 * steps and half a cosine down to 0 after them. */
enum eng_schedule { ENG_SCHEDULE_CONSTANT, ENG_SCHEDULE_COSINE };
float eng_schedule_rate(enum eng_schedule schedule, float top, uint64_t step, uint64_t steps,
                        uint64_t warm_up);

#endif
