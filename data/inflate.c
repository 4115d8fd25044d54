/* Inflate: bytes and copies of earlier bytes, written in prefix codes.
 *
 *   stream = block... ; a block says with its first bit whether it is the last
 *   block  = stored: the bytes themselves
 *          | fixed or dynamic codes: symbols until "end of block"
 *   symbol = 0..255 a byte | 256 end | 257..285 a length; a distance symbol follows, and that many
 *            bytes are copied from that far back
 *
 * A dynamic block begins with the code lengths of its two codes, themselves in a third code. Only
 * lengths are needed: codes are canonical, that is, of equal length they count up in the order of
 * the symbols, and a shorter code comes before a longer one.
 *
 * Codes of up to ROOT bits are looked up in one step, by the next ROOT bits of the stream:
 *
 *   next bits  ...0110|01        fast[0b...011001] = symbol and the length 2
 *                      ^^ code   (every pattern of the bits above the code has the same entry)
 *
 * Longer ones are rare by construction, and are walked bit by bit.
 */
#include "data/inflate.h"

#include "data/adler32.h"

#include <string.h>

#define MAX_LENGTH   15 /* of a code */
#define LITERALS     288
#define DISTANCES    32
#define LENGTH_CODES 19
#define END_OF_BLOCK 256
#define ROOT         10

/* Input bits, the first in the lowest bit of the pool. `held` falls below zero when more were taken
 * than the input has: readers take what they need first, and check `held` once. */
struct source {
    const uint8_t *at, *end;
    uint64_t pool;
    int held;
};

struct sink {
    uint8_t *start, *at, *end;
};

struct code {
    uint16_t fast[1 << ROOT];       /* symbol << 4 | length of its code; 0: not to be had here */
    uint16_t symbol[LITERALS];      /* in the order of their codes */
    uint16_t count[MAX_LENGTH + 1]; /* codes of each length */
};

static enum eng_err damaged(struct eng_why *why, const char *what)
{
    return eng_fail(why, ENG_FORMAT, "the compressed data %s; the file is damaged, get it again",
                    what);
}

static enum eng_err cut_off(struct eng_why *why)
{
    return damaged(why, "is cut off");
}

/* Makes at least 56 bits ready, or all that are left. */
static void source_refill(struct source *s)
{
    if (s->end - s->at >= 8) {
        uint64_t next = 0;
        for (int i = 0; i < 8; i++)
            next |= (uint64_t)s->at[i] << 8 * i;
        s->pool |= next << s->held; /* what is not counted now will be or-ed again, unchanged */
        s->at += (63 - s->held) >> 3;
        s->held |= 56;
    } else {
        for (; s->held < 56 && s->at < s->end; s->held += 8)
            s->pool |= (uint64_t)*s->at++ << s->held;
    }
}

static unsigned source_take(struct source *s, int bits)
{
    const unsigned value = (unsigned)(s->pool & ((1u << bits) - 1));
    s->pool >>= bits;
    s->held -= bits;
    return value;
}

/* Forgets the rest of a byte begun, and gives back whole bytes not used. */
static void source_align(struct source *s)
{
    s->at -= s->held / 8;
    s->pool = 0;
    s->held = 0;
}

/* Builds the code with these lengths, 0 for unused symbols. Returns what is left of the space of
 * codes, in codes of MAX_LENGTH bits: 0 if the code is complete, negative if the lengths cannot be
 * (the code is not built), 1 << MAX_LENGTH if no symbol is used. */
static int code_build(struct code *c, const uint8_t *length, int symbols)
{
    uint16_t next[MAX_LENGTH + 2] = {0};
    unsigned code = 0;
    int left = 1 << MAX_LENGTH, at = 0;

    memset(c->count, 0, sizeof c->count);
    for (int s = 0; s < symbols; s++)
        c->count[length[s]]++;
    c->count[0] = 0;
    for (int len = 1; len <= MAX_LENGTH; len++) {
        left -= c->count[len] << (MAX_LENGTH - len);
        next[len + 1] = (uint16_t)(next[len] + c->count[len]);
    }
    if (left < 0)
        return left;

    for (int s = 0; s < symbols; s++)
        if (length[s])
            c->symbol[next[length[s]]++] = (uint16_t)s;

    /* Codes are packed from their first bit, so `code` counts with its bits reversed. */
    memset(c->fast, 0, sizeof c->fast);
    for (int len = 1; len <= ROOT; len++) {
        for (int i = 0; i < c->count[len]; i++) {
            for (unsigned j = code; j < 1 << ROOT; j += 1u << len)
                c->fast[j] = (uint16_t)(c->symbol[at] << 4 | len);
            at++;
            unsigned bit = 1u << (len - 1);
            for (; code & bit; bit >>= 1)
                code ^= bit;
            code ^= bit;
        }
    }
    return left;
}

/* The codes longer than ROOT, and those that an incomplete code lacks: -1. */
static int code_walk(const struct code *c, struct source *s)
{
    int code = 0, first = 0, index = 0; /* first code of this length, and its place */

    for (int len = 1; len <= MAX_LENGTH; len++) {
        const int count = c->count[len];
        code |= (int)(s->pool >> (len - 1) & 1);
        if (code - first < count) {
            source_take(s, len);
            return c->symbol[index + code - first];
        }
        index += count;
        first = (first + count) << 1;
        code <<= 1;
    }
    return -1;
}

static inline int code_next(const struct code *c, struct source *s)
{
    const unsigned entry = c->fast[s->pool & ((1 << ROOT) - 1)];

    if (!entry)
        return code_walk(c, s);
    source_take(s, entry & 15);
    return (int)(entry >> 4);
}

static enum eng_err read_stored(struct sink *out, struct source *s, struct eng_why *why)
{
    unsigned length, check;

    source_align(s);
    if (s->end - s->at < 4)
        return cut_off(why);
    length = s->at[0] | (unsigned)s->at[1] << 8;
    check = s->at[2] | (unsigned)s->at[3] << 8;
    s->at += 4;
    if (length != (~check & 0xffff))
        return damaged(why, "has a stored block with a wrong length");
    if ((size_t)(s->end - s->at) < length)
        return cut_off(why);
    if ((size_t)(out->end - out->at) < length)
        return damaged(why, "holds more than it should");
    memcpy(out->at, s->at, length);
    out->at += length;
    s->at += length;
    return ENG_OK;
}

/* Reads the lengths of a dynamic block's codes and builds them. */
static enum eng_err read_codes(struct code *literal, struct code *distance, struct source *s,
                               struct eng_why *why)
{
    static const uint8_t order[LENGTH_CODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                11, 4,  12, 3, 13, 2, 14, 1, 15};
    struct code *const lengths = distance; /* its turn is over before the distances' comes */
    uint8_t length[LITERALS + DISTANCES] = {0};
    int literals, distances, codes, left;

    source_refill(s);
    literals = (int)source_take(s, 5) + 257;
    distances = (int)source_take(s, 5) + 1;
    codes = (int)source_take(s, 4) + 4;
    if (literals > 286 || distances > 30)
        return damaged(why, "has a block with too many symbols");
    for (int i = 0; i < codes; i++) {
        source_refill(s);
        length[order[i]] = (uint8_t)source_take(s, 3);
        if (s->held < 0)
            return cut_off(why);
    }
    if (code_build(lengths, length, LENGTH_CODES) != 0)
        return damaged(why, "has a block whose code of code lengths is wrong");

    memset(length, 0, LENGTH_CODES);
    for (int i = 0; i < literals + distances;) {
        int symbol, repeat = 1;
        uint8_t value;

        source_refill(s);
        symbol = code_next(lengths, s);
        if (symbol < 16) {
            value = (uint8_t)symbol;
        } else if (symbol == 16) {
            if (i == 0)
                return damaged(why, "repeats a code length before the first");
            value = length[i - 1];
            repeat = 3 + (int)source_take(s, 2);
        } else {
            value = 0;
            repeat = symbol == 17 ? 3 + (int)source_take(s, 3) : 11 + (int)source_take(s, 7);
        }
        if (s->held < 0)
            return cut_off(why);
        if (repeat > literals + distances - i)
            return damaged(why, "has a block with too many code lengths");
        memset(length + i, value, (size_t)repeat);
        i += repeat;
    }

    /* A code must use up the space of codes. Two exceptions: a single code, of one bit; and no
     * distance at all, in a block of bytes only. */
    if (length[END_OF_BLOCK] == 0)
        return damaged(why, "has a block that cannot end");
    left = code_build(literal, length, literals);
    if (left != 0 && !(left == 1 << (MAX_LENGTH - 1) && literal->count[1] == 1))
        return damaged(why, "has a block whose code of bytes is wrong");
    left = code_build(distance, length + literals, distances);
    if (left != 0 && left != 1 << MAX_LENGTH &&
        !(left == 1 << (MAX_LENGTH - 1) && distance->count[1] == 1))
        return damaged(why, "has a block whose code of distances is wrong");
    return ENG_OK;
}

static void fixed_codes(struct code *literal, struct code *distance)
{
    uint8_t length[LITERALS];

    memset(length, 8, 144);
    memset(length + 144, 9, 256 - 144);
    memset(length + 256, 7, 280 - 256);
    memset(length + 280, 8, LITERALS - 280);
    code_build(literal, length, LITERALS);
    memset(length, 5, DISTANCES);
    code_build(distance, length, DISTANCES);
}

/* Source and target may overlap, and then bytes just written are copied again: a pattern repeats.
 */
static void copy_back(struct sink *out, size_t distance, size_t length)
{
    const uint8_t *from = out->at - distance;

    if (distance >= length)
        memcpy(out->at, from, length);
    else if (distance == 1)
        memset(out->at, *from, length);
    else
        for (size_t i = 0; i < length; i++)
            out->at[i] = from[i];
    out->at += length;
}

static enum eng_err read_symbols(struct sink *out, struct source *s, const struct code *literal,
                                 const struct code *distance, struct eng_why *why)
{
    static const uint16_t length_base[29] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                             15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                             67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t length_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                             2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const uint16_t distance_base[30] = {
        1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
        193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    static const uint8_t distance_extra[30] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                               6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

    for (;;) {
        int symbol, back;
        size_t length, far;

        source_refill(s); /* 56 bits: enough for 15 + 5 of a length and 15 + 13 of a distance */
        symbol = code_next(literal, s);
        if (symbol >= 0 && symbol < END_OF_BLOCK) {
            if (s->held < 0)
                return cut_off(why);
            if (out->at == out->end)
                return damaged(why, "holds more than it should");
            *out->at++ = (uint8_t)symbol;
            continue;
        }
        if (symbol == END_OF_BLOCK)
            return s->held < 0 ? cut_off(why) : ENG_OK;
        if (symbol < 0 || symbol > 285)
            return damaged(why, "has a code that stands for nothing");

        length = length_base[symbol - 257] + source_take(s, length_extra[symbol - 257]);
        back = code_next(distance, s);
        if (back < 0 || back > 29)
            return damaged(why, "has a distance that stands for nothing");
        far = distance_base[back] + source_take(s, distance_extra[back]);
        if (s->held < 0)
            return cut_off(why);
        if (far > (size_t)(out->at - out->start))
            return damaged(why, "copies from before its beginning");
        if (length > (size_t)(out->end - out->at))
            return damaged(why, "holds more than it should");
        copy_back(out, far, length);
    }
}

enum eng_err dat_inflate(uint8_t *out, size_t size, const uint8_t *in, size_t count, size_t *used,
                         struct eng_why *why)
{
    uint8_t nowhere; /* for callers who expect nothing and have no memory for it either */
    struct source s = {0};
    struct sink to = {0};
    struct code literal[2], distance[2]; /* of fixed blocks, and of a dynamic one */
    int fixed = 0;                       /* 1: built, once only: such a block may have 10 bits */
    unsigned last;

    if (count == 0)
        return cut_off(why);
    s.at = in;
    s.end = in + count;
    to.start = to.at = size > 0 ? out : &nowhere;
    to.end = to.start + size;
    do {
        unsigned kind;

        source_refill(&s);
        last = source_take(&s, 1);
        kind = source_take(&s, 2);
        if (s.held < 0)
            return cut_off(why);
        if (kind == 3)
            return damaged(why, "has a block of no known kind");
        if (kind == 0) {
            ENG_TRY(read_stored(&to, &s, why));
            continue;
        }
        if (kind == 2) {
            ENG_TRY(read_codes(&literal[1], &distance[1], &s, why));
        } else if (!fixed) {
            fixed_codes(&literal[0], &distance[0]);
            fixed = 1;
        }
        ENG_TRY(read_symbols(&to, &s, &literal[kind - 1], &distance[kind - 1], why));
    } while (!last);

    if (to.at != to.end)
        return damaged(why, "holds less than it should");
    source_align(&s);
    if (used)
        *used = (size_t)(s.at - in);
    return ENG_OK;
}

enum eng_err dat_inflate_zlib(uint8_t *out, size_t size, const uint8_t *in, size_t count,
                              size_t *used, struct eng_why *why)
{
    const uint8_t *sum;
    size_t body;

    if (count < 2)
        return cut_off(why);
    if ((in[0] & 15) != 8 || in[0] >> 4 > 7 || (in[0] << 8 | in[1]) % 31 != 0)
        return damaged(why, "does not begin as zlib data does");
    if (in[1] & 0x20)
        return eng_fail(why, ENG_UNSUPPORTED,
                        "the compressed data needs a dictionary that is not in the file; save "
                        "the file again with another program");
    ENG_TRY(dat_inflate(out, size, in + 2, count - 2, &body, why));
    if (count - 2 - body < 4)
        return cut_off(why);
    sum = in + 2 + body;
    if (dat_adler32(1, out, size) !=
        ((uint32_t)sum[0] << 24 | (uint32_t)sum[1] << 16 | (uint32_t)sum[2] << 8 | sum[3]))
        return damaged(why, "does not match its checksum");
    if (used)
        *used = body + 6;
    return ENG_OK;
}
