/* Cats and dogs that differ in their ears, muzzle and whiskers, and in nothing else.
 *
 *      /\___/\   cat        .-----.   dog       One unit is half the width of the head. A body's
 *     |  o o  |           / | o o | \           origin is on the ground below it, a head's a
 *   --|  >v<  |--         | | (#) | |           little below its eyes.
 *      \_____/            \_|\_u_/|_/
 *
 * Coat, markings, eyes, body, tail, pose and place are drawn alike for both.
 */
#include "data/scene.h"

static const struct dat_colour WHITE = {1, 1, 1}, BLACK = {0.05f, 0.04f, 0.05f};

enum marking { PLAIN, TABBY, PATCH, BLAZE, MARKINGS };

struct coat {
    struct dat_colour fur, pale, mark; /* most of it; chest and muzzle; stripes and patches */
    struct dat_colour nose, eye;
    enum marking marking;
    uint32_t seed;
};

struct pose {
    int lying;
    struct dat_frame body, head;
    float yaw; /* how far the face is turned aside: shift of its features, in head units */
};

static struct coat draw_coat(const struct dat_scene *scene)
{
    static const struct dat_colour coats[][3] = {
        {{0.82f, 0.54f, 0.28f}, {0.97f, 0.90f, 0.78f}, {0.58f, 0.32f, 0.14f}}, /* ginger */
        {{0.56f, 0.54f, 0.53f}, {0.90f, 0.88f, 0.86f}, {0.30f, 0.29f, 0.30f}}, /* grey */
        {{0.86f, 0.76f, 0.60f}, {0.98f, 0.95f, 0.88f}, {0.62f, 0.45f, 0.30f}}, /* cream */
        {{0.30f, 0.26f, 0.26f}, {0.88f, 0.84f, 0.80f}, {0.14f, 0.12f, 0.13f}}, /* black */
        {{0.52f, 0.36f, 0.25f}, {0.88f, 0.76f, 0.62f}, {0.28f, 0.18f, 0.12f}}, /* brown */
        {{0.93f, 0.90f, 0.86f}, {1.00f, 0.98f, 0.95f}, {0.55f, 0.47f, 0.42f}}, /* white */
        {{0.46f, 0.52f, 0.60f}, {0.86f, 0.88f, 0.91f}, {0.26f, 0.30f, 0.38f}}, /* blue */
        {{0.70f, 0.46f, 0.34f}, {0.95f, 0.84f, 0.74f}, {0.34f, 0.22f, 0.20f}}, /* russet */
    };
    static const struct dat_colour noses[] = {
        {0.16f, 0.12f, 0.12f}, {0.36f, 0.20f, 0.18f}, {0.62f, 0.36f, 0.36f}};
    static const struct dat_colour eyes[] = {
        {0.55f, 0.66f, 0.28f}, {0.82f, 0.60f, 0.20f}, {0.44f, 0.28f, 0.14f}, {0.40f, 0.60f, 0.74f}};
    struct eng_rng r = dat_scene_rng(scene, DAT_LAYER_COAT);
    const struct dat_colour *colours = coats[eng_rng_below(&r, DAT_COUNT(coats))];
    struct coat coat;
    coat.fur = dat_scene_shade(&r, colours[0], 0.08f);
    coat.pale = dat_scene_shade(&r, colours[1], 0.03f);
    coat.mark = dat_scene_shade(&r, colours[2], 0.10f);
    coat.nose = noses[eng_rng_below(&r, DAT_COUNT(noses))];
    coat.eye = dat_scene_shade(&r, eyes[eng_rng_below(&r, DAT_COUNT(eyes))], 0.1f);
    coat.marking = (enum marking)eng_rng_below(&r, MARKINGS);
    coat.seed = dat_scene_bits(&r);
    return coat;
}

static struct pose draw_pose(const struct dat_scene *scene)
{
    struct eng_rng r = dat_scene_rng(scene, DAT_LAYER_POSE);
    struct pose pose;
    pose.lying = dat_scene_chance(&r, 0.4f);
    const float size = pose.lying ? dat_scene_between(&r, 0.175f, 0.235f)
                                  : dat_scene_between(&r, 0.175f, 0.25f);
    const float x = dat_scene_between(&r, 0.29f, 0.71f); /* of the head */
    /* Large animals come closer, so that their heads stay in the picture and their feet do not. */
    const float ground = 0.9f + (pose.lying ? 0.3f : 1.8f) * (size - 0.175f) +
                         dat_scene_between(&r, -0.07f, 0.08f);
    const float flip = dat_scene_chance(&r, 0.5f) ? 1.0f : -1.0f;
    const float head_x = pose.lying ? dat_scene_between(&r, -0.5f, 0.3f)
                                    : dat_scene_between(&r, -0.4f, 0.4f);
    const float head_y = pose.lying ? dat_scene_between(&r, -1.95f, -1.5f)
                                    : dat_scene_between(&r, -2.85f, -2.55f);
    pose.body = dat_frame_inside(&dat_frame_canvas, x - head_x * size * flip, ground, size * flip,
                                 size, 0);
    const float tilt = dat_scene_between(&r, -0.09f, 0.09f);
    pose.head = dat_frame_inside(&pose.body, head_x, head_y, 1, 1, tilt);
    pose.yaw = dat_scene_between(&r, -0.22f, 0.22f);
    return pose;
}

/* ---- what both have ---- */

/* Fur, lit around the frame's (x, y) and shaded from a distance r of it; streaky along the canvas
 * direction (dx, dy), which is of length 1 or thereabouts. */
static struct dat_paint fur_paint(const struct dat_frame *f, float x, float y, float r,
                                  struct dat_colour colour, uint32_t seed, float dx, float dy)
{
    struct dat_paint p = dat_paint_ball(f, x, y, r, dat_colour_mix(colour, WHITE, 0.16f),
                                        dat_colour_mix(colour, BLACK, 0.36f));
    p.grain = 0.13f;
    p.fibre = (struct dat_point){dx, dy};
    p.fineness = 75;
    p.seed = seed;
    return p;
}

/* An outline with a furry edge. */
static void furry_blob(struct dat_canvas *c, const struct dat_frame *f,
                       const struct dat_point *points, size_t n, float depth,
                       const struct dat_paint *p)
{
    struct dat_outline o;
    dat_outline_blob(&o, f, points, n);
    dat_outline_ruffle(&o, 0.016f, depth, p->seed);
    dat_canvas_fill(c, &o, p);
}

/* `count` single hairs inside the ellipse, pointing away from (cx, cy - ry). */
static void hairs(struct dat_canvas *c, const struct dat_frame *f, float cx, float cy, float rx,
                  float ry, int count, struct dat_colour colour, struct eng_rng *r)
{
    for (int i = 0; i < count; i++) {
        const float u = dat_scene_between(r, -1, 1), v = dat_scene_between(r, -1, 1);
        const float light = dat_scene_between(r, -0.25f, 0.3f);
        const float bend = dat_scene_between(r, -0.08f, 0.08f);
        if (u * u + v * v > 1)
            continue;
        const float x = cx + u * rx, y = cy + v * ry, dx = u * 0.13f, dy = 0.07f + v * 0.1f;
        const struct dat_point line[] = {
            {x, y}, {x + dx * 0.5f + bend * 0.3f, y + dy * 0.5f}, {x + dx + bend, y + dy}};
        struct dat_paint p = dat_paint_flat(light > 0 ? dat_colour_mix(colour, WHITE, light)
                                                      : dat_colour_mix(colour, BLACK, -light));
        p.opacity = 0.55f;
        dat_scene_stroke(c, f, line, DAT_COUNT(line), 0.02f, 0.035f, 0.005f, &p);
    }
}

static void paw(struct dat_canvas *c, const struct dat_frame *f, float x, float y, float rx,
                struct dat_colour colour)
{
    const float ry = rx * 0.62f;
    const struct dat_paint p = dat_paint_ball(f, x, y - ry * 0.5f, rx * 1.3f,
                                              dat_colour_mix(colour, WHITE, 0.2f),
                                              dat_colour_mix(colour, BLACK, 0.28f));
    struct dat_paint toe = dat_paint_flat(dat_colour_mix(colour, BLACK, 0.55f));
    toe.opacity = 0.7f;
    dat_scene_ellipse(c, f, x, y, rx, ry, &p);
    for (int i = -1; i <= 1; i += 2) {
        const struct dat_point line[] = {{x + (float)i * rx * 0.3f, y + ry * 0.15f},
                                         {x + (float)i * rx * 0.34f, y + ry * 0.85f}};
        dat_scene_stroke(c, f, line, 2, 0.02f, 0.045f, 0.03f, &toe);
    }
}

static void tail(struct dat_canvas *c, const struct pose *pose, const struct coat *coat,
                 struct eng_rng *r)
{
    const float lift = dat_scene_between(r, -0.4f, 0.5f);
    const struct dat_point sitting[] = {{0.7f, -0.3f},
                                        {1.4f, -0.15f},
                                        {1.85f, -0.5f - lift * 0.4f},
                                        {1.8f, -1.1f - lift},
                                        {1.55f, -1.4f - lift}};
    const struct dat_point lying[] = {{2.2f, -0.5f},
                                      {2.75f, -0.4f},
                                      {2.95f, -0.8f - lift * 0.5f},
                                      {2.75f, -1.3f - lift},
                                      {2.9f, -1.6f - lift}};
    const struct dat_paint p = fur_paint(&pose->body, 1.5f, -1.5f, 2.2f, coat->fur, coat->seed, 0,
                                         1);
    struct dat_outline o;
    dat_outline_stroke(&o, &pose->body, pose->lying ? lying : sitting, 5, 0.40f, 0.34f, 0.20f);
    dat_outline_ruffle(&o, 0.014f, 0.012f, coat->seed);
    dat_canvas_fill(c, &o, &p);
}

static void body_stripes(struct dat_canvas *c, const struct pose *pose, const struct coat *coat)
{
    struct dat_paint p = dat_paint_flat(coat->mark);
    p.opacity = 0.6f;
    for (int i = 0; i < 4; i++) {
        const float t = (float)i;
        if (pose->lying) {
            const struct dat_point line[] = {{0.75f + t * 0.38f, -1.42f + t * 0.05f},
                                             {0.88f + t * 0.38f, -1.1f},
                                             {0.82f + t * 0.36f, -0.75f}};
            dat_scene_stroke(c, &pose->body, line, 3, 0.13f, 0.12f, 0.02f, &p);
            continue;
        }
        for (float side = -1; side <= 1; side += 2) {
            const float edge = 0.78f + t * 0.1f, y = -1.75f + t * 0.36f;
            const struct dat_point line[] = {{side * edge, y},
                                             {side * (edge - 0.22f), y + 0.1f},
                                             {side * (edge - 0.42f), y + 0.06f}};
            dat_scene_stroke(c, &pose->body, line, 3, 0.12f, 0.11f, 0.02f, &p);
        }
    }
}

static void sitting_body(struct dat_canvas *c, const struct pose *pose, const struct coat *coat,
                         struct eng_rng *r)
{
    static const struct dat_point trunk[] = {
        {-0.5f, -2.35f},  {0.5f, -2.35f},  {0.82f, -1.7f},  {0.95f, -1.0f},
        {1.18f, -0.45f},  {1.05f, -0.02f}, {0, 0.03f},      {-1.05f, -0.02f},
        {-1.18f, -0.45f}, {-0.95f, -1.0f}, {-0.82f, -1.7f},
    };
    static const struct dat_point bib[] = {
        {-0.4f, -2.2f}, {0.4f, -2.2f},   {0.5f, -1.6f},  {0.22f, -1.0f},
        {0, -0.8f},     {-0.22f, -1.0f}, {-0.5f, -1.6f},
    };
    const struct dat_frame *f = &pose->body;
    const struct dat_paint p = fur_paint(f, -0.3f, -1.7f, 2.1f, coat->fur, coat->seed, 0, 1);
    furry_blob(c, f, trunk, DAT_COUNT(trunk), 0.016f, &p);
    if (coat->marking == TABBY)
        body_stripes(c, pose, coat);
    hairs(c, f, 0, -1.1f, 0.85f, 1.0f, 110, coat->fur, r);
    struct dat_paint pale = fur_paint(f, 0, -1.9f, 1.6f, coat->pale, coat->seed, 0, 1);
    furry_blob(c, f, bib, DAT_COUNT(bib), 0.02f, &pale);
    for (float side = -1; side <= 1; side += 2) {
        const struct dat_colour sock = coat->marking == BLAZE ? coat->pale : coat->fur;
        const struct dat_point leg[] = {
            {side * 0.42f, -1.15f}, {side * 0.38f, -0.6f}, {side * 0.36f, -0.1f}};
        const struct dat_paint limb = fur_paint(f, side * 0.3f, -1.0f, 1.1f, coat->fur, coat->seed,
                                                0, 1);
        dat_canvas_glow(c, f, (struct dat_point){side * 0.4f, -0.5f}, 0.45f, 0.8f, BLACK, 0.35f);
        paw(c, f, side * 0.92f, -0.06f, 0.36f, coat->fur);
        dat_scene_stroke(c, f, leg, 3, 0.4f, 0.4f, 0.4f, &limb);
        paw(c, f, side * 0.37f, -0.04f, 0.29f, sock);
    }
}

static void lying_body(struct dat_canvas *c, const struct pose *pose, const struct coat *coat,
                       struct eng_rng *r)
{
    static const struct dat_point trunk[] = {
        {-0.95f, -1.0f}, {-0.3f, -1.45f}, {0.7f, -1.42f}, {1.6f, -1.45f}, {2.35f, -1.05f},
        {2.6f, -0.4f},   {2.2f, 0},       {0.6f, 0.03f},  {-0.9f, 0},     {-1.15f, -0.5f},
    };
    const struct dat_frame *f = &pose->body;
    const struct dat_paint p = fur_paint(f, 0.6f, -1.3f, 2.2f, coat->fur, coat->seed, 0.8f, 0.6f);
    furry_blob(c, f, trunk, DAT_COUNT(trunk), 0.016f, &p);
    if (coat->marking == TABBY)
        body_stripes(c, pose, coat);
    hairs(c, f, 0.9f, -0.75f, 1.5f, 0.6f, 120, coat->fur, r);
    dat_canvas_glow(c, f, (struct dat_point){1.2f, -0.45f}, 0.5f, 0.5f, BLACK, 0.3f);
    const struct dat_paint haunch = fur_paint(f, 1.8f, -0.9f, 1.1f, coat->fur, coat->seed, 0.8f,
                                              0.6f);
    dat_scene_ellipse(c, f, 1.85f, -0.58f, 0.66f, 0.56f, &haunch);
    const struct dat_paint pale = fur_paint(f, -0.4f, -1.1f, 1.3f, coat->pale, coat->seed, 0, 1);
    dat_scene_ellipse(c, f, -0.35f, -0.75f, 0.5f, 0.55f, &pale);
    const struct dat_colour sock = coat->marking == BLAZE ? coat->pale : coat->fur;
    paw(c, f, 1.35f, -0.05f, 0.42f, sock);
    paw(c, f, -0.85f, -0.06f, 0.40f, sock);
    paw(c, f, -0.05f, -0.03f, 0.40f, sock);
}

static void collar(struct dat_canvas *c, const struct pose *pose, struct eng_rng *r)
{
    static const struct dat_colour bands[] = {
        {0.75f, 0.22f, 0.22f}, {0.22f, 0.40f, 0.66f}, {0.26f, 0.52f, 0.40f}, {0.80f, 0.62f, 0.22f}};
    const struct dat_colour band = bands[eng_rng_below(r, DAT_COUNT(bands))];
    const struct dat_frame f = dat_frame_inside(&pose->head, 0, 0.72f, 1, 1, 0);
    const struct dat_point line[] = {
        {-0.62f, 0.1f}, {-0.3f, 0.3f}, {0, 0.36f}, {0.3f, 0.3f}, {0.62f, 0.1f}};
    const struct dat_paint cloth = dat_paint_ramp(
        &f, (struct dat_point){-0.6f, 0}, (struct dat_point){0.6f, 0.2f},
        dat_colour_mix(band, WHITE, 0.2f), dat_colour_mix(band, BLACK, 0.3f));
    const struct dat_colour gold = {0.95f, 0.80f, 0.38f};
    const struct dat_paint tag = dat_paint_ball(&f, -0.04f, 0.5f, 0.2f,
                                                dat_colour_mix(gold, WHITE, 0.5f),
                                                dat_colour_mix(gold, BLACK, 0.35f));
    dat_scene_stroke(c, &f, line, DAT_COUNT(line), 0.17f, 0.17f, 0.17f, &cloth);
    dat_scene_ellipse(c, &f, 0, 0.53f, 0.13f, 0.13f, &tag);
}

static void head_markings(struct dat_canvas *c, const struct pose *pose, const struct coat *coat)
{
    const struct dat_frame *f = &pose->head;
    struct dat_paint mark = dat_paint_flat(coat->mark);
    mark.opacity = 0.65f;
    if (coat->marking == TABBY) {
        for (int i = -1; i <= 1; i++) {
            const float x = (float)i;
            const struct dat_point line[] = {{x * 0.3f + pose->yaw * 0.5f, -0.8f},
                                             {x * 0.24f + pose->yaw * 0.7f, -0.6f},
                                             {x * 0.16f + pose->yaw, -0.38f}};
            dat_scene_stroke(c, f, line, 3, 0.10f, 0.11f, 0.02f, &mark);
        }
        for (float side = -1; side <= 1; side += 2)
            for (float y = 0; y < 0.5f; y += 0.24f) {
                const struct dat_point line[] = {
                    {side * 0.96f, y}, {side * 0.8f, y + 0.08f}, {side * 0.66f, y + 0.06f}};
                dat_scene_stroke(c, f, line, 3, 0.10f, 0.09f, 0.02f, &mark);
            }
    } else if (coat->marking == PATCH) {
        struct dat_paint p = fur_paint(f, 0.3f, -0.3f, 0.7f, coat->mark, coat->seed, 0, 1);
        p.opacity = 0.85f;
        static const struct dat_point patch[] = {{0.14f, -0.3f},  {0.35f, -0.52f}, {0.7f, -0.45f},
                                                 {0.82f, -0.05f}, {0.6f, 0.22f},   {0.26f, 0.12f}};
        furry_blob(c, f, patch, DAT_COUNT(patch), 0.012f, &p);
    } else if (coat->marking == BLAZE) {
        const struct dat_point line[] = {
            {pose->yaw * 0.4f, -0.8f}, {pose->yaw * 0.8f, -0.35f}, {pose->yaw * 1.1f, 0.25f}};
        struct dat_paint p = dat_paint_flat(coat->pale);
        p.opacity = 0.9f;
        struct dat_outline o;
        dat_outline_stroke(&o, f, line, 3, 0.12f, 0.22f, 0.5f);
        dat_outline_ruffle(&o, 0.012f, 0.01f, coat->seed);
        dat_canvas_fill(c, &o, &p);
    }
}

static void eye(struct dat_canvas *c, const struct dat_frame *head, float x, float y, float look,
                struct dat_colour iris)
{
    const struct dat_frame f = dat_frame_inside(head, x, y, 0.205f, 0.2f, 0);
    const struct dat_paint rim = dat_paint_flat(BLACK);
    const struct dat_paint ball = dat_paint_ball(
        &f, 0, 0.35f, 1.3f, dat_colour_mix(iris, WHITE, 0.35f), dat_colour_mix(iris, BLACK, 0.35f));
    struct dat_paint shine = dat_paint_flat(WHITE);
    dat_scene_ellipse(c, &f, 0, 0, 1.16f, 1.16f, &rim);
    dat_scene_ellipse(c, &f, 0, 0.03f, 0.95f, 0.95f, &ball);
    dat_scene_ellipse(c, &f, look, 0.03f, 0.6f, 0.68f, &rim);
    dat_scene_ellipse(c, &f, look - 0.3f, -0.32f, 0.25f, 0.25f, &shine);
    shine.opacity = 0.6f;
    dat_scene_ellipse(c, &f, look + 0.28f, 0.38f, 0.13f, 0.13f, &shine);
}

static void head(struct dat_canvas *c, const struct pose *pose, const struct coat *coat,
                 struct eng_rng *r)
{
    const float cheek = dat_scene_between(r, 0.9f, 1.02f),
                crown = dat_scene_between(r, 0.78f, 0.88f);
    const struct dat_point skull[] = {
        {0, -crown},    {0.55f, -crown * 0.86f}, {0.88f, -0.38f},  {cheek, 0.1f},
        {0.86f, 0.5f},  {0.5f, 0.78f},           {0, 0.86f},       {-0.5f, 0.78f},
        {-0.86f, 0.5f}, {-cheek, 0.1f},          {-0.88f, -0.38f}, {-0.55f, -crown * 0.86f},
    };
    const struct dat_frame *f = &pose->head;
    const struct dat_paint p = fur_paint(f, -0.25f, -0.35f, 1.5f, coat->fur, coat->seed, 0.3f,
                                         0.95f);
    furry_blob(c, f, skull, DAT_COUNT(skull), 0.014f, &p);
    hairs(c, f, 0, -0.05f, 0.85f, 0.75f, 90, coat->fur, r);
    head_markings(c, pose, coat);
    const float look = dat_scene_between(r, -0.2f, 0.2f);
    const float apart = dat_scene_between(r, 0.38f, 0.44f);
    eye(c, f, pose->yaw - apart, -0.08f, look, coat->eye);
    eye(c, f, pose->yaw + apart, -0.08f, look, coat->eye);
}

/* ---- what tells them apart ---- */

/* Points up from behind the head: `f` is the head's frame, mirrored for the left ear. */
static void cat_ear(struct dat_canvas *c, const struct dat_frame *f, const struct coat *coat,
                    float lean, float height)
{
    const struct dat_point tip = {0.70f + lean, -0.78f - height};
    const struct dat_point shell[] = {{0.10f, -0.62f},
                                      {0.36f + lean * 0.5f, -0.84f - height * 0.45f},
                                      tip,
                                      tip,
                                      {0.94f + lean * 0.5f, -0.72f - height * 0.3f},
                                      {0.98f, -0.1f},
                                      {0.5f, -0.3f}};
    const struct dat_point inside = {tip.x - 0.02f, tip.y + 0.2f};
    const struct dat_point hollow[] = {
        {0.32f, -0.6f}, {0.48f + lean * 0.5f, -0.82f - height * 0.35f}, inside,
        inside,         {0.84f + lean * 0.5f, -0.72f - height * 0.2f},  {0.84f, -0.3f}};
    const struct dat_colour colour = dat_colour_mix(coat->fur, coat->mark, 0.15f);
    const struct dat_colour skin = dat_colour_mix((struct dat_colour){0.80f, 0.52f, 0.48f},
                                                  coat->fur, 0.35f);
    const struct dat_paint fur = dat_paint_telling(
        fur_paint(f, 0.45f, -1.0f, 1.1f, colour, coat->seed, 0, 1));
    const struct dat_paint pink = dat_paint_telling(
        dat_paint_ramp(f, (struct dat_point){0.7f, -1.3f}, (struct dat_point){0.6f, -0.5f}, skin,
                       dat_colour_mix(skin, BLACK, 0.35f)));
    furry_blob(c, f, shell, DAT_COUNT(shell), 0.008f, &fur);
    dat_scene_blob(c, f, hollow, DAT_COUNT(hollow), &pink);
}

/* Hangs down in front of the side of the head. */
static void dog_ear(struct dat_canvas *c, const struct dat_frame *f, const struct coat *coat,
                    float lean, float length)
{
    const struct dat_point flap[] = {{0.42f, -0.80f},
                                     {0.78f, -0.86f},
                                     {1.10f + lean * 0.5f, -0.45f},
                                     {1.24f + lean, -0.75f + length},
                                     {1.06f + lean, -0.48f + length},
                                     {0.82f + lean, -0.72f + length},
                                     {0.78f, -0.25f}};
    const struct dat_colour colour = dat_colour_mix(coat->fur, coat->mark, 0.3f);
    const struct dat_paint fur = dat_paint_telling(
        fur_paint(f, 0.72f, -0.6f, 1.5f, colour, coat->seed, 0, 1));
    const struct dat_paint fold = dat_paint_telling(
        dat_paint_flat(dat_colour_mix(colour, BLACK, 0.5f)));
    const struct dat_point crease[] = {
        {0.44f, -0.76f}, {0.70f, -0.5f}, {0.76f, -0.2f}, {0.82f + lean, -0.8f + length}};
    furry_blob(c, f, flap, DAT_COUNT(flap), 0.010f, &fur);
    dat_scene_stroke(c, f, crease, DAT_COUNT(crease), 0.02f, 0.05f, 0.02f, &fold);
}

static void mouth(struct dat_canvas *c, const struct dat_frame *f, float y, float width, float drop)
{
    struct dat_paint lip = dat_paint_telling(
        dat_paint_flat((struct dat_colour){0.22f, 0.14f, 0.13f}));
    const struct dat_point groove[] = {{0, y}, {0, y + drop}};
    dat_scene_stroke(c, f, groove, 2, 0.05f, 0.05f, 0.05f, &lip);
    for (float side = -1; side <= 1; side += 2) {
        const struct dat_point line[] = {{0, y + drop},
                                         {side * width * 0.45f, y + drop + width * 0.28f},
                                         {side * width, y + drop + width * 0.05f}};
        dat_scene_stroke(c, f, line, 3, 0.05f, 0.06f, 0.02f, &lip);
    }
}

static void cat_muzzle(struct dat_canvas *c, const struct dat_frame *f, const struct coat *coat,
                       struct eng_rng *r)
{
    static const struct dat_point nose[] = {{-0.15f, 0.20f}, {-0.15f, 0.20f}, {0, 0.17f},
                                            {0.15f, 0.20f},  {0.15f, 0.20f},  {0.02f, 0.34f},
                                            {-0.02f, 0.34f}};
    const struct dat_paint chin = dat_paint_telling(
        dat_paint_ball(f, 0, 0.5f, 0.4f, coat->pale, dat_colour_mix(coat->pale, BLACK, 0.25f)));
    dat_scene_ellipse(c, f, 0, 0.60f, 0.19f, 0.15f, &chin);
    for (float side = -1; side <= 1; side += 2) {
        const struct dat_paint pad = dat_paint_telling(dat_paint_ball(
            f, side * 0.16f, 0.38f, 0.34f, coat->pale, dat_colour_mix(coat->pale, BLACK, 0.22f)));
        dat_scene_ellipse(c, f, side * 0.18f, 0.45f, 0.24f, 0.18f, &pad);
    }
    const struct dat_paint leather = dat_paint_telling(dat_paint_flat(coat->nose));
    dat_scene_blob(c, f, nose, DAT_COUNT(nose), &leather);
    mouth(c, f, 0.33f, 0.26f, 0.12f);

    const struct dat_colour hair = dat_colour_mix(coat->pale, WHITE, 0.6f);
    struct dat_paint whisker = dat_paint_telling(dat_paint_flat(hair));
    whisker.opacity = 0.9f;
    const float droop = dat_scene_between(r, -0.08f, 0.12f);
    for (float side = -1; side <= 1; side += 2)
        for (int i = -1; i <= 1; i++) {
            const float k = (float)i;
            const struct dat_point line[] = {{side * 0.26f, 0.45f + k * 0.07f},
                                             {side * 0.75f, 0.40f + k * 0.14f + droop * 0.3f},
                                             {side * 1.28f, 0.46f + k * 0.25f + droop}};
            dat_scene_stroke(c, f, line, 3, 0.035f, 0.035f, 0.012f, &whisker);
        }
}

static void dog_muzzle(struct dat_canvas *c, const struct dat_frame *f, const struct coat *coat,
                       struct eng_rng *r)
{
    static const struct dat_point snout[] = {
        {0, 0.08f}, {0.28f, 0.14f},  {0.46f, 0.42f},  {0.47f, 0.72f},  {0.28f, 0.95f},
        {0, 1.0f},  {-0.28f, 0.95f}, {-0.47f, 0.72f}, {-0.46f, 0.42f}, {-0.28f, 0.14f},
    };
    static const struct dat_point nose[] = {{-0.23f, 0.24f}, {0, 0.16f}, {0.23f, 0.24f},
                                            {0.17f, 0.40f},  {0, 0.47f}, {-0.17f, 0.40f}};
    static const struct dat_point tongue[] = {{-0.15f, 0.74f}, {0.15f, 0.74f},  {0.18f, 1.0f},
                                              {0.10f, 1.18f},  {-0.06f, 1.18f}, {-0.16f, 1.0f}};
    const struct dat_colour pink = {0.86f, 0.44f, 0.46f};
    const struct dat_paint skin = dat_paint_telling(
        dat_paint_ball(f, 0, 0.45f, 0.75f, coat->pale, dat_colour_mix(coat->pale, BLACK, 0.32f)));
    furry_blob(c, f, snout, DAT_COUNT(snout), 0.006f, &skin);
    if (dat_scene_chance(r, 0.6f)) {
        const struct dat_paint flesh = dat_paint_telling(
            dat_paint_ramp(f, (struct dat_point){0, 0.75f}, (struct dat_point){0, 1.1f},
                           dat_colour_mix(pink, BLACK, 0.3f), pink));
        dat_scene_blob(c, f, tongue, DAT_COUNT(tongue), &flesh);
    }
    mouth(c, f, 0.44f, 0.38f, 0.24f);
    const struct dat_paint leather = dat_paint_telling(
        dat_paint_ball(f, -0.05f, 0.22f, 0.3f, dat_colour_mix(coat->nose, WHITE, 0.2f),
                       dat_colour_mix(coat->nose, BLACK, 0.4f)));
    dat_scene_blob(c, f, nose, DAT_COUNT(nose), &leather);
    struct dat_paint shine = dat_paint_telling(dat_paint_flat(WHITE));
    shine.opacity = 0.55f;
    dat_scene_ellipse(c, f, -0.07f, 0.24f, 0.07f, 0.035f, &shine);
}

/* ---- the scene ---- */

static void place(struct dat_canvas *c, const struct dat_scene *scene)
{
    struct eng_rng r = dat_scene_rng(scene, DAT_LAYER_PLACE);
    switch (eng_rng_below(&r, 4)) {
    case 0:
        dat_place_sofa(c, &r);
        break;
    case 1:
        dat_place_room(c, &r);
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
    switch (eng_rng_below(&r, 8)) {
    case 0:
        dat_front_grass(c, &r);
        break;
    case 1:
        dat_front_twig(c, &r);
        break;
    case 2:
        dat_front_bars(c, &r);
        break;
    case 3:
        dat_front_ball(c, &r);
        break;
    default: /* a free view, half of the time */
        break;
    }
}

void dat_scene_cat_dog(struct dat_canvas *c, const struct dat_scene *scene)
{
    const struct coat coat = draw_coat(scene);
    const struct pose pose = draw_pose(scene);
    const int dog = scene->label == 1;
    struct eng_rng r = dat_scene_rng(scene, DAT_LAYER_BODY);
    struct eng_rng own = dat_scene_rng(scene, DAT_LAYER_TELLING);
    const struct dat_frame right = dat_frame_inside(&pose.head, pose.yaw * 0.3f, 0, 1, 1, 0);
    const struct dat_frame left = dat_frame_inside(&pose.head, pose.yaw * 0.3f, 0, -1, 1, 0);
    const struct dat_frame face = dat_frame_inside(&pose.head, pose.yaw * 1.25f, 0, 1, 1, 0);
    const float lean = dat_scene_between(&own, -0.08f, 0.16f);
    const float length = dat_scene_between(&own, 0, 1);

    place(c, scene);
    dat_canvas_glow(c, &pose.body, (struct dat_point){pose.lying ? 0.8f : 0.2f, 0.02f},
                    pose.lying ? 2.8f : 2.1f, 0.42f, BLACK, 0.7f);
    tail(c, &pose, &coat, &r);
    if (pose.lying)
        lying_body(c, &pose, &coat, &r);
    else
        sitting_body(c, &pose, &coat, &r);
    if (dat_scene_chance(&r, 0.4f))
        collar(c, &pose, &r);
    dat_canvas_glow(c, &pose.head, (struct dat_point){0, 0.75f}, 1.1f, 0.55f, BLACK, 0.55f);

    if (!dog) {
        cat_ear(c, &left, &coat, lean + pose.yaw * 0.3f, 0.62f + 0.2f * length);
        cat_ear(c, &right, &coat, lean - pose.yaw * 0.3f, 0.62f + 0.2f * length);
    }
    head(c, &pose, &coat, &r);
    if (dog) {
        dog_ear(c, &left, &coat, lean, 1.15f + 0.4f * length);
        dog_ear(c, &right, &coat, lean, 1.15f + 0.4f * length);
        dog_muzzle(c, &face, &coat, &own);
    } else {
        cat_muzzle(c, &face, &coat, &own);
    }
    front(c, scene);
}
