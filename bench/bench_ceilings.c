/* The ceilings of this machine, on one thread and on all: multiply-adds at every CPU level,
 * bf16 products in tiles, and memory. All means $OMP_NUM_THREADS, or as many as there are
 * processors. */
#include "bench/bench.h"
#include "bench/ceiling.h"

#include <math.h>

enum { ARRAY_MIB = 256, TURNS = 4 };

static void measure(const struct eng_exec *exec, const char *name,
                    double (*gflops)(const struct eng_exec *exec))
{
    struct dat_json_out json;
    double best = 0;
    for (int i = 0; i < TURNS; i++)
        best = fmax(best, gflops(exec));
    bench_begin(&json, "ceiling");
    bench_text(&json, "ceiling", name);
    bench_number(&json, "gflops", best > 0 ? best : NAN);
    bench_number(&json, "threads", exec->threads);
    bench_end(&json, exec->cpu);
}

static void measure_memory(const struct eng_exec *exec)
{
    struct dat_json_out json;
    bench_begin(&json, "ceiling");
    bench_text(&json, "ceiling", "memory");
    bench_number(&json, "gb_per_second", bench_triad_gbs(exec, (size_t)ARRAY_MIB << 20));
    bench_number(&json, "array_mib", ARRAY_MIB);
    bench_number(&json, "threads", exec->threads);
    bench_end(&json, exec->cpu);
}

int main(void)
{
    struct eng_exec exec;
    if (!bench_exec(&exec))
        return 2;
    const int all = exec.threads;
    const enum eng_cpu level = exec.cpu;
    for (exec.threads = 1;; exec.threads = all) {
        for (exec.cpu = ENG_CPU_SCALAR; exec.cpu <= level; exec.cpu++)
            measure(&exec, "fma", bench_fma_gflops);
        exec.cpu = level;
        if (level >= ENG_CPU_AMX)
            measure(&exec, "bf16 tiles", bench_tile_gflops);
        measure_memory(&exec);
        if (exec.threads == all)
            return 0;
    }
}
