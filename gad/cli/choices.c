#include "gad/cli/choices.h"

#include <string.h>

void cli_choices_init(struct cli_choices *c, const char *select)
{
    *c = (struct cli_choices){.methods = "all",
                              .rule = "gausslegendre",
                              .baseline = "zero",
                              .reduce = "sum-abs",
                              .normalise = "max",
                              .present = "value:0",
                              .keep = "min",
                              .select = select,
                              .steps = 50,
                              .memory = ATTR_MEMORY_DEFAULT >> 20};
}

void cli_choices_options(struct cli_choices *c, struct cli_option options[CLI_CHOICES_COUNT])
{
    const struct cli_option all[CLI_CHOICES_COUNT] = {
        {"methods", CLI_TEXT, &c->methods, "LIST", "saliency,deconv,gradxinput,guided,ig or all"},
        {"steps", CLI_SIZE, &c->steps, "N", "points of integrated gradients"},
        {"rule", CLI_TEXT, &c->rule, "NAME",
         "its quadrature; also riemann_left, _middle, _right, "
         "_trapezoid"},
        {"baseline", CLI_TEXT, &c->baseline, "NAME|FILE",
         "its start: zero, black, mean or FILE.npy"},
        {"reduce", CLI_TEXT, &c->reduce, "NAME",
         "channels to one: sum-abs, abs-sum, sum, mean, "
         "max-abs, positive-sum"},
        {"normalise", CLI_TEXT, &c->normalise, "NAME",
         "maps before they are compared: none, max, "
         "p99"},
        {"present", CLI_TEXT, &c->present, "RULE", "when a pixel is in a map, as value:0.1"},
        {"keep", CLI_TEXT, &c->keep, "NAME",
         "value of a pixel that stays: original, min, mean, "
         "geomean"},
        {"select", CLI_TEXT, &c->select, "RULE",
         "pixels of a hull: value, range, nonzero or all, "
         "with a share"},
        {"memory", CLI_SIZE, &c->memory, "MIB", "bound for the nets' activations"},
    };
    memcpy(options, all, sizeof all);
}

static enum eng_err take_baseline(struct cli_choices *c, const struct dat_preprocess *p,
                                  struct attr_baseline *baseline, size_t file_memory,
                                  struct eng_why *why)
{
    const size_t length = strlen(c->baseline);
    if (length > 4 && strcmp(c->baseline + length - 4, ".npy") == 0) {
        struct dat_budget budget = dat_budget_of(file_memory);
        ENG_TRY(dat_npy_read(&c->tensor, c->baseline, &budget, why));
        const struct dat_npy *t = &c->tensor;
        if (t->rank != 3 || t->dim[0] != 3 || t->dim[1] != p->height || t->dim[2] != p->width)
            return eng_fail(why, ENG_SHAPE, "%s: a baseline for this model is of shape (3,%zu,%zu)",
                            c->baseline, p->height, p->width);
        baseline->kind = ATTR_BASELINE_TENSOR;
        baseline->tensor = t->data;
        return ENG_OK;
    }
    if (attr_baseline_parse(&baseline->kind, c->baseline, NULL) != ENG_OK ||
        baseline->kind == ATTR_BASELINE_TENSOR)
        return eng_fail(why, ENG_ARG, "no baseline '%s'; there are: zero, black, mean, FILE.npy",
                        c->baseline);
    dat_preprocess_black(p, c->black);
    baseline->black = c->black;
    return ENG_OK;
}

enum eng_err cli_choices_apply(struct cli_choices *c, const struct dat_preprocess *preprocess,
                               struct gad_maps_options *maps, struct met_select *select,
                               size_t file_memory, struct eng_why *why)
{
    *maps = gad_maps_defaults();
    maps->ig.steps = c->steps;
    if (c->memory == 0 || c->memory > (size_t)-1 >> 20)
        return eng_fail(why, ENG_ARG, "--memory is a number of MiB, from 1 on");
    maps->memory = c->memory << 20;
    ENG_TRY(attr_methods_parse(&maps->methods, c->methods, why));
    ENG_TRY(attr_quadrature_parse(&maps->ig.quadrature, c->rule, why));
    ENG_TRY(attr_reduce_parse(&maps->reduce, c->reduce, why));
    ENG_TRY(gad_normalise_parse(&maps->intersect.normalise, c->normalise, why));
    ENG_TRY(met_select_parse(&maps->intersect.present, c->present, why));
    ENG_TRY(gad_keep_parse(&maps->intersect.keep, c->keep, why));
    ENG_TRY(met_select_parse(select, c->select, why));
    ENG_TRY(take_baseline(c, preprocess, &maps->ig.baseline, file_memory, why));
    return attr_ig_check(&maps->ig, why);
}

void cli_choices_release(struct cli_choices *c)
{
    dat_npy_release(&c->tensor);
}

void cli_prepare_options(struct dat_preprocess_change *change,
                         struct cli_option options[CLI_PREPARE_COUNT])
{
    const struct cli_option all[CLI_PREPARE_COUNT] = {
        {"size", CLI_COUNT, &change->size, "N",
         "images are brought to N x N pixels, not the model's"},
        {"resize-rule", CLI_TEXT, &change->rule, "NAME", "crop or stretch, not the model's"},
        {"resize", CLI_COUNT, &change->resize, "N", "crop: pixels of the shorter side before it"},
        {"mean", CLI_TEXT, &change->mean, "R,G,B", "mean of the normalisation, not the model's"},
        {"std", CLI_TEXT, &change->std, "R,G,B", "its deviation"},
    };
    memcpy(options, all, sizeof all);
}

void cli_subject_options(struct gad_subject *s, struct cli_option options[CLI_SUBJECT_COUNT])
{
    const struct cli_option own[] = {
        {"classes", CLI_TEXT, &s->classes, "TEXT", "as for gad train"},
        {"holdout", CLI_DOUBLE, &s->holdout, "F", "as for gad train"},
        {"split-seed", CLI_SEED, &s->split_seed, "N", "the --seed that gad train split with"},
    };
    memcpy(options, own, sizeof own);
    cli_prepare_options(&s->prepare, options + 3);
}

enum eng_err cli_map_read(struct dat_rename *rename, const struct cli_texts *texts,
                          struct eng_why *why)
{
    for (size_t i = 0; i < texts->count; i++) {
        const enum eng_err err = dat_rename_add(rename, texts->at[i], why);
        if (err != ENG_OK)
            return eng_fail_in(why, err, "--map");
    }
    return ENG_OK;
}
