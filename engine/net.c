#include "engine/net.h"

#include "engine/op.h"
#include "engine/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct eng_op *const ops[] = {
#define ENG_OP_ROW(name) &eng_op_##name,
    ENG_OPS(ENG_OP_ROW)
#undef ENG_OP_ROW
};

enum {
#define ENG_OP_NUMBER(name) OP_##name,
    ENG_OPS(ENG_OP_NUMBER)
#undef ENG_OP_NUMBER
};

static void broken(struct eng_net *net, enum eng_err err, const char *what)
{
    if (net->err == ENG_OK)
        net->err = eng_fail(&net->why, err, "%s", what);
}

/* Adds a node on top of a and b (-1: none); NULL once the net is broken. */
static struct eng_node *add_node(struct eng_net *net, const struct eng_op *op, int a, int b)
{
    if (net->err != ENG_OK)
        return NULL;
    if (a >= net->node_count || b >= net->node_count || (op != ops[OP_input] && a < 0)) {
        broken(net, ENG_ARG, "a node reads one that does not exist");
        return NULL;
    }
    if (net->node_count == net->node_capacity) {
        const int capacity = net->node_capacity ? 2 * net->node_capacity : 32;
        struct eng_node *nodes = realloc(net->nodes, (size_t)capacity * sizeof *nodes);
        if (!nodes) {
            broken(net, ENG_NOMEM, "out of memory");
            return NULL;
        }
        net->nodes = nodes;
        net->node_capacity = capacity;
    }
    struct eng_node *node = &net->nodes[net->node_count++];
    const size_t channels = a < 0 ? 0 : net->nodes[a].out;
    *node = (struct eng_node){.op = op,
                              .input = {a, b},
                              .param = {-1, -1},
                              .running = {-1, -1},
                              .in = channels,
                              .out = channels};
    return node;
}

/* Adds a parameter NAME.SUFFIX, zeroed; returns its index, or -1. */
static int add_param(struct eng_net *net, const char *name, const char *suffix,
                     enum eng_param_kind kind, struct eng_shape shape)
{
    if (net->err != ENG_OK)
        return -1;
    if (net->param_count == net->param_capacity) {
        const size_t capacity = net->param_capacity ? 2 * net->param_capacity : 64;
        struct eng_param *params = realloc(net->params, capacity * sizeof *params);
        if (!params) {
            broken(net, ENG_NOMEM, "out of memory");
            return -1;
        }
        net->params = params;
        net->param_capacity = capacity;
    }
    struct eng_param *p = &net->params[net->param_count];
    const size_t count = eng_shape_count(&shape);
    if (count == 0 || count > (size_t)1 << 31) {
        broken(net, ENG_SHAPE, "a parameter has no elements, or too many");
        return -1;
    }
    *p = (struct eng_param){.shape = shape, .kind = kind};
    const int length = snprintf(p->name, sizeof p->name, "%s.%s", name, suffix);
    if (length < 0 || (size_t)length >= sizeof p->name) {
        broken(net, ENG_ARG, "a module's name is too long");
        return -1;
    }
    p->value = calloc(count, sizeof *p->value);
    if (!p->value) {
        broken(net, ENG_NOMEM, "out of memory");
        return -1;
    }
    eng_pages_huge(p->value, count * sizeof *p->value);
    return (int)net->param_count++;
}

enum eng_err eng_net_new(struct eng_net **out, size_t channels)
{
    if (channels == 0)
        return ENG_ARG;
    struct eng_net *net = calloc(1, sizeof *net);
    if (!net)
        return ENG_NOMEM;
    net->version = 1;
    struct eng_node *node = add_node(net, ops[OP_input], -1, -1);
    if (!node) {
        eng_net_free(net);
        return ENG_NOMEM;
    }
    node->out = channels;
    *out = net;
    return ENG_OK;
}

static void drop_packs(struct eng_net *net)
{
    for (int i = 0; net->packs && i < net->node_count; i++) {
        free(net->packs[i].forward);
        free(net->packs[i].backward);
    }
    free(net->packs);
    net->packs = NULL;
}

void eng_net_free(struct eng_net *net)
{
    if (!net)
        return;
    drop_packs(net);
    for (size_t i = 0; i < net->param_count; i++)
        if (!net->params[i].borrowed)
            free(net->params[i].value);
    free(net->params);
    free(net->nodes);
    free(net);
}

int eng_net_input(const struct eng_net *net)
{
    (void)net;
    return 0;
}

static int last(const struct eng_net *net)
{
    return net->node_count - 1;
}

int eng_net_conv2d(struct eng_net *net, int x, const char *name, const struct eng_conv *conv)
{
    struct eng_node *node = add_node(net, ops[OP_conv2d], x, -1);
    if (!node)
        return last(net);
    for (int d = 0; d < 2; d++)
        if (!conv->kernel[d] || !conv->stride[d] || !conv->out || conv->kernel[d] > 1024 ||
            conv->stride[d] > 1024 || conv->pad[d] >= conv->kernel[d])
            broken(net, ENG_ARG,
                   "a convolution takes an output at least, kernels and strides of 1 to 1024, and "
                   "less padding than kernel");
    node->conv = *conv;
    node->out = conv->out;
    const int self = last(net);
    const struct eng_shape w = {4, {conv->out, node->in, conv->kernel[0], conv->kernel[1]}};
    net->nodes[self].param[0] = add_param(net, name, "weight", ENG_PARAM_WEIGHT, w);
    if (conv->bias)
        net->nodes[self].param[1] = add_param(net, name, "bias", ENG_PARAM_BIAS,
                                              (struct eng_shape){1, {conv->out}});
    return self;
}

int eng_net_linear(struct eng_net *net, int x, const char *name, size_t in, size_t out)
{
    struct eng_node *node = add_node(net, ops[OP_linear], x, -1);
    if (!node)
        return last(net);
    node->in = in;
    node->out = out;
    node->param[0] = add_param(net, name, "weight", ENG_PARAM_WEIGHT,
                               (struct eng_shape){2, {out, in}});
    node->param[1] = add_param(net, name, "bias", ENG_PARAM_BIAS, (struct eng_shape){1, {out}});
    return last(net);
}

int eng_net_batch_norm(struct eng_net *net, int x, const char *name)
{
    struct eng_node *node = add_node(net, ops[OP_batch_norm], x, -1);
    if (!node)
        return last(net);
    const struct eng_shape shape = {1, {node->out}};
    node->param[0] = add_param(net, name, "weight", ENG_PARAM_WEIGHT, shape);
    node->param[1] = add_param(net, name, "bias", ENG_PARAM_BIAS, shape);
    node->running[0] = add_param(net, name, "running_mean", ENG_PARAM_RUNNING_MEAN, shape);
    node->running[1] = add_param(net, name, "running_var", ENG_PARAM_RUNNING_VAR, shape);
    for (size_t c = 0; net->err == ENG_OK && c < node->out; c++) {
        net->params[node->param[0]].value[c] = 1.0f;
        net->params[node->running[1]].value[c] = 1.0f;
    }
    return last(net);
}

int eng_net_relu(struct eng_net *net, int x)
{
    add_node(net, ops[OP_relu], x, -1);
    return last(net);
}

int eng_net_max_pool(struct eng_net *net, int x, size_t kernel, size_t stride, size_t pad)
{
    struct eng_node *node = add_node(net, ops[OP_max_pool], x, -1);
    if (!node)
        return last(net);
    /* The place of a maximum is kept in one byte; and a window must hold more than padding. */
    if (kernel < 1 || kernel > 15 || stride < 1 || pad > kernel / 2)
        broken(net, ENG_ARG,
               "max pooling takes kernels of 1 to 15 and at most half as much padding");
    node->size[0] = node->size[1] = kernel;
    node->stride = stride;
    node->pad = pad;
    return last(net);
}

int eng_net_avg_pool(struct eng_net *net, int x, size_t out_h, size_t out_w)
{
    struct eng_node *node = add_node(net, ops[OP_avg_pool], x, -1);
    if (!node)
        return last(net);
    if (!out_h || !out_w)
        broken(net, ENG_ARG, "average pooling to nothing");
    node->size[0] = out_h;
    node->size[1] = out_w;
    return last(net);
}

int eng_net_dropout(struct eng_net *net, int x, float p)
{
    struct eng_node *node = add_node(net, ops[OP_dropout], x, -1);
    if (!node)
        return last(net);
    if (!(p >= 0.0f && p <= 1.0f))
        broken(net, ENG_ARG, "a dropout probability must be 0 to 1");
    node->p = p;
    return last(net);
}

int eng_net_add(struct eng_net *net, int a, int b)
{
    if (net->err == ENG_OK && (b < 0 || b >= net->node_count))
        broken(net, ENG_ARG, "a sum needs two nodes");
    add_node(net, ops[OP_add], a, b);
    return last(net);
}

int eng_net_flatten(struct eng_net *net, int x)
{
    struct eng_node *node = add_node(net, ops[OP_flatten], x, -1);
    if (node)
        node->out = 0; /* known once there is an input size; a linear layer says what it takes */
    return last(net);
}

enum eng_err eng_net_finish(struct eng_net *net, struct eng_why *why)
{
    if (net->err == ENG_OK && net->nodes[last(net)].out == 0)
        broken(net, ENG_ARG, "the number of outputs depends on the input size");
    if (net->err != ENG_OK && why)
        *why = net->why;
    return net->err;
}

int eng_net_node_count(const struct eng_net *net)
{
    return net->node_count;
}

const char *eng_net_node_op(const struct eng_net *net, int node)
{
    return net->nodes[node].op->name;
}

size_t eng_net_outputs(const struct eng_net *net)
{
    return net->nodes[last(net)].out;
}

size_t eng_net_channels(const struct eng_net *net)
{
    return net->nodes[0].out;
}

double eng_net_flops(const struct eng_net *net, size_t h, size_t w)
{
    struct eng_extent *extents = calloc((size_t)net->node_count, sizeof *extents);
    double total = 0;
    for (int i = 0; extents && i < net->node_count; i++) {
        const struct eng_node *node = &net->nodes[i];
        struct eng_extent x[2] = {{h, w, 0}, {0, 0, 0}};
        for (int k = 0; k < 2; k++)
            if (node->input[k] >= 0)
                x[k] = extents[node->input[k]];
        if (!node->op->extent(node, x, &extents[i])) {
            total = 0;
            break;
        }
        if (node->op->work)
            total += 2 * node->op->work(node, &x[0], &extents[i]);
    }
    free(extents);
    return total;
}

size_t eng_net_param_count(const struct eng_net *net)
{
    return net->param_count;
}

struct eng_param *eng_net_param(struct eng_net *net, size_t i)
{
    return &net->params[i];
}

const struct eng_param *eng_net_param_const(const struct eng_net *net, size_t i)
{
    return &net->params[i];
}

struct eng_param *eng_net_param_find(struct eng_net *net, const char *name)
{
    for (size_t i = 0; i < net->param_count; i++)
        if (strcmp(net->params[i].name, name) == 0)
            return &net->params[i];
    return NULL;
}

int eng_param_trains(const struct eng_param *param)
{
    return param->kind == ENG_PARAM_WEIGHT || param->kind == ENG_PARAM_BIAS;
}

void eng_net_borrow(struct eng_net *net, size_t i, float *value)
{
    struct eng_param *p = &net->params[i];
    if (!p->borrowed)
        free(p->value);
    p->value = value;
    p->borrowed = 1;
    eng_net_changed(net);
}

uint64_t eng_net_batches_tracked(const struct eng_net *net)
{
    return net->batches_tracked;
}

void eng_net_set_batches_tracked(struct eng_net *net, uint64_t count)
{
    net->batches_tracked = count;
}

static int alike_pairs(const size_t a[2], const size_t b[2])
{
    return a[0] == b[0] && a[1] == b[1];
}

static int alike_nodes(const struct eng_node *a, const struct eng_node *b)
{
    const struct eng_conv *c = &a->conv, *d = &b->conv;
    for (int k = 0; k < 2; k++)
        if (a->input[k] != b->input[k] || a->param[k] != b->param[k] ||
            a->running[k] != b->running[k])
            return 0;
    return a->op == b->op && a->in == b->in && a->out == b->out && a->stride == b->stride &&
           a->pad == b->pad && a->p == b->p && alike_pairs(a->size, b->size) && c->out == d->out &&
           c->bias == d->bias && alike_pairs(c->kernel, d->kernel) &&
           alike_pairs(c->stride, d->stride) && alike_pairs(c->pad, d->pad);
}

int eng_net_alike(const struct eng_net *a, const struct eng_net *b)
{
    if (a->node_count != b->node_count)
        return 0;
    for (int i = 0; i < a->node_count; i++)
        if (!alike_nodes(&a->nodes[i], &b->nodes[i]))
            return 0;
    return 1;
}

void eng_net_changed(struct eng_net *net)
{
    net->version++;
}

enum eng_err eng_net_prepare(struct eng_net *net, const struct eng_exec *exec, enum eng_use use)
{
    if (!eng_exec_same_packs(&net->packed_for, exec))
        drop_packs(net);
    if (net->packs && net->packed_version == net->version &&
        (net->packed_use == use || net->packed_use == ENG_FOR_GRADIENTS))
        return ENG_OK;
    if (!net->packs) {
        net->packs = calloc((size_t)net->node_count, sizeof *net->packs);
        if (!net->packs)
            return ENG_NOMEM;
    }
    net->packed_for = *exec;
    net->packed_version = 0;
    for (int i = 0; i < net->node_count; i++) {
        const struct eng_node *node = &net->nodes[i];
        if (node->op->pack)
            ENG_TRY(node->op->pack(&net->packs[i], net, node, exec, use));
    }
    net->packed_version = net->version;
    net->packed_use = use;
    return ENG_OK;
}
