/* The input node: its value is the image, turned from PyTorch's order to channels last and back. */
#include "engine/op.h"

static int extent(const struct eng_node *node, const struct eng_extent x[2], struct eng_extent *y)
{
    *y = (struct eng_extent){x[0].h, x[0].w, node->out};
    return 1;
}

static unsigned flags(const struct eng_node *node, int train_batch_norm, int dropout, unsigned want)
{
    (void)node, (void)train_batch_norm, (void)dropout, (void)want;
    return 0;
}

/* x[0] is [n][c][h][w]. */
static void forward(const struct eng_pass *pass)
{
    const struct eng_extent *e = &pass->y_extent;
    const size_t area = e->h * e->w;
    for (size_t n = 0; n < pass->n; n++)
        for (size_t c = 0; c < e->c; c++) {
            const float *src = pass->x[0] + (n * e->c + c) * area;
            float *dst = pass->y + n * area * e->c + c;
            for (size_t i = 0; i < area; i++)
                dst[i * e->c] = src[i];
        }
}

/* dx[0] is [n][c][h][w]. */
static void backward(const struct eng_pass *pass)
{
    const struct eng_extent *e = &pass->y_extent;
    const size_t area = e->h * e->w;
    for (size_t n = 0; n < pass->n; n++)
        for (size_t c = 0; c < e->c; c++) {
            const float *src = pass->dy + n * area * e->c + c;
            float *dst = pass->dx[0] + (n * e->c + c) * area;
            for (size_t i = 0; i < area; i++)
                dst[i] = src[i * e->c];
        }
}

const struct eng_op eng_op_input = {
    .name = "input", .extent = extent, .flags = flags, .forward = forward, .backward = backward};
