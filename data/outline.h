/* Closed outlines in the unit square, and the local frames in which a part is described.
 *
 * A part (an ear, a wing) is written down once, in its own coordinates, as a handful of points;
 * a frame says where, how large and how turned it lies in the picture. So a head that tilts takes
 * its ears along, and a mirrored frame makes the left one out of the right one.
 *
 *     canvas (0,0) ------> x              y axis of a frame points down, as the canvas's does;
 *       |      frame origin o---> (1,0)   a full turn is 1, and positive turns are clockwise
 *       v y                  \  turn
 *
 * Everything here is made of + - * / and square roots, which IEEE 754 defines to the last bit;
 * there is no sinf whose value would depend on the machine's libm.
 */
#ifndef DAT_OUTLINE_H
#define DAT_OUTLINE_H

#include <stddef.h>
#include <stdint.h>

struct dat_point {
    float x, y;
};

/* The local point (u, v) lies at origin + u * x + v * y of the canvas, whose side is 1. */
struct dat_frame {
    struct dat_point origin, x, y;
};

/* The frame of the canvas itself. */
extern const struct dat_frame dat_frame_canvas;

/* A frame inside another: its origin at (x, y) of `outer`, its axes sx and sy long there, turned.
 * A negative sx mirrors. */
struct dat_frame dat_frame_inside(const struct dat_frame *outer, float x, float y, float sx,
                                  float sy, float turn);

/* Where the local point p lies on the canvas. */
struct dat_point dat_frame_at(const struct dat_frame *f, struct dat_point p);

/* Cosine and sine of a number of full turns, within 1e-6. */
void dat_turn(float turns, float *cosine, float *sine);

/* A polygon, closed from its last point to its first. */
enum { DAT_OUTLINE_MAX = 512 };
struct dat_outline {
    size_t count;
    struct dat_point at[DAT_OUTLINE_MAX]; /* canvas coordinates */
};

/* An ellipse with half axes rx, ry along the frame's axes. */
void dat_outline_ellipse(struct dat_outline *o, const struct dat_frame *f, struct dat_point centre,
                         float rx, float ry);

/* A smooth closed curve through n local points (3 to 32). A point given twice is a corner. */
void dat_outline_blob(struct dat_outline *o, const struct dat_frame *f,
                      const struct dat_point *points, size_t n);

/* The polygon with these n corners (3 to DAT_OUTLINE_MAX). */
void dat_outline_polygon(struct dat_outline *o, const struct dat_frame *f,
                         const struct dat_point *points, size_t n);

/* A brush stroke along the smooth curve through n local points (2 to 16); its width, in units of
 * the frame's x axis, runs from w0 over w1 (in the middle) to w2. Ends are rounded. Bends must be
 * wider than the stroke. */
void dat_outline_stroke(struct dat_outline *o, const struct dat_frame *f,
                        const struct dat_point *points, size_t n, float w0, float w1, float w2);

/* Makes the edge furry: splits it into tufts of about `length` and pulls each tip outwards by up
 * to `depth` (canvas units). An outline that would become too long stays as it is. */
void dat_outline_ruffle(struct dat_outline *o, float length, float depth, uint32_t seed);

#endif
