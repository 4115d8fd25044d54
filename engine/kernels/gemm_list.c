#include "engine/kernels/gemm_list.h"

static const struct eng_gemm_kernel kernels[] = {
#define ENG_GEMM_ROW(name, mr, nr, needs)                                                          \
    {#name, ENG_CPU_##needs, mr, nr, eng_gemm_rows_##name, eng_gemm_cols_##name},
    ENG_GEMM_KERNELS(ENG_GEMM_ROW)
#undef ENG_GEMM_ROW
};

const struct eng_gemm_kernel *eng_gemm_kernels(size_t *count)
{
    *count = sizeof kernels / sizeof *kernels;
    return kernels;
}

const struct eng_gemm_kernel *eng_gemm_kernel_for(enum eng_cpu level)
{
    const struct eng_gemm_kernel *best = &kernels[0];
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (kernels[i].needs <= level)
            best = &kernels[i];
    return best;
}
