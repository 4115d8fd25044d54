/* An explanation as numbers for scripts. Pictures and arrays are left to the other formats: here is
 * what one would compute from them first.
 *
 *     {"image": ..., "width": ..., "height": ..., "logits": [...], "probabilities": [...],
 *      "label": ..., "reduce": ..., "select": ..., "area": ...,
 *      "explanations": [{"method": ..., "class": K, "name": ...,
 *                        "attribution": {"sum", "min", "max", "gap"},    (3,H,W), as in .npy
 *                        "map": {"sum", "min", "max", "hull": {"kind", "area", "corners"}},
 *                        "gad": the same of GAD's map, or null, "rc": ...}, ...]} */
#include "data/file.h"
#include "gad/cli/answer.h"
#include "gad/cli/explanation.h"

#include <stdlib.h>

/* What `gad evaluate` takes, too, unless it is told otherwise. */
static const enum met_area area = MET_AREA_CENTRES;

static void put_text(struct dat_json_out *json, const char *key, const char *text)
{
    dat_json_out_key(json, key);
    dat_json_out_string(json, text);
}

static void put_number(struct dat_json_out *json, const char *key, double value)
{
    dat_json_out_key(json, key);
    dat_json_out_double(json, value);
}

static void put_range(struct dat_json_out *json, const float *values, size_t count)
{
    double sum = 0, min = (double)values[0], max = min;
    for (size_t i = 0; i < count; i++) {
        const double v = (double)values[i];
        sum += v;
        min = v < min ? v : min;
        max = v > max ? v : max;
    }
    put_number(json, "sum", sum);
    put_number(json, "min", min);
    put_number(json, "max", max);
}

static void put_map(struct dat_json_out *json, const char *key, const float *map, size_t pixels,
                    const struct met_hull *hull)
{
    dat_json_out_key(json, key);
    dat_json_out_object(json);
    put_range(json, map, pixels);
    dat_json_out_key(json, "hull");
    dat_json_out_object(json);
    put_text(json, "kind", met_hull_kind_name(hull->kind));
    put_number(json, "area", met_hull_area(hull, area));
    dat_json_out_key(json, "corners");
    dat_json_out_array(json);
    for (size_t i = 0; i < hull->count; i++) {
        dat_json_out_array(json);
        dat_json_out_int(json, hull->at[i].x);
        dat_json_out_int(json, hull->at[i].y);
        dat_json_out_end(json);
    }
    dat_json_out_end(json);
    dat_json_out_end(json);
    dat_json_out_end(json);
}

static void put_one(struct dat_json_out *json, const struct cli_explanation *e, size_t k)
{
    const struct gad_maps *m = e->maps;
    const size_t floats = m->channels * m->pixels, cls = k % m->classes;
    const struct attr_method *method = e->options->methods.at[k / m->classes];
    const struct cli_hulls *hulls = &e->hulls[k];
    dat_json_out_object(json);
    put_text(json, "method", method->name);
    dat_json_out_key(json, "class");
    dat_json_out_uint(json, e->classes[cls]);
    put_text(json, "name", e->model->class_names[e->classes[cls]]);
    dat_json_out_key(json, "attribution");
    dat_json_out_object(json);
    put_range(json, m->attributions + k * floats, floats);
    dat_json_out_key(json, "gap");
    if (method->taken == ATTR_ON_PATH)
        dat_json_out_double(json, m->gap[cls]);
    else
        dat_json_out_null(json);
    dat_json_out_end(json);
    put_map(json, "map", m->maps + k * m->pixels, m->pixels, &hulls->original);
    if (e->has_gad) {
        const double rc = met_complexity(&hulls->gad, &hulls->original, area, MET_DEGENERATE_SKIP)
                              .ratio;
        put_map(json, "gad", m->gad + k * m->pixels, m->pixels, &hulls->gad);
        dat_json_out_key(json, "rc");
        if (rc < 0) /* the original's hull has no area */
            dat_json_out_null(json);
        else
            dat_json_out_double(json, rc);
    } else {
        dat_json_out_key(json, "gad");
        dat_json_out_null(json);
        dat_json_out_key(json, "rc");
        dat_json_out_null(json);
    }
    dat_json_out_end(json);
}

enum eng_err cli_explanation_write_json(const struct cli_explanation *e, const char *folder,
                                        struct eng_why *why)
{
    char select[MET_SELECT_TEXT];
    struct dat_json_out json;
    dat_json_out_init(&json, NULL, DAT_JSON_PRETTY);
    dat_json_out_object(&json);
    cli_answer_put(&json, e->model, e->image, e->maps->logits, e->probabilities);
    met_select_print(select, e->select);
    put_text(&json, "reduce", attr_reduce_name(e->options->reduce));
    put_text(&json, "select", select);
    put_text(&json, "area", met_area_name(area));
    dat_json_out_key(&json, "explanations");
    dat_json_out_array(&json);
    for (size_t k = 0; k < e->maps->methods * e->maps->classes; k++)
        put_one(&json, e, k);
    dat_json_out_end(&json);
    dat_json_out_end(&json);
    char *path = dat_path_join(folder, "explain.json");
    enum eng_err err = path ? dat_json_out_finish(&json) : ENG_NOMEM;
    if (err == ENG_OK)
        err = dat_file_write(path, json.text, json.count, why);
    else
        eng_fail(why, err, "out of memory");
    free(path);
    dat_json_out_release(&json);
    return err;
}
