/* Labelled images, from what a user has: one string DATA, told by what it holds.
 *
 *   DATA                                     kind
 *   synthetic:cats-dogs[,count=N]            pictures drawn here, each with its truth mask
 *   folder with images.txt, classes.txt ...  CUB: classes, split and boxes from the metadata
 *   folder with cat.0.jpg, dog.0.jpg ...     Kaggle's flat layout: WORD.NUMBER.ending
 *   folder with cat/any.jpg, dog/any.jpg     a folder per class
 *
 * The last two are also found in DATA/train. If DATA/test (or else DATA/val) has the same layout,
 * it is the held-out split. CUB brings its own split, too. Otherwise a share of every class is
 * held out, picked by a seed.
 *
 * Items are in natural order of their paths (CUB: in the order of its ids), so numbers, split and
 * results do not depend on the file system. Labels 0, 1, ... follow the bytewise order of the
 * class names, as torchvision's ImageFolder counts them (CUB: the order of its ids; synthetic: the
 * set's own), unless `classes` says otherwise:
 *
 *   warbler=*Warbler,sparrow=*Sparrow    two classes, each of all classes that match (CUB default)
 *   pet=cat|dog,wild=*                   "|" joins patterns; the first entry that matches wins
 *   dog,cat                              without "=": what matches stays as it is, in this order
 *
 * Patterns are those of fnmatch(3), case-sensitive; CUB's names are matched without the number in
 * front of them. What matches no entry is left out.
 */
#ifndef DAT_DATASET_H
#define DAT_DATASET_H

#include "data/hash.h"
#include "data/image.h"

#include <stddef.h>
#include <stdint.h>

enum dat_split { DAT_TRAIN, DAT_HELDOUT, DAT_SPLITS };

struct dat_item {
    int label; /* 0 .. class count - 1 */
    enum dat_split split;
    const char *name; /* the path of the file; synthetic:cats-dogs/17 */
    int has_box;
    float box[4];  /* where the object is: x, y, width, height in pixels of the file */
    size_t number; /* its place among all that DATA holds, before `classes` chose */
};

struct dat_class {
    const char *name;
    size_t members;           /* how many of DATA's own classes it is made of */
    size_t count[DAT_SPLITS]; /* items */
};

struct dat_dataset_options {
    const char *classes; /* see above; NULL: the classes that DATA holds */
    double holdout;      /* share to hold out where DATA brings no split, 0 <= holdout < 1 */
    uint64_t seed;       /* picks what is held out, and the synthetic pictures */
    size_t size;         /* of synthetic pictures: width and height in pixels */
    size_t file_memory;  /* bytes that reading a file may take: data/budget.h; 0: no bound */
};
#define DAT_DATASET_DEFAULTS ((struct dat_dataset_options){.holdout = 0.2, .size = 224})

struct dat_dataset;

/* Opens DATA; nothing is decoded yet. On error *out is NULL and why says what is wrong with DATA:
 * it is not there, holds nothing of the above, less than two classes, a class without images (or
 * without any for training), metadata that is damaged (file:line). */
enum eng_err dat_dataset_open(struct dat_dataset **out, const char *data,
                              const struct dat_dataset_options *options, struct eng_why *why);

void dat_dataset_free(struct dat_dataset *set); /* NULL allowed */

/* All that follows is borrowed from the set. A set that is open never changes, so any number of
 * threads may use it. */
size_t dat_dataset_count(const struct dat_dataset *set);
const struct dat_item *dat_dataset_item(const struct dat_dataset *set, size_t index);
int dat_dataset_class_count(const struct dat_dataset *set);
const struct dat_class *dat_dataset_class(const struct dat_dataset *set, int label);

/* One line for reports: "CUB layout, 1418 images, its own split; warbler (25 classes) 574 for
 * training and 200 held out; ...". Of many classes only the first ten are named. */
const char *dat_dataset_about(const struct dat_dataset *set);

/* True if every item comes with a truth mask. */
int dat_dataset_has_masks(const struct dat_dataset *set);

/* The indices of a split's items, ascending, in *indices (*count of them; the caller frees). With
 * cap > 0 only cap of them (all, if there are fewer): the same number of each class as far as the
 * cap divides and the classes last, picked at random by `seed`; a smaller cap picks a subset. */
enum eng_err dat_dataset_indices(const struct dat_dataset *set, enum dat_split split, size_t cap,
                                 uint64_t seed, size_t **indices, size_t *count);

/* Adds what tells these items from others: their labels, their paths within DATA, and how many
 * bytes the files have; the same photos in another place are the same. */
void dat_dataset_hash(struct dat_hash *hash, const struct dat_dataset *set, const size_t *indices,
                      size_t count);

/* Reads one item into *image (the caller releases). mask may be NULL; else *mask is the truth mask
 * in new memory (the caller frees): [height][width] bytes, 255 on the object, 0 elsewhere, or
 * NULL if the set has none. A damaged file is reported as dat_photo_read does. */
enum eng_err dat_dataset_read(const struct dat_dataset *set, size_t index, struct dat_image *image,
                              uint8_t **mask, struct eng_why *why);

#endif
