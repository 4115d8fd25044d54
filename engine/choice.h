/* Options that are one of a few names, such as "centres" or "squares".
 *
 * Each such option is an X-list in the header of its module: one line gives the enumerator and
 * the name, and from it come
 *   S_name(choice)             the name, or NULL past the last one (so that a loop lists them all)
 *   S_parse(&choice, text)     the choice of that name
 * which ENG_CHOICE defines.
 */
#ifndef ENG_CHOICE_H
#define ENG_CHOICE_H

#include "engine/err.h"

#include <stddef.h>

/* names[choice], or NULL if choice is not in 0 .. count - 1. */
const char *eng_choice_name(int choice, const char *const *names, size_t count);

/* The index of text in names, exactly as written. Otherwise ENG_ARG, *choice untouched, and why
 * lists the names there are; `what` is the option's noun ("area"). */
enum eng_err eng_choice_parse(int *choice, const char *text, const char *const *names, size_t count,
                              const char *what, struct eng_why *why);

/* For a .c file: S_name and S_parse for `enum type`, whose X-list LIST has rows (code, name) in the
 * order of the enumerators; S is `stem`, and `noun` what messages call it. */
#define ENG_CHOICE_TEXT(code, name) name,
#define ENG_CHOICE(stem, type, LIST, noun)                                                         \
    static const char *const stem##_names[] = {LIST(ENG_CHOICE_TEXT)};                             \
                                                                                                   \
    const char *stem##_name(enum type choice)                                                      \
    {                                                                                              \
        return eng_choice_name((int)choice, stem##_names,                                          \
                               sizeof stem##_names / sizeof *stem##_names);                        \
    }                                                                                              \
                                                                                                   \
    enum eng_err stem##_parse(enum type *choice, const char *text, struct eng_why *why)            \
    {                                                                                              \
        int index;                                                                                 \
        ENG_TRY(eng_choice_parse(&index, text, stem##_names,                                       \
                                 sizeof stem##_names / sizeof *stem##_names, noun, why));          \
        *choice = (enum type)index;                                                                \
        return ENG_OK;                                                                             \
    }

#endif
