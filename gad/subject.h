/* What GAD is made for and measured on: a net of two classes, and the data set that it tells apart.
 */
#ifndef GAD_SUBJECT_H
#define GAD_SUBJECT_H

#include "data/dataset.h"
#include "data/model.h"
#include "gad/watch.h"

#define GAD_CLASSES 2 /* GAD pushes two classes apart */

struct gad_subject {
    const char *model;                    /* its file */
    const struct dat_rename *rename;      /* of the tensors in it, or NULL */
    struct dat_preprocess_change prepare; /* of images, unlike the file says */
    const char *data, *classes;           /* as it was trained on: data/dataset.h */
    double holdout;
    uint64_t split_seed; /* of the hold-out */
    size_t file_memory;  /* bytes that reading a file may take: data/budget.h; 0: no bound */
};

/* Opens both; the caller releases and frees, also after an error. ENG_MISMATCH where either has not
 * two classes, or where a class of the data set has the name of the net's other one: labels are the
 * numbers of the net's outputs. If the file says that it was trained on other images, or with
 * another split, the watch is warned: what is held out may then have been trained on. */
enum eng_err gad_subject_open(struct dat_model *model, struct dat_dataset **set,
                              const struct gad_subject *subject, const struct gad_watch *watch,
                              struct eng_why *why);

#endif
