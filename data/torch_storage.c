#include "data/torch_file.h"

#include <stdlib.h>
#include <string.h>

static int compare_keys(const void *a, const void *b)
{
    const struct dat_torch_storage *x = *(const struct dat_torch_storage *const *)a;
    const struct dat_torch_storage *y = *(const struct dat_torch_storage *const *)b;
    return strcmp(x->key, y->key);
}

struct dat_torch_storage *dat_torch_storages_find(const struct dat_torch *t, const char *key)
{
    const struct dat_torch_storage wanted = {.key = key}, *pointer = &wanted;
    struct dat_torch_storage *const *found = bsearch(&pointer, t->sorted, t->storage_count,
                                                     sizeof(*t->sorted), compare_keys);
    return found ? *found : NULL;
}

enum eng_err dat_torch_storages_reserve(struct dat_torch *t, size_t most, struct eng_why *why)
{
    ENG_TRY(dat_budget_take(&t->budget, most * (sizeof *t->storages + sizeof(*t->sorted)), why));
    /* calloc of nothing may be NULL: one more. */
    t->storages = calloc(most + 1, sizeof *t->storages);
    t->sorted = calloc(most + 1, sizeof(*t->sorted));
    return t->storages && t->sorted ? ENG_OK : dat_torch_out_of_memory(why);
}

void dat_torch_storages_add(struct dat_torch *t, const char *key,
                            const struct dat_zip_member *member)
{
    struct dat_torch_storage *s = &t->storages[t->storage_count];
    s->key = key;
    s->member = member;
    t->sorted[t->storage_count++] = s;
}

void dat_torch_storages_sort(struct dat_torch *t)
{
    qsort(t->sorted, t->storage_count, sizeof(*t->sorted), compare_keys);
}

/* Keys are compared again and again, and PyTorch's are numbers. */
enum eng_err dat_torch_storage_check_key(const char *key, struct eng_why *why)
{
    if (strlen(key) <= DAT_TORCH_MAX_NAME)
        return ENG_OK;
    return eng_fail(why, ENG_TOOBIG,
                    "a storage has a key longer than %d bytes (%.40s...); it is no file of "
                    "PyTorch's, get another",
                    DAT_TORCH_MAX_NAME, key);
}
