#include "gad/cli/explanation.h"

#include "data/file.h"
#include "data/npy.h"
#include "data/npz.h"
#include "engine/choice.h"
#include "engine/loss.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
#define CLI_FORMAT(name) #name,
    CLI_FORMATS(CLI_FORMAT)
#undef CLI_FORMAT
};

enum { FORMATS = sizeof names / sizeof *names };

enum eng_err cli_formats_parse(unsigned *formats, const char *text, struct eng_why *why)
{
    unsigned bits = 0;
    do {
        char name[16];
        int format;
        const size_t length = strcspn(text, ",");
        snprintf(name, sizeof name, "%.*s", (int)(length < 15 ? length : 15), text);
        ENG_TRY(eng_choice_parse(&format, name, names, FORMATS, "format", why));
        bits |= 1u << format;
        text += length;
    } while (*text++ == ',');
    *formats = bits;
    return ENG_OK;
}

/* ---- what is found -------------------------------------------------------------------------- */

static enum eng_err find_hull(struct met_hull *hull, const struct cli_explanation *e,
                              const float *map, const float *original, struct eng_why *why)
{
    struct met_mask mask;
    ENG_TRY(
        met_select_pixels(&mask, e->select, map, original, e->image->width, e->image->height, why));
    const enum eng_err err = met_hull_of_mask(hull, &mask);
    met_mask_release(&mask);
    return err;
}

enum eng_err cli_explanation_complete(struct cli_explanation *e, struct eng_why *why)
{
    const struct gad_maps *m = e->maps;
    const size_t outputs = e->model->config.classes;
    e->probabilities = calloc(outputs, sizeof *e->probabilities);
    e->hulls = calloc(m->methods * m->classes, sizeof *e->hulls);
    if (!e->probabilities || !e->hulls)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    eng_softmax(m->logits, 1, outputs, e->probabilities);
    for (size_t k = 0; k < m->methods * m->classes; k++) {
        const float *original = m->maps + k * m->pixels, *gad = m->gad + k * m->pixels;
        ENG_TRY(find_hull(&e->hulls[k].original, e, original, original, why));
        if (e->has_gad)
            ENG_TRY(find_hull(&e->hulls[k].gad, e, gad, original, why));
    }
    return ENG_OK;
}

void cli_explanation_release(struct cli_explanation *e)
{
    for (size_t k = 0; e->hulls && k < e->maps->methods * e->maps->classes; k++) {
        met_hull_release(&e->hulls[k].original);
        met_hull_release(&e->hulls[k].gad);
    }
    free(e->hulls);
    free(e->probabilities);
    e->hulls = NULL;
    e->probabilities = NULL;
}

/* ---- files ---------------------------------------------------------------------------------- */

void cli_explanation_name(const struct cli_explanation *e, size_t k, const char *tail,
                          char name[CLI_MAP_NAME])
{
    const size_t classes = e->maps->classes;
    snprintf(name, CLI_MAP_NAME, "%s.class%zu%s", e->options->methods.at[k / classes]->name,
             e->classes[k % classes], tail);
}

enum eng_err cli_explanation_write(const struct cli_explanation *e, unsigned formats,
                                   const char *folder, struct eng_why *why)
{
    static enum eng_err (*const writers[])(const struct cli_explanation *, const char *,
                                           struct eng_why *) = {
#define CLI_FORMAT(name) cli_explanation_write_##name,
        CLI_FORMATS(CLI_FORMAT)
#undef CLI_FORMAT
    };
    for (size_t i = 0; i < FORMATS; i++)
        if (formats >> i & 1)
            ENG_TRY(writers[i](e, folder, why));
    return ENG_OK;
}

/* The attribution and, if there are supports, GAD's map of every method and class: *count arrays in
 * new memory, together with their names. */
struct array {
    char name[CLI_MAP_NAME];
    const float *data;
    int rank;
    size_t dim[3];
};

static struct array *list_arrays(const struct cli_explanation *e, size_t *count)
{
    const struct gad_maps *m = e->maps;
    const size_t height = e->image->height, width = e->image->width;
    struct array *arrays = calloc(2 * m->methods * m->classes, sizeof *arrays), *a = arrays;
    for (size_t k = 0; arrays && k < m->methods * m->classes; k++) {
        *a = (struct array){
            "", m->attributions + k * m->channels * m->pixels, 3, {m->channels, height, width}};
        cli_explanation_name(e, k, "", a++->name);
        if (!e->has_gad)
            continue;
        *a = (struct array){"", m->gad + k * m->pixels, 2, {height, width}};
        cli_explanation_name(e, k, ".gad", a++->name);
    }
    *count = (size_t)(a - arrays);
    return arrays;
}

enum eng_err cli_explanation_write_npy(const struct cli_explanation *e, const char *folder,
                                       struct eng_why *why)
{
    size_t count;
    struct array *arrays = list_arrays(e, &count);
    enum eng_err err = arrays ? ENG_OK : eng_fail(why, ENG_NOMEM, "out of memory");
    for (size_t i = 0; err == ENG_OK && i < count; i++) {
        char name[CLI_MAP_NAME + sizeof ".npy"];
        snprintf(name, sizeof name, "%s.npy", arrays[i].name);
        char *path = dat_path_join(folder, name);
        err = path ? dat_npy_write(path, arrays[i].data, arrays[i].rank, arrays[i].dim, why)
                   : eng_fail(why, ENG_NOMEM, "out of memory");
        free(path);
    }
    free(arrays);
    return err;
}

enum eng_err cli_explanation_write_npz(const struct cli_explanation *e, const char *folder,
                                       struct eng_why *why)
{
    size_t count;
    struct array *arrays = list_arrays(e, &count);
    struct dat_safetensors_entry *entries = arrays ? calloc(count, sizeof *entries) : NULL;
    char *path = dat_path_join(folder, "maps.npz");
    enum eng_err err = entries && path ? ENG_OK : eng_fail(why, ENG_NOMEM, "out of memory");
    for (size_t i = 0; err == ENG_OK && i < count; i++) {
        const struct array *a = &arrays[i];
        struct dat_safetensors_entry *to = &entries[i];
        *to = (struct dat_safetensors_entry){.name = a->name,
                                             .dtype = DAT_F32,
                                             .rank = (size_t)a->rank,
                                             .bytes = a->data,
                                             .size = sizeof *a->data};
        for (int d = 0; d < a->rank; d++) {
            to->dim[d] = a->dim[d];
            to->size *= a->dim[d];
        }
    }
    if (err == ENG_OK)
        err = dat_npz_write(path, entries, count, NULL, 0, why);
    free(path);
    free(entries);
    free(arrays);
    return err;
}
