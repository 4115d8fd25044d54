/* The text of the matrix kernels in vectors: tiles of MR rows of two vectors of LANES columns. Each
 * gemm_LEVEL.c draws its tile, defines MR, LANES, the type `vector` and LOAD, STORE, SPREAD (a
 * number to all lanes), ADD and FMA (a b + c), and includes this once. */
#include "engine/kernels/gemm_list.h"

enum { NR = 2 * LANES };
#define A_POINTER 5

_Static_assert(MR <= 3 * A_POINTER && MR <= 14 && MR >= ENG_GEMM_FEW, "pointers and loops suffice");

#define TILE full_tile
#define ROWS MR
#include "engine/kernels/gemm_tile_body.h"

#define TILE few_tile
#define ROWS ENG_GEMM_FEW
#include "engine/kernels/gemm_tile_body.h"

static void rows(size_t k, const float *a, size_t lda, const float *b, float *c, size_t ldc,
                 enum eng_gemm_start start)
{
    full_tile(k, a, lda, 1, b, c, ldc, start);
}

static void cols(size_t k, const float *a, size_t lda, const float *b, float *c, size_t ldc,
                 enum eng_gemm_start start)
{
    full_tile(k, a, 1, lda, b, c, ldc, start);
}

static void few(size_t k, const float *a, size_t lda, const float *b, float *c, size_t ldc,
                enum eng_gemm_start start)
{
    few_tile(k, a, lda, 1, b, c, ldc, start);
}
