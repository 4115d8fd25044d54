/* TAP for one test program: CHECK prints a line and counts; return tap_done() from main.
 * A program that has nothing to test where it runs says tap_skip(reason). */
#ifndef TAP_H
#define TAP_H

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failures;

static inline int tap_check(int ok, const char *file, int line, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    printf("%sok %d - ", ok ? "" : "not ", ++tap_count);
    vprintf(format, ap);
    printf("\n");
    va_end(ap);
    if (!ok) {
        tap_failures++;
        printf("# failed at %s:%d\n", file, line);
    }
    fflush(stdout);
    return ok;
}

/* CHECK(condition, "what is tested, printf style", ...); the value is the condition. */
#define CHECK(ok, ...) tap_check(!!(ok), __FILE__, __LINE__, __VA_ARGS__)

static inline void tap_skip(const char *reason)
{
    printf("ok %d - # SKIP %s\n", ++tap_count, reason);
}

/* Prints the plan; the exit status is 1 if anything failed. */
static inline int tap_done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failures ? 1 : 0;
}

/* Where the optional reference files are: $GAD_SHARED, or ../shared beside the checkout. */
static inline const char *tap_shared(void)
{
    const char *dir = getenv("GAD_SHARED");
    return dir ? dir : "../shared";
}

/* The larger of two errors. One that is NaN counts as infinite: fmax would pass it over. */
static inline double tap_worse(double worst, double error)
{
    return isnan(error) ? INFINITY : error > worst ? error : worst;
}

/* Fills 64 KiB of stack with NaNs, so that reading what was never written fails every time. */
static inline void tap_poison_stack(void)
{
    volatile float junk[16384];
    for (int i = 0; i < 16384; i++)
        junk[i] = NAN;
    (void)junk[0];
}

#endif
