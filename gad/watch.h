/* How long work tells its caller where it is, and learns that it should stop. */
#ifndef GAD_WATCH_H
#define GAD_WATCH_H

#include <stddef.h>

struct gad_watch {
    /* done of total units of `what` are finished; note is a short text to show behind. */
    void (*progress)(void *context, const char *what, double done, double total, const char *note);
    /* A sentence the user should see, such as that a damaged image was skipped. */
    void (*warn)(void *context, const char *text);
    /* Nonzero: finish nothing more, return ENG_INTERRUPTED. */
    int (*stop)(void *context);
    void *context;
    /* The same, told how far the passes of one call are: done of total are behind. */
    int (*passes)(void *context, size_t done, size_t total);
};

/* All take NULL, for the watch and for its members. */
void gad_watch_progress(const struct gad_watch *watch, const char *what, double done, double total,
                        const char *note);
void gad_watch_warn(const struct gad_watch *watch, const char *text);
int gad_watch_stop(const struct gad_watch *watch);

/* What passes returns, or else stop. */
int gad_watch_passes(const struct gad_watch *watch, size_t done, size_t total);

#endif
