/* Resampling against results recorded from Pillow 9.4 (Image.resize, BILINEAR, box), and against
 * the definition of the filter, evaluated directly. */
#include "data/resize.h"
#include "tests/pattern.h"
#include "tests/tap.h"

static void test_pillow_pixels(void)
{
    static const uint8_t expected[] = {170, 116, 103, 117, 118, 128, 152, 114, 153,
                                       168, 85,  134, 135, 134, 130, 127, 180, 87};
    struct dat_image in = pattern_new(7, 5), out;
    const enum eng_err err = dat_resize(&out, &in, 0, 0, 7, 5, 3, 2);
    CHECK(err == ENG_OK && !memcmp(out.rgb, expected, sizeof expected),
          "7x5 -> 3x2: Pillow's pixels");
    dat_image_release(&out);
    dat_image_release(&in);
}

static void test_pillow_hashes(void)
{
    static const struct {
        size_t in_width, in_height;
        double box[4];
        size_t width, height;
        uint64_t hash;
    } cases[] = {
        {7, 5, {0, 0, 7, 5}, 3, 2, 0xd96a0c9bfbde3b46},
        {7, 5, {0, 0, 7, 5}, 20, 11, 0xc2270e2288542dcc},
        {50, 40, {0, 0, 50, 40}, 50, 17, 0xe0306e0995e86667},
        {50, 40, {0, 0, 50, 40}, 23, 40, 0x7a68c7a415c1f880},
        {50, 40, {0, 0, 50, 40}, 50, 40, 0x43aaa3e330ca5bc5},
        {200, 150, {0, 0, 200, 150}, 112, 112, 0xf4d4f85cb16dbd4f},
        {64, 48, {10, 5, 42, 37}, 32, 32, 0xed01d4d6ffc4fc41},
        {64, 48, {10.25, 5.5, 41.75, 30.125}, 19, 27, 0x4baf21879ab7d023},
        {33, 65, {0.1, 0.2, 0.3, 0.4}, 8, 9, 0x8ab82cc270440805},
        {1, 1, {0, 0, 1, 1}, 5, 4, 0x9fb9f49a4df39999},
        {1, 90, {0, 0, 1, 90}, 3, 7, 0x0ddbfbf512a285d3},
        {500, 3, {0, 0, 500, 3}, 1, 1, 0x25df0e1adb91bc54},
        {300, 200, {99.9, 0, 300, 199.999}, 341, 7, 0x3c72c279bfc5abd9},
        {97, 89, {0, 88.5, 97, 89}, 31, 13, 0x9383f7dcf10c5b25},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double *b = cases[i].box;
        struct dat_image in = pattern_new(cases[i].in_width, cases[i].in_height), out;
        const enum eng_err err = dat_resize(&out, &in, b[0], b[1], b[2], b[3], cases[i].width,
                                            cases[i].height);
        CHECK(err == ENG_OK && out.width == cases[i].width && out.height == cases[i].height &&
                  pattern_hash(&out) == cases[i].hash,
              "%zux%zu (%g %g %g %g) -> %zux%zu: Pillow's bits", in.width, in.height, b[0], b[1],
              b[2], b[3], cases[i].width, cases[i].height);
        dat_image_release(&out);
        dat_image_release(&in);
    }
}

/* The triangle's weighted mean along one axis: pixel o of `out` from `in` samples in0..in1. */
static double triangle(size_t i, size_t o, size_t out, double in0, double in1)
{
    const double scale = (in1 - in0) / (double)out, radius = fmax(scale, 1.0);
    return fmax(0.0, 1.0 - fabs(((double)i + 0.5 - in0) - ((double)o + 0.5) * scale) / radius);
}

/* Without fixed point and without rounding in between; those may cost half a level each. */
static void test_definition(void)
{
    struct dat_image in = pattern_new(37, 29), out;
    const double x0 = 3.5, y0 = 0, x1 = 36.25, y1 = 27.75;
    double worst = 0;
    if (!CHECK(dat_resize(&out, &in, x0, y0, x1, y1, 11, 40) == ENG_OK, "37x29 -> 11x40"))
        return;
    for (size_t y = 0; y < 40; y++)
        for (size_t x = 0; x < 11; x++)
            for (size_t c = 0; c < 3; c++) {
                double sum = 0, weights = 0;
                for (size_t v = 0; v < in.height; v++)
                    for (size_t u = 0; u < in.width; u++) {
                        const double w = triangle(u, x, 11, x0, x1) * triangle(v, y, 40, y0, y1);
                        sum += w * in.rgb[(v * in.width + u) * 3 + c];
                        weights += w;
                    }
                worst = tap_worse(worst, fabs(out.rgb[(y * 11 + x) * 3 + c] - sum / weights));
            }
    CHECK(worst <= 1.001, "no pixel is farther than 1 from the filter's definition (%.3f)", worst);
    dat_image_release(&out);
    dat_image_release(&in);
}

/* The weights of a span are rounded one by one: if they summed to too much, white would overflow
 * to black, and to too little, it would not stay white. Lengths where they round worst are among
 * these. */
static void test_white(void)
{
    static const size_t lengths[] = {1, 2, 3, 100, 2027, 2528, 8277, DAT_IMAGE_MAX_SIDE};
    int white = 1;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (size_t side = 1; side <= 7; side++) {
            struct dat_image in, wide, high;
            if (dat_image_init(&in, lengths[i], 1) != ENG_OK)
                exit(2);
            memset(in.rgb, 255, in.width * 3);
            white &= dat_resize(&wide, &in, 0, 0, (double)in.width, 1, side, 3) == ENG_OK;
            for (size_t k = 0; white && k < side * 9; k++)
                white &= wide.rgb[k] == 255;
            in.height = in.width; /* the same pixels, standing */
            in.width = 1;
            white &= dat_resize(&high, &in, 0, 0, 1, (double)in.height, 3, side) == ENG_OK;
            for (size_t k = 0; white && k < side * 9; k++)
                white &= high.rgb[k] == 255;
            dat_image_release(&high);
            dat_image_release(&wide);
            dat_image_release(&in);
        }
    CHECK(white, "white stays white under the widest filters");
}

static void test_errors(void)
{
    static const struct {
        double box[4];
        size_t width, height;
        enum eng_err err;
    } cases[] = {
        {{0, 0, 8, 6}, 0, 4, ENG_ARG},
        {{0, 0, 8, 6}, 4, 0, ENG_ARG},
        {{-0.5, 0, 8, 6}, 4, 4, ENG_ARG},
        {{0, -1e-9, 8, 6}, 4, 4, ENG_ARG},
        {{0, 0, 8.1, 6}, 4, 4, ENG_ARG},
        {{0, 0, 8, 6.1}, 4, 4, ENG_ARG},
        {{3, 0, 3, 6}, 4, 4, ENG_ARG},
        {{0, 5, 8, 4}, 4, 4, ENG_ARG},
        {{NAN, 0, 8, 6}, 4, 4, ENG_ARG},
        {{0, 0, 8, NAN}, 4, 4, ENG_ARG},
        {{0, 0, INFINITY, 6}, 4, 4, ENG_ARG},
        {{0, NAN, 8, 6}, 4, 4, ENG_ARG},
        {{0, 0, 8, 6}, 70000, 4, ENG_TOOBIG},
        {{0, 0, 8, 6}, 4, SIZE_MAX, ENG_TOOBIG},
        {{0, 0, 8, 6}, 60000, 60000, ENG_TOOBIG},
    };
    struct dat_image in = pattern_new(8, 6);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double *b = cases[i].box;
        struct dat_image out = {1, 1, in.rgb};
        const enum eng_err err = dat_resize(&out, &in, b[0], b[1], b[2], b[3], cases[i].width,
                                            cases[i].height);
        CHECK(err == cases[i].err && !out.rgb && !out.width && !out.height,
              "8x6 (%g %g %g %g) -> %zux%zu is refused: %s", b[0], b[1], b[2], b[3], cases[i].width,
              cases[i].height, eng_err_text(err));
    }
    dat_image_release(&in);
}

int main(void)
{
    test_pillow_pixels();
    test_pillow_hashes();
    test_definition();
    test_white();
    test_errors();
    return tap_done();
}
