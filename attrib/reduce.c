#include "attrib/reduce.h"

#include "engine/choice.h"

#include <math.h>

static const char *const names[] = {
#define NAME(id, name) name,
    ATTR_REDUCES(NAME)
#undef NAME
};

enum { REDUCES = sizeof names / sizeof *names };

const char *attr_reduce_name(enum attr_reduce how)
{
    return eng_choice_name((int)how, names, REDUCES);
}

enum eng_err attr_reduce_parse(enum attr_reduce *how, const char *text, struct eng_why *why)
{
    int choice;
    ENG_TRY(eng_choice_parse(&choice, text, names, REDUCES, "reduction", why));
    *how = (enum attr_reduce)choice;
    return ENG_OK;
}

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
