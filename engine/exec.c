#include "engine/exec.h"

#include "engine/choice.h"
#include "engine/kernels/bf16_list.h"
#include "engine/kernels/gemm_list.h"
#include "engine/kernels/vec_list.h"
#include "engine/kernels/winograd_list.h"

#include <stdlib.h>
#ifdef _OPENMP
#include <omp.h>
#endif

ENG_CHOICE(eng_precision, eng_precision, ENG_PRECISIONS, "precision")

int eng_exec_processors(void)
{
#ifdef _OPENMP
    return omp_get_num_procs();
#else
    return 1;
#endif
}

enum eng_err eng_exec_init(struct eng_exec *exec, int threads, const char *cap, struct eng_why *why)
{
    const enum eng_cpu best = eng_cpu_best();
    enum eng_cpu level = best;
    if (!cap)
        cap = getenv("GAD_CPU");
    if (cap && *cap)
        ENG_TRY(eng_cpu_parse(&level, cap, why));
    if (level > best)
        return eng_fail(why, ENG_UNSUPPORTED, "this processor has no %s; the best here is %s",
                        eng_cpu_name(level), eng_cpu_name(best));
    if (threads < 0 || threads > 1024)
        return eng_fail(why, ENG_ARG, "%d threads cannot be; give 1 to 1024, or 0 for all",
                        threads);
#ifdef _OPENMP
    exec->threads = threads ? threads : eng_exec_processors();
#else
    exec->threads = 1;
#endif
    exec->cpu = level;
    exec->gemm = eng_gemm_kernel_for(level);
    exec->vec = eng_vec_kernel_for(level);
    eng_exec_set_precision(exec, ENG_PRECISION_AUTO);
    return ENG_OK;
}

void eng_exec_set_precision(struct eng_exec *exec, enum eng_precision precision)
{
    exec->precision = precision;
    exec->winograd = NULL;
    exec->bf16 = NULL;
    exec->bf16_split = 0;
    if (precision == ENG_PRECISION_AUTO && exec->cpu < ENG_CPU_AMX)
        exec->winograd = eng_winograd_kernel_for(exec->cpu);
    else if (precision != ENG_PRECISION_F32) {
        exec->bf16 = eng_bf16_kernel_for(exec->cpu);
        exec->bf16_split = precision != ENG_PRECISION_BF16;
    }
}

const char *eng_exec_arithmetic(const struct eng_exec *exec)
{
    if (exec->bf16)
        return exec->bf16_split ? "bf16x3" : "bf16";
    return exec->winograd ? "f32-winograd" : "f32";
}

int eng_exec_same_packs(const struct eng_exec *a, const struct eng_exec *b)
{
    return a->gemm == b->gemm && a->winograd == b->winograd && a->bf16 == b->bf16 &&
           a->bf16_split == b->bf16_split;
}

void eng_exec_run(const struct eng_exec *exec, size_t count,
                  void (*task)(void *context, size_t i, int worker), void *context)
{
#ifdef _OPENMP
    if (exec->threads > 1 && count > 1) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(exec->threads)
        for (size_t i = 0; i < count; i++)
            task(context, i, omp_get_thread_num());
        return;
    }
#else
    (void)exec;
#endif
    for (size_t i = 0; i < count; i++)
        task(context, i, 0);
}
