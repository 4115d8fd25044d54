#include "data/budget.h"
#include "data/file.h"
#include "gad/report.h"
#include "gad/report_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const table_keys[GAD_REPORT_TABLES] = {"table1", "table2", "truth"};

const struct dat_json_node *gad_report_part(const struct gad_report_run *run, const char *part,
                                            const char *sub)
{
    const struct dat_json_node *node = dat_json_member(run->root, part);
    return sub ? dat_json_member(node, sub) : node;
}

const char *gad_report_string(const struct dat_json_node *node, const char *key)
{
    const char *text = dat_json_string(dat_json_member(node, key));
    return text ? text : "";
}

double gad_report_number(const struct dat_json_node *node, const char *key)
{
    double number = NAN;
    dat_json_number(dat_json_member(node, key), &number);
    return number;
}

bool gad_report_flag(const struct dat_json_node *node, const char *key)
{
    int flag = 0;
    dat_json_bool(dat_json_member(node, key), &flag);
    return flag;
}

double gad_report_cell(const struct gad_report_run *run, enum gad_report_table table, size_t cls,
                       size_t method, const char *key)
{
    return gad_report_number(run->cell[table][cls][method], key);
}

double gad_report_mean(const struct gad_report_run *run, enum gad_report_table table,
                       const char *key)
{
    double sum = 0.0;
    size_t count = 0;
    for (size_t cls = 0; cls < GAD_TABLE_CLASSES; cls++)
        for (size_t m = 0; m < run->methods; m++) {
            const double value = gad_report_cell(run, table, cls, m, key);
            sum += isfinite(value) ? value : 0.0;
            count += isfinite(value) != 0;
        }
    return count > 0 ? sum / (double)count : NAN;
}

/* The column of a method, a new one if need be; GAD_TABLE_MAX_METHODS if there is no room. */
static size_t column_of(struct gad_report_run *run, const char *name, const char *title)
{
    size_t m = 0;
    while (m < run->methods && strcmp(run->method[m].name, name) != 0)
        m++;
    if (m == run->methods && m < GAD_TABLE_MAX_METHODS)
        run->method[run->methods++] = (struct gad_report_method){name, title[0] ? title : name};
    return m;
}

static void collect(struct gad_report_run *run)
{
    const struct dat_json_node *node = dat_json_first(gad_report_part(run, "methods", NULL));
    for (; node; node = dat_json_next(node)) {
        const char *name = gad_report_string(node, "name");
        if (name[0])
            column_of(run, name, gad_report_string(node, "title"));
    }
    for (size_t table = 0; table < GAD_REPORT_TABLES; table++) {
        node = dat_json_first(gad_report_part(run, table_keys[table], "cells"));
        for (; node; node = dat_json_next(node)) {
            uint64_t cls;
            const char *name = gad_report_string(node, "method");
            if (!name[0] || !dat_json_uint64(dat_json_member(node, "class"), &cls) ||
                cls >= GAD_TABLE_CLASSES)
                continue;
            const size_t m = column_of(run, name, "");
            if (m < GAD_TABLE_MAX_METHODS)
                run->cell[table][cls][m] = node;
        }
    }
}

/* The first of the three that says anything. */
static const char *first_text(const char *a, const char *b, const char *c)
{
    return a[0] ? a : b[0] ? b : c;
}

static enum eng_err read_json(struct dat_json **json, const char *path, size_t file_memory,
                              struct eng_why *why)
{
    struct dat_budget budget = dat_budget_of(file_memory);
    uint8_t *bytes;
    size_t count;
    *json = NULL;
    ENG_TRY(dat_file_read(&bytes, &count, path, why));
    enum eng_err err;
    if (count > GAD_REPORT_MAX_JSON)
        err = eng_fail(why, ENG_TOOBIG, "it has more than %zu MiB; evaluate fewer images",
                       GAD_REPORT_MAX_JSON >> 20);
    else
        err = dat_budget_take(&budget, DAT_JSON_MULTIPLE * count, why);
    if (err == ENG_OK)
        err = dat_json_parse(json, (const char *)bytes, count, why);
    free(bytes);
    if (err == ENG_OK && !dat_json_string(dat_json_member(dat_json_root(*json), "gad")))
        err = eng_fail(why, ENG_FORMAT,
                       "it was not written by gad evaluate; run gad evaluate into this folder");
    if (err != ENG_OK) {
        dat_json_free(*json);
        *json = NULL;
        return eng_fail_in(why, err, path);
    }
    return ENG_OK;
}

enum eng_err gad_report_run_read(struct gad_report_run *run, const char *folder, const char *label,
                                 size_t file_memory, struct eng_why *why)
{
    *run = (struct gad_report_run){0};
    char *path = dat_path_join(folder, "evaluate.json");
    char *copy = strdup(folder);
    struct dat_json *json = NULL;
    enum eng_err err;
    if (path && copy)
        err = read_json(&json, path, file_memory, why);
    else
        err = eng_fail(why, ENG_NOMEM, "there is not enough memory; close other programs");
    free(path);
    if (err != ENG_OK) {
        free(copy);
        return err;
    }
    run->folder = copy;
    run->json = json;
    run->label = label;
    run->root = dat_json_root(json);

    const struct dat_json_node *model = gad_report_part(run, "model", NULL);
    const struct dat_json_node *classes = dat_json_member(model, "classes");
    static const char *const unnamed[GAD_TABLE_CLASSES] = {"class 1", "class 2"};
    run->title = first_text(gad_report_string(model, "title"),
                            gad_report_string(model, "architecture"), label);
    for (size_t cls = 0; cls < GAD_TABLE_CLASSES; cls++) {
        const char *name = dat_json_string(dat_json_at(classes, cls));
        run->classes[cls] = name && name[0] ? name : unnamed[cls];
    }
    collect(run);
    return ENG_OK;
}

void gad_report_run_release(struct gad_report_run *run)
{
    free(run->folder);
    dat_json_free(run->json);
    *run = (struct gad_report_run){0};
}
