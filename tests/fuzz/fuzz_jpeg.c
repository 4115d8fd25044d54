/* JPEG: what is decoded is a whole picture. */
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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_image image;
    struct eng_why why = {""};
    if (is_large(bytes, count))
        return 0;
    struct dat_budget budget = dat_budget_within(NULL, DAT_JPEG_MULTIPLE, count, DAT_IMAGE_SPARE);
    const enum eng_err err = dat_jpeg_decode(&image, bytes, count, &budget, &why);
    fuzz_within(&budget, err, &why);
    if (pixels_check(&image, err, &why))
        dat_image_release(&image);
    return 0;
}
