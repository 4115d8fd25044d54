/* Convolutions one by one: bench_layers SHAPES..., each a file of lines
 *
 *     name  n  c  h  w  oc  k  s  p
 *
 * (images, channels, height, width, output channels, kernel, stride, padding). Each is timed in
 * three directions: forward, back to its input, back to its weights. As GAD_CPU says, and on
 * $OMP_NUM_THREADS threads. */
#include "bench/bench.h"
#include "engine/tape.h"

#include <stdlib.h>
#include <string.h>

struct shape {
    char name[64];
    size_t n, c, h, w, oc, k, s, p;
};

/* The layer as a net: pooled to one row of outputs, which a tape wants a net to end in. */
struct layer {
    struct eng_net *net;
    struct eng_tape *tape;
    struct eng_grads *grads;
    float *x, *dx, *seed;
    size_t n;
};

static void forward(void *context)
{
    struct layer *l = context;
    eng_tape_forward(l->tape, l->x, l->n);
}

static void back_to_input(void *context)
{
    struct layer *l = context;
    eng_tape_backward(l->tape, l->seed, ENG_RELU_STANDARD, l->dx, NULL);
}

static void back_to_weights(void *context)
{
    struct layer *l = context;
    eng_tape_backward(l->tape, l->seed, ENG_RELU_STANDARD, NULL, l->grads);
}

static const struct direction {
    const char *name;
    unsigned want;
    void (*run)(void *context);
} directions[] = {
    {"forward", ENG_WANT_OUTPUT, forward},
    {"back to input", ENG_WANT_INPUT, back_to_input},
    {"back to weights", ENG_WANT_PARAMS, back_to_weights},
};

static void fill(float *values, size_t count)
{
    struct eng_rng rng;
    eng_rng_init(&rng, 0, count);
    for (size_t i = 0; i < count; i++)
        values[i] = eng_rng_normal(&rng);
}

static int init(struct layer *l, const struct shape *s, const struct eng_exec *exec, unsigned want,
                struct eng_why *why)
{
    const size_t numbers = s->n * s->c * s->h * s->w;
    const struct eng_conv conv = {s->oc, {s->k, s->k}, {s->s, s->s}, {s->p, s->p}, 0};
    const struct eng_tape_options options = {
        .batch = s->n, .height = s->h, .width = s->w, .want = want};
    *l = (struct layer){.n = s->n};
    if (eng_net_new(&l->net, s->c) != ENG_OK)
        return 0;
    const int y = eng_net_conv2d(l->net, eng_net_input(l->net), "conv", &conv);
    eng_net_avg_pool(l->net, y, 1, 1);
    if (eng_net_finish(l->net, why) != ENG_OK)
        return 0;
    struct eng_param *weight = eng_net_param(l->net, 0);
    fill(weight->value, eng_shape_count(&weight->shape));
    eng_net_changed(l->net);
    l->x = calloc(numbers, sizeof *l->x);
    l->dx = calloc(numbers, sizeof *l->dx);
    l->seed = calloc(s->n * s->oc, sizeof *l->seed);
    if (!l->x || !l->dx || !l->seed || eng_grads_new(&l->grads, l->net) != ENG_OK)
        return 0;
    fill(l->x, numbers);
    fill(l->seed, s->n * s->oc);
    if (eng_net_prepare(l->net, exec, want != ENG_WANT_OUTPUT) != ENG_OK ||
        eng_tape_new(&l->tape, l->net, exec, &options, why) != ENG_OK)
        return 0;
    return eng_tape_forward(l->tape, l->x, l->n) == ENG_OK;
}

static void release(struct layer *l)
{
    eng_tape_free(l->tape);
    eng_grads_free(l->grads);
    eng_net_free(l->net);
    free(l->x);
    free(l->dx);
    free(l->seed);
}

static int measure(const struct shape *s, const struct eng_exec *exec)
{
    for (size_t i = 0; i < sizeof directions / sizeof *directions; i++) {
        const struct direction *d = &directions[i];
        struct layer layer;
        struct eng_why why = {"out of memory"};
        struct dat_json_out json;
        const int ok = init(&layer, s, exec, d->want, &why);
        if (ok) {
            const double seconds = bench_time(d->run, &layer, 3, 0.02);
            const double flops = (double)s->n * eng_net_flops(layer.net, s->h, s->w);
            bench_begin(&json, "layer");
            bench_text(&json, "layer", s->name);
            bench_number(&json, "batch", (double)s->n);
            bench_text(&json, "direction", d->name);
            bench_number(&json, "ms", 1e3 * seconds);
            bench_number(&json, "gflops", 1e-9 * flops / seconds);
            bench_number(&json, "threads", exec->threads);
            bench_end(&json, exec->cpu);
        } else {
            fprintf(stderr, "bench_layers: %s: %s\n", s->name, why.text);
        }
        release(&layer);
        if (!ok)
            return 0;
    }
    return 1;
}

static int measure_file(const char *path, const struct eng_exec *exec)
{
    FILE *f = fopen(path, "r");
    char line[256];
    int ok = f != NULL;
    if (!ok)
        fprintf(stderr, "bench_layers: %s: cannot be read\n", path);
    while (ok && fgets(line, sizeof line, f)) {
        struct shape s;
        if (line[0] == '#' || line[strspn(line, " \t\n")] == '\0')
            continue;
        ok = sscanf(line, "%63s %zu %zu %zu %zu %zu %zu %zu %zu", s.name, &s.n, &s.c, &s.h, &s.w,
                    &s.oc, &s.k, &s.s, &s.p) == 9;
        if (!ok)
            fprintf(stderr, "bench_layers: %s: no shape: %s", path, line);
        ok = ok && measure(&s, exec);
    }
    if (f)
        fclose(f);
    return ok;
}

int main(int argc, char **argv)
{
    struct eng_exec exec;
    struct eng_why why;
    const char *threads = getenv("OMP_NUM_THREADS");
    if (eng_exec_init(&exec, threads ? atoi(threads) : 0, NULL, &why) != ENG_OK) {
        fprintf(stderr, "bench_layers: %s\n", why.text);
        return 2;
    }
    for (int i = 1; i < argc; i++)
        if (!measure_file(argv[i], &exec))
            return 1;
    return 0;
}
