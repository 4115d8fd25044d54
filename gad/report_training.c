/* How the net and its support nets were trained, and how close these came to their targets. */
#include "gad/chart.h"
#include "gad/report_parts.h"
#include "gad/show.h"

#include <math.h>
#include <stdlib.h>

/* ---- training ---- */

/* The numbers of an array, or of the member `key` of its elements; NaN where there is none. The
 * caller frees; NULL (*count 0) if the array is empty or memory is short, which *err tells. */
static double *column(size_t *count, const struct dat_json_node *array, const char *key,
                      enum eng_err *err)
{
    size_t n = dat_json_count(array);
    n = n < GAD_CHART_MAX_POINTS ? n : GAD_CHART_MAX_POINTS;
    *count = 0;
    if (n == 0)
        return NULL;
    double *values = malloc(n * sizeof *values);
    if (!values) {
        *err = ENG_NOMEM;
        return NULL;
    }
    const struct dat_json_node *node = dat_json_first(array);
    for (size_t i = 0; i < n; i++, node = dat_json_next(node)) {
        values[i] = NAN;
        dat_json_number(key ? dat_json_member(node, key) : node, &values[i]);
    }
    *count = n;
    return values;
}

static void chart_card(struct gad_html *html, const char *title, const struct gad_chart *chart)
{
    gad_html_begin(html, "figure", "card");
    gad_html_leaf(html, "figcaption", NULL, "%s", title);
    gad_chart_lines(html, chart);
    gad_html_end(html);
}

static void write_training(struct gad_report *report, const struct gad_report_run *run)
{
    struct gad_html *html = &report->html;
    const struct dat_json_node *epochs = gad_report_part(run, "training", "epochs");
    static const char *const keys[3] = {"loss", "accuracy", "held_out_accuracy"};
    static const char *const names[3] = {"training", "training", "held out"};
    struct gad_series series[3];
    double *values[3];
    for (size_t i = 0; i < 3; i++) {
        values[i] = column(&series[i].count, epochs, keys[i], &html->err);
        series[i].name = names[i];
        series[i].y = values[i];
    }
    const struct gad_chart loss = {"Loss after each epoch", "epoch", "loss (cross entropy)",
                                   GAD_AXIS_PLAIN,          series,  1};
    const struct gad_chart accuracy = {
        "Accuracy after each epoch", "epoch", "accuracy", GAD_AXIS_PERCENT, series + 1, 2};
    gad_html_begin(html, "div", NULL);
    gad_report_run_heading(report, run);
    gad_html_begin(html, "div", "charts");
    chart_card(html, "Loss on the training images", &loss);
    chart_card(html, "Share of images that the net gets right", &accuracy);
    gad_html_end(html);
    gad_html_end(html);
    for (size_t i = 0; i < 3; i++)
        free(values[i]);
}

void gad_report_training(struct gad_report *report)
{
    struct gad_html *html = &report->html;
    for (size_t i = 0; i < report->count; i++)
        if (dat_json_count(gad_report_part(&report->runs[i], "training", "epochs")) > 0)
            write_training(report, &report->runs[i]);
    gad_html_leaf(
        html, "p", "caption",
        "The better the net, the more its maps have to say: with an accuracy near 50\u202f%% "
        "there is nothing that they could explain.");
}

/* ---- supports ---- */

static void read_alphas(double alpha[GAD_TABLE_CLASSES], const struct dat_json_node *support)
{
    const struct dat_json_node *array = dat_json_member(support, "alpha");
    for (size_t cls = 0; cls < GAD_TABLE_CLASSES; cls++) {
        alpha[cls] = NAN;
        dat_json_number(dat_json_at(array, cls), &alpha[cls]);
    }
}

struct gad_shown gad_report_alpha(const struct dat_json_node *support)
{
    double alpha[GAD_TABLE_CLASSES];
    struct gad_shown shown;
    read_alphas(alpha, support);
    if (alpha[0] == alpha[1])
        return gad_show_number(alpha[0], 4);
    snprintf(shown.text, sizeof shown.text, "%.20s and %.20s", gad_show_number(alpha[0], 4).text,
             gad_show_number(alpha[1], 4).text);
    return shown;
}

static void write_losses(struct gad_html *html, const struct dat_json_node *supports)
{
    struct gad_series series[GAD_CHART_MAX_SERIES];
    double *values[GAD_CHART_MAX_SERIES];
    struct gad_shown names[GAD_CHART_MAX_SERIES];
    size_t count = 0;
    for (const struct dat_json_node *node = dat_json_first(supports);
         node && count < GAD_CHART_MAX_SERIES; node = dat_json_next(node), count++) {
        values[count] = column(&series[count].count, dat_json_member(node, "losses"), NULL,
                               &html->err);
        series[count].y = values[count];
        snprintf(names[count].text, sizeof names[count].text, "alpha %.50s",
                 gad_report_alpha(node).text);
        series[count].name = names[count].text;
    }
    const struct gad_chart chart = {"Loss of each support net after each epoch",
                                    "epoch",
                                    "mean square error",
                                    GAD_AXIS_LOG,
                                    series,
                                    count};
    chart_card(html, "How fast each support net approached its targets (logarithmic scale)",
               &chart);
    for (size_t i = 0; i < count; i++)
        free(values[i]);
}

static void number_td(struct gad_html *html, const char *text, const char *small)
{
    gad_html_begin(html, "td", NULL);
    gad_html_text(html, "%s", text);
    if (small)
        gad_html_leaf(html, "small", NULL, "%s", small);
    gad_html_end(html);
}

static void support_row(struct gad_html *html, const struct dat_json_node *node)
{
    const struct dat_json_node *losses = dat_json_member(node, "losses");
    const double other = gad_report_number(node, "other_shift");
    double alphas[GAD_TABLE_CLASSES];
    read_alphas(alphas, node);
    const double alpha = (alphas[0] + alphas[1]) / 2.0; /* both classes have as many images */
    double last = NAN;
    for (const struct dat_json_node *loss = dat_json_first(losses); loss;
         loss = dat_json_next(loss))
        dat_json_number(loss, &last);
    struct gad_shown ideal, rate;
    snprintf(rate.text, sizeof rate.text, "rate %.40s",
             gad_show_number(gad_report_number(node, "lr"), 3).text);
    snprintf(ideal.text, sizeof ideal.text, "ideal %.40s", gad_show_number(-alpha, 4).text);

    gad_html_begin(html, "tr", NULL);
    gad_report_th(html, "row", NULL, gad_report_alpha(node).text);
    number_td(html, gad_show_number(last, 3).text, NULL);
    number_td(html, gad_show_number(gad_report_number(node, "rms"), 3).text, NULL);
    number_td(html, gad_show_fixed(gad_report_number(node, "own_shift"), 2).text, "ideal 0");
    number_td(html, gad_show_fixed(other, 2).text, ideal.text);
    number_td(html, gad_show_percent(alpha > 0.0 ? -other / alpha : NAN).text, NULL);
    number_td(html, gad_show_percent(gad_report_number(node, "accuracy")).text, NULL);
    number_td(html, gad_show_count(gad_report_number(node, "epochs")).text, rate.text);
    gad_html_end(html);
}

static void write_supports(struct gad_report *report, const struct gad_report_run *run)
{
    static const char *const heads[] = {"alpha",       "last loss",   "distance", "own class",
                                        "other class", "moved apart", "accuracy", "epochs"};
    struct gad_html *html = &report->html;
    const struct dat_json_node *supports = gad_report_part(run, "supports", NULL);
    gad_html_begin(html, "div", NULL);
    gad_report_run_heading(report, run);
    gad_html_begin(html, "div", "split");
    write_losses(html, supports);
    gad_report_table_begin(html, "numbers", "Support nets");
    gad_html_begin(html, "thead", NULL);
    gad_html_begin(html, "tr", NULL);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        gad_report_th(html, "col", NULL, heads[i]);
    gad_html_end(html);
    gad_html_end(html);
    gad_html_begin(html, "tbody", NULL);
    for (const struct dat_json_node *node = dat_json_first(supports); node;
         node = dat_json_next(node))
        support_row(html, node);
    gad_html_end(html);
    gad_report_table_end(html);
    gad_html_end(html);
    gad_html_end(html);
}

void gad_report_supports(struct gad_report *report)
{
    struct gad_html *html = &report->html;
    gad_html_leaf(
        html, "p", NULL,
        "Each starts from the net\u2019s own weights and learns to give the net\u2019s own "
        "outputs, except that for an image of one class the output of the other is lower "
        "by alpha.");
    gad_html_begin(html, "div", "stack");
    for (size_t i = 0; i < report->count; i++)
        if (dat_json_count(gad_report_part(&report->runs[i], "supports", NULL)) > 0)
            write_supports(report, &report->runs[i]);
    gad_html_end(html);
    gad_html_leaf(
        html, "p", "caption",
        "Last loss: on the training images. All else is of the evaluated images: distance "
        "is the root mean square of what is missing to the targets, own and other class "
        "are the mean changes of those outputs, moved apart is how much of alpha the "
        "other class\u2019s output has moved. A support net that is far from its targets "
        "says little about what separates the classes.");
}
