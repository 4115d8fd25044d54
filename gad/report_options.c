/* The options of the runs in words, and what lies beside the report. */
#include "data/file.h"
#include "gad/report_parts.h"
#include "gad/show.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *name, *about;
} options[] = {
    {"steps", "points at which integrated gradients takes the gradient"},
    {"rule", "how these points are spread and weighted"},
    {"baseline", "the image that integrated gradients starts from"},
    {"reduce", "how the channels of a pixel become one number"},
    {"normalise", "what each map is divided by before maps are compared"},
    {"present", "when a pixel counts as present in a map"},
    {"keep", "the value that a pixel keeps that is present in all maps"},
    {"select", "which pixels are important enough for the hull"},
    {"degenerate", "who wins where a hull has no area"},
    {"area", "what the area of a hull is measured on"},
    {"occlude", "the colour that hides a region"},
    {"sup", "how GAD\u2019s region is taken out of the original\u2019s"},
    {"output", "what is taken for the output that a hidden region moves"},
};

#define MAX_OPTIONS 64 /* rows */

static const char *about_option(const char *name)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (strcmp(options[i].name, name) == 0)
            return options[i].about;
    return "";
}

static void write_value(struct gad_html *html, const struct dat_json_node *node)
{
    const char *text = dat_json_string(node);
    double number;
    int flag;
    gad_html_begin(html, "td", NULL);
    if (text)
        gad_html_leaf(html, "code", NULL, "%s", text);
    else if (dat_json_number(node, &number))
        gad_html_leaf(html, "code", NULL, "%s", gad_show_number(number, 6).text);
    else if (dat_json_bool(node, &flag))
        gad_html_leaf(html, "code", NULL, "%s", flag ? "yes" : "no");
    else
        gad_html_text(html, "\u2013");
    gad_html_end(html);
}

/* The rows are the options of the first run that has any. */
void gad_report_options(struct gad_report *report)
{
    struct gad_html *html = &report->html;
    const struct dat_json_node *option = NULL;
    for (size_t i = 0; i < report->count && !option; i++)
        option = dat_json_first(gad_report_part(&report->runs[i], "options", NULL));

    gad_report_table_begin(html, "facts", "Options");
    gad_html_begin(html, "thead", NULL);
    gad_html_begin(html, "tr", NULL);
    gad_report_th(html, "col", NULL, "option");
    for (size_t i = 0; i < report->count; i++)
        gad_report_th(html, "col", NULL, report->count > 1 ? report->runs[i].title : "value");
    gad_report_th(html, "col", NULL, "what it settles");
    gad_html_end(html);
    gad_html_end(html);
    gad_html_begin(html, "tbody", NULL);
    for (size_t row = 0; option && row < MAX_OPTIONS; option = dat_json_next(option), row++) {
        const char *name = dat_json_key(option);
        if (!name)
            continue;
        gad_html_begin(html, "tr", NULL);
        gad_report_th(html, "row", NULL, name);
        for (size_t i = 0; i < report->count; i++)
            write_value(html, gad_report_part(&report->runs[i], "options", name));
        gad_html_leaf(html, "td", NULL, "%s", about_option(name));
        gad_html_end(html);
    }
    gad_html_end(html);
    gad_report_table_end(html);
}

static bool is_beside(const struct gad_report_run *run, const char *name)
{
    struct stat st;
    char *path = dat_path_join(run->folder, name);
    const bool there = path && stat(path, &st) == 0;
    free(path);
    return there;
}

static void write_files(struct gad_html *html, const struct gad_report_run *run)
{
    static const struct {
        const char *name, *about;
    } files[] = {
        {"evaluate.json", "all numbers of this page"},
        {"table1.csv", "Table 1"},
        {"table2.csv", "Table 2"},
        {"totals.csv", "all totals of both tables, as they are"},
        {"per_image.csv", "what the tables are the sums of, image by image"},
        {"pictures", "the pictures of this page"},
    };
    gad_html_begin(html, "ul", NULL);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (!is_beside(run, files[i].name))
            continue;
        gad_html_begin(html, "li", NULL);
        gad_html_leaf(html, "code", NULL, "%s%s%s", run->label, run->label[0] ? "/" : "",
                      files[i].name);
        gad_html_text(html, " \u2013 %s", files[i].about);
        gad_html_end(html);
    }
    gad_html_end(html);
}

void gad_report_files(struct gad_report *report)
{
    struct gad_html *html = &report->html;
    gad_html_leaf(html, "p", NULL, "Beside this page, and how to make it again:");
    if (report->left_out)
        gad_html_leaf(html, "p", NULL, "%zu more runs lie there, which are not shown.",
                      report->left_out);
    for (size_t i = 0; i < report->count; i++) {
        const struct gad_report_run *run = &report->runs[i];
        const char *command = gad_report_string(run->root, "command");
        gad_report_run_heading(report, run);
        write_files(html, run);
        if (command[0])
            gad_html_leaf(html, "pre", NULL, "%s", command);
    }
}
