/* Checksums, Huffman codes, inflate and deflate. Streams are made here bit by bit, so that inflate
 * is tested against the format and not against our own deflate. */
#include "data/adler32.h"
#include "data/crc32.h"
#include "data/deflate.h"
#include "data/huffman.h"
#include "data/inflate.h"
#include "engine/rng.h"

#include "tests/tap.h"

#include <stdint.h>
#include <time.h>

#define END   256
#define KINDS 7

static struct eng_rng rng;

/* A stream under construction. */
struct stream {
    uint8_t bytes[4096];
    size_t bits;
};

static void put(struct stream *s, uint64_t value, int bits)
{
    for (int i = 0; i < bits; i++, s->bits++)
        s->bytes[s->bits / 8] |= (uint8_t)((value >> i & 1) << s->bits % 8);
}

/* Codes come with their highest bit first. */
static void put_code(struct stream *s, unsigned code, int bits)
{
    while (bits-- > 0)
        put(s, code >> bits & 1, 1);
}

static void put_bytes(struct stream *s, const char *bytes, size_t count)
{
    s->bits = (s->bits + 7) / 8 * 8;
    for (size_t i = 0; i < count; i++)
        put(s, (uint8_t)bytes[i], 8);
}

static void put_fixed_literal(struct stream *s, int symbol)
{
    if (symbol < 144)
        put_code(s, 0x30 + (unsigned)symbol, 8);
    else if (symbol < 256)
        put_code(s, 0x190 + (unsigned)symbol - 144, 9);
    else if (symbol < 280)
        put_code(s, (unsigned)symbol - 256, 7);
    else
        put_code(s, 0xc0 + (unsigned)symbol - 280, 8);
}

/* The beginning of a dynamic block, last of its stream. The code of code lengths has the lengths
 * 0..15 as four-bit codes, and nothing else. */
static void put_dynamic(struct stream *s, const uint8_t *literal, int literals,
                        const uint8_t *distance, int distances)
{
    put(s, 1 | 2 << 1, 3);
    put(s, (unsigned)literals - 257, 5);
    put(s, (unsigned)distances - 1, 5);
    put(s, 19 - 4, 4);
    for (int i = 0; i < 19; i++)
        put(s, i < 3 ? 0 : 4, 3); /* 16, 17 and 18 come first */
    for (int i = 0; i < literals; i++)
        put_code(s, literal[i], 4);
    for (int i = 0; i < distances; i++)
        put_code(s, distance[i], 4);
}

/* Inflates from and to memory of just the right size, so that a sanitizer sees any step over. */
static enum eng_err inflate_tight(const uint8_t *in, size_t count, uint8_t *out, size_t size,
                                  size_t *used, struct eng_why *why, int zlib)
{
    uint8_t *from = malloc(count + !count), *to = malloc(size + !size);
    enum eng_err err;

    if (!from || !to)
        exit(2);
    if (count > 0)
        memcpy(from, in, count);
    tap_poison_stack();
    err = (zlib ? dat_inflate_zlib : dat_inflate)(to, size, from, count, used, why);
    if (size > 0)
        memcpy(out, to, size);
    free(from);
    free(to);
    return err;
}

/* The stream gives this text, ends where it should, and no shorter piece of it passes. */
static void check_good(const char *what, const struct stream *s, const char *text, size_t length)
{
    const size_t count = (s->bits + 7) / 8;
    uint8_t out[8192];
    size_t used = 0, passed = 0;
    struct eng_why why = {{0}};
    enum eng_err err = inflate_tight(s->bytes, count, out, length, &used, &why, 0);

    CHECK(err == ENG_OK && memcmp(out, text, length) == 0, "%s: %s", what, why.text);
    CHECK(used == count, "%s: takes %zu bytes of %zu", what, used, count);
    for (size_t n = 0; n < count; n++)
        passed += inflate_tight(s->bytes, n, out, length, NULL, &why, 0) != ENG_FORMAT;
    CHECK(passed == 0, "%s: refused when cut off anywhere", what);
}

static void check_bad(const char *what, const struct stream *s, size_t size, const char *says)
{
    uint8_t out[8192];
    struct eng_why why = {{0}};
    enum eng_err err = inflate_tight(s->bytes, (s->bits + 7) / 8, out, size, NULL, &why, 0);

    CHECK(err == ENG_FORMAT && strstr(why.text, says), "%s is refused: %s", what, why.text);
    CHECK(inflate_tight(s->bytes, (s->bits + 7) / 8, out, size, NULL, NULL, 0) == ENG_FORMAT,
          "%s is refused without a place for the reason", what);
}

static uint32_t slow_crc32(const uint8_t *p, size_t count)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < count; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static uint32_t slow_adler32(const uint8_t *p, size_t count)
{
    uint32_t a = 1, b = 0;

    for (size_t i = 0; i < count; i++) {
        a = (a + p[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static void test_checksums(void)
{
    static uint8_t bytes[20000];
    size_t wrong = 0;

    CHECK(dat_crc32(0, "123456789", 9) == 0xcbf43926, "CRC-32 of its check string");
    CHECK(dat_adler32(1, "Wikipedia", 9) == 0x11e60398, "Adler-32 of a known string");
    CHECK(dat_crc32(0, NULL, 0) == 0 && dat_adler32(1, NULL, 0) == 1, "checksums of nothing");
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)eng_rng_u64(&rng);
    for (size_t n = 0; n < 200; n++)
        wrong += dat_crc32(0, bytes + n % 7, n) != slow_crc32(bytes + n % 7, n);
    CHECK(wrong == 0, "CRC-32 of every length up to 200 as bit by bit");
    wrong = 0;
    for (size_t n = 0; n < 100; n++)
        wrong += dat_crc32(dat_crc32(0, bytes, n), bytes + n, 100 - n) != slow_crc32(bytes, 100);
    CHECK(wrong == 0, "CRC-32 in two pieces");
    CHECK(dat_adler32(dat_adler32(1, bytes, 7777), bytes + 7777, sizeof bytes - 7777) ==
              slow_adler32(bytes, sizeof bytes),
          "Adler-32 in two pieces");
    memset(bytes, 0xff, sizeof bytes);
    CHECK(dat_adler32(0xfff0fff0, bytes, sizeof bytes) ==
              dat_adler32(dat_adler32(0xfff0fff0, bytes, 1), bytes + 1, sizeof bytes - 1),
          "Adler-32 does not overflow from its largest state");
    CHECK(dat_adler32(1, bytes, sizeof bytes) == slow_adler32(bytes, sizeof bytes),
          "Adler-32 of 0xff bytes");
}

static uint64_t cost(const uint8_t *length, const uint32_t *weight, int n)
{
    uint64_t sum = 0;

    for (int i = 0; i < n; i++)
        sum += (uint64_t)length[i] * weight[i];
    return sum;
}

/* The least cost of n lengths up to max with at most `space` left of 1 << max codes. */
static uint64_t least_cost(const uint32_t *weight, int n, int max, int space)
{
    uint64_t least = UINT64_MAX;

    if (n == 0)
        return 0;
    for (int len = 1; len <= max; len++) {
        const int takes = 1 << (max - len);
        if (takes > space)
            continue;
        const uint64_t rest = least_cost(weight + 1, n - 1, max, space - takes);
        if (rest != UINT64_MAX && rest + (uint64_t)len * weight[0] < least)
            least = rest + (uint64_t)len * weight[0];
    }
    return least;
}

static void test_huffman(void)
{
    uint32_t weight[DAT_HUFFMAN_MAX_SYMBOLS] = {0};
    uint8_t length[DAT_HUFFMAN_MAX_SYMBOLS];
    uint16_t code[DAT_HUFFMAN_MAX_SYMBOLS];
    int wrong = 0, kraft = 0;

    for (int round = 0; round < 300; round++) {
        const int n = 2 + (int)(eng_rng_below(&rng, 5)), max = 3 + (int)(eng_rng_below(&rng, 3));
        for (int i = 0; i < n; i++)
            weight[i] = 1 + eng_rng_below(&rng, round % 2 ? 5 : 1000);
        dat_huffman_lengths(length, weight, n, max);
        wrong += cost(length, weight, n) != least_cost(weight, n, max, 1 << max);
    }
    CHECK(wrong == 0, "limited lengths cost what trying all of them gives");

    /* Fibonacci weights make an unlimited code as long as it can be. */
    weight[0] = weight[1] = 1;
    for (int i = 2; i < 35; i++)
        weight[i] = weight[i - 1] + weight[i - 2];
    dat_huffman_lengths(length, weight, 35, 15);
    wrong = 0;
    for (int i = 0; i < 35; i++) {
        wrong += length[i] < 1 || length[i] > 15;
        kraft += 1 << (15 - length[i]);
    }
    CHECK(wrong == 0 && kraft == 1 << 15, "a code at its limit is complete");

    for (int i = 0; i < DAT_HUFFMAN_MAX_SYMBOLS; i++)
        weight[i] = i % 3 ? eng_rng_below(&rng, 5000) : 0;
    dat_huffman_lengths(length, weight, DAT_HUFFMAN_MAX_SYMBOLS, 15);
    dat_huffman_codes(code, length, DAT_HUFFMAN_MAX_SYMBOLS);
    wrong = 0;
    for (int i = 0; i < DAT_HUFFMAN_MAX_SYMBOLS; i++) {
        wrong += (length[i] == 0) != (weight[i] == 0);
        for (int j = 0; j < DAT_HUFFMAN_MAX_SYMBOLS && length[i]; j++)
            wrong += j != i && length[j] >= length[i] &&
                     (code[j] & ((1u << length[i]) - 1)) == code[i];
    }
    CHECK(wrong == 0, "no code begins another");

    memset(weight, 0, sizeof weight);
    dat_huffman_lengths(length, weight, 30, 15);
    CHECK(cost(length, (const uint32_t[3]){1, 1, 1}, 3) == 0, "no symbols, no lengths");
    weight[7] = 9;
    dat_huffman_lengths(length, weight, 30, 15);
    CHECK(length[7] == 1 && length[0] == 0 && length[29] == 0, "one symbol has one bit");
}

static void test_good_streams(void)
{
    {
        struct stream s = {{0}, 0};
        put(&s, 1, 3);
        put_bytes(&s,
                  "\3\0\xfc\xff"
                  "abc",
                  7);
        check_good("stored", &s, "abc", 3);
    }
    {
        struct stream s = {{0}, 0};
        put(&s, 0, 3);
        put_bytes(&s,
                  "\2\0\xfd\xff"
                  "ab",
                  6);
        put(&s, 1, 3);
        put_bytes(&s, "\0\0\xff\xff", 4);
        check_good("stored, then stored and empty", &s, "ab", 2);
    }
    {
        struct stream s = {{0}, 0};
        put(&s, 1 | 1 << 1, 3);
        put_fixed_literal(&s, END);
        check_good("fixed and empty", &s, "", 0);
    }
    {
        struct stream s = {{0}, 0};
        put(&s, 1 << 1, 3);
        put_fixed_literal(&s, 'a');
        put_fixed_literal(&s, 'b');
        put_fixed_literal(&s, 0xe9);
        put_fixed_literal(&s, 257 + 4); /* 7 bytes... */
        put_code(&s, 2, 5);             /* ...from 3 back: overlaps itself */
        put_fixed_literal(&s, END);
        put(&s, 1 | 1 << 1, 3);
        put_fixed_literal(&s, 265); /* 11 or 12 bytes, and here 12 */
        put(&s, 1, 1);
        put_code(&s, 0, 5); /* from 1 back */
        put_fixed_literal(&s, END);
        check_good("fixed, with copies from the block before", &s,
                   "ab\xe9"
                   "ab\xe9"
                   "ab\xe9"
                   "aaaaaaaaaaaaa",
                   22);
    }
    {
        uint8_t literal[257] = {['a'] = 1, [END] = 1}, distance[1] = {0};
        struct stream s = {{0}, 0};
        put_dynamic(&s, literal, 257, distance, 1);
        put_code(&s, 1 - 1, 1);
        put_code(&s, 1 - 1, 1);
        put_code(&s, 1, 1);
        check_good("dynamic, without distances", &s, "aa", 2);
    }
    {
        uint8_t literal[286] = {['a'] = 2, [END] = 2, [285] = 1}, distance[1] = {1};
        struct stream s = {{0}, 0};
        char text[259];
        put_dynamic(&s, literal, 286, distance, 1);
        put_code(&s, 2, 2); /* a */
        put_code(&s, 0, 1); /* 258 bytes... */
        put_code(&s, 0, 1); /* ...from 1 back */
        put_code(&s, 3, 2);
        memset(text, 'a', sizeof text);
        check_good("dynamic, one distance of one bit", &s, text, sizeof text);
    }
    {
        uint8_t literal[257] = {[END] = 1}, distance[1] = {0};
        struct stream s = {{0}, 0};
        put_dynamic(&s, literal, 257, distance, 1);
        put_code(&s, 0, 1);
        check_good("dynamic, nothing but the end", &s, "", 0);
    }
    {
        uint8_t literal[257] = {[END] = 15}, distance[1] = {0};
        struct stream s = {{0}, 0};
        char text[15];
        for (int i = 0; i < 15; i++)
            literal[i] = (uint8_t)(i + 1);
        put_dynamic(&s, literal, 257, distance, 1);
        for (int i = 14; i >= 0; i--) { /* symbol i: i ones and a zero */
            text[14 - i] = (char)i;
            put_code(&s, (1u << (i + 1)) - 2, i + 1);
        }
        put_code(&s, 0x7fff, 15);
        check_good("dynamic, codes of every length", &s, text, sizeof text);
    }
    {
        /* Lengths 0 x 97 (138 at most: 11..138), 1, 0 x 158 (138 + 20), 1, and 1 distance: 0. The
         * code of code lengths: 0, 1, 18 with 2, 1, 2 bits; 1 = 0, 0 = 10, 18 = 11. */
        struct stream s = {{0}, 0};
        const uint8_t lengths[18] = {[2] = 2, [3] = 2, [17] = 1}; /* in the format's order */
        put(&s, 1 | 2 << 1, 3);
        put(&s, 0, 5);
        put(&s, 0, 5);
        put(&s, 18 - 4, 4);
        for (int i = 0; i < 18; i++)
            put(&s, lengths[i], 3);
        put_code(&s, 3, 2);
        put(&s, 97 - 11, 7);
        put_code(&s, 0, 1);
        put_code(&s, 3, 2);
        put(&s, 138 - 11, 7);
        put_code(&s, 3, 2);
        put(&s, 20 - 11, 7);
        put_code(&s, 0, 1);
        put_code(&s, 2, 2);
        put_code(&s, 0, 1); /* a */
        put_code(&s, 1, 1);
        check_good("dynamic, with runs of zeros", &s, "a", 1);
    }
    {
        /* Written by another program: zlib 1.2.13, level 9. */
        static const uint8_t other[] = {0x78, 0xda, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xd7, 0x51,
                                        0xc8, 0xc0, 0xa4, 0x14, 0x01, 0x85, 0x6c, 0x09, 0x56};
        static const char text[] = "hello, hello, hello, hello!";
        uint8_t out[sizeof text];
        size_t used = 0;
        struct eng_why why = {{0}};
        enum eng_err err = inflate_tight(other, sizeof other, out, sizeof text - 1, &used, &why, 1);
        CHECK(err == ENG_OK && memcmp(out, text, sizeof text - 1) == 0 && used == sizeof other,
              "zlib's own stream %s", why.text);
    }
}

static void test_bad_streams(void)
{
    struct stream s;

#define NEW_STREAM memset(&s, 0, sizeof s)
    NEW_STREAM;
    check_bad("an empty stream", &s, 0, "cut off");
    NEW_STREAM;
    put(&s, 1 | 3 << 1, 3);
    check_bad("a block of kind 3", &s, 0, "no known kind");
    NEW_STREAM;
    put(&s, 1, 3);
    put_bytes(&s,
              "\3\0\xfc\xfe"
              "abc",
              7);
    check_bad("a stored block whose lengths disagree", &s, 3, "wrong length");
    NEW_STREAM;
    put(&s, 1, 3);
    put_bytes(&s,
              "\3\0\xfc\xff"
              "abc",
              7);
    check_bad("a stored block too long for the memory", &s, 2, "more than it should");
    check_bad("a stored block that ends early", &s, 4, "less than it should");
    NEW_STREAM;
    put(&s, 1 | 1 << 1, 3);
    put_fixed_literal(&s, 'a');
    put_fixed_literal(&s, END);
    check_bad("a byte too many", &s, 0, "more than it should");
    NEW_STREAM;
    put(&s, 1 | 1 << 1, 3);
    put_fixed_literal(&s, 'a');
    put_fixed_literal(&s, 257);
    put_code(&s, 0, 5);
    put_fixed_literal(&s, END);
    check_bad("a copy too long", &s, 3, "more than it should");
    NEW_STREAM;
    put(&s, 1 | 1 << 1, 3);
    put_fixed_literal(&s, 'a');
    put_fixed_literal(&s, 257);
    put_code(&s, 1, 5);
    put_fixed_literal(&s, END);
    check_bad("a distance of 2 after one byte", &s, 4, "before its beginning");
    for (unsigned code = 30; code < 32; code++) {
        NEW_STREAM;
        put(&s, 1 | 1 << 1, 3);
        put_fixed_literal(&s, 'a');
        put_fixed_literal(&s, 257);
        put_code(&s, code, 5);
        put(&s, 0, 32);
        check_bad("a distance that does not exist", &s, 4, "a distance that stands for nothing");
        NEW_STREAM;
        put(&s, 1 | 1 << 1, 3);
        put_fixed_literal(&s, 256 + (int)code);
        put(&s, 0, 32);
        check_bad("a length that does not exist", &s, 4, "a code that stands for nothing");
    }

    {
        const uint8_t none[1] = {0}, over[3] = {1, 1, 1}, under[2] = {2, 2}, one[1] = {1};
        const uint8_t single[1] = {2};
        uint8_t ab[286] = {['a'] = 1, ['b'] = 1}, ae[286] = {['a'] = 1, [END] = 1};
        uint8_t abe[286] = {['a'] = 1, ['b'] = 1, [END] = 1}, sparse[286] = {['a'] = 2, [END] = 2};
        uint8_t copies[286] = {['a'] = 2, [END] = 2, [257] = 1};

        NEW_STREAM;
        put_dynamic(&s, abe, 257, none, 1);
        put(&s, 0, 32);
        check_bad("an over-subscribed code of bytes", &s, 1, "whose code of bytes");
        NEW_STREAM;
        put_dynamic(&s, sparse, 257, none, 1);
        put(&s, 0, 32);
        check_bad("an incomplete code of bytes", &s, 1, "whose code of bytes");
        NEW_STREAM;
        put_dynamic(&s, ab, 257, none, 1);
        put(&s, 0, 32);
        check_bad("a block without an end", &s, 1, "cannot end");
        NEW_STREAM;
        put_dynamic(&s, ae, 257, over, 3);
        put(&s, 0, 32);
        check_bad("an over-subscribed code of distances", &s, 1, "whose code of distances");
        NEW_STREAM;
        put_dynamic(&s, ae, 257, under, 2);
        put(&s, 0, 32);
        check_bad("an incomplete code of distances", &s, 1, "whose code of distances");
        NEW_STREAM;
        put_dynamic(&s, ae, 257, single, 1);
        put(&s, 0, 32);
        check_bad("a single distance of two bits", &s, 1, "whose code of distances");
        NEW_STREAM;
        put_dynamic(&s, copies, 258, one, 1);
        put_code(&s, 2, 2);
        put_code(&s, 0, 1);
        put_code(&s, 1, 1); /* only 0 is a distance */
        put(&s, 0, 32);
        check_bad("a distance not in its code", &s, 4, "a distance that stands for nothing");
        NEW_STREAM;
        put_dynamic(&s, copies, 258, none, 1);
        put_code(&s, 2, 2);
        put_code(&s, 0, 1);
        put(&s, 0, 32);
        check_bad("a copy in a block without distances", &s, 4,
                  "a distance that stands for nothing");
    }

    NEW_STREAM;
    put(&s, 1 | 2 << 1, 3);
    put(&s, 30, 5); /* 287 literals */
    put(&s, 0, 9 + 50);
    check_bad("287 literals", &s, 0, "too many symbols");
    NEW_STREAM;
    put(&s, 1 | 2 << 1, 3);
    put(&s, 0, 5);
    put(&s, 30, 5); /* 31 distances */
    put(&s, 0, 4 + 50);
    check_bad("31 distances", &s, 0, "too many symbols");
    for (unsigned length = 0; length < 3; length++) { /* none, over-subscribed, incomplete */
        NEW_STREAM;
        put(&s, 1 | 2 << 1, 3);
        put(&s, 0, 10);
        put(&s, 0, 4);
        for (int i = 0; i < 4; i++)
            put(&s, i < 3 ? length : 0, 3);
        put(&s, 0, 50);
        check_bad("a wrong code of code lengths", &s, 0, "code of code lengths");
    }
    NEW_STREAM;
    put(&s, 1 | 2 << 1, 3);
    put(&s, 0, 10);
    put(&s, 0, 4);
    put(&s, 1, 3); /* 16 */
    put(&s, 1, 3); /* 17 */
    put(&s, 0, 6);
    put_code(&s, 0, 1); /* 16 */
    put(&s, 0, 50);
    check_bad("a repetition of nothing", &s, 0, "before the first");
    NEW_STREAM;
    put(&s, 1 | 2 << 1, 3);
    put(&s, 0, 10);
    put(&s, 0, 4);
    put(&s, 0, 3);
    put(&s, 1, 3); /* 17 */
    put(&s, 1, 3); /* 18 */
    put(&s, 0, 3);
    put_code(&s, 1, 1);
    put(&s, 127, 7); /* 138 zeros, of 258 lengths */
    put_code(&s, 1, 1);
    put(&s, 127, 7);
    put(&s, 0, 50);
    check_bad("too many lengths", &s, 0, "too many code lengths");
#undef NEW_STREAM
}

static void test_zlib_wrapper(void)
{
    /* "abc" in a stored block */
    uint8_t s[] = {0x78, 0x01, 1, 3, 0, 0xfc, 0xff, 'a', 'b', 'c', 0x02, 0x4d, 0x01, 0x27, 0xee};
    const size_t n = sizeof s - 1; /* and a byte that is not part of it */
    uint8_t out[3];
    size_t used = 0;
    struct eng_why why = {{0}};

    CHECK(inflate_tight(s, sizeof s, out, 3, &used, &why, 1) == ENG_OK && used == n &&
              memcmp(out, "abc", 3) == 0,
          "a stream with something behind it %s", why.text);
    for (size_t cut = 0; cut < n; cut++)
        CHECK(inflate_tight(s, cut, out, 3, NULL, &why, 1) == ENG_FORMAT &&
                  strstr(why.text, "cut off"),
              "a wrapper cut off after %zu bytes", cut);
    for (size_t i = n - 4; i < n; i++) {
        s[i] ^= 1;
        CHECK(inflate_tight(s, n, out, 3, NULL, &why, 1) == ENG_FORMAT &&
                  strstr(why.text, "checksum"),
              "a wrong checksum, byte %zu", i);
        s[i] ^= 1;
    }
    s[0] = 0x77; /* the second byte makes the two a multiple of 31 */
    s[1] = (uint8_t)(31 - 0x7700 % 31);
    CHECK(inflate_tight(s, n, out, 3, NULL, &why, 1) == ENG_FORMAT && strstr(why.text, "begin"),
          "another method than deflate");
    s[0] = 0x88;
    s[1] = (uint8_t)(31 - 0x8800 % 31);
    CHECK(inflate_tight(s, n, out, 3, NULL, &why, 1) == ENG_FORMAT && strstr(why.text, "begin"),
          "a window that is too large");
    s[0] = 0x78;
    s[1] = 0x02;
    CHECK(inflate_tight(s, n, out, 3, NULL, &why, 1) == ENG_FORMAT && strstr(why.text, "begin"),
          "a header that does not divide by 31");
    s[1] = 0x20;
    CHECK(inflate_tight(s, n, out, 3, NULL, &why, 1) == ENG_UNSUPPORTED &&
              strstr(why.text, "dictionary"),
          "a preset dictionary: %s", why.text);
}

/* Fills bytes with one of several kinds of contents. */
static const char *fill(uint8_t *bytes, size_t count, int kind)
{
    static const char *const words[] = {"the ", "cat ", "and ", "dog ",
                                        "sat ", "on ",  "a ",   "mat. "};
    static const char *const names[KINDS] = {
        "zeros", "random", "few values", "words", "ramp", "blocks at reach", "blocks beyond reach"};

    for (size_t i = 0; i < count; i++) {
        switch (kind) {
        case 0:
            bytes[i] = 0;
            break;
        case 1:
            bytes[i] = (uint8_t)eng_rng_u64(&rng);
            break;
        case 2:
            bytes[i] = (uint8_t)(eng_rng_u64(&rng) & 3);
            break;
        case 3:
            for (const char *w = words[eng_rng_u64(&rng) & 7]; *w && i < count; w++)
                bytes[i++] = (uint8_t)*w;
            i--;
            break;
        case 4:
            bytes[i] = (uint8_t)(i / 7 + (eng_rng_u64(&rng) & 1));
            break;
        case 5: /* random, and again after the largest distance there is */
            bytes[i] = i < 32768 ? (uint8_t)eng_rng_u64(&rng) : bytes[i - 32768];
            break;
        case 6: /* and after one more */
            bytes[i] = i < 32769 ? (uint8_t)eng_rng_u64(&rng) : bytes[i - 32769];
            break;
        }
    }
    return names[kind];
}

static void test_round_trips(void)
{
    static const size_t sizes[] = {0,     1,     2,     3,     4,     5,     7,
                                   8,     100,   257,   258,   1000,  4096,  16383,
                                   16384, 16385, 65535, 65536, 70000, 200000};
    static uint8_t bytes[200000], again[200000];

    for (int kind = 0; kind < KINDS; kind++) {
        const char *name = "";
        size_t last = 0;
        int wrong = 0;

        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            const size_t n = sizes[i];
            uint8_t *out = NULL;
            size_t size = 0, used = 0;

            name = fill(bytes, n, kind);
            wrong += dat_deflate(&out, &size, bytes, n) != ENG_OK;
            wrong += inflate_tight(out, size, again, n, &used, NULL, 0) != ENG_OK;
            wrong += used != size || memcmp(bytes, again, n) != 0;
            wrong += size > n + 5 * (n / 16384) + 16;
            free(out);
            wrong += dat_deflate_zlib(&out, &size, bytes, n) != ENG_OK;
            wrong += inflate_tight(out, size, again, n, &used, NULL, 1) != ENG_OK;
            wrong += used != size || memcmp(bytes, again, n) != 0;
            wrong += n > 0 && n / size > DAT_INFLATE_MAX_RATIO;
            last = size;
            free(out);
        }
        CHECK(wrong == 0, "%s: round trips of all sizes, within their bounds", name);
        /* What zlib 1.2.13 at level 6 makes of the last of each kind, and 1 % on top. */
        static const size_t zlib[KINDS] = {217, 200071, 58847, 33182, 79376, 200071, 200071};
        CHECK(last <= zlib[kind] + zlib[kind] / 100, "%s: %zu bytes", name, last);
    }

    uint8_t *out = NULL;
    size_t size = 0;
    fill(bytes, 65536, 5);
    const enum eng_err err = dat_deflate(&out, &size, bytes, 65536);
    CHECK(err == ENG_OK && size < 32768 + 1024,
          "a repetition from the largest distance is found: %zu bytes", size);
    free(out);
}

/* A fixed block with nothing in it takes ten bits, and its codes must not be built anew for each:
 * that took 16 s. Those of a dynamic one are in the stream, and are built in proportion to it. */
static void test_empty_blocks(void)
{
    enum { FOUR = 5, SIZE = 1 << 23 };
    const uint8_t literal[257] = {[END] = 1}, distance[1] = {0};
    struct stream block = {{0}, 0}, end = {{0}, 0};
    struct eng_why why = {{0}};
    uint8_t *bytes = malloc(SIZE), out[1] = {0};
    size_t n = 0, used = 0;

    for (int i = 0; i < 4; i++) {
        put(&block, 1 << 1, 3);
        put_fixed_literal(&block, END);
    }
    /* Behind them a dynamic block, which is not the last, and a fixed one with a byte. */
    put_dynamic(&end, literal, 257, distance, 1);
    put_code(&end, 0, 1);
    end.bytes[0] &= 0xfe;
    put(&end, 1 | 1 << 1, 3);
    put_fixed_literal(&end, 'a');
    put_fixed_literal(&end, END);
    if (!bytes || block.bits != 8 * FOUR)
        exit(2);
    for (; n + FOUR + sizeof end.bytes <= SIZE; n += FOUR)
        memcpy(bytes + n, block.bytes, FOUR);
    memcpy(bytes + n, end.bytes, (end.bits + 7) / 8);
    n += (end.bits + 7) / 8;
    const clock_t start = clock();
    const enum eng_err err = dat_inflate(out, 1, bytes, n, &used, &why);
    const double took = (double)(clock() - start) / CLOCKS_PER_SEC;
    CHECK(err == ENG_OK && used == n && out[0] == 'a', "%zu empty fixed blocks, and a byte: %s",
          n / FOUR * 4, why.text);
    CHECK(took < 3.0, "take their bits' time: %.2f s", took);
    free(bytes);
}

/* Whatever is done to a stream, inflate ends, within its memory. */
static void test_damage(void)
{
    static uint8_t bytes[3000], again[3000];
    int passed = 0, unlike = 0, runs = 0;

    for (int kind = 1; kind < 5; kind++) {
        uint8_t *out = NULL;
        size_t size = 0;

        fill(bytes, sizeof bytes, kind);
        if (dat_deflate_zlib(&out, &size, bytes, sizeof bytes) != ENG_OK)
            exit(2);
        for (size_t n = 0; n < size; n++)
            passed += inflate_tight(out, n, again, sizeof again, NULL, NULL, 1) == ENG_OK;
        for (size_t bit = 0; bit < 8 * size; bit++) {
            out[bit / 8] ^= (uint8_t)(1 << bit % 8);
            /* Adler-32 is weak: changes of +1, -2, +1 in a row escape it. Others must not. */
            if (inflate_tight(out, size, again, sizeof again, NULL, NULL, 1) == ENG_OK)
                unlike += dat_adler32(1, bytes, sizeof bytes) !=
                          dat_adler32(1, again, sizeof again);
            out[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (int round = 0; round < 2000; round++, runs++) {
            uint8_t was[4];
            size_t at[4];
            for (int i = 0; i < 4; i++) {
                at[i] = eng_rng_below(&rng, size);
                was[i] = out[at[i]];
                out[at[i]] = (uint8_t)eng_rng_u64(&rng);
            }
            inflate_tight(out, size, again, eng_rng_below(&rng, sizeof again), NULL, NULL, 0);
            inflate_tight(out + 2, size - 2, again, eng_rng_below(&rng, sizeof again), NULL, NULL,
                          0);
            for (int i = 3; i >= 0; i--)
                out[at[i]] = was[i];
        }
        free(out);
    }
    CHECK(passed == 0, "no stream passes when cut off");
    CHECK(unlike == 0, "no stream with a bit turned gives bytes with another checksum");
    CHECK(runs == 8000, "%d damaged streams inflated without harm", runs);
}

int main(void)
{
    eng_rng_init(&rng, 1, 0);
    test_checksums();
    test_huffman();
    test_good_streams();
    test_bad_streams();
    test_zlib_wrapper();
    test_round_trips();
    test_empty_blocks();
    test_damage();
    return tap_done();
}
