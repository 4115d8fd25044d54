/* ReLU: y = max(0, x). What its gradient lets pass is the caller's choice of rule
 * (enum eng_relu_rule): that, and nothing else, tells Deconvolution and Guided Backpropagation
 * from the plain gradient. All rules need only the sign of the output, so x may be overwritten. */
#include "engine/op.h"

enum { CHUNK = 8192 };

static int extent(const struct eng_node *node, const struct eng_extent x[2], struct eng_extent *y)
{
    (void)node;
    *y = x[0];
    return 1;
}

static unsigned flags(const struct eng_node *node, int train_batch_norm, int dropout, unsigned want)
{
    (void)node, (void)train_batch_norm, (void)dropout;
    return (want ? ENG_OP_KEEPS_Y : 0) | ENG_OP_FORWARD_IN_PLACE | ENG_OP_BACKWARD_IN_PLACE;
}

static void forward_task(void *context, size_t first, size_t count, size_t i)
{
    (void)i;
    const struct eng_pass *pass = context;
    pass->exec->vec->affine(pass->y + first, 0, pass->x[0] + first, 0, NULL, 0, NULL, NULL, 1,
                            count, 1);
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
    float *dx = pass->dx[0] + first;
    if (!pass->add[0]) {
        pass->exec->vec->relu_grad(dx, pass->dy + first, pass->y + first, count, pass->rule);
        return;
    }
    float part[CHUNK];
    pass->exec->vec->relu_grad(part, pass->dy + first, pass->y + first, count, pass->rule);
    pass->exec->vec->accumulate(dx, part, count);
}

static void backward(const struct eng_pass *pass)
{
    if (pass->dx[0])
        eng_op_split(pass->exec, pass->n * eng_extent_count(&pass->y_extent), CHUNK, backward_task,
                     (void *)pass);
}

const struct eng_op eng_op_relu = {
    .name = "relu", .extent = extent, .flags = flags, .forward = forward, .backward = backward};
