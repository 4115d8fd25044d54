#include "data/outline.h"

#include <assert.h>
#include <math.h>

const struct dat_frame dat_frame_canvas = {{0, 0}, {1, 0}, {0, 1}};

void dat_turn(float turns, float *cosine, float *sine)
{
    /* Bring the angle to within an eighth of a turn of a multiple of a quarter, where short
     * Taylor series are exact to a float; then turn by that many quarters. */
    const float quarters = floorf(turns * 4 + 0.5f);
    const float a = (turns - quarters * 0.25f) * 6.28318531f, q = a * a;
    const float c = 1 + q * (-1 / 2.0f + q * (1 / 24.0f + q * (-1 / 720.0f + q / 40320.0f)));
    const float s = a * (1 + q * (-1 / 6.0f + q * (1 / 120.0f - q / 5040.0f)));
    switch ((int)quarters & 3) {
    case 0:
        *cosine = c, *sine = s;
        break;
    case 1:
        *cosine = -s, *sine = c;
        break;
    case 2:
        *cosine = -c, *sine = -s;
        break;
    default:
        *cosine = s, *sine = -c;
    }
}

struct dat_point dat_frame_at(const struct dat_frame *f, struct dat_point p)
{
    return (struct dat_point){f->origin.x + p.x * f->x.x + p.y * f->y.x,
                              f->origin.y + p.x * f->x.y + p.y * f->y.y};
}

struct dat_frame dat_frame_inside(const struct dat_frame *outer, float x, float y, float sx,
                                  float sy, float turn)
{
    float c, s;
    dat_turn(turn, &c, &s);
    const struct dat_point o = dat_frame_at(outer, (struct dat_point){x, y});
    const struct dat_point ex = dat_frame_at(outer, (struct dat_point){x + c * sx, y + s * sx});
    const struct dat_point ey = dat_frame_at(outer, (struct dat_point){x - s * sy, y + c * sy});
    return (struct dat_frame){o, {ex.x - o.x, ex.y - o.y}, {ey.x - o.x, ey.y - o.y}};
}

static void append(struct dat_outline *o, struct dat_point p)
{
    assert(o->count < DAT_OUTLINE_MAX);
    o->at[o->count++] = p;
}

void dat_outline_ellipse(struct dat_outline *o, const struct dat_frame *f, struct dat_point centre,
                         float rx, float ry)
{
    enum { CORNERS = 32 };
    o->count = 0;
    for (int i = 0; i < CORNERS; i++) {
        float c, s;
        dat_turn((float)i / CORNERS, &c, &s);
        append(o, dat_frame_at(f, (struct dat_point){centre.x + c * rx, centre.y + s * ry}));
    }
}

/* The Catmull-Rom cubic: at t = 0 in b, at t = 1 in c, there with the slopes (c-a)/2, (d-b)/2. */
static struct dat_point spline(struct dat_point a, struct dat_point b, struct dat_point c,
                               struct dat_point d, float t)
{
    const float t2 = t * t, t3 = t2 * t;
    const float wa = -0.5f * t3 + t2 - 0.5f * t, wb = 1.5f * t3 - 2.5f * t2 + 1;
    const float wc = -1.5f * t3 + 2 * t2 + 0.5f * t, wd = 0.5f * t3 - 0.5f * t2;
    return (struct dat_point){wa * a.x + wb * b.x + wc * c.x + wd * d.x,
                              wa * a.y + wb * b.y + wc * c.y + wd * d.y};
}

void dat_outline_blob(struct dat_outline *o, const struct dat_frame *f,
                      const struct dat_point *points, size_t n)
{
    enum { STEPS = 6 };
    assert(n >= 3 && n <= 32);
    o->count = 0;
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < STEPS; k++)
            append(o,
                   dat_frame_at(f, spline(points[(i + n - 1) % n], points[i], points[(i + 1) % n],
                                          points[(i + 2) % n], (float)k / STEPS)));
}

void dat_outline_polygon(struct dat_outline *o, const struct dat_frame *f,
                         const struct dat_point *points, size_t n)
{
    o->count = 0;
    for (size_t i = 0; i < n; i++)
        append(o, dat_frame_at(f, points[i]));
}

/* Half a circle around p from p + s to p - s, in quarters: enough for strokes of a few pixels. */
static void append_cap(struct dat_outline *o, const struct dat_frame *f, struct dat_point p,
                       struct dat_point s)
{
    const float r = 0.7071068f;
    const struct dat_point out = {-s.y, s.x};
    append(o,
           dat_frame_at(f, (struct dat_point){p.x + (out.x + s.x) * r, p.y + (out.y + s.y) * r}));
    append(o, dat_frame_at(f, (struct dat_point){p.x + out.x, p.y + out.y}));
    append(o,
           dat_frame_at(f, (struct dat_point){p.x + (out.x - s.x) * r, p.y + (out.y - s.y) * r}));
}

void dat_outline_stroke(struct dat_outline *o, const struct dat_frame *f,
                        const struct dat_point *points, size_t n, float w0, float w1, float w2)
{
    enum { STEPS = 4, MAX_POINTS = 16, MAX_SPINE = (MAX_POINTS - 1) * STEPS + 1 };
    struct dat_point spine[MAX_SPINE], side[MAX_SPINE];
    assert(n >= 2 && n <= MAX_POINTS);
    size_t m = 0;
    for (size_t i = 0; i + 1 < n; i++)
        for (int k = 0; k < STEPS; k++)
            spine[m++] = spline(points[i ? i - 1 : 0], points[i], points[i + 1],
                                points[i + 2 < n ? i + 2 : n - 1], (float)k / STEPS);
    spine[m++] = points[n - 1];

    /* To either side of the spine by half the width there: w0 -> w1 -> w2 as two ramps. */
    for (size_t i = 0; i < m; i++) {
        const struct dat_point a = spine[i ? i - 1 : 0], b = spine[i + 1 < m ? i + 1 : i];
        const float dx = b.x - a.x, dy = b.y - a.y, length = sqrtf(dx * dx + dy * dy) + 1e-9f;
        const float t = 2 * (float)i / (float)(m - 1);
        const float half = 0.5f * (t < 1 ? w0 + (w1 - w0) * t : w1 + (w2 - w1) * (t - 1));
        side[i] = (struct dat_point){-dy / length * half, dx / length * half};
    }

    /* There on one side, around the end, back on the other, around the start. */
    o->count = 0;
    for (size_t i = 0; i < m; i++)
        append(o,
               dat_frame_at(f, (struct dat_point){spine[i].x - side[i].x, spine[i].y - side[i].y}));
    append_cap(o, f, spine[m - 1], (struct dat_point){-side[m - 1].x, -side[m - 1].y});
    for (size_t i = m; i-- > 0;)
        append(o,
               dat_frame_at(f, (struct dat_point){spine[i].x + side[i].x, spine[i].y + side[i].y}));
    append_cap(o, f, spine[0], side[0]);
}

/* Scrambles i into [0, 1). */
static float scatter(uint32_t i, uint32_t seed)
{
    uint32_t h = (i + 1) * 0x9e3779b1u ^ seed;
    h = (h ^ h >> 15) * 0x2c1b3c6du;
    h = (h ^ h >> 12) * 0x297a2d39u;
    return (float)(h >> 8) * 0x1p-24f;
}

void dat_outline_ruffle(struct dat_outline *o, float length, float depth, uint32_t seed)
{
    struct dat_outline fur = {.count = 0};
    float area = 0;
    for (size_t i = 0; i < o->count; i++) {
        const struct dat_point a = o->at[i], b = o->at[(i + 1) % o->count];
        area += a.x * b.y - b.x * a.y;
    }
    const float outward = area > 0 ? depth : -depth;
    uint32_t tuft = 0;
    for (size_t i = 0; i < o->count; i++) {
        const struct dat_point a = o->at[i], b = o->at[(i + 1) % o->count];
        const float dx = b.x - a.x, dy = b.y - a.y, edge = sqrtf(dx * dx + dy * dy);
        const int parts = 1 + (int)(edge / length);
        if (fur.count + 2 * (size_t)parts > DAT_OUTLINE_MAX)
            return;
        for (int k = 0; k < parts; k++, tuft++) {
            const float t = (float)k / (float)parts;
            const float tip = t + (0.3f + 0.4f * scatter(2 * tuft, seed)) / (float)parts;
            const float out = outward * scatter(2 * tuft + 1, seed) / (edge + 1e-9f);
            append(&fur, (struct dat_point){a.x + dx * t, a.y + dy * t});
            append(&fur, (struct dat_point){a.x + dx * tip + dy * out, a.y + dy * tip - dx * out});
        }
    }
    *o = fur;
}
