#include "engine/patches.h"
#include "engine/sizes.h"

#include <string.h>

/* Columns col..col+cols of the patch whose first number would be at (y0, x0) of image. */
static void read_patch(const struct eng_patches *p, float *dst, const float *image, ptrdiff_t y0,
                       ptrdiff_t x0, size_t col, size_t cols)
{
    const size_t c = p->extent.c, run = p->kernel[1] * c;
    const ptrdiff_t width = (ptrdiff_t)(p->extent.w * c);
    size_t ky = col / run, at = col % run;
    while (cols) {
        const size_t want = eng_min(run - at, cols);
        const ptrdiff_t y = y0 + (ptrdiff_t)ky, first = x0 * (ptrdiff_t)c + (ptrdiff_t)at;
        ptrdiff_t from = first < 0 ? -first : 0;
        ptrdiff_t to = width - first < (ptrdiff_t)want ? width - first : (ptrdiff_t)want;
        if (y < 0 || y >= (ptrdiff_t)p->extent.h || to < from)
            from = to = 0;
        for (ptrdiff_t i = 0; i < from; i++)
            dst[i] = 0.0f;
        if (to > from)
            memcpy(dst + from, image + y * width + first + from, (size_t)(to - from) * sizeof *dst);
        for (ptrdiff_t i = to; i < (ptrdiff_t)want; i++)
            dst[i] = 0.0f;
        dst += want;
        cols -= want;
        at = 0;
        ky++;
    }
}

static void read_patches(const struct eng_source *self, float *dst, size_t ld, size_t row,
                         size_t rows, size_t col, size_t cols)
{
    const struct eng_patches *p = (const struct eng_patches *)self;
    const size_t image_floats = eng_extent_count(&p->extent);
    size_t px = row % p->positions[1], py = row / p->positions[1] % p->positions[0];
    const float *image = p->x + row / p->positions[1] / p->positions[0] * image_floats;
    for (size_t i = 0; i < rows; i++, dst += ld) {
        read_patch(p, dst, image, p->origin[0] + (ptrdiff_t)(py * p->step[0]),
                   p->origin[1] + (ptrdiff_t)(px * p->step[1]), col, cols);
        if (++px == p->positions[1]) {
            px = 0;
            if (++py == p->positions[0]) {
                py = 0;
                image += image_floats;
            }
        }
    }
}

struct eng_patches eng_patches(size_t images, const float *x, const struct eng_extent *extent)
{
    return (struct eng_patches){
        .source = {read_patches}, .images = images, .x = x, .extent = *extent};
}
