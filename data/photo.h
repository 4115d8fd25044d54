/* Picture files of any kind we know: which decoder reads one. */
#ifndef DAT_PHOTO_H
#define DAT_PHOTO_H

#include "data/budget.h"
#include "data/image.h"

/* Decodes a file in memory: JPEG, PNG, PPM or PGM, told apart by their first bytes. EXIF
 * orientation of a JPEG is applied. On success the caller owns *img; on error it is empty and
 * *why (NULL allowed) says what is wrong, without the file's name. */
enum eng_err dat_photo_decode(struct dat_image *img, const uint8_t *bytes, size_t count,
                              struct dat_budget *budget, struct eng_why *why);

/* The same from a file; why's text begins with the path. */
enum eng_err dat_photo_read(struct dat_image *img, const char *path, struct dat_budget *budget,
                            struct eng_why *why);

#endif
