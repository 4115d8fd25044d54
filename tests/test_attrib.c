/* Attribution of toy nets, whose attributions are known in closed form or worked out here in
 * double. What must hold for any net is in test_explainer.c. */
#include "attrib/explainer.h"
#include "tests/small_nets.h"

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

int main(void)
{
    struct eng_why why = {""};
    need(eng_exec_init(&exec, 2, NULL, &why), &why);
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
    return tap_done();
}
