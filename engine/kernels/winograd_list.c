#include "engine/kernels/winograd_list.h"

#include "engine/kernels/list.h"

#define ROW(name) &eng_winograd_##name,
ENG_KERNEL_LIST(eng_winograd, ENG_WINOGRAD_KERNELS(ROW))
