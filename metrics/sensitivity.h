/* RS, the ratio of sensitivity: how much an output moves per pixel that is hidden.
 *
 *     RS = |N(image) - N(image with the mask hidden)| / (sum of the mask)
 *
 *     original's hull      GAD's hull       supplement: original's without GAD's
 *       . # # # # .        . . . . . .        . # # # # .
 *       # # # # # #        . . # # . .        # # . . # #
 *       . # # # # .        . . # . . .        . # . # # .
 *
 * GAD found what matters if hiding its own hull moves the output more per pixel than hiding the
 * supplement. The paper's formula leaves open:
 * - N, taken as the logit of the class: the values of Table 2 are too large for probabilities.
 * - The colour that hides. The formula's "times (1 - M)" means 0, of which scale is not said; the
 *   caller gives the colour, in the space of the net's input (the default of the program is black
 *   in the picture, that is -mean/std, not a 0 of the normalised input, which is a mid grey).
 * - The supplement where GAD's hull leaves the original's. Literally the difference of the masks
 *   is then -1; by default ("difference") it is the difference of the *sets*, never below 0.
 *   "raw" keeps the -1, for which the formula doubles a pixel (1 - (-1) = 2) and shrinks the sum.
 * - An empty mask: RS is 0 and flagged. So is one whose sum is not positive under "raw".
 */
#ifndef MET_SENSITIVITY_H
#define MET_SENSITIVITY_H

#include "engine/err.h"
#include "metrics/mask.h"

#include <stdbool.h>
#include <stddef.h>

struct met_rs {
    double value;   /* change of the output per pixel; 0 if empty */
    double change;  /* |before - after| */
    int64_t pixels; /* sum of the mask */
    bool empty;     /* that sum is not positive */
};

/* RS from the output before and after hiding a mask of this sum. An output that is not finite is
 * ENG_ARG and leaves *rs untouched. */
enum eng_err met_sensitivity(struct met_rs *rs, double before, double after, int64_t pixels);

#define MET_SUPPLEMENTS(X)                                                                         \
    X(DIFFERENCE, "difference")                                                                    \
    X(RAW, "raw")

enum met_supplement {
#define MET_SUPPLEMENT(id, name) MET_SUPPLEMENT_##id,
    MET_SUPPLEMENTS(MET_SUPPLEMENT)
#undef MET_SUPPLEMENT
};

const char *met_supplement_name(enum met_supplement supplement);
enum eng_err met_supplement_parse(enum met_supplement *supplement, const char *text,
                                  struct eng_why *why);

/* A new mask (the caller releases it): original minus gad. Sizes that differ are ENG_SHAPE. */
enum eng_err met_supplement_mask(struct met_mask *mask, const struct met_mask *original,
                                 const struct met_mask *gad, enum met_supplement supplement);

/* out[c][y][x] = fill[c] where the mask is 1, x[c][y][x] where it is 0, and 2 x - fill where it is
 * -1; the mask gives height and width, channels and fill[channels] the rest. out may be x. */
void met_occlude(float *out, const float *x, size_t channels, const struct met_mask *mask,
                 const float *fill);

#endif
