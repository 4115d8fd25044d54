#include "engine/plan.h"

#include "engine/sizes.h"

#include <stdlib.h>

enum {
    SLICE_BYTES = 32 << 20,    /* of the largest value, about, where a forward pass is cut */
    ROOM = 64 * sizeof(float), /* times a value's numbers: must fit a size_t */
};

static enum eng_err plan_extents(struct eng_plan *plan, struct eng_why *why)
{
    const struct eng_net *net = plan->net;
    for (int i = 0; i < net->node_count; i++) {
        const struct eng_node *node = &net->nodes[i];
        struct eng_extent x[2] = {{plan->options.height, plan->options.width, 0}, {0, 0, 0}};
        for (int k = 0; k < 2; k++)
            if (node->input[k] >= 0)
                x[k] = plan->nodes[node->input[k]].extent;
        struct eng_extent *y = &plan->nodes[i].extent;
        if (!node->op->extent(node, x, y) || eng_extent_count(y) == 0 ||
            eng_extent_count(y) == (size_t)-1)
            return eng_fail(why, ENG_SHAPE,
                            "images of %zux%zu do not fit this net (its %s layer cannot take "
                            "%zux%zu with %zu channels); give another size",
                            plan->options.width, plan->options.height, node->op->name, x[0].w,
                            x[0].h, x[0].c);
        /* What operators compute from these sizes, such as padded copies, then fits, too. */
        if (eng_product(eng_product(plan->options.batch, eng_extent_count(y)), ROOM) == (size_t)-1)
            return ENG_TOOBIG; /* eng_tape_new has the sentence */
    }
    const struct eng_extent *y = &plan->nodes[net->node_count - 1].extent;
    if (y->h != 1 || y->w != 1)
        return eng_fail(why, ENG_SHAPE, "the net ends in a map of %zux%zu, not in a row of outputs",
                        y->w, y->h);
    return ENG_OK;
}

static void plan_uses(struct eng_plan *plan)
{
    const struct eng_net *net = plan->net;
    const struct eng_tape_options *o = &plan->options;
    struct eng_node_plan *plans = plan->nodes;
    plans[net->node_count - 1].used = 1;
    for (int i = net->node_count - 1; i >= 0; i--) {
        struct eng_node_plan *p = &plans[i];
        const struct eng_node *node = &net->nodes[i];
        p->flags = node->op->flags(node, o->train_batch_norm, o->dropout, o->want);
        p->value = p->grad = i;
        p->norm = p->residual = p->relu = -1;
        if (!p->used)
            continue;
        for (int k = 1; k >= 0; k--) { /* in the order in which backward writes gradients */
            if (node->input[k] < 0)
                continue;
            struct eng_node_plan *x = &plans[node->input[k]];
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

static void plan_places(struct eng_plan *plan)
{
    const struct eng_net *net = plan->net;
    struct eng_node_plan *plans = plan->nodes;
    for (int i = 1; i < net->node_count; i++) {
        struct eng_node_plan *p = &plans[i];
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
static int next_in_place(const struct eng_plan *plan, int i, const struct eng_op *op)
{
    const struct eng_node_plan *p = &plan->nodes[i];
    if (p->uses != 1 || plan->net->nodes[p->consumer].op != op ||
        plan->nodes[p->consumer].value != p->value)
        return -1;
    return p->consumer;
}

static void plan_folds(struct eng_plan *plan)
{
    const struct eng_net *net = plan->net;
    struct eng_node_plan *plans = plan->nodes;
    for (int i = 1; i < net->node_count; i++) {
        const struct eng_op *op = net->nodes[i].op;
        if (!plans[i].used || plans[i].folded ||
            (op != &eng_op_conv2d && op != &eng_op_batch_norm && op != &eng_op_add))
            continue;
        int at = i, next;
        if (op == &eng_op_conv2d) {
            if (!plan->options.train_batch_norm &&
                (next = next_in_place(plan, at, &eng_op_batch_norm)) >= 0) {
                plans[i].norm = at = next;
                plans[next].folded = 1;
            }
            if ((next = next_in_place(plan, at, &eng_op_add)) >= 0 &&
                net->nodes[next].input[0] == at && net->nodes[next].input[1] < i) {
                plans[i].residual = net->nodes[next].input[1];
                at = next;
                plans[next].folded = 1;
            }
        }
        if ((next = next_in_place(plan, at, &eng_op_relu)) >= 0) {
            plans[i].relu = next;
            plans[next].folded = 1;
        }
    }
}

/* 1 if of all values before node `cut` only the last is read from there on, and from there on none
 * is written to their places. */
static int can_cut(const struct eng_plan *plan, int cut)
{
    const struct eng_node_plan *plans = plan->nodes;
    if (!plans[cut - 1].used || plans[cut - 1].folded || plans[cut - 1].value != cut - 1)
        return 0;
    for (int i = cut; i < plan->net->node_count; i++) {
        const int *input = plan->net->nodes[i].input;
        if (plans[i].used &&
            (plans[i].value < cut || input[0] < cut - 1 || (input[1] >= 0 && input[1] < cut - 1)))
            return 0;
    }
    return 1;
}

/* If only outputs are wanted, the first layers, whose maps are large, can run for a few images
 * after the others: of their values only the last is kept for all images. */
static void plan_slices(struct eng_plan *plan)
{
    const struct eng_tape_options *o = &plan->options;
    const int nodes = plan->net->node_count;
    size_t largest = 0;
    int cut = 0;
    plan->slice = o->batch;
    if (o->want || o->train_batch_norm || o->dropout)
        return;
    for (int i = 0; i < nodes; i++) {
        const size_t numbers = eng_product(o->batch, eng_extent_count(&plan->nodes[i].extent));
        if (numbers <= SLICE_BYTES / sizeof(float))
            continue;
        largest = eng_max(largest, numbers);
        cut = i + 1;
    }
    while (cut && cut < nodes && !can_cut(plan, cut))
        cut++;
    if (cut == 0 || cut == nodes)
        return;
    plan->cut = cut;
    plan->slice = eng_ceil_div(o->batch, eng_ceil_div(largest, SLICE_BYTES / sizeof(float)));
}

/* Images that node i runs for at once. */
static size_t images_of(const struct eng_plan *plan, int i)
{
    return i < plan->cut ? plan->slice : plan->options.batch;
}

int eng_plan_leaves_slice(const struct eng_plan *plan, int i)
{
    return i == plan->cut - 1;
}

struct eng_pass eng_plan_pass(const struct eng_plan *plan, int i, size_t n)
{
    const struct eng_net *net = plan->net;
    const struct eng_node *node = &net->nodes[i];
    struct eng_pass pass = {.exec = plan->exec,
                            .net = net,
                            .node = node,
                            .n = n,
                            .want = plan->options.want,
                            .y_extent = plan->nodes[i].extent,
                            .train_batch_norm = plan->options.train_batch_norm,
                            .dropout = plan->options.dropout};
    for (int k = 0; k < 2; k++)
        if (node->input[k] >= 0)
            pass.x_extent[k] = plan->nodes[node->input[k]].extent;
    return pass;
}

/* 1 if node c reads node i. */
static int reads(const struct eng_plan *plan, int c, int i)
{
    const int *input = plan->net->nodes[c].input;
    return plan->nodes[c].used && (input[0] == i || input[1] == i);
}

/* The steps of a tape: forward at i, backward at 2 nodes - i. */
struct life {
    size_t first, last;
};

static size_t back_of(const struct eng_plan *plan, int i)
{
    return 2 * (size_t)plan->net->node_count - (size_t)i;
}

static size_t end_of(const struct eng_plan *plan)
{
    return back_of(plan, 0) + 1;
}

/* The last step of what is kept for node i's way back: further passes back may want it, too. */
static size_t kept_to(const struct eng_plan *plan, int i)
{
    return plan->options.want & ENG_WANT_ONCE ? back_of(plan, i) : end_of(plan);
}

/* Of the values at place i: from its node to the last reader of any of them. */
static struct life value_life(const struct eng_plan *plan, int i)
{
    const struct eng_node_plan *plans = plan->nodes;
    const int nodes = plan->net->node_count;
    struct life life = {eng_plan_leaves_slice(plan, i) ? 0 : (size_t)i, (size_t)i};
    for (int j = i; j < nodes; j++) {
        if (!plans[j].used || plans[j].value != i)
            continue;
        if (j == nodes - 1)
            life.last = end_of(plan);
        for (int c = j + 1; c < nodes; c++)
            if (reads(plan, c, j))
                life.last = eng_max(life.last, plan->options.want && plans[c].flags & ENG_OP_KEEPS_X
                                                   ? kept_to(plan, c)
                                                   : (size_t)c);
    }
    return life;
}

/* Of the gradients at place i: from the first that is written to the last that is read; last is 0
 * if there is none. */
static struct life grad_life(const struct eng_plan *plan, int i)
{
    const struct eng_node_plan *plans = plan->nodes;
    const int nodes = plan->net->node_count;
    struct life life = {end_of(plan), 0};
    for (int j = 0; j < nodes; j++) {
        if (!plans[j].used || plans[j].grad != i || !plans[j].reaches)
            continue;
        life.first = eng_min(life.first, j == nodes - 1 ? (size_t)nodes : back_of(plan, j));
        for (int c = j + 1; c < nodes; c++)
            if (reads(plan, c, j))
                life.first = eng_min(life.first, back_of(plan, c));
        life.last = eng_max(life.last, back_of(plan, j));
    }
    return life;
}

/* The last step of what node i's operator saves. */
static size_t saved_last(const struct eng_plan *plan, int i)
{
    if (plan->options.train_batch_norm && plan->net->nodes[i].op == &eng_op_batch_norm)
        return end_of(plan); /* for the running averages */
    return plan->options.want ? kept_to(plan, i) : (size_t)i;
}

static void plan_blocks(struct eng_plan *plan, struct eng_arena *arena)
{
    const struct eng_net *net = plan->net;
    size_t scratch = 0;
    for (int i = 0; i < net->node_count; i++) {
        struct eng_node_plan *p = &plan->nodes[i];
        if (!p->used)
            continue;
        const struct eng_op *op = net->nodes[i].op;
        const struct eng_pass pass = eng_plan_pass(plan, i, images_of(plan, i));
        const size_t images = eng_plan_leaves_slice(plan, i) ? plan->options.batch : pass.n;
        const size_t bytes = images * eng_extent_count(&p->extent) * sizeof(float);
        const struct life value = value_life(plan, i), grad = grad_life(plan, i);
        if (p->value == i)
            p->value_block = eng_arena_add(arena, bytes, value.first, value.last);
        if (grad.last)
            p->grad_block = eng_arena_add(arena, bytes, grad.first, grad.last);
        if (op->saved) /* from 0: an earlier node may fill it on the way */
            p->saved_block = eng_arena_add(arena, op->saved(&pass), p->folded ? 0 : (size_t)i,
                                           saved_last(plan, i));
        if (op->scratch)
            scratch = eng_max(scratch, op->scratch(&pass));
    }
    plan->scratch_block = eng_arena_add(arena, scratch, 0, end_of(plan));
}

enum eng_err eng_plan_init(struct eng_plan *plan, const struct eng_net *net,
                           const struct eng_exec *exec, const struct eng_tape_options *options,
                           struct eng_arena *arena, struct eng_why *why)
{
    *plan = (struct eng_plan){.net = net, .exec = exec, .options = *options};
    plan->nodes = calloc((size_t)net->node_count, sizeof *plan->nodes);
    if (!plan->nodes)
        return ENG_NOMEM;
    ENG_TRY(plan_extents(plan, why));
    plan_uses(plan);
    plan_places(plan);
    plan_folds(plan);
    plan_slices(plan);
    plan_blocks(plan, arena);
    return ENG_OK;
}

void eng_plan_release(struct eng_plan *plan)
{
    free(plan->nodes);
    plan->nodes = NULL;
}
