#include "engine/tape.h"

#include "engine/arena.h"
#include "engine/op.h"
#include "engine/plan.h"
#include "engine/sizes.h"

#include <stdlib.h>
#include <string.h>

struct eng_tape {
    struct eng_plan plan;
    struct eng_arena arena;
    size_t n;  /* images of the last forward pass, 0: none yet */
    int spent; /* a pass back has overwritten what that one kept */
    uint64_t seed, step;
};

enum eng_err eng_tape_new(struct eng_tape **out, const struct eng_net *net,
                          const struct eng_exec *exec, const struct eng_tape_options *options,
                          struct eng_why *why)
{
    if (options->batch == 0)
        return eng_fail(why, ENG_ARG, "a batch of no images");
    struct eng_tape *tape = calloc(1, sizeof *tape);
    if (!tape)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    eng_arena_init(&tape->arena);
    enum eng_err err = eng_plan_init(&tape->plan, net, exec, options, &tape->arena, why);
    if (err == ENG_OK)
        err = eng_arena_commit(&tape->arena);
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

enum eng_err eng_tape_new_within(struct eng_tape **out, const struct eng_net *net,
                                 const struct eng_exec *exec, struct eng_tape_options *options,
                                 size_t memory, struct eng_why *why)
{
    for (;; options->batch = eng_ceil_div(options->batch, 2)) {
        const enum eng_err err = eng_tape_new(out, net, exec, options, why);
        if (options->batch <= 1 || (err != ENG_OK && err != ENG_NOMEM && err != ENG_TOOBIG))
            return err;
        if (err == ENG_OK && eng_tape_bytes(*out) <= memory)
            return ENG_OK;
        if (err == ENG_OK)
            eng_tape_free(*out);
    }
}

void eng_tape_free(struct eng_tape *tape)
{
    if (!tape)
        return;
    eng_arena_release(&tape->arena);
    eng_plan_release(&tape->plan);
    free(tape);
}

enum eng_err eng_tape_use(struct eng_tape *tape, const struct eng_net *net)
{
    if (!eng_net_alike(tape->plan.net, net))
        return ENG_MISMATCH;
    tape->plan.net = net;
    tape->n = 0;
    return ENG_OK;
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

static float *value_of(const struct eng_tape *tape, int i)
{
    return eng_arena_at(&tape->arena, tape->plan.nodes[tape->plan.nodes[i].value].value_block);
}

static float *grad_of(const struct eng_tape *tape, int i)
{
    return eng_arena_at(&tape->arena, tape->plan.nodes[tape->plan.nodes[i].grad].grad_block);
}

static struct eng_pass make_pass(const struct eng_tape *tape, int i, size_t n)
{
    struct eng_pass pass = eng_plan_pass(&tape->plan, i, n);
    for (int k = 0; k < 2; k++)
        if (pass.node->input[k] >= 0)
            pass.x[k] = value_of(tape, pass.node->input[k]);
    pass.y = value_of(tape, i);
    pass.pack = &tape->plan.net->packs[i];
    pass.scratch = eng_arena_at(&tape->arena, tape->plan.scratch_block);
    if (pass.node->op->saved)
        pass.saved = eng_arena_at(&tape->arena, tape->plan.nodes[i].saved_block);
    return pass;
}

static int prepared(const struct eng_tape *tape)
{
    const struct eng_net *net = tape->plan.net;
    if (!net->packs || net->packed_version != net->version ||
        !eng_exec_same_packs(&net->packed_for, tape->plan.exec))
        return 0;
    switch (net->packed_use) {
    case ENG_FOR_OUTPUT:
        return tape->plan.options.want == ENG_WANT_OUTPUT;
    case ENG_FOR_TRAINING:
        return (tape->plan.options.want & ENG_WANT_PARAMS) != 0;
    default:
        return 1;
    }
}

/* Runs the nodes first to end - 1 for n images, from x if the first is the net's input. The value
 * that leaves a slice goes where that of image `at` is. */
static void forward(const struct eng_tape *tape, int first, int end, const float *x, size_t at,
                    size_t n)
{
    const struct eng_net *net = tape->plan.net;
    for (int i = first; i < end; i++) {
        const struct eng_node_plan *p = &tape->plan.nodes[i];
        if (!p->used || p->folded)
            continue;
        struct eng_pass pass = make_pass(tape, i, n);
        if (i == 0)
            pass.x[0] = x;
        if (eng_plan_leaves_slice(&tape->plan, i))
            pass.y += at * eng_extent_count(&p->extent);
        if (p->norm >= 0) {
            const struct eng_pass norm = make_pass(tape, p->norm, n);
            eng_batch_norm_fold(&norm, eng_node_param(net, pass.node, 1), &pass.scale, &pass.shift);
        }
        if (p->residual >= 0)
            pass.residual = value_of(tape, p->residual);
        pass.relu = p->relu >= 0;
        const int relu = pass.node->op == &eng_op_relu ? i : p->relu;
        if (relu >= 0 && tape->plan.options.want)
            pass.bits = eng_arena_at(&tape->arena, tape->plan.nodes[relu].saved_block);
        struct eng_rng rng; /* one seed a node: streams within it are the chunks' */
        eng_rng_init(&rng, tape->seed, tape->step * (uint64_t)net->node_count + (uint64_t)i);
        pass.seed = eng_rng_u64(&rng);
        pass.node->op->forward(&pass);
    }
}

enum eng_err eng_tape_forward(struct eng_tape *tape, const float *x, size_t n)
{
    if (n == 0 || n > tape->plan.options.batch)
        return ENG_ARG;
    if (!prepared(tape))
        return ENG_STATE;
    tape->n = n;
    tape->spent = 0;
    const size_t image = eng_extent_count(&tape->plan.nodes[0].extent);
    for (size_t at = 0; tape->plan.cut && at < n; at += tape->plan.slice)
        forward(tape, 0, tape->plan.cut, x + at * image, at, eng_min(tape->plan.slice, n - at));
    forward(tape, tape->plan.cut, tape->plan.net->node_count, x, 0, n);
    return ENG_OK;
}

const float *eng_tape_output(const struct eng_tape *tape)
{
    return value_of(tape, tape->plan.net->node_count - 1);
}

/* Node i's way back, with the gradients of its parameters. */
static void backward_with_grads(struct eng_pass *pass, int i, struct eng_grads *grads)
{
    const struct eng_op *op = pass->node->op;
    pass->taker = op->streams_weights ? eng_grads_taker(grads) : NULL;
    for (int which = 0; which < 2; which++)
        pass->dparam[which] = eng_grads_open(grads, pass->net, i, which);
    op->backward(pass);
    for (int which = 0; which < 2; which++)
        eng_grads_close(grads, pass->exec, pass->net, i, which);
}

enum eng_err eng_tape_backward(struct eng_tape *tape, const float *seed, enum eng_relu_rule rule,
                               float *dx, struct eng_grads *grads)
{
    const struct eng_net *net = tape->plan.net;
    const int top = net->node_count - 1;
    if (tape->n == 0 || tape->spent || !prepared(tape) ||
        (dx && !(tape->plan.options.want & ENG_WANT_INPUT)) ||
        (grads && !(tape->plan.options.want & ENG_WANT_PARAMS)) || !tape->plan.options.want)
        return ENG_STATE;
    tape->spent = (tape->plan.options.want & ENG_WANT_ONCE) != 0;
    if (tape->plan.nodes[top].reaches)
        memcpy(grad_of(tape, top), seed, tape->n * net->nodes[top].out * sizeof *seed);
    for (int i = top; i >= 0; i--) {
        const struct eng_node_plan *p = &tape->plan.nodes[i];
        if (!p->used || !p->reaches || (i == 0 && !dx))
            continue;
        struct eng_pass pass = make_pass(tape, i, tape->n);
        pass.rule = rule;
        pass.dy = grad_of(tape, i);
        for (int k = 0; k < 2; k++) {
            const int x = pass.node->input[k];
            if (x < 0 || !tape->plan.nodes[x].reaches)
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
    if (net != tape->plan.net || !tape->plan.options.train_batch_norm || tape->n == 0)
        return ENG_STATE;
    for (int i = 0; i < net->node_count; i++) {
        const struct eng_node *node = &net->nodes[i];
        if (node->op != &eng_op_batch_norm || !tape->plan.nodes[i].used)
            continue;
        const struct eng_pass pass = make_pass(tape, i, tape->n);
        eng_batch_norm_update(&pass, net->params[node->running[0]].value,
                              net->params[node->running[1]].value);
    }
    net->batches_tracked++;
    eng_net_changed(net);
    return ENG_OK;
}
