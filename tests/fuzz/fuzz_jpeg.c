/* JPEG: what is decoded is a whole picture, and a comment in the file changes nothing of it. */
#include "data/jpeg.h"
#include "tests/fuzz/pixels.h"

/* Whether something like the header of a frame tells of a large picture. */
static int is_large(const uint8_t *bytes, size_t count)
{
    for (const uint8_t *p = bytes, *end = bytes + count; end - p >= 9; p++) {
        const size_t height = (size_t)p[5] << 8 | p[6], width = (size_t)p[7] << 8 | p[8];
        if (p[0] == 0xff && p[1] >= 0xc0 && p[1] <= 0xc2 && width * height > PIXELS_ENOUGH)
            return 1;
    }
    return 0;
}

/* Larger pictures cost time and show nothing new. */
enum { SMALL = 1 << 16 };

static void check_comment(const struct dat_image *image, const uint8_t *bytes, size_t count)
{
    static const uint8_t comment[] = {0xff, 0xfe, 0, 6, 0xff, 0xd9, 0xff, 0xda};
    struct dat_image again;
    struct eng_why why = {""};
    uint8_t *file = malloc(count + sizeof comment);
    FUZZ_PROMISE(file && count > 2);
    memcpy(file, bytes, 2); /* the start of the image */
    memcpy(file + 2, comment, sizeof comment);
    memcpy(file + 2 + sizeof comment, bytes + 2, count - 2);
    FUZZ_PROMISE(dat_jpeg_decode(&again, file, count + sizeof comment, NULL, &why) == ENG_OK);
    FUZZ_PROMISE(pixels_same(image, &again));
    dat_image_release(&again);
    free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_image image;
    struct eng_why why = {""};
    if (is_large(bytes, count))
        return 0;
    struct dat_budget budget = dat_budget_within(NULL, DAT_JPEG_MULTIPLE, count, DAT_IMAGE_SPARE);
    const enum eng_err err = dat_jpeg_decode(&image, bytes, count, &budget, &why);
    fuzz_within(&budget, err, &why);
    if (!pixels_check(&image, err, &why))
        return 0;
    if (image.width * image.height <= SMALL)
        check_comment(&image, bytes, count);
    dat_image_release(&image);
    return 0;
}
