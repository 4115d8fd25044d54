/* Painting small pictures: a square RGB canvas in floats, with truth as a fourth colour.
 *
 * Each paint says, beside its colour, whether what it paints is part of the answer (truth 1) or
 * not (truth 0). All four channels are painted over alike,
 *
 *     canvas <- canvas * (1 - a) + paint * a        a = coverage of the pixel * opacity
 *
 * so the truth is hidden by what is painted in front of it, and blurred with the rest. What is
 * left of it at the end is the mask. Where it is exactly zero, no such paint reached the pixel.
 *
 * Coverage is exact, the share of the pixel's square that lies inside the outline, but for shares
 * within 3 % of none or all, which count as that. There are no calls into libm but for square
 * roots and floors, so a picture has the same bits on every machine with IEEE 754 floats.
 */
#ifndef DAT_CANVAS_H
#define DAT_CANVAS_H

#include "data/outline.h"
#include "engine/err.h"

#include <stddef.h>
#include <stdint.h>

/* Colours are display values (gamma-encoded), 0 to 1. */
struct dat_colour {
    float r, g, b;
};

/* a at t = 0, b at t = 1. */
struct dat_colour dat_colour_mix(struct dat_colour a, struct dat_colour b, float t);

struct dat_paint {
    struct dat_colour near, far; /* the colour at `from`, running smoothly to that at `to` */
    struct dat_point from, to;   /* canvas coordinates; unused if near == far */
    int round;                   /* 1: by the distance from `from`; 0: along the line */
    float opacity;               /* 0 to 1 */
    float truth;                 /* 0 or 1 */
    float grain;                 /* strength of the texture: brightness varies by +-grain */
    struct dat_point fibre;      /* unit vector along which the texture is 5 times stretched */
    float fineness;              /* texture cells across the canvas */
    uint32_t seed;               /* of the texture */
};

/* One colour, opaque, smooth, not part of the answer. */
struct dat_paint dat_paint_flat(struct dat_colour colour);

/* As on a ball: `near` around the local point (x, y), `far` from a distance r of it. */
struct dat_paint dat_paint_ball(const struct dat_frame *f, float x, float y, float r,
                                struct dat_colour near, struct dat_colour far);

/* From `near` at the local point a to `far` at b. */
struct dat_paint dat_paint_ramp(const struct dat_frame *f, struct dat_point a, struct dat_point b,
                                struct dat_colour near, struct dat_colour far);

/* The same paint, but part of the answer. */
struct dat_paint dat_paint_telling(struct dat_paint p);

struct dat_canvas {
    size_t size;
    float *pixels; /* [size][size][4]: red, green, blue, truth */
    float *cover;  /* [size][size + 2]: scratch of fills, zero between them */
};

/* An all-black canvas of `size` pixels a side (1 to 4096), its truth zero everywhere. */
enum eng_err dat_canvas_init(struct dat_canvas *c, size_t size);
void dat_canvas_release(struct dat_canvas *c);

/* Paints the inside of an outline, or all of the canvas. */
void dat_canvas_fill(struct dat_canvas *c, const struct dat_outline *o, const struct dat_paint *p);
void dat_canvas_wash(struct dat_canvas *c, const struct dat_paint *p);

/* Paints a soft ellipse that fades out from its centre (a light, or a shadow if dark). */
void dat_canvas_glow(struct dat_canvas *c, const struct dat_frame *f, struct dat_point centre,
                     float rx, float ry, struct dat_colour colour, float opacity);

/* How the picture is taken. */
struct dat_lens {
    float blur;                 /* 0 (sharp) to 1 (a 3 x 3 binomial filter) */
    float brightness, contrast; /* v' = (v - 1/2) * contrast + 1/2 + brightness */
    float noise;                /* standard deviation per pixel and channel */
    uint32_t seed;              /* of the noise */
};

/* Writes rgb [size][size][3] and, unless NULL, mask [size][size]: 255 where the truth is not
 * zero, 0 elsewhere. The canvas keeps what it shows. */
void dat_canvas_develop(const struct dat_canvas *c, const struct dat_lens *lens, uint8_t *rgb,
                        uint8_t *mask);

#endif
