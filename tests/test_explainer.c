/* What must hold for the attributions of any net, on one with everything in it: the same numbers
 * whatever is computed together and in how much memory, those of a tape, progress, and errors. */
#include "attrib/explainer.h"
#include "engine/tape.h"
#include "tests/small_nets.h"

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

    struct eng_net *other;
    need(eng_net_new(&other, CHANNELS), NULL);
    const int x0 = eng_net_avg_pool(other, eng_net_input(other), 1, 1);
    eng_net_linear(other, eng_net_flatten(other, x0), "fc", CHANNELS, OUTPUTS);
    finish(other);
    CHECK(attr_explainer_use(e, other, &why) == ENG_MISMATCH && strstr(why.text, "layers") &&
              attr_explainer_use(e, net, &why) == ENG_OK,
          "a net with other layers: %s", why.text);
    eng_net_free(other);

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

int main(void)
{
    struct eng_why why = {""};
    need(eng_exec_init(&exec, 2, NULL, &why), &why);
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
