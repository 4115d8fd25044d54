/* PPM and PGM pictures (netpbm): P6 and P5, binary, P3 and P2, in decimal numbers. */
#ifndef DAT_PNM_H
#define DAT_PNM_H

#include "data/budget.h"
#include "data/image.h"

/* True if the bytes begin as one of the four kinds does. */
int dat_pnm_is(const uint8_t *bytes, size_t count);

/* Decodes the first picture in count bytes. Samples, at most maxval (1..65535, two bytes each
 * from 256 on), become sample * 255 / maxval, rounded to the nearest; grey becomes three equal
 * samples. Comments are skipped. ENG_FORMAT if the picture is cut off, which is seen before it is
 * allocated (so it takes at most DAT_PNM_MULTIPLE), or a sample too large; ENG_TOOBIG, ENG_NOMEM.
 * On error *img is empty. */
enum eng_err dat_pnm_decode(struct dat_image *img, const uint8_t *bytes, size_t count,
                            struct dat_budget *budget, struct eng_why *why);

#endif
