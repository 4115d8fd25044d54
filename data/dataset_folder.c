/* A folder per class, named as the class; what the files in it are called does not matter.
 *
 *   cat/tom.jpg  cat/garfield.png   dog/rex.jpg
 */
#include "data/dataset_kind.h"
#include "data/file.h"
#include "data/listing.h"

#include <stdlib.h>
#include <string.h>

/* One class with images makes it this kind; that the others are empty is worth a message. */
static enum eng_err holds(const char *folder, int *yes)
{
    struct dat_listing listing;
    *yes = 0;
    enum eng_err err = dat_listing_read(&listing, folder, NULL);
    if (err)
        return err == ENG_NOMEM ? err : ENG_OK;
    for (size_t i = 0; i < listing.count && !*yes && !err; i++) {
        char *path = dat_path_join(folder, listing.names[i]);
        err = path ? dat_listing_any(path, dat_name_is_image, yes) : ENG_NOMEM;
        free(path);
    }
    dat_listing_release(&listing);
    return err;
}

static enum eng_err scan_class(struct dat_catalog *catalog, const char *name, const char *folder,
                               enum dat_split split, struct eng_why *why)
{
    const size_t label = dat_catalog_find_class(catalog, name, strlen(name));
    if (label == catalog->class_count)
        ENG_TRY(dat_catalog_add_class(catalog, name, strlen(name)));

    struct dat_listing listing;
    ENG_TRY(dat_listing_read(&listing, folder, why));
    enum eng_err err = ENG_OK;
    for (size_t i = 0; i < listing.count && !err; i++)
        if (dat_name_is_image(listing.names[i]))
            err = dat_catalog_add_item(
                catalog, &(struct dat_item){.label = (int)label,
                                            .split = split,
                                            .name = dat_path_join(folder, listing.names[i])});
    dat_listing_release(&listing);
    return err;
}

static enum eng_err scan_root(struct dat_catalog *catalog, const char *root, enum dat_split split,
                              struct eng_why *why)
{
    struct dat_listing listing;
    ENG_TRY(dat_listing_read(&listing, root, why));
    enum eng_err err = ENG_OK;
    for (size_t i = 0; i < listing.count && !err; i++) {
        char *path = dat_path_join(root, listing.names[i]);
        if (!path)
            err = ENG_NOMEM;
        else if (dat_folder_is(path))
            err = scan_class(catalog, listing.names[i], path, split, why);
        free(path);
    }
    dat_listing_release(&listing);
    return err;
}

static const struct dat_layout layout = {.holds = holds, .scan = scan_root};

const struct dat_kind dat_kind_folder = {
    .title = "a folder per class",
    .wanted = "a folder per class with images in it",
    .classes = "*",
    .layout = &layout,
};
