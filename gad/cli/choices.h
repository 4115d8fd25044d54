/* The options that settle what the paper leaves open: the same for explain and evaluate. */
#ifndef CLI_CHOICES_H
#define CLI_CHOICES_H

#include "data/npy.h"
#include "data/rename.h"
#include "gad/cli/args.h"
#include "gad/maps.h"
#include "gad/subject.h"

struct cli_choices {
    const char *methods, *rule, *baseline, *reduce, *normalise, *present, *keep, *select;
    size_t steps, memory;  /* memory in MiB */
    struct dat_npy tensor; /* the baseline, if it is a file */
    float black[3];
};

/* The defaults, as text; the options that change them are cli_choices_options(…), of which there
 * are CLI_CHOICES_COUNT. */
#define CLI_CHOICES_COUNT 10
void cli_choices_init(struct cli_choices *choices, const char *select);
void cli_choices_options(struct cli_choices *choices, struct cli_option options[CLI_CHOICES_COUNT]);

/* Fills maps and select from the texts; a baseline that ends in .npy is read from there, within
 * file_memory bytes (data/budget.h). The choices must outlive the maps. Wrong names are ENG_ARG. */
enum eng_err cli_choices_apply(struct cli_choices *choices, const struct dat_preprocess *preprocess,
                               struct gad_maps_options *maps, struct met_select *select,
                               size_t file_memory, struct eng_why *why);
void cli_choices_release(struct cli_choices *choices);

/* How images are prepared, where it should be otherwise than the model file says (a foreign one
 * says nothing, and is taken for torchvision's). */
#define CLI_PREPARE_COUNT 5
void cli_prepare_options(struct dat_preprocess_change *change,
                         struct cli_option options[CLI_PREPARE_COUNT]);

/* The net and the data of support and evaluate, but for their operands: the data as gad train had
 * it, and how images are prepared. */
#define CLI_SUBJECT_COUNT (3 + CLI_PREPARE_COUNT)
void cli_subject_options(struct gad_subject *subject, struct cli_option options[CLI_SUBJECT_COUNT]);

/* How the tensors of a file are renamed before anybody looks at them, a struct cli_texts; and the
 * rules that it stands for, added to *rename. Wrong ones are ENG_ARG. */
#define CLI_MAP_OPTION(texts)                                                                      \
    {                                                                                              \
        "map", CLI_TEXTS, &(texts), "PATTERN=NAME",                                                \
            "renames tensors, as 'backbone.*=*'; several in their order"                           \
    }
enum eng_err cli_map_read(struct dat_rename *rename, const struct cli_texts *texts,
                          struct eng_why *why);

#endif
