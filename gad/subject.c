#include "gad/subject.h"

#include <stdio.h>
#include <string.h>

static enum eng_err check_names(const struct dat_model *model, const struct dat_dataset *set,
                                const char *data, struct eng_why *why)
{
    const char *first = dat_dataset_class(set, 0)->name, *second = dat_dataset_class(set, 1)->name;
    char *const *names = model->class_names;
    if (strcmp(first, names[1]) != 0 && strcmp(second, names[0]) != 0)
        return ENG_OK;
    return eng_fail(why, ENG_MISMATCH,
                    "%s: its classes are %.100s, %.100s, and the net's %.100s, %.100s; give "
                    "--classes as for gad train",
                    data, first, second, names[0], names[1]);
}

static void compare_split(const struct dat_model *model, const struct dat_dataset *set,
                          const char *data, const struct gad_watch *watch)
{
    const char *trained_on = dat_model_note(model, "trained_on");
    char text[2048];
    if (!trained_on || strcmp(trained_on, dat_dataset_about(set)) == 0)
        return;
    snprintf(text, sizeof text,
             "%s: the net was trained on other images, or with another split, so that what is held "
             "out here may be known to it (trained on: %.500s; here: %.500s); give --classes, "
             "--holdout and --split-seed as for gad train",
             data, trained_on, dat_dataset_about(set));
    gad_watch_warn(watch, text);
}

enum eng_err gad_subject_open(struct dat_model *model, struct dat_dataset **set,
                              const struct gad_subject *s, const struct gad_watch *watch,
                              struct eng_why *why)
{
    struct dat_budget budget = dat_budget_of(s->file_memory);
    *model = (struct dat_model){0};
    *set = NULL;
    ENG_TRY(dat_model_read_renamed(model, s->model, s->rename, &budget, why));
    ENG_TRY(dat_model_prepare(model, &s->prepare, s->model, why));
    if (model->config.classes != GAD_CLASSES)
        return eng_fail(why, ENG_MISMATCH, "%s: GAD tells two classes apart; this net has %zu",
                        s->model, model->config.classes);
    struct dat_dataset_options opening = DAT_DATASET_DEFAULTS;
    opening.classes = s->classes;
    opening.holdout = s->holdout;
    opening.seed = s->split_seed;
    opening.size = model->preprocess.height;
    opening.file_memory = s->file_memory;
    ENG_TRY(dat_dataset_open(set, s->data, &opening, why));
    if (dat_dataset_class_count(*set) != GAD_CLASSES)
        return eng_fail(why, ENG_MISMATCH,
                        "%s: has %d classes, the net two; group them by --classes", s->data,
                        dat_dataset_class_count(*set));
    ENG_TRY(check_names(model, *set, s->data, why));
    compare_split(model, *set, s->data, watch);
    return ENG_OK;
}
