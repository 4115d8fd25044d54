#include "gad/predict.h"

#include "data/loader.h"
#include "engine/finite.h"
#include "engine/tape.h"

#include <math.h>
#include <string.h>

size_t gad_argmax(const float *values, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

enum eng_err gad_outputs_check(const float *outputs, size_t count, struct eng_why *why)
{
    if (eng_first_not_finite(outputs, count) == count)
        return ENG_OK;
    return eng_fail(why, ENG_FORMAT,
                    "the net's output is not a finite number; check its weights and how images are "
                    "scaled");
}

double gad_accuracy(const float *logits, size_t classes, const struct dat_dataset *set,
                    const size_t *indices, size_t count)
{
    size_t right = 0, seen = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(logits[i * classes]))
            continue;
        seen++;
        right += gad_argmax(logits + i * classes, classes) ==
                 (size_t)dat_dataset_item(set, indices[i])->label;
    }
    return seen ? (double)right / (double)seen : NAN;
}

enum eng_err gad_predict(float *logits, struct dat_model *model, const struct dat_dataset *set,
                         const size_t *indices, size_t count, const struct gad_predict_options *o,
                         struct eng_why *why)
{
    const size_t classes = model->config.classes;
    struct dat_loader *loader = NULL;
    struct eng_tape *tape = NULL;
    for (size_t i = 0; i < count * classes; i++)
        logits[i] = NAN;
    enum eng_err err = eng_net_prepare(model->net, o->exec, ENG_FOR_OUTPUT);
    if (err != ENG_OK)
        return eng_fail(why, err, "out of memory");
    const struct eng_tape_options shape = {
        .batch = o->batch, .height = model->preprocess.height, .width = model->preprocess.width};
    ENG_TRY(eng_tape_new(&tape, model->net, o->exec, &shape, why));
    const struct dat_loader_options loading = {.set = set,
                                               .preprocess = &model->preprocess,
                                               .batch = o->batch,
                                               .workers = o->workers,
                                               .strict = o->strict};
    err = dat_loader_new(&loader, &loading, indices, count, why);
    size_t at = 0, warned = 0;
    while (err == ENG_OK) {
        const struct dat_batch *batch;
        if ((err = dat_loader_next(loader, &batch, why)) != ENG_OK || !batch)
            break;
        if (gad_watch_stop(o->watch)) {
            err = eng_fail(why, ENG_INTERRUPTED, "interrupted");
            break;
        }
        err = eng_tape_forward(tape, batch->x, batch->count);
        for (size_t i = 0; err == ENG_OK && i < batch->count; i++, at++) {
            while (indices[at] != batch->items[i]) /* skipped ones in between */
                at++;
            memcpy(logits + at * classes, eng_tape_output(tape) + i * classes,
                   classes * sizeof *logits);
        }
        for (; warned < dat_loader_skipped(loader); warned++)
            gad_watch_warn(o->watch, dat_loader_skipped_why(loader, warned));
        gad_watch_progress(o->watch, o->what, (double)at, (double)count, NULL);
    }
    for (; loader && warned < dat_loader_skipped(loader); warned++)
        gad_watch_warn(o->watch, dat_loader_skipped_why(loader, warned));
    dat_loader_free(loader);
    eng_tape_free(tape);
    return err;
}
