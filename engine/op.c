/* What several operators share: cutting work into chunks, and sums over rows. */
#include "engine/op.h"
#include "engine/sizes.h"

struct split {
    size_t total, chunk;
    void (*task)(void *context, size_t first, size_t count, size_t i);
    void *context;
};

static void split_task(void *context, size_t i, int worker)
{
    (void)worker;
    const struct split *s = context;
    const size_t first = i * s->chunk, left = s->total - first;
    s->task(s->context, first, eng_min(left, s->chunk), i);
}

void eng_op_split(const struct eng_exec *exec, size_t total, size_t chunk,
                  void (*task)(void *context, size_t first, size_t count, size_t i), void *context)
{
    struct split s = {total, chunk, task, context};
    eng_exec_run(exec, eng_ceil_div(total, chunk), split_task, &s);
}

void eng_op_relu_bits(const struct eng_pass *pass, size_t row, size_t rows, size_t col, size_t cols)
{
    const size_t channels = pass->y_extent.c, step = eng_op_bits_row(channels);
    if (!pass->bits)
        return;
    uint8_t *bits = pass->bits + row * step + col / 8;
    const float *y = pass->y + row * channels + col;
    if (cols == channels && channels % 8 == 0)
        cols *= rows, rows = 1;
    for (size_t i = 0; i < rows; i++)
        pass->exec->vec->relu_bits(bits + i * step, y + i * channels, cols);
}

size_t eng_op_chunk(size_t channels)
{
    enum { FLOATS = 8192, LEAST = 16 };
    const size_t rows = FLOATS / (channels ? channels : 1);
    return rows > LEAST ? rows : LEAST;
}

struct sums {
    const struct eng_exec *exec;
    const float *x;
    float *partial; /* [chunks][channels] */
    size_t channels;
};

static void sums_task(void *context, size_t first, size_t count, size_t i)
{
    const struct sums *s = context;
    s->exec->vec->column_sums(s->x + first * s->channels, count, s->channels,
                              s->partial + i * s->channels);
}

size_t eng_op_sums_scratch(size_t rows, size_t channels)
{
    const size_t chunk = eng_op_chunk(channels), chunks = eng_ceil_div(rows, chunk);
    return eng_product(chunks, channels * sizeof(float));
}

void eng_op_sums(const struct eng_exec *exec, float *sum, const float *x, size_t rows,
                 size_t channels, void *scratch)
{
    struct sums s = {exec, x, scratch, channels};
    const size_t chunk = eng_op_chunk(channels), chunks = eng_ceil_div(rows, chunk);
    eng_op_split(exec, rows, chunk, sums_task, &s);
    for (size_t c = 0; c < channels; c++) {
        double total = 0;
        for (size_t i = 0; i < chunks; i++)
            total += s.partial[i * channels + c];
        sum[c] += (float)total;
    }
}
