/* The one driver of every dense layer: C[m][n] = A[m][k] B[k][n] by blocks that fit the caches.
 *
 *                    NC         The task of one (MC x NC) block of C walks k in steps of KC.
 *                +--------+     A step reads an MC x KC block of A into the worker's scratch (the
 *             KC |   B    |     source knows how: a matrix, its transpose, the patches of an
 *                +--------+     image), multiplies it by the panels of B tile by tile, and adds
 *     +--------+ +--------+     to the block of C, which stays in the second-level cache. After
 *  MC |   A    | |   C    |     the last step the sink takes the block: it adds biases, applies
 *     +--------+ +--------+     ReLU, scatters rows, whatever the layer is about.
 *         KC
 *
 * Every element of C is summed in ascending k, in chains of KC, whatever the blocks and threads.
 */
#ifndef ENG_GEMM_H
#define ENG_GEMM_H

#include "engine/exec.h"
#include "engine/kernels/gemm_list.h"
#include "engine/sizes.h"

/* Something that reads as a matrix. read copies rows row..row+rows, columns col..col+cols into
 * dst[rows][ld], leaving the rest of each dst row alone. */
struct eng_source {
    void (*read)(const struct eng_source *self, float *dst, size_t ld, size_t row, size_t rows,
                 size_t col, size_t cols);
};

/* Where a finished block goes: c[rows][ld] is C at (row, col). */
struct eng_sink {
    void (*write)(const struct eng_sink *self, const float *c, size_t ld, size_t row, size_t rows,
                  size_t col, size_t cols);
};

struct eng_gemm {
    size_t m, n, k;
    const struct eng_source *a; /* [m][k]; with a_is_transposed [k][m] */
    int a_is_transposed;
    const float *b_packed;      /* from eng_gemm_pack_b, or NULL: then b is read */
    const struct eng_source *b; /* [k][n] */
    const struct eng_sink *c;   /* takes partial sums of long k (see below) if b is read */
    int whole_rows;             /* with b_packed: the sink gets a few rows, whole, at a time */
};

/* Computes the product. scratch holds eng_gemm_scratch(exec) bytes, with whole_rows
 * eng_gemm_whole_scratch(exec, n), 64-byte aligned.
 * Where B is read, k is walked in stretches of ENG_GEMM_STRETCH, and the sink gets one block of C
 * for each: it must add them up. */
#define ENG_GEMM_STRETCH 2048
void eng_gemm_run(const struct eng_exec *exec, const struct eng_gemm *g, void *scratch);
size_t eng_gemm_scratch(const struct eng_exec *exec);

/* Blocks of whole rows are for sinks that go over memory as large as C: its parts of a few columns
 * would lie far from each other. */
size_t eng_gemm_whole_scratch(const struct eng_exec *exec, size_t n);

/* B laid out for the kernels: for each KC rows, for each nr columns, a panel [KC][nr], zeros beyond
 * n. eng_gemm_packed_count floats; n and k below 2^31. */
size_t eng_gemm_packed_count(const struct eng_exec *exec, size_t k, size_t n);
void eng_gemm_pack_b(const struct eng_exec *exec, float *packed, const struct eng_source *b,
                     size_t k, size_t n);

/* c[rows][nr] of one panel, tile by tile, the last with as few rows as will do. Both a and c hold
 * whole tiles of mr rows; what lies beyond `rows` may be computed, and is never read. */
static inline void eng_gemm_rows(const struct eng_gemm_kernel *kernel, size_t rows, size_t k,
                                 const float *a, size_t lda, const float *b, float *c, size_t ldc,
                                 enum eng_gemm_start start)
{
    for (size_t i = 0; i < rows;) {
        const int few = eng_round_up(rows - i, ENG_GEMM_FEW) < kernel->mr;
        (few ? kernel->few : kernel->rows)(k, a + i * lda, lda, b, c + i * ldc, ldc, start);
        i += few ? ENG_GEMM_FEW : kernel->mr;
    }
}

/* A row-major matrix as a source, and its transpose. */
struct eng_matrix {
    struct eng_source source; /* first, so that a pointer to one is a pointer to the other */
    const float *data;
    size_t ld;
};
struct eng_matrix eng_matrix(const float *data, size_t ld);
struct eng_matrix eng_matrix_transposed(const float *data, size_t ld);

/* A row-major matrix as a sink: overwritten, or added to. */
struct eng_matrix_sink {
    struct eng_sink sink;
    float *data;
    size_t ld;
    int accumulate;
};
struct eng_matrix_sink eng_matrix_sink(float *data, size_t ld, int accumulate);

#endif
