#include "data/roots.h"

#include "data/file.h"

#include <stdlib.h>
#include <string.h>

struct roots {
    char *train;   /* NULL: nowhere */
    char *heldout; /* NULL: DATA brings no split */
};

static void roots_release(struct roots *roots)
{
    free(roots->train);
    free(roots->heldout);
    *roots = (struct roots){0};
}

/* *found = the path (NULL was a failed malloc) if it has the layout, else NULL. Takes path. */
static enum eng_err keep_if(char **found, char *path, const struct dat_layout *layout)
{
    int yes = 0;
    const enum eng_err err = path ? layout->holds(path, &yes) : ENG_NOMEM;
    *found = path;
    if (err || !yes) {
        free(path);
        *found = NULL;
    }
    return err;
}

static enum eng_err roots_find(struct roots *out, const struct dat_layout *layout, const char *data)
{
    *out = (struct roots){0};
    ENG_TRY(keep_if(&out->train, dat_path_join(data, "train"), layout));
    if (!out->train)
        return keep_if(&out->train, strdup(data), layout);

    enum eng_err err = keep_if(&out->heldout, dat_path_join(data, "test"), layout);
    if (!err && !out->heldout)
        err = keep_if(&out->heldout, dat_path_join(data, "val"), layout);
    if (err)
        roots_release(out);
    return err;
}

enum eng_err dat_roots_claim(const struct dat_layout *layout, const char *data, int *yes)
{
    struct roots roots;
    ENG_TRY(roots_find(&roots, layout, data));
    *yes = roots.train != NULL;
    roots_release(&roots);
    return ENG_OK;
}

enum eng_err dat_roots_scan(const struct dat_layout *layout, struct dat_catalog *catalog,
                            const char *data, struct eng_why *why)
{
    struct roots roots;
    ENG_TRY(roots_find(&roots, layout, data));
    enum eng_err err = layout->scan(catalog, roots.train, DAT_TRAIN, why);
    if (!err && roots.heldout) {
        catalog->has_split = 1;
        err = layout->scan(catalog, roots.heldout, DAT_HELDOUT, why);
    }
    roots_release(&roots);
    return err ? err : dat_catalog_sort_classes(catalog);
}
