#include "gad/watch.h"

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

int gad_watch_passes(const struct gad_watch *watch, size_t done, size_t total)
{
    const int end = watch && watch->passes ? watch->passes(watch->context, done, total) : 0;
    return end ? end : gad_watch_stop(watch);
}
