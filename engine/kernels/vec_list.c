#include "engine/kernels/vec_list.h"

static const struct eng_vec_kernel *const kernels[] = {
#define ENG_VEC_ROW(name, needs) &eng_vec_##name,
    ENG_VEC_KERNELS(ENG_VEC_ROW)
#undef ENG_VEC_ROW
};

const struct eng_vec_kernel *eng_vec_kernel_at(size_t i)
{
    return i < sizeof kernels / sizeof *kernels ? kernels[i] : NULL;
}

const struct eng_vec_kernel *eng_vec_kernel_for(enum eng_cpu level)
{
    const struct eng_vec_kernel *best = kernels[0];
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (kernels[i]->needs <= level)
            best = kernels[i];
    return best;
}
