/* Images as commands are given them: files, folders, patterns, lists and standard input, in which
 * order they come, what their outputs are called, and what is said of those that are not there. */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include "data/npy.h"
#include "data/photo.h"
#include "data/png.h"
#include "tests/program.h"

static void make_files(void)
{
    make_model("m.safetensors", "resnet18", 1);
    for (int i = 0; i < 12; i++) {
        char name[32];
        snprintf(name, sizeof name, "many/%d.ppm", i);
        scratch_ppm(name, 32, 32, 20 * i);
    }
    scratch_text("many/notes.txt", "not an image");
    scratch_ppm("many/.hidden.ppm", 32, 32, 1);
    scratch_ppm("many/below/deep.ppm", 32, 32, 1);
    scratch_ppm("a.ppm", 48, 40, 200);
    scratch_ppm("b c.ppm", 32, 32, 10);
    scratch_ppm("p[1].ppm", 32, 32, 10);
    scratch_ppm("p1.ppm", 32, 32, 90);
    scratch_text("none/notes.txt", "no image");
    scratch_text("text.jpg", "not a photo\n");
}

/* True if the lines of JSON are about these images, names with spaces between, in this order. */
static int names_are(const char *out, const char *names)
{
    char have[1024] = "";
    for (int i = 0; i < lines(out); i++) {
        struct dat_json *json = json_line(out, i);
        const char *name = dat_json_string(dat_json_member(dat_json_root(json), "image"));
        snprintf(have + strlen(have), sizeof have - strlen(have), "%s%s", i ? " " : "",
                 name ? name : "(none)");
        dat_json_free(json);
    }
    if (strcmp(have, names) != 0)
        printf("# names: %s\n", have);
    return strcmp(have, names) == 0;
}

static void test_folders(void)
{
    struct outcome r = run("predict m.safetensors many --json");
    CHECK(succeeded(&r) &&
              names_are(r.out, "many/0.ppm many/1.ppm many/2.ppm many/3.ppm many/4.ppm many/5.ppm "
                               "many/6.ppm many/7.ppm many/8.ppm many/9.ppm many/10.ppm "
                               "many/11.ppm"),
          "a folder is the images in it, by their numbers, and nothing else in it or below it");
    r = run("predict m.safetensors a.ppm many/below/ --json");
    CHECK(succeeded(&r) && names_are(r.out, "a.ppm many/below/deep.ppm"), "beside a file");
    r = run("explain m.safetensors many/below -o folder --methods saliency --class 0 --quiet");
    CHECK(succeeded(&r) && exists("folder/deep/saliency.class0.png"), "and explain takes one");
    REFUSED(1, "none: no image lies in this folder", "predict m.safetensors none");
    REFUSED(1, "none: no image lies in this folder",
            "explain m.safetensors none -o out --methods saliency");
    CHECK(!exists("out"), "which leaves no output");
    r = run("predict m.safetensors none a.ppm --json");
    CHECK(refused(&r, 1, "gad: none: ") && names_are(r.out, "a.ppm"),
          "a folder without images is named, and the others done");
}

static void test_patterns(void)
{
    struct outcome r = run("predict m.safetensors many/1*.ppm --json");
    CHECK(succeeded(&r) && names_are(r.out, "many/1.ppm many/10.ppm many/11.ppm"),
          "a pattern is what matches it");
    r = run("predict m.safetensors many/?.ppm a.ppm --json");
    CHECK(succeeded(&r) && lines(r.out) == 11, "? is one character");
    r = run("predict m.safetensors many/[23].ppm --json");
    CHECK(succeeded(&r) && names_are(r.out, "many/2.ppm many/3.ppm"), "[] is one of some");
    r = run("predict m.safetensors m*/b* --json");
    CHECK(succeeded(&r) && names_are(r.out, "many/below/deep.ppm"), "a folder may match");
    r = run("predict m.safetensors p[1].ppm --json");
    CHECK(succeeded(&r) && names_are(r.out, "p[1].ppm"), "a file of that very name goes before");
    REFUSED(1, "*.tiff: nothing matches this pattern", "predict m.safetensors *.tiff");
    r = run("predict m.safetensors q*.ppm p?.ppm --json");
    CHECK(refused(&r, 1, "gad: q*.ppm: ") && names_are(r.out, "p1.ppm"),
          "a pattern that matches nothing is named, and the others done");
    r = run("explain m.safetensors q*.ppm p?.ppm -o pattern --methods saliency --class 0 --quiet");
    CHECK(refused(&r, 1, "gad: q*.ppm: ") && exists("pattern/p1/saliency.class0.png"),
          "also by explain");
}

static void test_lists(void)
{
    scratch_text("list.txt", "# of two folders\n"
                             "many/3.ppm\n"
                             "\n"
                             "  \t\n"
                             "  # not an image\n"
                             "b c.ppm\r\n"
                             "many/below\n"
                             "p[1].ppm\n"
                             "a.ppm");
    struct outcome r = run("predict m.safetensors --list list.txt --json");
    CHECK(succeeded(&r) &&
              names_are(r.out, "many/3.ppm b c.ppm many/below/deep.ppm p[1].ppm a.ppm"),
          "a list has a file or a folder a line");
    r = run("predict --list=list.txt m.safetensors p1.ppm --json");
    CHECK(succeeded(&r) &&
              names_are(r.out, "p1.ppm many/3.ppm b c.ppm many/below/deep.ppm p[1].ppm a.ppm"),
          "and comes behind the operands");
    r = run("explain m.safetensors p1.ppm --list list.txt -o list --methods saliency --class 0 "
            "--quiet");
    CHECK(succeeded(&r) && exists("list/p1/saliency.class0.png") &&
              exists("list/b c/saliency.class0.png") && exists("list/a/saliency.class0.png"),
          "also with explain");
    scratch_text("sub/list.txt", "a.ppm\n");
    r = run("predict m.safetensors --list sub/list.txt --json");
    CHECK(succeeded(&r) && names_are(r.out, "a.ppm"),
          "lines begin at the folder that the program was started in");

    scratch_text("bad.txt", "nosuch.png\na.ppm\ntext.jpg\nmany/*.ppm\nnone\n");
    r = run("predict m.safetensors --list bad.txt --json");
    CHECK(r.status == 1 && lines(r.err) == 4 && names_are(r.out, "a.ppm") &&
              strstr(r.err, "gad: nosuch.png: not found") && strstr(r.err, "gad: text.jpg: ") &&
              strstr(r.err, "gad: many/*.ppm: not found") && strstr(r.err, "gad: none: "),
          "bad lines are named, and a line is no pattern");
    scratch_text("comments.txt", "# nothing\n\n");
    scratch_text("empty.txt", "");
    REFUSED(1, "comments.txt: no image is named in it",
            "predict m.safetensors --list comments.txt");
    REFUSED(1, "empty.txt: no image is named in it", "predict m.safetensors --list empty.txt");
    REFUSED(1, "a.ppm: this is no list", "predict m.safetensors --list a.ppm");
    REFUSED(1, "nosuch.txt: not found", "explain m.safetensors --list nosuch.txt -o out");
    REFUSED(1, "many: it is a folder", "predict m.safetensors --list many");
    r = run("predict m.safetensors a.ppm --list nosuch.txt --json");
    CHECK(refused(&r, 1, "gad: nosuch.txt: ") && names_are(r.out, "a.ppm"),
          "a list that is not there is named, and the operands done");
    REFUSED(2, "no image is named", "predict m.safetensors");
    REFUSED(2, "no image is named", "explain m.safetensors -o out");
    REFUSED(2, "lacks its value", "predict m.safetensors --list");
    CHECK(!exists("out"), "what fails leaves no output");
}

/* The outputs for one image, as the line of JSON has them behind its name. */
static char *outputs_of(const char *out)
{
    const char *from = strstr(out, "\"logits\"");
    char *copy = strdup(from ? from : "nothing");
    scratch_need(copy != NULL, "memory");
    return copy;
}

static void test_input(void)
{
    static const char *const files[] = {"a.ppm", "a.png", "one.npy", "noname"};
    struct dat_image photo;
    struct outcome r;
    scratch_need(dat_photo_read(&photo, "a.ppm", NULL, NULL) == ENG_OK &&
                     dat_png_write("a.png", photo.rgb, 48, 40, 3, NULL) == ENG_OK &&
                     dat_npy_write("one.npy", (float[3 * 32 * 32]){1}, 3, (size_t[]){3, 32, 32},
                                   NULL) == ENG_OK &&
                     dat_npy_write("two.npy", (float[2 * 3 * 32 * 32]){1}, 4,
                                   (size_t[]){2, 3, 32, 32}, NULL) == ENG_OK &&
                     dat_npy_write("noname", (float[3 * 32 * 32]){2}, 3, (size_t[]){3, 32, 32},
                                   NULL) == ENG_OK,
                 "files");
    dat_image_release(&photo);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        r = run("predict m.safetensors %s --json", files[i]);
        char *expected = outputs_of(r.out);
        r = run_in((struct setting){.input = files[i]}, "predict m.safetensors - --json");
        char *got = outputs_of(r.out);
        CHECK(succeeded(&r) && names_are(r.out, "stdin") && strcmp(got, expected) == 0,
              "%s from standard input", files[i]);
        free(expected);
        free(got);
    }
    r = run_in((struct setting){.input = "two.npy"}, "predict m.safetensors b*m - a.ppm --json");
    CHECK(succeeded(&r) && names_are(r.out, "b c.ppm stdin[0] stdin[1] a.ppm"),
          "tensors from there are numbered, and come where - stands");
    r = run_in((struct setting){.input = "a.png"},
               "explain m.safetensors - -o input --methods saliency --class 0 --quiet");
    CHECK(succeeded(&r) && exists("input/stdin/saliency.class0.png"), "explain reads it, too");
    r = run_in((struct setting){.input = "a.ppm"}, "predict --json m.safetensors -- -");
    CHECK(succeeded(&r) && names_are(r.out, "stdin"), "also behind --");
    r = run_in((struct setting){.input = "list.txt"}, "predict m.safetensors --list - --json");
    CHECK(succeeded(&r) &&
              names_are(r.out, "many/3.ppm b c.ppm many/below/deep.ppm p[1].ppm a.ppm"),
          "a list from there");

    r = run_in((struct setting){.input = "text.jpg"}, "predict m.safetensors - a.ppm --json");
    CHECK(refused(&r, 1, "gad: stdin: not a JPEG, PNG or PPM") && names_are(r.out, "a.ppm"),
          "what is no image is named, and the others done");
    r = run_in((struct setting){.input = "empty.txt"}, "predict m.safetensors -");
    CHECK(refused(&r, 1, "gad: stdin: the file is empty"), "nothing from there");
    r = run_in((struct setting){.input = "empty.txt"}, "predict m.safetensors --list -");
    CHECK(refused(&r, 1, "gad: stdin: no image is named"), "nor a list");
    r = run_in((struct setting){.input = "many"}, "predict m.safetensors -");
    CHECK(refused(&r, 1, "gad: stdin: it is a folder"), "a folder there");
    REFUSED(1, "stdin: it is a device", "predict m.safetensors -");
    REFUSED(2, "stdin: it can be read only once", "predict m.safetensors - -");
    REFUSED(2, "stdin: it can be read only once", "predict m.safetensors - --list -");
    r = run_in((struct setting){.input = ""}, "explain m.safetensors - -o out");
    CHECK(refused(&r, 2, "stdin: it is closed"), "no standard input at all");
    CHECK(!exists("out"), "what fails leaves no output");
}

static void test_terminal(void)
{
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0 || !ptsname(terminal)) {
        tap_skip("a terminal as standard input: there is none to be had");
        return;
    }
    char name[64];
    snprintf(name, sizeof name, "%s", ptsname(terminal));
    struct outcome r = run_in((struct setting){.input = name}, "predict m.safetensors - a.ppm");
    CHECK(refused(&r, 2, "gad: stdin: it is a terminal; ") && !*r.out, "a terminal is refused");
    r = run_in((struct setting){.input = name}, "explain m.safetensors - -o out");
    CHECK(refused(&r, 2, "gad: stdin: it is a terminal; "), "also by explain");
    r = run_in((struct setting){.input = name}, "predict m.safetensors --list -");
    CHECK(refused(&r, 2, "gad: stdin: it is a terminal; "), "also as a list");
    r = run_in((struct setting){.input = name}, "predict m.safetensors a.ppm --json");
    CHECK(succeeded(&r), "and does not matter where it is not read");
    close(terminal);
}

int main(void)
{
    if (!program_begin())
        return tap_done();
    make_files();
    test_folders();
    test_patterns();
    test_lists();
    test_input();
    test_terminal();
    program_end();
    return tap_done();
}
