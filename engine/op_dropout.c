/* Dropout (inverted): in training each number is zeroed with probability p, the others divided by
 * 1 - p; otherwise nothing happens. The mask is drawn chunk by chunk, each from its own random
 * stream of the node's seed, so that it does not depend on threads. */
#include "engine/op.h"

#include <string.h>

enum { CHUNK = 4096 };

static int extent(const struct eng_node *node, const struct eng_extent x[2], struct eng_extent *y)
{
    (void)node;
    *y = x[0];
    return 1;
}

static unsigned flags(const struct eng_node *node, int train_batch_norm, int dropout, unsigned want)
{
    (void)node, (void)train_batch_norm, (void)dropout, (void)want;
    return ENG_OP_FORWARD_IN_PLACE | ENG_OP_BACKWARD_IN_PLACE;
}

static void forward_task(void *context, size_t first, size_t count, size_t index)
{
    const struct eng_pass *pass = context;
    const float p = pass->node->p, scale = p < 1.0f ? 1.0f / (1.0f - p) : 0.0f;
    uint8_t *keep = (uint8_t *)pass->saved + first;
    struct eng_rng rng;
    eng_rng_init(&rng, pass->seed, index);
    for (size_t i = 0; i < count; i++) {
        keep[i] = eng_rng_uniform(&rng) >= p;
        pass->y[first + i] = keep[i] ? pass->x[0][first + i] * scale : 0.0f;
    }
}

static void forward(const struct eng_pass *pass)
{
    const size_t count = pass->n * eng_extent_count(&pass->y_extent);
    if (pass->dropout)
        eng_op_split(pass->exec, count, CHUNK, forward_task, (void *)pass);
    else if (pass->y != pass->x[0])
        memcpy(pass->y, pass->x[0], count * sizeof *pass->y);
}

static void backward(const struct eng_pass *pass)
{
    const float p = pass->node->p, scale = p < 1.0f ? 1.0f / (1.0f - p) : 0.0f;
    const size_t count = pass->n * eng_extent_count(&pass->y_extent);
    const uint8_t *keep = pass->saved;
    float *dx = pass->dx[0];
    if (!dx)
        return;
    for (size_t i = 0; i < count; i++) {
        const float g = !pass->dropout ? pass->dy[i] : keep[i] ? pass->dy[i] * scale : 0.0f;
        dx[i] = pass->add[0] ? dx[i] + g : g;
    }
}

static size_t saved(const struct eng_pass *pass)
{
    return pass->dropout ? eng_product(pass->n, eng_extent_count(&pass->y_extent)) : 0;
}

const struct eng_op eng_op_dropout = {.name = "dropout",
                                      .extent = extent,
                                      .flags = flags,
                                      .saved = saved,
                                      .forward = forward,
                                      .backward = backward};
