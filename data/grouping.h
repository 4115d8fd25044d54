/* Choosing and grouping classes: what the text "warbler=*Warbler,sparrow=*Sparrow" (its syntax:
 * data/dataset.h) makes of a list of names. */
#ifndef DAT_GROUPING_H
#define DAT_GROUPING_H

#include "engine/err.h"

#include <stddef.h>

struct dat_grouping {
    char **names;    /* the classes that come out, all different; owned */
    size_t *members; /* how many of the names that went in each is made of, > 0 */
    size_t count;
    int *label; /* for each name that went in: its class, or -1 if it was left out */
};

/* Applies text to `count` different names. ENG_ARG, and a sentence in why, if an entry is empty or
 * matches nothing, or two classes would have the same name; *out is then empty. */
enum eng_err dat_grouping_init(struct dat_grouping *out, const char *text, char *const *names,
                               size_t count, struct eng_why *why);

void dat_grouping_release(struct dat_grouping *grouping);

#endif
