#include "gad/watch.h"

#include <stddef.h>

void gad_watch_progress(const struct gad_watch *watch, const char *what, double done, double total,
                        const char *note)
{
    if (watch && watch->progress)
        watch->progress(watch->context, what, done, total, note ? note : "");
}

void gad_watch_warn(const struct gad_watch *watch, const char *text)
{
    if (watch && watch->warn)
        watch->warn(watch->context, text);
}

int gad_watch_stop(const struct gad_watch *watch)
{
    return watch && watch->stop ? watch->stop(watch->context) : 0;
}
