#include "data/budget.h"

#include <stdint.h>

#define MIB ((size_t)1 << 20)

struct dat_budget dat_budget_of(size_t bytes)
{
    const size_t limit = bytes ? bytes : SIZE_MAX;
    return (struct dat_budget){.limit = limit, .left = limit};
}

struct dat_budget dat_budget_within(const struct dat_budget *budget, size_t multiple, size_t length,
                                    size_t spare)
{
    const struct dat_budget whole = budget ? *budget : dat_budget_of(0);
    size_t stated = SIZE_MAX;
    if (length <= (SIZE_MAX - spare) / multiple)
        stated = multiple * length + spare;
    if (stated >= whole.left)
        return whole;
    return (struct dat_budget){.limit = stated, .left = stated, .stated = 1};
}

enum eng_err dat_budget_take(struct dat_budget *budget, size_t bytes, struct eng_why *why)
{
    if (!budget || bytes <= budget->left) {
        if (budget)
            budget->left -= bytes;
        return ENG_OK;
    }
    if (budget->stated)
        return eng_fail(why, ENG_TOOBIG,
                        "it stands for far more than a file of its length should; get it again, "
                        "from a source that you trust");
    const size_t taken = budget->limit - budget->left;
    const size_t needed = bytes > SIZE_MAX - MIB - taken ? SIZE_MAX - MIB : bytes + taken;
    return eng_fail(why, ENG_TOOBIG,
                    "decoding it takes %zu MiB, more than the limit of %zu; raise --file-memory",
                    needed / MIB + (needed % MIB > 0), budget->limit / MIB);
}

void dat_budget_give(struct dat_budget *budget, size_t bytes)
{
    if (budget)
        budget->left += bytes;
}
