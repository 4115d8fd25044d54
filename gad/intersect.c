#include "gad/intersect.h"

#include "engine/choice.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

ENG_CHOICE(gad_normalise, gad_normalise, GAD_NORMALISES, "normalisation")
ENG_CHOICE(gad_keep, gad_keep, GAD_KEEPS, "value to keep")

struct gad_intersect gad_intersect_default(void)
{
    return (struct gad_intersect){
        .normalise = GAD_NORMALISE_MAX,
        .present = {.rule = MET_SELECT_VALUE, .amount = 0.0},
        .keep = GAD_KEEP_MIN,
    };
}

bool gad_intersect_nested(const struct gad_intersect *how, const struct met_select *select)
{
    /* With `zeros` a pixel that GAD set to 0 can outrank a negative one of the original. */
    const bool bounded = how->keep == GAD_KEEP_ORIGINAL || how->keep == GAD_KEEP_MIN;
    return bounded && select->original && !select->zeros;
}

/* What a map with these magnitudes is divided by. */
static double scale_of(const float *magnitudes, size_t pixels, enum gad_normalise normalise)
{
    if (normalise == GAD_NORMALISE_NONE)
        return 1.0;
    if (normalise == GAD_NORMALISE_P99) {
        const float p99 = met_select_nth(magnitudes, pixels, pixels / 100 + 1);
        if (p99 > 0.0f)
            return p99;
    }
    float largest = 0.0f;
    for (size_t i = 0; i < pixels; i++)
        largest = magnitudes[i] > largest ? magnitudes[i] : largest;
    return largest;
}

/* Takes out of `stays` what is not present in one map, and finds the map's scale. *cut is the
 * original's when `first` is false and the rule wants that one. magnitudes[pixels] is overwritten.
 */
static enum eng_err meet(uint8_t *stays, double *scale, double *cut, float *magnitudes,
                         const float *map, const float *original, size_t pixels,
                         const struct gad_intersect *how, bool first, struct eng_why *why)
{
    double own;
    for (size_t i = 0; i < pixels; i++)
        magnitudes[i] = fabsf(map[i]);
    const float *values = how->present.rule == MET_SELECT_RANGE ? map : magnitudes;
    ENG_TRY(met_select_cut(&own, &how->present, values, pixels, why));
    if (first || !how->present.original)
        *cut = own;
    *scale = scale_of(magnitudes, pixels, how->normalise);
    for (size_t i = 0; i < pixels; i++) {
        const bool same_sign = (map[i] > 0.0f && original[i] > 0.0f) ||
                               (map[i] < 0.0f && original[i] < 0.0f);
        stays[i] &= same_sign && met_select_takes(&how->present, *cut, values[i]);
    }
    return ENG_OK;
}

/* The magnitude that pixel i keeps. It is present in every map, so no scale is 0. Dividing a float
 * by a scale and multiplying it again in double gives the same float back, so that the minimum is
 * exactly the original's value where that is the least, and never beyond it. */
static float kept(const float *const *maps, const double *scales, size_t count, size_t i,
                  enum gad_keep keep)
{
    double least = DBL_MAX, sum = 0.0, logs = 0.0;
    switch (keep) {
    case GAD_KEEP_ORIGINAL:
        break;
    case GAD_KEEP_MIN:
        for (size_t k = 0; k < count; k++)
            least = fmin(least, fabsf(maps[k][i]) / scales[k]);
        return (float)(least * scales[0]);
    case GAD_KEEP_MEAN:
        for (size_t k = 0; k < count; k++)
            sum += fabsf(maps[k][i]) / scales[k];
        return (float)fmin(sum / (double)count * scales[0], FLT_MAX);
    case GAD_KEEP_GEOMEAN:
        for (size_t k = 0; k < count; k++)
            logs += log(fabsf(maps[k][i]) / scales[k]);
        return (float)fmin(exp(logs / (double)count) * scales[0], FLT_MAX);
    }
    return fabsf(maps[0][i]);
}

enum eng_err gad_intersect_maps(float *out, const float *const *maps, size_t count, size_t pixels,
                                const struct gad_intersect *how, struct eng_why *why)
{
    if (count == 0 || pixels == 0)
        return eng_fail(why, ENG_ARG, "there is no map to intersect; give the original's at least");
    if (pixels > SIZE_MAX / sizeof(float))
        return eng_fail(why, ENG_TOOBIG, "%zu pixels are too many; use smaller maps", pixels);

    uint8_t *stays = malloc(pixels);
    float *magnitudes = malloc(pixels * sizeof *magnitudes);
    double *scales = calloc(count, sizeof *scales);
    enum eng_err err = ENG_NOMEM;
    if (!stays || !magnitudes || !scales)
        goto done;

    double cut = 0.0;
    for (size_t i = 0; i < pixels; i++)
        stays[i] = 1;
    for (size_t k = 0; k < count; k++) {
        err = meet(stays, &scales[k], &cut, magnitudes, maps[k], maps[0], pixels, how, k == 0, why);
        if (err != ENG_OK) {
            char prefix[64];
            snprintf(prefix, sizeof prefix, "map %zu of %zu", k + 1, count);
            eng_fail_in(why, err, prefix);
            goto done;
        }
    }
    for (size_t i = 0; i < pixels; i++)
        out[i] = stays[i] ? copysignf(kept(maps, scales, count, i, how->keep), maps[0][i]) : 0.0f;
done:
    free(scales);
    free(magnitudes);
    free(stays);
    return err;
}
