#include "engine/choice.h"

#include <stdio.h>
#include <string.h>

const char *eng_choice_name(int choice, const char *const *names, size_t count)
{
    return choice >= 0 && (size_t)choice < count ? names[choice] : NULL;
}

enum eng_err eng_choice_parse(int *choice, const char *text, const char *const *names, size_t count,
                              const char *what, struct eng_why *why)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, names[i]) == 0) {
            *choice = (int)i;
            return ENG_OK;
        }
    }

    char list[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof list; i++) {
        const char *comma = i == 0 ? "" : i + 1 < count ? ", " : " or ";
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", comma, names[i]);
    }
    return eng_fail(why, ENG_ARG, "no %s is called '%.40s'; use %s", what, text, list);
}
