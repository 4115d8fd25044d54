#include "metrics/mask.h"

#include <stdlib.h>

enum eng_err met_mask_init(struct met_mask *mask, size_t width, size_t height)
{
    *mask = (struct met_mask){0};
    if (width == 0 || height == 0)
        return ENG_ARG;
    if (width > MET_MASK_MAX_SIDE || height > MET_MASK_MAX_SIDE ||
        width > MET_MASK_MAX_PIXELS / height)
        return ENG_TOOBIG;
    int8_t *at = calloc(height, width);
    if (!at)
        return ENG_NOMEM;
    *mask = (struct met_mask){.width = width, .height = height, .at = at};
    return ENG_OK;
}

void met_mask_release(struct met_mask *mask)
{
    free(mask->at);
    *mask = (struct met_mask){0};
}

int64_t met_mask_sum(const struct met_mask *mask)
{
    const size_t count = mask->width * mask->height;
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += mask->at[i];
    return sum;
}

bool met_mask_within(const struct met_mask *part, const struct met_mask *whole)
{
    if (part->width != whole->width || part->height != whole->height)
        return false;
    const size_t count = part->width * part->height;
    for (size_t i = 0; i < count; i++)
        if (part->at[i] != 0 && whole->at[i] == 0)
            return false;
    return true;
}
