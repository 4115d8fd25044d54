#include "engine/sequence.h"

#include "engine/sizes.h"

/* Length of an image along one direction, with the zeros that follow it. */
static size_t spaced(const struct eng_patches *p, int d, size_t lead)
{
    const size_t size = d ? p->extent.w : p->extent.h;
    const ptrdiff_t reach = p->origin[d] + (ptrdiff_t)((p->positions[d] - 1) * p->step[d]) +
                            (ptrdiff_t)p->kernel[d];
    const size_t behind = reach > (ptrdiff_t)size ? (size_t)reach - size : 0;
    return size + eng_max(behind, lead);
}

struct eng_sequence eng_sequence(const struct eng_patches *patches, int split, size_t multiple)
{
    struct eng_sequence s = {.patches = patches};
    for (int d = 0; d < 2; d++) {
        const ptrdiff_t origin = patches->origin[d];
        s.planes[d] = d == 0 || split ? patches->step[d] : 1;
        s.lead[d] = origin < 0 ? (size_t)-origin : 0;
        s.skip[d] = origin > 0 ? (size_t)origin : 0;
    }
    const size_t columns = eng_round_up(spaced(patches, 1, s.lead[1]), patches->step[1] * multiple);
    s.pitch = columns / patches->step[1];
    s.width = columns / s.planes[1];
    s.rows = eng_round_up(spaced(patches, 0, s.lead[0]), patches->step[0]) / patches->step[0];
    s.halo = (s.skip[0] + patches->kernel[0] - 1) / patches->step[0];
    return s;
}

const float *eng_sequence_row(const struct eng_sequence *s, size_t r, size_t row)
{
    const struct eng_patches *p = s->patches;
    const size_t image = row / s->rows, y = row % s->rows * s->planes[0] + r - s->lead[0];
    if (image >= p->images || y >= p->extent.h) /* above the image y has wrapped */
        return NULL;
    return p->x + (image * p->extent.h + y) * p->extent.w * p->extent.c;
}

size_t eng_sequence_position(const struct eng_sequence *s, size_t row, size_t column, size_t end,
                             size_t *count)
{
    const size_t *positions = s->patches->positions;
    const size_t image = row / s->rows, y = row % s->rows;
    const size_t last = end < positions[1] ? end : positions[1];
    *count = image < s->patches->images && y < positions[0] && column < last ? last - column : 0;
    return (image * positions[0] + y) * positions[1] + column;
}
