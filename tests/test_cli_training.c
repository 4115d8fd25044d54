/* The program from training to report: train, interrupted and resumed, support, explain, evaluate.
 * What it computes with differs from level to level, so tests/run.sh, which looks for
 * eng_exec_init, runs this at each. */
#include "tests/inputs.h"

#include <time.h>

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

int main(void)
{
    if (!program_begin())
        return tap_done();
    make_files();
    test_train();
    test_resume();
    test_support();
    test_explain();
    test_evaluate();
    program_end();
    return tap_done();
}
