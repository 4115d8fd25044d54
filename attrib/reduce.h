/* From an attribution, a number for each channel of a pixel, to a map, a number for each pixel.
 *
 *     sum-abs        sum of |a|      attention to the pixel, whichever way its channels pull
 *     abs-sum        |sum of a|      its net effect, regardless of direction
 *     sum            sum of a        its net effect, for (+) or against (-) the class
 *     mean           the same over the number of channels
 *     max-abs        largest |a|     its strongest channel
 *     positive-sum   max(0, sum)     only what speaks for the class
 *
 * No two libraries do the same here, and the GAD paper does not say what it does. The default is
 * sum-abs, because it is the one under which a pixel is zero only if the method gave *all* its
 * channels nothing. GAD keeps the pixels that are present in every one of several maps; where
 * channels may cancel, a pixel can go missing from one map by coincidence and takes itself out of
 * the intersection. It also means the same for all methods, of which saliency has no signs at all.
 */
#ifndef ATTR_REDUCE_H
#define ATTR_REDUCE_H

#include "engine/err.h"

#include <stddef.h>

#define ATTR_REDUCES(X)                                                                            \
    X(SUM_ABS, "sum-abs")                                                                          \
    X(ABS_SUM, "abs-sum")                                                                          \
    X(SUM, "sum")                                                                                  \
    X(MEAN, "mean")                                                                                \
    X(MAX_ABS, "max-abs")                                                                          \
    X(POSITIVE_SUM, "positive-sum")

enum attr_reduce {
#define ATTR_REDUCE(id, name) ATTR_REDUCE_##id,
    ATTR_REDUCES(ATTR_REDUCE)
#undef ATTR_REDUCE
        ATTR_REDUCE_DEFAULT = ATTR_REDUCE_SUM_ABS
};

const char *attr_reduce_name(enum attr_reduce how);
enum eng_err attr_reduce_parse(enum attr_reduce *how, const char *text, struct eng_why *why);

/* map[pixels] from a[channels][pixels], channels >= 1; sums are taken in double. map may be a. */
void attr_reduce_map(float *map, const float *a, size_t channels, size_t pixels,
                     enum attr_reduce how);

#endif
