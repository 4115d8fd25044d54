#include "metrics/complexity.h"

#include "engine/choice.h"

ENG_CHOICE(met_degenerate, met_degenerate, MET_DEGENERATES, "treatment of hulls without area")

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
