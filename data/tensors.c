#include "data/tensors.h"

#include "data/json.h"
#include "data/json_out.h"
#include "data/mapping.h"
#include "data/npy.h"
#include "data/npz.h"
#include "data/torch.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum format { SAFETENSORS, TORCH, TORCH_LEGACY, NPZ, NPY };

static const char *const format_names[] = {[SAFETENSORS] = "safetensors",
                                           [TORCH] = "torch",
                                           [TORCH_LEGACY] = "torch-legacy",
                                           [NPZ] = "npz",
                                           [NPY] = "npy"};

static const struct {
    const char *text;
    enum format format;
} endings[] = {
    {".safetensors", SAFETENSORS}, {".pth", TORCH}, {".pt", TORCH}, {".npz", NPZ}, {".npy", NPY}};

struct dat_tensors {
    struct dat_mapping mapping; /* of the file, or empty if the bytes are borrowed */
    enum format format;
    struct dat_safetensors *safetensors; /* one of these */
    struct dat_torch *torch;
    struct dat_npz *npz;
    struct dat_safetensors_entry array; /* of a .npy file */
    void *numbers;                      /* of the same, if they lay differently; owned */
    const struct dat_safetensors_entry **entries, **sorted; /* sorted by name */
    size_t count, state_count;
    struct dat_safetensors_entry *renamed; /* the entries, once they were; the names are owned */
    struct dat_json *json; /* the metadata of a zip archive; owns the lines' texts */
    struct dat_safetensors_meta *lines;
    const struct dat_safetensors_meta *metadata; /* lines, or the safetensors file's */
    size_t metadata_count;
};

static enum eng_err out_of_memory(struct eng_why *why)
{
    return eng_fail(why, ENG_NOMEM,
                    "there is not enough memory for the list of tensors; close other programs");
}

/* Sets *format to that of the path's ending and returns 1, or returns 0. */
static int format_of_path(enum format *format, const char *path)
{
    const size_t length = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const size_t n = strlen(endings[i].text);
        if (length >= n && strcmp(path + length - n, endings[i].text) == 0) {
            *format = endings[i].format;
            return 1;
        }
    }
    return 0;
}

/* ---- metadata of an archive ----------------------------------------------------------------- */

/* The text that may be metadata: the member for it, which is stored as we write it, or else the
 * comment. It lies in the archive. */
static enum eng_err find_metadata(const uint8_t **text, size_t *size, const struct dat_tensors *t,
                                  const struct dat_zip *zip, struct eng_why *why)
{
    uint8_t *none; /* what is stored is not copied */
    const struct dat_zip_member *member = dat_zip_find(zip, t->format == TORCH ? DAT_TORCH_METADATA
                                                                               : DAT_NPZ_METADATA);
    if (!member || member->deflated) {
        *text = dat_zip_comment(zip, size);
        return ENG_OK;
    }
    *size = member->size;
    return dat_zip_read(text, &none, member, NULL, why);
}

/* Takes the text for metadata if it is an object of strings; it may be anything else. */
static enum eng_err read_metadata(struct dat_tensors *t, const struct dat_zip *zip,
                                  struct dat_budget *budget, struct eng_why *why)
{
    size_t size;
    const uint8_t *text;
    ENG_TRY(find_metadata(&text, &size, t, zip, why));
    if (size > SIZE_MAX / DAT_JSON_MULTIPLE)
        return out_of_memory(why);
    ENG_TRY(dat_budget_take(budget, DAT_JSON_MULTIPLE * size, why));
    const enum eng_err err = dat_json_parse(&t->json, (const char *)text, size, NULL);
    if (err != ENG_OK)
        return err == ENG_NOMEM ? out_of_memory(why) : ENG_OK;
    const struct dat_json_node *root = dat_json_root(t->json);
    if (dat_json_type(root) != DAT_JSON_OBJECT)
        return ENG_OK;
    ENG_TRY(dat_budget_take(budget, dat_json_count(root) * sizeof *t->lines, why));
    t->lines = calloc(dat_json_count(root) + 1, sizeof *t->lines);
    if (!t->lines)
        return out_of_memory(why);
    const struct dat_json_node *member = dat_json_first(root);
    for (size_t i = 0; member && dat_json_string(member); member = dat_json_next(member), i++)
        t->lines[i] = (struct dat_safetensors_meta){dat_json_key(member), dat_json_string(member)};
    if (!member) {
        t->metadata = t->lines;
        t->metadata_count = dat_json_count(root);
    }
    return ENG_OK;
}

static void put_metadata(struct dat_json_out *json, const struct dat_safetensors_meta *metadata,
                         size_t count)
{
    dat_json_out_object(json);
    for (size_t i = 0; i < count; i++) {
        dat_json_out_key(json, metadata[i].key);
        dat_json_out_string(json, metadata[i].value);
    }
    dat_json_out_end(json);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Which of the two formats in zip archives it is, and the metadata. */
static enum eng_err look_into_zip(struct dat_tensors *t, const uint8_t *bytes, size_t count,
                                  struct dat_budget *budget, struct eng_why *why)
{
    struct dat_zip *zip;
    const size_t before = budget ? budget->left : 0;
    ENG_TRY(dat_zip_decode(&zip, bytes, count, budget, why));
    const size_t directory = budget ? before - budget->left : 0;
    t->format = dat_torch_is_zip(zip) ? TORCH : NPZ;
    const enum eng_err err = read_metadata(t, zip, budget, why);
    dat_zip_free(zip);
    dat_budget_give(budget, directory);
    return err;
}

/* The format by the first bytes, or else by the path (NULL: none). */
static enum eng_err tell_format(struct dat_tensors *t, const char *path, const uint8_t *bytes,
                                size_t count, struct dat_budget *budget, struct eng_why *why)
{
    if (count >= 4 && (memcmp(bytes, "PK\3\4", 4) == 0 || memcmp(bytes, "PK\5\6", 4) == 0))
        return look_into_zip(t, bytes, count, budget, why);
    if (count >= 6 && memcmp(bytes, "\x93NUMPY", 6) == 0)
        t->format = NPY;
    /* The length of the header, of which no more than 27 bits may be set, and the header. */
    else if (count >= 9 && memcmp(bytes + 4, "\0\0\0\0{", 5) == 0)
        t->format = SAFETENSORS;
    else if (count >= 2 && bytes[0] == 0x80 && bytes[1] <= 5)
        t->format = TORCH_LEGACY;
    else if (!path || !format_of_path(&t->format, path))
        return eng_fail(why, ENG_UNSUPPORTED,
                        "not of a format that is known; those are safetensors, PyTorch's .pth "
                        "and .pt, .npz and .npy");
    return ENG_OK;
}

static enum eng_err decode_format(struct dat_tensors *t, const uint8_t *bytes, size_t count,
                                  struct dat_budget *budget, struct eng_why *why)
{
    switch (t->format) {
    case SAFETENSORS:
        ENG_TRY(dat_safetensors_decode(&t->safetensors, bytes, count, budget, why));
        t->count = dat_safetensors_count(t->safetensors);
        t->metadata = dat_safetensors_metadata(t->safetensors, &t->metadata_count);
        break;
    case TORCH:
    case TORCH_LEGACY:
        ENG_TRY(dat_torch_decode(&t->torch, bytes, count, budget, why));
        t->count = dat_torch_count(t->torch);
        break;
    case NPZ:
        ENG_TRY(dat_npz_decode(&t->npz, bytes, count, budget, why));
        t->count = dat_npz_count(t->npz);
        break;
    case NPY:
        ENG_TRY(dat_npy_entry(&t->array, &t->numbers, bytes, count, budget, why));
        t->array.name = "array";
        t->count = 1;
        break;
    }
    return ENG_OK;
}

static int compare_names(const void *a, const void *b)
{
    const struct dat_safetensors_entry *x = *(const struct dat_safetensors_entry *const *)a;
    const struct dat_safetensors_entry *y = *(const struct dat_safetensors_entry *const *)b;
    return strcmp(x->name, y->name);
}

static enum eng_err list_entries(struct dat_tensors *t, struct dat_budget *budget,
                                 struct eng_why *why)
{
    ENG_TRY(dat_budget_take(budget, t->count * (sizeof(*t->entries) + sizeof(*t->sorted)), why));
    /* calloc of nothing may be NULL: one more. */
    t->entries = calloc(t->count + 1, sizeof(*t->entries));
    t->sorted = calloc(t->count + 1, sizeof(*t->sorted));
    if (!t->entries || !t->sorted)
        return out_of_memory(why);
    for (size_t i = 0; i < t->count; i++)
        t->sorted[i] = t->entries[i] = t->safetensors ? dat_safetensors_at(t->safetensors, i)
                                       : t->torch     ? dat_torch_at(t->torch, i)
                                       : t->npz       ? dat_npz_at(t->npz, i)
                                                      : &t->array;
    qsort(t->sorted, t->count, sizeof(*t->sorted), compare_names);
    t->state_count = t->torch ? dat_torch_state_count(t->torch) : t->count;
    return ENG_OK;
}

static enum eng_err decode(struct dat_tensors *t, const char *path, const uint8_t *bytes,
                           size_t count, struct dat_budget *budget, struct eng_why *why)
{
    ENG_TRY(tell_format(t, path, bytes, count, budget, why));
    ENG_TRY(decode_format(t, bytes, count, budget, why));
    return list_entries(t, budget, why);
}

enum eng_err dat_tensors_open(struct dat_tensors **out, const char *path, struct dat_budget *budget,
                              struct eng_why *why)
{
    *out = NULL;
    struct dat_tensors *t = calloc(1, sizeof *t);
    if (!t) {
        out_of_memory(why);
        return eng_fail_in(why, ENG_NOMEM, path);
    }
    enum eng_err err = dat_mapping_init(&t->mapping, path, why);
    if (err == ENG_OK) {
        err = decode(t, path, t->mapping.bytes, t->mapping.count, budget, why);
        if (err != ENG_OK)
            eng_fail_in(why, err, path);
    }
    if (err != ENG_OK) {
        dat_tensors_free(t);
        return err;
    }
    *out = t;
    return ENG_OK;
}

enum eng_err dat_tensors_decode(struct dat_tensors **out, const uint8_t *bytes, size_t count,
                                struct dat_budget *budget, struct eng_why *why)
{
    *out = NULL;
    struct dat_tensors *t = calloc(1, sizeof *t);
    if (!t)
        return out_of_memory(why);
    const enum eng_err err = decode(t, NULL, bytes, count, budget, why);
    if (err != ENG_OK) {
        dat_tensors_free(t);
        return err;
    }
    *out = t;
    return ENG_OK;
}

void dat_tensors_free(struct dat_tensors *t)
{
    if (!t)
        return;
    dat_safetensors_free(t->safetensors);
    dat_torch_free(t->torch);
    dat_npz_free(t->npz);
    free(t->numbers);
    for (size_t i = 0; t->renamed && i < t->count; i++)
        free((char *)(uintptr_t)t->renamed[i].name);
    free(t->renamed);
    free(t->entries);
    free(t->sorted);
    free(t->lines);
    dat_json_free(t->json);
    dat_mapping_release(&t->mapping);
    free(t);
}

/* Takes the new names: those that are left are moved together. */
static void take_names(struct dat_tensors *t, struct dat_safetensors_entry *renamed,
                       char *const *names)
{
    size_t kept = 0, state = 0;
    for (size_t i = 0; i < t->count; i++)
        if (names[i]) {
            state += i < t->state_count;
            renamed[kept] = *t->entries[i];
            renamed[kept++].name = names[i];
        }
    for (size_t i = 0; t->renamed && i < t->count; i++)
        free((char *)(uintptr_t)t->renamed[i].name);
    free(t->renamed);
    t->renamed = renamed;
    t->count = kept;
    t->state_count = state;
    for (size_t i = 0; i < kept; i++)
        t->sorted[i] = t->entries[i] = &renamed[i];
    qsort(t->sorted, kept, sizeof(*t->sorted), compare_names);
}

enum eng_err dat_tensors_rename(struct dat_tensors *t, const struct dat_rename *rename,
                                struct eng_why *why)
{
    if (!rename->count)
        return ENG_OK;
    struct dat_safetensors_entry *renamed = calloc(t->count + 1, sizeof *renamed);
    const char **from = calloc(t->count + 1, sizeof *from);
    char **to = calloc(t->count + 1, sizeof *to);
    enum eng_err err = renamed && from && to ? ENG_OK : out_of_memory(why);
    for (size_t i = 0; err == ENG_OK && i < t->count; i++)
        from[i] = t->entries[i]->name;
    if (err == ENG_OK)
        err = dat_rename_apply(rename, from, t->count, to, why);
    if (err == ENG_OK)
        take_names(t, renamed, to);
    else
        free(renamed);
    free(from);
    free(to);
    return err;
}

const char *dat_tensors_format(const struct dat_tensors *file)
{
    return format_names[file->format == TORCH && dat_torch_is_legacy(file->torch) ? TORCH_LEGACY
                                                                                  : file->format];
}

size_t dat_tensors_count(const struct dat_tensors *file)
{
    return file->count;
}

size_t dat_tensors_state_count(const struct dat_tensors *file)
{
    return file->state_count;
}

const struct dat_safetensors_entry *dat_tensors_at(const struct dat_tensors *file, size_t index)
{
    return file->entries[index];
}

const struct dat_safetensors_entry *dat_tensors_find(const struct dat_tensors *file,
                                                     const char *name)
{
    const struct dat_safetensors_entry wanted = {.name = name}, *key = &wanted;
    const struct dat_safetensors_entry *const *found = bsearch(
        &key, file->sorted, file->count, sizeof(*file->sorted), compare_names);
    return found ? *found : NULL;
}

const struct dat_safetensors_meta *dat_tensors_metadata(const struct dat_tensors *file,
                                                        size_t *count)
{
    *count = file->metadata_count;
    return file->metadata;
}

const char *dat_tensors_value(const struct dat_tensors *file, const char *key)
{
    for (size_t i = 0; i < file->metadata_count; i++)
        if (strcmp(file->metadata[i].key, key) == 0)
            return file->metadata[i].value;
    return NULL;
}

/* ---- writing -------------------------------------------------------------------------------- */

enum eng_err dat_tensors_check_path(const char *path, struct eng_why *why)
{
    enum format format;
    if (format_of_path(&format, path) && format != NPY)
        return ENG_OK;
    return eng_fail(why, ENG_ARG,
                    "%s: its ending tells no format; use .safetensors, .pth, .pt or .npz", path);
}

enum eng_err dat_tensors_write(const char *path, const struct dat_safetensors_entry *entries,
                               size_t count, const struct dat_safetensors_meta *metadata,
                               size_t metadata_count, struct eng_why *why)
{
    enum format format = NPY;
    struct dat_json_out text;
    ENG_TRY(dat_tensors_check_path(path, why));
    format_of_path(&format, path);
    if (format == SAFETENSORS)
        return dat_safetensors_write(path, entries, count, metadata, metadata_count, why);
    dat_json_out_init(&text, NULL, DAT_JSON_LINE);
    if (metadata_count)
        put_metadata(&text, metadata, metadata_count);
    enum eng_err err = metadata_count ? dat_json_out_finish(&text) : ENG_OK;
    if (err != ENG_OK)
        out_of_memory(why);
    else
        err = (format == NPZ ? dat_npz_write : dat_torch_write)(path, entries, count, text.text,
                                                                text.count, why);
    dat_json_out_release(&text);
    return err;
}
