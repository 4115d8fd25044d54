#include "engine/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *eng_err_text(enum eng_err err)
{
    switch (err) {
#define ENG_ERR_TEXT(code, text)                                                                   \
    case ENG_##code:                                                                               \
        return text;
        ENG_ERRORS(ENG_ERR_TEXT)
#undef ENG_ERR_TEXT
    }
    return "unknown error";
}

enum eng_err eng_fail(struct eng_why *why, enum eng_err err, const char *format, ...)
{
    if (why) {
        va_list ap;
        va_start(ap, format);
        vsnprintf(why->text, sizeof why->text, format, ap);
        va_end(ap);
    }
    return err;
}

enum eng_err eng_fail_in(struct eng_why *why, enum eng_err err, const char *prefix)
{
    if (why) {
        char tail[sizeof why->text];
        const char *text = why->text[0] ? why->text : eng_err_text(err);
        snprintf(tail, sizeof tail, "%s", text);
        snprintf(why->text, sizeof why->text, "%.200s: %.300s", prefix, tail);
    }
    return err;
}
