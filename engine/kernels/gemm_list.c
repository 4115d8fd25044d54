#include "engine/kernels/gemm_list.h"

#include "engine/kernels/list.h"

#define ROW(name) &eng_gemm_##name,
ENG_KERNEL_LIST(eng_gemm, ENG_GEMM_KERNELS(ROW))
