/* Huffman tables of JPEG (T.81, Annex C and F.2.2.3).
 *
 * A table is a list of symbols in the order of their codes, and the number of codes of each
 * length. Codes of up to 9 bits, nearly all that occur, are looked up at once:
 *
 *     window  [ 1 0 1 1 0 | x x x x ... ]      every index 10110xxxx holds (length 5, symbol)
 *               '----- 9 bits -----'
 *
 * The rest is found by comparing 16 bits with the first code beyond each length.
 */
#ifndef DAT_JPEG_HUFFMAN_H
#define DAT_JPEG_HUFFMAN_H

#include "data/jpeg_bits.h"

enum { DAT_JPEG_HUFFMAN_FAST = 9 };

struct dat_jpeg_huffman {
    uint16_t fast[1 << DAT_JPEG_HUFFMAN_FAST]; /* length << 8 | symbol; 0: a longer code */
    uint32_t limit[17];                        /* first 16-bit window past codes of that length */
    int offset[17];                            /* index of a symbol, less its code */
    uint8_t symbols[256];
    int defined;
};

/* Builds a table of counts[i] codes of length i + 1 and their symbols, as a DHT segment has them.
 * False if the counts are not those of a prefix code, or there are more than 256 symbols. */
int dat_jpeg_huffman_init(struct dat_jpeg_huffman *t, const uint8_t counts[16],
                          const uint8_t *symbols);

/* The tables that Motion JPEG leaves out, Annex K.3: DC and AC of luminance (0) and chrominance
 * (1). */
void dat_jpeg_huffman_init_standard(struct dat_jpeg_huffman *t, int ac, int chrominance);

/* Codes longer than 9 bits; dat_jpeg_huffman_take calls it. */
int dat_jpeg_huffman_take_long(const struct dat_jpeg_huffman *t, struct dat_jpeg_bits *b);

/* The next symbol. Needs 16 bits available; a code that is not in the table is symbol 0 and
 * makes the reader `bad`. */
static inline int dat_jpeg_huffman_take(const struct dat_jpeg_huffman *t, struct dat_jpeg_bits *b)
{
    const int entry = t->fast[b->window >> (64 - DAT_JPEG_HUFFMAN_FAST)];
    if (!entry)
        return dat_jpeg_huffman_take_long(t, b);
    b->window <<= entry >> 8;
    b->have -= entry >> 8;
    return entry & 255;
}

#endif
