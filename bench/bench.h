/* What the benchmarks share: the best of some times, and the facts that belong on every line. */
#ifndef BENCH_H
#define BENCH_H

#include "data/json_out.h"
#include "engine/exec.h"
#include "gad/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Seconds of one call of work(context): the best of `rounds`, each as many calls as take at least
 * `least` seconds. A first round, which warms up, finds out how many. */
static inline double bench_time(void (*work)(void *context), void *context, int rounds,
                                double least)
{
    double best = 0;
    long calls = 1;
    for (int round = -1; round < rounds;) {
        const double start = bench_now();
        for (long i = 0; i < calls; i++)
            work(context);
        const double seconds = bench_now() - start;
        if (round < 0 && seconds < least) {
            calls *= 2;
            continue;
        }
        if (round == 0 || (round > 0 && seconds < best))
            best = seconds;
        round++;
    }
    return best / (double)calls;
}

/* As GAD_CPU says, and on $OMP_NUM_THREADS threads. 0, and a message, if that cannot be. */
static inline int bench_exec(struct eng_exec *exec)
{
    struct eng_why why;
    const char *threads = getenv("OMP_NUM_THREADS");
    const int ok = eng_exec_init(exec, threads ? atoi(threads) : 0, NULL, &why) == ENG_OK;
    if (!ok)
        fprintf(stderr, "bench: %s\n", why.text);
    return ok;
}

static inline void bench_text(struct dat_json_out *json, const char *key, const char *value)
{
    dat_json_out_key(json, key);
    dat_json_out_string(json, value);
}

static inline void bench_number(struct dat_json_out *json, const char *key, double value)
{
    dat_json_out_key(json, key);
    dat_json_out_double(json, value);
}

/* A line to standard output: begin, facts of its own, end. */
static inline void bench_begin(struct dat_json_out *json, const char *bench)
{
    dat_json_out_init(json, stdout, DAT_JSON_LINE);
    dat_json_out_object(json);
    bench_text(json, "bench", bench);
}

static inline void bench_end(struct dat_json_out *json, enum eng_cpu level)
{
    char processor[64];
    eng_cpu_model(processor, sizeof processor);
    bench_text(json, "cpu", eng_cpu_name(level));
    bench_text(json, "processor", processor);
    bench_text(json, "compiler", gad_bench_compiler());
    bench_text(json, "commit", gad_bench_commit());
    bench_text(json, "version", GAD_VERSION);
    dat_json_out_end(json);
    dat_json_out_finish(json);
    printf("\n");
    fflush(stdout);
}

#endif
