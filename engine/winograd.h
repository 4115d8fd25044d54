/* 3 x 3 convolutions with stride 1 by Winograd's F(4x4, 3x3): a quarter of the multiplications
 * (engine/kernels/winograd_list.h has the idea and the matrices).
 *
 * The output is cut into tiles of 4 x 4; the tiles of all images stand in one row and are taken in
 * groups, a share of tiles for each worker, so that the transforms stay in caches:
 *
 *      x  --input-->  V[tiles / mr][36][mr][k]       a group at a time, for all channels
 *                     V[f] U[f] = M[36][tiles][n]    a task: some tiles, some outputs; M stays in
 *      M  --output--> y                              the second-level cache
 *
 * U are the filters, four times as large as they were (engine/winograd_filters.h). Where the tiles
 * are few and U is not kept, a task transforms the filters of its outputs, some channels at a time,
 * so that U never leaves the cache; where they are many, U is made first.
 *
 * The products are those of the matrix kernels (engine/kernels/gemm_list.h), one chain a number.
 *
 * How exact: with e = 2^-24 and S the same algorithm on magnitudes,
 *      |error| <= 2 (k + 40) e S,   S = |A^T| [ sum over k of |G g G^T|' . |B^T||d||B| ] |A|
 * where |.|' takes magnitudes before the transform; for the gradient of the filters k is the number
 * of tiles, and S is |G^T| [ sum of |B^T||d||B| . |A||dy||A^T| ] |G|. On random data the error is
 * about 2.5 times that of a direct sum in float32 (tests/test_winograd.c holds both). */
#ifndef ENG_WINOGRAD_H
#define ENG_WINOGRAD_H

#include "engine/gemm.h"
#include "engine/op.h"
#include "engine/winograd_filters.h"

/* One convolution: x[n][h][w][k channels] with `pad` zeros around it becomes y, n channels. */
struct eng_winograd {
    size_t images;
    const float *x;
    struct eng_extent x_extent, y_extent; /* y: x + 2 pad - 2 in height and width */
    size_t pad[2];                        /* 0 to 2 */
};

/* 1 if convolutions like this are computed so with this exec, whatever the image size: 3 x 3,
 * stride 1, enough channels on both sides, and a precision that allows it. */
int eng_winograd_takes(const struct eng_exec *exec, const struct eng_conv *conv, size_t in);

/* 1 if such a convolution can have made a map of so many channels. */
int eng_winograd_makes(const struct eng_exec *exec, size_t channels);

/* Computes y with filters from k to n channels; the sink gets it as rows of positions [n][h][w].
 * `packed` are the filters transformed, or NULL: the same bits. scratch: eng_winograd_scratch
 * bytes, 64-byte aligned; enough for fewer images too. */
void eng_winograd_run(const struct eng_exec *exec, const struct eng_winograd *job,
                      const struct eng_winograd_filters *filters, const float *packed,
                      const struct eng_sink *y, void *scratch);
size_t eng_winograd_scratch(const struct eng_exec *exec, const struct eng_winograd *job,
                            int is_packed);

/* 1 if the gradient of the filters is computed so, too: if it sums over enough tiles. A sum over
 * few has many terms that are zero throughout, behind ReLUs, and is then exactly zero; from the
 * transforms it would come as rounding noise, which Adam makes as large as any other gradient. */
int eng_winograd_takes_weights(const struct eng_winograd *job);

/* Adds the gradient of the filters to dw[out][in][3][3], for the convolution `job` and
 * dy[n][h][w][out]. scratch: eng_winograd_weights_scratch bytes, likewise. */
void eng_winograd_weights(const struct eng_exec *exec, const struct eng_winograd *job,
                          const float *dy, float *dw, void *scratch);
size_t eng_winograd_weights_scratch(const struct eng_exec *exec, const struct eng_winograd *job);

#endif
