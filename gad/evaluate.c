#include "gad/evaluate.h"

#include "data/file.h"
#include "data/hash.h"
#include "engine/loss.h"
#include "engine/sizes.h"
#include "gad/ledger.h"
#include "gad/predict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GROUP = 8 }; /* images that go through the nets together */

struct gad_evaluate_options gad_evaluate_defaults(void)
{
    return (struct gad_evaluate_options){.subject.holdout = 0.2,
                                         .images = 512,
                                         .maps = gad_maps_defaults(),
                                         .select = met_select_default(),
                                         .degenerate = MET_DEGENERATE_SKIP,
                                         .area = MET_AREA_CENTRES,
                                         .supplement = MET_SUPPLEMENT_DIFFERENCE,
                                         .occlude = ATTR_BASELINE_BLACK,
                                         .workers = 1};
}

void gad_evaluation_release(struct gad_evaluation *e)
{
    for (size_t i = 0; e->images && i < e->count; i++) {
        free(e->images[i].logits);
        free(e->images[i].rows);
    }
    free(e->images);
    gad_table_free(e->table);
    dat_dataset_free(e->set);
    gad_supports_release(&e->supports);
    dat_model_release(&e->model);
    *e = (struct gad_evaluation){0};
}

/* ---- images --------------------------------------------------------------------------------- */

/* The truth of a data set is of the size that was asked for, the net's: it needs no resizing where
 * the preprocessing keeps the whole picture. */
static enum eng_err take_truth(struct met_mask *truth, const uint8_t *mask,
                               const struct dat_image *image, const struct dat_preprocess *p)
{
    if (!mask || p->rule != DAT_RESIZE_STRETCH || image->width != p->width ||
        image->height != p->height)
        return ENG_OK;
    ENG_TRY(met_mask_init(truth, image->width, image->height));
    for (size_t i = 0; i < image->width * image->height; i++)
        truth->at[i] = mask[i] != 0;
    return ENG_OK;
}

enum eng_err gad_evaluation_read(const struct gad_evaluation *e, size_t item,
                                 struct dat_image *picture, float *x, struct met_mask *truth,
                                 struct eng_why *why)
{
    const struct dat_preprocess *p = &e->model.preprocess;
    struct dat_image image;
    uint8_t *mask = NULL;
    *truth = (struct met_mask){0};
    ENG_TRY(
        dat_dataset_read(e->set, item, &image, dat_dataset_has_masks(e->set) ? &mask : NULL, why));
    enum eng_err err = dat_preprocess_picture(picture, p, &image);
    if (err == ENG_OK) {
        dat_preprocess_tensor(x, p, picture);
        err = take_truth(truth, mask, &image, p);
        if (err != ENG_OK)
            dat_image_release(picture);
    }
    if (err != ENG_OK)
        eng_fail(why, err, "%s: %s", dat_dataset_item(e->set, item)->name, eng_err_text(err));
    free(mask);
    dat_image_release(&image);
    return err;
}

/* ---- one image's rows ----------------------------------------------------------------------- */

/* What is at work while images are evaluated. */
struct workbench {
    struct gad_evaluation *e;
    struct gad_mapper *mapper;
    struct eng_tape *tape; /* of the original, forward only: for occluded images */
    size_t batch;          /* images that it takes at once */
    size_t height, width, per_image;
    float *x;        /* [GROUP][3][H][W] */
    float *occluded; /* [2 * classes * methods][3][H][W] */
    struct met_mask truth[GROUP];
    size_t group[GROUP]; /* numbers of the images in it */
};

/* The masks of one class and method: GAD's hull, and the original's without it. */
struct masks {
    struct met_mask gad, sup, original;
};

static void masks_release(struct masks *m)
{
    met_mask_release(&m->gad);
    met_mask_release(&m->sup);
    met_mask_release(&m->original);
}

static enum eng_err make_region(struct met_hull *hull, struct met_mask *mask,
                                const struct workbench *b, const float *map, const float *original,
                                struct eng_why *why)
{
    struct met_mask selected;
    ENG_TRY(met_select_pixels(&selected, &b->e->options->select, map, original, b->width, b->height,
                              why));
    enum eng_err err = met_hull_of_mask(hull, &selected);
    met_mask_release(&selected);
    if (err != ENG_OK)
        return err;
    err = met_hull_mask(mask, hull, b->width, b->height);
    if (err != ENG_OK)
        met_hull_release(hull);
    return err;
}

static enum eng_err score_truth(struct gad_row *row, const struct masks *masks,
                                const float *const maps[2], const struct met_mask *truth,
                                struct eng_why *why)
{
    const struct met_mask *regions[2] = {&masks->original, &masks->gad};
    for (int k = 0; k < 2; k++) {
        struct met_truth score;
        struct met_overlap overlap;
        /* Signed reductions are scored by their magnitude. */
        float *magnitude = malloc(truth->width * truth->height * sizeof *magnitude);
        if (!magnitude)
            return eng_fail(why, ENG_NOMEM, "out of memory");
        for (size_t i = 0; i < truth->width * truth->height; i++)
            magnitude[i] = fabsf(maps[k][i]);
        enum eng_err err = met_truth_of_map(&score, magnitude, truth, why);
        if (err == ENG_OK)
            err = met_truth_of_region(&overlap, regions[k], truth);
        free(magnitude);
        if (err != ENG_OK)
            return err;
        row->weight[k] = score.share;
        row->hit[k] = score.hit;
        row->hull[k] = overlap.precision;
    }
    return ENG_OK;
}

static enum eng_err make_masks(struct masks *masks, struct gad_row *row, const struct workbench *b,
                               const struct gad_maps *maps, size_t image, size_t cls, size_t method,
                               struct eng_why *why)
{
    const struct gad_evaluate_options *o = b->e->options;
    const float *both[2] = {gad_maps_of(maps, 0, method, cls, image),
                            gad_maps_gad(maps, method, cls, image)};
    struct met_hull original = {0}, gad = {0};
    *masks = (struct masks){{0}, {0}, {0}};
    *row = (struct gad_row){.weight = {0, 0}};
    enum eng_err err = make_region(&original, &masks->original, b, both[0], both[0], why);
    if (err == ENG_OK)
        err = make_region(&gad, &masks->gad, b, both[1], both[0], why);
    if (err == ENG_OK) {
        row->record.rc = met_complexity(&gad, &original, o->area, o->degenerate);
        err = met_supplement_mask(&masks->sup, &masks->original, &masks->gad, o->supplement);
    }
    if (err == ENG_OK && b->truth[image].at)
        err = score_truth(row, masks, both, &b->truth[image], why);
    met_hull_release(&original);
    met_hull_release(&gad);
    if (err != ENG_OK)
        masks_release(masks);
    return err;
}

/* The colour that hides, in the net's input space. */
static void fill_colour(const struct workbench *b, const float *x, float fill[3])
{
    const struct dat_preprocess *p = &b->e->model.preprocess;
    const size_t pixels = b->height * b->width;
    fill[0] = fill[1] = fill[2] = 0;
    if (b->e->options->occlude == ATTR_BASELINE_BLACK)
        dat_preprocess_black(p, fill);
    if (b->e->options->occlude == ATTR_BASELINE_MEAN)
        for (int c = 0; c < 3; c++) {
            double sum = 0;
            for (size_t i = 0; i < pixels; i++)
                sum += x[(size_t)c * pixels + i];
            fill[c] = (float)(sum / (double)pixels);
        }
}

/* N_a of a row of outputs. */
static double output_of(const struct workbench *b, const float *logits, size_t cls)
{
    float p[GAD_CLASSES];
    if (!b->e->options->probability)
        return logits[cls];
    eng_softmax(logits, 1, GAD_CLASSES, p);
    return p[cls];
}

/* All rows of image i of the group: masks first, then one batch of all occluded images. */
static enum eng_err evaluate_image(struct workbench *b, const struct gad_maps *maps, size_t i,
                                   struct eng_why *why)
{
    struct gad_evaluation *e = b->e;
    struct gad_image *im = &e->images[b->group[i]];
    const size_t rows = GAD_CLASSES * e->methods;
    const float *x = b->x + i * b->per_image;
    int64_t pixels[2 * GAD_CLASSES * ATTR_METHOD_COUNT];
    float fill[3];
    fill_colour(b, x, fill);
    for (size_t k = 0; k < rows; k++) {
        struct masks masks;
        ENG_TRY(make_masks(&masks, &im->rows[k], b, maps, i, k / e->methods, k % e->methods, why));
        met_occlude(b->occluded + 2 * k * b->per_image, x, 3, &masks.gad, fill);
        met_occlude(b->occluded + (2 * k + 1) * b->per_image, x, 3, &masks.sup, fill);
        pixels[2 * k] = met_mask_sum(&masks.gad);
        pixels[2 * k + 1] = met_mask_sum(&masks.sup);
        masks_release(&masks);
    }
    float after[2 * GAD_CLASSES * ATTR_METHOD_COUNT * GAD_CLASSES];
    for (size_t at = 0; at < 2 * rows; at += b->batch) {
        const size_t n = eng_min(b->batch, 2 * rows - at);
        ENG_TRY(eng_tape_forward(b->tape, b->occluded + at * b->per_image, n));
        memcpy(after + at * GAD_CLASSES, eng_tape_output(b->tape), n * GAD_CLASSES * sizeof *after);
    }
    for (size_t net = 0; net < e->nets; net++)
        memcpy(im->logits + net * GAD_CLASSES,
               maps->logits + (net * maps->images + i) * GAD_CLASSES,
               GAD_CLASSES * sizeof *im->logits);
    im->has_truth = b->truth[i].at != NULL;
    for (size_t k = 0; k < rows; k++) {
        const size_t cls = k / e->methods;
        const double before = output_of(b, im->logits, cls);
        struct met_rs *rs[2] = {&im->rows[k].record.gad, &im->rows[k].record.sup};
        for (size_t which = 0; which < 2; which++) {
            const enum eng_err err = met_sensitivity(
                rs[which], before, output_of(b, after + (2 * k + which) * GAD_CLASSES, cls),
                pixels[2 * k + which]);
            if (err != ENG_OK)
                return eng_fail(why, ENG_FORMAT, "the net's output is not a number");
        }
    }
    for (size_t cls = 0; cls < GAD_CLASSES; cls++)
        im->gap[cls] = NAN;
    for (size_t m = 0; m < e->methods; m++)
        if (e->options->maps.methods.at[m]->taken == ATTR_ON_PATH)
            for (size_t cls = 0; cls < GAD_CLASSES; cls++)
                im->gap[cls] = maps->gap[cls * maps->images + i];
    return ENG_OK;
}

/* Where a map is not finite it is for the weights, and images first to last of the group. */
static enum eng_err blame_images(const struct workbench *b, size_t first, size_t last,
                                 struct eng_why *why)
{
    const struct gad_evaluation *e = b->e;
    const char *from = dat_dataset_item(e->set, e->images[b->group[first]].item)->name;
    const char *to = dat_dataset_item(e->set, e->images[b->group[last]].item)->name;
    char names[1024];
    snprintf(names, sizeof names, "%s%s%s", from, first == last ? "" : " to ",
             first == last ? "" : to);
    return eng_fail_in(why, ENG_FORMAT, names);
}

/* Evaluates the images of the group that could be read. */
static enum eng_err evaluate_group(struct workbench *b, size_t count, struct eng_why *why)
{
    static const size_t classes[GAD_CLASSES] = {0, 1};
    struct gad_maps maps;
    if (count == 0)
        return ENG_OK;
    enum eng_err err = gad_mapper_run(b->mapper, b->x, count, classes, GAD_CLASSES,
                                      b->e->options->watch, &maps, why);
    if (err == ENG_ARG || err == ENG_FORMAT)
        return blame_images(b, 0, count - 1, why);
    for (size_t i = 0; err == ENG_OK && i < count; i++) {
        err = evaluate_image(b, &maps, i, why);
        if (err == ENG_ARG)
            return blame_images(b, i, i, why);
    }
    return err;
}

/* Reads up to GROUP images from number `first` on; *count of them are in the group afterwards. */
static enum eng_err read_group(struct workbench *b, size_t first, size_t last, size_t *count,
                               struct eng_why *why)
{
    struct gad_evaluation *e = b->e;
    *count = 0;
    for (size_t i = first; i < last; i++) {
        struct dat_image picture;
        struct eng_why damage = {""};
        const enum eng_err err = gad_evaluation_read(e, e->images[i].item, &picture,
                                                     b->x + *count * b->per_image,
                                                     &b->truth[*count], &damage);
        if (err == ENG_NOMEM || (err != ENG_OK && e->options->strict)) {
            if (why)
                *why = damage;
            return err;
        }
        if (err != ENG_OK) {
            gad_watch_warn(e->options->watch, damage.text);
            e->images[i].damaged = 1;
            continue;
        }
        dat_image_release(&picture);
        b->group[(*count)++] = i;
    }
    return ENG_OK;
}

static enum eng_err evaluate_rest(struct workbench *b, struct gad_ledger *ledger, size_t done,
                                  struct eng_why *why)
{
    struct gad_evaluation *e = b->e;
    for (size_t first = done; first < e->count; first += GROUP) {
        const size_t last = first + GROUP < e->count ? first + GROUP : e->count;
        size_t count = 0;
        gad_watch_progress(e->options->watch, "evaluating", (double)first, (double)e->count, NULL);
        enum eng_err err = read_group(b, first, last, &count, why);
        if (err == ENG_OK)
            err = evaluate_group(b, count, why);
        for (size_t i = 0; i < GROUP; i++)
            met_mask_release(&b->truth[i]);
        for (size_t i = first; err == ENG_OK && i < last; i++)
            err = gad_ledger_put(ledger, e, i, why);
        if (err != ENG_OK)
            return err;
    }
    gad_watch_progress(e->options->watch, "evaluating", (double)e->count, (double)e->count, NULL);
    return ENG_OK;
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* Everything that the numbers depend on, in one line. */
static void describe(char text[1024], const struct gad_evaluation *e)
{
    const struct gad_evaluate_options *o = e->options;
    const struct dat_preprocess *p = &e->model.preprocess;
    const char *about = dat_dataset_about(e->set);
    char model[DAT_FINGERPRINT], data[DAT_HASH_PRINT];
    char select[MET_SELECT_TEXT], present[MET_SELECT_TEXT];
    struct dat_hash hash;
    dat_hash_init(&hash);
    dat_preprocess_hash(&hash, p);
    dat_hash_update(&hash, about, strlen(about));
    for (size_t i = 0; i < e->count; i++)
        dat_dataset_hash(&hash, e->set, &e->images[i].item, 1);
    if (o->maps.ig.baseline.kind == ATTR_BASELINE_TENSOR)
        dat_hash_update(&hash, o->maps.ig.baseline.tensor,
                        3 * p->width * p->height * sizeof(float));
    for (size_t i = 0; i < e->supports.count; i++) {
        dat_model_fingerprint(&e->supports.at[i].model, model);
        dat_hash_update(&hash, model, sizeof model);
    }
    dat_hash_print(&hash, data);
    dat_model_fingerprint(&e->model, model);
    met_select_print(select, &o->select);
    met_select_print(present, &o->maps.intersect.present);
    int used = snprintf(
        text, 1024,
        "gad evaluation 2: %s, %zu supports, pictures and data %s, split %llu, seed %llu, "
        "%zu images, select %s, degenerate %d, area %d, sup %d, occlude %d, probability %d, "
        "reduce %d, normalise %d, present %s, keep %d, ig %zu %d %d, %s %s, methods",
        model, e->supports.count, data, (unsigned long long)o->subject.split_seed,
        (unsigned long long)o->seed, e->count, select, (int)o->degenerate, (int)o->area,
        (int)o->supplement, (int)o->occlude, o->probability, (int)o->maps.reduce,
        (int)o->maps.intersect.normalise, present, (int)o->maps.intersect.keep, o->maps.ig.steps,
        (int)o->maps.ig.quadrature, (int)o->maps.ig.baseline.kind, eng_cpu_name(o->exec->cpu),
        eng_exec_arithmetic(o->exec));
    for (size_t i = 0; i < e->methods && used < 1024; i++)
        used += snprintf(text + used, 1024 - (size_t)used, " %s", o->maps.methods.at[i]->name);
}

static enum eng_err open_all(struct gad_evaluation *e, struct eng_why *why)
{
    const struct gad_evaluate_options *o = e->options;
    ENG_TRY(gad_subject_open(&e->model, &e->set, &o->subject, o->watch, why));
    ENG_TRY(gad_supports_read(&e->supports, o->supports, &e->model, &o->subject.prepare,
                              o->subject.file_memory, why));
    e->nets = 1 + e->supports.count;
    e->methods = o->maps.methods.count;
    return dat_folder_make(o->output, why);
}

static enum eng_err choose_images(struct gad_evaluation *e, struct eng_why *why)
{
    const struct gad_evaluate_options *o = e->options;
    size_t *items = NULL, *all = NULL;
    float *logits = NULL;
    enum eng_err err = dat_dataset_indices(e->set, DAT_HELDOUT, o->images, o->seed, &items,
                                           &e->count);
    if (err == ENG_OK)
        err = dat_dataset_indices(e->set, DAT_HELDOUT, 0, 0, &all, &e->held_out);
    if (err == ENG_OK && e->count == 0)
        err = eng_fail(why, ENG_ARG, "%s: nothing is held out to evaluate on; give --holdout",
                       o->subject.data);
    if (err == ENG_OK) {
        logits = malloc(e->held_out * GAD_CLASSES * sizeof *logits);
        e->images = calloc(e->count, sizeof *e->images);
        if (!logits || !e->images)
            err = ENG_NOMEM;
    }
    for (size_t i = 0; err == ENG_OK && i < e->count; i++) {
        e->images[i].item = items[i];
        e->images[i].logits = calloc(e->nets * GAD_CLASSES, sizeof(float));
        e->images[i].rows = calloc(GAD_CLASSES * e->methods + 1, sizeof *e->images[i].rows);
        if (!e->images[i].logits || !e->images[i].rows)
            err = ENG_NOMEM;
    }
    if (err == ENG_NOMEM)
        eng_fail(why, err, "out of memory");
    if (err == ENG_OK) {
        /* What is damaged is named when its turn to be evaluated comes. */
        struct gad_watch watch = o->watch ? *o->watch : (struct gad_watch){0};
        watch.warn = NULL;
        const struct gad_predict_options predict = {.exec = o->exec,
                                                    .batch = 32,
                                                    .workers = o->workers,
                                                    .strict = o->strict,
                                                    .what = "accuracy",
                                                    .watch = &watch};
        err = gad_predict(logits, &e->model, e->set, all, e->held_out, &predict, why);
        e->accuracy = gad_accuracy(logits, GAD_CLASSES, e->set, all, e->held_out);
    }
    free(items);
    free(all);
    free(logits);
    return err;
}

static enum eng_err fill_table(struct gad_evaluation *e, struct eng_why *why)
{
    const char *names[ATTR_METHOD_COUNT];
    for (size_t i = 0; i < e->methods; i++)
        names[i] = e->options->maps.methods.at[i]->name;
    size_t readable = 0;
    for (size_t i = 0; i < e->count; i++)
        readable += !e->images[i].damaged;
    e->damaged = e->count - readable;
    if (readable == 0)
        return eng_fail(why, ENG_FORMAT, "%s: none of the images could be read",
                        e->options->subject.data);
    enum eng_err err = gad_table_new(&e->table, readable, names, e->methods);
    for (size_t i = 0, at = 0; err == ENG_OK && i < e->count; i++) {
        if (e->images[i].damaged)
            continue;
        for (size_t k = 0; err == ENG_OK && k < GAD_CLASSES * e->methods; k++)
            err = gad_table_put(e->table, at, k / e->methods, k % e->methods,
                                &e->images[i].rows[k].record);
        at++;
    }
    return err == ENG_OK ? err : eng_fail(why, err, "out of memory");
}

static void workbench_release(struct workbench *b)
{
    gad_mapper_free(b->mapper);
    eng_tape_free(b->tape);
    free(b->x);
    free(b->occluded);
}

static enum eng_err workbench_init(struct workbench *b, struct gad_evaluation *e,
                                   struct eng_why *why)
{
    const struct gad_evaluate_options *o = e->options;
    const size_t rows = 2 * GAD_CLASSES * e->methods;
    *b = (struct workbench){
        .e = e, .height = e->model.preprocess.height, .width = e->model.preprocess.width};
    b->per_image = 3 * b->height * b->width;
    b->x = calloc(GROUP * b->per_image, sizeof *b->x);
    b->occluded = calloc(rows * b->per_image, sizeof *b->occluded);
    if (!b->x || !b->occluded)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    /* The bound is for both tapes. */
    struct gad_maps_options maps = o->maps;
    const size_t memory = maps.memory ? maps.memory : ATTR_MEMORY_DEFAULT;
    struct eng_tape_options shape = {.batch = rows, .height = b->height, .width = b->width};
    ENG_TRY(eng_tape_new_within(&b->tape, e->model.net, o->exec, &shape, memory / 4, why));
    b->batch = shape.batch;
    maps.memory = memory - eng_min(eng_tape_bytes(b->tape), memory - 1);
    return gad_mapper_new(&b->mapper, &e->model, &e->supports, b->height, b->width, &maps, why);
}

static void warn_of_damage(const struct gad_ledger *ledger, const struct gad_evaluation *e)
{
    char text[1024];
    snprintf(text, sizeof text,
             "%.800s: line %zu is damaged; all but the first %zu images are evaluated again",
             ledger->path, ledger->damaged, e->resumed);
    gad_watch_warn(e->options->watch, text);
}

enum eng_err gad_evaluate(struct gad_evaluation *e, const struct gad_evaluate_options *o,
                          struct eng_why *why)
{
    struct timespec t0, t1;
    clock_gettime(CLOCK_MONOTONIC, &t0);
    *e = (struct gad_evaluation){.options = o};
    struct workbench b = {0};
    struct gad_ledger ledger = {0};
    char run[1024];
    enum eng_err err = open_all(e, why);
    if (err == ENG_OK)
        err = choose_images(e, why);
    if (err == ENG_OK)
        err = workbench_init(&b, e, why);
    if (err == ENG_OK) {
        describe(run, e);
        err = gad_ledger_open(&ledger, o->output, run, o->replace, e, &e->resumed, why);
    }
    if (err == ENG_OK && ledger.damaged)
        warn_of_damage(&ledger, e);
    if (err == ENG_OK)
        err = evaluate_rest(&b, &ledger, e->resumed, why);
    if (err == ENG_OK)
        err = fill_table(e, why);
    gad_ledger_close(&ledger);
    workbench_release(&b);
    clock_gettime(CLOCK_MONOTONIC, &t1);
    e->seconds = (double)(t1.tv_sec - t0.tv_sec) + 1e-9 * (double)(t1.tv_nsec - t0.tv_nsec);
    if (err != ENG_OK)
        gad_evaluation_release(e);
    return err;
}
