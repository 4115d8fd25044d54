/* The kinds of data set. A new one is a file with a struct dat_kind and a line in the list. */
#ifndef DAT_DATASET_KIND_H
#define DAT_DATASET_KIND_H

#include "data/catalog.h"
#include "data/roots.h"

/* In the order in which they are asked whether DATA is theirs. */
#define DAT_KINDS(X) X(synthetic) X(cub) X(kaggle) X(folder)

struct dat_kind {
    const char *title;   /* for reports: "CUB layout" */
    const char *wanted;  /* what DATA should be, for the message when no kind knows it */
    const char *classes; /* the grouping when the user gives none; "*": all classes */

    /* How its folders look, and nothing else is to be known of it; or NULL, and the next two say.
     */
    const struct dat_layout *layout;

    /* Whether DATA, a folder or anything else, is of this kind. Fails only when out of memory. */
    enum eng_err (*claims)(const char *data, int *yes);

    /* Fills an empty catalog, which the caller releases, also on error. */
    enum eng_err (*scan)(struct dat_catalog *catalog, const char *data,
                         const struct dat_dataset_options *options, struct eng_why *why);

    /* Makes the item of this number in a catalog of this kind, and, with mask, its truth mask (as
     * dat_dataset_read does). NULL: items are files, and there are no masks. */
    enum eng_err (*draw)(const struct dat_catalog *catalog,
                         const struct dat_dataset_options *options, size_t number,
                         struct dat_image *image, uint8_t **mask);
};

#define DAT_KIND_DECLARE(kind) extern const struct dat_kind dat_kind_##kind;
DAT_KINDS(DAT_KIND_DECLARE)
#undef DAT_KIND_DECLARE

#endif
