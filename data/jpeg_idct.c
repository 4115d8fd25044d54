/* Columns first, then rows; each is a one-dimensional transform of 8 points with 12
 * multiplications (C. Loeffler, A. Ligtenberg, G. Moschytz, "Practical fast 1-D DCT algorithms
 * with 11 multiplications", ICASSP 1989), in fixed point:
 *
 *     coefficient * quant      whole numbers
 *       | columns: * 2^13, rounded to 2 fractional bits
 *     [8][8] of 32 bits
 *       | rows: * 2^13, rounded to whole numbers; the two passes together also gain 8
 *     sample - 128
 *
 * Where all coefficients of a column but the first are zero, the transform is that number eight
 * times over, exactly, rounding included. After quantisation this holds for many columns.
 *
 * Damaged files can drive the sums past 32 bits. They are unsigned so that this is defined, and
 * become signed for the shifts; a picture is garbage then, but the same garbage everywhere.
 */
#include "data/jpeg_idct.h"

#include <string.h>

/* x in 13-bit fixed point. */
#define FIX(x) ((uint32_t)((x)*8192 + 0.5))

/* One transform, in place; the result has 13 more fractional bits. */
static inline void transform(uint32_t v[8])
{
    /* Even points: a rotation of 2 and 6, and butterflies. */
    const uint32_t turn = (v[2] + v[6]) * FIX(0.541196100);
    const uint32_t low = turn + v[2] * FIX(0.765366865);
    const uint32_t high = turn - v[6] * FIX(1.847759065);
    const uint32_t sum = (v[0] + v[4]) << 13, difference = (v[0] - v[4]) << 13;
    const uint32_t even0 = sum + low, even3 = sum - low;
    const uint32_t even1 = difference + high, even2 = difference - high;

    /* Odd points: three rotations that share factors. */
    const uint32_t shared = (v[7] + v[3] + v[5] + v[1]) * FIX(1.175875602);
    const uint32_t a = shared - (v[7] + v[3]) * FIX(1.961570560);
    const uint32_t b = shared - (v[5] + v[1]) * FIX(0.390180644);
    const uint32_t c = (v[7] + v[1]) * FIX(0.899976223);
    const uint32_t d = (v[5] + v[3]) * FIX(2.562915447);
    const uint32_t odd0 = v[1] * FIX(1.501321110) + b - c;
    const uint32_t odd1 = v[3] * FIX(3.072711026) + a - d;
    const uint32_t odd2 = v[5] * FIX(2.053119869) + b - d;
    const uint32_t odd3 = v[7] * FIX(0.298631336) + a - c;

    v[0] = even0 + odd0;
    v[1] = even1 + odd1;
    v[2] = even2 + odd2;
    v[3] = even3 + odd3;
    v[4] = even3 - odd3;
    v[5] = even2 - odd2;
    v[6] = even1 - odd1;
    v[7] = even0 - odd0;
}

/* v / 2^shift, rounded. */
static inline int32_t scale(uint32_t v, int shift)
{
    return (int32_t)(v + ((uint32_t)1 << (shift - 1))) >> shift;
}

static inline uint8_t sample(int32_t v)
{
    v += 128;
    return (uint8_t)((unsigned)v <= 255 ? v : v < 0 ? 0 : 255);
}

/* Unrolled, or GCC -O2 keeps v in memory and takes twice as long. */
void dat_jpeg_idct(uint8_t *samples, size_t stride, const int16_t coefs[64],
                   const uint16_t quant[64])
{
    uint32_t work[8][8];
    for (int x = 0; x < 8; x++) {
        const int16_t *in = coefs + x;
        const uint16_t *q = quant + x;
        if (!(in[8] | in[16] | in[24] | in[32] | in[40] | in[48] | in[56])) {
            const uint32_t flat = ((uint32_t)in[0] * q[0]) << 2;
#pragma GCC unroll 8
            for (int y = 0; y < 8; y++)
                work[y][x] = flat;
            continue;
        }
        uint32_t v[8];
#pragma GCC unroll 8
        for (int y = 0; y < 8; y++)
            v[y] = (uint32_t)in[8 * y] * q[8 * y];
        transform(v);
#pragma GCC unroll 8
        for (int y = 0; y < 8; y++)
            work[y][x] = (uint32_t)scale(v[y], 11);
    }
    for (int y = 0; y < 8; y++, samples += stride) {
        uint32_t *v = work[y];
        transform(v);
#pragma GCC unroll 8
        for (int x = 0; x < 8; x++)
            samples[x] = sample(scale(v[x], 18));
    }
}

void dat_jpeg_idct_flat(uint8_t *samples, size_t stride, int16_t dc, uint16_t quant)
{
    const uint8_t flat = sample(scale((uint32_t)dc * quant, 3));
    for (int y = 0; y < 8; y++, samples += stride)
        memset(samples, flat, 8);
}
