/* A model file by its metadata: what is read keeps the header's promises, is written again to the
 * same, and is a support of itself if it says so.
 *
 * An input is the metadata, a line for each: the key, a space, and the value. The tensors beside
 * them are always those of one small net: fuzz_tensors invents these. */
#include "data/file.h"
#include "data/model.h"
#include "data/safetensors.h"
#include "gad/support.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>

enum { LINES = 64 /* that are taken of an input */, OUTPUTS = 2 };

static struct eng_net *small_net(void)
{
    static const struct eng_arch_config config = {"vgg16", 0x1p-9f, OUTPUTS, 1};
    static struct eng_net *net;
    if (!net) {
        FUZZ_PROMISE(eng_arch_build(&net, &config, NULL) == ENG_OK);
        eng_arch_init(net, &config, 1);
    }
    return net;
}

/* Cuts the text into lines of metadata, and returns how many. */
static size_t split(struct dat_safetensors_meta lines[LINES], char *text)
{
    size_t count = 0;
    while (*text && count < LINES) {
        char *end = text + strcspn(text, "\n"), *next = *end ? end + 1 : end;
        *end = '\0';
        char *space = strchr(text, ' ');
        if (space)
            *space = '\0';
        lines[count++] = (struct dat_safetensors_meta){text, space ? space + 1 : ""};
        text = next;
    }
    return count;
}

static enum eng_err write_file(const char *path, const struct dat_safetensors_meta *lines,
                               size_t count)
{
    struct dat_safetensors_entry entries[64];
    const struct eng_net *net = small_net();
    size_t n = 0;
    for (; n < eng_net_param_count(net); n++) {
        const struct eng_param *p = eng_net_param_const(net, n);
        FUZZ_PROMISE(n < sizeof entries / sizeof *entries);
        entries[n] = (struct dat_safetensors_entry){
            p->name, DAT_F32,  (size_t)p->shape.rank,
            {0},     p->value, eng_shape_count(&p->shape) * sizeof(float)};
        memcpy(entries[n].dim, p->shape.dim, (size_t)p->shape.rank * sizeof *p->shape.dim);
    }
    return dat_safetensors_write(path, entries, n, lines, count, NULL);
}

static void check(const struct dat_model *model)
{
    struct dat_preprocess_change none = {0};
    struct dat_model prepared = *model;
    size_t label;
    FUZZ_PROMISE(model->config.classes == OUTPUTS);
    for (size_t i = 0; i < OUTPUTS; i++)
        FUZZ_PROMISE(dat_model_class(model, model->class_names[i], &label, NULL) == ENG_OK &&
                     label <= i);
    for (size_t i = 0; i < model->note_count; i++)
        FUZZ_PROMISE(dat_model_note(model, model->notes[i].key) == model->notes[i].value);
    const struct dat_preprocess *p = &model->preprocess;
    FUZZ_PROMISE(dat_preprocess_check(p, NULL) == ENG_OK);
    if (dat_model_prepare(&prepared, &none, "", NULL) == ENG_OK)
        FUZZ_PROMISE(p->width * p->height <= DAT_MODEL_MAX_PIXELS &&
                     (p->rule != DAT_RESIZE_CROP || p->resize * p->resize <= DAT_MODEL_MAX_PIXELS));
}

static void check_same(const struct dat_model *a, const struct dat_model *b)
{
    char prints[2][DAT_FINGERPRINT];
    dat_model_fingerprint(a, prints[0]);
    dat_model_fingerprint(b, prints[1]);
    FUZZ_PROMISE(strcmp(prints[0], prints[1]) == 0);
    FUZZ_PROMISE(strcmp(a->config.arch, b->config.arch) == 0);
    for (size_t i = 0; i < OUTPUTS; i++)
        FUZZ_PROMISE(strcmp(a->class_names[i], b->class_names[i]) == 0);
    FUZZ_PROMISE(dat_preprocess_same(&a->preprocess, &b->preprocess));
    FUZZ_PROMISE(a->note_count == b->note_count);
    for (size_t i = 0; i < a->note_count; i++)
        FUZZ_PROMISE(strcmp(a->notes[i].key, b->notes[i].key) == 0 &&
                     strcmp(a->notes[i].value, b->notes[i].value) == 0);
}

static void check_again(const struct dat_model *model)
{
    const char *path = fuzz_path("again.safetensors"), *copy = fuzz_path("copy.safetensors");
    struct dat_model again;
    uint8_t *bytes;
    size_t count;
    FUZZ_PROMISE(dat_model_write(model, path, NULL) == ENG_OK);
    FUZZ_PROMISE(dat_model_read(&again, path, NULL, NULL) == ENG_OK);
    check_same(model, &again);
    FUZZ_PROMISE(dat_model_write(&again, copy, NULL) == ENG_OK);
    FUZZ_PROMISE(dat_file_read(&bytes, &count, path, NULL) == ENG_OK);
    FUZZ_PROMISE(fuzz_file_is(copy, bytes, count));
    free(bytes);
    dat_model_release(&again);
    FUZZ_PROMISE(unlink(path) == 0 && unlink(copy) == 0);
}

/* The folder holds one support, the same file. */
static void check_support(const struct dat_model *model)
{
    const struct dat_preprocess_change none = {0};
    struct gad_supports supports;
    struct eng_why why = {""};
    const enum eng_err err = gad_supports_read(&supports, fuzz_folder(), model, &none, 0, &why);
    if (err != ENG_OK) {
        FUZZ_PROMISE(err == ENG_MISMATCH || err == ENG_TOOBIG);
        FUZZ_PROMISE(why.text[0] && !supports.at && !supports.count);
        return;
    }
    FUZZ_PROMISE(supports.count == 1);
    for (size_t c = 0; c < GAD_CLASSES; c++)
        FUZZ_PROMISE(isfinite(supports.at->alpha.of[c]) && supports.at->alpha.of[c] >= 0);
    gad_supports_release(&supports);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_safetensors_meta lines[LINES];
    struct dat_model model;
    struct eng_why why = {""};
    const char *path = fuzz_path("alpha.safetensors");
    char *text = malloc(count + 1);
    FUZZ_PROMISE(text);
    memcpy(text, bytes, count);
    text[count] = '\0';
    if (write_file(path, lines, split(lines, text)) == ENG_OK) { /* not if a key is there twice */
        const enum eng_err err = dat_model_read(&model, path, NULL, &why);
        if (err == ENG_OK) {
            check(&model);
            check_support(&model);
            FUZZ_PROMISE(unlink(path) == 0);
            check_again(&model);
            dat_model_release(&model);
        } else {
            FUZZ_PROMISE(err == ENG_FORMAT || err == ENG_MISMATCH || err == ENG_TOOBIG);
            FUZZ_PROMISE(!model.net && !model.class_names && !model.notes && !model.file);
            FUZZ_PROMISE(strncmp(why.text, path, strlen(path)) == 0);
            FUZZ_PROMISE(unlink(path) == 0);
        }
    }
    free(text);
    return 0;
}
