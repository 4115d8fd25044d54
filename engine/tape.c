#include "engine/tape.h"

#include "engine/arena.h"
#include "engine/op.h"
#include "engine/sizes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The plan of a node. Steps of the tape: node i runs forward at step i, backward at 2 n - i.
 *
 * Nodes that write over their input share its place (place[i] == place[input]); so do gradients.
 * A chain conv - norm - add - relu on one place is run by its first node alone, on the way out. */
struct plan {
    struct eng_extent extent;
    unsigned flags;
    int used;           /* leads to the output */
    int reaches;        /* something under it wants a gradient */
    int consumer, uses; /* the only consumer (if uses == 1), number of uses */
    int value, grad;    /* node whose block holds this one's value, gradient */
    int norm, residual; /* nodes that this one runs on the way, -1: none */
    int relu, folded;   /* the ReLU that it runs, -1: none; is itself run by an earlier node */
    int add[2];         /* dx of input k is added to: a later node wrote it before */
    size_t value_block, grad_block, saved_block;
};

enum {
    SLICE_BYTES = 32 << 20,    /* of the largest value, about, where a forward pass is cut */
    ROOM = 64 * sizeof(float), /* times a value's numbers: must fit a size_t */
};

struct eng_tape {
    const struct eng_net *net;
    const struct eng_exec *exec;
    struct eng_tape_options options;
    struct plan *plans;
    struct eng_arena arena;
    size_t scratch_block, n;
    int cut; /* nodes before this one run for `slice` images at a time; 0: all for all */
    size_t slice;
    uint64_t seed, step;
};

/* ---- planning ------------------------------------------------------------------------------- */

static enum eng_err plan_extents(struct eng_tape *tape, struct eng_why *why)
{
    const struct eng_net *net = tape->net;
    for (int i = 0; i < net->node_count; i++) {
        const struct eng_node *node = &net->nodes[i];
        struct eng_extent x[2] = {{tape->options.height, tape->options.width, 0}, {0, 0, 0}};
        for (int k = 0; k < 2; k++)
            if (node->input[k] >= 0)
                x[k] = tape->plans[node->input[k]].extent;
        struct eng_extent *y = &tape->plans[i].extent;
        if (!node->op->extent(node, x, y) || eng_extent_count(y) == 0 ||
            eng_extent_count(y) == (size_t)-1)
            return eng_fail(why, ENG_SHAPE,
                            "images of %zux%zu do not fit this net (its %s layer cannot take "
                            "%zux%zu with %zu channels); give another size",
                            tape->options.width, tape->options.height, node->op->name, x[0].w,
                            x[0].h, x[0].c);
        /* What operators compute from these sizes, such as padded copies, then fits, too. */
        if (eng_product(eng_product(tape->options.batch, eng_extent_count(y)), ROOM) == (size_t)-1)
            return ENG_TOOBIG; /* eng_tape_new has the sentence */
    }
    const struct eng_extent *y = &tape->plans[net->node_count - 1].extent;
    if (y->h != 1 || y->w != 1)
        return eng_fail(why, ENG_SHAPE, "the net ends in a map of %zux%zu, not in a row of outputs",
                        y->w, y->h);
    return ENG_OK;
}

static void plan_uses(struct eng_tape *tape)
{
    const struct eng_net *net = tape->net;
    const struct eng_tape_options *o = &tape->options;
    struct plan *plans = tape->plans;
    plans[net->node_count - 1].used = 1;
    for (int i = net->node_count - 1; i >= 0; i--) {
        struct plan *p = &plans[i];
        const struct eng_node *node = &net->nodes[i];
        p->flags = node->op->flags(node, o->train_batch_norm, o->dropout, o->want);
        p->value = p->grad = i;
        p->norm = p->residual = p->relu = -1;
        if (!p->used)
            continue;
        for (int k = 1; k >= 0; k--) { /* in the order in which backward writes gradients */
            if (node->input[k] < 0)
                continue;
            struct plan *x = &plans[node->input[k]];
            p->add[k] = x->uses > 0;
            x->used = 1;
            x->uses++;
            x->consumer = i;
        }
    }
    for (int i = 0; i < net->node_count; i++) {
        const struct eng_node *node = &net->nodes[i];
        plans[i].reaches = i == 0 ? (o->want & ENG_WANT_INPUT) != 0
                                  : (o->want & ENG_WANT_PARAMS) && node->param[0] >= 0;
        for (int k = 0; k < 2; k++)
            if (node->input[k] >= 0)
                plans[i].reaches |= plans[node->input[k]].reaches;
    }
}

static void plan_places(struct eng_tape *tape)
{
    const struct eng_net *net = tape->net;
    struct plan *plans = tape->plans;
    for (int i = 1; i < net->node_count; i++) {
        struct plan *p = &plans[i];
        const int j = net->nodes[i].input[0];
        if (p->used && p->flags & ENG_OP_FORWARD_IN_PLACE && !(p->flags & ENG_OP_KEEPS_X) &&
            plans[j].uses == 1)
            p->value = plans[j].value;
    }
    for (int i = net->node_count - 1; i > 0; i--) {
        const int j = net->nodes[i].input[0];
        if (plans[i].used && plans[i].flags & ENG_OP_BACKWARD_IN_PLACE && plans[j].uses == 1)
            plans[j].grad = plans[i].grad;
    }
}

/* The only consumer of node i if it runs op on i's own place, or -1. */
static int next_in_place(const struct eng_tape *tape, int i, const struct eng_op *op)
{
    const struct plan *p = &tape->plans[i];
    if (p->uses != 1 || tape->net->nodes[p->consumer].op != op ||
        tape->plans[p->consumer].value != p->value)
        return -1;
    return p->consumer;
}

static void plan_folds(struct eng_tape *tape)
{
    const struct eng_net *net = tape->net;
    struct plan *plans = tape->plans;
    for (int i = 1; i < net->node_count; i++) {
        const struct eng_op *op = net->nodes[i].op;
        if (!plans[i].used || plans[i].folded ||
            (op != &eng_op_conv2d && op != &eng_op_batch_norm && op != &eng_op_add))
            continue;
        int at = i, next;
        if (op == &eng_op_conv2d) {
            if (!tape->options.train_batch_norm &&
                (next = next_in_place(tape, at, &eng_op_batch_norm)) >= 0) {
                plans[i].norm = at = next;
                plans[next].folded = 1;
            }
            if ((next = next_in_place(tape, at, &eng_op_add)) >= 0 &&
                net->nodes[next].input[0] == at && net->nodes[next].input[1] < i) {
                plans[i].residual = net->nodes[next].input[1];
                at = next;
                plans[next].folded = 1;
            }
        }
        if ((next = next_in_place(tape, at, &eng_op_relu)) >= 0) {
            plans[i].relu = next;
            plans[next].folded = 1;
        }
    }
}

/* 1 if of all values before node `cut` only the last is read from there on, and from there on none
 * is written to their places. */
static int can_cut(const struct eng_tape *tape, int cut)
{
    const struct plan *plans = tape->plans;
    if (!plans[cut - 1].used || plans[cut - 1].folded || plans[cut - 1].value != cut - 1)
        return 0;
    for (int i = cut; i < tape->net->node_count; i++) {
        const int *input = tape->net->nodes[i].input;
        if (plans[i].used &&
            (plans[i].value < cut || input[0] < cut - 1 || (input[1] >= 0 && input[1] < cut - 1)))
            return 0;
    }
    return 1;
}

/* If only outputs are wanted, the first layers, whose maps are large, can run for a few images
 * after the others: of their values only the last is kept for all images. */
static void plan_slices(struct eng_tape *tape)
{
    const struct eng_tape_options *o = &tape->options;
    const int nodes = tape->net->node_count;
    size_t largest = 0;
    int cut = 0;
    tape->slice = o->batch;
    if (o->want || o->train_batch_norm || o->dropout)
        return;
    for (int i = 0; i < nodes; i++) {
        const size_t numbers = eng_product(o->batch, eng_extent_count(&tape->plans[i].extent));
        if (numbers <= SLICE_BYTES / sizeof(float))
            continue;
        largest = eng_max(largest, numbers);
        cut = i + 1;
    }
    while (cut && cut < nodes && !can_cut(tape, cut))
        cut++;
    if (cut == 0 || cut == nodes)
        return;
    tape->cut = cut;
    tape->slice = eng_ceil_div(o->batch, eng_ceil_div(largest, SLICE_BYTES / sizeof(float)));
}

/* Images that node i runs for at once. */
static size_t images_of(const struct eng_tape *tape, int i)
{
    return i < tape->cut ? tape->slice : tape->options.batch;
}

/* 1 if node i runs in slices, but its value is kept for all images. */
static int leaves_slice(const struct eng_tape *tape, int i)
{
    return i == tape->cut - 1;
}

static void fill_pass(const struct eng_tape *tape, int i, size_t n, struct eng_pass *pass)
{
    const struct eng_net *net = tape->net;
    const struct eng_node *node = &net->nodes[i];
    *pass = (struct eng_pass){.exec = tape->exec,
                              .net = net,
                              .node = node,
                              .n = n,
                              .want = tape->options.want,
                              .y_extent = tape->plans[i].extent,
                              .train_batch_norm = tape->options.train_batch_norm,
                              .dropout = tape->options.dropout};
    for (int k = 0; k < 2; k++)
        if (node->input[k] >= 0)
            pass->x_extent[k] = tape->plans[node->input[k]].extent;
}

/* 1 if node c reads node i. */
static int reads(const struct eng_tape *tape, int c, int i)
{
    const int *input = tape->net->nodes[c].input;
    return tape->plans[c].used && (input[0] == i || input[1] == i);
}

/* The steps of a tape: forward at i, backward at 2 nodes - i; what is kept lives to the end. */
struct life {
    size_t first, last;
};

static size_t end_of(const struct eng_tape *tape)
{
    return 2 * (size_t)tape->net->node_count + 1;
}

/* Of the values at place i: from its node to the last reader of any of them. */
static struct life value_life(const struct eng_tape *tape, int i)
{
    const struct plan *plans = tape->plans;
    const int nodes = tape->net->node_count;
    struct life life = {leaves_slice(tape, i) ? 0 : (size_t)i, (size_t)i};
    for (int j = i; j < nodes; j++) {
        if (!plans[j].used || plans[j].value != i)
            continue;
        if (j == nodes - 1)
            life.last = end_of(tape);
        for (int c = j + 1; c < nodes; c++)
            if (reads(tape, c, j))
                life.last = eng_max(life.last, tape->options.want && plans[c].flags & ENG_OP_KEEPS_X
                                                   ? end_of(tape)
                                                   : (size_t)c);
    }
    return life;
}

/* Of the gradients at place i: from the first that is written to the last that is read; last is 0
 * if there is none. */
static struct life grad_life(const struct eng_tape *tape, int i)
{
    const struct plan *plans = tape->plans;
    const int nodes = tape->net->node_count;
    struct life life = {end_of(tape), 0};
    for (int j = 0; j < nodes; j++) {
        if (!plans[j].used || plans[j].grad != i || !plans[j].reaches)
            continue;
        const size_t back = (size_t)(2 * nodes - j);
        life.first = eng_min(life.first, j == nodes - 1 ? (size_t)nodes : back);
        for (int c = j + 1; c < nodes; c++)
            if (reads(tape, c, j))
                life.first = eng_min(life.first, (size_t)(2 * nodes - c));
        life.last = eng_max(life.last, back);
    }
    return life;
}

static void plan_blocks(struct eng_tape *tape)
{
    const struct eng_net *net = tape->net;
    const size_t end = end_of(tape);
    const int keeps_saved = tape->options.want || /* or for the running averages */
                            tape->options.train_batch_norm;
    size_t scratch = 0;
    for (int i = 0; i < net->node_count; i++) {
        struct plan *p = &tape->plans[i];
        if (!p->used)
            continue;
        const struct eng_op *op = net->nodes[i].op;
        struct eng_pass pass;
        fill_pass(tape, i, images_of(tape, i), &pass);
        const size_t images = leaves_slice(tape, i) ? tape->options.batch : pass.n;
        const size_t bytes = images * eng_extent_count(&p->extent) * sizeof(float);
        const struct life value = value_life(tape, i), grad = grad_life(tape, i);
        if (p->value == i)
            p->value_block = eng_arena_add(&tape->arena, bytes, value.first, value.last);
        if (grad.last)
            p->grad_block = eng_arena_add(&tape->arena, bytes, grad.first, grad.last);
        if (op->saved) /* from 0: an earlier node may fill it on the way */
            p->saved_block = eng_arena_add(&tape->arena, op->saved(&pass),
                                           p->folded ? 0 : (size_t)i,
                                           keeps_saved ? end : (size_t)i);
        if (op->scratch)
            scratch = eng_max(scratch, op->scratch(&pass));
    }
    tape->scratch_block = eng_arena_add(&tape->arena, scratch, 0, end);
}

enum eng_err eng_tape_new(struct eng_tape **out, const struct eng_net *net,
                          const struct eng_exec *exec, const struct eng_tape_options *options,
                          struct eng_why *why)
{
    if (options->batch == 0)
        return eng_fail(why, ENG_ARG, "a batch of no images");
    struct eng_tape *tape = calloc(1, sizeof *tape);
    if (!tape)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    tape->net = net;
    tape->exec = exec;
    tape->options = *options;
    eng_arena_init(&tape->arena);
    tape->plans = calloc((size_t)net->node_count, sizeof *tape->plans);
    enum eng_err err = tape->plans ? plan_extents(tape, why) : ENG_NOMEM;
    if (err == ENG_OK) {
        plan_uses(tape);
        plan_places(tape);
        plan_folds(tape);
        plan_slices(tape);
        plan_blocks(tape);
        err = eng_arena_commit(&tape->arena);
    }
    if (err == ENG_OK) {
        *out = tape;
        return ENG_OK;
    }
    if (err != ENG_SHAPE)
        eng_fail(why, err, "no memory for batches of %zu images of %zux%zu; use smaller batches",
                 options->batch, options->width, options->height);
    eng_tape_free(tape);
    return err;
}

void eng_tape_free(struct eng_tape *tape)
{
    if (!tape)
        return;
    eng_arena_release(&tape->arena);
    free(tape->plans);
    free(tape);
}

size_t eng_tape_bytes(const struct eng_tape *tape)
{
    return tape->arena.bytes;
}

void eng_tape_seed(struct eng_tape *tape, uint64_t seed, uint64_t step)
{
    tape->seed = seed;
    tape->step = step;
}

/* ---- passes --------------------------------------------------------------------------------- */

static float *value_of(const struct eng_tape *tape, int i)
{
    return eng_arena_at(&tape->arena, tape->plans[tape->plans[i].value].value_block);
}

static float *grad_of(const struct eng_tape *tape, int i)
{
    return eng_arena_at(&tape->arena, tape->plans[tape->plans[i].grad].grad_block);
}

static struct eng_pass make_pass(const struct eng_tape *tape, int i, size_t n)
{
    struct eng_pass pass;
    fill_pass(tape, i, n, &pass);
    for (int k = 0; k < 2; k++)
        if (pass.node->input[k] >= 0)
            pass.x[k] = value_of(tape, pass.node->input[k]);
    pass.y = value_of(tape, i);
    pass.pack = &tape->net->packs[i];
    pass.scratch = eng_arena_at(&tape->arena, tape->scratch_block);
    if (pass.node->op->saved)
        pass.saved = eng_arena_at(&tape->arena, tape->plans[i].saved_block);
    return pass;
}

static int prepared(const struct eng_tape *tape)
{
    const struct eng_net *net = tape->net;
    if (!net->packs || net->packed_version != net->version ||
        !eng_exec_same_packs(&net->packed_for, tape->exec))
        return 0;
    switch (net->packed_use) {
    case ENG_FOR_OUTPUT:
        return tape->options.want == ENG_WANT_OUTPUT;
    case ENG_FOR_TRAINING:
        return (tape->options.want & ENG_WANT_PARAMS) != 0;
    default:
        return 1;
    }
}

/* Runs the nodes first to end - 1 for n images, from x if the first is the net's input. The value
 * that leaves a slice goes where that of image `at` is. */
static void forward(const struct eng_tape *tape, int first, int end, const float *x, size_t at,
                    size_t n)
{
    const struct eng_net *net = tape->net;
    for (int i = first; i < end; i++) {
        const struct plan *p = &tape->plans[i];
        if (!p->used || p->folded)
            continue;
        struct eng_pass pass = make_pass(tape, i, n);
        if (i == 0)
            pass.x[0] = x;
        if (leaves_slice(tape, i))
            pass.y += at * eng_extent_count(&p->extent);
        if (p->norm >= 0) {
            const struct eng_pass norm = make_pass(tape, p->norm, n);
            eng_batch_norm_fold(&norm, eng_node_param(net, pass.node, 1), &pass.scale, &pass.shift);
        }
        if (p->residual >= 0)
            pass.residual = value_of(tape, p->residual);
        pass.relu = p->relu >= 0;
        const int relu = pass.node->op == &eng_op_relu ? i : p->relu;
        if (relu >= 0 && tape->options.want)
            pass.bits = eng_arena_at(&tape->arena, tape->plans[relu].saved_block);
        struct eng_rng rng; /* one seed a node: streams within it are the chunks' */
        eng_rng_init(&rng, tape->seed, tape->step * (uint64_t)net->node_count + (uint64_t)i);
        pass.seed = eng_rng_u64(&rng);
        pass.node->op->forward(&pass);
    }
}

enum eng_err eng_tape_forward(struct eng_tape *tape, const float *x, size_t n)
{
    if (n == 0 || n > tape->options.batch)
        return ENG_ARG;
    if (!prepared(tape))
        return ENG_STATE;
    tape->n = n;
    const size_t image = eng_extent_count(&tape->plans[0].extent);
    for (size_t at = 0; tape->cut && at < n; at += tape->slice)
        forward(tape, 0, tape->cut, x + at * image, at, eng_min(tape->slice, n - at));
    forward(tape, tape->cut, tape->net->node_count, x, 0, n);
    return ENG_OK;
}

const float *eng_tape_output(const struct eng_tape *tape)
{
    return value_of(tape, tape->net->node_count - 1);
}

/* Node i's way back, with the gradients of its parameters. Where rows of its weights come one after
 * another, the rest comes before them: the gradient of the input needs the weights as they are. */
static void backward_with_grads(struct eng_pass *pass, int i, struct eng_grads *grads)
{
    const struct eng_net *net = pass->net;
    const struct eng_op *op = pass->node->op;
    const size_t all = net->params[pass->node->param[0]].shape.dim[0];
    const size_t rows = eng_grads_rows(grads, net, i);
    pass->rows = all;
    pass->dparam[0] = rows == all ? eng_grads_open(grads, net, i, 0, 0, all) : NULL;
    pass->dparam[1] = eng_grads_open(grads, net, i, 1, 0, all);
    op->backward(pass);
    eng_grads_close(grads, net, i, 1, 0, all);
    if (rows == all) {
        eng_grads_close(grads, net, i, 0, 0, all);
        return;
    }
    pass->dx[0] = pass->dx[1] = NULL;
    pass->dparam[1] = NULL;
    for (pass->row = 0; pass->row < all; pass->row += rows) {
        pass->rows = eng_min(rows, all - pass->row);
        pass->dparam[0] = eng_grads_open(grads, net, i, 0, pass->row, pass->rows);
        op->backward(pass);
        eng_grads_close(grads, net, i, 0, pass->row, pass->rows);
    }
}

enum eng_err eng_tape_backward(struct eng_tape *tape, const float *seed, enum eng_relu_rule rule,
                               float *dx, struct eng_grads *grads)
{
    const struct eng_net *net = tape->net;
    const int top = net->node_count - 1;
    if (tape->n == 0 || !prepared(tape) || (dx && !(tape->options.want & ENG_WANT_INPUT)) ||
        (grads && !(tape->options.want & ENG_WANT_PARAMS)) || !tape->options.want)
        return ENG_STATE;
    if (tape->plans[top].reaches)
        memcpy(grad_of(tape, top), seed, tape->n * net->nodes[top].out * sizeof *seed);
    for (int i = top; i >= 0; i--) {
        const struct plan *p = &tape->plans[i];
        if (!p->used || !p->reaches || (i == 0 && !dx))
            continue;
        struct eng_pass pass = make_pass(tape, i, tape->n);
        pass.rule = rule;
        pass.dy = grad_of(tape, i);
        for (int k = 0; k < 2; k++) {
            const int x = pass.node->input[k];
            if (x < 0 || !tape->plans[x].reaches)
                continue;
            if (x == 0 && !dx)
                continue;
            pass.dx[k] = grad_of(tape, x);
            pass.add[k] = p->add[k];
        }
        if (i == 0)
            pass.dx[0] = dx;
        if (grads && pass.node->param[0] >= 0)
            backward_with_grads(&pass, i, grads);
        else
            pass.node->op->backward(&pass);
    }
    return ENG_OK;
}

enum eng_err eng_tape_update_running(const struct eng_tape *tape, struct eng_net *net)
{
    if (net != tape->net || !tape->options.train_batch_norm || tape->n == 0)
        return ENG_STATE;
    for (int i = 0; i < net->node_count; i++) {
        const struct eng_node *node = &net->nodes[i];
        if (node->op != &eng_op_batch_norm || !tape->plans[i].used)
            continue;
        const struct eng_pass pass = make_pass(tape, i, tape->n);
        eng_batch_norm_update(&pass, net->params[node->running[0]].value,
                              net->params[node->running[1]].value);
    }
    net->batches_tracked++;
    eng_net_changed(net);
    return ENG_OK;
}
