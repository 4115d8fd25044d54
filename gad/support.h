/* GAD's support nets: regressors from the original's weights to its outputs, classes pushed apart.
 *
 * For an image of class d the target is the original's output in evaluation mode, minus alpha[d] on
 * the *other* class (Sec. 4.1; class membership is the data set's label):
 *
 *     original      cat  2.0  dog -1.0        image of a cat, alpha[cat] = 4
 *     target        cat  2.0  dog -5.0
 *
 * A support starts from the original's weights and learns the targets by mean squared error with
 * Adam at lr 4e-5 for 10 epochs (Sec. 6). Open in the paper, and settled here:
 *   - batch norm keeps the original's running averages (frozen) and dropout is off: the support
 *     then starts as the very function it is to shift. Both can be turned on.
 *   - images are not augmented: a target belongs to one picture.
 *   - batches of 32, constant rate, shuffled by the seed, from the training split.
 *   - alpha = 0 is the original itself: training it only shows what training alone does.
 */
#ifndef GAD_SUPPORT_H
#define GAD_SUPPORT_H

#include "gad/fit.h"
#include "gad/subject.h"

#define GAD_ALPHAS_MAX 64

struct gad_alpha {
    float of[GAD_CLASSES]; /* by the image's label */
};

/* Parses "2,4,6:8": the same alpha for both classes, or one for each. *count of at most
 * GAD_ALPHAS_MAX. A negative, infinite or NaN alpha is ENG_ARG. */
enum eng_err gad_alpha_parse(struct gad_alpha *alphas, size_t *count, const char *text,
                             struct eng_why *why);

/* "2", or "6:8". */
void gad_alpha_text(const struct gad_alpha *alpha, char text[32]);

/* target[c] = logits[c] - (c == label ? 0 : alpha->of[label]), for the two classes. */
void gad_target(const float *logits, size_t label, const struct gad_alpha *alpha, float *target);

struct gad_support_options {
    const struct eng_exec *exec;
    const struct gad_watch *watch;
    struct gad_subject subject; /* the original, and what it was trained on */
    const char *output;         /* folder: one file alphaA.safetensors for each alpha */
    const struct gad_alpha *alphas;
    size_t alpha_count;
    size_t images; /* a seeded subset of the training images; 0: all */
    size_t epochs, batch;
    float lr;
    int train_batch_norm, dropout;
    int replace; /* a support that is there, of another original, data or settings, is trained
                    anew */
    uint64_t seed;
    int workers, strict;
};
struct gad_support_options gad_support_defaults(void);

/* Trains the supports one after the other. A file of the same original and options that is there
 * already is kept, so that interrupted work goes on where it stopped; a file of another is
 * ENG_MISMATCH, unless it is to be replaced. */
enum eng_err gad_support_train(const struct gad_support_options *options, struct eng_why *why);

/* The supports of a folder, alphas ascending. */
struct gad_support {
    char *file; /* without the folder */
    struct gad_alpha alpha;
    struct dat_model model;
};
struct gad_supports {
    struct gad_support *at;
    size_t count;
};

/* Reads all alpha*.safetensors of dir; file_memory as in struct gad_subject. One that belongs to
 * another original than `base`, or that learned from images prepared in another way, is
 * ENG_MISMATCH; none at all is ENG_MISSING. prepare: what base was changed by, and they are, too.
 */
enum eng_err gad_supports_read(struct gad_supports *supports, const char *dir,
                               const struct dat_model *base,
                               const struct dat_preprocess_change *prepare, size_t file_memory,
                               struct eng_why *why);
void gad_supports_release(struct gad_supports *supports);

#endif
