#include "engine/bf16.h"

#include "engine/kernels/bf16_list.h"
#include "engine/sequence.h"
#include "engine/sizes.h"

#include <string.h>

enum {
    STEP = ENG_BF16_STEP,
    BLOCK = ENG_BF16_BLOCK,
    TILE = ENG_BF16_TILE,
    TILE_SIZE = ENG_BF16_TILE_SIZE,
    LEAST_CHANNELS = 16,
    GROUP_BYTES = 4 << 20, /* of a sequence that is split at once */
    TASK_POSITIONS = 8,    /* blocks of a task, at most */
    TASK_OUTPUTS = 4,
    ENOUGH = 16, /* tasks */
};

int eng_bf16_takes(const struct eng_exec *exec, size_t out)
{
    return exec->bf16 != NULL && out >= LEAST_CHANNELS;
}

/* Channels with their padding. */
static size_t padded(size_t channels)
{
    size_t few = 4;
    while (few < channels && few < STEP)
        few *= 2;
    return few < STEP ? few : eng_round_up(channels, STEP);
}

/* Steps of 32 in a row of a patch. */
static size_t steps_of(size_t kernel_width, size_t channels)
{
    return eng_ceil_div(kernel_width * padded(channels), STEP);
}

/* ---- filters -------------------------------------------------------------------------------- */

/* [block of outputs][ky][step][hi, lo][2 tiles][16 pairs][16 outputs][2] */
struct pack_job {
    const struct eng_exec *exec;
    uint16_t *packed;
    const struct eng_source *filters;
    size_t kernel[2], in, out, steps;
};

static size_t parts_of(const struct eng_exec *exec)
{
    return exec->bf16_split ? 2 : 1;
}

/* 32 numbers of the run of kernel row ky from `first` on, for one block of outputs. */
static void read_step(const struct pack_job *job, float dst[STEP][BLOCK], size_t ky, size_t first,
                      size_t o, size_t outputs)
{
    const size_t channels = padded(job->in);
    for (size_t i = 0; i < STEP;) {
        const size_t kx = (first + i) / channels, c = (first + i) % channels;
        const size_t n = eng_min(STEP - i, channels - c);
        if (kx < job->kernel[1] && c < job->in)
            job->filters->read(job->filters, dst[i], BLOCK,
                               (ky * job->kernel[1] + kx) * job->in + c, eng_min(n, job->in - c), o,
                               outputs);
        i += n;
    }
}

/* Task i packs kernel row i % kh of block i / kh. */
static void pack_row(void *context, size_t i, int worker)
{
    (void)worker;
    const struct pack_job *job = context;
    const size_t ky = i % job->kernel[0], o = i / job->kernel[0] * BLOCK;
    const size_t outputs = eng_min(BLOCK, job->out - o), parts = parts_of(job->exec);
    uint16_t *dst = job->packed + i * job->steps * parts * 2 * TILE_SIZE;
    for (size_t s = 0; s < job->steps; s++) {
        float numbers[STEP][BLOCK] = {{0}};
        read_step(job, numbers, ky, s * STEP, o, outputs);
        for (size_t k = 0; k < STEP; k += 2) {
            uint32_t pairs[2][BLOCK];
            job->exec->bf16->split_pairs(pairs[0], parts > 1 ? pairs[1] : NULL, numbers[k],
                                         numbers[k + 1], BLOCK);
            for (size_t part = 0; part < parts; part++)
                for (size_t tile = 0; tile < 2; tile++)
                    memcpy(dst + (part * 2 + tile) * TILE_SIZE + k * TILE,
                           pairs[part] + tile * TILE, TILE * sizeof(uint32_t));
        }
        dst += parts * 2 * TILE_SIZE;
    }
}

size_t eng_bf16_packed_count(const struct eng_exec *exec, const size_t kernel[2], size_t in,
                             size_t out)
{
    const size_t k = eng_product(kernel[0], steps_of(kernel[1], in) * STEP);
    return eng_product(k, eng_round_up(out, BLOCK)) * parts_of(exec) / 2;
}

void eng_bf16_pack(const struct eng_exec *exec, float *packed, const struct eng_source *filters,
                   const size_t kernel[2], size_t in, size_t out)
{
    struct pack_job job = {exec, (uint16_t *)packed,     filters, {kernel[0], kernel[1]}, in,
                           out,  steps_of(kernel[1], in)};
    eng_exec_run(exec, eng_ceil_div(out, BLOCK) * kernel[0], pack_row, &job);
}

/* ---- the convolution ------------------------------------------------------------------------ */

struct run {
    const struct eng_exec *exec;
    struct eng_sequence s;
    const uint16_t *packed;
    size_t out;
    const struct eng_sink *y;

    size_t channels, parts;
    size_t group;       /* rows of positions in a group, at most */
    size_t plane, part; /* numbers of a plane, and of all planes */
    struct eng_bf16_walk walk;
    ptrdiff_t *runs; /* of the walk */
    uint16_t *x;
    float *c;              /* a block for each worker */
    size_t first, count;   /* rows of the group */
    size_t blocks[2];      /* of positions and outputs, in the group */
    size_t task_blocks[2]; /* and in a task */
};

/* Sizes and places; pointers from `scratch`, or from nothing. *bytes of it are used. */
static struct run run_of(const struct eng_exec *exec, const struct eng_patches *x, void *scratch,
                         size_t *bytes)
{
    struct run r = {.exec = exec, .s = eng_sequence(x, 0, 1)};
    const struct eng_sequence *s = &r.s;
    r.channels = padded(x->extent.c);
    r.parts = parts_of(exec);
    r.walk.runs = x->kernel[0];
    r.walk.steps = steps_of(x->kernel[1], x->extent.c);

    const size_t row_bytes = eng_product(eng_product(s->planes[0] * s->width, r.channels),
                                         r.parts * sizeof *r.x);
    const size_t fits = row_bytes < GROUP_BYTES ? GROUP_BYTES / row_bytes : 1;
    const size_t most = fits > s->halo + 1 ? fits - s->halo : 1;
    const size_t rows = eng_min(most, eng_sequence_rows(s));
    r.group = eng_ceil_div(eng_sequence_rows(s), eng_ceil_div(eng_sequence_rows(s), most));

    /* Behind the last row, blocks that it does not fill and runs that end in padding reach on. */
    const size_t beyond = s->lead[1] + s->skip[1] + BLOCK * x->step[1] +
                          eng_ceil_div(r.walk.steps * STEP, r.channels);
    r.plane = eng_product((rows + s->halo) * s->width + beyond, r.channels);
    r.part = s->planes[0] * r.plane;
    const size_t runs = eng_round_up(x->kernel[0] * sizeof *r.runs, 64);
    const size_t numbers = eng_round_up(eng_product(r.parts * r.part, sizeof *r.x), 64);
    const size_t blocks = (size_t)exec->threads * BLOCK * BLOCK * sizeof *r.c;
    *bytes = runs + numbers + blocks;
    if (scratch) {
        r.runs = scratch;
        r.x = (uint16_t *)((char *)scratch + runs);
        r.c = (float *)((char *)scratch + runs + numbers);
    }
    return r;
}

size_t eng_bf16_scratch(const struct eng_exec *exec, const struct eng_patches *x)
{
    size_t bytes;
    run_of(exec, x, NULL, &bytes);
    return bytes;
}

/* The walk over a patch, from the place of its position. */
static void plan_walk(struct run *r)
{
    const struct eng_sequence *s = &r->s;
    const struct eng_patches *x = s->patches;
    const size_t terms = x->kernel[0] * x->kernel[1] * x->extent.c;
    for (size_t ky = 0; ky < r->walk.runs; ky++)
        r->runs[ky] = (ptrdiff_t)(eng_sequence_plane(s, 0, ky) * r->plane +
                                  (eng_sequence_place(s, 0, ky) * s->width + s->skip[1]) *
                                      r->channels);
    r->walk.run = r->runs;
    r->walk.a_row = x->step[1] * r->channels;
    r->walk.a_lo = r->parts > 1 ? (ptrdiff_t)r->part : 0;
    r->walk.b_row = 2 * TILE;
    r->walk.b_tile = TILE_SIZE;
    r->walk.b_lo = r->parts > 1 ? 2 * TILE_SIZE : 0;
    r->walk.lo_lo = r->parts > 1 && terms < ENG_BF16_SHORT;
    r->walk.b_step = r->parts * 2 * TILE_SIZE;
}

/* Task i splits row i / planes of plane i % planes. */
static void split_row(void *context, size_t i, int worker)
{
    (void)worker;
    const struct run *r = context;
    const struct eng_sequence *s = &r->s;
    const struct eng_extent *e = &s->patches->extent;
    const size_t plane = i % s->planes[0], row = i / s->planes[0];
    const float *src = eng_sequence_row(s, plane, r->first + row);
    uint16_t *hi = r->x + plane * r->plane + (s->lead[1] + row * s->width) * r->channels;
    uint16_t *lo = r->parts > 1 ? hi + r->part : NULL;
    const size_t there = src ? e->w : 0;
    if (r->channels == e->c && there) {
        r->exec->bf16->split(hi, lo, src, e->w * e->c);
    } else {
        memset(hi, 0, there * r->channels * sizeof *hi);
        if (lo)
            memset(lo, 0, there * r->channels * sizeof *lo);
        for (size_t x = 0; x < there; x++)
            r->exec->bf16->split(hi + x * r->channels, lo ? lo + x * r->channels : NULL,
                                 src + x * e->c, e->c);
    }
    const size_t zeros = (s->width - there) * r->channels;
    memset(hi + there * r->channels, 0, zeros * sizeof *hi);
    if (lo)
        memset(lo + there * r->channels, 0, zeros * sizeof *lo);
}

/* Before the first rows, and behind the last that a group can have. */
static void clear_ends(const struct run *r, size_t rows)
{
    const size_t lead = r->s.lead[1] * r->channels;
    const size_t end = lead + (rows + r->s.halo) * r->s.width * r->channels;
    for (size_t i = 0; i < r->parts * r->s.planes[0]; i++) {
        uint16_t *plane = r->x + i * r->plane;
        memset(plane, 0, lead * sizeof *plane);
        memset(plane + end, 0, (r->plane - end) * sizeof *plane);
    }
}

/* Hands the block of 32 places from `place` on to the sink: those that are positions. */
static void write_block(const struct run *r, const float *c, size_t place, size_t o)
{
    const size_t cols = eng_min(BLOCK, r->out - o), pitch = r->s.pitch;
    for (size_t i = 0; i < BLOCK;) {
        const size_t row = (place + i) / pitch, column = (place + i) % pitch;
        const size_t end = eng_min(pitch, column + BLOCK - i);
        size_t count;
        const size_t at = eng_sequence_position(&r->s, r->first + row, column, end, &count);
        if (count && row < r->count)
            r->y->write(r->y, c + i * BLOCK, BLOCK, at, count, o, cols);
        i += end - column;
    }
}

static void multiply_task(void *context, size_t i, int worker)
{
    const struct run *r = context;
    const size_t across = eng_ceil_div(r->blocks[1], r->task_blocks[1]);
    const size_t first[2] = {i / across * r->task_blocks[0], i % across * r->task_blocks[1]};
    const size_t filter = r->walk.runs * r->walk.steps * r->walk.b_step;
    float *c = r->c + (size_t)worker * BLOCK * BLOCK;
    r->exec->bf16->begin();
    for (size_t j = first[1]; j < eng_min(first[1] + r->task_blocks[1], r->blocks[1]); j++)
        for (size_t k = first[0]; k < eng_min(first[0] + r->task_blocks[0], r->blocks[0]); k++) {
            r->exec->bf16->multiply(&r->walk, r->x + k * BLOCK * r->walk.a_row,
                                    r->packed + j * filter, c, BLOCK, 0);
            write_block(r, c, k * BLOCK, j * BLOCK);
        }
    r->exec->bf16->end();
}

static size_t tasks_of(const struct run *r)
{
    return eng_ceil_div(r->blocks[0], r->task_blocks[0]) *
           eng_ceil_div(r->blocks[1], r->task_blocks[1]);
}

/* Large tasks read filters and positions from the second-level cache; but every thread shall have
 * some. */
static void choose_tasks(struct run *r)
{
    r->blocks[0] = eng_ceil_div(r->count * r->s.pitch, BLOCK);
    r->blocks[1] = eng_ceil_div(r->out, BLOCK);
    r->task_blocks[0] = TASK_POSITIONS;
    r->task_blocks[1] = TASK_OUTPUTS;
    while (tasks_of(r) < ENOUGH && r->task_blocks[0] * r->task_blocks[1] > 1) {
        const int larger = r->task_blocks[0] < r->task_blocks[1];
        r->task_blocks[larger] /= 2;
    }
}

void eng_bf16_run(const struct eng_exec *exec, const struct eng_patches *x, const float *packed,
                  size_t out, const struct eng_sink *y, void *scratch)
{
    size_t bytes;
    struct run r = run_of(exec, x, scratch, &bytes);
    r.packed = (const uint16_t *)packed;
    r.out = out;
    r.y = y;
    plan_walk(&r);
    clear_ends(&r, r.group);
    const size_t rows = eng_sequence_rows(&r.s);
    for (r.first = 0; r.first < rows; r.first += r.group) {
        r.count = eng_min(r.group, rows - r.first);
        choose_tasks(&r);
        eng_exec_run(exec, (r.count + r.s.halo) * r.s.planes[0], split_row, &r);
        eng_exec_run(exec, tasks_of(&r), multiply_task, &r);
    }
}
