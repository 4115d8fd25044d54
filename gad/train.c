#include "gad/train.h"

#include "data/file.h"
#include "gad/history.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gad_train_options gad_train_defaults(void)
{
    return (struct gad_train_options){.holdout = 0.2,
                                      .arch = "resnet18",
                                      .width = 1,
                                      .size = 112,
                                      .epochs = 18,
                                      .batch = 64,
                                      .optim = "sgd",
                                      .lr = NAN,
                                      .weight_decay = 5e-4f,
                                      .augment = "full",
                                      .workers = 1};
}

float gad_train_rate(const char *arch, const char *optim)
{
    if (strcmp(optim, "adam") == 0)
        return strcmp(arch, "vgg16") == 0 ? 2e-4f : 1e-3f;
    return strcmp(arch, "vgg16") == 0 ? 0.01f : 0.05f;
}

static enum eng_err choose_augment(struct dat_augment *a, const char *name, struct eng_why *why)
{
    *a = DAT_AUGMENT_OFF;
    if (strcmp(name, "none") == 0)
        return ENG_OK;
    a->flip = 0.5f;
    if (strcmp(name, "flip") == 0)
        return ENG_OK;
    a->scale_min = 0.35f;
    a->scale_max = 1.0f;
    a->jitter = 0.2f;
    if (strcmp(name, "full") == 0)
        return ENG_OK;
    return eng_fail(why, ENG_ARG, "no augmentation '%s'; there are: full, flip, none", name);
}

static enum eng_err choose_optim(struct eng_optim_config *optim, const struct gad_train_options *o,
                                 struct eng_why *why)
{
    if (strcmp(o->optim, "sgd") == 0) {
        *optim = eng_optim_sgd(0.9f, o->weight_decay);
    } else if (strcmp(o->optim, "adam") == 0) {
        *optim = eng_optim_adam();
        optim->weight_decay = o->weight_decay;
    } else {
        return eng_fail(why, ENG_ARG, "no optimiser '%s'; there are: sgd, adam", o->optim);
    }
    return ENG_OK;
}

static enum eng_err init_model(struct dat_model *model, const struct gad_train_options *o,
                               const struct dat_dataset *set, struct eng_why *why)
{
    const size_t classes = (size_t)dat_dataset_class_count(set);
    const struct eng_arch_config config = {o->arch, o->width, classes, o->hidden};
    struct dat_preprocess preprocess;
    dat_preprocess_init_square(&preprocess, o->size);
    const char **names = calloc(classes, sizeof *names);
    if (!names)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    for (size_t i = 0; i < classes; i++)
        names[i] = dat_dataset_class(set, (int)i)->name;
    enum eng_err err = dat_model_init(model, &config, names, &preprocess, o->seed, why);
    free(names);
    struct dat_budget budget = dat_budget_of(o->file_memory);
    if (err == ENG_OK && o->init)
        err = dat_model_start_from(model, o->init, o->rename, &budget, why);
    return err;
}

static enum eng_err note(struct dat_model *model, const struct gad_train_options *o, float lr,
                         const struct dat_dataset *set, size_t trained, size_t held_out,
                         const struct gad_epoch *log)
{
    const double accuracy = log[o->epochs - 1].check;
    ENG_TRY(dat_model_set_note(model, "trained_by", "gad %s", GAD_VERSION));
    ENG_TRY(dat_model_set_note(model, "trained_on", "%s", dat_dataset_about(set)));
    ENG_TRY(dat_model_set_note(model, "images", "%zu", trained));
    ENG_TRY(dat_model_set_note(model, "epochs", "%zu", o->epochs));
    ENG_TRY(dat_model_set_note(model, "batch", "%zu", o->batch));
    ENG_TRY(dat_model_set_note(model, "optimiser", "%s", o->optim));
    ENG_TRY(dat_model_set_note(model, "lr", "%g", (double)lr));
    ENG_TRY(dat_model_set_note(model, "weight_decay", "%g", (double)o->weight_decay));
    ENG_TRY(dat_model_set_note(model, "augment", "%s", o->augment));
    ENG_TRY(dat_model_set_note(model, "seed", "%llu", (unsigned long long)o->seed));
    if (o->init)
        ENG_TRY(dat_model_set_note(model, "started_from", "%s", o->init));
    if (held_out) {
        ENG_TRY(dat_model_set_note(model, "held_out_images", "%zu", held_out));
        ENG_TRY(dat_model_set_note(model, "held_out_accuracy", "%.4f", accuracy));
    }
    return gad_history_note(model, log, o->epochs);
}

static enum eng_err train(struct dat_model *model, const struct gad_train_options *o,
                          const struct dat_dataset *set, const char *checkpoint, double *accuracy,
                          struct eng_why *why)
{
    size_t *items = NULL, *held_out = NULL, count, held_count;
    struct gad_epoch *log = NULL;
    struct gad_fit_options fit = {.exec = o->exec,
                                  .set = set,
                                  .epochs = o->epochs,
                                  .batch = o->batch,
                                  .lr = isnan(o->lr) ? gad_train_rate(o->arch, o->optim) : o->lr,
                                  .schedule = ENG_SCHEDULE_COSINE,
                                  .warm_up = 0.25,
                                  .dropout = 1,
                                  .seed = o->seed,
                                  .workers = o->workers,
                                  .strict = o->strict,
                                  .checkpoint = checkpoint,
                                  .what = "training",
                                  .watch = o->watch};
    ENG_TRY(choose_augment(&fit.augment, o->augment, why));
    ENG_TRY(choose_optim(&fit.optim, o, why));
    ENG_TRY(init_model(model, o, set, why));
    enum eng_err err = dat_dataset_indices(set, DAT_TRAIN, o->images, o->seed, &items, &count);
    if (err == ENG_OK)
        err = dat_dataset_indices(set, DAT_HELDOUT, 0, o->seed, &held_out, &held_count);
    if (err != ENG_OK) {
        eng_fail(why, err, "out of memory");
    } else {
        fit.train = items;
        fit.train_count = count;
        fit.check = held_out;
        fit.check_count = held_count;
        err = gad_fit(model, &fit, &log, why);
    }
    if (err == ENG_OK) {
        *accuracy = log[o->epochs - 1].check;
        err = note(model, o, fit.lr, set, count, held_count, log);
        if (err != ENG_OK)
            eng_fail(why, err, "out of memory");
    }
    if (err == ENG_OK)
        err = dat_model_write(model, o->output, why);
    if (err == ENG_OK)
        remove(checkpoint);
    free(items);
    free(held_out);
    free(log);
    return err;
}

enum eng_err gad_train(struct dat_model *model, const struct gad_train_options *o, double *accuracy,
                       struct eng_why *why)
{
    struct dat_dataset *set;
    struct dat_dataset_options opening = DAT_DATASET_DEFAULTS;
    opening.classes = o->classes;
    opening.holdout = o->holdout;
    opening.seed = o->seed;
    opening.size = o->size;
    opening.file_memory = o->file_memory;
    *model = (struct dat_model){0};
    struct dat_out probe; /* better to learn it now than when an epoch of hours is to be kept */
    ENG_TRY(dat_out_open(&probe, o->output, why));
    dat_out_abort(&probe);
    ENG_TRY(dat_dataset_open(&set, o->data, &opening, why));
    char *checkpoint = malloc(strlen(o->output) + sizeof ".checkpoint");
    enum eng_err err = ENG_NOMEM;
    if (checkpoint) {
        sprintf(checkpoint, "%s.checkpoint", o->output);
        err = train(model, o, set, checkpoint, accuracy, why);
    }
    free(checkpoint);
    dat_dataset_free(set);
    if (err != ENG_OK)
        dat_model_release(model);
    return err;
}
