#include "gad/chart.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* All measures are units of the drawing, which the page scales to its column. */
#define WIDTH  480.0
#define HEIGHT 250.0
#define LEFT   52.0
#define RIGHT  100.0 /* for the names at the ends of lines */
#define TOP    26.0
#define BOTTOM 40.0
#define LINE   15.0 /* between the lines of text */

#define MAX_TICKS 16

static void begin_svg(struct gad_html *html, const char *title, double width, double height)
{
    gad_html_begin(html, "svg", "chart");
    gad_html_attr(html, "viewBox", "0 0 %.0f %.0f", width, height);
    gad_html_attr(html, "role", "img");
    gad_html_attr(html, "aria-label", "%s", title);
    gad_html_leaf(html, "title", NULL, "%s", title);
}

static void line(struct gad_html *html, const char *class_name, double x0, double y0, double x1,
                 double y1)
{
    gad_html_begin(html, "line", class_name);
    gad_html_attr(html, "x1", "%.1f", x0);
    gad_html_attr(html, "y1", "%.1f", y0);
    gad_html_attr(html, "x2", "%.1f", x1);
    gad_html_attr(html, "y2", "%.1f", y1);
    gad_html_end(html);
}

/* Text whose "start", "middle" or "end" is at x; class_name may be NULL. */
static void label(struct gad_html *html, const char *class_name, double x, double y,
                  const char *anchor, const char *text)
{
    gad_html_begin(html, "text", class_name);
    gad_html_attr(html, "x", "%.1f", x);
    gad_html_attr(html, "y", "%.1f", y);
    if (strcmp(anchor, "start") != 0)
        gad_html_attr(html, "text-anchor", "%s", anchor);
    gad_html_text(html, "%s", text);
    gad_html_end(html);
}

/* ---- scales ---- */

struct scale {
    double low, high; /* logarithms if log */
    bool log;
    size_t ticks;
    double tick[MAX_TICKS]; /* values, not logarithms */
};

static double on_scale(const struct scale *scale, double value, double from, double to)
{
    const double v = scale->log ? log10(value) : value;
    return from + (to - from) * (v - scale->low) / (scale->high - scale->low);
}

static void add_tick(struct scale *scale, double value)
{
    if (scale->ticks < MAX_TICKS)
        scale->tick[scale->ticks++] = value;
}

/* 1, 2 or 5 times a power of ten: the least that divides the range into at most `most` steps. */
static double nice_step(double range, double most)
{
    const double rough = range / most, power = pow(10.0, floor(log10(rough)));
    const double times = rough / power;
    return power * (times <= 1.0 ? 1.0 : times <= 2.0 ? 2.0 : times <= 5.0 ? 5.0 : 10.0);
}

/* A scale from about low to high, which it may widen to a round value. */
static struct scale linear(double low, double high)
{
    low = fabs(low) < 1e-290 ? 0.0 : low; /* steps of less than that would be 0 */
    high = fabs(high) < 1e-290 ? 0.0 : high;
    if (high - low <= 1e-9 * fmax(fabs(low), fabs(high))) {
        const double room = low != 0.0 ? fabs(low) / 2.0 : 1.0;
        low -= room;
        high += room;
    }
    const double step = nice_step(high - low, 5.0);
    const double first = floor(low / step), last = ceil(high / step);
    struct scale scale = {step * first, step * last, false, 0, {0}};
    for (double i = first; i <= last; i++)
        add_tick(&scale, step * i);
    return scale;
}

static struct scale logarithmic(double low, double high)
{
    struct scale scale = {log10(low), log10(high), true, 0, {0}};
    const double room = fmax(0.05, 0.04 * (scale.high - scale.low));
    scale.low -= room;
    scale.high += room;
    const double decades = scale.high - scale.low;
    const double every = fmax(1.0, ceil(decades / 8.0));
    for (double d = floor(scale.low); d <= scale.high; d += every)
        for (int digit = 1; digit <= 5; digit += digit == 1 ? 1 : 3) { /* 1, 2, 5 */
            const double value = d + log10(digit);
            const bool wanted = digit == 1 || decades < 2.5;
            if (wanted && value >= scale.low && value <= scale.high)
                add_tick(&scale, pow(10.0, value));
        }
    return scale;
}

/* ---- lines ---- */

/* Beyond 1e200 the arithmetic of a scale might overflow. */
static bool drawn(const struct gad_chart *chart, double value)
{
    return fabs(value) <= 1e200 && (chart->axis != GAD_AXIS_LOG || value >= 1e-200);
}

static size_t points_of(const struct gad_series *series)
{
    return series->count < GAD_CHART_MAX_POINTS ? series->count : GAD_CHART_MAX_POINTS;
}

/* The scale of y over all points, and the longest series; false if there is no point. */
static bool measure(const struct gad_chart *chart, struct scale *y, size_t *longest)
{
    double low = INFINITY, high = -INFINITY;
    *longest = 0;
    for (size_t s = 0; s < chart->count; s++)
        for (size_t i = 0; i < points_of(&chart->series[s]); i++) {
            const double value = chart->series[s].y[i];
            if (!drawn(chart, value))
                continue;
            low = fmin(low, value);
            high = fmax(high, value);
            *longest = i + 1 > *longest ? i + 1 : *longest;
        }
    if (!(low <= high))
        return false;
    if (chart->axis == GAD_AXIS_LOG)
        *y = logarithmic(low, high);
    else
        *y = linear(chart->axis == GAD_AXIS_PLAIN ? fmin(0.0, low) : low, high);
    return true;
}

static void tick_text(char *text, size_t size, enum gad_axis axis, double value)
{
    if (axis == GAD_AXIS_PERCENT)
        snprintf(text, size, "%.4g\u202f%%", 100.0 * value);
    else
        snprintf(text, size, "%.4g", value);
}

static void draw_axes(struct gad_html *html, const struct gad_chart *chart, const struct scale *y,
                      size_t longest)
{
    const double bottom = HEIGHT - BOTTOM, right = WIDTH - RIGHT;
    char text[32];
    for (size_t i = 0; i < y->ticks; i++) {
        const double at = on_scale(y, y->tick[i], bottom, TOP);
        line(html, "grid", LEFT, at, right, at);
        tick_text(text, sizeof text, chart->axis, y->tick[i]);
        label(html, "muted", LEFT - 7.0, at + 4.5, "end", text);
    }
    label(html, "muted", 4.0, 13.0, "start", chart->y);

    line(html, "axis", LEFT, bottom, right, bottom);
    const size_t every = longest <= 10 ? 1 : (size_t)nice_step((double)longest, 8.0);
    for (size_t i = every; i <= longest; i += every) {
        const double step = longest > 1 ? (double)(i - 1) / (double)(longest - 1) : 0.5;
        snprintf(text, sizeof text, "%zu", i);
        label(html, "muted", LEFT + step * (right - LEFT), bottom + 17.0, "middle", text);
    }
    label(html, "muted", (LEFT + right) / 2.0, HEIGHT - 5.0, "middle", chart->x);
}

/* One path; a gap lifts the pen. Few points are marked. Returns where its last point is, or -1. */
static double draw_series(struct gad_html *html, const struct gad_chart *chart, size_t s,
                          const struct scale *y, size_t longest)
{
    const struct gad_series *series = &chart->series[s];
    const double bottom = HEIGHT - BOTTOM, right = WIDTH - RIGHT;
    const size_t points = points_of(series);
    const bool marked = longest <= 40;
    double end = -1.0;
    char style[8];
    snprintf(style, sizeof style, "s%zu", s % GAD_CHART_MAX_SERIES);

    gad_html_begin(html, "g", style);
    for (int pass = 0; pass < 2; pass++) { /* short strokes first, then dots over them */
        double before_x = 0.0, before_y = 0.0;
        bool pen_down = false;
        for (size_t i = 0; i < points; i++) {
            if (!drawn(chart, series->y[i])) {
                pen_down = false;
                continue;
            }
            const double step = longest > 1 ? (double)i / (double)(longest - 1) : 0.5;
            const double at_x = LEFT + step * (right - LEFT);
            const double at_y = on_scale(y, series->y[i], bottom, TOP);
            if (pass == 0 && pen_down)
                line(html, NULL, before_x, before_y, at_x, at_y);
            if (pass == 1 && marked) {
                gad_html_begin(html, "circle", NULL);
                gad_html_attr(html, "cx", "%.1f", at_x);
                gad_html_attr(html, "cy", "%.1f", at_y);
                gad_html_attr(html, "r", "3");
                gad_html_end(html);
            }
            before_x = at_x;
            before_y = end = at_y;
            pen_down = true;
        }
    }
    gad_html_end(html);
    return end;
}

/* The names beside the ends of their lines, moved down, and then up, until none overlaps. */
static void draw_names(struct gad_html *html, const struct gad_chart *chart, const double *ends)
{
    size_t order[GAD_CHART_MAX_SERIES], count = 0;
    double at[GAD_CHART_MAX_SERIES];
    for (size_t s = 0; s < chart->count; s++) {
        if (ends[s] < 0.0)
            continue;
        size_t i = count++;
        for (; i > 0 && ends[order[i - 1]] > ends[s]; i--)
            order[i] = order[i - 1];
        order[i] = s;
    }
    for (size_t i = 0; i < count; i++)
        at[i] = fmax(ends[order[i]], i > 0 ? at[i - 1] + LINE : 0.0);
    double limit = HEIGHT - BOTTOM;
    for (size_t i = count; i-- > 0; limit = at[i] - LINE)
        at[i] = fmin(at[i], limit);
    for (size_t i = 0; i < count; i++) {
        char style[16];
        snprintf(style, sizeof style, "strong t%zu", order[i]);
        label(html, style, WIDTH - RIGHT + 10.0, at[i] + 4.5, "start",
              chart->series[order[i]].name);
    }
}

void gad_chart_lines(struct gad_html *html, const struct gad_chart *chart)
{
    struct scale y;
    size_t longest;
    double ends[GAD_CHART_MAX_SERIES];
    if (chart->count > GAD_CHART_MAX_SERIES || !measure(chart, &y, &longest))
        return;
    begin_svg(html, chart->title, WIDTH, HEIGHT);
    draw_axes(html, chart, &y, longest);
    for (size_t s = 0; s < chart->count; s++)
        ends[s] = draw_series(html, chart, s, &y, longest);
    draw_names(html, chart, ends);
    gad_html_end(html);
}

/* ---- bars ---- */

#define BARS_WIDTH 340.0
#define BAR_LENGTH 296.0
#define BAR_HEIGHT 11.0
#define GROUP      48.0 /* from one name to the next: the name, and the two bars under it */

static void bar(struct gad_html *html, const char *class_name, double y, double width)
{
    gad_html_begin(html, "rect", class_name);
    gad_html_attr(html, "x", "0");
    gad_html_attr(html, "y", "%.1f", y);
    gad_html_attr(html, "width", "%.1f", width);
    gad_html_attr(html, "height", "%.1f", BAR_HEIGHT);
    gad_html_attr(html, "rx", "2");
    gad_html_end(html);
}

void gad_chart_bars(struct gad_html *html, const char *title, const char *const *names,
                    const double (*values)[2], size_t count)
{
    static const char *const styles[2] = {"b0", "b1"};
    if (count == 0)
        return;
    begin_svg(html, title, BARS_WIDTH, (double)count * GROUP);
    for (size_t i = 0; i < count; i++) {
        const double top = (double)i * GROUP;
        label(html, NULL, 0.0, top + 14.0, "start", names[i]);
        for (int k = 0; k < 2; k++) {
            const double y = top + 19.0 + k * (BAR_HEIGHT + 1.0);
            char text[32];
            bar(html, "rail", y, BAR_LENGTH);
            if (!isfinite(values[i][k]))
                continue;
            bar(html, styles[k], y, fmax(0.0, fmin(1.0, values[i][k])) * BAR_LENGTH);
            snprintf(text, sizeof text, "%.2f", values[i][k]);
            label(html, "muted", BAR_LENGTH + 8.0, y + BAR_HEIGHT - 1.0, "start", text);
        }
    }
    gad_html_end(html);
}
