/* Adler-32: a is 1 plus the sum of all bytes, b the sum of all values that a has taken, both modulo
 * the largest prime below 2^16. The remainders can wait: in PUT_OFF bytes b grows from less than
 * the prime to at most 65520 + PUT_OFF * 65520 + 255 * PUT_OFF * (PUT_OFF + 1) / 2 < 2^32. */
#include "data/adler32.h"

#define PRIME   65521u
#define PUT_OFF 5552

uint32_t dat_adler32(uint32_t adler, const void *bytes, size_t count)
{
    const uint8_t *p = bytes;
    uint32_t a = adler & 0xffff, b = adler >> 16;

    while (count > 0) {
        const size_t piece = count < PUT_OFF ? count : PUT_OFF;
        for (size_t i = 0; i < piece; i++) {
            a += p[i];
            b += a;
        }
        a %= PRIME;
        b %= PRIME;
        p += piece;
        count -= piece;
    }
    return b << 16 | a;
}
