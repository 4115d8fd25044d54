#include "gad/fit.h"

#include "data/hash.h"
#include "data/loader.h"
#include "engine/kernels/gemm_list.h"
#include "engine/loss.h"
#include "engine/rng.h"
#include "gad/checkpoint.h"
#include "gad/predict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEEP_SECONDS = 600 }; /* no more than this is lost to a sudden end */

struct fit {
    struct dat_model *model;
    const struct gad_fit_options *o;
    struct eng_tape *tape;
    struct eng_grads *grads;
    struct eng_optim *optim;
    float *seed, *targets; /* [batch][classes] */
    size_t *labels, *order;
    float *check_logits;
    uint64_t step, steps;
    double since; /* what part of an epoch is not counted in its seconds yet began then */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Everything that the bits of a fit depend on, as text. */
static void describe(char text[512], const struct dat_model *model, const struct gad_fit_options *o)
{
    struct dat_hash hash;
    char data[DAT_HASH_PRINT], base[DAT_FINGERPRINT];
    dat_hash_init(&hash);
    dat_preprocess_hash(&hash, &model->preprocess);
    dat_dataset_hash(&hash, o->set, o->train, o->train_count);
    dat_dataset_hash(&hash, o->set, o->check, o->check_count); /* for the log */
    const char *about = dat_dataset_about(o->set);
    dat_hash_update(&hash, about, strlen(about));
    if (o->targets)
        dat_hash_update(&hash, o->targets,
                        dat_dataset_count(o->set) * model->config.classes * sizeof *o->targets);
    dat_hash_print(&hash, data);
    dat_model_fingerprint(model, base);
    snprintf(text, 512,
             "%s from %s, data %s, input %zux%zu, %zu epochs of %zu in batches of %zu, optimiser "
             "%d(%g %g %g %g) decay %g, rate %.9g schedule %d warm-up %g, augment %g-%g %g %g, "
             "frozen %d dropout %d, seed %llu, %s %s",
             model->config.arch, base, data, model->preprocess.width, model->preprocess.height,
             o->epochs, o->train_count, o->batch, (int)o->optim.kind, (double)o->optim.beta1,
             (double)o->optim.beta2, (double)o->optim.eps, (double)o->optim.momentum,
             (double)o->optim.weight_decay, (double)o->lr, (int)o->schedule, o->warm_up,
             (double)o->augment.scale_min, (double)o->augment.scale_max, (double)o->augment.flip,
             (double)o->augment.jitter, o->frozen_batch_norm, o->dropout,
             (unsigned long long)o->seed, o->exec->gemm->name, eng_exec_arithmetic(o->exec));
}

/* Of an epoch, if all images can be read. */
static uint64_t steps_of(const struct gad_fit_options *o)
{
    return (o->train_count + o->batch - 1) / o->batch;
}

static void fit_release(struct fit *f)
{
    eng_tape_free(f->tape);
    eng_grads_free(f->grads);
    eng_optim_free(f->optim);
    free(f->seed);
    free(f->targets);
    free(f->labels);
    free(f->order);
    free(f->check_logits);
}

static enum eng_err fit_init(struct fit *f, struct dat_model *model,
                             const struct gad_fit_options *o, struct eng_why *why)
{
    const size_t classes = model->config.classes;
    *f = (struct fit){.model = model, .o = o};
    f->steps = (uint64_t)o->epochs * steps_of(o);
    f->seed = calloc(o->batch * classes, sizeof *f->seed);
    f->targets = calloc(o->batch * classes, sizeof *f->targets);
    f->labels = calloc(o->batch, sizeof *f->labels);
    f->order = calloc(o->train_count, sizeof *f->order);
    f->check_logits = calloc(o->check_count * classes + 1, sizeof *f->check_logits);
    const struct eng_tape_options shape = {.batch = o->batch,
                                           .height = model->preprocess.height,
                                           .width = model->preprocess.width,
                                           .want = ENG_WANT_PARAMS | ENG_WANT_ONCE,
                                           .train_batch_norm = !o->frozen_batch_norm,
                                           .dropout = o->dropout};
    if (!f->seed || !f->targets || !f->labels || !f->order || !f->check_logits ||
        eng_optim_new(&f->optim, model->net, &o->optim) != ENG_OK ||
        eng_optim_stream(&f->grads, f->optim, model->net) != ENG_OK)
        return eng_fail(why, ENG_NOMEM, "no memory to train this net; use a smaller one");
    return eng_tape_new(&f->tape, model->net, o->exec, &shape, why);
}

/* One step on a batch; adds to the epoch's sums. */
static enum eng_err step(struct fit *f, const struct dat_batch *batch, struct gad_part *part,
                         struct eng_why *why)
{
    const struct gad_fit_options *o = f->o;
    const size_t classes = f->model->config.classes, n = batch->count;
    eng_tape_seed(f->tape, o->seed, f->step);
    enum eng_err err = eng_net_prepare(f->model->net, o->exec, ENG_FOR_TRAINING);
    if (err != ENG_OK || (err = eng_tape_forward(f->tape, batch->x, n)) != ENG_OK)
        return eng_fail(why, err, "%s", eng_err_text(err));
    const float *y = eng_tape_output(f->tape);
    double batch_loss;
    if (o->targets) {
        for (size_t i = 0; i < n; i++)
            memcpy(f->targets + i * classes, o->targets + batch->items[i] * classes,
                   classes * sizeof *f->targets);
        batch_loss = eng_mse(y, f->targets, n, classes, f->seed);
    } else {
        for (size_t i = 0; i < n; i++) {
            f->labels[i] = (size_t)batch->labels[i];
            part->right += gad_argmax(y + i * classes, classes) == f->labels[i];
        }
        batch_loss = eng_softmax_xent(y, f->labels, n, classes, f->seed);
    }
    if (!isfinite(batch_loss))
        return eng_fail(why, ENG_FORMAT,
                        "the loss is no longer a number after %llu steps; train with a lower --lr",
                        (unsigned long long)f->step);
    part->loss += batch_loss * (double)n;
    part->seen += (double)n;
    const float rate = eng_schedule_rate(o->schedule, o->lr, f->step, f->steps,
                                         (uint64_t)(o->warm_up * (double)f->steps));
    eng_optim_begin(f->optim, o->exec, f->model->net, rate);
    err = eng_tape_backward(f->tape, f->seed, ENG_RELU_STANDARD, NULL, f->grads);
    eng_optim_end(f->optim);
    if (err == ENG_OK && !o->frozen_batch_norm)
        err = eng_tape_update_running(f->tape, f->model->net);
    if (err != ENG_OK)
        return eng_fail(why, err, "%s", eng_err_text(err));
    f->step++;
    return ENG_OK;
}

/* Accuracy on the items that are kept for checking. */
static enum eng_err check(struct fit *f, const struct gad_watch *watch, double *accuracy,
                          struct eng_why *why)
{
    const struct gad_fit_options *o = f->o;
    const struct gad_predict_options predict = {.exec = o->exec,
                                                .batch = o->batch,
                                                .workers = o->workers,
                                                .strict = o->strict,
                                                .what = "checking",
                                                .watch = watch};
    ENG_TRY(
        gad_predict(f->check_logits, f->model, o->set, o->check, o->check_count, &predict, why));
    *accuracy = gad_accuracy(f->check_logits, f->model->config.classes, o->set, o->check,
                             o->check_count);
    return ENG_OK;
}

/* Writes the checkpoint. */
static enum eng_err keep(struct fit *f, struct gad_checkpoint *c, struct eng_why *why)
{
    const double at = now();
    c->part.seconds += at - f->since;
    f->since = at;
    return gad_checkpoint_write(c, f->model, f->optim, why);
}

/* The steps of the epoch that are not part of c->part yet. */
static enum eng_err run_steps(struct fit *f, struct gad_checkpoint *c,
                              const struct gad_watch *watch, struct eng_why *why)
{
    const struct gad_fit_options *o = f->o;
    const struct dat_loader_options loading = {.set = o->set,
                                               .preprocess = &f->model->preprocess,
                                               .augment = &o->augment,
                                               .batch = o->batch,
                                               .workers = o->workers,
                                               .seed = o->seed,
                                               .epoch = c->epoch,
                                               .strict = o->strict};
    struct gad_part *part = &c->part;
    const size_t before = part->places;
    struct eng_rng rng;
    eng_rng_init(&rng, o->seed, c->epoch);
    memcpy(f->order, o->train, o->train_count * sizeof *f->order);
    eng_rng_shuffle(&rng, f->order, o->train_count);
    struct dat_loader *loader;
    ENG_TRY(dat_loader_new(&loader, &loading, f->order + before, o->train_count - before, why));
    enum eng_err err;
    const struct dat_batch *batch;
    while ((err = dat_loader_next(loader, &batch, why)) == ENG_OK && batch) {
        if (gad_watch_stop(o->watch)) {
            err = eng_fail(why, ENG_INTERRUPTED, "interrupted in epoch %zu of %zu", c->epoch + 1,
                           o->epochs);
            break;
        }
        if ((err = step(f, batch, part, why)) != ENG_OK)
            break;
        part->places = before + batch->end;
        char note[64];
        snprintf(note, sizeof note, "epoch %zu/%zu, loss %.4f", c->epoch + 1, o->epochs,
                 part->loss / part->seen);
        gad_watch_progress(o->watch, o->what,
                           (double)c->epoch * (double)o->train_count + part->seen,
                           (double)o->epochs * (double)o->train_count, note);
        if (c->path && now() - f->since >= KEEP_SECONDS && (err = keep(f, c, why)) != ENG_OK)
            break;
    }
    for (size_t i = 0; i < dat_loader_skipped(loader); i++)
        gad_watch_warn(watch, dat_loader_skipped_why(loader, i));
    dat_loader_free(loader);
    return err;
}

/* The epoch, or the rest of it. first: it is the first of this call; what is damaged is named in
 * that one alone. */
static enum eng_err run_epoch(struct fit *f, struct gad_checkpoint *c, int first,
                              struct eng_why *why)
{
    const struct gad_fit_options *o = f->o;
    struct gad_watch watch = o->watch ? *o->watch : (struct gad_watch){0};
    struct gad_part *part = &c->part;
    const size_t before = part->places;
    double accuracy = NAN;
    if (!first)
        watch.warn = NULL;
    f->since = now();
    enum eng_err err = run_steps(f, c, &watch, why);
    if (err == ENG_OK && part->seen == 0)
        err = eng_fail(why, ENG_FORMAT, "none of the training images could be read");
    if (err == ENG_OK) {
        part->places = o->train_count;
        if (o->check_count)
            err = check(f, &watch, &accuracy, why);
    }
    if (err == ENG_INTERRUPTED && c->path && part->places > before) {
        struct eng_why trouble = {""};
        const enum eng_err kept = keep(f, c, &trouble);
        if (kept != ENG_OK)
            return eng_fail(why, kept, "%s", trouble.text);
    }
    if (err != ENG_OK)
        return err;
    c->log[c->epoch++] = (struct gad_epoch){part->loss / part->seen,
                                            o->targets ? NAN : part->right / part->seen, accuracy,
                                            part->seconds + now() - f->since};
    *part = (struct gad_part){0};
    return ENG_OK;
}

enum eng_err gad_fit_check(size_t epochs, size_t batch, float lr, struct eng_why *why)
{
    if (epochs == 0 || batch == 0)
        return eng_fail(why, ENG_ARG, "nothing to train: no epochs, or no images in a batch");
    if (!(lr >= 0 && isfinite(lr)))
        return eng_fail(why, ENG_ARG, "a learning rate of %g cannot be", (double)lr);
    return ENG_OK;
}

enum eng_err gad_fit(struct dat_model *model, const struct gad_fit_options *o,
                     struct gad_epoch **log, struct eng_why *why)
{
    struct fit f;
    char run[512];
    ENG_TRY(gad_fit_check(o->epochs, o->batch, o->lr, why));
    if (o->train_count == 0)
        return eng_fail(why, ENG_ARG, "nothing to train: no images");
    struct gad_checkpoint c = {.path = o->checkpoint,
                               .run = run,
                               .epochs = o->epochs,
                               .places = o->train_count,
                               .batch = o->batch};
    c.log = calloc(o->epochs, sizeof *c.log);
    if (!c.log)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    describe(run, model, o);
    enum eng_err err = fit_init(&f, model, o, why);
    if (err == ENG_OK && c.path)
        err = gad_checkpoint_read(&c, model, f.optim, why);
    f.step = f.optim ? eng_optim_steps(f.optim) : 0;
    for (const size_t first = c.epoch; err == ENG_OK && c.epoch < o->epochs;) {
        err = run_epoch(&f, &c, c.epoch == first, why);
        if (err == ENG_OK && c.path)
            err = gad_checkpoint_write(&c, model, f.optim, why);
    }
    fit_release(&f);
    if (err != ENG_OK) {
        free(c.log);
        return err;
    }
    *log = c.log;
    return ENG_OK;
}
