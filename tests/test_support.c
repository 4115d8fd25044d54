/* Supports and evaluations by what they mean: targets, nets that learned them, maps that agree with
 * themselves, and what is refused because it belongs to other images, classes or preprocessing. */
#include "data/file.h"
#include "gad/evaluate.h"
#include "gad/predict.h"
#include "gad/result.h"
#include "gad/train.h"
#include "tests/scratch.h"
#include "tests/tap.h"

enum { SIDE = 32, BATCH = 8 };

static const char *const data = "synthetic:cats-dogs,count=40";

static struct eng_exec exec;

static void need(enum eng_err err, const struct eng_why *why)
{
    if (err != ENG_OK) {
        printf("Bail out! %s: %s\n", eng_err_text(err), why->text);
        exit(1);
    }
}

/* ---- a watch that counts, and stops when it is told to --------------------------------------- */

struct seen {
    size_t warnings, stops, stop_at; /* stop_at: number of the question that is answered by yes */
    char warning[1024];
};

static void on_warning(void *context, const char *text)
{
    struct seen *seen = context;
    seen->warnings++;
    snprintf(seen->warning, sizeof seen->warning, "%s", text);
}

static int on_stop(void *context)
{
    struct seen *seen = context;
    return ++seen->stops == seen->stop_at;
}

static struct gad_watch watch_of(struct seen *seen)
{
    *seen = (struct seen){.stops = 0};
    return (struct gad_watch){.warn = on_warning, .stop = on_stop, .context = seen};
}

/* ---- files ---------------------------------------------------------------------------------- */

/* Writes an untrained net of these classes, with a note of what it was trained on (NULL: none). */
static const char *make_model(const char *name, const char *first, const char *second,
                              const char *trained_on)
{
    static const struct eng_arch_config tiny = {"resnet18", 0.08f, GAD_CLASSES, 0};
    const char *const names[GAD_CLASSES] = {first, second};
    struct eng_why why = {""};
    struct dat_preprocess preprocess;
    struct dat_model model;
    dat_preprocess_init_square(&preprocess, SIDE);
    need(dat_model_init(&model, &tiny, names, &preprocess, 5, &why), &why);
    if (trained_on)
        need(dat_model_set_note(&model, "trained_on", "%s", trained_on), &why);
    need(dat_model_write(&model, scratch_path("%s", name), &why), &why);
    dat_model_release(&model);
    return scratch_path("%s", name);
}

/* A folder of six photos a class. `red` changes their contents, `width` also the files' sizes. */
static void make_photos(const char *folder, int red, int width)
{
    static const char *const classes[] = {"cat", "dog"};
    for (int c = 0; c < 2; c++)
        for (int i = 0; i < 6; i++) {
            char name[100];
            snprintf(name, sizeof name, "%s/%s/%d.ppm", folder, classes[c], i);
            scratch_ppm(name, width, 40, red + 60 * c + i);
        }
}

static int same_files(const char *a, const char *b)
{
    uint8_t *bytes[2] = {NULL, NULL};
    size_t count[2] = {0, 0};
    const int read = dat_file_read(&bytes[0], &count[0], a, NULL) == ENG_OK &&
                     dat_file_read(&bytes[1], &count[1], b, NULL) == ENG_OK;
    const int same = read && count[0] == count[1] && !memcmp(bytes[0], bytes[1], count[0]);
    free(bytes[0]);
    free(bytes[1]);
    return same;
}

static struct gad_support_options support_options(const char *model, const char *of,
                                                  const char *output, struct gad_alpha *alpha)
{
    struct gad_support_options o = gad_support_defaults();
    o.exec = &exec;
    o.subject.model = model;
    o.subject.data = of;
    o.output = output;
    o.alphas = alpha;
    o.alpha_count = 1;
    o.epochs = 1;
    o.batch = BATCH;
    return o;
}

static struct gad_evaluate_options evaluate_options(const char *model, const char *of,
                                                    const char *supports, const char *output)
{
    struct gad_evaluate_options o = gad_evaluate_defaults();
    o.exec = o.maps.exec = &exec;
    o.subject.model = model;
    o.subject.data = of;
    o.supports = supports;
    o.output = output;
    o.maps.ig.steps = 2;
    attr_methods_parse(&o.maps.methods, "saliency,ig", NULL);
    o.command = "gad evaluate";
    return o;
}

static struct gad_train_options train_options(const char *of, const char *output,
                                              const struct gad_watch *watch)
{
    struct gad_train_options o = gad_train_defaults();
    o.exec = &exec;
    o.watch = watch;
    o.data = of;
    o.output = output;
    o.width = 0.08f;
    o.size = SIDE;
    o.epochs = 3;
    o.batch = BATCH;
    return o;
}

/* ---- targets -------------------------------------------------------------------------------- */

static void test_targets(void)
{
    /* The paper's own numbers, Sec. 3, which are those of alpha 1. */
    static const struct {
        float logits[2], target[2];
        size_t label;
    } rows[] = {{{1, -1}, {1, -2}, 0},
                {{0.5f, -0.6f}, {0.5f, -1.6f}, 0},
                {{-0.9f, 0.8f}, {-1.9f, 0.8f}, 1}};
    const struct gad_alpha one = {{1, 1}}, none = {{0, 0}}, two = {{2, 8}};
    float y[2];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gad_target(rows[i].logits, rows[i].label, &one, y);
        CHECK(y[0] == rows[i].target[0] && y[1] == rows[i].target[1],
              "the target of (%g, %g) in class %zu", (double)rows[i].logits[0],
              (double)rows[i].logits[1], rows[i].label);
        gad_target(rows[i].logits, rows[i].label, &none, y);
        CHECK(!memcmp(y, rows[i].logits, sizeof y), "with alpha 0 it is the output itself");
    }
    gad_target(rows[0].logits, 0, &two, y);
    CHECK(y[0] == 1 && y[1] == -3, "a cat's target by the cats' alpha");
    gad_target(rows[0].logits, 1, &two, y);
    CHECK(y[0] == -7 && y[1] == -1, "a dog's by the dogs'");
}

static void test_alphas(void)
{
    struct gad_alpha a[GAD_ALPHAS_MAX];
    struct eng_why why = {""};
    char text[32];
    size_t n;
    CHECK(gad_alpha_parse(a, &n, "2,4.5:6,0", &why) == ENG_OK && n == 3 && a[0].of[0] == 2 &&
              a[0].of[1] == 2 && a[1].of[0] == 4.5f && a[1].of[1] == 6 && a[2].of[1] == 0,
          "a list of alphas");
    gad_alpha_text(&a[0], text);
    CHECK(!strcmp(text, "2"), "one for both");
    gad_alpha_text(&a[1], text);
    CHECK(!strcmp(text, "4.5:6"), "one for each");
    static const char *const wrong[] = {"", "2,", ",2", "2:", "2:3:4", "-1", "inf", "nan", "2 4"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(gad_alpha_parse(a, &n, wrong[i], &why) == ENG_ARG, "'%s' is none", wrong[i]);
}

/* ---- what supports learn -------------------------------------------------------------------- */

/* Mean change from the original to the one support in dir, over the training photos: of the output
 * of the photo's class, and of the other. */
static void measure_shift(const char *model, const char *photos, const char *dir, double *own,
                          double *other)
{
    struct gad_subject subject = {.model = model, .data = photos, .holdout = 0.2};
    struct eng_why why = {""};
    struct dat_model base;
    struct dat_dataset *set;
    struct gad_supports supports;
    size_t *items, count;
    need(gad_subject_open(&base, &set, &subject, NULL, &why), &why);
    need(gad_supports_read(&supports, dir, &base, &subject.prepare, 0, &why), &why);
    need(dat_dataset_indices(set, DAT_TRAIN, 0, 0, &items, &count), &why);
    float *y = calloc(2 * count * GAD_CLASSES, sizeof *y), *z = y + count * GAD_CLASSES;
    const struct gad_predict_options o = {.exec = &exec, .batch = BATCH};
    need(gad_predict(y, &base, set, items, count, &o, &why), &why);
    need(gad_predict(z, &supports.at[0].model, set, items, count, &o, &why), &why);
    *own = *other = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t label = (size_t)dat_dataset_item(set, items[i])->label;
        for (size_t c = 0; c < GAD_CLASSES; c++)
            *(c == label ? own : other) += (double)(z[i * 2 + c] - y[i * 2 + c]) / (double)count;
    }
    free(y);
    free(items);
    gad_supports_release(&supports);
    dat_dataset_free(set);
    dat_model_release(&base);
}

static void test_shift(void)
{
    const char *model = make_model("shift.safetensors", "cat", "dog", NULL);
    struct gad_alpha alpha = {{4, 4}};
    const char *photos = scratch_path("reds"); /* cats and dogs differ in colour */
    struct gad_support_options o = support_options(model, photos, scratch_path("shift"), &alpha);
    struct eng_why why = {""};
    double own, other;
    make_photos("reds", 50, 50);
    o.epochs = 60;
    o.lr = 1e-2f;
    need(gad_support_train(&o, &why), &why);
    measure_shift(model, photos, o.output, &own, &other);
    CHECK(fabs(other + 4) < 1, "the other class's output went down by about 4: %.2f", other);
    CHECK(fabs(own) < 1, "and that of the own class stayed: %.2f", own);
}

/* A support that was not trained at all is the original: then GAD takes nothing away. */
static void test_untrained(void)
{
    const char *model = make_model("still.safetensors", "cat", "dog", NULL);
    const char *supports = scratch_path("still"), *results = scratch_path("still-results");
    struct gad_alpha alpha = {{0, 0}};
    struct gad_support_options o = support_options(model, data, supports, &alpha);
    struct eng_why why = {""};
    struct gad_evaluation e;
    o.lr = 0;
    need(gad_support_train(&o, &why), &why);
    const struct gad_evaluate_options eo = evaluate_options(model, data, supports, results);
    need(gad_evaluate(&e, &eo, &why), &why);
    int logits = 1, ratios = 1, empty = 1;
    for (size_t i = 0; i < e.count; i++) {
        const struct gad_image *im = &e.images[i];
        logits &= !memcmp(im->logits, im->logits + GAD_CLASSES, GAD_CLASSES * sizeof(float));
        for (size_t k = 0; k < GAD_CLASSES * e.methods; k++) {
            const struct met_rc *rc = &im->rows[k].record.rc;
            ratios &= rc->gad_area == rc->original_area &&
                      (rc->gad_kind != MET_HULL_POLYGON || rc->ratio == 1);
            empty &= im->rows[k].record.sup.empty && im->rows[k].record.sup.value == 0;
        }
    }
    CHECK(e.count > 0 && logits, "a support that was trained at rate 0 has the original's outputs");
    CHECK(ratios, "GAD's hulls are the original's, and RC is 1");
    CHECK(empty, "Sup is empty, and RS of it is 0");
    gad_evaluation_release(&e);
}

/* ---- what belongs together ------------------------------------------------------------------ */

static void test_subject(void)
{
    struct seen seen;
    const struct gad_watch watch = watch_of(&seen);
    struct eng_why why = {""};
    struct dat_model model;
    struct dat_dataset *set;
    struct gad_subject s = {.data = data, .holdout = 0.2};

    s.model = make_model("crossed.safetensors", "dog", "cat", NULL);
    enum eng_err err = gad_subject_open(&model, &set, &s, &watch, &why);
    CHECK(err == ENG_MISMATCH && strstr(why.text, "cat, dog") && strstr(why.text, "dog, cat") &&
              strstr(why.text, "--classes"),
          "classes in another order than the net's: %s", why.text);
    dat_dataset_free(set);
    dat_model_release(&model);

    s.model = make_model("half.safetensors", "wolf", "cat", NULL);
    err = gad_subject_open(&model, &set, &s, &watch, &why);
    CHECK(err == ENG_MISMATCH, "one of them under the other's number");
    dat_dataset_free(set);
    dat_model_release(&model);

    s.model = make_model("foreign.safetensors", "class 0", "class 1", NULL);
    err = gad_subject_open(&model, &set, &s, &watch, &why);
    char about[1000];
    need(err, &why);
    snprintf(about, sizeof about, "%s", dat_dataset_about(set));
    CHECK(seen.warnings == 0, "a net without names takes any, without a word");
    dat_dataset_free(set);
    dat_model_release(&model);

    s.model = make_model("noted.safetensors", "cat", "dog", about);
    need(gad_subject_open(&model, &set, &s, &watch, &why), &why);
    CHECK(seen.warnings == 0, "the images and the split that it was trained on");
    dat_dataset_free(set);
    dat_model_release(&model);

    s.split_seed = 7;
    need(gad_subject_open(&model, &set, &s, &watch, &why), &why);
    CHECK(seen.warnings == 1 && strstr(seen.warning, "--split-seed"), "another split is told: %s",
          seen.warning);
    dat_dataset_free(set);
    dat_model_release(&model);
}

/* The same layout, counts and names, but other photos. */
static void test_other_photos(void)
{
    make_photos("one", 90, 50);
    make_photos("two", 90, 51);
    make_photos("moved", 90, 50);
    const char *model = make_model("photos.safetensors", "cat", "dog", NULL);
    struct gad_alpha alpha = {{2, 2}};
    struct gad_support_options o = support_options(model, scratch_path("one"),
                                                   scratch_path("of-one"), &alpha);
    struct eng_why why = {""};
    need(gad_support_train(&o, &why), &why);
    o.subject.data = scratch_path("moved/");
    CHECK(gad_support_train(&o, &why) == ENG_OK, "the same photos in another place are the same");
    o.subject.data = scratch_path("two");
    CHECK(gad_support_train(&o, &why) == ENG_MISMATCH, "supports of other photos are not kept: %s",
          why.text);

    struct seen seen;
    const struct gad_watch watch = watch_of(&seen);
    struct gad_evaluation e;
    struct gad_evaluate_options eo = evaluate_options(
        model, scratch_path("one"), scratch_path("of-one"), scratch_path("of-one-results"));
    need(gad_evaluate(&e, &eo, &why), &why); /* its ledger stays: no results were written */
    gad_evaluation_release(&e);
    eo.subject.data = scratch_path("two");
    CHECK(gad_evaluate(&e, &eo, &why) == ENG_MISMATCH, "an evaluation of others does not go on");

    struct gad_train_options t = train_options(scratch_path("one"), scratch_path("t.safetensors"),
                                               &watch);
    struct dat_model trained;
    double accuracy;
    seen.stop_at = 4; /* each epoch asks for its two batches and for checking */
    CHECK(gad_train(&trained, &t, &accuracy, &why) == ENG_INTERRUPTED, "a training that was ended");
    t.data = scratch_path("two");
    CHECK(gad_train(&trained, &t, &accuracy, &why) == ENG_MISMATCH &&
              strstr(why.text, ".checkpoint"),
          "does not go on with others: %s", why.text);
    t.data = scratch_path("moved");
    CHECK(gad_train(&trained, &t, &accuracy, &why) == ENG_OK, "but with the same elsewhere");
    dat_model_release(&trained);
}

static void test_preprocessing(void)
{
    const char *model = make_model("sized.safetensors", "cat", "dog", NULL);
    struct gad_alpha alpha = {{2, 2}};
    struct gad_support_options o = support_options(model, data, scratch_path("sized"), &alpha);
    struct dat_preprocess_change change = {.size = SIDE + 8}, none = {0};
    struct eng_why why = {""};
    struct dat_budget budget = dat_budget_of(0);
    struct gad_supports supports;
    struct dat_model base;
    o.subject.prepare = change;
    need(gad_support_train(&o, &why), &why);
    need(dat_model_read(&base, model, &budget, &why), &why);
    CHECK(gad_supports_read(&supports, o.output, &base, &none, 0, &why) == ENG_MISMATCH &&
              strstr(why.text, "40x40") && strstr(why.text, "--size"),
          "a support that learned from images of another size: %s", why.text);
    need(dat_model_prepare(&base, &change, model, &why), &why);
    CHECK(gad_supports_read(&supports, o.output, &base, &change, 0, &why) == ENG_OK,
          "the same size");
    gad_supports_release(&supports);
    dat_model_release(&base);
}

/* ---- supports that contradict their notes ---------------------------------------------------- */

/* Writes a net of so many classes that says it is a support of `base`, with this alpha. */
static void make_support(const char *name, const struct dat_model *base, size_t classes,
                         const char *alpha)
{
    const struct eng_arch_config config = {base->config.arch, 0.08f, classes, 0};
    char print[DAT_FINGERPRINT];
    struct dat_model model;
    struct eng_why why = {""};
    dat_model_fingerprint(base, print);
    need(dat_model_init(&model, &config, NULL, &base->preprocess, 5, &why), &why);
    need(dat_model_set_note(&model, "base_fingerprint", "%s", print), &why);
    need(dat_model_set_note(&model, "alpha", "%s", alpha), &why);
    need(dat_model_write(&model, scratch_path("%s", name), &why), &why);
    dat_model_release(&model);
}

/* With more outputs than the original a support would be written beyond the original's. */
static void test_contradictions(void)
{
    static const struct {
        size_t classes;
        const char *alpha, *says; /* NULL: it is taken */
    } cases[] = {
        {GAD_CLASSES, "[0,2.5]", NULL},
        {GAD_CLASSES + 1, "[2,2]", "has 3 classes, the original 2"},
        {GAD_CLASSES - 1, "[2,2]", "has 1 classes, the original 2"},
        {GAD_CLASSES, "[2]", "is no support"},
        {GAD_CLASSES, "[2,2", "is no support"},
        {GAD_CLASSES, "[2,2,2]", "is no support"},
        {GAD_CLASSES, "[nan,nan]", "is no support"},
        {GAD_CLASSES, "[2,inf]", "is no support"},
        {GAD_CLASSES, "[-2,2]", "is no support"},
    };
    const struct dat_preprocess_change none = {0};
    struct dat_model base;
    struct eng_why why = {""};
    scratch_text("odd/none", "");
    need(dat_model_read(&base, make_model("of.safetensors", "cat", "dog", NULL), NULL, &why), &why);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gad_supports supports;
        make_support("odd/alpha2.safetensors", &base, cases[i].classes, cases[i].alpha);
        const enum eng_err err = gad_supports_read(&supports, scratch_path("odd"), &base, &none, 0,
                                                   &why);
        CHECK(err == (cases[i].says ? ENG_MISMATCH : ENG_OK) &&
                  (!cases[i].says || (strstr(why.text, "odd/alpha2.safetensors: ") &&
                                      strstr(why.text, cases[i].says))),
              "%zu outputs, alpha %s: %s", cases[i].classes, cases[i].alpha, why.text);
        gad_supports_release(&supports);
    }
    dat_model_release(&base);
}

/* ---- damaged photos, and no room ------------------------------------------------------------ */

static void test_damaged(void)
{
    make_photos("damaged", 50, 50);
    for (int i = 0; i < 6; i++) { /* all of a class but one: some are held out, some trained on */
        char name[64];
        snprintf(name, sizeof name, "damaged/cat/%d.ppm", i);
        if (i != 3)
            scratch_text(name, "P6\n50 40\n255\n");
    }
    struct seen seen;
    const struct gad_watch watch = watch_of(&seen);
    struct gad_train_options t = train_options(scratch_path("damaged"),
                                               scratch_path("d.safetensors"), &watch);
    struct eng_why why = {""};
    struct dat_model model;
    double accuracy;
    need(gad_train(&model, &t, &accuracy, &why), &why);
    CHECK(seen.warnings == 5, "each damaged photo is named once in a training: %zu of 5",
          seen.warnings);
    dat_model_release(&model);

    make_photos("held", 50, 50);
    struct dat_dataset_options opening = DAT_DATASET_DEFAULTS;
    struct dat_dataset *set;
    size_t *items, count;
    need(dat_dataset_open(&set, scratch_path("held"), &opening, &why), &why);
    need(dat_dataset_indices(set, DAT_HELDOUT, 0, 0, &items, &count), &why);
    const char *name = dat_dataset_item(set, items[0])->name;
    scratch_text(name + strlen(scratch_root) + 1, "P6\n50 40\n255\n");
    free(items);
    dat_dataset_free(set);
    t.data = scratch_path("held");
    t.strict = 1;
    CHECK(gad_train(&model, &t, &accuracy, &why) != ENG_OK && strstr(why.text, ".ppm"),
          "--strict fails for a photo that is held out: %s", why.text);

    for (int c = 0; c < 2; c++)
        for (int i = 0; i < 6; i++) {
            char each[64];
            snprintf(each, sizeof each, "held/%s/%d.ppm", c ? "dog" : "cat", i);
            scratch_text(each, "P6\n50 40\n255\n");
        }
    struct gad_alpha alpha = {{2, 2}};
    const struct gad_support_options o = support_options(
        make_model("none.safetensors", "cat", "dog", NULL), scratch_path("held"),
        scratch_path("none"), &alpha);
    CHECK(gad_support_train(&o, &why) == ENG_FORMAT && strstr(why.text, "could be read"),
          "supports of which no photo can be read: %s", why.text);
}

/* ---- interrupted, and with little memory ---------------------------------------------------- */

static int same_results(const char *a, const char *b)
{
    static const char *const names[] = {"table1.csv", "table2.csv", "totals.csv", "per_image.csv"};
    int same = 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        same &= same_files(scratch_path("%s/%s", a, names[i]), scratch_path("%s/%s", b, names[i]));
    return same;
}

static enum eng_err evaluate(const struct gad_evaluate_options *o, struct eng_why *why)
{
    struct gad_evaluation e;
    enum eng_err err = gad_evaluate(&e, o, why);
    if (err != ENG_OK)
        return err;
    err = gad_result_write(&e, why);
    gad_evaluation_release(&e);
    return err;
}

/* Takes the first row out of a ledger, or all rows but not the lines of their images; or writes a
 * digit behind a row. */
static void damage_ledger(const char *path, int how)
{
    uint8_t *bytes;
    size_t count;
    scratch_need(dat_file_read(&bytes, &count, path, NULL) == ENG_OK, path);
    FILE *f = fopen(path, "w");
    scratch_need(f != NULL, path);
    int rows = 0;
    for (char *line = (char *)bytes, *end; (end = strchr(line, '\n')); line = end + 1) {
        const int row = strncmp(line, "row ", 4) == 0;
        rows += row;
        if (row && (how == 1 || (how == 0 && rows == 1)))
            continue;
        fprintf(f, "%.*s%s\n", (int)(end - line), line, row && how == 2 && rows == 3 ? " 1" : "");
    }
    scratch_need(fclose(f) == 0, path);
    free(bytes);
}

static void test_interrupted(void)
{
    static const char *const many = "synthetic:cats-dogs,count=100"; /* three groups held out */
    const char *model = make_model("cut.safetensors", "cat", "dog", NULL);
    const char *supports = scratch_path("cut");
    struct seen seen;
    const struct gad_watch watch = watch_of(&seen);
    struct gad_alpha alpha = {{2, 6}};
    struct gad_support_options o = support_options(model, data, scratch_path("whole"), &alpha);
    struct eng_why why = {""};
    o.epochs = 3;
    need(gad_support_train(&o, &why), &why);
    o.output = supports;
    o.watch = &watch;
    seen.stop_at = 4 + 4 + 2; /* four batches of targets, an epoch, and two batches more */
    CHECK(gad_support_train(&o, &why) == ENG_INTERRUPTED, "a support that was ended in an epoch");
    CHECK(access(scratch_path("cut/alpha2-6.safetensors.checkpoint"), F_OK) == 0,
          "keeps what is done");
    seen.stops = seen.stop_at = 0;
    need(gad_support_train(&o, &why), &why);
    CHECK(seen.stops == 4 + 7, "goes on with the batch it was ended at: %zu passes", seen.stops);
    CHECK(same_files(scratch_path("cut/alpha2-6.safetensors"),
                     scratch_path("whole/alpha2-6.safetensors")),
          "and ends with the bits of one that was not");

    struct gad_evaluate_options e = evaluate_options(model, many, supports,
                                                     scratch_path("r-whole"));
    need(evaluate(&e, &why), &why);
    e.output = scratch_path("r-small");
    e.maps.memory = 1;
    need(evaluate(&e, &why), &why);
    CHECK(same_results("r-small", "r-whole"), "with memory for one image at a time: the same bits");
    e.maps.memory = 0;

    const char *output = scratch_path("r-cut"), *partial = scratch_path("r-cut/evaluate.partial");
    e.output = output;
    e.watch = &watch;
    seen.stops = seen.stop_at = 0;
    need(evaluate(&e, &why), &why);
    const size_t all = seen.stops;
    seen.stops = 0;
    seen.stop_at = all - 5; /* in the last group */
    CHECK(evaluate(&e, &why) == ENG_INTERRUPTED, "an evaluation that was ended");
    struct stat st;
    scratch_need(stat(partial, &st) == 0, partial);
    scratch_need(truncate(partial, st.st_size - 10) == 0, partial); /* within its last line */
    seen.stops = seen.stop_at = 0;
    need(evaluate(&e, &why), &why);
    CHECK(seen.stops < all && same_results("r-cut", "r-whole"),
          "goes on from a ledger whose last line is cut off, to the same tables");
    CHECK(seen.warnings == 0, "which is nothing to speak of");
    for (int damage = 0; damage < 3; damage++) {
        seen.stops = 0;
        seen.stop_at = all - 5;
        seen.warnings = 0;
        scratch_need(evaluate(&e, &why) == ENG_INTERRUPTED, partial);
        damage_ledger(partial, damage);
        seen.stops = seen.stop_at = 0;
        need(evaluate(&e, &why), &why);
        CHECK(seen.warnings == 1 && strstr(seen.warning, "evaluate.partial: line ") &&
                  strstr(seen.warning, "is damaged") && same_results("r-cut", "r-whole"),
              "what is behind a damaged line is evaluated again: %s", seen.warning);
    }
    seen.stops = 0;
    seen.stop_at = 1;
    CHECK(evaluate(&e, &why) == ENG_INTERRUPTED, "its first pass can be ended, too");
}

int main(void)
{
    struct eng_why why = {""};
    need(eng_exec_init(&exec, 2, NULL, &why), &why);
    scratch_make();
    test_targets();
    test_alphas();
    test_shift();
    test_untrained();
    test_subject();
    test_other_photos();
    test_preprocessing();
    test_contradictions();
    test_damaged();
    test_interrupted();
    scratch_remove();
    return tap_done();
}
