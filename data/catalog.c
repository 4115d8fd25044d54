/* Classes are looked up for every item, and there may be as many as items. A name's place in a
 * table is its hash, or the next that is free:
 *
 *     classes   0 "cat"  1 "dog"  2 "cow"
 *     slots     . 2 . . 1 3 . .              index + 1 of the class; at most half are taken
 */
#include "data/catalog.h"

#include "data/grow.h"

#include <stdlib.h>
#include <string.h>

void dat_catalog_release(struct dat_catalog *catalog)
{
    for (size_t i = 0; i < catalog->class_count; i++)
        free(catalog->classes[i]);
    free(catalog->classes);
    free(catalog->slots);
    for (size_t i = 0; i < catalog->item_count; i++)
        free((char *)catalog->items[i].name);
    free(catalog->items);
    *catalog = (struct dat_catalog){0};
}

/* The slot that has the class of this name, or the free one where it would be. */
static size_t *find_slot(const struct dat_catalog *catalog, const char *name, size_t length)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619U;
    for (size_t at = hash;; at++) {
        size_t *slot = &catalog->slots[at & (catalog->slot_count - 1)];
        const char *other = *slot ? catalog->classes[*slot - 1] : NULL;
        if (!other || (!strncmp(other, name, length) && !other[length]))
            return slot;
    }
}

static void fill_slots(struct dat_catalog *catalog)
{
    if (catalog->slots)
        memset(catalog->slots, 0, catalog->slot_count * sizeof *catalog->slots);
    for (size_t i = 0; i < catalog->class_count; i++)
        *find_slot(catalog, catalog->classes[i], strlen(catalog->classes[i])) = i + 1;
}

/* Makes room for one class more. */
static enum eng_err grow_slots(struct dat_catalog *catalog)
{
    const size_t count = catalog->slot_count ? 2 * catalog->slot_count : 16;
    if (catalog->class_count < catalog->slot_count / 2)
        return ENG_OK;
    size_t *slots = calloc(count, sizeof *slots);
    if (!slots)
        return ENG_NOMEM;
    free(catalog->slots);
    catalog->slots = slots;
    catalog->slot_count = count;
    fill_slots(catalog);
    return ENG_OK;
}

enum eng_err dat_catalog_add_class(struct dat_catalog *catalog, const char *name, size_t length)
{
    ENG_TRY(grow_slots(catalog));
    char **classes = dat_grow(catalog->classes, &catalog->class_capacity, catalog->class_count,
                              sizeof *classes);
    if (!classes)
        return ENG_NOMEM;
    catalog->classes = classes;
    if (!(classes[catalog->class_count] = strndup(name, length)))
        return ENG_NOMEM;
    catalog->class_count++;
    *find_slot(catalog, name, length) = catalog->class_count;
    return ENG_OK;
}

size_t dat_catalog_find_class(const struct dat_catalog *catalog, const char *name, size_t length)
{
    const size_t index = catalog->slots ? *find_slot(catalog, name, length) : 0;
    return index ? index - 1 : catalog->class_count;
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
    fill_slots(catalog);
    free(named);
    free(renamed);
    return ENG_OK;
}
