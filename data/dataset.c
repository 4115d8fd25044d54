/* A kind of data set finds classes and items (a catalog); here the user's choice of classes is
 * applied to them, what cannot be trained on is refused, and the split is drawn.
 *
 *   DATA --kind--> catalog --grouping--> classes, items --hold-out--> train | held out
 */
#include "data/dataset.h"

#include "data/dataset_kind.h"
#include "data/file.h"
#include "data/grouping.h"
#include "data/photo.h"
#include "engine/rng.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct dat_dataset {
    const struct dat_kind *kind;
    struct dat_dataset_options options; /* .classes is not kept */
    struct dat_catalog catalog;         /* its items are the set's, with the final labels */
    struct dat_grouping grouping;
    struct dat_class *classes; /* grouping.count of them; names borrowed from the grouping */
    size_t root;               /* bytes of DATA, which the paths of files begin with */
    char *about;
};

static const struct dat_kind *const kinds[] = {
#define DAT_KIND_POINTER(kind) &dat_kind_##kind,
    DAT_KINDS(DAT_KIND_POINTER)
#undef DAT_KIND_POINTER
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* The sentence for DATA that no kind claims. */
static enum eng_err fail_unknown(const char *data, struct eng_why *why)
{
    struct stat st;
    if (stat(data, &st) && (errno == ENOENT || errno == ENOTDIR))
        return eng_fail(why, ENG_MISSING,
                        "%.200s: not found; give a folder with images, or synthetic:cats-dogs",
                        data);
    if (!dat_folder_is(data))
        return eng_fail(why, ENG_IO,
                        "%.200s: is no folder that can be read; give the folder of the data set",
                        data);
    char wanted[256];
    size_t length = 0;
    for (int i = 0; i < KINDS && length < sizeof wanted; i++)
        length += (size_t)snprintf(wanted + length, sizeof wanted - length, "%s%s",
                                   i ? "; or " : "", kinds[i]->wanted);
    return eng_fail(why, ENG_UNSUPPORTED, "%.150s: holds no data set; wanted is %s", data, wanted);
}

static enum eng_err claims(const struct dat_kind *kind, const char *data, int *yes)
{
    return kind->layout ? dat_roots_claim(kind->layout, data, yes) : kind->claims(data, yes);
}

static enum eng_err scan(struct dat_dataset *set, const char *data, struct eng_why *why)
{
    const struct dat_kind *kind = set->kind;
    return kind->layout ? dat_roots_scan(kind->layout, &set->catalog, data, why)
                        : kind->scan(&set->catalog, data, &set->options, why);
}

static enum eng_err find_kind(const struct dat_kind **out, const char *data, struct eng_why *why)
{
    for (int i = 0; i < KINDS; i++) {
        int yes = 0;
        ENG_TRY(claims(kinds[i], data, &yes));
        if (yes) {
            *out = kinds[i];
            return ENG_OK;
        }
    }
    return fail_unknown(data, why);
}

/* Gives the items their final labels and drops those of classes that were left out. */
static enum eng_err choose_classes(struct dat_dataset *set, const char *text, struct eng_why *why)
{
    struct dat_catalog *catalog = &set->catalog;
    ENG_TRY(dat_grouping_init(&set->grouping, text ? text : set->kind->classes, catalog->classes,
                              catalog->class_count, why));
    if (!(set->classes = calloc(set->grouping.count + 1, sizeof *set->classes)))
        return ENG_NOMEM;
    for (size_t i = 0; i < set->grouping.count; i++) {
        set->classes[i].name = set->grouping.names[i];
        set->classes[i].members = set->grouping.members[i];
    }

    size_t kept = 0;
    for (size_t i = 0; i < catalog->item_count; i++) {
        struct dat_item item = catalog->items[i];
        item.label = set->grouping.label[item.label];
        if (!catalog->has_split)
            item.split = DAT_TRAIN;
        if (item.label < 0) {
            free((char *)item.name);
            continue;
        }
        catalog->items[kept++] = item;
        set->classes[item.label].count[item.split]++;
    }
    catalog->item_count = kept;
    return ENG_OK;
}

static enum eng_err check_classes(const struct dat_dataset *set, struct eng_why *why)
{
    for (size_t i = 0; i < set->grouping.count; i++) {
        const struct dat_class *class = &set->classes[i];
        if (class->count[DAT_TRAIN])
            continue;
        if (class->count[DAT_HELDOUT])
            return eng_fail(why, ENG_FORMAT,
                            "class '%.100s' has no images for training; add some, or choose other "
                            "classes with --classes",
                            class->name);
        return eng_fail(why, ENG_FORMAT,
                        "class '%.100s' has no images; add some, or choose other classes with "
                        "--classes",
                        class->name);
    }
    if (set->grouping.count < 2)
        return eng_fail(why, ENG_FORMAT,
                        "holds only one class, '%.100s'; telling apart takes two or more",
                        set->classes[0].name);
    return ENG_OK;
}

/* The indices of a split, class by class: those of class c are indices[start[c] .. start[c + 1]).
 * The caller frees both. */
static enum eng_err list_by_class(const struct dat_dataset *set, enum dat_split split,
                                  size_t **indices, size_t **start)
{
    const size_t classes = set->grouping.count;
    size_t total = 0;
    *start = calloc(classes + 1, sizeof **start);
    size_t *next = calloc(classes + 1, sizeof *next);
    for (size_t c = 0; c < classes && *start && next; c++) {
        next[c] = total;
        total += set->classes[c].count[split];
        (*start)[c + 1] = total;
    }
    *indices = calloc(total + 1, sizeof **indices);
    if (!*start || !next || !*indices) {
        free(*start);
        free(*indices);
        free(next);
        return ENG_NOMEM;
    }
    for (size_t i = 0; i < set->catalog.item_count; i++)
        if (set->catalog.items[i].split == split)
            (*indices)[next[set->catalog.items[i].label]++] = i;
    free(next);
    return ENG_OK;
}

/* Streams of the set's random numbers. Those that pick the hold-out and those that pick a subset
 * differ, else a subset of what was held out would hardly be random. */
enum { STREAM_HOLDOUT = 0x486f6c64, STREAM_SUBSET = 0x53756273 };

static void shuffle_class(size_t *indices, size_t n, uint64_t seed, uint64_t stream, size_t label)
{
    struct eng_rng r;
    eng_rng_init(&r, seed, stream << 32 | label);
    eng_rng_shuffle(&r, indices, n);
}

/* Holds out the same share of each class, rounded, but of two or more images at least one and
 * never all of them. */
static enum eng_err draw_holdout(struct dat_dataset *set)
{
    size_t *indices, *start;
    ENG_TRY(list_by_class(set, DAT_TRAIN, &indices, &start));
    for (size_t c = 0; c < set->grouping.count; c++) {
        const size_t n = start[c + 1] - start[c];
        size_t held = (size_t)llround(set->options.holdout * (double)n);
        if (held == 0 && set->options.holdout > 0)
            held = 1;
        if (held >= n)
            held = n - 1;
        shuffle_class(indices + start[c], n, set->options.seed, STREAM_HOLDOUT, c);
        for (size_t i = 0; i < held; i++)
            set->catalog.items[indices[start[c] + i]].split = DAT_HELDOUT;
        set->classes[c].count[DAT_TRAIN] -= held;
        set->classes[c].count[DAT_HELDOUT] += held;
    }
    free(indices);
    free(start);
    return ENG_OK;
}

enum { NAMED_IN_ABOUT = 10 };

static enum eng_err write_about(struct dat_dataset *set)
{
    size_t length;
    FILE *out = open_memstream(&set->about, &length);
    if (!out)
        return ENG_NOMEM;
    fprintf(out, "%s, %zu images, ", set->kind->title, set->catalog.item_count);
    if (set->catalog.has_split)
        fprintf(out, "its own split");
    else
        fprintf(out, "%g %% of each class held out (seed %llu)", 100 * set->options.holdout,
                (unsigned long long)set->options.seed);
    for (size_t c = 0; c < set->grouping.count && c < NAMED_IN_ABOUT; c++) {
        const struct dat_class *class = &set->classes[c];
        fprintf(out, "; %s", class->name);
        if (class->members > 1)
            fprintf(out, " (%zu classes)", class->members);
        fprintf(out, " %zu for training and %zu held out", class->count[DAT_TRAIN],
                class->count[DAT_HELDOUT]);
    }
    if (set->grouping.count > NAMED_IN_ABOUT)
        fprintf(out, "; and %zu classes more", set->grouping.count - NAMED_IN_ABOUT);
    const int failed = ferror(out);
    return fclose(out) || failed ? ENG_NOMEM : ENG_OK;
}

enum eng_err dat_dataset_open(struct dat_dataset **out, const char *data,
                              const struct dat_dataset_options *options, struct eng_why *why)
{
    *out = NULL;
    if (!(options->holdout >= 0 && options->holdout < 1))
        return eng_fail(why, ENG_ARG,
                        "cannot hold out a share of %g; it must be 0 or more and "
                        "less than 1",
                        options->holdout);
    struct dat_dataset *set = calloc(1, sizeof *set);
    if (!set)
        return ENG_NOMEM;
    set->options = *options;
    set->options.classes = NULL;
    set->root = strlen(data);

    enum eng_err err = find_kind(&set->kind, data, why);
    if (!err)
        err = scan(set, data, why);
    if (!err &&
        ((err = choose_classes(set, options->classes, why)) || (err = check_classes(set, why))))
        eng_fail_in(why, err, data);
    if (!err && !set->catalog.has_split)
        err = draw_holdout(set);
    if (!err)
        err = write_about(set);
    if (err) {
        dat_dataset_free(set);
        return err;
    }
    *out = set;
    return ENG_OK;
}

void dat_dataset_free(struct dat_dataset *set)
{
    if (!set)
        return;
    dat_catalog_release(&set->catalog);
    dat_grouping_release(&set->grouping);
    free(set->classes);
    free(set->about);
    free(set);
}

size_t dat_dataset_count(const struct dat_dataset *set)
{
    return set->catalog.item_count;
}

const struct dat_item *dat_dataset_item(const struct dat_dataset *set, size_t index)
{
    assert(index < set->catalog.item_count);
    return &set->catalog.items[index];
}

int dat_dataset_class_count(const struct dat_dataset *set)
{
    return (int)set->grouping.count;
}

const struct dat_class *dat_dataset_class(const struct dat_dataset *set, int label)
{
    assert(label >= 0 && (size_t)label < set->grouping.count);
    return &set->classes[label];
}

const char *dat_dataset_about(const struct dat_dataset *set)
{
    return set->about;
}

int dat_dataset_has_masks(const struct dat_dataset *set)
{
    return set->kind->draw != NULL;
}

static int compare_indices(const void *a, const void *b)
{
    const size_t p = *(const size_t *)a, q = *(const size_t *)b;
    return p < q ? -1 : p > q;
}

/* Moves cap indices to the front of the list: one of each class in turn, from classes that were
 * shuffled, until there are enough. */
static enum eng_err take_subset(size_t *indices, const size_t *start, size_t classes, size_t cap)
{
    size_t *taken = calloc(cap, sizeof *taken);
    if (!taken)
        return ENG_NOMEM;
    size_t n = 0;
    for (size_t round = 0; n < cap; round++)
        for (size_t c = 0; c < classes && n < cap; c++)
            if (round < start[c + 1] - start[c])
                taken[n++] = indices[start[c] + round];
    memcpy(indices, taken, cap * sizeof *taken);
    free(taken);
    return ENG_OK;
}

enum eng_err dat_dataset_indices(const struct dat_dataset *set, enum dat_split split, size_t cap,
                                 uint64_t seed, size_t **indices, size_t *count)
{
    const size_t classes = set->grouping.count;
    size_t *start;
    ENG_TRY(list_by_class(set, split, indices, &start));
    *count = start[classes];

    enum eng_err err = ENG_OK;
    if (cap && cap < *count) {
        for (size_t c = 0; c < classes; c++)
            shuffle_class(*indices + start[c], start[c + 1] - start[c], seed, STREAM_SUBSET, c);
        err = take_subset(*indices, start, classes, cap);
        *count = cap;
    }
    free(start);
    if (err) {
        free(*indices);
        *indices = NULL;
        *count = 0;
        return err;
    }
    qsort(*indices, *count, sizeof **indices, compare_indices);
    return ENG_OK;
}

void dat_dataset_hash(struct dat_hash *hash, const struct dat_dataset *set, const size_t *indices,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct dat_item *item = dat_dataset_item(set, indices[i]);
        const char *name = item->name;
        struct stat st;
        uint64_t numbers[2] = {(uint64_t)item->label, 0};
        if (!set->kind->draw) {
            numbers[1] = stat(name, &st) ? UINT64_MAX : (uint64_t)st.st_size;
            name += set->root;
            name += strspn(name, "/"); /* DATA may end in one */
        }
        dat_hash_update(hash, numbers, sizeof numbers);
        dat_hash_update(hash, name, strlen(name) + 1);
    }
}

enum eng_err dat_dataset_read(const struct dat_dataset *set, size_t index, struct dat_image *image,
                              uint8_t **mask, struct eng_why *why)
{
    const struct dat_item *item = dat_dataset_item(set, index);
    if (mask)
        *mask = NULL;
    if (set->kind->draw)
        return set->kind->draw(&set->catalog, &set->options, item->number, image, mask);
    struct dat_budget budget = dat_budget_of(set->options.file_memory);
    return dat_photo_read(image, item->name, &budget, why);
}
