/* Each register-tile kernel at its peak, on one core: a tile of A and a panel of B that stay in the
 * first-level cache, beside what the same instructions reach without reading memory at all. Its
 * tile of a few rows comes as another line of the same order, with its own mr.
 *
 *     percent = kernel / ceiling      what is missing to 100 is loads, loop and stores of the tile
 */
#include "bench/bench.h"
#include "bench/ceiling.h"
#include "engine/kernels/gemm_list.h"

#include <math.h>
#include <stdlib.h>

enum { K = 128, TILES = 64, TURNS = 8, ROUNDS = 4 };

struct tile {
    const struct eng_gemm_kernel *kernel;
    eng_gemm_ukr *ukr;
    size_t rows, lda;
    float *a, *b, *c;
};

static void run_tiles(void *context)
{
    const struct tile *t = context;
    for (int i = 0; i < TILES; i++)
        t->ukr(K, t->a, t->lda, t->b, t->c, ENG_GEMM_C_LD, ENG_GEMM_ANEW);
}

static void measure(struct tile *t, const char *order)
{
    const struct eng_exec alone = {.threads = 1, .cpu = t->kernel->needs};
    double top = 0, reached = 0;
    for (int i = 0; i < TURNS; i++) { /* by turns: the clock rate may change in between */
        const double seconds = bench_time(run_tiles, t, ROUNDS, 0.005);
        const double flops = 2.0 * TILES * K * (double)(t->rows * t->kernel->nr);
        top = fmax(top, bench_fma_gflops(&alone));
        reached = fmax(reached, 1e-9 * flops / seconds);
    }
    struct dat_json_out json;
    bench_begin(&json, "kernel");
    bench_text(&json, "kernel", t->kernel->name);
    bench_text(&json, "order", order);
    bench_number(&json, "mr", (double)t->rows);
    bench_number(&json, "nr", (double)t->kernel->nr);
    bench_number(&json, "k", K);
    bench_number(&json, "gflops", reached);
    bench_number(&json, "ceiling_gflops", top > 0 ? top : NAN);
    bench_number(&json, "percent", top > 0 ? 100 * reached / top : NAN);
    bench_end(&json, t->kernel->needs);
}

int main(void)
{
    const size_t rows = ENG_GEMM_MR_MAX * ENG_GEMM_ROW_LD, cols = K * ENG_GEMM_COL_LD;
    const size_t a = rows > cols ? rows : cols, b = K * ENG_GEMM_NR_MAX;
    const size_t c = ENG_GEMM_MR_MAX * ENG_GEMM_C_LD;
    float *memory = aligned_alloc(64, (a + b + c) * sizeof *memory);
    const struct eng_gemm_kernel *kernel;
    if (!memory) {
        fprintf(stderr, "bench_kernels: out of memory\n");
        return 1;
    }
    for (size_t i = 0; i < a + b + c; i++)
        memory[i] = 1.0f / (float)(i + 1);
    for (size_t i = 0; (kernel = eng_gemm_kernel_at(i)) && kernel->needs <= eng_cpu_best(); i++) {
        struct tile t = {.kernel = kernel, .a = memory, .b = memory + a, .c = memory + a + b};
        t.rows = kernel->mr;
        t.lda = ENG_GEMM_ROW_LD;
        t.ukr = kernel->rows;
        measure(&t, "rows");
        t.rows = ENG_GEMM_FEW;
        t.ukr = kernel->few;
        measure(&t, "rows");
        t.rows = kernel->mr;
        t.lda = ENG_GEMM_COL_LD;
        t.ukr = kernel->cols;
        measure(&t, "cols");
    }
    free(memory);
    return 0;
}
