#include "data/file.h"
#include "gad/cli/answer.h"
#include "gad/cli/choices.h"
#include "gad/cli/commands.h"
#include "gad/cli/explanation.h"
#include "gad/predict.h"

#include <stdlib.h>
#include <string.h>

/* What one run of the command needs at hand. */
struct job {
    struct cli_session *session;
    struct dat_model model;
    struct gad_supports supports;
    int has_supports;
    struct gad_maps_options maps;
    struct met_select select;
    struct gad_mapper *mapper; /* for images of height x width */
    size_t height, width;
    const char *output, *classes; /* --class */
    unsigned formats;             /* bits of enum cli_format */
    int json;
};

/* True if integrated gradients are among the methods. */
static int takes_path(const struct job *job)
{
    for (size_t i = 0; i < job->maps.methods.count; i++)
        if (job->maps.methods.at[i]->taken == ATTR_ON_PATH)
            return 1;
    return 0;
}

/* ---- one image ------------------------------------------------------------------------------ */

/* The outputs to explain: all, the predicted one, or one by name or number. */
static enum eng_err choose_classes(const struct job *job, const float *x, size_t *classes,
                                   size_t *count, struct eng_why *why)
{
    const size_t all = job->model.config.classes;
    *count = 0;
    if (strcmp(job->classes, "all") == 0) {
        while (*count < all) {
            classes[*count] = *count;
            (*count)++;
        }
        return ENG_OK;
    }
    *count = 1;
    if (strcmp(job->classes, "predicted") != 0)
        return dat_model_class(&job->model, job->classes, &classes[0], why);
    struct eng_tape *tape;
    const struct eng_tape_options shape = {.batch = 1, .height = job->height, .width = job->width};
    ENG_TRY(eng_tape_new(&tape, job->model.net, &job->session->exec, &shape, why));
    const enum eng_err err = eng_tape_forward(tape, x, 1);
    classes[0] = err == ENG_OK ? gad_argmax(eng_tape_output(tape), all) : 0;
    eng_tape_free(tape);
    return err;
}

static enum eng_err use_size(struct job *job, size_t height, size_t width, struct eng_why *why)
{
    if (job->mapper && job->height == height && job->width == width)
        return ENG_OK;
    if (job->maps.ig.baseline.kind == ATTR_BASELINE_TENSOR &&
        (height != job->model.preprocess.height || width != job->model.preprocess.width))
        return eng_fail(why, ENG_SHAPE, "the baseline is not of this image's size (3,%zu,%zu)",
                        height, width);
    gad_mapper_free(job->mapper);
    job->mapper = NULL;
    job->height = height;
    job->width = width;
    return gad_mapper_new(&job->mapper, &job->model, job->has_supports ? &job->supports : NULL,
                          height, width, &job->maps, why);
}

/* One line of JSON an image: what the model says, where the files are, and the completeness gap of
 * integrated gradients for each class that was explained. */
static void tell_json(const struct job *job, const struct cli_explanation *e, const char *folder)
{
    struct dat_json_out json;
    cli_json_begin(job->session, &json);
    cli_answer_put(&json, e->model, e->image, e->maps->logits, e->probabilities);
    dat_json_out_key(&json, "folder");
    dat_json_out_string(&json, folder);
    dat_json_out_key(&json, "gap");
    dat_json_out_object(&json);
    for (size_t c = 0; c < e->maps->classes && takes_path(job); c++) {
        dat_json_out_key(&json, job->model.class_names[e->classes[c]]);
        dat_json_out_double(&json, e->maps->gap[c]);
    }
    dat_json_out_end(&json);
    cli_json_end(&json);
}

static void tell(const struct job *job, const struct cli_explanation *e, const char *folder)
{
    const struct gad_maps *m = e->maps;
    const size_t best = gad_argmax(m->logits, job->model.config.classes);
    for (size_t c = 0; c < m->classes && takes_path(job); c++)
        cli_say(job->session,
                "%s: ig for %s misses the change of the output by %.3g (the output is %.4g)",
                e->image->name, job->model.class_names[e->classes[c]], m->gap[c],
                (double)m->logits[e->classes[c]]);
    cli_say(job->session, "%s: %s; explained in %s", e->image->name, job->model.class_names[best],
            folder);
}

static enum eng_err explain(struct job *job, const struct cli_image *image, struct eng_why *why)
{
    size_t *classes = calloc(job->model.config.classes, sizeof *classes), count;
    char *folder = dat_path_join(job->output, image->stem);
    struct gad_maps maps = {0};
    struct cli_explanation e = {.image = image,
                                .model = &job->model,
                                .options = &job->maps,
                                .select = &job->select,
                                .maps = &maps,
                                .classes = classes,
                                .has_gad = job->has_supports};
    enum eng_err err = classes && folder ? ENG_OK : eng_fail(why, ENG_NOMEM, "out of memory");
    if (err == ENG_OK)
        err = use_size(job, image->height, image->width, why);
    if (err == ENG_OK)
        err = choose_classes(job, image->x, classes, &count, why);
    if (err == ENG_OK)
        err = gad_mapper_run(job->mapper, image->x, 1, classes, count, &job->session->watch, &maps,
                             why);
    if (err == ENG_OK)
        err = cli_explanation_complete(&e, why);
    if (err == ENG_OK)
        err = dat_folder_make(folder, why);
    if (err == ENG_OK)
        err = cli_explanation_write(&e, job->formats, folder, why);
    if (err == ENG_OK)
        (job->json ? tell_json : tell)(job, &e, folder);
    cli_explanation_release(&e);
    free(classes);
    free(folder);
    return err;
}

/* ---- the command ---------------------------------------------------------------------------- */

/* Returns 1 if any of them failed: a bad image is not wrong usage. */
static int explain_images(struct job *job, const struct cli_sources *sources, struct eng_why *why)
{
    struct cli_images *images;
    int failed = 0;
    enum eng_err err = cli_images_new(&images, sources, &job->model.preprocess,
                                      job->session->file_memory);
    if (err != ENG_OK)
        return cli_fail(job->session, err, NULL);
    for (int more = 1; more && err != ENG_INTERRUPTED;) {
        struct cli_image image;
        gad_watch_progress(&job->session->watch, "explaining", (double)cli_images_done(images),
                           (double)sources->count, NULL);
        why->text[0] = '\0';
        err = cli_images_next(images, &image, &more, why);
        if (err != ENG_OK) {
            cli_fail(job->session, err, why);
            failed = 1;
            continue;
        }
        if (!more)
            break;
        err = explain(job, &image, why);
        if (err != ENG_OK) {
            eng_fail_in(why, err, image.name);
            cli_fail(job->session, err, why);
            failed = 1;
        }
        cli_image_release(&image);
    }
    cli_images_free(images);
    return failed;
}

/* Reads the model and its supports, and turns the options' texts into what they mean. */
static enum eng_err load(struct job *job, const char *model, const struct dat_rename *rename,
                         const char *support, const struct dat_preprocess_change *prepare,
                         struct cli_choices *choices, struct eng_why *why)
{
    size_t label;
    const size_t file_memory = job->session->file_memory;
    struct dat_budget budget = dat_budget_of(file_memory);
    ENG_TRY(dat_model_read_renamed(&job->model, model, rename, &budget, why));
    ENG_TRY(dat_model_prepare(&job->model, prepare, model, why));
    ENG_TRY(cli_choices_apply(choices, &job->model.preprocess, &job->maps, &job->select,
                              file_memory, why));
    if (strcmp(job->classes, "all") != 0 && strcmp(job->classes, "predicted") != 0)
        ENG_TRY(dat_model_class(&job->model, job->classes, &label, why));
    job->maps.exec = &job->session->exec;
    if (support) {
        ENG_TRY(gad_supports_read(&job->supports, support, &job->model, prepare, file_memory, why));
        job->has_supports = 1;
    }
    return eng_net_prepare(job->model.net, &job->session->exec, ENG_FOR_GRADIENTS);
}

static int run(int argc, char **argv, const struct cli_command *self)
{
    struct job job = {.classes = "all"};
    const char *support = NULL, *list = NULL, *format = "png";
    int npy = 0;
    struct cli_choices choices;
    struct dat_preprocess_change prepare = {0};
    struct cli_texts map = {.count = 0};
    struct dat_rename rename = {0};
    cli_choices_init(&choices, "value:0.1");
    struct cli_option options[7 + CLI_CHOICES_COUNT + CLI_PREPARE_COUNT] = {
        {"output", CLI_NEEDED, &job.output, "DIR", "folder to write to (-o)"},
        CLI_LIST_OPTION(list),
        {"support", CLI_TEXT, &support, "DIR", "supports of the model: GAD's maps are written too"},
        {"class", CLI_TEXT, &job.classes, "NAME", "all, predicted, or a class by name or number"},
        {"format", CLI_TEXT, &format, "LIST", "files to write: png,npy,npz,json"},
        {"npy", CLI_FLAG, &npy, NULL, "adds npy to --format"},
        CLI_MAP_OPTION(map),
    };
    cli_choices_options(&choices, options + 7);
    cli_prepare_options(&prepare, options + 7 + CLI_CHOICES_COUNT);
    struct cli_session session;
    struct eng_why why = {""};
    const int status = cli_begin(&session, self, options, sizeof options / sizeof *options, argc,
                                 argv, 1, (size_t)-1);
    if (status >= 0)
        return status;
    job.session = &session;
    job.json = session.args.common.json;
    int failed = 0;
    struct cli_sources sources = {0};
    enum eng_err err = cli_formats_parse(&job.formats, format, &why);
    if (npy)
        job.formats |= 1u << CLI_FORMAT_npy;
    if (err == ENG_OK)
        err = cli_map_read(&rename, &map, &why);
    if (err == ENG_OK)
        err = cli_sources_read(&sources, &session, session.args.operands + 1,
                               session.args.count - 1, list, &why);
    if (err == ENG_OK && sources.count) {
        err = load(&job, session.args.operands[0], &rename, support, &prepare, &choices, &why);
        if (err == ENG_OK)
            failed = explain_images(&job, &sources, &why);
    }
    failed |= sources.failed;
    gad_mapper_free(job.mapper);
    gad_supports_release(&job.supports);
    dat_model_release(&job.model);
    dat_rename_release(&rename);
    cli_choices_release(&choices);
    cli_sources_release(&sources);
    const int ended = cli_end(&session, err, &why, NULL);
    return ended ? ended : failed;
}

const struct cli_command cli_explain = {
    "explain", "MODEL IMAGE... -o DIR",
    "Explains what MODEL sees in each image: DIR/IMAGE/METHOD.classK.png (heat map), .overlay.png "
    "and\n"
    ".hulls.png; with --support GAD's maps as METHOD.classK.gad.png, and its hull in green. An "
    "IMAGE\n"
    "may be a .npy of shape (3,H,W) or (N,3,H,W), taken as already normalised, a folder of images, "
    "a\npattern in quotes, or - for standard input.",
    "  gad explain resnet18.safetensors cat.jpg -o out\n"
    "  gad explain resnet18.safetensors photos -o out --support supports --methods ig,guided\n"
    "  gad explain resnet18.safetensors input.npy -o out --npy --class predicted --steps 100\n"
    "  gad explain resnet18.safetensors photos -o out --support supports --format json\n",
    run};
