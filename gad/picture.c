#include "gad/picture.h"

#include "data/resize.h"
#include "metrics/select.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum eng_err gad_picture_top(double *top, const float *map, size_t count,
                             enum gad_picture_top which)
{
    if (count == 0)
        return ENG_ARG;
    if (count > SIZE_MAX / sizeof(float))
        return ENG_TOOBIG;
    float *magnitudes = malloc(count * sizeof *magnitudes);
    if (!magnitudes)
        return ENG_NOMEM;
    enum eng_err err = ENG_OK;
    for (size_t i = 0; i < count; i++) {
        magnitudes[i] = fabsf(map[i]);
        if (!isfinite(map[i]))
            err = ENG_ARG;
    }
    if (err == ENG_OK) {
        float shown = 0.0f;
        if (which == GAD_PICTURE_P99)
            shown = met_select_nth(magnitudes, count, count / 100 + 1);
        if (shown == 0.0f)
            shown = met_select_nth(magnitudes, count, 1);
        *top = shown;
    }
    free(magnitudes);
    return err;
}

/* value / top within -1 .. 1; 0 where there is nothing to show. */
static double share(float value, double top)
{
    if (isnan(value) || !(top > 0.0))
        return 0.0;
    return fmax(-1.0, fmin(1.0, value / top));
}

/* a at t = 0, b at t = 1, rounded. */
static uint8_t mix(double a, double b, double t)
{
    return (uint8_t)(a + (b - a) * t + 0.5);
}

enum eng_err gad_picture_heat(struct dat_image *out, const float *map, size_t width, size_t height,
                              double top)
{
    ENG_TRY(dat_image_init(out, width, height));
    for (size_t i = 0; i < width * height; i++)
        memset(&out->rgb[3 * i], mix(255, 0, fmax(0.0, share(map[i], top))), 3);
    return ENG_OK;
}

enum eng_err gad_picture_signed(struct dat_image *out, const float *map, size_t width,
                                size_t height, double top)
{
    static const uint8_t against[3] = {31, 95, 180}, pro[3] = {192, 42, 42};
    ENG_TRY(dat_image_init(out, width, height));
    for (size_t i = 0; i < width * height; i++) {
        const double t = share(map[i], top);
        for (int c = 0; c < 3; c++)
            out->rgb[3 * i + c] = mix(255, t < 0 ? against[c] : pro[c], fabs(t));
    }
    return ENG_OK;
}

/* By how much a picture is larger than a map; 0 if not by a whole factor. */
static size_t factor_of(const struct dat_image *picture, size_t width, size_t height)
{
    if (width == 0 || height == 0 || picture->width % width != 0)
        return 0;
    const size_t times = picture->width / width;
    return picture->height % height == 0 && picture->height / height == times ? times : 0;
}

/* Eight steps of equal lightness (in OKLab, 0.42 to 0.96) on a path from purple over red to
 * yellow, as colourful as a screen can show them. */
static const uint8_t ramp[][3] = {
    {98, 20, 170},  {145, 31, 166},  {189, 42, 150},  {228, 59, 125},  {249, 98, 100},
    {250, 144, 99}, {252, 181, 112}, {252, 214, 137}, {254, 247, 146},
};
#define RAMP_STEPS (sizeof ramp / sizeof ramp[0] - 1)

#define DIM_PHOTO 0.42 /* white in the photo becomes about as light as the ramp's dark end */
#define FULL_GLOW 0.25 /* share of top from which on the photo no longer shines through */

enum eng_err gad_picture_overlay(struct dat_image *out, const struct dat_image *photo,
                                 const float *map, size_t width, size_t height, double top)
{
    *out = (struct dat_image){0};
    const size_t times = factor_of(photo, width, height);
    if (times == 0)
        return ENG_SHAPE;
    ENG_TRY(dat_image_init(out, photo->width, photo->height));
    for (size_t y = 0; y < out->height; y++) {
        for (size_t x = 0; x < out->width; x++) {
            const size_t at = 3 * (y * out->width + x);
            const uint8_t *rgb = &photo->rgb[at];
            const double grey = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
            const double t = fabs(share(map[y / times * width + x / times], top));
            const double glow = fmin(1.0, t / FULL_GLOW);
            const size_t step = t < 1.0 ? (size_t)(t * RAMP_STEPS) : RAMP_STEPS - 1;
            for (int c = 0; c < 3; c++) {
                const uint8_t colour = mix(ramp[step][c], ramp[step + 1][c], t * RAMP_STEPS - step);
                out->rgb[at + c] = mix(DIM_PHOTO * grey, colour, glow);
            }
        }
    }
    return ENG_OK;
}

enum eng_err gad_picture_enlarge(struct dat_image *out, const struct dat_image *in, size_t times,
                                 enum gad_picture_look look)
{
    *out = (struct dat_image){0};
    if (times > DAT_IMAGE_MAX_SIDE)
        return ENG_TOOBIG;
    const size_t width = in->width * times, height = in->height * times;
    if (look == GAD_PICTURE_SMOOTH)
        return dat_resize(out, in, 0, 0, (double)in->width, (double)in->height, width, height);
    ENG_TRY(dat_image_init(out, width, height));
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            memcpy(&out->rgb[3 * (y * width + x)],
                   &in->rgb[3 * (y / times * in->width + x / times)], 3);
    return ENG_OK;
}

/* Lines. The distance of every pixel to the nearest edge is found first, and coloured once: where
 * edges meet, nothing is painted twice.
 *
 *     distance   0    1    2    3          the line, and a dark seam on either side that keeps it
 *                [line|seam|  photo        apart from a photo of the same colour
 */
#define HALF_LINE 1.0f
#define HALF_WIDE 1.5f /* on pictures that are large, and will be shown smaller than they are */
#define HALF_DOT  3.5f
#define RED_MORE  0.75f /* of the original's: it can be seen under GAD's where both run together */
#define SEAM      1.0f
#define SEAM_DARK 0.35f

static const uint8_t pens[][3] = {
    [GAD_PICTURE_RED] = {236, 32, 52},
    [GAD_PICTURE_GREEN] = {0, 214, 100},
};

struct spot {
    float x, y; /* in pixels of the picture; the centre of the first is 0.5 */
};

static float distance(struct spot p, struct spot a, struct spot b)
{
    const float dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
    float t = square > 0.0f ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / square : 0.0f;
    t = fmaxf(0.0f, fminf(1.0f, t));
    return hypotf(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

/* The first and the last pixel within `reach` of a..b on an axis of `size` pixels. */
static void span(size_t *first, size_t *last, float a, float b, float reach, size_t size)
{
    const float low = fminf(a, b) - reach, high = fmaxf(a, b) + reach;
    *first = low > 0.0f ? (size_t)low : 0;
    *last = high < (float)size ? (size_t)high : size - 1;
}

/* near[pixel] = its distance to the edge where that is less, in the edge's neighbourhood. The
 * edges of a convex outline have boxes that hardly overlap: all of them together take about as
 * long as the picture has pixels. */
static void approach(float *near, const struct dat_image *picture, struct spot a, struct spot b,
                     float reach)
{
    size_t x0, x1, y0, y1;
    span(&x0, &x1, a.x, b.x, reach, picture->width);
    span(&y0, &y1, a.y, b.y, reach, picture->height);
    for (size_t y = y0; y <= y1; y++)
        for (size_t x = x0; x <= x1; x++) {
            const struct spot p = {(float)x + 0.5f, (float)y + 0.5f};
            float *to = &near[y * picture->width + x];
            *to = fminf(*to, distance(p, a, b));
        }
}

/* How much of a pixel at this distance from the middle of a line lies within half its width. */
static float cover(float half, float away)
{
    return fmaxf(0.0f, fminf(1.0f, half + 0.5f - away));
}

static struct spot spot_of(struct met_point point, size_t times)
{
    return (struct spot){((float)point.x + 0.5f) * (float)times,
                         ((float)point.y + 0.5f) * (float)times};
}

enum eng_err gad_picture_draw_hull(struct dat_image *picture, const struct met_hull *hull,
                                   size_t width, size_t height, enum gad_picture_pen pen)
{
    const size_t times = factor_of(picture, width, height);
    if (times == 0)
        return ENG_SHAPE;
    for (size_t i = 0; i < hull->count; i++)
        if (hull->at[i].x < 0 || (size_t)hull->at[i].x >= width || hull->at[i].y < 0 ||
            (size_t)hull->at[i].y >= height)
            return ENG_ARG;
    if (hull->count == 0)
        return ENG_OK;

    const size_t pixels = picture->width * picture->height;
    float half = hull->kind == MET_HULL_POINT ? HALF_DOT : times > 2 ? HALF_WIDE : HALF_LINE;
    if (pen == GAD_PICTURE_RED)
        half += RED_MORE;
    const float reach = half + SEAM + 0.5f;
    float *near = malloc(pixels * sizeof *near);
    if (!near)
        return ENG_NOMEM;
    for (size_t i = 0; i < pixels; i++)
        near[i] = reach;
    for (size_t i = 0; i < hull->count; i++)
        approach(near, picture, spot_of(hull->at[i], times),
                 spot_of(hull->at[(i + 1) % hull->count], times), reach);

    for (size_t i = 0; i < pixels; i++) {
        const float seam = SEAM_DARK * cover(half + SEAM, near[i]), line = cover(half, near[i]);
        uint8_t *rgb = &picture->rgb[3 * i];
        for (int c = 0; c < 3; c++)
            rgb[c] = mix(mix(rgb[c], 0, seam), pens[pen][c], line);
    }
    free(near);
    return ENG_OK;
}

enum eng_err gad_picture_hulls(struct dat_image *out, const struct dat_image *photo,
                               const struct met_hull *original, const struct met_hull *gad,
                               size_t times)
{
    ENG_TRY(gad_picture_enlarge(out, photo, times, GAD_PICTURE_SMOOTH));
    enum eng_err err = gad_picture_draw_hull(out, original, photo->width, photo->height,
                                             GAD_PICTURE_RED);
    if (err == ENG_OK)
        err = gad_picture_draw_hull(out, gad, photo->width, photo->height, GAD_PICTURE_GREEN);
    if (err != ENG_OK)
        dat_image_release(out);
    return err;
}

enum eng_err gad_picture_heat_hull(struct dat_image *out, const float *map, size_t width,
                                   size_t height, double top, const struct met_hull *gad,
                                   size_t times)
{
    struct dat_image heat;
    *out = (struct dat_image){0};
    ENG_TRY(gad_picture_heat(&heat, map, width, height, top));
    enum eng_err err = gad_picture_enlarge(out, &heat, times, GAD_PICTURE_BLOCKS);
    dat_image_release(&heat);
    if (err == ENG_OK)
        err = gad_picture_draw_hull(out, gad, width, height, GAD_PICTURE_GREEN);
    if (err != ENG_OK)
        dat_image_release(out);
    return err;
}
