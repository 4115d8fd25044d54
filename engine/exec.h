/* How to compute: the kernels of one CPU level, and a number of threads.
 *
 * An exec is read-only once made; any number of threads may share one. Work is cut into tasks
 * whose number and content depend on the shapes alone, each task writes its own part of the
 * result, and no sum is ever split between tasks: so the bits of a result are the same for any
 * number of threads. */
#ifndef ENG_EXEC_H
#define ENG_EXEC_H

#include "engine/cpu.h"
#include "engine/err.h"

#include <stddef.h>

struct eng_exec {
    int threads;
    enum eng_cpu cpu;
    const struct eng_gemm_kernel *gemm; /* engine/kernels/gemm_list.h */
    const struct eng_vec_kernel *vec;   /* engine/kernels/vec_list.h */
};

/* threads: 0 takes all processors (1 where built without OpenMP). cap: a CPU level's name, or NULL
 * for $GAD_CPU, or else the best there is; a level that the machine lacks is ENG_UNSUPPORTED. */
enum eng_err eng_exec_init(struct eng_exec *exec, int threads, const char *cap,
                           struct eng_why *why);

/* Calls task(context, i, worker) for every i < count, on up to exec->threads threads;
 * 0 <= worker < exec->threads tells which scratch memory is the caller's own. */
void eng_exec_run(const struct eng_exec *exec, size_t count,
                  void (*task)(void *context, size_t i, int worker), void *context);

/* Processors this process may use, or 1 where threads cannot be had. */
int eng_exec_processors(void);

#endif
