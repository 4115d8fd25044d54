/* Attribution: toy nets whose attributions are known in closed form or worked out here in double,
 * and what must hold for any net. */
#include "attrib/explainer.h"
#include "attrib/reduce.h"
#include "engine/tape.h"
#include "tests/tap.h"

static struct eng_exec exec;

static void need(enum eng_err err, const struct eng_why *why)
{
    if (err != ENG_OK) {
        printf("Bail out! %s: %s\n", eng_err_text(err), why ? why->text : "");
        exit(1);
    }
}

static void *room(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);
    if (!p)
        need(ENG_NOMEM, NULL);
    return p;
}

/* Sets a parameter from values, which must be as many as it has. */
static void set(struct eng_net *net, const char *name, const float *values, size_t count)
{
    struct eng_param *p = eng_net_param_find(net, name);
    if (!p || eng_shape_count(&p->shape) != count)
        need(ENG_SHAPE, NULL);
    memcpy(p->value, values, count * sizeof *values);
}

#define SET(net, name, ...)                                                                        \
    set(net, name, (const float[]){__VA_ARGS__}, sizeof(const float[]){__VA_ARGS__} / sizeof(float))

static void finish(struct eng_net *net)
{
    struct eng_why why = {""};
    need(eng_net_finish(net, &why), &why);
    eng_net_changed(net);
    need(eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS), NULL);
}

static int close_to(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance; /* false for NaN */
}

static int all_close(const float *a, const float *b, size_t count, double tolerance)
{
    for (size_t i = 0; i < count; i++)
        if (!close_to(a[i], b[i], tolerance)) {
            printf("# [%zu] is %g, not %g\n", i, a[i], b[i]);
            return 0;
        }
    return 1;
}

static double total(const float *a, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += a[i];
    return sum;
}

/* ---- one image, one method ------------------------------------------------------------------ */

struct one {
    float attribution[64], logits[8];
    double gap;
};

/* `method` for output 0 of one small image; ig is by *ig, or by its defaults if NULL. */
static struct one explain(const struct eng_net *net, const float *x, size_t height, size_t width,
                          const char *method, const struct attr_ig *ig)
{
    struct one one;
    struct eng_why why = {""};
    struct attr_explainer *e;
    struct attr_request request = {.x = x,
                                   .images = 1,
                                   .classes = (const size_t[]){0},
                                   .class_count = 1,
                                   .ig = ig ? *ig : attr_ig_default()};
    const struct attr_result result = {one.logits, one.attribution, &one.gap};
    for (size_t i = 0; i < 64; i++)
        one.attribution[i] = NAN;
    one.gap = NAN;
    need(attr_methods_parse(&request.methods, method, &why), &why);
    need(attr_explainer_new(&e, net, &exec, height, width, 0, &why), &why);
    tap_poison_stack();
    need(attr_explainer_run(e, &request, &result, &why), &why);
    attr_explainer_free(e);
    return one;
}

static struct attr_ig ig_by(enum attr_quadrature rule, size_t steps)
{
    struct attr_ig ig = attr_ig_default();
    ig.quadrature = rule;
    ig.steps = steps;
    return ig;
}

/* ---- a toy convolutional net ---------------------------------------------------------------- */

/* 4x4 -> convolution of ones, two channels that differ in bias -> ReLU -> four equal outputs that
 * add the first five features and subtract the last three -> ReLU. */
static struct eng_net *toy_net(void)
{
    struct eng_net *net;
    need(eng_net_new(&net, 1), NULL);
    int x = eng_net_conv2d(net, eng_net_input(net), "conv",
                           &(struct eng_conv){2, {3, 3}, {1, 1}, {0, 0}, 1});
    x = eng_net_relu(net, x);
    x = eng_net_flatten(net, x);
    x = eng_net_linear(net, x, "fc", 8, 4);
    eng_net_relu(net, x);
    SET(net, "conv.weight", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    SET(net, "conv.bias", -50, -75);
    SET(net, "fc.weight", 1, 1, 1, 1, 1, -1, -1, -1, 1, 1, 1, 1, 1, -1, -1, -1, /* four rows */
        1, 1, 1, 1, 1, -1, -1, -1, 1, 1, 1, 1, 1, -1, -1, -1);
    finish(net);
    return net;
}

/* Integrated gradients of that net from zero, in double, over n points at[] with weights. */
static void toy_ig(float *out, const float *x, const double *at, const double *weight, size_t n)
{
    static const double bias[2] = {-50, -75};
    static const double sign[8] = {1, 1, 1, 1, 1, -1, -1, -1};
    double gradient[16] = {0};
    for (size_t k = 0; k < n; k++) {
        double output = 0, here[16] = {0};
        for (int f = 0; f < 8; f++) {
            const int oy = f % 4 / 2, ox = f % 2;
            double sum = bias[f / 4];
            for (int i = 0; i < 9; i++)
                sum += at[k] * x[(oy + i / 3) * 4 + ox + i % 3];
            if (sum <= 0)
                continue;
            output += sign[f] * sum;
            for (int i = 0; i < 9; i++)
                here[(oy + i / 3) * 4 + ox + i % 3] += sign[f];
        }
        for (int i = 0; i < 16 && output > 0; i++)
            gradient[i] += weight[k] * here[i];
    }
    for (int i = 0; i < 16; i++)
        out[i] = (float)(x[i] * gradient[i]);
}

static void test_toy_one_point(void)
{
    static const float gradient[16] = {0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0};
    static const float deconv[16] = {2, 3, 3, 1, 3, 5, 5, 2, 3, 5, 5, 2, 1, 2, 2, 1};
    static const float guided[16] = {0, 1, 1, 1, 1, 3, 3, 2, 1, 3, 3, 2, 1, 2, 2, 1};
    static const float guided1[16] = {1, 2, 2, 1, 2, 4, 4, 2, 2, 4, 4, 2, 1, 2, 2, 1};
    struct eng_net *net = toy_net();
    float x[16], x1[16], product[16];
    for (int i = 0; i < 16; i++) {
        x[i] = (float)i;
        x1[i] = (float)(i + 1);
        product[i] = x[i] * gradient[i];
    }

    struct one one = explain(net, x, 4, 4, "saliency", NULL);
    CHECK(all_close(one.logits, (const float[]){54, 54, 54, 54}, 4, 0), "toy: outputs");
    CHECK(all_close(one.attribution, gradient, 16, 0), "toy: saliency");
    CHECK(isnan(one.gap), "toy: no gap without ig");
    one = explain(net, x, 4, 4, "gradxinput", NULL);
    CHECK(all_close(one.attribution, product, 16, 0) && total(one.attribution, 16) == 54,
          "toy: gradient x input");
    one = explain(net, x, 4, 4, "deconv", NULL);
    CHECK(all_close(one.attribution, deconv, 16, 0), "toy: deconvolution");
    one = explain(net, x, 4, 4, "guided", NULL);
    CHECK(all_close(one.attribution, guided, 16, 0), "toy: guided backpropagation");
    one = explain(net, x1, 4, 4, "guided", NULL);
    CHECK(one.logits[0] == 67 && all_close(one.attribution, guided1, 16, 0),
          "toy: guided backpropagation of 1 to 16");
    one = explain(net, x1, 4, 4, "deconv", NULL);
    CHECK(all_close(one.attribution, deconv, 16, 0), "toy: deconvolution of 1 to 16");
    eng_net_free(net);
}

static void test_toy_ig(void)
{
    static const float exact[16] = {0,           2 / 27.0f,     4 / 27.0f,   2 / 9.0f,
                                    100 / 81.0f, 535 / 162.0f,  107 / 27.0f, 133 / 54.0f,
                                    200 / 81.0f, 107 / 18.0f,   535 / 81.0f, 209 / 54.0f,
                                    100 / 27.0f, 1235 / 162.0f, 665 / 81.0f, 25 / 6.0f};
    struct eng_net *net = toy_net();
    float x[16], reference[16];
    for (int i = 0; i < 16; i++)
        x[i] = (float)i;

    struct one one = explain(net, x, 4, 4, "ig", NULL);
    CHECK(close_to(total(one.attribution, 16), 53.328959, 2e-5) &&
              close_to(one.gap, -0.671041, 2e-5),
          "toy: ig by 50 steps of Gauss-Legendre sums to %f, gap %f", total(one.attribution, 16),
          one.gap);
    struct attr_ig ig = ig_by(ATTR_QUADRATURE_TRAPEZOID, 50);
    one = explain(net, x, 4, 4, "ig", &ig);
    CHECK(close_to(total(one.attribution, 16), 51.48, 2e-5), "toy: ig by Captum's trapezoid");
    CHECK(close_to(total(one.attribution, 16) * 50 / 49, 52.530612, 2e-5),
          "toy: and by the true one, which it is but for the weights");

    for (int rule = 0; attr_quadrature_name((enum attr_quadrature)rule); rule++) {
        double at[50], weight[50];
        ig = ig_by((enum attr_quadrature)rule, 50);
        attr_quadrature_fill(at, weight, ig.quadrature, 50);
        toy_ig(reference, x, at, weight, 50);
        one = explain(net, x, 4, 4, "ig", &ig);
        CHECK(all_close(one.attribution, reference, 16, 1e-5), "toy: ig by 50 steps of %s",
              attr_quadrature_name(ig.quadrature));
        CHECK(close_to(one.gap, total(one.attribution, 16) - 54, 1e-9),
              "toy: the gap is the sum minus 54");
    }
    ig = ig_by(ATTR_QUADRATURE_MIDDLE, 1000);
    one = explain(net, x, 4, 4, "ig", &ig);
    CHECK(all_close(one.attribution, exact, 16, 0.02),
          "toy: ig by 1000 steps is near the integral");
    eng_net_free(net);
}

/* ---- closed forms --------------------------------------------------------------------------- */

static void test_relu_at_zero(void)
{
    /* The sum over pixels of 1 - max(0, 1 - x). */
    static const float x[6] = {1, 2, 3, 0, -1, 7}, expected[6] = {0, 0, 0, 1, 1, 0};
    struct eng_net *net;
    need(eng_net_new(&net, 1), NULL);
    int y = eng_net_conv2d(net, eng_net_input(net), "conv",
                           &(struct eng_conv){1, {1, 1}, {1, 1}, {0, 0}, 1});
    y = eng_net_relu(net, y);
    y = eng_net_flatten(net, y);
    eng_net_linear(net, y, "fc", 6, 1);
    SET(net, "conv.weight", -1);
    SET(net, "conv.bias", 1);
    SET(net, "fc.weight", -1, -1, -1, -1, -1, -1);
    SET(net, "fc.bias", 6);
    finish(net);
    const struct one one = explain(net, x, 2, 3, "saliency", NULL);
    CHECK(all_close(one.attribution, expected, 6, 0), "the slope of a ReLU at 0 is 0");
    eng_net_free(net);
}

/* Two nets of the same function of (x1, x2): max(0, max(0,x1) - 1 - max(0,x2)), and the same with
 * max(0, x1 - 1) - max(0, x2) inside. */
static void test_implementation_invariance(void)
{
    static const float x[2] = {3, 1};
    struct eng_net *a, *b;
    need(eng_net_new(&a, 2), NULL);
    int y = eng_net_relu(a, eng_net_flatten(a, eng_net_input(a)));
    eng_net_relu(a, eng_net_linear(a, y, "fc", 2, 1));
    SET(a, "fc.weight", 1, -1);
    SET(a, "fc.bias", -1);
    finish(a);
    need(eng_net_new(&b, 2), NULL);
    y = eng_net_linear(b, eng_net_flatten(b, eng_net_input(b)), "fc1", 2, 2);
    y = eng_net_linear(b, eng_net_relu(b, y), "fc2", 2, 1);
    eng_net_relu(b, y);
    SET(b, "fc1.weight", 1, 0, 0, 1);
    SET(b, "fc1.bias", -1, 0);
    SET(b, "fc2.weight", 1, -1);
    finish(b);
    const struct one of_a = explain(a, x, 1, 1, "ig", NULL), of_b = explain(b, x, 1, 1, "ig", NULL);
    CHECK(all_close(of_a.attribution, (const float[]){1.5f, -0.5f}, 2, 1e-6), "ig is (1.5, -0.5)");
    CHECK(all_close(of_b.attribution, (const float[]){1.5f, -0.5f}, 2, 1e-6),
          "and the same for another net of the same function");
    CHECK(close_to(of_a.gap, 0, 1e-6) && close_to(of_b.gap, 0, 1e-6), "without a gap");
    eng_net_free(a);
    eng_net_free(b);
}

/* The sum of three numbers four times over, once of them with a bias of -10. */
static void test_identity_net(void)
{
    struct eng_net *net;
    need(eng_net_new(&net, 3), NULL);
    int y = eng_net_linear(net, eng_net_flatten(net, eng_net_input(net)), "fc1", 3, 4);
    eng_net_linear(net, eng_net_relu(net, y), "fc2", 4, 2);
    SET(net, "fc1.weight", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    SET(net, "fc1.bias", -10, 1, 1, 1);
    SET(net, "fc2.weight", 1, 1, 1, 1, 1, 1, 1, 1);
    SET(net, "fc2.bias", -1, 1);
    finish(net);
    /* The kink is a tenth along the path: five of the fifty midpoints lie before it. */
    const struct attr_ig middle = ig_by(ATTR_QUADRATURE_MIDDLE, 50);
    struct one one = explain(net, (const float[]){20, 50, 30}, 1, 1, "ig", &middle);
    CHECK(close_to(one.logits[0], 392, 1e-4) && close_to(one.logits[1], 394, 1e-4),
          "identity: outputs");
    CHECK(all_close(one.attribution, (const float[]){78, 195, 117}, 3, 1e-4), "identity: ig");
    CHECK(close_to(one.gap, 0, 1e-4), "identity: no gap");
    one = explain(net, (const float[]){1.5f, 2, 1.3f}, 1, 1, "ig", NULL);
    CHECK(all_close(one.attribution, (const float[]){4.5f, 6, 3.9f}, 3, 1e-5) &&
              close_to(one.gap, 0, 1e-5),
          "identity: ig before the kink is three times the input");
    eng_net_free(net);
}

static void test_linear_net(void)
{
    static const float w[12] = {2, -1, 0, 3, 0.5f, -4, 1, 1, 7, -2, 0.25f, 5};
    static const float x[12] = {1, 2, 3, -4, 5, 6, 7, 0, 0.5f, 10, 11, -12}, black[2] = {-1, 2};
    struct eng_net *net;
    need(eng_net_new(&net, 2), NULL);
    eng_net_linear(net, eng_net_flatten(net, eng_net_input(net)), "fc", 12, 1);
    set(net, "fc.weight", w, 12);
    SET(net, "fc.bias", 17);
    finish(net);
    for (int rule = 0; attr_quadrature_name((enum attr_quadrature)rule); rule++)
        for (int kind = 0; attr_baseline_name((enum attr_baseline_kind)kind); kind++) {
            const size_t steps = 7;
            struct attr_ig ig = ig_by((enum attr_quadrature)rule, steps);
            ig.baseline = (struct attr_baseline){(enum attr_baseline_kind)kind, black, w};
            const double share = rule == ATTR_QUADRATURE_TRAPEZOID
                                     ? (double)(steps - 1) / (double)steps
                                     : 1;
            const double mean[2] = {13 / 6.0, 16.5 / 6};
            float expected[12];
            double gap = 0;
            for (int i = 0; i < 12; i++) {
                const double from[4] = {0, black[i / 6], mean[i / 6], w[i]};
                expected[i] = (float)(share * (x[i] - from[kind]) * w[i]);
                gap += (share - 1) * (x[i] - from[kind]) * w[i];
            }
            const struct one one = explain(net, x, 2, 3, "ig", &ig);
            CHECK(all_close(one.attribution, expected, 12, 1e-4) && close_to(one.gap, gap, 1e-3),
                  "linear net: ig by %s from %s is exact", attr_quadrature_name(ig.quadrature),
                  attr_baseline_name(ig.baseline.kind));
        }
    struct attr_ig from_x = attr_ig_default();
    from_x.baseline = (struct attr_baseline){.kind = ATTR_BASELINE_TENSOR, .tensor = x};
    const struct one one = explain(net, x, 2, 3, "ig", &from_x);
    CHECK(all_close(one.attribution, (const float[12]){0}, 12, 0) && one.gap == 0,
          "from x itself, ig is zero and has no gap");
    eng_net_free(net);
}

/* ---- where programs disagree (docs/parity.md) ------------------------------------------------ */

/* A 1 x 1 convolution of one channel. */
static int scaled(struct eng_net *net, int x, const char *name)
{
    return eng_net_conv2d(net, x, name, &(struct eng_conv){1, {1, 1}, {1, 1}, {0, 0}, 1});
}

/* The net's single output adds up six pixels with these weights. */
static void finish_sum(struct eng_net *net, int y, const float weights[6])
{
    eng_net_linear(net, eng_net_flatten(net, y), "fc", 6, 1);
    set(net, "fc.weight", weights, 6);
}

static void check_methods(const struct eng_net *net, const float x[6], const char *what,
                          const char *const names[], const float expected[][6], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct one one = explain(net, x, 2, 3, names[i], NULL);
        CHECK(all_close(one.attribution, expected[i], 6, 0), "%s: %s", what, names[i]);
    }
}

/* torchvision's residual blocks use one ReLU module twice: relu(x - 2 relu(1 - x)) here, added up
 * with weights 1 and -1. A rule that misses the inner one gives 3 in the place of 1 for x = 0.75,
 * one that misses the outer one -3 in the place of 0. */
static void test_relu_used_twice(void)
{
    static const float x[6] = {2, 0.5f, 0.75f, 2, 0.5f, 0.75f}, sum[6] = {1, 1, 1, -1, -1, -1};
    static const char *const names[] = {"saliency", "gradxinput", "deconv", "guided"};
    static const float expected[][6] = {
        {1, 0, 3, 1, 0, 3}, {2, 0, 2.25f, -2, 0, -2.25f}, {1, 1, 1, 0, 0, 0}, {1, 0, 1, 0, 0, 0}};
    struct eng_net *net;
    need(eng_net_new(&net, 1), NULL);
    const int inner = eng_net_relu(net, scaled(net, eng_net_input(net), "conv1"));
    const int outer = eng_net_add(net, scaled(net, inner, "conv2"), eng_net_input(net));
    finish_sum(net, eng_net_relu(net, outer), sum);
    SET(net, "conv1.weight", -1);
    SET(net, "conv1.bias", 1);
    SET(net, "conv2.weight", -2);
    finish(net);
    check_methods(net, x, "a block of two ReLUs", names, expected, 4);
    eng_net_free(net);
}

/* a + relu(a) for a = -2, 3 and 0: the ReLU may not overwrite what the sum reads, and only what
 * comes through the ReLU goes by a rule. */
static void test_relu_beside_its_input(void)
{
    static const float x[6] = {-2, 3, 0, -2, 3, 0}, sum[6] = {1, 1, 1, -2, -2, -2};
    static const char *const names[] = {"saliency", "gradxinput", "deconv", "guided"};
    static const float expected[][6] = {
        {1, 2, 1, 2, 4, 2}, {-2, 6, 0, 4, -12, 0}, {2, 2, 2, -2, -2, -2}, {1, 2, 1, -2, -2, -2}};
    struct eng_net *net;
    need(eng_net_new(&net, 1), NULL);
    const int a = scaled(net, eng_net_input(net), "conv");
    finish_sum(net, eng_net_add(net, eng_net_relu(net, a), a), sum);
    SET(net, "conv.weight", 1);
    finish(net);
    CHECK(explain(net, x, 2, 3, "saliency", NULL).logits[0] == -4, "a ReLU beside its input");
    check_methods(net, x, "a ReLU beside its input", names, expected, 4);
    eng_net_free(net);
}

/* Rules hold at ReLUs alone: not at the output, which is negative here, nor at the input. */
static void test_rules_at_the_ends(void)
{
    static const float x[6] = {-1, -1, -1, -1, 1, 1}, sum[6] = {2, -5, 1, -1, 2, -5};
    static const char *const names[] = {"saliency", "deconv", "guided"};
    static const float expected[][6] = {
        {6, 15, 3, 3, 0, 0}, {-6, 0, -3, 0, -6, 0}, {-6, 0, -3, 0, 0, 0}};
    static const float plain[][6] = {
        {2, 5, 1, 1, 2, 5}, {2, -5, 1, -1, 2, -5}, {2, -5, 1, -1, 2, -5}};
    struct eng_net *net;
    need(eng_net_new(&net, 1), NULL);
    finish_sum(net, eng_net_relu(net, scaled(net, eng_net_input(net), "conv")), sum);
    SET(net, "conv.weight", -3);
    SET(net, "fc.bias", -100);
    finish(net);
    CHECK(explain(net, x, 2, 3, "guided", NULL).logits[0] == -109, "a negative output");
    check_methods(net, x, "no rule at the ends", names, expected, 3);
    eng_net_free(net);

    need(eng_net_new(&net, 1), NULL);
    finish_sum(net, eng_net_input(net), sum);
    finish(net);
    check_methods(net, x, "no rule without a ReLU", names, plain, 3);
    eng_net_free(net);
}

/* ResNet's pool over one colour, 3 x 3 with stride 2 and a border of 1: each of its four windows
 * gives its gradient to the first of its pixels, row by row; the border is none of them. */
static void test_ties_in_a_pool(void)
{
    static const float x[16] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
    static const float expected[16] = {1, 2, 0, 0, 3, 4};
    static const char *const names[] = {"saliency", "deconv", "guided"};
    struct eng_net *net;
    need(eng_net_new(&net, 1), NULL);
    int y = eng_net_relu(net, scaled(net, eng_net_input(net), "conv"));
    y = eng_net_flatten(net, eng_net_max_pool(net, y, 3, 2, 1));
    eng_net_linear(net, y, "fc", 4, 1);
    SET(net, "conv.weight", 1);
    SET(net, "fc.weight", 1, 2, 3, 4);
    finish(net);
    for (size_t i = 0; i < 3; i++) {
        const struct one one = explain(net, x, 4, 4, names[i], NULL);
        CHECK(one.logits[0] == 70 && all_close(one.attribution, expected, 16, 0),
              "ties in a pool: %s", names[i]);
    }
    eng_net_free(net);
}

/* ---- invariants, on a net with everything in it ---------------------------------------------- */

enum { CHANNELS = 3, HEIGHT = 10, WIDTH = 7, IMAGES = 5, OUTPUTS = 4, CLASSES = 3 };
enum { COUNT = CHANNELS * HEIGHT * WIDTH, BLOCK = IMAGES * COUNT };

static const size_t classes[CLASSES] = {2, 0, 3};

/* Noise of a fixed recipe, in -1..1. */
static void noise(float *out, size_t count, uint32_t seed)
{
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        out[i] = (float)(seed >> 8) / 8388608.0f - 1;
    }
}

static struct eng_net *mixed_net(void)
{
    struct eng_net *net;
    need(eng_net_new(&net, CHANNELS), NULL);
    int x = eng_net_conv2d(net, eng_net_input(net), "conv1",
                           &(struct eng_conv){12, {3, 3}, {1, 1}, {1, 1}, 0});
    x = eng_net_relu(net, eng_net_batch_norm(net, x, "bn1"));
    x = eng_net_max_pool(net, x, 3, 2, 1);
    int y = eng_net_conv2d(net, x, "conv2", &(struct eng_conv){12, {3, 3}, {1, 1}, {1, 1}, 1});
    x = eng_net_relu(net, eng_net_add(net, y, x));
    y = eng_net_conv2d(net, x, "conv3", &(struct eng_conv){9, {2, 3}, {2, 1}, {0, 1}, 1});
    x = eng_net_dropout(net, eng_net_relu(net, y), 0.5f);
    x = eng_net_flatten(net, eng_net_avg_pool(net, x, 2, 2));
    eng_net_linear(net, x, "fc", 36, OUTPUTS);
    for (size_t i = 0; i < eng_net_param_count(net); i++) {
        struct eng_param *p = eng_net_param(net, i);
        noise(p->value, eng_shape_count(&p->shape), (uint32_t)i);
        if (p->kind == ENG_PARAM_RUNNING_VAR)
            for (size_t k = 0; k < eng_shape_count(&p->shape); k++)
                p->value[k] = 1 + p->value[k] / 2;
    }
    finish(net);
    return net;
}

struct all {
    float logits[IMAGES * OUTPUTS];
    float *attributions; /* [methods][CLASSES][images] images */
    double gap[CLASSES * IMAGES];
};

struct counter {
    size_t calls, done, total, stop_at;
    int ascends;
};

static int count_calls(void *context, size_t done, size_t total)
{
    struct counter *c = context;
    c->ascends &= done > c->done && (c->calls == 0 || total == c->total);
    c->calls++;
    c->done = done;
    c->total = total;
    return c->calls == c->stop_at;
}

/* Explains images of x with memory as given. The caller frees the attributions. */
static enum eng_err explain_all(struct all *all, const struct eng_net *net, const float *x,
                                size_t images, const char *methods, size_t memory,
                                struct counter *counter)
{
    struct eng_why why = {""};
    struct attr_explainer *e;
    struct attr_request request = {.x = x,
                                   .images = images,
                                   .classes = classes,
                                   .class_count = CLASSES,
                                   .ig = attr_ig_default(),
                                   .progress = counter ? count_calls : NULL,
                                   .context = counter};
    request.ig.baseline.kind = ATTR_BASELINE_MEAN; /* one that differs from image to image */
    need(attr_methods_parse(&request.methods, methods, &why), &why);
    need(attr_explainer_new(&e, net, &exec, HEIGHT, WIDTH, memory, &why), &why);
    all->attributions = room(request.methods.count * CLASSES * images * COUNT, sizeof(float));
    const struct attr_result result = {all->logits, all->attributions, all->gap};
    const enum eng_err err = attr_explainer_run(e, &request, &result, &why);
    attr_explainer_free(e);
    return err;
}

/* How many images are taken at once in that much memory; *fits if it is no more than that. */
static size_t batch_in(const struct eng_net *net, size_t memory, int *fits)
{
    struct eng_why why = {""};
    struct attr_explainer *e;
    need(attr_explainer_new(&e, net, &exec, HEIGHT, WIDTH, memory, &why), &why);
    const size_t batch = attr_explainer_batch(e);
    *fits &= batch == 1 || attr_explainer_bytes(e) <= memory;
    attr_explainer_free(e);
    return batch;
}

static void test_batches(const struct eng_net *net, const float *x, const struct all *whole)
{
    struct all all;
    size_t sizes = 0, last = 0;
    int fits = 1;
    CHECK(batch_in(net, ATTR_MEMORY_DEFAULT, &fits) == ATTR_BATCH_MAX,
          "small images: as many at once as there may be");
    for (size_t memory = 1; last < ATTR_BATCH_MAX; memory += 20000) {
        const size_t batch = batch_in(net, memory, &fits);
        if (batch == last)
            continue;
        sizes++;
        need(explain_all(&all, net, x, IMAGES, "all", memory, NULL), NULL);
        CHECK(batch > last && (last != 0 || batch == 1) &&
                  !memcmp(all.attributions, whole->attributions,
                          ATTR_METHOD_COUNT * CLASSES * BLOCK * sizeof(float)) &&
                  !memcmp(all.logits, whole->logits, IMAGES * OUTPUTS * sizeof(float)) &&
                  !memcmp(all.gap, whole->gap, CLASSES * IMAGES * sizeof(double)),
              "%zu at a time, in %zu bytes: the same bits", batch, memory);
        last = batch;
        free(all.attributions);
    }
    CHECK(fits, "what is held stays within the limit");
    CHECK(sizes > 5, "the memory limit led to %zu different batches", sizes);

    int same = 1;
    for (size_t i = 0; i < IMAGES; i++) {
        need(explain_all(&all, net, x + i * COUNT, 1, "all", 0, NULL), NULL);
        for (size_t k = 0; k < ATTR_METHOD_COUNT * CLASSES; k++)
            same &= !memcmp(all.attributions + k * COUNT,
                            whole->attributions + (k * IMAGES + i) * COUNT, COUNT * sizeof(float));
        for (size_t c = 0; c < CLASSES; c++)
            same &= all.gap[c] == whole->gap[c * IMAGES + i];
        free(all.attributions);
    }
    CHECK(same, "images together are the same as one by one");
}

/* Each method alone, and in another order, gives what it gives beside the others. */
static void test_selection(const struct eng_net *net, const float *x, const struct all *whole)
{
    struct all all;
    for (size_t m = 0; m < ATTR_METHOD_COUNT; m++) {
        const char *name = attr_method_at(m)->name;
        need(explain_all(&all, net, x, IMAGES, name, 0, NULL), NULL);
        CHECK(all_close(all.attributions, whole->attributions + m * CLASSES * BLOCK,
                        CLASSES * BLOCK, 0),
              "%s alone is the same as with all", name);
        free(all.attributions);
    }
    need(explain_all(&all, net, x, IMAGES, "ig,guided", 0, NULL), NULL);
    CHECK(all_close(all.attributions, whole->attributions + 4 * CLASSES * BLOCK, CLASSES * BLOCK,
                    0) &&
              all_close(all.attributions + CLASSES * BLOCK,
                        whole->attributions + 3 * CLASSES * BLOCK, CLASSES * BLOCK, 0),
          "methods come out in the order in which they were asked for");
    free(all.attributions);
}

/* Logits, the gradient and the gap, from the tape without an explainer. */
static void test_against_tape(const struct eng_net *net, const float *x, const struct all *whole)
{
    const struct eng_tape_options options = {
        .batch = 1, .height = HEIGHT, .width = WIDTH, .want = ENG_WANT_INPUT};
    const struct attr_baseline mean = {.kind = ATTR_BASELINE_MEAN};
    struct eng_tape *tape;
    need(eng_tape_new(&tape, net, &exec, &options, NULL), NULL);
    int logits = 1, saliency = 1, product = 1, gap = 1;
    double largest = 0;
    for (size_t i = 0; i < IMAGES; i++) {
        float from[COUNT], at_baseline[OUTPUTS], gradient[COUNT];
        attr_baseline_fill(from, &mean, x + i * COUNT, CHANNELS, HEIGHT * WIDTH);
        need(eng_tape_forward(tape, from, 1), NULL);
        memcpy(at_baseline, eng_tape_output(tape), sizeof at_baseline);
        need(eng_tape_forward(tape, x + i * COUNT, 1), NULL);
        const float *out = eng_tape_output(tape);
        logits &= all_close(whole->logits + i * OUTPUTS, out, OUTPUTS, 1e-5);
        for (size_t c = 0; c < CLASSES; c++) {
            const float *s = whole->attributions + (c * IMAGES + i) * COUNT;
            const float *gxi = s + 2 * CLASSES * BLOCK, *ig = s + 4 * CLASSES * BLOCK;
            float seed[OUTPUTS] = {0};
            seed[classes[c]] = 1;
            need(eng_tape_backward(tape, seed, ENG_RELU_STANDARD, gradient, NULL), NULL);
            for (size_t k = 0; k < COUNT; k++) {
                saliency &= close_to(s[k], fabs(gradient[k]), 1e-5);
                product &= close_to(gxi[k], (double)gradient[k] * x[i * COUNT + k], 1e-5);
            }
            const double difference = (double)out[classes[c]] - at_baseline[classes[c]];
            gap &= close_to(whole->gap[c * IMAGES + i], total(ig, COUNT) - difference, 1e-5);
            largest = fmax(largest, fabs(whole->gap[c * IMAGES + i] / difference));
        }
    }
    CHECK(logits, "logits are the net's outputs");
    CHECK(saliency, "saliency is the magnitude of the gradient");
    CHECK(product, "gradient x input is what it is called");
    CHECK(gap, "the gap is the sum of ig minus F(x) - F(baseline)");
    CHECK(largest < 0.2, "and small: at most %.3f of F(x) - F(baseline)", largest);
    eng_tape_free(tape);
}

static void test_progress(const struct eng_net *net, const float *x)
{
    struct all all;
    struct counter counter = {.ascends = 1};
    need(explain_all(&all, net, x, IMAGES, "all", 1, &counter), NULL);
    free(all.attributions);
    /* One at a time in so little memory: x forward, three rules back from each class, the baseline
     * and all steps. */
    const size_t expected = IMAGES * (1 + 3 * CLASSES + 1 + 50 * (1 + CLASSES));
    CHECK(counter.calls == expected && counter.done == expected && counter.total == expected &&
              counter.ascends,
          "progress goes up to its total, %zu", expected);
    int stopped = 1;
    for (size_t stop = 1; stop <= expected; stop += stop < 60 ? 1 : 97) {
        struct counter c = {.ascends = 1, .stop_at = stop};
        stopped &= explain_all(&all, net, x, IMAGES, "all", 1, &c) == ENG_INTERRUPTED &&
                   c.calls == stop;
        free(all.attributions);
    }
    CHECK(stopped, "and ends the run at once where it says so");
}

static void test_errors(struct eng_net *net, const float *x)
{
    struct eng_why why = {""};
    struct attr_explainer *e = NULL;
    float logits[IMAGES * OUTPUTS], *attributions = room(CLASSES * COUNT, sizeof(float));
    double gap[CLASSES];
    const struct attr_result result = {logits, attributions, gap};
    CHECK(attr_explainer_new(&e, net, &exec, 1, 1, 0, &why) == ENG_SHAPE && !e && *why.text,
          "an image too small for the net: %s", why.text);
    CHECK(attr_explainer_new(&e, net, &exec, (size_t)1 << 40, (size_t)1 << 40, 0, &why) ==
                  ENG_TOOBIG &&
              !e,
          "an image too large for anything: %s", why.text);
    need(attr_explainer_new(&e, net, &exec, HEIGHT, WIDTH, 0, &why), &why);

    const struct attr_request good = {
        .x = x, .images = 1, .classes = classes, .class_count = 1, .ig = attr_ig_default()};
    struct attr_request bad = good;
    need(attr_methods_parse(&bad.methods, "ig", NULL), NULL);
    bad.classes = (const size_t[]){OUTPUTS};
    CHECK(attr_explainer_run(e, &bad, &result, &why) == ENG_ARG && strstr(why.text, "class 4"),
          "a class too many: %s", why.text);
    bad.classes = classes;
    bad.images = 0;
    CHECK(attr_explainer_run(e, &bad, &result, &why) == ENG_ARG, "no images: %s", why.text);
    bad.images = 1;
    bad.ig.steps = 0;
    CHECK(attr_explainer_run(e, &bad, &result, &why) == ENG_ARG && strstr(why.text, "0 steps"),
          "no steps: %s", why.text);
    bad.ig = attr_ig_default();
    bad.ig.baseline.kind = ATTR_BASELINE_BLACK;
    CHECK(attr_explainer_run(e, &bad, &result, &why) == ENG_ARG && strstr(why.text, "black"),
          "black without its values: %s", why.text);
    bad.ig.baseline.kind = ATTR_BASELINE_TENSOR;
    CHECK(attr_explainer_run(e, &bad, &result, NULL) == ENG_ARG, "a baseline tensor without one");

    struct attr_request few = good;
    few.class_count = 0;
    few.methods = bad.methods;
    few.methods.count = 0;
    CHECK(attr_explainer_run(e, &few, &(struct attr_result){logits, NULL, NULL}, &why) == ENG_OK,
          "logits alone");
    few.methods.count = 1;
    CHECK(attr_explainer_run(e, &few, &(struct attr_result){logits, NULL, NULL}, &why) == ENG_OK,
          "a method without classes");
    eng_net_changed(net);
    CHECK(attr_explainer_run(e, &few, &result, &why) == ENG_STATE && strstr(why.text, "prepare"),
          "a net whose weights changed: %s", why.text);
    need(eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS), NULL);
    CHECK(attr_explainer_run(e, &few, &result, &why) == ENG_OK, "and prepared again");
    attr_explainer_free(e);
    attr_explainer_free(NULL);
    free(attributions);
}

/* ---- the parts ------------------------------------------------------------------------------ */

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
    struct eng_why why = {""};
    need(eng_exec_init(&exec, 2, NULL, &why), &why);
    test_quadrature();
    test_methods();
    test_baselines();
    test_reductions();
    test_toy_one_point();
    test_toy_ig();
    test_relu_at_zero();
    test_implementation_invariance();
    test_identity_net();
    test_linear_net();
    test_relu_used_twice();
    test_relu_beside_its_input();
    test_rules_at_the_ends();
    test_ties_in_a_pool();

    struct eng_net *net = mixed_net();
    float *x = room(BLOCK, sizeof *x);
    struct all whole;
    noise(x, BLOCK, 99);
    need(explain_all(&whole, net, x, IMAGES, "all", 0, NULL), NULL);
    test_batches(net, x, &whole);
    test_selection(net, x, &whole);
    test_against_tape(net, x, &whole);
    test_progress(net, x);
    test_errors(net, x);
    free(whole.attributions);
    free(x);
    eng_net_free(net);
    return tap_done();
}
