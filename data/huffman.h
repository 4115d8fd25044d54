/* Huffman codes for writing: how long each symbol's code should be, and the codes themselves. */
#ifndef DAT_HUFFMAN_H
#define DAT_HUFFMAN_H

#include <stdint.h>

/* Most symbols, and most bits of a code, that the functions take. */
#define DAT_HUFFMAN_MAX_SYMBOLS 288
#define DAT_HUFFMAN_MAX_LENGTH  15

/* length[symbols] of the codes that, with none longer than max bits, make a text in which symbol s
 * occurs weight[s] times the shortest. Symbols of weight 0 get length 0, a symbol that is alone
 * gets 1. The sum of all weights must be below 2^32 / max, and 1 << max no less than symbols. */
void dat_huffman_lengths(uint8_t *length, const uint32_t *weight, int symbols, int max);

/* The canonical codes (RFC 1951, 3.2.2) of these lengths, with their first bit lowest. */
void dat_huffman_codes(uint16_t *code, const uint8_t *length, int symbols);

#endif
