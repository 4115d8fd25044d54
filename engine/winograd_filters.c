#include "engine/winograd_filters.h"

#include "engine/kernels/gemm_list.h"
#include "engine/kernels/vec_list.h"
#include "engine/kernels/winograd_list.h"
#include "engine/sizes.h"
#include "engine/tensor.h"

enum {
    F = ENG_WINOGRAD_F,
    TAPS = 9,     /* of a filter */
    TOGETHER = 8, /* channels of filters that are moved together */
    PAD = 32,
    LINE = 16, /* floats of a cache line */
};

size_t eng_winograd_step(size_t numbers)
{
    return eng_round_up(numbers, 16) + PAD;
}

static size_t step_of(const struct eng_exec *exec, size_t k, size_t n)
{
    return eng_winograd_step(eng_product(k, eng_round_up(n, exec->gemm->nr)));
}

size_t eng_winograd_packed_count(const struct eng_exec *exec, size_t k, size_t n)
{
    return eng_product(F, step_of(exec, k, n));
}

/* g[i][tap][lane]: the filters of `count` channels, from `first` on, of `lanes` outputs. In memory
 * the taps of one follow each other; transforms want outputs side by side. */
static void gather(const struct eng_exec *exec, float *g, const struct eng_winograd_filters *f,
                   size_t output, size_t lanes, size_t first, size_t count)
{
    const ptrdiff_t nr = (ptrdiff_t)exec->gemm->nr;
    if (!f->backward) {
        const float *w = f->w + (output * f->in + first) * TAPS;
        exec->vec->transpose(g, nr, w, f->in * TAPS, lanes, count * TAPS);
        return;
    }
    float *last = g + (TAPS - 1) * nr; /* the first becomes the last */
    for (size_t i = 0; i < count; i++, last += TAPS * nr) {
        const float *w = f->w + ((first + i) * f->in + output) * TAPS;
        const size_t later = first + i + TOGETHER;
        /* Those lie far from these: no prefetcher sees them come. */
        for (size_t l = 0; l < lanes * TAPS && later < f->out; l += LINE)
            __builtin_prefetch(f->w + (later * f->in + output) * TAPS + l);
        exec->vec->transpose(last, -nr, w, TAPS, lanes, TAPS);
    }
}

void eng_winograd_panel(const struct eng_exec *exec, float *u, size_t step,
                        const struct eng_winograd_filters *filters, size_t panel, size_t first,
                        size_t count)
{
    const size_t nr = exec->gemm->nr, outputs = filters->backward ? filters->in : filters->out;
    const size_t lanes = eng_min(nr, outputs - panel * nr);
    float g[TOGETHER * TAPS * ENG_GEMM_NR_MAX] = {0};
    for (size_t i = 0; i < count; i++) {
        const size_t at = i % TOGETHER;
        if (at == 0)
            gather(exec, g, filters, panel * nr, lanes, first + i, eng_min(TOGETHER, count - i));
        exec->winograd->filter(u + i * nr, step, g + at * TAPS * nr, nr, nr);
    }
}

struct pack_job {
    const struct eng_exec *exec;
    const struct eng_winograd_filters *filters;
    float *packed;
    size_t k, step;
};

static void pack_panel(void *context, size_t i, int worker)
{
    (void)worker;
    const struct pack_job *job = context;
    eng_winograd_panel(job->exec, job->packed + i * job->k * job->exec->gemm->nr, job->step,
                       job->filters, i, 0, job->k);
}

void eng_winograd_pack(const struct eng_exec *exec, float *packed,
                       const struct eng_winograd_filters *filters)
{
    const size_t k = filters->backward ? filters->out : filters->in;
    const size_t n = filters->backward ? filters->in : filters->out;
    struct pack_job job = {exec, filters, packed, k, step_of(exec, k, n)};
    eng_exec_run(exec, eng_ceil_div(n, exec->gemm->nr), pack_panel, &job);
}
