#include "data/augment.h"

#include "data/resize.h"

#include <math.h>

struct rectangle {
    size_t x, y, width, height;
};

static double between(struct eng_rng *r, double low, double high)
{
    return low + (high - low) * eng_rng_uniform64(r);
}

/* Proportions are drawn uniformly in their logarithm, so that 3:4 is as likely as 4:3. A crop
 * that does not fit is drawn again; after ten, the largest middle part of allowed proportions. */
static struct rectangle random_crop(size_t width, size_t height, const struct dat_augment *a,
                                    struct eng_rng *r)
{
    const double narrow = 3.0 / 4.0, wide = 4.0 / 3.0;
    const double in_width = (double)width, in_height = (double)height;

    for (int tries = 0; tries < 10; tries++) {
        const double area = in_width * in_height * between(r, a->scale_min, a->scale_max);
        const double ratio = exp(between(r, log(narrow), log(wide)));
        const double w = rint(sqrt(area * ratio)), h = rint(sqrt(area / ratio));
        if (w < 1 || w > in_width || h < 1 || h > in_height)
            continue;
        struct rectangle c = {.width = (size_t)w, .height = (size_t)h};
        c.y = eng_rng_below(r, height - c.height + 1);
        c.x = eng_rng_below(r, width - c.width + 1);
        return c;
    }

    struct rectangle c = {.width = width, .height = height};
    if (in_width / in_height < narrow)
        c.height = (size_t)rint(in_width / narrow);
    else if (in_width / in_height > wide)
        c.width = (size_t)rint(in_height * wide);
    c.x = (width - c.width) / 2;
    c.y = (height - c.height) / 2;
    return c;
}

static void mirror(struct dat_image *img)
{
    for (size_t y = 0; y < img->height; y++) {
        uint8_t *left = img->rgb + y * img->width * 3;
        uint8_t *right = left + (img->width - 1) * 3;
        for (; left < right; left += 3, right -= 3)
            for (int c = 0; c < 3; c++) {
                const uint8_t swap = left[c];
                left[c] = right[c];
                right[c] = swap;
            }
    }
}

/* ITU-R 601 luma as Pillow computes it. */
static inline uint8_t grey(const uint8_t *rgb)
{
    return (uint8_t)((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

/* On the line from `from` (factor 0) through `to` (factor 1), as Pillow blends: fractions are cut
 * off, and what leaves 0..255 is clamped. */
static inline uint8_t blend(int from, int to, float factor)
{
    const float v = (float)from + factor * (float)(to - from);
    return (uint8_t)(v > 0 ? (v < 255.0f ? v : 255.0f) : 0);
}

/* Moves every sample away from or towards one value. */
static void blend_with(struct dat_image *img, int value, float factor)
{
    uint8_t table[256];
    const size_t samples = img->width * img->height * 3;
    for (int v = 0; v < 256; v++)
        table[v] = blend(value, v, factor);
    for (size_t i = 0; i < samples; i++)
        img->rgb[i] = table[img->rgb[i]];
}

/* Black: light up or down. */
static void adjust_brightness(struct dat_image *img, float factor)
{
    blend_with(img, 0, factor);
}

/* The mean grey: dark and light apart or together. */
static void adjust_contrast(struct dat_image *img, float factor)
{
    const size_t pixels = img->width * img->height;
    uint64_t sum = 0;
    for (size_t i = 0; i < pixels; i++)
        sum += grey(img->rgb + i * 3);
    blend_with(img, (int)((double)sum / (double)pixels + 0.5), factor);
}

/* Each pixel's own grey: colours stronger or paler. */
static void adjust_saturation(struct dat_image *img, float factor)
{
    const size_t pixels = img->width * img->height;
    for (size_t i = 0; i < pixels; i++) {
        uint8_t *p = img->rgb + i * 3;
        const int l = grey(p);
        for (int c = 0; c < 3; c++)
            p[c] = blend(l, p[c], factor);
    }
}

/* The three in random order: they do not commute. */
static void jitter_colours(struct dat_image *img, float jitter, struct eng_rng *r)
{
    static void (*const adjust[])(struct dat_image *, float) = {adjust_brightness, adjust_contrast,
                                                                adjust_saturation};
    size_t order[] = {0, 1, 2};
    eng_rng_shuffle(r, order, 3);
    for (int i = 0; i < 3; i++)
        adjust[order[i]](img, (float)between(r, fmax(0.0, 1.0 - jitter), 1.0 + jitter));
}

/* Written so that a NaN fails. */
static int settings_work(const struct dat_augment *a)
{
    const int scales = a->scale_max == 0 ||
                       (a->scale_min > 0 && a->scale_min <= a->scale_max && a->scale_max <= 1);
    return scales && a->flip >= 0 && a->flip <= 1 && a->jitter >= 0 && isfinite(a->jitter);
}

enum eng_err dat_augment_run(struct dat_image *out, const struct dat_image *in,
                             const struct dat_augment *a, size_t width, size_t height,
                             struct eng_rng *r)
{
    *out = (struct dat_image){0};
    if (!settings_work(a))
        return ENG_ARG;

    struct rectangle c = {.width = in->width, .height = in->height};
    if (a->scale_max > 0)
        c = random_crop(in->width, in->height, a, r);
    ENG_TRY(dat_resize(out, in, (double)c.x, (double)c.y, (double)(c.x + c.width),
                       (double)(c.y + c.height), width, height));
    if (a->flip > 0 && eng_rng_uniform(r) < a->flip)
        mirror(out);
    if (a->jitter > 0)
        jitter_colours(out, a->jitter, r);
    return ENG_OK;
}
