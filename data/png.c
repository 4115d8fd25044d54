/* Reading PNG.
 *
 *   file     signature, chunk...
 *   chunk    length, type, data, CRC of type and data
 *   chunks   IHDR  [PLTE]  IDAT IDAT ...  IEND        others are skipped if they say they may be
 *
 * The data of all IDAT chunks together is one zlib stream, of rows:
 *
 *   row      filter type, then samples packed from the highest bit. A filter has put in place of
 *            each byte its difference from a guess by the bytes to the left and above.
 *
 * An interlaced picture is seven smaller ones (Adam7), one after the other in the stream:
 *
 *   1 6 4 6 2 6 4 6      Each number is the pass that a pixel of an 8 x 8 tile belongs to. A pass
 *   7 7 7 7 7 7 7 7      without pixels, in small pictures, has no rows either.
 *   5 6 5 6 5 6 5 6
 *   7 7 7 7 7 7 7 7
 *   3 6 4 6 3 6 4 6
 *   ...
 *
 * The steps: walk the chunks, checking everything but the pixels; check that the stream is long
 * enough for the picture promised; decompress; undo the filters in place; spread to RGB.
 */
#include "data/png.h"

#include "data/crc32.h"
#include "data/inflate.h"
#include "data/png_filter.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))
#define IHDR              CHUNK('I', 'H', 'D', 'R')
#define PLTE              CHUNK('P', 'L', 'T', 'E')
#define IDAT              CHUNK('I', 'D', 'A', 'T')
#define IEND              CHUNK('I', 'E', 'N', 'D')
#define CHUNK_MAX         0x7fffffff

enum colour { GREY = 0, RGB = 2, PALETTE = 3, GREY_ALPHA = 4, RGB_ALPHA = 6 };

struct chunk {
    uint32_t type, length;
    const uint8_t *data;
};

struct png {
    uint32_t width, height;
    int depth, colour, interlaced;
    int channels;            /* samples of a pixel */
    uint8_t palette[256][3]; /* the colour of each sample, where a pixel is one of up to 8 bits */
    uint8_t *stream;         /* the IDAT chunks' data */
    size_t stream_bytes;
};

/* Pixels x0, x0 + dx, ... of rows y0, y0 + dy, ... */
struct pass {
    uint8_t x0, y0, dx, dy;
};

static const struct pass whole[1] = {{0, 0, 1, 1}};
static const struct pass adam7[7] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                     {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};

static enum eng_err damaged(struct eng_why *why, const char *what)
{
    return eng_fail(why, ENG_FORMAT, "%s; the file is damaged, get it again", what);
}

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Reads the chunk at *at, and moves on. */
static enum eng_err next_chunk(struct chunk *c, const uint8_t **at, const uint8_t *end,
                               struct eng_why *why)
{
    const uint8_t *p = *at;

    if (end - p < 12)
        return damaged(why, "it is cut off");
    c->length = big_endian(p);
    c->type = big_endian(p + 4);
    c->data = p + 8;
    for (int i = 4; i < 8; i++)
        if ((p[i] | 0x20) < 'a' || (p[i] | 0x20) > 'z')
            return damaged(why, "a chunk has no proper name");
    if (c->length > CHUNK_MAX)
        return damaged(why, "a chunk has an impossible length");
    if (c->length > (size_t)(end - p) - 12)
        return damaged(why, "it is cut off");
    if (dat_crc32(0, p + 4, (size_t)c->length + 4) != big_endian(c->data + c->length))
        return eng_fail(why, ENG_FORMAT,
                        "the checksum of chunk %.4s is wrong; the file is damaged, get it again",
                        (const char *)p + 4);
    *at = c->data + c->length + 4;
    return ENG_OK;
}

static enum eng_err read_header(struct png *p, const struct chunk *c, struct eng_why *why)
{
    /* Depths that go with a colour type, one bit for each. */
    static const uint8_t depths[7] = {[GREY] = 1 | 2 | 4 | 8 | 16,
                                      [RGB] = 8 | 16,
                                      [PALETTE] = 1 | 2 | 4 | 8,
                                      [GREY_ALPHA] = 8 | 16,
                                      [RGB_ALPHA] = 8 | 16};
    static const uint8_t channels[7] = {
        [GREY] = 1, [RGB] = 3, [PALETTE] = 1, [GREY_ALPHA] = 2, [RGB_ALPHA] = 4};

    if (c->length != 13)
        return damaged(why, "the header is of a wrong length");
    p->width = big_endian(c->data);
    p->height = big_endian(c->data + 4);
    p->depth = c->data[8];
    p->colour = c->data[9];
    p->interlaced = c->data[12];
    if (p->width == 0 || p->height == 0)
        return damaged(why, "it says that it has no pixels");
    if (p->width > DAT_IMAGE_MAX_SIDE || p->height > DAT_IMAGE_MAX_SIDE ||
        p->width > DAT_IMAGE_MAX_PIXELS / p->height)
        return eng_fail(why, ENG_TOOBIG, "%lu x %lu pixels are too many; scale it down first",
                        (unsigned long)p->width, (unsigned long)p->height);
    if (p->colour > RGB_ALPHA || channels[p->colour] == 0)
        return damaged(why, "it has an unknown colour type");
    if (p->depth == 0 || (p->depth & (p->depth - 1)) != 0 || !(depths[p->colour] & p->depth))
        return damaged(why, "it has a bit depth that its colour type cannot have");
    if (c->data[10] != 0 || c->data[11] != 0 || p->interlaced > 1)
        return damaged(why, "it has an unknown compression, filter or interlace method");
    p->channels = channels[p->colour];

    if (p->colour == GREY && p->depth <= 8) {
        const int most = (1 << p->depth) - 1;
        for (int i = 0; i <= most; i++)
            memset(p->palette[i], i * 255 / most, 3);
    }
    return ENG_OK;
}

static enum eng_err read_palette(struct png *p, const struct chunk *c, struct eng_why *why)
{
    if (p->colour == GREY || p->colour == GREY_ALPHA)
        return damaged(why, "it is grey but has a palette");
    if (c->length == 0 || c->length % 3 != 0 || c->length > 3 * 256 ||
        (p->colour == PALETTE && c->length > 3u << p->depth))
        return damaged(why, "the palette is of a wrong length");
    /* Sample values above the last entry stay black. */
    if (p->colour == PALETTE)
        memcpy(p->palette, c->data, c->length);
    return ENG_OK;
}

/* Walks over all chunks up to IEND, fills *p and copies the stream together. */
static enum eng_err read_chunks(struct png *p, const uint8_t *bytes, size_t count,
                                struct dat_budget *budget, struct eng_why *why)
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    const uint8_t *at = bytes, *end = bytes + count;
    uint32_t before; /* type of the last chunk */
    int palettes = 0, has_data = 0;
    struct chunk c;

    if (count < sizeof signature || memcmp(bytes, signature, sizeof signature) != 0)
        return damaged(why, "the first eight bytes are not those of a PNG");
    ENG_TRY(dat_budget_take(budget, count, why));
    p->stream = malloc(count); /* more than all chunks can hold */
    if (!p->stream)
        return eng_fail(why, ENG_NOMEM, "there is not enough memory; close other programs");

    at += sizeof signature;
    ENG_TRY(next_chunk(&c, &at, end, why));
    if (c.type != IHDR)
        return damaged(why, "the header is missing");
    ENG_TRY(read_header(p, &c, why));
    do {
        before = c.type;
        ENG_TRY(next_chunk(&c, &at, end, why));
        switch (c.type) {
        case IHDR:
            return damaged(why, "it has two headers");
        case PLTE:
            if (palettes++ > 0 || has_data)
                return damaged(why, "a palette is not where it should be");
            ENG_TRY(read_palette(p, &c, why));
            break;
        case IDAT:
            if (before != IDAT && has_data)
                return damaged(why, "the pixels are not all in one place");
            if (p->colour == PALETTE && palettes == 0)
                return damaged(why, "the palette is missing");
            has_data = 1;
            memcpy(p->stream + p->stream_bytes, c.data, c.length);
            p->stream_bytes += c.length;
            break;
        case IEND:
            if (c.length != 0)
                return damaged(why, "the end chunk is not empty");
            break;
        default:
            if (!(c.type & CHUNK(0x20, 0, 0, 0)))
                return eng_fail(why, ENG_UNSUPPORTED,
                                "chunk %.4s is needed but not known here; save the picture again "
                                "with another program",
                                (const char *)c.data - 4);
        }
    } while (c.type != IEND);
    if (p->stream_bytes == 0)
        return damaged(why, "it has no pixels");
    return ENG_OK;
}

/* Columns (rows) of a picture of `all` that a pass from `first` in steps of `step` visits. */
static size_t visited(size_t all, size_t first, size_t step)
{
    return all > first ? (all - first + step - 1) / step : 0;
}

static size_t row_bytes(const struct png *p, size_t width)
{
    return (width * (size_t)(p->channels * p->depth) + 7) / 8;
}

/* All rows of all passes, with their filter types. Below 2^32, given the limits of a picture. */
static uint64_t raw_bytes(const struct png *p, const struct pass *pass, int passes)
{
    uint64_t bytes = 0;

    for (int i = 0; i < passes; i++) {
        const size_t width = visited(p->width, pass[i].x0, pass[i].dx);
        if (width > 0)
            bytes += (uint64_t)visited(p->height, pass[i].y0, pass[i].dy) *
                     (1 + row_bytes(p, width));
    }
    return bytes;
}

/* Converts a row of `width` pixels; the RGB of one goes `stride` bytes after that of the last. */
static void spread(const struct png *p, uint8_t *rgb, size_t stride, const uint8_t *row,
                   size_t width)
{
    const size_t bytes = (size_t)p->depth / 8; /* of a sample; its high byte comes first */
    const int mask = (1 << p->depth) - 1;

    for (size_t x = 0; x < width; x++, rgb += stride) {
        if (p->depth < 8) {
            const size_t bit = x * (size_t)p->depth;
            const int shift = 8 - p->depth - (int)(bit % 8);
            memcpy(rgb, p->palette[row[bit / 8] >> shift & mask], 3);
        } else {
            const uint8_t *sample = row + x * bytes * (size_t)p->channels;
            if (p->colour == PALETTE)
                memcpy(rgb, p->palette[sample[0]], 3);
            else if (p->channels < 3)
                memset(rgb, sample[0], 3);
            else
                for (size_t i = 0; i < 3; i++)
                    rgb[i] = sample[i * bytes];
        }
    }
}

static enum eng_err read_pass(struct dat_image *img, const struct png *p, const struct pass *pass,
                              uint8_t **raw, const uint8_t *zeros, struct eng_why *why)
{
    const size_t width = visited(p->width, pass->x0, pass->dx);
    const size_t height = visited(p->height, pass->y0, pass->dy);
    const size_t bytes = row_bytes(p, width);
    const size_t step = row_bytes(p, 1); /* a byte at the least */
    const uint8_t *above = zeros;

    if (width == 0)
        return ENG_OK;
    for (size_t i = 0; i < height; i++) {
        uint8_t *row = *raw + 1;
        const size_t y = pass->y0 + i * pass->dy;

        if (row[-1] >= DAT_PNG_FILTERS)
            return damaged(why, "a row has an unknown filter");
        dat_png_unfilter(row, above, bytes, step, row[-1]);
        spread(p, img->rgb + (y * img->width + pass->x0) * 3, (size_t)pass->dx * 3, row, width);
        above = row;
        *raw += 1 + bytes;
    }
    return ENG_OK;
}

static enum eng_err read_pixels(struct dat_image *img, const struct png *p,
                                struct dat_budget *budget, struct eng_why *why)
{
    const struct pass *pass = p->interlaced ? adam7 : whole;
    const int passes = p->interlaced ? 7 : 1;
    const uint64_t need = raw_bytes(p, pass, passes);
    uint8_t *raw, *zeros = NULL, *at;
    enum eng_err err;

    if (need / DAT_INFLATE_MAX_RATIO > p->stream_bytes)
        return damaged(why, "it is much too short for the number of its pixels");
    /* Below 2^33, likewise. */
    const uint64_t all = need + row_bytes(p, p->width) + (uint64_t)3 * p->width * p->height;
    ENG_TRY(dat_budget_take(budget, all <= SIZE_MAX ? (size_t)all : SIZE_MAX, why));
    raw = need <= SIZE_MAX ? malloc((size_t)need) : NULL;
    zeros = calloc(1, row_bytes(p, p->width));
    err = dat_image_init(img, p->width, p->height);
    if (!raw || !zeros || err) {
        err = eng_fail(why, ENG_NOMEM,
                       "there is not enough memory for %lu x %lu pixels; scale it down first",
                       (unsigned long)p->width, (unsigned long)p->height);
        goto fail;
    }
    /* What follows the zlib stream in its chunks is padding of some program's; let it be. */
    err = dat_inflate_zlib(raw, (size_t)need, p->stream, p->stream_bytes, NULL, why);
    at = raw;
    for (int i = 0; i < passes && !err; i++)
        err = read_pass(img, p, &pass[i], &at, zeros, why);
fail:
    free(raw);
    free(zeros);
    if (err)
        dat_image_release(img);
    return err;
}

enum eng_err dat_png_decode(struct dat_image *img, const uint8_t *bytes, size_t count,
                            struct dat_budget *budget, struct eng_why *why)
{
    struct png p = {0};
    enum eng_err err;

    *img = (struct dat_image){0};
    err = read_chunks(&p, bytes, count, budget, why);
    if (!err)
        err = read_pixels(img, &p, budget, why);
    free(p.stream);
    return err;
}
