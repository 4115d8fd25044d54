/* The generator against published sequences; the distributions against their moments. */
#include "engine/rng.h"
#include "tests/tap.h"

static void test_reference(void)
{
    /* xoshiro256** from the state 1, 2, 3, 4. */
    static const uint64_t expected[] = {11520u,
                                        0u,
                                        1509978240u,
                                        1215971899390074240u,
                                        1216172134540287360u,
                                        607988272756665600u,
                                        16172922978634559625u,
                                        8476171486693032832u,
                                        10595114339597558777u,
                                        2904607092377533576u};
    struct eng_rng r = {{1, 2, 3, 4}};
    int same = 1;
    for (size_t i = 0; i < 10; i++)
        same &= eng_rng_u64(&r) == expected[i];
    CHECK(same, "xoshiro256** gives its published numbers");
}

static void test_seeding(void)
{
    /* The first numbers of splitmix64 from 1234567 and from 0. */
    static const uint64_t seed[] = {6457827717110365317u, 3203168211198807973u,
                                    9817491932198370423u, 4593380528125082431u};
    static const uint64_t stream[] = {0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f,
                                      0xf88bb8a8724c81ec};
    struct eng_rng r;
    int same = 1;
    eng_rng_init(&r, 1234567, 0);
    for (int i = 0; i < 4; i++)
        same &= r.s[i] == (seed[i] ^ (stream[i] << 24 | stream[i] >> 40));
    CHECK(same, "seed and stream go through splitmix64");

    eng_rng_init(&r, 42, 7);
    CHECK(eng_rng_u64(&r) == 0xf32107d3ada20de5 && eng_rng_u64(&r) == 0x7d4ac9bdc641568b,
          "seed 42, stream 7 gives the numbers it always gave");

    uint64_t first[64];
    int distinct = 1;
    for (uint64_t k = 0; k < 64; k++) {
        eng_rng_init(&r, k / 8, k % 8);
        first[k] = eng_rng_u64(&r);
        for (uint64_t j = 0; j < k; j++)
            distinct &= first[j] != first[k];
    }
    CHECK(distinct, "small seeds and streams, also swapped or equal, all differ");

    struct eng_rng copy = r;
    CHECK(eng_rng_normal(&r) == eng_rng_normal(&copy) && eng_rng_u64(&r) == eng_rng_u64(&copy),
          "a copy goes on like the original");
}

static void test_uniform(void)
{
    enum { N = 200000 };
    struct eng_rng r, s;
    double sum = 0, sum64 = 0;
    int inside = 1, grid = 1, bits = 1;
    eng_rng_init(&r, 1, 0);
    s = r;
    for (int i = 0; i < N; i++) {
        const uint64_t u = eng_rng_u64(&s);
        const float x = eng_rng_uniform(&r);
        inside &= x >= 0 && x < 1;
        grid &= x * 0x1p24f == floorf(x * 0x1p24f);
        bits &= x == (float)(u >> 40) / 16777216.0f;
        sum += x;
    }
    for (int i = 0; i < N; i++) {
        const double x = eng_rng_uniform64(&r);
        inside &= x >= 0 && x < 1;
        sum64 += x;
    }
    /* Standard error of the mean: sqrt(1/12/N) = 0.00065; five of them. */
    CHECK(inside && grid && bits, "uniforms are in [0, 1), 24 bits from the top");
    CHECK(fabs(sum / N - 0.5) < 0.0033 && fabs(sum64 / N - 0.5) < 0.0033, "their mean is 1/2");

    /* A state whose next output is all ones, by undoing rotl(s[1] * 5, 7) * 9: the two constants
     * are the inverses of 9 and 5 modulo 2^64. */
    const uint64_t rotated = UINT64_MAX * 0x8e38e38e38e38e39;
    struct eng_rng top = {{1, (rotated >> 7 | rotated << 57) * 0xcccccccccccccccd, 0, 0}};
    struct eng_rng again = top, again64 = top;
    CHECK(eng_rng_u64(&top) == UINT64_MAX && eng_rng_uniform(&again) < 1.0f &&
              eng_rng_uniform64(&again64) < 1.0,
          "64 ones are still below 1");
}

static void test_normal(void)
{
    enum { N = 200000 };
    struct eng_rng r;
    double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
    int tail = 0;
    eng_rng_init(&r, 2, 0);
    for (int i = 0; i < N; i++) {
        const double x = eng_rng_normal(&r);
        m1 += x;
        m2 += x * x;
        m3 += x * x * x;
        m4 += x * x * x * x;
        tail += fabs(x) > 1.959964;
    }
    /* Five standard errors: variances of x, x^2, x^3, x^4 are 1, 2, 15, 96. */
    const double se = 5 / sqrt((double)N);
    CHECK(fabs(m1 / N) < se && fabs(m2 / N - 1) < se * sqrt(2.0) &&
              fabs(m3 / N) < se * sqrt(15.0) && fabs(m4 / N - 3) < se * sqrt(96.0),
          "normals have moments 0 1 0 3 (%.4f %.4f %.4f %.4f)", m1 / N, m2 / N, m3 / N, m4 / N);
    CHECK(fabs((double)tail / N - 0.05) < se * sqrt(0.05 * 0.95), "and 5%% beyond 1.96");
}

static void test_below(void)
{
    enum { N = 70000 };
    struct eng_rng r;
    int count[7] = {0}, inside = 1;
    eng_rng_init(&r, 3, 0);
    for (int i = 0; i < N; i++) {
        const size_t k = eng_rng_below(&r, 7);
        inside &= k < 7;
        count[k % 7]++;
    }
    double chi = 0;
    for (int k = 0; k < 7; k++)
        chi += (count[k] - N / 7.0) * (count[k] - N / 7.0) / (N / 7.0);
    /* 6 degrees of freedom: above 27.9 once in ten thousand. */
    CHECK(inside && chi < 27.9, "0..6 are equally likely (chi2 %.1f)", chi);
    CHECK(eng_rng_below(&r, 1) == 0, "below 1 there is only 0");

    /* Plain x % n would favour the lower half two to one here. */
    const size_t n = (size_t)(SIZE_MAX / 3 * 2);
    int low = 0;
    for (int i = 0; i < N; i++)
        low += eng_rng_below(&r, n) < n / 2;
    CHECK(fabs((double)low / N - 0.5) < 2.5 / sqrt((double)N), "no bias for large n");
}

static void test_shuffle(void)
{
    enum { N = 24000 };
    struct eng_rng r;
    int count[256] = {0}, permutations = 0;
    eng_rng_init(&r, 4, 0);
    for (int i = 0; i < N; i++) {
        size_t index[4] = {0, 1, 2, 3};
        eng_rng_shuffle(&r, index, 4);
        count[index[0] * 64 + index[1] * 16 + index[2] * 4 + index[3]]++;
    }
    double chi = 0;
    for (int k = 0; k < 256; k++)
        if (count[k]) {
            permutations++;
            chi += (count[k] - N / 24.0) * (count[k] - N / 24.0) / (N / 24.0);
        }
    /* 23 degrees of freedom: above 56 once in ten thousand. */
    CHECK(permutations == 24 && chi < 56, "all 24 orders of 4, equally often (chi2 %.1f)", chi);

    size_t many[1000], seen[1000] = {0};
    for (size_t i = 0; i < 1000; i++)
        many[i] = i;
    eng_rng_shuffle(&r, many, 1000);
    int once = 1, moved = 0;
    for (size_t i = 0; i < 1000; i++) {
        once &= many[i] < 1000 && !seen[many[i] % 1000]++;
        moved += many[i] != i;
    }
    CHECK(once && moved > 950, "a shuffle loses and doubles nothing");
    eng_rng_shuffle(&r, NULL, 0);
    size_t single = 5;
    eng_rng_shuffle(&r, &single, 1);
    CHECK(single == 5, "nothing and one are shuffled too");
}

int main(void)
{
    test_reference();
    test_seeding();
    test_uniform();
    test_normal();
    test_below();
    test_shuffle();
    return tap_done();
}
