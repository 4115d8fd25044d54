/* Outputs of a model for many images of a data set. */
#ifndef GAD_PREDICT_H
#define GAD_PREDICT_H

#include "data/dataset.h"
#include "data/model.h"
#include "engine/exec.h"
#include "gad/watch.h"

struct gad_predict_options {
    const struct eng_exec *exec;
    size_t batch;
    int workers;      /* threads that decode ahead */
    int strict;       /* a damaged image is an error */
    const char *what; /* for the progress bar */
    const struct gad_watch *watch;
};

/* logits[count][classes] of items indices[0..count), evaluation mode, before softmax. A damaged
 * image's row is NaN, and the watch is warned. The model is prepared as needed. */
enum eng_err gad_predict(float *logits, struct dat_model *model, const struct dat_dataset *set,
                         const size_t *indices, size_t count,
                         const struct gad_predict_options *options, struct eng_why *why);

/* The share of rows whose largest output is their item's label, rows of damaged images left out;
 * NaN where none is left. */
double gad_accuracy(const float *logits, size_t classes, const struct dat_dataset *set,
                    const size_t *indices, size_t count);

/* ENG_FORMAT if an output[count] is a NaN or an infinity. */
enum eng_err gad_outputs_check(const float *outputs, size_t count, struct eng_why *why);

/* The index of the largest of n numbers, the first of equals. */
size_t gad_argmax(const float *values, size_t n);

#endif
