/* Max pooling. The place of each maximum is kept (its number in the window, row by row), and the
 * gradient goes there alone. Of equal numbers the first counts, and NaN is the largest, as in
 * PyTorch. Windows may overlap; padding never wins.
 *
 * Numbers that are equal in exact sums, as where an image has one colour, are so to the bit only if
 * all positions are summed alike. Winograd's algorithm rounds by the place in a tile, and its ties
 * would be broken at random. So where it can have made the map, neighbours that are equal in *all*
 * channels, up to its rounding, count as equal: chance does not bring that about. Nothing is near
 * infinity, though: beside one, numbers are what they are. */
#include "engine/op.h"
#include "engine/sizes.h"
#include "engine/winograd.h"

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
static void window(const struct eng_node *node, size_t o, size_t size, size_t range[2])
{
    const size_t start = o * node->stride, end = start + node->size[0];
    range[0] = start > node->pad ? start - node->pad : 0;
    range[1] = eng_min(end - node->pad, size);
}

/* How far apart Winograd's rounding may move equal numbers, as a share of the largest of all
 * channels there: some ten times what it does in VGG16. */
static const float rounding = 0x1p-19f;

enum { LANES = 16, MOST_TAPS = 256 }; /* a place is a byte */

static float largest(const float *x, size_t count)
{
    float most[LANES] = {0}, all = 0;
    for (size_t i = 0; i + LANES <= count; i += LANES)
        for (size_t j = 0; j < LANES; j++)
            most[j] = fabsf(x[i + j]) > most[j] ? fabsf(x[i + j]) : most[j];
    for (size_t i = count / LANES * LANES; i < count; i++)
        all = fabsf(x[i]) > all ? fabsf(x[i]) : all;
    for (size_t j = 0; j < LANES; j++)
        all = most[j] > all ? most[j] : all;
    return all;
}

static int equal(const float *a, const float *b, size_t count, float slack)
{
    for (size_t i = 0; i < count; i += LANES) {
        const size_t n = count - i < LANES ? count - i : LANES;
        int off = 0;
        for (size_t j = 0; j < n; j++)
            off |= !(fabsf(a[i + j] - b[i + j]) <= slack);
        if (off)
            return 0;
    }
    return 1;
}

/* Moves the places of one output, c channels at y, from numbers of the window to the first that are
 * equal to them, by way of neighbours. */
static void prefer_first(const struct eng_pass *pass, uint8_t *place, const float *y,
                         const float *image, const size_t rows[2], const size_t columns[2],
                         size_t origin)
{
    const size_t c = pass->y_extent.c, w = pass->x_extent[0].w, k = pass->node->size[0];
    const float slack = largest(y, c) * rounding;
    uint8_t first[MOST_TAPS];
    int moved = 0;
    if (!isfinite(slack))
        return;
    for (size_t iy = rows[0]; iy < rows[1]; iy++)
        for (size_t ix = columns[0]; ix < columns[1]; ix++) {
            const float *x = image + (iy * w + ix) * c;
            const size_t tap = iy * k + ix - origin;
            first[tap] = (uint8_t)tap;
            if (ix > columns[0] && equal(x, x - c, c, slack))
                first[tap] = first[tap - 1];
            if (iy > rows[0] && first[tap - k] < first[tap] && equal(x, x - w * c, c, slack))
                first[tap] = first[tap - k];
            moved |= first[tap] != tap;
        }
    for (size_t i = 0; moved && i < c; i++)
        place[i] = first[place[i]];
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
        size_t rows[2], columns[2];
        window(pass->node, row % ye->h, xe->h, rows);
        const size_t top = row % ye->h * pass->node->stride; /* of the window, padding included */
        for (size_t ox = 0; ox < ye->w; ox++) {
            window(pass->node, ox, xe->w, columns);
            const size_t left = ox * pass->node->stride, at = (row * ye->w + ox) * c;
            /* What y * k + x is at the window's first number, which may be in the padding: wraps.
             */
            const size_t origin = (top - pass->node->pad) * k + left - pass->node->pad;
            for (size_t c0 = 0; c0 < c; c0 += BLOCK) {
                const size_t n = c - c0 < BLOCK ? c - c0 : BLOCK;
                float best[BLOCK];
                int32_t tap[BLOCK];
                for (size_t i = 0; i < n; i++) {
                    best[i] = -INFINITY;
                    tap[i] = (int32_t)(rows[0] * k + columns[0] - origin);
                }
                for (size_t y = rows[0]; y < rows[1]; y++)
                    for (size_t x = columns[0]; x < columns[1]; x++)
                        pass->exec->vec->max_update(best, tap, image + (y * xe->w + x) * c + c0, n,
                                                    (int32_t)(y * k + x - origin));
                memcpy(pass->y + at + c0, best, n * sizeof *best);
                for (size_t i = 0; i < n; i++)
                    place[at + c0 + i] = (uint8_t)tap[i];
            }
            if (pass->want && eng_winograd_makes(pass->exec, c))
                prefer_first(pass, place + at, pass->y + at, image, rows, columns, origin);
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
        const size_t last = eng_min(iy / node->stride, ye->h - 1);
        size_t oy = iy >= k ? (iy - k) / node->stride + 1 : 0;
        for (; oy <= last; oy++)
            for (size_t ox = 0; ox < ye->w; ox++) {
                const size_t at = ((n * ye->h + oy) * ye->w + ox) * c;
                const size_t ky = iy - oy * node->stride, left = ox * node->stride;
                size_t columns[2];
                window(node, ox, xe->w, columns);
                for (size_t x = columns[0]; x < columns[1]; x++)
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
