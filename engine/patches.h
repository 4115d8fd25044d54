/* The patches of a batch of images as a matrix: what a convolution multiplies by its filters.
 *
 *      image, one row: | c c c | c c c | c c c | c c c |
 *                              '------- kw * c --------'   row ky of the patch of one position
 *
 * A row of the matrix is the patch of a position, its columns are (ky, kx, c). Positions stand
 * image by image, row by row. Outside of the image is zero. */
#ifndef ENG_PATCHES_H
#define ENG_PATCHES_H

#include "engine/gemm.h"
#include "engine/op.h"

struct eng_patches {
    struct eng_source source; /* first, so that a pointer to one is a pointer to the other */
    size_t images;
    const float *x;
    struct eng_extent extent; /* of x */
    size_t kernel[2], step[2];
    ptrdiff_t origin[2]; /* in x, of the patch of position (0, 0) */
    size_t positions[2]; /* of an image: rows, columns */
};

/* Of images x[images][h][w][c]; the caller fills in kernel, step, origin and positions. */
struct eng_patches eng_patches(size_t images, const float *x, const struct eng_extent *extent);

#endif
