/* The paper's tables, ours beside the paper's. */
#include "gad/paper.h"
#include "gad/report_parts.h"
#include "gad/show.h"

#include <math.h>

/* The name under which the paper has a run's net and data, or NULL. */
static const char *paper_net(const struct gad_report_run *run)
{
    const char *dataset = gad_report_string(run->root, "dataset");
    const struct dat_json_node *model = gad_report_part(run, "model", NULL);
    static const char *const keys[] = {"architecture", "title"};
    for (size_t i = 0; i < 2; i++) {
        const char *net = gad_report_string(model, keys[i]);
        if (gad_paper_table1(dataset, net, 0, gad_paper_methods[0]) >= 0)
            return net;
    }
    return NULL;
}

/* Which line of a table a row is. */
struct row {
    const char *label, *class_name;
    enum { COUNT, COUNT_NONE, RATIO, RS, RS_RATIO } kind;
    const char *key;   /* of a cell */
    const char *rival; /* the key that it is to be larger than to be set in bold; may be NULL */
    size_t paper;      /* row within the class: 0 without GAD, 1 with; 2: the paper has none */
};

static double paper_value(const struct gad_report_run *run, const struct row *row, size_t cls,
                          size_t method)
{
    const char *dataset = gad_report_string(run->root, "dataset"), *net = paper_net(run);
    const char *name = run->method[method].name;
    const bool table1 = row->kind == COUNT || row->kind == COUNT_NONE;
    double value[2];
    for (size_t i = 0; i < 2; i++)
        value[i] = table1 ? gad_paper_table1(dataset, net, 2 * cls + i, name)
                          : gad_paper_table2(dataset, net, 2 * cls + i, name);
    if (value[0] < 0.0)
        return NAN;
    switch (row->kind) {
    case COUNT:
    case RS:
        return row->paper < 2 ? value[row->paper] : NAN;
    case COUNT_NONE:
        return GAD_PAPER_IMAGES - value[0] - value[1];
    case RS_RATIO:
        return value[1] / value[0];
    case RATIO:
        break;
    }
    return NAN;
}

static void td(struct gad_html *html, bool paper, bool wins, const char *text, const char *small)
{
    gad_html_begin(html, "td", paper ? "paper" : NULL);
    if (wins)
        gad_html_leaf(html, "b", NULL, "%s", text);
    else
        gad_html_text(html, "%s", text);
    if (small)
        gad_html_leaf(html, "small", NULL, "%s", small);
    gad_html_end(html);
}

static void count_td(struct gad_html *html, bool paper, bool wins, double count, double all)
{
    td(html, paper, wins, gad_show_count(count).text,
       all > 0.0 ? gad_show_percent(count / all).text : NULL);
}

/* Small numbers keep their digits, unlike in the paper. */
static struct gad_shown show_rs(double value)
{
    return value != 0.0 && fabs(value) < 0.001 ? gad_show_number(value, 2)
                                               : gad_show_fixed(value, 4);
}

static void write_cell(struct gad_html *html, const struct gad_report_run *run,
                       enum gad_report_table table, const struct row *row, size_t cls, size_t m,
                       bool paper)
{
    const double value = gad_report_cell(run, table, cls, m, row->key);
    const double rival = row->rival ? gad_report_cell(run, table, cls, m, row->rival) : NAN;
    const double theirs = paper ? paper_value(run, row, cls, m) : NAN;
    double their_rival = NAN;
    if (paper && row->rival) {
        const struct row other = {.kind = row->kind, .paper = 1 - row->paper};
        their_rival = paper_value(run, &other, cls, m);
    }
    const bool wins = value > rival, they_win = theirs > their_rival;
    const double all = gad_report_cell(run, table, cls, m, "original") +
                       gad_report_cell(run, table, cls, m, "gad") +
                       gad_report_cell(run, table, cls, m, "undefined");
    switch (row->kind) {
    case COUNT:
    case COUNT_NONE:
        count_td(html, false, wins, value, all);
        if (paper)
            count_td(html, true, they_win, theirs, isfinite(theirs) ? GAD_PAPER_IMAGES : 0.0);
        break;
    case RATIO:
        td(html, false, false, gad_show_fixed(value, 3).text, NULL);
        if (paper)
            td(html, true, false, gad_show_fixed(theirs, 3).text, NULL);
        break;
    case RS:
        td(html, false, wins, show_rs(100.0 * value).text, NULL);
        if (paper)
            td(html, true, they_win, show_rs(theirs).text, NULL);
        break;
    case RS_RATIO:
        td(html, false, false, gad_show_number(value / rival, 3).text, NULL);
        if (paper)
            td(html, true, false, gad_show_number(theirs, 3).text, NULL);
        break;
    }
}

static void th_spanning(struct gad_html *html, const char *scope, const char *span, size_t cells,
                        const char *text)
{
    gad_html_begin(html, "th", NULL);
    gad_html_attr(html, "scope", "%s", scope);
    gad_html_attr(html, span, "%zu", cells);
    gad_html_text(html, "%s", text);
    gad_html_end(html);
}

/* method | method | ...   and under each, where the paper has this net:   here | paper */
static void write_heads(struct gad_html *html, const struct gad_report_run *run, bool paper)
{
    gad_html_begin(html, "thead", NULL);
    gad_html_begin(html, "tr", NULL);
    gad_html_begin(html, "td", NULL);
    gad_html_attr(html, "colspan", "2");
    if (paper)
        gad_html_attr(html, "rowspan", "2");
    gad_html_end(html);
    for (size_t m = 0; m < run->methods; m++)
        th_spanning(html, paper ? "colgroup" : "col", "colspan", paper ? 2 : 1,
                    run->method[m].title);
    gad_html_end(html);
    if (paper) {
        gad_html_begin(html, "tr", NULL);
        for (size_t m = 0; m < run->methods; m++) {
            gad_report_th(html, "col", "sub", "here");
            gad_report_th(html, "col", "sub paper", "paper");
        }
        gad_html_end(html);
    }
    gad_html_end(html);
}

static void write_table(struct gad_html *html, const struct gad_report_run *run,
                        enum gad_report_table table, const char *name, const struct row *rows,
                        size_t count, bool paper)
{
    gad_report_table_begin(html, "numbers", name);
    write_heads(html, run, paper);
    for (size_t cls = 0; cls < GAD_TABLE_CLASSES; cls++) {
        gad_html_begin(html, "tbody", NULL);
        for (size_t i = 0; i < count; i++) {
            gad_html_begin(html, "tr", rows[i].class_name);
            if (i == 0)
                th_spanning(html, "rowgroup", "rowspan", count, run->classes[cls]);
            gad_report_th(html, "row", NULL, rows[i].label);
            for (size_t m = 0; m < run->methods; m++)
                write_cell(html, run, table, &rows[i], cls, m, paper);
            gad_html_end(html);
        }
        gad_html_end(html);
    }
    gad_report_table_end(html);
}

/* What sets the columns "here" and "paper" apart. */
static void write_difference(struct gad_html *html, const struct gad_report_run *run)
{
    const bool synthetic = gad_report_flag(gad_report_part(run, "data", NULL), "synthetic");
    gad_html_leaf(
        html, "p", "note",
        synthetic ? "The paper\u2019s columns are of 512 photos and nets of full size; the ones "
                    "here are of pictures that the program draws. They are two experiments: "
                    "compare which of two regions wins, not the numbers."
                  : "The paper\u2019s columns are of its own nets and its own 512 images, which "
                    "are not published: the same method, but not the same run.");
}

static double total(const struct gad_report_run *run, enum gad_report_table table, const char *key)
{
    double sum = 0.0;
    for (size_t cls = 0; cls < GAD_TABLE_CLASSES; cls++)
        for (size_t m = 0; m < run->methods; m++) {
            const double value = gad_report_cell(run, table, cls, m, key);
            sum += isfinite(value) ? value : 0.0;
        }
    return sum;
}

void gad_report_table1(struct gad_report *report)
{
    static const struct row rows[] = {
        {"original", NULL, COUNT, "original", "gad", 0},
        {"GAD", "gad", COUNT, "gad", "original", 1},
        {"no winner", "faint", COUNT_NONE, "undefined", NULL, 2},
    };
    static const struct row behind[] = {
        {"original\u2019s hull has no area", NULL, COUNT, "degenerate_original", NULL, 2},
        {"GAD\u2019s hull has no area", NULL, COUNT, "degenerate_gad", NULL, 2},
        {"mean RC", NULL, RATIO, "mean_rc", NULL, 2},
    };
    struct gad_html *html = &report->html;
    gad_html_leaf(
        html, "p", NULL,
        "A region is the convex hull of a map\u2019s most important pixels. RC is the "
        "area of GAD\u2019s hull over that of the original\u2019s: below 1 the point goes "
        "to GAD, else to the original.");
    for (size_t i = 0; i < report->count; i++) {
        const struct gad_report_run *run = &report->runs[i];
        const bool paper = paper_net(run) != NULL;
        if (dat_json_count(gad_report_part(run, "table1", "cells")) == 0)
            continue;
        gad_report_run_heading(report, run);
        gad_html_begin(html, "p", "caption");
        gad_html_leaf(html, "b", NULL, "Table 1. ");
        gad_html_text(html,
                      "In how many images which region was smaller, for the maps of each "
                      "class; the larger count is bold.%s",
                      paper ? " The paper does not print \u201cno winner\u201d: it is 512 less the "
                              "two others."
                            : "");
        gad_html_end(html);
        write_table(html, run, GAD_REPORT_TABLE1, "Table 1", rows, 3, paper);
        if (paper)
            write_difference(html, run);
        gad_html_begin(html, "p", "caption");
        gad_html_leaf(html, "b", NULL, "Behind Table 1. ");
        gad_html_text(html,
                      "Hulls of fewer than three corners have no area. The mean of RC is over "
                      "the images that have one.");
        gad_html_end(html);
        write_table(html, run, GAD_REPORT_TABLE1, "Behind Table 1", behind, 3, false);
    }
}

void gad_report_table2(struct gad_report *report)
{
    static const struct row rows[] = {
        {"rest of original", NULL, RS, "sup", "gad", 0},
        {"GAD", "gad", RS, "gad", "sup", 1},
        {"GAD : rest", "faint", RS_RATIO, "gad", "sup", 1},
    };
    static const struct row empty[] = {
        {"rest of original: nothing", NULL, COUNT, "empty_sup", NULL, 2},
        {"GAD: nothing", NULL, COUNT, "empty_gad", NULL, 2},
        {"rest of original, mean of others", NULL, RS, "sup_not_empty", "gad_not_empty", 2},
        {"GAD, mean of others", NULL, RS, "gad_not_empty", "sup_not_empty", 2},
    };
    struct gad_html *html = &report->html;
    gad_html_leaf(html, "p", NULL,
                  "RS is by how much the output of the class changes when a region is hidden, per "
                  "hidden pixel. If GAD found what matters, hiding its region has more effect than "
                  "hiding what the original\u2019s region has beyond it (the paper\u2019s "
                  "\u201cSup.\u201d).");
    for (size_t i = 0; i < report->count; i++) {
        const struct gad_report_run *run = &report->runs[i];
        const bool paper = paper_net(run) != NULL;
        if (dat_json_count(gad_report_part(run, "table2", "cells")) == 0)
            continue;
        gad_report_run_heading(report, run);
        gad_html_begin(html, "p", "caption");
        gad_html_leaf(html, "b", NULL, "Table 2. ");
        gad_html_text(html, "Mean of RS over all images, times 100; the larger of two is bold.");
        gad_html_end(html);
        write_table(html, run, GAD_REPORT_TABLE2, "Table 2", rows, 3, paper);
        if (paper)
            write_difference(html, run);
        if (total(run, GAD_REPORT_TABLE2, "empty_sup") +
                total(run, GAD_REPORT_TABLE2, "empty_gad") >
            0.0) {
            gad_html_begin(html, "p", "caption");
            gad_html_leaf(html, "b", NULL, "Behind Table 2. ");
            gad_html_text(
                html, "Images in which there was nothing to hide count as RS = 0 in Table 2. How "
                      "many they are, and the means without them, again times 100.");
            gad_html_end(html);
            write_table(html, run, GAD_REPORT_TABLE2, "Behind Table 2", empty, 4, false);
        } else {
            gad_html_leaf(html, "p", "caption", "In every image there was something to hide.");
        }
    }
}
