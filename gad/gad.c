#include "gad/gad.h"

#include "data/npy.h"
#include "data/photo.h"
#include "engine/finite.h"
#include "engine/loss.h"
#include "engine/sizes.h"
#include "engine/tape.h"
#include "gad/border.h"
#include "gad/predict.h"
#include "gad/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int gad_version_number(void)
{
    return GAD_VERSION_NUMBER;
}

const char *gad_version_text(void)
{
    return GAD_VERSION;
}

const char *gad_method_name(size_t i)
{
    const struct attr_method *method = attr_method_at(i);
    return method ? method->name : NULL;
}

/* ---- models --------------------------------------------------------------------------------- */

struct gad_model {
    struct eng_exec exec;
    size_t file_memory; /* of the settings */
    /* Behind a pointer, so that those who have a const model can give its nets to a mapper. That
     * finds them prepared and leaves them as they are. */
    struct nets {
        struct dat_model base;
        struct gad_supports supports;
    } * nets;
};

static enum eng_err read_model(struct gad_model *model, const char *path,
                               const struct gad_settings *s, struct eng_why *why)
{
    const struct dat_preprocess_change prepare = gad_settings_prepare(s);
    struct dat_model *base = &model->nets->base;
    struct gad_supports *supports = &model->nets->supports;
    ENG_TRY(eng_exec_init(&model->exec, s->threads, s->cpu[0] ? s->cpu : NULL, why));
    eng_exec_set_precision(&model->exec, s->precision);
    struct dat_budget budget = dat_budget_of(s->file_memory);
    model->file_memory = s->file_memory;
    ENG_TRY(dat_model_read_renamed(base, path, &s->map, &budget, why));
    ENG_TRY(dat_model_prepare(base, &prepare, path, why));
    if (s->support)
        ENG_TRY(gad_supports_read(supports, s->support, base, &prepare, s->file_memory, why));
    if (supports->count > GAD_ALPHAS_MAX)
        return eng_fail(why, ENG_TOOBIG, "%s: more than %d supports", s->support, GAD_ALPHAS_MAX);
    ENG_TRY(eng_net_prepare(base->net, &model->exec, ENG_FOR_GRADIENTS));
    for (size_t i = 0; i < supports->count; i++)
        ENG_TRY(eng_net_prepare(supports->at[i].model.net, &model->exec, ENG_FOR_GRADIENTS));
    return ENG_OK;
}

enum gad_error gad_model_read(struct gad_model **out, const char *path,
                              const struct gad_settings *settings, struct gad_why *why)
{
    struct gad_settings defaults;
    struct gad_border_locale locale;
    struct eng_why said = {""};
    struct gad_model *model = calloc(1, sizeof *model);
    enum eng_err err = model && (model->nets = calloc(1, sizeof *model->nets)) ? ENG_OK : ENG_NOMEM;
    gad_settings_init(&defaults);
    if (err == ENG_OK && (err = gad_border_enter(&locale, &said)) == ENG_OK) {
        err = read_model(model, path, settings ? settings : &defaults, &said);
        gad_border_leave(&locale);
    }
    if (err == ENG_OK)
        *out = model;
    else
        gad_model_free(model);
    return gad_border_answer(err, &said, why);
}

void gad_model_free(struct gad_model *model)
{
    if (!model)
        return;
    if (model->nets) {
        gad_supports_release(&model->nets->supports);
        dat_model_release(&model->nets->base);
    }
    free(model->nets);
    free(model);
}

size_t gad_model_height(const struct gad_model *model)
{
    return model->nets->base.preprocess.height;
}

size_t gad_model_width(const struct gad_model *model)
{
    return model->nets->base.preprocess.width;
}

size_t gad_model_classes(const struct gad_model *model)
{
    return model->nets->base.config.classes;
}

const char *gad_model_class_name(const struct gad_model *model, size_t label)
{
    return label < gad_model_classes(model) ? model->nets->base.class_names[label] : NULL;
}

enum gad_error gad_model_class(const struct gad_model *model, const char *name, size_t *label,
                               struct gad_why *why)
{
    struct eng_why said = {""};
    const enum eng_err err = dat_model_class(&model->nets->base, name, label, &said);
    return gad_border_answer(err, &said, why);
}

size_t gad_model_supports(const struct gad_model *model)
{
    return model->nets->supports.count;
}

const char *gad_model_support_name(const struct gad_model *model, size_t i)
{
    return i < gad_model_supports(model) ? model->nets->supports.at[i].file : NULL;
}

const char *gad_model_architecture(const struct gad_model *model)
{
    return model->nets->base.config.arch;
}

const char *gad_model_cpu(const struct gad_model *model)
{
    return eng_cpu_name(model->exec.cpu);
}

int gad_model_threads(const struct gad_model *model)
{
    return model->exec.threads;
}

/* ---- images --------------------------------------------------------------------------------- */

/* x = the photo, which is released. */
static enum eng_err prepare(const struct gad_model *model, struct dat_image *photo, float *x)
{
    const enum eng_err err = dat_preprocess_run(x, &model->nets->base.preprocess, photo);
    dat_image_release(photo);
    return err;
}

enum gad_error gad_model_prepare_file(const struct gad_model *model, const char *path, float *x,
                                      struct gad_why *why)
{
    struct eng_why said = {""};
    struct dat_image photo;
    struct dat_budget budget = dat_budget_of(model->file_memory);
    enum eng_err err = dat_photo_read(&photo, path, &budget, &said);
    if (err == ENG_OK && (err = prepare(model, &photo, x)) != ENG_OK)
        eng_fail_in(&said, err, path);
    return gad_border_answer(err, &said, why);
}

enum gad_error gad_model_prepare_bytes(const struct gad_model *model, const void *bytes,
                                       size_t count, float *x, struct gad_why *why)
{
    struct eng_why said = {""};
    struct dat_image photo;
    struct dat_budget budget = dat_budget_of(model->file_memory);
    enum eng_err err = dat_photo_decode(&photo, bytes, count, &budget, &said);
    if (err == ENG_OK)
        err = prepare(model, &photo, x);
    return gad_border_answer(err, &said, why);
}

enum gad_error gad_model_prepare_rgb(const struct gad_model *model, const unsigned char *rgb,
                                     size_t height, size_t width, size_t stride, float *x,
                                     struct gad_why *why)
{
    struct eng_why said = {""};
    struct dat_image photo = {0};
    enum eng_err err = stride / 3 < width ? eng_fail(&said, ENG_ARG,
                                                     "a row of %zu pixels takes more than %zu "
                                                     "bytes; give the bytes from row to row",
                                                     width, stride)
                                          : dat_image_init(&photo, width, height);
    if (err == ENG_OK) {
        for (size_t y = 0; y < height; y++)
            memcpy(photo.rgb + 3 * width * y, rgb + stride * y, 3 * width);
        err = prepare(model, &photo, x);
    }
    return gad_border_answer(err, &said, why);
}

enum gad_error gad_model_picture(const struct gad_model *model, const float *x, size_t height,
                                 size_t width, unsigned char *rgb, struct gad_why *why)
{
    struct dat_image picture;
    const enum eng_err err = dat_preprocess_denormalise(&picture, &model->nets->base.preprocess, x,
                                                        width, height);
    if (err == ENG_OK) {
        memcpy(rgb, picture.rgb, 3 * height * width);
        dat_image_release(&picture);
    }
    return gad_border_answer(err, NULL, why);
}

/* ---- sessions ------------------------------------------------------------------------------- */

enum { BATCH = 16 }; /* images that are predicted at once, if memory allows */

struct gad_session {
    const struct gad_model *model;
    struct gad_maps_options maps;
    float black[3];
    struct dat_npy baseline;
    int (*progress)(void *context, size_t done, size_t total);
    void *context;

    struct eng_tape *tape; /* for predictions, or NULL */
    size_t tape_height, tape_width;
    size_t tape_batch, asked; /* images that it takes, and that were wanted */

    struct gad_mapper *mapper; /* for explanations, or NULL */
    size_t height, width;
    struct gad_maps found; /* no nets: nothing was */
};

static enum eng_err read_baseline(struct gad_session *s, const struct gad_settings *settings,
                                  struct eng_why *why)
{
    const char *path = settings->baseline;
    struct dat_budget budget = dat_budget_of(settings->file_memory);
    struct attr_baseline *baseline = &s->maps.ig.baseline;
    dat_preprocess_black(&s->model->nets->base.preprocess, s->black);
    baseline->black = s->black;
    if (!path)
        return ENG_OK;
    ENG_TRY(dat_npy_read(&s->baseline, path, &budget, why));
    if (s->baseline.rank != 3 || s->baseline.dim[0] != 3)
        return eng_fail(why, ENG_SHAPE, "%s: a baseline is of shape (3,H,W)", path);
    baseline->tensor = s->baseline.data;
    return ENG_OK;
}

enum gad_error gad_session_new(struct gad_session **out, const struct gad_model *model,
                               const struct gad_settings *settings, struct gad_why *why)
{
    struct gad_settings defaults;
    struct eng_why said = {""};
    struct gad_session *s = calloc(1, sizeof *s);
    if (!s)
        return gad_border_answer(ENG_NOMEM, NULL, why);
    gad_settings_init(&defaults);
    if (!settings)
        settings = &defaults;
    s->model = model;
    s->maps = settings->maps;
    s->maps.exec = &model->exec;
    enum eng_err err = read_baseline(s, settings, &said);
    if (err == ENG_OK)
        err = attr_ig_check(&s->maps.ig, &said);
    if (err == ENG_OK)
        *out = s;
    else
        gad_session_free(s);
    return gad_border_answer(err, &said, why);
}

void gad_session_free(struct gad_session *s)
{
    if (!s)
        return;
    eng_tape_free(s->tape);
    gad_mapper_free(s->mapper);
    dat_npy_release(&s->baseline);
    free(s);
}

void gad_session_watch(struct gad_session *s,
                       int (*progress)(void *context, size_t done, size_t total), void *context)
{
    s->progress = progress;
    s->context = context;
}

/* For a gad_watch, of which the session is the context. */
static int tell(void *context, size_t done, size_t total)
{
    const struct gad_session *s = context;
    return s->progress ? s->progress(s->context, done, total) : 0;
}

static enum eng_err check(const float *x, size_t images, size_t height, size_t width,
                          struct eng_why *why)
{
    const size_t count = eng_product(images, eng_product(3, eng_product(height, width)));
    if (count == 0)
        return eng_fail(why, ENG_ARG, "there are no images, or they have no pixels");
    if (count == (size_t)-1 || count / images > (size_t)1 << 31)
        return eng_fail(why, ENG_TOOBIG, "images of %zux%zu are too large; give another size",
                        width, height);
    const size_t bad = eng_first_not_finite(x, count);
    if (bad < count)
        return eng_fail(why, ENG_ARG, "number %zu is a NaN or an infinity; an image has none", bad);
    return ENG_OK;
}

/* Plans for as many of the images at once as fit the memory. */
static enum eng_err plan_tape(struct gad_session *s, size_t images, size_t height, size_t width,
                              struct eng_why *why)
{
    const size_t asked = eng_min(images, BATCH);
    struct eng_tape_options options = {.batch = asked, .height = height, .width = width};
    if (s->tape && s->tape_height == height && s->tape_width == width && asked <= s->asked)
        return ENG_OK;
    eng_tape_free(s->tape);
    s->tape = NULL;
    ENG_TRY(eng_tape_new_within(&s->tape, s->model->nets->base.net, &s->model->exec, &options,
                                s->maps.memory, why));
    s->tape_height = height;
    s->tape_width = width;
    s->tape_batch = options.batch;
    s->asked = asked;
    return ENG_OK;
}

static enum eng_err predict(struct gad_session *s, const float *x, size_t images, size_t floats,
                            float *logits, float *probabilities, struct eng_why *why)
{
    const size_t classes = gad_model_classes(s->model);
    for (size_t first = 0; first < images; first += s->tape_batch) {
        const size_t left = images - first, n = left < s->tape_batch ? left : s->tape_batch;
        ENG_TRY(eng_tape_forward(s->tape, x + first * floats, n));
        const float *found = eng_tape_output(s->tape);
        ENG_TRY(gad_outputs_check(found, n * classes, why));
        if (logits)
            memcpy(logits + first * classes, found, n * classes * sizeof *logits);
        if (probabilities)
            eng_softmax(found, n, classes, probabilities + first * classes);
        if (tell(s, first + n, images))
            return ENG_INTERRUPTED;
    }
    return ENG_OK;
}

enum gad_error gad_session_predict(struct gad_session *s, const float *x, size_t images,
                                   size_t height, size_t width, float *logits, float *probabilities,
                                   struct gad_why *why)
{
    struct eng_why said = {""};
    enum eng_err err = check(x, images, height, width, &said);
    if (err == ENG_OK)
        err = plan_tape(s, images, height, width, &said);
    if (err == ENG_OK)
        err = predict(s, x, images, 3 * height * width, logits, probabilities, &said);
    return gad_border_answer(err, &said, why);
}

static enum eng_err plan_mapper(struct gad_session *s, size_t height, size_t width,
                                struct eng_why *why)
{
    const struct dat_npy *baseline = &s->baseline;
    struct nets *nets = s->model->nets;
    if (s->mapper && s->height == height && s->width == width)
        return ENG_OK;
    if (baseline->data && (baseline->dim[1] != height || baseline->dim[2] != width))
        return eng_fail(why, ENG_SHAPE,
                        "the baseline is of shape (3,%zu,%zu), the image (3,%zu,%zu)",
                        baseline->dim[1], baseline->dim[2], height, width);
    gad_mapper_free(s->mapper);
    s->mapper = NULL;
    s->height = height;
    s->width = width;
    return gad_mapper_new(&s->mapper, &nets->base, nets->supports.count ? &nets->supports : NULL,
                          height, width, &s->maps, why);
}

enum gad_error gad_session_explain(struct gad_session *s, const float *x, size_t height,
                                   size_t width, const size_t *labels, size_t count,
                                   struct gad_why *why)
{
    const struct gad_watch watch = {.context = s, .passes = tell};
    struct eng_why said = {""};
    struct gad_maps found;
    s->found = (struct gad_maps){0};
    enum eng_err err = count ? check(x, 1, height, width, &said)
                             : eng_fail(&said, ENG_ARG, "there is no class to explain");
    if (err == ENG_OK)
        err = plan_mapper(s, height, width, &said);
    if (err == ENG_OK)
        err = gad_mapper_run(s->mapper, x, 1, labels, count, &watch, &found, &said);
    if (err == ENG_OK)
        s->found = found;
    return gad_border_answer(err, &said, why);
}

size_t gad_session_methods(const struct gad_session *s)
{
    return s->maps.methods.count;
}

const char *gad_session_method(const struct gad_session *s, size_t method)
{
    return method < s->maps.methods.count ? s->maps.methods.at[method]->name : NULL;
}

static int has(const struct gad_session *s, size_t net, size_t method, size_t nth)
{
    return net < s->found.nets && method < s->found.methods && nth < s->found.classes;
}

const float *gad_session_logits(const struct gad_session *s, size_t net)
{
    return has(s, net, 0, 0) ? s->found.logits + net * gad_model_classes(s->model) : NULL;
}

const float *gad_session_attribution(const struct gad_session *s, size_t method, size_t nth)
{
    const struct gad_maps *m = &s->found;
    return has(s, 0, method, nth)
               ? m->attributions + (method * m->classes + nth) * m->channels * m->pixels
               : NULL;
}

const float *gad_session_map(const struct gad_session *s, size_t net, size_t method, size_t nth)
{
    return has(s, net, method, nth) ? gad_maps_of(&s->found, net, method, nth, 0) : NULL;
}

const float *gad_session_gad_map(const struct gad_session *s, size_t method, size_t nth)
{
    return has(s, 0, method, nth) ? gad_maps_gad(&s->found, method, nth, 0) : NULL;
}

double gad_session_gap(const struct gad_session *s, size_t nth)
{
    for (size_t i = 0; has(s, 0, i, nth); i++)
        if (s->maps.methods.at[i]->taken == ATTR_ON_PATH)
            return s->found.gap[nth];
    return NAN;
}
