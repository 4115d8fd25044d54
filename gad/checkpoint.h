/* The state of a fit between two of its steps, in one safetensors file. */
#ifndef GAD_CHECKPOINT_H
#define GAD_CHECKPOINT_H

#include "gad/fit.h"

/* What is done of an epoch: images of its order, some of which may have been skipped, and sums over
 * the others. */
struct gad_part {
    size_t places;
    double loss, right, seen, seconds;
};

struct gad_checkpoint {
    const char *path;
    const char *run; /* text of everything the bits depend on: resuming anything else is refused */
    size_t epoch;    /* epochs done */
    struct gad_epoch *log; /* room for all epochs */
    size_t epochs;
    struct gad_part part; /* of the next epoch */
    size_t places, batch; /* images of an epoch and of a step */
};

/* Writes parameters, the optimiser's state, the log of c->epoch epochs, and the part. */
enum eng_err gad_checkpoint_write(const struct gad_checkpoint *c, const struct dat_model *model,
                                  struct eng_optim *optim, struct eng_why *why);

/* Reads them back and sets c->epoch and c->part; to 0, and ENG_OK, if there is no file. Whatever
 * else is in it, ENG_FORMAT or ENG_MISMATCH leave the file as it is, but not the model and the
 * optimiser. */
enum eng_err gad_checkpoint_read(struct gad_checkpoint *c, struct dat_model *model,
                                 struct eng_optim *optim, struct eng_why *why);

#endif
