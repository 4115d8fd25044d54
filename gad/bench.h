/* How fast a net computes on this machine.
 *
 * A job is run once to warm up and then some times more, each time on the same random pictures:
 *
 *     forward         outputs of a batch, in evaluation mode
 *     input-gradient  the same, and the gradient of one output with respect to the input
 *     attribution     all five methods for the first two classes, integrated gradients of 50 steps
 *     train           one step of Adam on the mean squared error, batch norm in training mode
 */
#ifndef GAD_BENCH_H
#define GAD_BENCH_H

#include "engine/arch.h"
#include "engine/exec.h"

#include <stdint.h>

#define GAD_BENCH_JOBS(X)                                                                          \
    X(FORWARD, "forward")                                                                          \
    X(INPUT_GRADIENT, "input-gradient")                                                            \
    X(ATTRIBUTION, "attribution")                                                                  \
    X(TRAIN, "train")

enum gad_bench_job {
#define GAD_BENCH_JOB(id, name) GAD_BENCH_##id,
    GAD_BENCH_JOBS(GAD_BENCH_JOB)
#undef GAD_BENCH_JOB
};

const char *gad_bench_name(enum gad_bench_job job);
enum eng_err gad_bench_parse(enum gad_bench_job *job, const char *text, struct eng_why *why);

struct gad_bench_options {
    const struct eng_exec *exec;
    enum gad_bench_job job;
    struct eng_arch_config net;
    size_t size;  /* of the pictures: width and height in pixels */
    size_t batch; /* pictures at once */
    size_t runs;
    uint64_t seed;
    int (*stop)(void *context); /* asked between runs: nonzero ends with ENG_INTERRUPTED; or NULL */
    void *context;
};

struct gad_bench_result {
    double median, best; /* seconds of a run */
    /* Floating-point operations of a run, multiply and add counted as two, by the passes it needs:
     * an image forward is 1 (eng_net_flops), back to the input or to the parameters 1 each. */
    double flops;
};

/* Runs the job. ENG_ARG for a net, size, batch or number of runs that cannot be, ENG_SHAPE for a
 * picture that the net cannot take, ENG_NOMEM, ENG_INTERRUPTED. */
enum eng_err gad_bench_run(struct gad_bench_result *result, const struct gad_bench_options *options,
                           struct eng_why *why);

/* What a figure depends on besides the machine: the compiler, and the commit that $GAD_COMMIT
 * names ("unknown" without it), since only the script that measures knows where it was built. */
const char *gad_bench_compiler(void);
const char *gad_bench_commit(void);

#endif
