/* GAD's map: what the maps of the original net and of all support nets have in common.
 *
 *     original   9 2 7 0 4         A pixel stays if it is present in every map, and it never gets
 *     support 1  8 0 6 5 1         a sign or a place that the original's map did not give it: GAD
 *     support 2  9 3 2 5 2         may only take away. (Here: normalise none, keep min.)
 *                ---------
 *     GAD        8 0 2 0 1
 *
 * The paper says that the final map "includes only features present in all five attribution maps",
 * that it should have fewer important pixels, and none that the original did not have. Open, and
 * settled here by options, are the scale on which maps are compared, what "present" means, and the
 * value that a pixel keeps. The defaults are
 *
 *     normalise  max      each map by its own largest magnitude: support nets are trained to
 *                         larger outputs, so their gradients differ in scale and not only in place
 *     present    value:0  any value but zero, on every side of the same sign
 *     keep       min      the weakest of the normalised values, back in the original's scale
 *
 * because the minimum is the intersection for every threshold at once: the pixels with min > t are
 * exactly the ones with > t in each map, so "present in all maps" holds for whatever cut a reader
 * applies later, and needs no threshold here. Equal maps give the original's map back, bit for bit.
 *
 * The promise, for all options: GAD's map is zero wherever the original's is. With keep min or
 * original a value also never exceeds the original's, so that under one common cut (the flag
 * `original` of metrics/select.h) GAD's important pixels are among the original's. Mean and geomean
 * can exceed it, and cuts of their own can take new pixels with any of them.
 */
#ifndef GAD_INTERSECT_H
#define GAD_INTERSECT_H

#include "engine/err.h"
#include "metrics/select.h"

#include <stdbool.h>
#include <stddef.h>

/* What each map is divided by before it is compared: 1, its largest magnitude, or the magnitude
 * that 1 % of its pixels exceed (if that is 0, the largest). */
#define GAD_NORMALISES(X)                                                                          \
    X(NONE, "none")                                                                                \
    X(MAX, "max")                                                                                  \
    X(P99, "p99")

enum gad_normalise {
#define GAD_NORMALISE(id, name) GAD_NORMALISE_##id,
    GAD_NORMALISES(GAD_NORMALISE)
#undef GAD_NORMALISE
};

/* The value of a pixel that stays: the original's as it is; or the least, the arithmetic or the
 * geometric mean of all maps' normalised values, times what the original's map was divided by. */
#define GAD_KEEPS(X)                                                                               \
    X(ORIGINAL, "original")                                                                        \
    X(MIN, "min")                                                                                  \
    X(MEAN, "mean")                                                                                \
    X(GEOMEAN, "geomean")

enum gad_keep {
#define GAD_KEEP(id, name) GAD_KEEP_##id,
    GAD_KEEPS(GAD_KEEP)
#undef GAD_KEEP
};

const char *gad_normalise_name(enum gad_normalise normalise);
enum eng_err gad_normalise_parse(enum gad_normalise *normalise, const char *text,
                                 struct eng_why *why);
const char *gad_keep_name(enum gad_keep keep);
enum eng_err gad_keep_parse(enum gad_keep *keep, const char *text, struct eng_why *why);

struct gad_intersect {
    enum gad_normalise normalise;
    /* A pixel is present in a map if this takes it among the map's magnitudes, as they are before
     * normalisation (with the flag `original`, at the cut of the original's magnitudes), and if
     * it has the sign of the original's pixel. A zero is never present. The rule `range` alone
     * looks at values with their signs, half way from the most negative to the most positive one:
     * of magnitudes it would be the rule `value`. */
    struct met_select present;
    enum gad_keep keep;
};

/* max, value:0, min. */
struct gad_intersect gad_intersect_default(void);

/* out[pixels] = the intersection of count >= 1 maps of `pixels` values each; maps[0] is the
 * original's, and out may be it. All are for one class, reduced to one value per pixel. A value
 * that is not finite is ENG_ARG, why says in which map, and out is untouched. */
enum eng_err gad_intersect_maps(float *out, const float *const *maps, size_t count, size_t pixels,
                                const struct gad_intersect *how, struct eng_why *why);

/* True if, whatever the maps, `select` takes in GAD's map only pixels that it takes in the
 * original's. */
bool gad_intersect_nested(const struct gad_intersect *how, const struct met_select *select);

#endif
