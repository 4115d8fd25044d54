/* RC, the ratio of complexity: how large the important region is after GAD, against before.
 *
 *     RC = A(hull of GAD's pixels) / A(hull of the original's pixels)
 *
 * RC < 1 is a point for GAD, RC >= 1 one for the original. The paper counts 512 images, but the
 * points of its Table 1 do not sum to 512: up to 81 images are missing, most for the sparsest
 * maps (Guided Backpropagation), as if hulls of fewer than three corners had no RC. Its Section 5
 * also writes 0 < RC < 1. So by default a pair with a hull without area has no winner ("skip"),
 * but it is counted: every image is GAD's, the original's or undefined, and the kinds of both
 * hulls stay on record. The other settings give those pairs a winner:
 *
 *              a hull has no area:   GAD's only   the original's only   both
 *     skip                           -            -                     -
 *     area     what the areas say    GAD          original              -
 *     gad                            GAD          GAD                   GAD
 *     original                       original     original              original
 */
#ifndef MET_COMPLEXITY_H
#define MET_COMPLEXITY_H

#include "metrics/hull.h"

#define MET_DEGENERATES(X)                                                                         \
    X(SKIP, "skip")                                                                                \
    X(AREA, "area")                                                                                \
    X(GAD, "gad")                                                                                  \
    X(ORIGINAL, "original")

/* What becomes of a pair in which a hull has no area; MET_DEGENERATE_SKIP is the default. */
enum met_degenerate {
#define MET_DEGENERATE(id, name) MET_DEGENERATE_##id,
    MET_DEGENERATES(MET_DEGENERATE)
#undef MET_DEGENERATE
};

const char *met_degenerate_name(enum met_degenerate degenerate);
enum eng_err met_degenerate_parse(enum met_degenerate *degenerate, const char *text,
                                  struct eng_why *why);

enum met_winner { MET_WINNER_UNDEFINED, MET_WINNER_GAD, MET_WINNER_ORIGINAL };

struct met_rc {
    enum met_winner winner;
    double ratio; /* RC, or -1 where the original's hull has no area */
    double gad_area, original_area;
    enum met_hull_kind gad_kind, original_kind;
};

/* `area` is one of the geometries of metrics/hull.h, MET_AREA_CENTRES by default. */
struct met_rc met_complexity(const struct met_hull *gad, const struct met_hull *original,
                             enum met_area area, enum met_degenerate degenerate);

#endif
