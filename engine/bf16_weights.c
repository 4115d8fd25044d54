/* The gradient of the filters: dW[tap][o][c] = sum over positions q of dY[q][o] X[q + tap][c].
 *
 * The sum runs over positions, so one operand must have them contiguous and the other in pairs:
 *
 *      dY, turned round: [o][positions]                 rows of a, read from any position on
 *      X: [positions / 2][channels][2], in planes       rows of b, read from even positions on
 *
 * Positions are those of a sequence with planes for every phase of a stride, so a tap is a constant
 * distance; what is odd of it moves dY's rows by one. Stretches of rows are summed one after the
 * other, each tap and block of outputs by one task. */
#include "engine/bf16.h"
#include "engine/kernels/bf16_list.h"
#include "engine/sequence.h"
#include "engine/sizes.h"

#include <string.h>

enum {
    STEP = ENG_BF16_STEP,
    BLOCK = ENG_BF16_BLOCK,
    TILE = ENG_BF16_TILE,
    STRETCH_BYTES = 2 << 20,
    LEAST_POSITIONS = 512, /* of a stretch: each reads and writes all of dW */
    LEAD = 2,              /* zeros before the first position of dY */
    LEAST_CHANNELS = 16,
};

int eng_bf16_takes_weights(const struct eng_exec *exec, size_t in, size_t out)
{
    return exec->bf16 != NULL && in >= LEAST_CHANNELS && out >= LEAST_CHANNELS;
}

struct weights {
    const struct eng_exec *exec;
    struct eng_sequence s;
    const float *dy;
    size_t outputs, in;
    float *gradient; /* the caller's */

    size_t parts, channels, rows_of_dy; /* c and o, rounded up to blocks */
    int lo_lo;
    size_t stretch; /* rows of positions, at most */
    size_t dy_row, dy_part, x_plane, x_part, taps;
    uint16_t *a, *b;
    float *dw;           /* [tap][o][c] */
    size_t first, count; /* rows of the stretch */
};

/* Numbers from one row of dY to the next: whole steps, an odd number of cache lines, so that rows
 * do not share one set of the cache. */
static size_t row_of_dy(size_t positions)
{
    const size_t lines = eng_ceil_div(LEAD + eng_round_up(positions, STEP) + STEP, STEP);
    return (lines | 1) * STEP;
}

/* Sizes and places; pointers from `scratch`, or from nothing. *bytes of it are used. */
static struct weights weights_of(const struct eng_exec *exec, const struct eng_patches *x,
                                 size_t out, void *scratch, size_t *bytes)
{
    struct weights w = {.exec = exec, .s = eng_sequence(x, 1, 2)};
    w.outputs = out;
    w.in = x->extent.c;
    w.parts = exec->bf16_split ? 2 : 1;
    w.channels = eng_round_up(w.in, BLOCK);
    w.rows_of_dy = eng_round_up(out, BLOCK);
    w.taps = x->kernel[0] * x->kernel[1];
    w.lo_lo = w.parts > 1 && x->images * x->positions[0] * x->positions[1] < ENG_BF16_SHORT;

    const size_t planes = w.s.planes[0] * w.s.planes[1], pitch = w.s.pitch;
    const size_t position_bytes = (planes * w.channels + w.rows_of_dy) * w.parts * sizeof *w.a;
    const size_t fits = eng_max(STRETCH_BYTES / position_bytes, LEAST_POSITIONS);
    const size_t all = eng_sequence_rows(&w.s), rows = eng_min(eng_ceil_div(fits, pitch), all);
    w.stretch = eng_ceil_div(all, eng_ceil_div(all, rows));

    w.dy_row = row_of_dy(rows * pitch);
    w.dy_part = eng_product(w.rows_of_dy, w.dy_row);
    /* A row of zeros follows for taps on the right, and what the last step reaches beyond. */
    w.x_plane = eng_product((rows + w.s.halo + 1) * pitch + w.s.lead[1] + 2 * STEP, w.channels);
    w.x_part = planes * w.x_plane;
    const size_t a = eng_round_up(eng_product(w.parts * w.dy_part, sizeof *w.a), 64);
    const size_t b = eng_round_up(eng_product(w.parts * w.x_part, sizeof *w.b), 64);
    *bytes = a + b + eng_product(w.taps * w.rows_of_dy, w.channels) * sizeof *w.dw;
    if (scratch) {
        w.a = scratch;
        w.b = (uint16_t *)((char *)scratch + a);
        w.dw = (float *)((char *)scratch + a + b);
    }
    return w;
}

size_t eng_bf16_weights_scratch(const struct eng_exec *exec, const struct eng_patches *x,
                                size_t out)
{
    size_t bytes;
    weights_of(exec, x, out, NULL, &bytes);
    return bytes;
}

/* ---- X -------------------------------------------------------------------------------------- */

/* Number `column` of a plane's row: c channels, or NULL: zeros. */
static const float *number_of(const struct weights *w, const float *row, size_t plane,
                              size_t column)
{
    const struct eng_sequence *s = &w->s;
    const size_t x = column * s->planes[1] + plane - s->lead[1]; /* left of the image: wraps */
    return row && x < s->patches->extent.w ? row + x * w->in : NULL;
}

/* Task i splits row i / planes of plane i % planes. */
static void split_x(void *context, size_t i, int worker)
{
    (void)worker;
    const struct weights *w = context;
    const struct eng_sequence *s = &w->s;
    const size_t planes = s->planes[0] * s->planes[1], plane = i % planes, row = i / planes;
    const size_t in_row = plane % s->planes[1], of_rows = plane / s->planes[1];
    const float *src = eng_sequence_row(s, of_rows, w->first + row);
    uint32_t *hi = (uint32_t *)(w->b + plane * w->x_plane + row * s->pitch * w->channels);
    for (size_t column = 0; column < s->pitch; column += 2, hi += w->channels) {
        uint32_t *lo = w->parts > 1 ? hi + w->x_part / 2 : NULL;
        const float *even = number_of(w, src, in_row, column);
        const float *odd = number_of(w, src, in_row, column + 1);
        w->exec->bf16->split_pairs(hi, lo, even, odd, w->in);
        memset(hi + w->in, 0, (w->channels - w->in) * sizeof *hi);
        if (lo)
            memset(lo + w->in, 0, (w->channels - w->in) * sizeof *lo);
    }
}

/* Behind the rows of a stretch. */
static void clear_x(const struct weights *w)
{
    const size_t planes = w->s.planes[0] * w->s.planes[1];
    const size_t end = (w->count + w->s.halo) * w->s.pitch * w->channels;
    for (size_t part = 0; part < w->parts; part++)
        for (size_t plane = 0; plane < planes; plane++)
            memset(w->b + part * w->x_part + plane * w->x_plane + end, 0,
                   (w->x_plane - end) * sizeof *w->b);
}

/* ---- dY ------------------------------------------------------------------------------------- */

/* The gradients of the 32 places from `place` on; NULL where there is no position. */
static void locate(const struct weights *w, const float *at[STEP], size_t place)
{
    for (size_t i = 0; i < STEP;) {
        const size_t row = (place + i) / w->s.pitch, column = (place + i) % w->s.pitch;
        const size_t end = eng_min(w->s.pitch, column + STEP - i);
        size_t count;
        const size_t first = eng_sequence_position(&w->s, w->first + row, column, end, &count);
        if (row >= w->count)
            count = 0;
        for (size_t j = 0; j < end - column; j++)
            at[i++] = j < count ? w->dy + (first + j) * w->outputs : NULL;
    }
}

/* Turns [16 pairs][16] round: row j of dst gets pair i of column j. */
static void turn(uint16_t *dst, size_t ld, uint32_t pairs[TILE][TILE])
{
    for (size_t j = 0; j < TILE; j++, dst += ld) {
        uint32_t row[TILE];
        for (size_t i = 0; i < TILE; i++)
            row[i] = pairs[i][j];
        memcpy(dst, row, sizeof row);
    }
}

/* Task i: 32 places of all outputs. */
static void turn_dy(void *context, size_t i, int worker)
{
    (void)worker;
    const struct weights *w = context;
    const float *at[STEP];
    locate(w, at, i * STEP);
    for (size_t o = 0; o < w->rows_of_dy; o += TILE) {
        const size_t from = eng_min(o, w->outputs), n = eng_min(TILE, w->outputs - from);
        uint32_t pairs[2][TILE][TILE] = {{{0}}};
        for (size_t k = 0; k < TILE; k++)
            w->exec->bf16->split_pairs(pairs[0][k], w->parts > 1 ? pairs[1][k] : NULL,
                                       at[2 * k] ? at[2 * k] + from : NULL,
                                       at[2 * k + 1] ? at[2 * k + 1] + from : NULL, n);
        for (size_t part = 0; part < w->parts; part++)
            turn(w->a + part * w->dy_part + o * w->dy_row + LEAD + i * STEP, w->dy_row,
                 pairs[part]);
    }
}

/* Before the first position, and behind those of a stretch. */
static void clear_dy(const struct weights *w)
{
    const size_t end = LEAD + eng_round_up(w->count * w->s.pitch, STEP);
    for (size_t row = 0; row < w->parts * w->rows_of_dy; row++) {
        uint16_t *at = w->a + row * w->dy_row;
        memset(at, 0, LEAD * sizeof *at);
        memset(at + end, 0, (w->dy_row - end) * sizeof *at);
    }
}

/* ---- the products --------------------------------------------------------------------------- */

/* Task i: tap i % taps of block i / taps of outputs. */
static void sum_task(void *context, size_t i, int worker)
{
    (void)worker;
    const struct weights *w = context;
    const struct eng_sequence *s = &w->s;
    const size_t tap = i % w->taps, o = i / w->taps * BLOCK;
    const size_t ky = tap / s->patches->kernel[1], kx = tap % s->patches->kernel[1];
    const size_t plane = eng_sequence_plane(s, 0, ky) * s->planes[1] + eng_sequence_plane(s, 1, kx);
    const size_t distance = eng_sequence_place(s, 0, ky) * s->pitch + eng_sequence_place(s, 1, kx);
    const size_t odd = distance % 2;
    const ptrdiff_t start = -(ptrdiff_t)odd;
    const struct eng_bf16_walk walk = {.runs = 1,
                                       .steps = eng_ceil_div(w->count * s->pitch + odd, STEP),
                                       .run = &start,
                                       .a_lo = w->parts > 1 ? (ptrdiff_t)w->dy_part : 0,
                                       .b_lo = w->parts > 1 ? (ptrdiff_t)w->x_part : 0,
                                       .lo_lo = w->lo_lo,
                                       .a_row = w->dy_row,
                                       .b_row = 2 * w->channels,
                                       .b_tile = STEP,
                                       .b_step = STEP * w->channels};
    const uint16_t *a = w->a + o * w->dy_row + LEAD;
    const uint16_t *b = w->b + plane * w->x_plane + (distance - odd) * w->channels;
    float *dw = w->dw + (tap * w->rows_of_dy + o) * w->channels;
    w->exec->bf16->begin();
    for (size_t c = 0; c < w->channels; c += BLOCK)
        w->exec->bf16->multiply(&walk, a, b + 2 * c, dw + c, w->channels, w->first > 0);
    w->exec->bf16->end();
}

/* Adds the filter of output o to the gradient, in PyTorch's order. */
static void add_filter(void *context, size_t o, int worker)
{
    (void)worker;
    const struct weights *w = context;
    float *dst = w->gradient + o * w->in * w->taps;
    for (size_t tap = 0; tap < w->taps; tap++) {
        const float *src = w->dw + (tap * w->rows_of_dy + o) * w->channels;
        for (size_t c = 0; c < w->in; c++)
            dst[c * w->taps + tap] += src[c];
    }
}

void eng_bf16_weights(const struct eng_exec *exec, const struct eng_patches *x, const float *dy,
                      size_t out, float *dw, void *scratch)
{
    size_t bytes;
    struct weights w = weights_of(exec, x, out, scratch, &bytes);
    w.dy = dy;
    w.gradient = dw;
    const size_t all = eng_sequence_rows(&w.s), planes = w.s.planes[0] * w.s.planes[1];
    for (w.first = 0; w.first < all; w.first += w.stretch) {
        w.count = eng_min(w.stretch, all - w.first);
        clear_x(&w);
        clear_dy(&w);
        eng_exec_run(exec, (w.count + w.s.halo) * planes, split_x, &w);
        eng_exec_run(exec, eng_ceil_div(w.count * w.s.pitch, STEP), turn_dy, &w);
        eng_exec_run(exec, w.taps * (w.rows_of_dy / BLOCK), sum_task, &w);
    }
    eng_exec_run(exec, out, add_filter, &w);
}
