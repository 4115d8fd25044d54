/* Names follow FIPS 180-4, section 6.2, so that the two can be read side by side:
 *
 *     message | 0x80 | zeros | length in bits, 64-bit big-endian      cut into 64-byte blocks
 *     block -> 16 words -> schedule w[0..63] -> 64 rounds on (a..h) -> added to the state
 *
 * The constants are the first 32 bits of the fractional parts of the square roots (initial state)
 * and cube roots (k) of the first primes. */
#include "data/hash.h"

#include <string.h>

static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotr(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store32(uint8_t *p, uint32_t x)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(x >> (24 - 8 * i));
}

/* One round, leaving its results in d and h; the caller then renames the variables instead of
 * moving all eight along. */
static inline void round_step(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e,
                              uint32_t f, uint32_t g, uint32_t *h, uint32_t kw)
{
    const uint32_t sum1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
    const uint32_t sum0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
    const uint32_t ch = g ^ (e & (f ^ g));
    const uint32_t maj = (a & b) | (c & (a | b));
    const uint32_t t1 = *h + sum1 + ch + kw;
    *d += t1;
    *h = t1 + sum0 + maj;
}

static void compress(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[64];
    for (int t = 0; t < 16; t++)
        w[t] = load32(block + 4 * t);
    for (int t = 16; t < 64; t++) {
        const uint32_t s0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
        const uint32_t s1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 64; t += 8) {
        round_step(a, b, c, &d, e, f, g, &h, k[t] + w[t]);
        round_step(h, a, b, &c, d, e, f, &g, k[t + 1] + w[t + 1]);
        round_step(g, h, a, &b, c, d, e, &f, k[t + 2] + w[t + 2]);
        round_step(f, g, h, &a, b, c, d, &e, k[t + 3] + w[t + 3]);
        round_step(e, f, g, &h, a, b, c, &d, k[t + 4] + w[t + 4]);
        round_step(d, e, f, &g, h, a, b, &c, k[t + 5] + w[t + 5]);
        round_step(c, d, e, &f, g, h, a, &b, k[t + 6] + w[t + 6]);
        round_step(b, c, d, &e, f, g, h, &a, k[t + 7] + w[t + 7]);
    }
    const uint32_t sum[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; i++)
        state[i] += sum[i];
}

void dat_hash_init(struct dat_hash *hash)
{
    *hash = (struct dat_hash){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                        0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void dat_hash_update(struct dat_hash *hash, const void *bytes, size_t count)
{
    const uint8_t *from = bytes;
    const size_t held = hash->count % 64;
    hash->count += count;
    if (held) {
        const size_t room = 64 - held, part = count < room ? count : room;
        if (part)
            memcpy(hash->block + held, from, part);
        if (part < room)
            return;
        compress(hash->state, hash->block);
        from += part;
        count -= part;
    }
    for (; count >= 64; from += 64, count -= 64)
        compress(hash->state, from);
    if (count)
        memcpy(hash->block, from, count);
}

void dat_hash_final(struct dat_hash *hash, uint8_t digest[DAT_HASH_SIZE])
{
    static const uint8_t padding[64] = {0x80};
    const uint64_t bits = hash->count * 8;
    uint8_t length[8];
    store32(length, (uint32_t)(bits >> 32));
    store32(length + 4, (uint32_t)bits);
    /* Up to 8 bytes short of a full block: 55 is the most that leaves room for 0x80. */
    const size_t held = hash->count % 64;
    dat_hash_update(hash, padding, held < 56 ? 56 - held : 120 - held);
    dat_hash_update(hash, length, sizeof length);
    for (int i = 0; i < 8; i++)
        store32(digest + 4 * i, hash->state[i]);
}

void dat_hash_hex(char *text, const uint8_t *digest, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        *text++ = digits[digest[i] >> 4];
        *text++ = digits[digest[i] & 15];
    }
    *text = '\0';
}

void dat_hash_print(struct dat_hash *hash, char text[DAT_HASH_PRINT])
{
    uint8_t digest[DAT_HASH_SIZE];
    dat_hash_final(hash, digest);
    dat_hash_hex(text, digest, DAT_HASH_SIZE / 2);
}
