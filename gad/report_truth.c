/* Scores against the truth, where the program drew the pictures and knows it. */
#include "gad/chart.h"
#include "gad/report_parts.h"
#include "gad/show.h"

#include <math.h>

static const struct score {
    const char *title, *about, *original, *gad; /* keys of a cell */
} scores[] = {
    {"Weight", "share of the map\u2019s weight that lies on the telling parts", "weight_original",
     "weight_gad"},
    {"Hull", "share of the region\u2019s pixels that lie on them", "hull_original", "hull_gad"},
    {"Pointing", "share of images in which the map\u2019s largest value is on them",
     "pointing_original", "pointing_gad"},
};
#define SCORES (sizeof scores / sizeof scores[0])

/* The mean over both classes, of those that have it. */
static double over_classes(const struct gad_report_run *run, size_t method, const char *key)
{
    double sum = 0.0;
    int count = 0;
    for (size_t cls = 0; cls < GAD_TABLE_CLASSES; cls++) {
        const double value = gad_report_cell(run, GAD_REPORT_TRUTH, cls, method, key);
        if (isfinite(value)) {
            sum += value;
            count++;
        }
    }
    return count > 0 ? sum / count : NAN;
}

static void write_chart(struct gad_html *html, const struct gad_report_run *run,
                        const struct score *score)
{
    const char *names[GAD_TABLE_MAX_METHODS];
    double values[GAD_TABLE_MAX_METHODS][2];
    char title[128];
    for (size_t m = 0; m < run->methods; m++) {
        names[m] = run->method[m].title;
        values[m][0] = over_classes(run, m, score->original);
        values[m][1] = over_classes(run, m, score->gad);
    }
    snprintf(title, sizeof title, "%s: bars of original and GAD for each method", score->title);
    gad_html_begin(html, "figure", "card");
    gad_html_begin(html, "figcaption", NULL);
    gad_html_leaf(html, "b", NULL, "%s", score->title);
    gad_html_text(html, ": %s", score->about);
    gad_html_end(html);
    gad_chart_bars(html, title, names, values, run->methods);
    gad_html_end(html);
}

static void write_heads(struct gad_html *html)
{
    gad_html_begin(html, "thead", NULL);
    gad_html_begin(html, "tr", NULL);
    gad_html_begin(html, "td", NULL);
    gad_html_attr(html, "colspan", "2");
    gad_html_attr(html, "rowspan", "2");
    gad_html_end(html);
    for (size_t s = 0; s < SCORES; s++) {
        gad_html_begin(html, "th", NULL);
        gad_html_attr(html, "scope", "colgroup");
        gad_html_attr(html, "colspan", "2");
        gad_html_text(html, "%s", scores[s].title);
        gad_html_end(html);
    }
    gad_html_end(html);
    gad_html_begin(html, "tr", NULL);
    for (size_t s = 0; s < SCORES; s++) {
        gad_report_th(html, "col", "sub", "original");
        gad_report_th(html, "col", "sub", "GAD");
    }
    gad_html_end(html);
    gad_html_end(html);
}

static void write_value(struct gad_html *html, double value, double rival)
{
    gad_html_begin(html, "td", NULL);
    if (value > rival)
        gad_html_leaf(html, "b", NULL, "%s", gad_show_fixed(value, 3).text);
    else
        gad_html_text(html, "%s", gad_show_fixed(value, 3).text);
    gad_html_end(html);
}

static void write_table(struct gad_html *html, const struct gad_report_run *run)
{
    gad_report_table_begin(html, "numbers", "Scores against the truth");
    write_heads(html);
    for (size_t cls = 0; cls < GAD_TABLE_CLASSES; cls++) {
        gad_html_begin(html, "tbody", NULL);
        for (size_t m = 0; m < run->methods; m++) {
            gad_html_begin(html, "tr", NULL);
            if (m == 0) {
                gad_html_begin(html, "th", NULL);
                gad_html_attr(html, "scope", "rowgroup");
                gad_html_attr(html, "rowspan", "%zu", run->methods);
                gad_html_text(html, "%s", run->classes[cls]);
                gad_html_end(html);
            }
            gad_report_th(html, "row", NULL, run->method[m].title);
            for (size_t s = 0; s < SCORES; s++) {
                const double original = gad_report_cell(run, GAD_REPORT_TRUTH, cls, m,
                                                        scores[s].original);
                const double gad = gad_report_cell(run, GAD_REPORT_TRUTH, cls, m, scores[s].gad);
                write_value(html, original, gad);
                write_value(html, gad, original);
            }
            gad_html_end(html);
        }
        gad_html_end(html);
    }
    gad_report_table_end(html);
}

void gad_report_truth(struct gad_report *report)
{
    struct gad_html *html = &report->html;
    gad_html_begin(html, "p", NULL);
    gad_html_text(html,
                  "The program drew these pictures, so it knows which pixels tell the classes "
                  "apart. More is better in all three. Bars: ");
    gad_html_leaf(html, "span", "key original", "original");
    gad_html_text(html, " above ");
    gad_html_leaf(html, "span", "key gad", "GAD");
    gad_html_text(html, ", means of both classes.");
    gad_html_end(html);
    for (size_t i = 0; i < report->count; i++) {
        const struct gad_report_run *run = &report->runs[i];
        if (dat_json_count(gad_report_part(run, "truth", "cells")) == 0)
            continue;
        gad_report_run_heading(report, run);
        gad_html_begin(html, "div", "charts");
        for (size_t s = 0; s < SCORES; s++)
            write_chart(html, run, &scores[s]);
        gad_html_end(html);
        write_table(html, run);
    }
}
