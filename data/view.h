/* An array whose elements lie in memory by strides, and not one after the other: a transposed or
 * cut tensor of PyTorch's, or NumPy's Fortran order; and of either byte order.
 *
 *     element (i, j) of dim {2, 3} is at    stride {3, 1}: 3 i + j     0 1 2 | 3 4 5
 *                                           stride {1, 2}: i + 2 j     0 2 4 | 1 3 5 */
#ifndef DAT_VIEW_H
#define DAT_VIEW_H

#include <stddef.h>
#include <stdint.h>

#define DAT_VIEW_MAX_RANK 8

struct dat_view {
    const uint8_t *bytes; /* of the first element; not aligned to anything */
    size_t element;       /* bytes of each: 1, 2, 4 or 8 */
    int swapped;          /* the bytes of each are the wrong way round */
    size_t rank, dim[DAT_VIEW_MAX_RANK], stride[DAT_VIEW_MAX_RANK]; /* in elements */
};

/* Sets *size to the bytes of all elements and returns 1, or 0 if they are too many by
 * dat_dims_count. */
int dat_view_size(size_t *size, const struct dat_view *view);

/* 1 if every element is one of the first `count` from view->bytes on. */
int dat_view_fits(const struct dat_view *view, size_t count);

/* 1 if the bytes are as dat_view_copy would write them: nothing needs to be copied. */
int dat_view_is_plain(const struct dat_view *view);

/* Writes all elements one after the other, last dimension fastest, in this machine's byte order.
 * The view must have a size and fit. */
void dat_view_copy(void *out, const struct dat_view *view);

#endif
