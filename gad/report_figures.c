/* The paper's Figures 3 to 6, of these runs. */
#include "gad/report_parts.h"
#include "gad/show.h"

#include <math.h>
#include <string.h>

#define MAX_MAPS   16 /* in a row of Figure 3 */
#define MAX_IMAGES 8  /* columns of Figure 5 */
#define MAX_ROWS   16 /* images of a class in Figure 6 */
#define ALT_SIZE   512

static void caption(struct gad_html *html, const char *number, const char *text)
{
    gad_html_begin(html, "p", "caption");
    gad_html_leaf(html, "b", NULL, "%s ", number);
    gad_html_text(html, "%s", text);
    gad_html_end(html);
}

/* ", which the net takes for a dog" where label and prediction are known and differ. */
static void write_mistake(struct gad_html *html, const struct dat_json_node *figure)
{
    const char *label = gad_report_string(figure, "label");
    const char *predicted = gad_report_string(figure, "predicted");
    if (label[0] && predicted[0] && strcmp(label, predicted) != 0)
        gad_html_text(html, ", which the net takes for %s", predicted);
}

/* A picture with a line under it. */
static void write_step(struct gad_report *report, const struct gad_report_run *run,
                       const char *class_name, const char *file, const char *look, const char *text)
{
    gad_html_begin(&report->html, "figure", class_name);
    gad_report_picture(report, run, file, look, text);
    gad_html_leaf(&report->html, "figcaption", NULL, "%s", text);
    gad_html_end(&report->html);
}

static void write_outputs(struct gad_html *html, const struct gad_report_run *run,
                          const struct dat_json_node *logits)
{
    if (dat_json_count(logits) != GAD_TABLE_CLASSES)
        return;
    gad_html_text(html, " (outputs: ");
    for (size_t cls = 0; cls < GAD_TABLE_CLASSES; cls++) {
        double value = NAN;
        dat_json_number(dat_json_at(logits, cls), &value);
        gad_html_text(html, "%s%s %s", cls > 0 ? ", " : "", run->classes[cls],
                      gad_show_fixed(value, 2).text);
    }
    gad_html_text(html, ")");
}

void gad_report_steps(struct gad_report *report)
{
    struct gad_html *html = &report->html;
    for (size_t i = 0; i < report->count; i++) {
        const struct gad_report_run *run = &report->runs[i];
        const struct dat_json_node *figure = gad_report_part(run, "figures", "fig3");
        const struct dat_json_node *maps = dat_json_member(figure, "maps");
        const size_t count = dat_json_count(maps);
        if (count == 0)
            continue;
        gad_report_run_heading(report, run);
        gad_html_begin(html, "div", "steps");
        write_step(report, run, "step", gad_report_string(figure, "photo"), "photo", "photo");
        size_t m = 0;
        for (const struct dat_json_node *map = dat_json_first(maps); map;
             map = dat_json_next(map), m++) {
            if (m >= MAX_MAPS - 1 && m + 1 < count)
                continue; /* the last is what it is about */
            write_step(report, run,
                       m == 0           ? "step first"
                       : m + 1 == count ? "step last"
                                        : "step also",
                       gad_report_string(map, "file"), "map", gad_report_string(map, "caption"));
        }
        gad_html_end(html);

        gad_html_begin(html, "p", "caption");
        gad_html_leaf(html, "b", NULL, "Like Figure 3 of the paper. ");
        gad_html_text(html, "%s for %s on %s, labelled %s", gad_report_string(figure, "method"),
                      gad_report_string(figure, "class"), gad_report_string(figure, "image"),
                      gad_report_string(figure, "label"));
        write_mistake(html, figure);
        write_outputs(html, run, dat_json_member(figure, "logits"));
        gad_html_text(html,
                      ". White is unimportant, black important. From left to right the support "
                      "nets hold the classes further apart (alpha); the last map keeps what "
                      "all of the others have. Look for what stays dark all along.");
        gad_html_end(html);
    }
}

void gad_report_region(struct gad_report *report)
{
    struct gad_html *html = &report->html;
    gad_html_begin(html, "div", "charts");
    for (size_t i = 0; i < report->count; i++) {
        const struct gad_report_run *run = &report->runs[i];
        const struct dat_json_node *figure = gad_report_part(run, "figures", "fig4");
        char alt[ALT_SIZE];
        if (!figure)
            continue;
        snprintf(alt, sizeof alt,
                 "GAD\u2019s map of the image with the outline of its convex hull");
        gad_html_begin(html, "figure", "card region");
        gad_report_picture(report, run, gad_report_string(figure, "file"), "map", alt);
        gad_html_begin(html, "figcaption", NULL);
        gad_html_leaf(html, "b", NULL, "Like Figure 4 of the paper, %s. ", run->title);
        gad_html_text(
            html,
            "GAD\u2019s map (%s for %s, image %s), and in green the convex hull round its "
            "important pixels. Single pixels far out stretch the hull: the fewer of "
            "them are left, the smaller the region.",
            gad_report_string(figure, "method"), gad_report_string(figure, "class"),
            gad_report_string(figure, "image"));
        gad_html_end(html);
        gad_html_end(html);
    }
    gad_html_end(html);
}

/* The element of an array whose member "method" is `name`; NULL if there is none near its
 * beginning. */
static const struct dat_json_node *of_method(const struct dat_json_node *array, const char *name)
{
    const struct dat_json_node *node = dat_json_first(array);
    for (size_t i = 0; node && i < GAD_TABLE_MAX_METHODS; node = dat_json_next(node), i++)
        if (strcmp(gad_report_string(node, "method"), name) == 0)
            return node;
    return NULL;
}

/* ---- Figure 5: a column for each image, two rows for each method ---- */

static void photo_cell(struct gad_report *report, const struct gad_report_run *run,
                       const struct dat_json_node *image)
{
    char alt[ALT_SIZE];
    snprintf(alt, sizeof alt, "photo %s", gad_report_string(image, "image"));
    gad_html_begin(&report->html, "td", NULL);
    gad_report_picture(report, run, gad_report_string(image, "photo"), "photo", alt);
    gad_html_end(&report->html);
}

/* What the net says, and whether it is right. */
static void write_verdict(struct gad_html *html, const char *label, const char *predicted)
{
    const bool known = label[0] && predicted[0], wrong = known && strcmp(label, predicted) != 0;
    gad_html_leaf(html, "span", wrong ? "verdict wrong" : "verdict", "%s%s", predicted,
                  !known  ? ""
                  : wrong ? " \u2717"
                          : " \u2713");
}

/* One line of text below the head or above the foot of the figure's columns. */
static void text_row(struct gad_html *html, const struct dat_json_node *figure, const char *title,
                     const char *key)
{
    const struct dat_json_node *image = dat_json_first(figure);
    gad_html_begin(html, "tr", NULL);
    gad_report_th(html, "row", NULL, title);
    for (size_t i = 0; image && i < MAX_IMAGES; image = dat_json_next(image), i++) {
        gad_html_begin(html, "td", NULL);
        if (strcmp(key, "predicted") == 0)
            write_verdict(html, gad_report_string(image, "label"), gad_report_string(image, key));
        else
            gad_html_text(html, "%s", gad_report_string(image, key));
        gad_html_end(html);
    }
    gad_html_end(html);
}

static void map_row(struct gad_report *report, const struct gad_report_run *run,
                    const struct dat_json_node *figure, const char *method, const char *which)
{
    struct gad_html *html = &report->html;
    const bool gad = strcmp(which, "gad") == 0;
    const struct dat_json_node *image = dat_json_first(figure);
    gad_html_begin(html, "tr", gad ? "gad" : "original");
    gad_html_begin(html, "th", NULL);
    gad_html_attr(html, "scope", "row");
    gad_html_leaf(html, "span", gad ? "hidden" : "method", "%s", method);
    gad_html_text(html, " ");
    gad_html_leaf(html, "span", gad ? "key gad" : "key original", gad ? "GAD" : "original");
    gad_html_end(html);
    for (size_t i = 0; image && i < MAX_IMAGES; image = dat_json_next(image), i++) {
        char alt[ALT_SIZE];
        snprintf(alt, sizeof alt, "%s, %s", method, gad ? "GAD" : "original");
        gad_html_begin(html, "td", NULL);
        gad_report_picture(
            report, run,
            gad_report_string(of_method(dat_json_member(image, "methods"), method), which), "map",
            alt);
        gad_html_end(html);
    }
    gad_html_end(html);
}

static void write_maps(struct gad_report *report, const struct gad_report_run *run,
                       const struct dat_json_node *figure)
{
    struct gad_html *html = &report->html;
    const struct dat_json_node *image = dat_json_first(figure);
    gad_report_table_begin(html, "pictures", "Maps before and after");
    gad_html_begin(html, "tbody", NULL);
    gad_html_begin(html, "tr", NULL);
    gad_report_th(html, "row", NULL, "photo");
    for (size_t i = 0; image && i < MAX_IMAGES; image = dat_json_next(image), i++)
        photo_cell(report, run, image);
    gad_html_end(html);
    text_row(html, figure, "label", "label");
    text_row(html, figure, "the net says", "predicted");
    text_row(html, figure, "maps for", "class");
    gad_html_end(html);

    const struct dat_json_node *method = dat_json_first(
        dat_json_member(dat_json_first(figure), "methods"));
    for (size_t m = 0; method && m < GAD_TABLE_MAX_METHODS; method = dat_json_next(method), m++) {
        const char *name = gad_report_string(method, "method");
        gad_html_begin(html, "tbody", NULL);
        map_row(report, run, figure, name, "original");
        map_row(report, run, figure, name, "gad");
        gad_html_end(html);
    }
    gad_report_table_end(html);
}

void gad_report_maps(struct gad_report *report)
{
    struct gad_html *html = &report->html;
    gad_html_begin(html, "div", "runs");
    for (size_t i = 0; i < report->count; i++) {
        const struct gad_report_run *run = &report->runs[i];
        const struct dat_json_node *figure = gad_report_part(run, "figures", "fig5");
        if (dat_json_count(figure) == 0)
            continue;
        gad_html_begin(html, "div", NULL);
        gad_report_run_heading(report, run);
        write_maps(report, run, figure);
        gad_html_end(html);
    }
    gad_html_end(html);
    caption(html, "Like Figure 5 of the paper.",
            "Each pair of rows is one method: its map as it is, and what GAD leaves of it, as dark "
            "as it is there. White is "
            "unimportant, black important. Look at whether GAD clears the background and keeps "
            "connected parts, and at where the nets differ although they say the same.");
}

/* ---- Figure 6: a row for each image, a column for each method ---- */

static void image_head(struct gad_html *html, const struct dat_json_node *image, const char *label)
{
    gad_html_begin(html, "th", NULL);
    gad_html_attr(html, "scope", "row");
    gad_html_leaf(html, "span", "name", "%s", gad_report_string(image, "image"));
    gad_html_leaf(html, "span", NULL, "output %s",
                  gad_show_fixed(gad_report_number(image, "logit"), 2).text);
    write_verdict(html, label, gad_report_string(image, "predicted"));
    gad_html_end(html);
}

static void write_regions(struct gad_report *report, const struct gad_report_run *run,
                          const struct dat_json_node *group)
{
    struct gad_html *html = &report->html;
    const struct dat_json_node *images = dat_json_member(group, "images");
    const struct dat_json_node *image = dat_json_first(images);
    const struct dat_json_node *columns = dat_json_member(image, "hulls");
    const char *label = gad_report_string(group, "class");
    if (!image)
        return;

    gad_html_leaf(html, "h4", NULL, "Labelled %s, least activated for it", label);
    gad_report_table_begin(html, "pictures regions", label);
    gad_html_begin(html, "thead", NULL);
    gad_html_begin(html, "tr", NULL);
    gad_report_th(html, "col", NULL, "image");
    gad_report_th(html, "col", NULL, "photo");
    const struct dat_json_node *column = dat_json_first(columns);
    for (size_t m = 0; column && m < GAD_TABLE_MAX_METHODS; column = dat_json_next(column), m++)
        gad_report_th(html, "col", NULL, gad_report_string(column, "method"));
    gad_html_end(html);
    gad_html_end(html);

    gad_html_begin(html, "tbody", NULL);
    for (size_t i = 0; image && i < MAX_ROWS; image = dat_json_next(image), i++) {
        gad_html_begin(html, "tr", NULL);
        image_head(html, image, label);
        photo_cell(report, run, image);
        column = dat_json_first(columns);
        for (size_t m = 0; column && m < GAD_TABLE_MAX_METHODS;
             column = dat_json_next(column), m++) {
            const char *method = gad_report_string(column, "method");
            const struct dat_json_node *hull = of_method(dat_json_member(image, "hulls"), method);
            char alt[ALT_SIZE];
            snprintf(alt, sizeof alt, "%s: regions on the photo", method);
            gad_html_begin(html, "td", NULL);
            gad_report_picture(report, run, gad_report_string(hull, "file"), "photo", alt);
            gad_html_end(html);
        }
        gad_html_end(html);
    }
    gad_html_end(html);
    gad_report_table_end(html);
}

void gad_report_regions(struct gad_report *report)
{
    struct gad_html *html = &report->html;
    gad_html_begin(html, "p", NULL);
    gad_html_text(html, "The images whose own class has the lowest output: where the net is least "
                        "sure, or wrong. Outlined are the regions ");
    gad_html_leaf(html, "span", "key hull-original", "original");
    gad_html_text(html, " and ");
    gad_html_leaf(html, "span", "key hull-gad", "GAD");
    gad_html_text(html, "; a dot or a line is a region without area.");
    gad_html_end(html);
    gad_html_begin(html, "div", "stack");
    for (size_t i = 0; i < report->count; i++) {
        const struct gad_report_run *run = &report->runs[i];
        const struct dat_json_node *figure = gad_report_part(run, "figures", "fig6");
        const struct dat_json_node *group = dat_json_first(figure);
        if (!group)
            continue;
        gad_html_begin(html, "div", NULL);
        gad_report_run_heading(report, run);
        for (size_t cls = 0; group && cls < GAD_TABLE_CLASSES; group = dat_json_next(group), cls++)
            write_regions(report, run, group);
        gad_html_end(html);
    }
    gad_html_end(html);
    caption(html, "Like Figure 6 of the paper.",
            "A small green region inside a large red one is what GAD aims at. Where the net is "
            "wrong, look at what the green region holds: it may show why.");
}
