/* The program as its users meet it: every command, what it prints and leaves, its exit status, and
 * one clear line for whatever is wrong with what it was given. */
#include "data/model.h"
#include "data/npy.h"
#include "data/photo.h"
#include "data/png.h"
#include "data/safetensors.h"
#include "engine/tape.h"
#include "tests/program.h"

#include <float.h>
#include <time.h>

#define TINY "--size 32 --width 0.125 --batch 8"
#define DATA "synthetic:cats-dogs,count=24"

/* ---- what the test works on ----------------------------------------------------------------- */

/* m.safetensors rewritten: without its metadata, and with one tensor left out, cut, or with a
 * number that is none, that is too large, or that is below zero. */
enum change { FOREIGN, MISSING, MISSHAPEN, POISONED, HUGE_ONE, NEGATIVE };

static void make_changed(const char *path, enum change change)
{
    enum { MOST = 256 };
    struct dat_safetensors *file;
    struct dat_safetensors_entry entries[MOST];
    size_t n = 0;
    float *values = NULL;
    scratch_need(dat_safetensors_open(&file, "m.safetensors", NULL, NULL) == ENG_OK, path);
    for (size_t i = 0; i < dat_safetensors_count(file) && n < MOST; i++) {
        struct dat_safetensors_entry *e = &entries[n++];
        *e = *dat_safetensors_at(file, i);
        if (strcmp(e->name,
                   change == NEGATIVE ? "layer1.0.bn1.running_var" : "layer1.0.conv1.weight") != 0)
            continue;
        if (change == MISSING) {
            n--;
        } else if (change == MISSHAPEN) {
            e->size /= e->dim[0];
            e->dim[0] = 1;
        } else if (change != FOREIGN) {
            values = malloc(e->size);
            scratch_need(values != NULL, path);
            memcpy(values, e->bytes, e->size);
            values[3] = change == POISONED ? NAN : change == HUGE_ONE ? FLT_MAX : -1e-3f;
            e->bytes = values;
        }
    }
    scratch_need(dat_safetensors_write(path, entries, n, NULL, 0, NULL) == ENG_OK, path);
    free(values);
    dat_safetensors_free(file);
}

static void make_tensors(const char *path, size_t n, size_t height, size_t width)
{
    const size_t dim[4] = {n, 3, height, width}, count = n * 3 * height * width;
    float *x = malloc(count * sizeof *x);
    struct eng_rng rng;
    scratch_need(x != NULL, path);
    eng_rng_init(&rng, 7, n);
    for (size_t i = 0; i < count; i++)
        x[i] = eng_rng_normal(&rng);
    if (strstr(path, "nan"))
        x[count / n] = NAN; /* in the second */
    scratch_need(dat_npy_write(path, x, n > 1 ? 4 : 3, n > 1 ? dim : dim + 1, NULL) == ENG_OK,
                 path);
    free(x);
}

/* A copy of the first `length` bytes; nothing if there is no such file. */
static void cut_file(const char *from, const char *to, size_t length)
{
    uint8_t *bytes;
    size_t count;
    if (dat_file_read(&bytes, &count, from, NULL) != ENG_OK)
        return;
    scratch_write(to, bytes, length < count ? length : count);
    free(bytes);
}

static void make_files(void)
{
    struct dat_image photo;
    make_model("m.safetensors", "resnet18", 1);
    make_model("other.safetensors", "resnet18", 2);
    make_model("vgg.safetensors", "vgg16", 1);
    make_changed("foreign.safetensors", FOREIGN);
    make_changed("missing.safetensors", MISSING);
    make_changed("misshapen.safetensors", MISSHAPEN);
    make_changed("poisoned.safetensors", POISONED);
    make_changed("huge.safetensors", HUGE_ONE);
    make_changed("negative.safetensors", NEGATIVE);
    scratch_ppm("a.ppm", 48, 40, 200);
    scratch_ppm("b.ppm", 32, 32, 10);
    scratch_ppm("x/same.ppm", 32, 32, 90);
    scratch_ppm("y/same.ppm", 32, 32, 120);
    scratch_need(dat_photo_read(&photo, "a.ppm", NULL, NULL) == ENG_OK &&
                     dat_png_write("c.png", photo.rgb, photo.width, photo.height, 3, NULL) ==
                         ENG_OK,
                 "c.png");
    dat_image_release(&photo);
    cut_file("a.ppm", "cut.ppm", 1000);
    cut_file("c.png", "cut.png", 90);
    scratch_text("text.jpg", "not a photo\n");
    scratch_text("empty.png", "");
    make_tensors("one.npy", 1, 32, 32);
    make_tensors("three.npy", 3, 40, 36);
    make_tensors("nan.npy", 3, 32, 32);
    scratch_need(dat_npy_write("flat.npy", (float[6]){0}, 2, (size_t[]){2, 3}, NULL) == ENG_OK,
                 "flat.npy");
    cut_file("one.npy", "cut.npy", 500);
    for (int i = 0; i < 6; i++) {
        scratch_ppm(scratch_path("photos/cat/%d.ppm", i) + strlen(scratch_root) + 1, 32, 32,
                    30 * i);
        scratch_ppm(scratch_path("photos/dog/%d.ppm", i) + strlen(scratch_root) + 1, 32, 32,
                    200 - 30 * i);
    }
    scratch_text("photos/dog/7.ppm", "P6 damaged");
    scratch_ppm("one-class/cat/1.ppm", 32, 32, 1);
    scratch_ppm("empty-class/cat/1.ppm", 32, 32, 1);
    scratch_ppm("empty-class/cat/2.ppm", 32, 32, 1);
    scratch_need(mkdir("empty-class/dog", 0777) == 0, "empty-class/dog");
}

/* Grey pictures of which a MiB holds one and not the other, and arrays likewise. */
static void make_large(void)
{
    static float zeros[600 * 600];
    static char bytes[16 + 600 * 600] = "P5 600 600 255 ";
    scratch_write("large.pgm", bytes, 15 + 600 * 600);
    memcpy(bytes, "P5 500 500 255 ", 15);
    scratch_write("lesser.pgm", bytes, 15 + 500 * 500);
    scratch_need(dat_npy_write("large.npy", zeros, 2, (size_t[]){600, 600}, NULL) == ENG_OK,
                 "large.npy");
}

/* ---- usage ---------------------------------------------------------------------------------- */

static void test_usage(void)
{
    static const char *const commands[] = {"demo",     "train",  "support", "predict", "explain",
                                           "evaluate", "report", "bench",   "inspect", "convert"};
    struct outcome r = run("--version");
    CHECK(succeeded(&r) && strncmp(r.out, "gad ", 4) == 0 && lines(r.out) == 1, "gad --version");
    r = run("predict --version");
    CHECK(succeeded(&r) && strncmp(r.out, "gad ", 4) == 0, "gad predict --version");
    r = run("--help");
    CHECK(succeeded(&r) && strstr(r.out, "usage: gad COMMAND"), "gad --help");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        CHECK(strstr(r.out, commands[i]), "gad --help names %s", commands[i]);
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        r = run("%s --help", commands[i]);
        CHECK(succeeded(&r) && strstr(r.out, "usage: gad ") && strstr(r.out, "examples:\n  gad ") &&
                  strstr(r.out, "--threads"),
              "gad %s --help", commands[i]);
    }
    r = run("");
    CHECK(r.status == 2 && strstr(r.err, "usage:") && !*r.out, "gad alone is wrong usage");
    REFUSED(2, "no command 'fly'", "fly");
    REFUSED(2, "no option --nosuch", "predict m.safetensors a.ppm --nosuch");
    REFUSED(2, "no option -x", "predict m.safetensors a.ppm -x");
    REFUSED(2, "lacks its value", "train " DATA " -o");
    REFUSED(2, "takes no value", "predict m.safetensors a.ppm --json=1");
    REFUSED(2, "--seed takes a number", "predict m.safetensors a.ppm --seed -1");
    REFUSED(2, "--epochs takes a number", "train " DATA " -o t --epochs two");
    REFUSED(2, "--epochs takes a number", "train " DATA " -o t --epochs 99999999999999999999");
    REFUSED(2, "--lr takes a number", "train " DATA " -o t --lr nan");
    REFUSED(2, "--lr takes a number", "train " DATA " -o t --lr 1e99");
    REFUSED(2, "needs MODEL IMAGE", "predict");
    REFUSED(2, "--size takes a number 1, 2, 3, ..., not '0'", "predict m a.ppm --size 0");
    REFUSED(2, "no command 'nosuch'", "help nosuch");
    r = run("help inspect");
    CHECK(succeeded(&r) && strstr(r.out, "usage: gad inspect FILE"), "gad help of a command");
    r = run("help");
    CHECK(succeeded(&r) && strstr(r.out, "usage: gad COMMAND"), "gad help");
    REFUSED(2, "a.ppm", "inspect m.safetensors a.ppm");
    REFUSED(2, "threads", "predict m.safetensors a.ppm --threads 5000");
    REFUSED(2, "scalar", "predict m.safetensors a.ppm --cpu z80");
    REFUSED(2, "use auto, f32, bf16x3 or bf16", "predict m.safetensors a.ppm --precision f16");
    REFUSED(2, "-o", "train " DATA);
    REFUSED(2, "-o", "support m.safetensors " DATA);
    REFUSED(2, "-o", "explain m.safetensors a.ppm");
    REFUSED(2, "--support", "evaluate m.safetensors " DATA " -o e");
    REFUSED(2, "resnet18", "train " DATA " -o t --arch alexnet");
    REFUSED(2, "width", "train " DATA " -o t --width 0");
    REFUSED(2, "sgd", "train " DATA " -o t --optim lion " TINY);
    REFUSED(2, "flip", "train " DATA " -o t --augment wild " TINY);
    REFUSED(2, "epochs", "train " DATA " -o t --epochs 0 " TINY);
    REFUSED(2, "forward", "bench --job fly");
    REFUSED(2, "saliency", "explain m.safetensors a.ppm -o e --methods voodoo");
    REFUSED(2, "cat (0), dog (1)", "explain m.safetensors a.ppm -o e --class bird");
    REFUSED(2, "alpha", "support m.safetensors " DATA " -o s --alpha -2");
    REFUSED(2, "alpha", "support m.safetensors " DATA " -o s --alpha 2,nan");
    REFUSED(2, "alpha", "support m.safetensors " DATA " -o s --alpha two");
    CHECK(!exists("t") && !exists("s") && !exists("t.checkpoint"), "wrong usage leaves no files");
    r = run("--json --seed 3 predict m.safetensors -- a.ppm");
    CHECK(succeeded(&r) && r.out[0] == '{', "options may stand before the command, and before --");
}

/* ---- predict -------------------------------------------------------------------------------- */

/* The model's outputs for a tensor, by the library alone. */
static void expect(float logits[2], const float *x, size_t height, size_t width)
{
    struct dat_model model;
    struct eng_exec exec;
    struct eng_tape *tape = NULL;
    const struct eng_tape_options shape = {.batch = 1, .height = height, .width = width};
    scratch_need(dat_model_read(&model, "m.safetensors", NULL, NULL) == ENG_OK &&
                     eng_exec_init(&exec, 1, NULL, NULL) == ENG_OK &&
                     eng_net_prepare(model.net, &exec, ENG_FOR_OUTPUT) == ENG_OK &&
                     eng_tape_new(&tape, model.net, &exec, &shape, NULL) == ENG_OK &&
                     eng_tape_forward(tape, x, 1) == ENG_OK,
                 "m.safetensors");
    memcpy(logits, eng_tape_output(tape), 2 * sizeof *logits);
    eng_tape_free(tape);
    dat_model_release(&model);
}

/* Line `number` of the output is about `image`, has these logits, and fits itself. */
static int line_is(const char *out, int number, const char *image, const float logits[2])
{
    struct dat_json *json = json_line(out, number);
    const struct dat_json_node *root = dat_json_root(json);
    const struct dat_json_node *y = dat_json_member(root, "logits");
    const struct dat_json_node *p = dat_json_member(root, "probabilities");
    const double p0 = number_of(dat_json_at(p, 0)), p1 = number_of(dat_json_at(p, 1));
    const double expected = 1 / (1 + exp((double)logits[1] - (double)logits[0]));
    const int ok = text_is(dat_json_member(root, "image"), image) && dat_json_count(y) == 2 &&
                   dat_json_count(p) == 2 && (float)number_of(dat_json_at(y, 0)) == logits[0] &&
                   (float)number_of(dat_json_at(y, 1)) == logits[1] && fabs(p0 - expected) < 1e-5 &&
                   fabs(p0 + p1 - 1) < 1e-5 &&
                   text_is(dat_json_member(root, "label"), cats_dogs[logits[1] > logits[0]]);
    dat_json_free(json);
    return ok;
}

static void test_predict(void)
{
    struct dat_preprocess square;
    struct dat_image photo;
    struct dat_npy npy;
    float x[3 * 32 * 32], y[2], a[2];
    dat_preprocess_init_square(&square, 32);
    scratch_need(dat_photo_read(&photo, "a.ppm", NULL, NULL) == ENG_OK &&
                     dat_preprocess_run(x, &square, &photo) == ENG_OK,
                 "a.ppm");
    dat_image_release(&photo);
    expect(a, x, 32, 32);
    struct outcome r = run("predict m.safetensors a.ppm c.png b.ppm --json");
    CHECK(succeeded(&r) && lines(r.out) == 3 && line_is(r.out, 0, "a.ppm", a) &&
              line_is(r.out, 1, "c.png", a),
          "a photo's outputs are those of the library, to the bit");
    scratch_need(dat_npy_write("a.npy", x, 3, (size_t[]){3, 32, 32}, NULL) == ENG_OK, "a.npy");
    r = run("predict m.safetensors three.npy a.npy b.ppm --json");
    CHECK(succeeded(&r) && lines(r.out) == 5 && line_is(r.out, 3, "a.npy", a),
          "a tensor in a .npy file is taken as it is");
    scratch_need(dat_npy_read(&npy, "three.npy", NULL, NULL) == ENG_OK, "three.npy");
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "three.npy[%zu]", i);
        expect(y, npy.data + i * 3 * 40 * 36, 40, 36);
        CHECK(line_is(r.out, (int)i, name, y), "%s, of another size, has its own outputs", name);
    }
    dat_npy_release(&npy);

    r = run("predict m.safetensors a.ppm b.ppm");
    CHECK(succeeded(&r) && lines(r.out) == 3 && strstr(r.out, "label") &&
              strstr(r.out, "\na.ppm ") && strstr(r.out, "\nb.ppm "),
          "a table for people");

    make_large();
    r = run("predict m.safetensors large.pgm lesser.pgm large.npy --json --file-memory 1");
    CHECK(r.status == 1 && lines(r.err) == 2 && lines(r.out) == 1 && strstr(r.out, "lesser.pgm") &&
              strstr(r.err, "gad: large.pgm: decoding it takes 2 MiB, more than the limit of 1; "
                            "raise --file-memory\n") &&
              strstr(r.err, "gad: large.npy: decoding it takes 2 MiB"),
          "files beyond --file-memory are named, and the others done");
    REFUSED(2, "--file-memory is beyond",
            "predict m.safetensors a.ppm --file-memory 99999999999999");

    r = run(
        "predict m.safetensors cut.ppm a.ppm cut.png text.jpg empty.png nosuch.png empty-class/dog "
        "flat.npy "
        "cut.npy nan.npy c.png --json");
    static const char *const bad[] = {"cut.ppm",   "cut.png",    "text.jpg",
                                      "empty.png", "nosuch.png", "empty-class/dog",
                                      "flat.npy",  "cut.npy",    "nan.npy[1]"};
    CHECK(r.status == 1 && lines(r.err) == 9 && lines(r.out) == 4 &&
              line_is(r.out, 0, "a.ppm", a) && line_is(r.out, 3, "c.png", a),
          "bad images among good ones are named, and the good ones done");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char prefix[64];
        snprintf(prefix, sizeof prefix, "gad: %s: ", bad[i]);
        CHECK(strstr(r.err, prefix), "%s gets a line", bad[i]);
    }

    r = run("predict m.safetensors cut.ppm nosuch.png");
    CHECK(r.status == 1 && lines(r.out) == 0, "no table of no answers");
    REFUSED(1, "m2.safetensors: ", "predict m2.safetensors a.ppm");
    REFUSED(1, "a.ppm: ", "predict a.ppm a.ppm");
    REFUSED(1, "nearly a resnet18: 1 missing (layer1.0.conv1.weight);",
            "predict missing.safetensors a.ppm");
    REFUSED(1, "layer1.0.conv1.weight is [1, 8, 3, 3]", "predict misshapen.safetensors a.ppm");
    REFUSED(1, "NaN", "predict poisoned.safetensors a.ppm");
    REFUSED(1, "layer1.0.bn1.running_var has a variance below zero at element 3",
            "predict negative.safetensors a.ppm");
    r = run("predict huge.safetensors a.ppm c.png --json");
    CHECK(r.status == 1 && !*r.out && lines(r.err) == 2 &&
              strstr(r.err, "gad: a.ppm: the net's output is not a finite number"),
          "outputs that are no numbers are no answer");
    r = run("explain huge.safetensors a.ppm -o huge --methods saliency");
    CHECK(r.status == 1 && lines(r.err) == 1 && strstr(r.err, "a.ppm: "), "nor do they explain");
    r = run("predict foreign.safetensors one.npy --json");
    CHECK(succeeded(&r) && strstr(r.out, "\"class "), "weights without metadata are usable");
    r = run("predict vgg.safetensors one.npy a.ppm --json");
    CHECK(succeeded(&r) && lines(r.out) == 2, "VGG16 predicts");
    for (size_t length = 0; length < 200; length += length < 16 ? 3 : 41) {
        cut_file("m.safetensors", "cut.safetensors", length);
        REFUSED(1, "cut.safetensors: ", "predict cut.safetensors a.ppm");
        REFUSED(1, "cut.safetensors: ", "inspect cut.safetensors");
    }
}

/* ---- inspect -------------------------------------------------------------------------------- */

static const struct dat_json_node *find_tensor(const struct dat_json *json, const char *name)
{
    const struct dat_json_node *t = dat_json_first(dat_json_member(dat_json_root(json), "tensors"));
    while (t && !text_is(dat_json_member(t, "name"), name))
        t = dat_json_next(t);
    return t;
}

static void test_inspect(void)
{
    struct dat_model model;
    scratch_need(dat_model_read(&model, "m.safetensors", NULL, NULL) == ENG_OK, "m.safetensors");
    struct outcome r = run("inspect m.safetensors --json");
    struct dat_json *json = json_line(r.out, 0);
    const struct dat_json_node *root = dat_json_root(json);
    CHECK(succeeded(&r) && lines(r.out) == 1 &&
              text_is(dat_json_member(root, "format"), "safetensors") &&
              text_is(dat_json_member(root, "arch"), "resnet18") &&
              text_is(dat_json_member(dat_json_member(root, "metadata"), "classes"),
                      "[\"cat\",\"dog\"]") &&
              dat_json_count(dat_json_member(root, "tensors")) == 122,
          "inspect --json of a model");
    const struct eng_param *p = eng_net_param_find(model.net, "layer1.0.conv1.weight");
    const size_t count = eng_shape_count(&p->shape);
    double min = INFINITY, max = -INFINITY, sum = 0;
    for (size_t i = 0; i < count; i++) {
        min = fmin(min, (double)p->value[i]);
        max = fmax(max, (double)p->value[i]);
        sum += (double)p->value[i];
    }
    const struct dat_json_node *t = find_tensor(json, p->name);
    const struct dat_json_node *shape = dat_json_member(t, "shape");
    CHECK(text_is(dat_json_member(t, "dtype"), "F32") && dat_json_count(shape) == 4 &&
              number_of(dat_json_at(shape, 0)) == 8 && number_of(dat_json_at(shape, 3)) == 3 &&
              number_of(dat_json_member(t, "min")) == min &&
              number_of(dat_json_member(t, "max")) == max &&
              fabs(number_of(dat_json_member(t, "mean")) - sum / (double)count) < 1e-9 &&
              number_of(dat_json_member(t, "nan")) == 0,
          "a tensor's type, shape and range");
    dat_json_free(json);

    r = run("inspect poisoned.safetensors --json");
    json = json_line(r.out, 0);
    t = find_tensor(json, p->name);
    CHECK(succeeded(&r) && number_of(dat_json_member(t, "nan")) == 1 &&
              number_of(dat_json_member(t, "max")) == max,
          "a NaN is counted, and the rest has its range");
    dat_json_free(json);
    dat_model_release(&model);

    r = run("inspect missing.safetensors --json");
    json = json_line(r.out, 0);
    CHECK(succeeded(&r) &&
              dat_json_type(dat_json_member(dat_json_root(json), "arch")) == DAT_JSON_NULL,
          "no architecture is null");
    const struct dat_json_node *near = dat_json_member(dat_json_root(json), "nearest");
    const struct dat_json_node *missing = dat_json_member(near, "missing");
    const struct dat_json_node *only = dat_json_at(missing, 0);
    CHECK(text_is(dat_json_member(near, "arch"), "resnet18") && dat_json_count(missing) == 1 &&
              number_of(dat_json_member(near, "width")) == 0.125 &&
              dat_json_type(dat_json_member(near, "map")) == DAT_JSON_NULL &&
              dat_json_count(dat_json_member(near, "misshapen")) == 0 &&
              dat_json_count(dat_json_member(near, "unexpected")) == 0 &&
              text_is(dat_json_member(only, "name"), "layer1.0.conv1.weight") &&
              number_of(dat_json_at(dat_json_member(only, "wanted"), 2)) == 3,
          "and the nearest is there, with what is missing");
    dat_json_free(json);
    r = run("inspect misshapen.safetensors");
    CHECK(succeeded(&r) && strstr(r.out, "beside a ResNet18 of width 0.125") &&
              strstr(r.out, "  misshapen   layer1.0.conv1.weight") &&
              strstr(r.out, "[1, 8, 3, 3], not [8, 8, 3, 3]\n"),
          "inspect lists what differs");
    r = run("inspect missing.safetensors");
    CHECK(succeeded(&r) && strstr(r.out, "not recognised: nearly a resnet18: 1 missing ("),
          "and people are told why");
    r = run("inspect m.safetensors");
    CHECK(succeeded(&r) && strstr(r.out, "ResNet18, width 0.125, 2 classes") &&
              strstr(r.out, "fc.bias") && strstr(r.out, "[8,8,3,3]"),
          "inspect for people");
    r = run("inspect three.npy --json");
    json = json_line(r.out, 0);
    t = dat_json_at(dat_json_member(dat_json_root(json), "tensors"), 0);
    CHECK(succeeded(&r) && text_is(dat_json_member(dat_json_root(json), "format"), "npy") &&
              dat_json_count(dat_json_member(t, "shape")) == 4,
          "inspect of a .npy file");
    dat_json_free(json);
    REFUSED(1, "cut.npy: ", "inspect cut.npy");
    scratch_text("text.pth", "abc");
    REFUSED(1, "text.pth: this is no file of PyTorch's", "inspect text.pth");
    static const char evil[] = "\x80\2cposix\nsystem\nX\x0a\0\0\0touch done\x85R.";
    scratch_write("evil.pth", evil, sizeof evil - 1);
    REFUSED(1, "evil.pth: the pickle names posix.system", "inspect evil.pth");
    REFUSED(1, "evil.pth: the pickle names posix.system", "predict evil.pth a.ppm");
    CHECK(!exists("done"), "and nothing was run");
    REFUSED(1, "text.jpg: ", "inspect text.jpg");
    REFUSED(1, "nosuch: ", "inspect nosuch");
    REFUSED(1, "x: it is a folder", "inspect x");
}

/* ---- other names ---------------------------------------------------------------------------- */

/* A model whose tensors have other names works wherever --map gives them theirs. */
static void test_map(void)
{
    static const char maps[] = "--map net.*=* --map head.*=fc.*";
    static const char evaluate[] =
        "evaluate %s synthetic:cats-dogs,count=24 -o mapped-results --support mapped-supports "
        "--methods saliency --images 2 --quiet %s";
    struct outcome r = run("predict m.safetensors a.ppm --json");
    char *expected = strdup(r.out);
    r = run("convert m.safetensors mapped.pth --map *=net.* --map net.fc.*=head.* --quiet");
    CHECK(succeeded(&r), "convert writes other names");
    REFUSED(1, "give --map 'net.*=*,head.*=fc.*'", "predict mapped.pth a.ppm");
    r = run("predict mapped.pth a.ppm --json %s", maps);
    CHECK(succeeded(&r) && strcmp(r.out, expected) == 0, "predict --map predicts the same");
    r = run("predict mapped.pth a.ppm --json --map net.*=*,head.*=fc.*");
    CHECK(succeeded(&r) && strcmp(r.out, expected) == 0, "with a comma, too");
    r = run("inspect mapped.pth");
    CHECK(succeeded(&r) && strstr(r.out, "not recognised") &&
              strstr(r.out, "give --map 'net.*=*,head.*=fc.*'\n"),
          "inspect says which");
    r = run("inspect mapped.pth %s", maps);
    CHECK(succeeded(&r) && strstr(r.out, "ResNet18, width 0.125, 2 classes"), "and with it");
    r = run("explain mapped.pth a.ppm -o mapped-maps --methods saliency %s", maps);
    CHECK(succeeded(&r) && exists("mapped-maps/a/saliency.class0.png"), "explain --map");
    r = run("support mapped.pth synthetic:cats-dogs,count=24 -o mapped-supports --alpha 2 "
            "--epochs 1 --images 4 --quiet %s",
            maps);
    CHECK(succeeded(&r) && exists("mapped-supports/alpha2.safetensors"), "support --map");
    REFUSED(1, "mapped.pth: ", evaluate, "mapped.pth", "");
    r = run(evaluate, "mapped.pth", maps);
    CHECK(succeeded(&r) && exists("mapped-results/report.html"), "evaluate --map");
    r = run("train synthetic:cats-dogs,count=24 -o tuned.safetensors --width 0.125 --size 32 "
            "--epochs 1 --init mapped.pth --quiet %s",
            maps);
    CHECK(succeeded(&r) && exists("tuned.safetensors"), "train --init --map");
    r = run("convert mapped.pth again.safetensors --quiet %s", maps);
    CHECK(succeeded(&r) && same_files("again.safetensors", "m.safetensors"),
          "and back to the same file");
    free(expected);

    r = run("convert m.safetensors short.npz --map layer*= --map *.num_batches_tracked=");
    CHECK(succeeded(&r) && strstr(r.out, ": 7 tensors, "), "an empty name leaves tensors out");
    static const char nothing[] = "m.safetensors: no tensor matches 'nett.*'; there is '";
    REFUSED(2, nothing, "predict m.safetensors a.ppm --map nett.*=*");
    REFUSED(2, nothing, "inspect m.safetensors --map nett.*=*");
    REFUSED(2, nothing, "convert m.safetensors no.npz --map nett.*=*");
    REFUSED(2, "'bn1.bias' and 'fc.bias' would both be called 'fc.bias'",
            "convert m.safetensors no.npz --map bn1.bias=fc.bias");
    REFUSED(2, "--map: 'net' renames nothing", "predict m.safetensors a.ppm --map net");
    REFUSED(2, "--map: 'a=*' has 0 *", "explain m.safetensors a.ppm -o no --map a=*");
    REFUSED(2, "--init FILE", "train synthetic:cats-dogs,count=24 -o no --map a=b");
    REFUSED(2, "lacks its value", "inspect m.safetensors --map");
    CHECK(!exists("no.npz"), "and nothing is written");
}

/* ---- convert -------------------------------------------------------------------------------- */

/* A model there and back, by way of every format, is the same file, and works on the way. */
static void test_convert(void)
{
    static const char *const endings[] = {"pth", "pt", "npz"};
    struct outcome r = run("predict m.safetensors a.ppm --json");
    char *expected = strdup(r.out);
    for (int i = 0; i < 3; i++) {
        r = run("convert m.safetensors n.%s", endings[i]);
        CHECK(succeeded(&r) && strstr(r.out, ": 122 tensors, "), "convert to .%s", endings[i]);
        r = run("predict n.%s a.ppm --json", endings[i]);
        CHECK(succeeded(&r) && strcmp(r.out, expected) == 0, "which predicts the same");
        r = run("inspect n.%s --json", endings[i]);
        struct dat_json *json = json_line(r.out, 0);
        const struct dat_json_node *root = dat_json_root(json);
        CHECK(succeeded(&r) && text_is(dat_json_member(root, "format"), i == 2 ? "npz" : "torch") &&
                  text_is(dat_json_member(root, "arch"), "resnet18") &&
                  text_is(dat_json_member(dat_json_member(root, "metadata"), "classes"),
                          "[\"cat\",\"dog\"]") &&
                  dat_json_count(dat_json_member(root, "tensors")) == 122,
              "and is inspected");
        dat_json_free(json);
        r = run("convert n.%s n.safetensors", endings[i]);
        CHECK(succeeded(&r) && same_files("n.safetensors", "m.safetensors"), "and back");
    }
    free(expected);

    r = run("convert m.safetensors half.pth --dtype f16 --json");
    struct dat_json *json = json_line(r.out, 0);
    CHECK(succeeded(&r) && text_is(dat_json_member(dat_json_root(json), "output"), "half.pth") &&
              number_of(dat_json_member(dat_json_root(json), "tensors")) == 122,
          "convert --dtype f16 --json");
    dat_json_free(json);
    r = run("inspect half.pth --json");
    json = json_line(r.out, 0);
    CHECK(
        text_is(dat_json_member(find_tensor(json, "fc.weight"), "dtype"), "F16") &&
            text_is(dat_json_member(find_tensor(json, "bn1.num_batches_tracked"), "dtype"), "I64"),
        "numbers become narrow, counters do not");
    dat_json_free(json);
    const struct dat_safetensors_entry large = {.name = "a",
                                                .dtype = DAT_F32,
                                                .rank = 1,
                                                .dim = {2},
                                                .bytes = (float[]){1e6f, NAN},
                                                .size = 8};
    scratch_need(!dat_safetensors_write("large.safetensors", &large, 1, NULL, 0, NULL), "large");
    r = run("convert large.safetensors large.npz --dtype f16");
    CHECK(r.status == 0 && strstr(r.err, "1 numbers are beyond the range"), "infinities are told");
    /* From nn.DataParallel, with an optimiser, arguments, a date, a path and figures of NumPy's. */
    static const char *const from[] = {"checkpoint.pth", "checkpoint-legacy.pth"};
    for (int i = 0; i < 2; i++) {
        r = run("convert %s/tests/fuzz/corpus/tensors/%s weights.npz", program_home, from[i]);
        CHECK(r.status == 0 && strstr(r.err, "the state_dict, 5 of 9 tensors; --all") &&
                  strstr(r.out, "weights.npz: 4 tensors, 28 numbers"),
              "%s: the net alone", from[i]);
        r = run("inspect weights.npz --json");
        json = json_line(r.out, 0);
        CHECK(find_tensor(json, "fc.weight") && find_tensor(json, "conv.bias") &&
                  dat_json_count(dat_json_member(dat_json_root(json), "tensors")) == 4,
              "by its names without module.");
        dat_json_free(json);
        r = run("convert %s/tests/fuzz/corpus/tensors/%s all.npz --all --json", program_home,
                from[i]);
        json = json_line(r.out, 0);
        CHECK(succeeded(&r) && !*r.err &&
                  number_of(dat_json_member(dat_json_root(json), "tensors")) == 9 &&
                  number_of(dat_json_member(dat_json_root(json), "left_out")) == 0,
              "and with --all everything");
        dat_json_free(json);
    }
    REFUSED(2, "no type 'f8'", "convert m.safetensors n.pth --dtype f8");
    REFUSED(2, "n.bin: its ending tells no format", "convert m.safetensors n.bin");
    REFUSED(2, "needs IN OUT", "convert m.safetensors");
    REFUSED(1, "elements of type BF16", "convert m.safetensors bf.npz --dtype bf16");
    REFUSED(1, "no/n.pth: ", "convert m.safetensors no/n.pth");
    REFUSED(1, "cut.npy: ", "convert cut.npy n.npz");
    CHECK(!exists("bf.npz") && !exists("n.bin"), "nothing is left of what failed");
}

/* ---- train ---------------------------------------------------------------------------------- */

static void test_train(void)
{
    struct outcome r = run("train photos -o photos.safetensors --epochs 1 " TINY);
    CHECK(r.status == 0 && lines(r.err) == 1 && strstr(r.err, "gad: photos/dog/7.ppm: ") &&
              strstr(r.out, "photos.safetensors: ") && strstr(r.out, "damaged images left out: 1"),
          "training names a damaged image and goes on without it");
    REFUSED(1,
            "photos/dog/7.ppm: ", "train photos -o strict.safetensors --epochs 1 --strict " TINY);
    r = run("train photos -o photos.safetensors --epochs 1 --json --holdout 0 " TINY);
    struct dat_json *json = json_line(r.out, 0);
    const struct dat_json_node *root = dat_json_root(json);
    CHECK(r.status == 0 && lines(r.out) == 1 &&
              text_is(dat_json_member(root, "file"), "photos.safetensors") &&
              dat_json_type(dat_json_member(root, "held_out_accuracy")) == DAT_JSON_NULL &&
              number_of(dat_json_member(root, "skipped")) == 1,
          "train --json");
    dat_json_free(json);
    r = run("predict photos.safetensors photos/cat/1.ppm");
    CHECK(succeeded(&r), "what was trained can be used");

    REFUSED(1, "nosuch: ", "train nosuch -o t " TINY);
    REFUSED(1, "one-class", "train one-class -o t " TINY);
    REFUSED(1, "empty-class", "train empty-class -o t " TINY);
    REFUSED(1, "nosuch/t", "train " DATA " -o nosuch/t --epochs 1 " TINY);
    REFUSED(1, "a.ppm/t", "train " DATA " -o a.ppm/t --epochs 1 " TINY);
    REFUSED(1, "vgg.safetensors: ", "train " DATA " -o t --init vgg.safetensors " TINY);
    REFUSED(1,
            "m.safetensors: ", "train " DATA " -o t --init m.safetensors --size 32 --width 0.25");
    REFUSED(1, "--lr", "train " DATA " -o t --lr 1e30 --epochs 4 --optim sgd " TINY);
    r = run_in((struct setting){.limit = 20000},
               "train " DATA " -o full.safetensors --epochs 1 " TINY);
    CHECK(refused(&r, 1, "full.safetensors") && strstr(r.err, "make room") &&
              !exists("full.safetensors") && !exists("full.safetensors.checkpoint"),
          "a full disk is one line, and leaves nothing half written");
    CHECK(!exists("t"), "what fails leaves no model");
    r = run("train " DATA " -o quiet.safetensors --epochs 1 --quiet " TINY);
    CHECK(succeeded(&r) && !*r.out, "train --quiet says nothing");
    r = run("train " DATA " -o two.safetensors --epochs 1 --quiet --threads 2 " TINY);
    CHECK(succeeded(&r) && same_files("quiet.safetensors", "two.safetensors"),
          "two threads make the same file as one");
    r = run("train " DATA " -o seed.safetensors --epochs 1 --quiet --seed 1 " TINY);
    CHECK(succeeded(&r) && !same_files("quiet.safetensors", "seed.safetensors"),
          "another seed makes another");
}

/* Starts the training, and sends the signal once it has kept an epoch. */
static struct outcome interrupt(const char *command, int signal_number)
{
    const pid_t pid = run_behind("%s", command);
    const struct timespec pause = {0, 500000};
    struct stat before, now;
    const int kept = stat("r.safetensors.checkpoint", &before) == 0;
    for (int i = 0; i < 60000; i++) { /* a new one, if there was one already */
        if (stat("r.safetensors.checkpoint", &now) == 0 &&
            (!kept || now.st_ino != before.st_ino || now.st_mtim.tv_nsec != before.st_mtim.tv_nsec))
            break;
        nanosleep(&pause, NULL);
    }
    kill(pid, signal_number);
    return finish(pid);
}

static void test_resume(void)
{
    const char *command = "train " DATA " -o r.safetensors --epochs 12 --quiet " TINY;
    struct outcome r = run("train " DATA " -o whole.safetensors --epochs 12 --quiet " TINY);
    CHECK(succeeded(&r) && !exists("whole.safetensors.checkpoint"),
          "a training that ends leaves no checkpoint");
    r = interrupt(command, SIGINT);
    CHECK(r.status == 1 && strstr(r.err, "gad: interrupted") && strstr(r.err, "goes on") &&
              !exists("r.safetensors") && exists("r.safetensors.checkpoint"),
          "Ctrl-C ends a training and keeps what is done");
    REFUSED(1, "r.safetensors.checkpoint: ",
            "train " DATA " -o r.safetensors --epochs 12 --lr 0.001 --quiet " TINY);
    r = interrupt(command, SIGKILL);
    CHECK(r.status == -SIGKILL && !exists("r.safetensors"), "and so does sudden death");
    r = run("%s", command);
    CHECK(succeeded(&r) && same_files("r.safetensors", "whole.safetensors"),
          "what is resumed twice ends with the bits of what was never interrupted");
    CHECK(!exists("r.safetensors.checkpoint"), "and takes its checkpoint away");
}

/* ---- support, explain, evaluate, report ----------------------------------------------------- */

static void test_support(void)
{
    struct outcome r = run("support m.safetensors " DATA
                           " -o s --alpha 2,4:6 --epochs 1 --batch 8");
    CHECK(succeeded(&r) && exists("s/alpha2.safetensors") && exists("s/alpha4-6.safetensors"),
          "a support for each alpha");
    cut_file("s/alpha2.safetensors", "before.safetensors", (size_t)-1);
    r = run("support m.safetensors " DATA " -o s --alpha 2,4:6 --epochs 1 --batch 8");
    CHECK(succeeded(&r) && same_files("s/alpha2.safetensors", "before.safetensors"),
          "what is done is kept");
    REFUSED(1, "alpha2.safetensors",
            "support other.safetensors " DATA " -o s --alpha 2 --epochs 1 --batch 8");
    static const char *const others[] = {"--split-seed 1", "--holdout 0.3", "--mean 0.5,0.5,0.5",
                                         "--seed 1", "--precision bf16"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        REFUSED(1, "alpha2.safetensors: is there already, of another original, data or settings",
                "support m.safetensors " DATA " -o s --alpha 2 --epochs 1 --batch 8 %s", others[i]);
    REFUSED(1, "alpha2.safetensors", /* a name that another alpha has */
            "support m.safetensors " DATA " -o s --alpha 2.000001 --epochs 1 --batch 8");
    REFUSED(1, "s/", "explain other.safetensors a.ppm -o e --support s --steps 2");
    REFUSED(1, "s/", "evaluate other.safetensors " DATA " -o e --support s --steps 2");
    REFUSED(1, "photos", "explain m.safetensors a.ppm -o e --support photos");
    REFUSED(1, "a.ppm/s", "support m.safetensors " DATA " -o a.ppm/s --epochs 1");
    REFUSED(1, "nosuch", "support nosuch " DATA " -o s");
    REFUSED(2, "--train-zero", "support m.safetensors " DATA " -o s0 --alpha 0");
    REFUSED(2, "learning rate", "support m.safetensors " DATA " -o s0 --lr -1");
    r = run("support m.safetensors " DATA " -o s0 --alpha 0,2 --epochs 1 --batch 8 --json");
    CHECK(succeeded(&r) && strstr(r.out, "\"alphas\":[\"2\"]") && !exists("s0/alpha0.safetensors"),
          "alpha 0 is not trained, nor counted");
}

static void test_explain(void)
{
    static const char *const methods[] = {"saliency", "deconv", "gradxinput", "guided", "ig"};
    struct outcome r = run("explain m.safetensors three.npy x/same.ppm y/same.ppm -o out --npy "
                           "--steps 4 --support s --quiet");
    CHECK(succeeded(&r) && !*r.out, "explain with supports");
    static const char *const folders[] = {"three.0", "three.1", "three.2", "same", "same-2"};
    for (size_t f = 0; f < 5; f++) {
        const size_t height = f < 3 ? 40 : 32, width = f < 3 ? 36 : 32;
        int numbers = 0, maps = 0, pictures = 0;
        for (size_t m = 0; m < 10; m++) {
            struct dat_npy npy;
            struct dat_image picture;
            static const char *const endings[] = {"png",     "overlay.png",     "hulls.png",
                                                  "gad.png", "gad.overlay.png", "gad.png"};
            char path[96];
            const char *method = methods[m / 2];
            snprintf(path, sizeof path, "out/%s/%s.class%zu.npy", folders[f], method, m % 2);
            if (dat_npy_read(&npy, path, NULL, NULL) == ENG_OK) {
                int fine = npy.rank == 3 && npy.dim[0] == 3 && npy.dim[1] == height &&
                           npy.dim[2] == width;
                for (size_t i = 0; fine && i < 3 * height * width; i++)
                    fine = isfinite(npy.data[i]) && (m / 2 != 0 || npy.data[i] >= 0);
                numbers += fine;
                dat_npy_release(&npy);
            }
            snprintf(path, sizeof path, "out/%s/%s.class%zu.gad.npy", folders[f], method, m % 2);
            if (dat_npy_read(&npy, path, NULL, NULL) == ENG_OK) {
                maps += npy.rank == 2 && npy.dim[0] == height && npy.dim[1] == width;
                dat_npy_release(&npy);
            }
            for (size_t e = 0; e < 5; e++) {
                snprintf(path, sizeof path, "out/%s/%s.class%zu.%s", folders[f], method, m % 2,
                         endings[e]);
                if (dat_photo_read(&picture, path, NULL, NULL) == ENG_OK) {
                    pictures += picture.width % width == 0 && picture.height % height == 0;
                    dat_image_release(&picture);
                }
            }
        }
        CHECK(numbers == 10 && maps == 10 && pictures == 50,
              "%s: %d attributions, %d maps of GAD, %d pictures", folders[f], numbers, maps,
              pictures);
    }
    r = run("explain m.safetensors cut.png a.ppm nosuch.png -o bad --methods saliency --class dog "
            "--methods saliency --quiet");
    CHECK(r.status == 1 && lines(r.err) == 2 && strstr(r.err, "gad: cut.png: ") &&
              strstr(r.err, "gad: nosuch.png: ") && exists("bad/a/saliency.class1.png") &&
              !exists("bad/a/saliency.class0.png") && !exists("bad/a/saliency.class1.npy"),
          "bad images among good ones are named, and the good one explained");
    REFUSED(1, "b.ppm", "explain m.safetensors b.ppm -o a.ppm/out --methods saliency");
    r = run_in((struct setting){.limit = 4000},
               "explain m.safetensors b.ppm -o full --methods saliency --npy");
    CHECK(refused(&r, 1, "make room"), "a full disk is one line");
}

/* Names of classes come from a file, and a terminal obeys what it is told. */
static void test_names(void)
{
    static const char *const hostile[] = {"\33[31mred", "bell\a\302\233"};
    struct dat_model model;
    scratch_need(dat_model_read(&model, "m.safetensors", NULL, NULL) == ENG_OK, "m.safetensors");
    for (size_t i = 0; i < 2; i++) {
        free(model.class_names[i]);
        model.class_names[i] = strdup(hostile[i]);
        scratch_need(model.class_names[i] != NULL, hostile[i]);
    }
    scratch_need(dat_model_write(&model, "names.safetensors", NULL) == ENG_OK, "names.safetensors");
    dat_model_release(&model);
    const struct outcome r = run("predict names.safetensors a.ppm");
    CHECK(succeeded(&r) && strstr(r.out, "?[31mred") && strstr(r.out, "bell??") &&
              !strpbrk(r.out, "\33\a\302\233"),
          "class names are printed without what a terminal would obey");
}

static void test_evaluate(void)
{
    static const char *const files[] = {"e/evaluate.json", "e/table1.csv",    "e/table2.csv",
                                        "e/totals.csv",    "e/per_image.csv", "e/report.html"};
    struct outcome r = run("evaluate m.safetensors " DATA
                           " -o e --support s --images 2 --methods saliency,ig --steps 2"
                           " --classes cat=cat*,dog=dog");
    CHECK(succeeded(&r) && strstr(r.out, "Table 1") && strstr(r.out, "Table 2"),
          "evaluate prints the tables");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        CHECK(exists(files[i]), "%s", files[i]);
    if (exists("e/evaluate.json")) {
        char *text = slurp("e/evaluate.json"), *rows = slurp("e/table1.csv");
        struct dat_json *json = NULL;
        CHECK(dat_json_parse(&json, text, strlen(text), NULL) == ENG_OK &&
                  dat_json_type(dat_json_root(json)) == DAT_JSON_OBJECT,
              "evaluate.json is JSON");
        const char *command = dat_json_string(dat_json_member(dat_json_root(json), "command"));
        CHECK(command && strstr(command, " 'cat=cat*,dog=dog'"),
              "and has the command as a shell takes it: %s", command ? command : "none");
        CHECK(lines(rows) == 5, "table1.csv has a line for each class and method");
        dat_json_free(json);
        free(text);
        free(rows);
    }
    remove("e/report.html");
    r = run("report e");
    CHECK(succeeded(&r) && exists("e/report.html"), "report writes the page again");
    REFUSED(1, "photos", "report photos");
    REFUSED(1, "nosuch", "evaluate m.safetensors nosuch -o e2 --support s");
    REFUSED(2, "--memory",
            "evaluate m.safetensors " DATA " -o e2 --support s --memory 17592186044416");
    REFUSED(2, "FILE.npy", "evaluate m.safetensors " DATA " -o e2 --support s --baseline tensor");
    REFUSED(2, "black, zero, mean",
            "evaluate m.safetensors " DATA " -o e2 --support s --occlude tensor");
    REFUSED(2, "hold out", "evaluate m.safetensors " DATA " -o e2 --support s --holdout 7");

    static const char lost[] = "evaluate %s " DATA " -o e3 --support s --images 2 "
                               "--methods saliency,ig --steps %d --quiet";
    scratch_need(mkdir("e3", 0777) == 0 && mkdir("e3/table1.csv", 0777) == 0, "e3/table1.csv");
    REFUSED(1, "e3/table1.csv: it is a folder", lost, "m.safetensors", 2);
    CHECK(exists("e3/evaluate.partial"), "what was computed stays where it cannot be written");
    REFUSED(1, "e3/evaluate.partial: was left by another evaluation", lost, "m.safetensors", 3);
    scratch_need(rmdir("e3/table1.csv") == 0, "e3/table1.csv");
    r = run(lost, "m.safetensors", 2);
    CHECK(succeeded(&r) && same_files("e3/table1.csv", "e/table1.csv") &&
              !exists("e3/evaluate.partial"),
          "and is written by the same command later");

    struct dat_model model;
    static const char deep[] =
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
        "]]]]]]]]";
    scratch_need(dat_model_read(&model, "m.safetensors", NULL, NULL) == ENG_OK &&
                     dat_model_set_note(&model, "training_log", "%s", deep) == ENG_OK &&
                     dat_model_write(&model, "deep.safetensors", NULL) == ENG_OK,
                 "deep.safetensors");
    dat_model_release(&model);
    r = run(lost, "deep.safetensors", 2);
    CHECK(succeeded(&r), "a training log that is none is passed over");

    r = run("evaluate m.safetensors photos -o e4 --support s --holdout 0.9 --split-seed 1 "
            "--methods saliency --quiet");
    char *rows = slurp("e4/per_image.csv");
    size_t damaged = 0, uneven = 0;
    for (char *row = strtok(rows, "\n"); row; row = strtok(NULL, "\n")) {
        size_t commas = 0;
        for (const char *at = row; *at; at++)
            commas += *at == ',';
        uneven += commas != 21;
        damaged += strstr(row, "7.ppm") && strstr(row, ",damaged,");
    }
    CHECK(r.status == 0 && damaged == 1 && !uneven,
          "per_image.csv has all columns in every row, a damaged image's, too");
    free(rows);
}

/* ---- bench ---------------------------------------------------------------------------------- */

static void test_bench(void)
{
    static const char *const jobs[] = {"forward", "input-gradient", "attribution", "train"};
    struct eng_exec exec;
    scratch_need(eng_exec_init(&exec, 1, NULL, NULL) == ENG_OK, "an exec");
    const char *fastest = eng_exec_arithmetic(&exec);
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        const struct outcome r = run(
            "bench --job %s --size 32 --width 0.125 --batch 2 --runs 2 --json", jobs[i]);
        struct dat_json *json = json_line(r.out, 0);
        const struct dat_json_node *root = dat_json_root(json);
        const double rate = number_of(dat_json_member(root, "images_per_second"));
        CHECK(succeeded(&r) && lines(r.out) == 1 &&
                  text_is(dat_json_member(root, "job"), jobs[i]) && rate > 0 && isfinite(rate) &&
                  fabs(number_of(dat_json_member(root, "ms_per_image")) * rate - 1000) < 1e-3 &&
                  number_of(dat_json_member(root, "gflops")) > 0 &&
                  number_of(dat_json_member(root, "peak_rss_mb")) > 1 &&
                  number_of(dat_json_member(root, "threads")) == 1 &&
                  text_is(dat_json_member(root, "precision"), fastest) &&
                  dat_json_string(dat_json_member(root, "cpu")) &&
                  dat_json_string(dat_json_member(root, "compiler")) &&
                  dat_json_string(dat_json_member(root, "commit")),
              "bench --job %s --json", jobs[i]);
        dat_json_free(json);
    }
    const struct outcome r = run("bench --size 32 --width 0.125 --arch vgg16 --batch 1 --runs 1");
    CHECK(succeeded(&r) && strstr(r.out, "VGG16") && strstr(r.out, "GFLOP/s"), "bench for people");
    REFUSED(1, "8x8", "bench --size 8 --arch vgg16 --width 0.1");
    REFUSED(2, "runs", "bench --runs 0");
}

static void test_full_output(void)
{
    if (!exists("/dev/full")) {
        tap_skip("a full standard output: there is no /dev/full");
        return;
    }
    char command[1200];
    snprintf(command, sizeof command, "'%s' inspect m.safetensors >/dev/full 2>stderr", program);
    const int status = system(command);
    char *err = slurp("stderr");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1 && lines(err) == 1 &&
              strstr(err, "gad: standard output"),
          "output that cannot be written is an error");
    free(err);
}

int main(void)
{
    if (!program_begin())
        return tap_done();
    make_files();
    test_usage();
    test_predict();
    test_inspect();
    test_map();
    test_convert();
    test_train();
    test_resume();
    test_support();
    test_explain();
    test_names();
    test_evaluate();
    test_bench();
    test_full_output();
    program_end();
    return tap_done();
}
