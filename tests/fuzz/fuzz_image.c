/* JPEG, PNG, PPM and PGM, told apart by their first bytes. */
#include "data/image.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_image image;
    struct eng_why why = {""};
    if (dat_image_decode(&image, bytes, count, &why) != ENG_OK) {
        FUZZ_PROMISE(!image.rgb && why.text[0]);
        return 0;
    }
    FUZZ_PROMISE(image.width > 0 && image.width <= DAT_IMAGE_MAX_SIDE);
    FUZZ_PROMISE(image.height > 0 && image.height <= DAT_IMAGE_MAX_PIXELS / image.width);
    unsigned sum = 0; /* every pixel is there, and was written */
    for (size_t i = 0; i < image.width * image.height * 3; i++)
        sum += image.rgb[i];
    FUZZ_PROMISE(sum <= 255 * image.width * image.height * 3);
    dat_image_release(&image);
    return 0;
}
