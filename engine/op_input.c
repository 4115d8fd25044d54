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

/* Both ways, some positions of one image at a time: all channels of a few cache lines. */
enum { POSITIONS = 1024 };

/* x[0] is [n][c][h][w]. */
static void forward_task(void *context, size_t first, size_t count, size_t i)
{
    (void)i;
    const struct eng_pass *pass = context;
    const struct eng_extent *e = &pass->y_extent;
    const size_t area = e->h * e->w;
    for (size_t p = first; p < first + count; p++)
        for (size_t c = 0; c < e->c; c++)
            pass->y[p * e->c + c] = pass->x[0][(p / area * e->c + c) * area + p % area];
}

static void forward(const struct eng_pass *pass)
{
    eng_op_split(pass->exec, pass->n * pass->y_extent.h * pass->y_extent.w, POSITIONS, forward_task,
                 (void *)pass);
}

/* dx[0] is [n][c][h][w]. */
static void backward_task(void *context, size_t first, size_t count, size_t i)
{
    (void)i;
    const struct eng_pass *pass = context;
    const struct eng_extent *e = &pass->y_extent;
    const size_t area = e->h * e->w;
    for (size_t p = first; p < first + count; p++)
        for (size_t c = 0; c < e->c; c++)
            pass->dx[0][(p / area * e->c + c) * area + p % area] = pass->dy[p * e->c + c];
}

static void backward(const struct eng_pass *pass)
{
    eng_op_split(pass->exec, pass->n * pass->y_extent.h * pass->y_extent.w, POSITIONS,
                 backward_task, (void *)pass);
}

const struct eng_op eng_op_input = {
    .name = "input", .extent = extent, .flags = flags, .forward = forward, .backward = backward};
