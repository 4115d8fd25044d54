/* What the families of kernels share: gemm, vec, winograd, bf16.
 *
 * A family's kernel for a level is an object, eng_FAMILY_LEVEL, of struct eng_FAMILY_kernel, which
 * begins with its name and the level that it needs. An X-list in the family's header names the
 * levels in ascending order; dispatch, tests and benchmarks all read it. */
#ifndef ENG_KERNELS_LIST_H
#define ENG_KERNELS_LIST_H

#include "engine/cpu.h"

#include <stddef.h>

/* For a .c file: the list of the family `stem`, whose arguments are pointers to its kernels, and
 *   S_kernel_at(i)        the i-th, or NULL past the last
 *   S_kernel_for(level)   the last that `level` can run */
#define ENG_KERNEL_LIST(stem, ...)                                                                 \
    static const struct stem##_kernel *const kernels[] = {__VA_ARGS__};                            \
                                                                                                   \
    const struct stem##_kernel *stem##_kernel_at(size_t i)                                         \
    {                                                                                              \
        return i < sizeof kernels / sizeof *kernels ? kernels[i] : NULL;                           \
    }                                                                                              \
                                                                                                   \
    const struct stem##_kernel *stem##_kernel_for(enum eng_cpu level)                              \
    {                                                                                              \
        const struct stem##_kernel *best = kernels[0];                                             \
        for (size_t i = 1; i < sizeof kernels / sizeof *kernels; i++)                              \
            if (kernels[i]->needs <= level)                                                        \
                best = kernels[i];                                                                 \
        return best;                                                                               \
    }

#endif
