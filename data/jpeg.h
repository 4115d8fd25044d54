/* JPEG decoding (ITU-T T.81): baseline, extended and progressive Huffman, 8 bits a sample; grey,
 * YCbCr, RGB, CMYK and YCCK; any sampling ratio; restart markers; 8- and 16-bit tables.
 *
 * Output agrees with libjpeg's defaults: the accurate integer inverse transform ("islow"), the
 * triangle ("fancy") upsampling for 2:1 ratios, replication for others. */
#ifndef DAT_JPEG_H
#define DAT_JPEG_H

#include "data/budget.h"
#include "data/image.h"

/* Decodes count bytes into *img, EXIF orientation applied. Truncated entropy-coded data is an
 * error (ENG_FORMAT): a half-grey picture must not pass for a photo. ENG_UNSUPPORTED for
 * arithmetic coding, lossless and hierarchical processes and 12-bit samples. Takes at most
 * DAT_JPEG_MULTIPLE: see data/jpeg_frame.h. */
enum eng_err dat_jpeg_decode(struct dat_image *img, const uint8_t *bytes, size_t count,
                             struct dat_budget *budget, struct eng_why *why);

#endif
