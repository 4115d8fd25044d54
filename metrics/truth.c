#include "metrics/truth.h"

#include <math.h>

enum eng_err met_truth_of_map(struct met_truth *score, const float *map,
                              const struct met_mask *truth, struct eng_why *why)
{
    const size_t count = truth->width * truth->height;
    double weight = 0.0, on_truth = 0.0;
    float largest = 0.0f, largest_on_truth = 0.0f;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(map[i]) || map[i] < 0.0f)
            return eng_fail(why, ENG_ARG,
                            "value %zu of the map is negative or not finite; reduce the map to "
                            "weights first",
                            i);
        weight += map[i];
        largest = fmaxf(largest, map[i]);
        if (truth->at[i] > 0) {
            on_truth += map[i];
            largest_on_truth = fmaxf(largest_on_truth, map[i]);
        }
    }
    const bool empty = !(largest > 0.0f);
    *score = (struct met_truth){
        .share = empty ? 0.0 : on_truth / weight,
        .hit = !empty && largest_on_truth == largest,
        .empty = empty,
    };
    return ENG_OK;
}

static double share(size_t part, size_t whole)
{
    return whole == 0 ? 0.0 : (double)part / (double)whole;
}

enum eng_err met_truth_of_region(struct met_overlap *score, const struct met_mask *region,
                                 const struct met_mask *truth)
{
    if (region->width != truth->width || region->height != truth->height)
        return ENG_SHAPE;
    const size_t count = truth->width * truth->height;
    struct met_overlap found = {0};
    for (size_t i = 0; i < count; i++) {
        const bool in_region = region->at[i] > 0, in_truth = truth->at[i] > 0;
        found.pixels += in_region;
        found.truth += in_truth;
        found.both += in_region && in_truth;
    }
    found.precision = share(found.both, found.pixels);
    found.recall = share(found.both, found.truth);
    found.iou = share(found.both, found.pixels + found.truth - found.both);
    found.empty = found.pixels == 0;
    *score = found;
    return ENG_OK;
}
