#include "metrics/complexity.h"

#include "engine/choice.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define NAME(id, name) name,
static const char *const degenerate_names[] = {MET_DEGENERATES(NAME)};
#undef NAME

const char *met_degenerate_name(enum met_degenerate degenerate)
{
    return eng_choice_name((int)degenerate, degenerate_names, COUNT(degenerate_names));
}

enum eng_err met_degenerate_parse(enum met_degenerate *degenerate, const char *text,
                                  struct eng_why *why)
{
    int choice;
    ENG_TRY(eng_choice_parse(&choice, text, degenerate_names, COUNT(degenerate_names),
                             "treatment of hulls without area", why));
    *degenerate = (enum met_degenerate)choice;
    return ENG_OK;
}

static enum met_winner smaller(double gad, double original)
{
    return gad < original ? MET_WINNER_GAD : MET_WINNER_ORIGINAL;
}

struct met_rc met_complexity(const struct met_hull *gad, const struct met_hull *original,
                             enum met_area area, enum met_degenerate degenerate)
{
    struct met_rc rc = {
        .winner = MET_WINNER_UNDEFINED,
        .ratio = -1.0,
        .gad_area = met_hull_area(gad, area),
        .original_area = met_hull_area(original, area),
        .gad_kind = gad->kind,
        .original_kind = original->kind,
    };
    if (rc.original_area > 0.0)
        rc.ratio = rc.gad_area / rc.original_area;

    /* The areas are compared, not the rounded quotient with 1. */
    if (rc.gad_area > 0.0 && rc.original_area > 0.0) {
        rc.winner = smaller(rc.gad_area, rc.original_area);
        return rc;
    }
    switch (degenerate) {
    case MET_DEGENERATE_SKIP:
        break;
    case MET_DEGENERATE_AREA:
        if (rc.gad_area > 0.0 || rc.original_area > 0.0)
            rc.winner = smaller(rc.gad_area, rc.original_area);
        break;
    case MET_DEGENERATE_GAD:
        rc.winner = MET_WINNER_GAD;
        break;
    case MET_DEGENERATE_ORIGINAL:
        rc.winner = MET_WINNER_ORIGINAL;
        break;
    }
    return rc;
}
