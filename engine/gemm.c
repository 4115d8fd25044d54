#include "engine/gemm.h"

#include "engine/sizes.h"

#include <string.h>

enum {
    A_FLOATS_ROWS = ENG_GEMM_MC * ENG_GEMM_ROW_LD,
    A_FLOATS_COLS = ENG_GEMM_KC * ENG_GEMM_COL_LD,
    A_FLOATS = A_FLOATS_ROWS > A_FLOATS_COLS ? A_FLOATS_ROWS : A_FLOATS_COLS,
    A_ROOM = (A_FLOATS + 15) / 16 * 16, /* whole cache lines */
    C_ROOM = (ENG_GEMM_MC * ENG_GEMM_C_LD + 15) / 16 * 16,
    WHOLE_TILES = 2, /* tiles on each other in a block of whole rows */
    B_COLUMNS = 512, /* B is packed on the way in pieces of STRETCH x B_COLUMNS: 4 MiB */
};

size_t eng_gemm_scratch(const struct eng_exec *exec)
{
    return sizeof(float) *
           ((size_t)ENG_GEMM_STRETCH * B_COLUMNS + (size_t)exec->threads * (A_ROOM + C_ROOM));
}

/* From row to row of a block of whole rows: not a power of two, or near, whose rows would compete
 * for the same places of the caches. */
static size_t whole_ld(const struct eng_exec *exec, size_t n)
{
    return eng_round_up(eng_round_up(n, exec->gemm->nr), 32) + 16;
}

size_t eng_gemm_whole_scratch(const struct eng_exec *exec, size_t n)
{
    const size_t c = WHOLE_TILES * exec->gemm->mr * whole_ld(exec, n);
    return sizeof(float) * (size_t)exec->threads * (A_ROOM + c);
}

size_t eng_gemm_packed_count(const struct eng_exec *exec, size_t k, size_t n)
{
    return k * eng_round_up(n, exec->gemm->nr);
}

/* One panel: rows k0..k0+kc, columns n0..n0+nr of b. */
static void pack_panel(const struct eng_exec *exec, float *panel, const struct eng_source *b,
                       size_t k0, size_t kc, size_t n0, size_t n)
{
    const size_t nr = exec->gemm->nr, valid = eng_min(nr, n - n0);
    if (valid < nr)
        memset(panel, 0, kc * nr * sizeof *panel);
    b->read(b, panel, nr, k0, kc, n0, valid);
}

struct pack_job {
    const struct eng_exec *exec;
    float *packed;
    const struct eng_source *b;
    size_t k_first, k_count, n_first, n, panels;
};

/* Task i packs panel i % panels of the (i / panels)-th KC rows. */
static void pack_task(void *context, size_t i, int worker)
{
    (void)worker;
    const struct pack_job *job = context;
    const size_t nr = job->exec->gemm->nr;
    const size_t k0 = i / job->panels * ENG_GEMM_KC, panel = i % job->panels;
    const size_t kc = eng_min(ENG_GEMM_KC, job->k_count - k0);
    float *dst = job->packed + k0 * job->panels * nr + panel * kc * nr;
    pack_panel(job->exec, dst, job->b, job->k_first + k0, kc, job->n_first + panel * nr, job->n);
}

static void pack(struct pack_job *job)
{
    const size_t steps = eng_ceil_div(job->k_count, ENG_GEMM_KC);
    eng_exec_run(job->exec, steps * job->panels, pack_task, job);
}

void eng_gemm_pack_b(const struct eng_exec *exec, float *packed, const struct eng_source *b,
                     size_t k, size_t n)
{
    const size_t panels = eng_round_up(n, exec->gemm->nr) / exec->gemm->nr;
    pack(&(struct pack_job){exec, packed, b, 0, k, 0, n, panels});
}

/* The blocks of C for one stretch of k and one range of columns of B. */
struct block_job {
    const struct eng_exec *exec;
    const struct eng_gemm *g;
    const float *packed; /* panels of columns n_first.., rows k_first.. */
    size_t panels;
    size_t k_first, k_count, n_first, n_count;
    size_t mc, nc, blocks_n, c_ld;
    float *scratch; /* for each worker: A_ROOM, and c_floats for the block of C */
    size_t c_floats;
};

/* Multiplies the A block in `a` (rows rows, kc steps) with nc columns of panels into c. */
static void multiply(const struct block_job *job, const float *a, const float *b, float *c,
                     size_t rows, size_t kc, size_t cols, enum eng_gemm_start start)
{
    const struct eng_gemm_kernel *kernel = job->exec->gemm;
    /* The block's buffers hold whole tiles, so edges need no special case: what lies beyond rows
     * and cols is computed and never read. */
    for (size_t j = 0; j < cols; j += kernel->nr) {
        if (!job->g->a_is_transposed)
            eng_gemm_rows(kernel, rows, kc, a, ENG_GEMM_ROW_LD, b + j * kc, c + j, job->c_ld,
                          start);
        else
            for (size_t i = 0; i < rows; i += kernel->mr)
                kernel->cols(kc, a + i, ENG_GEMM_COL_LD, b + j * kc, c + i * job->c_ld + j,
                             job->c_ld, start);
    }
}

static void block_task(void *context, size_t i, int worker)
{
    const struct block_job *job = context;
    const struct eng_gemm *g = job->g;
    const size_t nr = job->exec->gemm->nr;
    const size_t row = i / job->blocks_n * job->mc, col = i % job->blocks_n * job->nc;
    const size_t rows = eng_min(job->mc, g->m - row), cols = eng_min(job->nc, job->n_count - col);
    float *a = job->scratch + (size_t)worker * (A_ROOM + job->c_floats), *c = a + A_ROOM;

    for (size_t k0 = 0; k0 < job->k_count; k0 += ENG_GEMM_KC) {
        const size_t kc = eng_min(ENG_GEMM_KC, job->k_count - k0);
        if (g->a_is_transposed)
            g->a->read(g->a, a, ENG_GEMM_COL_LD, job->k_first + k0, kc, row, rows);
        else
            g->a->read(g->a, a, ENG_GEMM_ROW_LD, row, rows, job->k_first + k0, kc);
        const float *b = job->packed + k0 * job->panels * nr + col * kc;
        multiply(job, a, b, c, rows, kc, cols, k0 ? ENG_GEMM_ADD : ENG_GEMM_ANEW);
    }
    g->c->write(g->c, c, job->c_ld, row, rows, job->n_first + col, cols);
}

/* Blocks small enough to give every thread of a small machine several, and large enough to pay for
 * their reading; from the shape alone, never from the number of threads. */
static void choose_blocks(struct block_job *job)
{
    enum { ENOUGH = 16 };
    const size_t mr = job->exec->gemm->mr, nr = job->exec->gemm->nr;
    const size_t rows = eng_round_up(job->g->m, mr), cols = eng_round_up(job->n_count, nr);
    job->c_ld = ENG_GEMM_C_LD;
    job->c_floats = C_ROOM;
    if (job->g->whole_rows) {
        job->mc = eng_min(WHOLE_TILES * mr, rows), job->nc = cols, job->blocks_n = 1;
        job->c_ld = whole_ld(job->exec, job->n_count);
        job->c_floats = WHOLE_TILES * mr * job->c_ld;
        return;
    }
    size_t mc = eng_min(ENG_GEMM_MC, rows), nc = eng_min(ENG_GEMM_NC, cols);
    for (;;) {
        const size_t blocks_m = eng_ceil_div(rows, mc), blocks_n = eng_ceil_div(cols, nc);
        job->mc = mc, job->nc = nc, job->blocks_n = blocks_n;
        if (blocks_m * blocks_n >= ENOUGH)
            return;
        if (mc > 3 * mr && (mc >= nc || nc <= 2 * nr))
            mc = eng_round_up(mc / 2, mr);
        else if (nc > 2 * nr)
            nc = eng_round_up(nc / 2, nr);
        else
            return;
    }
}

static void run_blocks(struct block_job *job)
{
    choose_blocks(job);
    const size_t blocks_m = eng_ceil_div(job->g->m, job->mc);
    eng_exec_run(job->exec, blocks_m * job->blocks_n, block_task, job);
}

void eng_gemm_run(const struct eng_exec *exec, const struct eng_gemm *g, void *scratch)
{
    const size_t nr = exec->gemm->nr;
    float *b_buffer = scratch;
    struct block_job job = {.exec = exec, .g = g};
    job.scratch = b_buffer + (size_t)ENG_GEMM_STRETCH * B_COLUMNS;
    if (g->whole_rows)
        job.scratch = scratch;
    if (g->b_packed) {
        job.packed = g->b_packed;
        job.panels = eng_round_up(g->n, nr) / nr;
        job.k_count = g->k;
        job.n_count = g->n;
        run_blocks(&job);
        return;
    }
    job.packed = b_buffer;
    for (size_t n0 = 0; n0 < g->n; n0 += B_COLUMNS)
        for (size_t k0 = 0; k0 < g->k; k0 += ENG_GEMM_STRETCH) {
            job.n_first = n0;
            job.n_count = eng_min(B_COLUMNS, g->n - n0);
            job.k_first = k0;
            job.k_count = eng_min(ENG_GEMM_STRETCH, g->k - k0);
            job.panels = eng_round_up(job.n_count, nr) / nr;
            pack(&(struct pack_job){exec, b_buffer, g->b, k0, job.k_count, n0, g->n, job.panels});
            run_blocks(&job);
        }
}

static void read_matrix(const struct eng_source *self, float *dst, size_t ld, size_t row,
                        size_t rows, size_t col, size_t cols)
{
    const struct eng_matrix *m = (const struct eng_matrix *)self;
    for (size_t i = 0; i < rows; i++)
        memcpy(dst + i * ld, m->data + (row + i) * m->ld + col, cols * sizeof *dst);
}

static void read_transposed(const struct eng_source *self, float *dst, size_t ld, size_t row,
                            size_t rows, size_t col, size_t cols)
{
    const struct eng_matrix *m = (const struct eng_matrix *)self;
    for (size_t j = 0; j < cols; j++)
        for (size_t i = 0; i < rows; i++)
            dst[i * ld + j] = m->data[(col + j) * m->ld + row + i];
}

struct eng_matrix eng_matrix(const float *data, size_t ld)
{
    return (struct eng_matrix){{read_matrix}, data, ld};
}

struct eng_matrix eng_matrix_transposed(const float *data, size_t ld)
{
    return (struct eng_matrix){{read_transposed}, data, ld};
}

static void write_matrix(const struct eng_sink *self, const float *c, size_t ld, size_t row,
                         size_t rows, size_t col, size_t cols)
{
    const struct eng_matrix_sink *m = (const struct eng_matrix_sink *)self;
    for (size_t i = 0; i < rows; i++) {
        float *dst = m->data + (row + i) * m->ld + col;
        const float *src = c + i * ld;
        for (size_t j = 0; j < cols; j++)
            dst[j] = m->accumulate ? dst[j] + src[j] : src[j];
    }
}

struct eng_matrix_sink eng_matrix_sink(float *data, size_t ld, int accumulate)
{
    return (struct eng_matrix_sink){{write_matrix}, data, ld, accumulate};
}
