/* Fully connected layer: y[n][o] = bias[o] + sum over i  x[n][i] w[o][i].
 *
 * The weights are by far the largest operand and used once a pass, so they are never packed: they
 * are the A side of every product, read as they lie, and the batch is the narrow B side. Their
 * gradient is as large, and never stored if it is handed on: each block of it is, as it is
 * finished.
 *
 *   forward           Ytransposed[o][n]  = W[o][i]             Xtransposed[i][n]
 *   input gradient    dXtransposed[i][n] = W transposed[i][o]  dYtransposed[o][n]
 *   weight gradient   dW[o][i]          += dY transposed[o][n] X[n][i]
 */
#include "engine/gemm.h"
#include "engine/op.h"
#include "engine/sizes.h"

#include <string.h>

static int extent(const struct eng_node *node, const struct eng_extent x[2], struct eng_extent *y)
{
    if (x[0].h != 1 || x[0].w != 1 || x[0].c != node->in)
        return 0;
    *y = (struct eng_extent){1, 1, node->out};
    return 1;
}

static unsigned flags(const struct eng_node *node, int train_batch_norm, int dropout, unsigned want)
{
    (void)node, (void)train_batch_norm, (void)dropout;
    return want & ENG_WANT_PARAMS ? ENG_OP_KEEPS_X : 0;
}

/* Adds a block of the transpose: data[col][row] += c[row][col]. */
struct transposed_sink {
    struct eng_sink sink;
    float *data;
    size_t ld;
};

static void add_transposed(const struct eng_sink *self, const float *c, size_t ld, size_t row,
                           size_t rows, size_t col, size_t cols)
{
    const struct transposed_sink *s = (const struct transposed_sink *)self;
    for (size_t j = 0; j < cols; j++) {
        float *dst = s->data + (col + j) * s->ld + row;
        for (size_t i = 0; i < rows; i++)
            dst[i] += c[i * ld + j];
    }
}

static void forward(const struct eng_pass *pass)
{
    const size_t in = pass->node->in, out = pass->node->out;
    const float *bias = eng_node_param(pass->net, pass->node, 1);
    for (size_t n = 0; n < pass->n; n++)
        memcpy(pass->y + n * out, bias, out * sizeof *bias);
    const struct eng_matrix a = eng_matrix(eng_node_param(pass->net, pass->node, 0), in);
    const struct eng_matrix b = eng_matrix_transposed(pass->x[0], in);
    const struct transposed_sink c = {{add_transposed}, pass->y, out};
    const struct eng_gemm g = {
        .m = out, .n = pass->n, .k = in, .a = &a.source, .b = &b.source, .c = &c.sink};
    eng_gemm_run(pass->exec, &g, pass->scratch);
}

static void input_gradient(const struct eng_pass *pass)
{
    const size_t in = pass->node->in, out = pass->node->out;
    if (!pass->add[0])
        memset(pass->dx[0], 0, pass->n * in * sizeof(float));
    const struct eng_matrix a = eng_matrix(eng_node_param(pass->net, pass->node, 0), in);
    const struct eng_matrix b = eng_matrix_transposed(pass->dy, out);
    const struct transposed_sink c = {{add_transposed}, pass->dx[0], in};
    const struct eng_gemm g = {.m = in,
                               .n = pass->n,
                               .k = out,
                               .a = &a.source,
                               .a_is_transposed = 1,
                               .b = &b.source,
                               .c = &c.sink};
    eng_gemm_run(pass->exec, &g, pass->scratch);
}

/* The images of a batch, packed, in bytes of whole cache lines. */
static size_t packed_bytes(const struct eng_pass *pass)
{
    return eng_round_up(eng_gemm_packed_count(pass->exec, pass->n, pass->node->in) * sizeof(float),
                        64);
}

/* Hands on a block of the weights' gradient. */
struct taker_sink {
    struct eng_sink sink;
    const struct eng_grad_taker *taker;
    size_t param, ld;
};

static void hand_on(const struct eng_sink *self, const float *c, size_t ld, size_t row, size_t rows,
                    size_t col, size_t cols)
{
    const struct taker_sink *s = (const struct taker_sink *)self;
    for (size_t i = 0; i < rows; i++)
        s->taker->take(s->taker, s->param, (row + i) * s->ld + col, cols, c + i * ld);
}

static void weight_gradient(const struct eng_pass *pass)
{
    const size_t in = pass->node->in, out = pass->node->out;
    const struct eng_matrix a = eng_matrix(pass->dy, out);
    const struct eng_matrix b = eng_matrix(pass->x[0], in);
    const struct eng_matrix_sink add = eng_matrix_sink(pass->dparam[0], in, 1);
    const struct taker_sink take = {{hand_on}, pass->taker, (size_t)pass->node->param[0], in};
    float *packed = pass->scratch; /* whole, so that every block comes once */
    eng_gemm_pack_b(pass->exec, packed, &b.source, pass->n, in);
    const struct eng_gemm g = {.m = out,
                               .n = in,
                               .k = pass->n,
                               .a = &a.source,
                               .a_is_transposed = 1,
                               .b_packed = packed,
                               .c = pass->taker ? &take.sink : &add.sink,
                               .whole_rows = 1};
    eng_gemm_run(pass->exec, &g, (char *)packed + packed_bytes(pass));
}

static void backward(const struct eng_pass *pass)
{
    if (pass->dparam[1])
        eng_op_sums(pass->exec, pass->dparam[1], pass->dy, pass->n, pass->node->out, pass->scratch);
    if (pass->dx[0])
        input_gradient(pass);
    if (pass->dparam[0] || pass->taker)
        weight_gradient(pass);
}

static size_t scratch(const struct eng_pass *pass)
{
    const size_t packed = pass->want & ENG_WANT_PARAMS ? packed_bytes(pass) : 0;
    const size_t gemm = eng_gemm_scratch(pass->exec);
    const size_t whole = eng_gemm_whole_scratch(pass->exec, pass->node->in);
    const size_t sums = eng_op_sums_scratch(pass->n, pass->node->out);
    return eng_max(eng_max(packed + whole, gemm), sums);
}

static double work(const struct eng_node *node, const struct eng_extent *x,
                   const struct eng_extent *y)
{
    (void)x, (void)y;
    return (double)node->in * (double)node->out;
}

const struct eng_op eng_op_linear = {.name = "linear",
                                     .extent = extent,
                                     .flags = flags,
                                     .scratch = scratch,
                                     .streams_weights = 1,
                                     .forward = forward,
                                     .backward = backward,
                                     .work = work};
