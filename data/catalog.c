#include "data/catalog.h"

#include "data/grow.h"

#include <stdlib.h>
#include <string.h>

void dat_catalog_release(struct dat_catalog *catalog)
{
    for (size_t i = 0; i < catalog->class_count; i++)
        free(catalog->classes[i]);
    free(catalog->classes);
    for (size_t i = 0; i < catalog->item_count; i++)
        free((char *)catalog->items[i].name);
    free(catalog->items);
    *catalog = (struct dat_catalog){0};
}

enum eng_err dat_catalog_add_class(struct dat_catalog *catalog, const char *name, size_t length)
{
    char **classes = dat_grow(catalog->classes, &catalog->class_capacity, catalog->class_count,
                              sizeof *classes);
    if (!classes)
        return ENG_NOMEM;
    catalog->classes = classes;
    if (!(classes[catalog->class_count] = strndup(name, length)))
        return ENG_NOMEM;
    catalog->class_count++;
    return ENG_OK;
}

size_t dat_catalog_find_class(const struct dat_catalog *catalog, const char *name, size_t length)
{
    for (size_t i = catalog->class_count; i-- > 0;)
        if (!strncmp(catalog->classes[i], name, length) && !catalog->classes[i][length])
            return i;
    return catalog->class_count;
}

enum eng_err dat_catalog_add_item(struct dat_catalog *catalog, const struct dat_item *item)
{
    struct dat_item *items = NULL;
    if (item->name)
        items = dat_grow(catalog->items, &catalog->item_capacity, catalog->item_count,
                         sizeof *items);
    if (!items) {
        free((char *)item->name);
        return ENG_NOMEM;
    }
    catalog->items = items;
    items[catalog->item_count] = *item;
    items[catalog->item_count].number = catalog->item_count;
    catalog->item_count++;
    return ENG_OK;
}

struct named {
    char *name;
    int label;
};

static int compare_named(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

enum eng_err dat_catalog_sort_classes(struct dat_catalog *catalog)
{
    const size_t n = catalog->class_count;
    struct named *named = calloc(n + !n, sizeof *named);
    int *renamed = calloc(n + !n, sizeof *renamed);
    if (!named || !renamed) {
        free(named);
        free(renamed);
        return ENG_NOMEM;
    }
    for (size_t i = 0; i < n; i++)
        named[i] = (struct named){catalog->classes[i], (int)i};
    qsort(named, n, sizeof *named, compare_named);
    for (size_t i = 0; i < n; i++) {
        catalog->classes[i] = named[i].name;
        renamed[named[i].label] = (int)i;
    }
    for (size_t i = 0; i < catalog->item_count; i++)
        catalog->items[i].label = renamed[catalog->items[i].label];
    free(named);
    free(renamed);
    return ENG_OK;
}
