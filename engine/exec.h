/* How to compute: the kernels of one CPU level, and a number of threads.
 *
 * An exec is read-only once made; any number of threads may share one. Work is cut into tasks. What
 * each computes depends on the shapes alone, it writes its own part of the result, and no sum is
 * ever split between tasks: so the bits of a result are the same for any number of threads. How
 * many tasks are under way at once may follow the threads. */
#ifndef ENG_EXEC_H
#define ENG_EXEC_H

#include "engine/cpu.h"
#include "engine/err.h"

#include <stddef.h>

/* What convolutions compute with. (All else is plain float32.)
 *   auto     the fastest way here whose error is that of float32 sums, up to a small factor: bf16x3
 *            on a processor with tiles (level amx), else Winograd's algorithm (engine/winograd.h)
 *            where it applies
 *   f32      plain sums of products, each a chain of float32
 *   bf16x3   three products in bfloat16 for one of float32 (engine/bf16.h), float32's class of
 *            error in a sum, though more ReLUs fall to the other side of zero (docs/parity.md);
 *            without tiles a way to check results, and slow
 *   bf16     one product in bfloat16: errors near 1 %, never chosen by auto */
#define ENG_PRECISIONS(X) X(AUTO, "auto") X(F32, "f32") X(BF16X3, "bf16x3") X(BF16, "bf16")

enum eng_precision {
#define ENG_PRECISION_ENUM(code, name) ENG_PRECISION_##code,
    ENG_PRECISIONS(ENG_PRECISION_ENUM)
#undef ENG_PRECISION_ENUM
};

const char *eng_precision_name(enum eng_precision precision);
enum eng_err eng_precision_parse(enum eng_precision *precision, const char *text,
                                 struct eng_why *why);

struct eng_exec {
    int threads;
    enum eng_cpu cpu;
    enum eng_precision precision;
    const struct eng_gemm_kernel *gemm; /* engine/kernels/gemm_list.h */
    const struct eng_vec_kernel *vec;   /* engine/kernels/vec_list.h */

    /* What the precision comes to: one of these, or neither, and then gemm computes all. */
    const struct eng_winograd_kernel *winograd; /* engine/kernels/winograd_list.h */
    const struct eng_bf16_kernel *bf16;         /* engine/kernels/bf16_list.h */
    int bf16_split;                             /* three products, of hi and lo parts */
};

/* threads: 1 to 1024, or 0 for all processors, else ENG_ARG (where built without OpenMP all of them
 * come to 1). cap: a CPU level's name, or NULL for $GAD_CPU, or else the best there is; a name that
 * is none is ENG_ARG, a level that the machine lacks ENG_UNSUPPORTED. The precision is auto. */
enum eng_err eng_exec_init(struct eng_exec *exec, int threads, const char *cap,
                           struct eng_why *why);

/* Changes the precision, before the exec is used. */
void eng_exec_set_precision(struct eng_exec *exec, enum eng_precision precision);

/* What the precision comes to here, for reports: "f32-winograd", "f32", "bf16x3" or "bf16". */
const char *eng_exec_arithmetic(const struct eng_exec *exec);

/* 1 if weights that are packed for one are packed for the other. */
int eng_exec_same_packs(const struct eng_exec *a, const struct eng_exec *b);

/* Calls task(context, i, worker) for every i < count, on up to exec->threads threads;
 * 0 <= worker < exec->threads tells which scratch memory is the caller's own. */
void eng_exec_run(const struct eng_exec *exec, size_t count,
                  void (*task)(void *context, size_t i, int worker), void *context);

/* Processors this process may use, or 1 where threads cannot be had. */
int eng_exec_processors(void);

#endif
