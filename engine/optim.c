#include "engine/optim.h"

#include "engine/grads.h"
#include "engine/kernels/vec_list.h"
#include "engine/pages.h"

#include <math.h>
#include <stdlib.h>

struct eng_optim {
    struct eng_grad_taker taker;
    struct eng_optim_config config;
    size_t count; /* parameters */
    uint64_t steps;
    float **state[2];
    /* The step that is being taken. */
    const struct eng_exec *exec;
    struct eng_net *net;
    float lr;
    float correct1, correct2; /* Adam: 1 - beta1^steps, 1 - beta2^steps */
};

struct eng_optim_config eng_optim_adam(void)
{
    return (struct eng_optim_config){
        .kind = ENG_OPTIM_ADAM, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f};
}

struct eng_optim_config eng_optim_sgd(float momentum, float weight_decay)
{
    return (struct eng_optim_config){
        .kind = ENG_OPTIM_SGD, .momentum = momentum, .weight_decay = weight_decay};
}

/* Takes the gradient of the numbers first to first + count of a parameter. */
static void take(const struct eng_grad_taker *self, size_t param, size_t first, size_t count,
                 const float *grad)
{
    const struct eng_optim *optim = (const struct eng_optim *)self;
    const struct eng_optim_config *c = &optim->config;
    const struct eng_vec_kernel *vec = optim->exec->vec;
    const struct eng_param *p = eng_net_param(optim->net, param);
    const float decay = p->shape.rank >= 2 ? c->weight_decay : 0.0f;
    float *value = p->value + first, *state = optim->state[0][param] + first;
    if (c->kind == ENG_OPTIM_SGD) {
        vec->sgd(value, state, grad, count, optim->lr, c->momentum, decay);
        return;
    }
    const struct eng_adam_step step = {.lr = optim->lr,
                                       .beta1 = c->beta1,
                                       .beta2 = c->beta2,
                                       .eps = c->eps,
                                       .weight_decay = decay,
                                       .correct1 = optim->correct1,
                                       .correct2 = optim->correct2};
    vec->adam(value, state, optim->state[1][param] + first, grad, count, &step);
}

enum eng_err eng_optim_new(struct eng_optim **out, const struct eng_net *net,
                           const struct eng_optim_config *config)
{
    struct eng_optim *optim = calloc(1, sizeof *optim);
    if (!optim)
        return ENG_NOMEM;
    optim->taker.take = take;
    optim->config = *config;
    optim->count = eng_net_param_count(net);
    const int arrays = config->kind == ENG_OPTIM_ADAM ? 2 : 1;
    for (int a = 0; a < arrays; a++) {
        optim->state[a] = calloc(optim->count + 1, sizeof *optim->state[a]);
        if (!optim->state[a])
            goto fail;
        for (size_t i = 0; i < optim->count; i++) {
            const struct eng_param *p = eng_net_param_const(net, i);
            if (!eng_param_trains(p))
                continue;
            const size_t count = eng_shape_count(&p->shape);
            optim->state[a][i] = calloc(count, sizeof(float));
            if (!optim->state[a][i])
                goto fail;
            eng_pages_huge(optim->state[a][i], count * sizeof(float));
        }
    }
    *out = optim;
    return ENG_OK;
fail:
    eng_optim_free(optim);
    return ENG_NOMEM;
}

void eng_optim_free(struct eng_optim *optim)
{
    if (!optim)
        return;
    for (int a = 0; a < 2; a++) {
        for (size_t i = 0; optim->state[a] && i < optim->count; i++)
            free(optim->state[a][i]);
        free(optim->state[a]);
    }
    free(optim);
}

enum eng_err eng_optim_stream(struct eng_grads **out, struct eng_optim *optim,
                              const struct eng_net *net)
{
    return eng_grads_new_stream(out, net, &optim->taker);
}

void eng_optim_begin(struct eng_optim *optim, const struct eng_exec *exec, struct eng_net *net,
                     float lr)
{
    const double t = (double)++optim->steps;
    optim->exec = exec;
    optim->net = net;
    optim->lr = lr;
    optim->correct1 = (float)(1 - pow((double)optim->config.beta1, t));
    optim->correct2 = (float)(1 - pow((double)optim->config.beta2, t));
}

void eng_optim_end(struct eng_optim *optim)
{
    eng_net_changed(optim->net);
}

void eng_optim_step(struct eng_optim *optim, const struct eng_exec *exec, struct eng_net *net,
                    struct eng_grads *grads, float lr)
{
    eng_optim_begin(optim, exec, net, lr);
    for (size_t i = 0; i < optim->count; i++) {
        const float *grad = eng_grads_value(grads, i);
        if (grad)
            eng_grads_hand_on(&optim->taker, exec, i,
                              eng_shape_count(&eng_net_param(net, i)->shape), grad);
    }
    eng_optim_end(optim);
}

uint64_t eng_optim_steps(const struct eng_optim *optim)
{
    return optim->steps;
}

void eng_optim_set_steps(struct eng_optim *optim, uint64_t steps)
{
    optim->steps = steps;
}

float *eng_optim_state(struct eng_optim *optim, size_t param, int which)
{
    return which < 0 || which > 1 || !optim->state[which] ? NULL : optim->state[which][param];
}

float eng_schedule_rate(enum eng_schedule schedule, float top, uint64_t step, uint64_t steps,
                        uint64_t warm_up)
{
    if (schedule == ENG_SCHEDULE_CONSTANT)
        return top;
    if (step < warm_up)
        return top * (float)(step + 1) / (float)warm_up;
    const double pi = 3.14159265358979323846;
    const double left = steps > warm_up ? (double)(steps - warm_up) : 1;
    return top * (float)(0.5 * (1 + cos(pi * (double)(step - warm_up) / left)));
}
