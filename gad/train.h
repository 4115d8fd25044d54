/* Training a classifier from a data set, start to file. */
#ifndef GAD_TRAIN_H
#define GAD_TRAIN_H

#include "gad/fit.h"

struct gad_train_options {
    const struct eng_exec *exec;
    const struct gad_watch *watch;
    const char *data, *classes; /* see data/dataset.h; classes may be NULL */
    double holdout;             /* share held out where the data bring no split */
    const char *output;         /* model file */
    const char *arch;
    float width;
    size_t hidden;                   /* VGG16's hidden layers; 0: by the width */
    size_t size;                     /* input: size x size pixels */
    size_t images;                   /* train on a seeded subset of so many; 0: all */
    const char *init;                /* weights to start from, or NULL */
    const struct dat_rename *rename; /* of the tensors in init, or NULL */
    size_t epochs, batch;
    const char *optim; /* "sgd" (momentum 0.9) or "adam" */
    float lr;          /* NaN: gad_train_rate's */
    float weight_decay;
    const char *augment; /* "full": crops of 35 % and more, flips, colours +-20 %; "flip"; "none" */
    uint64_t seed;
    int workers, strict;
    size_t file_memory; /* bytes that reading a file may take: data/budget.h; 0: no bound */
};

/* Defaults: resnet18 at 112 px, 18 epochs of SGD in batches of 64, weight decay 5e-4, full
 * augmentation, 20 % held out. exec, data and output are still to be set. */
struct gad_train_options gad_train_defaults(void);

/* The learning rate used if none is given: a rise over a quarter of the steps to this, and a
 * cosine down to 0. It suits batches of about 64; nets without batch norm need a lower one. */
float gad_train_rate(const char *arch, const char *optim);

/* Trains and writes options->output; *model (the caller releases) is what was written, its notes
 * telling how it came about. While it runs, OUTPUT.checkpoint keeps how far it has come, and a call
 * with the same options goes on from there to the same bits. *accuracy is that on the held-out
 * images (NaN if there are none). */
enum eng_err gad_train(struct dat_model *model, const struct gad_train_options *options,
                       double *accuracy, struct eng_why *why);

#endif
