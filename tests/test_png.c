/* PNG: what we write comes back, what others wrote is read as they meant it, and what is damaged is
 * refused. Files are put together here chunk by chunk, with pixels in stored blocks. */
#include "data/adler32.h"
#include "data/crc32.h"
#include "data/file.h"
#include "data/image.h"
#include "data/photo.h"
#include "data/png.h"
#include "data/png_filter.h"
#include "engine/rng.h"

#include "tests/pngsuite.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#include <stdint.h>

static struct eng_rng rng;

/* A file under construction. */
struct file {
    uint8_t bytes[30000];
    size_t count;
};

static void put_number(struct file *f, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        f->bytes[f->count++] = (uint8_t)(number >> shift);
}

static void put_bytes(struct file *f, const void *bytes, size_t count)
{
    if (count > 0)
        memcpy(f->bytes + f->count, bytes, count);
    f->count += count;
}

static void put_chunk(struct file *f, const char *type, const void *data, size_t count)
{
    const size_t at = f->count + 4;

    put_number(f, (uint32_t)count);
    put_bytes(f, type, 4);
    put_bytes(f, data, count);
    put_number(f, dat_crc32(0, f->bytes + at, count + 4));
}

/* Signature and header. */
static void begin(struct file *f, uint32_t width, uint32_t height, int depth, int colour,
                  int interlaced)
{
    struct file h = {{0}, 0};

    f->count = 0;
    put_bytes(f, "\x89PNG\r\n\x1a\n", 8);
    put_number(&h, width);
    put_number(&h, height);
    h.bytes[8] = (uint8_t)depth;
    h.bytes[9] = (uint8_t)colour;
    h.bytes[12] = (uint8_t)interlaced;
    put_chunk(f, "IHDR", h.bytes, 13);
}

/* A zlib stream with raw[count] in one stored block; returns its length. */
static size_t make_stream(uint8_t *stream, const void *raw, size_t count)
{
    struct file s = {{0}, 0};

    put_bytes(&s, "\x78\x01\x01", 3);
    s.bytes[s.count++] = (uint8_t)count;
    s.bytes[s.count++] = (uint8_t)(count >> 8);
    s.bytes[s.count++] = (uint8_t)~count;
    s.bytes[s.count++] = (uint8_t)(~count >> 8);
    put_bytes(&s, raw, count);
    put_number(&s, dat_adler32(1, raw, count));
    memcpy(stream, s.bytes, s.count);
    return s.count;
}

static void put_pixels(struct file *f, const void *raw, size_t count)
{
    uint8_t stream[20000];

    put_chunk(f, "IDAT", stream, make_stream(stream, raw, count));
}

static void end(struct file *f)
{
    put_chunk(f, "IEND", NULL, 0);
}

/* Decodes from memory of just the right size, so that a sanitizer sees any step over. */
static enum eng_err decode(struct dat_image *img, const uint8_t *bytes, size_t count,
                           struct eng_why *why)
{
    uint8_t *tight = malloc(count + !count);
    enum eng_err err;

    if (!tight)
        exit(2);
    memcpy(tight, bytes, count);
    tap_poison_stack();
    err = dat_png_decode(img, tight, count, NULL, why);
    free(tight);
    return err;
}

static void check_pixels(const char *what, const uint8_t *bytes, size_t count, size_t width,
                         size_t height, const uint8_t *rgb)
{
    struct eng_why why = {{0}};
    struct dat_image img;
    enum eng_err err = decode(&img, bytes, count, &why);

    CHECK(err == ENG_OK && img.width == width && img.height == height &&
              memcmp(img.rgb, rgb, width * height * 3) == 0,
          "%s: decoded %s", what, why.text);
    dat_image_release(&img);
}

static void check_bad(const char *what, const struct file *f, enum eng_err want, const char *says)
{
    struct eng_why why = {{0}};
    struct dat_image img;
    enum eng_err err = decode(&img, f->bytes, f->count, &why);

    CHECK(err == want && strstr(why.text, says) && !img.rgb, "%s is refused: %s", what, why.text);
    dat_image_release(&img);
}

/* Files made by another program (zlib 1.2.13 for their streams), byte by byte. */
static void test_foreign(void)
{
    /* 2 x 2 RGB, filters 1 and 4 */
    static const uint8_t colour[] = {
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48,
        0x44, 0x52, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x08, 0x02, 0x00, 0x00,
        0x00, 0xfd, 0xd4, 0x9a, 0x73, 0x00, 0x00, 0x00, 0x16, 0x49, 0x44, 0x41, 0x54, 0x78,
        0xda, 0x63, 0xe4, 0x12, 0x91, 0x63, 0x65, 0x65, 0x65, 0x61, 0x64, 0x62, 0xfe, 0xc5,
        0xc0, 0x0e, 0x00, 0x06, 0x8c, 0x01, 0x58, 0x6a, 0xce, 0xc8, 0x3a, 0x00, 0x00, 0x00,
        0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
    /* 3 x 3, palette of four, interlaced */
    static const uint8_t palette[] = {
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
        0x52, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x03, 0x02, 0x03, 0x00, 0x00, 0x01, 0x5c,
        0x41, 0x6d, 0xba, 0x00, 0x00, 0x00, 0x0c, 0x50, 0x4c, 0x54, 0x45, 0xff, 0x00, 0x00, 0x00,
        0xff, 0x00, 0x00, 0x00, 0xff, 0x09, 0x08, 0x07, 0xa2, 0xd2, 0x62, 0xc0, 0x00, 0x00, 0x00,
        0x14, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x60, 0x60, 0x68, 0x60, 0x28, 0x60, 0x70,
        0x60, 0x60, 0x60, 0x78, 0x02, 0x00, 0x09, 0xc0, 0x02, 0x15, 0x4d, 0x8c, 0x7e, 0x9c, 0x00,
        0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
    /* 2 x 1, grey and alpha of 16 bits: 12ff and fe01 */
    static const uint8_t deep[] = {
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
        0x52, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x10, 0x04, 0x00, 0x00, 0x00, 0x0e,
        0xbb, 0x6b, 0x42, 0x00, 0x00, 0x00, 0x11, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x10,
        0xfa, 0xcf, 0xc0, 0xf0, 0x8f, 0xf1, 0xff, 0x7f, 0x00, 0x0e, 0x8a, 0x04, 0x0f, 0x0f, 0x23,
        0x14, 0xd7, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
    static const uint8_t colour_rgb[] = {10, 20, 30, 15, 25, 35, 11, 22, 33, 9, 25, 42};
    static const uint8_t palette_rgb[] = {255, 0, 0,   0, 255, 0,   0, 0,   255, 9, 8, 7, 0, 0,
                                          255, 0, 255, 0, 0,   255, 0, 255, 0,   0, 9, 8, 7};
    static const uint8_t deep_rgb[] = {0x12, 0x12, 0x12, 0xfe, 0xfe, 0xfe};

    check_pixels("colour", colour, sizeof colour, 2, 2, colour_rgb);
    check_pixels("interlaced palette", palette, sizeof palette, 3, 3, palette_rgb);
    check_pixels("16-bit grey with alpha keeps the high byte", deep, sizeof deep, 2, 1, deep_rgb);
}

/* All colour types and depths in 3 x 1 pixels. */
static void test_kinds(void)
{
    struct file f;

    begin(&f, 3, 1, 1, 0, 0);
    put_pixels(&f, "\0\xa0", 2);
    end(&f);
    check_pixels("grey, 1 bit", f.bytes, f.count, 3, 1,
                 (const uint8_t *)"\xff\xff\xff\0\0\0\xff\xff\xff");
    begin(&f, 3, 1, 2, 0, 0);
    put_pixels(&f, "\0\x18", 2);
    end(&f);
    check_pixels("grey, 2 bits", f.bytes, f.count, 3, 1,
                 (const uint8_t *)"\0\0\0\x55\x55\x55\xaa\xaa\xaa");
    begin(&f, 3, 1, 4, 0, 0);
    put_pixels(&f, "\0\x1f\x70", 3);
    end(&f);
    check_pixels("grey, 4 bits", f.bytes, f.count, 3, 1,
                 (const uint8_t *)"\x11\x11\x11\xff\xff\xff\x77\x77\x77");
    begin(&f, 3, 1, 8, 0, 0);
    put_pixels(&f, "\0\1\2\xfe", 4);
    end(&f);
    check_pixels("grey, 8 bits", f.bytes, f.count, 3, 1,
                 (const uint8_t *)"\1\1\1\2\2\2\xfe\xfe\xfe");
    begin(&f, 3, 1, 16, 0, 0);
    put_pixels(&f, "\0\1\xff\0\xff\xfe\0", 7);
    end(&f);
    check_pixels("grey, 16 bits", f.bytes, f.count, 3, 1,
                 (const uint8_t *)"\1\1\1\0\0\0\xfe\xfe\xfe");
    begin(&f, 1, 1, 8, 2, 0);
    put_pixels(&f, "\0\1\2\3", 4);
    end(&f);
    check_pixels("colour, 8 bits", f.bytes, f.count, 1, 1, (const uint8_t *)"\1\2\3");
    begin(&f, 1, 1, 16, 2, 0);
    put_pixels(&f, "\0\1\xff\2\xff\3\xff", 7);
    end(&f);
    check_pixels("colour, 16 bits", f.bytes, f.count, 1, 1, (const uint8_t *)"\1\2\3");
    begin(&f, 2, 1, 8, 4, 0);
    put_pixels(&f, "\0\7\0\x09\xff", 5);
    end(&f);
    check_pixels("grey and alpha: the colour under it stays", f.bytes, f.count, 2, 1,
                 (const uint8_t *)"\7\7\7\x09\x09\x09");
    begin(&f, 2, 1, 8, 6, 0);
    put_pixels(&f, "\0\1\2\3\0\4\5\6\x80", 9);
    end(&f);
    check_pixels("colour and alpha: the colour under it stays", f.bytes, f.count, 2, 1,
                 (const uint8_t *)"\1\2\3\4\5\6");
    begin(&f, 1, 1, 16, 6, 0);
    put_pixels(&f, "\0\1\xff\2\xff\3\xff\0\0", 9);
    end(&f);
    check_pixels("colour and alpha, 16 bits", f.bytes, f.count, 1, 1, (const uint8_t *)"\1\2\3");
    begin(&f, 3, 1, 1, 3, 0);
    put_chunk(&f, "PLTE", "\1\2\3\4\5\6", 6);
    put_chunk(&f, "tRNS", "\0", 1);
    put_pixels(&f, "\0\x40", 2);
    end(&f);
    check_pixels("palette, 1 bit, one colour transparent", f.bytes, f.count, 3, 1,
                 (const uint8_t *)"\1\2\3\4\5\6\1\2\3");
    begin(&f, 3, 1, 4, 3, 0);
    put_chunk(&f, "PLTE", "\1\2\3\4\5\6", 6);
    put_pixels(&f, "\0\x10\xf0", 3);
    end(&f);
    check_pixels("palette, 4 bits, one beyond its end is black", f.bytes, f.count, 3, 1,
                 (const uint8_t *)"\4\5\6\1\2\3\0\0\0");
    begin(&f, 3, 1, 8, 3, 0);
    put_chunk(&f, "PLTE", "\1\2\3\4\5\6", 6);
    put_pixels(&f, "\0\1\0\1", 4);
    end(&f);
    check_pixels("palette, 8 bits", f.bytes, f.count, 3, 1, (const uint8_t *)"\4\5\6\1\2\3\4\5\6");

    for (int colour = 0; colour < 8; colour++) {
        int accepted = 0;
        unsigned depths = 0;
        for (int depth = 0; depth < 256; depth++) {
            struct dat_image img;
            static const int channels[8] = {1, 0, 3, 1, 2, 0, 4, 0};
            const uint8_t raw[9] = {0};
            begin(&f, 1, 1, depth, colour, 0);
            if (colour == 3)
                put_chunk(&f, "PLTE", "\1\2\3", 3);
            put_pixels(&f, raw, 1 + (size_t)((channels[colour] * depth + 7) / 8) % 9);
            end(&f);
            if (decode(&img, f.bytes, f.count, NULL) == ENG_OK) {
                accepted++;
                depths |= depth < 32 ? 1u << depth : 0;
            }
            dat_image_release(&img);
        }
        static const unsigned good[8] = {0x10116, 0, 0x10100, 0x116, 0x10100, 0, 0x10100, 0};
        CHECK(depths == good[colour] && accepted == __builtin_popcount(depths),
              "depths of colour type %d", colour);
    }
}

/* Interlaced grey pictures of every small size, 8 bits and 1 bit. */
static void test_adam7(void)
{
    static const int x0[7] = {0, 4, 0, 2, 0, 1, 0}, y0[7] = {0, 0, 4, 0, 2, 0, 1};
    static const int dx[7] = {8, 8, 4, 4, 2, 2, 1}, dy[7] = {8, 8, 8, 4, 4, 2, 2};
    int wrong[2] = {0};

    for (int width = 1; width <= 18; width++) {
        for (int height = 1; height <= 18; height++) {
            uint8_t grey[18][18], raw[1000] = {0}, rgb[18 * 18 * 3];
            for (int one_bit = 0; one_bit < 2; one_bit++) {
                struct dat_image img;
                struct file f;
                size_t n = 0;
                for (int i = 0; i < width * height; i++) {
                    uint8_t value = (uint8_t)eng_rng_u64(&rng);
                    value = one_bit ? (value & 1) * 255 : value;
                    grey[i / width][i % width] = value;
                    memset(rgb + 3 * i, value, 3);
                }
                memset(raw, 0, sizeof raw);
                for (int p = 0; p < 7; p++) {
                    for (int y = y0[p]; y < height && x0[p] < width; y += dy[p]) {
                        int bits = 0;
                        n++; /* filter 0 */
                        for (int x = x0[p]; x < width; x += dx[p]) {
                            if (!one_bit)
                                raw[n++] = grey[y][x];
                            else if (grey[y][x])
                                raw[n + (size_t)bits / 8] |= (uint8_t)(0x80 >> bits % 8);
                            bits++;
                        }
                        n += one_bit ? (size_t)(bits + 7) / 8 : 0;
                    }
                }
                begin(&f, (uint32_t)width, (uint32_t)height, one_bit ? 1 : 8, 0, 1);
                put_pixels(&f, raw, n);
                end(&f);
                wrong[one_bit] += decode(&img, f.bytes, f.count, NULL) != ENG_OK ||
                                  memcmp(img.rgb, rgb, (size_t)(width * height) * 3) != 0;
                dat_image_release(&img);
            }
        }
    }
    CHECK(wrong[0] == 0, "interlaced, 8 bits, 1 x 1 to 18 x 18");
    CHECK(wrong[1] == 0, "interlaced, 1 bit, 1 x 1 to 18 x 18");
}

static void test_filters(void)
{
    /* Two pixels of two bytes, by the standard's formulas. */
    static const uint8_t row[4] = {10, 200, 30, 7}, above[4] = {20, 100, 250, 9};
    static const uint8_t want[5][4] = {
        {10, 200, 30, 7},    {10, 200, 20, 63}, /* 30 - 10; 7 - 200 */
        {246, 100, 36, 254},                    /* differences to above */
        {0, 150, 156, 159},                     /* 10 - 10; 200 - 50; 30 - 130; 7 - 104 */
        {246, 100, 36, 163},                    /* Paeth: 20, 100, 250 (of 10, 250, 20), 100 */
    };
    int wrong = 0;

    for (int filter = 0; filter < DAT_PNG_FILTERS; filter++) {
        uint8_t out[4];
        dat_png_filter(out, row, above, 4, 2, filter);
        CHECK(memcmp(out, want[filter], 4) == 0, "filter %d: %d %d %d %d", filter, out[0], out[1],
              out[2], out[3]);
    }
    /* The Paeth guess for all left, above, corner of a coarse grid, ties among them, by its
     * definition; the byte itself is 0. */
    for (int i = 0; i < 64 * 64 * 64; i++) {
        const int left = i / 4096 * 4, top = i / 64 % 64 * 4, corner = i % 64 * 4;
        const int p = left + top - corner;
        const int a = abs(p - left), b = abs(p - top), c = abs(p - corner);
        const int guess = a <= b && a <= c ? left : b <= c ? top : corner;
        const uint8_t two[2] = {(uint8_t)left, 0}, up[2] = {(uint8_t)corner, (uint8_t)top};
        uint8_t out[2];
        dat_png_filter(out, two, up, 2, 1, 4);
        wrong += out[1] != (uint8_t)-guess;
    }
    CHECK(wrong == 0, "filter 4 guesses by its definition");
    wrong = 0;
    for (int round = 0; round < 500; round++) {
        uint8_t a[40], b[40], c[40];
        const size_t n = 1 + eng_rng_below(&rng, 40), step = 1 + eng_rng_below(&rng, 8);
        for (size_t i = 0; i < n; i++) {
            a[i] = (uint8_t)eng_rng_u64(&rng);
            b[i] = (uint8_t)eng_rng_u64(&rng);
        }
        dat_png_filter(c, a, b, n, step, round % DAT_PNG_FILTERS);
        dat_png_unfilter(c, b, n, step, round % DAT_PNG_FILTERS);
        wrong += memcmp(a, c, n) != 0;
    }
    CHECK(wrong == 0, "filters are undone, for rows of any length and step");
}

/* The beginnings of chunk layouts that are allowed, or are not. */
static void test_chunks(void)
{
    static const uint8_t rgb[6] = {1, 1, 1, 2, 2, 2};
    uint8_t stream[100];
    const size_t n = make_stream(stream, "\0\1\2", 3);
    struct file f;

    begin(&f, 2, 1, 8, 0, 0);
    put_chunk(&f, "gAMA", "\0\0\xb1\x8f", 4);
    put_chunk(&f, "tEXt", "Comment\0what", 12);
    for (size_t i = 0; i < n; i++) {
        put_chunk(&f, "IDAT", NULL, 0);
        put_chunk(&f, "IDAT", stream + i, 1);
    }
    put_chunk(&f, "tIME", "\0\0\0\0\0\0\0", 7);
    end(&f);
    put_bytes(&f, "what follows the end", 20);
    check_pixels("chunks of one byte and of none, others skipped, more after the end", f.bytes,
                 f.count, 2, 1, rgb);
    begin(&f, 2, 1, 8, 0, 0);
    memcpy(stream + n, "pad", 3);
    put_chunk(&f, "IDAT", stream, n + 3);
    end(&f);
    check_pixels("padding after the stream", f.bytes, f.count, 2, 1, rgb);

    begin(&f, 2, 1, 8, 0, 0);
    put_chunk(&f, "ABCD", "", 0);
    put_chunk(&f, "IDAT", stream, n);
    end(&f);
    check_bad("an unknown chunk that is needed", &f, ENG_UNSUPPORTED, "chunk ABCD");
    begin(&f, 2, 1, 8, 0, 0);
    put_chunk(&f, "teXt", "x", 1);
    f.bytes[f.count - 1] ^= 1;
    put_chunk(&f, "IDAT", stream, n);
    end(&f);
    check_bad("a wrong checksum of a chunk not needed", &f, ENG_FORMAT, "checksum of chunk teXt");
    begin(&f, 2, 1, 8, 0, 0);
    put_chunk(&f, "te2t", "x", 1);
    put_chunk(&f, "IDAT", stream, n);
    end(&f);
    check_bad("a chunk's name with a digit", &f, ENG_FORMAT, "proper name");
    begin(&f, 2, 1, 8, 0, 0);
    put_chunk(&f, "IDAT", stream, 4);
    put_chunk(&f, "tEXt", "x", 1);
    put_chunk(&f, "IDAT", stream + 4, n - 4);
    end(&f);
    check_bad("pixels in two places", &f, ENG_FORMAT, "one place");
    begin(&f, 2, 1, 8, 0, 0);
    put_chunk(&f, "IDAT", stream, n);
    check_bad("a file without an end", &f, ENG_FORMAT, "cut off");
    begin(&f, 2, 1, 8, 0, 0);
    put_chunk(&f, "IDAT", stream, n);
    put_chunk(&f, "IEND", "x", 1);
    check_bad("an end that is not empty", &f, ENG_FORMAT, "end chunk");
    begin(&f, 2, 1, 8, 0, 0);
    end(&f);
    check_bad("no pixels", &f, ENG_FORMAT, "no pixels");
    begin(&f, 2, 1, 8, 0, 0);
    put_bytes(&f, f.bytes + 8, 25);
    put_chunk(&f, "IDAT", stream, n);
    end(&f);
    check_bad("a second header", &f, ENG_FORMAT, "two headers");
    begin(&f, 2, 1, 8, 0, 0);
    f.count = 8;
    put_chunk(&f, "IDAT", stream, n);
    end(&f);
    check_bad("no header", &f, ENG_FORMAT, "header is missing");
    begin(&f, 2, 1, 8, 0, 0);
    f.count = 8;
    put_chunk(&f, "IHDR", "\0\0\0\2\0\0\0\1\x08\0\0\0", 12);
    put_chunk(&f, "IDAT", stream, n);
    end(&f);
    check_bad("a short header", &f, ENG_FORMAT, "wrong length");
    begin(&f, 2, 1, 8, 0, 0);
    put_number(&f, 0x80000000);
    put_bytes(&f, "IDAT", 4);
    put_number(&f, 0);
    check_bad("a chunk of 2 GiB", &f, ENG_FORMAT, "impossible length");
    begin(&f, 2, 1, 8, 0, 0);
    put_number(&f, 1);
    put_bytes(&f, "IDAT", 4);
    put_number(&f, 0);
    check_bad("a chunk longer than the file", &f, ENG_FORMAT, "cut off");

    begin(&f, 2, 1, 8, 3, 0);
    put_chunk(&f, "IDAT", stream, n);
    end(&f);
    check_bad("no palette", &f, ENG_FORMAT, "palette is missing");
    begin(&f, 2, 1, 8, 2, 0);
    put_chunk(&f, "IDAT", NULL, 0);
    put_chunk(&f, "PLTE", "abc", 3);
    put_chunk(&f, "IDAT", stream, n);
    end(&f);
    check_bad("a palette among the pixels", &f, ENG_FORMAT, "where it should be");
    begin(&f, 2, 1, 8, 3, 0);
    put_chunk(&f, "PLTE", "abc", 3);
    put_chunk(&f, "PLTE", "abc", 3);
    end(&f);
    check_bad("two palettes", &f, ENG_FORMAT, "where it should be");
    begin(&f, 2, 1, 8, 4, 0);
    put_chunk(&f, "PLTE", "abc", 3);
    end(&f);
    check_bad("a palette for grey", &f, ENG_FORMAT, "grey");
    for (size_t length = 0; length < 13; length++) {
        if (length == 3 || length == 6)
            continue;
        begin(&f, 2, 1, 1, 3, 0);
        put_chunk(&f, "PLTE", "abcdefghijklm", length);
        end(&f);
        check_bad("a palette for 1 bit of wrong length", &f, ENG_FORMAT, "wrong length");
    }
}

static void test_headers(void)
{
    static const uint8_t zeros[4000] = {0};
    struct file f;

    for (int i = 26; i <= 28; i++) {
        begin(&f, 2, 1, 8, 0, 0);
        f.bytes[i] = i == 28 ? 2 : 1;
        f.count = 8 + 8 + 13;
        put_number(&f, dat_crc32(0, f.bytes + 12, 17));
        put_pixels(&f, zeros, 3);
        end(&f);
        check_bad("an unknown method", &f, ENG_FORMAT, "method");
    }
    begin(&f, 0, 1, 8, 0, 0);
    check_bad("no width", &f, ENG_FORMAT, "no pixels");
    begin(&f, 1, 0, 8, 0, 0);
    check_bad("no height", &f, ENG_FORMAT, "no pixels");
    begin(&f, DAT_IMAGE_MAX_SIDE + 1, 1, 1, 0, 0);
    check_bad("too wide", &f, ENG_TOOBIG, "65501 x 1 pixels");
    begin(&f, 1, 0xffffffff, 1, 0, 0);
    check_bad("too high", &f, ENG_TOOBIG, "too many");
    begin(&f, 20000, 20000, 1, 0, 0);
    check_bad("too many pixels", &f, ENG_TOOBIG, "20000 x 20000 pixels");
    begin(&f, 16384, 16384, 16, 6, 0);
    put_pixels(&f, zeros, 4000);
    end(&f);
    check_bad("2 GiB of pixels in 4 KB", &f, ENG_FORMAT, "much too short");

    begin(&f, 2, 2, 8, 0, 0);
    put_pixels(&f, zeros, 5);
    end(&f);
    check_bad("a row too short", &f, ENG_FORMAT, "less than it should");
    begin(&f, 2, 2, 8, 0, 0);
    put_pixels(&f, zeros, 7);
    end(&f);
    check_bad("a row too long", &f, ENG_FORMAT, "more than it should");
    begin(&f, 2, 2, 8, 0, 0);
    put_pixels(&f, "\0\1\2\5\1\2", 6);
    end(&f);
    check_bad("filter 5", &f, ENG_FORMAT, "unknown filter");
    f.count = 0;
    check_bad("nothing", &f, ENG_FORMAT, "first eight bytes");
}

/* Encodes, decodes, and compares what is left without alpha. */
static int round_trip(const uint8_t *pixels, size_t width, size_t height, int channels,
                      size_t *encoded)
{
    struct dat_image img;
    uint8_t *bytes;
    size_t count;
    int same;

    if (dat_png_encode(&bytes, &count, pixels, width, height, channels) != ENG_OK)
        return 0;
    same = decode(&img, bytes, count, NULL) == ENG_OK && img.width == width && img.height == height;
    for (size_t i = 0; same && i < width * height; i++)
        for (size_t c = 0; c < 3; c++)
            same &= img.rgb[3 * i + c] == pixels[i * (size_t)channels + (channels == 1 ? 0 : c)];
    dat_image_release(&img);
    free(bytes);
    *encoded = count;
    return same;
}

static void test_round_trips(void)
{
    static const size_t sizes[][2] = {{1, 1},   {1, 7},   {7, 1},   {2, 3},    {3, 2},
                                      {8, 8},   {16, 16}, {17, 31}, {64, 64},  {255, 3},
                                      {256, 4}, {300, 1}, {1, 300}, {100, 80}, {300, 200}};
    static uint8_t pixels[300 * 200 * 4];
    size_t count = 0;

    for (int channels = 1; channels <= 4; channels++) {
        if (channels == 2)
            continue;
        for (int kind = 0; kind < 4; kind++) {
            static const char *const names[] = {"random", "gradient", "flat", "checks"};
            int good = 1;
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
                const size_t width = sizes[s][0], height = sizes[s][1];
                for (size_t i = 0; i < width * height * (size_t)channels; i++) {
                    const size_t x = i / (size_t)channels % width;
                    const size_t y = i / (size_t)channels / width, c = i % (size_t)channels;
                    pixels[i] = (uint8_t)(kind == 0   ? eng_rng_u64(&rng)
                                          : kind == 1 ? x * 255 / width + y * (c + 1) / 3
                                          : kind == 2 ? 77
                                                      : (x / 8 + y / 8) % 2 * 200 + c);
                }
                good &= round_trip(pixels, width, height, channels, &count);
            }
            const size_t raw = 300 * 200 * (size_t)channels;
            CHECK(good, "%d channels, %s: round trips of all sizes", channels, names[kind]);
            CHECK(kind == 0 ? count < raw + raw / 100 : count < raw / 20,
                  "%d channels, %s: %zu bytes of %zu", channels, names[kind], count, raw);
        }
    }
}

static void test_encode_refuses(void)
{
    uint8_t pixel[4] = {0}, *bytes = pixel;
    size_t count = 1;
    struct eng_why why = {{0}};
    const char *path;

    CHECK(dat_png_encode(&bytes, &count, pixel, 0, 1, 3) == ENG_ARG && !bytes, "no width");
    CHECK(dat_png_encode(&bytes, &count, pixel, 1, 0, 3) == ENG_ARG && !bytes, "no height");
    CHECK(dat_png_encode(&bytes, &count, pixel, 1, 1, 2) == ENG_ARG && !bytes, "two channels");
    CHECK(dat_png_encode(&bytes, &count, pixel, DAT_IMAGE_MAX_SIDE + 1, 1, 3) == ENG_TOOBIG &&
              !bytes,
          "too wide");
    CHECK(dat_png_encode(&bytes, &count, pixel, 1 << 15, 1 << 14, 3) == ENG_TOOBIG && !bytes,
          "too many pixels");
    path = scratch_path("a.png");
    CHECK(dat_png_write(path, pixel, 0, 1, 3, &why) == ENG_ARG &&
              strncmp(why.text, path, strlen(path)) == 0,
          "a file of no pixels: %s", why.text);
    path = scratch_path("missing/a.png");
    CHECK(dat_png_write(path, pixel, 1, 1, 3, &why) == ENG_MISSING &&
              strncmp(why.text, path, strlen(path)) == 0,
          "a file in a folder that is not there: %s", why.text);
}

static void test_file(void)
{
    const char *path = scratch_path("picture.png");
    uint8_t pixels[5 * 4 * 3];
    struct eng_why why = {{0}};
    struct dat_image img;

    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 37);
    CHECK(dat_png_write(path, pixels, 5, 4, 3, &why) == ENG_OK, "written to a file %s", why.text);
    enum eng_err err = dat_photo_read(&img, path, NULL, &why);
    CHECK(err == ENG_OK && img.width == 5 && img.height == 4 &&
              memcmp(img.rgb, pixels, sizeof pixels) == 0,
          "and read again %s", why.text);
    dat_image_release(&img);
}

static void test_damage(void)
{
    uint8_t pixels[20 * 12 * 3], *bytes;
    size_t count, cut = 0, turned = 0, changed = 0;
    struct dat_image img;

    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * i / 50 + eng_rng_below(&rng, 3));
    if (dat_png_encode(&bytes, &count, pixels, 20, 12, 3) != ENG_OK)
        exit(2);
    for (size_t n = 0; n < count; n++) {
        struct eng_why why = {{0}};
        cut += decode(&img, bytes, n, &why) == ENG_OK || img.rgb || !why.text[0];
        dat_image_release(&img);
    }
    CHECK(cut == 0, "a picture cut off anywhere (%zu lengths) is refused", count);
    for (size_t bit = 0; bit < 8 * count; bit++) {
        struct eng_why why = {{0}};
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        turned += decode(&img, bytes, count, &why) == ENG_OK || img.rgb || !why.text[0];
        dat_image_release(&img);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK(turned == 0, "a picture with any bit turned (of %zu) is refused", 8 * count);

    /* Damage beneath the checksums: headers, filters and pixels are random, and sometimes their
     * number or a byte of the stream is wrong; checksums are right. */
    for (int round = 0; round < 20000; round++) {
        static const struct {
            int depth, colour, channels;
        } kinds[] = {{1, 0, 1},  {4, 0, 1}, {8, 0, 1}, {16, 0, 1}, {8, 2, 3},
                     {16, 2, 3}, {2, 3, 1}, {8, 3, 1}, {8, 4, 2},  {16, 6, 4}};
        const size_t kind = eng_rng_below(&rng, 10);
        const uint32_t width = 1 + eng_rng_below(&rng, 9), height = 1 + eng_rng_below(&rng, 9);
        const size_t row = 1 + (width * (size_t)(kinds[kind].depth * kinds[kind].channels) + 7) / 8;
        const size_t length = round % 8 ? row * height : eng_rng_below(&rng, 9 * 73);
        uint8_t raw[9 * 73], stream[800];
        struct file f;
        size_t n;

        for (size_t i = 0; i < length; i++)
            raw[i] = (uint8_t)eng_rng_below(&rng, i % row ? 256 : DAT_PNG_FILTERS);
        n = make_stream(stream, raw, length);
        if (round % 8 == 1)
            stream[eng_rng_below(&rng, n)] ^= (uint8_t)eng_rng_u64(&rng);
        begin(&f, width, height, kinds[kind].depth, kinds[kind].colour, round % 16 == 2);
        if (kinds[kind].colour == 3)
            put_chunk(&f, "PLTE", "abcdef", 6);
        put_chunk(&f, "IDAT", stream, n);
        end(&f);
        changed += decode(&img, f.bytes, f.count, NULL) == ENG_OK;
        dat_image_release(&img);
    }
    CHECK(changed > 10000 && changed < 19000, "20000 random pictures, %zu of them readable",
          changed);
    free(bytes);
}

static void test_pngsuite(void)
{
    char path[1024];
    const size_t good = sizeof pngsuite / sizeof *pngsuite;
    const size_t broken = sizeof pngsuite_broken / sizeof *pngsuite_broken;
    struct eng_why why;
    struct dat_image img;

    snprintf(path, sizeof path, "%s/conformance/png", tap_shared());
    if (!dat_folder_is(path)) {
        tap_skip("PngSuite, the folder conformance/png of the reference files, is not there");
        return;
    }
    for (size_t i = 0; i < good; i++) {
        memset(&why, 0, sizeof why);
        snprintf(path, sizeof path, "%s/conformance/png/%s", tap_shared(), pngsuite[i].name);
        enum eng_err err = dat_photo_read(&img, path, NULL, &why);
        CHECK(err == ENG_OK && img.width == pngsuite[i].width && img.height == pngsuite[i].height &&
                  dat_crc32(0, img.rgb, img.width * img.height * 3) == pngsuite[i].crc,
              "PngSuite %s %s", pngsuite[i].name, why.text);
        dat_image_release(&img);
    }
    for (size_t i = 0; i < broken; i++) {
        uint8_t *bytes = NULL;
        size_t count = 0;
        memset(&why, 0, sizeof why);
        snprintf(path, sizeof path, "%s/conformance/png/%s", tap_shared(), pngsuite_broken[i]);
        CHECK(dat_file_read(&bytes, &count, path, &why) == ENG_OK, "there is %s", path);
        enum eng_err err = decode(&img, bytes, count, &why);
        CHECK(err == ENG_FORMAT && why.text[0] && !img.rgb, "PngSuite %s is refused: %s",
              pngsuite_broken[i], why.text);
        free(bytes);
        err = dat_photo_read(&img, path, NULL, &why);
        CHECK(err != ENG_OK && strncmp(why.text, path, strlen(path)) == 0, "%s", why.text);
    }
}

int main(void)
{
    eng_rng_init(&rng, 1, 0);
    scratch_make();
    test_foreign();
    test_kinds();
    test_adam7();
    test_filters();
    test_chunks();
    test_headers();
    test_round_trips();
    test_encode_refuses();
    test_file();
    test_damage();
    test_pngsuite();
    scratch_remove();
    return tap_done();
}
