#include "attrib/method.h"

#include "engine/choice.h"

#include <math.h>
#include <string.h>

static void magnitude(float *out, const float *gradient, const float *x, const float *baseline,
                      size_t count)
{
    (void)x, (void)baseline;
    for (size_t i = 0; i < count; i++)
        out[i] = fabsf(gradient[i]);
}

static void as_it_is(float *out, const float *gradient, const float *x, const float *baseline,
                     size_t count)
{
    (void)x, (void)baseline;
    memcpy(out, gradient, count * sizeof *out);
}

static void times_input(float *out, const float *gradient, const float *x, const float *baseline,
                        size_t count)
{
    (void)baseline;
    for (size_t i = 0; i < count; i++)
        out[i] = x[i] * gradient[i];
}

static void times_difference(float *out, const float *gradient, const float *x,
                             const float *baseline, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (x[i] - baseline[i]) * gradient[i];
}

static const struct attr_method methods[ATTR_METHOD_COUNT] = {
#define ATTR_METHOD_ROW(name, title, rule, taken, finish, paper)                                   \
    {#name, title, paper, ENG_RELU_##rule, ATTR_##taken, finish},
    ATTR_METHODS(ATTR_METHOD_ROW)
#undef ATTR_METHOD_ROW
};

static const char *const names[ATTR_METHOD_COUNT] = {
#define ATTR_METHOD_NAME(name, title, rule, taken, finish, paper) #name,
    ATTR_METHODS(ATTR_METHOD_NAME)
#undef ATTR_METHOD_NAME
};

const struct attr_method *attr_method_at(size_t i)
{
    return i < ATTR_METHOD_COUNT ? &methods[i] : NULL;
}

enum eng_err attr_method_find(const struct attr_method **method, const char *name,
                              struct eng_why *why)
{
    int choice;
    ENG_TRY(eng_choice_parse(&choice, name, names, ATTR_METHOD_COUNT, "method", why));
    *method = &methods[choice];
    return ENG_OK;
}

static enum eng_err add(struct attr_methods *list, const struct attr_method *method,
                        struct eng_why *why)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i] == method)
            return eng_fail(why, ENG_ARG, "method '%s' is given twice; give it once", method->name);
    list->at[list->count++] = method;
    return ENG_OK;
}

static enum eng_err add_named(struct attr_methods *list, const char *name, struct eng_why *why)
{
    const struct attr_method *method;
    if (strcmp(name, "all") != 0) {
        ENG_TRY(attr_method_find(&method, name, why));
        return add(list, method, why);
    }
    for (size_t i = 0; i < ATTR_METHOD_COUNT; i++)
        ENG_TRY(add(list, &methods[i], why));
    return ENG_OK;
}

enum eng_err attr_methods_parse(struct attr_methods *out, const char *text, struct eng_why *why)
{
    struct attr_methods list = {0};
    for (;;) {
        const size_t length = strcspn(text, ",");
        char name[64]; /* what is longer is no method's name, and is cut for the message */
        const size_t kept = length < sizeof name ? length : sizeof name - 1;
        memcpy(name, text, kept);
        name[kept] = '\0';
        ENG_TRY(add_named(&list, name, why));
        if (text[length] == '\0')
            break;
        text += length + 1;
    }
    *out = list;
    return ENG_OK;
}
