/* Sum of two nodes, the residual connection: y = a + b, da = dy, db = dy. */
#include "engine/op.h"

#include <string.h>

enum { CHUNK = 8192 };

static int extent(const struct eng_node *node, const struct eng_extent x[2], struct eng_extent *y)
{
    (void)node;
    *y = x[0];
    return x[0].h == x[1].h && x[0].w == x[1].w && x[0].c == x[1].c;
}

static unsigned flags(const struct eng_node *node, int train_batch_norm, int dropout, unsigned want)
{
    (void)node, (void)train_batch_norm, (void)dropout, (void)want;
    return ENG_OP_FORWARD_IN_PLACE | ENG_OP_BACKWARD_IN_PLACE;
}

static void forward_task(void *context, size_t first, size_t count, size_t i)
{
    (void)i;
    const struct eng_pass *pass = context;
    pass->exec->vec->affine(pass->y + first, 0, pass->x[0] + first, 0, pass->x[1] + first, 0, NULL,
                            NULL, 1, count, pass->relu);
}

static void forward(const struct eng_pass *pass)
{
    eng_op_split(pass->exec, pass->n * eng_extent_count(&pass->y_extent), CHUNK, forward_task,
                 (void *)pass);
}

static void backward_task(void *context, size_t first, size_t count, size_t i)
{
    (void)i;
    const struct eng_pass *pass = context;
    /* The second input first: the first may share its memory with dy. */
    for (int k = 1; k >= 0; k--) {
        float *dx = pass->dx[k] ? pass->dx[k] + first : NULL;
        if (!dx || dx == pass->dy + first)
            continue;
        if (pass->add[k])
            pass->exec->vec->accumulate(dx, pass->dy + first, count);
        else
            memcpy(dx, pass->dy + first, count * sizeof *dx);
    }
}

static void backward(const struct eng_pass *pass)
{
    eng_op_split(pass->exec, pass->n * eng_extent_count(&pass->y_extent), CHUNK, backward_task,
                 (void *)pass);
}

const struct eng_op eng_op_add = {
    .name = "add", .extent = extent, .flags = flags, .forward = forward, .backward = backward};
