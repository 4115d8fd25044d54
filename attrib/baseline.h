/* The input that integrated gradients starts from: what "nothing there" looks like.
 *
 *     zero     0 in the space of the net's input. Where images are normalised that is their mean
 *              colour over the training set, a middle grey, not black. Captum's default.
 *     black    a black picture, as the preprocessing makes it: -mean / std in each channel
 *     mean     the image's own mean colour
 *     tensor   an input that the caller gives
 *
 * No baseline is right for all images: a pixel of the baseline's own colour gets nothing, since
 * the attribution has the factor (x - x'). With zero and mean these are the grey parts, with black
 * the dark ones.
 */
#ifndef ATTR_BASELINE_H
#define ATTR_BASELINE_H

#include "engine/err.h"

#include <stddef.h>

#define ATTR_BASELINES(X)                                                                          \
    X(ZERO, "zero")                                                                                \
    X(BLACK, "black")                                                                              \
    X(MEAN, "mean")                                                                                \
    X(TENSOR, "tensor")

enum attr_baseline_kind {
#define ATTR_BASELINE(id, name) ATTR_BASELINE_##id,
    ATTR_BASELINES(ATTR_BASELINE)
#undef ATTR_BASELINE
};

const char *attr_baseline_name(enum attr_baseline_kind kind);
enum eng_err attr_baseline_parse(enum attr_baseline_kind *kind, const char *text,
                                 struct eng_why *why);

struct attr_baseline {
    enum attr_baseline_kind kind;
    const float *black;  /* BLACK only: [channels], borrowed */
    const float *tensor; /* TENSOR only: [channels][height][width], for all images; borrowed */
};

/* ENG_ARG if the kind is unknown, or needs numbers that are not there. */
enum eng_err attr_baseline_check(const struct attr_baseline *baseline, struct eng_why *why);

/* out[channels][pixels] = the baseline of image x[channels][pixels]; the check passes. */
void attr_baseline_fill(float *out, const struct attr_baseline *baseline, const float *x,
                        size_t channels, size_t pixels);

#endif
