/* CRC-32, eight bytes at a step.
 *
 * The checksum is the remainder of the message, as a polynomial over GF(2), divided by the
 * generator. Remainders are linear: that of a xor b is the xor of the two. So
 *
 *   - eight bytes need no chain of eight table look-ups: table k knows what a byte contributes when
 *     k more bytes follow it, and the eight contributions are simply xored;
 *   - a table of 256 entries is known from 8 of them, those of single bits: entry 0x05 is entry
 *     0x04 xor entry 0x01. The preprocessor spells out the rest.
 *
 * The single-bit entries of all eight tables, 64 numbers, are successive states of one shift
 * register: s -> (s >> 1) ^ (0xedb88320 if s was odd).
 */
#include "data/crc32.h"

#define BIT(n, i, state) ((n) >> (i)&1 ? (state) : 0u)
#define ENTRY(n, s7, s6, s5, s4, s3, s2, s1, s0)                                                   \
    BIT(n, 7, s7) ^ BIT(n, 6, s6) ^ BIT(n, 5, s5) ^ BIT(n, 4, s4) ^ BIT(n, 3, s3) ^                \
        BIT(n, 2, s2) ^ BIT(n, 1, s1) ^ BIT(n, 0, s0)
#define ENTRIES_4(n, ...)                                                                          \
    ENTRY(n, __VA_ARGS__), ENTRY(n + 1, __VA_ARGS__), ENTRY(n + 2, __VA_ARGS__),                   \
        ENTRY(n + 3, __VA_ARGS__)
#define ENTRIES_16(n, ...)                                                                         \
    ENTRIES_4(n, __VA_ARGS__), ENTRIES_4(n + 4, __VA_ARGS__), ENTRIES_4(n + 8, __VA_ARGS__),       \
        ENTRIES_4(n + 12, __VA_ARGS__)
#define ENTRIES_64(n, ...)                                                                         \
    ENTRIES_16(n, __VA_ARGS__), ENTRIES_16(n + 16, __VA_ARGS__), ENTRIES_16(n + 32, __VA_ARGS__),  \
        ENTRIES_16(n + 48, __VA_ARGS__)
#define ENTRIES_256(...)                                                                           \
    {                                                                                              \
        ENTRIES_64(0, __VA_ARGS__), ENTRIES_64(64, __VA_ARGS__), ENTRIES_64(128, __VA_ARGS__),     \
            ENTRIES_64(192, __VA_ARGS__)                                                           \
    }

/* Row k: the states for a byte that k bytes follow, highest bit first. */
static const uint32_t table[8][256] = {
    ENTRIES_256(0xedb88320, 0x76dc4190, 0x3b6e20c8, 0x1db71064, 0x0edb8832, 0x076dc419, 0xee0e612c,
                0x77073096),
    ENTRIES_256(0x3b83984b, 0xf0794f05, 0x958424a2, 0x4ac21251, 0xc8d98a08, 0x646cc504, 0x32366282,
                0x191b3141),
    ENTRIES_256(0xe1351b80, 0x709a8dc0, 0x384d46e0, 0x1c26a370, 0x0e1351b8, 0x0709a8dc, 0x0384d46e,
                0x01c26a37),
    ENTRIES_256(0xed59b63b, 0x9b14583d, 0xa032af3e, 0x5019579f, 0xc5b428ef, 0x8f629757, 0xaa09c88b,
                0xb8bc6765),
    ENTRIES_256(0xb1e6b092, 0x58f35849, 0xc1c12f04, 0x60e09782, 0x30704bc1, 0xf580a6c0, 0x7ac05360,
                0x3d6029b0),
    ENTRIES_256(0x1eb014d8, 0x0f580a6c, 0x07ac0536, 0x03d6029b, 0xec53826d, 0x9b914216, 0x4dc8a10b,
                0xcb5cd3a5),
    ENTRIES_256(0x8816eaf2, 0x440b7579, 0xcfbd399c, 0x67de9cce, 0x33ef4e67, 0xf44f2413, 0x979f1129,
                0xa6770bb4),
    ENTRIES_256(0x533b85da, 0x299dc2ed, 0xf9766256, 0x7cbb312b, 0xd3e51bb5, 0x844a0efa, 0x4225077d,
                0xccaa009e),
};

uint32_t dat_crc32(uint32_t crc, const void *bytes, size_t count)
{
    const uint8_t *p = bytes;

    crc = ~crc;
    for (; count >= 8; count -= 8, p += 8)
        crc = table[7][p[0] ^ (crc & 0xff)] ^ table[6][p[1] ^ (crc >> 8 & 0xff)] ^
              table[5][p[2] ^ (crc >> 16 & 0xff)] ^ table[4][p[3] ^ (crc >> 24)] ^ table[3][p[4]] ^
              table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
    for (; count > 0; count--, p++)
        crc = table[0][*p ^ (crc & 0xff)] ^ crc >> 8;
    return ~crc;
}
