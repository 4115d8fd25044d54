/* Max pooling. The place of each maximum is kept (its number in the window, row by row), and the
 * gradient goes there alone. Of equal numbers the first counts, and NaN is the largest, as in
 * PyTorch. Windows may overlap; padding never wins. */
#include "engine/op.h"

#include <math.h>
#include <string.h>

static int extent(const struct eng_node *node, const struct eng_extent x[2], struct eng_extent *y)
{
    const size_t k = node->size[0], h = x[0].h + 2 * node->pad, w = x[0].w + 2 * node->pad;
    if (h < k || w < k)
        return 0;
    *y = (struct eng_extent){(h - k) / node->stride + 1, (w - k) / node->stride + 1, x[0].c};
    return 1;
}

static unsigned flags(const struct eng_node *node, int train_batch_norm, int dropout, unsigned want)
{
    (void)node, (void)train_batch_norm, (void)dropout, (void)want;
    return 0;
}

/* First and last+1 of the window of output position o, cut to 0..size. */
static void window(const struct eng_node *node, size_t o, size_t size, size_t *from, size_t *to)
{
    const size_t start = o * node->stride, end = start + node->size[0];
    *from = start > node->pad ? start - node->pad : 0;
    *to = end - node->pad < size ? end - node->pad : size;
}

/* The rows of output: task row = n * h + oy. */
static void forward_task(void *context, size_t first, size_t count, size_t index)
{
    (void)index;
    enum { BLOCK = 64 };
    const struct eng_pass *pass = context;
    const struct eng_extent *xe = &pass->x_extent[0], *ye = &pass->y_extent;
    const size_t c = xe->c, k = pass->node->size[0];
    uint8_t *place = pass->saved;
    for (size_t row = first; row < first + count; row++) {
        const float *image = pass->x[0] + row / ye->h * eng_extent_count(xe);
        size_t y0, y1, x0, x1;
        window(pass->node, row % ye->h, xe->h, &y0, &y1);
        const size_t top = row % ye->h * pass->node->stride; /* of the window, padding included */
        for (size_t ox = 0; ox < ye->w; ox++) {
            window(pass->node, ox, xe->w, &x0, &x1);
            const size_t left = ox * pass->node->stride, at = (row * ye->w + ox) * c;
            for (size_t c0 = 0; c0 < c; c0 += BLOCK) {
                const size_t n = c - c0 < BLOCK ? c - c0 : BLOCK;
                float best[BLOCK];
                int32_t tap[BLOCK];
                for (size_t i = 0; i < n; i++) {
                    best[i] = -INFINITY;
                    tap[i] = (int32_t)((y0 + pass->node->pad - top) * k + x0 + pass->node->pad -
                                       left);
                }
                for (size_t y = y0; y < y1; y++)
                    for (size_t x = x0; x < x1; x++)
                        pass->exec->vec->max_update(best, tap, image + (y * xe->w + x) * c + c0, n,
                                                    (int32_t)((y + pass->node->pad - top) * k + x +
                                                              pass->node->pad - left));
                memcpy(pass->y + at + c0, best, n * sizeof *best);
                for (size_t i = 0; i < n; i++)
                    place[at + c0 + i] = (uint8_t)tap[i];
            }
        }
    }
}

static void forward(const struct eng_pass *pass)
{
    eng_op_split(pass->exec, pass->n * pass->y_extent.h, 1, forward_task, (void *)pass);
}

/* The rows of dx, each gathering from the windows that hold it, in order. */
static void backward_task(void *context, size_t first, size_t count, size_t index)
{
    (void)index;
    const struct eng_pass *pass = context;
    const struct eng_node *node = pass->node;
    const struct eng_extent *xe = &pass->x_extent[0], *ye = &pass->y_extent;
    const size_t c = xe->c, k = node->size[0];
    const uint8_t *place = pass->saved;
    for (size_t row = first; row < first + count; row++) {
        const size_t n = row / xe->h, iy = row % xe->h + node->pad;
        float *dx = pass->dx[0] + row * xe->w * c;
        if (!pass->add[0])
            memset(dx, 0, xe->w * c * sizeof *dx);
        /* Output rows oy with oy * stride <= iy < oy * stride + k. */
        const size_t last = iy / node->stride < ye->h ? iy / node->stride : ye->h - 1;
        size_t oy = iy >= k ? (iy - k) / node->stride + 1 : 0;
        for (; oy <= last; oy++)
            for (size_t ox = 0; ox < ye->w; ox++) {
                const size_t at = ((n * ye->h + oy) * ye->w + ox) * c;
                const size_t ky = iy - oy * node->stride, left = ox * node->stride;
                size_t x0, x1;
                window(node, ox, xe->w, &x0, &x1);
                for (size_t x = x0; x < x1; x++)
                    pass->exec->vec->max_grad(dx + x * c, pass->dy + at, place + at, c,
                                              (int)(ky * k + x + node->pad - left));
            }
    }
}

static void backward(const struct eng_pass *pass)
{
    if (pass->dx[0])
        eng_op_split(pass->exec, pass->n * pass->x_extent[0].h, 1, backward_task, (void *)pass);
}

static size_t saved(const struct eng_pass *pass)
{
    return eng_product(pass->n, eng_extent_count(&pass->y_extent));
}

const struct eng_op eng_op_max_pool = {.name = "max_pool",
                                       .extent = extent,
                                       .flags = flags,
                                       .saved = saved,
                                       .forward = forward,
                                       .backward = backward};
