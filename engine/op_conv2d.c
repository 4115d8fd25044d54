/* 2-D convolution (cross-correlation, as PyTorch's conv2d):
 *
 *   y[n][oy][ox][o] = bias[o] + sum over ky,kx,c
 *                         x[n][oy sh - ph + ky][ox sw - pw + kx][c] w[o][c][ky][kx]
 *
 * All three passes are products of patches (engine/patches.h) and filters (engine/filters.h):
 *
 *   forward          Y[positions][o]   = patches(x)            W[(ky,kx,c)][o]
 *   weight gradient  dW[(ky,kx,c)][o]  = patches(x)transposed  dY[positions][o]
 *   input gradient   dX[positions][c]  = patches(dy)           W'[(u,v,o)][c], phase by phase
 *
 * There are several ways to compute them, and which one is taken (enum way) depends on the exec and
 * the shape alone. With very few input channels (the first layer) the product of the input gradient
 * would fill only a corner of the kernels' tiles: there T[positions][(ky,kx,c)] = dY W is computed
 * row by row, and the overlapping patches are added up.
 */
#include "engine/bf16.h"
#include "engine/filters.h"
#include "engine/gemm.h"
#include "engine/narrow.h"
#include "engine/op.h"
#include "engine/pages.h"
#include "engine/patches.h"
#include "engine/sizes.h"
#include "engine/strips.h"
#include "engine/winograd.h"

#include <stdlib.h>
#include <string.h>

/* ---- ways ----------------------------------------------------------------------------------- */

enum way {
    BY_DRIVER,   /* engine/gemm.h: takes everything */
    BY_NARROW,   /* engine/narrow.h: few channels, whose patches it builds row by row */
    BY_BF16,     /* engine/bf16.h: all but very few outputs, in that precision */
    BY_WINOGRAD, /* engine/winograd.h: 3 x 3 kernels with stride 1 */
    BY_STRIPS,   /* engine/strips.h: the input gradient, for few input channels */
    BY_PHASES,   /* the input gradient as products, each in a way of its own */
};

/* Of a product of patches and weights: a convolution without Winograd's algorithm. */
static enum way product_way(const struct eng_exec *exec, const size_t taps[2], size_t in,
                            size_t out)
{
    if (eng_bf16_takes(exec, out))
        return BY_BF16;
    return eng_narrow_takes(taps, in) ? BY_NARROW : BY_DRIVER;
}

static enum way forward_way(const struct eng_exec *exec, const struct eng_node *node)
{
    if (eng_winograd_takes(exec, &node->conv, node->in))
        return BY_WINOGRAD;
    return product_way(exec, node->conv.kernel, node->in, node->conv.out);
}

static enum way input_way(const struct eng_exec *exec, const struct eng_node *node)
{
    enum { FEW_CHANNELS = 8 };
    if (eng_winograd_takes(exec, &node->conv, node->in))
        return BY_WINOGRAD;
    return node->in <= FEW_CHANNELS ? BY_STRIPS : BY_PHASES;
}

/* Of the weights' gradient, for so many images: `job` is the convolution as Winograd's. */
static enum way weights_way(const struct eng_pass *pass, const struct eng_winograd *job)
{
    const struct eng_node *node = pass->node;
    if (eng_winograd_takes(pass->exec, &node->conv, node->in) && eng_winograd_takes_weights(job))
        return BY_WINOGRAD;
    if (eng_bf16_takes_weights(pass->exec, node->in, node->conv.out))
        return BY_BF16;
    return eng_narrow_takes(node->conv.kernel, node->in) ? BY_NARROW : BY_DRIVER;
}

/* ---- products of patches and weights -------------------------------------------------------- */

static size_t packed_count(const struct eng_exec *exec, const size_t taps[2], size_t in, size_t out)
{
    return product_way(exec, taps, in, out) == BY_BF16
               ? eng_bf16_packed_count(exec, taps, in, out)
               : eng_gemm_packed_count(exec, taps[0] * taps[1] * in, out);
}

static void pack_weights(const struct eng_exec *exec, float *packed, const struct eng_filters *w,
                         const size_t taps[2], size_t in, size_t out)
{
    if (product_way(exec, taps, in, out) == BY_BF16)
        eng_bf16_pack(exec, packed, &w->source, taps, in, out);
    else
        eng_gemm_pack_b(exec, packed, &w->source, taps[0] * taps[1] * in, out);
}

static void multiply(const struct eng_pass *pass, const struct eng_patches *a, const float *packed,
                     size_t out, const struct eng_sink *sink)
{
    const struct eng_gemm g = {.m = a->images * a->positions[0] * a->positions[1],
                               .n = out,
                               .k = a->kernel[0] * a->kernel[1] * a->extent.c,
                               .a = &a->source,
                               .b_packed = packed,
                               .c = sink};
    switch (product_way(pass->exec, a->kernel, a->extent.c, out)) {
    case BY_BF16:
        eng_bf16_run(pass->exec, a, packed, out, sink, pass->scratch);
        break;
    case BY_NARROW:
        eng_narrow_run(pass->exec, a, packed, out, sink, pass->scratch);
        break;
    default:
        eng_gemm_run(pass->exec, &g, pass->scratch);
    }
}

static size_t multiply_scratch(const struct eng_exec *exec, const struct eng_patches *a, size_t out)
{
    switch (product_way(exec, a->kernel, a->extent.c, out)) {
    case BY_BF16:
        return eng_bf16_scratch(exec, a);
    case BY_NARROW:
        return eng_narrow_scratch(exec, a, out);
    default:
        return eng_gemm_scratch(exec);
    }
}

/* ---- packing -------------------------------------------------------------------------------- */

static size_t phase_packed(const struct eng_exec *exec, const struct eng_node *node,
                           const struct eng_phase *f)
{
    return packed_count(exec, f->taps, node->conv.out, node->in);
}

static size_t backward_packed(const struct eng_exec *exec, const struct eng_node *node)
{
    const struct eng_conv *conv = &node->conv;
    if (input_way(exec, node) == BY_STRIPS)
        return eng_gemm_packed_count(exec, conv->out, conv->kernel[0] * conv->kernel[1] * node->in);
    size_t count = 0;
    for (size_t py = 0; py < conv->stride[0]; py++)
        for (size_t px = 0; px < conv->stride[1]; px++) {
            const struct eng_phase f = eng_phase(conv, py, px);
            count += phase_packed(exec, node, &f);
        }
    return count;
}

/* Allocates a pack that is not there yet. */
static enum eng_err make_room(float **pack, size_t floats)
{
    if (*pack)
        return ENG_OK;
    const size_t bytes = (floats + 1) * sizeof **pack;
    *pack = malloc(bytes);
    eng_pages_huge(*pack, bytes);
    return *pack ? ENG_OK : ENG_NOMEM;
}

/* 1 if the transformed filters, four times as large as they were, are kept from pass to pass. Not
 * in training, which changes them; and not where there are many: most of a net's memory would be
 * theirs, and to transform them each time costs less than a tenth of a pass. */
static int keeps_winograd(const struct eng_node *node, enum eng_use use)
{
    enum { MOST_KEPT = 128 * 128 };
    return use != ENG_FOR_TRAINING && eng_product(node->in, node->conv.out) <= MOST_KEPT;
}

static struct eng_winograd_filters winograd_filters(const struct eng_net *net,
                                                    const struct eng_node *node, int backward)
{
    return (struct eng_winograd_filters){eng_node_param(net, node, 0), node->in, node->conv.out,
                                         backward};
}

static enum eng_err pack_winograd(struct eng_pack *pack, const struct eng_net *net,
                                  const struct eng_node *node, const struct eng_exec *exec,
                                  enum eng_use use)
{
    const size_t in = node->in, out = node->conv.out;
    if (!keeps_winograd(node, use)) {
        free(pack->forward);
        free(pack->backward);
        *pack = (struct eng_pack){NULL, NULL};
        return ENG_OK;
    }
    struct eng_winograd_filters filters = winograd_filters(net, node, 0);
    ENG_TRY(make_room(&pack->forward, eng_winograd_packed_count(exec, in, out)));
    eng_winograd_pack(exec, pack->forward, &filters);
    if (use == ENG_FOR_OUTPUT)
        return ENG_OK;
    filters.backward = 1;
    ENG_TRY(make_room(&pack->backward, eng_winograd_packed_count(exec, out, in)));
    eng_winograd_pack(exec, pack->backward, &filters);
    return ENG_OK;
}

static enum eng_err pack(struct eng_pack *pack, const struct eng_net *net,
                         const struct eng_node *node, const struct eng_exec *exec, enum eng_use use)
{
    const struct eng_conv *conv = &node->conv;
    if (forward_way(exec, node) == BY_WINOGRAD)
        return pack_winograd(pack, net, node, exec, use);
    const float *weight = eng_node_param(net, node, 0);
    struct eng_filters w = eng_filters_forward(weight, node->in, conv);
    ENG_TRY(make_room(&pack->forward, packed_count(exec, conv->kernel, node->in, conv->out)));
    pack_weights(exec, pack->forward, &w, conv->kernel, node->in, conv->out);
    if (use == ENG_FOR_OUTPUT)
        return ENG_OK;
    ENG_TRY(make_room(&pack->backward, backward_packed(exec, node)));
    if (input_way(exec, node) == BY_STRIPS) {
        w = eng_filters_patches(weight, node->in, conv);
        eng_gemm_pack_b(exec, pack->backward, &w.source, conv->out,
                        conv->kernel[0] * conv->kernel[1] * node->in);
        return ENG_OK;
    }
    float *at = pack->backward;
    for (size_t py = 0; py < conv->stride[0]; py++)
        for (size_t px = 0; px < conv->stride[1]; px++) {
            const struct eng_phase f = eng_phase(conv, py, px);
            w = eng_filters_backward(weight, node->in, conv, &f);
            pack_weights(exec, at, &w, f.taps, conv->out, node->in);
            at += phase_packed(exec, node, &f);
        }
    return ENG_OK;
}

/* ---- patches -------------------------------------------------------------------------------- */

static struct eng_patches patches_of_x(const struct eng_pass *pass)
{
    const struct eng_conv *conv = &pass->node->conv;
    struct eng_patches p = eng_patches(pass->n, pass->x[0], &pass->x_extent[0]);
    for (int d = 0; d < 2; d++) {
        p.kernel[d] = conv->kernel[d];
        p.step[d] = conv->stride[d];
        p.origin[d] = -(ptrdiff_t)conv->pad[d];
        p.positions[d] = d ? pass->y_extent.w : pass->y_extent.h;
    }
    return p;
}

static struct eng_patches patches_of_dy(const struct eng_pass *pass, const struct eng_phase *f,
                                        const size_t positions[2])
{
    struct eng_patches p = eng_patches(pass->n, pass->dy, &pass->y_extent);
    for (int d = 0; d < 2; d++) {
        p.kernel[d] = f->taps[d];
        p.step[d] = 1;
        p.origin[d] = f->origin[d];
        p.positions[d] = positions[d];
    }
    return p;
}

/* ---- forward -------------------------------------------------------------------------------- */

static int extent(const struct eng_node *node, const struct eng_extent x[2], struct eng_extent *y)
{
    const struct eng_conv *conv = &node->conv;
    const size_t h = x[0].h + 2 * conv->pad[0], w = x[0].w + 2 * conv->pad[1];
    if (h < conv->kernel[0] || w < conv->kernel[1])
        return 0;
    *y = (struct eng_extent){(h - conv->kernel[0]) / conv->stride[0] + 1,
                             (w - conv->kernel[1]) / conv->stride[1] + 1, conv->out};
    return 1;
}

static unsigned flags(const struct eng_node *node, int train_batch_norm, int dropout, unsigned want)
{
    (void)node, (void)train_batch_norm, (void)dropout;
    return want & ENG_WANT_PARAMS ? ENG_OP_KEEPS_X : 0;
}

struct y_sink {
    struct eng_sink sink;
    const struct eng_pass *pass;
};

static void write_y(const struct eng_sink *self, const float *c, size_t ld, size_t row, size_t rows,
                    size_t col, size_t cols)
{
    const struct eng_pass *pass = ((const struct y_sink *)self)->pass;
    const size_t out = pass->node->conv.out, at = row * out + col;
    const float *bias = eng_node_param(pass->net, pass->node, 1);
    const float *shift = pass->shift ? pass->shift : bias;
    pass->exec->vec->affine(pass->y + at, out, c, ld, pass->residual ? pass->residual + at : NULL,
                            out, pass->scale ? pass->scale + col : NULL, shift ? shift + col : NULL,
                            rows, cols, pass->relu);
    eng_op_relu_bits(pass, row, rows, col, cols);
}

/* The convolution as Winograd's, and the one that gives its input gradient. */
static struct eng_winograd winograd_forward(const struct eng_pass *pass)
{
    const struct eng_conv *conv = &pass->node->conv;
    return (struct eng_winograd){
        pass->n, pass->x[0], pass->x_extent[0], pass->y_extent, {conv->pad[0], conv->pad[1]}};
}

static struct eng_winograd winograd_backward(const struct eng_pass *pass)
{
    const struct eng_conv *conv = &pass->node->conv;
    return (struct eng_winograd){
        pass->n, pass->dy, pass->y_extent, pass->x_extent[0], {2 - conv->pad[0], 2 - conv->pad[1]}};
}

static size_t winograd_scratch(const struct eng_pass *pass, const struct eng_winograd *job)
{
    const enum eng_use use = pass->want & ENG_WANT_PARAMS ? ENG_FOR_TRAINING : ENG_FOR_GRADIENTS;
    return eng_winograd_scratch(pass->exec, job, keeps_winograd(pass->node, use));
}

static void forward(const struct eng_pass *pass)
{
    const struct eng_patches a = patches_of_x(pass);
    const struct eng_winograd job = winograd_forward(pass);
    const struct eng_winograd_filters filters = winograd_filters(pass->net, pass->node, 0);
    const struct y_sink c = {{write_y}, pass};
    if (forward_way(pass->exec, pass->node) == BY_WINOGRAD)
        eng_winograd_run(pass->exec, &job, &filters, pass->pack->forward, &c.sink, pass->scratch);
    else
        multiply(pass, &a, pass->pack->forward, pass->node->conv.out, &c.sink);
}

/* ---- backward ------------------------------------------------------------------------------- */

/* Rows of a phase scattered to their positions of dx. */
struct dx_sink {
    struct eng_sink sink;
    float *dx;
    struct eng_extent extent;
    size_t index[2], stride[2], positions[2];
    int add;
};

static float *dx_row(const struct dx_sink *s, size_t row)
{
    const size_t j = row % s->positions[1], i = row / s->positions[1] % s->positions[0];
    const size_t n = row / s->positions[1] / s->positions[0];
    const size_t y = s->index[0] + s->stride[0] * i, x = s->index[1] + s->stride[1] * j;
    return s->dx + ((n * s->extent.h + y) * s->extent.w + x) * s->extent.c;
}

static void write_dx(const struct eng_sink *self, const float *c, size_t ld, size_t row,
                     size_t rows, size_t col, size_t cols)
{
    const struct dx_sink *s = (const struct dx_sink *)self;
    for (size_t i = 0; i < rows; i++, c += ld) {
        float *dst = dx_row(s, row + i) + col;
        if (s->add)
            for (size_t j = 0; j < cols; j++)
                dst[j] += c[j];
        else
            memcpy(dst, c, cols * sizeof *dst);
    }
}

/* Calls with each phase of the input gradient and the sink for its positions. */
static void each_phase(const struct eng_pass *pass,
                       void (*call)(void *context, const struct eng_phase *f,
                                    const struct dx_sink *c),
                       void *context)
{
    const struct eng_conv *conv = &pass->node->conv;
    const struct eng_extent *x = &pass->x_extent[0];
    for (size_t py = 0; py < conv->stride[0]; py++)
        for (size_t px = 0; px < conv->stride[1]; px++) {
            const struct eng_phase f = eng_phase(conv, py, px);
            struct dx_sink c = {.sink = {write_dx},
                                .dx = pass->dx[0],
                                .extent = *x,
                                .index = {py, px},
                                .stride = {conv->stride[0], conv->stride[1]},
                                .add = pass->add[0]};
            for (int d = 0; d < 2; d++) {
                const size_t size = d ? x->w : x->h;
                c.positions[d] = size > f.index[d] ? (size - f.index[d] - 1) / conv->stride[d] + 1
                                                   : 0;
            }
            call(context, &f, &c);
        }
}

struct phase_job {
    const struct eng_pass *pass;
    const float *packed;
    size_t scratch;
};

static void run_phase(void *context, const struct eng_phase *f, const struct dx_sink *c)
{
    struct phase_job *job = context;
    const struct eng_pass *pass = job->pass;
    const size_t m = pass->n * c->positions[0] * c->positions[1];
    const struct eng_patches a = patches_of_dy(pass, f, c->positions);
    if (m && f->taps[0] && f->taps[1])
        multiply(pass, &a, job->packed, pass->node->in, &c->sink);
    else if (!c->add)
        for (size_t i = 0; i < m; i++)
            memset(dx_row(c, i), 0, c->extent.c * sizeof(float));
    job->packed += phase_packed(pass->exec, pass->node, f);
}

static void phases_input_gradient(const struct eng_pass *pass)
{
    struct phase_job job = {pass, pass->pack->backward, 0};
    each_phase(pass, run_phase, &job);
}

static void phase_scratch(void *context, const struct eng_phase *f, const struct dx_sink *c)
{
    struct phase_job *job = context;
    const struct eng_patches a = patches_of_dy(job->pass, f, c->positions);
    if (!f->taps[0] || !f->taps[1] || !c->positions[0] || !c->positions[1])
        return;
    const size_t bytes = multiply_scratch(job->pass->exec, &a, job->pass->node->in);
    job->scratch = eng_max(job->scratch, bytes);
}

static size_t phases_scratch(const struct eng_pass *pass)
{
    struct phase_job job = {pass, NULL, 0};
    each_phase(pass, phase_scratch, &job);
    return job.scratch;
}

static size_t after_gemm(const struct eng_exec *exec)
{
    return eng_round_up(eng_gemm_scratch(exec), 64);
}

struct weight_job {
    const struct eng_pass *pass;
    const float *dw; /* [(ky,kx,c)][o] */
};

/* Adds filters first.. of dw to the gradient, in PyTorch's order. */
static void add_filters(void *context, size_t first, size_t count, size_t i)
{
    (void)i;
    const struct weight_job *job = context;
    const struct eng_node *node = job->pass->node;
    const size_t area = node->conv.kernel[0] * node->conv.kernel[1];
    for (size_t o = first; o < first + count; o++) {
        float *dst = job->pass->dparam[0] + o * node->in * area;
        for (size_t c = 0; c < node->in; c++)
            for (size_t tap = 0; tap < area; tap++)
                dst[c * area + tap] += job->dw[(tap * node->in + c) * node->conv.out + o];
    }
}

static void driver_weights(const struct eng_pass *pass)
{
    const struct eng_conv *conv = &pass->node->conv;
    const struct eng_extent *y = &pass->y_extent;
    const struct eng_patches a = patches_of_x(pass);
    const struct eng_matrix b = eng_matrix(pass->dy, conv->out);
    float *dw = (float *)((char *)pass->scratch + after_gemm(pass->exec));
    const struct eng_matrix_sink c = eng_matrix_sink(dw, conv->out, 1);
    const struct eng_gemm g = {.m = conv->kernel[0] * conv->kernel[1] * pass->node->in,
                               .n = conv->out,
                               .k = pass->n * y->h * y->w,
                               .a = &a.source,
                               .a_is_transposed = 1,
                               .b = &b.source,
                               .c = &c.sink};
    memset(dw, 0, g.m * g.n * sizeof *dw);
    eng_gemm_run(pass->exec, &g, pass->scratch);
    struct weight_job job = {pass, dw};
    eng_op_split(pass->exec, conv->out, 16, add_filters, &job);
}

static void winograd_input_gradient(const struct eng_pass *pass)
{
    const struct eng_winograd job = winograd_backward(pass);
    const struct eng_winograd_filters filters = winograd_filters(pass->net, pass->node, 1);
    const struct eng_extent *x = &pass->x_extent[0];
    const struct dx_sink c = {.sink = {write_dx},
                              .dx = pass->dx[0],
                              .extent = *x,
                              .stride = {1, 1},
                              .positions = {x->h, x->w},
                              .add = pass->add[0]};
    eng_winograd_run(pass->exec, &job, &filters, pass->pack->backward, &c.sink, pass->scratch);
}

static void weights_gradient(const struct eng_pass *pass)
{
    const struct eng_winograd job = winograd_forward(pass);
    const struct eng_patches x = patches_of_x(pass);
    const size_t out = pass->node->conv.out;
    float *dw = pass->dparam[0];
    switch (weights_way(pass, &job)) {
    case BY_WINOGRAD:
        eng_winograd_weights(pass->exec, &job, pass->dy, dw, pass->scratch);
        break;
    case BY_BF16:
        eng_bf16_weights(pass->exec, &x, pass->dy, out, dw, pass->scratch);
        break;
    case BY_NARROW:
        eng_narrow_weights(pass->exec, &x, pass->dy, out, dw, pass->scratch);
        break;
    default:
        driver_weights(pass);
    }
}

static void input_gradient(const struct eng_pass *pass)
{
    switch (input_way(pass->exec, pass->node)) {
    case BY_WINOGRAD:
        winograd_input_gradient(pass);
        break;
    case BY_STRIPS:
        eng_strips_input_gradient(pass);
        break;
    default:
        phases_input_gradient(pass);
    }
}

static void backward(const struct eng_pass *pass)
{
    if (pass->dparam[0])
        weights_gradient(pass);
    if (pass->dparam[1])
        eng_op_sums(pass->exec, pass->dparam[1], pass->dy,
                    pass->n * pass->y_extent.h * pass->y_extent.w, pass->y_extent.c, pass->scratch);
    if (pass->dx[0])
        input_gradient(pass);
}

/* ---- scratch -------------------------------------------------------------------------------- */

static size_t forward_scratch(const struct eng_pass *pass)
{
    const struct eng_winograd job = winograd_forward(pass);
    const struct eng_patches x = patches_of_x(pass);
    if (forward_way(pass->exec, pass->node) == BY_WINOGRAD)
        return winograd_scratch(pass, &job);
    return multiply_scratch(pass->exec, &x, pass->node->conv.out);
}

static size_t input_scratch(const struct eng_pass *pass)
{
    const struct eng_winograd job = winograd_backward(pass);
    switch (input_way(pass->exec, pass->node)) {
    case BY_WINOGRAD:
        return winograd_scratch(pass, &job);
    case BY_STRIPS:
        return eng_strips_scratch(pass);
    default:
        return phases_scratch(pass);
    }
}

static size_t driver_weights_scratch(const struct eng_pass *pass)
{
    const struct eng_conv *conv = &pass->node->conv;
    const size_t columns = conv->kernel[0] * conv->kernel[1] * pass->node->in;
    return after_gemm(pass->exec) + eng_product(eng_product(columns, conv->out), sizeof(float));
}

static size_t weights_scratch(const struct eng_pass *pass)
{
    const struct eng_winograd job = winograd_forward(pass);
    const struct eng_patches x = patches_of_x(pass);
    switch (weights_way(pass, &job)) {
    case BY_WINOGRAD: /* a pass of fewer images may take the driver instead */
        return eng_max(eng_winograd_weights_scratch(pass->exec, &job),
                       driver_weights_scratch(pass));
    case BY_BF16:
        return eng_bf16_weights_scratch(pass->exec, &x, pass->node->conv.out);
    case BY_NARROW:
        return eng_narrow_weights_scratch(pass->exec, &x, pass->node->conv.out);
    default:
        return driver_weights_scratch(pass);
    }
}

static size_t scratch(const struct eng_pass *pass)
{
    const int weights = (pass->want & ENG_WANT_PARAMS) != 0;
    const size_t positions = pass->n * pass->y_extent.h * pass->y_extent.w;
    const size_t needs[] = {forward_scratch(pass), pass->want ? input_scratch(pass) : 0,
                            weights ? weights_scratch(pass) : 0,
                            weights ? eng_op_sums_scratch(positions, pass->y_extent.c) : 0};
    size_t most = 0;
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        most = eng_max(most, needs[i]);
    return most;
}

static double work(const struct eng_node *node, const struct eng_extent *x,
                   const struct eng_extent *y)
{
    const struct eng_conv *conv = &node->conv;
    return (double)y->h * (double)y->w * (double)y->c * (double)x->c *
           (double)(conv->kernel[0] * conv->kernel[1]);
}

const struct eng_op eng_op_conv2d = {.name = "conv2d",
                                     .extent = extent,
                                     .flags = flags,
                                     .scratch = scratch,
                                     .forward = forward,
                                     .backward = backward,
                                     .pack = pack,
                                     .work = work};
