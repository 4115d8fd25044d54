#include "data/npz.h"

#include "data/dims.h"
#include "data/npy.h"
#include "data/zip.h"

#include <stdlib.h>
#include <string.h>

#define ENDING ".npy"

struct array {
    struct dat_safetensors_entry entry;
    char *name;        /* owned */
    uint8_t *inflated; /* the .npy file, if it was deflated; owned */
    void *copy;        /* the numbers, if they lay differently; owned */
};

struct dat_npz {
    struct array *arrays;
    size_t count;
};

static enum eng_err out_of_memory(struct eng_why *why)
{
    return eng_fail(why, ENG_NOMEM,
                    "there is not enough memory for the arrays; close other "
                    "programs");
}

/* An array may have an empty name, too. */
static int is_array(const char *name)
{
    const size_t length = strlen(name), n = strlen(ENDING);
    return length >= n && strcmp(name + length - n, ENDING) == 0;
}

static enum eng_err read_array(struct array *a, const struct dat_zip_member *member,
                               struct dat_budget *budget, struct eng_why *why)
{
    const uint8_t *file;
    const size_t length = strlen(member->name) - strlen(ENDING);
    a->name = malloc(length + 1);
    if (!a->name)
        return out_of_memory(why);
    memcpy(a->name, member->name, length);
    a->name[length] = '\0';
    ENG_TRY(dat_budget_take(budget, length + 1, why));
    ENG_TRY(dat_zip_read(&file, &a->inflated, member, budget, why));
    const enum eng_err err = dat_npy_entry(&a->entry, &a->copy, file, member->size, budget, why);
    if (err != ENG_OK)
        return eng_fail_in(why, err, a->name);
    a->entry.name = a->name;
    if (a->copy && a->inflated) {
        dat_budget_give(budget, member->size);
        free(a->inflated);
        a->inflated = NULL;
    }
    return ENG_OK;
}

static enum eng_err read_arrays(struct dat_npz *npz, const struct dat_zip *zip,
                                struct dat_budget *budget, struct eng_why *why)
{
    const size_t members = dat_zip_count(zip);
    ENG_TRY(dat_budget_take(budget, members * sizeof *npz->arrays, why));
    npz->arrays = calloc(members + 1, sizeof *npz->arrays); /* calloc of nothing may be NULL */
    if (!npz->arrays)
        return out_of_memory(why);
    for (size_t i = 0; i < members; i++)
        if (is_array(dat_zip_at(zip, i)->name))
            ENG_TRY(read_array(&npz->arrays[npz->count++], dat_zip_at(zip, i), budget, why));
    if (members && !npz->count)
        return eng_fail(why, ENG_FORMAT,
                        "the zip archive holds neither PyTorch's data.pkl nor NumPy's arrays; "
                        "check its kind");
    return ENG_OK;
}

enum eng_err dat_npz_decode(struct dat_npz **out, const uint8_t *bytes, size_t count,
                            struct dat_budget *budget, struct eng_why *why)
{
    struct dat_zip *zip;
    *out = NULL;
    ENG_TRY(dat_zip_decode(&zip, bytes, count, budget, why));
    struct dat_npz *npz = calloc(1, sizeof *npz);
    const enum eng_err err = npz ? read_arrays(npz, zip, budget, why) : out_of_memory(why);
    dat_zip_free(zip);
    if (err != ENG_OK) {
        dat_npz_free(npz);
        return err;
    }
    *out = npz;
    return ENG_OK;
}

void dat_npz_free(struct dat_npz *npz)
{
    if (!npz)
        return;
    for (size_t i = 0; i < npz->count; i++) {
        free(npz->arrays[i].name);
        free(npz->arrays[i].inflated);
        free(npz->arrays[i].copy);
    }
    free(npz->arrays);
    free(npz);
}

size_t dat_npz_count(const struct dat_npz *npz)
{
    return npz->count;
}

const struct dat_safetensors_entry *dat_npz_at(const struct dat_npz *npz, size_t index)
{
    return &npz->arrays[index].entry;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* What stands in front of the numbers, and the member's name. */
struct front {
    char *name; /* owned */
    uint8_t head[DAT_NPY_MAX_HEAD];
};

static enum eng_err make_part(struct dat_zip_part *part, struct front *front,
                              const struct dat_safetensors_entry *e, struct eng_why *why)
{
    const size_t length = strlen(e->name);
    size_t elements;
    front->name = malloc(length + sizeof ENDING);
    if (!front->name)
        return out_of_memory(why);
    memcpy(front->name, e->name, length);
    memcpy(front->name + length, ENDING, sizeof ENDING);
    *part = (struct dat_zip_part){front->name, front->head, e->bytes, 0, e->size};
    const int rank = e->rank <= DAT_NPY_MAX_RANK ? (int)e->rank : -1;
    const enum eng_err err = dat_npy_head(front->head, &part->head_size, e->dtype, rank, e->dim);
    if (err == ENG_UNSUPPORTED)
        return eng_fail(why, err,
                        "tensor \"%.100s\" has elements of type %s, which NumPy's files lack; "
                        "give --dtype f32",
                        e->name, dat_dtype_name(e->dtype));
    if (err != ENG_OK || !dat_dims_count(&elements, e->dim, e->rank) ||
        elements * dat_dtype_size(e->dtype) != e->size)
        return eng_fail(why, ENG_ARG, "a tensor with an impossible shape cannot be written");
    return ENG_OK;
}

enum eng_err dat_npz_write(const char *path, const struct dat_safetensors_entry *entries,
                           size_t count, const void *metadata, size_t metadata_size,
                           struct eng_why *why)
{
    struct dat_zip_part *parts = calloc(count + 1, sizeof *parts);
    struct front *fronts = calloc(count + 1, sizeof *fronts);
    enum eng_err err = parts && fronts ? ENG_OK : out_of_memory(why);
    for (size_t i = 0; i < count && err == ENG_OK; i++)
        if ((err = make_part(&parts[i], &fronts[i], &entries[i], why)) != ENG_OK)
            eng_fail_in(why, err, path);
    if (err == ENG_OK && metadata_size > DAT_ZIP_MAX_COMMENT) {
        parts[count] = (struct dat_zip_part){DAT_NPZ_METADATA, NULL, metadata, 0, metadata_size};
        err = dat_zip_write(path, parts, count + 1, NULL, 0, why);
    } else if (err == ENG_OK) {
        err = dat_zip_write(path, parts, count, metadata, metadata_size, why);
    }
    for (size_t i = 0; fronts && i < count; i++)
        free(fronts[i].name);
    free(fronts);
    free(parts);
    return err;
}
