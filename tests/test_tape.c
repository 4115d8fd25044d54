/* What the tape promises about passes, batches and the order of calls. */
#include "engine/rng.h"
#include "engine/tape.h"
#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct eng_exec exec;
static struct eng_rng rng;

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

/* A tape for one backward pass a forward pass keeps less, and has the same bits. */
static void test_once(void)
{
    for (int train = 0; train < 2; train++) {
        struct eng_net *net = small_net();
        struct eng_tape_options options = {BATCH, 6,    7, ENG_WANT_INPUT | ENG_WANT_PARAMS,
                                           train, train};
        struct eng_tape *tape, *once;
        struct eng_grads *grads, *same;
        float x[BATCH * PIXELS], seed[BATCH * OUTPUTS], dx[2][BATCH * PIXELS];
        for (size_t i = 0; i < BATCH * PIXELS; i++)
            x[i] = eng_rng_normal(&rng);
        for (size_t i = 0; i < BATCH * OUTPUTS; i++)
            seed[i] = eng_rng_normal(&rng);
        int ok = eng_tape_new(&tape, net, &exec, &options, NULL) == ENG_OK &&
                 eng_grads_new(&grads, net) == ENG_OK && eng_grads_new(&same, net) == ENG_OK &&
                 eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS) == ENG_OK;
        options.want |= ENG_WANT_ONCE;
        if (!CHECK(ok && eng_tape_new(&once, net, &exec, &options, NULL) == ENG_OK,
                   "a tape for one backward pass a forward pass"))
            return;
        CHECK(eng_tape_bytes(once) < eng_tape_bytes(tape), "takes %zu bytes, not %zu",
              eng_tape_bytes(once), eng_tape_bytes(tape));
        for (size_t n = BATCH; n >= BATCH - 1; n--) {
            eng_grads_zero(grads);
            eng_grads_zero(same);
            ok = eng_tape_forward(tape, x, n) == ENG_OK && eng_tape_forward(once, x, n) == ENG_OK &&
                 eng_tape_backward(tape, seed, ENG_RELU_STANDARD, dx[0], grads) == ENG_OK &&
                 eng_tape_backward(once, seed, ENG_RELU_STANDARD, dx[1], same) == ENG_OK;
            size_t differ = 0;
            for (size_t i = 0; i < eng_net_param_count(net); i++)
                if (eng_grads_value(grads, i))
                    differ += memcmp(eng_grads_value(grads, i), eng_grads_value(same, i),
                                     eng_shape_count(&eng_net_param(net, i)->shape) *
                                         sizeof(float)) != 0;
            CHECK(ok && !differ && !memcmp(dx[0], dx[1], n * PIXELS * sizeof **dx),
                  "%zu images: the bits of a tape for many", n);
            CHECK(!memcmp(eng_tape_output(tape), eng_tape_output(once), n * OUTPUTS * sizeof *x),
                  "and the outputs are still there");
            CHECK(eng_tape_backward(once, seed, ENG_RELU_STANDARD, dx[1], same) == ENG_STATE,
                  "a second backward pass is refused");
        }
        if (train) { /* moves one net twice: by its own statistics, then by the same again */
            const struct eng_param *mean = eng_net_param_find(net, "bn.running_mean");
            float moved[2][9];
            ok = eng_tape_update_running(tape, net) == ENG_OK;
            memcpy(moved[0], mean->value, sizeof moved[0]);
            ok &= eng_tape_update_running(once, net) == ENG_OK;
            memcpy(moved[1], mean->value, sizeof moved[1]);
            size_t differ = 0;
            for (size_t i = 0; i < 9; i++) /* from 0: 0.1 of it, then 0.19 */
                differ += !(fabsf(moved[1][i] - 1.9f * moved[0][i]) <= 1e-5f * fabsf(moved[0][i]));
            CHECK(ok && !differ && moved[0][0] != 0, "the batch's statistics outlive the way back");
        }
        eng_tape_free(tape);
        eng_tape_free(once);
        eng_grads_free(grads);
        eng_grads_free(same);
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

/* conv, max pool, linear: a net of one of each, of these sizes. */
static struct eng_net *sized_net(const struct eng_conv *conv, size_t pool, size_t classes, int relu)
{
    struct eng_net *net;
    eng_net_new(&net, 3);
    int v = eng_net_conv2d(net, eng_net_input(net), "conv", conv);
    v = eng_net_max_pool(net, v, pool, 2, 0);
    if (relu)
        v = eng_net_relu(net, v);
    eng_net_linear(net, eng_net_flatten(net, eng_net_avg_pool(net, v, 1, 1)), "fc", conv->out,
                   classes);
    if (eng_net_finish(net, NULL) != ENG_OK)
        exit(1);
    return net;
}

/* A tape that is given another net computes what a tape of its own would. */
static void test_use(void)
{
    struct eng_net *net[] = {small_net(), small_net()};
    const struct eng_tape_options options = {BATCH, 6, 7, 3, 0, 0};
    struct eng_tape *tape, *own = NULL;
    float x[BATCH * PIXELS], seed[BATCH * OUTPUTS], dx[2][BATCH * PIXELS];
    for (size_t i = 0; i < BATCH * PIXELS; i++)
        x[i] = eng_rng_normal(&rng);
    for (size_t i = 0; i < BATCH * OUTPUTS; i++)
        seed[i] = eng_rng_normal(&rng);
    int ok = eng_net_alike(net[0], net[1]) && eng_net_alike(net[0], net[0]) &&
             eng_tape_new(&tape, net[0], &exec, &options, NULL) == ENG_OK &&
             eng_net_prepare(net[0], &exec, ENG_FOR_GRADIENTS) == ENG_OK;
    if (!CHECK(ok && eng_tape_forward(tape, x, BATCH) == ENG_OK, "two nets alike, one tape"))
        return;
    ok = eng_tape_use(tape, net[1]) == ENG_OK;
    CHECK(ok && eng_tape_backward(tape, seed, ENG_RELU_STANDARD, dx[0], NULL) == ENG_STATE,
          "with another net there is nothing to go back from");
    CHECK(eng_tape_forward(tape, x, BATCH) == ENG_STATE, "nor forward, before it is prepared");
    ok = eng_net_prepare(net[1], &exec, ENG_FOR_GRADIENTS) == ENG_OK &&
         eng_tape_new(&own, net[1], &exec, &options, NULL) == ENG_OK &&
         eng_tape_forward(own, x, BATCH) == ENG_OK && eng_tape_forward(tape, x, BATCH) == ENG_OK &&
         eng_tape_backward(own, seed, ENG_RELU_GUIDED, dx[0], NULL) == ENG_OK &&
         eng_tape_backward(tape, seed, ENG_RELU_GUIDED, dx[1], NULL) == ENG_OK;
    CHECK(ok && !memcmp(eng_tape_output(own), eng_tape_output(tape), sizeof seed) &&
              !memcmp(dx[0], dx[1], sizeof *dx),
          "the bits of a tape of its own");
    eng_tape_free(own);

    const struct eng_conv conv = {4, {3, 3}, {1, 1}, {1, 1}, 1};
    struct eng_conv other[8];
    for (size_t i = 0; i < 8; i++)
        other[i] = conv;
    other[0].out = 5;
    other[1].kernel[0] = 2;
    other[2].kernel[1] = 2;
    other[3].stride[0] = 2;
    other[4].stride[1] = 2;
    other[5].pad[0] = 0;
    other[6].pad[1] = 0;
    other[7].bias = 0;
    struct eng_net *base = sized_net(&conv, 2, 3, 0);
    struct eng_net *unlike[12] = {small_net(), sized_net(&conv, 3, 3, 0), sized_net(&conv, 2, 4, 0),
                                  sized_net(&conv, 2, 3, 1)};
    for (size_t i = 0; i < 8; i++)
        unlike[4 + i] = sized_net(&other[i], 2, 3, 0);
    int told = 1;
    for (size_t i = 0; i < 12; i++) {
        told &= !eng_net_alike(base, unlike[i]) && !eng_net_alike(unlike[i], base);
        eng_net_free(unlike[i]);
    }
    CHECK(told, "nets that differ in one size are told apart");
    CHECK(eng_tape_use(tape, base) == ENG_MISMATCH && eng_tape_forward(tape, x, 1) == ENG_OK,
          "one with other layers is refused, and the tape keeps its own");
    eng_net_free(base);
    eng_tape_free(tape);
    eng_net_free(net[0]);
    eng_net_free(net[1]);
}

int main(void)
{
    struct eng_why why;
    if (eng_exec_init(&exec, 1, NULL, &why) != ENG_OK) {
        tap_skip(why.text);
        return tap_done();
    }
    eng_rng_init(&rng, 1, 0);
    eng_exec_set_precision(&exec, ENG_PRECISION_F32);
    test_passes();
    test_once();
    test_slices();
    test_order();
    test_use();
    return tap_done();
}
