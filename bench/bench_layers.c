/* Convolutions one by one: bench_layers SHAPES..., each a file of lines
 *
 *     name  n  c  h  w  oc  k  s  p
 *
 * (images, channels, height, width, output channels, kernel, stride, padding). Each is timed in
 * three directions: forward, back to its input, back to its weights. As GAD_CPU says, and on
 * $OMP_NUM_THREADS threads.
 *
 * The operator is called by itself (engine/op.h), as a tape would call it: a tape wants a whole
 * net, which begins with a change of layout and ends in a row of outputs, and the time of these
 * would be counted, too. What fits the caches is still in them from the call before. The layer's
 * output stands in for the gradient that comes back to it.
 *
 *     percent = layer / ceiling      of multiply-adds in registers, on the same threads. An
 *                                    algorithm that needs fewer than a direct convolution, for
 *                                    which we count, may reach more than 100
 */
#include "bench/bench.h"
#include "bench/ceiling.h"
#include "engine/op.h"

#include <math.h>
#include <string.h>

enum { TURNS = 3 };

struct shape {
    char name[64];
    size_t n, c, h, w, oc, k, s, p;
};

struct layer {
    struct eng_net *net;
    struct eng_pass pass;
    float *x, *y, *dx, *dw;
    void *saved, *scratch;
};

static void forward(void *context)
{
    struct layer *l = context;
    l->pass.node->op->forward(&l->pass);
}

static void back(struct layer *l, float *dx, float *dw)
{
    l->pass.dy = l->y;
    l->pass.dx[0] = dx;
    l->pass.dparam[0] = dw;
    l->pass.node->op->backward(&l->pass);
}

static void back_to_input(void *context)
{
    struct layer *l = context;
    back(l, l->dx, NULL);
}

static void back_to_weights(void *context)
{
    struct layer *l = context;
    back(l, NULL, l->dw);
}

static const struct direction {
    const char *name;
    void (*run)(void *context);
} directions[] = {
    {"forward", forward},
    {"input gradient", back_to_input},
    {"weight gradient", back_to_weights},
};

enum { DIRECTIONS = sizeof directions / sizeof *directions };

/* NULL or `count` random numbers. */
static float *random_floats(size_t count)
{
    float *values = malloc(count * sizeof *values);
    struct eng_rng rng;
    eng_rng_init(&rng, 0, count);
    for (size_t i = 0; values && i < count; i++)
        values[i] = eng_rng_normal(&rng);
    return values;
}

/* Memory of a size that the operator tells, or none if it does not tell any. */
static int reserve(void **memory, size_t (*bytes)(const struct eng_pass *),
                   const struct eng_pass *pass)
{
    const size_t size = bytes ? (bytes(pass) + 63) / 64 * 64 : 0;
    *memory = size ? aligned_alloc(64, size) : NULL;
    return !size || *memory;
}

static enum eng_err init(struct layer *l, const struct shape *s, const struct eng_exec *exec,
                         struct eng_why *why)
{
    const struct eng_conv conv = {s->oc, {s->k, s->k}, {s->s, s->s}, {s->p, s->p}, 0};
    *l = (struct layer){0};
    ENG_TRY(eng_net_new(&l->net, s->c));
    const int node = eng_net_conv2d(l->net, eng_net_input(l->net), "conv", &conv);
    ENG_TRY(eng_net_finish(l->net, why));
    struct eng_param *weight = eng_net_param(l->net, 0);
    const size_t weights = eng_shape_count(&weight->shape);
    for (size_t i = 0; i < weights; i++)
        weight->value[i] = 1.0f / (float)(i % 7 + 1);
    eng_net_changed(l->net);
    ENG_TRY(eng_net_prepare(l->net, exec, 1));

    struct eng_pass *pass = &l->pass;
    *pass = (struct eng_pass){.exec = exec,
                              .want = ENG_WANT_INPUT | ENG_WANT_PARAMS,
                              .net = l->net,
                              .node = &l->net->nodes[node],
                              .pack = &l->net->packs[node],
                              .n = s->n,
                              .x_extent = {{s->h, s->w, s->c}}};
    if (!pass->node->op->extent(pass->node, pass->x_extent, &pass->y_extent))
        return eng_fail(why, ENG_SHAPE, "the image is smaller than the kernel");
    const size_t inputs = s->n * eng_extent_count(&pass->x_extent[0]);
    pass->x[0] = l->x = random_floats(inputs);
    pass->y = l->y = random_floats(s->n * eng_extent_count(&pass->y_extent));
    l->dx = random_floats(inputs);
    l->dw = random_floats(weights);
    if (!l->x || !l->y || !l->dx || !l->dw || !reserve(&l->saved, pass->node->op->saved, pass) ||
        !reserve(&l->scratch, pass->node->op->scratch, pass))
        return ENG_NOMEM;
    pass->saved = l->saved;
    pass->scratch = l->scratch;
    return ENG_OK;
}

static void release(struct layer *l)
{
    eng_net_free(l->net);
    free(l->x);
    free(l->y);
    free(l->dx);
    free(l->dw);
    free(l->saved);
    free(l->scratch);
}

static void measure(struct layer *l, const struct shape *s)
{
    const struct eng_pass *pass = &l->pass;
    const double flops = 2 * (double)s->n *
                         pass->node->op->work(pass->node, pass->x_extent, &pass->y_extent);
    double ceiling = 0, seconds[DIRECTIONS] = {0};
    for (int turn = 0; turn < TURNS; turn++) { /* by turns: the clock rate may change in between */
        ceiling = fmax(ceiling, bench_convolution_gflops(pass->exec));
        for (size_t i = 0; i < DIRECTIONS; i++) {
            const double least = bench_time(directions[i].run, l, 1, 0.02);
            seconds[i] = turn && seconds[i] < least ? seconds[i] : least;
        }
    }
    for (size_t i = 0; i < DIRECTIONS; i++) {
        const double gflops = 1e-9 * flops / seconds[i];
        struct dat_json_out json;
        bench_begin(&json, "layer");
        bench_text(&json, "layer", s->name);
        bench_number(&json, "batch", (double)s->n);
        bench_number(&json, "in", (double)s->c);
        bench_number(&json, "out", (double)s->oc);
        bench_number(&json, "height", (double)s->h);
        bench_number(&json, "width", (double)s->w);
        bench_number(&json, "kernel", (double)s->k);
        bench_number(&json, "stride", (double)s->s);
        bench_text(&json, "direction", directions[i].name);
        bench_number(&json, "ms", 1e3 * seconds[i]);
        bench_number(&json, "gflops", gflops);
        bench_number(&json, "ceiling_gflops", ceiling > 0 ? ceiling : NAN);
        bench_number(&json, "percent", ceiling > 0 ? 100 * gflops / ceiling : NAN);
        bench_number(&json, "threads", pass->exec->threads);
        bench_end(&json, pass->exec->cpu);
    }
}

static int measure_shape(const struct shape *s, const struct eng_exec *exec)
{
    struct layer layer;
    struct eng_why why = {"out of memory"};
    const int ok = init(&layer, s, exec, &why) == ENG_OK;
    if (ok)
        measure(&layer, s);
    else
        fprintf(stderr, "bench_layers: %s: %s\n", s->name, why.text);
    release(&layer);
    return ok;
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
        ok = ok && measure_shape(&s, exec);
    }
    if (f)
        fclose(f);
    return ok;
}

int main(int argc, char **argv)
{
    struct eng_exec exec;
    if (!bench_exec(&exec))
        return 2;
    for (int i = 1; i < argc; i++)
        if (!measure_file(argv[i], &exec))
            return 1;
    return 0;
}
