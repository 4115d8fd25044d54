/* The orientation tag of EXIF: how a camera was held. */
#ifndef DAT_EXIF_H
#define DAT_EXIF_H

#include "data/image.h"

/* The orientation, 1 to 8, in the payload of an APP1 segment ("Exif", two NULs, a TIFF header and
 * its first directory), or 0 if there is none that makes sense. Never fails: photos with damaged
 * metadata are still photos. */
int dat_exif_orientation(const uint8_t *bytes, size_t count);

/* Turns a picture as stored into the picture as seen; 0 and 1 leave it alone. ENG_NOMEM or
 * ENG_TOOBIG leave it untouched. */
enum eng_err dat_exif_orient(struct dat_image *img, int orientation);

#endif
