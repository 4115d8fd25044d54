/* Room at the end of an array that grows as it is filled, doubling, so that n elements cost O(n).
 */
#ifndef DAT_GROW_H
#define DAT_GROW_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* array (NULL at first) with room for element number `count`, each `size` bytes: the same block
 * while *capacity is larger than count, else a larger one. NULL when there is none; array is then
 * still the caller's. */
static inline void *dat_grow(void *array, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return array;
    const size_t wanted = *capacity ? *capacity : 8;
    if (wanted > SIZE_MAX / 2 / size)
        return NULL;
    void *larger = realloc(array, 2 * wanted * size);
    if (larger)
        *capacity = 2 * wanted;
    return larger;
}

#endif
