/* Each output pixel is a weighted mean of the input pixels under a triangle. Reducing n times
 * makes the triangle n times wider, so that every input pixel counts; enlarging leaves it one
 * pixel wide, which is plain linear interpolation.
 *
 *      weight       /\
 *                 /    \            scale = 3: the mean of up to six pixels,
 *               /        \          weights summing to 1
 *      in  |  |  |  |  |  |  |  |
 *                  ^ centre = x0 + (o + 0.5) * scale
 *
 * The triangle is separable: rows first, rounded to 8 bits, then columns. To give Pillow's bits
 * the order of the passes, the rounding between them, the fixed point of the weights, and the
 * single precision of the rectangle are all as in Pillow.
 */
#include "data/resize.h"

#include <math.h>
#include <stdlib.h>

/* Weights are multiples of 2^-22: with 8 bits of pixel, the sum of a span stays below 2^30. */
#define WEIGHT_BITS 22
#define HALF        ((int32_t)1 << (WEIGHT_BITS - 1))

/* The input pixels that one output pixel is the mean of, and the weight of the first of them. */
struct span {
    size_t first, count;
    const int32_t *weight;
};

/* The spans of one axis, and all weights, in one block of memory each. */
struct taps {
    struct span *span;
    int32_t *weight;
};

static void taps_release(struct taps *t)
{
    free(t->span);
    free(t->weight);
    *t = (struct taps){0};
}

/* in0 and in1 are floats, and their difference is taken as one, because Pillow's are. */
static enum eng_err taps_init(struct taps *t, size_t in, float in0, float in1, size_t out)
{
    const double scale = (double)(in1 - in0) / (double)out;
    const double radius = scale < 1.0 ? 1.0 : scale;
    const double inverse = 1.0 / radius;

    /* No span is longer than a triangle plus a pixel, nor than the input. */
    const size_t most = (size_t)ceil(radius) * 2 + 1;
    *t = (struct taps){0};
    if (out > SIZE_MAX / sizeof *t->span || out > SIZE_MAX / sizeof *t->weight / most)
        return ENG_TOOBIG;
    t->span = malloc(out * sizeof *t->span);
    t->weight = malloc(out * most * sizeof *t->weight);
    double *share = malloc(most * sizeof *share);
    if (!t->span || !t->weight || !share) {
        taps_release(t);
        free(share);
        return ENG_NOMEM;
    }

    for (size_t o = 0; o < out; o++) {
        const double centre = in0 + ((double)o + 0.5) * scale;
        const double low = centre - radius + 0.5, high = centre + radius + 0.5;
        const size_t first = low > 0.0 ? (size_t)low : 0;
        const size_t end = high < (double)in ? (size_t)high : in;
        const size_t count = end - first;
        double sum = 0.0;
        for (size_t i = 0; i < count; i++) {
            const double distance = fabs(((double)(i + first) - centre + 0.5) * inverse);
            share[i] = distance < 1.0 ? 1.0 - distance : 0.0;
            sum += share[i];
        }
        int32_t *weight = t->weight + o * most;
        for (size_t i = 0; i < count; i++)
            weight[i] = (int32_t)(0.5 + share[i] / sum * (double)(1 << WEIGHT_BITS));
        t->span[o] = (struct span){first, count, weight};
    }
    free(share);
    return ENG_OK;
}

/* No clamp: to pass 255.5 the weights of a span would have to sum to 1 + 2^-9, which is 8224 units
 * of 2^-22 too much, and each is off by half a unit at most. A span of so many pixels has weights
 * that climb by less than 1/16 unit a pixel, so that as many are rounded down as up. */
static inline uint8_t to_pixel(int32_t sum)
{
    return (uint8_t)(sum >> WEIGHT_BITS);
}

/* One row of `width` pixels from one input row. */
static void resample_row(uint8_t *restrict out, const uint8_t *restrict in, const struct taps *t,
                         size_t width)
{
    for (size_t x = 0; x < width; x++) {
        const struct span s = t->span[x];
        const uint8_t *p = in + s.first * 3;
        int32_t r = HALF, g = HALF, b = HALF;
        for (size_t i = 0; i < s.count; i++) {
            const int32_t w = s.weight[i];
            r += w * p[3 * i];
            g += w * p[3 * i + 1];
            b += w * p[3 * i + 2];
        }
        out[3 * x] = to_pixel(r);
        out[3 * x + 1] = to_pixel(g);
        out[3 * x + 2] = to_pixel(b);
    }
}

/* `n` bytes, at most BLOCK, of one output row from the rows of its span, `stride` bytes apart. */
#define BLOCK 32
static inline void resample_column(uint8_t *restrict out, const uint8_t *restrict in, size_t stride,
                                   struct span s, size_t n)
{
    int32_t sum[BLOCK];
    for (size_t x = 0; x < n; x++)
        sum[x] = HALF;
    for (size_t i = 0; i < s.count; i++) {
        const int32_t w = s.weight[i];
        for (size_t x = 0; x < n; x++)
            sum[x] += w * in[i * stride + x];
    }
    for (size_t x = 0; x < n; x++)
        out[x] = to_pixel(sum[x]);
}

enum eng_err dat_resize(struct dat_image *out, const struct dat_image *in, double x0, double y0,
                        double x1, double y1, size_t width, size_t height)
{
    const float left = (float)x0, top = (float)y0, right = (float)x1, bottom = (float)y1;
    struct taps across = {0}, down = {0};
    struct dat_image middle = {0};
    enum eng_err err;

    *out = (struct dat_image){0};
    /* Written so that a NaN fails. */
    if (!(left >= 0 && top >= 0 && left < right && top < bottom) || right > (float)in->width ||
        bottom > (float)in->height)
        return ENG_ARG;
    ENG_TRY(dat_image_init(out, width, height));
    if ((err = taps_init(&across, in->width, left, right, width)) != ENG_OK ||
        (err = taps_init(&down, in->height, top, bottom, height)) != ENG_OK)
        goto done;

    /* Only rows that the second pass will read. */
    const size_t first = down.span[0].first;
    const size_t end = down.span[height - 1].first + down.span[height - 1].count;
    err = dat_image_init(&middle, width, end - first);
    if (err != ENG_OK)
        goto done;
    for (size_t y = first; y < end; y++)
        resample_row(middle.rgb + (y - first) * width * 3, in->rgb + y * in->width * 3, &across,
                     width);

    const size_t stride = width * 3;
    for (size_t y = 0; y < height; y++) {
        const struct span s = down.span[y];
        const uint8_t *from = middle.rgb + (s.first - first) * stride;
        uint8_t *to = out->rgb + y * stride;
        size_t x = 0;
        for (; x + BLOCK <= stride; x += BLOCK)
            resample_column(to + x, from + x, stride, s, BLOCK); /* a constant: vectorised */
        resample_column(to + x, from + x, stride, s, stride - x);
    }
done:
    if (err != ENG_OK)
        dat_image_release(out);
    dat_image_release(&middle);
    taps_release(&across);
    taps_release(&down);
    return err;
}
