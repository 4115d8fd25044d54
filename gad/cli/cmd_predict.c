/* Pictures of the same size that follow each other are computed together:
 *
 *     operands   a.jpg  b.jpg  c.npy  d.jpg
 *     sizes      224    224    64     224
 *     batches    |___________| |____| |____|
 *
 * and what came out is printed before the next batch is read, in the order of the operands. */
#include "engine/loss.h"
#include "engine/tape.h"
#include "gad/cli/answer.h"
#include "gad/cli/choices.h"
#include "gad/cli/commands.h"
#include "gad/cli/message.h"
#include "gad/predict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 32,
    PIXELS = BATCH * 224 * 224, /* of a batch: fewer at once of larger pictures */
    COLUMNS = 4,                /* logits in the table; of a net with more classes the label's */
    WIDTH = 12,                 /* of such a column */
    NAME = 400                  /* bytes of a name that are shown */
};

struct predict {
    struct cli_session *session;
    struct dat_model model;
    struct eng_tape *tape; /* for `room` pictures of height x width, or NULL */
    size_t room, height, width;
    struct cli_image batch[BATCH];
    size_t count;
    float *x;
    float *probabilities; /* of one picture */
    int json, failed;
    int headed; /* the table's head is printed */
    int name_width, label_width;
};

static void print_json(const struct predict *p, const struct cli_image *image, const float *logits)
{
    struct dat_json_out json;
    dat_json_out_init(&json, stdout, DAT_JSON_LINE);
    dat_json_out_object(&json);
    cli_answer_put(&json, &p->model, image, logits, p->probabilities);
    dat_json_out_end(&json);
    dat_json_out_finish(&json); /* an error of the stream shows again at the program's end */
    printf("\n");
}

/* A class above its column of outputs: what fits, on the right. */
static void print_heading(const char *name)
{
    const int length = (int)strlen(name);
    printf("  %*s", length < WIDTH ? WIDTH - length : 0, "");
    cli_put_text(stdout, name, 0, length > WIDTH ? WIDTH - 3 : WIDTH);
}

static void print_head(struct predict *p)
{
    if (p->json || p->headed)
        return;
    p->headed = 1;
    printf("%-*s  %-*s  probability", p->name_width, "image", p->label_width, "label");
    if (p->model.config.classes > COLUMNS)
        printf("  %*s", WIDTH, "logit");
    for (size_t i = 0; i < p->model.config.classes && p->model.config.classes <= COLUMNS; i++)
        print_heading(p->model.class_names[i]);
    printf("\n");
}

static void print_row(const struct predict *p, const struct cli_image *image, const float *logits)
{
    const size_t classes = p->model.config.classes, label = gad_argmax(logits, classes);
    cli_put_text(stdout, image->name, p->name_width, NAME);
    printf("  ");
    cli_put_text(stdout, p->model.class_names[label], p->label_width, NAME);
    printf("  %11.4f", (double)p->probabilities[label]);
    if (classes > COLUMNS)
        printf("  %*.4f", WIDTH, (double)logits[label]);
    for (size_t i = 0; i < classes && classes <= COLUMNS; i++)
        printf("  %*.4f", WIDTH, (double)logits[i]);
    printf("\n");
}

/* Makes the tape, and room for the input, that the batch needs, if they are not there. */
static enum eng_err plan(struct predict *p, struct eng_why *why)
{
    const struct cli_image *first = &p->batch[0];
    if (p->tape && p->room >= p->count && p->height == first->height && p->width == first->width)
        return ENG_OK;
    eng_tape_free(p->tape);
    free(p->x);
    p->tape = NULL;
    p->room = p->count;
    p->height = first->height;
    p->width = first->width;
    p->x = malloc(p->room * 3 * p->height * p->width * sizeof *p->x);
    if (!p->x)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    const struct eng_tape_options shape = {
        .batch = p->room, .height = p->height, .width = p->width};
    return eng_tape_new(&p->tape, p->model.net, &p->session->exec, &shape, why);
}

/* Computes and prints the pictures that wait. */
static void flush(struct predict *p)
{
    const size_t classes = p->model.config.classes;
    struct eng_why why = {""};
    if (p->count == 0)
        return;
    enum eng_err err = plan(p, &why);
    const size_t floats = 3 * p->batch[0].height * p->batch[0].width;
    for (size_t i = 0; err == ENG_OK && i < p->count; i++)
        memcpy(p->x + i * floats, p->batch[i].x, floats * sizeof *p->x);
    if (err == ENG_OK)
        err = eng_tape_forward(p->tape, p->x, p->count);
    if (err == ENG_OK)
        cli_bar_clear(p->session);
    for (size_t i = 0; i < p->count; i++) {
        const float *logits = p->tape ? eng_tape_output(p->tape) + i * classes : NULL;
        struct eng_why of = why;
        const enum eng_err one = err != ENG_OK ? err : gad_outputs_check(logits, classes, &of);
        if (one != ENG_OK) {
            eng_fail_in(&of, one, p->batch[i].name);
            cli_fail(p->session, one, &of);
            p->failed = 1;
        } else {
            eng_softmax(logits, 1, classes, p->probabilities);
            print_head(p);
            (p->json ? print_json : print_row)(p, &p->batch[i], logits);
        }
        cli_image_release(&p->batch[i]);
    }
    fflush(stdout);
    p->count = 0;
}

/* Puts a picture, which is the batch's from now on, behind those that wait. */
static void push(struct predict *p, const struct cli_image *image)
{
    const struct cli_image *first = &p->batch[0];
    const size_t pixels = image->height * image->width;
    if (p->count == BATCH ||
        (p->count && (first->height != image->height || first->width != image->width ||
                      (p->count + 1) * pixels > PIXELS)))
        flush(p);
    p->batch[p->count++] = *image;
}

static void predict_all(struct predict *p, const struct cli_sources *sources)
{
    struct cli_images *images;
    struct cli_image image;
    if (cli_images_new(&images, sources, &p->model.preprocess, p->session->file_memory) != ENG_OK) {
        p->failed = cli_fail(p->session, ENG_NOMEM, NULL);
        return;
    }
    for (int more = 1; more && !cli_stopped();) {
        struct eng_why why = {""};
        const enum eng_err err = cli_images_next(images, &image, &more, &why);
        if (err != ENG_OK) {
            cli_fail(p->session, err, &why);
            p->failed = 1;
        } else if (more) {
            push(p, &image);
        }
        gad_watch_progress(&p->session->watch, "predicting", (double)cli_images_done(images),
                           (double)sources->count, NULL);
    }
    flush(p);
    cli_images_free(images);
    if (cli_stopped())
        p->failed = cli_fail(p->session, ENG_INTERRUPTED, NULL);
}

static void set_widths(struct predict *p, const struct cli_sources *sources)
{
    size_t name = strlen("image"), label = strlen("label");
    for (size_t i = 0; i < sources->count; i++) {
        const char *source = cli_source_name(sources, i);
        size_t length = strlen(source);
        if (length > 4 && strcmp(source + length - 4, ".npy") == 0)
            length += strlen("[12]");
        name = length > name ? length : name;
    }
    for (size_t i = 0; i < p->model.config.classes; i++)
        label = strlen(p->model.class_names[i]) > label ? strlen(p->model.class_names[i]) : label;
    p->name_width = name < 60 ? (int)name : 60;
    p->label_width = label < 30 ? (int)label : 30;
}

static enum eng_err predict(struct predict *p, const char *model, const struct dat_rename *rename,
                            const struct cli_sources *sources,
                            const struct dat_preprocess_change *prepare, struct eng_why *why)
{
    struct dat_budget budget = dat_budget_of(p->session->file_memory);
    ENG_TRY(dat_model_read_renamed(&p->model, model, rename, &budget, why));
    ENG_TRY(dat_model_prepare(&p->model, prepare, model, why));
    p->probabilities = calloc(p->model.config.classes, sizeof *p->probabilities);
    if (!p->probabilities)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    ENG_TRY(eng_net_prepare(p->model.net, &p->session->exec, ENG_FOR_OUTPUT));
    set_widths(p, sources);
    predict_all(p, sources);
    return ENG_OK;
}

static int run(int argc, char **argv, const struct cli_command *self)
{
    struct cli_session session;
    struct cli_sources sources = {0};
    struct eng_why why = {""};
    struct dat_preprocess_change prepare = {0};
    struct cli_texts map = {.count = 0};
    struct dat_rename rename = {0};
    const char *list = NULL;
    struct cli_option options[2 + CLI_PREPARE_COUNT] = {CLI_LIST_OPTION(list), CLI_MAP_OPTION(map)};
    cli_prepare_options(&prepare, options + 2);
    const int status = cli_begin(&session, self, options, sizeof options / sizeof *options, argc,
                                 argv, 1, (size_t)-1);
    if (status >= 0)
        return status;
    struct predict p = {.session = &session, .json = session.args.common.json};
    enum eng_err err = cli_map_read(&rename, &map, &why);
    if (err == ENG_OK)
        err = cli_sources_read(&sources, &session, session.args.operands + 1,
                               session.args.count - 1, list, &why);
    if (err == ENG_OK && sources.count)
        err = predict(&p, session.args.operands[0], &rename, &sources, &prepare, &why);
    p.failed |= sources.failed;
    eng_tape_free(p.tape);
    free(p.x);
    free(p.probabilities);
    dat_model_release(&p.model);
    dat_rename_release(&rename);
    cli_sources_release(&sources);
    const int failed = cli_end(&session, err, &why, NULL);
    return failed ? failed : p.failed;
}

const struct cli_command cli_predict = {
    "predict", "MODEL IMAGE...",
    "Tells what MODEL takes each IMAGE for: the label, its probability, and the outputs before\n"
    "softmax. IMAGE is a photo (JPEG, PNG, PPM), or a .npy file of shape (3,H,W) or (N,3,H,W),\n"
    "which is taken as normalised already. A folder stands for the images in it, a pattern in "
    "quotes\n"
    "for what matches it, and - for the image that standard input is.",
    "  gad predict resnet18.safetensors cat.jpg dog.jpg\n"
    "  gad predict resnet18.safetensors photos 'more/cat.*.jpg' --list others.txt\n"
    "  gad predict resnet18.safetensors inputs.npy --json\n"
    "  curl -s https://example.org/cat.jpg | gad predict resnet18.safetensors -\n",
    run};
