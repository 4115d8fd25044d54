/* Convex hulls of pixels, in exact integer arithmetic.
 *
 *        x ->                         A pixel is its index pair (x, y). Three areas are in use for
 *    y   . o . . .    o important     the same hull, and they differ most where hulls are small:
 *    |   . / \ . .    / \ hull
 *    v   o - - - o                      centres   the polygon through the pixel indices
 *                                       squares   the hull of the pixels' unit squares
 *                                       pixels    how many pixels lie inside or on the polygon
 *
 * One pixel has areas 0, 1, 1; a diagonal of four pixels 0, 7, 4. The paper does not say which it
 * means; its ratio RC uses `centres` here by default (what a hull routine fed with pixel indices
 * returns), its sensitivity RS divides by `pixels` (the paper's mask takes in the boundary).
 *
 * All three follow from one twice-area and need no raster:
 *   squares  area + w + h + 1, w x h the bounding box: adding a unit square to a convex shape adds
 *            the square itself and one strip of length w and one of length h (Minkowski);
 *   pixels   area + B/2 + 1, B the grid points on the boundary (Pick).
 *
 * Hulls of fewer than three corners are kept and named: they are real outcomes of sparse maps.
 */
#ifndef MET_HULL_H
#define MET_HULL_H

#include "engine/err.h"
#include "metrics/mask.h"

#include <stddef.h>
#include <stdint.h>

struct met_point {
    int32_t x, y;
};

/* Coordinates may be this far from 0, so that cross products fit 64 bits. */
#define MET_POINT_MAX ((int32_t)1 << 29)

#define MET_HULL_KINDS(X)                                                                          \
    X(EMPTY, "empty")                                                                              \
    X(POINT, "point")                                                                              \
    X(SEGMENT, "segment")                                                                          \
    X(POLYGON, "polygon")

enum met_hull_kind {
#define MET_HULL_KIND(kind, name) MET_HULL_##kind,
    MET_HULL_KINDS(MET_HULL_KIND)
#undef MET_HULL_KIND
        MET_HULL_KIND_COUNT
};

/* The name of a kind, or NULL past the last. */
const char *met_hull_kind_name(enum met_hull_kind kind);

/* The corners, none on the line between its neighbours, first the topmost (of those the
 * leftmost), then in the order that makes the sum of x[i] y[i+1] - x[i+1] y[i] positive:
 * counter-clockwise where y points up, so clockwise as one sees it on a screen. */
struct met_hull {
    enum met_hull_kind kind;
    size_t count;         /* 0, 1, 2 or more, as the kind says */
    struct met_point *at; /* owned; NULL if empty */
};

/* Hull of any points, in any order, repeats allowed; none give an empty hull. A coordinate beyond
 * MET_POINT_MAX is ENG_ARG. On error the hull is empty. */
enum eng_err met_hull_of_points(struct met_hull *hull, const struct met_point *points,
                                size_t count);

/* Hull of the pixels set in a mask (entries > 0), O(width * height). */
enum eng_err met_hull_of_mask(struct met_hull *hull, const struct met_mask *mask);

/* Frees the corners; an empty or zeroed hull is allowed. */
void met_hull_release(struct met_hull *hull);

#define MET_AREAS(X)                                                                               \
    X(CENTRES, "centres")                                                                          \
    X(SQUARES, "squares")                                                                          \
    X(PIXELS, "pixels")

enum met_area {
#define MET_AREA(area, name) MET_AREA_##area,
    MET_AREAS(MET_AREA)
#undef MET_AREA
};

const char *met_area_name(enum met_area area);
enum eng_err met_area_parse(enum met_area *area, const char *text, struct eng_why *why);

/* The area in pixels, exact (a multiple of 1/2). An empty hull has 0 in all three. */
double met_hull_area(const struct met_hull *hull, enum met_area area);

/* A new mask (the caller releases it) with 1 at every pixel inside the hull or on its boundary.
 * A hull that leaves the width x height image is ENG_ARG. On error the mask is empty. */
enum eng_err met_hull_mask(struct met_mask *mask, const struct met_hull *hull, size_t width,
                           size_t height);

#endif
