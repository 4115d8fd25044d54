#include "data/grow.h"
#include "data/torch_file.h"
#include "data/torch_names.h"
#include "data/utf8.h"
#include "engine/tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number that counts something. */
static int get_size(const struct dat_pickle_value *value, size_t *out)
{
    int64_t integer;
    if (!dat_pickle_int(value, &integer) || integer < 0 || (uint64_t)integer > SIZE_MAX)
        return 0;
    *out = (size_t)integer;
    return 1;
}

/* Fills the record from the persistent id of a storage:
 *
 *     ("storage", torch.FloatStorage, key, device, elements)
 *     ("storage", torch.FloatStorage, key, device, elements, (key of the part, offset, elements))
 *
 * the latter in old legacy files, where a part of a storage was a storage in its own right. */
static enum eng_err read_storage(struct dat_torch *t, struct dat_torch_record *r,
                                 const struct dat_pickle_value *persistent, const char *name,
                                 struct eng_why *why)
{
    const struct dat_pickle_value *id = dat_pickle_at(persistent, 0), *type = dat_pickle_at(id, 1);
    const struct dat_pickle_value *part = dat_pickle_at(id, 5);
    const char *what = dat_pickle_string(dat_pickle_at(id, 0));
    const char *key = dat_pickle_string(dat_pickle_at(id, 2));
    const enum dat_torch_meaning meaning = dat_torch_meaning_of(type, &r->entry.dtype);
    size_t elements, offset = 0, seen;
    if (dat_pickle_type(persistent) != DAT_PICKLE_PERSISTENT || !what ||
        strcmp(what, "storage") != 0 ||
        (meaning != DAT_TORCH_STORAGE && meaning != DAT_TORCH_UNTYPED) || !key ||
        !get_size(dat_pickle_at(id, 4), &elements))
        return dat_torch_damaged(why, name, "has no proper storage");
    ENG_TRY(dat_torch_storage_check_key(key, why));
    const size_t element = dat_dtype_size(r->entry.dtype);
    seen = elements;
    if (dat_pickle_type(part) == DAT_PICKLE_TUPLE &&
        (!get_size(dat_pickle_at(part, 1), &offset) || !get_size(dat_pickle_at(part, 2), &seen) ||
         offset > elements || seen > elements - offset))
        return dat_torch_damaged(why, name, "has a part of a storage that reaches beyond it");
    r->storage = dat_torch_storages_find(t, key);
    if (!r->storage)
        return dat_torch_damaged(why, name, "has a storage that is not in the file");
    r->size = eng_product(elements, element);
    if (r->size == SIZE_MAX)
        return dat_torch_damaged(why, name, "has a storage beyond any memory");
    if (!t->zip && r->storage->element && r->storage->element != element)
        return dat_torch_damaged(why, name, "has a storage of two types");
    r->storage->element = element;
    r->begin = offset * element;
    r->end = r->begin + seen * element;
    return ENG_OK;
}

/* A tuple of sizes, also as torch.Size. Returns 0 if it is none. */
static int read_sizes(const struct dat_pickle_value *value, size_t out[DAT_VIEW_MAX_RANK],
                      size_t *rank)
{
    if (dat_torch_is_call(value, DAT_TORCH_SIZE))
        value = dat_pickle_at(value, 0);
    if (dat_pickle_type(value) != DAT_PICKLE_TUPLE && dat_pickle_type(value) != DAT_PICKLE_LIST)
        return 0;
    *rank = dat_pickle_count(value);
    for (size_t i = 0; i < *rank && i < DAT_VIEW_MAX_RANK; i++)
        if (!get_size(dat_pickle_at(value, i), &out[i]))
            return 0;
    return 1;
}

/* Fills the record from a call, or from what a subclass would call and with which arguments. */
static enum eng_err read_tensor(struct dat_torch *t, struct dat_torch_record *r,
                                const struct dat_pickle_value *function,
                                const struct dat_pickle_value *arguments, const char *name,
                                struct eng_why *why)
{
    size_t dims = 0, strides = 0, offset;
    const enum dat_torch_meaning meaning = dat_torch_meaning_of(function, NULL);
    if (meaning == DAT_TORCH_PARAMETER) {
        const struct dat_pickle_value *inner = dat_pickle_at(arguments, 0);
        return dat_torch_is_tensor(inner)
                   ? read_tensor(t, r, inner, inner, name, why)
                   : dat_torch_damaged(why, name, "is a parameter without a tensor");
    }
    if (meaning == DAT_TORCH_SUBCLASS)
        return read_tensor(t, r, dat_pickle_at(arguments, 0), dat_pickle_at(arguments, 2), name,
                           why);
    if (meaning != DAT_TORCH_TENSOR && meaning != DAT_TORCH_TENSOR_V3)
        return dat_torch_damaged(why, name, "is not made as tensors are");

    ENG_TRY(read_storage(t, r, dat_pickle_at(arguments, 0), name, why));
    if (meaning == DAT_TORCH_TENSOR_V3 &&
        dat_torch_meaning_of(dat_pickle_at(arguments, 6), &r->entry.dtype) != DAT_TORCH_DTYPE)
        return dat_torch_damaged(why, name, "does not say the type of its elements");
    if (dat_pickle_count(dat_pickle_at(arguments, meaning == DAT_TORCH_TENSOR_V3 ? 7 : 6)))
        return eng_fail(why, ENG_UNSUPPORTED,
                        "tensor \"%.100s\" is conjugated or negated; save a clone() of it", name);
    if (!read_sizes(dat_pickle_at(arguments, 2), r->view.dim, &dims) ||
        !read_sizes(dat_pickle_at(arguments, 3), r->view.stride, &strides) || dims != strides ||
        !get_size(dat_pickle_at(arguments, 1), &offset))
        return dat_torch_damaged(why, name, "has an impossible shape");
    if (dims > DAT_VIEW_MAX_RANK)
        return eng_fail(why, ENG_UNSUPPORTED,
                        "tensor \"%.100s\" has %zu dimensions; at most %d are supported", name,
                        dims, DAT_VIEW_MAX_RANK);
    r->view.rank = dims;
    r->view.element = dat_dtype_size(r->entry.dtype);
    r->view.swapped = t->swapped;
    offset = eng_product(offset, r->view.element);
    if (offset > SIZE_MAX - 1 - r->begin)
        return dat_torch_damaged(why, name, "begins beyond any memory");
    r->begin += offset;
    return ENG_OK;
}

/* The way to where the walk is: "layer1.0.conv1". */
struct path {
    char text[DAT_TORCH_MAX_NAME + 1];
    size_t count;
};

static enum eng_err add_tensor(struct dat_torch *t, const struct path *path,
                               const struct dat_pickle_value *value, struct eng_why *why)
{
    const char *name = path->count ? path->text : "tensor";
    /* Four records: the array may be moving to one of twice the room, and a list follows. */
    ENG_TRY(dat_budget_take(&t->budget, 4 * sizeof *t->records + strlen(name) + 1, why));
    struct dat_torch_record *records = dat_grow(t->records, &t->capacity, t->count,
                                                sizeof *records);
    if (!records)
        return dat_torch_out_of_memory(why);
    t->records = records;
    if (t->count == DAT_TORCH_MAX_TENSORS)
        return eng_fail(why, ENG_TOOBIG, "the file has more than %zu tensors; save fewer in one",
                        DAT_TORCH_MAX_TENSORS);
    if (!dat_utf8_is(name))
        return eng_fail(why, ENG_UNSUPPORTED,
                        "a tensor has a name that is not UTF-8; give it another");
    struct dat_torch_record *r = &t->records[t->count];
    *r = (struct dat_torch_record){.name = malloc(strlen(name) + 1)};
    if (!r->name)
        return dat_torch_out_of_memory(why);
    t->count++;
    strcpy(r->name, name);
    r->entry.name = r->name;
    return read_tensor(t, r, value, value, name, why);
}

/* Adds ".KEY" to the path. Keys that are no text and no integer have only their number. */
static enum eng_err extend(struct path *path, const struct dat_pickle_value *key, size_t index,
                           struct eng_why *why)
{
    const size_t room = sizeof path->text - path->count;
    const char *dot = path->count ? "." : "", *text = dat_pickle_string(key);
    int64_t integer;
    int n;
    if (text)
        n = snprintf(path->text + path->count, room, "%s%s", dot, text);
    else if (dat_pickle_int(key, &integer))
        n = snprintf(path->text + path->count, room, "%s%lld", dot, (long long)integer);
    else
        n = snprintf(path->text + path->count, room, "%s%zu", dot, index);
    if (n < 0 || (size_t)n >= room)
        return eng_fail(why, ENG_TOOBIG,
                        "a name is longer than %d bytes (%.40s...); choose shorter ones",
                        DAT_TORCH_MAX_NAME, path->text);
    path->count += (size_t)n;
    return ENG_OK;
}

/* Adds the tensors in value, but not those in `without` (NULL: none), which is set to NULL when it
 * is met: where it is used once more, it counts. */
static enum eng_err walk(struct dat_torch *t, struct path *path,
                         const struct dat_pickle_value *value,
                         const struct dat_pickle_value **without, struct eng_why *why)
{
    const enum dat_pickle_type type = dat_pickle_type(value);
    const size_t length = path->count;
    struct dat_torch_record storage = {.size = 0};
    if (value == *without) {
        *without = NULL;
        return ENG_OK;
    }
    if (dat_torch_is_tensor(value))
        return add_tensor(t, path, value, why);
    if (type == DAT_PICKLE_PERSISTENT) /* a storage alone: its type is needed to find the others */
        return read_storage(t, &storage, value, path->text, why);
    if (type != DAT_PICKLE_DICT && type != DAT_PICKLE_LIST && type != DAT_PICKLE_TUPLE)
        return ENG_OK;
    for (size_t i = 0; i < dat_pickle_count(value); i++) {
        const struct dat_pickle_value *item = dat_pickle_at(value, i);
        if (dat_torch_is_tensor(item) ||
            dat_pickle_count(item)) { /* else its key does not matter */
            ENG_TRY(extend(path, dat_pickle_key(value, i), i, why));
            ENG_TRY(walk(t, path, item, without, why));
        }
        path->count = length;
        path->text[length] = '\0';
    }
    return ENG_OK;
}

static int holds_tensor(const struct dat_pickle_value *value)
{
    if (dat_torch_is_tensor(value))
        return 1;
    for (size_t i = 0; i < dat_pickle_count(value); i++)
        if (holds_tensor(dat_pickle_at(value, i)))
            return 1;
    return 0;
}

/* The dictionary with tensors that is in another one under a wrapper's name, or NULL. May look at
 * all of the tree, so it is not for use at every level of one. */
static const struct dat_pickle_value *unwrap(const struct dat_pickle_value *value)
{
    static const char *const wrappers[] = {
#define WRAPPER(name) name,
        DAT_TORCH_WRAPPERS(WRAPPER)
#undef WRAPPER
    };
    for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++) {
        const struct dat_pickle_value *inner = dat_pickle_member(value, wrappers[i]);
        if (dat_pickle_type(inner) == DAT_PICKLE_DICT && holds_tensor(inner))
            return inner;
    }
    return NULL;
}

/* Leaves out what all names so far begin with, if it is one of PyTorch's wrappers'. */
static void strip_prefixes(struct dat_torch *t)
{
    static const char *const prefixes[] = {"module.", "_orig_mod."};
    for (size_t k = 0; k < 2;) {
        const size_t length = strlen(prefixes[k]);
        size_t same = 0;
        while (same < t->count && strlen(t->records[same].entry.name) > length &&
               memcmp(t->records[same].entry.name, prefixes[k], length) == 0)
            same++;
        if (t->count == 0 || same < t->count) {
            k++;
            continue;
        }
        for (size_t i = 0; i < t->count; i++)
            t->records[i].entry.name += length;
        k = 0;
    }
}

enum eng_err dat_torch_walk(struct dat_torch *t, struct eng_why *why)
{
    const struct dat_pickle_value *root = dat_pickle_root(t->object), *none = NULL;
    const struct dat_pickle_value *state = root, *inner;
    struct path path = {.count = 0};
    for (int i = 0; i < DAT_TORCH_MAX_WRAPPED && (inner = unwrap(state)); i++)
        state = inner;
    ENG_TRY(walk(t, &path, state, &none, why));
    strip_prefixes(t);
    t->state_count = t->count;
    return walk(t, &path, root, &state, why);
}
