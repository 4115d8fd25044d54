#include "data/model.h"

#include "data/hash.h"
#include "data/json.h"
#include "data/json_out.h"
#include "data/likeness.h"
#include "data/tensors.h"
#include "engine/finite.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- in memory ------------------------------------------------------------------------------ */

static char *copy_text(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    if (copy)
        strcpy(copy, text);
    return copy;
}

static enum eng_err set_classes(struct dat_model *model, const char *const *names)
{
    model->class_names = calloc(model->config.classes, sizeof *model->class_names);
    if (!model->class_names)
        return ENG_NOMEM;
    for (size_t i = 0; i < model->config.classes; i++) {
        char number[32];
        snprintf(number, sizeof number, "class %zu", i);
        model->class_names[i] = copy_text(names ? names[i] : number);
        if (!model->class_names[i])
            return ENG_NOMEM;
    }
    return ENG_OK;
}

enum eng_err dat_model_init(struct dat_model *model, const struct eng_arch_config *config,
                            const char *const *class_names, const struct dat_preprocess *preprocess,
                            uint64_t seed, struct eng_why *why)
{
    *model = (struct dat_model){.config = *config, .preprocess = *preprocess};
    enum eng_err err = eng_arch_build(&model->net, config, why);
    if (err == ENG_OK && (err = set_classes(model, class_names)) != ENG_OK)
        eng_fail(why, err, "out of memory");
    if (err != ENG_OK) {
        dat_model_release(model);
        return err;
    }
    eng_arch_init(model->net, config, seed);
    return ENG_OK;
}

void dat_model_release(struct dat_model *model)
{
    eng_net_free(model->net);
    for (size_t i = 0; model->class_names && i < model->config.classes; i++)
        free(model->class_names[i]);
    free(model->class_names);
    for (size_t i = 0; i < model->note_count; i++) {
        free(model->notes[i].key);
        free(model->notes[i].value);
    }
    free(model->notes);
    dat_tensors_free(model->file); /* after the net, whose values may lie in it */
    *model = (struct dat_model){0};
}

enum eng_err dat_model_copy(struct dat_model *copy, const struct dat_model *model,
                            struct eng_why *why)
{
    ENG_TRY(dat_model_init(copy, &model->config, (const char *const *)model->class_names,
                           &model->preprocess, 0, why));
    for (size_t i = 0; i < eng_net_param_count(model->net); i++) {
        const struct eng_param *p = eng_net_param_const(model->net, i);
        memcpy(eng_net_param(copy->net, i)->value, p->value,
               eng_shape_count(&p->shape) * sizeof(float));
    }
    eng_net_set_batches_tracked(copy->net, eng_net_batches_tracked(model->net));
    eng_net_changed(copy->net);
    return ENG_OK;
}

const char *dat_model_note(const struct dat_model *model, const char *key)
{
    for (size_t i = 0; i < model->note_count; i++)
        if (strcmp(model->notes[i].key, key) == 0)
            return model->notes[i].value;
    return NULL;
}

enum eng_err dat_model_set_note(struct dat_model *model, const char *key, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int length = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    char *value = length < 0 ? NULL : malloc((size_t)length + 1);
    if (!value)
        return ENG_NOMEM;
    va_start(ap, format);
    vsnprintf(value, (size_t)length + 1, format, ap);
    va_end(ap);
    for (size_t i = 0; i < model->note_count; i++)
        if (strcmp(model->notes[i].key, key) == 0) {
            free(model->notes[i].value);
            model->notes[i].value = value;
            return ENG_OK;
        }
    struct dat_note *notes = realloc(model->notes, (model->note_count + 1) * sizeof *notes);
    if (notes)
        model->notes = notes;
    char *name = copy_text(key);
    if (!notes || !name) {
        free(name);
        free(value);
        return ENG_NOMEM;
    }
    model->notes[model->note_count++] = (struct dat_note){name, value};
    return ENG_OK;
}

void dat_model_fingerprint(const struct dat_model *model, char text[DAT_FINGERPRINT])
{
    struct dat_hash hash;
    dat_hash_init(&hash);
    for (size_t i = 0; i < eng_net_param_count(model->net); i++) {
        const struct eng_param *p = eng_net_param_const(model->net, i);
        char shape[96];
        eng_shape_text(&p->shape, shape, sizeof shape);
        dat_hash_update(&hash, p->name, strlen(p->name));
        dat_hash_update(&hash, shape, strlen(shape));
        dat_hash_update(&hash, p->value, eng_shape_count(&p->shape) * sizeof(float));
    }
    dat_hash_print(&hash, text);
}

enum eng_err dat_model_class(const struct dat_model *model, const char *name, size_t *label,
                             struct eng_why *why)
{
    for (size_t i = 0; i < model->config.classes; i++)
        if (strcmp(model->class_names[i], name) == 0) {
            *label = i;
            return ENG_OK;
        }
    char *end;
    errno = 0;
    const unsigned long number = strtoul(name, &end, 10);
    if (name[0] >= '0' && name[0] <= '9' && *end == '\0' && errno == 0 &&
        number < model->config.classes) {
        *label = number;
        return ENG_OK;
    }
    char list[256] = "";
    for (size_t i = 0; i < model->config.classes && strlen(list) < 200; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%.60s (%zu)", i ? ", " : "",
                 model->class_names[i], i);
    return eng_fail(why, ENG_ARG, "no class '%s'; this model has: %s", name, list);
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum eng_err recognise(struct eng_arch_config *config, const struct dat_tensors *file,
                              struct eng_why *why)
{
    struct dat_likeness likeness;
    enum eng_err err = dat_likeness_init(&likeness, file, why);
    if (err == ENG_OK)
        err = dat_likeness_check(&likeness, why);
    if (err == ENG_OK)
        *config = likeness.config;
    dat_likeness_release(&likeness);
    return err;
}

/* The numbers of a JSON array such as "[0.485,0.456,0.406]", exactly count of them. */
static enum eng_err parse_numbers(const char *text, double *out, size_t count)
{
    struct dat_json *json;
    if (!text)
        return ENG_FORMAT;
    ENG_TRY(dat_json_parse(&json, text, strlen(text), NULL));
    const struct dat_json_node *array = dat_json_root(json);
    int ok = dat_json_type(array) == DAT_JSON_ARRAY && dat_json_count(array) == count;
    for (size_t i = 0; ok && i < count; i++)
        ok = dat_json_number(dat_json_at(array, i), &out[i]);
    dat_json_free(json);
    return ok ? ENG_OK : ENG_FORMAT;
}

/* A number of pixels: whole, and no more than a side can have. */
static int is_pixels(double n)
{
    return n >= 0 && n <= DAT_IMAGE_MAX_SIDE && n == floor(n);
}

static int parse_pixels(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && is_pixels(*out);
}

static enum eng_err read_preprocess(struct dat_preprocess *p, const struct dat_tensors *file,
                                    struct eng_why *why)
{
    double mean[3], std[3], size[2], resize = 0;
    const char *rule = dat_tensors_value(file, "resize_rule");
    const char *shorter = dat_tensors_value(file, "resize");
    enum eng_err err = parse_numbers(dat_tensors_value(file, "mean"), mean, 3);
    if (err == ENG_OK)
        err = parse_numbers(dat_tensors_value(file, "std"), std, 3);
    if (err == ENG_OK)
        err = parse_numbers(dat_tensors_value(file, "input_size"), size, 2);
    if (err == ENG_NOMEM)
        return eng_fail(why, err, "out of memory");
    if (err != ENG_OK || !rule || dat_preprocess_rule_parse(&p->rule, rule) != ENG_OK ||
        (shorter && !parse_pixels(shorter, &resize)) || !is_pixels(size[0]) || size[0] < 1 ||
        !is_pixels(size[1]) || size[1] < 1)
        return eng_fail(why, ENG_FORMAT,
                        "its metadata has no usable resize_rule, resize, input_size, mean or std, "
                        "by which images are prepared; write it anew with gad train");
    for (int c = 0; c < 3; c++) {
        p->mean[c] = (float)mean[c];
        p->std[c] = (float)std[c];
    }
    p->height = (size_t)size[0];
    p->width = (size_t)size[1];
    p->resize = (size_t)resize;
    return dat_preprocess_check(p, why) == ENG_OK ? ENG_OK : ENG_FORMAT; /* the file's fault */
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* No two are the same. The names are sorted. */
static enum eng_err check_names(const char **names, size_t count, struct eng_why *why)
{
    qsort(names, count, sizeof *names, by_text);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return eng_fail(why, ENG_FORMAT, "its metadata names the class \"%.100s\" twice",
                            names[i]);
    return ENG_OK;
}

static enum eng_err read_classes(struct dat_model *model, const struct dat_tensors *file,
                                 struct eng_why *why)
{
    const char *text = dat_tensors_value(file, "classes");
    struct dat_json *json = NULL;
    if (!text)
        return set_classes(model, NULL);
    enum eng_err err = dat_json_parse(&json, text, strlen(text), why);
    if (err != ENG_OK)
        return eng_fail_in(why, err, "the list of classes in its metadata");
    const struct dat_json_node *array = dat_json_root(json), *name = NULL;
    const char **names = calloc(model->config.classes, sizeof *names);
    if (!names)
        err = ENG_NOMEM;
    else if (dat_json_count(array) != model->config.classes)
        err = eng_fail(why, ENG_MISMATCH, "its metadata names %zu classes, its last layer has %zu",
                       dat_json_count(array), model->config.classes);
    else if (dat_json_type(array) == DAT_JSON_ARRAY)
        name = dat_json_first(array);
    for (size_t i = 0; err == ENG_OK && i < model->config.classes; i++, name = dat_json_next(name))
        if (!(names[i] = dat_json_string(name)))
            err = eng_fail(why, ENG_FORMAT, "a class in its metadata is not a text");
    if (err == ENG_OK)
        err = set_classes(model, names);
    if (err == ENG_OK)
        err = check_names(names, model->config.classes, why);
    free(names);
    dat_json_free(json);
    return err;
}

static int is_own_key(const char *key)
{
    static const char *const keys[] = {"format", "architecture", "width",      "hidden", "classes",
                                       "resize", "resize_rule",  "input_size", "mean",   "std"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i], key) == 0)
            return 1;
    return 0;
}

/* 1 if the parameter holds variances, of which a net takes the root. */
static int is_variance(const struct eng_param *p)
{
    const char *dot = strrchr(p->name, '.');
    return dot && strcmp(dot, ".running_var") == 0;
}

static enum eng_err check_values(const struct eng_param *p, size_t count, struct eng_why *why)
{
    const size_t bad = eng_first_not_finite(p->value, count);
    if (bad < count)
        return eng_fail(why, ENG_FORMAT,
                        "tensor %s has a NaN or an infinity at element %zu; the training that made "
                        "it went wrong",
                        p->name, bad);
    for (size_t i = 0; is_variance(p) && i < count; i++)
        if (p->value[i] < 0)
            return eng_fail(why, ENG_FORMAT,
                            "tensor %s has a variance below zero at element %zu; the program that "
                            "made it went wrong",
                            p->name, i);
    return ENG_OK;
}

/* 1 if the numbers can be used where they lie: they are as this machine has its floats. */
static int is_plain(const struct dat_safetensors_entry *e)
{
    const uint32_t one = 1;
    uint8_t little;
    memcpy(&little, &one, 1);
    return little && e->dtype == DAT_F32 && (uintptr_t)e->bytes % sizeof(float) == 0;
}

static enum eng_err read_values(struct eng_net *net, const struct dat_tensors *file,
                                struct eng_why *why)
{
    for (size_t i = 0; i < eng_net_param_count(net); i++) {
        struct eng_param *p = eng_net_param(net, i);
        const struct dat_safetensors_entry *e = dat_tensors_find(file, p->name);
        const size_t count = eng_shape_count(&p->shape);
        if (dat_dtype_is_complex(e->dtype))
            return eng_fail(why, ENG_UNSUPPORTED,
                            "tensor %s has complex numbers, with which no net computes here",
                            p->name);
        if (is_plain(e))
            eng_net_borrow(net, i, (float *)(uintptr_t)e->bytes);
        else
            ENG_TRY(dat_safetensors_float(e, p->value, count));
        ENG_TRY(check_values(p, count, why));
    }
    const struct dat_safetensors_entry *tracked = NULL;
    for (size_t i = 0; !tracked && i < dat_tensors_count(file); i++) {
        const struct dat_safetensors_entry *e = dat_tensors_at(file, i);
        const char *dot = strrchr(e->name, '.');
        if (dot && strcmp(dot, ".num_batches_tracked") == 0 && e->dtype == DAT_I64 && e->size == 8)
            tracked = e;
    }
    uint64_t batches = 0;
    if (tracked)
        memcpy(&batches, tracked->bytes, sizeof batches);
    eng_net_set_batches_tracked(net, batches);
    eng_net_changed(net);
    return ENG_OK;
}

/* All metadata but the own keys. No format has a key twice: none is searched for. */
static enum eng_err read_notes(struct dat_model *model, const struct dat_tensors *file)
{
    size_t count;
    const struct dat_safetensors_meta *meta = dat_tensors_metadata(file, &count);
    model->notes = calloc(count + 1, sizeof *model->notes); /* of nothing it may be NULL */
    if (!model->notes)
        return ENG_NOMEM;
    for (size_t i = 0; i < count; i++) {
        if (is_own_key(meta[i].key))
            continue;
        struct dat_note *note = &model->notes[model->note_count++];
        note->key = copy_text(meta[i].key);
        note->value = copy_text(meta[i].value);
        if (!note->key || !note->value)
            return ENG_NOMEM;
    }
    return ENG_OK;
}

static enum eng_err read_all(struct dat_model *model, struct dat_tensors *file, struct eng_why *why)
{
    const char *format = dat_tensors_value(file, "format");
    const int own = format && strcmp(format, "gad") == 0;
    ENG_TRY(recognise(&model->config, file, why));
    ENG_TRY(eng_arch_build(&model->net, &model->config, why));
    ENG_TRY(read_classes(model, file, why));
    if (own)
        ENG_TRY(read_preprocess(&model->preprocess, file, why));
    else
        dat_preprocess_init_torchvision(&model->preprocess);
    ENG_TRY(read_notes(model, file));
    return read_values(model->net, file, why);
}

enum eng_err dat_model_read(struct dat_model *model, const char *path, struct dat_budget *budget,
                            struct eng_why *why)
{
    return dat_model_read_renamed(model, path, NULL, budget, why);
}

enum eng_err dat_model_read_renamed(struct dat_model *model, const char *path,
                                    const struct dat_rename *rename, struct dat_budget *budget,
                                    struct eng_why *why)
{
    *model = (struct dat_model){0};
    if (why)
        why->text[0] = '\0';
    ENG_TRY(dat_tensors_open(&model->file, path, budget, why));
    enum eng_err err = rename ? dat_tensors_rename(model->file, rename, why) : ENG_OK;
    if (err == ENG_OK)
        err = read_all(model, model->file, why);
    if (err != ENG_OK) {
        dat_model_release(model);
        return eng_fail_in(why, err, path);
    }
    return ENG_OK;
}

enum eng_err dat_model_prepare(struct dat_model *model, const struct dat_preprocess_change *change,
                               const char *path, struct eng_why *why)
{
    const struct dat_preprocess *p = &model->preprocess;
    ENG_TRY(dat_preprocess_change(&model->preprocess, change, why));
    if (change->size)
        return ENG_OK;
    if (p->width * p->height > DAT_MODEL_MAX_PIXELS)
        return eng_fail(why, ENG_TOOBIG,
                        "%s: its input of %zu x %zu is more than %zu pixels; give --size", path,
                        p->width, p->height, DAT_MODEL_MAX_PIXELS);
    if (p->rule == DAT_RESIZE_CROP && !change->resize &&
        p->resize * p->resize > DAT_MODEL_MAX_PIXELS)
        return eng_fail(why, ENG_TOOBIG,
                        "%s: photos resized to %zu x %zu have more than %zu pixels; give --resize",
                        path, p->resize, p->resize, DAT_MODEL_MAX_PIXELS);
    return ENG_OK;
}

enum eng_err dat_model_start_from(struct dat_model *model, const char *path,
                                  const struct dat_rename *rename, struct dat_budget *budget,
                                  struct eng_why *why)
{
    struct dat_model from;
    ENG_TRY(dat_model_read_renamed(&from, path, rename, budget, why));
    enum eng_err err = ENG_OK;
    const size_t count = eng_net_param_count(model->net);
    if (strcmp(from.config.arch, model->config.arch) != 0 || count != eng_net_param_count(from.net))
        err = eng_fail(why, ENG_MISMATCH, "%s: its weights are a %s's, not a %s's", path,
                       from.config.arch, model->config.arch);
    for (size_t i = 0; err == ENG_OK && i < count; i++) {
        struct eng_param *to = eng_net_param(model->net, i);
        const struct eng_param *p = eng_net_param_const(from.net, i);
        if (eng_shape_same(&to->shape, &p->shape)) {
            memcpy(to->value, p->value, eng_shape_count(&p->shape) * sizeof(float));
        } else if (i + 2 < count) { /* not of the last layer */
            char have[64], want[64];
            err = eng_fail(why, ENG_MISMATCH,
                           "%s: its %s is %s, this net's %s; give the same width", path, p->name,
                           eng_shape_text(&p->shape, have, sizeof have),
                           eng_shape_text(&to->shape, want, sizeof want));
        }
    }
    if (err == ENG_OK)
        eng_net_set_batches_tracked(model->net, eng_net_batches_tracked(from.net));
    eng_net_changed(model->net);
    dat_model_release(&from);
    return err;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* The metadata: own keys first, then the notes. Values of own keys live in `text`. */
struct metadata {
    struct dat_safetensors_meta *lines;
    size_t count;
    char *classes;
    char width[32], hidden[32], resize[32], size[64], mean[96], std[96];
};

static void triple(char *text, size_t size, const float v[3])
{
    snprintf(text, size, "[%.9g,%.9g,%.9g]", (double)v[0], (double)v[1], (double)v[2]);
}

static enum eng_err make_metadata(struct metadata *m, const struct dat_model *model)
{
    const struct dat_preprocess *p = &model->preprocess;
    *m = (struct metadata){0};
    struct dat_json_out json;
    dat_json_out_init(&json, NULL, DAT_JSON_LINE);
    dat_json_out_array(&json);
    for (size_t i = 0; i < model->config.classes; i++)
        dat_json_out_string(&json, model->class_names[i]);
    dat_json_out_end(&json);
    const enum eng_err err = dat_json_out_finish(&json);
    m->lines = calloc(16 + model->note_count, sizeof *m->lines);
    if (err != ENG_OK || !m->lines) {
        dat_json_out_release(&json);
        free(m->lines);
        return ENG_NOMEM;
    }
    m->classes = json.text;
    snprintf(m->width, sizeof m->width, "%.9g", (double)model->config.width);
    snprintf(m->hidden, sizeof m->hidden, "%zu", model->config.hidden);
    snprintf(m->resize, sizeof m->resize, "%zu", p->resize);
    snprintf(m->size, sizeof m->size, "[%zu,%zu]", p->height, p->width);
    triple(m->mean, sizeof m->mean, p->mean);
    triple(m->std, sizeof m->std, p->std);
    const struct dat_safetensors_meta own[] = {
        {"format", "gad"},       {"architecture", model->config.arch},
        {"width", m->width},     {"hidden", m->hidden},
        {"classes", m->classes}, {"resize_rule", dat_preprocess_rule_name(p->rule)},
        {"resize", m->resize},   {"input_size", m->size},
        {"mean", m->mean},       {"std", m->std}};
    memcpy(m->lines, own, sizeof own);
    m->count = sizeof own / sizeof *own;
    for (size_t i = 0; i < model->note_count; i++)
        m->lines[m->count++] = (struct dat_safetensors_meta){model->notes[i].key,
                                                             model->notes[i].value};
    return ENG_OK;
}

enum eng_err dat_model_write(const struct dat_model *model, const char *path, struct eng_why *why)
{
    const size_t count = eng_net_param_count(model->net);
    const int64_t batches = (int64_t)eng_net_batches_tracked(model->net);
    struct metadata meta;
    struct dat_safetensors_entry *entries = calloc(2 * count + 1, sizeof *entries);
    char(*names)[96] = calloc(count + 1, sizeof *names);
    size_t n = 0, named = 0;
    enum eng_err err = entries && names ? make_metadata(&meta, model) : ENG_NOMEM;
    if (err != ENG_OK) {
        free(entries);
        free(names);
        return eng_fail(why, err, "%s: out of memory", path);
    }
    for (size_t i = 0; i < count; i++) {
        const struct eng_param *p = eng_net_param_const(model->net, i);
        struct dat_safetensors_entry *e = &entries[n++];
        *e = (struct dat_safetensors_entry){.name = p->name,
                                            .dtype = DAT_F32,
                                            .rank = (size_t)p->shape.rank,
                                            .bytes = p->value,
                                            .size = eng_shape_count(&p->shape) * sizeof(float)};
        for (int d = 0; d < p->shape.rank; d++)
            e->dim[d] = p->shape.dim[d];
        if (p->kind == ENG_PARAM_RUNNING_VAR) { /* PyTorch counts batches beside it */
            const size_t module = strlen(p->name) - strlen("running_var");
            snprintf(names[named], sizeof *names, "%.*snum_batches_tracked", (int)module, p->name);
            entries[n++] = (struct dat_safetensors_entry){.name = names[named++],
                                                          .dtype = DAT_I64,
                                                          .bytes = &batches,
                                                          .size = sizeof batches};
        }
    }
    /* Names that tell no format were always those of safetensors files. */
    const int told = dat_tensors_check_path(path, NULL) == ENG_OK;
    err = (told ? dat_tensors_write : dat_safetensors_write)(path, entries, n, meta.lines,
                                                             meta.count, why);
    free(meta.classes);
    free(meta.lines);
    free(entries);
    free(names);
    return err;
}
