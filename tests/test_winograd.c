/* Winograd's convolution: the matrices against the polynomials they come from, every level of the
 * transforms against double precision and against the portable one bit by bit, and the whole
 * algorithm, in its three directions, against direct sums in double precision under the bound that
 * engine/winograd.h states. How far it is off a direct sum in float32 is held too.
 *
 * Scratch and outputs are NaN before. */
#include "engine/kernels/winograd_list.h"
#include "engine/rng.h"
#include "engine/winograd.h"
#include "tests/tap.h"

enum { IN = 6, OUT = 4, TAPS = 3 };

static struct eng_rng rng;

static float *nans(size_t count)
{
    float *x = malloc((count + 1) * sizeof *x);
    if (!x)
        exit(1);
    for (size_t i = 0; i < count; i++)
        x[i] = NAN;
    return x;
}

/* Half of it zero, as behind a ReLU. */
static float *activations(size_t count)
{
    float *x = nans(count);
    for (size_t i = 0; i < count; i++)
        x[i] = fmaxf(0.0f, eng_rng_normal(&rng));
    return x;
}

static float *noise(size_t count)
{
    float *x = nans(count);
    for (size_t i = 0; i < count; i++)
        x[i] = eng_rng_normal(&rng);
    return x;
}

/* ---- the matrices, from the points ----------------------------------------------------------- */

static double at[OUT][IN], g[IN][TAPS], bt[IN][IN];

/* A^T evaluates polynomials of degree 3 at the points (at infinity: the leading coefficient), G
 * those of degree 2, divided by the product of distances to the other points; row i of B^T are the
 * coefficients of the product of all (x - point) but the i-th. */
static void make_matrices(void)
{
    static const double points[IN - 1] = {0, 0.75, -0.75, 1.5, -1.5};
    for (int i = 0; i < IN; i++) {
        double distances = 1, product[IN + 1] = {1};
        int degree = 0;
        for (int j = 0; j < IN - 1; j++) {
            if (j == i)
                continue;
            if (i < IN - 1)
                distances *= points[i] - points[j];
            for (int k = ++degree; k > 0; k--)
                product[k] = product[k - 1] - points[j] * product[k];
            product[0] *= -points[j];
        }
        for (int k = 0; k < IN; k++)
            bt[i][k] = product[k];
        for (int k = 0; k < OUT; k++)
            at[k][i] = i < IN - 1 ? pow(points[i], k) : k == OUT - 1;
        for (int k = 0; k < TAPS; k++)
            g[i][k] = i < IN - 1 ? pow(points[i], k) / distances : k == TAPS - 1;
    }
}

/* out[rows][rows] = M x M^T, M[rows][cols], M' with transposed; `magnitudes` takes |M|. */
static void square(double *out, const double *x, const double *m, int rows, int cols,
                   int transposed, int magnitudes)
{
    double t[IN * IN];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) {
            t[i * cols + j] = 0;
            for (int k = 0; k < cols; k++) {
                const double e = transposed ? m[k * rows + i] : m[i * cols + k];
                t[i * cols + j] += (magnitudes ? fabs(e) : e) * x[k * cols + j];
            }
        }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < rows; j++) {
            out[i * rows + j] = 0;
            for (int k = 0; k < cols; k++) {
                const double e = transposed ? m[k * rows + j] : m[j * cols + k];
                out[i * rows + j] += (magnitudes ? fabs(e) : e) * t[i * cols + k];
            }
        }
}

static void test_identity(void)
{
    double d[IN * IN], w[TAPS * TAPS], v[IN * IN], u[IN * IN], y[OUT * OUT], worst = 0;
    for (int i = 0; i < IN * IN; i++)
        d[i] = eng_rng_normal(&rng);
    for (int i = 0; i < TAPS * TAPS; i++)
        w[i] = eng_rng_normal(&rng);
    square(v, d, *bt, IN, IN, 0, 0);
    square(u, w, *g, IN, TAPS, 0, 0);
    for (int i = 0; i < IN * IN; i++)
        v[i] *= u[i];
    square(y, v, *at, OUT, IN, 0, 0);
    for (int i = 0; i < OUT; i++)
        for (int j = 0; j < OUT; j++) {
            double sum = 0;
            for (int a = 0; a < TAPS; a++)
                for (int b = 0; b < TAPS; b++)
                    sum += d[(i + a) * IN + j + b] * w[a * TAPS + b];
            worst = tap_worse(worst, fabs(sum - y[i * OUT + j]));
        }
    CHECK(worst < 1e-12, "A^T [(G g G^T) . (B^T d B)] A is the convolution: %.1e off", worst);
}

/* ---- the transforms -------------------------------------------------------------------------- */

enum { MOST = 75, STEP = MOST + 6 };

struct transform {
    const char *name;
    int from, to;
    const double *m;
    int transposed;
};

static const struct transform transforms[] = {
    {"input", IN, IN, *bt, 0},        {"filter", TAPS, IN, *g, 0},      {"output", IN, OUT, *at, 0},
    {"output_grad", OUT, IN, *at, 1}, {"filter_grad", IN, TAPS, *g, 1},
};

static void run_transform(const struct eng_winograd_kernel *kernel, int which, float *out,
                          const float *x, size_t channels)
{
    const float *points[IN * IN];
    for (int i = 0; i < IN * IN; i++)
        points[i] = x + i * STEP - 3;
    switch (which) {
    case 0:
        kernel->input(out, STEP, points, 3, channels);
        break;
    case 1:
        kernel->filter(out, STEP, x, STEP, channels);
        break;
    case 2:
        kernel->output(out, STEP, x, STEP, channels);
        break;
    case 3:
        kernel->output_grad(out, STEP, points, 3, channels);
        break;
    default:
        kernel->filter_grad(out, STEP, x, STEP, channels);
    }
}

static void test_transforms(const struct eng_winograd_kernel *kernel)
{
    for (int which = 0; which < 5; which++) {
        const struct transform *t = &transforms[which];
        const size_t from = (size_t)(t->from * t->from), to = (size_t)(t->to * t->to);
        double worst = 0;
        int same = 1, outside = 0;
        for (size_t channels = 1; channels <= MOST; channels++) {
            float *x = nans(from * STEP), *out = nans(to * STEP), *portable = nans(to * STEP);
            for (size_t i = 0; i < from; i++)
                for (size_t c = 0; c < channels; c++)
                    x[i * STEP + c] = eng_rng_normal(&rng);
            tap_poison_stack();
            run_transform(kernel, which, out, x, channels);
            run_transform(eng_winograd_kernel_at(0), which, portable, x, channels);
            same &= memcmp(out, portable, to * STEP * sizeof *out) == 0;
            for (size_t c = 0; c < channels; c++) {
                double in[IN * IN], size[IN * IN], want[IN * IN], magnitude[IN * IN];
                for (size_t i = 0; i < from; i++)
                    size[i] = fabs(in[i] = x[i * STEP + c]);
                square(want, in, t->m, t->to, t->from, t->transposed, 0);
                square(magnitude, size, t->m, t->to, t->from, t->transposed, 1);
                for (size_t i = 0; i < to; i++)
                    worst = tap_worse(worst, fabs(out[i * STEP + c] - want[i]) /
                                                 (12 * 0x1p-24 * magnitude[i]));
            }
            for (size_t i = 0; i < to; i++)
                for (size_t c = channels; c < STEP; c++)
                    outside |= !isnan(out[i * STEP + c]);
            free(x);
            free(out);
            free(portable);
        }
        CHECK(worst <= 1, "%s, %s: %.2f of the bound", kernel->name, t->name, worst);
        CHECK(same, "%s, %s: the bits of %s", kernel->name, t->name,
              eng_winograd_kernel_at(0)->name);
        CHECK(!outside, "%s, %s: nothing beyond its channels", kernel->name, t->name);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* A convolution and its direct double-precision results, with the S of the bound. */
struct problem {
    size_t n, h, w, in, out, pad[2], oh, ow;
    float *x, *dy, *filters;
};

static void magnitudes(double *u, const double *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        u[i] = fabs(x[i]);
}

/* The channel `c` of the size x size positions from (y, x), zeros outside. */
static void cut(double *d, int size, const float *data, size_t h, size_t w, size_t channels,
                size_t c, ptrdiff_t y, ptrdiff_t x)
{
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++) {
            const ptrdiff_t r = y + i, q = x + j;
            const int inside = r >= 0 && q >= 0 && r < (ptrdiff_t)h && q < (ptrdiff_t)w;
            d[i * size + j] = inside ? data[((size_t)r * w + (size_t)q) * channels + c] : 0.0;
        }
}

struct worst {
    double bound, ours, direct, size; /* error / bound; sums of squares */
};

/* Compares y[h][w][out] of a convolution of x with the filters f(o, c, a, b); accumulates. */
static void compare(struct worst *worst, const float *y, const float *x, size_t h, size_t w,
                    size_t in, size_t oh, size_t ow, size_t out, const size_t pad[2],
                    const float *filters, int backward)
{
    for (size_t ty = 0; ty < oh; ty += OUT)
        for (size_t tx = 0; tx < ow; tx += OUT)
            for (size_t o = 0; o < out; o++) {
                double sum[OUT * OUT] = {0}, product[IN * IN] = {0}, s[OUT * OUT];
                float direct[OUT * OUT] = {0};
                for (size_t c = 0; c < in; c++) {
                    double d[IN * IN], e[IN * IN], k[TAPS * TAPS], v[IN * IN], u[IN * IN];
                    const float *f = backward ? filters + (c * out + o) * TAPS * TAPS
                                              : filters + (o * in + c) * TAPS * TAPS;
                    cut(d, IN, x, h, w, in, c, (ptrdiff_t)ty - (ptrdiff_t)pad[0],
                        (ptrdiff_t)tx - (ptrdiff_t)pad[1]);
                    for (int i = 0; i < TAPS * TAPS; i++)
                        k[i] = f[backward ? TAPS * TAPS - 1 - i : i];
                    for (int i = 0; i < OUT; i++)
                        for (int j = 0; j < OUT; j++)
                            for (int a = 0; a < TAPS; a++)
                                for (int b = 0; b < TAPS; b++) {
                                    const double p = d[(i + a) * IN + j + b] * k[a * TAPS + b];
                                    sum[i * OUT + j] += p;
                                    direct[i * OUT + j] += (float)p;
                                }
                    magnitudes(e, d, IN * IN);
                    square(v, e, *bt, IN, IN, 0, 1);
                    magnitudes(k, k, TAPS * TAPS);
                    square(u, k, *g, IN, TAPS, 0, 1);
                    for (int i = 0; i < IN * IN; i++)
                        product[i] += u[i] * v[i];
                }
                square(s, product, *at, OUT, IN, 0, 1);
                for (size_t i = 0; i < OUT && ty + i < oh; i++)
                    for (size_t j = 0; j < OUT && tx + j < ow; j++) {
                        const double want = sum[i * OUT + j];
                        const double off = y[((ty + i) * ow + tx + j) * out + o] - want;
                        const double bound = 2 * (double)(in + 40) * 0x1p-24 * s[i * OUT + j];
                        const double share = off == 0 ? 0 : fabs(off) / bound; /* of 0: infinite */
                        worst->bound = tap_worse(worst->bound, share);
                        worst->ours += off * off;
                        worst->direct += pow(direct[i * OUT + j] - want, 2);
                        worst->size += want * want;
                    }
            }
}

struct collect {
    struct eng_sink sink;
    float *y;
    size_t channels;
};

static void collect(const struct eng_sink *self, const float *c, size_t ld, size_t row, size_t rows,
                    size_t col, size_t cols)
{
    const struct collect *s = (const struct collect *)self;
    for (size_t i = 0; i < rows; i++)
        memcpy(s->y + (row + i) * s->channels + col, c + i * ld, cols * sizeof *c);
}

/* With filters that are transformed before, or not. */
static void run(const struct eng_exec *exec, const struct problem *p, int backward, int before,
                float *y)
{
    const struct eng_extent x = {p->h, p->w, p->in}, o = {p->oh, p->ow, p->out};
    const struct eng_winograd job =
        backward ? (struct eng_winograd){p->n, p->dy, o, x, {2 - p->pad[0], 2 - p->pad[1]}}
                 : (struct eng_winograd){p->n, p->x, x, o, {p->pad[0], p->pad[1]}};
    const struct eng_winograd_filters filters = {p->filters, p->in, p->out, backward};
    const struct collect sink = {{collect}, y, backward ? p->in : p->out};
    const size_t bytes = eng_winograd_scratch(exec, &job, before);
    float *packed = nans(backward ? eng_winograd_packed_count(exec, p->out, p->in)
                                  : eng_winograd_packed_count(exec, p->in, p->out));
    float *scratch = nans(bytes / sizeof *scratch);
    if (before)
        eng_winograd_pack(exec, packed, &filters);
    tap_poison_stack();
    eng_winograd_run(exec, &job, &filters, before ? packed : NULL, &sink.sink, scratch);
    free(packed);
    free(scratch);
}

static void run_weights(const struct eng_exec *exec, const struct problem *p, float *dw)
{
    const struct eng_winograd job = {
        p->n, p->x, {p->h, p->w, p->in}, {p->oh, p->ow, p->out}, {p->pad[0], p->pad[1]}};
    float *scratch = nans(eng_winograd_weights_scratch(exec, &job) / sizeof *scratch);
    tap_poison_stack();
    eng_winograd_weights(exec, &job, p->dy, dw, scratch);
    free(scratch);
}

/* dw was `before`; the sums behind it and their S, in double precision. */
static void compare_weights(struct worst *worst, const struct problem *p, const float *dw,
                            const float *before)
{
    size_t tiles = 0;
    for (size_t o = 0; o < p->out; o++)
        for (size_t c = 0; c < p->in; c++) {
            double sum[TAPS * TAPS] = {0}, product[IN * IN] = {0}, s[TAPS * TAPS];
            float direct[TAPS * TAPS] = {0};
            tiles = 0;
            for (size_t n = 0; n < p->n; n++)
                for (size_t ty = 0; ty < p->oh; ty += OUT)
                    for (size_t tx = 0; tx < p->ow; tx += OUT, tiles++) {
                        double d[IN * IN], e[OUT * OUT], v[IN * IN], z[IN * IN];
                        cut(d, IN, p->x + n * p->h * p->w * p->in, p->h, p->w, p->in, c,
                            (ptrdiff_t)ty - (ptrdiff_t)p->pad[0],
                            (ptrdiff_t)tx - (ptrdiff_t)p->pad[1]);
                        cut(e, OUT, p->dy + n * p->oh * p->ow * p->out, p->oh, p->ow, p->out, o,
                            (ptrdiff_t)ty, (ptrdiff_t)tx);
                        for (int a = 0; a < TAPS; a++)
                            for (int b = 0; b < TAPS; b++)
                                for (int i = 0; i < OUT; i++)
                                    for (int j = 0; j < OUT; j++) {
                                        const double q = d[(i + a) * IN + j + b] * e[i * OUT + j];
                                        sum[a * TAPS + b] += q;
                                        direct[a * TAPS + b] += (float)q;
                                    }
                        magnitudes(d, d, IN * IN);
                        magnitudes(e, e, OUT * OUT);
                        square(v, d, *bt, IN, IN, 0, 1);
                        square(z, e, *at, IN, OUT, 1, 1);
                        for (int i = 0; i < IN * IN; i++)
                            product[i] += v[i] * z[i];
                    }
            square(s, product, *g, TAPS, IN, 1, 1);
            for (size_t i = 0; i < TAPS * TAPS; i++) {
                const size_t k = (o * p->in + c) * TAPS * TAPS + i;
                const double off = dw[k] - (before[k] + sum[i]);
                worst->bound = tap_worse(worst->bound,
                                         fabs(off) / (2 * (double)(tiles + 40) * 0x1p-24 * s[i] +
                                                      0x1p-23 * fabs((double)before[k])));
                worst->ours += off * off;
                worst->direct += pow(direct[i] - sum[i], 2);
                worst->size += sum[i] * sum[i];
            }
        }
}

static void check(const struct worst *w, const char *what, const char *name)
{
    CHECK(w->bound <= 1, "%s, %s: %.3f of the bound", name, what, w->bound);
    const double off = sqrt(w->ours / w->size), times = sqrt(w->ours / w->direct);
    CHECK(off < 2e-6 && times < 10,
          "%s, %s: error %.1e (relative, L2), %.1f times that of direct sums in float32", name,
          what, off, times);
}

static void test_problem(const struct eng_exec *exec, size_t n, size_t h, size_t w, size_t in,
                         size_t out, size_t pad_h, size_t pad_w)
{
    struct problem p = {
        n, h, w, in, out, {pad_h, pad_w}, h + 2 * pad_h - 2, w + 2 * pad_w - 2, NULL, NULL, NULL};
    const size_t back_pad[2] = {2 - pad_h, 2 - pad_w};
    const size_t x_count = h * w * in, y_count = p.oh * p.ow * out, f_count = in * out * 9;
    char name[96];
    snprintf(name, sizeof name, "%s, %zu of %zux%zu, %zu to %zu channels, pad %zux%zu",
             eng_cpu_name(exec->cpu), n, w, h, in, out, pad_h, pad_w);
    p.x = activations(n * x_count);
    p.dy = noise(n * y_count);
    p.filters = noise(f_count);
    float *y = nans(n * y_count), *dx = nans(n * x_count), *dw = noise(f_count);
    float *before = nans(f_count);
    memcpy(before, dw, f_count * sizeof *dw);
    struct worst there = {0}, back = {0}, weights = {0};
    run(exec, &p, 0, 0, y);
    run(exec, &p, 1, 0, dx);
    run_weights(exec, &p, dw);
    for (size_t i = 0; i < n; i++) {
        compare(&there, y + i * y_count, p.x + i * x_count, h, w, in, p.oh, p.ow, out, p.pad,
                p.filters, 0);
        compare(&back, dx + i * x_count, p.dy + i * y_count, p.oh, p.ow, out, h, w, in, back_pad,
                p.filters, 1);
    }
    compare_weights(&weights, &p, dw, before);
    check(&there, "forward", name);
    check(&back, "input gradient", name);
    check(&weights, "weight gradient", name);

    struct eng_exec more = *exec;
    int same = 1;
    for (more.threads = 2; more.threads <= 5; more.threads += 3) {
        float *y2 = nans(n * y_count), *dx2 = nans(n * x_count), *dw2 = nans(f_count);
        memcpy(dw2, before, f_count * sizeof *dw2);
        run(&more, &p, 0, more.threads == 5, y2);
        run(&more, &p, 1, more.threads == 5, dx2);
        run_weights(&more, &p, dw2);
        same &= memcmp(y, y2, n * y_count * sizeof *y) == 0 &&
                memcmp(dx, dx2, n * x_count * sizeof *dx) == 0 &&
                memcmp(dw, dw2, f_count * sizeof *dw) == 0;
        free(y2);
        free(dx2);
        free(dw2);
    }
    CHECK(same, "%s: the same bits with 2 threads, and with 5 and filters transformed before",
          name);
    struct problem one = p;
    one.n = 1;
    one.x += (n - 1) * x_count;
    float *alone = nans(y_count);
    run(exec, &one, 0, 0, alone);
    CHECK(memcmp(alone, y + (n - 1) * y_count, y_count * sizeof *y) == 0,
          "%s: an image alone has the bits it has in a batch", name);
    free(alone);
    free(p.x);
    free(p.dy);
    free(p.filters);
    free(y);
    free(dx);
    free(dw);
    free(before);
}

static void test_choice(const struct eng_exec *exec)
{
    struct eng_exec plain = *exec;
    const struct eng_conv conv = {64, {3, 3}, {1, 1}, {1, 1}, 0};
    struct eng_conv other = conv;
    CHECK(eng_winograd_takes(exec, &conv, 64), "3x3, stride 1: taken");
    other.stride[1] = 2;
    CHECK(!eng_winograd_takes(exec, &other, 64), "another stride is not");
    other = conv;
    other.kernel[0] = 1;
    CHECK(!eng_winograd_takes(exec, &other, 64), "another kernel is not");
    CHECK(!eng_winograd_takes(exec, &conv, 3), "three channels are not");
    other = conv;
    other.pad[0] = 3;
    CHECK(!eng_winograd_takes(exec, &other, 64), "more padding is not");
    eng_exec_set_precision(&plain, ENG_PRECISION_F32);
    CHECK(!eng_winograd_takes(&plain, &conv, 64), "nothing is, in f32");
}

int main(void)
{
    struct eng_exec exec;
    struct eng_why why;
    if (eng_exec_init(&exec, 1, NULL, &why) != ENG_OK) {
        tap_skip(why.text);
        return tap_done();
    }
    if (!exec.winograd) {
        tap_skip("Winograd's algorithm: this level has bf16x3 in its place");
        return tap_done();
    }
    eng_rng_init(&rng, 11, 0);
    make_matrices();
    test_identity();
    test_transforms(exec.winograd);
    test_choice(&exec);
    test_problem(&exec, 2, 4, 4, 16, 16, 1, 1);
    test_problem(&exec, 3, 7, 9, 33, 20, 1, 1);
    test_problem(&exec, 1, 5, 3, 17, 65, 0, 0);
    test_problem(&exec, 2, 3, 6, 20, 47, 2, 2);
    test_problem(&exec, 1, 1, 1, 40, 16, 1, 1);
    test_problem(&exec, 2, 7, 6, 17, 20, 0, 2);
    test_problem(&exec, 2, 6, 9, 16, 18, 2, 1);
    test_problem(&exec, 5, 14, 13, 24, 70, 1, 1);  /* several products */
    test_problem(&exec, 1, 10, 6, 180, 19, 1, 1);  /* two blocks of channels */
    test_problem(&exec, 3, 60, 52, 16, 16, 1, 1);  /* several groups and stretches */
    test_problem(&exec, 1, 9, 7, 259, 36, 1, 1);   /* several depths of filters */
    test_problem(&exec, 4, 21, 17, 130, 33, 1, 1); /* all filters before; alone: on the way */
    return tap_done();
}
