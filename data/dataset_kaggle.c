/* Kaggle's flat layout, as dogs-vs-cats has it: the class is the word in front of the number.
 *
 *   cat.0.jpg  cat.1.jpg ... dog.0.jpg  dog.1.jpg ...
 */
#include "data/dataset_kind.h"
#include "data/file.h"
#include "data/listing.h"

#include <string.h>

/* The length of WORD in WORD.NUMBER.ending, 0 if the name is no such. A word does not begin with
 * a digit: the files of Kaggle's test set (1.jpg) have no label. */
static size_t word_length(const char *name)
{
    const size_t word = strcspn(name, ".");
    if (!word || (name[0] >= '0' && name[0] <= '9') || !name[word])
        return 0;
    const size_t digits = strspn(name + word + 1, "0123456789");
    const char *ending = name + word + 1 + digits;
    return digits && strrchr(name, '.') == ending && dat_name_is_image(name) ? word : 0;
}

static int is_labelled(const char *name)
{
    return word_length(name) > 0;
}

static enum eng_err holds(const char *folder, int *yes)
{
    return dat_listing_any(folder, is_labelled, yes);
}

static enum eng_err scan_folder(struct dat_catalog *catalog, const char *folder,
                                enum dat_split split, struct eng_why *why)
{
    struct dat_listing listing;
    ENG_TRY(dat_listing_read(&listing, folder, why));
    enum eng_err err = ENG_OK;
    for (size_t i = 0; i < listing.count && !err; i++) {
        const char *name = listing.names[i];
        const size_t word = word_length(name);
        if (!word)
            continue;
        const size_t label = dat_catalog_find_class(catalog, name, word);
        if (label == catalog->class_count)
            err = dat_catalog_add_class(catalog, name, word);
        if (!err)
            err = dat_catalog_add_item(catalog,
                                       &(struct dat_item){.label = (int)label,
                                                          .split = split,
                                                          .name = dat_path_join(folder, name)});
    }
    dat_listing_release(&listing);
    return err;
}

static const struct dat_layout layout = {.holds = holds, .scan = scan_folder};

const struct dat_kind dat_kind_kaggle = {
    .title = "Kaggle's flat layout",
    .wanted = "cat.0.jpg, dog.0.jpg, ...",
    .classes = "*",
    .layout = &layout,
};
