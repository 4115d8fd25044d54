/* Row by row: each component is brought to full width and height, then the row is converted.
 *
 * Samples of a component with half the resolution lie between those of the picture,
 *
 *     coarse      A       B       C
 *     fine      a   a'  b   b'  c   c'        b = (A + 3 B) / 4,  b' = (3 B + C) / 4
 *
 * so that a fine one is 3/4 of the nearer and 1/4 of the further coarse one (a triangle filter);
 * in two dimensions 9/16, 3/16, 3/16, 1/16. At the edges the coarse ones repeat. Roundings
 * alternate up and down, so that they do not add up to a drift. Other ratios repeat samples.
 */
#include "data/jpeg_pixels.h"

#include <stdlib.h>
#include <string.h>

/* Nearly all values are within bounds: one branch, nearly never taken. */
static inline uint8_t clamp(int v)
{
    return (uint8_t)((unsigned)v <= 255 ? v : v < 0 ? 0 : 255);
}

static const uint8_t *plane_row(const struct dat_jpeg_component *c, size_t y)
{
    return c->samples + 8 * c->stride * y;
}

/* The coarse row that is second nearest to fine row y of twice as many. */
static const uint8_t *second_row(const struct dat_jpeg_component *c, size_t y)
{
    const size_t near = y / 2;
    if (y % 2 == 0)
        return plane_row(c, near > 0 ? near - 1 : 0);
    return plane_row(c, near + 1 < c->height ? near + 1 : near);
}

/* Doubles the width: n >= 2 samples of `in` to 2 n of `out`. */
static void widen(uint8_t *out, const uint8_t *in, size_t n)
{
    out[0] = in[0];
    out[1] = (uint8_t)((3 * in[0] + in[1] + 2) >> 2);
    for (size_t i = 1; i + 1 < n; i++) {
        out[2 * i] = (uint8_t)((3 * in[i] + in[i - 1] + 1) >> 2);
        out[2 * i + 1] = (uint8_t)((3 * in[i] + in[i + 1] + 2) >> 2);
    }
    out[2 * n - 2] = (uint8_t)((3 * in[n - 1] + in[n - 2] + 1) >> 2);
    out[2 * n - 1] = in[n - 1];
}

/* One row between two: `near` counts three times. */
static void blend(uint8_t *out, const uint8_t *near, const uint8_t *far, size_t n, int rounding)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)((3 * near[i] + far[i] + rounding) >> 2);
}

/* Both at once, without rounding in between. */
static void blend_and_widen(uint8_t *out, const uint8_t *near, const uint8_t *far, size_t n)
{
    int left, here = 3 * near[0] + far[0], right = 3 * near[1] + far[1];
    out[0] = (uint8_t)((4 * here + 8) >> 4);
    out[1] = (uint8_t)((3 * here + right + 7) >> 4);
    for (size_t i = 1; i + 1 < n; i++) {
        left = here;
        here = right;
        right = 3 * near[i + 1] + far[i + 1];
        out[2 * i] = (uint8_t)((3 * here + left + 8) >> 4);
        out[2 * i + 1] = (uint8_t)((3 * here + right + 7) >> 4);
    }
    out[2 * n - 2] = (uint8_t)((3 * right + here + 8) >> 4);
    out[2 * n - 1] = (uint8_t)((4 * right + 7) >> 4);
}

/* Spreads samples over `width` pixels, h of them for every h_max pixels. */
static void repeat(uint8_t *out, const uint8_t *in, size_t width, int h, int h_max)
{
    for (int x_h = 0; width > 0; width--) {
        *out++ = *in;
        x_h += h;
        if (x_h >= h_max) {
            x_h -= h_max;
            in++;
        }
    }
}

/* Row y of the picture's height and width of one component, in `buffer` or in the plane itself.
 * Components less than three samples wide are repeated rather than filtered, as libjpeg does. */
static const uint8_t *full_row(uint8_t *buffer, const struct dat_jpeg_frame *f,
                               const struct dat_jpeg_component *c, size_t y)
{
    const int wide = c->h == f->h_max, high = c->v == f->v_max;
    const int half_wide = 2 * c->h == f->h_max && c->width > 2, half_high = 2 * c->v == f->v_max;
    if (half_wide && high)
        widen(buffer, plane_row(c, y), c->width);
    else if (wide && half_high)
        blend(buffer, plane_row(c, y / 2), second_row(c, y), c->width, y % 2 ? 2 : 1);
    else if (half_wide && half_high)
        blend_and_widen(buffer, plane_row(c, y / 2), second_row(c, y), c->width);
    else if (wide)
        return plane_row(c, y * (size_t)c->v / (size_t)f->v_max);
    else
        repeat(buffer, plane_row(c, y * (size_t)c->v / (size_t)f->v_max), f->width, c->h, f->h_max);
    return buffer;
}

/* YCbCr to RGB (ITU-R BT.601, full range) in 16-bit fixed point; green is rounded once. */
struct rgb {
    int r, g, b;
};
static inline struct rgb from_ycc(int y, int cb, int cr)
{
    cb -= 128;
    cr -= 128;
    return (struct rgb){
        .r = y + ((91881 * cr + 32768) >> 16),
        .g = y + ((-22554 * cb - 46802 * cr + 32768) >> 16),
        .b = y + ((116130 * cb + 32768) >> 16),
    };
}

/* a * b / 255, rounded, without a division. */
static int scale255(int a, int b)
{
    const int v = a * b + 128;
    return (v + (v >> 8)) >> 8;
}

/* Ink (inverted: c, m, y and k are what it lets through) to light. */
static void from_cmyk(uint8_t *out, int c, int m, int y, int k)
{
    out[0] = clamp(k - scale255(255 - c, k));
    out[1] = clamp(k - scale255(255 - m, k));
    out[2] = clamp(k - scale255(255 - y, k));
}

static void convert(uint8_t *restrict out, const uint8_t *const rows[DAT_JPEG_MAX_COMPONENTS],
                    size_t width, enum dat_jpeg_colour colour)
{
    const uint8_t *a = rows[0], *b = rows[1], *c = rows[2], *k = rows[3];
    switch (colour) {
    case DAT_JPEG_GREY:
        for (size_t x = 0; x < width; x++)
            out[3 * x] = out[3 * x + 1] = out[3 * x + 2] = a[x];
        break;
    case DAT_JPEG_RGB:
        for (size_t x = 0; x < width; x++) {
            out[3 * x] = a[x];
            out[3 * x + 1] = b[x];
            out[3 * x + 2] = c[x];
        }
        break;
    case DAT_JPEG_YCC:
        for (size_t x = 0; x < width; x++) {
            const struct rgb p = from_ycc(a[x], b[x], c[x]);
            out[3 * x] = clamp(p.r);
            out[3 * x + 1] = clamp(p.g);
            out[3 * x + 2] = clamp(p.b);
        }
        break;
    case DAT_JPEG_CMYK:
        for (size_t x = 0; x < width; x++)
            from_cmyk(out + 3 * x, a[x], b[x], c[x], k[x]);
        break;
    case DAT_JPEG_YCCK: /* the RGB of YCC is what cyan, magenta and yellow absorb */
        for (size_t x = 0; x < width; x++) {
            const struct rgb p = from_ycc(a[x], b[x], c[x]);
            from_cmyk(out + 3 * x, 255 - clamp(p.r), 255 - clamp(p.g), 255 - clamp(p.b), k[x]);
        }
        break;
    }
}

enum eng_err dat_jpeg_pixels(struct dat_image *img, const struct dat_jpeg_frame *f,
                             enum dat_jpeg_colour colour, struct eng_why *why)
{
    const size_t room = f->width + 1; /* doubling may give one more than the picture has */
    uint8_t *buffer = malloc(room * (size_t)f->count);
    enum eng_err err = buffer ? dat_image_init(img, f->width, f->height) : ENG_NOMEM;
    if (err != ENG_OK) {
        free(buffer);
        return eng_fail(why, err, "no memory for a JPEG of %zu x %zu pixels; use a smaller one",
                        f->width, f->height);
    }
    for (size_t y = 0; y < f->height; y++) {
        const uint8_t *rows[DAT_JPEG_MAX_COMPONENTS] = {NULL};
        for (int i = 0; i < f->count; i++)
            rows[i] = full_row(buffer + room * (size_t)i, f, &f->components[i], y);
        convert(img->rgb + 3 * f->width * y, rows, f->width, colour);
    }
    free(buffer);
    return ENG_OK;
}
