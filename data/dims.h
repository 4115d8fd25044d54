/* How many elements a tensor has by its dims, which come out of a file. */
#ifndef DAT_DIMS_H
#define DAT_DIMS_H

#include <stddef.h>

/* Sets *count to the product of the dims and returns 1, or 0 if that many elements of eight bytes,
 * the widest there are, are more than memory can address: so what is read in one type and format
 * can be written in any other. Dims of 0 do not hide that the others are too large, nor does their
 * order: whoever multiplies some of them later need not check again. */
int dat_dims_count(size_t *count, const size_t *dim, size_t rank);

#endif
