/* The names in a folder, in an order that does not depend on the file system. */
#ifndef DAT_LISTING_H
#define DAT_LISTING_H

#include "engine/err.h"

#include <stddef.h>

struct dat_listing {
    char **names; /* without the folder; owned */
    size_t count;
};

/* Lists a folder in natural order (dat_name_compare). Names that begin with a dot are left out:
 * ".", ".." and what systems hide in folders ("._cat.jpg", ".git"). ENG_IO or ENG_MISSING when
 * the folder cannot be read; why's text begins with its path. */
enum eng_err dat_listing_read(struct dat_listing *out, const char *folder, struct eng_why *why);

/* *yes = whether `is` holds of any name in a folder. A folder that cannot be read has none. */
enum eng_err dat_listing_any(const char *folder, int (*is)(const char *name), int *yes);

void dat_listing_release(struct dat_listing *listing); /* an empty or zeroed one is allowed */

/* Natural order: runs of digits compare as numbers, all else by bytes: cat.2 before cat.10. Names
 * that are equal so far (01 and 1) are told apart by bytes, so only the same name gives 0. */
int dat_name_compare(const char *a, const char *b);

/* True if the name ends as the files do that dat_photo_read knows: .jpg .jpeg .png .ppm .pgm, in
 * either case. */
int dat_name_is_image(const char *name);

#endif
