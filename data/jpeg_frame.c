#include "data/jpeg_frame.h"

#include "data/jpeg_idct.h"
#include "data/jpeg_smooth.h"

#include <stdlib.h>
#include <string.h>

const uint8_t dat_jpeg_zigzag[64] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

static size_t divide_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

static enum eng_err no_memory(const struct dat_jpeg_frame *f, struct eng_why *why)
{
    return eng_fail(why, ENG_NOMEM, "no memory for a JPEG of %zu x %zu pixels; use a smaller one",
                    f->width, f->height);
}

/* The most memory that there will be in use at once, up to the picture as it should be seen. */
static size_t memory_needed(const struct dat_jpeg_frame *f)
{
    const size_t pixels = 3 * f->width * f->height;
    size_t blocks = 0;
    for (int i = 0; i < f->count; i++)
        blocks += f->components[i].stride * f->components[i].rows;
    const size_t coefs = f->progressive ? blocks * 64 * sizeof *f->components->coefs : 0;
    const size_t converting = pixels + (f->width + 1) * (size_t)f->count;
    const size_t then = coefs > converting ? coefs : converting;
    return blocks * 64 + then > 2 * pixels ? blocks * 64 + then : 2 * pixels;
}

enum eng_err dat_jpeg_frame_init(struct dat_jpeg_frame *f, size_t bytes_left,
                                 struct dat_budget *budget, struct eng_why *why)
{
    f->h_max = f->v_max = 1;
    for (int i = 0; i < f->count; i++) {
        struct dat_jpeg_component *c = &f->components[i];
        f->h_max = c->h > f->h_max ? c->h : f->h_max;
        f->v_max = c->v > f->v_max ? c->v : f->v_max;
    }
    f->mcus_x = divide_up(f->width, 8 * (size_t)f->h_max);
    f->mcus_y = divide_up(f->height, 8 * (size_t)f->v_max);

    /* Sides have 16 bits and factors 2, so none of the products below can overflow. */
    size_t blocks = 0;
    for (int i = 0; i < f->count; i++) {
        struct dat_jpeg_component *c = &f->components[i];
        c->width = divide_up(f->width * (size_t)c->h, (size_t)f->h_max);
        c->height = divide_up(f->height * (size_t)c->v, (size_t)f->v_max);
        c->blocks_x = divide_up(c->width, 8);
        c->blocks_y = divide_up(c->height, 8);
        c->stride = f->mcus_x * (size_t)c->h;
        c->rows = f->mcus_y * (size_t)c->v;
        memset(c->missing, -1, sizeof c->missing);
        blocks += c->blocks_x * c->blocks_y;
    }
    if (blocks / (f->progressive ? 8 : 4) > bytes_left)
        return eng_fail(why, ENG_FORMAT,
                        "a JPEG of %zu x %zu pixels cannot be as short as this file; it is "
                        "damaged or cut off: copy or download it again",
                        f->width, f->height);
    ENG_TRY(dat_budget_take(budget, memory_needed(f), why));

    for (int i = 0; i < f->count; i++) {
        struct dat_jpeg_component *c = &f->components[i];
        if (f->progressive)
            c->coefs = calloc(c->stride * c->rows, 64 * sizeof *c->coefs);
        else
            c->samples = malloc(c->stride * c->rows * 64);
        if (!c->coefs && !c->samples)
            return no_memory(f, why);
    }
    return ENG_OK;
}

void dat_jpeg_frame_release(struct dat_jpeg_frame *f)
{
    for (int i = 0; i < f->count; i++) {
        free(f->components[i].samples);
        free(f->components[i].coefs);
        f->components[i].samples = NULL;
        f->components[i].coefs = NULL;
    }
}

enum eng_err dat_jpeg_frame_render(struct dat_jpeg_frame *f, struct eng_why *why)
{
    const int smooth = dat_jpeg_smooth_helps(f);
    for (int i = 0; i < f->count; i++) {
        struct dat_jpeg_component *c = &f->components[i];
        c->samples = malloc(c->stride * c->rows * 64);
        if (!c->samples)
            return no_memory(f, why);
        for (size_t y = 0; y < c->blocks_y; y++) {
            for (size_t x = 0; x < c->blocks_x; x++) {
                const int16_t *coefs = c->coefs + 64 * (y * c->stride + x);
                uint8_t *samples = c->samples + 8 * (8 * y * c->stride + x);
                int16_t smoothed[64];
                if (smooth) {
                    dat_jpeg_smooth_block(smoothed, c, x, y);
                    coefs = smoothed;
                }
                dat_jpeg_idct(samples, 8 * c->stride, coefs, c->quant);
            }
        }
        free(c->coefs);
        c->coefs = NULL;
    }
    return ENG_OK;
}
