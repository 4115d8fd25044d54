/* The state of a fit between two epochs, in one safetensors file. */
#ifndef GAD_CHECKPOINT_H
#define GAD_CHECKPOINT_H

#include "gad/fit.h"

struct gad_checkpoint {
    const char *path;
    const char *run; /* text of everything the bits depend on: resuming anything else is refused */
    size_t epoch;    /* epochs done */
    struct gad_epoch *log; /* room for all epochs */
    size_t epochs;
    uint64_t steps; /* of an epoch, at most: images that cannot be read are in none */
};

/* Writes parameters, the optimiser's state, and the log of c->epoch epochs. */
enum eng_err gad_checkpoint_write(const struct gad_checkpoint *c, const struct dat_model *model,
                                  struct eng_optim *optim, struct eng_why *why);

/* Reads them back and sets c->epoch; 0, and ENG_OK, if there is no file. Whatever else is in it,
 * ENG_FORMAT or ENG_MISMATCH leave the file as it is, but not the model and the optimiser. */
enum eng_err gad_checkpoint_read(struct gad_checkpoint *c, struct dat_model *model,
                                 struct eng_optim *optim, struct eng_why *why);

#endif
