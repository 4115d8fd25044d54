/* PPM and PGM: binary samples become those that the header promises, and what is decoded and
 * written as P6 decodes to the same picture. */
#include "data/pnm.h"
#include "tests/fuzz/pixels.h"

static const uint8_t *skip_comment(const uint8_t *p)
{
    while (*p != '\n' && *p != '\r')
        p++;
    return p;
}

/* Reads a number of a header that is known to be good, and of which the samples follow. */
static const uint8_t *read_number(const uint8_t *p, size_t *number)
{
    *number = 0;
    while (*p == '#' || strchr(" \t\n\v\f\r", *p))
        p = *p == '#' ? skip_comment(p) : p + 1;
    for (; *p >= '0' && *p <= '9'; p++)
        *number = *number * 10 + (size_t)(*p - '0');
    return p;
}

/* P5 and P6, each sample by itself. */
static void check_samples(const struct dat_image *image, const uint8_t *bytes, size_t count)
{
    const size_t channels = bytes[1] == '5' ? 1 : 3;
    size_t width, height, most;
    const uint8_t *p = read_number(bytes + 2, &width);
    p = read_number(p, &height);
    p = read_number(p, &most);
    p = (*p == '#' ? skip_comment(p) : p) + 1; /* the one byte of white space */
    FUZZ_PROMISE(width == image->width && height == image->height && most > 0 && most < 65536);
    const size_t wide = most > 255 ? 2 : 1;
    FUZZ_PROMISE(width * height * channels * wide <= (size_t)(bytes + count - p));
    for (size_t i = 0; i < width * height * 3; i++) {
        const uint8_t *at = p + wide * (channels == 1 ? i / 3 : i);
        const size_t sample = wide == 1 ? at[0] : 256 * (size_t)at[0] + at[1];
        FUZZ_PROMISE(sample <= most);
        FUZZ_PROMISE(image->rgb[i] == (2 * 255 * sample + most) / (2 * most));
    }
}

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
    if (bytes[1] == '5' || bytes[1] == '6')
        check_samples(&image, bytes, count);
    check_again(&image);
    dat_image_release(&image);
    return 0;
}
