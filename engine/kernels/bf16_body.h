/* The text of bf16's kernels. Each bf16_LEVEL.c defines BF16_LEVEL and BF16_NEEDS, and includes
 * this once: plain C that compilers vectorise with that file's instructions. One with products of
 * its own defines BF16_HAS_TILES, too, and begin, end and multiply. */
#include "engine/kernels/bf16_list.h"

#include <string.h>

/* The bits of x, rounded to bf16: the upper half; ties to even. A NaN stays one. */
static inline uint32_t rounded(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    const uint32_t nan = u | 0x00400000u, near = u + 0x7fffu + (u >> 16 & 1);
    return ((u & 0x7fffffffu) > 0x7f800000u ? nan : near) & 0xffff0000u;
}

static inline float as_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* What hi leaves: exact in float32. */
static inline uint32_t rest(float x, uint32_t hi)
{
    return rounded(x - as_float(hi));
}

static void split(uint16_t *hi, uint16_t *lo, const float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hi[i] = (uint16_t)(rounded(x[i]) >> 16);
    for (size_t i = 0; lo && i < count; i++)
        lo[i] = (uint16_t)(rest(x[i], (uint32_t)hi[i] << 16) >> 16);
}

/* Two numbers (bits in the upper halves) as they follow each other in memory, and back. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define PAIR(first, second) ((first) | (second) >> 16)
#define FIRST(pair)         ((pair)&0xffff0000u)
#define SECOND(pair)        ((pair) << 16)
#else
#define PAIR(first, second) ((first) >> 16 | (second))
#define FIRST(pair)         ((pair) << 16)
#define SECOND(pair)        ((pair)&0xffff0000u)
#endif

static void split_both(uint32_t *hi, uint32_t *lo, const float *even, const float *odd,
                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        hi[i] = PAIR(rounded(even[i]), rounded(odd[i]));
    for (size_t i = 0; lo && i < count; i++)
        lo[i] = PAIR(rest(even[i], FIRST(hi[i])), rest(odd[i], SECOND(hi[i])));
}

static void split_even(uint32_t *hi, uint32_t *lo, const float *even, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hi[i] = PAIR(rounded(even[i]), 0);
    for (size_t i = 0; lo && i < count; i++)
        lo[i] = PAIR(rest(even[i], FIRST(hi[i])), 0);
}

static void split_odd(uint32_t *hi, uint32_t *lo, const float *odd, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hi[i] = PAIR(0, rounded(odd[i]));
    for (size_t i = 0; lo && i < count; i++)
        lo[i] = PAIR(0, rest(odd[i], SECOND(hi[i])));
}

static void split_pairs(uint32_t *hi, uint32_t *lo, const float *even, const float *odd,
                        size_t count)
{
    if (even && odd)
        split_both(hi, lo, even, odd, count);
    else if (even)
        split_even(hi, lo, even, count);
    else if (odd)
        split_odd(hi, lo, odd, count);
    else {
        memset(hi, 0, count * sizeof *hi);
        if (lo)
            memset(lo, 0, count * sizeof *lo);
    }
}

#ifndef BF16_HAS_TILES
enum { TILE = ENG_BF16_TILE };

static void begin(void)
{
}

static void end(void)
{
}

/* One of the products of a step, for one tile of c. */
static inline void product(float *c, size_t ldc, const uint16_t *a, size_t a_row, const uint16_t *b,
                           size_t b_row)
{
    for (int i = 0; i < TILE; i++, c += ldc, a += a_row) {
        float even[TILE] = {0}, odd[TILE] = {0};
        for (int k = 0; k < TILE; k++) {
            const float first = as_float((uint32_t)a[2 * k] << 16);
            const float second = as_float((uint32_t)a[2 * k + 1] << 16);
            uint32_t pairs[TILE];
            memcpy(pairs, b + (size_t)k * b_row, sizeof pairs);
            for (int j = 0; j < TILE; j++) {
                even[j] += first * as_float(FIRST(pairs[j]));
                odd[j] += second * as_float(SECOND(pairs[j]));
            }
        }
        for (int j = 0; j < TILE; j++)
            c[j] += even[j] + odd[j];
    }
}

static void step(float *c, size_t ldc, const struct eng_bf16_walk *walk, const uint16_t *a,
                 const uint16_t *b)
{
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++) {
            float *ct = c + i * TILE * ldc + j * TILE;
            const uint16_t *at = a + i * TILE * walk->a_row, *bt = b + j * walk->b_tile;
            if (walk->b_lo)
                product(ct, ldc, at, walk->a_row, bt + walk->b_lo, walk->b_row);
            product(ct, ldc, at, walk->a_row, bt, walk->b_row);
            if (walk->a_lo)
                product(ct, ldc, at + walk->a_lo, walk->a_row, bt, walk->b_row);
            if (walk->lo_lo)
                product(ct, ldc, at + walk->a_lo, walk->a_row, bt + walk->b_lo, walk->b_row);
        }
}

static void multiply(const struct eng_bf16_walk *walk, const uint16_t *a, const uint16_t *b,
                     float *c, size_t ldc, int accumulate)
{
    for (size_t i = 0; i < ENG_BF16_BLOCK && !accumulate; i++)
        memset(c + i * ldc, 0, ENG_BF16_BLOCK * sizeof *c);
    for (size_t r = 0; r < walk->runs; r++)
        for (size_t s = 0; s < walk->steps; s++, b += walk->b_step)
            step(c, ldc, walk, a + walk->run[r] + (ptrdiff_t)(s * ENG_BF16_STEP), b);
}
#endif

#define BF16_NAME_(level)       eng_bf16_##level
#define BF16_NAME(level)        BF16_NAME_(level)
#define BF16_TEXT_(level)       #level
#define BF16_TEXT(level)        BF16_TEXT_(level)
#define BF16_MEMBER(name, args) .name = name,

const struct eng_bf16_kernel BF16_NAME(BF16_LEVEL) = {
    .name = BF16_TEXT(BF16_LEVEL), .needs = BF16_NEEDS, ENG_BF16_FUNCTIONS(BF16_MEMBER)};
