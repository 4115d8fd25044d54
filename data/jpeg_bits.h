/* The bits of entropy-coded JPEG data, most significant first (T.81, F.2.2.5).
 *
 * In the file a byte FF of the data is written FF 00, so that FF and anything else is a marker:
 *
 *     file      3C  FF 00  A5  FF D9
 *     data      3C  FF     A5  |  marker: here the data ends
 *     window  [ 3C  FF     A5  0  0  0  0  0 ]    64 bits, the next one leftmost
 *              '--- have ---'
 *
 * The reader never passes a marker. Behind the last bit it supplies zeros and counts them
 * (`invented`), so that the decoding loops need no test for the end: whoever finishes an MCU asks
 * once whether more was used than the file had.
 */
#ifndef DAT_JPEG_BITS_H
#define DAT_JPEG_BITS_H

#include <stddef.h>
#include <stdint.h>

struct dat_jpeg_bits {
    const uint8_t *next, *end; /* bytes not yet in the window */
    uint64_t window;           /* the next bit is bit 63 */
    int have;                  /* bits in the window that count, the invented ones among them */
    int invented;              /* zeros supplied since the data ended */
    int bad;                   /* set by decoders that meet a code which cannot be */
};

/* Starts at `next`, with an empty window. */
static inline void dat_jpeg_bits_start(struct dat_jpeg_bits *b, const uint8_t *next)
{
    b->next = next;
    b->window = 0;
    b->have = 0;
    b->invented = 0;
}

/* True if more bits were used than the data had, or a decoder set `bad`. */
static inline int dat_jpeg_bits_damaged(const struct dat_jpeg_bits *b)
{
    return b->bad || b->invented > b->have;
}

/* Fills the window byte by byte: near markers, stuffed bytes and the end. */
static inline void dat_jpeg_bits_fill_slowly(struct dat_jpeg_bits *b)
{
    for (; b->have <= 56; b->have += 8) {
        if (!b->invented && b->next < b->end && *b->next != 0xff) {
            b->window |= (uint64_t)*b->next++ << (56 - b->have);
            continue;
        }
        /* Any number of FF may pad what follows; a 00 makes a byte of data of them. */
        const uint8_t *p = b->next;
        while (!b->invented && p < b->end && *p == 0xff)
            p++;
        if (!b->invented && p < b->end && *p == 0) {
            b->window |= (uint64_t)0xff << (56 - b->have);
            b->next = p + 1;
        } else {
            b->invented += 8;
        }
    }
}

/* Makes at least 32 bits available: a Huffman code (16 at most) and the number behind it (15). */
static inline void dat_jpeg_bits_fill(struct dat_jpeg_bits *b)
{
    if (b->have >= 32)
        return;
    if (b->end - b->next >= 8) {
        const uint8_t *p = b->next;
        const uint64_t eight = (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 |
                               (uint64_t)p[3] << 32 | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 |
                               (uint64_t)p[6] << 8 | (uint64_t)p[7];
        /* A byte is FF if its complement is 0: the classic zero-byte test. */
        const uint64_t has_ff = (~eight - 0x0101010101010101u) & eight & 0x8080808080808080u;
        if (!has_ff) {
            /* Bits of a byte that only partly fits come again with the next filling; they are
             * the same bits then, so that OR-ing them twice does no harm. */
            const int bytes = (63 - b->have) >> 3;
            b->window |= eight >> b->have;
            b->next += bytes;
            b->have += 8 * bytes;
            return;
        }
    }
    dat_jpeg_bits_fill_slowly(b);
}

/* The next n bits, 1 <= n <= 16, as a number. At least n must be available. */
static inline unsigned dat_jpeg_bits_take(struct dat_jpeg_bits *b, int n)
{
    const unsigned value = (unsigned)(b->window >> (64 - n));
    b->window <<= n;
    b->have -= n;
    return value;
}

/* A signed number of n bits, 1 <= n <= 15, in JPEG's way: the lower half of the codes stands for
 * the negative numbers (n = 2: -3 -2 2 3). */
static inline int dat_jpeg_bits_take_signed(struct dat_jpeg_bits *b, int n)
{
    const int value = (int)dat_jpeg_bits_take(b, n);
    return value < 1 << (n - 1) ? value - (1 << n) + 1 : value;
}

#endif
