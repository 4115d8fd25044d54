#include "gad/show.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DASH   "\u2013"
#define MINUS  "\u2212"
#define NARROW "\u202f" /* a narrow space that does not break */

/* The text of a finite magnitude, with the sign before it. */
static struct gad_shown signed_text(double value, const char *magnitude)
{
    struct gad_shown shown;
    const int negative = value < 0.0 && strspn(magnitude, "0.") < strlen(magnitude);
    snprintf(shown.text, sizeof shown.text, "%s%.40s", negative ? MINUS : "", magnitude);
    return shown;
}

static struct gad_shown dash(void)
{
    return (struct gad_shown){DASH};
}

struct gad_shown gad_show_number(double value, int digits)
{
    char text[40];
    if (!isfinite(value))
        return dash();
    snprintf(text, sizeof text, "%.*g", digits, fabs(value));
    return signed_text(value, text);
}

struct gad_shown gad_show_fixed(double value, int digits)
{
    char text[40];
    if (!isfinite(value) || fabs(value) >= 1e15)
        return gad_show_number(value, 15);
    snprintf(text, sizeof text, "%.*f", digits, fabs(value));
    return signed_text(value, text);
}

struct gad_shown gad_show_count(double value)
{
    char plain[40], text[40];
    if (!isfinite(value) || fabs(value) >= 1e15)
        return gad_show_number(value, 6);
    const int length = snprintf(plain, sizeof plain, "%.0f", fabs(value));
    char *to = text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = plain[i];
    }
    *to = '\0';
    return signed_text(value, text);
}

struct gad_shown gad_show_percent(double share)
{
    struct gad_shown shown;
    const double percent = 100.0 * share;
    if (!isfinite(percent))
        return dash();
    if (percent > 99.9 && percent < 100.0)
        snprintf(shown.text, sizeof shown.text, ">" NARROW "99.9" NARROW "%%");
    else if (percent > 0.0 && percent < 0.1)
        snprintf(shown.text, sizeof shown.text, "<" NARROW "0.1" NARROW "%%");
    else if ((percent > 0.0 && percent < 1.0) || (percent > 99.0 && percent < 100.0))
        snprintf(shown.text, sizeof shown.text, "%.1f" NARROW "%%", percent);
    else
        snprintf(shown.text, sizeof shown.text, "%.48s" NARROW "%%",
                 gad_show_fixed(percent, 0).text);
    return shown;
}

struct gad_shown gad_show_time(double seconds)
{
    struct gad_shown shown;
    if (!isfinite(seconds) || seconds < 0.0 || seconds > 1e12)
        return dash();
    const uint64_t whole = (uint64_t)(seconds + 0.5);
    if (seconds < 10.0)
        snprintf(shown.text, sizeof shown.text, "%.2g" NARROW "s", seconds);
    else if (whole < 60)
        snprintf(shown.text, sizeof shown.text, "%" PRIu64 NARROW "s", whole);
    else if (whole < 3600)
        snprintf(shown.text, sizeof shown.text, "%" PRIu64 NARROW "min %" PRIu64 NARROW "s",
                 whole / 60, whole % 60);
    else
        snprintf(shown.text, sizeof shown.text, "%" PRIu64 NARROW "h %" PRIu64 NARROW "min",
                 whole / 3600, whole % 3600 / 60);
    return shown;
}
