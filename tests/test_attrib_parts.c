/* The parts that attributions are made with: quadratures, lists of methods, baselines, reductions.
 */
#include "attrib/explainer.h"
#include "attrib/reduce.h"
#include "tests/small_nets.h"

static void test_quadrature(void)
{
    double at[ATTR_QUADRATURE_MAX], weight[ATTR_QUADRATURE_MAX];
    attr_quadrature_fill(at, weight, ATTR_QUADRATURE_GAUSS_LEGENDRE, 2);
    CHECK(close_to(at[0], 0.5 - sqrt(3) / 6, 1e-15) && close_to(at[1], 0.5 + sqrt(3) / 6, 1e-15) &&
              close_to(weight[0], 0.5, 1e-15) && close_to(weight[1], 0.5, 1e-15),
          "Gauss-Legendre, 2 points");
    attr_quadrature_fill(at, weight, ATTR_QUADRATURE_GAUSS_LEGENDRE, 3);
    CHECK(close_to(at[0], 0.5 - sqrt(15) / 10, 1e-15) && at[1] == 0.5 &&
              close_to(weight[0], 5 / 18.0, 1e-15) && close_to(weight[1], 8 / 18.0, 1e-15),
          "Gauss-Legendre, 3 points");

    /* Exact for every power up to 2 n - 1, and not for the next. */
    int exact = 1, sharp = 1;
    for (size_t n = 1; n <= 8; n++) {
        attr_quadrature_fill(at, weight, ATTR_QUADRATURE_GAUSS_LEGENDRE, n);
        for (size_t power = 0; power <= 2 * n; power++) {
            double sum = 0;
            for (size_t k = 0; k < n; k++)
                sum += weight[k] * pow(at[k], (double)power);
            const int right = close_to(sum, 1 / (double)(power + 1), 1e-15);
            if (power < 2 * n)
                exact &= right;
            else
                sharp &= !right;
        }
    }
    CHECK(exact, "Gauss-Legendre is exact up to degree 2n - 1");
    CHECK(sharp, "and not beyond");
    double worst = 0;
    int ordered = 1;
    for (size_t n = 8; n <= ATTR_QUADRATURE_MAX; n = n < 20 || n > 990 ? n + 1 : n * 5 / 4) {
        attr_quadrature_fill(at, weight, ATTR_QUADRATURE_GAUSS_LEGENDRE, n);
        double sum = 0, exponential = 0;
        ordered &= at[0] > 0 && at[n - 1] < 1;
        for (size_t k = 0; k < n; k++) {
            sum += weight[k];
            exponential += weight[k] * exp(-at[k]);
            ordered &= weight[k] > 0 && (k == 0 || at[k] > at[k - 1]);
            ordered &= close_to(at[k], 1 - at[n - 1 - k], 1e-15);
        }
        worst = tap_worse(worst, fmax(fabs(sum - 1), fabs(exponential - 1 + exp(-1))));
    }
    CHECK(worst < 1e-13, "Gauss-Legendre, 8 to 1000 points: 1 and exp(-x) within %.1e", worst);
    CHECK(ordered, "with ascending, symmetrical points and positive weights");

    static const struct {
        enum attr_quadrature rule;
        double at[4], weight[4];
    } riemann[] = {
        {ATTR_QUADRATURE_LEFT, {0, 0.25, 0.5, 0.75}, {0.25, 0.25, 0.25, 0.25}},
        {ATTR_QUADRATURE_MIDDLE, {0.125, 0.375, 0.625, 0.875}, {0.25, 0.25, 0.25, 0.25}},
        {ATTR_QUADRATURE_RIGHT, {0.25, 0.5, 0.75, 1}, {0.25, 0.25, 0.25, 0.25}},
        {ATTR_QUADRATURE_TRAPEZOID, {0, 1 / 3.0, 2 / 3.0, 1}, {0.125, 0.25, 0.25, 0.125}},
    };
    for (size_t i = 0; i < sizeof riemann / sizeof *riemann; i++) {
        attr_quadrature_fill(at, weight, riemann[i].rule, 4);
        int same = 1;
        for (int k = 0; k < 4; k++)
            same &= close_to(at[k], riemann[i].at[k], 1e-15) && weight[k] == riemann[i].weight[k];
        CHECK(same, "%s, 4 points", attr_quadrature_name(riemann[i].rule));
    }

    struct eng_why why = {""};
    for (int i = 0; attr_quadrature_name((enum attr_quadrature)i); i++) {
        enum attr_quadrature rule = ATTR_QUADRATURE_LEFT, other = (enum attr_quadrature)i;
        const int least = other == ATTR_QUADRATURE_TRAPEZOID ? 2 : 1;
        CHECK(attr_quadrature_parse(&rule, attr_quadrature_name(other), &why) == ENG_OK &&
                  rule == other && attr_quadrature_check(rule, (size_t)least, &why) == ENG_OK &&
                  attr_quadrature_check(rule, (size_t)least - 1, &why) == ENG_ARG &&
                  attr_quadrature_check(rule, ATTR_QUADRATURE_MAX, &why) == ENG_OK &&
                  attr_quadrature_check(rule, ATTR_QUADRATURE_MAX + 1, &why) == ENG_ARG,
              "%s by name and by its number of points", attr_quadrature_name(other));
    }
    enum attr_quadrature rule = ATTR_QUADRATURE_RIGHT;
    CHECK(attr_quadrature_parse(&rule, "simpson", &why) == ENG_ARG &&
              rule == ATTR_QUADRATURE_RIGHT && strstr(why.text, "riemann_middle"),
          "no such quadrature: %s", why.text);
    CHECK(attr_quadrature_check((enum attr_quadrature)99, 5, &why) == ENG_ARG, "nor by number: %s",
          why.text);
}

static void test_methods(void)
{
    struct eng_why why = {""};
    struct attr_methods methods;
    CHECK(attr_methods_parse(&methods, "all", &why) == ENG_OK &&
              methods.count == ATTR_METHOD_COUNT && !attr_method_at(ATTR_METHOD_COUNT),
          "there are %d methods", ATTR_METHOD_COUNT);
    for (size_t i = 0; i < ATTR_METHOD_COUNT; i++) {
        const struct attr_method *m = NULL;
        CHECK(attr_method_find(&m, attr_method_at(i)->name, &why) == ENG_OK &&
                  m == attr_method_at(i) && m == methods.at[i] && *m->title && *m->paper,
              "%s is %s of %s", attr_method_at(i)->name, attr_method_at(i)->title,
              attr_method_at(i)->paper);
    }
    CHECK(attr_methods_parse(&methods, "ig,saliency", &why) == ENG_OK && methods.count == 2 &&
              strcmp(methods.at[0]->name, "ig") == 0 &&
              strcmp(methods.at[1]->name, "saliency") == 0,
          "a list of methods");
    static const char *const bad[] = {
        "",       ",",     "ig,",           ",ig",         "IG", "ig saliency",
        "all,ig", "ig,ig", "deconvolution", "saliency,,ig"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why.text[0] = '\0';
        CHECK(attr_methods_parse(&methods, bad[i], &why) == ENG_ARG && methods.count == 2 &&
                  (strstr(why.text, "gradxinput") || strstr(why.text, "twice")),
              "'%s': %s", bad[i], why.text);
    }
    char lengthy[400];
    memset(lengthy, 'x', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    CHECK(attr_methods_parse(&methods, lengthy, &why) == ENG_ARG && strstr(why.text, "gradxinput"),
          "a very long name");
    const struct attr_method *m = attr_method_at(0);
    CHECK(attr_method_find(&m, "lime", NULL) == ENG_ARG && m == attr_method_at(0),
          "an unknown method leaves the pointer alone");
}

static void test_baselines(void)
{
    static const float x[6] = {1, 2, 6, -4, 0, 10}, black[2] = {-2, 5},
                       tensor[6] = {6, 5, 4, 3, 2, 1};
    static const float expected[][6] = {
        {0, 0, 0, 0, 0, 0}, {-2, -2, -2, 5, 5, 5}, {3, 3, 3, 2, 2, 2}, {6, 5, 4, 3, 2, 1}};
    struct eng_why why = {""};
    int i = 0;
    for (; attr_baseline_name((enum attr_baseline_kind)i); i++) {
        struct attr_baseline b = {ATTR_BASELINE_ZERO, black, tensor};
        float out[6];
        CHECK(attr_baseline_parse(&b.kind, attr_baseline_name((enum attr_baseline_kind)i), &why) ==
                      ENG_OK &&
                  (int)b.kind == i && attr_baseline_check(&b, &why) == ENG_OK,
              "baseline %s by its name", attr_baseline_name((enum attr_baseline_kind)i));
        attr_baseline_fill(out, &b, x, 2, 3);
        CHECK(all_close(out, expected[i], 6, 0), "baseline %s", attr_baseline_name(b.kind));
    }
    enum attr_baseline_kind kind = ATTR_BASELINE_MEAN;
    CHECK(attr_baseline_parse(&kind, "white", &why) == ENG_ARG && kind == ATTR_BASELINE_MEAN &&
              strstr(why.text, "black"),
          "no such baseline: %s", why.text);
    const struct attr_baseline none = {.kind = (enum attr_baseline_kind)i};
    CHECK(attr_baseline_check(&none, &why) == ENG_ARG, "nor by number: %s", why.text);
}

static void test_reductions(void)
{
    /* Three channels of four pixels; the last pixel cancels. */
    static const float a[12] = {1, -1, -5, 3, 2, -2, 1, -3, 3, 0, -2, 0};
    static const float expected[][4] = {{6, 3, 8, 6},   {6, 3, 6, 0}, {6, -3, -6, 0},
                                        {2, -1, -2, 0}, {3, 2, 5, 3}, {6, 0, 0, 0}};
    struct eng_why why = {""};
    for (int i = 0; attr_reduce_name((enum attr_reduce)i); i++) {
        enum attr_reduce how = ATTR_REDUCE_DEFAULT;
        float map[4];
        CHECK(attr_reduce_parse(&how, attr_reduce_name((enum attr_reduce)i), &why) == ENG_OK &&
                  (int)how == i,
              "reduction %s by its name", attr_reduce_name((enum attr_reduce)i));
        attr_reduce_map(map, a, 3, 4, how);
        CHECK(all_close(map, expected[i], 4, 0), "reduction %s", attr_reduce_name(how));
        float in_place[12];
        memcpy(in_place, a, sizeof a);
        attr_reduce_map(in_place, in_place, 3, 4, how);
        CHECK(all_close(in_place, expected[i], 4, 0), "and in place");
        in_place[5] = NAN;
        attr_reduce_map(map, in_place, 3, 4, how);
        CHECK(isnan(map[1]), "and it does not hide a NaN");
    }
    CHECK(strcmp(attr_reduce_name(ATTR_REDUCE_DEFAULT), "sum-abs") == 0, "the default reduction");
    enum attr_reduce how = ATTR_REDUCE_SUM;
    CHECK(attr_reduce_parse(&how, "max", &why) == ENG_ARG && how == ATTR_REDUCE_SUM &&
              strstr(why.text, "max-abs"),
          "no such reduction: %s", why.text);
}

int main(void)
{
    test_quadrature();
    test_methods();
    test_baselines();
    test_reductions();
    return tap_done();
}
