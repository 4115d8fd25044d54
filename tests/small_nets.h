/* Small nets for tests of attribution: built, filled and made ready in a few lines. Whatever fails
 * on the way ends the program. */
#ifndef SMALL_NETS_H
#define SMALL_NETS_H

#include "engine/net.h"
#include "tests/tap.h"

static struct eng_exec exec; /* for tests to initialise */

static inline void need(enum eng_err err, const struct eng_why *why)
{
    if (err != ENG_OK) {
        printf("Bail out! %s: %s\n", eng_err_text(err), why ? why->text : "");
        exit(1);
    }
}

static inline void *room(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);
    if (!p)
        need(ENG_NOMEM, NULL);
    return p;
}

/* Sets a parameter from values, which must be as many as it has. */
static inline void set(struct eng_net *net, const char *name, const float *values, size_t count)
{
    struct eng_param *p = eng_net_param_find(net, name);
    if (!p || eng_shape_count(&p->shape) != count)
        need(ENG_SHAPE, NULL);
    memcpy(p->value, values, count * sizeof *values);
}

#define SET(net, name, ...)                                                                        \
    set(net, name, (const float[]){__VA_ARGS__}, sizeof(const float[]){__VA_ARGS__} / sizeof(float))

static inline void finish(struct eng_net *net)
{
    struct eng_why why = {""};
    need(eng_net_finish(net, &why), &why);
    eng_net_changed(net);
    need(eng_net_prepare(net, &exec, ENG_FOR_GRADIENTS), NULL);
}

static inline int close_to(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance; /* false for NaN */
}

static inline int all_close(const float *a, const float *b, size_t count, double tolerance)
{
    for (size_t i = 0; i < count; i++)
        if (!close_to(a[i], b[i], tolerance)) {
            printf("# [%zu] is %g, not %g\n", i, a[i], b[i]);
            return 0;
        }
    return 1;
}

static inline double total(const float *a, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += a[i];
    return sum;
}

#endif
