/* Flatten: [h][w][c] to h*w*c features in PyTorch's order, channel by channel, so that the weights
 * of the layer behind it can stay as PyTorch has them. */
#include "engine/op.h"

static int extent(const struct eng_node *node, const struct eng_extent x[2], struct eng_extent *y)
{
    (void)node;
    *y = (struct eng_extent){1, 1, eng_extent_count(&x[0])};
    return y->c != (size_t)-1;
}

static unsigned flags(const struct eng_node *node, int train_batch_norm, int dropout, unsigned want)
{
    (void)node, (void)train_batch_norm, (void)dropout, (void)want;
    return 0;
}

static void forward(const struct eng_pass *pass)
{
    const struct eng_extent *x = &pass->x_extent[0];
    const size_t area = x->h * x->w;
    const float *src = pass->x[0];
    float *dst = pass->y;
    for (size_t n = 0; n < pass->n; n++, src += area * x->c, dst += area * x->c)
        for (size_t i = 0; i < area; i++)
            for (size_t c = 0; c < x->c; c++)
                dst[c * area + i] = src[i * x->c + c];
}

static void backward(const struct eng_pass *pass)
{
    const struct eng_extent *x = &pass->x_extent[0];
    const size_t area = x->h * x->w;
    const float *src = pass->dy;
    float *dst = pass->dx[0];
    if (!dst)
        return;
    for (size_t n = 0; n < pass->n; n++, src += area * x->c, dst += area * x->c)
        for (size_t i = 0; i < area; i++)
            for (size_t c = 0; c < x->c; c++) {
                const float g = src[c * area + i];
                dst[i * x->c + c] = pass->add[0] ? dst[i * x->c + c] + g : g;
            }
}

const struct eng_op eng_op_flatten = {
    .name = "flatten", .extent = extent, .flags = flags, .forward = forward, .backward = backward};
