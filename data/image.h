/* 8-bit pictures in memory.
 *
 * An image is interleaved RGB, rows from the top, no padding between rows. Decoders convert
 * whatever a file holds (grey, CMYK, palettes, 16 bits, alpha) to that, as Pillow's
 * convert("RGB") does, 16-bit grey PNGs excepted (data/png.h).
 */
#ifndef DAT_IMAGE_H
#define DAT_IMAGE_H

#include "engine/err.h"

#include <stddef.h>
#include <stdint.h>

struct dat_image {
    size_t width, height; /* pixels, both > 0 once decoded */
    uint8_t *rgb;         /* [height][width][3], owned */
};

/* Largest width or height, and largest width * height, that a decoder accepts: a file with more
 * is refused (ENG_TOOBIG) before its pixels are allocated. */
#define DAT_IMAGE_MAX_SIDE   65500
#define DAT_IMAGE_MAX_PIXELS ((size_t)1 << 28)

/* Bytes of memory that a byte of a file stands for at the most, and DAT_IMAGE_SPARE more. A blank
 * page in black and white, well compressed, comes near the PNG's. */
#define DAT_JPEG_MULTIPLE 6200
#define DAT_PNG_MULTIPLE  27000
#define DAT_PNM_MULTIPLE  3
#define DAT_IMAGE_SPARE   ((size_t)64 << 10)

/* Allocates width x height pixels, not initialised. ENG_TOOBIG, ENG_NOMEM or ENG_ARG (a side of
 * zero) leave *img empty. */
enum eng_err dat_image_init(struct dat_image *img, size_t width, size_t height);

/* Frees the pixels; an empty or zeroed image is allowed. */
void dat_image_release(struct dat_image *img);

#endif
