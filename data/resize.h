/* Resampling a picture to another size, as Pillow's Image.resize(BILINEAR) does it, to the bit.
 *
 * The published weights of image networks, and the figures that go with them, come from pictures
 * that were shrunk in this way; another way of shrinking costs accuracy and moves attributions.
 */
#ifndef DAT_RESIZE_H
#define DAT_RESIZE_H

#include "data/image.h"

/* *out = the rectangle x0..x1, y0..y1 of `in` (pixels from the top left corner; fractions are
 * allowed), resampled to width x height with a triangle filter that grows with the reduction
 * (antialiased). Pixels beside the rectangle may still reach into its border through the filter.
 * As in Pillow, the rectangle is kept in single precision.
 *
 * The caller owns *out, which must not be `in`. ENG_ARG for a side of zero or a rectangle that
 * is empty or leaves the picture; ENG_TOOBIG if the result, or width x the rows used, is beyond
 * what dat_image_init gives; ENG_NOMEM. *out is then empty. */
enum eng_err dat_resize(struct dat_image *out, const struct dat_image *in, double x0, double y0,
                        double x1, double y1, size_t width, size_t height);

#endif
