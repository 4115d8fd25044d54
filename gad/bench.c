#include "gad/bench.h"

#include "attrib/explainer.h"
#include "engine/choice.h"
#include "engine/loss.h"
#include "engine/optim.h"
#include "engine/rng.h"

#include <stdlib.h>
#include <time.h>

enum { CLASSES = 2, RUNS_MAX = 1000 };

struct bench {
    const struct gad_bench_options *o;
    struct eng_net *net;
    float *x, *dx;        /* [batch][3][size][size] */
    float *seed, *target; /* [batch][classes] */
    struct eng_tape *tape;
    struct eng_grads *grads;
    struct eng_optim *optim;
    struct attr_explainer *explainer;
    struct attr_request request;
    struct attr_result result;
    size_t passes; /* images forward or back, in one run */
};

ENG_CHOICE(gad_bench, gad_bench_job, GAD_BENCH_JOBS, "job")

/* ---- the jobs ------------------------------------------------------------------------------- */

static enum eng_err run_forward(struct bench *b)
{
    b->passes = b->o->batch;
    return eng_tape_forward(b->tape, b->x, b->o->batch);
}

static enum eng_err run_input_gradient(struct bench *b)
{
    ENG_TRY(run_forward(b));
    b->passes = 2 * b->o->batch;
    return eng_tape_backward(b->tape, b->seed, ENG_RELU_STANDARD, b->dx, NULL);
}

static int count_passes(void *context, size_t done, size_t total)
{
    (void)done;
    *(size_t *)context = total;
    return 0;
}

static enum eng_err run_attribution(struct bench *b)
{
    return attr_explainer_run(b->explainer, &b->request, &b->result, NULL);
}

static enum eng_err run_train(struct bench *b)
{
    const size_t n = b->o->batch;
    ENG_TRY(eng_net_prepare(b->net, b->o->exec,
                            ENG_FOR_TRAINING)); /* the last step changed the weights */
    ENG_TRY(run_forward(b));
    eng_mse(eng_tape_output(b->tape), b->target, n, b->o->net.classes, b->seed);
    eng_optim_begin(b->optim, b->o->exec, b->net, 1e-4f);
    ENG_TRY(eng_tape_backward(b->tape, b->seed, ENG_RELU_STANDARD, NULL, b->grads));
    eng_optim_end(b->optim);
    b->passes = 3 * n;
    return eng_tape_update_running(b->tape, b->net);
}

static enum eng_err (*const jobs[])(struct bench *) = {
    [GAD_BENCH_FORWARD] = run_forward,
    [GAD_BENCH_INPUT_GRADIENT] = run_input_gradient,
    [GAD_BENCH_ATTRIBUTION] = run_attribution,
    [GAD_BENCH_TRAIN] = run_train,
};

/* ---- setting up ----------------------------------------------------------------------------- */

static const size_t both[CLASSES] = {0, 1};

static enum eng_err init_explainer(struct bench *b, size_t numbers, struct eng_why *why)
{
    const struct gad_bench_options *o = b->o;
    b->request = (struct attr_request){.x = b->x,
                                       .images = o->batch,
                                       .classes = both,
                                       .class_count = CLASSES,
                                       .ig = attr_ig_default(),
                                       .progress = count_passes,
                                       .context = &b->passes};
    ENG_TRY(attr_methods_parse(&b->request.methods, "all", why));
    const size_t maps = eng_product(numbers, b->request.methods.count * CLASSES);
    b->result.logits = calloc(o->batch * o->net.classes, sizeof(float));
    b->result.attributions = maps == (size_t)-1 ? NULL : calloc(maps, sizeof(float));
    b->result.gap = calloc(CLASSES * o->batch, sizeof(double));
    if (!b->result.logits || !b->result.attributions || !b->result.gap)
        return eng_fail(why, ENG_NOMEM, "no memory for %zu images; use fewer", o->batch);
    return attr_explainer_new(&b->explainer, b->net, o->exec, o->size, o->size, 0, why);
}

static enum eng_err init_tape(struct bench *b, struct eng_why *why)
{
    const int train = b->o->job == GAD_BENCH_TRAIN;
    const struct eng_tape_options shape = {.batch = b->o->batch,
                                           .height = b->o->size,
                                           .width = b->o->size,
                                           .want = train ? ENG_WANT_PARAMS | ENG_WANT_ONCE
                                                   : b->o->job == GAD_BENCH_INPUT_GRADIENT
                                                       ? ENG_WANT_INPUT
                                                       : ENG_WANT_OUTPUT,
                                           .train_batch_norm = train,
                                           .dropout = train};
    const struct eng_optim_config adam = eng_optim_adam();
    if (train && (eng_optim_new(&b->optim, b->net, &adam) != ENG_OK ||
                  eng_optim_stream(&b->grads, b->optim, b->net) != ENG_OK))
        return eng_fail(why, ENG_NOMEM, "no memory to train this net; use a smaller one");
    return eng_tape_new(&b->tape, b->net, b->o->exec, &shape, why);
}

static enum eng_err init(struct bench *b, struct eng_why *why)
{
    const struct gad_bench_options *o = b->o;
    const size_t numbers = eng_product(eng_product(o->batch, 3), eng_product(o->size, o->size));
    struct eng_rng rng;
    if (o->batch == 0 || o->size == 0 || o->runs == 0 || o->runs > RUNS_MAX)
        return eng_fail(why, ENG_ARG,
                        "%zu runs of %zu images of %zu pixels cannot be; give 1 to %d "
                        "runs, and at least one image",
                        o->runs, o->batch, o->size, RUNS_MAX);
    if (o->net.classes < CLASSES)
        return eng_fail(why, ENG_ARG, "a net of %zu classes has nothing to tell apart; give 2",
                        o->net.classes);
    ENG_TRY(eng_arch_build(&b->net, &o->net, why));
    eng_arch_init(b->net, &o->net, o->seed);
    const size_t outputs = eng_product(o->batch, o->net.classes);
    if (numbers != (size_t)-1 && outputs != (size_t)-1) {
        b->x = calloc(numbers, sizeof *b->x);
        b->dx = calloc(numbers, sizeof *b->dx);
        b->seed = calloc(outputs, sizeof *b->seed);
        b->target = calloc(outputs, sizeof *b->target);
    }
    if (!b->x || !b->dx || !b->seed || !b->target)
        return eng_fail(why, ENG_NOMEM, "no memory for %zu images of %zu x %zu; use fewer",
                        o->batch, o->size, o->size);
    eng_rng_init(&rng, o->seed, 1);
    for (size_t i = 0; i < numbers; i++)
        b->x[i] = eng_rng_normal(&rng);
    for (size_t i = 0; i < o->batch; i++)
        b->seed[i * o->net.classes] = 1.0f; /* the first output's gradient */
    const enum eng_use use = o->job == GAD_BENCH_FORWARD ? ENG_FOR_OUTPUT
                             : o->job == GAD_BENCH_TRAIN ? ENG_FOR_TRAINING
                                                         : ENG_FOR_GRADIENTS;
    if (eng_net_prepare(b->net, o->exec, use) != ENG_OK)
        return eng_fail(why, ENG_NOMEM, "no memory for this net; use a smaller one");
    return o->job == GAD_BENCH_ATTRIBUTION ? init_explainer(b, numbers, why) : init_tape(b, why);
}

static void release(struct bench *b)
{
    eng_tape_free(b->tape);
    eng_grads_free(b->grads);
    eng_optim_free(b->optim);
    attr_explainer_free(b->explainer);
    free(b->result.logits);
    free(b->result.attributions);
    free(b->result.gap);
    free(b->x);
    free(b->dx);
    free(b->seed);
    free(b->target);
    eng_net_free(b->net);
}

/* ---- measuring ------------------------------------------------------------------------------ */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum eng_err measure(struct bench *b, struct gad_bench_result *result, struct eng_why *why)
{
    const struct gad_bench_options *o = b->o;
    double seconds[RUNS_MAX];
    for (size_t i = 0; i <= o->runs; i++) {
        if (o->stop && o->stop(o->context))
            return eng_fail(why, ENG_INTERRUPTED, "interrupted");
        const double start = now();
        const enum eng_err err = jobs[o->job](b);
        if (err != ENG_OK)
            return eng_fail(why, err, "%s", eng_err_text(err));
        if (i > 0) /* the first one faults in memory and wakes threads */
            seconds[i - 1] = now() - start;
    }
    qsort(seconds, o->runs, sizeof *seconds, compare);
    result->best = seconds[0];
    result->median = (seconds[(o->runs - 1) / 2] + seconds[o->runs / 2]) / 2;
    result->flops = (double)b->passes * eng_net_flops(b->net, o->size, o->size);
    return ENG_OK;
}

enum eng_err gad_bench_run(struct gad_bench_result *result, const struct gad_bench_options *options,
                           struct eng_why *why)
{
    struct bench b = {.o = options};
    enum eng_err err = init(&b, why);
    if (err == ENG_OK)
        err = measure(&b, result, why);
    release(&b);
    return err;
}

/* ---- facts ---------------------------------------------------------------------------------- */

const char *gad_bench_compiler(void)
{
#ifdef __clang__
    return __VERSION__; /* begins with its name */
#elif defined(__GNUC__)
    return "GCC " __VERSION__;
#else
    return "unknown";
#endif
}

const char *gad_bench_commit(void)
{
    const char *commit = getenv("GAD_COMMIT");
    return commit && *commit ? commit : "unknown";
}
