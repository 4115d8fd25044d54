/* Every operator, alone and in graphs, against its twin in double precision (tests/twin.h); what
 * the tape promises about passes, batches and the order of calls. */
#include "tests/twin.h"

static struct eng_exec exec;
static struct eng_rng rng;

/* Single-precision sums of up to a few thousand random terms, errors measured by the largest value;
 * a graph of twenty layers amplifies them. */
static double tolerance = 2e-5;
static const double graph_tolerance = 1e-4;

enum { TRIES = 20 };

/* Errors of bf16x3 are a 2^-17th of a term: some ten times those of float32. */
static void set_precision(enum eng_precision precision)
{
    eng_exec_set_precision(&exec, precision);
    tolerance = exec.bf16 ? 5e-5 : 2e-5;
}

static const char *const rule_names[] = {"standard", "deconvolution", "guided"};

/* Compares for all that can be wanted, all rules, with a whole and with a partial batch. New
 * numbers are drawn until none is near a place where gradients jump. */
static void check_net(struct twin *t, size_t h, size_t w, int train, const char *what)
{
    double worst = 0;
    char where[80], worst_where[160] = "nothing";
    int missed = 0;
    if (!CHECK(eng_net_finish(t->net, NULL) == ENG_OK, "%s: builds", what))
        return;
    for (unsigned want = 0; want < 4; want++)
        for (int rule = 0; rule < (want ? 3 : 1); rule++) {
            const size_t batch = h * w == 1 ? 12 : 4;
            const struct twin_run run = {t->net,
                                         &exec,
                                         {batch, h, w, want, train, 0},
                                         rule == 1 ? batch - 1 : batch,
                                         (enum eng_relu_rule)rule};
            double error = 0;
            int tried;
            for (tried = 0; tried < TRIES; tried++) {
                twin_randomise(t, &rng);
                error = twin_compare(t, &run, &rng, where);
                if (t->margin > 2e-5)
                    break;
            }
            if (tried == TRIES)
                missed++;
            else if (error > worst) {
                worst = error;
                snprintf(worst_where, sizeof worst_where, "%s, wanted %u, %s rule", where, want,
                         rule_names[rule]);
            }
        }
    CHECK(!missed, "%s: numbers away from all jumps were found", what);
    CHECK(worst < tolerance, "%s%s: %.1e, %s", what, train ? ", training" : "", worst, worst_where);
}

/* Closes a net with a linear layer on all its numbers, so that each of them counts. */
static void close_net(struct twin *t, int x, size_t c, size_t h, size_t w)
{
    x = twin_flatten(t, x);
    twin_linear(t, x, c * h * w, 5);
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
    close_net(&t, x, conv.out, (h + 2 * conv.pad[0] - conv.kernel[0]) / conv.stride[0] + 1,
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
            close_net(&t, twin_norm(&t, 0), channels[i], 5, 6);
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
    close_net(&t, x, 6, 5, 6);
    check_net(&t, 5, 6, 0, "two relus behind convolutions");
    twin_release(&t);

    twin_init(&t, 4);
    x = twin_relu(&t, twin_relu(&t, 0));
    close_net(&t, x, 4, 3, 3);
    check_net(&t, 3, 3, 0, "relus on the input itself");
    twin_release(&t);
}

/* Relu at zero, below, above, and at NaN, under each rule: one number an image. */
static void test_relu_edges(void)
{
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
            CHECK(same, "%s rule passes on %g rightly", rule_names[rule], (double)g);
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
            close_net(&t, twin_max(&t, 0, k, s, p), channels, (h + 2 * p - k) / s + 1,
                      (w + 2 * p - k) / s + 1);
            check_net(&t, h, w, 0, what);
            twin_release(&t);
        }
    struct twin t;
    twin_init(&t, 3);
    int x = twin_relu(&t, twin_conv_square(&t, 0, 5, 3, 1, 1)); /* ties: many zeros */
    x = twin_max(&t, x, 3, 2, 1);
    x = twin_max(&t, x, 2, 2, 0);
    close_net(&t, x, 5, 2, 2);
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
        close_net(&t, twin_avg(&t, 0, s[2], s[3]), 3, s[2], s[3]);
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

/* ---- graphs ---------------------------------------------------------------------------------- */

/* A residual block as ResNet has it; everything that the tape folds is in it. */
static void test_residual(void)
{
    for (int train = 0; train < 2; train++)
        for (size_t stride = 1; stride <= 2; stride++) {
            struct twin t;
            const size_t size = (8 - 1) / stride + 1;
            twin_init(&t, 3);
            int x = twin_relu(&t, twin_norm(&t, twin_conv_square(&t, 0, 10, 3, 1, 1))), skip = x;
            if (stride == 2)
                skip = twin_norm(&t, twin_conv_square(&t, x, 10, 1, 2, 0));
            x = twin_relu(&t, twin_norm(&t, twin_conv_square(&t, x, 10, 3, stride, 1)));
            x = twin_norm(&t, twin_conv_square(&t, x, 10, 3, 1, 1));
            x = twin_relu(&t, twin_add(&t, x, skip));
            close_net(&t, x, 10, size, size);
            check_net(&t, 8, 8, train,
                      stride == 2 ? "residual block, downsampled" : "residual block");
            twin_release(&t);
        }
}

static void test_wiring(void)
{
    struct twin t;
    int x, y = 0, z;
    for (int train = 0; train < 2; train++) {
        twin_init(&t, 2);
        x = twin_conv_square(&t, 0, 4, 3, 1, 1);
        x = twin_add(&t, x, x);
        close_net(&t, twin_relu(&t, x), 4, 5, 5);
        check_net(&t, 5, 5, train, "a node added to itself");
        twin_release(&t);

        twin_init(&t, 4);
        x = twin_add(&t, twin_conv_square(&t, 0, 4, 3, 1, 1), 0);
        x = twin_add(&t, 0, twin_relu(&t, x));
        close_net(&t, x, 4, 5, 5);
        check_net(&t, 5, 5, train, "the input added twice");
        twin_release(&t);

        twin_init(&t, 2);
        x = twin_conv_square(&t, 0, 4, 3, 1, 1);
        y = twin_norm(&t, x);
        z = twin_relu(&t, x);
        x = twin_add(&t, twin_dropout(&t, x), twin_add(&t, y, z));
        x = twin_add(&t, x, twin_max(&t, z, 3, 1, 1));
        close_net(&t, x, 4, 5, 5);
        check_net(&t, 5, 5, train, "one node, three consumers");
        twin_release(&t);

        for (int turn = 0; turn < 2; turn++) { /* which of the two comes first */
            twin_init(&t, 2);
            x = twin_conv_square(&t, 0, 4, 3, 1, 1);
            if (turn == 0)
                y = twin_linear(&t, twin_flatten(&t, x), 100, 3);
            z = twin_linear(&t, twin_flatten(&t, twin_avg(&t, x, 1, 1)), 4, 3);
            if (turn == 1)
                y = twin_linear(&t, twin_flatten(&t, x), 100, 3);
            twin_add(&t, y, z);
            check_net(&t, 5, 5, train, "flattened twice");
            twin_release(&t);
        }

        twin_init(&t, 2);
        x = twin_conv_square(&t, 0, 4, 3, 1, 1);
        y = twin_relu(&t, x);
        z = twin_norm(&t, x); /* last of its consumers to go forward, first to go back */
        close_net(&t, twin_add(&t, y, z), 4, 5, 5);
        check_net(&t, 5, 5, train, "a norm beside a relu");
        twin_release(&t);

        twin_init(&t, 2);
        x = twin_conv_square(&t, 0, 4, 3, 1, 1);
        twin_relu(&t, x);
        y = twin_norm(&t, x);
        twin_conv_square(&t, y, 3, 3, 1, 1);
        twin_add(&t, x, y);
        close_net(&t, twin_relu(&t, y), 4, 5, 5);
        check_net(&t, 5, 5, train, "nodes that lead nowhere");
        twin_release(&t);

        twin_init(&t, 2);
        x = twin_conv(&t, 0, (struct eng_conv){4, {3, 3}, {1, 1}, {1, 1}, 1});
        y = twin_conv(&t, 0, (struct eng_conv){4, {1, 1}, {1, 1}, {0, 0}, 1});
        y = twin_norm(&t, y);
        x = twin_relu(&t, twin_add(&t, y, x)); /* folded into the later conv, though it is first */
        x = twin_norm(&t, twin_conv(&t, x, (struct eng_conv){4, {3, 3}, {1, 1}, {1, 1}, 1}));
        z = twin_conv_square(&t, 0, 4, 1, 1, 0);
        x = twin_relu(&t, twin_add(&t, x, z)); /* cannot be folded: z comes after the conv */
        close_net(&t, x, 4, 5, 5);
        check_net(&t, 5, 5, train, "sums of branches, biased convolutions under norms");
        twin_release(&t);

        twin_init(&t, 6);
        x = twin_linear(&t, 0, 6, 7);
        y = twin_relu(&t, twin_linear(&t, 0, 6, 7));
        x = twin_dropout(&t, twin_norm(&t, twin_add(&t, y, x)));
        twin_linear(&t, twin_flatten(&t, x), 7, 3);
        check_net(&t, 1, 1, train, "a perceptron with a norm");
        twin_release(&t);
    }
}

struct sizes {
    size_t c, h, w;
};

/* A random operator on a random earlier node, mostly the last. */
static void grow(struct twin *t, struct sizes *sizes)
{
    const int self = t->count;
    const int x = eng_rng_below(&rng, 10) < 6 ? self - 1 : (int)eng_rng_below(&rng, (size_t)self);
    struct sizes s = sizes[x];
    const size_t kernel = 1 + eng_rng_below(&rng, 3), stride = 1 + eng_rng_below(&rng, 4) / 3;
    const size_t pad = eng_rng_below(&rng, kernel), small = s.h < s.w ? s.h : s.w;
    switch (eng_rng_below(&rng, 9)) {
    case 0:
    case 1:
        if (small + 2 * pad < kernel)
            return;
        s.c = eng_rng_below(&rng, 4) ? s.c : 1 + eng_rng_below(&rng, 12);
        twin_conv(
            t, x,
            (struct eng_conv){
                s.c, {kernel, kernel}, {stride, stride}, {pad, pad}, (int)eng_rng_below(&rng, 2)});
        s.h = (s.h + 2 * pad - kernel) / stride + 1;
        s.w = (s.w + 2 * pad - kernel) / stride + 1;
        break;
    case 2:
        twin_norm(t, x);
        break;
    case 3:
    case 4:
        twin_relu(t, x);
        break;
    case 5:
        if (small < 3 || 2 * pad > kernel)
            return;
        twin_max(t, x, kernel, stride, pad);
        s.h = (s.h + 2 * pad - kernel) / stride + 1;
        s.w = (s.w + 2 * pad - kernel) / stride + 1;
        break;
    case 6:
        twin_dropout(t, x);
        break;
    default: { /* the latest or earliest node of the same size, x itself if there is none */
        int b = x;
        const int back = eng_rng_below(&rng, 2) != 0;
        for (int i = 0; i < self; i++) {
            const int k = back ? self - 1 - i : i;
            if (k != x && !memcmp(&sizes[k], &s, sizeof s)) {
                b = k;
                break;
            }
        }
        twin_add(t, x, b);
    }
    }
    sizes[self] = s;
}

/* What the tape folds, writes in place and keeps, over graphs that nobody would draw. */
static void test_random_graphs(void)
{
    enum { GRAPHS = 150 };
    double worst = 0;
    int compared = 0;
    for (int g = 0; g < GRAPHS; g++) {
        const size_t h = 5 + eng_rng_below(&rng, 3), w = 5 + eng_rng_below(&rng, 3);
        const size_t nodes = 5 + eng_rng_below(&rng, 14);
        struct twin t;
        struct sizes sizes[TWIN_NODES] = {{2, h, w}};
        twin_init(&t, 2);
        while ((size_t)t.count < nodes)
            grow(&t, sizes);
        const struct sizes *s = &sizes[t.count - 1];
        close_net(&t, t.count - 1, s->c, s->h, s->w);
        if (eng_net_finish(t.net, NULL) != ENG_OK) {
            CHECK(0, "random graph %d does not build", g);
            twin_release(&t);
            continue;
        }
        for (int train = 0; train < 2; train++)
            for (unsigned want = 0; want < 4; want++)
                for (int tried = 0; tried < TRIES; tried++) {
                    const struct twin_run run = {t.net,
                                                 &exec,
                                                 {3, h, w, want, train, 0},
                                                 2 + eng_rng_below(&rng, 2),
                                                 (enum eng_relu_rule)eng_rng_below(&rng, 3)};
                    char where[80];
                    twin_randomise(&t, &rng);
                    const double error = twin_compare(&t, &run, &rng, where);
                    if (t.margin < 1e-4)
                        continue;
                    compared++;
                    worst = tap_worse(worst, error);
                    if (error > graph_tolerance)
                        CHECK(0, "random graph %d, wanted %u, train %d: %s is off by %.1e", g, want,
                              train, where, error);
                    break;
                }
        twin_release(&t);
    }
    CHECK(compared > GRAPHS * 8 / 2, "%d comparisons of random graphs", compared);
    CHECK(worst <= graph_tolerance, "random graphs: at most %.1e off", worst);
}

/* ---- passes ---------------------------------------------------------------------------------- */

static struct eng_net *small_net(void)
{
    struct eng_net *net;
    struct eng_rng r;
    eng_net_new(&net, 3);
    int x = eng_net_conv2d(net, 0, "conv", &(struct eng_conv){9, {3, 3}, {1, 1}, {1, 1}, 1});
    x = eng_net_relu(net, eng_net_batch_norm(net, x, "bn"));
    const int skip = x;
    x = eng_net_conv2d(net, x, "conv2", &(struct eng_conv){9, {3, 3}, {1, 1}, {1, 1}, 0});
    x = eng_net_relu(net, eng_net_add(net, x, skip));
    x = eng_net_flatten(net, eng_net_avg_pool(net, x, 2, 2));
    eng_net_linear(net, eng_net_dropout(net, x, 0.5f), "fc", 36, 4);
    if (!CHECK(eng_net_finish(net, NULL) == ENG_OK, "a small net"))
        exit(1);
    eng_rng_init(&r, 5, 5);
    for (size_t i = 0; i < eng_net_param_count(net); i++) {
        struct eng_param *p = eng_net_param(net, i);
        for (size_t k = 0; p->shape.rank > 1 && k < eng_shape_count(&p->shape); k++)
            p->value[k] = 0.2f * eng_rng_normal(&r);
    }
    eng_net_changed(net);
    return net;
}

enum { PIXELS = 3 * 6 * 7, OUTPUTS = 4, BATCH = 4 };

static size_t grads_differ(struct eng_grads *a, struct eng_grads *b, const struct eng_net *net,
                           float factor)
{
    size_t differ = 0;
    for (size_t i = 0; i < eng_net_param_count(net); i++) {
        const float *pa = eng_grads_value(a, i), *pb = eng_grads_value(b, i);
        differ += !pa != !pb || !!pa != eng_param_trains(eng_net_param_const(net, i));
        for (size_t k = 0; pa && pb && k < eng_shape_count(&eng_net_param_const(net, i)->shape);
             k++)
            differ += fabsf(pa[k] - factor * pb[k]) > 1e-5f * fabsf(pa[k]) + 1e-6f;
    }
    return differ;
}

/* After one forward pass, backward passes do not disturb each other; gradients add up. */
static void test_passes(void)
{
    for (int train = 0; train < 2; train++) {
        struct eng_net *net = small_net();
        const struct eng_tape_options options = {BATCH, 6, 7, 3, train, train};
        struct eng_tape *tape, *other;
        struct eng_grads *grads, *again;
        float x[BATCH * PIXELS], seed[BATCH * OUTPUTS], seed2[BATCH * OUTPUTS];
        float dx[3][BATCH * PIXELS], y[BATCH * OUTPUTS];
        for (size_t i = 0; i < BATCH * PIXELS; i++)
            x[i] = eng_rng_normal(&rng);
        for (size_t i = 0; i < BATCH * OUTPUTS; i++) {
            seed[i] = eng_rng_normal(&rng);
            seed2[i] = eng_rng_normal(&rng);
        }
        if (!CHECK(eng_tape_new(&tape, net, &exec, &options, NULL) == ENG_OK &&
                       eng_tape_new(&other, net, &exec, &options, NULL) == ENG_OK &&
                       eng_grads_new(&grads, net) == ENG_OK &&
                       eng_grads_new(&again, net) == ENG_OK &&
                       eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS) == ENG_OK,
                   "two tapes on one net"))
            return;
        CHECK(eng_tape_bytes(tape) > 0 && eng_tape_bytes(tape) == eng_tape_bytes(other),
              "tapes tell their size");

        int ok = eng_tape_forward(tape, x, BATCH) == ENG_OK;
        memcpy(y, eng_tape_output(tape), sizeof y);
        ok &= eng_tape_backward(tape, seed, ENG_RELU_STANDARD, dx[0], grads) == ENG_OK;
        CHECK(ok && !memcmp(y, eng_tape_output(tape), sizeof y),
              "backward leaves the output alone");
        ok &= eng_tape_backward(tape, seed2, ENG_RELU_GUIDED, dx[1], NULL) == ENG_OK;
        ok &= eng_tape_backward(tape, seed, ENG_RELU_STANDARD, dx[2], NULL) == ENG_OK;
        CHECK(ok && !memcmp(dx[0], dx[2], sizeof *dx) && memcmp(dx[0], dx[1], sizeof *dx),
              "the third backward pass is the first again, bit by bit");
        ok = eng_tape_forward(other, x, BATCH) == ENG_OK &&
             eng_tape_backward(other, seed2, ENG_RELU_GUIDED, dx[2], NULL) == ENG_OK;
        CHECK(ok && !memcmp(dx[1], dx[2], sizeof *dx), "the second is the one alone");
        ok = eng_tape_backward(other, seed, ENG_RELU_STANDARD, NULL, again) == ENG_OK;
        CHECK(ok && !grads_differ(grads, again, net, 1), "parameter gradients need no input's");
        ok = eng_tape_backward(other, seed, ENG_RELU_STANDARD, NULL, again) == ENG_OK;
        CHECK(ok && !grads_differ(again, grads, net, 2), "parameter gradients add up");
        eng_grads_zero(again);
        ok = eng_tape_backward(other, seed, ENG_RELU_STANDARD, dx[2], again) == ENG_OK;
        CHECK(ok && !grads_differ(grads, again, net, 1) && !memcmp(dx[0], dx[2], sizeof *dx),
              "and start again from zero");

        if (!train) { /* images do not see each other */
            for (size_t n = 1; n <= BATCH; n++) {
                ok = eng_tape_forward(tape, x, n) == ENG_OK &&
                     eng_tape_backward(tape, seed, ENG_RELU_STANDARD, dx[2], NULL) == ENG_OK;
                CHECK(ok && !memcmp(eng_tape_output(tape), y, n * OUTPUTS * sizeof *y) &&
                          !memcmp(dx[0], dx[2], n * PIXELS * sizeof **dx),
                      "%zu of %d images give the same bits", n, BATCH);
            }
        }
        eng_tape_free(tape);
        eng_tape_free(other);
        eng_grads_free(grads);
        eng_grads_free(again);
        eng_net_free(net);
    }
}

/* Large maps of many images: the first layers run for a few images at a time. What they hand to the
 * rest is the value of a pool, which a residual block reads twice. */
static void test_slices(void)
{
    enum { SIDE = 512, MANY = 16, MAPS = 4, IMAGE = 3 * SIDE * SIDE, CLASSES = 3 };
    struct eng_net *net;
    struct eng_tape *tape, *one;
    const struct eng_tape_options many = {MANY, SIDE, SIDE, 0, 0, 0};
    const struct eng_tape_options alone = {1, SIDE, SIDE, 0, 0, 0};
    const struct eng_conv point = {MAPS, {1, 1}, {1, 1}, {0, 0}, 1};
    float *x = malloc((size_t)MANY * IMAGE * sizeof *x), y[MANY * CLASSES];
    eng_net_new(&net, 3);
    int v = eng_net_batch_norm(net, eng_net_conv2d(net, 0, "first", &point), "bn");
    const int skip = eng_net_relu(net, v);
    v = eng_net_add(net, eng_net_conv2d(net, skip, "second", &point), skip);
    const int pool = eng_net_max_pool(net, eng_net_relu(net, v), 8, 8, 0);
    v = eng_net_add(net, eng_net_conv2d(net, pool, "third", &point), pool);
    v = eng_net_flatten(net, eng_net_avg_pool(net, v, 2, 2));
    eng_net_linear(net, v, "fc", 4 * MAPS, CLASSES);
    if (!CHECK(x && eng_net_finish(net, NULL) == ENG_OK &&
                   eng_tape_new(&tape, net, &exec, &many, NULL) == ENG_OK &&
                   eng_tape_new(&one, net, &exec, &alone, NULL) == ENG_OK,
               "a net with large maps"))
        exit(1);
    for (size_t i = 0; i < eng_net_param_count(net); i++) {
        struct eng_param *p = eng_net_param(net, i);
        for (size_t k = 0; k < eng_shape_count(&p->shape); k++)
            p->value[k] = 0.5f + 0.1f * eng_rng_normal(&rng);
    }
    for (size_t i = 0; i < (size_t)MANY * IMAGE; i++)
        x[i] = eng_rng_uniform(&rng) - 0.5f;
    CHECK(eng_tape_bytes(tape) < 8 * eng_tape_bytes(one),
          "for %d images it takes %.1f times the memory of one", MANY,
          (double)eng_tape_bytes(tape) / (double)eng_tape_bytes(one));
    eng_net_changed(net);
    int ok = eng_net_prepare(net, &exec, ENG_FOR_OUTPUT) == ENG_OK;
    for (size_t n = MANY; n >= 1; n -= 5) { /* 16, 11, 6, 1 */
        size_t differ = 0;
        ok &= eng_tape_forward(tape, x, n) == ENG_OK;
        memcpy(y, eng_tape_output(tape), n * CLASSES * sizeof *y);
        for (size_t i = 0; i < n; i++) {
            ok &= eng_tape_forward(one, x + i * IMAGE, 1) == ENG_OK;
            differ += memcmp(eng_tape_output(one), y + i * CLASSES, CLASSES * sizeof *y) != 0;
        }
        CHECK(ok && !differ && (n == 1 || y[0] != y[CLASSES]),
              "and %zu images have the bits of one by one", n);
        if (n == 1)
            break;
    }
    eng_tape_free(tape);
    eng_tape_free(one);
    eng_net_free(net);
    free(x);
}

static void test_order(void)
{
    struct eng_net *net = small_net();
    struct eng_tape *tape, *only_output, *with_input;
    struct eng_grads *grads;
    struct eng_why why = {""};
    float x[BATCH * PIXELS] = {0}, seed[BATCH * OUTPUTS] = {0}, dx[BATCH * PIXELS];
    struct eng_tape_options options = {BATCH, 6, 7, ENG_WANT_INPUT, 0, 0}, none = options;
    none.want = 0;
    if (!CHECK(eng_tape_new(&tape, net, &exec, &options, &why) == ENG_OK &&
                   eng_tape_new(&only_output, net, &exec, &none, &why) == ENG_OK &&
                   eng_grads_new(&grads, net) == ENG_OK,
               "tapes can be made before the net is prepared"))
        return;
    CHECK(eng_tape_forward(tape, x, 1) == ENG_STATE, "forward without prepare");
    CHECK(eng_tape_backward(tape, seed, ENG_RELU_STANDARD, dx, NULL) == ENG_STATE,
          "backward without forward");
    CHECK(eng_net_prepare(net, &exec, ENG_FOR_OUTPUT) == ENG_OK &&
              eng_tape_forward(tape, x, 1) == ENG_STATE,
          "a tape with gradients needs them prepared");
    CHECK(eng_tape_forward(only_output, x, 1) == ENG_OK, "one without does not");
    CHECK(eng_tape_backward(only_output, seed, ENG_RELU_STANDARD, NULL, NULL) == ENG_STATE,
          "and has no backward");
    CHECK(eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS) == ENG_OK &&
              eng_tape_forward(tape, x, 1) == ENG_OK,
          "prepared with gradients");
    CHECK(eng_net_prepare(net, &exec, ENG_FOR_OUTPUT) == ENG_OK &&
              eng_tape_forward(tape, x, 1) == ENG_OK,
          "asking for less afterwards changes nothing");
    CHECK(eng_tape_forward(tape, x, 0) == ENG_ARG &&
              eng_tape_forward(tape, x, BATCH + 1) == ENG_ARG,
          "no images, or more than planned for");
    CHECK(eng_tape_backward(tape, seed, ENG_RELU_STANDARD, NULL, grads) == ENG_STATE,
          "parameter gradients were not wanted");
    CHECK(eng_tape_update_running(tape, net) == ENG_STATE, "nor were statistics taken");
    eng_net_changed(net);
    CHECK(eng_tape_forward(tape, x, 1) == ENG_STATE &&
              eng_tape_backward(tape, seed, ENG_RELU_STANDARD, dx, NULL) == ENG_STATE,
          "changed weights must be prepared again");
    CHECK(eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS) == ENG_OK &&
              eng_tape_forward(tape, x, 1) == ENG_OK &&
              eng_tape_backward(tape, seed, ENG_RELU_STANDARD, dx, NULL) == ENG_OK,
          "and then all is well");

    struct eng_exec scalar;
    CHECK(eng_exec_init(&scalar, 1, "scalar", NULL) == ENG_OK, "another exec");
    if (scalar.gemm != exec.gemm) {
        CHECK(eng_net_prepare(net, &scalar, ENG_FOR_GRADIENTS) == ENG_OK &&
                  eng_tape_forward(tape, x, 1) == ENG_STATE,
              "weights packed for another level");
        CHECK(eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS) == ENG_OK &&
                  eng_tape_forward(tape, x, 1) == ENG_OK,
              "and back");
    }
    eng_tape_free(NULL);
    eng_grads_free(grads);
    eng_grads_free(NULL);

    with_input = tape;
    options.want = ENG_WANT_PARAMS;
    CHECK(eng_tape_new(&tape, net, &exec, &options, &why) == ENG_OK &&
              eng_tape_forward(tape, x, 1) == ENG_OK &&
              eng_tape_backward(tape, seed, ENG_RELU_STANDARD, dx, NULL) == ENG_STATE,
          "the input's gradient was not wanted");
    eng_net_changed(net);
    CHECK(eng_net_prepare(net, &exec, ENG_FOR_TRAINING) == ENG_OK &&
              eng_tape_forward(tape, x, 1) == ENG_OK &&
              eng_tape_forward(with_input, x, 1) == ENG_STATE &&
              eng_tape_forward(only_output, x, 1) == ENG_STATE,
          "prepared for training, only tapes with parameter gradients run");
    eng_tape_free(tape);
    eng_tape_free(with_input);
    eng_tape_free(only_output);
    options.batch = 0;
    CHECK(eng_tape_new(&tape, net, &exec, &options, &why) == ENG_ARG && why.text[0],
          "a batch of none");
    options = (struct eng_tape_options){1, 1, 0, 0, 0, 0};
    CHECK(eng_tape_new(&tape, net, &exec, &options, &why) == ENG_SHAPE && why.text[0],
          "an image without pixels: %s", why.text);
    options = (struct eng_tape_options){1, (size_t)-1, 3, 0, 0, 0};
    CHECK(eng_tape_new(&tape, net, &exec, &options, &why) == ENG_SHAPE && why.text[0],
          "an image too large for a size_t");
    options = (struct eng_tape_options){(size_t)1 << 50, 1000, 1000, 3, 1, 1};
    const enum eng_err err = eng_tape_new(&tape, net, &exec, &options, &why);
    CHECK((err == ENG_TOOBIG || err == ENG_NOMEM) && why.text[0], "a batch beyond all memory: %s",
          why.text);
    eng_net_free(net);
}

/* ---- builders -------------------------------------------------------------------------------- */

static enum eng_err built(struct eng_net *net, struct eng_why *why)
{
    why->text[0] = '\0';
    const enum eng_err err = eng_net_finish(net, why);
    eng_net_free(net);
    return err;
}

static struct eng_net *fresh(void)
{
    struct eng_net *net;
    if (eng_net_new(&net, 3) != ENG_OK)
        exit(1);
    return net;
}

static void test_builders(void)
{
    static const struct eng_conv bad[] = {{0, {1, 1}, {1, 1}, {0, 0}, 0},
                                          {1, {0, 1}, {1, 1}, {0, 0}, 0},
                                          {1, {1, 1}, {1, 0}, {0, 0}, 0},
                                          {1, {3, 3}, {1, 1}, {3, 0}, 0},
                                          {1, {9999, 1}, {1, 1}, {0, 0}, 0},
                                          {(size_t)-1, {3, 3}, {1, 1}, {0, 0}, 1},
                                          {(size_t)1 << 40, {3, 3}, {1, 1}, {0, 0}, 1}};
    struct eng_net *net;
    struct eng_why why;
    char name[200];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    CHECK(eng_net_new(&net, 0) == ENG_ARG, "a net without channels");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        net = fresh();
        eng_net_relu(net, eng_net_conv2d(net, 0, "conv", &bad[i]));
        CHECK(built(net, &why) != ENG_OK && why.text[0], "bad convolution %zu: %s", i, why.text);
    }
    for (int x = -1; x < 3; x += 2) {
        net = fresh();
        eng_net_relu(net, x);
        CHECK(built(net, &why) == ENG_ARG && why.text[0], "relu of node %d: %s", x, why.text);
        net = fresh();
        eng_net_add(net, 0, x);
        CHECK(built(net, &why) == ENG_ARG && why.text[0], "0 + node %d: %s", x, why.text);
    }
    net = fresh();
    eng_net_linear(net, 0, name, 3, 3);
    CHECK(built(net, &why) == ENG_ARG && why.text[0], "a long name: %s", why.text);
    net = fresh();
    eng_net_max_pool(net, 0, 16, 1, 0);
    CHECK(built(net, &why) == ENG_ARG && why.text[0], "max pool 16: %s", why.text);
    net = fresh();
    eng_net_max_pool(net, 0, 3, 1, 2);
    CHECK(built(net, &why) == ENG_ARG && why.text[0], "max pool of padding");
    net = fresh();
    eng_net_max_pool(net, 0, 3, 1, (size_t)-1 / 2 + 1);
    CHECK(built(net, &why) == ENG_ARG && why.text[0], "max pool of more than a size_t");
    net = fresh();
    eng_net_max_pool(net, 0, 3, 0, 0);
    CHECK(built(net, &why) == ENG_ARG && why.text[0], "max pool without stride");
    net = fresh();
    eng_net_avg_pool(net, 0, 1, 0);
    CHECK(built(net, &why) == ENG_ARG && why.text[0], "average pool to nothing");
    net = fresh();
    eng_net_dropout(net, 0, 1.5f);
    CHECK(built(net, &why) == ENG_ARG && why.text[0], "dropout 1.5: %s", why.text);
    net = fresh();
    eng_net_dropout(net, 0, NAN);
    CHECK(built(net, &why) == ENG_ARG && why.text[0], "dropout NaN");
    net = fresh();
    eng_net_flatten(net, 0);
    CHECK(built(net, &why) == ENG_ARG && why.text[0], "flatten at the end: %s", why.text);

    net = fresh();
    const int x = eng_net_linear(net, eng_net_flatten(net, eng_net_input(net)), "fc", 12, 2);
    CHECK(eng_net_finish(net, &why) == ENG_OK && eng_net_node_count(net) == 3 && x == 2 &&
              !strcmp(eng_net_node_op(net, 2), "linear") && eng_net_outputs(net) == 2 &&
              eng_net_channels(net) == 3 && eng_net_flops(net, 2, 2) == 48 &&
              eng_net_flops(net, 3, 2) == 0,
          "a good net tells its nodes, outputs and work");
    struct eng_tape *tape;
    struct eng_tape_options options = {1, 3, 3, 0, 0, 0};
    CHECK(eng_tape_new(&tape, net, &exec, &options, &why) == ENG_SHAPE && why.text[0],
          "and what it cannot take: %s", why.text);
    eng_net_free(net);
    net = fresh();
    eng_net_relu(net, 0);
    CHECK(eng_net_finish(net, &why) == ENG_OK &&
              eng_tape_new(&tape, net, &exec, &options, &why) == ENG_SHAPE && why.text[0],
          "a net must end in a row: %s", why.text);
    eng_net_free(net);
    net = fresh();
    eng_net_add(net, 0, eng_net_max_pool(net, 0, 2, 2, 0));
    CHECK(eng_net_finish(net, &why) == ENG_OK &&
              eng_tape_new(&tape, net, &exec, &options, &why) == ENG_SHAPE && why.text[0],
          "a sum of two sizes: %s", why.text);
    eng_net_free(net);
    eng_net_free(NULL);
}

int main(void)
{
    struct eng_why why;
    if (eng_exec_init(&exec, 1, NULL, &why) != ENG_OK) {
        tap_skip(why.text);
        return tap_done();
    }
    eng_rng_init(&rng, 1, 0);
    set_precision(ENG_PRECISION_AUTO);
    test_twin();
    test_conv();
    test_max_pool_edges();
    test_residual();
    test_wiring();
    test_random_graphs();
    set_precision(ENG_PRECISION_F32);
    test_conv();
    test_linear();
    test_norm();
    test_norm_statistics();
    test_relu();
    test_relu_edges();
    test_max_pool();
    test_max_pool_edges();
    test_avg_pool();
    test_dropout();
    test_dropout_nodes();
    test_residual();
    test_wiring();
    test_random_graphs();
    test_passes();
    test_slices();
    test_order();
    test_builders();
    test_wide_conv();
    set_precision(ENG_PRECISION_AUTO);
    test_wide_conv();
    set_precision(ENG_PRECISION_BF16X3);
    test_conv();
    test_wide_conv();
    return tap_done();
}
