#include "data/scene.h"

struct eng_rng dat_scene_rng(const struct dat_scene *scene, enum dat_scene_layer layer)
{
    struct eng_rng r;
    eng_rng_init(&r, scene->seed, scene->stream + (uint64_t)layer);
    return r;
}

float dat_scene_between(struct eng_rng *r, float low, float high)
{
    return low + (high - low) * eng_rng_uniform(r);
}

struct dat_point dat_scene_spot(struct eng_rng *r, float x0, float x1, float y0, float y1)
{
    const float x = dat_scene_between(r, x0, x1);
    const float y = dat_scene_between(r, y0, y1);
    return (struct dat_point){x, y};
}

int dat_scene_chance(struct eng_rng *r, float probability)
{
    return eng_rng_uniform(r) < probability;
}

struct dat_colour dat_scene_shade(struct eng_rng *r, struct dat_colour base, float amount)
{
    const float k = 1 + dat_scene_between(r, -amount, amount);
    const float warm = dat_scene_between(r, -0.3f, 0.3f) * amount;
    return (struct dat_colour){base.r * k * (1 + warm), base.g * k, base.b * k * (1 - warm)};
}

uint32_t dat_scene_bits(struct eng_rng *r)
{
    return (uint32_t)(eng_rng_u64(r) >> 32);
}

void dat_scene_ellipse(struct dat_canvas *c, const struct dat_frame *f, float x, float y, float rx,
                       float ry, const struct dat_paint *p)
{
    struct dat_outline o;
    dat_outline_ellipse(&o, f, (struct dat_point){x, y}, rx, ry);
    dat_canvas_fill(c, &o, p);
}

void dat_scene_blob(struct dat_canvas *c, const struct dat_frame *f, const struct dat_point *points,
                    size_t n, const struct dat_paint *p)
{
    struct dat_outline o;
    dat_outline_blob(&o, f, points, n);
    dat_canvas_fill(c, &o, p);
}

void dat_scene_stroke(struct dat_canvas *c, const struct dat_frame *f,
                      const struct dat_point *points, size_t n, float w0, float w1, float w2,
                      const struct dat_paint *p)
{
    struct dat_outline o;
    dat_outline_stroke(&o, f, points, n, w0, w1, w2);
    dat_canvas_fill(c, &o, p);
}

void dat_scene_leaf(struct dat_canvas *c, const struct dat_frame *f, struct dat_colour colour)
{
    static const struct dat_point leaf[] = {
        {0, 0}, {0, 0}, {0.3f, -0.42f}, {0.7f, -0.36f},
        {1, 0}, {1, 0}, {0.7f, 0.36f},  {0.3f, 0.42f},
    };
    static const struct dat_point rib[] = {{-0.15f, 0.02f}, {0.4f, 0}, {0.92f, 0}};
    const struct dat_colour light = dat_colour_mix(colour, (struct dat_colour){1, 1, 0.8f}, 0.25f);
    const struct dat_colour dark = dat_colour_mix(colour, (struct dat_colour){0, 0, 0}, 0.3f);
    const struct dat_paint body = dat_paint_ramp(f, (struct dat_point){0.4f, -0.4f},
                                                 (struct dat_point){0.6f, 0.4f}, light, dark);
    const struct dat_paint vein = dat_paint_flat(dark);
    dat_scene_blob(c, f, leaf, DAT_COUNT(leaf), &body);
    dat_scene_stroke(c, f, rib, DAT_COUNT(rib), 0.07f, 0.05f, 0.02f, &vein);
}
