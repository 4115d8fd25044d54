/* Fitting a model to a data set: the loop that classifiers and GAD's supports share.
 *
 * A fit is a function of its options, the data and the seed: the order of an epoch, the changes to
 * an image and the dropout masks are drawn from (seed, epoch, item) and (seed, step), so the same
 * seed gives the same bits for any number of threads, and a fit that was interrupted and resumed
 * ends with the bits of one that was not.
 */
#ifndef GAD_FIT_H
#define GAD_FIT_H

#include "data/augment.h"
#include "data/dataset.h"
#include "data/model.h"
#include "engine/optim.h"
#include "gad/watch.h"

struct gad_fit_options {
    const struct eng_exec *exec;
    const struct dat_dataset *set;
    const size_t *train; /* items to learn from */
    size_t train_count;
    const size_t *check; /* items to measure accuracy on after each epoch */
    size_t check_count;

    size_t epochs, batch;
    struct eng_optim_config optim;
    float lr; /* the top of the schedule */
    enum eng_schedule schedule;
    double warm_up; /* share of all steps */
    struct dat_augment augment;
    int frozen_batch_norm; /* running averages instead of batch statistics, and left alone */
    int dropout;
    const float *targets; /* [items of the set][classes]: mean squared error against them;
                             NULL: cross-entropy with the labels */
    uint64_t seed;
    int workers;
    int strict; /* a damaged image is an error; else it is left out, and the watch warned once */
    const char *checkpoint; /* file kept after each epoch, every ten minutes in longer ones, and
                               when interrupted, for the caller to remove; NULL: none */
    const char *what;       /* for the progress bar */
    const struct gad_watch *watch;
};

/* What one epoch came to. */
struct gad_epoch {
    double loss;     /* mean over the epoch's batches, as the weights moved */
    double accuracy; /* of the same, on augmented images; NaN for regression */
    double check;    /* accuracy on the check items after the epoch; NaN if there are none */
    double seconds;
};

/* ENG_ARG if these cannot be: no epochs, no batch, or a rate that is negative or not finite. */
enum eng_err gad_fit_check(size_t epochs, size_t batch, float lr, struct eng_why *why);

/* Trains model->net in place. *log gets options->epochs entries (the caller frees), those of an
 * earlier, interrupted part too. Resumes from the checkpoint if there is one; one that belongs to
 * other options is ENG_MISMATCH. A loss that is not finite is ENG_FORMAT: the learning rate is too
 * high; ENG_ARG is gad_fit_check's, or no items. After ENG_INTERRUPTED the checkpoint holds all
 * steps that were taken. */
enum eng_err gad_fit(struct dat_model *model, const struct gad_fit_options *options,
                     struct gad_epoch **log, struct eng_why *why);

#endif
