/* From the component planes of a JPEG to RGB pixels: upsampling and colour conversion. */
#ifndef DAT_JPEG_PIXELS_H
#define DAT_JPEG_PIXELS_H

#include "data/image.h"
#include "data/jpeg_frame.h"

enum dat_jpeg_colour {
    DAT_JPEG_GREY, /* 1 component */
    DAT_JPEG_RGB,  /* 3 */
    DAT_JPEG_YCC,
    DAT_JPEG_CMYK, /* 4; inverted, as Adobe writes it: 255 is no ink */
    DAT_JPEG_YCCK,
};

/* Makes *img of the frame's samples, all of which must be there. */
enum eng_err dat_jpeg_pixels(struct dat_image *img, const struct dat_jpeg_frame *f,
                             enum dat_jpeg_colour colour, struct eng_why *why);

#endif
