/* Which pixels of a map are the important ones.
 *
 * Every rule comes down to one number, the cut: a pixel is taken if its value is above it.
 *
 *     value |     o                     value:0.5    half of the largest value
 *           |  o     o      o           range:0.5    half way from the smallest to the largest
 *       cut |------------------------   nonzero:0.5  below the larger half of the positive pixels
 *           |o    o     o  o   o        all:0.5      below the larger half of all pixels
 *         0 +------------------> pixel
 *
 * Because of that, a map that is nowhere above another one takes a subset of the other's pixels
 * as long as both are held against the *same* cut: this is the flag `original`, which finds the
 * cut on the original's map also when it selects in GAD's. Without it each map has its own cut,
 * and a map that lost its peak lowers its cut and may take pixels that the original did not.
 *
 * What the paper leaves open, and what stands here for it:
 * - Its text says "retaining only the most important half" of the pixels (tables) and "more than
 *   10 % of the highest importance" (Fig. 4). Taken literally the former cannot be: a hull round
 *   half of all pixels of a 224 x 224 image would need logits to change by hundreds to give the
 *   sensitivities of Table 2. So half is read as half of the *value*, like the 10 %:
 *   met_select_default is value:0.5, met_select_figure is value:0.1.
 * - range:0.5 is the same on a map whose smallest value is 0. On a signed map zero lies near the
 *   middle of the range, so that many pixels of the noise pass and a hull soon covers the image:
 *   the supplementary areas of Table 2 look as if the authors had cut signed maps so.
 * - Each map has its own cut by default. The paper's Table 1 has images where GAD's hull is the
 *   larger one, most of all for Saliency; under a common cut that cannot happen.
 * - Ties: values equal to the cut stay out; with `inclusive` they are in. For the rules that count
 *   pixels, a group of equal values that fits only in part thus stays out (or in) as a whole: the
 *   result never depends on the order of pixels.
 * - A pixel at or below zero says nothing for the class and is never taken; with `zeros` it may be.
 * - A share of n pixels is rounded up: half of 5 is 3.
 */
#ifndef MET_SELECT_H
#define MET_SELECT_H

#include "engine/err.h"
#include "metrics/mask.h"

#include <stdbool.h>
#include <stddef.h>

#define MET_SELECT_RULES(X)                                                                        \
    X(VALUE, "value")                                                                              \
    X(RANGE, "range")                                                                              \
    X(NONZERO, "nonzero")                                                                          \
    X(ALL, "all")

enum met_select_rule {
#define MET_SELECT_RULE(rule, name) MET_SELECT_##rule,
    MET_SELECT_RULES(MET_SELECT_RULE)
#undef MET_SELECT_RULE
};

#define MET_SELECT_FLAGS(X)                                                                        \
    X(original)                                                                                    \
    X(inclusive)                                                                                   \
    X(zeros)

struct met_select {
    enum met_select_rule rule;
    double amount; /* 0 .. 1 */
#define MET_SELECT_FLAG(flag) bool flag;
    MET_SELECT_FLAGS(MET_SELECT_FLAG)
#undef MET_SELECT_FLAG
};

/* value:0.5, for the hulls of the tables. */
struct met_select met_select_default(void);

/* value:0.1, for the hulls that are drawn. */
struct met_select met_select_figure(void);

/* As text: RULE:AMOUNT, then any flags, such as "value:0.5", "nonzero:50%" or
 * "all:0.25:inclusive:original". Anything else is ENG_ARG and *how keeps what it had. */
enum eng_err met_select_parse(struct met_select *how, const char *text, struct eng_why *why);

/* Room for any of them as text, NUL included. */
#define MET_SELECT_TEXT 80

/* Writes the text that met_select_parse reads back to the same. */
void met_select_print(char text[MET_SELECT_TEXT], const struct met_select *how);

/* The cut that `how` finds on count values. ENG_ARG if the amount is outside 0 .. 1, count is 0
 * or a value is not finite; *cut may be infinite (nothing, or everything, is above). */
enum eng_err met_select_cut(double *cut, const struct met_select *how, const float *map,
                            size_t count, struct eng_why *why);

/* True if a pixel of this value is taken at this cut. */
static inline bool met_select_takes(const struct met_select *how, double cut, float value)
{
    const bool above = how->inclusive ? (double)value >= cut : (double)value > cut;
    return above && (how->zeros || value > 0.0f);
}

/* A new mask (the caller releases it) of the pixels that `how` takes in map [height][width].
 * `original` is the map of the original net, same size; only the flag of that name reads it, and
 * without that flag it may be NULL. Errors as of met_select_cut and met_mask_init. */
enum eng_err met_select_pixels(struct met_mask *mask, const struct met_select *how,
                               const float *map, const float *original, size_t width, size_t height,
                               struct eng_why *why);

/* The value of rank nth (1: the largest) of count finite values, 1 <= nth <= count. Linear time,
 * no memory, map untouched; 0.0 and -0.0 are equal and come out as 0.0. */
float met_select_nth(const float *map, size_t count, size_t nth);

#endif
