/* bf16 products on the tile unit of AMX: eight tiles of 16 rows of 64 bytes.
 *
 *      tmm0 tmm1      c              Of a step's eight tiles of a and b four are there at a time:
 *      tmm2 tmm3                     each exchange replaces the two that are not needed again.
 *      tmm4 tmm5      a
 *      tmm6 tmm7      b                   load a hi, b lo     4 products
 *                                         load b hi           4 products
 *                                         load a lo           4 products
 *      of short sums only:                load b lo again     4 products
 *
 * A product takes 16 cycles and a load from the first-level cache 8: twelve products hide eight
 * loads, also from the second-level cache.
 *
 * Intrinsics of tiles do not tell every compiler that they read memory: the fence keeps the stores
 * that filled it.
 */
#if defined(__x86_64__)
#include "engine/kernels/bf16_list.h"

#include <immintrin.h>

enum { TILE_BYTES = 64 }; /* of a row */

/* The operand of LDTILECFG. */
struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

static void begin(void)
{
    static const struct tile_config all_whole = {.palette = 1,
                                                 .row_bytes = {TILE_BYTES, TILE_BYTES, TILE_BYTES,
                                                               TILE_BYTES, TILE_BYTES, TILE_BYTES,
                                                               TILE_BYTES, TILE_BYTES},
                                                 .rows = {16, 16, 16, 16, 16, 16, 16, 16}};
    _tile_loadconfig(&all_whole);
}

static void end(void)
{
    _tile_release();
}

static inline void load_a(const struct eng_bf16_walk *walk, const uint16_t *a)
{
    const long row = (long)(walk->a_row * sizeof *a);
    _tile_loadd(4, a, row);
    _tile_loadd(5, a + ENG_BF16_TILE * walk->a_row, row);
}

static inline void load_b(const struct eng_bf16_walk *walk, const uint16_t *b)
{
    const long row = (long)(walk->b_row * sizeof *b);
    _tile_loadd(6, b, row);
    _tile_loadd(7, b + walk->b_tile, row);
}

static inline void products(void)
{
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
}

static inline void step(const struct eng_bf16_walk *walk, const uint16_t *a, const uint16_t *b)
{
    load_a(walk, a);
    if (walk->b_lo) {
        load_b(walk, b + walk->b_lo);
        products();
    }
    load_b(walk, b);
    products();
    if (walk->a_lo) {
        load_a(walk, a + walk->a_lo);
        products();
    }
    if (walk->lo_lo) {
        load_b(walk, b + walk->b_lo);
        products();
    }
}

static void multiply(const struct eng_bf16_walk *walk, const uint16_t *a, const uint16_t *b,
                     float *c, size_t ldc, int accumulate)
{
    const long row = (long)(ldc * sizeof *c);
    float *below = c + ENG_BF16_TILE * ldc;
    __asm__ volatile("" ::: "memory");
    if (accumulate) {
        _tile_loadd(0, c, row);
        _tile_loadd(1, c + ENG_BF16_TILE, row);
        _tile_loadd(2, below, row);
        _tile_loadd(3, below + ENG_BF16_TILE, row);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    for (size_t r = 0; r < walk->runs; r++) {
        const uint16_t *at = a + walk->run[r];
        for (size_t s = 0; s < walk->steps; s++, at += ENG_BF16_STEP, b += walk->b_step)
            step(walk, at, b);
    }
    _tile_stored(0, c, row);
    _tile_stored(1, c + ENG_BF16_TILE, row);
    _tile_stored(2, below, row);
    _tile_stored(3, below + ENG_BF16_TILE, row);
}

#define BF16_HAS_TILES
#define BF16_LEVEL amx
#define BF16_NEEDS ENG_CPU_AMX
#include "engine/kernels/bf16_body.h"
#endif
