/* What decoders of pictures promise. */
#ifndef PIXELS_H
#define PIXELS_H

#include "data/image.h"
#include "tests/fuzz/fuzz.h"

/* More pixels than this cost time and show nothing new; targets pass them over. */
#define PIXELS_ENOUGH ((size_t)1 << 20)

/* Checks what a decoder returned; true if there is a picture, which the caller releases. */
static inline int pixels_check(const struct dat_image *image, enum eng_err err,
                               const struct eng_why *why)
{
    if (err != ENG_OK) {
        FUZZ_PROMISE(!image->rgb && !image->width && !image->height);
        fuzz_refused(err, why);
        return 0;
    }
    FUZZ_PROMISE(image->width > 0 && image->width <= DAT_IMAGE_MAX_SIDE);
    FUZZ_PROMISE(image->height > 0 && image->height <= DAT_IMAGE_MAX_SIDE);
    FUZZ_PROMISE(image->height <= DAT_IMAGE_MAX_PIXELS / image->width);
    size_t sum = 0; /* every pixel is there, and was written */
    for (size_t i = 0; i < image->width * image->height * 3; i++)
        sum += image->rgb[i];
    FUZZ_PROMISE(sum <= 255 * image->width * image->height * 3);
    return 1;
}

static inline int pixels_same(const struct dat_image *a, const struct dat_image *b)
{
    return a->width == b->width && a->height == b->height &&
           memcmp(a->rgb, b->rgb, a->width * a->height * 3) == 0;
}

#endif
