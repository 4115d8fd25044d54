/* Maps and hulls made visible.
 *
 *     heat           white to black, as in the paper: the more important, the darker
 *     signed         red speaks for the class, blue against it, white says nothing
 *     overlay        the map as a glow over the photo, which steps back to a dim grey
 *     hulls          the photo, red round the original's region, green round GAD's
 *
 *     o---------o      A hull's corners are pixels of the map, and lines go through the pixels'
 *     | . . . . |      centres. Pictures may be larger than the map by a whole factor: a pixel of
 *      \ . . . /       the map is then a block; lines are 2 pixels wide, and 3
 *       o-----o             where the factor is more than 2.
 *
 * A map is float [height][width]. `top` is the magnitude that is shown strongest; larger ones look
 * the same. It is an argument, so that pictures that are to be compared can share one.
 *
 * All functions that make a picture leave it empty on error: ENG_ARG, ENG_TOOBIG, ENG_NOMEM, and
 * what else they say. The caller releases it.
 */
#ifndef GAD_PICTURE_H
#define GAD_PICTURE_H

#include "data/image.h"
#include "metrics/hull.h"

#include <stddef.h>

/* The magnitude to show strongest: one that 1 % of the pixels exceed, so that a single peak does
 * not leave the rest pale (the default), or the largest. */
enum gad_picture_top { GAD_PICTURE_P99, GAD_PICTURE_MAX };

/* Finds it on count > 0 values. Where fewer than 1 % of them are not zero, it is the largest in
 * either case; 0 if all are zero, which all pictures show as "nothing". A value that is not finite
 * is ENG_ARG and leaves *top untouched, ENG_NOMEM too. */
enum eng_err gad_picture_top(double *top, const float *map, size_t count,
                             enum gad_picture_top which);

/* White (0, and anything below) to black (top). NaN is white. */
enum eng_err gad_picture_heat(struct dat_image *out, const float *map, size_t width, size_t height,
                              double top);

/* Blue (-top) over white (0, NaN) to red (top). */
enum eng_err gad_picture_signed(struct dat_image *out, const float *map, size_t width,
                                size_t height, double top);

/* The magnitudes of a map over its photo, from purple to pale yellow. The colours grow lighter in
 * even steps and are always lighter than the photo, so that they can be told apart without seeing
 * their hue. The photo is width x height times a whole number; another size is ENG_SHAPE. */
enum eng_err gad_picture_overlay(struct dat_image *out, const struct dat_image *photo,
                                 const float *map, size_t width, size_t height, double top);

/* How a picture is enlarged: every pixel a block (maps), or interpolated (photos). */
enum gad_picture_look { GAD_PICTURE_BLOCKS, GAD_PICTURE_SMOOTH };

/* *out, not `in`, is `times` as wide and as high. */
enum eng_err gad_picture_enlarge(struct dat_image *out, const struct dat_image *in, size_t times,
                                 enum gad_picture_look look);

/* The colours of the paper's Figure 6. They differ in lightness too, and red lines are somewhat
 * wider: drawn first, they still show where green ones cover them. */
enum gad_picture_pen { GAD_PICTURE_RED, GAD_PICTURE_GREEN };

/* Draws a hull of a width x height map onto a picture of that size, or that size times a whole
 * number (else ENG_SHAPE): the outline, a line if it is a segment, a dot if it is a point, nothing
 * if it is empty. A corner outside the map is ENG_ARG. On error the picture is untouched. */
enum eng_err gad_picture_draw_hull(struct dat_image *picture, const struct met_hull *hull,
                                   size_t width, size_t height, enum gad_picture_pen pen);

/* Figure 6: the photo (of the map's size) enlarged, under the original's hull in red and GAD's in
 * green. */
enum eng_err gad_picture_hulls(struct dat_image *out, const struct dat_image *photo,
                               const struct met_hull *original, const struct met_hull *gad,
                               size_t times);

/* Figure 4: the heat picture of GAD's map enlarged, under its hull in green. */
enum eng_err gad_picture_heat_hull(struct dat_image *out, const float *map, size_t width,
                                   size_t height, double top, const struct met_hull *gad,
                                   size_t times);

#endif
