/* Deflate: find repetitions (LZ77), then write bytes and copies in the shortest prefix codes.
 *
 *   input   the cat and the dog
 *   tokens  t h e _ c a t _ a n d _ <copy 4 from 12 back> d o g
 *
 * Repetitions are found through chains. head[] has, by a hash of three bytes, the last position
 * where such three stood; prev[] leads from a position to the one before with the same hash:
 *
 *   head[h("the")] -> 12 -> 0         only the last WINDOW positions are kept, prev[] is a ring
 *
 * A match found is not taken at once if the next position begins a longer one ("lazy" matching).
 * Tokens are gathered, and a block of them is written in whatever is the smallest: codes made for
 * the block, the format's fixed codes, or the bytes as they are.
 */
#include "data/deflate.h"

#include "data/adler32.h"
#include "data/huffman.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW    32768
#define HASH_BITS 15
#define MIN_MATCH 3
#define MAX_MATCH 258
#define NOWHERE   UINT32_MAX

#define LITERALS     286
#define DISTANCES    30
#define LENGTH_CODES 19
#define END_OF_BLOCK 256

#define BLOCK_TOKENS 16384
#define STORED_MAX   65535

/* How hard to try. */
#define CHAIN       128 /* candidates looked at */
#define CHAIN_GOOD  32  /* when there is a match of GOOD already */
#define GOOD        8
#define LAZY        16   /* a match this long is taken at once */
#define NICE        128  /* and the search ends at one this long */
#define FAR_FOR_MIN 4096 /* three bytes from farther away cost more than they save */

/* A byte (distance 0) or a copy. */
struct token {
    uint16_t length; /* or the byte's value */
    uint16_t distance;
};

struct match {
    unsigned length, distance;
};

/* Output bits, the first in the lowest bit of the pool. */
struct sink {
    uint8_t *bytes;
    size_t count, room;
    uint64_t pool;
    int held;
};

/* A prefix code for literals and lengths, and one for distances. */
struct codes {
    uint8_t literal_length[DAT_HUFFMAN_MAX_SYMBOLS], distance_length[DISTANCES];
    uint16_t literal[DAT_HUFFMAN_MAX_SYMBOLS], distance[DISTANCES];
};

/* The code lengths of a block as they are written: run lengths, in a third code. */
struct preamble {
    int literals, distances, codes, symbols;
    uint8_t symbol[LITERALS + DISTANCES], extra[LITERALS + DISTANCES];
    uint8_t length[LENGTH_CODES];
    uint16_t code[LENGTH_CODES];
};

struct deflate {
    const uint8_t *in;
    uint32_t count;    /* bytes of in */
    uint32_t inserted; /* positions below are in the chains */
    uint32_t head[1 << HASH_BITS], prev[WINDOW];

    struct token token[BLOCK_TOKENS];
    int tokens;
    uint32_t block_start; /* where the tokens' bytes begin */
    uint32_t literal_weight[LITERALS], distance_weight[DISTANCES];

    struct codes fixed, dynamic;
    struct preamble preamble;
    struct sink out;
};

static const uint8_t length_code_extra[LENGTH_CODES] = {[16] = 2, [17] = 3, [18] = 7};
static const uint8_t length_code_order[LENGTH_CODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                        11, 4,  12, 3, 13, 2, 14, 1, 15};

/* Room for `more` bytes and what the pool holds. */
static enum eng_err sink_reserve(struct sink *s, size_t more)
{
    uint8_t *bytes;
    size_t room;

    more += sizeof s->pool;
    if (more <= s->room - s->count)
        return ENG_OK;
    if (more > SIZE_MAX / 2 - s->count)
        return ENG_NOMEM;
    room = s->count + more;
    room += room / 2;
    bytes = realloc(s->bytes, room);
    if (!bytes)
        return ENG_NOMEM;
    s->bytes = bytes;
    s->room = room;
    return ENG_OK;
}

/* Appends up to 32 bits. */
static inline void sink_put(struct sink *s, uint32_t value, int bits)
{
    s->pool |= (uint64_t)value << s->held;
    s->held += bits;
    if (s->held >= 32) {
        for (int i = 0; i < 4; i++)
            s->bytes[s->count++] = (uint8_t)(s->pool >> 8 * i);
        s->pool >>= 32;
        s->held -= 32;
    }
}

/* Fills the last byte with zeros, and empties the pool. */
static void sink_align(struct sink *s)
{
    for (; s->held > 0; s->held -= 8, s->pool >>= 8)
        s->bytes[s->count++] = (uint8_t)s->pool;
    s->held = 0;
}

static inline int floor_log2(unsigned x)
{
    return 31 - __builtin_clz(x);
}

/* Lengths and distances share one scheme: small ones have a symbol each, the others 2^k symbols per
 * power of two (k = 2 for lengths, 1 for distances), and the bits below as extra bits. `x` counts
 * from 0 for the smallest. Returns the symbol, 0 for x = 0. */
static inline int split(unsigned x, int k, unsigned *extra, int *extra_bits)
{
    if (x < 1u << (k + 1)) {
        *extra = 0;
        *extra_bits = 0;
        return (int)x;
    }
    *extra_bits = floor_log2(x) - k;
    *extra = x & ((1u << *extra_bits) - 1);
    return (int)(x >> *extra_bits) + (*extra_bits << k);
}

static inline int length_symbol(unsigned length, unsigned *extra, int *extra_bits)
{
    if (length == MAX_MATCH) { /* has a symbol to itself, though it also fits the scheme */
        *extra = 0;
        *extra_bits = 0;
        return 285;
    }
    return 257 + split(length - MIN_MATCH, 2, extra, extra_bits);
}

static inline int distance_symbol(unsigned distance, unsigned *extra, int *extra_bits)
{
    return split(distance - 1, 1, extra, extra_bits);
}

static void fixed_init(struct codes *c)
{
    memset(c->literal_length, 8, 144);
    memset(c->literal_length + 144, 9, 256 - 144);
    memset(c->literal_length + 256, 7, 280 - 256);
    memset(c->literal_length + 280, 8, DAT_HUFFMAN_MAX_SYMBOLS - 280);
    memset(c->distance_length, 5, DISTANCES);
    dat_huffman_codes(c->literal, c->literal_length, DAT_HUFFMAN_MAX_SYMBOLS);
    dat_huffman_codes(c->distance, c->distance_length, DISTANCES);
}

static void dynamic_init(struct codes *c, const uint32_t *literal_weight, uint32_t *distance_weight)
{
    uint32_t any = 0;

    for (int i = 0; i < DISTANCES; i++)
        any |= distance_weight[i];
    if (!any)
        distance_weight[0] = 1; /* some readers want a distance code even if it is not used */
    dat_huffman_lengths(c->literal_length, literal_weight, LITERALS, DAT_HUFFMAN_MAX_LENGTH);
    dat_huffman_lengths(c->distance_length, distance_weight, DISTANCES, DAT_HUFFMAN_MAX_LENGTH);
    dat_huffman_codes(c->literal, c->literal_length, LITERALS);
    dat_huffman_codes(c->distance, c->distance_length, DISTANCES);
}

static void preamble_add(struct preamble *p, uint32_t *weight, int symbol, int extra)
{
    p->symbol[p->symbols] = (uint8_t)symbol;
    p->extra[p->symbols++] = (uint8_t)extra;
    weight[symbol]++;
}

static void preamble_init(struct preamble *p, const struct codes *c)
{
    uint8_t length[LITERALS + DISTANCES];
    uint32_t weight[LENGTH_CODES] = {0};
    int n;

    p->literals = LITERALS;
    while (c->literal_length[p->literals - 1] == 0)
        p->literals--; /* ends above END_OF_BLOCK, which every block has */
    p->distances = DISTANCES;
    while (c->distance_length[p->distances - 1] == 0)
        p->distances--;
    n = p->literals + p->distances;
    memcpy(length, c->literal_length, (size_t)p->literals);
    memcpy(length + p->literals, c->distance_length, (size_t)p->distances);

    /* 16: the last length 3..6 times more; 17 and 18: 3..10 and 11..138 zeros. */
    p->symbols = 0;
    for (int i = 0, run; i < n; i += run) {
        int left;

        for (run = 1; i + run < n && length[i + run] == length[i]; run++)
            ;
        left = run;
        if (length[i] == 0) {
            for (; left >= 11; left -= left < 138 ? left : 138)
                preamble_add(p, weight, 18, (left < 138 ? left : 138) - 11);
            if (left >= 3) {
                preamble_add(p, weight, 17, left - 3);
                left = 0;
            }
        } else {
            preamble_add(p, weight, length[i], 0);
            for (left--; left >= 3; left -= left < 6 ? left : 6)
                preamble_add(p, weight, 16, (left < 6 ? left : 6) - 3);
        }
        for (; left > 0; left--)
            preamble_add(p, weight, length[i], 0);
    }

    /* This code is complete, as readers want it, because it has two symbols at least: a complete
     * code whose lengths are all equal has 2^k symbols, 256 of LITERALS at the most, and the others
     * have length 0. */
    dat_huffman_lengths(p->length, weight, LENGTH_CODES, 7);
    dat_huffman_codes(p->code, p->length, LENGTH_CODES);
    p->codes = LENGTH_CODES;
    while (p->length[length_code_order[p->codes - 1]] == 0)
        p->codes--;
}

static uint64_t preamble_bits(const struct preamble *p)
{
    uint64_t bits = 5 + 5 + 4 + 3 * (uint64_t)p->codes;

    for (int i = 0; i < p->symbols; i++)
        bits += p->length[p->symbol[i]] + (uint64_t)length_code_extra[p->symbol[i]];
    return bits;
}

static void preamble_put(const struct preamble *p, struct sink *out)
{
    sink_put(out, (uint32_t)(p->literals - 257), 5);
    sink_put(out, (uint32_t)(p->distances - 1), 5);
    sink_put(out, (uint32_t)(p->codes - 4), 4);
    for (int i = 0; i < p->codes; i++)
        sink_put(out, p->length[length_code_order[i]], 3);
    for (int i = 0; i < p->symbols; i++) {
        const int symbol = p->symbol[i];
        sink_put(out, p->code[symbol], p->length[symbol]);
        sink_put(out, p->extra[i], length_code_extra[symbol]);
    }
}

/* The block's tokens in these codes; extra bits cost the same in any, and are left out. */
static uint64_t codes_bits(const struct codes *c, const struct deflate *d)
{
    uint64_t bits = 0;

    for (int i = 0; i < LITERALS; i++)
        bits += (uint64_t)d->literal_weight[i] * c->literal_length[i];
    for (int i = 0; i < DISTANCES; i++)
        bits += (uint64_t)d->distance_weight[i] * c->distance_length[i];
    return bits;
}

static uint64_t extra_bits(const struct deflate *d)
{
    uint64_t bits = 0;

    for (int i = 257 + 8; i < 285; i++)
        bits += (uint64_t)d->literal_weight[i] * (uint64_t)((i - 257) / 4 - 1);
    for (int i = 4; i < DISTANCES; i++)
        bits += (uint64_t)d->distance_weight[i] * (uint64_t)(i / 2 - 1);
    return bits;
}

static void put_tokens(struct deflate *d, const struct codes *c)
{
    struct sink *out = &d->out;

    for (int i = 0; i < d->tokens; i++) {
        const struct token t = d->token[i];
        unsigned extra;
        int symbol, bits;

        if (t.distance == 0) {
            sink_put(out, c->literal[t.length], c->literal_length[t.length]);
            continue;
        }
        symbol = length_symbol(t.length, &extra, &bits);
        sink_put(out, c->literal[symbol] | extra << c->literal_length[symbol],
                 c->literal_length[symbol] + bits);
        symbol = distance_symbol(t.distance, &extra, &bits);
        sink_put(out, c->distance[symbol] | extra << c->distance_length[symbol],
                 c->distance_length[symbol] + bits);
    }
    sink_put(out, c->literal[END_OF_BLOCK], c->literal_length[END_OF_BLOCK]);
}

/* The bytes as they are, in as many blocks as it takes, at least one. */
static void put_stored(struct sink *out, const uint8_t *bytes, size_t count, int last)
{
    do {
        const size_t piece = count < STORED_MAX ? count : STORED_MAX;

        sink_put(out, last && piece == count, 1);
        sink_put(out, 0, 2);
        sink_align(out);
        sink_put(out, (uint32_t)piece, 16);
        sink_put(out, ~(uint32_t)piece & 0xffff, 16);
        sink_align(out);
        memcpy(out->bytes + out->count, bytes, piece);
        out->count += piece;
        bytes += piece;
        count -= piece;
    } while (count > 0);
}

/* Writes the tokens gathered, for the bytes of `in` up to `end`, as a block, and forgets them. */
static enum eng_err block_end(struct deflate *d, uint32_t end, int last)
{
    const size_t bytes = end - d->block_start;
    /* 3 bits of header and up to 7 to the next byte, then two lengths */
    const uint64_t stored = 8 * (uint64_t)bytes + (3 + 7 + 32) * (bytes / STORED_MAX + 1);
    uint64_t fixed, dynamic, least;

    d->literal_weight[END_OF_BLOCK] = 1;
    fixed = codes_bits(&d->fixed, d) + extra_bits(d);
    dynamic_init(&d->dynamic, d->literal_weight, d->distance_weight);
    preamble_init(&d->preamble, &d->dynamic);
    dynamic = preamble_bits(&d->preamble) + codes_bits(&d->dynamic, d) + extra_bits(d);

    least = fixed < dynamic ? fixed : dynamic;
    least = stored < least ? stored : least;
    ENG_TRY(sink_reserve(&d->out, (size_t)(least / 8) + 8));

    if (least == stored) {
        put_stored(&d->out, d->in + d->block_start, bytes, last);
    } else if (least == fixed) {
        sink_put(&d->out, (uint32_t)last | 1 << 1, 3);
        put_tokens(d, &d->fixed);
    } else {
        sink_put(&d->out, (uint32_t)last | 2 << 1, 3);
        preamble_put(&d->preamble, &d->out);
        put_tokens(d, &d->dynamic);
    }
    assert(d->out.count <= d->out.room);

    d->tokens = 0;
    d->block_start = end;
    memset(d->literal_weight, 0, sizeof d->literal_weight);
    memset(d->distance_weight, 0, sizeof d->distance_weight);
    return ENG_OK;
}

static enum eng_err add_literal(struct deflate *d, uint32_t at)
{
    d->token[d->tokens++] = (struct token){d->in[at], 0};
    d->literal_weight[d->in[at]]++;
    return d->tokens == BLOCK_TOKENS ? block_end(d, at + 1, 0) : ENG_OK;
}

static enum eng_err add_copy(struct deflate *d, uint32_t at, struct match m)
{
    unsigned extra;
    int bits;

    d->token[d->tokens++] = (struct token){(uint16_t)m.length, (uint16_t)m.distance};
    d->literal_weight[length_symbol(m.length, &extra, &bits)]++;
    d->distance_weight[distance_symbol(m.distance, &extra, &bits)]++;
    return d->tokens == BLOCK_TOKENS ? block_end(d, at + m.length, 0) : ENG_OK;
}

static inline uint32_t hash(const uint8_t *p)
{
    const uint32_t three = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
    return three * 0x9e3779b1u >> (32 - HASH_BITS); /* 2^32 over the golden ratio, made odd */
}

/* Puts the positions below `end` into the chains. */
static void chains_insert(struct deflate *d, uint32_t end)
{
    if (d->count < MIN_MATCH)
        return;
    if (end > d->count - MIN_MATCH + 1)
        end = d->count - MIN_MATCH + 1;
    for (; d->inserted < end; d->inserted++) {
        const uint32_t h = hash(d->in + d->inserted);
        d->prev[d->inserted % WINDOW] = d->head[h];
        d->head[h] = d->inserted;
    }
}

/* How many bytes of a and b agree, at most `most`. */
static inline unsigned agree(const uint8_t *a, const uint8_t *b, unsigned most)
{
    unsigned n = 0;

    for (; n + 8 <= most; n += 8) {
        uint64_t x, y;
        memcpy(&x, a + n, 8);
        memcpy(&y, b + n, 8);
        if (x != y)
            break;
    }
    while (n < most && a[n] == b[n])
        n++;
    return n;
}

/* The longest match of what is at `at` with what was before, the nearest of equal ones; its length
 * is 0 unless it is longer than `known`. */
static struct match find(struct deflate *d, uint32_t at, unsigned known)
{
    const uint8_t *here = d->in + at;
    const unsigned most = d->count - at < MAX_MATCH ? d->count - at : MAX_MATCH;
    struct match best = {0, 0};
    int chain = known >= GOOD ? CHAIN_GOOD : CHAIN;
    unsigned longest = known > MIN_MATCH - 1 ? known : MIN_MATCH - 1;

    chains_insert(d, at);
    if (most <= longest)
        return best;
    for (uint32_t c = d->head[hash(here)]; c != NOWHERE && at - c <= WINDOW && chain > 0;
         c = d->prev[c % WINDOW], chain--) {
        const uint8_t *there = d->in + c;
        unsigned length;

        /* Bytes at the end first: a longer match must agree there, most candidates do not. */
        if (longest < MIN_MATCH ? there[longest] != here[longest]
                                : memcmp(there + longest - 3, here + longest - 3, 4) != 0)
            continue;
        length = agree(here, there, most);
        if (length <= longest || (length == MIN_MATCH && at - c > FAR_FOR_MIN))
            continue;
        best = (struct match){length, at - c};
        longest = length;
        if (length >= NICE || length == most)
            break;
    }
    return best;
}

static enum eng_err compress(struct deflate *d)
{
    for (uint32_t at = 0; at < d->count;) {
        struct match m = find(d, at, 0);

        while (m.length > 0 && m.length < LAZY) {
            const struct match next = find(d, at + 1, m.length);
            if (next.length == 0)
                break;
            ENG_TRY(add_literal(d, at));
            at++;
            m = next;
        }
        if (m.length > 0) {
            ENG_TRY(add_copy(d, at, m));
            at += m.length;
        } else {
            ENG_TRY(add_literal(d, at));
            at++;
        }
    }
    return block_end(d, d->count, 1);
}

static enum eng_err deflate(uint8_t **out, size_t *size, const uint8_t *in, size_t count, int zlib)
{
    struct deflate *d;
    enum eng_err err;

    *out = NULL;
    *size = 0;
    if (count >= UINT32_MAX)
        return ENG_TOOBIG;
    d = calloc(1, sizeof *d);
    if (!d)
        return ENG_NOMEM;
    d->in = in;
    d->count = (uint32_t)count;
    memset(d->head, 0xff, sizeof d->head); /* NOWHERE */
    fixed_init(&d->fixed);

    err = sink_reserve(&d->out, count / 4 + 64);
    if (err)
        goto fail;
    if (zlib)
        sink_put(&d->out, 0x9c78, 16); /* a window of 32768, the usual level, 0x789c % 31 == 0 */
    err = compress(d);
    if (err)
        goto fail;
    sink_align(&d->out);
    if (zlib) {
        const uint32_t sum = dat_adler32(1, in, count);
        err = sink_reserve(&d->out, 4);
        if (err)
            goto fail;
        for (int shift = 24; shift >= 0; shift -= 8)
            d->out.bytes[d->out.count++] = (uint8_t)(sum >> shift);
    }

    *out = d->out.bytes;
    *size = d->out.count;
    d->out.bytes = NULL;
fail:
    free(d->out.bytes);
    free(d);
    return err;
}

enum eng_err dat_deflate(uint8_t **out, size_t *size, const uint8_t *in, size_t count)
{
    return deflate(out, size, in, count, 0);
}

enum eng_err dat_deflate_zlib(uint8_t **out, size_t *size, const uint8_t *in, size_t count)
{
    return deflate(out, size, in, count, 1);
}
