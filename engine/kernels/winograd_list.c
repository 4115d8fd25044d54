#include "engine/kernels/winograd_list.h"

static const struct eng_winograd_kernel *const kernels[] = {
#define ENG_WINOGRAD_ROW(name, needs) &eng_winograd_##name,
    ENG_WINOGRAD_KERNELS(ENG_WINOGRAD_ROW)
#undef ENG_WINOGRAD_ROW
};

const struct eng_winograd_kernel *eng_winograd_kernel_at(size_t i)
{
    return i < sizeof kernels / sizeof *kernels ? kernels[i] : NULL;
}

const struct eng_winograd_kernel *eng_winograd_kernel_for(enum eng_cpu level)
{
    const struct eng_winograd_kernel *best = kernels[0];
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (kernels[i]->needs <= level)
            best = kernels[i];
    return best;
}
