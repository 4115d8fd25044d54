/* How much memory the reading of one file may take.
 *
 * No decoder believes a size before it has compared it with the length of the file, so that every
 * format has a multiple of the file's length beyond which it allocates nothing. Multiples are
 * stated in the formats' headers; they are large where formats compress well. Who wants less gives
 * a budget, out of which everything is taken that is allocated besides the file's own bytes.
 *
 *     struct dat_budget budget = dat_budget_of(256 << 20);
 *     err = dat_photo_read(&image, path, &budget, why);
 *
 * NULL stands for a budget without end, and so does dat_budget_of(0). One is good for one file. */
#ifndef DAT_BUDGET_H
#define DAT_BUDGET_H

#include "engine/err.h"

#include <stddef.h>

struct dat_budget {
    size_t limit, left; /* bytes */
    int stated;         /* the limit is that of a format */
};

/* A budget of so many bytes; 0: without end. */
struct dat_budget dat_budget_of(size_t bytes);

/* What is left of the budget (NULL allowed), or, if that is less, what a format states for a file:
 * `multiple` times its length, and `spare` bytes. */
struct dat_budget dat_budget_within(const struct dat_budget *budget, size_t multiple, size_t length,
                                    size_t spare);

/* Takes bytes before they are allocated. ENG_TOOBIG, with what to do about it, if there are not so
 * many left: the budget is then as it was. */
enum eng_err dat_budget_take(struct dat_budget *budget, size_t bytes, struct eng_why *why);

/* Gives back what was freed. */
void dat_budget_give(struct dat_budget *budget, size_t bytes);

#endif
