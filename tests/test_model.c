/* Model files that are made to cost their reader much. */
#include "data/model.h"
#include "data/tensors.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#include <time.h>

#define MANY 200000

/* Seconds of processor time that reading may take: it takes a tenth of them. Work in proportion to
 * the square of what is in the file takes ten times as many. */
#define PATIENCE 3.0

static double seconds_since(clock_t start)
{
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* Writes a net, all of its values zero, with this metadata. */
static const char *make(const struct eng_arch_config *config,
                        const struct dat_safetensors_meta *metadata, size_t count)
{
    const char *path = scratch_path("model.safetensors");
    struct dat_safetensors_entry entries[64];
    struct eng_net *net = NULL;
    size_t n = 0;
    scratch_need(eng_arch_build(&net, config, NULL) == ENG_OK && eng_net_param_count(net) <= 64,
                 config->arch);
    for (; n < eng_net_param_count(net); n++) {
        const struct eng_param *p = eng_net_param_const(net, n);
        entries[n] = (struct dat_safetensors_entry){
            p->name, DAT_F32,  (size_t)p->shape.rank,
            {0},     p->value, eng_shape_count(&p->shape) * sizeof(float)};
        memcpy(entries[n].dim, p->shape.dim, (size_t)p->shape.rank * sizeof *p->shape.dim);
    }
    scratch_need(dat_safetensors_write(path, entries, n, metadata, count, NULL) == ENG_OK, path);
    eng_net_free(net);
    return path;
}

static void test_many_notes(void)
{
    static const struct eng_arch_config tiny = {"vgg16", 0.0625f, 2, 1};
    static char keys[MANY][8];
    static struct dat_safetensors_meta lines[MANY];
    struct dat_model model;
    struct eng_why why = {""};
    for (size_t i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof keys[i], "k%zu", i);
        lines[i] = (struct dat_safetensors_meta){keys[i], "v"};
    }
    lines[MANY / 2].key = "resize"; /* which is no note */
    const char *path = make(&tiny, lines, MANY);
    const clock_t start = clock();
    const enum eng_err err = dat_model_read(&model, path, NULL, &why);
    const double took = seconds_since(start);
    CHECK(err == ENG_OK && model.note_count == MANY - 1 && !strcmp(model.notes[0].key, "k0") &&
              !strcmp(model.notes[MANY - 2].key, keys[MANY - 1]),
          "%d lines of metadata %s", MANY, why.text);
    CHECK(took < PATIENCE, "are read at once: %.2f s", took);
    CHECK(dat_model_set_note(&model, "k1", "other") == ENG_OK &&
              dat_model_set_note(&model, "new", "%d", 1) == ENG_OK && model.note_count == MANY &&
              !strcmp(dat_model_note(&model, "k1"), "other") &&
              !strcmp(dat_model_note(&model, "new"), "1"),
          "and can be changed, and more be added");
    dat_model_release(&model);
}

static void test_many_classes(void)
{
    static const struct eng_arch_config wide = {"vgg16", 0.0625f, MANY, 1};
    static char list[MANY * 10 + 2];
    const struct dat_safetensors_meta line = {"classes", list};
    struct dat_model model;
    struct eng_why why = {""};
    size_t n = 0;
    for (size_t i = 0; i < MANY; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%c\"c%zu\"", i ? ',' : '[', i);
    strcpy(list + n, "]");
    const char *path = make(&wide, &line, 1);
    const clock_t start = clock();
    const enum eng_err err = dat_model_read(&model, path, NULL, &why);
    const double took = seconds_since(start);
    CHECK(err == ENG_OK && model.config.classes == MANY && !strcmp(model.class_names[0], "c0") &&
              !strcmp(model.class_names[MANY - 1], "c199999"),
          "%d classes %s", MANY, why.text);
    CHECK(took < PATIENCE, "are read at once: %.2f s", took);
    dat_model_release(&model);
}

/* As many values as there are classes, but they are no list of texts. */
static void test_no_classes(void)
{
    static const struct eng_arch_config tiny = {"vgg16", 0.0625f, 2, 1};
    static const char *const lists[] = {"[\"a\",2]", "{\"x\":\"a\",\"y\":\"b\"}"};
    for (size_t i = 0; i < 2; i++) {
        const struct dat_safetensors_meta line = {"classes", lists[i]};
        struct dat_model model;
        struct eng_why why = {""};
        CHECK(dat_model_read(&model, make(&tiny, &line, 1), NULL, &why) == ENG_FORMAT &&
                  strstr(why.text, "a class in its metadata is not a text"),
              "classes are not %s: %s", lists[i], why.text);
    }
}

/* What a file of some kilobytes asks for is bounded; what the user asks for is not. */
static void test_large_inputs(void)
{
    static const struct eng_arch_config tiny = {"vgg16", 0.0625f, 2, 1};
    static const struct {
        const char *rule, *size, *resize, *says; /* NULL: it is taken */
        struct dat_preprocess_change change;
    } cases[] = {
        {"stretch", "[4096,4096]", "0", NULL, {0}},
        {"stretch", "[4096,4097]", "0", "its input of 4097 x 4096 is more than 16777216", {0}},
        {"stretch", "[65500,65500]", "0", "pixels; give --size", {0}},
        {"stretch", "[65500,65500]", "0", NULL, {.size = 64}},
        {"stretch", "[8,8]", "0", NULL, {.size = 12000}},
        {"stretch", "[8,8]", "65500", NULL, {0}},
        {"crop", "[8,8]", "4096", NULL, {0}},
        {"crop", "[8,8]", "4097", "resized to 4097 x 4097 have more than 16777216 pixels", {0}},
        {"stretch", "[8,8]", "4097", "pixels; give --resize", {.rule = "crop"}},
        {"crop", "[8,8]", "4097", NULL, {.resize = 5000}},
        {"crop", "[8,8]", "4097", NULL, {.size = 224}},
        {"crop", "[65500,8]", "4097", "photos resized", {0}},
        {"crop", "[8192,8192]", "256", "its input of 8192 x 8192", {.resize = 5000}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct dat_safetensors_meta lines[] = {
            {"format", "gad"},           {"resize_rule", cases[i].rule},
            {"resize", cases[i].resize}, {"input_size", cases[i].size},
            {"mean", "[0,0,0]"},         {"std", "[1,1,1]"}};
        struct dat_model model;
        struct eng_why why = {""};
        const char *path = make(&tiny, lines, sizeof lines / sizeof *lines);
        scratch_need(dat_model_read(&model, path, NULL, &why) == ENG_OK, why.text);
        const enum eng_err err = dat_model_prepare(&model, &cases[i].change, path, &why);
        CHECK(err == (cases[i].says ? ENG_TOOBIG : ENG_OK) &&
                  (!cases[i].says ||
                   (strstr(why.text, cases[i].says) && !strncmp(why.text, path, strlen(path)))),
              "%s to %s, %s: %s", cases[i].rule, cases[i].size, cases[i].resize, why.text);
        dat_model_release(&model);
    }
}

/* Half a pixel is none, nor is a number with something behind it. */
static void test_odd_inputs(void)
{
    static const struct eng_arch_config tiny = {"vgg16", 0.0625f, 2, 1};
    static const struct {
        const char *size, *resize;
        enum eng_err err;
    } cases[] = {
        {"[8,8]", "8", ENG_OK},         {"[8,8]", "9.0", ENG_OK},
        {"[8,8]", "8px", ENG_FORMAT},   {"[8,8]", "eight", ENG_FORMAT},
        {"[8,8]", "", ENG_FORMAT},      {"[8,8]", "8.5", ENG_FORMAT},
        {"[8,8]", "nan", ENG_FORMAT},   {"[8,8]", "-8", ENG_FORMAT},
        {"[8,8]", "65501", ENG_FORMAT}, {"[8,8]", "0", ENG_FORMAT},
        {"[8.5,8]", "8", ENG_FORMAT},   {"[8,0.5]", "8", ENG_FORMAT},
        {"[8,65501]", "8", ENG_FORMAT}, {"[8,8,8]", "8", ENG_FORMAT},
        {"[8,\"8\"]", "8", ENG_FORMAT}, {"8", "8", ENG_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct dat_safetensors_meta lines[] = {
            {"format", "gad"},           {"resize_rule", "crop"},
            {"resize", cases[i].resize}, {"input_size", cases[i].size},
            {"mean", "[0,0,0]"},         {"std", "[1,1,1]"}};
        struct dat_model model;
        struct eng_why why = {""};
        const char *path = make(&tiny, lines, sizeof lines / sizeof *lines);
        const enum eng_err err = dat_model_read(&model, path, NULL, &why);
        CHECK(err == cases[i].err && (err == ENG_OK || !strncmp(why.text, path, strlen(path))),
              "%s, resized to '%s': %s", cases[i].size, cases[i].resize, why.text);
        dat_model_release(&model);
    }
}

static void test_same_names(void)
{
    static const struct eng_arch_config tiny = {"vgg16", 0.0625f, 3, 1};
    const struct dat_safetensors_meta line = {"classes", "[\"cat\",\"dog\",\"cat\"]"};
    struct dat_model model;
    struct eng_why why = {""};
    CHECK(dat_model_read(&model, make(&tiny, &line, 1), NULL, &why) == ENG_FORMAT &&
              strstr(why.text, "names the class \"cat\" twice") && !model.class_names,
          "classes by one name: %s", why.text);
}

/* Statistics and how many batches they are of belong together. */
static void test_start_from(void)
{
    static const struct eng_arch_config tiny = {"resnet18", 0.0625f, 2, 0},
                                        wider = {"resnet18", 0.125f, 2, 0};
    static const char *const names[] = {"cat", "dog"};
    const char *path = scratch_path("trained.safetensors");
    struct dat_preprocess preprocess;
    struct dat_model trained, model, other;
    struct eng_why why = {""};
    dat_preprocess_init_square(&preprocess, 32);
    scratch_need(!dat_model_init(&trained, &tiny, names, &preprocess, 1, NULL) &&
                     !dat_model_init(&model, &tiny, names, &preprocess, 2, NULL) &&
                     !dat_model_init(&other, &wider, names, &preprocess, 2, NULL),
                 "models");
    eng_net_set_batches_tracked(trained.net, 1234);
    CHECK(dat_model_write(&trained, path, &why) == ENG_OK &&
              dat_model_start_from(&model, path, NULL, NULL, &why) == ENG_OK &&
              eng_net_batches_tracked(model.net) == 1234,
          "how many batches the statistics are of is read with them %s", why.text);
    CHECK(dat_model_start_from(&other, path, NULL, NULL, &why) == ENG_MISMATCH &&
              eng_net_batches_tracked(other.net) == 0,
          "but not from a file that does not fit");
    dat_model_release(&trained);
    dat_model_release(&model);
    dat_model_release(&other);
}

int main(void)
{
    scratch_make();
    test_start_from();
    test_many_notes();
    test_many_classes();
    test_no_classes();
    test_large_inputs();
    test_odd_inputs();
    test_same_names();
    scratch_remove();
    return tap_done();
}
