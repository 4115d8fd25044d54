/* Every operator alone against its twin in double precision (tests/twin.h), and the twin against
 * slopes. */
#include "tests/twin.h"

static struct eng_exec exec;
static struct eng_rng rng;

/* Single-precision sums of up to a few thousand random terms, errors measured by the largest value.
 * Errors of bf16x3 are a 2^-17th of a term: some ten times those of float32. */
static void check_net(struct twin *t, size_t h, size_t w, int train, const char *what)
{
    twin_check(t, &exec, &rng, h, w, train, exec.bf16 ? 5e-5 : 2e-5, what);
}

/* ---- the twin itself ------------------------------------------------------------------------- */

static double weighted_output(struct twin *t, const double *input, const float *seed, size_t h,
                              size_t w, int train)
{
    const int top = t->count - 1;
    double sum = 0;
    twin_forward_from(t, input, t->n, h, w, train);
    for (size_t i = 0; i < twin_size(t, top); i++)
        sum += t->node[top].y[i] * seed[i];
    return sum;
}

/* The twin's gradients are slopes: central differences in double precision, for a net with every
 * operator in it. The step is so small that no ReLU and no maximum changes its mind. */
static void test_twin(void)
{
    for (int train = 0; train < 2; train++) {
        enum { N = 3, H = 7, W = 6, OUT = 4, INPUT = N * 2 * H * W };
        const double step = 1e-6;
        struct twin t;
        float x[INPUT];
        double input[INPUT], slope[INPUT], worst = 0;
        twin_init(&t, 2);
        int v = twin_conv(&t, 0, (struct eng_conv){4, {3, 2}, {2, 1}, {1, 1}, 1});
        const int skip = v = twin_relu(&t, twin_norm(&t, v));
        v = twin_conv_square(&t, v, 4, 3, 1, 1);
        v = twin_dropout(&t, twin_add(&t, skip, v));
        v = twin_avg(&t, twin_max(&t, v, 3, 2, 1), 3, 2);
        twin_linear(&t, twin_flatten(&t, v), 24, OUT);
        twin_randomise(&t, &rng);
        float *seed = twin_noise(N * OUT, &rng);
        for (size_t i = 0; i < INPUT; i++)
            input[i] = x[i] = eng_rng_normal(&rng);
        twin_forward(&t, x, N, H, W, train);
        CHECK(t.margin > 1e3 * step, "no jump is near");
        twin_backward(&t, seed, ENG_RELU_STANDARD);
        memcpy(slope, t.node[0].dy, sizeof slope);
        for (size_t i = 0; i < INPUT; i++) {
            const double start = input[i];
            input[i] = start + step;
            const double up = weighted_output(&t, input, seed, H, W, train);
            input[i] = start - step;
            const double down = weighted_output(&t, input, seed, H, W, train);
            input[i] = start;
            worst = tap_worse(worst, fabs((up - down) / (2 * step) - slope[i]));
        }
        CHECK(worst < 1e-7, "the twin's input gradient is a slope%s: %.1e",
              train ? ", training" : "", worst);
        worst = 0;
        for (size_t p = 0; p < eng_net_param_count(t.net); p++) {
            struct eng_param *param = eng_net_param(t.net, p);
            for (size_t k = 0; eng_param_trains(param) && k < eng_shape_count(&param->shape); k++) {
                const float start = param->value[k], up = start + 1e-4f, down = start - 1e-4f;
                param->value[k] = up;
                double rise = weighted_output(&t, input, seed, H, W, train);
                param->value[k] = down;
                rise -= weighted_output(&t, input, seed, H, W, train);
                param->value[k] = start;
                worst = tap_worse(worst, fabs(rise / ((double)up - down) - t.grad[p][k]));
            }
        }
        CHECK(worst < 1e-6, "so are its parameters' gradients%s: %.1e", train ? ", training" : "",
              worst);
        free(seed);
        twin_release(&t);
    }
}

/* ---- operators alone ------------------------------------------------------------------------- */

static void check_conv(size_t in, struct eng_conv conv, size_t h, size_t w)
{
    struct twin t;
    char what[96];
    snprintf(what, sizeof what,
             "conv %zu to %zu, %zux%zu, stride %zux%zu, pad %zux%zu%s on %zux%zu", in, conv.out,
             conv.kernel[0], conv.kernel[1], conv.stride[0], conv.stride[1], conv.pad[0],
             conv.pad[1], conv.bias ? ", bias" : "", h, w);
    twin_init(&t, in);
    const int x = twin_conv(&t, 0, conv);
    twin_close(&t, x, conv.out, (h + 2 * conv.pad[0] - conv.kernel[0]) / conv.stride[0] + 1,
               (w + 2 * conv.pad[1] - conv.kernel[1]) / conv.stride[1] + 1);
    check_net(&t, h, w, 0, what);
    twin_release(&t);
}

static void test_conv(void)
{
    static const struct eng_conv kinds[] = {
        {4, {1, 1}, {1, 1}, {0, 0}, 1}, {4, {1, 1}, {2, 2}, {0, 0}, 0},
        {3, {3, 3}, {1, 1}, {1, 1}, 0}, {3, {3, 3}, {1, 1}, {0, 0}, 1},
        {3, {3, 3}, {2, 2}, {1, 1}, 1}, {3, {3, 3}, {2, 2}, {0, 0}, 0},
        {2, {7, 7}, {2, 2}, {3, 3}, 0}, {3, {5, 3}, {1, 2}, {2, 0}, 1},
        {3, {2, 2}, {3, 3}, {0, 0}, 1}, {3, {2, 4}, {3, 1}, {1, 3}, 0}};
    static const size_t channels[] = {1, 3, 8, 9, 16};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t c = 0; c < sizeof channels / sizeof *channels; c++)
            check_conv(channels[c], kinds[k], 7 + c, 8);
    /* More channels than a tile has columns, an image smaller than the kernel, one number. */
    check_conv(37, (struct eng_conv){40, {3, 3}, {1, 1}, {1, 1}, 1}, 5, 5);
    check_conv(3, (struct eng_conv){70, {3, 3}, {2, 2}, {1, 1}, 0}, 6, 7);
    check_conv(9, (struct eng_conv){3, {7, 7}, {2, 2}, {3, 3}, 1}, 2, 3);
    check_conv(12, (struct eng_conv){3, {3, 3}, {2, 2}, {1, 1}, 0}, 1, 1);
    /* First layers: several strips of rows, and more outputs than are summed at once. */
    check_conv(3, (struct eng_conv){9, {7, 7}, {2, 2}, {3, 3}, 0}, 71, 19);
    check_conv(2, (struct eng_conv){300, {3, 3}, {1, 1}, {1, 1}, 1}, 34, 16);
}

/* Enough channels for Winograd's algorithm and for bf16, on both sides or on one. */
static void test_wide_conv(void)
{
    check_conv(20, (struct eng_conv){16, {3, 3}, {2, 2}, {1, 1}, 1}, 9, 8);
    check_conv(16, (struct eng_conv){24, {5, 3}, {1, 2}, {2, 0}, 0}, 8, 9);
    check_conv(33, (struct eng_conv){18, {1, 1}, {2, 2}, {0, 0}, 1}, 7, 8);
    check_conv(16, (struct eng_conv){17, {2, 4}, {3, 1}, {1, 3}, 1}, 9, 8);
    check_conv(12, (struct eng_conv){16, {3, 3}, {2, 1}, {1, 1}, 0}, 7, 8);
    check_conv(3, (struct eng_conv){16, {7, 7}, {2, 2}, {3, 3}, 0}, 14, 13);
    /* Paddings that differ, and tiles enough for the gradient of the weights in a batch of four,
     * but not of three. */
    check_conv(17, (struct eng_conv){20, {3, 3}, {1, 1}, {0, 2}, 1}, 15, 16);
}

static void test_linear(void)
{
    static const size_t in[] = {1, 7, 300, 2500}, out[] = {1, 5, 33, 2};
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        struct twin t;
        char what[48];
        snprintf(what, sizeof what, "linear %zu to %zu", in[i], out[i]);
        twin_init(&t, in[i]);
        twin_linear(&t, 0, in[i], out[i]);
        check_net(&t, 1, 1, 0, what);
        twin_release(&t);
    }
}

static void test_norm(void)
{
    static const size_t channels[] = {1, 5, 40};
    for (int train = 0; train < 2; train++)
        for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
            struct twin t;
            char what[48];
            snprintf(what, sizeof what, "batch norm of %zu", channels[i]);
            twin_init(&t, channels[i]);
            twin_close(&t, twin_norm(&t, 0), channels[i], 5, 6);
            check_net(&t, 5, 6, train, what);
            twin_release(&t);
        }
}

/* So many positions that statistics are merged from several chunks; a mean far from zero. The wide
 * layer at the end takes all memory that a pass does not need any more. */
static void test_norm_statistics(void)
{
    enum { C = 3, N = 2, H = 70, W = 60, COUNT = N * H * W };
    struct eng_net *net;
    struct eng_tape *tape;
    struct eng_why why;
    float *x = twin_alloc((size_t)C * COUNT, sizeof *x);
    double mean[C] = {0}, var[C] = {0}, worst = 0;
    eng_net_new(&net, C);
    int v = eng_net_batch_norm(net, 0, "bn");
    v = eng_net_avg_pool(net, v, 1, 1);
    eng_net_linear(net, v, "wide", C, 60000);
    CHECK(eng_net_finish(net, &why) == ENG_OK, "batch norm for its running averages");
    for (size_t i = 0; i < (size_t)C * COUNT; i++)
        x[i] = 30.0f * (float)(i / (H * W) % C) + 2.0f * eng_rng_normal(&rng);
    for (size_t i = 0; i < (size_t)C * COUNT; i++)
        mean[i / (H * W) % C] += (double)x[i] / COUNT;
    for (size_t i = 0; i < (size_t)C * COUNT; i++) {
        const double d = x[i] - mean[i / (H * W) % C];
        var[i / (H * W) % C] += d * d / (COUNT - 1); /* unbiased */
    }
    float *running_mean = eng_net_param_find(net, "bn.running_mean")->value;
    float *running_var = eng_net_param_find(net, "bn.running_var")->value;
    for (int c = 0; c < C; c++) {
        running_mean[c] = 5.0f;
        running_var[c] = 3.0f;
    }
    for (unsigned want = 0; want < 4; want += 3) {
        const struct eng_tape_options options = {N, H, W, want, 1, 0};
        eng_net_changed(net);
        CHECK(eng_tape_new(&tape, net, &exec, &options, &why) == ENG_OK &&
                  eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS) == ENG_OK &&
                  eng_tape_update_running(tape, net) == ENG_STATE,
              "running averages need a forward pass");
        CHECK(eng_tape_forward(tape, x, N) == ENG_OK &&
                  eng_tape_update_running(tape, net) == ENG_OK &&
                  eng_net_batches_tracked(net) == (want ? 2u : 1u),
              "they move, wanted %u", want);
        CHECK(eng_tape_forward(tape, x, N) == ENG_STATE, "which makes the packed weights old");
        eng_tape_free(tape);
    }
    for (int c = 0; c < C; c++) {
        const double m = 0.9 * (0.9 * 5 + 0.1 * mean[c]) + 0.1 * mean[c];
        const double s = 0.9 * (0.9 * 3 + 0.1 * var[c]) + 0.1 * var[c];
        worst = tap_worse(worst, fabs(running_mean[c] - m) + fabs(running_var[c] - s));
    }
    CHECK(worst < 2e-5, "running averages, twice a tenth of the way (%.1e)", worst);

    const struct eng_tape_options evaluation = {N, H, W, 0, 0, 0};
    CHECK(eng_tape_new(&tape, net, &exec, &evaluation, &why) == ENG_OK &&
              eng_net_prepare(net, &exec, ENG_FOR_OUTPUT) == ENG_OK &&
              eng_tape_forward(tape, x, N) == ENG_OK &&
              eng_tape_update_running(tape, net) == ENG_STATE,
          "evaluation has no statistics to give");
    eng_tape_free(tape);
    eng_net_free(net);
    free(x);
}

static void test_relu(void)
{
    struct twin t;
    twin_init(&t, 4);
    int x = twin_conv_square(&t, 0, 6, 3, 1, 1);
    x = twin_relu(&t, x);
    x = twin_conv_square(&t, x, 6, 3, 1, 1);
    x = twin_relu(&t, x);
    twin_close(&t, x, 6, 5, 6);
    check_net(&t, 5, 6, 0, "two relus behind convolutions");
    twin_release(&t);

    twin_init(&t, 4);
    x = twin_relu(&t, twin_relu(&t, 0));
    twin_close(&t, x, 4, 3, 3);
    check_net(&t, 3, 3, 0, "relus on the input itself");
    twin_release(&t);
}

/* Relu at zero, below, above, and at NaN, under each rule: one number an image. */
static void test_relu_edges(void)
{
    static const char *const rules[] = {"standard", "deconvolution", "guided"};
    static const float x[4] = {0.0f, -1.0f, 2.0f, NAN};
    static const float expected[3][2][4] = {/* seed 1, seed -1 */
                                            {{0, 0, 1, 0}, {0, 0, -1, 0}},
                                            {{1, 1, 1, 1}, {0, 0, 0, 0}},
                                            {{0, 0, 1, 0}, {0, 0, 0, 0}}};
    struct eng_net *net;
    struct eng_tape *tape;
    eng_net_new(&net, 1);
    eng_net_relu(net, 0);
    const struct eng_tape_options options = {4, 1, 1, ENG_WANT_INPUT, 0, 0};
    CHECK(eng_net_finish(net, NULL) == ENG_OK &&
              eng_tape_new(&tape, net, &exec, &options, NULL) == ENG_OK &&
              eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS) == ENG_OK &&
              eng_tape_forward(tape, x, 4) == ENG_OK,
          "a lone relu");
    const float *y = eng_tape_output(tape);
    CHECK(y[0] == 0 && y[1] == 0 && y[2] == 2 && isnan(y[3]), "relu keeps NaN");
    for (int rule = 0; rule < 3; rule++)
        for (int sign = 0; sign < 2; sign++) {
            const float g = sign ? -1.0f : 1.0f, seed[4] = {g, g, g, g};
            float dx[4];
            int same = eng_tape_backward(tape, seed, (enum eng_relu_rule)rule, dx, NULL) == ENG_OK;
            for (int i = 0; i < 4; i++)
                same &= dx[i] == expected[rule][sign][i];
            CHECK(same, "%s rule passes on %g rightly", rules[rule], (double)g);
        }
    eng_tape_free(tape);
    eng_net_free(net);
}

static void test_max_pool(void)
{
    static const size_t kinds[][3] = {{3, 2, 1}, {2, 2, 0}, {3, 1, 1}, {2, 3, 0},
                                      {5, 2, 2}, {1, 1, 0}, {15, 4, 7}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (size_t channels = 2; channels < 100; channels += 68) { /* 70: more than one block */
            const size_t k = kinds[i][0], s = kinds[i][1], p = kinds[i][2], h = 9, w = 8;
            struct twin t;
            char what[64];
            snprintf(what, sizeof what, "max pool %zux%zu, stride %zu, pad %zu, %zu channels", k, k,
                     s, p, channels);
            twin_init(&t, channels);
            twin_close(&t, twin_max(&t, 0, k, s, p), channels, (h + 2 * p - k) / s + 1,
                       (w + 2 * p - k) / s + 1);
            check_net(&t, h, w, 0, what);
            twin_release(&t);
        }
    struct twin t;
    twin_init(&t, 3);
    int x = twin_relu(&t, twin_conv_square(&t, 0, 5, 3, 1, 1)); /* ties: many zeros */
    x = twin_max(&t, x, 3, 2, 1);
    x = twin_max(&t, x, 2, 2, 0);
    twin_close(&t, x, 5, 2, 2);
    check_net(&t, 9, 8, 0, "max pools of relu's zeros");
    twin_release(&t);
}

/* Where the gradient of one window of four numbers goes: as it is in channel 0 alone, whatever the
 * other channels hold, of so many that Winograd's algorithm can have made them. */
static void check_max_pool_edges(size_t channels)
{
    enum { MOST = 16 };
    static const struct {
        float x[4], y;
        int winner;
        const char *what;
    } cases[] = {{{1, 3, 3, 2}, 3, 1, "the first of equal numbers"},
                 {{-1, -1, -1, -1}, -1, 0, "all equal: the first"},
                 {{5, NAN, 7, 6}, NAN, 1, "NaN is the largest"},
                 {{-INFINITY, -INFINITY, -INFINITY, -INFINITY}, -INFINITY, 0, "all -infinity"},
                 {{-INFINITY, 2, INFINITY, 1}, INFINITY, 2, "infinity"}};
    static const float others[4] = {0, 1, 3, 2};
    float seed[MOST], x[4 * MOST], dx[4 * MOST];
    struct eng_net *net;
    struct eng_tape *tape;
    eng_net_new(&net, channels);
    eng_net_max_pool(net, 0, 2, 2, 0);
    const struct eng_tape_options options = {1, 2, 2, ENG_WANT_INPUT, 0, 0};
    CHECK(eng_net_finish(net, NULL) == ENG_OK &&
              eng_tape_new(&tape, net, &exec, &options, NULL) == ENG_OK &&
              eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS) == ENG_OK,
          "a lone max pool");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t c = 0; c < channels; c++) {
            seed[c] = 1;
            memcpy(x + 4 * c, c ? others : cases[i].x, sizeof others);
        }
        int right = eng_tape_forward(tape, x, 1) == ENG_OK &&
                    eng_tape_backward(tape, seed, ENG_RELU_STANDARD, dx, NULL) == ENG_OK;
        const float y = *eng_tape_output(tape);
        right &= y == cases[i].y || (isnan(y) && isnan(cases[i].y));
        for (size_t k = 0; k < 4 * channels; k++)
            right &= dx[k] == ((int)(k % 4) == (k < 4 ? cases[i].winner : 2));
        CHECK(right, "max pool of %zu channels: %s", channels, cases[i].what);
    }
    eng_tape_free(tape);
    eng_net_free(net);
}

static void test_max_pool_edges(void)
{
    check_max_pool_edges(1);
    check_max_pool_edges(16);
}

static void test_avg_pool(void)
{
    static const size_t sizes[][4] = {{6, 6, 3, 3}, {7, 5, 3, 2}, {1, 1, 7, 7}, {2, 3, 7, 7},
                                      {7, 7, 7, 7}, {9, 8, 1, 1}, {5, 8, 4, 9}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t *s = sizes[i];
        struct twin t;
        char what[64];
        snprintf(what, sizeof what, "average pool of %zux%zu to %zux%zu", s[0], s[1], s[2], s[3]);
        twin_init(&t, 3);
        twin_close(&t, twin_avg(&t, 0, s[2], s[3]), 3, s[2], s[3]);
        check_net(&t, s[0], s[1], 0, what);
        twin_release(&t);
    }
}

/* ---- dropout --------------------------------------------------------------------------------- */

enum { DROP_C = 5001, DROP_N = 3, DROP_COUNT = DROP_C * DROP_N };

/* Parts of a mask are not copies of each other: numbers some way apart are alike by chance only. */
static int unrelated(const float *y, double p, size_t distance)
{
    const double chance = p * p + (1 - p) * (1 - p), count = (double)(DROP_COUNT - distance);
    size_t alike = 0;
    for (size_t i = distance; i < DROP_COUNT; i++)
        alike += (y[i] == 0) == (y[i - distance] == 0);
    return fabs((double)alike / count - chance) < 5 * sqrt(chance * (1 - chance) / count);
}

static void test_dropout(void)
{
    static float x[DROP_COUNT], first[DROP_COUNT], dx[DROP_COUNT], ones[DROP_COUNT];
    static const float ps[] = {0.0f, 0.2f, 0.5f, 1.0f};
    for (size_t i = 0; i < DROP_COUNT; i++) {
        ones[i] = 1;
        x[i] = 1.0f + eng_rng_uniform(&rng);
    }
    for (size_t k = 0; k < sizeof ps / sizeof *ps; k++) {
        const double p = ps[k], scale = p < 1 ? 1 / (1 - p) : 0;
        struct eng_net *net;
        struct eng_tape *tape;
        eng_net_new(&net, DROP_C);
        eng_net_dropout(net, 0, ps[k]);
        const struct eng_tape_options options = {DROP_N, 1, 1, ENG_WANT_INPUT, 0, 1};
        int ok = eng_net_finish(net, NULL) == ENG_OK &&
                 eng_tape_new(&tape, net, &exec, &options, NULL) == ENG_OK &&
                 eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS) == ENG_OK;
        if (!CHECK(ok, "dropout %g builds", p))
            return;
        const float *y = eng_tape_output(tape);
        eng_tape_seed(tape, 7, 0);
        ok = eng_tape_forward(tape, x, DROP_N) == ENG_OK;
        memcpy(first, y, sizeof first);
        size_t dropped = 0, scaled = 1, same = 1, alike = 0;
        for (size_t i = 0; i < DROP_COUNT; i++) {
            dropped += y[i] == 0;
            scaled &= y[i] == 0 || fabs(y[i] - x[i] * scale) < 1e-6 * x[i] * scale;
        }
        CHECK(ok && scaled, "dropout %g keeps x / (1 - p), or nothing", p);
        /* Five standard deviations of a binomial. */
        CHECK(fabs((double)dropped / DROP_COUNT - p) <= 5 * sqrt(p * (1 - p) / DROP_COUNT),
              "dropout %g drops %.4f", p, (double)dropped / DROP_COUNT);
        int by_chance = unrelated(first, p, DROP_C);
        for (size_t distance = 1; distance < DROP_COUNT / 2; distance *= 2)
            by_chance &= unrelated(first, p, distance);
        CHECK(by_chance || p == 0 || p == 1, "dropout %g: no part of its mask is another's", p);
        ok = eng_tape_backward(tape, ones, ENG_RELU_STANDARD, dx, NULL) == ENG_OK;
        for (size_t i = 0; i < DROP_COUNT; i++)
            same &= first[i] == 0 ? dx[i] == 0 : fabs(dx[i] - scale) < 1e-6 * scale;
        CHECK(ok && same, "dropout %g: the gradient has the same mask", p);

        eng_tape_seed(tape, 7, 0);
        CHECK(eng_tape_forward(tape, x, DROP_N) == ENG_OK && !memcmp(y, first, sizeof first),
              "dropout %g: same seed and step, same mask", p);
        eng_tape_forward(tape, x, 1);
        CHECK(!memcmp(y, first, DROP_C * sizeof *y), "dropout %g: so has the first image alone", p);
        for (uint64_t other = 0; other < 2 && p > 0 && p < 1; other++) {
            eng_tape_seed(tape, 7 + other, 1 - other);
            eng_tape_forward(tape, x, DROP_N);
            for (size_t i = 0, a = alike = 0; i < DROP_COUNT; i++, a = alike)
                alike = a + ((y[i] == 0) == (first[i] == 0));
            const double chance = p * p + (1 - p) * (1 - p);
            CHECK(fabs((double)alike / DROP_COUNT - chance) <
                      5 * sqrt(chance * (1 - chance) / DROP_COUNT),
                  "dropout %g: another %s, an unrelated mask", p, other ? "seed" : "step");
        }
        eng_tape_free(tape);
        eng_net_free(net);
    }
}

/* Two dropouts of one net draw masks of their own. */
static void test_dropout_nodes(void)
{
    static float x[DROP_COUNT];
    struct eng_net *net;
    struct eng_tape *tape;
    for (size_t i = 0; i < DROP_COUNT; i++)
        x[i] = 1;
    eng_net_new(&net, DROP_C);
    const int a = eng_net_dropout(net, 0, 0.5f), b = eng_net_dropout(net, 0, 0.5f);
    eng_net_add(net, a, b);
    const struct eng_tape_options options = {DROP_N, 1, 1, 0, 0, 1};
    if (!CHECK(eng_net_finish(net, NULL) == ENG_OK &&
                   eng_tape_new(&tape, net, &exec, &options, NULL) == ENG_OK &&
                   eng_net_prepare(net, &exec, ENG_FOR_OUTPUT) == ENG_OK &&
                   eng_tape_forward(tape, x, DROP_N) == ENG_OK,
               "two dropouts on the input"))
        return;
    size_t count[5] = {0};
    for (size_t i = 0; i < DROP_COUNT; i++)
        count[(size_t)eng_tape_output(tape)[i] % 5]++;
    CHECK(fabs((double)count[2] / DROP_COUNT - 0.5) < 5 * sqrt(0.25 / DROP_COUNT) &&
              fabs((double)count[0] / DROP_COUNT - 0.25) < 5 * sqrt(0.1875 / DROP_COUNT),
          "each draws its own mask");
    eng_tape_free(tape);
    eng_net_free(net);
}
/* ---------------------------------------------------------------------------------------------- */

static void run_all(void)
{
    test_twin();
    test_linear();
    test_norm();
    test_norm_statistics();
    test_relu();
    test_relu_edges();
    test_max_pool();
    test_avg_pool();
    test_dropout();
    test_dropout_nodes();
}

/* What has an algorithm of its own in each precision. */
static void run_precision(enum eng_precision precision)
{
    eng_rng_init(&rng, 1, precision);
    eng_exec_set_precision(&exec, precision);
    test_conv();
    test_wide_conv();
    test_max_pool_edges();
}

int main(void)
{
    struct eng_why why;
    if (eng_exec_init(&exec, 1, NULL, &why) != ENG_OK) {
        tap_skip(why.text);
        return tap_done();
    }
    run_precision(ENG_PRECISION_AUTO);
    run_precision(ENG_PRECISION_BF16X3);
    run_precision(ENG_PRECISION_F32);
    run_all();
    return tap_done();
}
