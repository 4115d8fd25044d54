#include "engine/kernels/bf16_list.h"

static const struct eng_bf16_kernel *const kernels[] = {
#define ENG_BF16_ROW(name, needs) &eng_bf16_##name,
    ENG_BF16_KERNELS(ENG_BF16_ROW)
#undef ENG_BF16_ROW
};

const struct eng_bf16_kernel *eng_bf16_kernel_at(size_t i)
{
    return i < sizeof kernels / sizeof *kernels ? kernels[i] : NULL;
}

const struct eng_bf16_kernel *eng_bf16_kernel_for(enum eng_cpu level)
{
    const struct eng_bf16_kernel *best = kernels[0];
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (kernels[i]->needs <= level)
            best = kernels[i];
    return best;
}
