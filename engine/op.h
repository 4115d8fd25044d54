/* What an operator is, for the files op_*.c, net.c, plan.c and tape.c.
 *
 * To add one: a file op_NAME.c with its struct eng_op, a line in ENG_OPS, and a builder in net.c.
 */
#ifndef ENG_OP_H
#define ENG_OP_H

#include "engine/exec.h"
#include "engine/kernels/gemm_list.h"
#include "engine/kernels/vec_list.h"
#include "engine/net.h"
#include "engine/tape.h"

/* Activations are [n][h][w][c], channels last. */
struct eng_extent {
    size_t h, w, c;
};

static inline size_t eng_extent_count(const struct eng_extent *e)
{
    return eng_product(eng_product(e->h, e->w), e->c);
}

/* A node of a net. */
struct eng_node {
    const struct eng_op *op;
    int input[2];   /* -1: none */
    int param[2];   /* first: weight; second: bias. -1: none */
    int running[2]; /* batch norm: mean, variance */
    size_t in, out; /* channels */
    struct eng_conv conv;
    size_t size[2];     /* pooling: kernel or output height and width */
    size_t stride, pad; /* max pooling */
    float p;            /* dropout */
};

struct eng_net {
    struct eng_node *nodes;
    int node_count, node_capacity;
    struct eng_param *params;
    size_t param_count, param_capacity;
    struct eng_pack *packs; /* by node, while prepared */
    struct eng_exec packed_for;
    enum eng_use packed_use;
    uint64_t version, packed_version;
    uint64_t batches_tracked;
    struct eng_why why; /* the first failure of a builder */
    enum eng_err err;
};

/* A node's weights in the kernels' order: for forward, and for the input gradient. NULL: the
 * operator packs them as it goes. */
struct eng_pack {
    float *forward, *backward;
};

/* What one pass shows an operator. */
struct eng_pass {
    const struct eng_exec *exec;
    const struct eng_net *net;
    const struct eng_node *node;
    const struct eng_pack *pack;
    size_t n;
    unsigned want; /* enum eng_want */
    struct eng_extent x_extent[2], y_extent;
    const float *x[2];
    float *y;
    void *saved;   /* what forward keeps for backward */
    void *scratch; /* for the length of one call */
    int train_batch_norm, dropout;
    uint64_t seed; /* of this node's dropout mask */

    /* Forward, evaluation: the operators behind this one that it applies on the way. */
    const float *scale, *shift; /* of each channel, or NULL */
    const float *residual;      /* added, or NULL */
    int relu;
    uint8_t *bits; /* takes what that ReLU needs for the way back, or NULL; see eng_op_relu_bits */

    /* Backward. */
    const float *dy;
    float *dx[2];                       /* NULL: not wanted */
    int add[2];                         /* dx is added to, not overwritten */
    float *dparam[2];                   /* added to; NULL: not wanted */
    const struct eng_grad_taker *taker; /* takes the weights' gradient, in place of dparam[0] */
    enum eng_relu_rule rule;
};

enum eng_op_flag {
    ENG_OP_KEEPS_X = 1,           /* backward reads its input */
    ENG_OP_FORWARD_IN_PLACE = 2,  /* y may be x[0] */
    ENG_OP_BACKWARD_IN_PLACE = 4, /* dx[0] may be dy */
};

struct eng_op {
    const char *name;
    /* Output extent; 0 if the input cannot be taken. */
    int (*extent)(const struct eng_node *, const struct eng_extent x[2], struct eng_extent *y);
    /* enum eng_op_flag, for these options. */
    unsigned (*flags)(const struct eng_node *, int train_batch_norm, int dropout, unsigned want);
    /* Bytes of pass->saved and pass->scratch, for pass's extents and batch; NULL: none. */
    size_t (*saved)(const struct eng_pass *);
    size_t (*scratch)(const struct eng_pass *);
    void (*forward)(const struct eng_pass *);
    void (*backward)(const struct eng_pass *);
    /* 1: backward knows pass->taker, and has it take the gradient of the weights when it needs them
     * no more. */
    int streams_weights;
    /* Packs weights; *pack is empty or from before, its arrays are the net's. NULL: none needed. */
    enum eng_err (*pack)(struct eng_pack *, const struct eng_net *, const struct eng_node *,
                         const struct eng_exec *, enum eng_use);
    /* Multiply-adds of an image; NULL: not counted. */
    double (*work)(const struct eng_node *, const struct eng_extent *x, const struct eng_extent *y);
};

#define ENG_OPS(X)                                                                                 \
    X(input)                                                                                       \
    X(conv2d)                                                                                      \
    X(linear)                                                                                      \
    X(batch_norm)                                                                                  \
    X(relu)                                                                                        \
    X(max_pool)                                                                                    \
    X(avg_pool)                                                                                    \
    X(dropout)                                                                                     \
    X(add)                                                                                         \
    X(flatten)

#define ENG_OP_DECLARE(name) extern const struct eng_op eng_op_##name;
ENG_OPS(ENG_OP_DECLARE)
#undef ENG_OP_DECLARE

/* Batch norm in evaluation mode, for a convolution that applies it on the way: fills pass->saved
 * and points to y = x * scale + shift of each channel; bias (NULL allowed) is the convolution's. */
void eng_batch_norm_fold(const struct eng_pass *pass, const float *bias, const float **scale,
                         const float **shift);

/* Moves running averages towards the statistics that pass->saved has from training. */
void eng_batch_norm_update(const struct eng_pass *pass, float *mean, float *variance);

/* Parameter values of a node, or NULL. */
static inline const float *eng_node_param(const struct eng_net *net, const struct eng_node *node,
                                          int which)
{
    return node->param[which] < 0 ? NULL : net->params[node->param[which]].value;
}

/* Notes in pass->bits (NULL: does nothing) which of the numbers just written to rows row..row+rows,
 * channels col..col+cols of pass->y are positive: one bit a number, each row from a new byte. col
 * is a multiple of 8. */
void eng_op_relu_bits(const struct eng_pass *pass, size_t row, size_t rows, size_t col,
                      size_t cols);

/* Bytes of a row of bits. */
static inline size_t eng_op_bits_row(size_t channels)
{
    return (channels + 7) / 8;
}

/* Calls task(context, first, count, i) for consecutive stretches of `chunk` of 0..total-1; i
 * numbers them. */
void eng_op_split(const struct eng_exec *exec, size_t total, size_t chunk,
                  void (*task)(void *context, size_t first, size_t count, size_t i), void *context);

/* Rows of `channels` floats that make a chunk of about 32 KiB: it stays in the first-level cache,
 * and depends on the shape alone. */
size_t eng_op_chunk(size_t channels);

/* sum[channels] += the sum over rows of x[rows][channels], in an order that depends on the shape
 * alone. scratch: eng_op_sums_scratch bytes. */
void eng_op_sums(const struct eng_exec *exec, float *sum, const float *x, size_t rows,
                 size_t channels, void *scratch);
size_t eng_op_sums_scratch(size_t rows, size_t channels);

#endif
