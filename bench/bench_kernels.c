/* Each register-tile kernel at its peak, on one core: a tile of A and a panel of B that stay in the
 * first-level cache, beside what the same instructions reach without reading memory at all.
 *
 *     percent = kernel / ceiling      what is missing to 100 is loads, loop and stores of the tile
 */
#include "bench/bench.h"
#include "engine/kernels/gemm_list.h"

#include <math.h>
#include <stdlib.h>

enum { K = 128, TILES = 64, CHAINS = 12, STEPS = 4096, TURNS = 8, ROUNDS = 4 };

/* ---- the ceiling: x = x a + b on 12 registers, enough to hide the latency of any processor --- */

static volatile float sink;

#define CHAINED(name, attribute, type, set, step, first)                                           \
    attribute static void name(void *context)                                                      \
    {                                                                                              \
        (void)context;                                                                             \
        const type a = set(0.5f), b = set(1.0f);                                                   \
        type x0 = b, x1 = b, x2 = b, x3 = b, x4 = b, x5 = b, x6 = b, x7 = b, x8 = b, x9 = b,       \
             x10 = b, x11 = b;                                                                     \
        for (int i = 0; i < STEPS; i++) {                                                          \
            x0 = step(x0, a, b), x1 = step(x1, a, b), x2 = step(x2, a, b), x3 = step(x3, a, b);    \
            x4 = step(x4, a, b), x5 = step(x5, a, b), x6 = step(x6, a, b), x7 = step(x7, a, b);    \
            x8 = step(x8, a, b), x9 = step(x9, a, b), x10 = step(x10, a, b),                       \
            x11 = step(x11, a, b);                                                                 \
            __asm__ volatile("" : KEEP(x0), KEEP(x1), KEEP(x2), KEEP(x3), KEEP(x4), KEEP(x5));     \
            __asm__ volatile("" : KEEP(x6), KEEP(x7), KEEP(x8), KEEP(x9), KEEP(x10), KEEP(x11));   \
        }                                                                                          \
        sink = first(x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11);                 \
    }

typedef float quad __attribute__((vector_size(16)));
#define QUAD_SET(v)        ((quad){v, v, v, v})
#define QUAD_STEP(x, a, b) ((x) * (a) + (b))
#define QUAD_FIRST(x)      ((x)[0])

#if defined(__x86_64__)
#include <immintrin.h>
#define KEEP(x)          "+x"(x)
#define FIRST256(x)      _mm256_cvtss_f32(x)
#define FIRST512(x)      _mm512_cvtss_f32(x)
#define TARGET(features) __attribute__((target(features)))
CHAINED(chained_scalar, , quad, QUAD_SET, QUAD_STEP, QUAD_FIRST)
CHAINED(chained_avx2, TARGET("avx2,fma"), __m256, _mm256_set1_ps, _mm256_fmadd_ps, FIRST256)
#undef KEEP
#define KEEP(x) "+v"(x)
CHAINED(chained_avx512, TARGET("avx512f"), __m512, _mm512_set1_ps, _mm512_fmadd_ps, FIRST512)
#else
#define KEEP(x) "+w"(x)
CHAINED(chained_scalar, , quad, QUAD_SET, QUAD_STEP, QUAD_FIRST)
#endif

static const struct ceiling {
    void (*run)(void *context);
    int lanes;
} ceilings[] = {
    [ENG_CPU_SCALAR] = {chained_scalar, 4},
#if defined(__x86_64__)
    [ENG_CPU_AVX2] = {chained_avx2, 8},
    [ENG_CPU_AVX512] = {chained_avx512, 16},
#endif
};

/* ---- the kernels ---------------------------------------------------------------------------- */

struct tile {
    const struct eng_gemm_kernel *kernel;
    eng_gemm_ukr *ukr;
    size_t lda;
    float *a, *b, *c;
};

static void run_tiles(void *context)
{
    const struct tile *t = context;
    for (int i = 0; i < TILES; i++)
        t->ukr(K, t->a, t->lda, t->b, t->c, ENG_GEMM_C_LD, 0);
}

static void measure(struct tile *t, const char *order)
{
    const struct ceiling *ceiling = &ceilings[t->kernel->needs];
    double top = 0, reached = 0;
    for (int i = 0; i < TURNS; i++) { /* by turns: the clock rate may change in between */
        const double least = bench_time(ceiling->run, NULL, ROUNDS, 0.005);
        const double kernel = bench_time(run_tiles, t, ROUNDS, 0.005);
        top = fmax(top, 2.0 * CHAINS * STEPS * ceiling->lanes / least);
        reached = fmax(reached, 2.0 * TILES * K * (double)(t->kernel->mr * t->kernel->nr) / kernel);
    }
    struct dat_json_out json;
    bench_begin(&json, "kernel");
    bench_text(&json, "kernel", t->kernel->name);
    bench_text(&json, "order", order);
    bench_number(&json, "mr", (double)t->kernel->mr);
    bench_number(&json, "nr", (double)t->kernel->nr);
    bench_number(&json, "k", K);
    bench_number(&json, "gflops", 1e-9 * reached);
    bench_number(&json, "ceiling_gflops", 1e-9 * top);
    bench_number(&json, "percent", 100 * reached / top);
    bench_end(&json, t->kernel->needs);
}

int main(void)
{
    const size_t rows = ENG_GEMM_MR_MAX * ENG_GEMM_ROW_LD, cols = K * ENG_GEMM_COL_LD;
    const size_t a = rows > cols ? rows : cols, b = K * ENG_GEMM_NR_MAX;
    const size_t c = ENG_GEMM_MR_MAX * ENG_GEMM_C_LD;
    float *memory = aligned_alloc(64, (a + b + c) * sizeof *memory);
    size_t count;
    const struct eng_gemm_kernel *kernels = eng_gemm_kernels(&count);
    if (!memory) {
        fprintf(stderr, "bench_kernels: out of memory\n");
        return 1;
    }
    for (size_t i = 0; i < a + b + c; i++)
        memory[i] = 1.0f / (float)(i + 1);
    for (size_t i = 0; i < count; i++) {
        if (kernels[i].needs > eng_cpu_best())
            continue;
        struct tile t = {&kernels[i], kernels[i].rows, ENG_GEMM_ROW_LD,
                         memory,      memory + a,      memory + a + b};
        measure(&t, "rows");
        t.ukr = kernels[i].cols;
        t.lda = ENG_GEMM_COL_LD;
        measure(&t, "cols");
    }
    free(memory);
    return 0;
}
