#include "data/torch.h"

#include "data/torch_file.h"
#include "engine/sizes.h"
#include "engine/tensor.h"

#include <stdlib.h>
#include <string.h>

enum eng_err dat_torch_out_of_memory(struct eng_why *why)
{
    return eng_fail(why, ENG_NOMEM,
                    "there is not enough memory for the tensors; close other programs");
}

enum eng_err dat_torch_damaged(struct eng_why *why, const char *name, const char *what)
{
    return eng_fail(why, ENG_FORMAT, "tensor \"%.100s\" %s; get the file again", name, what);
}

static enum eng_err load_storage(struct dat_torch_storage *s, struct dat_budget *budget,
                                 struct eng_why *why)
{
    if (s->bytes || !s->member)
        return ENG_OK;
    s->size = s->member->size;
    return dat_zip_read(&s->bytes, &s->owned, s->member, budget, why);
}

static enum eng_err place_tensor(struct dat_torch *t, struct dat_torch_record *r,
                                 struct eng_why *why)
{
    struct dat_safetensors_entry *e = &r->entry;
    struct dat_torch_storage *s = r->storage;
    ENG_TRY(load_storage(s, &t->budget, why));
    if (s->size != r->size)
        return eng_fail(why, ENG_FORMAT,
                        "tensor \"%.100s\" has a storage of %zu bytes by the pickle, and of %zu in "
                        "the file; get it again",
                        e->name, r->size, s->size);
    if (!dat_view_size(&e->size, &r->view))
        return dat_torch_damaged(why, e->name, "has an impossible shape");
    e->rank = r->view.rank;
    memcpy(e->dim, r->view.dim, e->rank * sizeof *e->dim);
    e->bytes = s->bytes;
    if (e->size == 0)
        return ENG_OK;
    if (r->begin > r->end || !dat_view_fits(&r->view, (r->end - r->begin) / r->view.element))
        return dat_torch_damaged(why, e->name, "reaches beyond its storage");
    r->view.bytes = s->bytes + r->begin;
    e->bytes = r->view.bytes;
    if (dat_view_is_plain(&r->view))
        return ENG_OK;
    if (e->size > t->copies)
        return eng_fail(why, ENG_TOOBIG,
                        "tensor \"%.100s\" repeats its few numbers far too often; save a clone() "
                        "of it",
                        e->name);
    ENG_TRY(dat_budget_take(&t->budget, e->size, why));
    t->copies -= e->size;
    e->bytes = r->owned = malloc(e->size);
    if (!r->owned)
        return dat_torch_out_of_memory(why);
    dat_view_copy(r->owned, &r->view);
    return ENG_OK;
}

static int compare_names(const void *a, const void *b)
{
    const struct dat_torch_record *x = *(const struct dat_torch_record *const *)a;
    const struct dat_torch_record *y = *(const struct dat_torch_record *const *)b;
    return strcmp(x->entry.name, y->entry.name);
}

static enum eng_err check_names(const struct dat_torch *t, struct eng_why *why)
{
    enum eng_err err = ENG_OK;
    const struct dat_torch_record **sorted = calloc(t->count + 1, sizeof *sorted);
    if (!sorted)
        return dat_torch_out_of_memory(why);
    for (size_t i = 0; i < t->count; i++)
        sorted[i] = &t->records[i];
    qsort(sorted, t->count, sizeof *sorted, compare_names);
    for (size_t i = 1; i < t->count && err == ENG_OK; i++)
        if (compare_names(&sorted[i - 1], &sorted[i]) == 0)
            err = eng_fail(why, ENG_FORMAT,
                           "there are two tensors \"%.100s\"; give one another name",
                           sorted[i]->entry.name);
    free(sorted);
    return err;
}

static enum eng_err place_tensors(struct dat_torch *t, struct eng_why *why)
{
    ENG_TRY(check_names(t, why));
    for (size_t i = 0; i < t->count; i++)
        ENG_TRY(place_tensor(t, &t->records[i], why));
    return ENG_OK;
}

enum eng_err dat_torch_decode(struct dat_torch **out, const uint8_t *bytes, size_t count,
                              struct dat_budget *budget, struct eng_why *why)
{
    const size_t spare = (size_t)1 << 20;
    *out = NULL;
    struct dat_torch *t = calloc(1, sizeof *t);
    if (!t)
        return dat_torch_out_of_memory(why);
    t->copies = eng_min(eng_product(count, DAT_TORCH_MAX_COPIES), SIZE_MAX - spare) + spare;
    const int zip = count >= 2 && memcmp(bytes, "PK", 2) == 0;
    t->budget = dat_budget_within(budget, zip ? DAT_TORCH_MULTIPLE : DAT_TORCH_LEGACY_MULTIPLE,
                                  count, DAT_TORCH_SPARE);
    const size_t begin = t->budget.left;
    enum eng_err err = (zip ? dat_torch_open_zip : dat_torch_open_legacy)(t, bytes, count, why);
    if (err == ENG_OK)
        err = place_tensors(t, why);
    if (err != ENG_OK) {
        dat_torch_free(t);
        return err;
    }
    if (budget)
        budget->left -= begin - t->budget.left;
    *out = t;
    return ENG_OK;
}

void dat_torch_free(struct dat_torch *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++) {
        free(t->records[i].name);
        free(t->records[i].owned);
    }
    for (size_t i = 0; i < t->storage_count; i++)
        free(t->storages[i].owned);
    free(t->records);
    free(t->storages);
    free(t->sorted);
    dat_pickle_free(t->object);
    dat_pickle_free(t->keys);
    dat_zip_free(t->zip);
    free(t);
}

int dat_torch_is_legacy(const struct dat_torch *file)
{
    return !file->zip;
}

size_t dat_torch_count(const struct dat_torch *file)
{
    return file->count;
}

size_t dat_torch_state_count(const struct dat_torch *file)
{
    return file->state_count;
}

const struct dat_safetensors_entry *dat_torch_at(const struct dat_torch *file, size_t index)
{
    return &file->records[index].entry;
}
