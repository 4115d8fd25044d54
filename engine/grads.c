#include "engine/grads.h"

#include "engine/op.h"
#include "engine/pages.h"
#include "engine/sizes.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 16384 };

struct eng_grads {
    size_t count;
    float **values; /* kept: by parameter */
    size_t *sizes;
    const struct eng_grad_taker *taker; /* NULL: they are kept */
    float *part[2];                     /* a stream: weights of one layer, and its biases */
};

/* Numbers of param[which] of a node that have a place here: 0 if it has none, or if they are handed
 * on by the operator. */
static size_t numbers_of(const struct eng_grads *grads, const struct eng_net *net, int node,
                         int which)
{
    const struct eng_node *n = &net->nodes[node];
    if (n->param[which] < 0 || (grads->taker && which == 0 && n->op->streams_weights))
        return 0;
    return eng_shape_count(&net->params[n->param[which]].shape);
}

enum eng_err eng_grads_new(struct eng_grads **out, const struct eng_net *net)
{
    struct eng_grads *g = calloc(1, sizeof *g);
    if (!g)
        return ENG_NOMEM;
    g->count = net->param_count;
    g->values = calloc(g->count + 1, sizeof *g->values);
    g->sizes = calloc(g->count + 1, sizeof *g->sizes);
    if (!g->values || !g->sizes)
        goto fail;
    for (size_t i = 0; i < g->count; i++) {
        if (!eng_param_trains(&net->params[i]))
            continue;
        g->sizes[i] = eng_shape_count(&net->params[i].shape);
        g->values[i] = calloc(g->sizes[i], sizeof(float));
        if (!g->values[i])
            goto fail;
        eng_pages_huge(g->values[i], g->sizes[i] * sizeof(float));
    }
    *out = g;
    return ENG_OK;
fail:
    eng_grads_free(g);
    return ENG_NOMEM;
}

enum eng_err eng_grads_new_stream(struct eng_grads **out, const struct eng_net *net,
                                  const struct eng_grad_taker *taker)
{
    struct eng_grads *g = calloc(1, sizeof *g);
    if (!g)
        return ENG_NOMEM;
    g->taker = taker;
    size_t most[2] = {1, 1};
    for (int i = 0; i < net->node_count; i++)
        for (int which = 0; which < 2; which++)
            most[which] = eng_max(most[which], numbers_of(g, net, i, which));
    for (int which = 0; which < 2; which++)
        if (!(g->part[which] = calloc(most[which], sizeof(float)))) {
            eng_grads_free(g);
            return ENG_NOMEM;
        }
    *out = g;
    return ENG_OK;
}

void eng_grads_free(struct eng_grads *grads)
{
    if (!grads)
        return;
    for (size_t i = 0; grads->values && i < grads->count; i++)
        free(grads->values[i]);
    free(grads->values);
    free(grads->sizes);
    for (int which = 0; which < 2; which++)
        free(grads->part[which]);
    free(grads);
}

void eng_grads_zero(struct eng_grads *grads)
{
    for (size_t i = 0; i < grads->count; i++)
        if (grads->values[i])
            memset(grads->values[i], 0, grads->sizes[i] * sizeof(float));
}

float *eng_grads_value(struct eng_grads *grads, size_t param)
{
    return grads->values ? grads->values[param] : NULL;
}

const struct eng_grad_taker *eng_grads_taker(const struct eng_grads *grads)
{
    return grads->taker;
}

float *eng_grads_open(struct eng_grads *grads, const struct eng_net *net, int node, int which)
{
    const size_t numbers = numbers_of(grads, net, node, which);
    if (numbers == 0)
        return NULL;
    if (grads->taker)
        return memset(grads->part[which], 0, numbers * sizeof(float));
    return grads->values[net->nodes[node].param[which]];
}

void eng_grads_close(struct eng_grads *grads, const struct eng_exec *exec,
                     const struct eng_net *net, int node, int which)
{
    const size_t numbers = numbers_of(grads, net, node, which);
    if (grads->taker && numbers)
        eng_grads_hand_on(grads->taker, exec, (size_t)net->nodes[node].param[which], numbers,
                          grads->part[which]);
}

struct hand_on {
    const struct eng_grad_taker *taker;
    size_t param;
    const float *grad;
};

static void hand_on_task(void *context, size_t first, size_t count, size_t i)
{
    (void)i;
    const struct hand_on *h = context;
    h->taker->take(h->taker, h->param, first, count, h->grad + first);
}

void eng_grads_hand_on(const struct eng_grad_taker *taker, const struct eng_exec *exec,
                       size_t param, size_t count, const float *grad)
{
    struct hand_on h = {taker, param, grad};
    eng_op_split(exec, count, CHUNK, hand_on_task, &h);
}
