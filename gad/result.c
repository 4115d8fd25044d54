#include "gad/result.h"

#include "data/file.h"
#include "data/json.h"
#include "data/json_out.h"
#include "gad/figures.h"
#include "gad/ledger.h"
#include "gad/predict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- sums over the images ------------------------------------------------------------------- */

/* How a support did on the evaluated images: distance from its targets, mean change of the own
 * class's output and of the other's, accuracy. */
struct fit_score {
    double rms, own_shift, other_shift, accuracy;
};

static struct fit_score score_support(const struct gad_evaluation *e, size_t net)
{
    struct fit_score s = {0};
    size_t seen = 0;
    for (size_t i = 0; i < e->count; i++) {
        if (e->images[i].damaged)
            continue;
        const float *base = e->images[i].logits, *own = base + net * GAD_CLASSES;
        const size_t label = (size_t)dat_dataset_item(e->set, e->images[i].item)->label;
        float target[GAD_CLASSES];
        gad_target(base, label, &e->supports.at[net - 1].alpha, target);
        for (size_t c = 0; c < GAD_CLASSES; c++)
            s.rms += ((double)own[c] - target[c]) * ((double)own[c] - target[c]);
        s.own_shift += (double)own[label] - base[label];
        s.other_shift += (double)own[1 - label] - base[1 - label];
        s.accuracy += gad_argmax(own, GAD_CLASSES) == label;
        seen++;
    }
    const double n = seen ? (double)seen : NAN;
    s.rms = sqrt(s.rms / (n * GAD_CLASSES));
    s.own_shift /= n;
    s.other_shift /= n;
    s.accuracy /= n;
    return s;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void put_text(struct dat_json_out *json, const char *key, const char *value)
{
    dat_json_out_key(json, key);
    dat_json_out_string(json, value);
}

static void put_number(struct dat_json_out *json, const char *key, double value)
{
    dat_json_out_key(json, key);
    dat_json_out_double(json, value);
}

static void put_count(struct dat_json_out *json, const char *key, uint64_t value)
{
    dat_json_out_key(json, key);
    dat_json_out_uint(json, value);
}

/* Copies a number of a training log; NULL stands for none. */
static void put_logged(struct dat_json_out *json, const struct dat_json_node *node)
{
    double number;
    dat_json_out_double(json, node && dat_json_number(node, &number) ? number : NAN);
}

/* 1 if it looks as gad_history_note makes it: a list of objects with numbers (null: not a number).
 */
static int is_log(const struct dat_json_node *root)
{
    if (dat_json_type(root) != DAT_JSON_ARRAY)
        return 0;
    for (const struct dat_json_node *c = dat_json_first(root); c; c = dat_json_next(c)) {
        if (dat_json_type(c) != DAT_JSON_OBJECT)
            return 0;
        for (const struct dat_json_node *n = dat_json_first(c); n; n = dat_json_next(n))
            if (dat_json_type(n) != DAT_JSON_NUMBER && dat_json_type(n) != DAT_JSON_NULL)
                return 0;
    }
    return 1;
}

/* The training log that a model carries, parsed; NULL if it has none, or something else there. */
static struct dat_json *training_log(const struct dat_model *model)
{
    const char *text = dat_model_note(model, "training_log");
    struct dat_json *json = NULL;
    if (!text || dat_json_parse(&json, text, strlen(text), NULL) != ENG_OK)
        return NULL;
    if (is_log(dat_json_root(json)))
        return json;
    dat_json_free(json);
    return NULL;
}

static void put_log(struct dat_json_out *json, const struct dat_json_node *log)
{
    dat_json_out_array(json);
    for (const struct dat_json_node *c = dat_json_first(log); c; c = dat_json_next(c)) {
        dat_json_out_object(json);
        for (const struct dat_json_node *n = dat_json_first(c); n; n = dat_json_next(n)) {
            dat_json_out_key(json, dat_json_key(n));
            put_logged(json, n);
        }
        dat_json_out_end(json);
    }
    dat_json_out_end(json);
}

static void put_machine(struct dat_json_out *json, const struct eng_exec *exec)
{
    char model[64];
    eng_cpu_model(model, sizeof model);
    dat_json_out_key(json, "machine");
    dat_json_out_object(json);
    put_text(json, "processor", model);
    put_text(json, "cpu", eng_cpu_name(exec->cpu));
    put_count(json, "threads", (uint64_t)exec->threads);
    put_text(json, "precision", eng_exec_arithmetic(exec));
    dat_json_out_end(json);
}

const char *gad_result_dataset(const struct gad_evaluation *e)
{
    char **names = e->model.class_names;
    if (strcmp(names[0], "cat") == 0 && strcmp(names[1], "dog") == 0)
        return "cats-dogs";
    if ((strcmp(names[0], "warbler") == 0 && strcmp(names[1], "sparrow") == 0) ||
        (strcmp(names[0], "sparrow") == 0 && strcmp(names[1], "warbler") == 0))
        return "birds";
    return "";
}

static void put_data(struct dat_json_out *json, const struct gad_evaluation *e)
{
    put_text(json, "dataset", gad_result_dataset(e));
    dat_json_out_key(json, "data");
    dat_json_out_object(json);
    put_text(json, "about", dat_dataset_about(e->set));
    put_text(json, "source", e->options->subject.data);
    put_count(json, "images", e->count - e->damaged);
    put_count(json, "skipped", e->damaged);
    dat_json_out_key(json, "synthetic");
    dat_json_out_bool(json, dat_dataset_has_masks(e->set));
    put_count(json, "seed", e->options->seed);
    dat_json_out_end(json);
}

static void put_model(struct dat_json_out *json, const struct gad_evaluation *e)
{
    const struct dat_model *m = &e->model;
    char print[DAT_FINGERPRINT];
    uint64_t parameters = 0;
    for (size_t i = 0; i < eng_net_param_count(m->net); i++) {
        const struct eng_param *p = eng_net_param_const(m->net, i);
        if (eng_param_trains(p))
            parameters += eng_shape_count(&p->shape);
    }
    dat_model_fingerprint(m, print);
    dat_json_out_key(json, "model");
    dat_json_out_object(json);
    put_text(json, "file", e->options->subject.model);
    put_text(json, "architecture", m->config.arch);
    put_text(json, "title", eng_arch_title(m->config.arch));
    put_number(json, "width", (double)m->config.width);
    put_count(json, "parameters", parameters);
    dat_json_out_key(json, "classes");
    dat_json_out_array(json);
    for (size_t i = 0; i < m->config.classes; i++)
        dat_json_out_string(json, m->class_names[i]);
    dat_json_out_end(json);
    dat_json_out_key(json, "input");
    dat_json_out_array(json);
    dat_json_out_uint(json, m->preprocess.height);
    dat_json_out_uint(json, m->preprocess.width);
    dat_json_out_end(json);
    put_text(json, "fingerprint", print);
    put_number(json, "accuracy", e->accuracy);
    put_count(json, "accuracy_images", e->held_out);
    dat_json_out_key(json, "notes");
    dat_json_out_object(json);
    for (size_t i = 0; i < m->note_count; i++)
        if (strcmp(m->notes[i].key, "training_log") != 0)
            put_text(json, m->notes[i].key, m->notes[i].value);
    dat_json_out_end(json);
    dat_json_out_end(json);
    struct dat_json *log = training_log(m);
    if (log) {
        dat_json_out_key(json, "training");
        dat_json_out_object(json);
        dat_json_out_key(json, "epochs");
        put_log(json, dat_json_root(log));
        dat_json_out_end(json);
    }
    dat_json_free(log);
}

static void put_support(struct dat_json_out *json, const struct gad_evaluation *e, size_t net)
{
    const struct gad_support *s = &e->supports.at[net - 1];
    const struct fit_score score = score_support(e, net);
    const char *epochs = dat_model_note(&s->model, "epochs"), *lr = dat_model_note(&s->model, "lr");
    const char *settings = dat_model_note(&s->model, "settings");
    dat_json_out_object(json);
    put_text(json, "file", s->file);
    dat_json_out_key(json, "alpha");
    dat_json_out_array(json);
    for (size_t c = 0; c < GAD_CLASSES; c++)
        dat_json_out_float(json, s->alpha.of[c]);
    dat_json_out_end(json);
    put_number(json, "epochs", epochs ? strtod(epochs, NULL) : NAN);
    put_number(json, "lr", lr ? strtod(lr, NULL) : NAN);
    put_text(json, "settings", settings);
    dat_json_out_key(json, "losses");
    dat_json_out_array(json);
    struct dat_json *log = training_log(&s->model);
    const struct dat_json_node *c = log ? dat_json_first(dat_json_root(log)) : NULL;
    for (; c; c = dat_json_next(c))
        put_logged(json, dat_json_member(c, "loss"));
    dat_json_free(log);
    dat_json_out_end(json);
    put_number(json, "rms", score.rms);
    put_number(json, "own_shift", score.own_shift);
    put_number(json, "other_shift", score.other_shift);
    put_number(json, "accuracy", score.accuracy);
    dat_json_out_end(json);
}

static void put_options(struct dat_json_out *json, const struct gad_evaluate_options *o)
{
    char select[MET_SELECT_TEXT], present[MET_SELECT_TEXT];
    met_select_print(select, &o->select);
    met_select_print(present, &o->maps.intersect.present);
    dat_json_out_key(json, "options");
    dat_json_out_object(json);
    put_count(json, "steps", o->maps.ig.steps);
    put_text(json, "rule", attr_quadrature_name(o->maps.ig.quadrature));
    put_text(json, "baseline", attr_baseline_name(o->maps.ig.baseline.kind));
    put_text(json, "reduce", attr_reduce_name(o->maps.reduce));
    put_text(json, "normalise", gad_normalise_name(o->maps.intersect.normalise));
    put_text(json, "present", present);
    put_text(json, "keep", gad_keep_name(o->maps.intersect.keep));
    put_text(json, "select", select);
    put_text(json, "degenerate", met_degenerate_name(o->degenerate));
    put_text(json, "area", met_area_name(o->area));
    put_text(json, "occlude", attr_baseline_name(o->occlude));
    put_text(json, "sup", met_supplement_name(o->supplement));
    put_text(json, "output", o->probability ? "probability" : "logit");
    dat_json_out_end(json);
}

static void put_tables(struct dat_json_out *json, const struct gad_evaluation *e)
{
    const struct attr_methods *methods = &e->options->maps.methods;
    dat_json_out_key(json, "methods");
    dat_json_out_array(json);
    for (size_t m = 0; m < methods->count; m++) {
        dat_json_out_object(json);
        put_text(json, "name", methods->at[m]->name);
        put_text(json, "title", methods->at[m]->title);
        put_text(json, "paper", methods->at[m]->paper);
        dat_json_out_end(json);
    }
    dat_json_out_end(json);
    for (int table = 1; table <= 2; table++) {
        dat_json_out_key(json, table == 1 ? "table1" : "table2");
        dat_json_out_object(json);
        dat_json_out_key(json, "cells");
        dat_json_out_array(json);
        for (size_t k = 0; k < GAD_CLASSES * e->methods; k++) {
            const size_t cls = k / e->methods, m = k % e->methods;
            const struct gad_cell cell = gad_table_cell(e->table, cls, m);
            dat_json_out_object(json);
            put_text(json, "method", methods->at[m]->name);
            put_count(json, "class", cls);
            if (table == 1) {
                put_count(json, "original", cell.original_wins);
                put_count(json, "gad", cell.gad_wins);
                put_count(json, "undefined", cell.undefined);
                put_count(json, "degenerate_original",
                          cell.images - cell.original_hulls[MET_HULL_POLYGON]);
                put_count(json, "degenerate_gad", cell.images - cell.gad_hulls[MET_HULL_POLYGON]);
                put_number(json, "mean_rc", cell.ratios ? cell.mean_ratio : NAN);
            } else {
                put_number(json, "sup", cell.sup.all);
                put_number(json, "gad", cell.gad.all);
                put_count(json, "empty_sup", cell.sup.empty);
                put_count(json, "empty_gad", cell.gad.empty);
                put_number(json, "sup_not_empty", cell.sup.not_empty);
                put_number(json, "gad_not_empty", cell.gad.not_empty);
            }
            dat_json_out_end(json);
        }
        dat_json_out_end(json);
        dat_json_out_end(json);
    }
}

static void put_truth(struct dat_json_out *json, const struct gad_evaluation *e)
{
    size_t seen = 0;
    for (size_t i = 0; i < e->count; i++)
        seen += !e->images[i].damaged && e->images[i].has_truth;
    if (seen == 0)
        return;
    dat_json_out_key(json, "truth");
    dat_json_out_object(json);
    dat_json_out_key(json, "cells");
    dat_json_out_array(json);
    for (size_t k = 0; k < GAD_CLASSES * e->methods; k++) {
        double weight[2] = {0}, hull[2] = {0}, hit[2] = {0};
        for (size_t i = 0; i < e->count; i++)
            for (int g = 0; g < 2 && !e->images[i].damaged && e->images[i].has_truth; g++) {
                const struct gad_row *row = &e->images[i].rows[k];
                weight[g] += row->weight[g] / (double)seen;
                hull[g] += row->hull[g] / (double)seen;
                hit[g] += row->hit[g] / (double)seen;
            }
        dat_json_out_object(json);
        put_text(json, "method", e->options->maps.methods.at[k % e->methods]->name);
        put_count(json, "class", k / e->methods);
        put_number(json, "weight_original", weight[0]);
        put_number(json, "weight_gad", weight[1]);
        put_number(json, "hull_original", hull[0]);
        put_number(json, "hull_gad", hull[1]);
        put_number(json, "pointing_original", hit[0]);
        put_number(json, "pointing_gad", hit[1]);
        dat_json_out_end(json);
    }
    dat_json_out_end(json);
    dat_json_out_end(json);
}

static void put_completeness(struct dat_json_out *json, const struct gad_evaluation *e)
{
    double sum = 0, largest = 0;
    size_t seen = 0;
    for (size_t i = 0; i < e->count; i++)
        for (size_t c = 0; c < GAD_CLASSES && !e->images[i].damaged; c++) {
            const double gap = fabs(e->images[i].gap[c]);
            if (isnan(gap))
                continue;
            sum += gap;
            largest = gap > largest ? gap : largest;
            seen++;
        }
    if (seen == 0)
        return;
    dat_json_out_key(json, "completeness");
    dat_json_out_object(json);
    put_number(json, "mean_abs_gap", sum / (double)seen);
    put_number(json, "max_abs_gap", largest);
    dat_json_out_end(json);
}

static enum eng_err write_json(struct gad_evaluation *e, struct eng_why *why)
{
    struct dat_json_out json;
    char when[32];
    const time_t t = time(NULL);
    struct tm utc;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &utc));
    dat_json_out_init(&json, NULL, DAT_JSON_PRETTY);
    dat_json_out_object(&json);
    put_text(&json, "gad", GAD_VERSION);
    put_text(&json, "when", when);
    put_number(&json, "seconds", round(e->seconds * 10) / 10);
    if (e->resumed)
        put_count(&json, "resumed_after", e->resumed);
    put_machine(&json, e->options->exec);
    put_text(&json, "command", e->options->command);
    put_data(&json, e);
    put_model(&json, e);
    dat_json_out_key(&json, "supports");
    dat_json_out_array(&json);
    for (size_t net = 1; net < e->nets; net++)
        put_support(&json, e, net);
    dat_json_out_end(&json);
    put_options(&json, e->options);
    put_tables(&json, e);
    put_truth(&json, e);
    put_completeness(&json, e);
    dat_json_out_key(&json, "figures");
    enum eng_err err = gad_figures_write(e, &json, why);
    dat_json_out_end(&json);
    if (err == ENG_OK && (err = dat_json_out_finish(&json)) != ENG_OK)
        eng_fail(why, err, "out of memory");
    char *path = dat_path_join(e->options->output, "evaluate.json");
    if (err == ENG_OK)
        err = path ? dat_file_write(path, json.text, json.count, why)
                   : eng_fail(why, ENG_NOMEM, "out of memory");
    free(path);
    dat_json_out_release(&json);
    return err;
}

/* ---- CSV ------------------------------------------------------------------------------------ */

/* A field in quotes, its own doubled (RFC 4180). */
static void put_quoted(FILE *f, const char *text)
{
    fputc('"', f);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', f);
        fputc(*text, f);
    }
    fputc('"', f);
}

static void csv_table(FILE *f, const struct gad_evaluation *e, int table)
{
    const struct attr_methods *methods = &e->options->maps.methods;
    static const char *const rows[2][2] = {{"Orig.", "GAD "}, {"Sup.", "GAD "}};
    fprintf(f, "dataset,net,row");
    for (size_t m = 0; m < e->methods; m++)
        fprintf(f, ",%s", methods->at[m]->name);
    fprintf(f, "\n");
    for (size_t cls = 0; cls < GAD_CLASSES; cls++)
        for (int gad = 0; gad < 2; gad++) {
            fprintf(f, "%s,%s,%s%zu", gad_result_dataset(e), eng_arch_title(e->model.config.arch),
                    rows[table - 1][gad], cls + 1);
            for (size_t m = 0; m < e->methods; m++) {
                const struct gad_cell cell = gad_table_cell(e->table, cls, m);
                if (table == 1)
                    fprintf(f, ",%zu", gad ? cell.gad_wins : cell.original_wins);
                else /* times 100, as the paper */
                    fprintf(f, ",%.6g", 100 * (gad ? cell.gad.all : cell.sup.all));
            }
            fprintf(f, "\n");
        }
}

static void csv_images(FILE *f, const struct gad_evaluation *e)
{
    static const char *const winners[] = {"undefined", "gad", "original"};
    fprintf(f, "image,label,predicted,logit1,logit2,class,method,winner,rc,area_gad,area_original,"
               "hull_gad,hull_original,rs_gad,pixels_gad,rs_sup,pixels_sup,weight_original,"
               "weight_gad,truth_hull_original,truth_hull_gad,ig_gap\n");
    for (size_t i = 0; i < e->count; i++) {
        const struct gad_image *im = &e->images[i];
        const struct dat_item *item = dat_dataset_item(e->set, im->item);
        if (im->damaged) {
            put_quoted(f, item->name);
            fputc(',', f);
            put_quoted(f, e->model.class_names[item->label]);
            fprintf(f, ",,,,,,damaged,,,,,,,,,,,,,,\n"); /* as the winner: there was no contest */
            continue;
        }
        for (size_t k = 0; k < GAD_CLASSES * e->methods; k++) {
            const struct gad_row *row = &im->rows[k];
            const struct met_rc *rc = &row->record.rc;
            const size_t cls = k / e->methods;
            put_quoted(f, item->name);
            fputc(',', f);
            put_quoted(f, e->model.class_names[item->label]);
            fputc(',', f);
            put_quoted(f, e->model.class_names[gad_argmax(im->logits, GAD_CLASSES)]);
            fprintf(f, ",%.9g,%.9g,", (double)im->logits[0], (double)im->logits[1]);
            put_quoted(f, e->model.class_names[cls]);
            fprintf(f, ",%s,%s,%.9g,%g,%g,%s,%s,%.9g,%lld,%.9g,%lld",
                    e->options->maps.methods.at[k % e->methods]->name, winners[rc->winner],
                    rc->ratio, rc->gad_area, rc->original_area, met_hull_kind_name(rc->gad_kind),
                    met_hull_kind_name(rc->original_kind), row->record.gad.value,
                    (long long)row->record.gad.pixels, row->record.sup.value,
                    (long long)row->record.sup.pixels);
            if (im->has_truth)
                fprintf(f, ",%.6g,%.6g,%.6g,%.6g", row->weight[0], row->weight[1], row->hull[0],
                        row->hull[1]);
            else
                fprintf(f, ",,,,");
            if (isnan(im->gap[cls]))
                fprintf(f, ",\n");
            else
                fprintf(f, ",%.6g\n", im->gap[cls]);
        }
    }
}

static void csv_table1(FILE *f, const struct gad_evaluation *e)
{
    csv_table(f, e, 1);
}

static void csv_table2(FILE *f, const struct gad_evaluation *e)
{
    csv_table(f, e, 2);
}

static void csv_totals(FILE *f, const struct gad_evaluation *e)
{
    gad_table_csv(f, e->table);
}

static enum eng_err write_csv(const struct gad_evaluation *e, const char *name,
                              void (*put)(FILE *, const struct gad_evaluation *),
                              struct eng_why *why)
{
    char *path = dat_path_join(e->options->output, name);
    struct dat_out out;
    if (!path)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    enum eng_err err = dat_out_open(&out, path, why);
    free(path);
    if (err != ENG_OK)
        return err;
    put(out.stream, e);
    return dat_out_commit(&out, why);
}

enum eng_err gad_result_write(struct gad_evaluation *e, struct eng_why *why)
{
    ENG_TRY(write_csv(e, "table1.csv", csv_table1, why));
    ENG_TRY(write_csv(e, "table2.csv", csv_table2, why));
    ENG_TRY(write_csv(e, "totals.csv", csv_totals, why));
    ENG_TRY(write_csv(e, "per_image.csv", csv_images, why));
    ENG_TRY(write_json(e, why));
    gad_ledger_remove(e->options->output);
    return ENG_OK;
}
