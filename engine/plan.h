/* What a tape runs, where it keeps what, and for how long: made from a net and a tape's options
 * before any memory is asked for. For tape.c.
 *
 * Steps of the tape: node i of n runs forward at step i, backward at 2 n - i. Nodes that write over
 * their input share its place; so do gradients. A chain conv - norm - add - relu on one place is
 * run by its first node alone, on the way out. What a way back reads lives to the end, for any
 * number of them, or to the step that reads it, if there is one.
 *
 * Where only outputs are wanted, the nodes before `cut`, whose maps are large, run for `slice`
 * images after the others; of their values only the last is kept for all images.
 */
#ifndef ENG_PLAN_H
#define ENG_PLAN_H

#include "engine/arena.h"
#include "engine/op.h"
#include "engine/tape.h"

struct eng_node_plan {
    struct eng_extent extent;
    unsigned flags;
    int used;           /* leads to the output */
    int reaches;        /* something under it wants a gradient */
    int consumer, uses; /* the only consumer (if uses == 1), number of uses */
    int value, grad;    /* node whose block holds this one's value, gradient */
    int norm, residual; /* nodes that this one runs on the way, -1: none */
    int relu, folded;   /* the ReLU that it runs, -1: none; is itself run by an earlier node */
    int add[2];         /* dx of input k is added to: a later node wrote it before */
    size_t value_block, grad_block, saved_block; /* in the arena */
};

struct eng_plan {
    const struct eng_net *net; /* borrowed, as is exec */
    const struct eng_exec *exec;
    struct eng_tape_options options;
    struct eng_node_plan *nodes; /* [net->node_count] */
    size_t scratch_block;
    int cut; /* nodes before this one run for `slice` images at a time; 0: all for all */
    size_t slice;
};

/* Plans, and adds to the arena the blocks that the plan wants. ENG_SHAPE, with the reason, if
 * images of this size do not fit the net; ENG_NOMEM; ENG_TOOBIG if a value's size does not fit a
 * size_t. To be released after a failure, too. */
enum eng_err eng_plan_init(struct eng_plan *plan, const struct eng_net *net,
                           const struct eng_exec *exec, const struct eng_tape_options *options,
                           struct eng_arena *arena, struct eng_why *why);
void eng_plan_release(struct eng_plan *plan);

/* 1 if node i runs in slices, but its value is kept for all images. */
int eng_plan_leaves_slice(const struct eng_plan *plan, int i);

/* The pass of node i for n images, with extents and options, but without addresses. */
struct eng_pass eng_plan_pass(const struct eng_plan *plan, int i, size_t n);

#endif
