#include "metrics/sensitivity.h"

#include "engine/choice.h"

#include <math.h>

ENG_CHOICE(met_supplement, met_supplement, MET_SUPPLEMENTS, "supplement")

enum eng_err met_sensitivity(struct met_rs *rs, double before, double after, int64_t pixels)
{
    if (!isfinite(before) || !isfinite(after))
        return ENG_ARG;
    const double change = fabs(before - after);
    const bool empty = pixels <= 0;
    *rs = (struct met_rs){
        .value = empty ? 0.0 : change / (double)pixels,
        .change = change,
        .pixels = pixels,
        .empty = empty,
    };
    return ENG_OK;
}

enum eng_err met_supplement_mask(struct met_mask *mask, const struct met_mask *original,
                                 const struct met_mask *gad, enum met_supplement supplement)
{
    *mask = (struct met_mask){0};
    if (original->width != gad->width || original->height != gad->height)
        return ENG_SHAPE;
    ENG_TRY(met_mask_init(mask, original->width, original->height));
    const size_t count = mask->width * mask->height;
    const int8_t least = supplement == MET_SUPPLEMENT_RAW ? -1 : 0;
    for (size_t i = 0; i < count; i++) {
        const int8_t rest = (int8_t)(original->at[i] - gad->at[i]);
        mask->at[i] = rest > least ? rest : least;
    }
    return ENG_OK;
}

void met_occlude(float *out, const float *x, size_t channels, const struct met_mask *mask,
                 const float *fill)
{
    const size_t count = mask->width * mask->height;
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = 0; i < count; i++) {
            const float from = x[c * count + i];
            const int8_t hide = mask->at[i];
            /* Not x (1 - m) + fill m: what is hidden must vanish without a trace of rounding. */
            out[c * count + i] = hide > 0 ? fill[c] : hide == 0 ? from : 2.0f * from - fill[c];
        }
    }
}
