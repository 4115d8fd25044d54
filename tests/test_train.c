/* Training: losses against closed forms and finite differences, optimisers against their papers'
 * formulas in double precision, schedules, and a net that learns. */
#include "engine/loss.h"
#include "engine/optim.h"
#include "tests/tap.h"

static struct eng_exec exec;
static struct eng_rng rng;

/* ---- losses ---------------------------------------------------------------------------------- */

enum { N = 5, CLASSES = 4, COUNT = N * CLASSES };

static void test_softmax(void)
{
    const float logits[] = {0,      0,     0, 0, 1000, 1000,         -1000,       999,
                            -3e38f, 3e38f, 0, 0, 0,    0.693147181f, 1.09861229f, 1.38629436f};
    const double want[] = {0.25, 0.25, 0.25, 0.25, 0.42232, 0.42232, 0,   0.15536,
                           0,    1,    0,    0,    0.1,     0.2,     0.3, 0.4};
    float p[16];
    double worst = 0;
    eng_softmax(logits, 4, 4, p);
    for (int i = 0; i < 16; i++)
        worst = tap_worse(worst, fabs(p[i] - want[i]));
    CHECK(worst < 1e-5, "softmax of small, large and extreme logits: %.1e", worst);
}

static void test_losses(void)
{
    const float even[4] = {7, 7, 7, 7}, sure[4] = {0, 100, 0, 0};
    const size_t first[1] = {0}, second[1] = {1};
    float seed[COUNT];
    CHECK(fabs(eng_softmax_xent(even, first, 1, 4, seed) - log(4)) < 1e-12 && seed[0] == -0.75f &&
              seed[1] == 0.25f,
          "cross-entropy of equal logits is log 4");
    CHECK(eng_softmax_xent(sure, second, 1, 4, NULL) < 1e-12 &&
              fabs(eng_softmax_xent(sure, first, 1, 4, NULL) - 100) < 1e-9,
          "of a sure answer 0, of a sure mistake the margin");
    const float huge[2] = {-3e38f, 3e38f};
    CHECK(isfinite(eng_softmax_xent(huge, first, 1, 2, seed)) && seed[0] == -1 && seed[1] == 1,
          "of huge logits finite");
    const float target[4] = {6, 8, 7, 3};
    CHECK(eng_mse(even, target, 1, 4, seed) == 18.0 / 4 && seed[0] == 0.5f && seed[1] == -0.5f &&
              seed[2] == 0 && seed[3] == 2,
          "mean squared error is over all elements");
    CHECK(eng_mse(even, target, 2, 2, NULL) == 18.0 / 4, "however they are arranged");
}

/* Central differences: the losses take float32 logits, so the step is a power of two. */
static void test_seeds(void)
{
    float logits[COUNT], target[COUNT], seed[2][COUNT];
    size_t labels[N];
    double worst = 0;
    const float step = 0x1p-12f;
    for (int i = 0; i < COUNT; i++) {
        logits[i] = 2 * eng_rng_normal(&rng);
        target[i] = eng_rng_normal(&rng);
    }
    for (int i = 0; i < N; i++)
        labels[i] = eng_rng_below(&rng, CLASSES);
    eng_softmax_xent(logits, labels, N, CLASSES, seed[0]);
    eng_mse(logits, target, N, CLASSES, seed[1]);
    for (int i = 0; i < COUNT; i++) {
        const float start = logits[i], up = start + step, down = start - step;
        logits[i] = up;
        double xent = eng_softmax_xent(logits, labels, N, CLASSES, NULL);
        double mse = eng_mse(logits, target, N, CLASSES, NULL);
        logits[i] = down;
        xent -= eng_softmax_xent(logits, labels, N, CLASSES, NULL);
        mse -= eng_mse(logits, target, N, CLASSES, NULL);
        logits[i] = start;
        worst = tap_worse(worst, fabs(xent / ((double)up - down) - seed[0][i]));
        worst = tap_worse(worst, fabs(mse / ((double)up - down) - seed[1][i]));
    }
    CHECK(worst < 1e-7, "seeds are slopes: %.1e", worst);
}

/* ---- optimisers ------------------------------------------------------------------------------ */

/* A net for its parameters: a matrix (decays), a bias and a norm's vectors (do not). */
static struct eng_net *vectors(void)
{
    struct eng_net *net;
    if (eng_net_new(&net, 4) != ENG_OK)
        exit(1);
    eng_net_linear(net, eng_net_batch_norm(net, 0, "bn"), "fc", 4, 7);
    if (eng_net_finish(net, NULL) != ENG_OK)
        exit(1);
    for (size_t i = 0; i < eng_net_param_count(net); i++)
        for (size_t k = 0; k < eng_shape_count(&eng_net_param(net, i)->shape); k++)
            eng_net_param(net, i)->value[k] = eng_rng_normal(&rng);
    return net;
}

struct reference {
    double value, m, v;
};

/* One step by the book. Adam as in Kingma & Ba, algorithm 1, eps outside the root; decay as in
 * Loshchilov & Hutter, algorithm 2. SGD as PyTorch documents it. */
static void reference_step(struct reference *r, const struct eng_optim_config *c, double g,
                           double lr, double decay, int t)
{
    if (c->kind == ENG_OPTIM_SGD) {
        r->m = c->momentum * r->m + g + decay * r->value;
        r->value -= lr * r->m;
        return;
    }
    r->m = c->beta1 * r->m + (1 - (double)c->beta1) * g;
    r->v = c->beta2 * r->v + (1 - (double)c->beta2) * g * g;
    const double m = r->m / (1 - pow(c->beta1, t)), v = r->v / (1 - pow(c->beta2, t));
    r->value -= lr * decay * r->value + lr * m / (sqrt(v) + c->eps);
}

static void check_optim(const char *what, const struct eng_optim_config *config)
{
    enum { STEPS = 20, MOST = 64 };
    struct eng_net *net = vectors();
    struct eng_grads *grads;
    struct eng_optim *optim;
    struct reference reference[6][MOST];
    double worst = 0, state_worst = 0;
    size_t frozen = 0, states = 0;
    if (!CHECK(eng_grads_new(&grads, net) == ENG_OK &&
                   eng_optim_new(&optim, net, config) == ENG_OK && eng_optim_steps(optim) == 0,
               "%s: starts", what))
        exit(1);
    const size_t params = eng_net_param_count(net);
    for (size_t i = 0; i < params; i++)
        for (size_t k = 0; k < eng_shape_count(&eng_net_param(net, i)->shape); k++)
            reference[i][k] = (struct reference){eng_net_param(net, i)->value[k], 0, 0};
    for (int t = 1; t <= STEPS; t++) {
        const float lr = 0.02f / (float)t;
        for (size_t i = 0; i < params; i++) {
            const struct eng_param *p = eng_net_param(net, i);
            float *g = eng_grads_value(grads, i);
            const double decay = p->shape.rank >= 2 ? (double)config->weight_decay : 0;
            for (size_t k = 0; g && k < eng_shape_count(&p->shape); k++) {
                g[k] = k % 5 == 4 ? 0.0f : eng_rng_normal(&rng) * (k % 3 ? 1.0f : 1e-4f);
                reference_step(&reference[i][k], config, g[k], lr, decay, t);
            }
        }
        eng_optim_step(optim, &exec, net, grads, lr);
    }
    for (size_t i = 0; i < params; i++) {
        const struct eng_param *p = eng_net_param(net, i);
        const float *m = eng_optim_state(optim, i, 0), *v = eng_optim_state(optim, i, 1);
        states += !!m != eng_param_trains(p);
        states += !!v != (eng_param_trains(p) && config->kind == ENG_OPTIM_ADAM);
        for (size_t k = 0; k < eng_shape_count(&p->shape); k++) {
            const struct reference *r = &reference[i][k];
            if (!eng_param_trains(p))
                frozen += p->value[k] != (float)r->value;
            worst = tap_worse(worst, fabs(p->value[k] - r->value));
            if (m)
                state_worst = tap_worse(state_worst, fabs(m[k] - r->m));
            if (v)
                state_worst = tap_worse(state_worst, fabs(v[k] - r->v));
        }
    }
    /* Twenty steps, each rounded a few times at values of about 1. */
    CHECK(worst < 5e-6 && state_worst < 5e-6, "%s: %d steps by the book: %.1e, its state %.1e",
          what, STEPS, worst, state_worst);
    CHECK(!frozen, "%s: leaves running averages alone", what);
    CHECK(!states && !eng_optim_state(optim, 0, -1) && !eng_optim_state(optim, 0, 2),
          "%s: has the state it says", what);
    CHECK(eng_optim_steps(optim) == STEPS, "%s: counts its steps", what);
    eng_optim_free(optim);
    eng_optim_free(NULL);
    eng_grads_free(grads);
    eng_net_free(net);
}

static void test_optim(void)
{
    struct eng_optim_config config = eng_optim_adam();
    CHECK(config.kind == ENG_OPTIM_ADAM && config.beta1 == 0.9f && config.beta2 == 0.999f &&
              config.eps == 1e-8f && config.weight_decay == 0,
          "Adam has PyTorch's defaults");
    check_optim("Adam", &config);
    config.weight_decay = 0.1f;
    check_optim("AdamW", &config);
    config.beta1 = 0.5f;
    config.eps = 1e-3f;
    check_optim("AdamW with other constants", &config);
    config = eng_optim_sgd(0, 0);
    check_optim("SGD", &config);
    config = eng_optim_sgd(0.9f, 0.05f);
    check_optim("SGD with momentum and decay", &config);
}

/* Where gradients stop, momentum goes to zero, and does not stay among the denormal numbers. */
static void check_rest(const char *what, const struct eng_optim_config *config)
{
    struct eng_net *net = vectors();
    struct eng_grads *grads;
    struct eng_optim *optim;
    size_t numbers = 0, denormal = 0, zero = 0;
    if (eng_grads_new(&grads, net) || eng_optim_new(&optim, net, config))
        exit(1);
    for (int t = 0; t < 1200; t++) {
        for (size_t i = 0; i < eng_net_param_count(net); i++) {
            const size_t count = eng_shape_count(&eng_net_param(net, i)->shape);
            const float *momentum = eng_optim_state(optim, i, 0);
            float *g = eng_grads_value(grads, i);
            for (size_t k = 0; g && k < count; k++) {
                g[k] = t == 0 ? eng_rng_normal(&rng) : 0.0f;
                denormal += fpclassify(momentum[k]) == FP_SUBNORMAL;
                numbers += t == 1199;
                zero += t == 1199 && momentum[k] == 0;
            }
        }
        eng_optim_step(optim, &exec, net, grads, 0.01f);
    }
    CHECK(numbers && zero == numbers && !denormal,
          "%s: momentum comes to rest: %zu of %zu are zero, %zu were denormal", what, zero, numbers,
          denormal);
    eng_optim_free(optim);
    eng_grads_free(grads);
    eng_net_free(net);
}

static void test_rest(void)
{
    const struct eng_optim_config adam = eng_optim_adam(), sgd = eng_optim_sgd(0.9f, 0);
    check_rest("Adam", &adam);
    check_rest("SGD", &sgd);
}

/* A run cut in two, its state carried over as a checkpoint does, ends with the same bits. */
static void test_resume(void)
{
    const struct eng_optim_config config = eng_optim_adam();
    struct eng_net *net[2] = {vectors(), vectors()};
    struct eng_grads *grads;
    struct eng_optim *optim[2], *second;
    size_t differ = 0;
    for (size_t i = 0; i < eng_net_param_count(net[0]); i++)
        memcpy(eng_net_param(net[1], i)->value, eng_net_param(net[0], i)->value,
               eng_shape_count(&eng_net_param(net[0], i)->shape) * sizeof(float));
    if (eng_grads_new(&grads, net[0]) || eng_optim_new(&optim[0], net[0], &config) ||
        eng_optim_new(&optim[1], net[1], &config) || eng_optim_new(&second, net[1], &config))
        exit(1);
    for (int t = 0; t < 6; t++) {
        for (size_t i = 0; i < eng_net_param_count(net[0]); i++) {
            const size_t count = eng_shape_count(&eng_net_param(net[0], i)->shape);
            float *g = eng_grads_value(grads, i);
            for (size_t k = 0; g && k < count; k++)
                g[k] = eng_rng_normal(&rng);
        }
        if (t == 3) {
            for (size_t i = 0; i < eng_net_param_count(net[1]); i++)
                for (int which = 0; eng_optim_state(optim[1], i, which); which++)
                    memcpy(eng_optim_state(second, i, which), eng_optim_state(optim[1], i, which),
                           eng_shape_count(&eng_net_param(net[1], i)->shape) * sizeof(float));
            eng_optim_set_steps(second, eng_optim_steps(optim[1]));
        }
        eng_optim_step(optim[0], &exec, net[0], grads, 0.01f);
        eng_optim_step(t < 3 ? optim[1] : second, &exec, net[1], grads, 0.01f);
    }
    for (size_t i = 0; i < eng_net_param_count(net[0]); i++)
        differ += memcmp(eng_net_param(net[0], i)->value, eng_net_param(net[1], i)->value,
                         eng_shape_count(&eng_net_param(net[0], i)->shape) * sizeof(float)) != 0;
    CHECK(!differ, "a run continued from its state is the run");
    eng_optim_free(optim[0]);
    eng_optim_free(optim[1]);
    eng_optim_free(second);
    eng_grads_free(grads);
    eng_net_free(net[0]);
    eng_net_free(net[1]);
}

static void test_schedule(void)
{
    const float top = 0.5f;
    int constant = 1, rising = 1, falling = 1;
    for (uint64_t step = 0; step < 100; step++) {
        constant &= eng_schedule_rate(ENG_SCHEDULE_CONSTANT, top, step, 100, 10) == top;
        const float rate = eng_schedule_rate(ENG_SCHEDULE_COSINE, top, step, 100, 10);
        const double want = step < 10 ? 0.05 * (double)(step + 1)
                                      : 0.25 * (1 + cos(acos(-1) * (double)(step - 10) / 90));
        rising &= fabs(rate - want) < 1e-6;
        falling &= rate > 0 && (step <= 10 || rate < eng_schedule_rate(ENG_SCHEDULE_COSINE, top,
                                                                       step - 1, 100, 10));
    }
    CHECK(constant, "a constant rate is constant");
    CHECK(rising && falling, "a tenth of the way up, then half a cosine down, never at 0");
    CHECK(eng_schedule_rate(ENG_SCHEDULE_COSINE, top, 0, 100, 0) == top &&
              fabs(eng_schedule_rate(ENG_SCHEDULE_COSINE, top, 50, 100, 0) - 0.25) < 1e-7 &&
              eng_schedule_rate(ENG_SCHEDULE_COSINE, top, 100, 100, 0) == 0,
          "without warm-up: from the top, half in the middle, 0 at the end");
    CHECK(eng_schedule_rate(ENG_SCHEDULE_COSINE, top, 2, 3, 3) == top &&
              isfinite(eng_schedule_rate(ENG_SCHEDULE_COSINE, top, 3, 3, 3)),
          "nothing but warm-up");
}

/* ---- learning -------------------------------------------------------------------------------- */

enum { SIDE = 8, BATCH = 16, PIXELS = SIDE * SIDE };

/* Stripes across against stripes along, in noise. */
static void draw(float *x, size_t *labels)
{
    for (size_t n = 0; n < BATCH; n++) {
        labels[n] = eng_rng_below(&rng, 2);
        const size_t phase = eng_rng_below(&rng, 2);
        for (size_t i = 0; i < PIXELS; i++) {
            const size_t at = (labels[n] ? i / SIDE : i % SIDE) + phase;
            x[n * PIXELS + i] = (at % 2 ? 1.0f : -1.0f) + 0.5f * eng_rng_normal(&rng);
        }
    }
}

/* ---- gradients that are handed on ------------------------------------------------------------ */

enum { WIDE = 1100 }; /* outputs of a layer whose weights come in many blocks */

static struct eng_net *wide_net(void)
{
    struct eng_net *net;
    eng_net_new(&net, 1);
    int v = eng_net_conv2d(net, 0, "conv", &(struct eng_conv){32, {3, 3}, {1, 1}, {1, 1}, 1});
    v = eng_net_flatten(net, eng_net_relu(net, eng_net_batch_norm(net, v, "bn")));
    v = eng_net_relu(net, eng_net_linear(net, v, "fc1", 32 * PIXELS, WIDE));
    eng_net_linear(net, v, "fc2", WIDE, 2);
    if (eng_net_finish(net, NULL) != ENG_OK)
        exit(1);
    return net;
}

/* Counts how often each number of each parameter comes, from whatever thread. */
struct counter {
    struct eng_grad_taker taker;
    size_t *seen[16], *with[16]; /* of each number: how often; how many came with it */
};

static void count_numbers(const struct eng_grad_taker *self, size_t param, size_t first,
                          size_t count, const float *grad)
{
    struct counter *c = (struct counter *)self;
    for (size_t i = first; i < first + count; i++) {
        c->seen[param][i] += isfinite(grad[i - first]) != 0;
        c->with[param][i] = count;
    }
}

static void test_stream(void)
{
    struct eng_net *net = wide_net();
    struct counter counter = {.taker = {count_numbers}};
    struct eng_grads *grads;
    struct eng_tape *tape;
    const struct eng_tape_options options = {BATCH, SIDE, SIDE, ENG_WANT_PARAMS, 1, 0};
    float x[BATCH * PIXELS], seed[2 * BATCH];
    size_t labels[BATCH], numbers = 0, once = 0, rows = 0;
    const size_t params = eng_net_param_count(net);
    for (size_t i = 0; i < params; i++) {
        const size_t count = eng_shape_count(&eng_net_param(net, i)->shape);
        counter.seen[i] = calloc(count, sizeof(size_t));
        counter.with[i] = calloc(count, sizeof(size_t));
    }
    draw(x, labels);
    for (int i = 0; i < 2 * BATCH; i++)
        seed[i] = eng_rng_normal(&rng);
    const int ok = eng_grads_new_stream(&grads, net, &counter.taker) == ENG_OK &&
                   eng_tape_new(&tape, net, &exec, &options, NULL) == ENG_OK &&
                   eng_net_prepare(net, &exec, ENG_FOR_TRAINING) == ENG_OK &&
                   eng_tape_forward(tape, x, BATCH) == ENG_OK &&
                   eng_tape_backward(tape, seed, ENG_RELU_STANDARD, NULL, grads) == ENG_OK;
    for (size_t i = 0; i < params; i++) {
        const struct eng_param *p = eng_net_param(net, i);
        for (size_t k = 0; eng_param_trains(p) && k < eng_shape_count(&p->shape); k++, numbers++) {
            once += counter.seen[i][k] == 1;
            rows += counter.with[i][k] == 32 * PIXELS && !strcmp(p->name, "fc1.weight");
        }
        free(counter.seen[i]);
        free(counter.with[i]);
    }
    CHECK(ok && once == numbers, "a stream has every gradient once: %zu of %zu", once, numbers);
    CHECK(rows == (size_t)WIDE * 32 * PIXELS, "those of linear weights a row at a time");
    CHECK(!eng_grads_value(grads, 0), "a stream keeps nothing");
    eng_grads_zero(grads);
    eng_grads_free(grads);
    eng_tape_free(tape);
    eng_net_free(net);
}

/* Steps taken on the way back are those taken after it. */
static void check_steps(const char *what, const struct eng_optim_config *config)
{
    struct eng_net *net[2] = {wide_net(), wide_net()};
    struct eng_optim *optim[2];
    struct eng_grads *grads[2];
    struct eng_tape *tape[2];
    const struct eng_tape_options options = {BATCH, SIDE, SIDE, ENG_WANT_PARAMS, 1, 0};
    size_t labels[BATCH], differ = 0, same = 0;
    float x[BATCH * PIXELS], seed[2 * BATCH];
    int ok = 1;
    for (int i = 0; i < 2; i++)
        ok &= eng_optim_new(&optim[i], net[i], config) == ENG_OK &&
              eng_tape_new(&tape[i], net[i], &exec, &options, NULL) == ENG_OK;
    ok &= eng_grads_new(&grads[0], net[0]) == ENG_OK &&
          eng_optim_stream(&grads[1], optim[1], net[1]) == ENG_OK;
    for (size_t p = 0; ok && p < eng_net_param_count(net[0]); p++) {
        const size_t count = eng_shape_count(&eng_net_param(net[0], p)->shape);
        float *value = eng_net_param(net[0], p)->value;
        for (size_t k = 0; eng_param_trains(eng_net_param(net[0], p)) && k < count; k++)
            value[k] = 0.05f * eng_rng_normal(&rng);
        memcpy(eng_net_param(net[1], p)->value, value, count * sizeof *value);
    }
    for (int step = 0; ok && step < 3; step++) {
        draw(x, labels);
        for (int i = 0; i < 2; i++) {
            eng_net_changed(net[i]);
            ok &= eng_net_prepare(net[i], &exec, ENG_FOR_TRAINING) == ENG_OK &&
                  eng_tape_forward(tape[i], x, BATCH) == ENG_OK;
            eng_softmax_xent(eng_tape_output(tape[i]), labels, BATCH, 2, seed);
            if (i == 0)
                eng_grads_zero(grads[0]);
            else
                eng_optim_begin(optim[1], &exec, net[1], 0.01f);
            ok &= eng_tape_backward(tape[i], seed, ENG_RELU_STANDARD, NULL, grads[i]) == ENG_OK;
            if (i == 0)
                eng_optim_step(optim[0], &exec, net[0], grads[0], 0.01f);
            else
                eng_optim_end(optim[1]);
        }
    }
    for (size_t p = 0; p < eng_net_param_count(net[0]); p++) {
        const size_t bytes = eng_shape_count(&eng_net_param(net[0], p)->shape) * sizeof(float);
        const int off = memcmp(eng_net_param(net[0], p)->value, eng_net_param(net[1], p)->value,
                               bytes) != 0;
        differ += off;
        same += !off;
        for (int a = 0; eng_optim_state(optim[0], p, a); a++)
            differ += memcmp(eng_optim_state(optim[0], p, a), eng_optim_state(optim[1], p, a),
                             bytes) != 0;
    }
    CHECK(ok && !differ && same == eng_net_param_count(net[0]) && eng_optim_steps(optim[1]) == 3,
          "%s: steps on the way back have the bits of steps after it (%zu arrays differ)", what,
          differ);
    for (int i = 0; i < 2; i++) {
        eng_grads_free(grads[i]);
        eng_optim_free(optim[i]);
        eng_tape_free(tape[i]);
        eng_net_free(net[i]);
    }
}

static void test_steps(void)
{
    struct eng_optim_config adam = eng_optim_adam();
    const struct eng_optim_config sgd = eng_optim_sgd(0.9f, 0.05f);
    adam.weight_decay = 0.1f;
    check_steps("AdamW", &adam);
    check_steps("SGD", &sgd);
}

static void check_learning(const char *what, const struct eng_optim_config *config, float lr)
{
    enum { STEPS = 60 };
    struct eng_net *net;
    struct eng_tape *tape, *evaluation;
    struct eng_grads *grads;
    struct eng_optim *optim;
    float x[BATCH * PIXELS], seed[BATCH * 2];
    size_t labels[BATCH], right = 0;
    double first = 0, last = 0;
    eng_net_new(&net, 1);
    int v = eng_net_conv2d(net, 0, "conv", &(struct eng_conv){6, {3, 3}, {1, 1}, {1, 1}, 0});
    v = eng_net_max_pool(net, eng_net_relu(net, eng_net_batch_norm(net, v, "bn")), 2, 2, 0);
    v = eng_net_dropout(net, eng_net_flatten(net, eng_net_avg_pool(net, v, 1, 1)), 0.1f);
    eng_net_linear(net, v, "fc", 6, 2);
    const struct eng_tape_options training = {BATCH, SIDE, SIDE, ENG_WANT_PARAMS, 1, 1};
    const struct eng_tape_options plain = {BATCH, SIDE, SIDE, 0, 0, 0};
    if (!CHECK(eng_net_finish(net, NULL) == ENG_OK &&
                   eng_tape_new(&tape, net, &exec, &training, NULL) == ENG_OK &&
                   eng_tape_new(&evaluation, net, &exec, &plain, NULL) == ENG_OK &&
                   eng_grads_new(&grads, net) == ENG_OK &&
                   eng_optim_new(&optim, net, config) == ENG_OK,
               "%s: a small net", what))
        exit(1);
    for (size_t i = 0; i < eng_net_param_count(net); i++) {
        struct eng_param *p = eng_net_param(net, i);
        for (size_t k = 0; p->shape.rank > 1 && k < eng_shape_count(&p->shape); k++)
            p->value[k] = 0.3f * eng_rng_normal(&rng);
    }
    eng_net_changed(net);
    int ok = 1;
    for (uint64_t step = 0; step < STEPS; step++) {
        draw(x, labels);
        eng_grads_zero(grads);
        eng_tape_seed(tape, 1, step);
        ok &= eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS) == ENG_OK &&
              eng_tape_forward(tape, x, BATCH) == ENG_OK;
        const double loss = eng_softmax_xent(eng_tape_output(tape), labels, BATCH, 2, seed);
        ok &= eng_tape_backward(tape, seed, ENG_RELU_STANDARD, NULL, grads) == ENG_OK &&
              eng_tape_update_running(tape, net) == ENG_OK;
        eng_optim_step(optim, &exec, net, grads, lr);
        first += step < 5 ? loss / 5 : 0;
        last += step >= STEPS - 5 ? loss / 5 : 0;
    }
    for (int round = 0; round < 8; round++) {
        draw(x, labels);
        ok &= eng_net_prepare(net, &exec, ENG_FOR_OUTPUT) == ENG_OK &&
              eng_tape_forward(evaluation, x, BATCH) == ENG_OK;
        const float *y = eng_tape_output(evaluation);
        for (size_t n = 0; n < BATCH; n++)
            right += (y[2 * n + 1] > y[2 * n]) == labels[n];
    }
    CHECK(ok && last < 0.5 * first, "%s: learns, loss %.3f to %.3f", what, first, last);
    CHECK(right > 8 * BATCH * 9 / 10, "%s: and gets %zu of %d new images right", what, right,
          8 * BATCH);
    CHECK(eng_net_batches_tracked(net) == STEPS, "%s: %d batches seen", what, STEPS);
    eng_net_set_batches_tracked(net, 7);
    CHECK(eng_net_batches_tracked(net) == 7, "%s: the count can be set", what);
    eng_tape_free(tape);
    eng_tape_free(evaluation);
    eng_grads_free(grads);
    eng_optim_free(optim);
    eng_net_free(net);
}

static void test_learning(void)
{
    const struct eng_optim_config adam = eng_optim_adam(), sgd = eng_optim_sgd(0.9f, 1e-4f);
    check_learning("Adam", &adam, 0.02f);
    check_learning("SGD", &sgd, 0.05f);
}

int main(void)
{
    struct eng_why why;
    if (eng_exec_init(&exec, 1, NULL, &why) != ENG_OK) {
        tap_skip(why.text);
        return tap_done();
    }
    eng_rng_init(&rng, 7, 0);
    test_softmax();
    test_losses();
    test_seeds();
    test_optim();
    test_rest();
    test_resume();
    test_schedule();
    test_stream();
    test_steps();
    test_learning();
    return tap_done();
}
