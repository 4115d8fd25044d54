/* Where the animals are: places behind them, and things in front. */
#include "data/scene.h"

static const struct dat_colour WHITE = {1, 1, 1}, BLACK = {0, 0, 0};

static struct dat_colour pick(struct eng_rng *r, const struct dat_colour *from, size_t n)
{
    return dat_scene_shade(r, from[eng_rng_below(r, n)], 0.12f);
}

static struct dat_colour darker(struct dat_colour colour, float t)
{
    return dat_colour_mix(colour, BLACK, t);
}

static struct dat_colour lighter(struct dat_colour colour, float t)
{
    return dat_colour_mix(colour, WHITE, t);
}

/* ---- surfaces ---- */

static void rectangle(struct dat_canvas *c, float x0, float y0, float x1, float y1,
                      const struct dat_paint *p)
{
    const struct dat_point corners[] = {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}};
    struct dat_outline o;
    dat_outline_polygon(&o, &dat_frame_canvas, corners, DAT_COUNT(corners));
    dat_canvas_fill(c, &o, p);
}

static struct dat_paint vertical(float y0, float y1, struct dat_colour top,
                                 struct dat_colour bottom)
{
    return dat_paint_ramp(&dat_frame_canvas, (struct dat_point){0, y0}, (struct dat_point){0, y1},
                          top, bottom);
}

static void wall(struct dat_canvas *c, struct eng_rng *r)
{
    static const struct dat_colour walls[] = {
        {0.78f, 0.72f, 0.62f}, {0.56f, 0.66f, 0.70f}, {0.66f, 0.72f, 0.58f},
        {0.80f, 0.62f, 0.55f}, {0.62f, 0.58f, 0.72f}, {0.42f, 0.50f, 0.56f},
    };
    const struct dat_colour colour = pick(r, walls, DAT_COUNT(walls));
    struct dat_paint p = vertical(0, 1, lighter(colour, 0.12f), darker(colour, 0.18f));
    p.grain = 0.05f;
    p.fineness = 9;
    p.seed = dat_scene_bits(r);
    dat_canvas_wash(c, &p);

    struct dat_paint motif = dat_paint_flat(dat_scene_chance(r, 0.5f) ? lighter(colour, 0.25f)
                                                                      : darker(colour, 0.15f));
    motif.opacity = dat_scene_between(r, 0.25f, 0.6f);
    const float step = dat_scene_between(r, 0.09f, 0.16f), shift = dat_scene_between(r, 0, step);
    switch (eng_rng_below(r, 3)) {
    case 0: /* stripes */
        for (float x = shift - step; x < 1; x += step)
            rectangle(c, x, 0, x + step * 0.45f, 1, &motif);
        break;
    case 1: /* dots, every second row shifted by half */
        for (int row = 0; (float)row * step < 1; row++)
            for (float x = shift - step + (float)(row & 1) * step * 0.5f; x < 1.1f; x += step)
                dat_scene_ellipse(c, &dat_frame_canvas, x, (float)row * step, step * 0.18f,
                                  step * 0.18f, &motif);
        break;
    default: /* plain */
        break;
    }
}

static void floorboards(struct dat_canvas *c, struct eng_rng *r, float horizon)
{
    static const struct dat_colour woods[] = {
        {0.60f, 0.42f, 0.27f}, {0.46f, 0.34f, 0.25f}, {0.70f, 0.56f, 0.40f}, {0.50f, 0.48f, 0.46f}};
    const struct dat_colour wood = pick(r, woods, DAT_COUNT(woods));
    struct dat_paint p = vertical(horizon, 1, darker(wood, 0.2f), lighter(wood, 0.08f));
    p.grain = 0.14f;
    p.fibre = (struct dat_point){1, 0};
    p.fineness = 42;
    p.seed = dat_scene_bits(r);
    rectangle(c, 0, horizon, 1, 1, &p);

    const struct dat_paint skirting = dat_paint_flat(lighter(wood, 0.55f));
    rectangle(c, 0, horizon - 0.03f, 1, horizon, &skirting);
    struct dat_paint joint = dat_paint_flat(darker(wood, 0.55f));
    joint.opacity = 0.6f;
    const float vanish = dat_scene_between(r, 0.3f, 0.7f);
    for (int i = -9; i <= 9; i++) {
        const float x = vanish + (float)i * 0.09f, far = vanish + (float)i * 0.25f;
        const struct dat_point line[] = {{x, horizon}, {far, 1}};
        dat_scene_stroke(c, &dat_frame_canvas, line, 2, 0.003f, 0.005f, 0.007f, &joint);
    }
}

static void picture_frame(struct dat_canvas *c, struct eng_rng *r)
{
    static const struct dat_colour frames[] = {
        {0.35f, 0.24f, 0.16f}, {0.80f, 0.68f, 0.42f}, {0.9f, 0.9f, 0.88f}, {0.2f, 0.22f, 0.25f}};
    const float x = dat_scene_between(r, 0.02f, 0.75f), y = dat_scene_between(r, 0.03f, 0.18f);
    const float w = dat_scene_between(r, 0.18f, 0.32f), h = dat_scene_between(r, 0.16f, 0.3f);
    const struct dat_paint wood = dat_paint_flat(pick(r, frames, DAT_COUNT(frames)));
    const struct dat_colour sky = dat_scene_shade(r, (struct dat_colour){0.62f, 0.76f, 0.84f},
                                                  0.2f);
    const struct dat_colour land = dat_scene_shade(r, (struct dat_colour){0.42f, 0.54f, 0.34f},
                                                   0.3f);
    const struct dat_paint glass = vertical(y, y + h, sky, lighter(sky, 0.5f));
    const struct dat_paint hill = dat_paint_flat(land);
    const float edge = 0.022f;
    dat_canvas_glow(c, &dat_frame_canvas, (struct dat_point){x + w / 2 + 0.02f, y + h / 2 + 0.03f},
                    w * 0.8f, h * 0.8f, BLACK, 0.35f);
    rectangle(c, x, y, x + w, y + h, &wood);
    rectangle(c, x + edge, y + edge, x + w - edge, y + h - edge, &glass);
    const float bottom = y + h - edge;
    const struct dat_point hills[] = {{x + edge, bottom},
                                      {x + edge, y + h * 0.62f},
                                      {x + w * 0.35f, y + h * 0.45f},
                                      {x + w * 0.6f, y + h * 0.66f},
                                      {x + w - edge, y + h * 0.5f},
                                      {x + w - edge, bottom}};
    struct dat_outline o;
    dat_outline_polygon(&o, &dat_frame_canvas, hills, DAT_COUNT(hills));
    dat_canvas_fill(c, &o, &hill);
}

static void plant(struct dat_canvas *c, struct eng_rng *r, float ground)
{
    const float x = dat_scene_chance(r, 0.5f) ? dat_scene_between(r, 0.03f, 0.18f)
                                              : dat_scene_between(r, 0.82f, 0.97f);
    const struct dat_colour clay = dat_scene_shade(r, (struct dat_colour){0.66f, 0.42f, 0.32f},
                                                   0.25f);
    const struct dat_colour leaf = dat_scene_shade(r, (struct dat_colour){0.30f, 0.50f, 0.28f},
                                                   0.2f);
    for (int i = 0; i < 9; i++) {
        const float size = dat_scene_between(r, 0.14f, 0.24f);
        const float turn = -0.25f + 0.055f * (float)(i - 4) + dat_scene_between(r, -0.02f, 0.02f);
        const struct dat_frame f = dat_frame_inside(&dat_frame_canvas, x, ground - 0.1f, size,
                                                    size * 0.42f, turn);
        dat_scene_leaf(c, &f, dat_scene_shade(r, leaf, 0.2f));
    }
    const struct dat_point pot[] = {{x - 0.075f, ground - 0.11f},
                                    {x + 0.075f, ground - 0.11f},
                                    {x + 0.05f, ground + 0.03f},
                                    {x - 0.05f, ground + 0.03f}};
    const struct dat_paint paint = dat_paint_ramp(&dat_frame_canvas, pot[0], pot[1],
                                                  lighter(clay, 0.2f), darker(clay, 0.35f));
    struct dat_outline o;
    dat_outline_polygon(&o, &dat_frame_canvas, pot, DAT_COUNT(pot));
    dat_canvas_fill(c, &o, &paint);
}

/* A soft block with rounded corners: sofas are made of them. */
static void cushion(struct dat_canvas *c, float x0, float y0, float x1, float y1, float turn,
                    struct dat_colour colour, uint32_t seed)
{
    static const struct dat_point block[] = {
        {-0.97f, -0.75f}, {-0.75f, -0.97f}, {0, -1}, {0.75f, -0.97f}, {0.97f, -0.75f}, {1, 0},
        {0.97f, 0.75f},   {0.75f, 0.97f},   {0, 1},  {-0.75f, 0.97f}, {-0.97f, 0.75f}, {-1, 0},
    };
    const struct dat_frame f = dat_frame_inside(&dat_frame_canvas, (x0 + x1) / 2, (y0 + y1) / 2,
                                                (x1 - x0) / 2, (y1 - y0) / 2, turn);
    struct dat_paint p = dat_paint_ramp(&f, (struct dat_point){-0.2f, -1},
                                        (struct dat_point){0.2f, 1}, lighter(colour, 0.13f),
                                        darker(colour, 0.33f));
    p.grain = 0.07f;
    p.fineness = 60;
    p.seed = seed;
    dat_scene_blob(c, &f, block, DAT_COUNT(block), &p);
}

/* ---- places ---- */

void dat_place_sofa(struct dat_canvas *c, struct eng_rng *r)
{
    static const struct dat_colour cloths[] = {
        {0.55f, 0.32f, 0.30f}, {0.34f, 0.46f, 0.48f}, {0.60f, 0.54f, 0.42f},
        {0.40f, 0.38f, 0.50f}, {0.48f, 0.52f, 0.36f}, {0.72f, 0.62f, 0.50f},
    };
    wall(c, r);
    if (dat_scene_chance(r, 0.6f))
        picture_frame(c, r);
    const struct dat_colour cloth = pick(r, cloths, DAT_COUNT(cloths));
    const struct dat_colour pillow = pick(r, cloths, DAT_COUNT(cloths));
    const uint32_t seed = dat_scene_bits(r);
    const float top = dat_scene_between(r, 0.32f, 0.5f), split = dat_scene_between(r, 0.35f, 0.65f);
    cushion(c, split - 0.85f, top, split, 0.9f, 0, cloth, seed);
    cushion(c, split, top, split + 0.85f, 0.9f, 0, darker(cloth, 0.06f), seed);
    for (int side = 0; side < 2; side++)
        if (dat_scene_chance(r, 0.6f)) {
            const float x = side ? dat_scene_between(r, 0.78f, 0.92f)
                                 : dat_scene_between(r, 0.08f, 0.22f);
            const float turn = dat_scene_between(r, -0.1f, 0.1f);
            cushion(c, x - 0.15f, 0.48f, x + 0.15f, 0.78f, turn, pillow, seed ^ 1);
        }
    dat_canvas_glow(c, &dat_frame_canvas, (struct dat_point){0.5f, 0.76f}, 0.9f, 0.12f, BLACK,
                    0.5f);
    cushion(c, -0.3f, 0.74f, 1.3f, 1.1f, 0, lighter(cloth, 0.08f), seed);
}

void dat_place_room(struct dat_canvas *c, struct eng_rng *r)
{
    static const struct dat_colour rugs[] = {
        {0.62f, 0.36f, 0.34f}, {0.36f, 0.46f, 0.58f}, {0.74f, 0.68f, 0.56f}, {0.46f, 0.52f, 0.40f}};
    const float horizon = dat_scene_between(r, 0.6f, 0.72f);
    wall(c, r);
    floorboards(c, r, horizon);
    if (dat_scene_chance(r, 0.6f))
        picture_frame(c, r);
    if (dat_scene_chance(r, 0.6f)) {
        const struct dat_colour colour = pick(r, rugs, DAT_COUNT(rugs));
        struct dat_paint border = dat_paint_flat(lighter(colour, 0.4f));
        struct dat_paint rug = dat_paint_flat(colour);
        rug.grain = 0.12f;
        rug.fineness = 90;
        rug.seed = dat_scene_bits(r);
        const float x = dat_scene_between(r, 0.35f, 0.65f);
        dat_scene_ellipse(c, &dat_frame_canvas, x, 0.9f, 0.52f, 0.13f, &border);
        dat_scene_ellipse(c, &dat_frame_canvas, x, 0.9f, 0.48f, 0.11f, &rug);
    }
    if (dat_scene_chance(r, 0.6f))
        plant(c, r, horizon + 0.04f);
}

static void flower(struct dat_canvas *c, struct eng_rng *r, float x, float y, float size)
{
    static const struct dat_colour petals[] = {
        {0.95f, 0.93f, 0.88f}, {0.92f, 0.72f, 0.25f}, {0.80f, 0.40f, 0.48f}, {0.58f, 0.50f, 0.82f}};
    const struct dat_paint petal = dat_paint_flat(pick(r, petals, DAT_COUNT(petals)));
    const struct dat_paint heart = dat_paint_flat((struct dat_colour){0.85f, 0.62f, 0.18f});
    for (int i = 0; i < 5; i++) {
        float cosine, sine;
        dat_turn((float)i * 0.2f, &cosine, &sine);
        dat_scene_ellipse(c, &dat_frame_canvas, x + cosine * size, y + sine * size, size * 0.7f,
                          size * 0.7f, &petal);
    }
    dat_scene_ellipse(c, &dat_frame_canvas, x, y, size * 0.6f, size * 0.6f, &heart);
}

static void clouds(struct dat_canvas *c, struct eng_rng *r, int count, float lowest)
{
    for (int i = 0; i < count; i++) {
        const float x = dat_scene_between(r, 0, 1), y = dat_scene_between(r, 0.03f, lowest);
        const float size = dat_scene_between(r, 0.07f, 0.16f);
        for (int k = 0; k < 5; k++) {
            const struct dat_point puff = dat_scene_spot(r, x - 1.3f * size, x + 1.3f * size,
                                                         y - 0.3f * size, y + 0.3f * size);
            dat_canvas_glow(c, &dat_frame_canvas, puff, size * 1.5f, size * 0.8f, WHITE, 0.6f);
        }
    }
}

static void hill(struct dat_canvas *c, struct eng_rng *r, float y, float height,
                 struct dat_colour colour)
{
    struct dat_point ridge[7] = {{-0.2f, 1.3f}, {-0.2f, y}};
    for (int i = 0; i < 4; i++)
        ridge[2 + i] = (struct dat_point){0.1f + 0.27f * (float)i,
                                          y + dat_scene_between(r, -height, height)};
    ridge[6] = (struct dat_point){1.2f, 1.3f};
    struct dat_paint p = vertical(y - height, 1, lighter(colour, 0.1f), darker(colour, 0.25f));
    p.grain = 0.12f;
    p.fineness = 26;
    p.seed = dat_scene_bits(r);
    dat_scene_blob(c, &dat_frame_canvas, ridge, DAT_COUNT(ridge), &p);
}

/* A blade of grass or a reed from its root, bending to one side. */
static void blade(struct dat_canvas *c, struct eng_rng *r, float x, float y, float height,
                  float width, struct dat_colour colour)
{
    const float lean = height * dat_scene_between(r, -0.35f, 0.35f);
    const struct dat_point line[] = {
        {x, y}, {x + lean * 0.25f, y - height * 0.55f}, {x + lean, y - height}};
    const struct dat_paint p = dat_paint_flat(colour);
    dat_scene_stroke(c, &dat_frame_canvas, line, DAT_COUNT(line), width, width * 0.8f, 0.001f, &p);
}

void dat_place_meadow(struct dat_canvas *c, struct eng_rng *r)
{
    static const struct dat_colour skies[] = {
        {0.45f, 0.62f, 0.82f}, {0.62f, 0.70f, 0.78f}, {0.80f, 0.62f, 0.52f}, {0.50f, 0.66f, 0.70f}};
    static const struct dat_colour greens[] = {
        {0.40f, 0.52f, 0.26f}, {0.50f, 0.54f, 0.30f}, {0.32f, 0.46f, 0.30f}, {0.62f, 0.54f, 0.30f}};
    const struct dat_colour sky = pick(r, skies, DAT_COUNT(skies));
    const struct dat_colour green = pick(r, greens, DAT_COUNT(greens));
    const struct dat_paint air = vertical(0, 0.6f, sky, lighter(sky, 0.55f));
    dat_canvas_wash(c, &air);
    clouds(c, r, (int)eng_rng_below(r, 4), 0.3f);
    const float horizon = dat_scene_between(r, 0.38f, 0.6f);
    hill(c, r, horizon - 0.06f, 0.07f, dat_colour_mix(green, sky, 0.5f));
    hill(c, r, horizon + 0.06f, 0.04f, dat_colour_mix(green, sky, 0.15f));
    hill(c, r, 0.74f, 0.02f, green);
    for (int i = 0; i < 60; i++) {
        const struct dat_point root = dat_scene_spot(r, 0, 1, horizon + 0.14f, 1.05f);
        const struct dat_colour colour = dat_scene_shade(r, green, 0.3f);
        blade(c, r, root.x, root.y, 0.03f + 0.07f * (root.y - horizon), 0.010f, colour);
    }
    const int flowers = (int)eng_rng_below(r, 12);
    for (int i = 0; i < flowers; i++) {
        const struct dat_point at = dat_scene_spot(r, 0, 1, horizon + 0.2f, 1);
        flower(c, r, at.x, at.y, 0.008f + 0.012f * (at.y - horizon));
    }
}

void dat_place_bokeh(struct dat_canvas *c, struct eng_rng *r)
{
    static const struct dat_colour moods[][2] = {
        {{0.34f, 0.46f, 0.24f}, {0.78f, 0.80f, 0.46f}}, /* foliage */
        {{0.46f, 0.34f, 0.40f}, {0.93f, 0.72f, 0.76f}}, /* blossom */
        {{0.48f, 0.32f, 0.18f}, {0.93f, 0.68f, 0.34f}}, /* autumn */
        {{0.48f, 0.54f, 0.62f}, {0.90f, 0.92f, 0.95f}}, /* snow */
        {{0.24f, 0.34f, 0.44f}, {0.62f, 0.76f, 0.78f}}, /* water */
    };
    const struct dat_colour *mood = moods[eng_rng_below(r, DAT_COUNT(moods))];
    const struct dat_colour dark = dat_scene_shade(r, mood[0], 0.15f);
    const struct dat_colour light = dat_scene_shade(r, mood[1], 0.08f);
    const int upside = dat_scene_chance(r, 0.4f);
    struct dat_paint air = vertical(0, 1, dat_colour_mix(dark, light, upside ? 0.1f : 0.65f),
                                    dat_colour_mix(dark, light, upside ? 0.65f : 0.1f));
    air.grain = 0.16f;
    air.fineness = 5;
    air.seed = dat_scene_bits(r);
    dat_canvas_wash(c, &air);
    for (int i = 0; i < 7; i++) {
        const float size = dat_scene_between(r, 0.15f, 0.35f);
        const struct dat_point at = dat_scene_spot(r, 0, 1, 0, 1);
        const struct dat_colour colour = dat_scene_chance(r, 0.5f) ? dark : light;
        dat_canvas_glow(c, &dat_frame_canvas, at, size, size, colour, 0.5f);
    }
    for (int i = 0; i < 14; i++) {
        const float size = dat_scene_between(r, 0.02f, 0.075f);
        struct dat_paint disc = dat_paint_flat(dat_scene_shade(r, lighter(light, 0.3f), 0.1f));
        disc.opacity = dat_scene_between(r, 0.1f, 0.4f);
        const struct dat_point at = dat_scene_spot(r, 0, 1, 0, 1);
        dat_scene_ellipse(c, &dat_frame_canvas, at.x, at.y, size, size, &disc);
    }
}

void dat_place_sky(struct dat_canvas *c, struct eng_rng *r)
{
    static const struct dat_colour skies[] = {
        {0.42f, 0.60f, 0.82f}, {0.60f, 0.68f, 0.76f}, {0.82f, 0.64f, 0.56f}, {0.50f, 0.58f, 0.72f}};
    const struct dat_colour sky = pick(r, skies, DAT_COUNT(skies));
    const struct dat_paint air = vertical(0, 1, sky, lighter(sky, 0.5f));
    dat_canvas_wash(c, &air);
    clouds(c, r, 1 + (int)eng_rng_below(r, 4), 0.9f);
    const struct dat_colour far = dat_colour_mix(sky, (struct dat_colour){0.30f, 0.25f, 0.2f},
                                                 0.6f);
    for (int i = 0; i < 3; i++) {
        const float y = dat_scene_between(r, 0.05f, 0.95f),
                    slope = dat_scene_between(r, -0.4f, 0.4f);
        const struct dat_point line[] = {{-0.1f, y},
                                         {0.3f, y + slope * 0.3f + 0.04f},
                                         {0.7f, y + slope * 0.7f - 0.03f},
                                         {1.1f, y + slope * 1.1f}};
        struct dat_paint p = dat_paint_flat(far);
        p.opacity = 0.7f;
        const float width = dat_scene_between(r, 0.008f, 0.03f);
        dat_scene_stroke(c, &dat_frame_canvas, line, 4, width, width * 0.7f, width * 0.4f, &p);
        for (int k = 0; k < 5; k++) {
            const float t = dat_scene_between(r, 0, 1), size = dat_scene_between(r, 0.05f, 0.09f);
            const float turn = eng_rng_uniform(r);
            const struct dat_frame f = dat_frame_inside(&dat_frame_canvas, t, y + slope * t, size,
                                                        size * 0.5f, turn);
            dat_scene_leaf(c, &f,
                           dat_colour_mix(sky, (struct dat_colour){0.36f, 0.46f, 0.24f}, 0.55f));
        }
    }
}

void dat_place_reeds(struct dat_canvas *c, struct eng_rng *r)
{
    static const struct dat_colour waters[] = {
        {0.50f, 0.60f, 0.62f}, {0.62f, 0.62f, 0.52f}, {0.44f, 0.54f, 0.48f}, {0.70f, 0.64f, 0.54f}};
    static const struct dat_colour stems[] = {
        {0.56f, 0.52f, 0.30f}, {0.66f, 0.58f, 0.38f}, {0.42f, 0.50f, 0.30f}};
    const struct dat_colour water = pick(r, waters, DAT_COUNT(waters));
    const struct dat_colour stem = pick(r, stems, DAT_COUNT(stems));
    struct dat_paint p = vertical(0, 1, lighter(water, 0.3f), darker(water, 0.15f));
    p.grain = 0.10f;
    p.fibre = (struct dat_point){1, 0};
    p.fineness = 24;
    p.seed = dat_scene_bits(r);
    dat_canvas_wash(c, &p);
    for (int i = 0; i < 34; i++) {
        const float near = (float)i / 34;
        const float x = dat_scene_between(r, -0.1f, 1.1f), tall = dat_scene_between(r, 0.5f, 1.2f);
        const struct dat_colour own = dat_scene_shade(r, stem, 0.25f);
        blade(c, r, x, 1.05f, tall, 0.008f + 0.016f * near,
              dat_colour_mix(water, own, 0.3f + 0.5f * near));
    }
}

/* ---- in front ---- */

void dat_front_grass(struct dat_canvas *c, struct eng_rng *r)
{
    const struct dat_colour green = dat_scene_shade(r, (struct dat_colour){0.42f, 0.54f, 0.24f},
                                                    0.25f);
    const float x = dat_scene_between(r, 0.1f, 0.9f), tall = dat_scene_between(r, 0.25f, 0.6f);
    for (int i = 0; i < 16; i++) {
        const float root = x + dat_scene_between(r, -0.22f, 0.22f);
        const float height = tall * dat_scene_between(r, 0.5f, 1.1f);
        const float width = dat_scene_between(r, 0.014f, 0.026f);
        const struct dat_colour colour = dat_scene_shade(r, green, 0.3f);
        blade(c, r, root, 1.03f, height, width, colour);
    }
}

void dat_front_twig(struct dat_canvas *c, struct eng_rng *r)
{
    const struct dat_colour bark = {0.34f, 0.25f, 0.18f};
    static const struct dat_colour leaves[] = {
        {0.36f, 0.50f, 0.24f}, {0.52f, 0.58f, 0.28f}, {0.74f, 0.46f, 0.20f}, {0.28f, 0.44f, 0.30f}};
    const struct dat_colour leaf = pick(r, leaves, DAT_COUNT(leaves));
    const int from_right = dat_scene_chance(r, 0.5f);
    const float y = dat_scene_between(r, 0.1f, 0.9f);
    const struct dat_frame f = dat_frame_inside(&dat_frame_canvas, from_right ? 1.03f : -0.03f, y,
                                                1, 1, 0);
    const float reach = dat_scene_between(r, 0.3f, 0.6f) * (from_right ? -1 : 1);
    const float drop = dat_scene_between(r, -0.25f, 0.25f);
    const struct dat_point line[] = {{0, 0}, {reach * 0.5f, drop * 0.3f}, {reach, drop}};
    const struct dat_paint p = dat_paint_flat(bark);
    dat_scene_stroke(c, &f, line, 3, 0.022f, 0.014f, 0.006f, &p);
    for (int i = 0; i < 7; i++) {
        const float t = dat_scene_between(r, 0.15f, 1), size = dat_scene_between(r, 0.09f, 0.15f);
        const float turn = (from_right ? 0.5f : 0) + ((i & 1) ? 0.1f : -0.1f) +
                           dat_scene_between(r, -0.06f, 0.06f);
        const struct dat_frame g = dat_frame_inside(&f, reach * t, drop * t * (0.2f + 0.8f * t),
                                                    size, size * 0.5f, turn);
        dat_scene_leaf(c, &g, dat_scene_shade(r, leaf, 0.2f));
    }
}

void dat_front_bars(struct dat_canvas *c, struct eng_rng *r)
{
    static const struct dat_colour woods[] = {
        {0.85f, 0.83f, 0.78f}, {0.45f, 0.33f, 0.24f}, {0.30f, 0.32f, 0.34f}, {0.62f, 0.50f, 0.36f}};
    const struct dat_colour wood = pick(r, woods, DAT_COUNT(woods));
    const float step = dat_scene_between(r, 0.26f, 0.4f),
                width = dat_scene_between(r, 0.03f, 0.05f);
    const float top = dat_scene_between(r, 0.2f, 0.55f);
    uint32_t seed = dat_scene_bits(r);
    for (float x = dat_scene_between(r, -0.1f, step - 0.1f); x < 1; x += step) {
        struct dat_paint p = dat_paint_ramp(&dat_frame_canvas, (struct dat_point){x, 0},
                                            (struct dat_point){x + width, 0}, lighter(wood, 0.15f),
                                            darker(wood, 0.35f));
        p.grain = 0.12f;
        p.fibre = (struct dat_point){0, 1};
        p.fineness = 70;
        p.seed = seed++;
        const struct dat_point post[] = {{x, top + width},
                                         {x + width / 2, top},
                                         {x + width, top + width},
                                         {x + width, 1},
                                         {x, 1}};
        struct dat_outline o;
        dat_outline_polygon(&o, &dat_frame_canvas, post, DAT_COUNT(post));
        dat_canvas_fill(c, &o, &p);
    }
    const float rail = top + dat_scene_between(r, 0.22f, 0.32f);
    const struct dat_paint p = vertical(rail, rail + width, lighter(wood, 0.1f),
                                        darker(wood, 0.3f));
    rectangle(c, 0, rail, 1, rail + width, &p);
}

void dat_front_ball(struct dat_canvas *c, struct eng_rng *r)
{
    static const struct dat_colour balls[] = {
        {0.80f, 0.28f, 0.26f}, {0.26f, 0.46f, 0.70f}, {0.86f, 0.70f, 0.26f}, {0.40f, 0.62f, 0.42f}};
    const struct dat_colour colour = pick(r, balls, DAT_COUNT(balls));
    const float size = dat_scene_between(r, 0.09f, 0.17f), x = dat_scene_between(r, 0.1f, 0.9f);
    const struct dat_frame f = dat_frame_inside(&dat_frame_canvas, x, 0.97f - size, size, size,
                                                eng_rng_uniform(r));
    dat_canvas_glow(c, &dat_frame_canvas, (struct dat_point){f.origin.x, 0.96f}, size * 1.4f, 0.05f,
                    BLACK, 0.5f);
    const struct dat_paint ball = dat_paint_ball(&dat_frame_canvas, f.origin.x - size * 0.35f,
                                                 f.origin.y - size * 0.4f, size * 1.5f,
                                                 lighter(colour, 0.35f), darker(colour, 0.4f));
    dat_scene_ellipse(c, &f, 0, 0, 1, 1, &ball);
    struct dat_paint seam = dat_paint_flat(lighter(colour, 0.75f));
    seam.opacity = 0.8f;
    const struct dat_point line[] = {{-0.9f, 0.3f}, {-0.3f, -0.1f}, {0.35f, -0.1f}, {0.92f, 0.25f}};
    dat_scene_stroke(c, &f, line, DAT_COUNT(line), 0.05f, 0.12f, 0.05f, &seam);
}
