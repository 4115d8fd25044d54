#include "data/png_filter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* With p = a + b - c: |p - a| = |b - c|, |p - b| = |a - c|. Ties go to a, then b. */
static inline int paeth(int a, int b, int c)
{
    const int from_a = abs(b - c), from_b = abs(a - c), from_c = abs(a + b - 2 * c);

    if (from_a <= from_b && from_a <= from_c)
        return a;
    return from_b <= from_c ? b : c;
}

void dat_png_filter(uint8_t *out, const uint8_t *row, const uint8_t *above, size_t bytes,
                    size_t step, int filter)
{
    const size_t first = step < bytes ? step : bytes; /* bytes of the first pixel: a = c = 0 */

    assert(filter >= 0 && filter < DAT_PNG_FILTERS);
    switch (filter) {
    case 0:
        memcpy(out, row, bytes);
        break;
    case 1:
        memcpy(out, row, first);
        for (size_t i = first; i < bytes; i++)
            out[i] = (uint8_t)(row[i] - row[i - step]);
        break;
    case 2:
        for (size_t i = 0; i < bytes; i++)
            out[i] = (uint8_t)(row[i] - above[i]);
        break;
    case 3:
        for (size_t i = 0; i < first; i++)
            out[i] = (uint8_t)(row[i] - above[i] / 2);
        for (size_t i = first; i < bytes; i++)
            out[i] = (uint8_t)(row[i] - (row[i - step] + above[i]) / 2);
        break;
    case 4:
        for (size_t i = 0; i < first; i++)
            out[i] = (uint8_t)(row[i] - above[i]);
        for (size_t i = first; i < bytes; i++)
            out[i] = (uint8_t)(row[i] - paeth(row[i - step], above[i], above[i - step]));
        break;
    }
}

void dat_png_unfilter(uint8_t *row, const uint8_t *above, size_t bytes, size_t step, int filter)
{
    const size_t first = step < bytes ? step : bytes;

    assert(filter >= 0 && filter < DAT_PNG_FILTERS);
    switch (filter) {
    case 0:
        break;
    case 1:
        for (size_t i = first; i < bytes; i++)
            row[i] = (uint8_t)(row[i] + row[i - step]);
        break;
    case 2:
        for (size_t i = 0; i < bytes; i++)
            row[i] = (uint8_t)(row[i] + above[i]);
        break;
    case 3:
        for (size_t i = 0; i < first; i++)
            row[i] = (uint8_t)(row[i] + above[i] / 2);
        for (size_t i = first; i < bytes; i++)
            row[i] = (uint8_t)(row[i] + (row[i - step] + above[i]) / 2);
        break;
    case 4:
        for (size_t i = 0; i < first; i++)
            row[i] = (uint8_t)(row[i] + above[i]);
        for (size_t i = first; i < bytes; i++)
            row[i] = (uint8_t)(row[i] + paeth(row[i - step], above[i], above[i - step]));
        break;
    }
}
