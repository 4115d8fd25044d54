#include "data/photo.h"

#include "data/file.h"
#include "data/jpeg.h"
#include "data/png.h"
#include "data/pnm.h"

#include <stdlib.h>
#include <string.h>

/* Kinds of pictures that users bring and that are not read here, by bytes near their beginning. */
static const struct {
    const char *name;
    size_t at, length;
    const char *bytes;
} strangers[] = {
    {"a GIF", 0, 4, "GIF8"},         {"a WebP", 8, 4, "WEBP"},      {"a BMP", 0, 2, "BM"},
    {"a TIFF", 0, 4, "II*\0"},       {"a TIFF", 0, 4, "MM\0*"},     {"a HEIC", 4, 8, "ftypheic"},
    {"a HEIC", 4, 8, "ftypmif1"},    {"an AVIF", 4, 8, "ftypavif"}, {"a PDF", 0, 5, "%PDF-"},
    {"a JPEG XL", 0, 2, "\xff\x0a"}, {"a JPEG 2000", 4, 4, "jP  "},
};

static int has(const uint8_t *bytes, size_t count, size_t at, const char *what, size_t length)
{
    return count >= at + length && memcmp(bytes + at, what, length) == 0;
}

enum eng_err dat_photo_decode(struct dat_image *img, const uint8_t *bytes, size_t count,
                              struct dat_budget *budget, struct eng_why *why)
{
    *img = (struct dat_image){0};
    if (count == 0)
        return eng_fail(why, ENG_FORMAT, "the file is empty; get it again");
    if (has(bytes, count, 0, "\xff\xd8", 2))
        return dat_jpeg_decode(img, bytes, count, budget, why);
    if (has(bytes, count, 0, "\x89PNG", 4))
        return dat_png_decode(img, bytes, count, budget, why);
    if (dat_pnm_is(bytes, count))
        return dat_pnm_decode(img, bytes, count, budget, why);
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        if (has(bytes, count, strangers[i].at, strangers[i].bytes, strangers[i].length))
            return eng_fail(why, ENG_UNSUPPORTED,
                            "%s file, not a JPEG, PNG or PPM image; convert it first",
                            strangers[i].name);
    return eng_fail(why, ENG_UNSUPPORTED, "not a JPEG, PNG or PPM image; convert it first");
}

enum eng_err dat_photo_read(struct dat_image *img, const char *path, struct dat_budget *budget,
                            struct eng_why *why)
{
    enum eng_err err;
    uint8_t *bytes;
    size_t count;

    *img = (struct dat_image){0};
    ENG_TRY(dat_file_read(&bytes, &count, path, why));
    err = dat_photo_decode(img, bytes, count, budget, why);
    free(bytes);
    return err ? eng_fail_in(why, err, path) : ENG_OK;
}
