/* A block is 64 coefficients in zigzag order, low frequencies first. Sequential files code it in
 * one go: the difference of its mean (DC) from the block before, then (run of zeros, number)
 * pairs up to an end-of-block code. Progressive files pass over all blocks several times:
 *
 *                  mean (DC)      band of frequencies (AC)
 *     first pass   dc_first       ac_first       all bits but the lowest `low`
 *     later        dc_refine      ac_refine      one bit more
 *
 * An end-of-block code of a progressive scan can stand for a run of up to 32767 blocks.
 */
#include "data/jpeg_scan.h"

#include "data/jpeg_idct.h"

#include <assert.h>

struct scanner {
    const struct dat_jpeg_scan *scan;
    struct dat_jpeg_bits bits;
    int16_t means[DAT_JPEG_MAX_COMPONENTS]; /* of the last block, in units of 1 << low */
    unsigned ended;                         /* blocks to come whose band has ended */
};

/* Reads the difference of a mean; the sum wraps, as only damaged files make it. */
static int16_t next_mean(struct scanner *s, int part)
{
    const int size = dat_jpeg_huffman_take(s->scan->parts[part].dc, &s->bits);
    if (size > 15)
        s->bits.bad = 1;
    else if (size > 0)
        s->means[part] = (int16_t)(s->means[part] + dat_jpeg_bits_take_signed(&s->bits, size));
    return s->means[part];
}

/* Fills a zeroed block; false if it has nothing but a mean. */
static int sequential(struct scanner *s, int part, int16_t *coefs)
{
    const struct dat_jpeg_huffman *ac = s->scan->parts[part].ac;
    dat_jpeg_bits_fill(&s->bits);
    coefs[0] = next_mean(s, part);

    struct dat_jpeg_bits bits = s->bits; /* a copy can live in registers */
    int k = 1;
    while (k < 64) {
        dat_jpeg_bits_fill(&bits);
        const int symbol = dat_jpeg_huffman_take(ac, &bits);
        const int run = symbol >> 4, size = symbol & 15;
        if (size == 0) {
            if (run < 15)
                break;
            k += 16;
            continue;
        }
        k += run;
        if (k > 63) {
            bits.bad = 1;
            break;
        }
        coefs[dat_jpeg_zigzag[k++]] = (int16_t)dat_jpeg_bits_take_signed(&bits, size);
    }
    s->bits = bits;
    return k > 1;
}

static void dc_first(struct scanner *s, int part, int16_t *coefs)
{
    dat_jpeg_bits_fill(&s->bits);
    coefs[0] = (int16_t)((unsigned)next_mean(s, part) << s->scan->low);
}

static void dc_refine(struct scanner *s, int part, int16_t *coefs)
{
    (void)part;
    dat_jpeg_bits_fill(&s->bits);
    if (dat_jpeg_bits_take(&s->bits, 1))
        coefs[0] = (int16_t)(coefs[0] | 1 << s->scan->low);
}

/* Reads the length of a run of ended blocks, 2^size and up. */
static unsigned run_of_blocks(struct scanner *s, int size)
{
    return (1u << size) + (size ? dat_jpeg_bits_take(&s->bits, size) : 0);
}

static void ac_first(struct scanner *s, int part, int16_t *coefs)
{
    const struct dat_jpeg_scan *scan = s->scan;
    if (s->ended) {
        s->ended--;
        return;
    }
    for (int k = scan->first; k <= scan->last; k++) {
        dat_jpeg_bits_fill(&s->bits);
        const int symbol = dat_jpeg_huffman_take(scan->parts[part].ac, &s->bits);
        const int run = symbol >> 4, size = symbol & 15;
        if (size == 0 && run < 15) {
            s->ended = run_of_blocks(s, run) - 1;
            return;
        }
        k += run;
        if (size == 0)
            continue;
        if (k > scan->last) {
            s->bits.bad = 1;
            return;
        }
        const int value = dat_jpeg_bits_take_signed(&s->bits, size);
        coefs[dat_jpeg_zigzag[k]] = (int16_t)((unsigned)value << scan->low);
    }
}

/* Goes on from k, giving each coefficient that is not zero its next bit, up to the zero behind
 * `zeros` others, or to the end of the band; returns where it stopped. */
static int refine_until(struct scanner *s, int16_t *coefs, int k, int zeros)
{
    const int bit = 1 << s->scan->low;
    for (; k <= s->scan->last; k++) {
        int16_t *coef = &coefs[dat_jpeg_zigzag[k]];
        if (*coef == 0) {
            if (zeros-- == 0)
                break;
            continue;
        }
        dat_jpeg_bits_fill(&s->bits);
        /* A bit that is set already is that of a scan which came twice. */
        if (dat_jpeg_bits_take(&s->bits, 1) && !(*coef & bit))
            *coef = (int16_t)(*coef > 0 ? *coef + bit : *coef - bit);
    }
    return k;
}

static void ac_refine(struct scanner *s, int part, int16_t *coefs)
{
    const struct dat_jpeg_scan *scan = s->scan;
    int k = scan->first;
    while (!s->ended && k <= scan->last) {
        dat_jpeg_bits_fill(&s->bits);
        const int symbol = dat_jpeg_huffman_take(scan->parts[part].ac, &s->bits);
        const int run = symbol >> 4, size = symbol & 15;
        if (size == 0 && run < 15) {
            s->ended = run_of_blocks(s, run);
            break;
        }
        /* Either one new coefficient, +1 or -1, behind `run` zeros; or just 16 zeros. */
        int value = 0;
        if (size)
            value = dat_jpeg_bits_take(&s->bits, 1) ? 1 << scan->low : -(1 << scan->low);
        k = refine_until(s, coefs, k, run);
        if (size > 1 || (size && k > scan->last)) {
            s->bits.bad = 1;
            return;
        }
        if (size)
            coefs[dat_jpeg_zigzag[k]] = (int16_t)value;
        k++;
    }
    if (s->ended) {
        refine_until(s, coefs, k, 64);
        s->ended--;
    }
}

/* Goes past the restart marker with this number (0 to 7), and forgets what came before. */
static enum eng_err restart(struct scanner *s, unsigned number, struct eng_why *why)
{
    const uint8_t *p = s->bits.next, *end = s->bits.end;
    while (end - p >= 2 && (p[0] != 0xff || p[1] == 0 || p[1] == 0xff))
        p++;
    if (end - p < 2 || p[1] != 0xd0 + number)
        return eng_fail(why, ENG_FORMAT,
                        "a part of the JPEG data is missing (restart marker %u not found); copy "
                        "or download the file again",
                        number);
    dat_jpeg_bits_start(&s->bits, p + 2);
    for (int i = 0; i < DAT_JPEG_MAX_COMPONENTS; i++)
        s->means[i] = 0;
    s->ended = 0;
    return ENG_OK;
}

/* The decoder of a block of a progressive scan. */
typedef void progressive_pass(struct scanner *s, int part, int16_t *coefs);

static progressive_pass *choose_pass(const struct dat_jpeg_scan *scan)
{
    if (scan->first == 0)
        return scan->high ? dc_refine : dc_first;
    return scan->high ? ac_refine : ac_first;
}

/* One block into where it belongs; pass is NULL if sequential. */
static void decode_block(struct scanner *s, progressive_pass *pass, int part, size_t x, size_t y)
{
    struct dat_jpeg_component *c = s->scan->parts[part].component;
    if (pass) {
        pass(s, part, c->coefs + 64 * (y * c->stride + x));
        return;
    }
    int16_t coefs[64] = {0};
    uint8_t *samples = c->samples + 8 * (8 * y * c->stride + x);
    if (sequential(s, part, coefs))
        dat_jpeg_idct(samples, 8 * c->stride, coefs, c->quant);
    else
        dat_jpeg_idct_flat(samples, 8 * c->stride, coefs[0], c->quant[0]);
}

static enum eng_err decode_mcus(struct scanner *s, const struct dat_jpeg_frame *f,
                                struct eng_why *why)
{
    const struct dat_jpeg_scan *scan = s->scan;
    progressive_pass *pass = f->progressive ? choose_pass(scan) : NULL;

    /* A scan of one component has a block an MCU, and none outside the picture. */
    const struct dat_jpeg_component *single = scan->count == 1 ? scan->parts[0].component : NULL;
    const size_t mcus_x = single ? single->blocks_x : f->mcus_x;
    const size_t mcus_y = single ? single->blocks_y : f->mcus_y;

    size_t until_restart = scan->restart_interval;
    unsigned restarts = 0;
    for (size_t my = 0; my < mcus_y; my++) {
        for (size_t mx = 0; mx < mcus_x; mx++) {
            if (scan->restart_interval && until_restart-- == 0) {
                ENG_TRY(restart(s, restarts++ % 8, why));
                until_restart = scan->restart_interval - 1;
            }
            for (int part = 0; part < scan->count; part++) {
                const struct dat_jpeg_component *c = scan->parts[part].component;
                const size_t h = single ? 1 : (size_t)c->h, v = single ? 1 : (size_t)c->v;
                for (size_t y = my * v; y < (my + 1) * v; y++)
                    for (size_t x = mx * h; x < (mx + 1) * h; x++)
                        decode_block(s, pass, part, x, y);
            }
            if (dat_jpeg_bits_damaged(&s->bits))
                return eng_fail(why, ENG_FORMAT,
                                "the JPEG data %s %zu%% down the picture; copy or download the "
                                "file again",
                                s->bits.bad ? "is damaged" : "ends", 100 * my / mcus_y);
        }
    }
    return ENG_OK;
}

enum eng_err dat_jpeg_scan_decode(const struct dat_jpeg_frame *f, const struct dat_jpeg_scan *scan,
                                  const uint8_t **next, const uint8_t *end, struct eng_why *why)
{
    assert(f->progressive || (scan->first == 0 && scan->last == 63 && scan->low == 0));
    const int needs_dc = scan->first == 0 && scan->high == 0, needs_ac = scan->last > 0;
    for (int i = 0; i < scan->count; i++)
        if ((needs_dc && !scan->parts[i].dc->defined) || (needs_ac && !scan->parts[i].ac->defined))
            return eng_fail(why, ENG_FORMAT,
                            "the JPEG lacks a Huffman table; save the picture again");

    struct scanner s = {.scan = scan, .bits = {.end = end}};
    dat_jpeg_bits_start(&s.bits, *next);
    ENG_TRY(decode_mcus(&s, f, why));
    *next = s.bits.next;
    for (int i = 0; i < scan->count; i++)
        for (int k = scan->first; k <= scan->last; k++)
            scan->parts[i].component->missing[k] = (int8_t)scan->low;
    return ENG_OK;
}
