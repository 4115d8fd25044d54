#include "engine/kernels/bf16_list.h"

#include "engine/kernels/list.h"

#define ROW(name) &eng_bf16_##name,
ENG_KERNEL_LIST(eng_bf16, ENG_BF16_KERNELS(ROW))
