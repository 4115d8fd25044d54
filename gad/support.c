#include "gad/support.h"

#include "data/file.h"
#include "gad/history.h"
#include "gad/predict.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- alpha ---------------------------------------------------------------------------------- */

enum eng_err gad_alpha_parse(struct gad_alpha *alphas, size_t *count, const char *text,
                             struct eng_why *why)
{
    *count = 0;
    for (const char *at = text;;) {
        struct gad_alpha a;
        char *end;
        if (*count == GAD_ALPHAS_MAX)
            return eng_fail(why, ENG_ARG, "more than %d alphas", GAD_ALPHAS_MAX);
        a.of[0] = a.of[1] = strtof(at, &end);
        int ok = end != at;
        if (ok && *end == ':') {
            at = end + 1;
            a.of[1] = strtof(at, &end);
            ok = end != at;
        }
        if (!ok || (*end != ',' && *end != '\0'))
            return eng_fail(why, ENG_ARG,
                            "alphas are numbers such as 2,4,6,8 (or 2:4 for one of "
                            "each class), not '%s'",
                            text);
        for (int c = 0; c < GAD_CLASSES; c++)
            if (!(a.of[c] >= 0.0f && isfinite(a.of[c])))
                return eng_fail(why, ENG_ARG,
                                "an alpha of %g cannot be: it is a distance, 0 or more",
                                (double)a.of[c]);
        alphas[(*count)++] = a;
        if (*end == '\0')
            return ENG_OK;
        at = end + 1;
    }
}

void gad_alpha_text(const struct gad_alpha *alpha, char text[32])
{
    if (alpha->of[0] == alpha->of[1])
        snprintf(text, 32, "%g", (double)alpha->of[0]);
    else
        snprintf(text, 32, "%g:%g", (double)alpha->of[0], (double)alpha->of[1]);
}

void gad_target(const float *logits, size_t label, const struct gad_alpha *alpha, float *target)
{
    for (size_t c = 0; c < GAD_CLASSES; c++)
        target[c] = c == label ? logits[c] : logits[c] - alpha->of[label];
}

/* ---- training ------------------------------------------------------------------------------- */

struct gad_support_options gad_support_defaults(void)
{
    return (struct gad_support_options){
        .subject.holdout = 0.2, .epochs = 10, .batch = 32, .lr = 4e-5f, .workers = 1};
}

struct job {
    const struct gad_support_options *o;
    struct dat_model *base;
    const struct dat_dataset *set;
    const size_t *items;
    size_t count;
    const float *logits; /* [count][2]: the original's */
    float *targets;      /* [items of the set][2] */
    char base_print[DAT_FINGERPRINT];
    char settings[256], data_print[DAT_HASH_PRINT];
};

/* Everything a support's bits depend on beside the original and the alpha; but for the machine, on
 * which work may go on that another one began. */
static void describe(struct job *job)
{
    const struct gad_support_options *o = job->o;
    const char *about = dat_dataset_about(job->set);
    struct dat_hash hash;
    dat_hash_init(&hash);
    dat_preprocess_hash(&hash, &job->base->preprocess);
    dat_hash_update(&hash, about, strlen(about));
    dat_dataset_hash(&hash, job->set, job->items, job->count);
    dat_hash_print(&hash, job->data_print);
    snprintf(job->settings, sizeof job->settings,
             "%zu images, %zu epochs in batches of %zu, Adam at %g, batch norm %s, dropout %s, "
             "seed %llu%s",
             job->count, o->epochs, o->batch, (double)o->lr,
             o->train_batch_norm ? "trained" : "frozen", o->dropout ? "on" : "off",
             (unsigned long long)o->seed, o->exec->precision == ENG_PRECISION_BF16 ? ", bf16" : "");
}

static int has_note(const struct dat_model *model, const char *key, const char *value)
{
    const char *note = dat_model_note(model, key);
    return note && strcmp(note, value) == 0;
}

/* *done = 1 if path holds this support already. One of another original, data or settings is
 * ENG_MISMATCH, or as good as none if it is to be replaced. */
static enum eng_err find_finished(const struct job *job, const char *path, const char *alpha,
                                  int *done, struct eng_why *why)
{
    struct dat_model old;
    *done = 0;
    struct dat_budget budget = dat_budget_of(job->o->subject.file_memory);
    const enum eng_err err = dat_model_read(&old, path, &budget, why);
    if (err == ENG_MISSING || (err != ENG_OK && err != ENG_NOMEM && job->o->replace))
        return ENG_OK;
    if (err != ENG_OK)
        return err;
    *done = has_note(&old, "base_fingerprint", job->base_print) && has_note(&old, "alpha", alpha) &&
            has_note(&old, "settings", job->settings) &&
            has_note(&old, "data_fingerprint", job->data_print);
    dat_model_release(&old);
    if (*done || job->o->replace)
        return ENG_OK;
    return eng_fail(why, ENG_MISMATCH,
                    "%s: is there already, of another original, data or settings; give "
                    "another folder or delete it",
                    path);
}

/* What a support's file says of itself. */
static enum eng_err note_all(struct dat_model *model, const struct job *job, const char *alpha,
                             const struct gad_epoch *log)
{
    ENG_TRY(dat_model_set_note(model, "base_fingerprint", "%s", job->base_print));
    ENG_TRY(dat_model_set_note(model, "alpha", "%s", alpha));
    ENG_TRY(dat_model_set_note(model, "settings", "%s", job->settings));
    ENG_TRY(dat_model_set_note(model, "data_fingerprint", "%s", job->data_print));
    ENG_TRY(dat_model_set_note(model, "trained_on", "%s", dat_dataset_about(job->set)));
    ENG_TRY(dat_model_set_note(model, "epochs", "%zu", job->o->epochs));
    ENG_TRY(dat_model_set_note(model, "lr", "%g", (double)job->o->lr));
    return gad_history_note(model, log, job->o->epochs);
}

static enum eng_err train_one(struct job *job, const struct gad_alpha *alpha, struct eng_why *why)
{
    const struct gad_support_options *o = job->o;
    char text[32], exact[48], name[64], what[48];
    gad_alpha_text(alpha, text);
    snprintf(exact, sizeof exact, "[%.9g,%.9g]", (double)alpha->of[0], (double)alpha->of[1]);
    snprintf(name, sizeof name, "alpha%s.safetensors", text);
    if (strchr(name, ':'))
        *strchr(name, ':') = '-';
    snprintf(what, sizeof what, "support %s", text);
    char *path = dat_path_join(o->output, name), *checkpoint = NULL;
    if (!path || !(checkpoint = malloc(strlen(path) + sizeof ".checkpoint"))) {
        free(path);
        return eng_fail(why, ENG_NOMEM, "out of memory");
    }
    sprintf(checkpoint, "%s.checkpoint", path);
    struct dat_model model = {0};
    struct gad_epoch *log = NULL;
    int done;
    enum eng_err err = find_finished(job, path, exact, &done, why);
    if (err != ENG_OK || done)
        goto done;
    for (size_t i = 0; i < job->count; i++) {
        const size_t item = job->items[i];
        gad_target(job->logits + i * GAD_CLASSES, (size_t)dat_dataset_item(job->set, item)->label,
                   alpha, job->targets + item * GAD_CLASSES);
    }
    if ((err = dat_model_copy(&model, job->base, why)) != ENG_OK)
        goto done;
    const struct gad_fit_options fit = {.exec = o->exec,
                                        .set = job->set,
                                        .train = job->items,
                                        .train_count = job->count,
                                        .epochs = o->epochs,
                                        .batch = o->batch,
                                        .optim = eng_optim_adam(),
                                        .lr = o->lr,
                                        .frozen_batch_norm = !o->train_batch_norm,
                                        .dropout = o->dropout,
                                        .targets = job->targets,
                                        .seed = o->seed,
                                        .workers = o->workers,
                                        .strict = o->strict,
                                        .checkpoint = checkpoint,
                                        .what = what,
                                        .watch = o->watch};
    if ((err = gad_fit(&model, &fit, &log, why)) != ENG_OK)
        goto done;
    if ((err = note_all(&model, job, exact, log)) != ENG_OK) {
        eng_fail(why, err, "out of memory");
        goto done;
    }
    if ((err = dat_model_write(&model, path, why)) == ENG_OK)
        remove(checkpoint);
done:
    free(log);
    dat_model_release(&model);
    free(path);
    free(checkpoint);
    return err;
}

/* Images that could not be read, which have no logits, have no targets either. */
static void leave_out_unread(struct job *job, size_t *items, float *logits)
{
    size_t kept = 0;
    for (size_t i = 0; i < job->count; i++) {
        if (isnan(logits[i * GAD_CLASSES]))
            continue;
        items[kept] = items[i];
        memmove(logits + kept * GAD_CLASSES, logits + i * GAD_CLASSES,
                GAD_CLASSES * sizeof *logits);
        kept++;
    }
    job->count = kept;
}

static enum eng_err train_all(struct job *job, struct eng_why *why)
{
    const struct gad_support_options *o = job->o;
    size_t *items = NULL;
    float *logits = NULL;
    enum eng_err err = dat_dataset_indices(job->set, DAT_TRAIN, o->images, o->seed, &items,
                                           &job->count);
    if (err != ENG_OK)
        return eng_fail(why, err, "out of memory");
    const size_t total = dat_dataset_count(job->set) * GAD_CLASSES;
    logits = malloc((job->count * GAD_CLASSES + 1) * sizeof *logits);
    job->targets = malloc((total + 1) * sizeof *job->targets);
    if (!logits || !job->targets) {
        err = eng_fail(why, ENG_NOMEM, "out of memory");
        goto done;
    }
    for (size_t i = 0; i < total; i++)
        job->targets[i] = NAN;
    const struct gad_predict_options predict = {.exec = o->exec,
                                                .batch = o->batch,
                                                .workers = o->workers,
                                                .strict = o->strict,
                                                .what = "targets",
                                                .watch = o->watch};
    job->items = items;
    job->logits = logits;
    describe(job);
    err = gad_predict(logits, job->base, job->set, items, job->count, &predict, why);
    if (err == ENG_OK)
        leave_out_unread(job, items, logits);
    if (err == ENG_OK && job->count == 0)
        err = eng_fail(why, ENG_FORMAT, "%s: none of the training images could be read",
                       o->subject.data);
    for (size_t i = 0; err == ENG_OK && i < o->alpha_count; i++)
        err = train_one(job, &o->alphas[i], why);
done:
    free(items);
    free(logits);
    free(job->targets);
    return err;
}

enum eng_err gad_support_train(const struct gad_support_options *o, struct eng_why *why)
{
    struct dat_model base;
    struct dat_dataset *set;
    ENG_TRY(gad_fit_check(o->epochs, o->batch, o->lr, why));
    enum eng_err err = gad_subject_open(&base, &set, &o->subject, o->watch, why);
    if (err == ENG_OK)
        err = dat_folder_make(o->output, why);
    if (err == ENG_OK) {
        struct job job = {.o = o, .base = &base, .set = set};
        dat_model_fingerprint(&base, job.base_print);
        err = train_all(&job, why);
    }
    dat_dataset_free(set);
    dat_model_release(&base);
    return err;
}

/* ---- reading -------------------------------------------------------------------------------- */

void gad_supports_release(struct gad_supports *supports)
{
    for (size_t i = 0; i < supports->count; i++) {
        free(supports->at[i].file);
        dat_model_release(&supports->at[i].model);
    }
    free(supports->at);
    *supports = (struct gad_supports){0};
}

static int by_alpha(const void *pa, const void *pb)
{
    const struct gad_support *a = pa, *b = pb;
    for (int c = 0; c < GAD_CLASSES; c++)
        if (a->alpha.of[c] != b->alpha.of[c])
            return a->alpha.of[c] < b->alpha.of[c] ? -1 : 1;
    return strcmp(a->file, b->file);
}

/* The note as train_one writes it, of distances as gad_alpha_parse takes them. */
static int read_alpha(struct gad_alpha *alpha, const char *note)
{
    int used = 0;
    if (sscanf(note, "[%f,%f]%n", &alpha->of[0], &alpha->of[1], &used) != GAD_CLASSES ||
        used == 0 || note[used])
        return 0;
    for (int c = 0; c < GAD_CLASSES; c++)
        if (!(alpha->of[c] >= 0.0f && isfinite(alpha->of[c])))
            return 0;
    return 1;
}

static enum eng_err read_one(struct gad_support *s, const char *dir, const char *base_print,
                             const struct dat_model *base,
                             const struct dat_preprocess_change *prepare, size_t file_memory,
                             struct eng_why *why)
{
    char *path = dat_path_join(dir, s->file);
    if (!path)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    struct dat_budget budget = dat_budget_of(file_memory);
    enum eng_err err = dat_model_read(&s->model, path, &budget, why);
    if (err == ENG_OK)
        err = dat_model_prepare(&s->model, prepare, path, why);
    if (err == ENG_OK) {
        const char *of = dat_model_note(&s->model, "base_fingerprint");
        const char *alpha = dat_model_note(&s->model, "alpha");
        if (!of || !alpha || !read_alpha(&s->alpha, alpha))
            err = eng_fail(why, ENG_MISMATCH, "%s: is no support; make them with gad support",
                           path);
        else if (s->model.config.classes != base->config.classes)
            err = eng_fail(why, ENG_MISMATCH,
                           "%s: has %zu classes, the original %zu; train supports for this one",
                           path, s->model.config.classes, base->config.classes);
        else if (strcmp(of, base_print) != 0 ||
                 strcmp(s->model.config.arch, base->config.arch) != 0)
            err = eng_fail(
                why, ENG_MISMATCH,
                "%s: belongs to another original (%s, this one is %s); train supports for "
                "this one",
                path, of, base_print);
        else if (!dat_preprocess_same(&s->model.preprocess, &base->preprocess))
            err = eng_fail(
                why, ENG_MISMATCH,
                "%s: learned from images that were prepared in another way (%zux%zu, %s) "
                "than they are now (%zux%zu, %s); give --size, --resize-rule, --resize, "
                "--mean and --std as for gad support",
                path, s->model.preprocess.width, s->model.preprocess.height,
                dat_preprocess_rule_name(s->model.preprocess.rule), base->preprocess.width,
                base->preprocess.height, dat_preprocess_rule_name(base->preprocess.rule));
    }
    free(path);
    return err;
}

enum eng_err gad_supports_read(struct gad_supports *supports, const char *dir,
                               const struct dat_model *base,
                               const struct dat_preprocess_change *prepare, size_t file_memory,
                               struct eng_why *why)
{
    *supports = (struct gad_supports){0};
    DIR *folder = opendir(dir);
    if (!folder)
        return eng_fail(why, ENG_MISSING, "%s: no such folder; make supports with gad support",
                        dir);
    char base_print[DAT_FINGERPRINT];
    dat_model_fingerprint(base, base_print);
    enum eng_err err = ENG_OK;
    const struct dirent *entry;
    while (err == ENG_OK && (entry = readdir(folder))) {
        const char *dot = strrchr(entry->d_name, '.');
        if (strncmp(entry->d_name, "alpha", 5) != 0 || !dot || strcmp(dot, ".safetensors") != 0)
            continue;
        struct gad_support *at = realloc(supports->at, (supports->count + 1) * sizeof *at);
        char *file = malloc(strlen(entry->d_name) + 1);
        if (at)
            supports->at = at;
        if (!at || !file) {
            free(file);
            err = eng_fail(why, ENG_NOMEM, "out of memory");
            break;
        }
        strcpy(file, entry->d_name);
        at[supports->count] = (struct gad_support){.file = file};
        err = read_one(&at[supports->count++], dir, base_print, base, prepare, file_memory, why);
    }
    closedir(folder);
    if (err == ENG_OK && supports->count == 0)
        err = eng_fail(why, ENG_MISSING,
                       "%s: holds no support (alpha*.safetensors); make them with gad support",
                       dir);
    if (err != ENG_OK)
        gad_supports_release(supports);
    else
        qsort(supports->at, supports->count, sizeof *supports->at, by_alpha);
    return err;
}
