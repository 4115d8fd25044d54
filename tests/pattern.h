/* Pictures without files for tests that compare with recorded results of other programs: noise
 * from a formula that any language can repeat, and a fingerprint of the pixels that come out. */
#ifndef PATTERN_H
#define PATTERN_H

#include "data/image.h"

#include <stdlib.h>

/* width x height pixels of noise that depends on the size; exits if there is no memory. */
static inline struct dat_image pattern_new(size_t width, size_t height)
{
    struct dat_image img;
    uint32_t x = (uint32_t)(width * 1000 + height);
    if (dat_image_init(&img, width, height) != ENG_OK)
        exit(2);
    for (size_t i = 0; i < width * height * 3; i++) {
        x = x * 1664525u + 1013904223u;
        img.rgb[i] = (uint8_t)(x >> 24);
    }
    return img;
}

/* FNV-1a, 64 bits, over the samples. */
static inline uint64_t pattern_hash(const struct dat_image *img)
{
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < img->width * img->height * 3; i++)
        h = (h ^ img->rgb[i]) * 0x100000001b3;
    return h;
}

#endif
