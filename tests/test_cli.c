/* The program as its users meet it: usage, pictures to predictions, what it prints and leaves, its
 * exit status, and one clear line for whatever is wrong with what it was given. Commands on files
 * of tensors are in test_cli_tensors.c, training and what follows from it in test_cli_training.c.
 */
#include "engine/tape.h"
#include "tests/inputs.h"

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

/* ---- what is printed ------------------------------------------------------------------------ */

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
    test_names();
    test_bench();
    test_full_output();
    program_end();
    return tap_done();
}
