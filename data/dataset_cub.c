/* CUB's layout: images below DATA/images, everything else in text files (data/cub.h). */
#include "data/budget.h"
#include "data/cub.h"
#include "data/dataset_kind.h"
#include "data/file.h"
#include "engine/tensor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int is_file(const char *path)
{
    struct stat st;
    return !stat(path, &st) && S_ISREG(st.st_mode);
}

static enum eng_err claims(const char *data, int *yes)
{
    char *path = dat_path_join(data, dat_cub_name[DAT_CUB_IMAGES]);
    if (!path)
        return ENG_NOMEM;
    *yes = is_file(path);
    free(path);
    return ENG_OK;
}

/* Reads one of the text files; *bytes stays NULL if it may be absent and is. */
static enum eng_err read_text(uint8_t **bytes, size_t *count, const char *data,
                              enum dat_cub_file which, struct eng_why *why)
{
    char *path = dat_path_join(data, dat_cub_name[which]);
    if (!path)
        return ENG_NOMEM;
    enum eng_err err = ENG_OK;
    if (which < DAT_CUB_SPLIT || is_file(path))
        err = dat_file_read(bytes, count, path, why);
    free(path);
    return err;
}

static enum eng_err add_all(struct dat_catalog *catalog, const struct dat_cub *cub,
                            const char *folder)
{
    for (size_t i = 0; i < cub->class_count; i++)
        ENG_TRY(dat_catalog_add_class(catalog, cub->classes[i], strlen(cub->classes[i])));
    for (size_t i = 0; i < cub->image_count; i++) {
        const struct dat_cub_image *image = &cub->images[i];
        struct dat_item item = {.label = (int)image->class_index,
                                .split = image->for_training ? DAT_TRAIN : DAT_HELDOUT,
                                .name = dat_path_join(folder, image->path),
                                .has_box = cub->has_boxes};
        memcpy(item.box, image->box, sizeof item.box);
        ENG_TRY(dat_catalog_add_item(catalog, &item));
    }
    catalog->has_split = cub->has_split;
    return ENG_OK;
}

static enum eng_err scan(struct dat_catalog *catalog, const char *data,
                         const struct dat_dataset_options *options, struct eng_why *why)
{
    struct dat_budget budget = dat_budget_of(options->file_memory);
    uint8_t *bytes[DAT_CUB_FILES] = {0};
    struct dat_cub_text text[DAT_CUB_FILES] = {0};
    struct dat_cub cub = {0};
    enum eng_err err = ENG_OK;

    for (int i = 0; i < DAT_CUB_FILES && !err; i++) {
        err = read_text(&bytes[i], &text[i].count, data, i, why);
        text[i].bytes = (const char *)bytes[i];
        if (!err)
            err = dat_budget_take(&budget, eng_product(DAT_CUB_MULTIPLE, text[i].count), why);
    }
    if (!err)
        err = dat_cub_parse(&cub, text, why);
    if (err == ENG_TOOBIG || err == ENG_FORMAT)
        eng_fail_in(why, err, data);
    if (!err) {
        char *folder = dat_path_join(data, "images");
        err = folder ? add_all(catalog, &cub, folder) : ENG_NOMEM;
        free(folder);
    }
    dat_cub_release(&cub);
    for (int i = 0; i < DAT_CUB_FILES; i++)
        free(bytes[i]);
    return err;
}

const struct dat_kind dat_kind_cub = {
    .title = "CUB layout",
    .wanted = "CUB's images.txt and its companions",
    .classes = "warbler=*Warbler,sparrow=*Sparrow",
    .claims = claims,
    .scan = scan,
};
