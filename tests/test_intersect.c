/* GAD's intersection of maps: by hand, and its promises on random maps under every option. */
#include "gad/intersect.h"
#include "metrics/hull.h"

#include "tests/tap.h"

#include <stdint.h>

enum { SIDE = 7, PIXELS = SIDE * SIDE, MAPS = 5 };

static uint32_t seed = 3;

static int draw(int below)
{
    seed = seed * 1664525u + 1013904223u;
    return (int)((uint64_t)(seed >> 8) * (uint64_t)below >> 24);
}

static int equal(const float *a, const float *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (a[i] != b[i])
            return 0;
    return 1;
}

static int close_to(const float *a, const float *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fabsf(a[i] - b[i]) > 1e-6f * fabsf(b[i]))
            return 0;
    return 1;
}

static struct gad_intersect options(enum gad_normalise normalise, const char *present,
                                    enum gad_keep keep)
{
    struct gad_intersect how = {.normalise = normalise, .keep = keep};
    if (met_select_parse(&how.present, present, NULL) != ENG_OK)
        abort();
    return how;
}

static void by_hand(void)
{
    const float original[] = {8, 2, 4, 0, -4, 0.5f}, one[] = {2, 0, 1, 1, -2, 1},
                two[] = {4, 1, 4, 1, 4, 2};
    const float *const maps[] = {original, one, two};
    static const struct {
        enum gad_normalise normalise;
        const char *present;
        enum gad_keep keep;
        float want[6];
    } cases[] = {
        /* Pixel 1 is absent from map 1, 3 from the original, 4 changes its sign. */
        {GAD_NORMALISE_NONE, "value:0", GAD_KEEP_ORIGINAL, {8, 0, 4, 0, 0, 0.5f}},
        {GAD_NORMALISE_NONE, "value:0", GAD_KEEP_MIN, {2, 0, 1, 0, 0, 0.5f}},
        {GAD_NORMALISE_NONE, "value:0", GAD_KEEP_MEAN, {14 / 3.f, 0, 3, 0, 0, 3.5f / 3.f}},
        {GAD_NORMALISE_NONE, "value:0", GAD_KEEP_GEOMEAN, {4, 0, 2.519842100f, 0, 0, 1}},
        /* By 8, 2 and 4: (1 1 1), (1/2 1/2 1), (1/16 1/2 1/2); back times 8. */
        {GAD_NORMALISE_MAX, "value:0", GAD_KEEP_MIN, {8, 0, 4, 0, 0, 0.5f}},
        {GAD_NORMALISE_MAX, "value:0", GAD_KEEP_MEAN, {8, 0, 16 / 3.f, 0, 0, 8.5f / 3.f}},
        {GAD_NORMALISE_MAX, "value:0", GAD_KEEP_GEOMEAN, {8, 0, 5.03968420f, 0, 0, 2}},
        {GAD_NORMALISE_P99, "value:0", GAD_KEEP_MIN, {8, 0, 4, 0, 0, 0.5f}},
        /* A tenth of each map's own largest leaves 0.8, 0.2 and 0.4. */
        {GAD_NORMALISE_NONE, "value:0.1", GAD_KEEP_ORIGINAL, {8, 0, 4, 0, 0, 0}},
        /* A tenth of the original's largest is 0.8 for all. */
        {GAD_NORMALISE_NONE, "value:0.1:original", GAD_KEEP_ORIGINAL, {8, 0, 4, 0, 0, 0}},
        {GAD_NORMALISE_NONE, "value:0.25:original", GAD_KEEP_ORIGINAL, {0, 0, 0, 0, 0, 0}},
        {GAD_NORMALISE_NONE, "value:0.25", GAD_KEEP_ORIGINAL, {8, 0, 4, 0, 0, 0}},
        {GAD_NORMALISE_NONE, "all:0.5", GAD_KEEP_ORIGINAL, {8, 0, 0, 0, 0, 0}},
        /* With signs: more than half way from -4 to 8, from -2 to 2, from 1 to 4. */
        {GAD_NORMALISE_NONE, "range:0.5", GAD_KEEP_ORIGINAL, {8, 0, 4, 0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct gad_intersect how = options(cases[i].normalise, cases[i].present,
                                                 cases[i].keep);
        float out[6];
        CHECK(gad_intersect_maps(out, maps, 3, 6, &how, NULL) == ENG_OK &&
                  close_to(out, cases[i].want, 6),
              "case %zu, %s, %s, %s: %g %g %g %g %g %g", i, gad_normalise_name(how.normalise),
              cases[i].present, gad_keep_name(how.keep), out[0], out[1], out[2], out[3], out[4],
              out[5]);
    }

    /* One pixel in a hundred exceeds the 99th percentile: 199 and 200 of 1 .. 200 do, so it is
     * 198; where it is 0 the largest serves. */
    float ramp[200], sparse[200] = {0}, out[200];
    for (int i = 0; i < 200; i++)
        ramp[i] = (float)(i + 1);
    sparse[0] = 4.0f;
    sparse[199] = 2.0f;
    const float *const pair[] = {ramp, sparse};
    const struct gad_intersect p99 = options(GAD_NORMALISE_P99, "value:0", GAD_KEEP_MIN);
    gad_intersect_maps(out, pair, 2, 200, &p99, NULL);
    CHECK(out[0] == 1.0f && out[199] == 99.0f && out[1] == 0.0f, "p99: 198 and, as it is 0, 4");
}

/* A map of few levels (ties), or of many, with zeros of both signs; `like` makes it resemble
 * another one. */
static void draw_map(float *map, const float *like)
{
    const int levels = draw(2) ? 1 + draw(5) : 1 << 20, sparse = draw(4), is_signed = draw(2);
    const float scale = ldexpf(1.0f, draw(40) - 20);
    for (int i = 0; i < PIXELS; i++) {
        const float fresh = (float)(is_signed ? draw(2 * levels) - levels : draw(levels));
        map[i] = like && draw(3) ? like[i] * scale : fresh * scale;
        if (sparse && draw(4) < sparse)
            map[i] = draw(2) ? 0.0f : -0.0f;
    }
}

static struct gad_intersect draw_options(void)
{
    return (struct gad_intersect){
        .normalise = (enum gad_normalise)draw(3),
        .present = {.rule = (enum met_select_rule)draw(4),
                    .amount = draw(11) / 10.0,
                    .original = draw(2),
                    .inclusive = draw(2),
                    .zeros = draw(2)},
        .keep = (enum gad_keep)draw(4),
    };
}

static struct met_select draw_select(void)
{
    return (struct met_select){.rule = (enum met_select_rule)draw(4),
                               .amount = draw(11) / 10.0,
                               .original = draw(2),
                               .inclusive = draw(2),
                               .zeros = draw(2)};
}

static void promises(void)
{
    int runs = 1, finite = 1, no_new = 1, sign = 1, bounded = 1, nested = 1, hulls = 1, alias = 1,
        fewer = 1;
    int promised = 0, kept = 0, exceeds = 0, leaves = 0;
    for (int trial = 0; trial < 20000; trial++) {
        float store[MAPS][PIXELS], out[PIXELS];
        const float *maps[MAPS];
        const struct gad_intersect how = draw_options();
        const struct met_select select = draw_select();
        const size_t count = 1 + (size_t)draw(MAPS);
        for (size_t k = 0; k < MAPS; k++) {
            draw_map(store[k], k > 0 ? store[0] : NULL);
            maps[k] = store[k];
        }
        tap_poison_stack();
        runs &= gad_intersect_maps(out, maps, count, PIXELS, &how, NULL) == ENG_OK;

        const int is_bounded = how.keep == GAD_KEEP_MIN || how.keep == GAD_KEEP_ORIGINAL;
        size_t in_original = 0, in_gad = 0;
        for (int i = 0; i < PIXELS; i++) {
            finite &= isfinite(out[i]) && !(out[i] == 0.0f && signbit(out[i]));
            no_new &= out[i] == 0.0f || store[0][i] != 0.0f;
            sign &= out[i] == 0.0f || (out[i] > 0.0f) == (store[0][i] > 0.0f);
            in_original += store[0][i] != 0.0f;
            in_gad += out[i] != 0.0f;
            if (is_bounded)
                bounded &= fabsf(out[i]) <= fabsf(store[0][i]);
            else
                exceeds += fabsf(out[i]) > fabsf(store[0][i]) * 1.01f;
        }
        fewer &= in_gad <= in_original;
        kept += in_gad > 0;

        struct met_mask of_original, of_gad, hull_original, hull_gad;
        struct met_hull ch_original, ch_gad;
        met_select_pixels(&of_original, &select, store[0], store[0], SIDE, SIDE, NULL);
        met_select_pixels(&of_gad, &select, out, store[0], SIDE, SIDE, NULL);
        met_hull_of_mask(&ch_original, &of_original);
        met_hull_of_mask(&ch_gad, &of_gad);
        met_hull_mask(&hull_original, &ch_original, SIDE, SIDE);
        met_hull_mask(&hull_gad, &ch_gad, SIDE, SIDE);
        if (gad_intersect_nested(&how, &select)) {
            promised++;
            nested &= met_mask_within(&of_gad, &of_original);
            hulls &= met_mask_within(&hull_gad, &hull_original);
        } else {
            leaves += !met_mask_within(&of_gad, &of_original);
        }
        met_hull_release(&ch_original);
        met_hull_release(&ch_gad);
        met_mask_release(&hull_original);
        met_mask_release(&hull_gad);
        met_mask_release(&of_original);
        met_mask_release(&of_gad);

        gad_intersect_maps(store[0], maps, count, PIXELS, &how, NULL);
        alias &= equal(store[0], out, PIXELS);
    }
    CHECK(runs && kept > 5000, "every option runs (%d of 20000 maps have pixels left)", kept);
    CHECK(finite, "values are finite, and a zero is 0.0");
    CHECK(no_new, "no pixel that the original's map does not have");
    CHECK(fewer, "never more pixels than the original's map");
    CHECK(sign, "no other sign than the original's");
    CHECK(bounded, "keep min and original: no value beyond the original's");
    CHECK(exceeds > 0, "keep mean and geomean: some are (%d)", exceeds);
    CHECK(nested && promised > 1000,
          "where nesting is promised the selected pixels are nested "
          "(%d trials)",
          promised);
    CHECK(hulls, "and so are the hulls");
    CHECK(leaves > 1000, "where it is not promised they leave (%d trials)", leaves);
    CHECK(alias, "the original's map may be overwritten");
}

/* The minimum is the intersection for every threshold at once. */
static void every_threshold(void)
{
    struct gad_intersect how = gad_intersect_default();
    how.normalise = GAD_NORMALISE_NONE;
    int same = 1;
    for (int trial = 0; trial < 500; trial++) {
        float store[MAPS][PIXELS], out[PIXELS];
        const float *maps[MAPS];
        for (size_t k = 0; k < MAPS; k++) {
            draw_map(store[k], NULL);
            maps[k] = store[k];
        }
        gad_intersect_maps(out, maps, MAPS, PIXELS, &how, NULL);
        for (int at = 0; at < PIXELS; at++) {
            const float t = fabsf(store[draw(MAPS)][at]);
            for (int i = 0; i < PIXELS; i++) {
                int everywhere = 1;
                for (size_t k = 0; k < MAPS; k++)
                    everywhere &= store[k][i] > t;
                same &= everywhere == (out[i] > t);
            }
        }
    }
    CHECK(same, "min > t exactly where every map is > t");
}

/* Support nets that were not trained give the original's map again, and RC = 1. */
static void equal_maps(void)
{
    int same = 1, near_mean = 1;
    for (int trial = 0; trial < 500; trial++) {
        float map[PIXELS], out[PIXELS];
        draw_map(map, NULL);
        const float *const maps[] = {map, map, map, map, map};
        struct gad_intersect how = gad_intersect_default();
        for (int k = 0; gad_normalise_name((enum gad_normalise)k); k++) {
            how.normalise = (enum gad_normalise)k;
            how.keep = GAD_KEEP_MIN;
            gad_intersect_maps(out, maps, 5, PIXELS, &how, NULL);
            same &= equal(out, map, PIXELS);
            gad_intersect_maps(out, maps, 1, PIXELS, &how, NULL);
            same &= equal(out, map, PIXELS);
            how.keep = GAD_KEEP_ORIGINAL;
            gad_intersect_maps(out, maps, 5, PIXELS, &how, NULL);
            same &= equal(out, map, PIXELS);
            how.keep = GAD_KEEP_MEAN;
            gad_intersect_maps(out, maps, 5, PIXELS, &how, NULL);
            near_mean &= close_to(out, map, PIXELS);
            how.keep = GAD_KEEP_GEOMEAN;
            gad_intersect_maps(out, maps, 5, PIXELS, &how, NULL);
            near_mean &= close_to(out, map, PIXELS);
        }
    }
    CHECK(same, "equal maps, or no support at all: the original's map, bit for bit");
    CHECK(near_mean, "with the means up to rounding");

    const float zeros[PIXELS] = {0}, some[PIXELS] = {1};
    const float *const maps[] = {some, zeros};
    float out[PIXELS];
    int empty = 1;
    for (int k = 0; gad_normalise_name((enum gad_normalise)k); k++) {
        const struct gad_intersect how = options((enum gad_normalise)k, "value:0", GAD_KEEP_MIN);
        empty &= gad_intersect_maps(out, maps, 2, PIXELS, &how, NULL) == ENG_OK &&
                 equal(out, zeros, PIXELS);
    }
    CHECK(empty, "a support map of zeros leaves nothing, and divides by nothing");

    /* Means of maps that are scaled by next to nothing would overflow a float. */
    float tall[200], spike[200];
    for (int i = 0; i < 200; i++) {
        tall[i] = 3e38f;
        spike[i] = i < 1 ? 3e38f : 1e-45f;
    }
    const float *const extreme[] = {tall, spike};
    float wide[200];
    const struct gad_intersect mean = options(GAD_NORMALISE_P99, "value:0", GAD_KEEP_MEAN);
    gad_intersect_maps(wide, extreme, 2, 200, &mean, NULL);
    CHECK(isfinite(wide[0]) && isfinite(wide[1]), "means stay finite: %g %g", wide[0], wide[1]);
}

static void bad_maps(void)
{
    const struct gad_intersect how = gad_intersect_default();
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 3; k++) {
            float store[3][4] = {{1, 2, 3, 4}, {1, 2, 3, 4}, {1, 2, 3, 4}};
            const float *const maps[] = {store[0], store[1], store[2]};
            float out[] = {5, 6, 7, 8};
            const float before[] = {5, 6, 7, 8};
            char name[16];
            struct eng_why why = {""};
            store[k][3] = bad[i];
            snprintf(name, sizeof name, "map %zu of 3", k + 1);
            CHECK(gad_intersect_maps(out, maps, 3, 4, &how, &why) == ENG_ARG &&
                      strncmp(why.text, name, strlen(name)) == 0 && equal(out, before, 4),
                  "%g: %s", bad[i], why.text);
        }
    }
    struct eng_why why = {""};
    float out[1] = {1};
    const float *const maps[] = {out};
    CHECK(gad_intersect_maps(out, maps, 0, 1, &how, &why) == ENG_ARG, "no maps: %s", why.text);
    CHECK(gad_intersect_maps(out, maps, 1, 0, &how, &why) == ENG_ARG, "no pixels");
    struct gad_intersect odd = how;
    odd.present.amount = 2.0;
    CHECK(gad_intersect_maps(out, maps, 1, 1, &odd, &why) == ENG_ARG, "share 2: %s", why.text);
}

static void names(void)
{
    struct eng_why why = {""};
    int count = 0;
    for (; gad_keep_name((enum gad_keep)count); count++) {
        enum gad_keep back;
        CHECK(gad_keep_parse(&back, gad_keep_name((enum gad_keep)count), NULL) == ENG_OK &&
                  (int)back == count,
              "keep %s reads back", gad_keep_name((enum gad_keep)count));
    }
    CHECK(count == 4, "four values to keep");
    for (count = 0; gad_normalise_name((enum gad_normalise)count); count++) {
        enum gad_normalise back;
        CHECK(gad_normalise_parse(&back, gad_normalise_name((enum gad_normalise)count), NULL) ==
                      ENG_OK &&
                  (int)back == count,
              "normalise %s reads back", gad_normalise_name((enum gad_normalise)count));
    }
    CHECK(count == 3, "three normalisations");
    enum gad_keep keep;
    enum gad_normalise normalise;
    CHECK(gad_keep_parse(&keep, "max", &why) == ENG_ARG, "%s", why.text);
    CHECK(gad_normalise_parse(&normalise, "min", &why) == ENG_ARG, "%s", why.text);
}

int main(void)
{
    by_hand();
    promises();
    every_threshold();
    equal_maps();
    bad_maps();
    names();
    return tap_done();
}
