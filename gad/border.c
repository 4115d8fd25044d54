#include "gad/border.h"

#include <string.h>

_Static_assert(sizeof(struct gad_why) == sizeof(struct eng_why), "a sentence fits in the other");

/* By name and not by value: the engine's codes may come in another order, the public ones stay as
 * they are. A new code of the engine does not compile here until gad.h has it. */
static enum gad_error public_code(enum eng_err err)
{
    switch (err) {
#define PUBLIC_CODE(code, text)                                                                    \
    case ENG_##code:                                                                               \
        return GAD_##code;
        ENG_ERRORS(PUBLIC_CODE)
#undef PUBLIC_CODE
    }
    return GAD_ARG;
}

enum gad_error gad_border_answer(enum eng_err err, const struct eng_why *said, struct gad_why *why)
{
    if (err != ENG_OK && why) {
        const char *text = said && said->text[0] ? said->text : eng_err_text(err);
        memcpy(why->text, text, strlen(text) + 1);
    }
    return public_code(err);
}

const char *gad_error_text(enum gad_error error)
{
    switch (error) {
#define PUBLIC_TEXT(code, text)                                                                    \
    case GAD_##code:                                                                               \
        return text;
        ENG_ERRORS(PUBLIC_TEXT)
#undef PUBLIC_TEXT
    }
    return "unknown error";
}

enum eng_err gad_border_enter(struct gad_border_locale *locale, struct eng_why *why)
{
    locale->c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!locale->c)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    locale->before = uselocale(locale->c);
    return ENG_OK;
}

void gad_border_leave(struct gad_border_locale *locale)
{
    uselocale(locale->before);
    freelocale(locale->c);
}
