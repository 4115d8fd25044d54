/* The public interface, gad/gad.h: every function, used rightly and wrongly, held bit by bit to the
 * layers below it, and by several threads at once. */
#include "gad/gad.h"

#include "data/npy.h"
#include "data/photo.h"
#include "data/tensors.h"
#include "engine/loss.h"
#include "engine/tape.h"
#include "gad/maps.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#include <locale.h>
#include <pthread.h>

enum { SIDE = 32, FLOATS = 3 * SIDE * SIDE, CLASSES = 2, MANY = 20, STEPS = 3, SUPPORTS = 2 };

static struct eng_exec exec;
static struct dat_model base; /* as it was written to model.safetensors */
static float x[MANY * FLOATS];

static void need(enum eng_err err, const struct eng_why *why)
{
    if (err != ENG_OK) {
        printf("Bail out! %s: %s\n", eng_err_text(err), why->text);
        exit(1);
    }
}

static int same(const float *a, const float *b, size_t count)
{
    return a && b && !memcmp(a, b, count * sizeof *a);
}

/* True if it failed in this way and said so. */
static int fails(enum gad_error error, enum gad_error expected, const struct gad_why *why)
{
    const int ok = error == expected && why->text[0];
    if (!ok)
        printf("# got %d (%s): '%s'\n", (int)error, gad_error_text(error), why->text);
    return ok;
}

/* ---- what is explained ---------------------------------------------------------------------- */

/* A model, and supports that differ from it, in scratch files. */
static void make_files(void)
{
    static const struct eng_arch_config tiny = {"resnet18", 0.08f, CLASSES, 0};
    static const char *const names[CLASSES] = {"cat", "dog"};
    struct eng_why why = {""};
    struct dat_preprocess preprocess;
    char print[DAT_FINGERPRINT];
    dat_preprocess_init_square(&preprocess, SIDE);
    need(dat_model_init(&base, &tiny, names, &preprocess, 5, &why), &why);
    need(dat_model_write(&base, scratch_path("model.safetensors"), &why), &why);
    dat_model_fingerprint(&base, print);
    scratch_text("supports/readme", "not a support");
    for (int alpha = 2; alpha <= 2 * SUPPORTS; alpha += 2) {
        struct dat_model support;
        need(dat_model_init(&support, &tiny, names, &preprocess, (uint64_t)alpha, &why), &why);
        need(dat_model_set_note(&support, "base_fingerprint", "%s", print), &why);
        need(dat_model_set_note(&support, "alpha", "[%d,%d.5]", alpha, alpha), &why);
        need(dat_model_write(&support, scratch_path("supports/alpha%d.safetensors", alpha), &why),
             &why);
        dat_model_release(&support);
    }
    scratch_ppm("photo.ppm", 50, 40, 90);
    scratch_text("damaged.ppm", "P6\n50 40\n255\n");
    for (size_t i = 0; i < MANY * FLOATS; i++)
        x[i] = (float)(i * 2654435761u % 1000) / 300.0f - 1.5f;
    need(eng_net_prepare(base.net, &exec, ENG_FOR_GRADIENTS), &why);
}

static struct gad_settings *settings_of(const char *name, const char *value)
{
    struct gad_settings *settings;
    struct gad_why why = {""};
    if (gad_settings_new(&settings, &why) != GAD_OK ||
        gad_settings_set(settings, "steps", "3", &why) != GAD_OK ||
        (name && gad_settings_set(settings, name, value, &why) != GAD_OK)) {
        printf("Bail out! %s\n", why.text);
        exit(1);
    }
    return settings;
}

static struct gad_model *model_of(const struct gad_settings *settings)
{
    struct gad_model *model;
    struct gad_why why = {""};
    if (gad_model_read(&model, scratch_path("model.safetensors"), settings, &why) != GAD_OK) {
        printf("Bail out! %s\n", why.text);
        exit(1);
    }
    return model;
}

static struct gad_session *session_of(const struct gad_model *model,
                                      const struct gad_settings *settings)
{
    struct gad_session *session;
    struct gad_why why = {""};
    if (gad_session_new(&session, model, settings, &why) != GAD_OK) {
        printf("Bail out! %s\n", why.text);
        exit(1);
    }
    return session;
}

/* ---- small things --------------------------------------------------------------------------- */

static void test_version(void)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", GAD_VERSION_MAJOR, GAD_VERSION_MINOR,
             GAD_VERSION_PATCH);
    CHECK(gad_version_number() == GAD_VERSION_NUMBER && !strcmp(gad_version_text(), text),
          "the version is %s", text);
    int texts = 1;
    for (int i = GAD_OK; i <= GAD_INTERRUPTED; i++)
        texts &= strcmp(gad_error_text((enum gad_error)i), "unknown error") != 0;
    CHECK(texts && !strcmp(gad_error_text(GAD_NOMEM), "out of memory"), "all codes have texts");
    CHECK(!strcmp(gad_error_text((enum gad_error)99), "unknown error"), "and so has none of them");
    size_t count = 0;
    while (gad_method_name(count))
        count++;
    CHECK(count == ATTR_METHOD_COUNT && !strcmp(gad_method_name(0), "saliency"), "%zu methods",
          count);
}

static void test_settings(void)
{
    /* Each with values that pass, then values that do not. */
    static const char *const rows[][6] = {
        {"threads", "2", "0", NULL, "-1", "1025"},
        {"cpu", "scalar", "", NULL, "mmx", "scalar "},
        {"precision", "f32", "auto", NULL, "f64", ""},
        {"support", "a", "", NULL, NULL, NULL},
        {"map", "a.*=*,b=", "", NULL, "a", "a=*"},
        {"size", "64", "1", NULL, "0", "1e2"},
        {"resize-rule", "crop", "stretch", NULL, "bend", ""},
        {"resize", "72", "1", NULL, "65501", "0x10"},
        {"mean", "0.5,0.5,0.5", "0,0,0", NULL, "0.5", "1,2,x"},
        {"std", "0.5,0.25,1", "1,1,1", NULL, "0,1,1", "1,2"},
        {"file-memory", "1", "0", NULL, "-1", "99999999999999999999"},
        {"methods", "ig,saliency", "all", NULL, "ig,ig", "grad"},
        {"steps", "1", "1000", NULL, "0", "1001"},
        {"rule", "riemann_left", "gausslegendre", NULL, "simpson", ""},
        {"baseline", "black", "x.npy", NULL, "tensor", ".npy"},
        {"reduce", "max-abs", "sum-abs", NULL, "min", ""},
        {"normalise", "p99", "none", NULL, "l2", ""},
        {"present", "value:0.1", "nonzero:50%", NULL, "value", "value:2x"},
        {"keep", "geomean", "original", NULL, "max", ""},
        {"memory", "1", "4096", NULL, "0", "99999999999999999999"},
    };
    const size_t count = sizeof rows / sizeof *rows;
    struct gad_settings *s = NULL;
    struct gad_why why = {""};
    CHECK(gad_settings_new(&s, &why) == GAD_OK && s, "settings are made");
    for (size_t i = 0; i < count; i++) {
        int ok = gad_settings_name(i) && !strcmp(gad_settings_name(i), rows[i][0]);
        for (int k = 1; rows[i][k]; k++)
            ok &= gad_settings_set(s, rows[i][0], rows[i][k], &why) == GAD_OK;
        for (int k = 4; k < 6 && rows[i][k]; k++) {
            why.text[0] = '\0';
            const enum gad_error error = gad_settings_set(s, rows[i][0], rows[i][k], &why);
            ok &= fails(error, GAD_ARG, &why) && strstr(why.text, rows[i][0]) == why.text;
        }
        CHECK(ok, "setting %s", rows[i][0]);
    }
    CHECK(!gad_settings_name(count), "there is no further one");
    CHECK(fails(gad_settings_set(s, "colour", "red", &why), GAD_ARG, &why) &&
              strstr(why.text, "threads"),
          "an unknown setting is refused, and the known ones listed");
    CHECK(gad_settings_set(s, "colour", "red", NULL) == GAD_ARG, "nobody need be told why");
    if (eng_cpu_best() < ENG_CPU_AVX512)
        CHECK(fails(gad_settings_set(s, "cpu", "avx512", &why), GAD_UNSUPPORTED, &why),
              "a level that the machine lacks");
    gad_settings_free(s);
    gad_settings_free(NULL);
}

/* ---- models and images ---------------------------------------------------------------------- */

/* The same weights under other names, which the setting `map` takes off again. */
static void test_map(void)
{
    struct gad_settings *settings = settings_of("map", "no.*=*");
    struct gad_model *m = NULL;
    struct gad_why why = {""};
    struct dat_tensors *file = NULL;
    struct dat_rename rename = {0};
    struct eng_why said = {""};
    need(dat_tensors_open(&file, scratch_path("model.safetensors"), NULL, &said), &said);
    need(dat_rename_add(&rename, "*=net.*", &said), &said);
    need(dat_tensors_rename(file, &rename, &said), &said);
    const size_t count = dat_tensors_count(file);
    struct dat_safetensors_entry *entries = calloc(count, sizeof *entries);
    scratch_need(entries != NULL, "memory");
    for (size_t i = 0; i < count; i++)
        entries[i] = *dat_tensors_at(file, i);
    const char *path = scratch_path("renamed.pth");
    need(dat_tensors_write(path, entries, count, NULL, 0, &said), &said);
    free(entries);
    dat_rename_release(&rename);
    dat_tensors_free(file);

    CHECK(fails(gad_model_read(&m, path, NULL, &why), GAD_MISMATCH, &why), "%s", why.text);
    CHECK(fails(gad_model_read(&m, path, settings, &why), GAD_ARG, &why) &&
              strstr(why.text, "no tensor matches 'no.*'"),
          "%s", why.text);
    gad_settings_set(settings, "map", "net.*=*", &why);
    CHECK(gad_model_read(&m, path, settings, &why) == GAD_OK &&
              !strcmp(gad_model_architecture(m), "resnet18"),
          "the setting map renames tensors");
    gad_model_free(m);
    gad_settings_set(settings, "map", "", &why);
    CHECK(fails(gad_model_read(&m, path, settings, &why), GAD_MISMATCH, &why), "or does not");
    gad_settings_free(settings);
}

static void test_model(void)
{
    struct gad_settings *settings = settings_of("support", scratch_path("supports"));
    struct gad_model *m = model_of(settings), *none = NULL;
    struct gad_why why = {""};
    size_t label = 7;
    CHECK(gad_model_height(m) == SIDE && gad_model_width(m) == SIDE, "its size");
    CHECK(gad_model_classes(m) == CLASSES && !strcmp(gad_model_class_name(m, 1), "dog") &&
              !gad_model_class_name(m, CLASSES),
          "its classes");
    CHECK(gad_model_class(m, "dog", &label, &why) == GAD_OK && label == 1, "a class by name");
    CHECK(gad_model_class(m, "0", &label, &why) == GAD_OK && label == 0, "a class by number");
    CHECK(fails(gad_model_class(m, "cow", &label, &why), GAD_ARG, &why) && label == 0 &&
              strstr(why.text, "dog"),
          "no such class");
    CHECK(!strcmp(gad_model_architecture(m), "resnet18") &&
              !strcmp(gad_model_cpu(m), eng_cpu_name(exec.cpu)) && gad_model_threads(m) >= 1,
          "its net, CPU level and threads");
    CHECK(gad_model_supports(m) == SUPPORTS &&
              !strcmp(gad_model_support_name(m, 1), "alpha4.safetensors") &&
              !gad_model_support_name(m, SUPPORTS),
          "its supports");
    gad_model_free(m);
    gad_model_free(NULL);

    CHECK(fails(gad_model_read(&none, scratch_path("none"), NULL, &why), GAD_MISSING, &why) &&
              strstr(why.text, "none"),
          "no model");
    CHECK(
        fails(gad_model_read(&none, scratch_path("photo.ppm"), NULL, &why), GAD_UNSUPPORTED, &why),
        "a picture is no model");
    gad_settings_set(settings, "support", scratch_root, &why);
    CHECK(fails(gad_model_read(&none, scratch_path("model.safetensors"), settings, &why),
                GAD_MISSING, &why),
          "a folder without supports");
    gad_settings_set(settings, "support", scratch_path("supports"), &why);
    CHECK(fails(gad_model_read(&none, scratch_path("supports/alpha2.safetensors"), settings, &why),
                GAD_MISMATCH, &why) &&
              !none,
          "supports of another model");
    gad_settings_free(settings);

    settings = settings_of("size", "48");
    gad_settings_set(settings, "cpu", "scalar", &why);
    gad_settings_set(settings, "threads", "3", &why);
    m = model_of(settings);
    CHECK(gad_model_height(m) == 48 && !strcmp(gad_model_cpu(m), "scalar") &&
              (gad_model_threads(m) == 3 || gad_model_threads(m) == 1),
          "size, level and threads as set");
    gad_model_free(m);
    gad_settings_free(settings);
}

static void test_file_memory(void)
{
    static float found[FLOATS];
    static unsigned char large[15 + 600 * 600] = "P5 600 600 255";
    struct gad_why why = {""};
    large[14] = '\n';
    struct gad_settings *settings = settings_of("file-memory", "1");
    struct gad_model *m = model_of(settings);
    CHECK(fails(gad_model_prepare_bytes(m, large, sizeof large, found, &why), GAD_TOOBIG, &why) &&
              !strcmp(why.text, "decoding it takes 2 MiB, more than the limit of 1; raise "
                                "--file-memory"),
          "a photo that takes more than a MiB: %s", why.text);
    gad_model_free(m);
    gad_settings_set(settings, "file-memory", "2", &why);
    m = model_of(settings);
    CHECK(gad_model_prepare_bytes(m, large, sizeof large, found, &why) == GAD_OK,
          "and no more than 2");
    gad_model_free(m);
    gad_settings_free(settings);
}

static void test_images(void)
{
    static float expected[FLOATS], found[FLOATS];
    static unsigned char padded[40 * 160], back[FLOATS];
    struct gad_model *m = model_of(NULL);
    struct gad_why why = {""};
    struct dat_image photo, picture;
    uint8_t bytes[8192];
    FILE *file = fopen(scratch_path("photo.ppm"), "rb");
    const size_t count = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file)
        fclose(file);
    need(dat_photo_read(&photo, scratch_path("photo.ppm"), NULL, NULL), &(struct eng_why){""});
    need(dat_preprocess_run(expected, &base.preprocess, &photo), &(struct eng_why){""});
    for (size_t y = 0; y < photo.height; y++)
        memcpy(padded + 160 * y, photo.rgb + 150 * y, 150);

    CHECK(gad_model_prepare_file(m, scratch_path("photo.ppm"), found, &why) == GAD_OK &&
              same(found, expected, FLOATS),
          "a photo's file");
    memset(found, 0, sizeof found);
    CHECK(gad_model_prepare_bytes(m, bytes, count, found, &why) == GAD_OK &&
              same(found, expected, FLOATS),
          "the file in memory");
    memset(found, 0, sizeof found);
    CHECK(gad_model_prepare_rgb(m, photo.rgb, 40, 50, 150, found, &why) == GAD_OK &&
              same(found, expected, FLOATS),
          "RGB bytes");
    memset(found, 0, sizeof found);
    CHECK(gad_model_prepare_rgb(m, padded, 40, 50, 160, found, &why) == GAD_OK &&
              same(found, expected, FLOATS),
          "RGB bytes with gaps between rows");

    CHECK(fails(gad_model_prepare_file(m, scratch_path("none.jpg"), found, &why), GAD_MISSING,
                &why) &&
              strstr(why.text, "none.jpg"),
          "no photo");
    CHECK(fails(gad_model_prepare_file(m, scratch_path("damaged.ppm"), found, &why), GAD_FORMAT,
                &why),
          "a damaged photo");
    CHECK(fails(gad_model_prepare_bytes(m, bytes, 100, found, &why), GAD_FORMAT, &why),
          "half a file in memory");
    CHECK(fails(gad_model_prepare_bytes(m, bytes, 0, found, &why), GAD_FORMAT, &why) ||
              fails(gad_model_prepare_bytes(m, bytes, 0, found, &why), GAD_UNSUPPORTED, &why),
          "nothing in memory");
    CHECK(fails(gad_model_prepare_rgb(m, padded, 40, 50, 149, found, &why), GAD_ARG, &why),
          "a stride that is too small");
    CHECK(fails(gad_model_prepare_rgb(m, padded, 0, 50, 150, found, &why), GAD_ARG, &why),
          "no rows");
    CHECK(fails(gad_model_prepare_rgb(m, padded, 70000, 1, 3, found, &why), GAD_TOOBIG, &why),
          "too many rows");
    CHECK(same(found, expected, FLOATS), "all these leave the tensor alone");

    need(dat_preprocess_picture(&picture, &base.preprocess, &photo), &(struct eng_why){""});
    CHECK(gad_model_picture(m, found, SIDE, SIDE, back, &why) == GAD_OK &&
              !memcmp(back, picture.rgb, sizeof back),
          "the way back to the picture");
    CHECK(fails(gad_model_picture(m, found, 0, SIDE, back, &why), GAD_ARG, &why),
          "no way back without pixels");
    dat_image_release(&photo);
    dat_image_release(&picture);
    gad_model_free(m);
}

/* ---- predicting ----------------------------------------------------------------------------- */

/* By the engine, `batch` images at a time. */
static void predict_below(float *logits, size_t images, size_t batch, size_t side)
{
    const struct eng_tape_options options = {.batch = batch, .height = side, .width = side};
    struct eng_why why = {""};
    struct eng_tape *tape;
    need(eng_tape_new(&tape, base.net, &exec, &options, &why), &why);
    for (size_t i = 0; i < images; i += batch) {
        const size_t n = images - i < batch ? images - i : batch;
        need(eng_tape_forward(tape, x + i * 3 * side * side, n), &why);
        memcpy(logits + i * CLASSES, eng_tape_output(tape), n * CLASSES * sizeof *logits);
    }
    eng_tape_free(tape);
}

static void test_predict(void)
{
    static float expected[MANY * CLASSES], logits[MANY * CLASSES], shares[MANY * CLASSES],
        softmax[MANY * CLASSES], bad[FLOATS];
    struct gad_settings *little = settings_of("memory", "1");
    struct gad_model *m = model_of(NULL);
    struct gad_session *s = session_of(m, NULL), *small = session_of(m, little);
    struct gad_why why = {""};
    predict_below(expected, MANY, 16, SIDE);
    eng_softmax(expected, MANY, CLASSES, softmax);
    CHECK(gad_session_predict(s, x, MANY, SIDE, SIDE, logits, shares, &why) == GAD_OK &&
              same(logits, expected, MANY * CLASSES) && same(shares, softmax, MANY * CLASSES),
          "%d images, bit by bit as the engine", MANY);
    CHECK(gad_session_predict(s, x, MANY, SIDE, SIDE, NULL, NULL, &why) == GAD_OK,
          "neither outputs nor probabilities need be wanted");
    predict_below(expected, 5, 5, SIDE);
    int ok = 1;
    for (int i = 0; i < 2; i++) {
        struct gad_session *fresh = i ? session_of(m, NULL) : s;
        ok &= gad_session_predict(fresh, x, 5, SIDE, SIDE, logits, NULL, &why) == GAD_OK &&
              same(logits, expected, 5 * CLASSES);
        if (i)
            gad_session_free(fresh);
    }
    CHECK(ok, "what came before does not matter");
    predict_below(expected, 2, 2, 40);
    CHECK(gad_session_predict(s, x, 2, 40, 40, logits, NULL, &why) == GAD_OK &&
              same(logits, expected, 2 * CLASSES),
          "images of another size");
    CHECK(gad_session_predict(small, x, MANY, SIDE, SIDE, logits, NULL, &why) == GAD_OK,
          "with little memory");
    predict_below(expected, MANY, 16, SIDE);
    CHECK(same(logits, expected, MANY * CLASSES), "the same bits");

    memcpy(bad, x, sizeof bad);
    bad[77] = NAN;
    CHECK(fails(gad_session_predict(s, bad, 1, SIDE, SIDE, logits, NULL, &why), GAD_ARG, &why) &&
              strstr(why.text, "77"),
          "a NaN");
    CHECK(fails(gad_session_predict(s, x, 0, SIDE, SIDE, logits, NULL, &why), GAD_ARG, &why),
          "no images");
    CHECK(fails(gad_session_predict(s, x, 1, SIDE, 0, logits, NULL, &why), GAD_ARG, &why),
          "no pixels");
    CHECK(fails(gad_session_predict(s, x, 1, (size_t)1 << 40, (size_t)1 << 40, logits, NULL, &why),
                GAD_TOOBIG, &why),
          "too many pixels");
    gad_session_free(s);
    gad_session_free(small);
    gad_model_free(m);
    gad_settings_free(little);

    struct gad_model *vgg;
    const enum gad_error error = gad_model_read(
        &vgg, "tests/golden/vgg16-w2-32px/model.safetensors", NULL, &why);
    if (!CHECK(error == GAD_OK, "a foreign file%s", error ? why.text : ""))
        return;
    s = session_of(vgg, NULL);
    CHECK(fails(gad_session_predict(s, x, 1, 8, 8, logits, NULL, &why), GAD_SHAPE, &why),
          "images that the net cannot take");
    gad_session_free(s);
    gad_model_free(vgg);
}

/* ---- explaining ----------------------------------------------------------------------------- */

/* True if the session has what the mapper found, for all nets, methods and labels. */
static int as_below(const struct gad_session *s, const struct gad_maps *maps)
{
    int ok = gad_session_methods(s) == maps->methods;
    for (size_t net = 0; net < maps->nets; net++)
        ok &= same(gad_session_logits(s, net), maps->logits + net * CLASSES, CLASSES);
    for (size_t m = 0; m < maps->methods; m++)
        for (size_t c = 0; c < maps->classes; c++) {
            ok &= same(gad_session_attribution(s, m, c),
                       maps->attributions + (m * maps->classes + c) * FLOATS, FLOATS);
            ok &= same(gad_session_gad_map(s, m, c), gad_maps_gad(maps, m, c, 0), maps->pixels);
            for (size_t net = 0; net < maps->nets; net++)
                ok &= same(gad_session_map(s, net, m, c), gad_maps_of(maps, net, m, c, 0),
                           maps->pixels);
        }
    return ok;
}

/* A session as the settings say, beside a mapper with the same options and the labels 1, 0. */
static void compare(const char *what, struct gad_settings *settings, struct gad_maps_options *o,
                    struct gad_supports *supports)
{
    static const size_t labels[2] = {1, 0};
    struct gad_model *m = model_of(settings);
    struct gad_session *s = session_of(m, settings);
    struct gad_mapper *mapper;
    struct gad_maps maps;
    struct gad_why why = {""};
    struct eng_why below = {""};
    o->exec = &exec;
    o->ig.steps = STEPS;
    need(gad_mapper_new(&mapper, &base, supports, SIDE, SIDE, o, &below), &below);
    need(gad_mapper_run(mapper, x, 1, labels, 2, NULL, &maps, &below), &below);
    CHECK(gad_session_explain(s, x, SIDE, SIDE, labels, 2, &why) == GAD_OK && as_below(s, &maps),
          "%s: bit by bit as the layers below %s", what, why.text);
    int path = 0;
    for (size_t i = 0; i < o->methods.count; i++)
        path |= o->methods.at[i]->taken == ATTR_ON_PATH;
    CHECK(path ? gad_session_gap(s, 1) == maps.gap[1] : isnan(gad_session_gap(s, 1)),
          "%s: the gap of ig", what);
    gad_mapper_free(mapper);
    gad_session_free(s);
    gad_model_free(m);
    gad_settings_free(settings);
}

static void test_explain(void)
{
    struct gad_maps_options o = gad_maps_defaults();
    struct gad_supports supports;
    struct eng_why why = {""};
    static const float grey[3] = {0.5f, 0.5f, 0.5f};
    static float baseline[FLOATS];
    static const size_t dim[3] = {3, SIDE, SIDE};
    for (size_t i = 0; i < FLOATS; i++)
        baseline[i] = grey[i % 3];
    need(dat_npy_write(scratch_path("baseline.npy"), baseline, 3, dim, &why), &why);
    need(gad_supports_read(&supports, scratch_path("supports"), &base,
                           &(struct dat_preprocess_change){0}, 0, &why),
         &why);

    compare("defaults", settings_of(NULL, NULL), &o, NULL);
    compare("GAD", settings_of("support", scratch_path("supports")), &o, &supports);

    struct gad_settings *s = settings_of("support", scratch_path("supports"));
    gad_settings_set(s, "methods", "guided,saliency", NULL);
    gad_settings_set(s, "reduce", "sum", NULL);
    gad_settings_set(s, "normalise", "p99", NULL);
    gad_settings_set(s, "present", "value:0.1", NULL);
    gad_settings_set(s, "keep", "geomean", NULL);
    need(attr_methods_parse(&o.methods, "guided,saliency", &why), &why);
    o.reduce = ATTR_REDUCE_SUM;
    o.intersect.normalise = GAD_NORMALISE_P99;
    need(met_select_parse(&o.intersect.present, "value:0.1", &why), &why);
    o.intersect.keep = GAD_KEEP_GEOMEAN;
    compare("GAD otherwise", s, &o, &supports);

    o = gad_maps_defaults();
    need(attr_methods_parse(&o.methods, "ig", &why), &why);
    s = settings_of("baseline", scratch_path("baseline.npy"));
    gad_settings_set(s, "methods", "ig", NULL);
    gad_settings_set(s, "rule", "riemann_middle", NULL);
    o.ig.baseline.kind = ATTR_BASELINE_TENSOR;
    o.ig.baseline.tensor = baseline;
    o.ig.quadrature = ATTR_QUADRATURE_MIDDLE;
    compare("a baseline's file", s, &o, NULL);

    float black[3];
    s = settings_of("baseline", "black");
    gad_settings_set(s, "methods", "ig", NULL);
    dat_preprocess_black(&base.preprocess, black);
    o.ig.baseline = (struct attr_baseline){ATTR_BASELINE_BLACK, black, NULL};
    o.ig.quadrature = ATTR_QUADRATURE_GAUSS_LEGENDRE;
    compare("a black baseline", s, &o, NULL);
    gad_supports_release(&supports);
}

static int has_nothing(const struct gad_session *s)
{
    return !gad_session_logits(s, 0) && !gad_session_attribution(s, 0, 0) &&
           !gad_session_map(s, 0, 0, 0) && !gad_session_gad_map(s, 0, 0) &&
           isnan(gad_session_gap(s, 0));
}

static void test_wrong_use(void)
{
    static const size_t labels[3] = {0, 1, CLASSES};
    static const size_t flat[2] = {3, SIDE};
    struct gad_settings *settings = settings_of("methods", "ig,guided");
    struct gad_model *m = model_of(NULL);
    struct gad_session *s = session_of(m, settings), *none = NULL;
    struct gad_why why = {""};
    struct eng_why below = {""};
    CHECK(has_nothing(s), "before the first image there is nothing");
    CHECK(gad_session_methods(s) == 2 && !strcmp(gad_session_method(s, 1), "guided") &&
              !gad_session_method(s, 2),
          "its methods");
    CHECK(gad_session_explain(s, x, SIDE, SIDE, labels, 1, &why) == GAD_OK && !has_nothing(s),
          "one class");
    CHECK(!gad_session_logits(s, 1) && !gad_session_attribution(s, 2, 0) &&
              !gad_session_attribution(s, 0, 1) && !gad_session_map(s, 1, 0, 0) &&
              !gad_session_map(s, 0, 2, 0) && !gad_session_gad_map(s, 0, 1) &&
              isnan(gad_session_gap(s, 1)),
          "no net, method or class beyond");
    float logits[CLASSES];
    CHECK(gad_session_predict(s, x + FLOATS, 1, SIDE, SIDE, logits, NULL, &why) == GAD_OK &&
              !has_nothing(s),
          "a prediction leaves the maps");
    CHECK(fails(gad_session_explain(s, x, SIDE, SIDE, labels, 3, &why), GAD_ARG, &why) &&
              has_nothing(s),
          "a label that is not there, and then no maps");
    CHECK(fails(gad_session_explain(s, x, SIDE, SIDE, labels, 0, &why), GAD_ARG, &why),
          "no labels");
    CHECK(fails(gad_session_explain(s, x, 0, SIDE, labels, 1, &why), GAD_ARG, &why), "no pixels");
    CHECK(gad_session_explain(s, x, 40, 36, labels, 2, NULL) == GAD_OK && !has_nothing(s),
          "another size");
    gad_session_free(s);
    gad_session_free(NULL);

    need(dat_npy_write(scratch_path("flat.npy"), x, 2, flat, &below), &below);
    gad_settings_set(settings, "baseline", scratch_path("flat.npy"), NULL);
    CHECK(fails(gad_session_new(&none, m, settings, &why), GAD_SHAPE, &why) && !none,
          "a baseline that is no image");
    gad_settings_set(settings, "baseline", scratch_path("none.npy"), NULL);
    CHECK(fails(gad_session_new(&none, m, settings, &why), GAD_MISSING, &why),
          "a baseline that is not there");
    gad_settings_set(settings, "baseline", scratch_path("baseline.npy"), NULL);
    s = session_of(m, settings);
    CHECK(fails(gad_session_explain(s, x, 40, 40, labels, 1, &why), GAD_SHAPE, &why),
          "a baseline of another size");
    gad_session_free(s);
    gad_settings_set(settings, "baseline", "zero", NULL);
    gad_settings_set(settings, "steps", "1", NULL);
    gad_settings_set(settings, "rule", "riemann_trapezoid", NULL);
    CHECK(fails(gad_session_new(&none, m, settings, &why), GAD_ARG, &why),
          "settings that do not go together");
    gad_settings_free(settings);
    gad_model_free(m);
}

/* ---- watching ------------------------------------------------------------------------------- */

struct seen {
    size_t calls, done, total, stop_at;
    int ascends;
};

static int watch(void *context, size_t done, size_t total)
{
    struct seen *seen = context;
    seen->ascends &= done > seen->done && done <= total && (!seen->total || total == seen->total);
    seen->done = done;
    seen->total = total;
    return ++seen->calls == seen->stop_at;
}

static void test_watch(void)
{
    static const size_t label = 1;
    float logits[MANY * CLASSES];
    struct gad_settings *settings = settings_of("support", scratch_path("supports"));
    struct gad_model *m = model_of(settings);
    struct gad_session *s = session_of(m, settings);
    struct gad_why why = {""};
    struct seen seen = {.ascends = 1};
    gad_session_watch(s, watch, &seen);
    CHECK(gad_session_explain(s, x, SIDE, SIDE, &label, 1, &why) == GAD_OK && seen.ascends &&
              seen.calls >= 3 && seen.done == seen.total,
          "explaining is watched to its end: %zu of %zu", seen.done, seen.total);
    const size_t calls = seen.calls;
    seen = (struct seen){.ascends = 1, .stop_at = calls / 2};
    CHECK(fails(gad_session_explain(s, x, SIDE, SIDE, &label, 1, &why), GAD_INTERRUPTED, &why) &&
              seen.calls == calls / 2 && has_nothing(s),
          "and can be stopped half way");
    seen = (struct seen){.ascends = 1};
    CHECK(gad_session_predict(s, x, MANY, SIDE, SIDE, logits, NULL, &why) == GAD_OK &&
              seen.ascends && seen.calls == 2 && seen.done == MANY && seen.total == MANY,
          "predicting is watched");
    seen = (struct seen){.ascends = 1, .stop_at = 1};
    CHECK(fails(gad_session_predict(s, x, MANY, SIDE, SIDE, logits, NULL, &why), GAD_INTERRUPTED,
                &why),
          "and can be stopped");
    gad_session_watch(s, NULL, NULL);
    CHECK(gad_session_explain(s, x, SIDE, SIDE, &label, 1, &why) == GAD_OK && seen.calls == 1,
          "nobody need watch");
    gad_session_free(s);
    gad_model_free(m);
    gad_settings_free(settings);
}

/* ---- threads -------------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 3, METHODS = ATTR_METHOD_COUNT };

struct worker {
    pthread_t thread;
    const struct gad_model *model;
    const struct gad_settings *settings;
    const char *photo;
    const float *x;
    float maps[METHODS * SIDE * SIDE], logits[CLASSES], prepared[FLOATS];
    int ok;
};

/* Everything that a thread may do with a model that others use. */
static void *work(void *context)
{
    static const size_t label = 1;
    struct worker *w = context;
    w->ok = 1;
    for (int round = 0; round < ROUNDS; round++) {
        struct gad_session *s;
        struct gad_why why;
        size_t found;
        if (gad_session_new(&s, w->model, w->settings, &why) != GAD_OK) {
            w->ok = 0;
            continue;
        }
        w->ok &= gad_session_explain(s, w->x, SIDE, SIDE, &label, 1, &why) == GAD_OK;
        for (size_t i = 0; w->ok && i < METHODS; i++)
            memcpy(w->maps + i * SIDE * SIDE, gad_session_gad_map(s, i, 0),
                   SIDE * SIDE * sizeof *w->maps);
        w->ok &= gad_session_predict(s, w->x, 1, SIDE, SIDE, w->logits, NULL, &why) == GAD_OK;
        w->ok &= gad_model_class(w->model, "dog", &found, &why) == GAD_OK && found == 1;
        w->ok &= gad_model_prepare_file(w->model, w->photo, w->prepared, &why) == GAD_OK;
        gad_session_free(s);
    }
    return NULL;
}

static void test_threads(void)
{
    static struct worker alone[THREADS], together[THREADS];
    char photo[1024];
    snprintf(photo, sizeof photo, "%s", scratch_path("photo.ppm"));
    for (int inner = 1; inner <= 2; inner++) {
        struct gad_settings *settings = settings_of("support", scratch_path("supports"));
        gad_settings_set(settings, "threads", inner == 1 ? "1" : "2", NULL);
        struct gad_model *m = model_of(settings);
        int ok = 1;
        for (int i = 0; i < THREADS; i++) {
            alone[i] = together[i] = (struct worker){
                .model = m, .settings = settings, .photo = photo, .x = x + i * FLOATS};
            work(&alone[i]);
        }
        for (int i = 0; i < THREADS; i++)
            if (pthread_create(&together[i].thread, NULL, work, &together[i]) != 0)
                exit(1);
        for (int i = 0; i < THREADS; i++) {
            pthread_join(together[i].thread, NULL);
            ok &= alone[i].ok && together[i].ok &&
                  same(together[i].maps, alone[i].maps, METHODS * SIDE * SIDE) &&
                  same(together[i].logits, alone[i].logits, CLASSES) &&
                  same(together[i].prepared, alone[i].prepared, FLOATS);
        }
        CHECK(ok, "%d threads at once on one model, each with %d of its own", THREADS, inner);
        gad_model_free(m);
        gad_settings_free(settings);
    }
}

/* ---- locale --------------------------------------------------------------------------------- */

static void test_locale(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8",  "fr_FR.UTF-8",
                                        "fr_FR.utf8",  "pt_BR.UTF-8", "ru_RU.UTF-8"};
    static float plain[FLOATS], comma[FLOATS];
    struct gad_settings *settings = settings_of("support", scratch_path("supports"));
    struct gad_model *m = model_of(settings);
    struct gad_why why = {""};
    size_t i = 0;
    gad_model_prepare_file(m, scratch_path("photo.ppm"), plain, &why);
    gad_model_free(m);
    while (i < sizeof names / sizeof *names && !setlocale(LC_ALL, names[i]))
        i++;
    if (i == sizeof names / sizeof *names) {
        tap_skip("no locale with a decimal comma here");
    } else {
        CHECK(gad_settings_set(settings, "present", "value:0.25", &why) == GAD_OK,
              "%s: settings have points", names[i]);
        m = model_of(settings);
        CHECK(gad_model_supports(m) == SUPPORTS &&
                  gad_model_prepare_file(m, scratch_path("photo.ppm"), comma, &why) == GAD_OK &&
                  same(comma, plain, FLOATS),
              "%s: a model is what it was", names[i]);
        CHECK(localeconv()->decimal_point[0] == ',', "%s: the program's locale stays", names[i]);
        setlocale(LC_ALL, "C");
        gad_model_free(m);
    }
    gad_settings_free(settings);
}

int main(void)
{
    struct eng_why why;
    if (eng_exec_init(&exec, 1, NULL, &why) != ENG_OK) {
        tap_skip(why.text);
        return tap_done();
    }
    scratch_make();
    make_files();
    test_version();
    test_settings();
    test_model();
    test_map();
    test_images();
    test_file_memory();
    test_predict();
    test_explain();
    test_wrong_use();
    test_watch();
    test_threads();
    test_locale();
    dat_model_release(&base);
    scratch_remove();
    return tap_done();
}
