/* Convolutions in bf16: hi and lo parts; the product of every level against double precision, and
 * against the portable one bit by bit; whole convolutions and gradients of filters against direct
 * sums in double precision, over shapes that fill blocks badly. Where there are no tiles, the
 * machine code for them runs on a tile unit in software.
 *
 * The bound is that of engine/bf16.h, for random numbers and for those that come nearest to it.
 *
 * All outputs are NaN before they are written, and so is everything that must not be read. */
#define _GNU_SOURCE
#include "engine/bf16.h"
#include "engine/kernels/bf16_list.h"
#include "engine/kernels/vec_list.h"
#include "engine/rng.h"
#include "tests/tap.h"
#include "tests/tile_unit.h"

#include <float.h>
#include <stdint.h>

static struct eng_rng rng;

static void *memory(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 64) / 64 * 64);
    if (!p)
        exit(1);
    memset(p, 0xff, (bytes + 64) / 64 * 64); /* NaNs, as float32 and as bf16 */
    return p;
}

static float *noise(size_t count)
{
    float *x = memory(count * sizeof *x);
    for (size_t i = 0; i < count; i++)
        x[i] = eng_rng_normal(&rng);
    return x;
}

/* The worst number there is, again and again: lo is as large as it can be, and so is what it is off
 * by, to the same side. */
static float *worst_numbers(size_t count)
{
    float *x = memory(count * sizeof *x);
    for (size_t i = 0; i < count; i++)
        x[i] = 1 + 0x1p-8f - 0x1p-17f - 0x1p-23f;
    return x;
}

static float from_bf16(uint16_t bits)
{
    const uint32_t u = (uint32_t)bits << 16;
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* ---- parts ----------------------------------------------------------------------------------- */

/* The nearest bf16, ties to even, found by trying: of the two neighbours. */
static uint16_t nearest(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    const uint16_t down = (uint16_t)(u >> 16), up = (uint16_t)(down + 1);
    const double below_it = fabs((double)x - from_bf16(down));
    const double above = fabs((double)from_bf16(up) - x);
    if (below_it == above)
        return down % 2 ? up : down;
    return below_it < above ? down : up;
}

enum { PARTS = 4096 };

static void test_split(const struct eng_bf16_kernel *kernel)
{
    static float x[PARTS];
    static uint16_t hi[PARTS + 1], lo[PARTS + 1], alone[PARTS + 1];
    int near = 1, same = 1;
    double worst = 0;
    for (size_t i = 0; i < PARTS; i++) {
        const uint32_t bits = (uint32_t)eng_rng_u64(&rng);
        const uint32_t tie = (bits & 0xffff0000u) | 0x8000u;
        const uint32_t all = i % 3 ? bits : tie;
        memcpy(&x[i], &all, sizeof x[i]);
        if (!(fabsf(x[i]) < 3e38f) || fabsf(x[i]) < 1e-30f) /* neither lost nor infinite */
            x[i] = eng_rng_normal(&rng);
    }
    hi[PARTS] = lo[PARTS] = alone[PARTS] = 0x1234;
    kernel->split(hi, lo, x, PARTS);
    kernel->split(alone, NULL, x, PARTS);
    for (size_t i = 0; i < PARTS; i++) {
        const double left = (double)x[i] - from_bf16(hi[i]);
        near &= hi[i] == nearest(x[i]);
        same &= hi[i] == alone[i];
        worst = tap_worse(worst, fabs(left - from_bf16(lo[i])) / fabs((double)x[i]) * 0x1p17);
    }
    CHECK(near && same, "%s: hi is the nearest bf16, ties to even", kernel->name);
    CHECK(worst <= 1, "%s: hi and lo are off by %.2f * 2^-17", kernel->name, worst);
    CHECK(hi[PARTS] == 0x1234 && lo[PARTS] == 0x1234 && alone[PARTS] == 0x1234,
          "%s: nothing beyond", kernel->name);
    const float odd_ones[3] = {NAN, INFINITY, -INFINITY};
    kernel->split(hi, lo, odd_ones, 3);
    CHECK(isnan(from_bf16(hi[0])) && from_bf16(hi[1]) == INFINITY && from_bf16(hi[2]) == -INFINITY,
          "%s: a NaN stays one, and so does infinity", kernel->name);
    const float large[2] = {0x1.fep127f, FLT_MAX};
    kernel->split(hi, NULL, large, 2);
    CHECK(from_bf16(hi[0]) == large[0] && from_bf16(hi[1]) == INFINITY,
          "%s: what rounds past the largest becomes infinite", kernel->name);

    static uint32_t pairs[2][PARTS / 2];
    uint16_t both[2][2];
    kernel->split(hi, lo, x, PARTS);
    for (int which = 0; which < 4; which++) { /* even, odd: there or not */
        int right = 1;
        kernel->split_pairs(pairs[0], pairs[1], which & 1 ? x : NULL,
                            which & 2 ? x + PARTS / 2 : NULL, PARTS / 2);
        for (size_t i = 0; i < PARTS / 2; i++) {
            memcpy(both[0], &pairs[0][i], sizeof both[0]);
            memcpy(both[1], &pairs[1][i], sizeof both[1]);
            right &= both[0][0] == (which & 1 ? hi[i] : 0) && both[1][0] == (which & 1 ? lo[i] : 0);
            right &= both[0][1] == (which & 2 ? hi[i + PARTS / 2] : 0) &&
                     both[1][1] == (which & 2 ? lo[i + PARTS / 2] : 0);
        }
        CHECK(right, "%s: pairs, %s even, %s odd", kernel->name, which & 1 ? "an" : "no",
              which & 2 ? "an" : "no");
    }
}

/* ---- products -------------------------------------------------------------------------------- */

enum { BLOCK = ENG_BF16_BLOCK, STEP = ENG_BF16_STEP, C_LD = BLOCK + 5 };

static void test_product(const struct eng_bf16_kernel *kernel, size_t runs, size_t steps, int a_lo,
                         int b_lo, int lo_lo, int accumulate)
{
    const size_t k = runs * steps * STEP, a_row = k + 6, b_row = 2 * BLOCK + 10;
    const size_t a_size = BLOCK * a_row, b_size = k / 2 * b_row;
    float *af = noise(BLOCK * k), *bf = noise(k * BLOCK), *before = noise(BLOCK * C_LD);
    uint16_t *a = memory(2 * a_size * sizeof *a), *b = memory(2 * b_size * sizeof *b);
    float *c = memory(BLOCK * C_LD * sizeof *c), *portable = memory(BLOCK * C_LD * sizeof *c);
    ptrdiff_t run[8];
    const struct eng_bf16_walk walk = {runs,
                                       steps,
                                       run,
                                       a_lo ? (ptrdiff_t)a_size : 0,
                                       b_lo ? (ptrdiff_t)b_size : 0,
                                       lo_lo,
                                       a_row,
                                       b_row,
                                       STEP,
                                       STEP / 2 * b_row};
    for (size_t r = 0; r < runs; r++) /* runs in another order than in memory */
        run[r] = (ptrdiff_t)((runs - 1 - r) * steps * STEP);
    for (size_t i = 0; i < BLOCK; i++)
        for (size_t r = 0; r < runs; r++) {
            uint16_t *at = a + i * a_row + run[r];
            kernel->split(at, a_lo ? at + a_size : NULL, af + i * k + r * steps * STEP,
                          steps * STEP);
        }
    for (size_t p = 0; p < k / 2; p++) {
        uint32_t hi[BLOCK], lo[BLOCK];
        kernel->split_pairs(hi, lo, bf + 2 * p * BLOCK, bf + (2 * p + 1) * BLOCK, BLOCK);
        memcpy(b + p * b_row, hi, sizeof hi);
        if (b_lo)
            memcpy(b + b_size + p * b_row, lo, sizeof lo);
    }
    for (size_t i = 0; i < BLOCK && accumulate; i++) {
        memcpy(c + i * C_LD, before + i * C_LD, BLOCK * sizeof *c);
        memcpy(portable + i * C_LD, before + i * C_LD, BLOCK * sizeof *c);
    }
    tap_poison_stack();
    kernel->begin();
    kernel->multiply(&walk, a, b, c, C_LD, accumulate);
    kernel->end();
    eng_bf16_kernel_at(0)->multiply(&walk, a, b, portable, C_LD, accumulate);

    const double unit = a_lo && b_lo ? 0x1p-16 : 0x1p-7;
    double worst = 0;
    int outside = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        for (size_t j = 0; j < BLOCK; j++) {
            double sum = accumulate ? before[i * C_LD + j] : 0, size = fabs(sum);
            for (size_t p = 0; p < k; p++) {
                sum += (double)af[i * k + p] * bf[p * BLOCK + j];
                size += fabs((double)af[i * k + p] * bf[p * BLOCK + j]);
            }
            const double bound = (unit + 2 * (double)(k + 1) * 0x1p-24) * size;
            worst = tap_worse(worst, fabs(c[i * C_LD + j] - sum) / bound);
        }
        for (size_t j = BLOCK; j < C_LD; j++)
            outside |= !isnan(c[i * C_LD + j]);
    }
    CHECK(worst <= 1, "%s, %zu runs of %zu steps%s%s%s%s: %.2f of the bound", kernel->name, runs,
          steps, a_lo ? ", a split" : "", b_lo ? ", b split" : "", lo_lo ? ", lo lo" : "",
          accumulate ? ", added" : "", worst);
    CHECK(memcmp(c, portable, BLOCK * C_LD * sizeof *c) == 0, "the bits of %s",
          eng_bf16_kernel_at(0)->name);
    CHECK(!outside, "nothing beyond the block");
    free(af);
    free(bf);
    free(before);
    free(a);
    free(b);
    free(c);
    free(portable);
}

static void test_products(const struct eng_bf16_kernel *kernel)
{
    test_product(kernel, 1, 1, 1, 1, 0, 0);
    test_product(kernel, 3, 5, 1, 1, 0, 0);
    test_product(kernel, 7, 1, 1, 1, 0, 1);
    test_product(kernel, 1, 16, 1, 1, 0, 1);
    test_product(kernel, 3, 1, 1, 1, 1, 0);
    test_product(kernel, 1, 2, 1, 1, 1, 1);
    test_product(kernel, 3, 2, 0, 0, 0, 0);
    test_product(kernel, 2, 3, 0, 0, 0, 1);
    test_product(kernel, 2, 2, 1, 0, 0, 0);
    test_product(kernel, 2, 2, 0, 1, 0, 0);
}

/* ---- convolutions ---------------------------------------------------------------------------- */

/* Filters [(ky, kx, c)][out] as they are. */
struct shape {
    size_t images, h, w, in, out;
    size_t kernel[2], step[2];
    ptrdiff_t origin[2];
    size_t positions[2];
};

static const struct shape shapes[] = {
    {1, 1, 1, 1, 1, {1, 1}, {1, 1}, {0, 0}, {1, 1}},
    {2, 5, 7, 32, 32, {3, 3}, {1, 1}, {-1, -1}, {5, 7}},
    {3, 6, 4, 20, 40, {3, 3}, {1, 1}, {-1, -1}, {6, 4}},         /* padded channels and outputs */
    {2, 9, 11, 70, 17, {3, 3}, {1, 1}, {0, 0}, {7, 9}},          /* no padding */
    {2, 6, 5, 33, 16, {3, 3}, {1, 1}, {-2, -2}, {8, 7}},         /* more of it */
    {3, 13, 12, 3, 24, {7, 7}, {2, 2}, {-3, -3}, {7, 6}},        /* few channels, stride 2 */
    {2, 9, 9, 5, 16, {3, 5}, {1, 1}, {-1, -2}, {9, 9}},          /* a kernel that is not square */
    {2, 8, 9, 32, 33, {3, 3}, {2, 2}, {-1, -1}, {4, 5}},         /* stride 2 */
    {2, 7, 8, 64, 64, {1, 1}, {2, 2}, {0, 0}, {4, 4}},           /* and a kernel of one */
    {2, 11, 10, 16, 20, {2, 3}, {3, 2}, {-1, 0}, {4, 4}},        /* strides that differ */
    {2, 4, 5, 16, 16, {2, 1}, {1, 1}, {1, 2}, {3, 3}},           /* patches that begin inside */
    {2, 5, 4, 48, 20, {2, 2}, {1, 1}, {-1, 0}, {6, 4}},          /* zeros on one side, before */
    {2, 5, 4, 48, 20, {2, 2}, {1, 1}, {0, 0}, {5, 4}},           /* and behind */
    {5, 14, 14, 40, 140, {3, 3}, {1, 1}, {-1, -1}, {14, 14}},    /* several tasks */
    {2, 160, 150, 32, 16, {3, 3}, {1, 1}, {-1, -1}, {160, 150}}, /* several groups, stretches */
};

/* Around the length from which on sums have three products: sums of 1, 27, 100, 144 and 198 terms,
 * and over as many, 36, 60, 121 and 192 positions. */
static const struct shape short_ones[] = {
    {1, 1, 1, 1, 16, {1, 1}, {1, 1}, {0, 0}, {1, 1}},
    {1, 6, 6, 3, 16, {3, 3}, {1, 1}, {-1, -1}, {6, 6}},
    {2, 9, 10, 4, 16, {5, 5}, {1, 1}, {0, 0}, {5, 6}},
    {1, 11, 11, 16, 16, {3, 3}, {1, 1}, {-1, -1}, {11, 11}},
    {3, 8, 8, 22, 16, {3, 3}, {1, 1}, {-1, -1}, {8, 8}},
};

struct problem {
    const struct shape *s;
    struct eng_patches patches;
    float *x, *filters, *dy;
    size_t k, positions;
};

static struct problem problem_of(const struct shape *s, float *(*numbers)(size_t count))
{
    struct problem p = {.s = s};
    p.k = s->kernel[0] * s->kernel[1] * s->in;
    p.positions = s->images * s->positions[0] * s->positions[1];
    p.x = numbers(s->images * s->h * s->w * s->in);
    p.filters = numbers(p.k * s->out);
    p.dy = numbers(p.positions * s->out);
    p.patches = eng_patches(s->images, p.x, &(struct eng_extent){s->h, s->w, s->in});
    for (int d = 0; d < 2; d++) {
        p.patches.kernel[d] = s->kernel[d];
        p.patches.step[d] = s->step[d];
        p.patches.origin[d] = s->origin[d];
        p.patches.positions[d] = s->positions[d];
    }
    return p;
}

static void release(struct problem *p)
{
    free(p->x);
    free(p->filters);
    free(p->dy);
}

struct collect {
    struct eng_sink sink;
    float *y;
    size_t out, rows;
    int wrong; /* outside of y, or more than once */
};

static void collect(const struct eng_sink *self, const float *c, size_t ld, size_t row, size_t rows,
                    size_t col, size_t cols)
{
    struct collect *s = (struct collect *)(uintptr_t)self;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            const size_t at = (row + i) * s->out + col + j;
            if (row + i >= s->rows || col + j >= s->out || !isnan(s->y[at]))
                s->wrong = 1;
            else
                s->y[at] = c[i * ld + j];
        }
}

/* Errors so far: the largest, of its bound; and sums of squares, ours, plain float32's, and of the
 * terms of all sums. */
struct errors {
    double worst, ours, plain, terms;
};

static void add_error(struct errors *e, double ours, double plain, double want, double bound)
{
    const double off = fabs(ours - want);
    e->worst = tap_worse(e->worst, off == 0 ? 0 : off / bound); /* of 0: infinite */
    e->ours += pow(ours - want, 2);
    e->plain += pow(plain - want, 2);
}

static double bound_of(const struct eng_exec *exec, size_t terms, double size)
{
    return ((exec->bf16_split ? 0x1p-16 : 0x1p-7) + 2 * (double)(terms + 1) * 0x1p-24) * size;
}

static void report(const struct eng_exec *exec, const struct shape *s, const char *what, int random,
                   const struct errors *e)
{
    char text[160];
    snprintf(text, sizeof text, "%s %s, %s: %zu x %zux%zux%zu, %zux%zu / %zux%zu, to %zu",
             exec->bf16->name, exec->bf16_split ? "bf16x3" : "bf16", what, s->images, s->h, s->w,
             s->in, s->kernel[0], s->kernel[1], s->step[0], s->step[1], s->out);
    CHECK(e->worst <= 1, "%s: %.3f of the bound, %.1f times float32's error", text, e->worst,
          e->plain > 0 ? sqrt(e->ours / e->plain) : 0.0);
    if (exec->bf16_split && random) /* errors of terms are independent: they add up so, too */
        CHECK(e->ours <= 0x1p-34 * e->terms, "root mean square: %.2g of the terms'",
              sqrt(e->ours / e->terms));
}

static void test_forward(const struct eng_exec *exec, const struct shape *s,
                         float *(*numbers)(size_t count))
{
    struct problem p = problem_of(s, numbers);
    const struct eng_matrix filters = eng_matrix(p.filters, s->out);
    float *y = memory(p.positions * s->out * sizeof *y);
    float *packed = memory(eng_bf16_packed_count(exec, s->kernel, s->in, s->out) * sizeof *packed);
    void *scratch = memory(eng_bf16_scratch(exec, &p.patches));
    struct collect sink = {{collect}, y, s->out, p.positions, 0};
    struct errors e = {0, 0, 0, 0};
    float *patch = memory(p.k * sizeof *patch);
    eng_bf16_pack(exec, packed, &filters.source, s->kernel, s->in, s->out);
    tap_poison_stack();
    eng_bf16_run(exec, &p.patches, packed, s->out, &sink.sink, scratch);
    CHECK(!sink.wrong, "every output once");
    for (size_t i = 0; i<p.positions; i += p.positions> 4000 ? 13 : 1) {
        p.patches.source.read(&p.patches.source, patch, p.k, i, 1, 0, p.k);
        for (size_t o = 0; o < s->out; o++) {
            double sum = 0, size = 0;
            float plain = 0;
            for (size_t k = 0; k < p.k; k++) {
                const double term = (double)patch[k] * p.filters[k * s->out + o];
                sum += term;
                size += fabs(term);
                e.terms += term * term;
                plain += (float)term;
            }
            add_error(&e, y[i * s->out + o], plain, sum, bound_of(exec, p.k, size));
        }
    }
    report(exec, s, "forward", numbers == noise, &e);
    free(y);
    free(packed);
    free(scratch);
    free(patch);
    release(&p);
}

static void test_weights(const struct eng_exec *exec, const struct shape *s,
                         float *(*numbers)(size_t count))
{
    struct problem p = problem_of(s, numbers);
    const size_t taps = s->kernel[0] * s->kernel[1], count = p.k * s->out;
    float *dw = noise(count), *before = memory(count * sizeof *before);
    float *patches = memory(p.positions * p.k * sizeof *patches);
    void *scratch = memory(eng_bf16_weights_scratch(exec, &p.patches, s->out));
    struct errors e = {0, 0, 0, 0};
    memcpy(before, dw, count * sizeof *dw);
    tap_poison_stack();
    eng_bf16_weights(exec, &p.patches, p.dy, s->out, dw, scratch);
    p.patches.source.read(&p.patches.source, patches, p.k, 0, p.positions, 0, p.k);
    for (size_t o = 0; o<s->out; o += p.positions> 4000 ? 5 : 1)
        for (size_t k = 0; k < p.k; k++) {
            const size_t at = (o * s->in + k % s->in) * taps + k / s->in;
            double sum = before[at], size = fabs(sum);
            float plain = before[at];
            for (size_t i = 0; i < p.positions; i++) {
                const double term = (double)patches[i * p.k + k] * p.dy[i * s->out + o];
                sum += term;
                size += fabs(term);
                e.terms += term * term;
                plain += (float)term;
            }
            add_error(&e, dw[at], plain, sum, bound_of(exec, p.positions, size));
        }
    report(exec, s, "gradient of the filters", numbers == noise, &e);
    free(dw);
    free(before);
    free(patches);
    free(scratch);
    release(&p);
}

/* Both again by several threads: not a bit differs. */
static void test_threads(const struct eng_exec *exec, const struct shape *s)
{
    struct problem p = problem_of(s, noise);
    const struct eng_matrix filters = eng_matrix(p.filters, s->out);
    const size_t y_count = p.positions * s->out, dw_count = p.k * s->out;
    float *y[2], *dw[2];
    for (int i = 0; i < 2; i++) {
        struct eng_exec e = *exec;
        e.threads = i ? 3 : 1;
        y[i] = memory(y_count * sizeof(float));
        dw[i] = memory(dw_count * sizeof(float));
        float *packed = memory(eng_bf16_packed_count(&e, s->kernel, s->in, s->out) *
                               sizeof *packed);
        void *scratch = memory(eng_bf16_scratch(&e, &p.patches));
        void *for_weights = memory(eng_bf16_weights_scratch(&e, &p.patches, s->out));
        const struct collect sink = {{collect}, y[i], s->out, p.positions, 0};
        memset(dw[i], 0, dw_count * sizeof(float));
        eng_bf16_pack(&e, packed, &filters.source, s->kernel, s->in, s->out);
        eng_bf16_run(&e, &p.patches, packed, s->out, &sink.sink, scratch);
        eng_bf16_weights(&e, &p.patches, p.dy, s->out, dw[i], for_weights);
        free(packed);
        free(scratch);
        free(for_weights);
    }
    CHECK(!memcmp(y[0], y[1], y_count * sizeof(float)) &&
              !memcmp(dw[0], dw[1], dw_count * sizeof(float)),
          "%s, %s, %zu to %zu: the same bits with 3 threads", exec->bf16->name,
          exec->bf16_split ? "bf16x3" : "bf16", s->in, s->out);
    for (int i = 0; i < 2; i++) {
        free(y[i]);
        free(dw[i]);
    }
    release(&p);
}

/* ---- all levels ------------------------------------------------------------------------------ */

static void test_exec(struct eng_exec *exec, size_t most_positions)
{
    for (int split = 1; split >= 0; split--) {
        exec->bf16_split = split;
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            const struct shape *s = &shapes[i];
            if (s->images * s->h * s->w > most_positions || (!split && i % 3))
                continue;
            test_forward(exec, s, noise);
            test_weights(exec, s, noise);
            if (s->out > 100)
                test_threads(exec, s);
        }
        for (size_t i = 0; split && i < sizeof short_ones / sizeof *short_ones; i++) {
            test_forward(exec, &short_ones[i], worst_numbers);
            test_weights(exec, &short_ones[i], worst_numbers);
        }
    }
}

static void test_tiles(const struct eng_exec *exec)
{
#if defined(__x86_64__)
    const enum eng_cpu best = eng_cpu_best();
    struct eng_exec with_tiles = *exec;
    with_tiles.bf16 = &eng_bf16_amx;
    if (best < ENG_CPU_AVX512 || (best < ENG_CPU_AMX && !tile_unit_emulate())) {
        tap_skip("the kernel for tiles: no AVX-512, or no tile unit in software");
        return;
    }
    test_split(&eng_bf16_amx);
    test_products(&eng_bf16_amx);
    test_exec(&with_tiles, best < ENG_CPU_AMX ? 800 : (size_t)-1);
#if defined(__linux__)
    if (best < ENG_CPU_AMX)
        CHECK(tile_unit.count > 1000, "%lu instructions on tiles in software", tile_unit.count);
#endif
#else
    (void)exec;
    tap_skip("the kernel for tiles: another processor");
#endif
}

int main(void)
{
    struct eng_exec exec;
    struct eng_why why;
    if (eng_exec_init(&exec, 1, NULL, &why) != ENG_OK) {
        tap_skip(why.text);
        return tap_done();
    }
    eng_rng_init(&rng, 17, 0);
    eng_exec_set_precision(&exec, ENG_PRECISION_BF16X3);
    test_split(exec.bf16);
    test_products(exec.bf16);
    test_exec(&exec, (size_t)-1);
    if (exec.cpu == ENG_CPU_SCALAR) /* once is enough */
        test_tiles(&exec);
    return tap_done();
}
