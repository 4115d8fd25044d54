/* Between the library's public functions (gad/gad.h) and the layers: errors are translated, and the
 * host program's locale stays outside. */
#ifndef GAD_BORDER_H
#define GAD_BORDER_H

#include "engine/err.h"
#include "gad/gad.h"

#include <locale.h>

/* The public code of err. Unless that is GAD_OK, *why (NULL allowed) = what was said, or the code's
 * text where nothing was. */
enum gad_error gad_border_answer(enum eng_err err, const struct eng_why *said, struct gad_why *why);

/* The layers read numbers with strtod, which follows the locale: "0.5" is 0 where a comma is the
 * decimal point, and a program with windows is likely to have called setlocale. From enter to leave
 * the calling thread is in the locale "C", and no other thread is. */
struct gad_border_locale {
    locale_t before, c;
};
enum eng_err gad_border_enter(struct gad_border_locale *locale, struct eng_why *why);
void gad_border_leave(struct gad_border_locale *locale);

#endif
