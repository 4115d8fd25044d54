/* The choice of important pixels: each rule against sorting, its edge cases, and its text. */
#include "metrics/select.h"

#include "tests/tap.h"

#include <stdint.h>

static uint32_t seed = 7;

static int draw(int below)
{
    seed = seed * 1664525u + 1013904223u;
    return (int)((uint64_t)(seed >> 8) * (uint64_t)below >> 24);
}

static int falling(const void *left, const void *right)
{
    const float a = *(const float *)left, b = *(const float *)right;
    return (a < b) - (a > b);
}

/* A map of one row as "#" (taken) and "." under a rule given as text. */
static const char *taken(const char *rule, const float *map, size_t count, const float *original)
{
    static char text[64];
    struct met_select how;
    struct met_mask mask;
    if (met_select_parse(&how, rule, NULL) != ENG_OK ||
        met_select_pixels(&mask, &how, map, original, count, 1, NULL) != ENG_OK)
        return "error";
    for (size_t i = 0; i < count; i++)
        text[i] = mask.at[i] ? '#' : '.';
    text[count] = '\0';
    met_mask_release(&mask);
    return text;
}

static void by_hand(void)
{
    static const float map[] = {0, 1, 2, 4, 3, 2, -1, -0.0f};
    static const float negative[] = {-3, -1, -2, -0.0f};
    static const float all_negative[] = {-3, -1, -2};
    static const float flat[] = {2, 2, 2, 2};
    static const float signs[] = {-8, -2, 0, 1, 2, 8};
    static const float zeros[] = {0, -0.0f, 0};
    static const float five[] = {5, 4, 3, 2, 1};
    static const float large[] = {8, 0};
    static const struct {
        const char *rule, *want;
        const float *map;
        size_t count;
        const float *original;
    } cases[] = {
        {"value:0.5", "...##...", map, 8, NULL},
        {"value:0.5:inclusive", "..####..", map, 8, NULL},
        {"value:0", ".#####..", map, 8, NULL},
        {"value:0:inclusive", ".#####..", map, 8, NULL},
        {"value:0:inclusive:zeros", "######.#", map, 8, NULL},
        {"value:1", "........", map, 8, NULL},
        {"value:100%:inclusive", "...#....", map, 8, NULL},
        {"value:0.5", "....", negative, 4, NULL},
        {"value:0.5:inclusive:zeros", "...#", negative, 4, NULL},
        {"value:1:inclusive:zeros", "...", all_negative, 3, NULL},
        /* From -1 to 4 the middle is 1.5. */
        {"range:0.5", "..####..", map, 8, NULL},
        {"range:0.5", "...###", signs, 6, NULL},
        {"value:0.5", ".....#", signs, 6, NULL},
        {"range:0:zeros", ".#####", signs, 6, NULL},
        {"range:0:zeros:inclusive", "######", signs, 6, NULL},
        {"range:0.5", "....", flat, 4, NULL},
        {"range:0.5:inclusive", "####", flat, 4, NULL},
        /* Five positive pixels: half is three, and the third and fourth are equal. */
        {"nonzero:0.5", "...##...", map, 8, NULL},
        {"nonzero:0.5:inclusive", "..####..", map, 8, NULL},
        {"nonzero:0.4", "...##...", map, 8, NULL},
        {"nonzero:0.4:inclusive", "...##...", map, 8, NULL},
        {"nonzero:1", ".#####..", map, 8, NULL},
        {"nonzero:1:inclusive", ".#####..", map, 8, NULL},
        {"nonzero:0", "........", map, 8, NULL},
        {"nonzero:0:inclusive", "........", map, 8, NULL},
        {"nonzero:0.5", "....", flat, 4, NULL},
        {"nonzero:0.5:inclusive", "####", flat, 4, NULL},
        {"nonzero:1", "####", flat, 4, NULL},
        {"nonzero:0.5", "###..", five, 5, NULL},
        {"nonzero:0.5", "...", zeros, 3, NULL},
        {"nonzero:0.5:inclusive", "...", zeros, 3, NULL},
        {"all:0.5", "..####..", map, 8, NULL},
        {"all:1", ".#####..", map, 8, NULL},
        {"all:1:zeros", "########", map, 8, NULL},
        {"all:0.75:zeros", ".#####..", map, 8, NULL},
        {"all:0.75:zeros:inclusive", "######.#", map, 8, NULL},
        {"all:0.6", "###..", five, 5, NULL},
        {"all:0.2", "#....", five, 5, NULL},
        {"all:0.5:zeros", ".#.#", negative, 4, NULL},
        /* The cut of another map. */
        {"value:0.5:original", "#....", five, 5, large},
        {"value:0.5", "###..", five, 5, large},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        /* The original of the last cases is shorter than the map; pad it. */
        float original[8] = {0};
        if (cases[i].original)
            original[0] = cases[i].original[0];
        const char *got = taken(cases[i].rule, cases[i].map, cases[i].count,
                                cases[i].original ? original : NULL);
        CHECK(strcmp(got, cases[i].want) == 0, "case %zu, %s: %s, got %s", i, cases[i].rule,
              cases[i].want, got);
    }
}

/* Random maps with many ties: ranks as by sorting; counting rules keep their quota or, with ties
 * at the cut, less (more if inclusive), and never split equal values. */
static void against_sorting(void)
{
    int ranks = 1, quota = 1, ties = 1, order = 1;
    for (int trial = 0; trial < 2000; trial++) {
        float map[60], sorted[60];
        const int count = 1 + draw(60), levels = 1 + draw(30);
        for (int i = 0; i < count; i++) {
            map[i] = (float)(draw(2 * levels) - levels) * (draw(2) ? 1.0f : 1e-41f);
            map[i] = draw(9) == 0 ? -0.0f : map[i];
            sorted[i] = map[i];
        }
        qsort(sorted, (size_t)count, sizeof sorted[0], falling);
        for (int n = 1; n <= count; n++)
            ranks &= met_select_nth(map, (size_t)count, (size_t)n) == sorted[n - 1];

        const int keep = draw(count + 1);
        for (int inclusive = 0; inclusive < 2; inclusive++) {
            const struct met_select how = {.rule = MET_SELECT_ALL,
                                           .amount = (double)keep / count,
                                           .inclusive = inclusive,
                                           .zeros = true};
            struct met_mask mask;
            met_select_pixels(&mask, &how, map, NULL, (size_t)count, 1, NULL);
            const int64_t sum = met_mask_sum(&mask);
            const int tied = keep > 0 && keep < count && sorted[keep - 1] == sorted[keep];
            quota &= tied ? (inclusive ? sum > keep : sum < keep) : sum == keep;
            for (int i = 0; i < count; i++) {
                for (int k = 0; k < count; k++) {
                    ties &= map[i] != map[k] || mask.at[i] == mask.at[k];
                    order &= !(map[i] > map[k]) || mask.at[i] >= mask.at[k];
                }
            }
            met_mask_release(&mask);
        }
    }
    CHECK(ranks, "met_select_nth is the n-th of the sorted values, denormals and -0.0 included");
    CHECK(quota, "the counting rules keep exactly their share where no tie stands in the way");
    CHECK(ties, "equal values share their fate");
    CHECK(order, "a taken pixel is never below one that is not");

    const float wide[] = {INFINITY, 3e38f, 1.0f, 1e-45f, 0.0f, -1e-45f, -1.0f, -INFINITY};
    int extremes = 1;
    for (size_t n = 1; n <= 8; n++)
        extremes &= met_select_nth(wide, 8, n) == wide[n - 1];
    const float minus_zero = -0.0f;
    CHECK(!signbit(met_select_nth(&minus_zero, 1, 1)), "-0.0 comes out as 0.0");
    CHECK(extremes, "ranks over the whole range of floats");

    /* 10 % of 30 is 3, although 0.1 is a little more than a tenth. */
    float ramp[30];
    for (int i = 0; i < 30; i++)
        ramp[i] = (float)(i + 1);
    struct met_mask mask;
    const struct met_select tenth = {.rule = MET_SELECT_ALL, .amount = 0.1};
    met_select_pixels(&mask, &tenth, ramp, NULL, 30, 1, NULL);
    CHECK(met_mask_sum(&mask) == 3, "a tenth of 30 pixels is 3");
    met_mask_release(&mask);
}

/* A map that is nowhere above the original's takes a subset at the original's cut, by any rule. */
static void common_cut(void)
{
    int within = 1, own_leaves = 0;
    for (int trial = 0; trial < 4000; trial++) {
        float original[36], less[36];
        for (int i = 0; i < 36; i++) {
            original[i] = (float)(draw(21) - 6);
            less[i] = original[i] - (float)draw(9);
        }
        struct met_select how = {.rule = (enum met_select_rule)draw(4),
                                 .amount = draw(21) / 20.0,
                                 .original = true,
                                 .inclusive = draw(2),
                                 .zeros = draw(2)};
        struct met_mask of_original, of_less;
        met_select_pixels(&of_original, &how, original, original, 6, 6, NULL);
        met_select_pixels(&of_less, &how, less, original, 6, 6, NULL);
        within &= met_mask_within(&of_less, &of_original);
        met_mask_release(&of_less);
        how.original = false;
        met_select_pixels(&of_less, &how, less, original, 6, 6, NULL);
        own_leaves += !met_mask_within(&of_less, &of_original);
        met_mask_release(&of_less);
        met_mask_release(&of_original);
    }
    CHECK(within, "common cut: what a smaller map takes, the original takes");
    CHECK(own_leaves > 100, "with a cut of its own it need not (%d of 4000)", own_leaves);
}

static void bad_maps(void)
{
    const struct met_select how = met_select_default();
    struct met_mask mask;
    struct eng_why why = {""};
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        float map[] = {1, 2, bad[i], 4};
        const float good[] = {1, 2, 3, 4};
        struct met_select original = how;
        original.original = true;
        CHECK(met_select_pixels(&mask, &how, map, NULL, 2, 2, &why) == ENG_ARG && !mask.at &&
                  strstr(why.text, "value 2"),
              "a map with %g: %s", bad[i], why.text);
        CHECK(met_select_pixels(&mask, &original, good, map, 2, 2, &why) == ENG_ARG && !mask.at,
              "an original with %g", bad[i]);
        CHECK(met_select_pixels(&mask, &original, map, good, 2, 2, &why) == ENG_ARG && !mask.at,
              "a map with %g at the original's cut", bad[i]);
    }
    const float map[] = {1, 2, 3, 4};
    struct met_select odd = how;
    odd.original = true;
    CHECK(met_select_pixels(&mask, &odd, map, NULL, 2, 2, &why) == ENG_ARG && !mask.at,
          "the original's cut without the original: %s", why.text);
    const double shares[] = {-0.1, 1.1, NAN};
    for (size_t i = 0; i < 3; i++) {
        odd = how;
        odd.amount = shares[i];
        CHECK(met_select_pixels(&mask, &odd, map, NULL, 2, 2, &why) == ENG_ARG && !mask.at,
              "share %g: %s", shares[i], why.text);
    }
    double cut = 5.0;
    CHECK(met_select_cut(&cut, &how, map, 0, &why) == ENG_ARG && cut == 5.0, "no pixels");
    CHECK(met_select_pixels(&mask, &how, map, NULL, 0, 4, NULL) == ENG_ARG, "no width");
    CHECK(met_select_pixels(&mask, &how, map, NULL, 1, 100000, NULL) == ENG_TOOBIG, "too high");
}

static void text(void)
{
    static const char *const good[] = {
        "value:0.5",       "value:0.1",  "range:0.5:original",
        "nonzero:0",       "all:1",      "all:0.3333333333333333:original:inclusive:zeros",
        "value:1e-300",    "value:0.05", "nonzero:0.123456789012345:zeros",
        "value:0.5:zeros",
    };
    char back[MET_SELECT_TEXT];
    struct met_select how, again;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const enum eng_err err = met_select_parse(&how, good[i], NULL);
        met_select_print(back, &how);
        CHECK(err == ENG_OK && strcmp(back, good[i]) == 0, "%s prints as %s", good[i], back);
    }
    CHECK(met_select_parse(&how, "nonzero:50%:zeros:original", NULL) == ENG_OK &&
              how.rule == MET_SELECT_NONZERO && how.amount == 0.5 && how.zeros && how.original &&
              !how.inclusive,
          "a percentage, and flags in any order");

    int same = 1;
    for (int i = 0; i < 1000; i++) {
        const struct met_select any = {.rule = (enum met_select_rule)draw(4),
                                       .amount = draw(1 << 20) / 1048576.0 / (1 + draw(1000)),
                                       .original = draw(2),
                                       .inclusive = draw(2),
                                       .zeros = draw(2)};
        met_select_print(back, &any);
        same &= met_select_parse(&again, back, NULL) == ENG_OK && again.rule == any.rule &&
                again.amount == any.amount && again.original == any.original &&
                again.inclusive == any.inclusive && again.zeros == any.zeros;
    }
    CHECK(same, "what is printed reads back to the same");

    static const char *const bad[] = {
        "",           "value",       "value:",       "median:0.5", "value:x",   "value:0.5x",
        "value:1.5",  "value:-0.5",  "value:101%",   "value:50%%", "value:nan", "value:inf",
        "value: 0.5", "value:+0.5",  "value:0.5:",   ":0.5",       "value::",   "value:0.5:tied",
        "VALUE:0.5",  "value:0.5,1", "value:0x1p-1:"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct eng_why why = {""};
        how = met_select_figure();
        CHECK(met_select_parse(&how, bad[i], &why) == ENG_ARG && why.text[0] && how.amount == 0.1,
              "'%s' is refused: %s", bad[i], why.text);
    }
    char endless[200];
    memset(endless, '0', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    memcpy(endless, "value:", 6);
    CHECK(met_select_parse(&how, endless, NULL) == ENG_ARG, "an endless text is refused");

    how = met_select_default();
    met_select_print(back, &how);
    CHECK(strcmp(back, "value:0.5") == 0, "the default for tables");
    how = met_select_figure();
    met_select_print(back, &how);
    CHECK(strcmp(back, "value:0.1") == 0, "the default for figures");
}

int main(void)
{
    by_hand();
    against_sorting();
    common_cut();
    bad_maps();
    text();
    return tap_done();
}
