#include "engine/winograd.h"

#include "engine/kernels/winograd_list.h"
#include "engine/sizes.h"

#include <string.h>

enum {
    F = ENG_WINOGRAD_F,
    OUT = ENG_WINOGRAD_OUT,
    IN = ENG_WINOGRAD_IN,
    TAPS = 9,              /* of a filter */
    LEAST_CHANNELS = 16,   /* below, the transforms cost more than they save */
    TILES = 56,            /* of a product, at most */
    OUTPUTS = 64,          /* and its outputs: 36 * 56 * 64 sums are half a MiB */
    FEW_TILES = 112,       /* up to so many are one product, which transforms its filters itself; */
    FEW_OUTPUTS = 32,      /* its sums take as much, */
    DEPTH = 128,           /* and the filters of so many channels at a time 0.6 MiB */
    SHARE_BYTES = 3 << 19, /* of V, a worker's share, which is one product at least */
    LEAST_TILES = 64,      /* below, no gradient of the weights by these sums */
    STRETCH_LEAST = 112,   /* tiles summed at once for it: from the one to the other, so */
    STRETCH_MOST = 224,    /* that their transforms are about twice the sums */
    TRANSFORMS = 8,        /* tiles a task */
    FILTERS = 8,           /* channels of filters whose gradients are finished together */
    BLOCK = ENG_GEMM_MC,   /* channels of x that lie together for the gradient of the weights */
    BLOCK_LD = ENG_GEMM_COL_LD,
};

int eng_winograd_takes(const struct eng_exec *exec, const struct eng_conv *conv, size_t in)
{
    return exec->winograd && conv->kernel[0] == 3 && conv->kernel[1] == 3 && conv->stride[0] == 1 &&
           conv->stride[1] == 1 && conv->pad[0] <= 2 && conv->pad[1] <= 2 && in >= LEAST_CHANNELS &&
           conv->out >= LEAST_CHANNELS;
}

int eng_winograd_makes(const struct eng_exec *exec, size_t channels)
{
    return exec->winograd && channels >= LEAST_CHANNELS;
}

/* ---- tiles ---------------------------------------------------------------------------------- */

/* The tiles of all images, in one row: image by image, row by row. */
struct tiles {
    const struct eng_winograd *job;
    size_t h, w, count;
};

static struct tiles tiles_of(const struct eng_winograd *job)
{
    struct tiles t = {job, eng_ceil_div(job->y_extent.h, OUT), eng_ceil_div(job->y_extent.w, OUT),
                      0};
    t.count = job->images * t.h * t.w;
    return t;
}

static void locate(const struct tiles *t, size_t tile, size_t *image, size_t *y, size_t *x)
{
    *image = tile / (t->h * t->w);
    *y = tile / t->w % t->h * OUT;
    *x = tile % t->w * OUT;
}

/* Where the size x size positions from (y, x) of an image are: [h][w][c] at `data`, or, outside of
 * it, at `zeros`. Positions may be "negative": y and x wrap, and are too large then. */
static void point(const float **at, size_t size, const float *data, const struct eng_extent *e,
                  size_t y, size_t x, const float *zeros)
{
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j < size; j++)
            *at++ = y + i < e->h && x + j < e->w ? data + ((y + i) * e->w + x + j) * e->c : zeros;
}

static void point_input(const float *at[IN * IN], const struct tiles *t, size_t tile,
                        const float *zeros)
{
    const struct eng_winograd *job = t->job;
    size_t image, y, x;
    locate(t, tile, &image, &y, &x);
    point(at, IN, job->x + image * eng_extent_count(&job->x_extent), &job->x_extent,
          y - job->pad[0], x - job->pad[1], zeros);
}

/* ---- the convolution ------------------------------------------------------------------------ */

/* How the tiles are cut: into products from the shape alone, into groups by the threads, too. */
struct cut {
    int few;                   /* the filters are transformed on the way */
    size_t ld;                 /* floats between the rows of V */
    size_t tiles;              /* of a product */
    size_t group;              /* tiles of a group: a share for each worker */
    size_t outputs;            /* of a product */
    size_t blocks;             /* of outputs */
    size_t u_step;             /* floats from U[f] to U[f + 1] */
    size_t y_at, u_at, worker; /* floats for each worker: M, the outputs of a tile, and U */
    size_t workers_at, zeros_at, floats;
};

static size_t most_tiles(const struct eng_exec *exec, int few)
{
    return (few ? FEW_TILES : TILES) / exec->gemm->mr * exec->gemm->mr;
}

/* For `count` of the tiles. */
static struct cut cut_of(const struct eng_exec *exec, const struct tiles *t, size_t count, int few)
{
    const size_t most = most_tiles(exec, few), nr = exec->gemm->nr;
    const size_t k = t->job->x_extent.c, n = t->job->y_extent.c;
    struct cut cut = {.few = few, .outputs = few ? FEW_OUTPUTS : OUTPUTS};
    cut.ld = eng_round_up(k, 16) + 16; /* rows must not share sets of the cache */
    const size_t share = eng_max(1, SHARE_BYTES / (F * most * cut.ld * sizeof(float)));
    const size_t products = eng_ceil_div(count, most);
    const size_t at_once = eng_min((size_t)exec->threads * share, products);
    cut.tiles = eng_round_up(eng_ceil_div(count, products), exec->gemm->mr);
    cut.group = at_once * cut.tiles;
    cut.blocks = eng_ceil_div(n, cut.outputs);
    cut.u_step = eng_winograd_step(few ? DEPTH * nr : k * eng_round_up(n, nr));
    cut.y_at = F * most * cut.outputs;
    cut.u_at = cut.y_at + OUT * OUT * cut.outputs;
    cut.worker = cut.u_at + (few ? F * cut.u_step : 0);
    const size_t rows = at_once * most; /* enough for fewer images, which may be cut otherwise */
    cut.workers_at = eng_product(F * rows, cut.ld);
    cut.zeros_at = cut.workers_at + (size_t)exec->threads * cut.worker;
    cut.floats = cut.zeros_at + eng_round_up(k, 16);
    return cut;
}

/* Floats of all filters, transformed. */
static size_t whole_filters(const struct eng_exec *exec, const struct eng_winograd *job)
{
    return eng_winograd_packed_count(exec, job->x_extent.c, job->y_extent.c);
}

size_t eng_winograd_scratch(const struct eng_exec *exec, const struct eng_winograd *job,
                            int is_packed)
{
    const struct tiles t = tiles_of(job);
    const size_t few = most_tiles(exec, 1);
    size_t floats = cut_of(exec, &t, t.count, 0).floats; /* packed ones may come after all */
    if (!is_packed && t.count > few)
        floats += whole_filters(exec, job);
    if (!is_packed)
        floats = eng_max(floats, cut_of(exec, &t, eng_min(t.count, few), 1).floats);
    return eng_product(floats, sizeof(float));
}

struct run {
    const struct eng_exec *exec;
    struct tiles tiles;
    struct cut cut;
    const struct eng_winograd_filters *filters;
    const float *packed;
    const struct eng_sink *y;
    float *v, *workers;
    const float *zeros;
    size_t first, count; /* the group */
};

/* V[tile / mr][f][tile % mr][ld], tiles of the group: what one transform writes lies close enough
 * together for the tables of pages, and what one product reads lies in one piece. */
static float *v_at(const struct run *r, size_t tile, size_t f)
{
    const size_t mr = r->exec->gemm->mr;
    return r->v + ((tile / mr * F + f) * mr + tile % mr) * r->cut.ld;
}

static void transform_input(void *context, size_t i, int worker)
{
    (void)worker;
    const struct run *r = context;
    const size_t last = eng_min((i + 1) * TRANSFORMS, r->count);
    for (size_t t = i * TRANSFORMS; t < last; t++) {
        const float *at[IN * IN];
        point_input(at, &r->tiles, r->first + t, r->zeros);
        r->exec->winograd->input(v_at(r, t, 0), r->exec->gemm->mr * r->cut.ld, at, 0,
                                 r->tiles.job->x_extent.c);
    }
}

/* Some tiles, some outputs. */
struct product {
    size_t tile, tiles, o, cols;
    float *m; /* [36][cut.tiles][cut.outputs] */
};

/* The sums of one panel, from column j of the product on, over channels k to k + count. */
static void multiply_panel(const struct run *r, const struct product *p, size_t f, const float *u,
                           size_t j, size_t k, size_t count)
{
    const struct eng_gemm_kernel *kernel = r->exec->gemm;
    float *m = p->m + f * r->cut.tiles * r->cut.outputs + j;
    for (size_t t = 0; t < p->tiles; t += kernel->mr)
        eng_gemm_rows(kernel, eng_min(kernel->mr, p->tiles - t), count, v_at(r, p->tile + t, f) + k,
                      r->cut.ld, u, m + t * r->cut.outputs, r->cut.outputs,
                      k ? ENG_GEMM_GO_ON : ENG_GEMM_ANEW);
}

static void multiply_packed(const struct run *r, const struct product *p)
{
    const size_t k = r->tiles.job->x_extent.c;
    for (size_t f = 0; f < F; f++)
        for (size_t j = 0; j < p->cols; j += r->exec->gemm->nr)
            multiply_panel(r, p, f, r->packed + f * r->cut.u_step + (p->o + j) * k, j, 0, k);
}

static void multiply_few(const struct run *r, const struct product *p, float *u)
{
    const size_t all = r->tiles.job->x_extent.c, nr = r->exec->gemm->nr;
    for (size_t k = 0; k < all; k += DEPTH) {
        const size_t count = eng_min(DEPTH, all - k);
        for (size_t j = 0; j < p->cols; j += nr) {
            eng_winograd_panel(r->exec, u, r->cut.u_step, r->filters, (p->o + j) / nr, k, count);
            for (size_t f = 0; f < F; f++)
                multiply_panel(r, p, f, u + f * r->cut.u_step, j, k, count);
        }
    }
}

/* Hands the outputs of one tile of the product to the sink. */
static void finish_tile(const struct run *r, const struct product *p, size_t tile, float *y)
{
    const struct eng_extent *e = &r->tiles.job->y_extent;
    const size_t ld = r->cut.outputs;
    size_t image, top, left;
    locate(&r->tiles, r->first + p->tile + tile, &image, &top, &left);
    r->exec->winograd->output(y, ld, p->m + tile * ld, r->cut.tiles * ld, p->cols);
    const size_t rows = eng_min(OUT, e->h - top), width = eng_min(OUT, e->w - left);
    for (size_t i = 0; i < rows; i++)
        r->y->write(r->y, y + i * OUT * ld, ld, (image * e->h + top + i) * e->w + left, width, p->o,
                    p->cols);
}

static void multiply_task(void *context, size_t i, int worker)
{
    const struct run *r = context;
    const struct cut *cut = &r->cut;
    const size_t tile = i / cut->blocks * cut->tiles, o = i % cut->blocks * cut->outputs;
    float *own = r->workers + (size_t)worker * cut->worker;
    const struct product p = {tile, eng_min(cut->tiles, r->count - tile), o,
                              eng_min(cut->outputs, r->tiles.job->y_extent.c - o), own};
    if (cut->few)
        multiply_few(r, &p, own + cut->u_at);
    else
        multiply_packed(r, &p);
    for (size_t t = 0; t < p.tiles; t++)
        finish_tile(r, &p, t, own + cut->y_at);
}

void eng_winograd_run(const struct eng_exec *exec, const struct eng_winograd *job,
                      const struct eng_winograd_filters *filters, const float *packed,
                      const struct eng_sink *y, void *scratch)
{
    struct run r = {.exec = exec, .tiles = tiles_of(job), .filters = filters, .y = y, .v = scratch};
    const int few = !packed && r.tiles.count <= most_tiles(exec, 1);
    r.cut = cut_of(exec, &r.tiles, r.tiles.count, few);
    if (!packed && !few) {
        eng_winograd_pack(exec, r.v, filters);
        packed = r.v;
        r.v += whole_filters(exec, job);
    }
    r.packed = packed;
    r.workers = r.v + r.cut.workers_at;
    r.zeros = memset(r.v + r.cut.zeros_at, 0, job->x_extent.c * sizeof *r.v);
    for (r.first = 0; r.first < r.tiles.count; r.first += r.cut.group) {
        r.count = eng_min(r.cut.group, r.tiles.count - r.first);
        eng_exec_run(exec, eng_ceil_div(r.count, TRANSFORMS), transform_input, &r);
        eng_exec_run(exec, eng_ceil_div(r.count, r.cut.tiles) * r.cut.blocks, multiply_task, &r);
    }
}

/* ---- the gradient of the weights ------------------------------------------------------------- */

/* dU[f][c][o] = sum over tiles of V[f][tile][c] Z[f][tile][o], in stretches of tiles. V lies in
 * blocks of channels, V[f][block][tile][ld], so that a block stays in the second-level cache; Z in
 * the panels that the kernels read, Z[f][panel][tile][nr]. */
struct weights {
    const struct eng_exec *exec;
    struct tiles tiles;
    const float *dy;
    float *dw;
    size_t stretch, blocks, block, ld; /* channels: `block` of them in each of `blocks` */
    size_t panels, rows;               /* dU[f][panel][rows][nr] */
    float *v, *z, *du;
    const float *zeros;
    size_t v_step, z_step, du_step, floats;
    size_t first, count; /* the stretch */
};

/* All sizes; pointers from `scratch`, or from nothing. */
static struct weights weights_of(const struct eng_exec *exec, const struct eng_winograd *job,
                                 float *scratch)
{
    const size_t c = job->x_extent.c, o = job->y_extent.c;
    struct weights s = {.exec = exec, .tiles = tiles_of(job)};
    const size_t twice = 2 * c * o / (c + o);
    s.stretch = eng_min(eng_min(eng_max(twice, STRETCH_LEAST), STRETCH_MOST), s.tiles.count);
    s.block = eng_min(c, BLOCK);
    s.blocks = eng_ceil_div(c, BLOCK);
    s.ld = s.blocks > 1 ? BLOCK_LD : eng_round_up(c, 16) + 16;
    s.panels = eng_ceil_div(o, exec->gemm->nr);
    s.rows = eng_round_up(c, exec->gemm->mr);
    const size_t cols = s.panels * exec->gemm->nr;
    s.v_step = s.blocks * s.stretch * s.ld;
    s.z_step = s.stretch * cols;
    s.du_step = s.rows * cols + 16; /* the transforms must not share sets of the cache */
    const size_t z = eng_round_up(F * s.v_step, 16), du = z + F * s.z_step,
                 zeros = du + F * s.du_step;
    s.floats = zeros + eng_round_up(eng_max(c, o), 16);
    if (scratch) {
        s.v = scratch;
        s.z = scratch + z;
        s.du = scratch + du;
        s.zeros = memset(scratch + zeros, 0, eng_max(c, o) * sizeof *scratch);
    }
    return s;
}

int eng_winograd_takes_weights(const struct eng_winograd *job)
{
    return tiles_of(job).count >= LEAST_TILES;
}

size_t eng_winograd_weights_scratch(const struct eng_exec *exec, const struct eng_winograd *job)
{
    return eng_product(weights_of(exec, job, NULL).floats, sizeof(float));
}

static void transform_both(void *context, size_t i, int worker)
{
    (void)worker;
    const struct weights *s = context;
    const struct eng_winograd *job = s->tiles.job;
    const struct eng_winograd_kernel *kernel = s->exec->winograd;
    const size_t c = job->x_extent.c, o = job->y_extent.c, nr = s->exec->gemm->nr;
    const size_t last = eng_min((i + 1) * TRANSFORMS, s->count);
    for (size_t t = i * TRANSFORMS; t < last; t++) {
        const float *at[IN * IN];
        size_t image, y, x;
        point_input(at, &s->tiles, s->first + t, s->zeros);
        for (size_t b = 0; b < s->blocks; b++)
            kernel->input(s->v + (b * s->stretch + t) * s->ld, s->v_step, at, b * BLOCK,
                          eng_min(s->block, c - b * BLOCK));
        locate(&s->tiles, s->first + t, &image, &y, &x);
        point(at, OUT, s->dy + image * eng_extent_count(&job->y_extent), &job->y_extent, y, x,
              s->zeros);
        for (size_t p = 0; p < s->panels; p++)
            kernel->output_grad(s->z + (p * s->stretch + t) * nr, s->z_step, at, p * nr,
                                eng_min(nr, o - p * nr));
    }
}

/* One block of channels against all outputs, at one f. */
static void sum_task(void *context, size_t i, int worker)
{
    (void)worker;
    const struct weights *s = context;
    const struct eng_gemm_kernel *kernel = s->exec->gemm;
    const size_t f = i / s->blocks, b = i % s->blocks;
    const size_t channels = eng_min(s->block, s->tiles.job->x_extent.c - b * BLOCK);
    const float *v = s->v + f * s->v_step + b * s->stretch * s->ld;
    for (size_t p = 0; p < s->panels; p++) {
        const float *z = s->z + f * s->z_step + p * s->stretch * kernel->nr;
        float *du = s->du + f * s->du_step + (p * s->rows + b * BLOCK) * kernel->nr;
        for (size_t c = 0; c < channels; c += kernel->mr)
            kernel->cols(s->count, v + c, s->ld, z, du + c * kernel->nr, kernel->nr,
                         s->first ? ENG_GEMM_ADD : ENG_GEMM_ANEW);
    }
}

/* The filters of panel i: dw += G^T dU G. */
static void finish_filters(void *context, size_t i, int worker)
{
    (void)worker;
    const struct weights *s = context;
    const size_t c = s->tiles.job->x_extent.c, o = s->tiles.job->y_extent.c;
    const size_t nr = s->exec->gemm->nr, first = i * nr, lanes = eng_min(nr, o - first);
    float g[FILTERS][TAPS * ENG_GEMM_NR_MAX];
    for (size_t from = 0; from < c; from += FILTERS) {
        const size_t count = eng_min(FILTERS, c - from);
        for (size_t k = 0; k < count; k++)
            s->exec->winograd->filter_grad(g[k], nr, s->du + (i * s->rows + from + k) * nr,
                                           s->du_step, lanes);
        for (size_t l = 0; l < lanes; l++) {
            float *dw = s->dw + ((first + l) * c + from) * TAPS;
            for (size_t k = 0; k < count; k++)
                for (size_t t = 0; t < TAPS; t++)
                    *dw++ += g[k][t * nr + l];
        }
    }
}

void eng_winograd_weights(const struct eng_exec *exec, const struct eng_winograd *job,
                          const float *dy, float *dw, void *scratch)
{
    struct weights s = weights_of(exec, job, scratch);
    s.dy = dy;
    s.dw = dw;
    for (s.first = 0; s.first < s.tiles.count; s.first += s.stretch) {
        s.count = eng_min(s.stretch, s.tiles.count - s.first);
        eng_exec_run(exec, eng_ceil_div(s.count, TRANSFORMS), transform_both, &s);
        eng_exec_run(exec, F * s.blocks, sum_task, &s);
    }
    eng_exec_run(exec, s.panels, finish_filters, &s);
}
