/* A net and its twin: the same graph a second time, as plain loops in double precision.
 *
 *     twin_conv(t, x, ...)  --->  eng_net_conv2d      a node of the engine's net
 *                           --->  t->node[i]          the same node of the twin
 *
 * The twin shares nothing with the engine but the parameters: it is in PyTorch's order
 * [n][c][h][w], keeps every value and every gradient in an array of its own, fuses nothing and
 * writes nothing in place. twin_compare runs both on the same images and compares outputs and all
 * gradients. Dropout is the identity here; it has tests of its own.
 *
 * A gradient jumps where a ReLU's input or the difference between two maxima changes sign, so it
 * can only be compared away from there: twin_margin says how far the nearest such place was.
 */
#ifndef TWIN_H
#define TWIN_H

#include "engine/rng.h"
#include "engine/tape.h"
#include "tests/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TWIN_NODES = 80, TWIN_PARAMS = 256, TWIN_TRIES = 20 };

#define TWIN_MARGIN 2e-5 /* from the nearest jump, for numbers about 1 */

enum twin_kind {
    TWIN_INPUT,
    TWIN_CONV,
    TWIN_LINEAR,
    TWIN_NORM,
    TWIN_RELU,
    TWIN_MAX,
    TWIN_AVG,
    TWIN_DROPOUT, /* drops nothing */
    TWIN_FLATTEN, /* moves nothing: the order is PyTorch's already */
    TWIN_ADD
};

struct twin_node {
    enum twin_kind kind;
    int a, b;             /* inputs */
    size_t param;         /* the first of its parameters */
    struct eng_conv conv; /* also pooling: kernel, stride, pad, or the size in kernel */
    size_t in, out;       /* linear */
    size_t c, h, w;       /* of the value, after twin_forward */
    double *y, *dy;
    double *mean, *var; /* batch norm's statistics in use */
};

struct twin {
    struct eng_net *net;
    struct twin_node node[TWIN_NODES];
    int count;
    const char *name; /* of the next node with parameters; NULL: its number */
    size_t n;
    int train;
    double *grad[TWIN_PARAMS]; /* of each parameter of the net, added up */
    double margin;
};

static inline void *twin_alloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);
    if (!p) {
        printf("Bail out! out of memory\n");
        exit(1);
    }
    return p;
}

/* ---- building -------------------------------------------------------------------------------- */

static inline void twin_init(struct twin *t, size_t channels)
{
    memset(t, 0, sizeof *t);
    if (eng_net_new(&t->net, channels) != ENG_OK)
        exit(1);
    t->node[0] = (struct twin_node){.kind = TWIN_INPUT, .a = -1, .b = -1, .c = channels};
    t->count = 1;
}

static inline int twin_push(struct twin *t, int engine_node, struct twin_node node)
{
    if (engine_node != t->count || t->count == TWIN_NODES) {
        printf("Bail out! a builder returned node %d, not %d\n", engine_node, t->count);
        exit(1);
    }
    t->node[t->count] = node;
    return t->count++;
}

static inline const char *twin_name(struct twin *t)
{
    static char name[64];
    snprintf(name, sizeof name, "n%d", t->count);
    if (t->name)
        snprintf(name, sizeof name, "%s", t->name);
    t->name = NULL;
    return name;
}

static inline int twin_conv(struct twin *t, int x, struct eng_conv conv)
{
    const size_t param = eng_net_param_count(t->net);
    return twin_push(
        t, eng_net_conv2d(t->net, x, twin_name(t), &conv),
        (struct twin_node){.kind = TWIN_CONV, .a = x, .b = -1, .param = param, .conv = conv});
}

/* A square kernel without bias. */
static inline int twin_conv_square(struct twin *t, int x, size_t out, size_t kernel, size_t stride,
                                   size_t pad)
{
    return twin_conv(t, x,
                     (struct eng_conv){out, {kernel, kernel}, {stride, stride}, {pad, pad}, 0});
}

static inline int twin_linear(struct twin *t, int x, size_t in, size_t out)
{
    const size_t param = eng_net_param_count(t->net);
    return twin_push(
        t, eng_net_linear(t->net, x, twin_name(t), in, out),
        (struct twin_node){
            .kind = TWIN_LINEAR, .a = x, .b = -1, .param = param, .in = in, .out = out});
}

static inline int twin_norm(struct twin *t, int x)
{
    const size_t param = eng_net_param_count(t->net);
    return twin_push(t, eng_net_batch_norm(t->net, x, twin_name(t)),
                     (struct twin_node){.kind = TWIN_NORM, .a = x, .b = -1, .param = param});
}

static inline int twin_relu(struct twin *t, int x)
{
    return twin_push(t, eng_net_relu(t->net, x),
                     (struct twin_node){.kind = TWIN_RELU, .a = x, .b = -1});
}

static inline int twin_max(struct twin *t, int x, size_t kernel, size_t stride, size_t pad)
{
    const struct eng_conv conv = {0, {kernel, kernel}, {stride, stride}, {pad, pad}, 0};
    return twin_push(t, eng_net_max_pool(t->net, x, kernel, stride, pad),
                     (struct twin_node){.kind = TWIN_MAX, .a = x, .b = -1, .conv = conv});
}

static inline int twin_avg(struct twin *t, int x, size_t h, size_t w)
{
    return twin_push(
        t, eng_net_avg_pool(t->net, x, h, w),
        (struct twin_node){.kind = TWIN_AVG, .a = x, .b = -1, .conv = {.kernel = {h, w}}});
}

static inline int twin_dropout(struct twin *t, int x)
{
    return twin_push(t, eng_net_dropout(t->net, x, 0.5f),
                     (struct twin_node){.kind = TWIN_DROPOUT, .a = x, .b = -1});
}

static inline int twin_flatten(struct twin *t, int x)
{
    return twin_push(t, eng_net_flatten(t->net, x),
                     (struct twin_node){.kind = TWIN_FLATTEN, .a = x, .b = -1});
}

static inline int twin_add(struct twin *t, int a, int b)
{
    return twin_push(t, eng_net_add(t->net, a, b),
                     (struct twin_node){.kind = TWIN_ADD, .a = a, .b = b});
}

/* Random parameters: sums stay near 1, norms scale and shift. */
static inline void twin_randomise(struct twin *t, struct eng_rng *rng)
{
    for (size_t i = 0; i < eng_net_param_count(t->net); i++) {
        struct eng_param *p = eng_net_param(t->net, i);
        const size_t count = eng_shape_count(&p->shape);
        const float fan = p->shape.rank > 1 ? (float)(count / p->shape.dim[0]) : 1.0f;
        for (size_t k = 0; k < count; k++)
            if (p->kind == ENG_PARAM_RUNNING_VAR)
                p->value[k] = 0.5f + eng_rng_uniform(rng);
            else if (p->shape.rank > 1)
                p->value[k] = eng_rng_normal(rng) / sqrtf(fan);
            else
                p->value[k] = 0.3f * eng_rng_normal(rng) + (p->kind == ENG_PARAM_WEIGHT);
    }
    eng_net_changed(t->net);
}

static inline void twin_release(struct twin *t)
{
    eng_net_free(t->net);
    for (int i = 0; i < t->count; i++) {
        free(t->node[i].y);
        free(t->node[i].dy);
        free(t->node[i].mean);
        free(t->node[i].var);
    }
    for (size_t i = 0; i < TWIN_PARAMS; i++)
        free(t->grad[i]);
}

/* ---- forward --------------------------------------------------------------------------------- */

static inline size_t twin_size(const struct twin *t, int i)
{
    return t->n * t->node[i].c * t->node[i].h * t->node[i].w;
}

static inline double *twin_at(double *data, const struct twin_node *v, size_t n, size_t c, size_t h,
                              size_t w)
{
    return &data[((n * v->c + c) * v->h + h) * v->w + w];
}

static inline const float *twin_param(const struct twin *t, const struct twin_node *v, size_t which)
{
    return eng_net_param_const(t->net, v->param + which)->value;
}

/* Calls visit for every product of a convolution: output, input and weight it belongs to. */
static inline void twin_conv_products(const struct twin *t, const struct twin_node *v,
                                      void (*visit)(void *, size_t y, size_t x, size_t w),
                                      void *context)
{
    const struct twin_node *x = &t->node[v->a];
    const size_t *k = v->conv.kernel, *s = v->conv.stride, *p = v->conv.pad;
    for (size_t n = 0; n < t->n; n++)
        for (size_t o = 0; o < v->c; o++)
            for (size_t oy = 0; oy < v->h; oy++)
                for (size_t ox = 0; ox < v->w; ox++)
                    for (size_t c = 0; c < x->c; c++)
                        for (size_t ky = 0; ky < k[0]; ky++)
                            for (size_t kx = 0; kx < k[1]; kx++) {
                                const size_t iy = oy * s[0] + ky - p[0], ix = ox * s[1] + kx - p[1];
                                if (iy < x->h && ix < x->w) /* a negative one wraps around */
                                    visit(context, ((n * v->c + o) * v->h + oy) * v->w + ox,
                                          ((n * x->c + c) * x->h + iy) * x->w + ix,
                                          ((o * x->c + c) * k[0] + ky) * k[1] + kx);
                            }
}

struct twin_conv_arrays {
    const float *w;
    const double *x, *dy;
    double *y, *dx, *dw;
};

static inline void twin_conv_forward(void *context, size_t y, size_t x, size_t w)
{
    const struct twin_conv_arrays *a = context;
    a->y[y] += a->x[x] * a->w[w];
}

static inline void twin_conv_backward(void *context, size_t y, size_t x, size_t w)
{
    const struct twin_conv_arrays *a = context;
    a->dx[x] += a->dy[y] * a->w[w];
    a->dw[w] += a->dy[y] * a->x[x];
}

/* Notes how far |value| is from zero, measured by the spread of its layer; 0 itself is exact. */
static inline void twin_note_margin(struct twin *t, double value, double spread)
{
    if (value != 0.0 && fabs(value) / spread < t->margin)
        t->margin = fabs(value) / spread;
}

static inline double twin_spread(const double *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] * x[i];
    return sqrt(sum / (double)count) + 1e-30;
}

/* The place of a window's maximum: the first of equal ones. */
static inline size_t twin_winner(const struct twin *t, const struct twin_node *v, size_t image,
                                 size_t oy, size_t ox, double *gap)
{
    const struct twin_node *x = &t->node[v->a];
    const size_t k = v->conv.kernel[0], s = v->conv.stride[0], p = v->conv.pad[0];
    size_t best = (size_t)-1;
    *gap = INFINITY;
    for (size_t ky = 0; ky < k; ky++)
        for (size_t kx = 0; kx < k; kx++) {
            const size_t iy = oy * s + ky - p, ix = ox * s + kx - p;
            if (iy >= x->h || ix >= x->w)
                continue;
            const size_t at = (image * x->h + iy) * x->w + ix;
            if (best == (size_t)-1) {
                best = at;
                continue;
            }
            const double d = x->y[at] - x->y[best];
            *gap = d != 0.0 && fabs(d) < *gap ? fabs(d) : *gap;
            if (d > 0.0)
                best = at;
        }
    return best;
}

/* Adaptive pooling's window of output i of n over size inputs: first..end-1. */
static inline size_t twin_first(size_t i, size_t n, size_t size)
{
    return (size_t)floor((double)(i * size) / (double)n);
}

static inline size_t twin_end(size_t i, size_t n, size_t size)
{
    return (size_t)ceil((double)((i + 1) * size) / (double)n);
}

static inline void twin_norm_statistics(struct twin *t, struct twin_node *v)
{
    const double *x = t->node[v->a].y;
    const size_t area = v->h * v->w, count = t->n * area;
    v->mean = realloc(v->mean, v->c * sizeof *v->mean);
    v->var = realloc(v->var, v->c * sizeof *v->var);
    for (size_t c = 0; c < v->c; c++) {
        if (!t->train) {
            v->mean[c] = twin_param(t, v, 2)[c];
            v->var[c] = twin_param(t, v, 3)[c];
            continue;
        }
        double mean = 0, var = 0;
        for (size_t i = 0; i < count; i++)
            mean += x[(i / area * v->c + c) * area + i % area] / (double)count;
        for (size_t i = 0; i < count; i++) {
            const double d = x[(i / area * v->c + c) * area + i % area] - mean;
            var += d * d / (double)count;
        }
        v->mean[c] = mean;
        v->var[c] = var;
        if (var < 1e-3 || count < 8) /* a dead channel, or next to nothing left of a gradient */
            t->margin = 0;
    }
}

static inline void twin_extent(const struct twin *t, struct twin_node *v)
{
    const struct twin_node *a = &t->node[v->a];
    v->c = a->c, v->h = a->h, v->w = a->w;
    if (v->kind == TWIN_CONV || v->kind == TWIN_MAX) {
        v->c = v->kind == TWIN_CONV ? v->conv.out : a->c;
        v->h = (a->h + 2 * v->conv.pad[0] - v->conv.kernel[0]) / v->conv.stride[0] + 1;
        v->w = (a->w + 2 * v->conv.pad[1] - v->conv.kernel[1]) / v->conv.stride[1] + 1;
    } else if (v->kind == TWIN_AVG) {
        v->h = v->conv.kernel[0], v->w = v->conv.kernel[1];
    } else if (v->kind == TWIN_LINEAR) {
        v->c = v->out;
    } else if (v->kind == TWIN_FLATTEN) {
        v->c = a->c * a->h * a->w, v->h = v->w = 1;
    }
}

static inline void twin_forward_node(struct twin *t, struct twin_node *v)
{
    const struct twin_node *a = &t->node[v->a];
    const size_t count = t->n * v->c * v->h * v->w, area = v->h * v->w;
    const double *x = a->y;
    double spread;
    switch (v->kind) {
    case TWIN_INPUT:
        break;
    case TWIN_CONV:
        for (size_t i = 0; v->conv.bias && i < count; i++)
            v->y[i] = twin_param(t, v, 1)[i / area % v->c];
        twin_conv_products(t, v, twin_conv_forward,
                           &(struct twin_conv_arrays){.w = twin_param(t, v, 0), .x = x, .y = v->y});
        break;
    case TWIN_LINEAR:
        for (size_t i = 0; i < count; i++) {
            v->y[i] = twin_param(t, v, 1)[i % v->out];
            for (size_t k = 0; k < v->in; k++)
                v->y[i] += x[i / v->out * v->in + k] * twin_param(t, v, 0)[i % v->out * v->in + k];
        }
        break;
    case TWIN_NORM:
        twin_norm_statistics(t, v);
        for (size_t i = 0; i < count; i++) {
            const size_t c = i / area % v->c;
            v->y[i] = (x[i] - v->mean[c]) / sqrt(v->var[c] + 1e-5) * twin_param(t, v, 0)[c] +
                      twin_param(t, v, 1)[c];
        }
        break;
    case TWIN_RELU:
        spread = twin_spread(x, count);
        for (size_t i = 0; i < count; i++) {
            v->y[i] = x[i] > 0 ? x[i] : 0;
            twin_note_margin(t, x[i], spread);
        }
        break;
    case TWIN_MAX:
        spread = twin_spread(x, twin_size(t, v->a));
        for (size_t i = 0; i < count; i++) {
            double gap;
            v->y[i] = x[twin_winner(t, v, i / area, i / v->w % v->h, i % v->w, &gap)];
            twin_note_margin(t, gap, spread);
        }
        break;
    case TWIN_AVG:
        for (size_t i = 0; i < count; i++) {
            const size_t oy = i / v->w % v->h, ox = i % v->w;
            size_t taps = 0;
            for (size_t iy = twin_first(oy, v->h, a->h); iy < twin_end(oy, v->h, a->h); iy++)
                for (size_t ix = twin_first(ox, v->w, a->w); ix < twin_end(ox, v->w, a->w); ix++) {
                    v->y[i] += x[(i / area * a->h + iy) * a->w + ix];
                    taps++;
                }
            v->y[i] /= (double)taps;
        }
        break;
    case TWIN_DROPOUT:
    case TWIN_FLATTEN:
        memcpy(v->y, x, count * sizeof *x);
        break;
    case TWIN_ADD:
        for (size_t i = 0; i < count; i++)
            v->y[i] = x[i] + t->node[v->b].y[i];
        break;
    }
}

/* Runs the twin on x[n][c][h][w]. */
static inline void twin_forward_from(struct twin *t, const double *x, size_t n, size_t h, size_t w,
                                     int train)
{
    t->n = n;
    t->train = train;
    t->margin = INFINITY;
    t->node[0].h = h, t->node[0].w = w;
    for (int i = 0; i < t->count; i++) {
        struct twin_node *v = &t->node[i];
        if (i > 0)
            twin_extent(t, v);
        free(v->y);
        v->y = twin_alloc(twin_size(t, i), sizeof *v->y);
        if (i > 0)
            twin_forward_node(t, v);
        else
            memcpy(v->y, x, twin_size(t, 0) * sizeof *x);
    }
}

static inline void twin_forward(struct twin *t, const float *x, size_t n, size_t h, size_t w,
                                int train)
{
    const size_t count = n * t->node[0].c * h * w;
    double *wide = twin_alloc(count, sizeof *wide);
    for (size_t i = 0; i < count; i++)
        wide[i] = x[i];
    twin_forward_from(t, wide, n, h, w, train);
    free(wide);
}

/* ---- backward -------------------------------------------------------------------------------- */

static inline void twin_norm_backward(struct twin *t, const struct twin_node *v)
{
    const size_t area = v->h * v->w, count = t->n * area;
    const struct twin_node *a = &t->node[v->a];
    for (size_t c = 0; c < v->c; c++) {
        const double inv = 1 / sqrt(v->var[c] + 1e-5), gamma = twin_param(t, v, 0)[c];
        double sum = 0, sum_x = 0;
        for (size_t i = 0; i < count; i++) {
            const size_t at = (i / area * v->c + c) * area + i % area;
            sum += v->dy[at];
            sum_x += v->dy[at] * (a->y[at] - v->mean[c]) * inv;
        }
        t->grad[v->param][c] += sum_x;
        t->grad[v->param + 1][c] += sum;
        for (size_t i = 0; i < count; i++) {
            const size_t at = (i / area * v->c + c) * area + i % area;
            double g = v->dy[at];
            if (t->train)
                g -= (sum + (a->y[at] - v->mean[c]) * inv * sum_x) / (double)count;
            a->dy[at] += gamma * inv * g;
        }
    }
}

static inline double twin_rule(enum eng_relu_rule rule, double g, double y)
{
    if (rule != ENG_RELU_STANDARD && g < 0)
        return 0;
    return rule == ENG_RELU_DECONV || y > 0 ? g : 0;
}

static inline void twin_backward_node(struct twin *t, struct twin_node *v, enum eng_relu_rule rule)
{
    const struct twin_node *a = &t->node[v->a];
    const size_t count = t->n * v->c * v->h * v->w, area = v->h * v->w;
    switch (v->kind) {
    case TWIN_INPUT:
        break;
    case TWIN_CONV:
        for (size_t i = 0; v->conv.bias && i < count; i++)
            t->grad[v->param + 1][i / area % v->c] += v->dy[i];
        twin_conv_products(t, v, twin_conv_backward,
                           &(struct twin_conv_arrays){.w = twin_param(t, v, 0),
                                                      .x = a->y,
                                                      .dy = v->dy,
                                                      .dx = a->dy,
                                                      .dw = t->grad[v->param]});
        break;
    case TWIN_LINEAR:
        for (size_t i = 0; i < count; i++) {
            t->grad[v->param + 1][i % v->out] += v->dy[i];
            for (size_t k = 0; k < v->in; k++) {
                const size_t w = i % v->out * v->in + k, at = i / v->out * v->in + k;
                t->grad[v->param][w] += v->dy[i] * a->y[at];
                a->dy[at] += v->dy[i] * twin_param(t, v, 0)[w];
            }
        }
        break;
    case TWIN_NORM:
        twin_norm_backward(t, v);
        break;
    case TWIN_RELU:
        for (size_t i = 0; i < count; i++)
            a->dy[i] += twin_rule(rule, v->dy[i], v->y[i]);
        break;
    case TWIN_MAX:
        for (size_t i = 0; i < count; i++) {
            double gap;
            a->dy[twin_winner(t, v, i / area, i / v->w % v->h, i % v->w, &gap)] += v->dy[i];
        }
        break;
    case TWIN_AVG:
        for (size_t i = 0; i < count; i++) {
            const size_t oy = i / v->w % v->h, ox = i % v->w;
            const size_t y0 = twin_first(oy, v->h, a->h), y1 = twin_end(oy, v->h, a->h);
            const size_t x0 = twin_first(ox, v->w, a->w), x1 = twin_end(ox, v->w, a->w);
            for (size_t iy = y0; iy < y1; iy++)
                for (size_t ix = x0; ix < x1; ix++)
                    a->dy[(i / area * a->h + iy) * a->w + ix] += v->dy[i] /
                                                                 (double)((y1 - y0) * (x1 - x0));
        }
        break;
    case TWIN_DROPOUT:
    case TWIN_FLATTEN:
        for (size_t i = 0; i < count; i++)
            a->dy[i] += v->dy[i];
        break;
    case TWIN_ADD:
        for (size_t i = 0; i < count; i++) {
            a->dy[i] += v->dy[i];
            t->node[v->b].dy[i] += v->dy[i];
        }
        break;
    }
}

/* Gradients of all values and parameters from those of the last node. */
static inline void twin_backward(struct twin *t, const float *seed, enum eng_relu_rule rule)
{
    for (size_t i = 0; i < eng_net_param_count(t->net); i++) {
        const size_t count = eng_shape_count(&eng_net_param_const(t->net, i)->shape);
        free(t->grad[i]);
        t->grad[i] = twin_alloc(count, sizeof *t->grad[i]);
    }
    for (int i = 0; i < t->count; i++) {
        free(t->node[i].dy);
        t->node[i].dy = twin_alloc(twin_size(t, i), sizeof(double));
    }
    for (size_t k = 0; k < twin_size(t, t->count - 1); k++)
        t->node[t->count - 1].dy[k] = seed[k];
    for (int i = t->count - 1; i > 0; i--)
        twin_backward_node(t, &t->node[i], rule);
}

/* ---- comparison ------------------------------------------------------------------------------ */

static inline double twin_largest(const double *x, size_t count)
{
    double top = 0;
    for (size_t i = 0; i < count; i++)
        top = fabs(x[i]) > top ? fabs(x[i]) : top;
    return top;
}

/* Largest difference, in units of the largest reference value (`least` at least); NaN counts as
 * infinitely wrong. */
static inline double twin_error(const float *have, const double *want, size_t count, double least)
{
    double top = fmax(twin_largest(want, count), least), worst = 0;
    for (size_t i = 0; i < count; i++)
        worst = tap_worse(worst, fabs((double)have[i] - want[i]));
    return worst / top;
}

struct twin_run {
    struct eng_net *net; /* to compare with: the twin's, or one with the same parameters */
    const struct eng_exec *exec;
    struct eng_tape_options options;
    size_t n; /* images of the batch that are used */
    enum eng_relu_rule rule;
};

static inline float *twin_noise(size_t count, struct eng_rng *rng)
{
    float *x = twin_alloc(count, sizeof *x);
    for (size_t i = 0; i < count; i++)
        x[i] = eng_rng_normal(rng);
    return x;
}

/* The worst error of all parameter gradients. */
static inline double twin_grads_error(const struct twin *t, const struct eng_net *net,
                                      struct eng_grads *grads, char where[80])
{
    double worst = 0, least = 1e-3;
    /* A gradient may be nothing but cancellation (of a bias under batch norm): measure it by its
     * neighbours. */
    for (size_t i = 0; i < eng_net_param_count(t->net); i++)
        least = fmax(least,
                     0.02 * twin_largest(t->grad[i],
                                         eng_shape_count(&eng_net_param_const(t->net, i)->shape)));
    for (size_t i = 0; i < eng_net_param_count(net); i++) {
        const struct eng_param *p = eng_net_param_const(net, i);
        size_t k = 0;
        if (!eng_param_trains(p))
            continue;
        while (strcmp(eng_net_param_const(t->net, k)->name, p->name))
            k++;
        const double error = twin_error(eng_grads_value(grads, i), t->grad[k],
                                        eng_shape_count(&p->shape), least);
        if (error > worst) {
            worst = error;
            snprintf(where, 80, "gradient of %.40s", p->name);
        }
    }
    return worst;
}

/* Runs engine and twin; returns the worst error of output, input gradient, parameter gradients
 * (as far as wanted), INFINITY if the engine fails. *where names the worst one. t->margin tells if
 * it counts. */
static inline double twin_compare(struct twin *t, const struct twin_run *run, struct eng_rng *rng,
                                  char where[80])
{
    const struct eng_tape_options *o = &run->options;
    const size_t pixels = eng_net_channels(t->net) * o->height * o->width;
    const size_t outputs = eng_net_outputs(t->net);
    float *x = twin_noise(run->n * pixels, rng), *seed = twin_noise(run->n * outputs, rng);
    float *dx = twin_alloc(run->n * pixels, sizeof *dx);
    struct eng_tape *tape = NULL;
    struct eng_grads *grads = NULL;
    double worst = INFINITY, error;
    memset(dx, 0xff, run->n * pixels * sizeof *dx); /* NaN: it must be overwritten */

    twin_forward(t, x, run->n, o->height, o->width, o->train_batch_norm);
    twin_backward(t, seed, run->rule);
    snprintf(where, 80, "the engine failed");
    if (eng_grads_new(&grads, run->net) != ENG_OK ||
        eng_tape_new(&tape, run->net, run->exec, o, NULL) != ENG_OK ||
        eng_net_prepare(run->net, run->exec, o->want != 0) != ENG_OK ||
        eng_tape_forward(tape, x, run->n) != ENG_OK)
        goto done;
    worst = twin_error(eng_tape_output(tape), t->node[t->count - 1].y, run->n * outputs, 1e-3);
    snprintf(where, 80, "output");
    if (o->want && eng_tape_backward(tape, seed, run->rule, o->want & ENG_WANT_INPUT ? dx : NULL,
                                     o->want & ENG_WANT_PARAMS ? grads : NULL) != ENG_OK) {
        worst = INFINITY;
        goto done;
    }
    if (o->want & ENG_WANT_INPUT) {
        error = twin_error(dx, t->node[0].dy, run->n * pixels, 1e-3);
        if (error > worst) {
            worst = error;
            snprintf(where, 80, "input gradient");
        }
    }
    if (o->want & ENG_WANT_PARAMS) {
        char which[80];
        error = twin_grads_error(t, run->net, grads, which);
        if (error > worst) {
            worst = error;
            snprintf(where, 80, "%s", which);
        }
    }
done:
    eng_tape_free(tape);
    eng_grads_free(grads);
    free(x);
    free(seed);
    free(dx);
    return worst;
}

/* ---- whole checks ------------------------------------------------------------------------------
 */

/* Closes a net with a linear layer on all its numbers, so that each of them counts. */
static inline void twin_close(struct twin *t, int x, size_t c, size_t h, size_t w)
{
    x = twin_flatten(t, x);
    twin_linear(t, x, c * h * w, 5);
}

/* Finishes the net and compares for all that can be wanted, all rules, with a whole and with a
 * partial batch, of images h x w. New numbers are drawn until none is near a place where gradients
 * jump. The largest error is to be below `tolerance`. */
static inline void twin_check(struct twin *t, const struct eng_exec *exec, struct eng_rng *rng,
                              size_t h, size_t w, int train, double tolerance, const char *what)
{
    static const char *const rules[] = {"standard", "deconvolution", "guided"};
    double worst = 0;
    char where[80], worst_where[160] = "nothing";
    int missed = 0;
    if (!CHECK(eng_net_finish(t->net, NULL) == ENG_OK, "%s: builds", what))
        return;
    for (unsigned want = 0; want < 4; want++)
        for (int rule = 0; rule < (want ? 3 : 1); rule++) {
            const size_t batch = h * w == 1 ? 12 : 4;
            const struct twin_run run = {t->net,
                                         exec,
                                         {batch, h, w, want, train, 0},
                                         rule == 1 ? batch - 1 : batch,
                                         (enum eng_relu_rule)rule};
            double error = 0;
            int tried;
            for (tried = 0; tried < TWIN_TRIES; tried++) {
                twin_randomise(t, rng);
                error = twin_compare(t, &run, rng, where);
                if (t->margin > TWIN_MARGIN)
                    break;
            }
            if (tried == TWIN_TRIES)
                missed++;
            else if (error > worst) {
                worst = error;
                snprintf(worst_where, sizeof worst_where, "%s, wanted %u, %s rule", where, want,
                         rules[rule]);
            }
        }
    CHECK(!missed, "%s: numbers away from all jumps were found", what);
    CHECK(worst < tolerance, "%s%s: %.1e, %s", what, train ? ", training" : "", worst, worst_where);
}

#endif
