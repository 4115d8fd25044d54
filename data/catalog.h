/* What DATA holds, as a kind of data set finds it: classes under their own names and the items of
 * each, before the user's choice of classes and before a split is drawn. The builder behind
 * data/dataset.h; nothing else needs it. */
#ifndef DAT_CATALOG_H
#define DAT_CATALOG_H

#include "data/dataset.h"

struct dat_catalog {
    char **classes; /* owned, all different */
    size_t class_count, class_capacity;
    size_t *slots, slot_count; /* where names are looked up; see catalog.c */
    struct dat_item *items;    /* label: index of a class; names owned */
    size_t item_count, item_capacity;
    int has_split; /* the items' splits mean something */
    int drawing;   /* synthetic: which of its sets */
};

void dat_catalog_release(struct dat_catalog *catalog);

/* Appends a class; name[0..length) is copied. */
enum eng_err dat_catalog_add_class(struct dat_catalog *catalog, const char *name, size_t length);

/* The index of a class, or class_count. */
size_t dat_catalog_find_class(const struct dat_catalog *catalog, const char *name, size_t length);

/* Appends a copy of *item and numbers it. Takes item->name, also on error; it must come from
 * malloc, and NULL (a malloc that failed) is ENG_NOMEM. */
enum eng_err dat_catalog_add_item(struct dat_catalog *catalog, const struct dat_item *item);

/* Brings the classes into bytewise order of their names and adapts the labels. */
enum eng_err dat_catalog_sort_classes(struct dat_catalog *catalog);

#endif
