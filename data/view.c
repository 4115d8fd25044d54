#include "data/view.h"

#include "data/dims.h"

#include <string.h>

static int is_empty(const struct dat_view *view)
{
    for (size_t d = 0; d < view->rank; d++)
        if (view->dim[d] == 0)
            return 1;
    return 0;
}

int dat_view_size(size_t *size, const struct dat_view *view)
{
    size_t count;
    if (!dat_dims_count(&count, view->dim, view->rank))
        return 0;
    *size = count * view->element;
    return 1;
}

int dat_view_fits(const struct dat_view *view, size_t count)
{
    size_t last = 0; /* the place of the last element, which is the farthest */
    if (is_empty(view))
        return 1;
    for (size_t d = 0; d < view->rank; d++) {
        const size_t steps = view->dim[d] - 1;
        if (steps && view->stride[d] > (SIZE_MAX - last) / steps)
            return 0;
        last += steps * view->stride[d];
    }
    return last < count;
}

int dat_view_is_plain(const struct dat_view *view)
{
    size_t stride = 1;
    if (is_empty(view))
        return 1;
    for (size_t d = view->rank; d-- > 0;) {
        if (view->dim[d] != 1 && view->stride[d] != stride)
            return 0;
        stride *= view->dim[d];
    }
    return !view->swapped || view->element == 1;
}

/* count elements that are `step` bytes apart. */
static void copy_row(uint8_t *out, const uint8_t *row, size_t step, size_t count, size_t element,
                     int swapped)
{
    for (size_t i = 0; i < count; i++, out += element) {
        const uint8_t *from = row + i * step;
        if (swapped)
            for (size_t b = 0; b < element; b++)
                out[b] = from[element - 1 - b];
        else if (element == 4)
            memcpy(out, from, 4); /* a plain load and store, which the one below is not */
        else
            memcpy(out, from, element);
    }
}

/* An odometer over all dimensions but the last. Places are counted modulo the size of memory: the
 * stride of a dimension of one step may be anything. */
void dat_view_copy(void *out, const struct dat_view *view)
{
    size_t at[DAT_VIEW_MAX_RANK] = {0}, place = 0, rows = 1;
    const size_t last = view->rank ? view->rank - 1 : 0, element = view->element;
    const size_t row = view->rank ? view->dim[last] : 1;
    const size_t step = view->rank ? view->stride[last] * element : 0;
    uint8_t *to = out;
    if (is_empty(view))
        return;
    for (size_t d = 0; d < last; d++)
        rows *= view->dim[d];
    for (size_t i = 0; i < rows; i++, to += row * element) {
        copy_row(to, view->bytes + place * element, step, row, element, view->swapped);
        for (size_t d = last; d-- > 0; at[d] = 0) {
            place += view->stride[d];
            if (++at[d] < view->dim[d])
                break;
            place -= view->dim[d] * view->stride[d];
        }
    }
}
