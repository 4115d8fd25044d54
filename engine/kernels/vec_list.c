#include "engine/kernels/vec_list.h"

#include "engine/kernels/list.h"

#define ROW(name) &eng_vec_##name,
ENG_KERNEL_LIST(eng_vec, ENG_VEC_KERNELS(ROW))
