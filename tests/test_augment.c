/* Augmentation against an independent implementation of the same draws on Pillow's operations
 * (Image.resize with a box, transpose, ImageEnhance), recorded. */
#include "data/augment.h"
#include "tests/pattern.h"
#include "tests/tap.h"

static void test_pillow(void)
{
    static const struct {
        size_t in_width, in_height;
        struct dat_augment a;
        size_t width, height;
        uint64_t hash;
    } cases[] = {
        {60, 50, {0.0f, 0.0f, 0.0f, 0.0f}, 32, 32, 0x2532fecc821c54b9},
        {60, 50, {0.0f, 0.0f, 1.0f, 0.0f}, 32, 31, 0x202ddb7a7ccd9035},
        {60, 50, {0.3f, 0.9f, 0.0f, 0.0f}, 32, 32, 0x54fabfa90410324e},
        {60, 50, {0.3f, 0.9f, 0.5f, 0.0f}, 33, 32, 0x1a2db01ceaf6e862},
        {60, 50, {0.0f, 0.0f, 0.0f, 0.4f}, 32, 32, 0xc5bf6e5fa655c8fd},
        {60, 50, {0.0f, 0.0f, 0.0f, 1.5f}, 32, 32, 0xb4fadac87f3672f3},
        {60, 50, {0.5f, 1.0f, 0.5f, 0.2f}, 40, 24, 0x7a877e8a07e0b0a1},
        {60, 50, {0.5f, 1.0f, 0.5f, 0.2f}, 40, 24, 0xa39816c3c8ba893f},
        {200, 20, {0.9f, 1.0f, 0.5f, 0.3f}, 16, 16, 0x8f8c89137a3bf8b8},
        {20, 200, {0.9f, 1.0f, 0.5f, 0.3f}, 16, 16, 0x759b23544786e493},
        {200, 200, {0.6f, 1.0f, 0.5f, 0.3f}, 112, 112, 0xe88c3793047f7d0d},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dat_image in = pattern_new(cases[i].in_width, cases[i].in_height), out;
        struct dat_augment a = cases[i].a;
        struct eng_rng r;
        eng_rng_init(&r, 11, i);
        tap_poison_stack();
        const enum eng_err err = dat_augment_run(&out, &in, &a, cases[i].width, cases[i].height,
                                                 &r);
        CHECK(err == ENG_OK && pattern_hash(&out) == cases[i].hash,
              "%zux%zu -> %zux%zu, crop %g..%g, flip %g, jitter %g: as with Pillow", in.width,
              in.height, cases[i].width, cases[i].height, (double)a.scale_min, (double)a.scale_max,
              (double)a.flip, (double)a.jitter);
        dat_image_release(&out);
        dat_image_release(&in);
    }
}

static void test_off(void)
{
    struct dat_image in = pattern_new(20, 10), out;
    struct eng_rng r, before;
    eng_rng_init(&r, 1, 2);
    before = r;
    CHECK(dat_augment_run(&out, &in, &DAT_AUGMENT_OFF, 20, 10, &r) == ENG_OK &&
              !memcmp(out.rgb, in.rgb, 600) && !memcmp(&r, &before, sizeof r),
          "off changes nothing and draws nothing");
    dat_image_release(&out);

    const struct dat_augment mirrored = {.flip = 1};
    int right = dat_augment_run(&out, &in, &mirrored, 20, 10, &r) == ENG_OK;
    for (size_t i = 0; right && i < 200; i++)
        right &= !memcmp(out.rgb + i * 3, in.rgb + (i / 20 * 20 + 19 - i % 20) * 3, 3);
    CHECK(right, "flip 1 always mirrors");
    dat_image_release(&out);
    dat_image_release(&in);
}

/* Half of the pictures mirrored; brightness both up and down. */
static void test_spread(void)
{
    enum { N = 2000 };
    struct dat_image in = pattern_new(2, 1), out;
    struct eng_rng r;
    const struct dat_augment half = {.flip = 0.5f};
    int mirrored = 0;
    eng_rng_init(&r, 5, 0);
    for (int i = 0; i < N; i++) {
        if (dat_augment_run(&out, &in, &half, 2, 1, &r) != ENG_OK)
            exit(2);
        mirrored += !memcmp(out.rgb, in.rgb + 3, 3);
        dat_image_release(&out);
    }
    /* Five standard deviations of a fair coin. */
    CHECK(abs(mirrored - N / 2) < 112, "flip 0.5 mirrors %d of %d", mirrored, N);
    dat_image_release(&in);
}

static void test_errors(void)
{
    static const struct dat_augment bad[] = {
        {0.5f, 1.5f, 0, 0},  {0.8f, 0.5f, 0, 0}, {0, 0.5f, 0, 0},  {-1, 0.5f, 0, 0},
        {NAN, 0.5f, 0, 0},   {0.1f, NAN, 0, 0},  {0, -1, 0, 0},    {0, 0, -0.1f, 0},
        {0, 0, 1.1f, 0},     {0, 0, NAN, 0},     {0, 0, 0, -0.1f}, {0, 0, 0, NAN},
        {0, 0, 0, INFINITY},
    };
    struct dat_image in = pattern_new(8, 8), out;
    struct eng_rng r;
    int refused = 1;
    eng_rng_init(&r, 1, 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        out = (struct dat_image){1, 1, in.rgb};
        refused &= dat_augment_run(&out, &in, &bad[i], 4, 4, &r) == ENG_ARG && !out.rgb;
    }
    CHECK(refused, "settings out of range are refused");
    CHECK(dat_augment_run(&out, &in, &DAT_AUGMENT_OFF, 0, 4, &r) == ENG_ARG && !out.rgb,
          "and no size");
    dat_image_release(&in);
}

int main(void)
{
    test_pillow();
    test_off();
    test_spread();
    test_errors();
    return tap_done();
}
