/* The paper's evaluation (Sec. 6) of an original and its supports on held-out images.
 *
 * For each image, class and method: the original's map and GAD's; the important pixels of both;
 * their hulls; RC; the masks GAD and Sup, hidden one after the other, and RS. With ground truth
 * also how much of the maps and hulls lies on it.
 */
#ifndef GAD_EVALUATE_H
#define GAD_EVALUATE_H

#include "gad/maps.h"
#include "gad/subject.h"
#include "gad/table.h"
#include "metrics/complexity.h"
#include "metrics/sensitivity.h"
#include "metrics/truth.h"

struct gad_evaluate_options {
    const struct eng_exec *exec;
    const struct gad_watch *watch;
    struct gad_subject subject;
    const char *supports; /* their folder */
    const char *output;   /* folder for what gad/result.h lists */
    size_t images; /* a seeded subset of the held-out images, the same number of each class */
    struct gad_maps_options maps;
    struct met_select select;
    enum met_degenerate degenerate;
    enum met_area area;
    enum met_supplement supplement;
    enum attr_baseline_kind occlude; /* what hides: zero, black or the image's mean colour */
    int probability;                 /* RS of softmax instead of the logit */
    int replace; /* what another evaluation left unfinished in the folder is thrown away */
    uint64_t seed;
    int workers, strict;
    const char *command; /* as typed, for the report */
};
struct gad_evaluate_options gad_evaluate_defaults(void);

/* One image, class and method. */
struct gad_row {
    struct gad_record record;
    /* With ground truth: original, GAD. Share of the map's weight on it, share of the hull's pixels
     * on it, and whether the largest value is. */
    double weight[2], hull[2];
    int hit[2];
};

struct gad_image {
    size_t item; /* of the data set */
    int damaged; /* could not be read: nothing below holds */
    int has_truth;
    float *logits;        /* [nets][2] */
    double gap[2];        /* of integrated gradients */
    struct gad_row *rows; /* [classes][methods] */
};

struct gad_evaluation {
    const struct gad_evaluate_options *options;
    struct dat_model model;
    struct gad_supports supports;
    struct dat_dataset *set;
    size_t nets, methods;
    struct gad_image *images; /* in the order of the data set */
    size_t count, damaged;
    size_t held_out;
    double accuracy;         /* of the original on all held-out images */
    double seconds;          /* of this call: */
    size_t resumed;          /* images that an earlier one had evaluated */
    struct gad_table *table; /* of the images that could be read */
};

/* Runs it all and fills *e, which the caller releases. OUTPUT/evaluate.partial (gad/ledger.h) keeps
 * what is done; a call with the same options goes on from there. gad_result_write removes it. */
enum eng_err gad_evaluate(struct gad_evaluation *e, const struct gad_evaluate_options *options,
                          struct eng_why *why);
void gad_evaluation_release(struct gad_evaluation *e);

/* Reads one image of the evaluation: the picture at the net's size, its tensor x[3][H][W], and the
 * truth mask (NULL where there is none; at the net's size). The caller releases and frees. */
enum eng_err gad_evaluation_read(const struct gad_evaluation *e, size_t item,
                                 struct dat_image *picture, float *x, struct met_mask *truth,
                                 struct eng_why *why);

#endif
