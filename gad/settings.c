#include "gad/settings.h"

#include "engine/choice.h"
#include "gad/border.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SETTINGS(X)                                                                                \
    X(THREADS, "threads")                                                                          \
    X(CPU, "cpu")                                                                                  \
    X(PRECISION, "precision")                                                                      \
    X(SUPPORT, "support")                                                                          \
    X(MAP, "map")                                                                                  \
    X(SIZE, "size")                                                                                \
    X(RESIZE_RULE, "resize-rule")                                                                  \
    X(RESIZE, "resize")                                                                            \
    X(MEAN, "mean")                                                                                \
    X(STD, "std")                                                                                  \
    X(FILE_MEMORY, "file-memory")                                                                  \
    X(METHODS, "methods")                                                                          \
    X(STEPS, "steps")                                                                              \
    X(RULE, "rule")                                                                                \
    X(BASELINE, "baseline")                                                                        \
    X(REDUCE, "reduce")                                                                            \
    X(NORMALISE, "normalise")                                                                      \
    X(PRESENT, "present")                                                                          \
    X(KEEP, "keep")                                                                                \
    X(MEMORY, "memory")

enum setting {
#define SETTING_ENUM(id, name) SETTING_##id,
    SETTINGS(SETTING_ENUM)
#undef SETTING_ENUM
};

static const char *const names[] = {
#define SETTING_NAME(id, name) name,
    SETTINGS(SETTING_NAME)
#undef SETTING_NAME
};

enum { COUNT = sizeof names / sizeof *names, THREADS_MOST = 1024 };

void gad_settings_init(struct gad_settings *settings)
{
    *settings = (struct gad_settings){.maps = gad_maps_defaults()};
    settings->maps.memory = ATTR_MEMORY_DEFAULT;
}

struct dat_preprocess_change gad_settings_prepare(const struct gad_settings *s)
{
    return (struct dat_preprocess_change){.rule = s->rule[0] ? s->rule : NULL,
                                          .resize = s->resize,
                                          .size = s->size,
                                          .mean = s->mean[0] ? s->mean : NULL,
                                          .std = s->std[0] ? s->std : NULL};
}

/* ---- values --------------------------------------------------------------------------------- */

static enum eng_err take_number(size_t *out, const char *text, size_t least, size_t most,
                                struct eng_why *why)
{
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || number < least || number > most)
        return eng_fail(why, ENG_ARG, "'%.40s' is no whole number from %zu to %zu", text, least,
                        most);
    *out = (size_t)number;
    return ENG_OK;
}

static enum eng_err take_threads(int *threads, const char *text, struct eng_why *why)
{
    size_t number;
    ENG_TRY(take_number(&number, text, 0, THREADS_MOST, why));
    *threads = (int)number;
    return ENG_OK;
}

static enum eng_err take_memory(size_t *bytes, const char *text, size_t least, struct eng_why *why)
{
    size_t mib;
    ENG_TRY(take_number(&mib, text, least, (size_t)-1 >> 20, why));
    *bytes = mib << 20;
    return ENG_OK;
}

/* What passes is a level's name, or nothing, and fits. */
static enum eng_err take_cpu(char cpu[16], const char *text, struct eng_why *why)
{
    struct eng_exec trial;
    if (*text)
        ENG_TRY(eng_exec_init(&trial, 1, text, why));
    strcpy(cpu, text);
    return ENG_OK;
}

/* NULL for an empty text, else a copy. */
static enum eng_err take_path(char **path, const char *text, struct eng_why *why)
{
    char *copy = *text ? strdup(text) : NULL;
    if (*text && !copy)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    free(*path);
    *path = copy;
    return ENG_OK;
}

static enum eng_err take_map(struct dat_rename *map, const char *text, struct eng_why *why)
{
    struct dat_rename taken = {0};
    if (*text)
        ENG_TRY(dat_rename_add(&taken, text, why));
    dat_rename_release(map);
    *map = taken;
    return ENG_OK;
}

static enum eng_err take_baseline(struct gad_settings *s, const char *text, struct eng_why *why)
{
    const size_t length = strlen(text);
    enum attr_baseline_kind kind = ATTR_BASELINE_TENSOR;
    const int file = length > 4 && strcmp(text + length - 4, ".npy") == 0;
    if (!file && (attr_baseline_parse(&kind, text, NULL) != ENG_OK || kind == ATTR_BASELINE_TENSOR))
        return eng_fail(why, ENG_ARG, "no baseline '%s'; there are: zero, black, mean, FILE.npy",
                        text);
    ENG_TRY(take_path(&s->baseline, file ? text : "", why));
    s->maps.ig.baseline.kind = kind;
    return ENG_OK;
}

/* A part of the preparation: tried alone on torchvision's, since the model's is not known yet. Of
 * size bytes where it is a text. */
static enum eng_err take_prepare(const struct dat_preprocess_change *change, char *out, size_t size,
                                 const char *text, struct eng_why *why)
{
    struct dat_preprocess trial;
    dat_preprocess_init_torchvision(&trial);
    ENG_TRY(dat_preprocess_change(&trial, change, why));
    if (strlen(text) >= size)
        return eng_fail(why, ENG_ARG, "'%.40s...' is too long", text);
    strcpy(out, text);
    return ENG_OK;
}

static enum eng_err set(struct gad_settings *s, enum setting which, const char *text,
                        struct eng_why *why)
{
    switch (which) {
    case SETTING_THREADS:
        return take_threads(&s->threads, text, why);
    case SETTING_CPU:
        return take_cpu(s->cpu, text, why);
    case SETTING_PRECISION:
        return eng_precision_parse(&s->precision, text, why);
    case SETTING_SUPPORT:
        return take_path(&s->support, text, why);
    case SETTING_MAP:
        return take_map(&s->map, text, why);
    case SETTING_SIZE:
        return take_number(&s->size, text, 1, DAT_IMAGE_MAX_SIDE, why);
    case SETTING_RESIZE:
        return take_number(&s->resize, text, 1, DAT_IMAGE_MAX_SIDE, why);
    case SETTING_RESIZE_RULE:
        return take_prepare(&(struct dat_preprocess_change){.rule = text}, s->rule, sizeof s->rule,
                            text, why);
    case SETTING_MEAN:
        return take_prepare(&(struct dat_preprocess_change){.mean = text}, s->mean, sizeof s->mean,
                            text, why);
    case SETTING_STD:
        return take_prepare(&(struct dat_preprocess_change){.std = text}, s->std, sizeof s->std,
                            text, why);
    case SETTING_FILE_MEMORY:
        return take_memory(&s->file_memory, text, 0, why);
    case SETTING_METHODS:
        return attr_methods_parse(&s->maps.methods, text, why);
    case SETTING_STEPS:
        return take_number(&s->maps.ig.steps, text, 1, ATTR_QUADRATURE_MAX, why);
    case SETTING_RULE:
        return attr_quadrature_parse(&s->maps.ig.quadrature, text, why);
    case SETTING_BASELINE:
        return take_baseline(s, text, why);
    case SETTING_REDUCE:
        return attr_reduce_parse(&s->maps.reduce, text, why);
    case SETTING_NORMALISE:
        return gad_normalise_parse(&s->maps.intersect.normalise, text, why);
    case SETTING_PRESENT:
        return met_select_parse(&s->maps.intersect.present, text, why);
    case SETTING_KEEP:
        return gad_keep_parse(&s->maps.intersect.keep, text, why);
    case SETTING_MEMORY:
        return take_memory(&s->maps.memory, text, 1, why);
    }
    return ENG_ARG;
}

/* ---- public --------------------------------------------------------------------------------- */

enum gad_error gad_settings_new(struct gad_settings **out, struct gad_why *why)
{
    struct gad_settings *settings = malloc(sizeof *settings);
    if (!settings)
        return gad_border_answer(ENG_NOMEM, NULL, why);
    gad_settings_init(settings);
    *out = settings;
    return GAD_OK;
}

void gad_settings_free(struct gad_settings *settings)
{
    if (!settings)
        return;
    free(settings->support);
    dat_rename_release(&settings->map);
    free(settings->baseline);
    free(settings);
}

enum gad_error gad_settings_set(struct gad_settings *settings, const char *name, const char *value,
                                struct gad_why *why)
{
    struct gad_border_locale locale;
    struct eng_why said = {""};
    int which;
    enum eng_err err = eng_choice_parse(&which, name, names, COUNT, "setting", &said);
    if (err != ENG_OK || (err = gad_border_enter(&locale, &said)) != ENG_OK)
        return gad_border_answer(err, &said, why);
    err = set(settings, (enum setting)which, value, &said);
    gad_border_leave(&locale);
    if (err != ENG_OK)
        eng_fail_in(&said, err, name);
    return gad_border_answer(err, &said, why);
}

const char *gad_settings_name(size_t i)
{
    return i < COUNT ? names[i] : NULL;
}
