/* Shapes: up to four dimensions in PyTorch's order, their products checked against overflow. */
#ifndef ENG_TENSOR_H
#define ENG_TENSOR_H

#include <stddef.h>

struct eng_shape {
    int rank; /* 0 (a scalar) to 4 */
    size_t dim[4];
};

/* Elements of a shape; (size_t)-1 when that, times four bytes, does not fit a size_t. */
size_t eng_shape_count(const struct eng_shape *shape);

/* 1 if both have the same rank and dimensions. */
int eng_shape_same(const struct eng_shape *a, const struct eng_shape *b);

/* "[64, 3, 7, 7]" into text (size bytes, always terminated); returns text. */
const char *eng_shape_text(const struct eng_shape *shape, char *text, size_t size);

/* a * b, or (size_t)-1 if it overflows or an argument is (size_t)-1 already. */
size_t eng_product(size_t a, size_t b);

#endif
