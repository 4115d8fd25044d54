/* Where in DATA the images are: DATA/train with DATA/test (or else DATA/val) beside it, or DATA
 * itself. Shared by the kinds of data set that are recognised by how their folders look. */
#ifndef DAT_ROOTS_H
#define DAT_ROOTS_H

#include "data/catalog.h"

/* What a layout is, seen from here. */
struct dat_layout {
    /* Whether the folder looks so; no, not an error, for a folder that is not there. */
    enum eng_err (*holds)(const char *folder, int *yes);

    /* Adds what the folder has, classes as they come. */
    enum eng_err (*scan)(struct dat_catalog *catalog, const char *folder, enum dat_split split,
                         struct eng_why *why);
};

/* Whether DATA has the layout somewhere. */
enum eng_err dat_roots_claim(const struct dat_layout *layout, const char *data, int *yes);

/* Scans the folders of DATA that have the layout; classes end in bytewise order. */
enum eng_err dat_roots_scan(const struct dat_layout *layout, struct dat_catalog *catalog,
                            const char *data, struct eng_why *why);

#endif
