/* Warblers and sparrows that differ in their bill, breast and wing, and in nothing else.
 *
 *                 __                 one unit is half the length of a body, which looks right;
 *               /    \               its origin is in its middle. The head has a frame of its own,
 *       ___----'  o   >  bill        one unit its radius, so that it can turn.
 *    .-' == wing ==  /
 *   =======__bars__ ' breast         warbler: thin bill, a dark bib, two bars across the wing
 *   tail     | |                     sparrow: thick bill, a streaked breast, streaks along the wing
 *   ==========^=^===== perch
 *
 * Plumage, face, pose, perch and place are drawn alike for both.
 */
#include "data/scene.h"

static const struct dat_colour WHITE = {1, 1, 1}, BLACK = {0.06f, 0.05f, 0.06f};

enum face { FACE_PLAIN, FACE_BROW, FACE_CAP, FACE_MASK, FACES };

struct plumage {
    struct dat_colour back, wing, belly; /* upper side, flight feathers, under side */
    struct dat_colour mark, edge;        /* dark and pale marks of breast and wing */
    struct dat_colour horn;              /* bill and legs */
    enum face face;
    uint32_t seed;
};

struct pose {
    struct dat_frame body, head;
    struct dat_frame perch; /* as large as the body's, on the branch below it, along the branch */
    float tail;             /* how far the tail's end is raised */
};

static struct plumage draw_plumage(const struct dat_scene *scene)
{
    static const struct dat_colour kinds[][3] = {
        {{0.66f, 0.62f, 0.26f}, {0.40f, 0.38f, 0.26f}, {0.95f, 0.86f, 0.42f}}, /* olive, yellow */
        {{0.56f, 0.42f, 0.30f}, {0.38f, 0.27f, 0.20f}, {0.92f, 0.86f, 0.76f}}, /* brown, buff */
        {{0.52f, 0.55f, 0.60f}, {0.30f, 0.32f, 0.37f}, {0.93f, 0.93f, 0.92f}}, /* grey, white */
        {{0.34f, 0.46f, 0.62f}, {0.22f, 0.29f, 0.42f}, {0.90f, 0.90f, 0.88f}}, /* blue, white */
        {{0.66f, 0.38f, 0.24f}, {0.40f, 0.25f, 0.19f}, {0.94f, 0.82f, 0.68f}}, /* rufous, cream */
        {{0.48f, 0.52f, 0.36f}, {0.31f, 0.34f, 0.25f}, {0.86f, 0.87f, 0.70f}}, /* green, lemon */
        {{0.50f, 0.44f, 0.42f}, {0.30f, 0.27f, 0.27f}, {0.90f, 0.68f, 0.46f}}, /* dusk, orange */
    };
    static const struct dat_colour horns[] = {
        {0.26f, 0.22f, 0.22f}, {0.62f, 0.46f, 0.34f}, {0.44f, 0.40f, 0.38f}, {0.80f, 0.58f, 0.36f}};
    struct eng_rng r = dat_scene_rng(scene, DAT_LAYER_COAT);
    const struct dat_colour *colours = kinds[eng_rng_below(&r, DAT_COUNT(kinds))];
    struct plumage plumage;
    plumage.back = dat_scene_shade(&r, colours[0], 0.1f);
    plumage.wing = dat_scene_shade(&r, colours[1], 0.1f);
    plumage.belly = dat_scene_shade(&r, colours[2], 0.04f);
    plumage.mark = dat_colour_mix(plumage.wing, BLACK, dat_scene_between(&r, 0.2f, 0.6f));
    plumage.edge = dat_colour_mix(plumage.belly, WHITE, dat_scene_between(&r, 0.3f, 0.8f));
    plumage.horn = dat_scene_shade(&r, horns[eng_rng_below(&r, DAT_COUNT(horns))], 0.1f);
    plumage.face = (enum face)eng_rng_below(&r, FACES);
    plumage.seed = dat_scene_bits(&r);
    return plumage;
}

static struct pose draw_pose(const struct dat_scene *scene)
{
    struct eng_rng r = dat_scene_rng(scene, DAT_LAYER_POSE);
    struct pose pose;
    const float size = dat_scene_between(&r, 0.175f, 0.245f);
    const float flip = dat_scene_chance(&r, 0.5f) ? 1.0f : -1.0f;
    /* The tail may leave the picture, the head must not: so the bird sits back from the centre. */
    const float x = 0.5f - flip * size * 0.25f + dat_scene_between(&r, -0.13f, 0.13f);
    const float y = 0.53f + dat_scene_between(&r, -0.1f, 0.12f);
    const float rise = dat_scene_between(&r, -0.11f, 0.01f);
    pose.body = dat_frame_inside(&dat_frame_canvas, x, y, size * flip, size, rise * flip);
    const float nod = dat_scene_between(&r, -0.07f, 0.07f) - rise * 0.8f;
    pose.head = dat_frame_inside(&pose.body, 0.72f, -0.74f, 0.62f, 0.62f, nod);
    const float slope = dat_scene_between(&r, -0.04f, 0.04f);
    pose.perch = dat_frame_inside(&dat_frame_canvas, x, y + 1.22f * size, size * flip, size, slope);
    pose.tail = dat_scene_between(&r, -0.3f, 0.35f);
    return pose;
}

/* ---- what both have ---- */

/* Soft feathers, lit around the frame's (x, y) and shaded from a distance r of it. */
static struct dat_paint down_paint(const struct dat_frame *f, float x, float y, float r,
                                   struct dat_colour colour, uint32_t seed)
{
    struct dat_paint p = dat_paint_ball(f, x, y, r, dat_colour_mix(colour, WHITE, 0.14f),
                                        dat_colour_mix(colour, BLACK, 0.34f));
    p.grain = 0.1f;
    p.fineness = 70;
    p.seed = seed;
    return p;
}

static void perch(struct dat_canvas *c, const struct pose *pose, struct eng_rng *r)
{
    static const struct dat_colour barks[] = {
        {0.42f, 0.33f, 0.26f}, {0.55f, 0.50f, 0.46f}, {0.36f, 0.28f, 0.24f}, {0.62f, 0.50f, 0.36f}};
    static const struct dat_colour leaves[] = {
        {0.40f, 0.54f, 0.26f}, {0.56f, 0.60f, 0.30f}, {0.76f, 0.50f, 0.22f}, {0.72f, 0.40f, 0.40f}};
    const struct dat_colour bark = dat_scene_shade(r, barks[eng_rng_below(r, DAT_COUNT(barks))],
                                                   0.15f);
    const struct dat_colour leaf = dat_scene_shade(r, leaves[eng_rng_below(r, DAT_COUNT(leaves))],
                                                   0.15f);
    const float thick = dat_scene_between(r, 0.2f, 0.36f);
    const float left = dat_scene_between(r, -0.3f, 0.3f), right = dat_scene_between(r, -0.3f, 0.3f);
    const struct dat_point line[] = {{-6, left * 2},    {-2.5f, left}, {-0.4f, thick / 2},
                                     {0.8f, thick / 2}, {2.5f, right}, {6, right * 2}};
    const struct dat_frame *f = &pose->perch;
    const int twigs = (int)eng_rng_below(r, 4);
    for (int i = 0; i < twigs; i++) {
        const struct dat_point from = dat_scene_spot(r, -2.6f, 2.4f, 0.02f, 0.1f);
        const struct dat_point to = dat_scene_spot(r, from.x - 0.8f, from.x + 0.8f, 0.5f, 1.1f);
        const struct dat_point twig[] = {from, {(from.x + to.x) / 2, to.y * 0.6f}, to};
        const struct dat_paint p = dat_paint_flat(dat_colour_mix(bark, BLACK, 0.2f));
        dat_scene_stroke(c, f, twig, 3, 0.1f, 0.07f, 0.03f, &p);
        for (int k = 0; k < 3; k++) {
            const float turn = dat_scene_between(r, 0.05f, 0.45f);
            const float size = dat_scene_between(r, 0.4f, 0.65f);
            const struct dat_frame g = dat_frame_inside(f, to.x - 0.1f * (float)k * (to.x - from.x),
                                                        to.y - 0.2f * (float)k, size, size * 0.5f,
                                                        turn);
            dat_scene_leaf(c, &g, dat_scene_shade(r, leaf, 0.2f));
        }
    }
    struct dat_paint p = dat_paint_ramp(
        f, (struct dat_point){0, -0.05f}, (struct dat_point){0, thick + 0.1f},
        dat_colour_mix(bark, WHITE, 0.22f), dat_colour_mix(bark, BLACK, 0.45f));
    p.grain = 0.22f;
    p.fibre = (struct dat_point){1, 0};
    p.fineness = 55;
    p.seed = dat_scene_bits(r);
    dat_scene_stroke(c, f, line, DAT_COUNT(line), thick * 1.15f, thick, thick * 0.85f, &p);
}

/* Runs from `hip`, along the body's x, to `foot`, along the perch's, and clasps it. */
static void leg(struct dat_canvas *c, const struct pose *pose, float hip, float foot,
                struct dat_colour horn)
{
    const struct dat_point top = dat_frame_at(&pose->body, (struct dat_point){hip, 0.62f});
    const struct dat_point heel = dat_frame_at(&pose->perch, (struct dat_point){foot, -0.02f});
    const float size = pose->perch.y.y;
    const struct dat_point shin[] = {top, heel};
    const struct dat_paint p = dat_paint_flat(horn);
    dat_scene_stroke(c, &dat_frame_canvas, shin, 2, 0.13f * size, 0.07f * size, 0.06f * size, &p);
    for (int i = 0; i < 3; i++) {
        const float x = foot + 0.02f + 0.09f * (float)i;
        const struct dat_point toe[] = {{foot, -0.03f}, {x, 0.02f}, {x + 0.05f, 0.16f}};
        dat_scene_stroke(c, &pose->perch, toe, 3, 0.06f, 0.065f, 0.04f, &p);
    }
}

static void tail(struct dat_canvas *c, const struct pose *pose, const struct plumage *plumage)
{
    const float end = 0.42f - pose->tail;
    const struct dat_point fan[] = {{-0.8f, -0.12f},       {-1.5f, end * 0.55f - 0.12f},
                                    {-2.25f, end - 0.18f}, {-2.25f, end - 0.18f},
                                    {-2.17f, end},         {-2.28f, end + 0.16f},
                                    {-2.28f, end + 0.16f}, {-1.5f, end * 0.55f + 0.22f},
                                    {-0.8f, 0.38f}};
    const struct dat_frame *f = &pose->body;
    const struct dat_paint p = dat_paint_ramp(f, (struct dat_point){-1.4f, -0.2f},
                                              (struct dat_point){-1.5f, 0.5f}, plumage->wing,
                                              dat_colour_mix(plumage->wing, BLACK, 0.4f));
    struct dat_paint vane = dat_paint_flat(dat_colour_mix(plumage->wing, WHITE, 0.25f));
    vane.opacity = 0.6f;
    dat_scene_blob(c, f, fan, DAT_COUNT(fan), &p);
    for (int i = 0; i < 3; i++) {
        const float k = 0.1f * (float)(i - 1);
        const struct dat_point line[] = {
            {-1.0f, 0.12f + k}, {-1.5f, end * 0.55f + 0.04f + k}, {-2.18f, end + k * 1.3f}};
        dat_scene_stroke(c, f, line, 3, 0.02f, 0.03f, 0.015f, &vane);
    }
}

/* Short soft strokes that run backwards, like the tips of small feathers. */
static void feathers(struct dat_canvas *c, const struct dat_frame *f, float cx, float cy, float rx,
                     float ry, int count, struct dat_colour colour, struct eng_rng *r)
{
    for (int i = 0; i < count; i++) {
        const struct dat_point q = dat_scene_spot(r, -1, 1, -1, 1);
        const float light = dat_scene_between(r, -0.2f, 0.25f);
        if (q.x * q.x + q.y * q.y > 1)
            continue;
        const float x = cx + q.x * rx, y = cy + q.y * ry;
        const struct dat_point line[] = {{x, y}, {x - 0.07f, y + 0.035f}, {x - 0.12f, y + 0.08f}};
        struct dat_paint p = dat_paint_flat(light > 0 ? dat_colour_mix(colour, WHITE, light)
                                                      : dat_colour_mix(colour, BLACK, -light));
        p.opacity = 0.5f;
        dat_scene_stroke(c, f, line, DAT_COUNT(line), 0.02f, 0.05f, 0.01f, &p);
    }
}

static void body(struct dat_canvas *c, const struct pose *pose, const struct plumage *plumage,
                 struct eng_rng *r)
{
    static const struct dat_point trunk[] = {
        {0.3f, -0.95f},  {0.95f, -0.7f},   {1.14f, -0.1f},   {1.0f, 0.4f},
        {0.55f, 0.74f},  {-0.1f, 0.74f},   {-0.75f, 0.52f},  {-1.2f, 0.32f},
        {-1.25f, 0.02f}, {-0.85f, -0.22f}, {-0.25f, -0.52f},
    };
    static const struct dat_point under[] = {
        {0.86f, -0.62f}, {1.06f, -0.1f}, {0.94f, 0.36f}, {0.5f, 0.68f}, {-0.1f, 0.69f},
        {-0.75f, 0.47f}, {-1.1f, 0.30f}, {-0.5f, 0.2f},  {0.2f, 0.12f}, {0.52f, -0.3f},
    };
    const struct dat_frame *f = &pose->body;
    const struct dat_paint back = down_paint(f, 0.1f, -0.6f, 1.7f, plumage->back, plumage->seed);
    const struct dat_paint belly = down_paint(f, 0.65f, -0.1f, 1.3f, plumage->belly, plumage->seed);
    struct dat_outline o;
    dat_outline_blob(&o, f, trunk, DAT_COUNT(trunk));
    dat_outline_ruffle(&o, 0.016f, 0.007f, plumage->seed);
    dat_canvas_fill(c, &o, &back);
    dat_outline_blob(&o, f, under, DAT_COUNT(under));
    dat_outline_ruffle(&o, 0.016f, 0.010f, plumage->seed ^ 1);
    dat_canvas_fill(c, &o, &belly);
    feathers(c, f, 0.35f, 0.25f, 0.6f, 0.35f, 60, plumage->belly, r);
    feathers(c, f, 0.05f, -0.5f, 0.35f, 0.22f, 40, plumage->back, r);
}

static void wing(struct dat_canvas *c, const struct pose *pose, const struct plumage *plumage)
{
    static const struct dat_point folded[] = {
        {0.52f, -0.36f}, {0.1f, -0.50f}, {-0.7f, -0.18f}, {-1.55f, 0.24f},
        {-1.55f, 0.24f}, {-0.7f, 0.36f}, {0, 0.42f},      {0.45f, 0.2f},
    };
    const struct dat_frame *f = &pose->body;
    dat_canvas_glow(c, f, (struct dat_point){-0.2f, 0.2f}, 0.95f, 0.45f, BLACK, 0.4f);
    struct dat_paint p = dat_paint_ramp(
        f, (struct dat_point){0.4f, -0.5f}, (struct dat_point){-0.9f, 0.5f},
        dat_colour_mix(plumage->back, plumage->wing, 0.45f), plumage->wing);
    p.grain = 0.1f;
    p.fineness = 70;
    p.seed = plumage->seed;
    dat_scene_blob(c, f, folded, DAT_COUNT(folded), &p);
    struct dat_paint dark = dat_paint_flat(dat_colour_mix(plumage->wing, BLACK, 0.6f));
    dark.opacity = 0.7f;
    for (int i = 0; i < 5; i++) { /* long feathers, fanned out from the wrist */
        const float k = (float)i;
        const struct dat_point line[] = {{-0.25f - 0.04f * k, -0.26f + 0.13f * k},
                                         {-0.65f, -0.09f + 0.09f * k},
                                         {-1.35f + 0.12f * k, 0.20f + 0.03f * k}};
        dat_scene_stroke(c, f, line, 3, 0.02f, 0.035f, 0.02f, &dark);
    }
}

static void head(struct dat_canvas *c, const struct pose *pose, const struct plumage *plumage,
                 struct eng_rng *r)
{
    static const struct dat_point skull[] = {
        {-0.95f, 0.35f}, {-0.92f, -0.4f}, {-0.45f, -0.92f}, {0.2f, -1.0f},  {0.75f, -0.66f},
        {1.0f, -0.08f},  {0.92f, 0.38f},  {0.5f, 0.8f},     {-0.1f, 0.95f}, {-0.65f, 0.8f},
    };
    static const struct dat_point cap[] = {
        {-0.88f, -0.5f}, {-0.45f, -0.9f}, {0.2f, -0.98f}, {0.72f, -0.66f},
        {0.95f, -0.2f},  {0.4f, -0.36f},  {-0.3f, -0.3f},
    };
    static const struct dat_point throat[] = {
        {0.95f, 0.28f}, {0.88f, 0.45f}, {0.5f, 0.78f},
        {-0.05f, 0.9f}, {-0.2f, 0.6f},  {0.35f, 0.34f},
    };
    static const struct dat_point brow[] = {{0.85f, -0.32f}, {0.35f, -0.52f}, {-0.6f, -0.26f}};
    static const struct dat_point stripe[] = {{0.95f, 0.02f}, {0.3f, -0.1f}, {-0.7f, 0.12f}};
    const struct dat_frame *f = &pose->head;
    const struct dat_paint down = down_paint(f, 0.1f, -0.35f, 1.7f, plumage->back, plumage->seed);
    const struct dat_paint pale = down_paint(f, 0.4f, 0.4f, 1.3f, plumage->belly, plumage->seed);
    struct dat_outline o;
    dat_outline_blob(&o, f, skull, DAT_COUNT(skull));
    dat_outline_ruffle(&o, 0.016f, 0.006f, plumage->seed);
    dat_canvas_fill(c, &o, &down);
    dat_scene_blob(c, f, throat, DAT_COUNT(throat), &pale);
    feathers(c, f, -0.1f, 0.05f, 0.8f, 0.7f, 40, plumage->back, r);
    const struct dat_paint dark = dat_paint_flat(plumage->mark);
    const struct dat_paint light = dat_paint_flat(plumage->edge);
    if (plumage->face == FACE_CAP)
        dat_scene_blob(c, f, cap, DAT_COUNT(cap), &dark);
    if (plumage->face == FACE_BROW)
        dat_scene_stroke(c, f, brow, 3, 0.12f, 0.2f, 0.05f, &light);
    if (plumage->face == FACE_MASK)
        dat_scene_stroke(c, f, stripe, 3, 0.16f, 0.4f, 0.1f, &dark);
}

static void eye(struct dat_canvas *c, const struct pose *pose, const struct plumage *plumage)
{
    const struct dat_frame f = dat_frame_inside(&pose->head, 0.36f, -0.14f, 0.2f, 0.2f, 0);
    const struct dat_paint ring = dat_paint_flat(plumage->edge);
    const struct dat_paint ball = dat_paint_ball(&f, 0.2f, 0.5f, 1.4f,
                                                 (struct dat_colour){0.36f, 0.22f, 0.14f}, BLACK);
    const struct dat_paint shine = dat_paint_flat(WHITE);
    dat_scene_ellipse(c, &f, 0, 0, 1.3f, 1.3f, &ring);
    dat_scene_ellipse(c, &f, 0, 0, 1, 1, &ball);
    dat_scene_ellipse(c, &f, 0.25f, -0.38f, 0.3f, 0.3f, &shine);
}

/* ---- what tells them apart ---- */

/* The upper and the lower half of a bill, and the line between them. */
static void bill(struct dat_canvas *c, const struct pose *pose, const struct plumage *plumage,
                 float length, float height, float bulge)
{
    const float x = 0.86f, y = 0.1f, gape = y + height * 0.15f;
    const struct dat_point tip = {x + length, gape + 0.06f};
    const struct dat_point upper[] = {{x, y - height},
                                      {x + length * 0.45f, y - height * bulge},
                                      tip,
                                      tip,
                                      {x + length * 0.3f, gape},
                                      {x - 0.05f, gape}};
    const struct dat_point lower[] = {{x - 0.05f, gape},
                                      {x + length * 0.3f, gape},
                                      {x + length * 0.94f, gape + 0.06f},
                                      {x + length * 0.94f, gape + 0.06f},
                                      {x + length * 0.4f, gape + height * bulge * 0.7f},
                                      {x, y + height * 0.9f}};
    const struct dat_point line[] = {{x - 0.02f, gape}, {x + length * 0.4f, gape}, {tip.x, tip.y}};
    const struct dat_frame *f = &pose->head;
    const struct dat_colour horn = plumage->horn;
    const struct dat_paint top = dat_paint_telling(
        dat_paint_ramp(f, (struct dat_point){x, y - height}, (struct dat_point){x, gape},
                       dat_colour_mix(horn, WHITE, 0.28f), dat_colour_mix(horn, BLACK, 0.1f)));
    const struct dat_paint under = dat_paint_telling(
        dat_paint_flat(dat_colour_mix(horn, BLACK, 0.3f)));
    struct dat_paint gap = dat_paint_telling(dat_paint_flat(dat_colour_mix(horn, BLACK, 0.7f)));
    dat_scene_blob(c, f, lower, DAT_COUNT(lower), &under);
    dat_scene_blob(c, f, upper, DAT_COUNT(upper), &top);
    gap.opacity = 0.8f;
    dat_scene_stroke(c, f, line, 3, 0.03f, 0.04f, 0.01f, &gap);
}

static void warbler_breast(struct dat_canvas *c, const struct dat_frame *f,
                           const struct plumage *plumage, struct eng_rng *r)
{
    const float low = dat_scene_between(r, 0.18f, 0.34f);
    const struct dat_point bib[] = {{0.56f, -0.45f}, {0.95f, -0.5f}, {1.08f, -0.2f},
                                    {1.08f, 0.04f},  {0.94f, low},   {0.66f, low - 0.08f},
                                    {0.54f, -0.1f}};
    const struct dat_paint p = dat_paint_telling(
        down_paint(f, 0.9f, -0.2f, 0.8f, plumage->mark, plumage->seed));
    struct dat_outline o;
    dat_outline_blob(&o, f, bib, DAT_COUNT(bib));
    dat_outline_ruffle(&o, 0.014f, 0.010f, plumage->seed);
    dat_canvas_fill(c, &o, &p);
}

static void sparrow_breast(struct dat_canvas *c, const struct dat_frame *f,
                           const struct plumage *plumage, struct eng_rng *r)
{
    static const struct dat_point streaks[] = {
        {0.98f, -0.32f}, {0.80f, -0.24f}, {1.06f, -0.10f}, {0.90f, -0.04f}, {0.70f, 0.0f},
        {1.03f, 0.14f},  {0.86f, 0.20f},  {0.68f, 0.26f},  {0.92f, 0.38f},  {0.74f, 0.46f},
        {0.52f, 0.44f},  {0.58f, 0.60f},  {0.34f, 0.58f},
    };
    const struct dat_paint p = dat_paint_telling(dat_paint_flat(plumage->mark));
    for (size_t i = 0; i < DAT_COUNT(streaks); i++) {
        const struct dat_point at = {streaks[i].x - 0.02f, streaks[i].y};
        const float length = dat_scene_between(r, 0.13f, 0.19f);
        const struct dat_point line[] = {at,
                                         {at.x - length * 0.2f, at.y + length * 0.5f},
                                         {at.x - length * 0.55f, at.y + length}};
        dat_scene_stroke(c, f, line, 3, 0.03f, 0.10f, 0.05f, &p);
    }
}

static void warbler_wing(struct dat_canvas *c, const struct dat_frame *f,
                         const struct plumage *plumage)
{
    static const struct dat_point bars[2][3] = {
        {{0.36f, -0.36f}, {0.34f, -0.06f}, {0.20f, 0.26f}},
        {{0.02f, -0.40f}, {0.02f, -0.06f}, {-0.14f, 0.34f}},
    };
    const struct dat_paint p = dat_paint_telling(dat_paint_flat(plumage->edge));
    for (int i = 0; i < 2; i++)
        dat_scene_stroke(c, f, bars[i], 3, 0.09f, 0.15f, 0.11f, &p);
}

static void sparrow_wing(struct dat_canvas *c, const struct dat_frame *f,
                         const struct plumage *plumage)
{
    const struct dat_paint p = dat_paint_telling(dat_paint_flat(plumage->edge));
    for (int i = 0; i < 4; i++) {
        const float y = -0.32f + 0.17f * (float)i, x = 0.38f - 0.03f * (float)(i * i);
        const struct dat_point line[] = {{x, y}, {x - 0.3f, y + 0.05f}, {x - 0.62f, y + 0.17f}};
        dat_scene_stroke(c, f, line, 3, 0.04f, 0.075f, 0.03f, &p);
    }
}

/* ---- the scene ---- */

static void place(struct dat_canvas *c, const struct dat_scene *scene)
{
    struct eng_rng r = dat_scene_rng(scene, DAT_LAYER_PLACE);
    switch (eng_rng_below(&r, 4)) {
    case 0:
        dat_place_sky(c, &r);
        break;
    case 1:
        dat_place_reeds(c, &r);
        break;
    case 2:
        dat_place_meadow(c, &r);
        break;
    default:
        dat_place_bokeh(c, &r);
    }
}

static void front(struct dat_canvas *c, const struct dat_scene *scene)
{
    struct eng_rng r = dat_scene_rng(scene, DAT_LAYER_FRONT);
    switch (eng_rng_below(&r, 6)) {
    case 0:
        dat_front_grass(c, &r);
        break;
    case 1:
        dat_front_twig(c, &r);
        break;
    default: /* a free view, most of the time */
        break;
    }
}

void dat_scene_bird(struct dat_canvas *c, const struct dat_scene *scene)
{
    const struct plumage plumage = draw_plumage(scene);
    const struct pose pose = draw_pose(scene);
    const int sparrow = scene->label == 1;
    struct eng_rng r = dat_scene_rng(scene, DAT_LAYER_BODY);
    struct eng_rng own = dat_scene_rng(scene, DAT_LAYER_TELLING);

    place(c, scene);
    perch(c, &pose, &r);
    tail(c, &pose, &plumage);
    leg(c, &pose, -0.02f, 0.0f, dat_colour_mix(plumage.horn, BLACK, 0.3f));
    leg(c, &pose, 0.22f, 0.34f, plumage.horn);
    body(c, &pose, &plumage, &r);
    if (sparrow)
        sparrow_breast(c, &pose.body, &plumage, &own);
    else
        warbler_breast(c, &pose.body, &plumage, &own);
    head(c, &pose, &plumage, &r);
    wing(c, &pose, &plumage);
    if (sparrow)
        sparrow_wing(c, &pose.body, &plumage);
    else
        warbler_wing(c, &pose.body, &plumage);
    eye(c, &pose, &plumage);
    const float length = dat_scene_between(&own, 0.62f, 0.78f);
    if (sparrow)
        bill(c, &pose, &plumage, length, 0.40f, 0.72f);
    else
        bill(c, &pose, &plumage, length * 1.1f, 0.13f, 0.8f);
    front(c, scene);
}
