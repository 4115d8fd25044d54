#include "engine/tensor.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

size_t eng_product(size_t a, size_t b)
{
    if (a == SIZE_MAX || b == SIZE_MAX || (b && a > (SIZE_MAX - 1) / b))
        return SIZE_MAX;
    return a * b;
}

size_t eng_shape_count(const struct eng_shape *shape)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count = eng_product(count, shape->dim[i]);
    return eng_product(count, sizeof(float)) == SIZE_MAX ? SIZE_MAX : count;
}

int eng_shape_same(const struct eng_shape *a, const struct eng_shape *b)
{
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]) == 0;
}

const char *eng_shape_text(const struct eng_shape *shape, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < shape->rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%zu", i ? ", " : "", shape->dim[i]);
    if (used < size)
        snprintf(text + used, size - used, "]");
    return text;
}
