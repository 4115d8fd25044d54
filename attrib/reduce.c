#include "attrib/reduce.h"

#include "engine/choice.h"

#include <math.h>

ENG_CHOICE(attr_reduce, attr_reduce, ATTR_REDUCES, "reduction")

void attr_reduce_map(float *map, const float *a, size_t channels, size_t pixels,
                     enum attr_reduce how)
{
    for (size_t i = 0; i < pixels; i++) {
        double sum = 0, sum_abs = 0, max_abs = 0, value = 0;
        for (size_t c = 0; c < channels; c++) {
            const double v = a[c * pixels + i];
            sum += v;
            sum_abs += fabs(v);
            if (fabs(v) > max_abs || isnan(v))
                max_abs = fabs(v);
        }
        switch (how) {
        case ATTR_REDUCE_SUM_ABS:
            value = sum_abs;
            break;
        case ATTR_REDUCE_ABS_SUM:
            value = fabs(sum);
            break;
        case ATTR_REDUCE_SUM:
            value = sum;
            break;
        case ATTR_REDUCE_MEAN:
            value = sum / (double)channels;
            break;
        case ATTR_REDUCE_MAX_ABS:
            value = max_abs;
            break;
        case ATTR_REDUCE_POSITIVE_SUM:
            value = sum < 0 ? 0 : sum;
            break;
        }
        map[i] = (float)value;
    }
}
