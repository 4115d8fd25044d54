#include "engine/grads.h"

#include "engine/op.h"
#include "engine/sizes.h"

#include <stdlib.h>
#include <string.h>

enum { PART = 1 << 20, ROWS = 64 }; /* numbers of a part, about; and its rows, a multiple of them */

struct eng_grads {
    size_t count;
    float **values; /* kept: by parameter */
    size_t *sizes;
    const struct eng_grad_taker *taker; /* NULL: they are kept */
    float *part[2];                     /* a stream: of the weights, of the biases */
};

/* Numbers of a row of parameter `param`. */
static size_t row_of(const struct eng_net *net, int param)
{
    const struct eng_shape *shape = &net->params[param].shape;
    return eng_shape_count(shape) / shape->dim[0];
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
        for (int which = 0; which < 2; which++) {
            const int param = net->nodes[i].param[which];
            if (param < 0)
                continue;
            const size_t rows = which ? net->params[param].shape.dim[0] : eng_grads_rows(g, net, i);
            most[which] = eng_max(most[which], rows * row_of(net, param));
        }
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

size_t eng_grads_rows(const struct eng_grads *grads, const struct eng_net *net, int node)
{
    const struct eng_node *n = &net->nodes[node];
    const size_t rows = net->params[n->param[0]].shape.dim[0];
    if (!grads->taker || !n->op->weights_by_rows)
        return rows;
    return eng_min(rows, eng_round_up(eng_max(1, PART / row_of(net, n->param[0])), ROWS));
}

float *eng_grads_open(struct eng_grads *grads, const struct eng_net *net, int node, int which,
                      size_t row, size_t rows)
{
    const int param = net->nodes[node].param[which];
    if (param < 0)
        return NULL;
    const size_t numbers = row_of(net, param);
    if (grads->taker)
        return memset(grads->part[which], 0, rows * numbers * sizeof(float));
    return grads->values[param] + row * numbers;
}

void eng_grads_close(struct eng_grads *grads, const struct eng_net *net, int node, int which,
                     size_t row, size_t rows)
{
    const int param = net->nodes[node].param[which];
    if (!grads->taker || param < 0)
        return;
    const size_t numbers = row_of(net, param);
    grads->taker->take(grads->taker, (size_t)param, row * numbers, rows * numbers,
                       grads->part[which]);
}
