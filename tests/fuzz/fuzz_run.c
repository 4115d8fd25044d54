/* What runs leave in files and read again: the ledger of an evaluation and the checkpoint of a
 * training, to go on from, and evaluate.json, for the report. Whatever stands in them, they are
 * taken or refused, with what is wrong and where. Who goes on, goes on from what is whole, and
 * writes what is read again as the same; what was refused stays as it was.
 *
 * The first byte tells: { begins an evaluate.json, g a ledger, and all else is a checkpoint. */
#include "data/file.h"
#include "engine/arch.h"
#include "gad/checkpoint.h"
#include "gad/ledger.h"
#include "gad/report.h"
#include "tests/fuzz/fuzz.h"
#include "tests/markup.h"

#include <math.h>

/* ---- the ledger ----------------------------------------------------------------------------- */

enum { IMAGES = 3, NETS = 2, METHODS = 2, ROWS = GAD_CLASSES * METHODS };

static const char evaluation_run[] = "gad evaluation of three images";

/* With marks in what is to be filled in. */
static void evaluation_init(struct gad_evaluation *e)
{
    *e = (struct gad_evaluation){.nets = NETS, .methods = METHODS, .count = IMAGES};
    e->images = calloc(IMAGES, sizeof *e->images);
    FUZZ_PROMISE(e->images);
    for (size_t i = 0; i < IMAGES; i++) {
        struct gad_image *im = &e->images[i];
        im->item = 7 * i;
        im->logits = calloc(NETS * GAD_CLASSES, sizeof *im->logits);
        im->rows = calloc(ROWS, sizeof *im->rows);
        FUZZ_PROMISE(im->logits && im->rows);
        for (size_t k = 0; k < ROWS; k++)
            im->rows[k].hit[0] = 2;
    }
}

static void check_rs(const struct met_rs *rs)
{
    FUZZ_PROMISE(isfinite(rs->value) && isfinite(rs->change));
}

static void check_image(const struct gad_image *im)
{
    for (size_t i = 0; i < NETS * GAD_CLASSES; i++)
        FUZZ_PROMISE(isfinite(im->logits[i]));
    for (size_t k = 0; !im->damaged && k < ROWS; k++) {
        const struct gad_row *row = &im->rows[k];
        const struct met_rc *rc = &row->record.rc;
        FUZZ_PROMISE(row->hit[0] == 0 || row->hit[0] == 1);
        FUZZ_PROMISE(row->hit[1] == 0 || row->hit[1] == 1);
        FUZZ_PROMISE((unsigned)rc->winner <= MET_WINNER_ORIGINAL);
        FUZZ_PROMISE((unsigned)rc->gad_kind < MET_HULL_KIND_COUNT);
        FUZZ_PROMISE((unsigned)rc->original_kind < MET_HULL_KIND_COUNT);
        FUZZ_PROMISE(!isnan(rc->ratio) && isfinite(rc->gad_area) && isfinite(rc->original_area));
        check_rs(&row->record.gad);
        check_rs(&row->record.sup);
        for (int g = 0; g < 2; g++)
            FUZZ_PROMISE(isfinite(row->weight[g]) && isfinite(row->hull[g]));
    }
}

static int same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static int same_rs(const struct met_rs *a, const struct met_rs *b)
{
    return a->value == b->value && a->change == b->change && a->pixels == b->pixels &&
           a->empty == b->empty;
}

static void check_same(const struct gad_image *a, const struct gad_image *b)
{
    FUZZ_PROMISE(a->damaged == b->damaged && a->has_truth == b->has_truth);
    FUZZ_PROMISE(same(a->gap[0], b->gap[0]) && same(a->gap[1], b->gap[1]));
    FUZZ_PROMISE(!memcmp(a->logits, b->logits, NETS * GAD_CLASSES * sizeof *a->logits));
    for (size_t k = 0; !a->damaged && k < ROWS; k++) {
        const struct gad_row *p = &a->rows[k], *q = &b->rows[k];
        const struct met_rc *r = &p->record.rc, *s = &q->record.rc;
        FUZZ_PROMISE(r->winner == s->winner && r->ratio == s->ratio);
        FUZZ_PROMISE(r->gad_area == s->gad_area && r->original_area == s->original_area);
        FUZZ_PROMISE(r->gad_kind == s->gad_kind && r->original_kind == s->original_kind);
        FUZZ_PROMISE(same_rs(&p->record.gad, &q->record.gad));
        FUZZ_PROMISE(same_rs(&p->record.sup, &q->record.sup));
        for (int g = 0; g < 2; g++)
            FUZZ_PROMISE(p->weight[g] == q->weight[g] && p->hull[g] == q->hull[g] &&
                         p->hit[g] == q->hit[g]);
    }
}

/* The images that are not there yet. */
static void evaluate_rest(struct gad_ledger *ledger, struct gad_evaluation *e, size_t done)
{
    for (size_t i = done; i < IMAGES; i++) {
        struct gad_image *im = &e->images[i];
        im->damaged = im->has_truth = 0;
        im->gap[0] = NAN;
        im->gap[1] = -0.125;
        for (size_t k = 0; k < NETS * GAD_CLASSES; k++)
            im->logits[k] = (float)k / 3;
        for (size_t k = 0; k < ROWS; k++)
            im->rows[k] = (struct gad_row){
                .record = {.rc = {MET_WINNER_GAD, 0.1, 2, 20, MET_HULL_POLYGON, MET_HULL_POLYGON},
                           .gad = {1e-5, 0.3, 30000, false},
                           .sup = {0, 0, 0, true}},
                .weight = {0.5, 1},
                .hit = {0, 1}};
        FUZZ_PROMISE(gad_ledger_put(ledger, e, i, NULL) == ENG_OK);
    }
}

static void try_ledger(const uint8_t *bytes, size_t count)
{
    const char *path = fuzz_path("evaluate.partial");
    struct gad_evaluation e, again;
    struct gad_ledger ledger;
    struct eng_why why = {""};
    size_t done, all;
    fuzz_put_file(path, bytes, count);
    evaluation_init(&e);
    const enum eng_err err = gad_ledger_open(&ledger, fuzz_folder(), evaluation_run, 0, &e, &done,
                                             &why);
    if (err != ENG_OK) {
        FUZZ_PROMISE(err == ENG_MISMATCH && strncmp(why.text, path, strlen(path)) == 0);
        FUZZ_PROMISE(fuzz_file_is(path, bytes, count));
    } else {
        FUZZ_PROMISE(done <= IMAGES);
        for (size_t i = 0; i < done; i++)
            check_image(&e.images[i]);
        evaluate_rest(&ledger, &e, done);
        gad_ledger_close(&ledger);
        evaluation_init(&again);
        FUZZ_PROMISE(gad_ledger_open(&ledger, fuzz_folder(), evaluation_run, 0, &again, &all,
                                     &why) == ENG_OK);
        gad_ledger_close(&ledger);
        FUZZ_PROMISE(all == IMAGES);
        for (size_t i = 0; i < IMAGES; i++)
            check_same(&e.images[i], &again.images[i]);
        gad_evaluation_release(&again);
    }
    gad_evaluation_release(&e);
    FUZZ_PROMISE(unlink(path) == 0);
}

/* ---- the checkpoint ------------------------------------------------------------------------- */

enum { EPOCHS = 3, PLACES = 7, BATCH = 2, STEPS = 4 /* of an epoch */ };

static struct eng_net *new_net(void)
{
    struct eng_net *net;
    FUZZ_PROMISE(eng_net_new(&net, 3) == ENG_OK);
    int x = eng_net_batch_norm(net, eng_net_input(net), "bn");
    x = eng_net_flatten(net, eng_net_avg_pool(net, x, 1, 1));
    eng_net_linear(net, x, "fc", 3, 2);
    FUZZ_PROMISE(eng_net_finish(net, NULL) == ENG_OK);
    return net;
}

/* What goes on from a checkpoint. */
struct training {
    struct dat_model model;
    struct eng_optim *optim;
    struct gad_epoch log[EPOCHS];
    struct gad_checkpoint at;
};

static void training_init(struct training *t, const char *path, const struct eng_optim_config *how)
{
    *t = (struct training){.model.net = new_net()};
    t->at = (struct gad_checkpoint){.path = path,
                                    .run = "a run",
                                    .log = t->log,
                                    .epochs = EPOCHS,
                                    .places = PLACES,
                                    .batch = BATCH};
    FUZZ_PROMISE(eng_optim_new(&t->optim, t->model.net, how) == ENG_OK);
}

static void training_release(struct training *t)
{
    eng_optim_free(t->optim);
    eng_net_free(t->model.net);
}

static void check_training(struct training *t)
{
    const struct gad_part *part = &t->at.part;
    FUZZ_PROMISE(t->at.epoch + (part->places > 0) > 0);
    FUZZ_PROMISE(t->at.epoch + (part->places > 0) <= EPOCHS);
    FUZZ_PROMISE(eng_optim_steps(t->optim) <=
                 t->at.epoch * STEPS + (part->places + BATCH - 1) / BATCH);
    FUZZ_PROMISE(part->right <= part->seen && part->seen <= (double)part->places &&
                 part->places <= PLACES);
    for (size_t i = 0; i < eng_net_param_count(t->model.net); i++) {
        const struct eng_param *p = eng_net_param_const(t->model.net, i);
        for (size_t k = 0; k < eng_shape_count(&p->shape); k++)
            FUZZ_PROMISE(isfinite(p->value[k]));
    }
}

static void try_checkpoint(const uint8_t *bytes, size_t count)
{
    const char *path = fuzz_path("checkpoint");
    const struct eng_optim_config how = count % 2 ? eng_optim_sgd(0.9f, 0) : eng_optim_adam();
    struct training t, again;
    struct eng_why why = {""};
    fuzz_put_file(path, bytes, count);
    training_init(&t, path, &how);
    const enum eng_err err = gad_checkpoint_read(&t.at, &t.model, t.optim, &why);
    if (err != ENG_OK) {
        FUZZ_PROMISE(err == ENG_FORMAT || err == ENG_MISMATCH || err == ENG_UNSUPPORTED ||
                     err == ENG_TOOBIG);
        FUZZ_PROMISE(strncmp(why.text, path, strlen(path)) == 0);
        FUZZ_PROMISE(fuzz_file_is(path, bytes, count));
    } else {
        uint8_t *written;
        size_t size;
        check_training(&t);
        FUZZ_PROMISE(gad_checkpoint_write(&t.at, &t.model, t.optim, NULL) == ENG_OK);
        FUZZ_PROMISE(dat_file_read(&written, &size, path, NULL) == ENG_OK);
        training_init(&again, path, &how);
        FUZZ_PROMISE(gad_checkpoint_read(&again.at, &again.model, again.optim, NULL) == ENG_OK);
        FUZZ_PROMISE(again.at.epoch == t.at.epoch && again.at.part.places == t.at.part.places);
        FUZZ_PROMISE(gad_checkpoint_write(&again.at, &again.model, again.optim, NULL) == ENG_OK);
        FUZZ_PROMISE(fuzz_file_is(path, written, size));
        training_release(&again);
        free(written);
    }
    training_release(&t);
    FUZZ_PROMISE(unlink(path) == 0);
}

/* ---- evaluate.json -------------------------------------------------------------------------- */

static void try_report(const uint8_t *bytes, size_t count)
{
    const char *json = fuzz_path("evaluate.json"), *html = fuzz_path("report.html");
    struct eng_why why = {""};
    uint8_t *page;
    size_t size;
    char *path;
    fuzz_put_file(json, bytes, count);
    const enum eng_err err = gad_report_write(fuzz_folder(), &path, 0, &why);
    if (err == ENG_OK) {
        FUZZ_PROMISE(strcmp(path, html) == 0);
        FUZZ_PROMISE(dat_file_read(&page, &size, html, NULL) == ENG_OK);
        FUZZ_PROMISE(!markup_check((const char *)page) && strlen((const char *)page) == size);
        free(page);
        free(path);
        FUZZ_PROMISE(unlink(html) == 0);
    } else {
        fuzz_refused(err, &why);
        FUZZ_PROMISE(!path && strncmp(why.text, json, strlen(json)) == 0);
        FUZZ_PROMISE(access(html, F_OK) != 0);
    }
    FUZZ_PROMISE(fuzz_file_is(json, bytes, count) && unlink(json) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    const int first = count ? bytes[0] : 0;
    (first == '{' ? try_report : first == 'g' ? try_ledger : try_checkpoint)(bytes, count);
    return 0;
}
