/* From the bytes to the tensors in three steps:
 *
 *     the pickle is walked:       tensor "fc.weight" = F32 [2, 512] from element 0 of storage "7"
 *     storages are looked up:     storage "7" = bytes 4224 to 8320 of the file
 *     each tensor is looked at:   it lies in its storage; plain: point there, else: copy
 */
#include "data/torch.h"

#include "data/grow.h"
#include "data/pickle.h"
#include "data/utf8.h"
#include "data/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the names that a pickle may use -------------------------------------------------------- */

enum meaning {
    TENSOR,    /* (storage, offset, size, stride, requires_grad, hooks, metadata) */
    TENSOR_V3, /* the same with the element type before the metadata */
    PARAMETER, /* (tensor, ...) */
    SUBCLASS,  /* (function, class, arguments, attributes): function(*arguments) */
    SIZE,      /* (tuple) */
    STORAGE,   /* names its element type */
    UNTYPED,   /* a storage of bytes */
    DTYPE,     /* an element type */
    OTHER      /* belongs to no tensor */
};

#define STORAGES(X, module)                                                                        \
    X(module, "DoubleStorage", 0, STORAGE, F64)                                                    \
    X(module, "FloatStorage", 0, STORAGE, F32)                                                     \
    X(module, "HalfStorage", 0, STORAGE, F16)                                                      \
    X(module, "BFloat16Storage", 0, STORAGE, BF16)                                                 \
    X(module, "LongStorage", 0, STORAGE, I64)                                                      \
    X(module, "IntStorage", 0, STORAGE, I32)                                                       \
    X(module, "ShortStorage", 0, STORAGE, I16)                                                     \
    X(module, "CharStorage", 0, STORAGE, I8)                                                       \
    X(module, "ByteStorage", 0, STORAGE, U8)                                                       \
    X(module, "BoolStorage", 0, STORAGE, BOOL)

/* module, name, whether it is called, meaning, element type. OTHER is what optimisers, schedulers
 * and bytes are saved with. */
#define NAMES(X)                                                                                   \
    X("torch._utils", "_rebuild_tensor", 1, TENSOR, U8)                                            \
    X("torch._utils", "_rebuild_tensor_v2", 1, TENSOR, U8)                                         \
    X("torch._utils", "_rebuild_tensor_v3", 1, TENSOR_V3, U8)                                      \
    X("torch._utils", "_rebuild_parameter", 1, PARAMETER, U8)                                      \
    X("torch._utils", "_rebuild_parameter_with_state", 1, PARAMETER, U8)                           \
    X("torch._tensor", "_rebuild_from_type_v2", 1, SUBCLASS, U8)                                   \
    X("torch", "Size", 1, SIZE, U8)                                                                \
    STORAGES(X, "torch")                                                                           \
    STORAGES(X, "torch.cuda")                                                                      \
    X("torch", "UntypedStorage", 0, UNTYPED, U8)                                                   \
    X("torch.storage", "UntypedStorage", 0, UNTYPED, U8)                                           \
    X("torch", "float64", 0, DTYPE, F64)                                                           \
    X("torch", "float32", 0, DTYPE, F32)                                                           \
    X("torch", "float16", 0, DTYPE, F16)                                                           \
    X("torch", "bfloat16", 0, DTYPE, BF16)                                                         \
    X("torch", "int64", 0, DTYPE, I64)                                                             \
    X("torch", "int32", 0, DTYPE, I32)                                                             \
    X("torch", "int16", 0, DTYPE, I16)                                                             \
    X("torch", "int8", 0, DTYPE, I8)                                                               \
    X("torch", "uint64", 0, DTYPE, U64)                                                            \
    X("torch", "uint32", 0, DTYPE, U32)                                                            \
    X("torch", "uint16", 0, DTYPE, U16)                                                            \
    X("torch", "uint8", 0, DTYPE, U8)                                                              \
    X("torch", "bool", 0, DTYPE, BOOL)                                                             \
    X("torch", "Tensor", 0, OTHER, U8)                                                             \
    X("torch.nn.parameter", "Parameter", 0, OTHER, U8)                                             \
    X("torch.nn.parameter", "Buffer", 0, OTHER, U8)                                                \
    X("torch", "device", 1, OTHER, U8)                                                             \
    X("torch.serialization", "_get_layout", 1, OTHER, U8)                                          \
    X("collections", "Counter", 1, OTHER, U8)                                                      \
    X("_codecs", "encode", 1, OTHER, U8)                                                           \
    X("__builtin__", "set", 1, OTHER, U8)                                                          \
    X("builtins", "set", 1, OTHER, U8)                                                             \
    X("__builtin__", "complex", 1, OTHER, U8)                                                      \
    X("builtins", "complex", 1, OTHER, U8)

static const struct dat_pickle_global names[] = {
#define NAME(module, name, callable, meaning, dtype) {module, name, callable},
    NAMES(NAME)
#undef NAME
};

static const struct {
    enum meaning meaning;
    enum dat_dtype dtype;
} meanings[] = {
#define MEANING(module, name, callable, meaning, dtype) {meaning, DAT_##dtype},
    NAMES(MEANING)
#undef MEANING
};

/* The meaning of a global or of what is called. */
static enum meaning meaning_of(const struct dat_pickle_value *value, enum dat_dtype *dtype)
{
    const struct dat_pickle_global *global = dat_pickle_named(value);
    if (!global)
        return OTHER;
    if (dtype)
        *dtype = meanings[global - names].dtype;
    return meanings[global - names].meaning;
}

static int is_call(const struct dat_pickle_value *value, enum meaning meaning)
{
    return dat_pickle_type(value) == DAT_PICKLE_CALL && meaning_of(value, NULL) == meaning;
}

static int is_tensor(const struct dat_pickle_value *value)
{
    return is_call(value, TENSOR) || is_call(value, TENSOR_V3) || is_call(value, PARAMETER) ||
           is_call(value, SUBCLASS);
}

/* ---- an open file --------------------------------------------------------------------------- */

struct storage {
    const char *key;
    const struct dat_zip_member *member; /* NULL in legacy files */
    size_t element;                      /* bytes of its type's; 0: nobody has said yet */
    const uint8_t *bytes;                /* NULL: not looked at yet */
    size_t size;
    uint8_t *owned; /* where bytes are, if they were deflated */
};

struct record {
    struct dat_safetensors_entry entry;
    char *name;  /* owned; entry.name is its end */
    void *owned; /* what was copied out, or NULL */
    struct storage *storage;
    size_t size;          /* what the storage has by the pickle, in bytes */
    size_t begin, end;    /* the part of it that may be seen */
    struct dat_view view; /* at first without its bytes */
};

struct dat_torch {
    struct dat_zip *zip; /* NULL: legacy */
    struct dat_pickle *object, *keys;
    struct storage *storages; /* in the order of the file */
    struct storage **sorted;  /* by key */
    size_t storage_count;
    struct record *records;
    size_t count, capacity;
    size_t state_count; /* of the records, those in the state_dict */
    size_t copies;      /* bytes that may still be copied out */
    struct dat_budget budget;
    int swapped; /* contents are big-endian */
};

static enum eng_err out_of_memory(struct eng_why *why)
{
    return eng_fail(why, ENG_NOMEM,
                    "there is not enough memory for the tensors; close other programs");
}

static enum eng_err damaged(struct eng_why *why, const char *name, const char *what)
{
    return eng_fail(why, ENG_FORMAT, "tensor \"%.100s\" %s; get the file again", name, what);
}

static int multiply(size_t *product, size_t a, size_t b)
{
    if (b && a > SIZE_MAX / b)
        return 0;
    *product = a * b;
    return 1;
}

/* A number that counts something. */
static int get_size(const struct dat_pickle_value *value, size_t *out)
{
    int64_t integer;
    if (!dat_pickle_int(value, &integer) || integer < 0 || (uint64_t)integer > SIZE_MAX)
        return 0;
    *out = (size_t)integer;
    return 1;
}

/* ---- storages ------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    const struct storage *x = *(const struct storage *const *)a;
    const struct storage *y = *(const struct storage *const *)b;
    return strcmp(x->key, y->key);
}

static struct storage *find_storage(const struct dat_torch *t, const char *key)
{
    const struct storage wanted = {.key = key}, *pointer = &wanted;
    struct storage *const *found = bsearch(&pointer, t->sorted, t->storage_count,
                                           sizeof(*t->sorted), compare_keys);
    return found ? *found : NULL;
}

static enum eng_err reserve_storages(struct dat_torch *t, size_t most, struct eng_why *why)
{
    ENG_TRY(dat_budget_take(&t->budget, most * (sizeof *t->storages + sizeof(*t->sorted)), why));
    /* calloc of nothing may be NULL: one more. */
    t->storages = calloc(most + 1, sizeof *t->storages);
    t->sorted = calloc(most + 1, sizeof(*t->sorted));
    return t->storages && t->sorted ? ENG_OK : out_of_memory(why);
}

static void add_storage(struct dat_torch *t, const char *key, const struct dat_zip_member *member)
{
    struct storage *s = &t->storages[t->storage_count];
    s->key = key;
    s->member = member;
    t->sorted[t->storage_count++] = s;
}

static void sort_storages(struct dat_torch *t)
{
    qsort(t->sorted, t->storage_count, sizeof(*t->sorted), compare_keys);
}

/* Keys are compared again and again, and PyTorch's are numbers. */
static enum eng_err check_key(const char *key, struct eng_why *why)
{
    if (strlen(key) <= DAT_TORCH_MAX_NAME)
        return ENG_OK;
    return eng_fail(why, ENG_TOOBIG,
                    "a storage has a key longer than %d bytes (%.40s...); it is no file of "
                    "PyTorch's, get another",
                    DAT_TORCH_MAX_NAME, key);
}

/* Fills the record from the persistent id of a storage:
 *
 *     ("storage", torch.FloatStorage, key, device, elements)
 *     ("storage", torch.FloatStorage, key, device, elements, (key of the part, offset, elements))
 *
 * the latter in old legacy files, where a part of a storage was a storage in its own right. */
static enum eng_err read_storage(struct dat_torch *t, struct record *r,
                                 const struct dat_pickle_value *persistent, const char *name,
                                 struct eng_why *why)
{
    const struct dat_pickle_value *id = dat_pickle_at(persistent, 0), *type = dat_pickle_at(id, 1);
    const struct dat_pickle_value *part = dat_pickle_at(id, 5);
    const char *what = dat_pickle_string(dat_pickle_at(id, 0));
    const char *key = dat_pickle_string(dat_pickle_at(id, 2));
    const enum meaning meaning = meaning_of(type, &r->entry.dtype);
    size_t elements, offset = 0, seen;
    if (dat_pickle_type(persistent) != DAT_PICKLE_PERSISTENT || !what ||
        strcmp(what, "storage") != 0 || (meaning != STORAGE && meaning != UNTYPED) || !key ||
        !get_size(dat_pickle_at(id, 4), &elements))
        return damaged(why, name, "has no proper storage");
    ENG_TRY(check_key(key, why));
    const size_t element = dat_dtype_size(r->entry.dtype);
    seen = elements;
    if (dat_pickle_type(part) == DAT_PICKLE_TUPLE &&
        (!get_size(dat_pickle_at(part, 1), &offset) || !get_size(dat_pickle_at(part, 2), &seen) ||
         offset > elements || seen > elements - offset))
        return damaged(why, name, "has a part of a storage that reaches beyond it");
    r->storage = find_storage(t, key);
    if (!r->storage)
        return damaged(why, name, "has a storage that is not in the file");
    if (!multiply(&r->size, elements, element))
        return damaged(why, name, "has a storage beyond any memory");
    if (!t->zip && r->storage->element && r->storage->element != element)
        return damaged(why, name, "has a storage of two types");
    r->storage->element = element;
    r->begin = offset * element;
    r->end = r->begin + seen * element;
    return ENG_OK;
}

/* ---- from the pickle to a list of tensors --------------------------------------------------- */

/* A tuple of sizes, also as torch.Size. Returns 0 if it is none. */
static int read_sizes(const struct dat_pickle_value *value, size_t out[DAT_VIEW_MAX_RANK],
                      size_t *rank)
{
    if (is_call(value, SIZE))
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
static enum eng_err read_tensor(struct dat_torch *t, struct record *r,
                                const struct dat_pickle_value *function,
                                const struct dat_pickle_value *arguments, const char *name,
                                struct eng_why *why)
{
    size_t dims = 0, strides = 0, offset;
    const enum meaning meaning = meaning_of(function, NULL);
    if (meaning == PARAMETER) {
        const struct dat_pickle_value *inner = dat_pickle_at(arguments, 0);
        return is_tensor(inner) ? read_tensor(t, r, inner, inner, name, why)
                                : damaged(why, name, "is a parameter without a tensor");
    }
    if (meaning == SUBCLASS)
        return read_tensor(t, r, dat_pickle_at(arguments, 0), dat_pickle_at(arguments, 2), name,
                           why);
    if (meaning != TENSOR && meaning != TENSOR_V3)
        return damaged(why, name, "is not made as tensors are");

    ENG_TRY(read_storage(t, r, dat_pickle_at(arguments, 0), name, why));
    if (meaning == TENSOR_V3 && meaning_of(dat_pickle_at(arguments, 6), &r->entry.dtype) != DTYPE)
        return damaged(why, name, "does not say the type of its elements");
    if (dat_pickle_count(dat_pickle_at(arguments, meaning == TENSOR_V3 ? 7 : 6)))
        return eng_fail(why, ENG_UNSUPPORTED,
                        "tensor \"%.100s\" is conjugated or negated; save a clone() of it", name);
    if (!read_sizes(dat_pickle_at(arguments, 2), r->view.dim, &dims) ||
        !read_sizes(dat_pickle_at(arguments, 3), r->view.stride, &strides) || dims != strides ||
        !get_size(dat_pickle_at(arguments, 1), &offset))
        return damaged(why, name, "has an impossible shape");
    if (dims > DAT_VIEW_MAX_RANK)
        return eng_fail(why, ENG_UNSUPPORTED,
                        "tensor \"%.100s\" has %zu dimensions; at most %d are supported", name,
                        dims, DAT_VIEW_MAX_RANK);
    r->view.rank = dims;
    r->view.element = dat_dtype_size(r->entry.dtype);
    r->view.swapped = t->swapped;
    if (!multiply(&offset, offset, r->view.element) || offset > SIZE_MAX - r->begin)
        return damaged(why, name, "begins beyond any memory");
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
    struct record *records = dat_grow(t->records, &t->capacity, t->count, sizeof *records);
    if (!records)
        return out_of_memory(why);
    t->records = records;
    if (t->count == DAT_TORCH_MAX_TENSORS)
        return eng_fail(why, ENG_TOOBIG, "the file has more than %zu tensors; save fewer in one",
                        DAT_TORCH_MAX_TENSORS);
    if (!dat_utf8_is(name))
        return eng_fail(why, ENG_UNSUPPORTED,
                        "a tensor has a name that is not UTF-8; give it another");
    struct record *r = &t->records[t->count];
    *r = (struct record){.name = malloc(strlen(name) + 1)};
    if (!r->name)
        return out_of_memory(why);
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
    struct record storage = {.size = 0};
    if (value == *without) {
        *without = NULL;
        return ENG_OK;
    }
    if (is_tensor(value))
        return add_tensor(t, path, value, why);
    if (type == DAT_PICKLE_PERSISTENT) /* a storage alone: its type is needed to find the others */
        return read_storage(t, &storage, value, path->text, why);
    if (type != DAT_PICKLE_DICT && type != DAT_PICKLE_LIST && type != DAT_PICKLE_TUPLE)
        return ENG_OK;
    for (size_t i = 0; i < dat_pickle_count(value); i++) {
        const struct dat_pickle_value *item = dat_pickle_at(value, i);
        if (is_tensor(item) || dat_pickle_count(item)) { /* else its key does not matter */
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
    if (is_tensor(value))
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

static enum eng_err list_tensors(struct dat_torch *t, struct eng_why *why)
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

/* ---- from the list to bytes ----------------------------------------------------------------- */

static enum eng_err load_storage(struct storage *s, struct dat_budget *budget, struct eng_why *why)
{
    if (s->bytes || !s->member)
        return ENG_OK;
    s->size = s->member->size;
    return dat_zip_read(&s->bytes, &s->owned, s->member, budget, why);
}

static enum eng_err place_tensor(struct dat_torch *t, struct record *r, struct eng_why *why)
{
    struct dat_safetensors_entry *e = &r->entry;
    struct storage *s = r->storage;
    ENG_TRY(load_storage(s, &t->budget, why));
    if (s->size != r->size)
        return eng_fail(why, ENG_FORMAT,
                        "tensor \"%.100s\" has a storage of %zu bytes by the pickle, and of %zu in "
                        "the file; get it again",
                        e->name, r->size, s->size);
    if (!dat_view_size(&e->size, &r->view))
        return damaged(why, e->name, "has an impossible shape");
    e->rank = r->view.rank;
    memcpy(e->dim, r->view.dim, e->rank * sizeof *e->dim);
    e->bytes = s->bytes;
    if (e->size == 0)
        return ENG_OK;
    if (r->begin > r->end || !dat_view_fits(&r->view, (r->end - r->begin) / r->view.element))
        return damaged(why, e->name, "reaches beyond its storage");
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
        return out_of_memory(why);
    dat_view_copy(r->owned, &r->view);
    return ENG_OK;
}

static int compare_names(const void *a, const void *b)
{
    const struct record *x = *(const struct record *const *)a;
    const struct record *y = *(const struct record *const *)b;
    return strcmp(x->entry.name, y->entry.name);
}

static enum eng_err check_names(const struct dat_torch *t, struct eng_why *why)
{
    enum eng_err err = ENG_OK;
    const struct record **sorted = calloc(t->count + 1, sizeof *sorted);
    if (!sorted)
        return out_of_memory(why);
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

/* ---- the zip format ------------------------------------------------------------------------- */

static const struct dat_zip_member *find_beside(const struct dat_zip *zip, const char *folder,
                                                size_t length, const char *name)
{
    char path[512];
    const int n = snprintf(path, sizeof path, "%.*s%s", (int)length, folder, name);
    return n > 0 && (size_t)n < sizeof path ? dat_zip_find(zip, path) : NULL;
}

/* The member NAME/data.pkl; *length is that of "NAME/". */
static const struct dat_zip_member *find_object(const struct dat_zip *zip, size_t *length)
{
    for (size_t i = 0; i < dat_zip_count(zip); i++) {
        const struct dat_zip_member *member = dat_zip_at(zip, i);
        const char *slash = strchr(member->name, '/');
        if (slash && strcmp(slash, "/data.pkl") == 0) {
            *length = (size_t)(slash - member->name) + 1;
            return member;
        }
    }
    return NULL;
}

static enum eng_err read_byteorder(struct dat_torch *t, const struct dat_zip_member *member,
                                   struct eng_why *why)
{
    const uint8_t *text;
    uint8_t *owned;
    if (!member) /* older files are little-endian */
        return ENG_OK;
    ENG_TRY(dat_zip_read(&text, &owned, member, &t->budget, why));
    t->swapped = member->size == 3 && memcmp(text, "big", 3) == 0;
    const int known = t->swapped || (member->size == 6 && memcmp(text, "little", 6) == 0);
    free(owned);
    return known ? ENG_OK
                 : eng_fail(why, ENG_FORMAT,
                            "the file's byteorder is neither little nor big; get it again");
}

static enum eng_err decode_zip(struct dat_torch *t, const uint8_t *bytes, size_t count,
                               struct eng_why *why)
{
    static const char data[] = "data/";
    const uint8_t *pickle;
    uint8_t *owned;
    size_t length = 0;
    ENG_TRY(dat_zip_decode(&t->zip, bytes, count, &t->budget, why));
    const struct dat_zip_member *object = find_object(t->zip, &length);
    if (!object)
        return eng_fail(why, ENG_FORMAT,
                        "the zip archive has no NAME/data.pkl, so it is no file of PyTorch's; "
                        "check its kind");
    const char *folder = object->name;
    ENG_TRY(read_byteorder(t, find_beside(t->zip, folder, length, "byteorder"), why));
    ENG_TRY(reserve_storages(t, dat_zip_count(t->zip), why));
    for (size_t i = 0; i < dat_zip_count(t->zip); i++) {
        const struct dat_zip_member *member = dat_zip_at(t->zip, i);
        if (strncmp(member->name, folder, length) == 0 &&
            strncmp(member->name + length, data, strlen(data)) == 0)
            add_storage(t, member->name + length + strlen(data), member);
    }
    sort_storages(t);
    ENG_TRY(dat_zip_read(&pickle, &owned, object, &t->budget, why));
    const enum eng_err err = dat_pickle_decode(&t->object, pickle, object->size, NULL, names,
                                               sizeof names / sizeof *names, &t->budget, why);
    if (owned)
        dat_budget_give(&t->budget, object->size);
    free(owned);
    ENG_TRY(err);
    ENG_TRY(list_tensors(t, why));
    return place_tensors(t, why);
}

/* ---- the legacy format ---------------------------------------------------------------------- */

/* The first value of a legacy file is an integer of these ten bytes, the second the version. */
static const uint8_t mark[10] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

enum { VERSION = 1001 };

/* Reads the next pickle of a file. */
static enum eng_err next_pickle(struct dat_pickle **out, const uint8_t **at, const uint8_t *end,
                                struct dat_budget *budget, struct eng_why *why)
{
    size_t used = 0;
    ENG_TRY(dat_pickle_decode(out, *at, (size_t)(end - *at), &used, names,
                              sizeof names / sizeof *names, budget, why));
    *at += used;
    return ENG_OK;
}

/* The mark, the version, and what system the file was made on; none of it is needed further:
 * storages are little-endian, whatever the system. */
static enum eng_err read_legacy_head(const uint8_t **at, const uint8_t *end,
                                     struct dat_budget *budget, struct eng_why *why)
{
    struct dat_pickle *pickle;
    int64_t version = 0;
    size_t count = 0;
    ENG_TRY(next_pickle(&pickle, at, end, budget, why));
    const uint8_t *bytes = dat_pickle_bytes(dat_pickle_root(pickle), &count);
    const int marked = dat_pickle_type(dat_pickle_root(pickle)) == DAT_PICKLE_LONG &&
                       count == sizeof mark && memcmp(bytes, mark, sizeof mark) == 0;
    dat_pickle_free(pickle);
    if (!marked)
        return eng_fail(why, ENG_FORMAT,
                        "this is a pickle, but not one of torch.save's; save the tensors with "
                        "torch.save");
    ENG_TRY(next_pickle(&pickle, at, end, budget, why));
    dat_pickle_int(dat_pickle_root(pickle), &version);
    dat_pickle_free(pickle);
    if (version != VERSION)
        return eng_fail(why, ENG_UNSUPPORTED,
                        "the file is of PyTorch's old format in another version than %d; save it "
                        "again with a later PyTorch",
                        VERSION);
    ENG_TRY(next_pickle(&pickle, at, end, budget, why));
    dat_pickle_free(pickle);
    return ENG_OK;
}

static enum eng_err read_keys(struct dat_torch *t, struct eng_why *why)
{
    const struct dat_pickle_value *keys = dat_pickle_root(t->keys);
    ENG_TRY(reserve_storages(t, dat_pickle_count(keys), why));
    for (size_t i = 0; i < dat_pickle_count(keys); i++) {
        const char *key = dat_pickle_string(dat_pickle_at(keys, i));
        if (!key)
            return eng_fail(why, ENG_FORMAT,
                            "the file's list of storages has something else in it; get it again");
        ENG_TRY(check_key(key, why));
        add_storage(t, key, NULL);
    }
    sort_storages(t);
    for (size_t i = 1; i < t->storage_count; i++)
        if (compare_keys(&t->sorted[i - 1], &t->sorted[i]) == 0)
            return eng_fail(why, ENG_FORMAT,
                            "the file's storage \"%.100s\" is there twice; get it again",
                            t->sorted[i]->key);
    return ENG_OK;
}

/* Storages follow each other: the number of elements in 8 bytes, then the elements. */
static enum eng_err find_contents(struct dat_torch *t, const uint8_t *at, const uint8_t *end,
                                  struct eng_why *why)
{
    for (size_t i = 0; i < t->storage_count; i++) {
        struct storage *s = &t->storages[i];
        uint64_t elements = 0;
        if (!s->element)
            return eng_fail(why, ENG_UNSUPPORTED,
                            "the file's storage \"%.100s\" belongs to no tensor, so its size is "
                            "not known; save the tensors alone",
                            s->key);
        if (end - at < 8)
            return eng_fail(why, ENG_FORMAT,
                            "the file ends before its storage \"%.100s\"; get it again", s->key);
        for (int b = 7; b >= 0; b--)
            elements = elements << 8 | at[b];
        at += 8;
        if (elements > (uint64_t)(end - at) / s->element)
            return eng_fail(why, ENG_FORMAT,
                            "the file ends within its storage \"%.100s\"; get it again", s->key);
        s->bytes = at;
        s->size = (size_t)elements * s->element;
        at += s->size;
    }
    return at == end ? ENG_OK
                     : eng_fail(why, ENG_FORMAT,
                                "%zu bytes after the last storage belong to none; get the file "
                                "again",
                                (size_t)(end - at));
}

static enum eng_err decode_legacy(struct dat_torch *t, const uint8_t *bytes, size_t count,
                                  struct eng_why *why)
{
    const uint8_t *at = bytes, *end = bytes + count;
    if (count == 0 || bytes[0] != 0x80)
        return eng_fail(why, ENG_FORMAT,
                        "this is no file of PyTorch's: it is neither a zip archive nor a pickle; "
                        "check its kind, or get it again");
    ENG_TRY(read_legacy_head(&at, end, &t->budget, why));
    ENG_TRY(next_pickle(&t->object, &at, end, &t->budget, why));
    ENG_TRY(next_pickle(&t->keys, &at, end, &t->budget, why));
    ENG_TRY(read_keys(t, why));
    ENG_TRY(list_tensors(t, why));
    ENG_TRY(find_contents(t, at, end, why));
    return place_tensors(t, why);
}

/* ---- either --------------------------------------------------------------------------------- */

enum eng_err dat_torch_decode(struct dat_torch **out, const uint8_t *bytes, size_t count,
                              struct dat_budget *budget, struct eng_why *why)
{
    const size_t spare = (size_t)1 << 20;
    *out = NULL;
    struct dat_torch *t = calloc(1, sizeof *t);
    if (!t)
        return out_of_memory(why);
    if (!multiply(&t->copies, count, DAT_TORCH_MAX_COPIES) || t->copies > SIZE_MAX - spare)
        t->copies = SIZE_MAX - spare;
    t->copies += spare;
    const int zip = count >= 2 && memcmp(bytes, "PK", 2) == 0;
    t->budget = dat_budget_within(budget, zip ? DAT_TORCH_MULTIPLE : DAT_TORCH_LEGACY_MULTIPLE,
                                  count, DAT_TORCH_SPARE);
    const size_t begin = t->budget.left;
    const enum eng_err err = (zip ? decode_zip : decode_legacy)(t, bytes, count, why);
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

int dat_torch_is_zip(const struct dat_zip *zip)
{
    size_t length;
    return find_object(zip, &length) != NULL;
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
