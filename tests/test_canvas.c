/* The drawing kit: is coverage exact, do frames nest, does truth behave as a colour does? */
#include "data/canvas.h"

#include "tests/tap.h"

static const struct dat_colour RED = {1, 0, 0}, BLUE = {0, 0, 1}, GREY = {0.5f, 0.5f, 0.5f};

static const float *pixel(const struct dat_canvas *c, size_t x, size_t y)
{
    return c->pixels + (y * c->size + x) * 4;
}

/* What has been painted red on black: the sum of the pixels' coverage, in pixels. */
static double red_area(const struct dat_canvas *c)
{
    double sum = 0;
    for (size_t i = 0; i < c->size * c->size; i++)
        sum += c->pixels[i * 4];
    return sum;
}

static int cover_is_clear(const struct dat_canvas *c)
{
    for (size_t i = 0; i < c->size * (c->size + 2); i++)
        if (c->cover[i] != 0)
            return 0;
    return 1;
}

static struct dat_canvas canvas(size_t size)
{
    struct dat_canvas c;
    if (dat_canvas_init(&c, size) != ENG_OK)
        exit(1);
    return c;
}

static void fill_polygon(struct dat_canvas *c, const struct dat_point *points, size_t n,
                         struct dat_paint p)
{
    struct dat_outline o;
    dat_outline_polygon(&o, &dat_frame_canvas, points, n);
    dat_canvas_fill(c, &o, &p);
}

static void test_turn(void)
{
    double worst = 0;
    for (int i = -4000; i <= 4000; i++) {
        float cosine, sine;
        const float t = (float)i / 1000;
        dat_turn(t, &cosine, &sine);
        worst = tap_worse(worst, fabs(cosine - cos(t * 6.283185307179586)));
        worst = tap_worse(worst, fabs(sine - sin(t * 6.283185307179586)));
    }
    CHECK(worst < 1e-6, "turns agree with libm (worst error %.2g)", worst);
}

static void test_frames(void)
{
    const struct dat_frame f = dat_frame_inside(&dat_frame_canvas, 0.5f, 0.25f, 0.1f, 0.2f, 0.25f);
    const struct dat_point x = dat_frame_at(&f, (struct dat_point){1, 0});
    const struct dat_point y = dat_frame_at(&f, (struct dat_point){0, 1});
    CHECK(fabsf(x.x - 0.5f) < 1e-6f && fabsf(x.y - 0.35f) < 1e-6f,
          "a quarter turn takes x to below the origin");
    CHECK(fabsf(y.x - 0.3f) < 1e-6f && fabsf(y.y - 0.25f) < 1e-6f, "and y to the left of it");
    const struct dat_frame g = dat_frame_inside(&f, 1, 0, -2, 2, 0);
    const struct dat_point m = dat_frame_at(&g, (struct dat_point){1, 0});
    CHECK(fabsf(m.x - 0.5f) < 1e-6f && fabsf(m.y - 0.15f) < 1e-6f, "a mirrored frame inside it");
}

static void test_exact_coverage(void)
{
    struct dat_canvas c = canvas(8);
    const struct dat_point box[] = {
        {1.25f / 8, 2.5f / 8}, {4.5f / 8, 2.5f / 8}, {4.5f / 8, 5.75f / 8}, {1.25f / 8, 5.75f / 8}};
    fill_polygon(&c, box, 4, dat_paint_flat(RED));
    CHECK(pixel(&c, 1, 2)[0] == 0.75f * 0.5f && pixel(&c, 2, 3)[0] == 1 &&
              pixel(&c, 4, 5)[0] == 0.5f * 0.75f && pixel(&c, 5, 3)[0] == 0 &&
              pixel(&c, 0, 3)[0] == 0,
          "a rectangle between pixels covers exact shares");
    CHECK(fabs(red_area(&c) - 3.25 * 3.25) < 1e-5, "and its area in all");
    dat_canvas_release(&c);

    c = canvas(8);
    const struct dat_point slope[] = {{0, 0}, {1, 0.5f}, {0, 0.5f}};
    fill_polygon(&c, slope, 3, dat_paint_flat(RED));
    CHECK(pixel(&c, 0, 0)[0] == 0.75f && pixel(&c, 1, 0)[0] == 0.25f && pixel(&c, 2, 1)[0] == 0.75f,
          "a slope of one half covers quarters");
    dat_canvas_release(&c);

    c = canvas(100);
    struct dat_outline o;
    dat_outline_ellipse(&o, &dat_frame_canvas, (struct dat_point){0.47f, 0.52f}, 0.31f, 0.18f);
    const struct dat_paint red = dat_paint_flat(RED);
    dat_canvas_fill(&c, &o, &red);
    const double area = 0.31 * 0.18 * 1e4 * 16 * sin(6.283185307179586 / 32); /* of a 32-gon */
    CHECK(fabs(red_area(&c) - area) < 0.005 * area, "an ellipse of %.1f pixels (drawn: %.1f)", area,
          red_area(&c));
    CHECK(cover_is_clear(&c), "fills leave their scratch clean");
    dat_canvas_release(&c);
}

static void test_clipping(void)
{
    struct dat_canvas c = canvas(16);
    const struct dat_point all[] = {{-3, -2}, {5, -2}, {5, 4}, {-3, 4}};
    fill_polygon(&c, all, 4, dat_paint_flat(RED));
    CHECK(red_area(&c) == 256, "an outline around the canvas covers all of it");
    const struct dat_point right[] = {{0.5f, -1}, {7, -1}, {7, 9}, {0.5f, 9}};
    fill_polygon(&c, right, 4, dat_paint_flat(BLUE));
    CHECK(red_area(&c) == 128, "one that leaves it to the right covers half");
    const struct dat_point away[][3] = {{{-2, 0.1f}, {-1, 0.5f}, {-2, 0.9f}},
                                        {{2, 0.1f}, {3, 0.5f}, {2, 0.9f}},
                                        {{0.1f, -3}, {0.9f, -3}, {0.5f, -1}},
                                        {{0.1f, 3}, {0.9f, 3}, {0.5f, 2}}};
    for (int i = 0; i < 4; i++)
        fill_polygon(&c, away[i], 3, dat_paint_flat(BLUE));
    CHECK(red_area(&c) == 128 && cover_is_clear(&c), "outlines beside it cover nothing");
    dat_canvas_release(&c);
}

static void test_strokes_and_fur(void)
{
    struct dat_canvas c = canvas(128);
    const struct dat_paint red = dat_paint_flat(RED);
    const struct dat_point line[] = {{0.2f, 0.3f}, {0.7f, 0.6f}};
    struct dat_outline o;
    dat_outline_stroke(&o, &dat_frame_canvas, line, 2, 0.06f, 0.06f, 0.06f);
    dat_canvas_fill(&c, &o, &red);
    /* A rectangle and two half octagons. */
    const double expected = (sqrt(0.34) * 0.06 + 0.03 * 0.03 * 4 * sin(6.283185307179586 / 8)) *
                            128 * 128;
    CHECK(fabs(red_area(&c) - expected) < 0.01 * expected, "a stroke of %.1f pixels (drawn: %.1f)",
          expected, red_area(&c));
    dat_canvas_release(&c);

    c = canvas(128);
    const struct dat_point ring[] = {{0.2f, 0.2f}, {0.8f, 0.2f}, {0.8f, 0.8f}, {0.2f, 0.8f}};
    dat_outline_blob(&o, &dat_frame_canvas, ring, 4);
    dat_canvas_fill(&c, &o, &red);
    const double smooth = red_area(&c);
    const size_t corners = o.count;
    dat_outline_ruffle(&o, 0.02f, 0.03f, 7);
    dat_canvas_fill(&c, &o, &red);
    CHECK(o.count > corners && red_area(&c) > smooth * 1.01, "fur grows outwards");
    const size_t furry = o.count;
    dat_outline_ruffle(&o, 0.0001f, 0.03f, 7);
    CHECK(o.count == furry, "too much of it is left off");
    dat_canvas_release(&c);
}

static void test_paint(void)
{
    struct dat_canvas c = canvas(64);
    struct dat_paint p = dat_paint_ramp(&dat_frame_canvas, (struct dat_point){0, 0},
                                        (struct dat_point){1, 0}, RED, BLUE);
    dat_canvas_wash(&c, &p);
    CHECK(pixel(&c, 0, 5)[0] > 0.99f && pixel(&c, 63, 5)[2] > 0.99f &&
              fabsf(pixel(&c, 31, 0)[0] - pixel(&c, 32, 0)[2]) < 1e-5f,
          "a ramp runs from one colour to the other");
    p = dat_paint_ball(&dat_frame_canvas, 0.5f, 0.5f, 0.3f, RED, BLUE);
    dat_canvas_wash(&c, &p);
    CHECK(pixel(&c, 32, 32)[0] > 0.9f && pixel(&c, 32, 60)[2] == 1 && pixel(&c, 60, 32)[2] == 1,
          "a ball is lit in its middle");

    p = dat_paint_flat(GREY);
    p.grain = 0.2f;
    p.fineness = 16;
    dat_canvas_wash(&c, &p);
    double sum = 0, low = 1, high = 0;
    for (size_t i = 0; i < 64 * 64; i++) {
        sum += c.pixels[i * 4];
        low = fmin(low, c.pixels[i * 4]);
        high = fmax(high, c.pixels[i * 4]);
    }
    CHECK(fabs(sum / 4096 - 0.5) < 0.02 && low >= 0.4 && low < 0.45 && high <= 0.6 && high > 0.55,
          "grain varies the brightness by its strength, evenly up and down");

    /* Along the fibre, neighbours are alike; across it, not. */
    p.fibre = (struct dat_point){1, 0};
    dat_canvas_wash(&c, &p);
    double along = 0, across = 0;
    for (size_t y = 0; y < 63; y++)
        for (size_t x = 0; x < 63; x++) {
            along += fabsf(pixel(&c, x + 1, y)[0] - pixel(&c, x, y)[0]);
            across += fabsf(pixel(&c, x, y + 1)[0] - pixel(&c, x, y)[0]);
        }
    CHECK(across > 3 * along, "fibres run along their direction");

    const struct dat_paint red = dat_paint_flat(RED);
    dat_canvas_wash(&c, &red);
    dat_canvas_glow(&c, &dat_frame_canvas, (struct dat_point){0.5f, 0.5f}, 0.25f, 0.125f, BLUE,
                    0.5f);
    CHECK(fabsf(pixel(&c, 32, 32)[2] - 0.5f) < 0.02f && pixel(&c, 32, 41)[2] == 0 &&
              pixel(&c, 40, 32)[2] > 0.1f && pixel(&c, 49, 32)[2] == 0,
          "a glow fades out at its half axes");
    dat_canvas_release(&c);
}

static void test_truth(void)
{
    struct dat_canvas c = canvas(32);
    const struct dat_lens sharp = {.contrast = 1}, soft = {.contrast = 1, .blur = 1};
    uint8_t rgb[32 * 32 * 3], mask[32 * 32];
    const struct dat_point box[] = {{0.25f, 0.25f}, {0.75f, 0.25f}, {0.75f, 0.75f}, {0.25f, 0.75f}};
    const struct dat_point cover[] = {{0.5f, 0}, {1, 0}, {1, 1}, {0.5f, 1}};
    fill_polygon(&c, box, 4, dat_paint_telling(dat_paint_flat(RED)));
    fill_polygon(&c, cover, 4, dat_paint_flat(BLUE));
    dat_canvas_develop(&c, &sharp, rgb, mask);
    int wrong = 0;
    for (size_t y = 0; y < 32; y++)
        for (size_t x = 0; x < 32; x++)
            wrong += mask[y * 32 + x] != (x >= 8 && x < 16 && y >= 8 && y < 24 ? 255 : 0);
    CHECK(wrong == 0, "the mask is what was told and is not hidden");

    dat_canvas_develop(&c, &soft, rgb, mask);
    CHECK(mask[7 * 32 + 7] == 255 && mask[7 * 32 + 16] == 255 && mask[6 * 32 + 8] == 0 &&
              mask[12 * 32 + 17] == 0,
          "blur widens it by the pixel that blur reaches");

    fill_polygon(&c, cover, 4, dat_paint_telling(dat_paint_flat(RED)));
    dat_canvas_glow(&c, &dat_frame_canvas, (struct dat_point){0.5f, 0.5f}, 9, 9, BLUE, 0.9f);
    dat_canvas_develop(&c, &sharp, rgb, mask);
    CHECK(mask[12 * 32 + 28] == 255, "what shines through a glow is still there");
    dat_canvas_release(&c);
}

static void test_lens(void)
{
    struct dat_canvas c = canvas(128);
    const struct dat_paint grey = dat_paint_flat(GREY);
    uint8_t *rgb = malloc(128 * 128 * 3);
    dat_canvas_wash(&c, &grey);
    dat_canvas_develop(&c, &(struct dat_lens){.contrast = 1, .noise = 0.05f, .seed = 3}, rgb, NULL);
    double sum = 0, square = 0;
    for (size_t i = 0; i < 128 * 128 * 3; i++) {
        const double d = rgb[i] / 255.0 - 0.5;
        sum += d;
        square += d * d;
    }
    const double n = 128 * 128 * 3, mean = sum / n, deviation = sqrt(square / n - mean * mean);
    CHECK(fabs(mean - 0.0005) < 0.002 && fabs(deviation - 0.05) < 0.002,
          "noise has mean 0 and the deviation asked for (%.4f, %.4f)", mean, deviation);
    const struct dat_paint bright = dat_paint_flat((struct dat_colour){0.75f, 0.75f, 0.75f});
    dat_canvas_wash(&c, &bright);
    dat_canvas_develop(&c, &(struct dat_lens){.contrast = 0.5f, .brightness = 0.1f}, rgb, NULL);
    CHECK(rgb[0] == 185, "contrast pulls to the middle, brightness lifts"); /* .725 * 255 + .5 */
    free(rgb);
    dat_canvas_release(&c);
}

int main(void)
{
    struct dat_canvas c;
    CHECK(dat_canvas_init(&c, 0) == ENG_ARG && !c.pixels, "a canvas has a side");
    CHECK(dat_canvas_init(&c, 4097) == ENG_ARG && !c.pixels, "of at most 4096 pixels");
    test_turn();
    test_frames();
    test_exact_coverage();
    test_clipping();
    test_strokes_and_fur();
    test_paint();
    test_truth();
    test_lens();
    return tap_done();
}
