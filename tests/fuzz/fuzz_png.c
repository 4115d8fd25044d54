/* PNG: what is decoded and encoded again decodes to the same picture.
 *
 * Two checksums are put right: the CRC of each chunk, and the Adler-32 that ends the stream in the
 * IDAT chunks. For the latter the stream must be decompressed, whose size is that of the picture in
 * the header. */
#include "data/adler32.h"
#include "data/crc32.h"
#include "data/inflate.h"
#include "data/png.h"
#include "tests/fuzz/pixels.h"

enum { SIGNATURE = 8, CHUNK = 12, HEADER = SIGNATURE + 8 + 13 };

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* The length of the data of the chunk at p; SIZE_MAX if it is cut off. */
static size_t chunk_length(const uint8_t *p, const uint8_t *end)
{
    return end - p >= CHUNK && get32(p) <= (size_t)(end - p) - CHUNK ? get32(p) : SIZE_MAX;
}

/* Bytes of a picture without its compression: rows, each with its filter; 0 if it has none. */
static size_t raw_bytes(const uint8_t *header)
{
    static const uint8_t samples[8] = {1, 0, 3, 1, 2, 0, 4, 0};
    static const uint8_t whole[1][4] = {{0, 0, 1, 1}};
    static const uint8_t adam7[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                        {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    const size_t width = get32(header), height = get32(header + 4);
    const size_t bits = (size_t)samples[header[9] & 7] * header[8];
    const uint8_t(*pass)[4] = header[12] ? adam7 : whole;
    size_t bytes = 0;
    for (int i = 0; i < (header[12] ? 7 : 1); i++) {
        const size_t x = (width + pass[i][2] - 1 - pass[i][0]) / pass[i][2];
        const size_t y = (height + pass[i][3] - 1 - pass[i][1]) / pass[i][3];
        if (x > 0)
            bytes += y * (1 + (x * bits + 7) / 8);
    }
    return bytes;
}

/* Puts the Adler-32 right, if the stream can be decompressed. */
static void mend_stream(uint8_t *bytes, size_t count)
{
    const uint8_t *end = bytes + count;
    const size_t size = raw_bytes(bytes + SIGNATURE + 8);
    uint8_t *stream = malloc(count), *raw = malloc(size ? size : 1);
    uint8_t **place = malloc(count * sizeof *place); /* of each byte of the stream in the file */
    size_t length, total = 0, used;
    FUZZ_PROMISE(stream && raw && place);
    for (uint8_t *p = bytes + SIGNATURE; (length = chunk_length(p, end)) != SIZE_MAX;
         p += CHUNK + length)
        for (size_t i = 0; i < length && memcmp(p + 4, "IDAT", 4) == 0; i++) {
            place[total] = p + 8 + i;
            stream[total++] = p[8 + i];
        }
    if (total >= 6 && dat_inflate(raw, size, stream + 2, total - 6, &used, NULL) == ENG_OK) {
        uint8_t adler[4];
        put32(adler, dat_adler32(1, raw, size));
        for (int i = 0; i < 4; i++)
            *place[2 + used + (size_t)i] = adler[i];
    }
    free(place);
    free(raw);
    free(stream);
}

static void mend_chunks(uint8_t *bytes, size_t count)
{
    const uint8_t *end = bytes + count;
    size_t length;
    for (uint8_t *p = bytes + SIGNATURE; (length = chunk_length(p, end)) != SIZE_MAX;
         p += CHUNK + length)
        put32(p + 8 + length, dat_crc32(0, p + 4, 4 + length));
}

/* Writers are slow: small pictures show as much. */
static void check_again(const struct dat_image *image)
{
    struct dat_image again;
    struct eng_why why = {""};
    uint8_t *file;
    size_t size;
    if (image->width * image->height > 1024)
        return;
    FUZZ_PROMISE(dat_png_encode(&file, &size, image->rgb, image->width, image->height, 3) ==
                 ENG_OK);
    FUZZ_PROMISE(dat_png_decode(&again, file, size, NULL, &why) == ENG_OK);
    FUZZ_PROMISE(pixels_same(image, &again));
    dat_image_release(&again);
    free(file);
}

static void decode(const uint8_t *bytes, size_t count)
{
    struct dat_image image;
    struct eng_why why = {""};
    struct dat_budget budget = dat_budget_within(NULL, DAT_PNG_MULTIPLE, count, DAT_IMAGE_SPARE);
    const enum eng_err err = dat_png_decode(&image, bytes, count, &budget, &why);
    fuzz_within(&budget, err, &why);
    if (!pixels_check(&image, err, &why))
        return;
    FUZZ_PROMISE(image.width == get32(bytes + 16) && image.height == get32(bytes + 20));
    check_again(&image);
    dat_image_release(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count >= HEADER && get32(bytes + 20) &&
        get32(bytes + 16) > PIXELS_ENOUGH / get32(bytes + 20))
        return 0;
    decode(bytes, count);
    if (count >= HEADER) {
        uint8_t *mended = fuzz_copy(bytes, count);
        mend_stream(mended, count);
        mend_chunks(mended, count);
        if (memcmp(mended, bytes, count) != 0)
            decode(mended, count);
        free(mended);
    }
    return 0;
}
