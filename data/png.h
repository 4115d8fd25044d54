/* PNG (ISO/IEC 15948), every colour type, bit depth and interlacing, and writing. */
#ifndef DAT_PNG_H
#define DAT_PNG_H

#include "data/budget.h"
#include "data/image.h"

/* Decodes count bytes. 16-bit samples keep their high byte, palettes and low depths are expanded,
 * transparency is dropped (the colour under it stays), as Pillow's convert("RGB") does; but that
 * makes white of 16-bit grey above 255 (docs/parity.md). A wrong signature, chunk order, CRC,
 * filter, size or Adler-32 is ENG_FORMAT. Takes at most DAT_PNG_MULTIPLE: a byte of the stream
 * stands for DAT_INFLATE_MAX_RATIO bytes of rows, and one of those for eight pixels; a picture of
 * more is refused before it is allocated. */
enum eng_err dat_png_decode(struct dat_image *img, const uint8_t *bytes, size_t count,
                            struct dat_budget *budget, struct eng_why *why);

/* Encodes width x height pixels of `channels` 8-bit samples (1 grey, 3 RGB, 4 RGBA), rows
 * top-down without padding, into *bytes (*count of them; the caller frees). Filters are chosen
 * row by row and the stream is really compressed (LZ77 and dynamic Huffman codes). */
enum eng_err dat_png_encode(uint8_t **bytes, size_t *count, const uint8_t *pixels, size_t width,
                            size_t height, int channels);

/* dat_png_encode to a file, written beside and renamed; why's text begins with the path. */
enum eng_err dat_png_write(const char *path, const uint8_t *pixels, size_t width, size_t height,
                           int channels, struct eng_why *why);

#endif
