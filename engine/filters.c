#include "engine/filters.h"

struct eng_phase eng_phase(const struct eng_conv *conv, size_t py, size_t px)
{
    struct eng_phase f = {.index = {py, px}};
    for (int d = 0; d < 2; d++) {
        const size_t s = conv->stride[d], k = conv->kernel[d];
        f.first[d] = (f.index[d] + conv->pad[d]) % s;
        f.taps[d] = f.first[d] < k ? (k - 1 - f.first[d]) / s + 1 : 0;
        f.origin[d] = (ptrdiff_t)((f.index[d] + conv->pad[d] - f.first[d]) / s) -
                      ((ptrdiff_t)f.taps[d] - 1);
    }
    return f;
}

/* Rows (ky, kx, c), columns o. */
static void read_forward(const struct eng_source *self, float *dst, size_t ld, size_t row,
                         size_t rows, size_t col, size_t cols)
{
    const struct eng_filters *w = (const struct eng_filters *)self;
    const size_t area = w->conv->kernel[0] * w->conv->kernel[1];
    for (size_t j = 0; j < cols; j++) {
        const float *filter = w->w + (col + j) * w->in * area;
        size_t tap = row / w->in, c = row % w->in;
        for (size_t i = 0; i < rows; i++) {
            dst[i * ld + j] = filter[c * area + tap];
            if (++c == w->in)
                c = 0, tap++;
        }
    }
}

/* Rows (u, v, o), columns c; u and v count the phase's taps backwards. */
static void read_backward(const struct eng_source *self, float *dst, size_t ld, size_t row,
                          size_t rows, size_t col, size_t cols)
{
    const struct eng_filters *w = (const struct eng_filters *)self;
    const struct eng_conv *conv = w->conv;
    const struct eng_phase *f = &w->phase;
    const size_t area = conv->kernel[0] * conv->kernel[1];
    for (size_t i = 0; i < rows; i++) {
        const size_t tap = (row + i) / conv->out, o = (row + i) % conv->out;
        const size_t u = tap / f->taps[1], v = tap % f->taps[1];
        const size_t ky = f->first[0] + conv->stride[0] * (f->taps[0] - 1 - u);
        const size_t kx = f->first[1] + conv->stride[1] * (f->taps[1] - 1 - v);
        const float *src = w->w + (o * w->in + col) * area + ky * conv->kernel[1] + kx;
        for (size_t j = 0; j < cols; j++)
            dst[i * ld + j] = src[j * area];
    }
}

/* Rows o, columns (ky, kx, c). */
static void read_patches(const struct eng_source *self, float *dst, size_t ld, size_t row,
                         size_t rows, size_t col, size_t cols)
{
    const struct eng_filters *w = (const struct eng_filters *)self;
    const size_t area = w->conv->kernel[0] * w->conv->kernel[1];
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            const size_t tap = (col + j) / w->in, c = (col + j) % w->in;
            dst[i * ld + j] = w->w[((row + i) * w->in + c) * area + tap];
        }
}

struct eng_filters eng_filters_forward(const float *w, size_t in, const struct eng_conv *conv)
{
    return (struct eng_filters){.source = {read_forward}, .w = w, .in = in, .conv = conv};
}

struct eng_filters eng_filters_backward(const float *w, size_t in, const struct eng_conv *conv,
                                        const struct eng_phase *phase)
{
    return (struct eng_filters){
        .source = {read_backward}, .w = w, .in = in, .conv = conv, .phase = *phase};
}

struct eng_filters eng_filters_patches(const float *w, size_t in, const struct eng_conv *conv)
{
    return (struct eng_filters){.source = {read_patches}, .w = w, .in = in, .conv = conv};
}
