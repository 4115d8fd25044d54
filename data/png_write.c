/* Writing PNG: 8-bit samples, not interlaced, a filter for each row.
 *
 * Smooth pictures compress much better as differences from their neighbours. Which of the five
 * filters suits a row best cannot be known without compressing; the usual guess, and a good one,
 * is the one whose bytes, taken as signed, have the least sum of magnitudes. */
#include "data/png.h"

#include "data/crc32.h"
#include "data/deflate.h"
#include "data/file.h"
#include "data/png_filter.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_EXTRA 12    /* bytes of a chunk beside its data */
#define IDAT_MOST   65536 /* bytes of data in one IDAT chunk */

static uint64_t magnitude(const uint8_t *bytes, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += bytes[i] < 128 ? bytes[i] : 256u - bytes[i];
    return sum;
}

/* raw[height][1 + bytes] = the rows with their filter types before them. */
static enum eng_err filter_rows(uint8_t *raw, const uint8_t *pixels, size_t height, size_t bytes,
                                size_t step)
{
    uint8_t *trial = malloc(bytes);
    uint8_t *zeros = calloc(1, bytes);
    const uint8_t *above = zeros;
    enum eng_err err = ENG_OK;

    if (!trial || !zeros) {
        err = ENG_NOMEM;
        goto fail;
    }
    for (size_t y = 0; y < height; y++, raw += 1 + bytes, pixels += bytes) {
        uint64_t least = UINT64_MAX;

        for (int filter = 0; filter < DAT_PNG_FILTERS; filter++) {
            uint64_t sum;

            dat_png_filter(trial, pixels, above, bytes, step, filter);
            sum = magnitude(trial, bytes);
            if (sum < least) {
                least = sum;
                raw[0] = (uint8_t)filter;
                memcpy(raw + 1, trial, bytes);
            }
        }
        above = pixels;
    }
fail:
    free(trial);
    free(zeros);
    return err;
}

static uint8_t *put_number(uint8_t *at, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(number >> shift);
    return at;
}

static uint8_t *put_chunk(uint8_t *at, const char *type, const uint8_t *data, size_t count)
{
    uint8_t *covered = put_number(at, (uint32_t)count);

    memcpy(covered, type, 4);
    if (count > 0)
        memcpy(covered + 4, data, count);
    return put_number(covered + 4 + count, dat_crc32(0, covered, 4 + count));
}

/* The file around a zlib stream. */
static enum eng_err wrap(uint8_t **bytes, size_t *count, const uint8_t *stream, size_t size,
                         const uint8_t header[13])
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    const size_t chunks = (size - 1) / IDAT_MOST + 1; /* a stream is never empty */
    const size_t room = sizeof signature + (CHUNK_EXTRA + 13) + size + chunks * CHUNK_EXTRA +
                        CHUNK_EXTRA;
    uint8_t *at = malloc(room);

    if (!at)
        return ENG_NOMEM;
    *bytes = at;
    *count = room;
    memcpy(at, signature, sizeof signature);
    at = put_chunk(at + sizeof signature, "IHDR", header, 13);
    for (size_t i = 0; i < size; i += IDAT_MOST)
        at = put_chunk(at, "IDAT", stream + i, size - i < IDAT_MOST ? size - i : IDAT_MOST);
    put_chunk(at, "IEND", NULL, 0);
    return ENG_OK;
}

enum eng_err dat_png_encode(uint8_t **bytes, size_t *count, const uint8_t *pixels, size_t width,
                            size_t height, int channels)
{
    uint8_t header[13] = {0};
    uint8_t *raw, *stream = NULL;
    size_t row, size;
    enum eng_err err;

    *bytes = NULL;
    *count = 0;
    if (width == 0 || height == 0 || (channels != 1 && channels != 3 && channels != 4))
        return ENG_ARG;
    if (width > DAT_IMAGE_MAX_SIDE || height > DAT_IMAGE_MAX_SIDE ||
        width > DAT_IMAGE_MAX_PIXELS / height)
        return ENG_TOOBIG; /* no decoder of ours would take it */
    row = width * (size_t)channels;
    if (height > SIZE_MAX / (1 + row))
        return ENG_NOMEM;
    raw = malloc(height * (1 + row));
    if (!raw)
        return ENG_NOMEM;
    err = filter_rows(raw, pixels, height, row, (size_t)channels);
    if (!err)
        err = dat_deflate_zlib(&stream, &size, raw, height * (1 + row));
    free(raw);
    if (err)
        return err;

    put_number(header, (uint32_t)width);
    put_number(header + 4, (uint32_t)height);
    header[8] = 8;
    header[9] = channels == 1 ? 0 : channels == 3 ? 2 : 6;
    err = wrap(bytes, count, stream, size, header);
    free(stream);
    return err;
}

enum eng_err dat_png_write(const char *path, const uint8_t *pixels, size_t width, size_t height,
                           int channels, struct eng_why *why)
{
    uint8_t *bytes;
    size_t count;
    enum eng_err err = dat_png_encode(&bytes, &count, pixels, width, height, channels);

    if (err) {
        eng_fail(why, err, "a picture of %zu x %zu pixels cannot be made (%s); choose another size",
                 width, height, eng_err_text(err));
        return eng_fail_in(why, err, path);
    }
    err = dat_file_write(path, bytes, count, why);
    free(bytes);
    return err;
}
