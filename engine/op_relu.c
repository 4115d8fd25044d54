/* ReLU: y = max(0, x). What its gradient lets pass is the caller's choice of rule
 * (enum eng_relu_rule): that, and nothing else, tells Deconvolution and Guided Backpropagation
 * from the plain gradient. All rules need no more than one bit of each output, whether it is
 * positive; so outputs need not be kept for the way back, and x may be overwritten. */
#include "engine/op.h"

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

static size_t rows_of(const struct eng_pass *pass)
{
    return pass->n * pass->y_extent.h * pass->y_extent.w;
}

static void forward_task(void *context, size_t first, size_t count, size_t i)
{
    (void)i;
    const struct eng_pass *pass = context;
    const size_t c = pass->y_extent.c;
    pass->exec->vec->affine(pass->y + first * c, c, pass->x[0] + first * c, c, NULL, 0, NULL, NULL,
                            count, c, 1);
    eng_op_relu_bits(pass, first, count, 0, c);
}

static void forward(const struct eng_pass *pass)
{
    eng_op_split(pass->exec, rows_of(pass), eng_op_chunk(pass->y_extent.c), forward_task,
                 (void *)pass);
}

static void backward_task(void *context, size_t first, size_t count, size_t i)
{
    (void)i;
    const struct eng_pass *pass = context;
    const size_t c = pass->y_extent.c, step = eng_op_bits_row(c);
    const uint8_t *bits = (const uint8_t *)pass->saved + first * step;
    const size_t rows = c % 8 ? count : 1, length = c % 8 ? c : count * c;
    for (size_t r = 0; r < rows; r++)
        pass->exec->vec->relu_grad(pass->dx[0] + first * c + r * length,
                                   pass->dy + first * c + r * length, bits + r * step, length,
                                   pass->rule, pass->add[0]);
}

static void backward(const struct eng_pass *pass)
{
    if (pass->dx[0])
        eng_op_split(pass->exec, rows_of(pass), eng_op_chunk(pass->y_extent.c), backward_task,
                     (void *)pass);
}

static size_t saved(const struct eng_pass *pass)
{
    return pass->want ? eng_product(rows_of(pass), eng_op_bits_row(pass->y_extent.c)) : 0;
}

const struct eng_op eng_op_relu = {.name = "relu",
                                   .extent = extent,
                                   .flags = flags,
                                   .saved = saved,
                                   .forward = forward,
                                   .backward = backward};
