#include "engine/rng.h"

#include <assert.h>
#include <math.h>

static uint64_t rotl(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

/* splitmix64: a counter whose values are scrambled until neighbours have nothing in common. Too
 * little state to be the generator, but what xoshiro's authors recommend to fill its state. */
static uint64_t splitmix64(uint64_t *counter)
{
    uint64_t z = *counter += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

void eng_rng_init(struct eng_rng *r, uint64_t seed, uint64_t stream)
{
    /* Seed and stream each fill 256 bits before they meet, so no two pairs share a state the way
     * seed + stream would. The rotation keeps seed == stream from cancelling to zero. */
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix64(&seed) ^ rotl(splitmix64(&stream), 24);
}

uint64_t eng_rng_u64(struct eng_rng *r)
{
    uint64_t *s = r->s;
    const uint64_t result = rotl(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

float eng_rng_uniform(struct eng_rng *r)
{
    return (float)(eng_rng_u64(r) >> 40) * 0x1p-24f;
}

double eng_rng_uniform64(struct eng_rng *r)
{
    return (double)(eng_rng_u64(r) >> 11) * 0x1p-53;
}

float eng_rng_normal(struct eng_rng *r)
{
    /* A point in the unit disc has a uniform angle and a uniform squared radius q: all that
     * Box-Muller needs, without its sine and cosine. The method yields two normals, x and y
     * scaled; the second is dropped because keeping it would be state outside of s. */
    double x, y, q;
    do {
        x = 2.0 * eng_rng_uniform64(r) - 1.0;
        y = 2.0 * eng_rng_uniform64(r) - 1.0;
        q = x * x + y * y;
    } while (q >= 1.0 || q == 0.0);
    return (float)(x * sqrt(-2.0 * log(q) / q));
}

size_t eng_rng_below(struct eng_rng *r, size_t n)
{
    assert(n > 0);
    /* Of the 2^64 numbers the lowest 2^64 mod n are refused: n divides the rest evenly. */
    const uint64_t refuse = (0 - (uint64_t)n) % n;
    uint64_t x;
    do
        x = eng_rng_u64(r);
    while (x < refuse);
    return (size_t)(x % n);
}

void eng_rng_shuffle(struct eng_rng *r, size_t *index, size_t n)
{
    /* Fisher-Yates: from the end, each place draws from what is left before it. */
    for (size_t i = n; i > 1; i--) {
        const size_t j = eng_rng_below(r, i);
        const size_t swap = index[i - 1];
        index[i - 1] = index[j];
        index[j] = swap;
    }
}
