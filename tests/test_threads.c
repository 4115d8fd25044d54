/* The number of threads never changes a bit: forward, both gradients and training of both nets,
 * with 1, 2, 3, 5 and 8 threads, and weights packed ahead or as training goes. Nor does a batch: an
 * image has the bits that it has alone. And two threads of the host share one net, each with its
 * tape. */
#include "engine/arch.h"
#include "engine/loss.h"
#include "engine/optim.h"
#include "tests/tap.h"

#include <pthread.h>

enum { BATCH = 3, SIDE = 48, CLASSES = 3, PIXELS = 3 * SIDE * SIDE, STEPS = 2 };

static const int thread_counts[] = {1, 2, 3, 5, 8};

static const struct eng_arch_config configs[] = {{"resnet18", 0.2f, CLASSES, 0},
                                                 {"vgg16", 0.13f, CLASSES, 70}};

static float images[BATCH * PIXELS];
static const size_t labels[BATCH] = {2, 0, 1};

static struct eng_net *build(const struct eng_arch_config *config)
{
    struct eng_net *net;
    if (eng_arch_build(&net, config, NULL) != ENG_OK)
        exit(1);
    eng_arch_init(net, config, 11);
    return net;
}

/* All that a run leaves behind, in one array. */
struct record {
    float *data;
    size_t count;
};

static void keep(struct record *record, const float *x, size_t count)
{
    record->data = realloc(record->data, (record->count + count) * sizeof *x);
    if (!record->data)
        exit(1);
    memcpy(record->data + record->count, x, count * sizeof *x);
    record->count += count;
}

static int same(const struct record *a, const struct record *b)
{
    return a->count == b->count && !memcmp(a->data, b->data, a->count * sizeof *a->data);
}

static int finite(const struct record *a)
{
    int all = a->count > 0;
    for (size_t i = 0; i < a->count; i++)
        all &= isfinite(a->data[i]) != 0;
    return all;
}

static const float seeds[BATCH * CLASSES] = {1, 0, 0, 0, 1, 0, 0.5f, 0, -1};

/* Output and input gradient under each rule, in evaluation. */
static enum eng_err explain(const struct eng_net *net, const struct eng_exec *exec,
                            struct record *record)
{
    const struct eng_tape_options options = {BATCH, SIDE, SIDE, ENG_WANT_INPUT, 0, 0};
    float *dx = malloc(BATCH * PIXELS * sizeof *dx);
    struct eng_tape *tape = NULL;
    enum eng_err err = eng_tape_new(&tape, net, exec, &options, NULL);
    if (err == ENG_OK)
        err = eng_tape_forward(tape, images, BATCH);
    if (err == ENG_OK)
        keep(record, eng_tape_output(tape), BATCH * CLASSES);
    for (int rule = 0; rule < 3 && err == ENG_OK; rule++) {
        err = eng_tape_backward(tape, seeds, (enum eng_relu_rule)rule, dx, NULL);
        keep(record, dx, BATCH * PIXELS);
    }
    eng_tape_free(tape);
    free(dx);
    return err;
}

/* Each image alone, against its part of the batch that `record` holds. */
static void test_alone(const struct eng_net *net, const struct eng_exec *exec,
                       const struct record *record, const char *arch)
{
    const struct eng_tape_options options = {1, SIDE, SIDE, ENG_WANT_INPUT, 0, 0};
    const float *outputs = record->data, *gradients = outputs + BATCH * CLASSES;
    struct eng_tape *tape = NULL;
    float *dx = malloc(PIXELS * sizeof *dx);
    int ok = dx && eng_tape_new(&tape, net, exec, &options, NULL) == ENG_OK;
    for (size_t i = 0; i < BATCH && ok; i++) {
        ok = eng_tape_forward(tape, images + i * PIXELS, 1) == ENG_OK &&
             !memcmp(eng_tape_output(tape), outputs + i * CLASSES, CLASSES * sizeof *outputs);
        for (size_t rule = 0; rule < 3 && ok; rule++)
            ok = eng_tape_backward(tape, seeds + i * CLASSES, (enum eng_relu_rule)rule, dx, NULL) ==
                     ENG_OK &&
                 !memcmp(dx, gradients + (rule * BATCH + i) * PIXELS, PIXELS * sizeof *dx);
    }
    CHECK(ok, "%s: outputs and input gradients of an image alone, the bits of a batch", arch);
    eng_tape_free(tape);
    free(dx);
}

/* A few steps of training with all there is: batch statistics, dropout, Adam. */
static enum eng_err train(struct eng_net *net, const struct eng_exec *exec, enum eng_use use,
                          struct record *record)
{
    const struct eng_tape_options options = {BATCH, SIDE, SIDE, ENG_WANT_PARAMS, 1, 1};
    const struct eng_optim_config adam = eng_optim_adam();
    struct eng_tape *tape = NULL;
    struct eng_grads *grads = NULL;
    struct eng_optim *optim = NULL;
    float seed[BATCH * CLASSES];
    enum eng_err err = eng_tape_new(&tape, net, exec, &options, NULL);
    if (err == ENG_OK)
        err = eng_grads_new(&grads, net);
    if (err == ENG_OK)
        err = eng_optim_new(&optim, net, &adam);
    for (uint64_t step = 0; step < STEPS && err == ENG_OK; step++) {
        err = eng_net_prepare(net, exec, use);
        if (err != ENG_OK)
            break;
        eng_tape_seed(tape, 99, step);
        eng_grads_zero(grads);
        if ((err = eng_tape_forward(tape, images, BATCH)) != ENG_OK)
            break;
        const float loss = (float)eng_softmax_xent(eng_tape_output(tape), labels, BATCH, CLASSES,
                                                   seed);
        keep(record, &loss, 1);
        if ((err = eng_tape_backward(tape, seed, ENG_RELU_STANDARD, NULL, grads)) != ENG_OK)
            break;
        for (size_t i = 0; i < eng_net_param_count(net); i++)
            if (eng_grads_value(grads, i))
                keep(record, eng_grads_value(grads, i),
                     eng_shape_count(&eng_net_param(net, i)->shape));
        err = eng_tape_update_running(tape, net);
        eng_optim_step(optim, exec, net, grads, 1e-3f);
    }
    for (size_t i = 0; i < eng_net_param_count(net); i++)
        keep(record, eng_net_param(net, i)->value, eng_shape_count(&eng_net_param(net, i)->shape));
    eng_tape_free(tape);
    eng_grads_free(grads);
    eng_optim_free(optim);
    return err;
}

/* The first `counts` of the numbers of threads. */
static void test_counts(const struct eng_arch_config *config, enum eng_precision precision,
                        size_t counts)
{
    struct record first = {0}, first_training = {0};
    for (size_t i = 0; i < counts; i++) {
        struct eng_net *net = build(config);
        struct eng_exec exec;
        struct record record = {0}, training = {0};
        const enum eng_use use = i % 2 ? ENG_FOR_TRAINING : ENG_FOR_GRADIENTS;
        int ok = eng_exec_init(&exec, thread_counts[i], NULL, NULL) == ENG_OK;
        eng_exec_set_precision(&exec, precision);
        ok = ok && eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS) == ENG_OK &&
             explain(net, &exec, &record) == ENG_OK;
        if (i == 0)
            test_alone(net, &exec, &record, config->arch);
        ok = ok && train(net, &exec, use, &training) == ENG_OK;
        CHECK(ok && finite(&record) && finite(&training), "%s, %d threads: runs, in %s",
              config->arch, thread_counts[i], eng_exec_arithmetic(&exec));
        eng_net_free(net);
        if (i == 0) {
            first = record;
            first_training = training;
            continue;
        }
        CHECK(same(&record, &first), "%s, %d threads: outputs and input gradients, bit by bit",
              config->arch, thread_counts[i]);
        CHECK(same(&training, &first_training),
              "%s, %d threads: losses, gradients and parameters of training, bit by bit",
              config->arch, thread_counts[i]);
        free(record.data);
        free(training.data);
    }
    free(first.data);
    free(first_training.data);
}

struct user {
    const struct eng_net *net;
    const struct eng_exec *exec;
    struct record record;
    enum eng_err err;
};

static void *use(void *context)
{
    struct user *user = context;
    for (int i = 0; i < 3 && user->err == ENG_OK; i++)
        user->err = explain(user->net, user->exec, &user->record);
    return NULL;
}

static void test_sharing(const struct eng_arch_config *config)
{
    struct eng_net *net = build(config);
    struct eng_exec exec;
    pthread_t threads[2];
    if (eng_exec_init(&exec, 1, NULL, NULL) != ENG_OK ||
        eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS) != ENG_OK)
        exit(1);
    struct user users[3] = {
        {net, &exec, {0}, ENG_OK}, {net, &exec, {0}, ENG_OK}, {net, &exec, {0}, ENG_OK}};
    use(&users[2]);
    int started = 0;
    while (started < 2 && !pthread_create(&threads[started], NULL, use, &users[started]))
        started++;
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    CHECK(started == 2 && users[0].err == ENG_OK && users[1].err == ENG_OK &&
              same(&users[0].record, &users[2].record) && same(&users[1].record, &users[2].record),
          "%s: two threads at once on one net, the bits of one alone", config->arch);
    for (int i = 0; i < 3; i++)
        free(users[i].record.data);
    eng_net_free(net);
}

int main(void)
{
    struct eng_exec exec;
    struct eng_why why;
    struct eng_rng rng;
    if (eng_exec_init(&exec, 2, NULL, &why) != ENG_OK) {
        tap_skip(why.text);
        return tap_done();
    }
    if (exec.threads == 1)
        tap_skip("built without OpenMP: one thread whatever is asked for");
    eng_rng_init(&rng, 4, 0);
    for (size_t i = 0; i < BATCH * PIXELS; i++)
        images[i] = eng_rng_normal(&rng);
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        test_counts(&configs[i], ENG_PRECISION_AUTO, sizeof thread_counts / sizeof *thread_counts);
        test_sharing(&configs[i]);
    }
    if (!exec.bf16) /* which auto is on tiles; slow without */
        test_counts(&configs[0], ENG_PRECISION_BF16X3, 2);
    return tap_done();
}
