#include "engine/strips.h"
#include "engine/sizes.h"

#include <string.h>

struct strips {
    const struct eng_pass *pass;
    size_t rows, count; /* rows of dx in a strip, strips of an image */
    size_t panels, ld;  /* of T */
};

static struct strips strips_of(const struct eng_pass *pass)
{
    enum { STRIPS = 4, LEAST = 16 };
    const struct eng_conv *conv = &pass->node->conv;
    const size_t h = pass->x_extent[0].h, nr = pass->exec->gemm->nr;
    struct strips s = {.pass = pass, .rows = eng_max(eng_ceil_div(h, STRIPS), LEAST)};
    s.count = eng_ceil_div(h, s.rows);
    s.panels = eng_ceil_div(conv->kernel[0] * conv->kernel[1] * pass->node->in, nr);
    s.ld = s.panels * nr;
    return s;
}

/* Floats of a worker's T; whole tiles of dy, for the last of a row, which may be cut, follow. */
static size_t strip_t(const struct strips *s)
{
    const size_t mr = s->pass->exec->gemm->mr;
    return eng_round_up(eng_round_up(s->pass->y_extent.w, mr) * s->ld, 16);
}

static size_t strip_floats(const struct strips *s)
{
    return strip_t(s) + eng_round_up(s->pass->exec->gemm->mr * s->pass->y_extent.c, 16);
}

/* T of a row of dy. */
static void patches_of_row(const struct strips *s, float *t, float *last, const float *dy)
{
    const struct eng_gemm_kernel *kernel = s->pass->exec->gemm;
    const size_t mr = kernel->mr, nr = kernel->nr, w = s->pass->y_extent.w, o = s->pass->y_extent.c;
    const size_t whole = w / mr * mr;
    memcpy(last, dy + whole * o, (w - whole) * o * sizeof *last);
    for (size_t k = 0; k < o; k += ENG_GEMM_KC) {
        const size_t kc = eng_min(ENG_GEMM_KC, o - k);
        const float *b = s->pass->pack->backward + k * s->ld;
        for (size_t j = 0; j < s->panels; j++)
            for (size_t i = 0; i < w; i += mr)
                kernel->rows(kc, (i < whole ? dy + i * o : last) + k, o, b + j * kc * nr,
                             t + i * s->ld + j * nr, s->ld, k ? ENG_GEMM_ADD : ENG_GEMM_ANEW);
    }
}

/* Adds the runs t[ow][run] to a row of dx. */
static void fold_row(const struct strips *s, float *dx, const float *t)
{
    const struct eng_conv *conv = &s->pass->node->conv;
    const ptrdiff_t c = (ptrdiff_t)s->pass->node->in, run = (ptrdiff_t)conv->kernel[1] * c;
    const ptrdiff_t step = (ptrdiff_t)conv->stride[1] * c, start = -(ptrdiff_t)conv->pad[1] * c;
    const ptrdiff_t width = (ptrdiff_t)s->pass->x_extent[0].w * c;
    for (size_t ox = 0; ox < s->pass->y_extent.w; ox++, t += s->ld) {
        const ptrdiff_t at = start + (ptrdiff_t)ox * step;
        const ptrdiff_t from = at < 0 ? -at : 0, to = width - at < run ? width - at : run;
        if (to > from)
            s->pass->exec->vec->accumulate(dx + at + from, t + from, (size_t)(to - from));
    }
}

static void strip_task(void *context, size_t i, int worker)
{
    const struct strips *s = context;
    const struct eng_pass *pass = s->pass;
    const struct eng_conv *conv = &pass->node->conv;
    const struct eng_extent *x = &pass->x_extent[0], *y = &pass->y_extent;
    const size_t image = i / s->count, first = i % s->count * s->rows;
    const size_t end = eng_min(first + s->rows, x->h);
    const size_t run = conv->kernel[1] * x->c;
    float *t = (float *)pass->scratch + (size_t)worker * strip_floats(s);
    float *last = t + strip_t(s);
    float *dx = pass->dx[0] + image * eng_extent_count(x);
    if (!pass->add[0])
        memset(dx + first * x->w * x->c, 0, (end - first) * x->w * x->c * sizeof *dx);
    for (size_t oy = 0; oy < y->h; oy++) {
        const size_t top = oy * conv->stride[0]; /* of the patch, in the padded image */
        if (top + conv->kernel[0] <= first + conv->pad[0] || top >= end + conv->pad[0])
            continue;
        patches_of_row(s, t, last, pass->dy + (image * y->h + oy) * y->w * y->c);
        for (size_t ky = 0; ky < conv->kernel[0]; ky++) {
            const size_t iy = top + ky - conv->pad[0]; /* above the image: too large */
            if (iy >= first && iy < end)
                fold_row(s, dx + iy * x->w * x->c, t + ky * run);
        }
    }
}

void eng_strips_input_gradient(const struct eng_pass *pass)
{
    struct strips s = strips_of(pass);
    eng_exec_run(pass->exec, pass->n * s.count, strip_task, &s);
}

size_t eng_strips_scratch(const struct eng_pass *pass)
{
    const struct strips s = strips_of(pass);
    return (size_t)pass->exec->threads * strip_floats(&s) * sizeof(float);
}
