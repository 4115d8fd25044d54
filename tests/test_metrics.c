/* RC, RS and the scores against a known truth. */
#include "metrics/complexity.h"
#include "metrics/select.h"
#include "metrics/sensitivity.h"
#include "metrics/truth.h"

#include "tests/tap.h"

#include <stdint.h>

static struct met_hull hull_of(size_t count, const struct met_point *points)
{
    struct met_hull hull;
    if (met_hull_of_points(&hull, points, count) != ENG_OK)
        abort();
    return hull;
}

/* A mask drawn with '#', rows one after the other; '-' is -1. */
static struct met_mask drawn(const char *text, size_t width)
{
    struct met_mask mask;
    if (met_mask_init(&mask, width, strlen(text) / width) != ENG_OK)
        abort();
    for (size_t i = 0; text[i]; i++)
        mask.at[i] = text[i] == '#' ? 1 : text[i] == '-' ? -1 : 0;
    return mask;
}

static int looks(const struct met_mask *mask, const char *text)
{
    for (size_t i = 0; text[i]; i++)
        if (mask->at[i] != (text[i] == '#' ? 1 : text[i] == '-' ? -1 : 0))
            return 0;
    return mask->width * mask->height == strlen(text);
}

static void complexity(void)
{
    const struct met_point corners[] = {{0, 0}, {4, 0}, {4, 4}, {0, 4}};
    struct met_hull empty = hull_of(0, NULL), point = hull_of(1, corners),
                    segment = hull_of(2, corners), triangle = hull_of(3, corners),
                    square = hull_of(4, corners);
    const struct met_hull *hulls[] = {&empty, &point, &segment, &triangle, &square};

    struct met_rc rc = met_complexity(&triangle, &square, MET_AREA_CENTRES, MET_DEGENERATE_SKIP);
    CHECK(rc.winner == MET_WINNER_GAD && rc.ratio == 0.5, "half the area is GAD's");
    rc = met_complexity(&square, &triangle, MET_AREA_CENTRES, MET_DEGENERATE_SKIP);
    CHECK(rc.winner == MET_WINNER_ORIGINAL && rc.ratio == 2.0, "twice the area is the original's");
    rc = met_complexity(&square, &square, MET_AREA_CENTRES, MET_DEGENERATE_SKIP);
    CHECK(rc.winner == MET_WINNER_ORIGINAL && rc.ratio == 1.0, "RC = 1 is the original's");
    rc = met_complexity(&triangle, &square, MET_AREA_PIXELS, MET_DEGENERATE_SKIP);
    CHECK(rc.ratio == 15.0 / 25.0, "in pixels 15 of 25");
    rc = met_complexity(&triangle, &square, MET_AREA_SQUARES, MET_DEGENERATE_SKIP);
    CHECK(rc.ratio == 17.0 / 25.0, "in squares 17 of 25");
    rc = met_complexity(&point, &square, MET_AREA_PIXELS, MET_DEGENERATE_SKIP);
    CHECK(rc.winner == MET_WINNER_GAD && rc.ratio == 1.0 / 25.0, "a point has an area in pixels");

    /* Rows: GAD's hull without area against one with, the reverse, and neither with. */
    static const enum met_winner want[][3] = {
        {MET_WINNER_UNDEFINED, MET_WINNER_UNDEFINED, MET_WINNER_UNDEFINED},
        {MET_WINNER_GAD, MET_WINNER_ORIGINAL, MET_WINNER_UNDEFINED},
        {MET_WINNER_GAD, MET_WINNER_GAD, MET_WINNER_GAD},
        {MET_WINNER_ORIGINAL, MET_WINNER_ORIGINAL, MET_WINNER_ORIGINAL},
    };
    int rules = 0;
    for (; met_degenerate_name((enum met_degenerate)rules); rules++) {
        const enum met_degenerate rule = (enum met_degenerate)rules;
        enum met_degenerate back;
        CHECK(met_degenerate_parse(&back, met_degenerate_name(rule), NULL) == ENG_OK &&
                  back == rule,
              "rule %s reads back", met_degenerate_name(rule));
        int right = 1;
        for (size_t g = 0; g < 5; g++) {
            for (size_t o = 0; o < 5; o++) {
                rc = met_complexity(hulls[g], hulls[o], MET_AREA_CENTRES, rule);
                right &= rc.gad_kind == hulls[g]->kind && rc.original_kind == hulls[o]->kind;
                right &= o >= 3 ? rc.ratio >= 0.0 : rc.ratio == -1.0;
                if (g < 3 || o < 3)
                    right &= rc.winner == want[rule][g >= 3 ? 1 : o >= 3 ? 0 : 2];
                else
                    right &= rc.winner == (g < o ? MET_WINNER_GAD : MET_WINNER_ORIGINAL);
            }
        }
        CHECK(right, "rule %s gives every pair of hulls its outcome", met_degenerate_name(rule));
    }
    CHECK(rules == 4, "four rules");
    enum met_degenerate rule;
    struct eng_why why;
    CHECK(met_degenerate_parse(&rule, "drop", &why) == ENG_ARG, "%s", why.text);
    for (size_t i = 0; i < 5; i++)
        met_hull_release((struct met_hull *)hulls[i]);
}

static void sensitivity(void)
{
    struct met_rs rs;
    CHECK(met_sensitivity(&rs, 3.0, 5.0, 8) == ENG_OK && rs.value == 0.25 && rs.change == 2.0 &&
              rs.pixels == 8 && !rs.empty,
          "a rise of 2 over 8 pixels is 0.25");
    CHECK(met_sensitivity(&rs, 5.0, 3.0, 8) == ENG_OK && rs.value == 0.25, "so is a fall");
    CHECK(met_sensitivity(&rs, 5.0, 3.0, 0) == ENG_OK && rs.value == 0.0 && rs.empty,
          "an empty mask: 0 and flagged");
    CHECK(met_sensitivity(&rs, 5.0, 3.0, -4) == ENG_OK && rs.value == 0.0 && rs.empty,
          "a sum below 0: 0 and flagged");
    rs.value = 7.0;
    CHECK(met_sensitivity(&rs, NAN, 3.0, 1) == ENG_ARG && rs.value == 7.0, "NaN before");
    CHECK(met_sensitivity(&rs, 3.0, INFINITY, 0) == ENG_ARG && rs.value == 7.0, "infinity after");

    struct met_mask original = drawn(".###.###", 4), gad = drawn("..###...", 4), sup;
    CHECK(met_supplement_mask(&sup, &original, &gad, MET_SUPPLEMENT_DIFFERENCE) == ENG_OK &&
              looks(&sup, ".#...###"),
          "the supplement is the difference of the sets");
    met_mask_release(&sup);
    CHECK(met_supplement_mask(&sup, &original, &gad, MET_SUPPLEMENT_RAW) == ENG_OK &&
              looks(&sup, ".#..-###") && met_mask_sum(&sup) == 3,
          "raw it has -1 where GAD leaves the original");
    met_mask_release(&sup);
    CHECK(met_supplement_mask(&sup, &original, &original, MET_SUPPLEMENT_RAW) == ENG_OK &&
              met_mask_sum(&sup) == 0,
          "equal masks leave an empty one");
    met_mask_release(&sup);
    struct met_mask other = drawn("........", 2);
    CHECK(met_supplement_mask(&sup, &original, &other, MET_SUPPLEMENT_RAW) == ENG_SHAPE && !sup.at,
          "masks of different sizes");
    met_mask_release(&other);
    met_mask_release(&original);
    met_mask_release(&gad);

    int count = 0;
    for (; met_supplement_name((enum met_supplement)count); count++) {
        enum met_supplement back;
        CHECK(met_supplement_parse(&back, met_supplement_name((enum met_supplement)count), NULL) ==
                      ENG_OK &&
                  (int)back == count,
              "supplement %s reads back", met_supplement_name((enum met_supplement)count));
    }
    struct eng_why why;
    enum met_supplement none;
    CHECK(count == 2 && met_supplement_parse(&none, "", &why) == ENG_ARG, "%s", why.text);

    const float x[] = {1, 2, 3, 4, 10, 20, 30, 40}, fill[] = {-2, -0.25f};
    const float want[] = {1, -2, 8, 4, 10, -0.25f, 60.25f, 40};
    float out[8];
    struct met_mask mask = drawn(".#-.", 2);
    met_occlude(out, x, 2, &mask, fill);
    CHECK(memcmp(out, want, sizeof out) == 0, "hidden pixels have the fill, -1 doubles");
    memcpy(out, x, sizeof out);
    met_occlude(out, out, 2, &mask, fill);
    CHECK(memcmp(out, want, sizeof out) == 0, "in place too");
    met_mask_release(&mask);
    const float nan_x[] = {NAN, INFINITY}, zero[] = {0.0f};
    mask = drawn("##", 2);
    met_occlude(out, nan_x, 1, &mask, zero);
    CHECK(out[0] == 0.0f && out[1] == 0.0f, "what is hidden leaves no trace");
    met_mask_release(&mask);
}

static void truth(void)
{
    struct met_truth score;
    struct eng_why why = {""};
    struct met_mask known = drawn(".##...#.", 4);
    const float map[] = {0, 1, 4, 0, 0, 2, 3, 0};
    CHECK(met_truth_of_map(&score, map, &known, NULL) == ENG_OK && score.share == 0.8 &&
              score.hit && !score.empty,
          "8 of 10 on the truth, and the largest too");
    const float off[] = {5, 1, 4, 0, 0, 0, 0, 0};
    CHECK(met_truth_of_map(&score, off, &known, NULL) == ENG_OK && score.share == 0.5 && !score.hit,
          "half on the truth, the largest beside it");
    const float tie[] = {5, 1, 5, 0, 0, 0, 0, 0};
    CHECK(met_truth_of_map(&score, tie, &known, NULL) == ENG_OK && score.hit, "a tie is a hit");
    const float none[] = {0, -0.0f, 0, 0, 0, 0, 0, 0};
    CHECK(met_truth_of_map(&score, none, &known, NULL) == ENG_OK && score.share == 0.0 &&
              !score.hit && score.empty,
          "an empty map: 0, no hit, flagged");
    const float bad[] = {NAN, INFINITY, -1.0f};
    for (size_t i = 0; i < 3; i++) {
        float odd[8] = {1};
        odd[5] = bad[i];
        score.share = 9.0;
        CHECK(met_truth_of_map(&score, odd, &known, &why) == ENG_ARG && score.share == 9.0,
              "%g: %s", bad[i], why.text);
    }

    struct met_overlap overlap;
    struct met_mask region = drawn("###.##..", 4), nothing = drawn("........", 4),
                    turned = drawn("........", 2);
    CHECK(met_truth_of_region(&overlap, &region, &known) == ENG_OK && overlap.pixels == 5 &&
              overlap.truth == 3 && overlap.both == 2 && overlap.precision == 0.4 &&
              overlap.recall == 2.0 / 3.0 && overlap.iou == 2.0 / 6.0 && !overlap.empty,
          "2 of 5 pixels on the truth, 2 of 6 in either");
    CHECK(met_truth_of_region(&overlap, &known, &known) == ENG_OK && overlap.precision == 1.0 &&
              overlap.recall == 1.0 && overlap.iou == 1.0,
          "the truth itself");
    CHECK(met_truth_of_region(&overlap, &nothing, &known) == ENG_OK && overlap.precision == 0.0 &&
              overlap.iou == 0.0 && overlap.empty,
          "an empty region: 0 and flagged");
    CHECK(met_truth_of_region(&overlap, &nothing, &nothing) == ENG_OK && overlap.iou == 0.0 &&
              overlap.recall == 0.0,
          "nothing on nothing is 0, not NaN");
    CHECK(met_truth_of_region(&overlap, &turned, &known) == ENG_SHAPE, "another shape");
    struct met_mask no_truth = drawn("........", 4);
    CHECK(met_truth_of_map(&score, map, &no_truth, NULL) == ENG_OK && score.share == 0.0 &&
              !score.hit,
          "no truth, no hit");
    met_mask_release(&no_truth);
    met_mask_release(&turned);
    met_mask_release(&nothing);
    met_mask_release(&region);
    met_mask_release(&known);
}

/* From two maps to RC and RS on a net that sums its input: every step against a sum by hand. */
static void whole_way(void)
{
    enum { SIDE = 5 };
    const float original[SIDE * SIDE] = {
        9, 0, 0,      0, 9, /**/ 0, 0, 7,      0, 0, /**/ 0, 7, 0,
        8, 0, /**/ 0, 0, 7, 0,      0, /**/ 9, 0, 0, 0,      9,
    };
    const float gad[SIDE * SIDE] = {
        0, 0, 0,      0, 0, /**/ 0, 0, 7,      0, 0, /**/ 0, 7, 0,
        8, 0, /**/ 0, 0, 7, 0,      0, /**/ 0, 0, 0, 0,      1,
    };
    const struct met_select how = met_select_default();
    struct met_mask selected, m_original, m_gad, m_sup;
    struct met_hull h_original, h_gad;
    met_select_pixels(&selected, &how, original, NULL, SIDE, SIDE, NULL);
    met_hull_of_mask(&h_original, &selected);
    met_mask_release(&selected);
    met_select_pixels(&selected, &how, gad, NULL, SIDE, SIDE, NULL);
    met_hull_of_mask(&h_gad, &selected);
    met_mask_release(&selected);
    const struct met_rc rc = met_complexity(&h_gad, &h_original, MET_AREA_CENTRES,
                                            MET_DEGENERATE_SKIP);
    CHECK(rc.winner == MET_WINNER_GAD && rc.ratio == 2.0 / 16.0, "RC is 2/16");

    met_hull_mask(&m_original, &h_original, SIDE, SIDE);
    met_hull_mask(&m_gad, &h_gad, SIDE, SIDE);
    met_supplement_mask(&m_sup, &m_original, &m_gad, MET_SUPPLEMENT_DIFFERENCE);
    CHECK(met_mask_sum(&m_gad) == 5 && met_mask_sum(&m_sup) == 20, "5 pixels, and 20 beside them");

    float image[SIDE * SIDE], hidden[SIDE * SIDE];
    const float black[] = {0.0f};
    double before = 0.0, after[2] = {0.0, 0.0};
    for (int i = 0; i < SIDE * SIDE; i++) {
        image[i] = m_gad.at[i] ? 3.0f : 1.0f;
        before += image[i];
    }
    const struct met_mask *masks[] = {&m_gad, &m_sup};
    struct met_rs rs[2];
    for (int k = 0; k < 2; k++) {
        met_occlude(hidden, image, 1, masks[k], black);
        for (int i = 0; i < SIDE * SIDE; i++)
            after[k] += hidden[i];
        met_sensitivity(&rs[k], before, after[k], met_mask_sum(masks[k]));
    }
    CHECK(rs[0].value == 3.0 && rs[1].value == 1.0, "RS is 3 for GAD and 1 for the supplement");
    met_mask_release(&m_original);
    met_mask_release(&m_gad);
    met_mask_release(&m_sup);
    met_hull_release(&h_original);
    met_hull_release(&h_gad);
}

int main(void)
{
    complexity();
    sensitivity();
    truth();
    whole_way();
    return tap_done();
}
