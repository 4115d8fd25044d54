#include "data/image.h"

#include <stdlib.h>

enum eng_err dat_image_init(struct dat_image *img, size_t width, size_t height)
{
    *img = (struct dat_image){0};
    if (width == 0 || height == 0)
        return ENG_ARG;
    if (width > DAT_IMAGE_MAX_SIDE || height > DAT_IMAGE_MAX_SIDE ||
        width > DAT_IMAGE_MAX_PIXELS / height)
        return ENG_TOOBIG;
    if (width * height > SIZE_MAX / 3)
        return ENG_NOMEM;
    img->rgb = malloc(width * height * 3);
    if (!img->rgb)
        return ENG_NOMEM;
    img->width = width;
    img->height = height;
    return ENG_OK;
}

void dat_image_release(struct dat_image *img)
{
    free(img->rgb);
    *img = (struct dat_image){0};
}
