/* PPM and PGM: what is decoded and written as P6 decodes to the same picture. */
#include "data/pnm.h"
#include "tests/fuzz/pixels.h"

static void check_again(const struct dat_image *image)
{
    const size_t size = image->width * image->height * 3;
    struct dat_image again;
    struct eng_why why = {""};
    char head[64];
    const size_t head_size = (size_t)snprintf(head, sizeof head, "P6 %zu %zu 255\n", image->width,
                                              image->height);
    uint8_t *file = malloc(head_size + size);
    FUZZ_PROMISE(file);
    memcpy(file, head, head_size);
    memcpy(file + head_size, image->rgb, size);
    FUZZ_PROMISE(dat_pnm_decode(&again, file, head_size + size, NULL, &why) == ENG_OK);
    FUZZ_PROMISE(pixels_same(image, &again));
    dat_image_release(&again);
    free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_image image;
    struct eng_why why = {""};
    struct dat_budget budget = dat_budget_within(NULL, DAT_PNM_MULTIPLE, count, 0);
    const enum eng_err err = dat_pnm_decode(&image, bytes, count, &budget, &why);
    fuzz_within(&budget, err, &why);
    if (!pixels_check(&image, err, &why))
        return 0;
    FUZZ_PROMISE(dat_pnm_is(bytes, count));
    FUZZ_PROMISE(image.width * image.height < count); /* a byte a pixel at the least */
    check_again(&image);
    dat_image_release(&image);
    return 0;
}
