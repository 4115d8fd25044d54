/* Arithmetic of sizes that blocks, tiles and panels need. (Products that may be too large are
 * eng_product's: engine/tensor.h.) */
#ifndef ENG_SIZES_H
#define ENG_SIZES_H

#include <stddef.h>

static inline size_t eng_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t eng_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* How many steps it takes to reach n, and where they end. */
static inline size_t eng_ceil_div(size_t n, size_t step)
{
    return (n + step - 1) / step;
}

static inline size_t eng_round_up(size_t n, size_t step)
{
    return eng_ceil_div(n, step) * step;
}

#endif
