#include "data/canvas.h"

#include <math.h>
#include <stdlib.h>

struct dat_colour dat_colour_mix(struct dat_colour a, struct dat_colour b, float t)
{
    return (struct dat_colour){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

struct dat_paint dat_paint_flat(struct dat_colour colour)
{
    return (struct dat_paint){.near = colour, .far = colour, .opacity = 1};
}

struct dat_paint dat_paint_ball(const struct dat_frame *f, float x, float y, float r,
                                struct dat_colour near, struct dat_colour far)
{
    return (struct dat_paint){.near = near,
                              .far = far,
                              .from = dat_frame_at(f, (struct dat_point){x, y}),
                              .to = dat_frame_at(f, (struct dat_point){x + r, y}),
                              .round = 1,
                              .opacity = 1};
}

struct dat_paint dat_paint_ramp(const struct dat_frame *f, struct dat_point a, struct dat_point b,
                                struct dat_colour near, struct dat_colour far)
{
    return (struct dat_paint){.near = near,
                              .far = far,
                              .from = dat_frame_at(f, a),
                              .to = dat_frame_at(f, b),
                              .opacity = 1};
}

struct dat_paint dat_paint_telling(struct dat_paint p)
{
    p.truth = 1;
    return p;
}

enum eng_err dat_canvas_init(struct dat_canvas *c, size_t size)
{
    *c = (struct dat_canvas){.size = 0};
    if (size < 1 || size > 4096)
        return ENG_ARG;
    c->pixels = calloc(size * size, 4 * sizeof *c->pixels);
    c->cover = calloc(size * (size + 2), sizeof *c->cover);
    if (!c->pixels || !c->cover) {
        dat_canvas_release(c);
        return ENG_NOMEM;
    }
    c->size = size;
    return ENG_OK;
}

void dat_canvas_release(struct dat_canvas *c)
{
    free(c->pixels);
    free(c->cover);
    *c = (struct dat_canvas){.size = 0};
}

/* ---- texture: value noise, random numbers on a grid and smooth in between ---- */

static uint32_t scramble(uint32_t h)
{
    h = (h ^ h >> 15) * 0x2c1b3c6du;
    h = (h ^ h >> 12) * 0x297a2d39u;
    return h ^ h >> 15;
}

static float lattice(int32_t x, int32_t y, uint32_t seed)
{
    const uint32_t h = (uint32_t)x * 0x9e3779b1u ^ (uint32_t)y * 0x85ebca77u ^ seed;
    return (float)(scramble(h) >> 8) * 0x1p-24f;
}

static float smooth(float t)
{
    return t * t * (3 - 2 * t);
}

static float value_noise(float x, float y, uint32_t seed)
{
    const float fx = floorf(x), fy = floorf(y);
    const int32_t i = (int32_t)fx, j = (int32_t)fy;
    const float u = smooth(x - fx), v = smooth(y - fy);
    const float a = lattice(i, j, seed), b = lattice(i + 1, j, seed);
    const float c = lattice(i, j + 1, seed), d = lattice(i + 1, j + 1, seed);
    const float top = a + (b - a) * u, bottom = c + (d - c) * u;
    return top + (bottom - top) * v;
}

/* Brightness of a paint's texture at a canvas point: two octaves, around 1. */
static float texture(const struct dat_paint *p, float x, float y)
{
    float u = x, v = y;
    if (p->fibre.x != 0 || p->fibre.y != 0) {
        u = (x * p->fibre.x + y * p->fibre.y) * 0.2f;
        v = y * p->fibre.x - x * p->fibre.y;
    }
    u *= p->fineness;
    v *= p->fineness;
    const float n = 0.65f * value_noise(u, v, p->seed) +
                    0.35f * value_noise(u * 2.1f + 17, v * 2.1f + 5, p->seed ^ 0x55555555u);
    return 1 + p->grain * (2 * n - 1);
}

/* ---- paint ---- */

/* The colour gradient of a paint, prepared for many pixels: t = |q| or q . axis, q = p - from. */
struct gradient {
    const struct dat_paint *paint;
    struct dat_point axis; /* along / length^2 */
    float per_length;
    int even;
};

static struct gradient gradient_of(const struct dat_paint *p)
{
    const float dx = p->to.x - p->from.x, dy = p->to.y - p->from.y;
    const float square = dx * dx + dy * dy + 1e-12f;
    const int even = p->near.r == p->far.r && p->near.g == p->far.g && p->near.b == p->far.b;
    return (struct gradient){p, {dx / square, dy / square}, 1 / sqrtf(square), even};
}

static struct dat_colour colour_at(const struct gradient *g, float x, float y)
{
    const struct dat_paint *p = g->paint;
    struct dat_colour colour = p->near;
    if (!g->even) {
        const float qx = x - p->from.x, qy = y - p->from.y;
        float t = p->round ? sqrtf(qx * qx + qy * qy) * g->per_length
                           : qx * g->axis.x + qy * g->axis.y;
        t = t < 0 ? 0 : t > 1 ? 1 : t;
        colour = dat_colour_mix(p->near, p->far, smooth(t));
    }
    if (p->grain > 0) {
        const float k = texture(p, x, y);
        colour = (struct dat_colour){colour.r * k, colour.g * k, colour.b * k};
    }
    return colour;
}

/* At a = 1 this leaves no trace of what was there, not even a rounding error: a pixel whose truth
 * has been painted over is the same whatever had been under it. */
static void blend(float *px, struct dat_colour colour, float truth, float a)
{
    const float keep = 1 - a;
    px[0] = px[0] * keep + colour.r * a;
    px[1] = px[1] * keep + colour.g * a;
    px[2] = px[2] * keep + colour.b * a;
    px[3] = px[3] * keep + truth * a;
}

/* ---- fills: exact coverage by accumulation ----
 *
 * Each edge of the outline, walked downwards (+) or upwards (-), covers in every row it crosses
 * what lies to its right. `cover` holds the differences of that from column to column; summing a
 * row from the left gives each pixel's coverage, and edges of opposite sign cancel behind the
 * shape:
 *            edge +        edge -
 *     0  0  .6 .4  0  0  -.3 -.7  0        differences
 *     0  0  .6  1  1  1   .7   0  0        coverage
 */

/* The part of the canvas that a fill has touched, in pixels. */
struct extent {
    size_t x0, x1, y0, y1; /* columns x0 .. x1 - 1, rows y0 .. y1 - 1 */
};

/* Enters a piece of an edge inside one row, from column x0 to x1 >= x0, both in [0, size]; height
 * is signed. */
static void cover_piece(float *row, float x0, float x1, float height)
{
    const size_t first = (size_t)x0, last = (size_t)x1;
    if (first == last) {
        const float right = 0.5f * (x0 + x1) - (float)first; /* share not covered */
        row[first] += height * (1 - right);
        row[first + 1] += height * right;
        return;
    }
    /* At x the share (x - x0) / (x1 - x0) of the height lies to the left; `sum` is its integral
     * up to the right border of a column. */
    const float scale = 0.5f / (x1 - x0);
    float sum = 0, before = 0;
    for (size_t i = first; i <= last; i++) {
        const float border = (float)(i + 1);
        const float next = border < x1 ? (border - x0) * (border - x0) * scale
                                       : 0.5f * (x1 - x0) + (border - x1);
        row[i] += height * (next - sum - before);
        before = next - sum;
        sum = next;
    }
    row[last + 1] += height * (1 - before);
}

static void cover_edge(struct dat_canvas *c, struct extent *e, struct dat_point a,
                       struct dat_point b)
{
    const float side = (float)c->size;
    const float sign = a.y < b.y ? 1.0f : -1.0f;
    const struct dat_point top = a.y < b.y ? a : b, bottom = a.y < b.y ? b : a;
    const float y0 = top.y < 0 ? 0 : top.y, y1 = bottom.y > side ? side : bottom.y;
    if (!(y0 < y1)) /* level, or off the canvas */
        return;
    const float slope = (bottom.x - top.x) / (bottom.y - top.y);
    for (size_t row = (size_t)y0; row < c->size && (float)row < y1; row++) {
        const float from = (float)row < y0 ? y0 : (float)row;
        const float to = (float)(row + 1) > y1 ? y1 : (float)(row + 1);
        float xa = top.x + slope * (from - top.y), xb = top.x + slope * (to - top.y);
        xa = xa < 0 ? 0 : xa > side ? side : xa;
        xb = xb < 0 ? 0 : xb > side ? side : xb;
        const float x0 = xa < xb ? xa : xb, x1 = xa < xb ? xb : xa;
        cover_piece(c->cover + row * (c->size + 2), x0, x1, sign * (to - from));
        e->x0 = (size_t)x0 < e->x0 ? (size_t)x0 : e->x0;
        e->x1 = (size_t)x1 + 2 > e->x1 ? (size_t)x1 + 2 : e->x1;
        e->y0 = row < e->y0 ? row : e->y0;
        e->y1 = row + 1 > e->y1 ? row + 1 : e->y1;
    }
}

void dat_canvas_fill(struct dat_canvas *c, const struct dat_outline *o, const struct dat_paint *p)
{
    const float side = (float)c->size, pixel = 1 / side;
    struct extent e = {SIZE_MAX, 0, SIZE_MAX, 0};
    for (size_t i = 0; i < o->count; i++) {
        const struct dat_point a = o->at[i], b = o->at[i + 1 < o->count ? i + 1 : 0];
        cover_edge(c, &e, (struct dat_point){a.x * side, a.y * side},
                   (struct dat_point){b.x * side, b.y * side});
    }

    const struct gradient g = gradient_of(p);
    for (size_t y = e.y0; y < e.y1; y++) {
        float *cover = c->cover + y * (c->size + 2);
        float *px = c->pixels + y * c->size * 4;
        float sum = 0;
        for (size_t x = e.x0; x < e.x1; x++) {
            sum += cover[x];
            cover[x] = 0;
            if (x >= c->size)
                continue; /* what lies to the right of the canvas */
            /* A trace of a shape is dropped, lest it widen the truth by what nobody sees (or by
             * rounding errors of the sum); near-full is full, so that it hides what is below. */
            const float share = fabsf(sum);
            const float a = (share > 0.97f ? 1 : share < 0.03f ? 0 : share) * p->opacity;
            if (a > 0)
                blend(px + x * 4,
                      colour_at(&g, ((float)x + 0.5f) * pixel, ((float)y + 0.5f) * pixel), p->truth,
                      a);
        }
    }
}

void dat_canvas_wash(struct dat_canvas *c, const struct dat_paint *p)
{
    const struct gradient g = gradient_of(p);
    const float pixel = 1 / (float)c->size;
    float *px = c->pixels;
    for (size_t y = 0; y < c->size; y++)
        for (size_t x = 0; x < c->size; x++, px += 4)
            blend(px, colour_at(&g, ((float)x + 0.5f) * pixel, ((float)y + 0.5f) * pixel), p->truth,
                  p->opacity);
}

/* The pixels whose centres are in [low, high) of the canvas's side. */
static void pixel_range(float low, float high, size_t size, size_t *first, size_t *end)
{
    const float side = (float)size;
    low = low * side < 0 ? 0 : low * side > side ? side : low * side;
    high = high * side + 1 < 0 ? 0 : high * side + 1 > side ? side : high * side + 1;
    *first = (size_t)low;
    *end = (size_t)high;
}

void dat_canvas_glow(struct dat_canvas *c, const struct dat_frame *f, struct dat_point centre,
                     float rx, float ry, struct dat_colour colour, float opacity)
{
    /* (x, y) -> (u, v): the inverse of the frame, scaled so that the ellipse is the unit disc. */
    const struct dat_point at = dat_frame_at(f, centre);
    const struct dat_point ex = {f->x.x * rx, f->x.y * rx}, ey = {f->y.x * ry, f->y.y * ry};
    const float det = ex.x * ey.y - ex.y * ey.x;
    const float half_x = sqrtf(ex.x * ex.x + ey.x * ey.x);
    const float half_y = sqrtf(ex.y * ex.y + ey.y * ey.y);
    if (det == 0)
        return;
    size_t x0, x1, y0, y1;
    pixel_range(at.x - half_x, at.x + half_x, c->size, &x0, &x1);
    pixel_range(at.y - half_y, at.y + half_y, c->size, &y0, &y1);
    const float pixel = 1 / (float)c->size;
    for (size_t y = y0; y < y1; y++)
        for (size_t x = x0; x < x1; x++) {
            const float dx = ((float)x + 0.5f) * pixel - at.x;
            const float dy = ((float)y + 0.5f) * pixel - at.y;
            const float u = (dx * ey.y - dy * ey.x) / det, v = (dy * ex.x - dx * ex.y) / det;
            const float rest = 1 - (u * u + v * v);
            if (rest > 0)
                blend(c->pixels + (y * c->size + x) * 4, colour, 0, opacity * rest * rest);
        }
}

/* ---- developing ---- */

static uint8_t to_byte(float v)
{
    return v <= 0 ? 0 : v >= 1 ? 255 : (uint8_t)(v * 255 + 0.5f);
}

/* The four channels at (x, y), blurred; the border repeats outwards. */
static void look(const struct dat_canvas *c, float blur, size_t x, size_t y, float out[4])
{
    const float *px = c->pixels + (y * c->size + x) * 4;
    if (blur == 0) {
        for (int k = 0; k < 4; k++)
            out[k] = px[k];
        return;
    }
    const size_t column[3] = {x ? x - 1 : 0, x, x + 1 < c->size ? x + 1 : x};
    const size_t row[3] = {y ? y - 1 : 0, y, y + 1 < c->size ? y + 1 : y};
    const float side = 0.25f * blur, weight[3] = {side, 1 - 2 * side, side};
    for (int k = 0; k < 4; k++)
        out[k] = 0;
    for (int j = 0; j < 3; j++)
        for (int i = 0; i < 3; i++) {
            const float *q = c->pixels + (row[j] * c->size + column[i]) * 4;
            for (int k = 0; k < 4; k++)
                out[k] += weight[j] * weight[i] * q[k];
        }
}

void dat_canvas_develop(const struct dat_canvas *c, const struct dat_lens *lens, uint8_t *rgb,
                        uint8_t *mask)
{
    /* The sum of two uniform numbers in [0, 1) has a standard deviation of 1 / sqrt(6). */
    const float noise = lens->noise * 2.4494897f;
    const float offset = 0.5f + lens->brightness;
    for (size_t y = 0; y < c->size; y++)
        for (size_t x = 0; x < c->size; x++) {
            const size_t i = y * c->size + x;
            float v[4];
            look(c, lens->blur, x, y, v);
            uint32_t h = scramble((uint32_t)i * 0x9e3779b1u ^ lens->seed);
            for (int k = 0; k < 3; k++, h = scramble(h + 0x85ebca77u)) {
                const float n = (float)(h & 0xffff) * 0x1p-16f + (float)(h >> 16) * 0x1p-16f - 1;
                rgb[i * 3 + (size_t)k] = to_byte((v[k] - 0.5f) * lens->contrast + offset +
                                                 noise * n);
            }
            if (mask)
                mask[i] = v[3] > 0 ? 255 : 0;
        }
}
