/* Sum of two nodes, the residual connection: y = a + b, da = dy, db = dy. */
#include "engine/op.h"

#include <string.h>

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
    const size_t c = pass->y_extent.c, at = first * c;
    pass->exec->vec->affine(pass->y + at, c, pass->x[0] + at, c, pass->x[1] + at, c, NULL, NULL,
                            count, c, pass->relu);
    eng_op_relu_bits(pass, first, count, 0, c);
}

static void split(const struct eng_pass *pass,
                  void (*task)(void *context, size_t first, size_t count, size_t i))
{
    eng_op_split(pass->exec, pass->n * pass->y_extent.h * pass->y_extent.w,
                 eng_op_chunk(pass->y_extent.c), task, (void *)pass);
}

static void forward(const struct eng_pass *pass)
{
    split(pass, forward_task);
}

static void backward_task(void *context, size_t first, size_t count, size_t i)
{
    (void)i;
    const struct eng_pass *pass = context;
    const size_t c = pass->y_extent.c;
    const float *dy = pass->dy + first * c;
    /* The second input first: the first may share its memory with dy. */
    for (int k = 1; k >= 0; k--) {
        float *dx = pass->dx[k] ? pass->dx[k] + first * c : NULL;
        if (!dx || dx == dy)
            continue;
        if (pass->add[k])
            pass->exec->vec->accumulate(dx, dy, count * c);
        else
            memcpy(dx, dy, count * c * sizeof *dx);
    }
}

static void backward(const struct eng_pass *pass)
{
    split(pass, backward_task);
}

const struct eng_op eng_op_add = {
    .name = "add", .extent = extent, .flags = flags, .forward = forward, .backward = backward};
