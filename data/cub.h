/* The metadata of a CUB data set (Caltech-UCSD Birds), as text in memory.
 *
 *   images.txt               1 001.Black_footed_Albatross/Black_Footed_Albatross_0046.jpg
 *   classes.txt              1 001.Black_footed_Albatross
 *   image_class_labels.txt   1 1                       image, class
 *   train_test_split.txt     1 0                       image, 1 = for training    (may be absent)
 *   bounding_boxes.txt       1 60.0 27.0 325.0 304.0   image, x, y, width, height (may be absent)
 *
 * The files come from anywhere, so nothing in them is believed: ids are looked up, never used as
 * indices, and paths may not leave the folder.
 */
#ifndef DAT_CUB_H
#define DAT_CUB_H

#include "engine/err.h"

#include <stddef.h>

enum dat_cub_file {
    DAT_CUB_IMAGES,
    DAT_CUB_CLASSES,
    DAT_CUB_LABELS,
    DAT_CUB_SPLIT,
    DAT_CUB_BOXES,
    DAT_CUB_FILES /* how many; those from DAT_CUB_SPLIT on may be absent */
};

/* Their names, as above. */
extern const char *const dat_cub_name[DAT_CUB_FILES];

/* The bytes of one file; NULL if there is none. Need not end in a NUL. */
struct dat_cub_text {
    const char *bytes;
    size_t count;
};

struct dat_cub_image {
    char *path; /* below the images folder; never absolute, no ".." in it; owned */
    size_t class_index;
    int for_training;
    float box[4]; /* x, y, width, height in pixels */
};

struct dat_cub {
    char *
        *classes; /* names without their number ("Black_footed_Albatross"), all different; owned */
    size_t class_count;
    struct dat_cub_image *images;
    size_t image_count;
    int has_split, has_boxes; /* else for_training, box are 0 */
};

/* Bytes of memory that a byte of the texts takes at the most. */
#define DAT_CUB_MULTIPLE 50

/* Reads the texts into *out: classes and images in the order of their ids. ENG_FORMAT for a
 * malformed line, an id that is given twice or is unknown, an image that lacks a line in one of
 * the files; why's text then begins "file:line: ". Takes at most DAT_CUB_MULTIPLE, and 4 KiB. On
 * error *out is empty. */
enum eng_err dat_cub_parse(struct dat_cub *out, const struct dat_cub_text text[DAT_CUB_FILES],
                           struct eng_why *why);

void dat_cub_release(struct dat_cub *cub);

#endif
