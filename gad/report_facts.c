/* What was run on what, and how far integrated gradients add up. */
#include "gad/report_parts.h"
#include "gad/show.h"

#include <math.h>

/* ---- facts: a row each, a column for each run ---- */

static void code(struct gad_html *html, const char *text)
{
    if (text[0])
        gad_html_leaf(html, "code", NULL, "%s", text);
    else
        gad_html_text(html, "\u2013");
}

static void net_fact(struct gad_html *html, const struct gad_report_run *run)
{
    const struct dat_json_node *model = gad_report_part(run, "model", NULL);
    const double width = gad_report_number(model, "width");
    gad_html_text(html, "%s", gad_report_string(model, "architecture"));
    if (isfinite(width) && width != 1.0)
        gad_html_text(html, ", %s times its usual width", gad_show_number(width, 3).text);
    gad_html_text(html, "; %s parameters",
                  gad_show_count(gad_report_number(model, "parameters")).text);
}

static void accuracy_fact(struct gad_html *html, const struct gad_report_run *run)
{
    const struct dat_json_node *model = gad_report_part(run, "model", NULL);
    const double images = gad_report_number(model, "accuracy_images");
    gad_html_text(html, "%s", gad_show_percent(gad_report_number(model, "accuracy")).text);
    if (isfinite(images))
        gad_html_text(html, " of %s images", gad_show_count(images).text);
}

static void classes_fact(struct gad_html *html, const struct gad_report_run *run)
{
    gad_html_text(html, "%s, %s", run->classes[0], run->classes[1]);
}

static void input_fact(struct gad_html *html, const struct gad_report_run *run)
{
    const struct dat_json_node *size = dat_json_member(gad_report_part(run, "model", NULL),
                                                       "input");
    double side[2] = {NAN, NAN};
    for (size_t i = 0; i < 2; i++)
        dat_json_number(dat_json_at(size, i), &side[i]);
    gad_html_text(html, "%s \u00d7 %s pixels", gad_show_count(side[0]).text,
                  gad_show_count(side[1]).text);
}

static void weights_fact(struct gad_html *html, const struct gad_report_run *run)
{
    code(html, gad_report_string(gad_report_part(run, "model", NULL), "file"));
}

static void fingerprint_fact(struct gad_html *html, const struct gad_report_run *run)
{
    code(html, gad_report_string(gad_report_part(run, "model", NULL), "fingerprint"));
}

static void notes_fact(struct gad_html *html, const struct gad_report_run *run)
{
    const struct dat_json_node *note = dat_json_first(gad_report_part(run, "model", "notes"));
    if (!note)
        gad_html_text(html, "\u2013");
    for (; note; note = dat_json_next(note)) {
        const char *text = dat_json_string(note);
        double number;
        gad_html_begin(html, "div", NULL);
        gad_html_text(html, "%s: ", dat_json_key(note) ? dat_json_key(note) : "");
        if (text)
            gad_html_text(html, "%s", text);
        else if (dat_json_number(note, &number))
            gad_html_text(html, "%s", gad_show_number(number, 6).text);
        gad_html_end(html);
    }
}

static void data_fact(struct gad_html *html, const struct gad_report_run *run)
{
    const struct dat_json_node *data = gad_report_part(run, "data", NULL);
    const double skipped = gad_report_number(data, "skipped");
    code(html, gad_report_string(data, "source"));
    gad_html_text(html, " %s; %s images", gad_report_string(data, "about"),
                  gad_show_count(gad_report_number(data, "images")).text);
    if (skipped > 0.0)
        gad_html_text(html, ", %s skipped", gad_show_count(skipped).text);
}

static void seed_fact(struct gad_html *html, const struct gad_report_run *run)
{
    const double seed = gad_report_number(gad_report_part(run, "data", NULL), "seed");
    gad_html_text(html, "%s", gad_show_number(seed, 15).text);
}

static void alphas_fact(struct gad_html *html, const struct gad_report_run *run)
{
    const struct dat_json_node *node = dat_json_first(gad_report_part(run, "supports", NULL));
    gad_html_text(html, "%s", node ? "0 (the net itself)" : "\u2013");
    for (; node; node = dat_json_next(node))
        gad_html_text(html, ", %s", gad_report_alpha(node).text);
}

static void machine_fact(struct gad_html *html, const struct gad_report_run *run)
{
    const struct dat_json_node *machine = gad_report_part(run, "machine", NULL);
    gad_html_text(html, "%s; kernels %s, %s threads, %s", gad_report_string(machine, "processor"),
                  gad_report_string(machine, "cpu"),
                  gad_show_count(gad_report_number(machine, "threads")).text,
                  gad_report_string(machine, "precision"));
}

static void time_fact(struct gad_html *html, const struct gad_report_run *run)
{
    gad_html_text(html, "%s", gad_show_time(gad_report_number(run->root, "seconds")).text);
    if (gad_report_part(run, "resumed_after", NULL))
        gad_html_text(html, " for all but the first %s images, which were done before",
                      gad_show_count(gad_report_number(run->root, "resumed_after")).text);
    gad_html_text(html, ", on %s, with gad %s", gad_report_string(run->root, "when"),
                  gad_report_string(run->root, "gad"));
}

void gad_report_facts(struct gad_report *report)
{
    static const struct {
        const char *title;
        void (*write)(struct gad_html *html, const struct gad_report_run *run);
    } facts[] = {
        {"net", net_fact},       {"accuracy", accuracy_fact}, {"classes", classes_fact},
        {"input", input_fact},   {"weights", weights_fact},   {"fingerprint", fingerprint_fact},
        {"notes", notes_fact},   {"data", data_fact},         {"seed", seed_fact},
        {"alphas", alphas_fact}, {"machine", machine_fact},   {"evaluation took", time_fact},
    };
    struct gad_html *html = &report->html;
    gad_report_table_begin(html, "facts", "What was run");
    if (report->count > 1) {
        gad_html_begin(html, "thead", NULL);
        gad_html_begin(html, "tr", NULL);
        gad_html_leaf(html, "td", NULL, "%s", "");
        for (size_t i = 0; i < report->count; i++)
            gad_report_th(html, "col", NULL, report->runs[i].title);
        gad_html_end(html);
        gad_html_end(html);
    }
    gad_html_begin(html, "tbody", NULL);
    for (size_t f = 0; f < sizeof facts / sizeof facts[0]; f++) {
        gad_html_begin(html, "tr", NULL);
        gad_report_th(html, "row", NULL, facts[f].title);
        for (size_t i = 0; i < report->count; i++) {
            gad_html_begin(html, "td", NULL);
            facts[f].write(html, &report->runs[i]);
            gad_html_end(html);
        }
        gad_html_end(html);
    }
    gad_html_end(html);
    gad_report_table_end(html);
}

/* ---- completeness ---- */

void gad_report_completeness(struct gad_report *report)
{
    struct gad_html *html = &report->html;
    gad_html_leaf(
        html, "p", NULL,
        "The values of integrated gradients should sum to what the output changes by from "
        "the baseline to the image. What is missing is the error of the integral; more "
        "steps make it smaller.");
    gad_html_begin(html, "ul", NULL);
    for (size_t i = 0; i < report->count; i++) {
        const struct gad_report_run *run = &report->runs[i];
        const struct dat_json_node *gap = gad_report_part(run, "completeness", NULL);
        if (!gap)
            continue;
        const char *rule = gad_report_string(gad_report_part(run, "options", NULL), "rule");
        const double steps = gad_report_number(gad_report_part(run, "options", NULL), "steps");
        gad_html_begin(html, "li", NULL);
        gad_html_text(html, "%s: missing are %s on average, %s at most", run->title,
                      gad_show_number(gad_report_number(gap, "mean_abs_gap"), 3).text,
                      gad_show_number(gad_report_number(gap, "max_abs_gap"), 3).text);
        if (isfinite(steps))
            gad_html_text(html, " (%s steps%s%s)", gad_show_count(steps).text, rule[0] ? ", " : "",
                          rule);
        gad_html_text(html, ".");
        gad_html_end(html);
    }
    gad_html_end(html);
}
