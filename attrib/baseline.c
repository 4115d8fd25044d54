#include "attrib/baseline.h"

#include "engine/choice.h"

#include <string.h>

ENG_CHOICE(attr_baseline, attr_baseline_kind, ATTR_BASELINES, "baseline")

enum eng_err attr_baseline_check(const struct attr_baseline *baseline, struct eng_why *why)
{
    if (!attr_baseline_name(baseline->kind))
        return eng_fail(why, ENG_ARG, "there is no baseline number %d", (int)baseline->kind);
    if (baseline->kind == ATTR_BASELINE_BLACK && !baseline->black)
        return eng_fail(why, ENG_ARG,
                        "a black baseline needs to know what black is; give the "
                        "value of each channel");
    if (baseline->kind == ATTR_BASELINE_TENSOR && !baseline->tensor)
        return eng_fail(why, ENG_ARG, "the baseline is a tensor, but there is none; give one");
    return ENG_OK;
}

static float mean_of(const float *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i];
    return (float)(sum / (double)count);
}

void attr_baseline_fill(float *out, const struct attr_baseline *baseline, const float *x,
                        size_t channels, size_t pixels)
{
    if (baseline->kind == ATTR_BASELINE_TENSOR) {
        memcpy(out, baseline->tensor, channels * pixels * sizeof *out);
        return;
    }
    for (size_t c = 0; c < channels; c++) {
        float colour = 0;
        if (baseline->kind == ATTR_BASELINE_BLACK)
            colour = baseline->black[c];
        else if (baseline->kind == ATTR_BASELINE_MEAN)
            colour = mean_of(x + c * pixels, pixels);
        for (size_t i = 0; i < pixels; i++)
            out[c * pixels + i] = colour;
    }
}
