/* The images of a batch laid out as one sequence of positions, so that the patches of neighbouring
 * positions are neighbours in memory, and no patch is ever copied.
 *
 * Rows of all images stand one behind the other, with zeros between them: enough on the right of a
 * row to be the padding on the left of the next one, too, and likewise between images.
 *
 *      0 0 0 0 0 0 0 0
 *      a a a a a 0 b b b b b 0 c c c c c 0    a, b, c: rows of an image, 5 wide, padding 1
 *      0 0 0 0 0 0 d d d d d 0 ...            one row of zeros, then the next image
 *
 * A number of the patch of position q, that of tap (ky, kx), stands a constant distance from q. So
 * a run of positions times a run of channels, at any tap, is a matrix that can be read in place.
 * The price are the positions that stand on zeros: they are computed and thrown away.
 *
 * With a stride s the rows y = r, r + s, r + 2s ... are a plane of their own, r < s, and positions
 * are s numbers apart in a row; `split` makes planes of columns, too, and every position's
 * neighbour is then the next number. */
#ifndef ENG_SEQUENCE_H
#define ENG_SEQUENCE_H

#include "engine/patches.h"

struct eng_sequence {
    const struct eng_patches *patches;
    size_t planes[2]; /* of rows, of columns */
    size_t rows;      /* of a plane, for each image; as many rows of positions */
    size_t pitch;     /* positions of a row, those on zeros among them */
    size_t width;     /* numbers of a plane's row (times channels): pitch, or pitch times stride */
    size_t lead[2];   /* zeros before the first row and column of an image */
    size_t skip[2];   /* from the place of position (0, 0) to its patch */
    size_t halo;      /* rows of a plane that the patches of a row of positions reach further */
};

/* multiple: the pitch is one of it. */
struct eng_sequence eng_sequence(const struct eng_patches *patches, int split, size_t multiple);

/* Rows of positions in all. */
static inline size_t eng_sequence_rows(const struct eng_sequence *s)
{
    return s->patches->images * s->rows;
}

/* Row `row` of the plane of row phase r: the image's row that stands there, or NULL: zeros. */
const float *eng_sequence_row(const struct eng_sequence *s, size_t r, size_t row);

/* The plane, and the row and column in it, of tap ky or kx of position (0, 0); d: 0 rows, 1
 * columns. */
static inline size_t eng_sequence_plane(const struct eng_sequence *s, int d, size_t tap)
{
    return (tap + s->skip[d]) % s->planes[d];
}
static inline size_t eng_sequence_place(const struct eng_sequence *s, int d, size_t tap)
{
    return (tap + s->skip[d]) / s->planes[d];
}

/* The position of an image that stands at column `column` of row `row` of positions: its number
 * among the positions of all images; *count, of the columns from there to `end` those that are
 * positions as well, or 0: there is none, and the result means nothing. */
size_t eng_sequence_position(const struct eng_sequence *s, size_t row, size_t column, size_t end,
                             size_t *count);

#endif
