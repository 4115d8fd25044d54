#include "engine/narrow.h"

#include "engine/sizes.h"

#include <string.h>

enum {
    MOST_CHANNELS = 8,
    CHUNK = 16, /* numbers copied at once */
    STRIPS = 4, /* of an image, of rows of positions: a task each */
    LEAST = 8,  /* rows of a strip */
};

static size_t patch_size(const size_t kernel[2], size_t channels)
{
    return kernel[0] * kernel[1] * channels;
}

int eng_narrow_takes(const size_t kernel[2], size_t channels)
{
    return channels <= MOST_CHANNELS && patch_size(kernel, channels) <= ENG_GEMM_KC;
}

/* ---- patches of a row of positions ----------------------------------------------------------- */

struct strips {
    const struct eng_exec *exec;
    const struct eng_patches *x;
    size_t strip, count;            /* rows of a strip, strips of an image */
    size_t run, k, tile, positions; /* a patch's row and whole; positions of a tile, and of a row,
                                       rounded up to tiles */
    size_t row, ld;                 /* floats of a padded row, and from patch to patch */
    size_t panels, out;
    /* of a worker's scratch: */
    size_t patches_at, c_at, floats;
};

static struct strips strips_of(const struct eng_exec *exec, const struct eng_patches *x, size_t out)
{
    const size_t height = x->positions[0], mr = exec->gemm->mr;
    struct strips s = {.exec = exec, .x = x, .out = out, .tile = mr};
    s.strip = eng_max(eng_ceil_div(height, STRIPS), LEAST);
    s.count = eng_ceil_div(height, s.strip);
    s.run = x->kernel[1] * x->extent.c;
    s.k = patch_size(x->kernel, x->extent.c);
    s.positions = eng_round_up(x->positions[1], mr);
    s.row = ((x->positions[1] - 1) * x->step[1] + x->kernel[1]) * x->extent.c + CHUNK;
    s.ld = eng_round_up(s.k, mr) + CHUNK;
    s.panels = eng_ceil_div(out, exec->gemm->nr);
    s.patches_at = eng_round_up(x->kernel[0] * s.row, 16);
    s.c_at = s.patches_at + eng_round_up(s.positions * s.ld, 16);
    s.floats = s.c_at + eng_round_up(s.positions * s.panels * exec->gemm->nr, 16);
    return s;
}

/* Row y of an image with its padding; y is beyond the image where it wraps. */
static void load_row(const struct strips *s, float *dst, const float *image, size_t y)
{
    const struct eng_extent *e = &s->x->extent;
    const ptrdiff_t c = (ptrdiff_t)e->c, first = s->x->origin[1] * c, width = (ptrdiff_t)e->w * c;
    const ptrdiff_t end = (ptrdiff_t)s->row;
    ptrdiff_t from = first < 0 ? -first : 0, to = width - first < end ? width - first : end;
    memset(dst, 0, s->row * sizeof *dst);
    if (y < e->h && to > from)
        memcpy(dst + from, image + (ptrdiff_t)y * width + first + from,
               (size_t)(to - from) * sizeof *dst);
}

/* The patches of all positions of a row: `rows` holds the padded rows, that of y at y % kh. */
static void build_patches(const struct strips *s, float *patches, const float *rows, size_t top)
{
    const struct eng_patches *x = s->x;
    const size_t step = x->step[1] * x->extent.c;
    for (size_t ky = 0; ky < x->kernel[0]; ky++) {
        const float *src = rows + (top + ky) % x->kernel[0] * s->row;
        float *dst = patches + ky * s->run;
        for (size_t p = 0; p < x->positions[1]; p++, src += step, dst += s->ld)
            for (size_t i = 0; i < s->run; i += CHUNK)
                memcpy(dst + i, src + i, CHUNK * sizeof *dst);
    }
}

/* Calls with the patches of each row of positions of strip i; row counts those of all images. */
static void each_row(const struct strips *s, size_t i, float *scratch,
                     void (*call)(void *context, const float *patches, float *c, size_t row),
                     void *context)
{
    const struct eng_patches *x = s->x;
    const size_t image = i / s->count, first = i % s->count * s->strip;
    const size_t height = x->positions[0], end = eng_min(first + s->strip, height);
    const float *data = x->x + image * eng_extent_count(&x->extent);
    float *patches = scratch + s->patches_at;
    size_t next = first * x->step[0];
    /* What lies behind the last position is read with it, and multiplied, and never used. */
    memset(patches, 0, s->positions * s->ld * sizeof *patches);
    for (size_t y = first; y < end; y++) {
        const size_t top = y * x->step[0];
        for (size_t ky = 0; ky < x->kernel[0]; ky++)
            if (top + ky >= next) {
                next = top + ky;
                load_row(s, scratch + next % x->kernel[0] * s->row, data,
                         next + (size_t)x->origin[0]);
                next++;
            }
        build_patches(s, patches, scratch, top);
        call(context, patches, scratch + s->c_at, image * height + y);
    }
}

/* ---- the convolution ------------------------------------------------------------------------- */

struct run {
    struct strips s;
    const float *packed;
    const struct eng_sink *y;
    float *scratch;
};

static void multiply_row(void *context, const float *patches, float *c, size_t row)
{
    const struct run *r = context;
    const struct strips *s = &r->s;
    const struct eng_gemm_kernel *kernel = s->exec->gemm;
    const size_t nr = kernel->nr, ldc = s->panels * nr, width = s->x->positions[1];
    for (size_t p = 0; p < s->positions; p += s->tile)
        for (size_t j = 0; j < s->panels; j++)
            kernel->rows(s->k, patches + p * s->ld, s->ld, r->packed + j * s->k * nr,
                         c + p * ldc + j * nr, ldc, ENG_GEMM_ANEW);
    r->y->write(r->y, c, ldc, row * width, width, 0, s->out);
}

static void run_strip(void *context, size_t i, int worker)
{
    struct run *r = context;
    each_row(&r->s, i, r->scratch + (size_t)worker * r->s.floats, multiply_row, r);
}

void eng_narrow_run(const struct eng_exec *exec, const struct eng_patches *x, const float *packed,
                    size_t out, const struct eng_sink *y, void *scratch)
{
    struct run r = {strips_of(exec, x, out), packed, y, scratch};
    eng_exec_run(exec, x->images * r.s.count, run_strip, &r);
}

size_t eng_narrow_scratch(const struct eng_exec *exec, const struct eng_patches *x, size_t out)
{
    const struct strips s = strips_of(exec, x, out);
    return eng_product((size_t)exec->threads, s.floats) * sizeof(float);
}

/* ---- the gradient of the filters ------------------------------------------------------------- */

/* A strip's sums are [taps, rounded up to tiles][outputs, rounded up to panels]. */
struct weights {
    struct strips s;
    const float *dy;
    float *scratch, *sums, *gradient;
    size_t size; /* of a strip's sums */
};

struct strip_sums {
    const struct weights *w;
    float *sum;
    enum eng_gemm_start start; /* of the next row's sums */
};

/* Panels of dY are made where the convolution has its row of results. */
static void add_row(void *context, const float *patches, float *panels, size_t row)
{
    struct strip_sums *sums = context;
    const struct strips *s = &sums->w->s;
    const struct eng_gemm_kernel *kernel = s->exec->gemm;
    const size_t nr = kernel->nr, ldc = s->panels * nr, width = s->x->positions[1];
    const float *dy = sums->w->dy + row * width * s->out;
    for (size_t j = 0; j < s->panels; j++) {
        const size_t o = j * nr, cols = eng_min(nr, s->out - o);
        float *panel = panels + j * width * nr;
        for (size_t p = 0; p < width; p++) {
            memcpy(panel + p * nr, dy + p * s->out + o, cols * sizeof *panel);
            memset(panel + p * nr + cols, 0, (nr - cols) * sizeof *panel);
        }
        for (size_t k = 0; k < s->k; k += s->tile)
            kernel->cols(width, patches + k, s->ld, panel, sums->sum + k * ldc + o, ldc,
                         sums->start);
    }
    sums->start = ENG_GEMM_ADD;
}

static void sum_strip(void *context, size_t i, int worker)
{
    const struct weights *w = context;
    struct strip_sums sums = {w, w->sums + i * w->size, ENG_GEMM_ANEW};
    each_row(&w->s, i, w->scratch + (size_t)worker * w->s.floats, add_row, &sums);
}

/* Adds up the strips of output o, in PyTorch's order. */
static void add_strips(void *context, size_t o, int worker)
{
    (void)worker;
    const struct weights *w = context;
    const struct strips *s = &w->s;
    const size_t strips = s->x->images * s->count, ldc = s->panels * s->exec->gemm->nr;
    const size_t c = s->x->extent.c, area = s->x->kernel[0] * s->x->kernel[1];
    float *dst = w->gradient + o * s->k;
    for (size_t k = 0; k < s->k; k++) {
        double sum = 0;
        for (size_t i = 0; i < strips; i++)
            sum += w->sums[i * w->size + k * ldc + o];
        dst[k % c * area + k / c] += (float)sum;
    }
}

static struct weights weights_of(const struct eng_exec *exec, const struct eng_patches *x,
                                 size_t out)
{
    struct weights w = {.s = strips_of(exec, x, out)};
    w.size = eng_round_up(w.s.k, w.s.tile) * w.s.panels * exec->gemm->nr;
    return w;
}

void eng_narrow_weights(const struct eng_exec *exec, const struct eng_patches *x, const float *dy,
                        size_t out, float *dw, void *scratch)
{
    struct weights w = weights_of(exec, x, out);
    w.dy = dy;
    w.gradient = dw;
    w.scratch = scratch;
    w.sums = w.scratch + (size_t)exec->threads * w.s.floats;
    eng_exec_run(exec, x->images * w.s.count, sum_strip, &w);
    eng_exec_run(exec, out, add_strips, &w);
}

size_t eng_narrow_weights_scratch(const struct eng_exec *exec, const struct eng_patches *x,
                                  size_t out)
{
    const struct weights w = weights_of(exec, x, out);
    const size_t sums = eng_product(x->images * w.s.count, w.size);
    return eng_product((size_t)exec->threads, w.s.floats) * sizeof(float) +
           eng_product(sums, sizeof(float));
}
