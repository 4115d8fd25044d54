/* Every allocation fails once. Each scenario is run again and again, its first allocation failing,
 * then its second, until it needs no more: each time it must say ENG_NOMEM, and leave nothing
 * behind. Sanitizers see the rest. */
#include "attrib/explainer.h"
#include "data/deflate.h"
#include "data/image.h"
#include "data/jpeg.h"
#include "data/json.h"
#include "data/json_out.h"
#include "data/listing.h"
#include "data/loader.h"
#include "data/model.h"
#include "data/npy.h"
#include "data/photo.h"
#include "data/png.h"
#include "data/safetensors.h"
#include "data/synthetic.h"
#include "data/tensors.h"
#include "engine/loss.h"
#include "engine/optim.h"
#include "gad/gad.h"
#include "metrics/hull.h"
#include "metrics/select.h"
#include "tests/alloc_fail.h"
#include "tests/jpeg_samples.h"
#include "tests/scratch.h"
#include "tests/tap.h"

static struct eng_exec exec;
static struct eng_why why;

static const struct eng_arch_config tiny_resnet = {"resnet18", 0.01f, 2, 0};
static const struct eng_arch_config tiny_vgg = {"vgg16", 0.01f, 2, 3};

/* ---- the engine ------------------------------------------------------------------------------ */

enum { SIDE = 32, PIXELS = 3 * SIDE * SIDE };

static enum eng_err net_step(struct eng_net *net, const struct eng_arch_config *config)
{
    static float x[PIXELS], dx[PIXELS];
    const struct eng_tape_options options = {1, SIDE, SIDE, 3, 1, 1};
    const struct eng_optim_config adam = eng_optim_adam(), sgd = eng_optim_sgd(0.9f, 0.1f);
    struct eng_tape *tape = NULL;
    struct eng_grads *grads = NULL, *stream = NULL;
    struct eng_optim *optim = NULL, *other = NULL;
    const size_t label = 1;
    float seed[2];
    eng_arch_init(net, config, 1);
    enum eng_err err = eng_tape_new(&tape, net, &exec, &options, &why);
    if (err == ENG_OK)
        err = eng_grads_new(&grads, net);
    if (err == ENG_OK)
        err = eng_optim_new(&optim, net, &adam);
    if (err == ENG_OK)
        err = eng_optim_new(&other, net, &sgd);
    if (err == ENG_OK)
        err = eng_optim_stream(&stream, other, net);
    if (err == ENG_OK)
        err = eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS);
    if (err == ENG_OK)
        err = eng_tape_forward(tape, x, 1);
    if (err == ENG_OK) {
        eng_softmax_xent(eng_tape_output(tape), &label, 1, 2, seed);
        err = eng_tape_backward(tape, seed, ENG_RELU_STANDARD, dx, grads);
    }
    if (err == ENG_OK)
        eng_optim_step(optim, &exec, net, grads, 0.01f);
    eng_tape_free(tape);
    eng_grads_free(grads);
    eng_grads_free(stream);
    eng_optim_free(optim);
    eng_optim_free(other);
    return err;
}

static enum eng_err train_step(const struct eng_arch_config *config)
{
    struct eng_net *net;
    ENG_TRY(eng_arch_build(&net, config, &why));
    const enum eng_err err = net_step(net, config);
    eng_net_free(net);
    return err;
}

static enum eng_err resnet_step(void)
{
    return train_step(&tiny_resnet);
}

static enum eng_err vgg_step(void)
{
    return train_step(&tiny_vgg);
}

/* What failed once must work when memory is back: the same net, prepared again. */
static enum eng_err prepare_again(void)
{
    struct eng_net *net;
    ENG_TRY(eng_arch_build(&net, &tiny_resnet, &why));
    enum eng_err err = eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS);
    if (err == ENG_NOMEM && (eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS) != ENG_OK ||
                             net_step(net, &tiny_resnet) != ENG_OK))
        err = ENG_STATE;
    eng_net_free(net);
    return err;
}

/* ---- attributions and metrics ---------------------------------------------------------------- */

static struct eng_net *prepared; /* made before anything fails */

/* Takes fewer images at once, and goes on, where the memory for more is not there. */
static enum eng_err explain(void)
{
    static float x[PIXELS], logits[2], out[5 * PIXELS];
    static const size_t classes[1] = {1};
    struct attr_request request = {
        .x = x, .images = 1, .classes = classes, .class_count = 1, .ig = attr_ig_default()};
    struct attr_explainer *explainer;
    double gap;
    request.ig.steps = 3;
    ENG_TRY(attr_methods_parse(&request.methods, "all", &why));
    ENG_TRY(attr_explainer_new(&explainer, prepared, &exec, SIDE, SIDE, 0, &why));
    const enum eng_err err = attr_explainer_run(explainer, &request,
                                                &(struct attr_result){logits, out, &gap}, &why);
    attr_explainer_free(explainer);
    return err;
}

static enum eng_err hull(void)
{
    static const float map[12] = {0, 1, 0, 0, 2, 2, 2, 0, 0, 1, 0, 3};
    static const struct met_point points[4] = {{1, 0}, {0, 5}, {4, 4}, {2, 2}};
    const struct met_select select = met_select_default();
    struct met_mask mask = {0}, filled = {0};
    struct met_hull hull = {0}, other = {0};
    enum eng_err err = met_select_pixels(&mask, &select, map, NULL, 4, 3, &why);
    if (err == ENG_OK)
        err = met_hull_of_mask(&hull, &mask);
    if (err == ENG_OK)
        err = met_hull_of_points(&other, points, 4);
    if (err == ENG_OK)
        err = met_hull_mask(&filled, &hull, 4, 3);
    met_mask_release(&mask);
    met_mask_release(&filled);
    met_hull_release(&hull);
    met_hull_release(&other);
    return err;
}

/* ---- formats --------------------------------------------------------------------------------- */

static enum eng_err png(void)
{
    static uint8_t pixels[3 * 40 * 30];
    struct dat_image image = {0};
    uint8_t *bytes = NULL;
    size_t count;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * i >> 3);
    ENG_TRY(dat_png_encode(&bytes, &count, pixels, 40, 30, 3));
    const enum eng_err err = dat_photo_decode(&image, bytes, count, NULL, &why);
    dat_image_release(&image);
    free(bytes);
    return err;
}

static enum eng_err jpegs(void)
{
    enum eng_err err = ENG_OK;
    for (size_t i = 0; i < sizeof jpeg_samples / sizeof *jpeg_samples && err == ENG_OK; i++) {
        struct dat_image image = {0};
        err = dat_jpeg_decode(&image, jpeg_samples[i].bytes, jpeg_samples[i].count, NULL, &why);
        dat_image_release(&image);
    }
    return err;
}

static enum eng_err npy(void)
{
    static const float data[6] = {1, 2, 3, 4, 5, 6};
    static const size_t dim[2] = {2, 3};
    struct dat_npy npy = {0};
    uint8_t *bytes = NULL;
    size_t count;
    ENG_TRY(dat_npy_encode(&bytes, &count, data, 2, dim));
    enum eng_err err = dat_npy_decode(&npy, bytes, count, NULL, &why);
    free(bytes);
    dat_npy_release(&npy);
    if (err == ENG_OK)
        err = dat_npy_write(scratch_path("a.npy"), data, 2, dim, &why);
    if (err == ENG_OK)
        err = dat_npy_read(&npy, scratch_path("a.npy"), NULL, &why);
    dat_npy_release(&npy);
    return err;
}

static enum eng_err json(void)
{
    struct dat_json_out out;
    struct dat_json *parsed = NULL;
    dat_json_out_init(&out, NULL, DAT_JSON_PRETTY);
    dat_json_out_array(&out);
    for (int i = 0; i < 200; i++) {
        dat_json_out_object(&out);
        dat_json_out_key(&out, "name");
        dat_json_out_string(&out, "a \"text\" with \\ and \n");
        dat_json_out_key(&out, "number");
        dat_json_out_double(&out, i / 7.0);
        dat_json_out_end(&out);
    }
    dat_json_out_end(&out);
    enum eng_err err = dat_json_out_finish(&out);
    if (err == ENG_OK)
        err = dat_json_parse(&parsed, out.text, out.count, &why);
    dat_json_free(parsed);
    dat_json_out_release(&out);
    return err;
}

static enum eng_err deflate(void)
{
    static uint8_t in[5000];
    uint8_t *out = NULL;
    size_t size;
    ENG_TRY(dat_deflate_zlib(&out, &size, in, sizeof in));
    free(out);
    return ENG_OK;
}

static enum eng_err safetensors(void)
{
    static const float data[6] = {1, 2, 3, 4, 5, 6};
    const struct dat_safetensors_entry entries[2] = {{"a", DAT_F32, 2, {2, 3}, data, sizeof data},
                                                     {"b", DAT_F32, 1, {6}, data, sizeof data}};
    const struct dat_safetensors_meta meta = {"key", "value"};
    struct dat_safetensors *file = NULL;
    ENG_TRY(dat_safetensors_write(scratch_path("a.safetensors"), entries, 2, &meta, 1, &why));
    ENG_TRY(dat_safetensors_open(&file, scratch_path("a.safetensors"), NULL, &why));
    dat_safetensors_free(file);
    return ENG_OK;
}

/* Every format that tensors are written in, and read from with a view or two that must be copied.
 */
static enum eng_err read_tensors(const char *path)
{
    struct dat_tensors *file = NULL;
    ENG_TRY(dat_tensors_open(&file, path, NULL, &why));
    dat_tensors_free(file);
    return ENG_OK;
}

static enum eng_err write_tensors(const char *path)
{
    static const float data[6] = {1, 2, 3, 4, 5, 6};
    const struct dat_safetensors_entry entries[2] = {{"a", DAT_F32, 2, {2, 3}, data, sizeof data},
                                                     {"b", DAT_F32, 1, {6}, data, sizeof data}};
    const struct dat_safetensors_meta meta = {"key", "value"};
    ENG_TRY(dat_tensors_write(path, entries, 2, &meta, 1, &why));
    return read_tensors(path);
}

static enum eng_err pth(void)
{
    return write_tensors(scratch_path("a.pth"));
}

static enum eng_err npz(void)
{
    return write_tensors(scratch_path("a.npz"));
}

static enum eng_err renaming(void)
{
    struct dat_rename rename = {0};
    struct dat_tensors *file = NULL;
    ENG_TRY(dat_tensors_open(&file, "tests/fuzz/corpus/tensors/arrays.npz", NULL, &why));
    enum eng_err err = dat_rename_add(&rename, "*=m.*,m.*=*.x", &why);
    if (err == ENG_OK)
        err = dat_tensors_rename(file, &rename, &why);
    if (err == ENG_OK)
        err = dat_tensors_rename(file, &rename, &why);
    dat_rename_release(&rename);
    dat_tensors_free(file);
    return err;
}

/* Tensors of no numbers, by whose shapes a net would be larger than any memory. */
static void hostile_file(void)
{
    static const char *const names[] = {"features.28.weight",
                                        "features.40.weight",
                                        "classifier.0.weight",
                                        "classifier.3.weight",
                                        "classifier.6.weight",
                                        "layer4.1.conv2.weight",
                                        "fc.weight"};
    static const size_t dims[][4] = {{4096, 0, 3, 3}, {4096, 0, 3, 3}, {1000000, 0}, {1000000, 0},
                                     {1000000, 0},    {4096, 0, 3, 3}, {1000000, 0}};
    struct dat_safetensors_entry entries[7];
    for (size_t i = 0; i < 7; i++) {
        entries[i] = (struct dat_safetensors_entry){names[i], DAT_F32, dims[i][2] ? 4 : 2,
                                                    {0},      "",      0};
        memcpy(entries[i].dim, dims[i], sizeof dims[i]);
    }
    if (dat_tensors_write(scratch_path("hostile.npz"), entries, 7, NULL, 0, NULL) != ENG_OK)
        exit(1);
}

static enum eng_err hostile(void)
{
    struct dat_model read;
    const enum eng_err err = dat_model_read(&read, scratch_path("hostile.npz"), NULL, &why);
    return err == ENG_MISMATCH ? ENG_OK : err;
}

static enum eng_err pth_legacy(void)
{
    return read_tensors("tests/fuzz/corpus/tensors/views-legacy.pth");
}

static enum eng_err pth_deflated(void)
{
    return read_tensors("tests/fuzz/corpus/tensors/deflated.pth");
}

static enum eng_err npz_fortran(void)
{
    return read_tensors("tests/fuzz/corpus/tensors/arrays.npz");
}

static enum eng_err npy_fortran(void)
{
    return read_tensors("tests/fuzz/corpus/npy/fortran.npy");
}

static enum eng_err model(void)
{
    static const char *const names[2] = {"cat", "dog"};
    struct dat_preprocess preprocess;
    struct dat_model model = {0}, copy = {0}, read = {0};
    dat_preprocess_init_square(&preprocess, 32);
    enum eng_err err = dat_model_init(&model, &tiny_resnet, names, &preprocess, 1, &why);
    if (err == ENG_OK)
        err = dat_model_set_note(&model, "seed", "%d", 1);
    if (err == ENG_OK)
        err = dat_model_set_note(&model, "seed", "%d", 2);
    if (err == ENG_OK)
        err = dat_model_copy(&copy, &model, &why);
    if (err == ENG_OK)
        err = dat_model_write(&model, scratch_path("model.safetensors"), &why);
    if (err == ENG_OK)
        err = dat_model_read(&read, scratch_path("model.safetensors"), NULL, &why);
    if (err == ENG_OK)
        err = dat_model_start_from(&copy, scratch_path("model.safetensors"), NULL, NULL, &why);
    dat_model_release(&model);
    dat_model_release(&copy);
    dat_model_release(&read);
    return err;
}

/* The file of model() once more, by names that only --map makes those of a net. */
static void renamed_file(void)
{
    struct dat_safetensors_entry entries[256];
    struct dat_rename rename = {0};
    struct dat_tensors *file;
    if (dat_tensors_open(&file, scratch_path("model.safetensors"), NULL, NULL) != ENG_OK ||
        dat_rename_add(&rename, "fc.*=head.*,*=net.*", NULL) != ENG_OK ||
        dat_tensors_rename(file, &rename, NULL) != ENG_OK || dat_tensors_count(file) > 256)
        exit(1);
    for (size_t i = 0; i < dat_tensors_count(file); i++)
        entries[i] = *dat_tensors_at(file, i);
    if (dat_tensors_write(scratch_path("renamed.npz"), entries, dat_tensors_count(file), NULL, 0,
                          NULL) != ENG_OK)
        exit(1);
    dat_tensors_free(file);
    dat_rename_release(&rename);
}

static enum eng_err renamed_model(void)
{
    struct dat_model read;
    const enum eng_err err = dat_model_read(&read, scratch_path("renamed.npz"), NULL, &why);
    return err == ENG_MISMATCH ? ENG_OK : err;
}

/* ---- data sets ------------------------------------------------------------------------------- */

static enum eng_err read_all(const struct dat_dataset *set)
{
    for (size_t i = 0; i < dat_dataset_count(set); i++) {
        struct dat_image image = {0};
        uint8_t *mask = NULL;
        const enum eng_err err = dat_dataset_read(set, i, &image,
                                                  dat_dataset_has_masks(set) ? &mask : NULL, &why);
        dat_image_release(&image);
        free(mask);
        if (err != ENG_OK)
            return err;
    }
    return ENG_OK;
}

static enum eng_err load_all(const struct dat_dataset *set, int workers)
{
    struct dat_preprocess preprocess;
    const struct dat_augment augment = {0.5f, 1.0f, 0.5f, 0.2f};
    struct dat_loader *loader = NULL;
    const struct dat_batch *batch = NULL;
    size_t *indices, count;
    dat_preprocess_init_square(&preprocess, 16);
    ENG_TRY(dat_dataset_indices(set, DAT_TRAIN, 4, 1, &indices, &count));
    const struct dat_loader_options options = {.set = set,
                                               .preprocess = &preprocess,
                                               .augment = &augment,
                                               .batch = 3,
                                               .workers = workers,
                                               .strict = 1};
    enum eng_err err = dat_loader_new(&loader, &options, indices, count, &why);
    while (err == ENG_OK && (err = dat_loader_next(loader, &batch, &why)) == ENG_OK && batch)
        continue;
    dat_loader_free(loader);
    free(indices);
    return err;
}

static enum eng_err use_set(const char *data, const char *classes, int workers)
{
    struct dat_dataset_options options = DAT_DATASET_DEFAULTS;
    struct dat_dataset *set;
    options.classes = classes;
    options.size = 32;
    ENG_TRY(dat_dataset_open(&set, data, &options, &why));
    enum eng_err err = strncmp(data, "synthetic", 9) ? read_all(set) : ENG_OK;
    if (err == ENG_OK)
        err = load_all(set, workers);
    dat_dataset_free(set);
    return err;
}

static enum eng_err folder(void)
{
    return use_set(scratch_path("set"), "b,a", 0);
}

static enum eng_err folder_threads(void)
{
    return use_set(scratch_path("set"), NULL, 2);
}

static enum eng_err synthetic(void)
{
    return use_set("synthetic:cats-dogs,count=6", NULL, 0);
}

static enum eng_err draw(void)
{
    for (int set = 0; set < DAT_SYNTHETIC_SETS; set++) {
        struct dat_image image = {0};
        uint8_t mask[32 * 32];
        const enum eng_err err = dat_synthetic_draw((enum dat_synthetic)set, 1, 2, 1, 32, &image,
                                                    mask);
        dat_image_release(&image);
        if (err != ENG_OK)
            return err;
    }
    return ENG_OK;
}

static enum eng_err listing(void)
{
    struct dat_listing listing = {0};
    ENG_TRY(dat_listing_read(&listing, scratch_path("set"), &why));
    dat_listing_release(&listing);
    return ENG_OK;
}

/* ---- the public interface -------------------------------------------------------------------- */

static enum eng_err code_of(enum gad_error error, const struct gad_why *said)
{
    const enum eng_err err = error == GAD_OK ? ENG_OK : error == GAD_NOMEM ? ENG_NOMEM : ENG_STATE;
    return eng_fail(&why, err, "%s", err ? said->text : "");
}

/* A model with one support, and what they make of a photo. */
static void library_files(void)
{
    static const char *const names[2] = {"cat", "dog"};
    struct dat_preprocess preprocess;
    struct dat_model model;
    char print[DAT_FINGERPRINT];
    dat_preprocess_init_square(&preprocess, SIDE);
    scratch_text("supports/readme", "");
    if (dat_model_init(&model, &tiny_resnet, names, &preprocess, 1, NULL) != ENG_OK)
        exit(1);
    dat_model_fingerprint(&model, print);
    if (dat_model_write(&model, scratch_path("base.safetensors"), NULL) != ENG_OK ||
        dat_model_set_note(&model, "base_fingerprint", "%s", print) != ENG_OK ||
        dat_model_set_note(&model, "alpha", "[2,2]") != ENG_OK ||
        dat_model_write(&model, scratch_path("supports/alpha2.safetensors"), NULL) != ENG_OK)
        exit(1);
    dat_model_release(&model);
}

static enum eng_err library_model(void)
{
    struct gad_why said = {""};
    struct gad_settings *settings = NULL;
    struct gad_model *model = NULL;
    enum gad_error error = gad_settings_new(&settings, &said);
    if (error == GAD_OK)
        error = gad_settings_set(settings, "support", scratch_path("supports"), &said);
    if (error == GAD_OK)
        error = gad_settings_set(settings, "baseline", "not-read.npy", &said);
    if (error == GAD_OK)
        error = gad_settings_set(settings, "map", "fc.*=last.*,last.*=fc.*", &said);
    if (error == GAD_OK)
        error = gad_model_read(&model, scratch_path("base.safetensors"), settings, &said);
    gad_settings_free(settings);
    gad_model_free(model);
    return code_of(error, &said);
}

static struct gad_settings *library_settings; /* both made before anything fails */
static struct gad_model *library;

/* Goes on with fewer images at once where the memory for more is not there. */
static enum eng_err library_session(void)
{
    static float x[3 * PIXELS], logits[3 * 2];
    static unsigned char picture[PIXELS];
    static const size_t label = 1;
    struct gad_why said = {""};
    struct gad_session *session = NULL;
    enum gad_error error = gad_session_new(&session, library, library_settings, &said);
    if (error == GAD_OK)
        error = gad_model_prepare_file(library, scratch_path("set/a/0.ppm"), x, &said);
    if (error == GAD_OK)
        error = gad_model_picture(library, x, SIDE, SIDE, picture, &said);
    if (error == GAD_OK)
        error = gad_model_prepare_rgb(library, picture, SIDE, SIDE, 3 * SIDE, x, &said);
    if (error == GAD_OK)
        error = gad_session_predict(session, x, 3, SIDE, SIDE, logits, NULL, &said);
    if (error == GAD_OK)
        error = gad_session_explain(session, x, SIDE, SIDE, &label, 1, &said);
    gad_session_free(session);
    return code_of(error, &said);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void check(const char *what, enum eng_err (*run)(void), int may_go_on)
{
    enum { MOST = 20000 };
    size_t n, wrong = 0, lost = 0, silent = 0;
    enum eng_err err = run();
    if (!CHECK(err == ENG_OK, "%s: works with memory%s%s", what, err ? ": " : "",
               err ? why.text : ""))
        return;
    for (n = 1; n <= MOST; n++) {
        const size_t before = alloc_fail_live();
        why.text[0] = '\0';
        alloc_fail_at(n);
        err = run();
        const int failed = alloc_fail_happened();
        alloc_fail_at(0);
        const size_t after = alloc_fail_live();
        if (after != before && !lost++)
            printf("# allocation %zu of %s fails: %zu blocks lost\n", n, what, after - before);
        if (!failed)
            break;
        if (err == ENG_OK && !may_go_on && !silent++)
            printf("# allocation %zu of %s fails: nothing is said\n", n, what);
        if (err != ENG_OK && err != ENG_NOMEM && !wrong++)
            printf("# allocation %zu of %s fails: '%s', %s\n", n, what, eng_err_text(err),
                   why.text);
    }
    CHECK(n > 1 && n <= MOST && err == ENG_OK, "%s: %zu allocations, each fails once", what, n - 1);
    CHECK(!wrong && !silent, "%s: each time it says so", what);
    CHECK(!lost, "%s: each time everything is freed", what);
}

int main(void)
{
    if (eng_exec_init(&exec, 1, NULL, &why) != ENG_OK) {
        tap_skip(why.text);
        return tap_done();
    }
    scratch_make();
    for (int i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "set/a/%d.ppm", i);
        scratch_ppm(name, 20, 18, 10 * i);
        snprintf(name, sizeof name, "set/b/%d.ppm", i);
        scratch_ppm(name, 17, 20, 200 + i);
    }
    if (eng_arch_build(&prepared, &tiny_resnet, NULL) != ENG_OK ||
        eng_net_prepare(prepared, &exec, ENG_FOR_GRADIENTS) != ENG_OK)
        return 1;
    check("a step of ResNet18", resnet_step, 0);
    check("a step of VGG16", vgg_step, 0);
    check("preparing a net", prepare_again, 0);
    check("attributions", explain, 1);
    check("hulls", hull, 0);
    check("PNG", png, 0);
    check("JPEG", jpegs, 0);
    check("npy", npy, 0);
    check("JSON", json, 0);
    check("deflate", deflate, 0);
    check("safetensors", safetensors, 0);
    check(".pth", pth, 0);
    check(".pth, legacy", pth_legacy, 0);
    check(".pth, deflated", pth_deflated, 0);
    check(".npz", npz, 0);
    check(".npz, Fortran order", npz_fortran, 0);
    check(".npy, Fortran order", npy_fortran, 0);
    check("other names for tensors", renaming, 0);
    check("a model's file", model, 0);
    hostile_file();
    check("a file of vast shapes", hostile, 0);
    alloc_fail_at(0);
    const enum eng_err read = hostile();
    const size_t largest = alloc_fail_largest();
    CHECK(read == ENG_OK && largest < (size_t)8 << 20, "it costs no more than %zu bytes at once",
          largest);
    renamed_file();
    check("a model by other names", renamed_model, 0);
    check("a listing", listing, 0);
    check("a folder of images", folder, 0);
    check("a folder of images, two threads", folder_threads, 0);
    check("synthetic images", synthetic, 0);
    check("a drawing", draw, 0);
    library_files();
    if (gad_settings_new(&library_settings, NULL) != GAD_OK ||
        gad_settings_set(library_settings, "threads", "1", NULL) != GAD_OK ||
        gad_settings_set(library_settings, "steps", "2", NULL) != GAD_OK ||
        gad_settings_set(library_settings, "support", scratch_path("supports"), NULL) != GAD_OK ||
        gad_model_read(&library, scratch_path("base.safetensors"), library_settings, NULL) !=
            GAD_OK)
        return 1;
    check("the library's model", library_model, 0);
    check("the library's session", library_session, 1);
    gad_settings_free(library_settings);
    gad_model_free(library);
    eng_net_free(prepared);
    scratch_remove();
    return tap_done();
}
