/* Scores of a map or a region where the right answer is known, as in generated pictures.
 *
 *     map        . 1 4 .      truth   . # # .     weight on the truth   (1 + 4 + 3) / 10 = 0.8
 *                . 2 3 .              . . # .     pointing game         the 4 is on it: a hit
 *
 *     region     # # # .      truth   . # # .     precision   2 of 5 pixels = 0.4
 *                # # . .              . . # .     IoU         2 of 6 pixels = 0.33
 */
#ifndef MET_TRUTH_H
#define MET_TRUTH_H

#include "engine/err.h"
#include "metrics/mask.h"

#include <stdbool.h>
#include <stddef.h>

struct met_truth {
    double share; /* of the map's whole weight, on the truth */
    bool hit;     /* one of the map's largest values is on the truth: a tie counts as a hit */
    bool empty;   /* the map has no weight: share is 0 and there is no hit */
};

/* Scores map [height][width], the sizes being those of the truth. A value that is negative or not
 * finite is ENG_ARG, and *score is untouched. */
enum eng_err met_truth_of_map(struct met_truth *score, const float *map,
                              const struct met_mask *truth, struct eng_why *why);

struct met_overlap {
    size_t pixels, truth, both; /* pixels set in the region, in the truth, in both */
    double precision;           /* both / pixels; 0 if the region is empty */
    double recall;              /* both / truth; 0 if the truth is empty */
    double iou;                 /* both / either; 0 if both are empty */
    bool empty;                 /* the region has no pixels */
};

/* Scores a region (entries > 0 of a mask: a hull or a selection). Other sizes are ENG_SHAPE. */
enum eng_err met_truth_of_region(struct met_overlap *score, const struct met_mask *region,
                                 const struct met_mask *truth);

#endif
