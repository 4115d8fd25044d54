#include "bench/ceiling.h"

#include "bench/bench.h"
#include "engine/kernels/bf16_list.h"

#include <math.h>
#include <stdlib.h>

typedef float quad __attribute__((vector_size(16)));

/* ---- multiply-adds: x = x a + b on 12 registers, enough to hide the latency of any processor --
 */

enum { CHAINS = 12, STEPS = 1 << 16, TASKS = 8 };

#define CHAINED(name, attribute, type, set, step, first)                                           \
    attribute static void name(void *sink, size_t task, int worker)                                \
    {                                                                                              \
        (void)worker;                                                                              \
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
        ((volatile float *)sink)[task] = first(x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 +   \
                                               x10 + x11);                                         \
    }

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

static const struct chained {
    void (*run)(void *sink, size_t task, int worker);
    int lanes;
} levels[] = {
    [ENG_CPU_SCALAR] = {chained_scalar, 4},
#if defined(__x86_64__)
    [ENG_CPU_AVX2] = {chained_avx2, 8},
    [ENG_CPU_AVX512] = {chained_avx512, 16},
    [ENG_CPU_AMX] = {chained_avx512, 16},
#endif
};

struct fma {
    const struct eng_exec *exec;
    size_t tasks;
    float *sinks;
};

static void run_chained(void *context)
{
    const struct fma *f = context;
    eng_exec_run(f->exec, f->tasks, levels[f->exec->cpu].run, f->sinks);
}

double bench_fma_gflops(const struct eng_exec *exec)
{
    const size_t known = sizeof levels / sizeof *levels;
    struct fma f = {exec, TASKS * (size_t)exec->threads, NULL};
    double gflops = NAN;
    if ((size_t)exec->cpu >= known || !levels[exec->cpu].run)
        return gflops;
    f.sinks = malloc(f.tasks * sizeof *f.sinks);
    if (f.sinks)
        gflops = 2e-9 * CHAINS * STEPS * levels[exec->cpu].lanes * (double)f.tasks /
                 bench_time(run_chained, &f, 4, 0.01);
    free(f.sinks);
    return gflops;
}

/* ---- bf16 products: four tiles of sums, enough to hide the latency ----------------------------
 */

#if defined(__x86_64__)
enum { TILE_FLOPS = 2 * 16 * 16 * 32, TILE_STEPS = 1 << 13 };

TARGET("amx-tile,amx-bf16") static void tile_products(void *context, size_t task, int worker)
{
    (void)task, (void)worker;
    const struct eng_exec *exec = context;
    exec->bf16->begin(); /* tiles of zeros */
    for (int i = 0; i < TILE_STEPS; i++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    exec->bf16->end();
}

static void run_tiles(void *context)
{
    const struct eng_exec *exec = context;
    eng_exec_run(exec, TASKS * (size_t)exec->threads, tile_products, context);
}

double bench_tile_gflops(const struct eng_exec *exec)
{
    struct eng_exec tiles = *exec;
    if (exec->cpu < ENG_CPU_AMX)
        return NAN;
    eng_exec_set_precision(&tiles, ENG_PRECISION_BF16);
    return 4e-9 * TILE_STEPS * TILE_FLOPS * TASKS * tiles.threads /
           bench_time(run_tiles, &tiles, 4, 0.01);
}
#else
double bench_tile_gflops(const struct eng_exec *exec)
{
    (void)exec;
    return NAN;
}
#endif

double bench_convolution_gflops(const struct eng_exec *exec)
{
    if (!exec->bf16 || exec->cpu < ENG_CPU_AMX)
        return bench_fma_gflops(exec);
    return bench_tile_gflops(exec) / (exec->bf16_split ? 3 : 1);
}

/* ---- memory --------------------------------------------------------------------------------- */

enum { CHUNK = 1 << 16 }; /* quads: 1 MiB */

struct triad {
    const struct eng_exec *exec;
    size_t chunks;
    quad *a, *b, *c;
};

static void fill(void *context, size_t chunk, int worker)
{
    (void)worker;
    const struct triad *t = context;
    for (size_t i = chunk * CHUNK; i < (chunk + 1) * CHUNK; i++) {
        t->a[i] = QUAD_SET(0.0f);
        t->b[i] = QUAD_SET(1.0f);
        t->c[i] = QUAD_SET(2.0f);
    }
}

static void add(void *context, size_t chunk, int worker)
{
    (void)worker;
    const struct triad *t = context;
    for (size_t i = chunk * CHUNK; i < (chunk + 1) * CHUNK; i++)
        t->a[i] = t->b[i] + QUAD_SET(3.0f) * t->c[i];
}

static void run_triad(void *context)
{
    struct triad *t = context;
    eng_exec_run(t->exec, t->chunks, add, t);
}

double bench_triad_gbs(const struct eng_exec *exec, size_t bytes)
{
    const size_t chunks = bytes / (CHUNK * sizeof(quad)), each = chunks * CHUNK;
    quad *memory = aligned_alloc(64, 3 * each * sizeof *memory);
    double gbs = NAN;
    if (memory) {
        struct triad t = {exec, chunks, memory, memory + each, memory + 2 * each};
        eng_exec_run(exec, chunks, fill, &t);
        gbs = 1e-9 * 3 * (double)(each * sizeof(quad)) / bench_time(run_triad, &t, 4, 0.05);
    }
    free(memory);
    return gbs;
}
