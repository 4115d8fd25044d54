/* Adaptive average pooling to a given output size, windows as PyTorch defines them:
 *
 *   output i of n averages inputs floor(i size / n) .. ceil((i + 1) size / n) - 1
 *
 * They cover the input, may overlap, and repeat it where the output is the larger. */
#include "engine/op.h"
#include "engine/sizes.h"

#include <string.h>

static int extent(const struct eng_node *node, const struct eng_extent x[2], struct eng_extent *y)
{
    *y = (struct eng_extent){node->size[0], node->size[1], x[0].c};
    return x[0].h > 0 && x[0].w > 0;
}

static unsigned flags(const struct eng_node *node, int train_batch_norm, int dropout, unsigned want)
{
    (void)node, (void)train_batch_norm, (void)dropout, (void)want;
    return 0;
}

static size_t window_first(size_t i, size_t size, size_t n)
{
    return i * size / n;
}

static size_t window_end(size_t i, size_t size, size_t n)
{
    return eng_ceil_div((i + 1) * size, n);
}

/* Calls for one image, both ways: each output position averages, or spreads, its window. */
static void forward_task(void *context, size_t n, int worker)
{
    (void)worker;
    const struct eng_pass *pass = context;
    const struct eng_extent *xe = &pass->x_extent[0], *ye = &pass->y_extent;
    const float *x = pass->x[0] + n * eng_extent_count(xe);
    float *y = pass->y + n * eng_extent_count(ye);
    for (size_t oy = 0; oy < ye->h; oy++)
        for (size_t ox = 0; ox < ye->w; ox++, y += ye->c) {
            const size_t y0 = window_first(oy, xe->h, ye->h), y1 = window_end(oy, xe->h, ye->h);
            const size_t x0 = window_first(ox, xe->w, ye->w), x1 = window_end(ox, xe->w, ye->w);
            memset(y, 0, ye->c * sizeof *y);
            for (size_t iy = y0; iy < y1; iy++)
                for (size_t ix = x0; ix < x1; ix++)
                    for (size_t c = 0; c < ye->c; c++)
                        y[c] += x[(iy * xe->w + ix) * xe->c + c];
            const float area = (float)((y1 - y0) * (x1 - x0));
            for (size_t c = 0; c < ye->c; c++)
                y[c] /= area;
        }
}

static void forward(const struct eng_pass *pass)
{
    eng_exec_run(pass->exec, pass->n, forward_task, (void *)pass);
}

static void backward_task(void *context, size_t n, int worker)
{
    (void)worker;
    const struct eng_pass *pass = context;
    const struct eng_extent *xe = &pass->x_extent[0], *ye = &pass->y_extent;
    float *dx = pass->dx[0] + n * eng_extent_count(xe);
    const float *dy = pass->dy + n * eng_extent_count(ye);
    if (!pass->add[0])
        memset(dx, 0, eng_extent_count(xe) * sizeof *dx);
    for (size_t oy = 0; oy < ye->h; oy++)
        for (size_t ox = 0; ox < ye->w; ox++, dy += ye->c) {
            const size_t y0 = window_first(oy, xe->h, ye->h), y1 = window_end(oy, xe->h, ye->h);
            const size_t x0 = window_first(ox, xe->w, ye->w), x1 = window_end(ox, xe->w, ye->w);
            const float area = (float)((y1 - y0) * (x1 - x0));
            for (size_t iy = y0; iy < y1; iy++)
                for (size_t ix = x0; ix < x1; ix++)
                    for (size_t c = 0; c < ye->c; c++)
                        dx[(iy * xe->w + ix) * xe->c + c] += dy[c] / area;
        }
}

static void backward(const struct eng_pass *pass)
{
    if (pass->dx[0])
        eng_exec_run(pass->exec, pass->n, backward_task, (void *)pass);
}

const struct eng_op eng_op_avg_pool = {
    .name = "avg_pool", .extent = extent, .flags = flags, .forward = forward, .backward = backward};
