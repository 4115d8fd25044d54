/* What an evaluation leaves in its folder, for people, spreadsheets and gad report:
 *
 *   evaluate.json   everything below, and what was run
 *   table1.csv      Table 1: wins per class and method        table2.csv   Table 2: mean RS
 *   totals.csv      all totals of a class and method, a line for each (gad/table.h)
 *   per_image.csv   a line for each image, class and method
 *   pictures/       the figures of the report, as PNG
 */
#ifndef GAD_RESULT_H
#define GAD_RESULT_H

#include "gad/evaluate.h"

/* The data set of the paper that this one is like, by the names of its classes: "cats-dogs",
 * "birds", or "". */
const char *gad_result_dataset(const struct gad_evaluation *e);

/* Writes all of it, the pictures too, to e->options->output. */
enum eng_err gad_result_write(struct gad_evaluation *e, struct eng_why *why);

#endif
