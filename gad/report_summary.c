/* The head of the page and its summary. The sentences carry what the numbers carry and no more:
 * they say which of two was larger and how often, whichever it was. */
#include "gad/report_parts.h"
#include "gad/show.h"

#include <math.h>
#include <string.h>

static bool same_classes(const struct gad_report *report)
{
    bool same = true;
    for (size_t i = 1; i < report->count; i++)
        for (size_t cls = 0; cls < GAD_TABLE_CLASSES; cls++)
            same &= strcmp(report->runs[0].classes[cls], report->runs[i].classes[cls]) == 0;
    return same;
}

static bool is_synthetic(const struct gad_report_run *run)
{
    return gad_report_flag(gad_report_part(run, "data", NULL), "synthetic");
}

static void write_titles(struct gad_report *report)
{
    struct gad_html *html = &report->html;
    if (report->count == 1) {
        gad_html_text(html, "%s", report->runs[0].title);
        return;
    }
    for (size_t i = 0; i < report->count; i++)
        gad_html_text(html, "%s%s",
                      i == 0                  ? ""
                      : i + 1 < report->count ? ", "
                                              : " and ",
                      report->runs[i].title);
}

void gad_report_head(struct gad_report *report)
{
    struct gad_html *html = &report->html;
    const struct gad_report_run *run = &report->runs[0];
    const bool same = same_classes(report);

    gad_html_begin(html, "head", NULL);
    gad_html_begin(html, "meta", NULL);
    gad_html_attr(html, "charset", "utf-8");
    gad_html_end(html);
    gad_html_begin(html, "meta", NULL);
    gad_html_attr(html, "name", "viewport");
    gad_html_attr(html, "content", "width=device-width, initial-scale=1");
    gad_html_end(html);
    gad_html_begin(html, "meta", NULL);
    gad_html_attr(html, "name", "color-scheme");
    gad_html_attr(html, "content", "light dark");
    gad_html_end(html);
    gad_html_leaf(html, "title", NULL, "GAD: %s or %s", same ? run->classes[0] : "one class",
                  same ? run->classes[1] : "the other");
    gad_html_begin(html, "style", NULL);
    for (size_t i = 0; gad_report_style[i]; i++) {
        gad_html_raw(html, gad_report_style[i]);
        gad_html_raw(html, "\n");
    }
    gad_html_end(html);
    gad_html_end(html);

    gad_html_begin(html, "body", NULL);
    gad_html_begin(html, "header", NULL);
    gad_html_begin(html, "div", "page");
    gad_html_begin(html, "p", "kicker");
    gad_html_text(html, "Gradient artificial distancing of ");
    write_titles(report);
    gad_html_end(html);
    gad_html_begin(html, "h1", NULL);
    if (same) {
        gad_html_text(html, "What tells ");
        gad_html_leaf(html, "em", NULL, "%s", run->classes[0]);
        gad_html_text(html, " from ");
        gad_html_leaf(html, "em", NULL, "%s", run->classes[1]);
    } else {
        gad_html_text(html, "What tells two classes apart");
    }
    gad_html_end(html);
    gad_html_leaf(html, "p", "lede",
                  "Support nets, started from the net in question, are trained to move the outputs "
                  "of the two classes further and further apart. What a gradient map shows in the "
                  "net and in every support net is what GAD keeps of it. This page sets the maps "
                  "before (original) beside the maps after (GAD).");
    gad_html_end(html);
    gad_html_end(html);
}

/* ---- the summary ---- */

struct outcome {
    double gad, original, all;
};

/* Of one method, or of all of them (method == run->methods). */
static struct outcome outcome_of(const struct gad_report_run *run, size_t method)
{
    struct outcome sum = {0};
    for (size_t cls = 0; cls < GAD_TABLE_CLASSES; cls++)
        for (size_t m = 0; m < run->methods; m++) {
            const double gad = gad_report_cell(run, GAD_REPORT_TABLE1, cls, m, "gad");
            const double original = gad_report_cell(run, GAD_REPORT_TABLE1, cls, m, "original");
            const double none = gad_report_cell(run, GAD_REPORT_TABLE1, cls, m, "undefined");
            if ((method < run->methods && m != method) || !isfinite(gad + original))
                continue;
            sum.gad += gad;
            sum.original += original;
            sum.all += gad + original + (isfinite(none) ? none : 0.0);
        }
    return sum;
}

static void tell_complexity(struct gad_html *html, const struct gad_report_run *run)
{
    const struct outcome sum = outcome_of(run, run->methods);
    if (!(sum.all > 0.0))
        return;
    const double none = sum.all - sum.gad - sum.original;
    gad_html_begin(html, "li", NULL);
    gad_html_text(
        html,
        "GAD\u2019s region was the smaller one in %s of %s comparisons (each image, class "
        "and method), the original\u2019s in %s",
        gad_show_percent(sum.gad / sum.all).text, gad_show_count(sum.all).text,
        gad_show_percent(sum.original / sum.all).text);
    if (none > 0.0)
        gad_html_text(html, "; %s had no winner", gad_show_percent(none / sum.all).text);
    gad_html_text(html, ".");

    double least = 2.0, most = -1.0;
    size_t least_at = 0, most_at = 0;
    for (size_t m = 0; m < run->methods; m++) {
        const struct outcome one = outcome_of(run, m);
        if (!(one.all > 0.0))
            continue;
        if (one.gad / one.all < least) {
            least = one.gad / one.all;
            least_at = m;
        }
        if (one.gad / one.all > most) {
            most = one.gad / one.all;
            most_at = m;
        }
    }
    if (least < most)
        gad_html_text(html, " Least often it was so for %s (%s), most often for %s (%s).",
                      run->method[least_at].title, gad_show_percent(least).text,
                      run->method[most_at].title, gad_show_percent(most).text);
    gad_html_end(html);
}

struct contest {
    size_t won, all;
};

static bool gad_matters_more(const struct gad_report_run *run, size_t cls, size_t m, bool *known)
{
    const double gad = gad_report_cell(run, GAD_REPORT_TABLE2, cls, m, "gad");
    const double sup = gad_report_cell(run, GAD_REPORT_TABLE2, cls, m, "sup");
    *known = isfinite(gad) && isfinite(sup);
    return *known && gad > sup;
}

static struct contest sensitivity_of(const struct gad_report_run *run)
{
    struct contest contest = {0};
    for (size_t cls = 0; cls < GAD_TABLE_CLASSES; cls++)
        for (size_t m = 0; m < run->methods; m++) {
            bool known;
            contest.won += gad_matters_more(run, cls, m, &known);
            contest.all += known;
        }
    return contest;
}

static void tell_sensitivity(struct gad_html *html, const struct gad_report_run *run)
{
    const struct contest contest = sensitivity_of(run);
    const size_t lost = contest.all - contest.won;
    if (contest.all == 0)
        return;
    gad_html_begin(html, "li", NULL);
    gad_html_text(
        html,
        "Hiding GAD\u2019s region moved the output more per pixel than hiding the rest of "
        "the original\u2019s region in %zu of %zu means (of a method and a class)",
        contest.won, contest.all);
    if (lost > 0 && lost <= 3) {
        const char *before = "; not with ";
        for (size_t m = 0; m < run->methods; m++)
            for (size_t cls = 0; cls < GAD_TABLE_CLASSES; cls++) {
                bool known;
                if (gad_matters_more(run, cls, m, &known) || !known)
                    continue;
                gad_html_text(html, "%s%s for %s", before, run->method[m].title, run->classes[cls]);
                before = ", ";
            }
    }
    gad_html_text(html, ".");
    gad_html_end(html);
}

static void tell_truth(struct gad_html *html, const struct gad_report_run *run)
{
    const double before = gad_report_mean(run, GAD_REPORT_TRUTH, "weight_original");
    const double after = gad_report_mean(run, GAD_REPORT_TRUTH, "weight_gad");
    if (!isfinite(before) || !isfinite(after))
        return;
    gad_html_leaf(html, "li", NULL,
                  "Where the answer is known: %s of a map\u2019s weight lay on the parts that tell "
                  "the classes apart with GAD, %s without (means over methods and classes).",
                  gad_show_percent(after).text, gad_show_percent(before).text);
}

/* "1 to 2", or "1" where both read the same. */
static void write_range(struct gad_html *html, struct gad_shown from, struct gad_shown to)
{
    gad_html_text(html, "%s", from.text);
    if (strcmp(from.text, to.text) != 0)
        gad_html_text(html, " to %s", to.text);
}

static void tell_supports(struct gad_html *html, const struct gad_report_run *run)
{
    double least = INFINITY, most = -INFINITY, worst = INFINITY, best = -INFINITY;
    size_t count = 0;
    const struct dat_json_node *node = dat_json_first(gad_report_part(run, "supports", NULL));
    for (; node; node = dat_json_next(node)) {
        const double rms = gad_report_number(node, "rms");
        const double accuracy = gad_report_number(node, "accuracy");
        least = fmin(least, rms); /* a NaN is passed over */
        most = fmax(most, rms);
        worst = fmin(worst, accuracy);
        best = fmax(best, accuracy);
        count += isfinite(rms) != 0;
    }
    if (count == 0)
        return;
    gad_html_begin(html, "li", NULL);
    if (count == 1)
        gad_html_text(html, "The support net ended ");
    else
        gad_html_text(html, "The %zu support nets ended ", count);
    write_range(html, gad_show_number(least, 3), gad_show_number(most, 3));
    gad_html_text(html, " from %s targets (root mean square, in units of the output)",
                  count == 1 ? "its" : "their");
    if (isfinite(worst)) {
        gad_html_text(html, " and %s right on ", count == 1 ? "was" : "were");
        write_range(html, gad_show_percent(worst), gad_show_percent(best));
        gad_html_text(html, " of the images");
    }
    gad_html_text(html, ".");
    gad_html_end(html);
}

static void tile(struct gad_html *html, const char *number, const char *what)
{
    gad_html_begin(html, "div", "tile");
    gad_html_leaf(html, "strong", NULL, "%s", number);
    gad_html_leaf(html, "span", NULL, "%s", what);
    gad_html_end(html);
}

static void write_tiles(struct gad_html *html, const struct gad_report_run *run)
{
    const struct outcome sum = outcome_of(run, run->methods);
    const struct contest contest = sensitivity_of(run);
    const double before = gad_report_mean(run, GAD_REPORT_TRUTH, "weight_original");
    const double after = gad_report_mean(run, GAD_REPORT_TRUTH, "weight_gad");
    const double accuracy = gad_report_number(gad_report_part(run, "model", NULL), "accuracy");
    char text[160];

    gad_html_begin(html, "div", "tiles");
    if (sum.all > 0.0)
        tile(html, gad_show_percent(sum.gad / sum.all).text,
             "GAD\u2019s region is the smaller one");
    if (contest.all > 0) {
        snprintf(text, sizeof text, "%zu of %zu", contest.won, contest.all);
        tile(html, text, "means: GAD\u2019s region matters more per pixel");
    }
    if (isfinite(before) && isfinite(after)) {
        snprintf(text, sizeof text, "%s \u2192 %s", gad_show_percent(before).text,
                 gad_show_percent(after).text);
        tile(html, text, "of the weight on the telling parts, original \u2192 GAD");
    }
    if (isfinite(accuracy))
        tile(html, gad_show_percent(accuracy).text, "accuracy of the net");
    gad_html_end(html);
}

static void tell_data(struct gad_html *html, const struct gad_report_run *run)
{
    const struct dat_json_node *data = gad_report_part(run, "data", NULL);
    const double images = gad_report_number(data, "images");
    const char *about = gad_report_string(data, "about");
    if (!isfinite(images))
        return;
    gad_html_leaf(html, "li", NULL, "All of this on %s images%s%s.", gad_show_count(images).text,
                  about[0] ? ": " : "", about);
}

void gad_report_summary(struct gad_report *report)
{
    struct gad_html *html = &report->html;
    bool synthetic = false;
    gad_html_begin(html, "div", "runs");
    for (size_t i = 0; i < report->count; i++) {
        const struct gad_report_run *run = &report->runs[i];
        synthetic |= is_synthetic(run);
        gad_html_begin(html, "div", "card");
        gad_report_run_heading(report, run);
        write_tiles(html, run);
        gad_html_begin(html, "ul", NULL);
        tell_complexity(html, run);
        tell_sensitivity(html, run);
        tell_truth(html, run);
        tell_supports(html, run);
        tell_data(html, run);
        gad_html_end(html);
        gad_html_end(html);
    }
    gad_html_end(html);
    if (synthetic)
        gad_html_leaf(html, "p", "note",
                      "The pictures are drawn by the program, not photographed. Only some parts of "
                      "them depend on the class, so it is known where a good map has its weight; "
                      "what holds for them need not hold for photos.");
}
