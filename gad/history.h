/* A training's epochs as text, so that a model file can carry them and a report draw them. */
#ifndef GAD_HISTORY_H
#define GAD_HISTORY_H

#include "gad/fit.h"

/* Notes "training_log" on the model: a JSON array, an object for each epoch with epoch, loss,
 * accuracy and held_out_accuracy (null where there is none). No times: the same seed gives the
 * same file. */
enum eng_err gad_history_note(struct dat_model *model, const struct gad_epoch *log, size_t epochs);

#endif
