/* The images of a command (gad/cli/sources.h), one picture after the other.
 *
 *     photo.jpg                      -> the photo, preprocessed as the model wants it
 *     standard input                 -> the same, called "stdin"
 *     input.npy  (3,H,W)             -> the tensor as it is, of its own size
 *     inputs.npy (N,3,H,W)           -> N tensors: inputs.npy[0], inputs.npy[1], ...
 *
 * A .npy file is one by its first bytes or its name. A tensor in it counts as normalised already.
 *
 *     struct cli_image image;
 *     for (int more = 1; more;) {
 *         err = cli_images_next(images, &image, &more, &why);
 *         if (err != ENG_OK)
 *             ... say so, and go on: the next call brings the next picture
 *         else if (more)
 *             ... cli_image_release(&image)
 *     }
 */
#ifndef CLI_IMAGES_H
#define CLI_IMAGES_H

#include "data/preprocess.h"
#include "gad/cli/sources.h"

struct cli_image {
    char *name; /* as the user gave it; of several tensors in one file "inputs.npy[3]" */
    char *stem; /* a name for a folder of what is made of it: "photo", "inputs.3" */
    size_t height, width;
    float *x;                 /* [3][height][width], normalised */
    struct dat_image picture; /* the same to look at, of the same size */
};
void cli_image_release(struct cli_image *image); /* an empty or zeroed image is allowed */

struct cli_images;

/* Prepares to read the sources (borrowed; preprocess is copied), each of which may take file_memory
 * bytes (data/budget.h; 0: no bound). ENG_NOMEM. */
enum eng_err cli_images_new(struct cli_images **out, const struct cli_sources *sources,
                            const struct dat_preprocess *preprocess, size_t file_memory);
void cli_images_free(struct cli_images *images); /* NULL allowed */

/* Sources that are done with, for the progress bar. */
size_t cli_images_done(const struct cli_images *images);

/* *image = the next picture, which the caller releases. Past the last, *more is 0 and the image
 * empty. An error is about one source or one of its tensors, and why's text begins with its
 * name; the next call goes on behind it.
 *
 * Stems are the file's name without folders and ending. Those of one reader all differ: what
 * would be the second "photo" is "photo-2". */
enum eng_err cli_images_next(struct cli_images *images, struct cli_image *image, int *more,
                             struct eng_why *why);

#endif
