#include "data/dims.h"

#include "engine/tensor.h"

#include <stdint.h>

int dat_dims_count(size_t *count, const size_t *dim, size_t rank)
{
    size_t bytes = 8;
    int empty = 0;
    for (size_t d = 0; d < rank; d++) {
        empty |= dim[d] == 0;
        bytes = eng_product(bytes, dim[d] ? dim[d] : 1);
    }
    if (bytes == SIZE_MAX)
        return 0;
    *count = empty ? 0 : bytes / 8;
    return 1;
}
