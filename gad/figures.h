/* The paper's figures from an evaluation: pictures in a folder, and their description in JSON.
 *
 * Nothing is picked by hand. Fig. 3 takes the first image that the original gets wrong (or the
 * least activated one); Fig. 5 the first two images of each class; Fig. 6 the five least activated
 * of each class, by the output of their own class. */
#ifndef GAD_FIGURES_H
#define GAD_FIGURES_H

#include "data/json_out.h"
#include "gad/evaluate.h"

/* Writes OUTPUT/pictures/ and the value of the member "figures". */
enum eng_err gad_figures_write(struct gad_evaluation *e, struct dat_json_out *json,
                               struct eng_why *why);

#endif
