/* Operators in graphs, drawn by hand and at random, against their twin in double precision
 * (tests/twin.h); and what the builders refuse. */
#include "tests/twin.h"

static struct eng_exec exec;
static struct eng_rng rng;

/* A graph of twenty layers amplifies the errors of single-precision sums. */
static const double tolerance = 1e-4;

static void check_net(struct twin *t, size_t h, size_t w, int train, const char *what)
{
    twin_check(t, &exec, &rng, h, w, train, tolerance, what);
}

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
            twin_close(&t, x, 10, size, size);
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
        twin_close(&t, twin_relu(&t, x), 4, 5, 5);
        check_net(&t, 5, 5, train, "a node added to itself");
        twin_release(&t);

        twin_init(&t, 4);
        x = twin_add(&t, twin_conv_square(&t, 0, 4, 3, 1, 1), 0);
        x = twin_add(&t, 0, twin_relu(&t, x));
        twin_close(&t, x, 4, 5, 5);
        check_net(&t, 5, 5, train, "the input added twice");
        twin_release(&t);

        twin_init(&t, 2);
        x = twin_conv_square(&t, 0, 4, 3, 1, 1);
        y = twin_norm(&t, x);
        z = twin_relu(&t, x);
        x = twin_add(&t, twin_dropout(&t, x), twin_add(&t, y, z));
        x = twin_add(&t, x, twin_max(&t, z, 3, 1, 1));
        twin_close(&t, x, 4, 5, 5);
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
        twin_close(&t, twin_add(&t, y, z), 4, 5, 5);
        check_net(&t, 5, 5, train, "a norm beside a relu");
        twin_release(&t);

        twin_init(&t, 2);
        x = twin_conv_square(&t, 0, 4, 3, 1, 1);
        twin_relu(&t, x);
        y = twin_norm(&t, x);
        twin_conv_square(&t, y, 3, 3, 1, 1);
        twin_add(&t, x, y);
        twin_close(&t, twin_relu(&t, y), 4, 5, 5);
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
        twin_close(&t, x, 4, 5, 5);
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
        twin_close(&t, t.count - 1, s->c, s->h, s->w);
        if (eng_net_finish(t.net, NULL) != ENG_OK) {
            CHECK(0, "random graph %d does not build", g);
            twin_release(&t);
            continue;
        }
        const unsigned once = g % 2 ? ENG_WANT_ONCE : 0; /* with it less is kept */
        for (int train = 0; train < 2; train++)
            for (unsigned want = 0; want < 4; want++)
                for (int tried = 0; tried < TWIN_TRIES; tried++) {
                    const struct twin_run run = {t.net,
                                                 &exec,
                                                 {3, h, w, want | once, train, 0},
                                                 2 + eng_rng_below(&rng, 2),
                                                 (enum eng_relu_rule)eng_rng_below(&rng, 3)};
                    char where[80];
                    twin_randomise(&t, &rng);
                    const double error = twin_compare(&t, &run, &rng, where);
                    if (t.margin < 1e-4)
                        continue;
                    compared++;
                    worst = tap_worse(worst, error);
                    if (error > tolerance)
                        CHECK(0, "random graph %d, wanted %u, train %d: %s is off by %.1e", g, want,
                              train, where, error);
                    break;
                }
        twin_release(&t);
    }
    CHECK(compared > GRAPHS * 8 / 2, "%d comparisons of random graphs", compared);
    CHECK(worst <= tolerance, "random graphs: at most %.1e off", worst);
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
    static const enum eng_precision precisions[] = {ENG_PRECISION_AUTO, ENG_PRECISION_F32};
    for (size_t i = 0; i < sizeof precisions / sizeof *precisions; i++) {
        eng_rng_init(&rng, 1, i);
        eng_exec_set_precision(&exec, precisions[i]);
        test_residual();
        test_wiring();
        test_random_graphs();
    }
    test_builders();
    return tap_done();
}
