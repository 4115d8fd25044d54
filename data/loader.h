/* Batches of network inputs from a data set, prepared ahead by worker threads while the caller
 * computes.
 *
 *   indices -> [read, augment or preprocess, normalise] x workers -> batch, batch, ...
 *
 * What comes out does not depend on the number of workers or on their luck: items come in the
 * order of the list, batch boundaries are places in the list, and the random changes to an item
 * depend on the seed, the epoch and the item alone.
 *
 * One loader is one pass over one list:
 *
 *   dat_loader_new(&loader, &options, indices, count, why);
 *   while (!(err = dat_loader_next(loader, &batch, why)) && batch)
 *       train(batch);
 *   dat_loader_free(loader);
 */
#ifndef DAT_LOADER_H
#define DAT_LOADER_H

#include "data/augment.h"
#include "data/dataset.h"
#include "data/preprocess.h"

struct dat_loader_options {
    const struct dat_dataset *set;           /* borrowed while the loader lives */
    const struct dat_preprocess *preprocess; /* size and normalisation; copied */
    const struct dat_augment *augment;       /* NULL: preprocess alone brings it to size; copied */
    size_t batch;                            /* items in a batch, > 0 */
    int workers;                             /* threads; 0: the caller does the work itself */
    uint64_t seed, epoch;                    /* of the augmentation */
    int strict;                              /* a damaged image is an error, not skipped */
};

struct dat_batch {
    size_t count;   /* > 0; items that were skipped are missing, and the last batch may be short */
    const float *x; /* [count][3][height][width], normalised */
    const int *labels;
    const size_t *items; /* indices into the data set */
    size_t end;          /* places of the list up to and with this batch; skipped ones count */
};

struct dat_loader;

/* Copies the list (indices[0..count) into the data set, in the order wanted) and starts the
 * workers. If the system refuses threads, the loader does with those it got. ENG_ARG for settings
 * that cannot work; on error *out is NULL. */
enum eng_err dat_loader_new(struct dat_loader **out, const struct dat_loader_options *options,
                            const size_t *indices, size_t count, struct eng_why *why);

/* *batch = the next batch, the loader's until the next call; NULL after the last. A batch of which
 * every image was skipped does not appear. After an error (strict: that of the first damaged image
 * in the list; ENG_NOMEM) the loader can only be freed. */
enum eng_err dat_loader_next(struct dat_loader *loader, const struct dat_batch **batch,
                             struct eng_why *why);

/* How many images were skipped in the batches so far, and the sentence about each, which begins
 * with its path; in the order of the list. */
size_t dat_loader_skipped(const struct dat_loader *loader);
const char *dat_loader_skipped_why(const struct dat_loader *loader, size_t i);

/* Stops the workers, in the middle of a pass too, and frees everything. NULL allowed. */
void dat_loader_free(struct dat_loader *loader);

#endif
