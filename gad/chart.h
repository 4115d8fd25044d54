/* Small charts as inline SVG, in the colours of the page that they stand in.
 *
 *     loss                               Saliency
 *     1.0 |\                              #########:::::: 0.61
 *     0.5 | '--.___  alpha 2              ###########:::: 0.74
 *       0 +---------                      Deconvolution
 *          1       10  epoch              ####::::::::::: 0.24
 *                                         ######::::::::: 0.41
 *
 * Lines carry their names at their ends instead of in a legend, bars their numbers. The style
 * sheet of the page gives the classes: svg.chart; lines and dots s0, s1, ...; bars b0 and b1; grid,
 * axis, and text as it is, "strong" or "muted".
 */
#ifndef GAD_CHART_H
#define GAD_CHART_H

#include "gad/html.h"

#include <stddef.h>

#define GAD_CHART_MAX_SERIES 16
#define GAD_CHART_MAX_POINTS 10000 /* of a series; later ones are not drawn */

struct gad_series {
    const char *name;
    const double *y; /* at x = 1, 2, ... count; a gap where not finite, or beyond 1e200 */
    size_t count;
};

enum gad_axis { GAD_AXIS_PLAIN, GAD_AXIS_PERCENT, GAD_AXIS_LOG };

struct gad_chart {
    const char *title;  /* what it shows, for those who cannot see it */
    const char *x, *y;  /* names of the axes */
    enum gad_axis axis; /* of y; below 1e-200 a logarithmic one has gaps */
    const struct gad_series *series;
    size_t count; /* at most GAD_CHART_MAX_SERIES */
};

/* Draws nothing if there is no point to draw. */
void gad_chart_lines(struct gad_html *html, const struct gad_chart *chart);

/* Two bars, b0 and b1, for each of `count` names: values[i][0] and values[i][1] as shares from 0
 * to 1. What is not finite has no bar. */
void gad_chart_bars(struct gad_html *html, const char *title, const char *const *names,
                    const double (*values)[2], size_t count);

#endif
