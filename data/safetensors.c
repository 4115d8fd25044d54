#include "data/safetensors.h"

#include "data/dims.h"
#include "data/file.h"
#include "data/json.h"
#include "data/json_out.h"
#include "data/mapping.h"
#include "data/utf8.h"
#include "engine/tensor.h"

#include <stdlib.h>
#include <string.h>

#define METADATA "__metadata__"

/* A tensor and where its bytes are in the data. */
struct record {
    struct dat_safetensors_entry entry;
    size_t begin, end;
};

struct dat_safetensors {
    struct dat_json *header; /* owns all names and metadata */
    struct record *records;
    const struct record **sorted; /* by name, in the end */
    size_t count;
    struct dat_safetensors_meta *metadata;
    size_t metadata_count;
    struct dat_mapping mapping; /* of the file, or empty if the bytes are borrowed */
};

static void release(struct dat_safetensors *file)
{
    dat_json_free(file->header);
    free(file->records);
    free(file->sorted);
    free(file->metadata);
    dat_mapping_release(&file->mapping);
}

static enum eng_err out_of_memory(struct eng_why *why)
{
    return eng_fail(why, ENG_NOMEM,
                    "there is not enough memory for the list of tensors; close other programs");
}

static enum eng_err read_metadata(struct dat_safetensors *file, const struct dat_json_node *node,
                                  struct eng_why *why)
{
    if (dat_json_type(node) != DAT_JSON_OBJECT)
        return eng_fail(why, ENG_FORMAT, METADATA " is no object; write the file again");
    if (!dat_json_count(node))
        return ENG_OK;
    file->metadata = calloc(dat_json_count(node), sizeof *file->metadata);
    if (!file->metadata)
        return out_of_memory(why);
    const struct dat_json_node *member = dat_json_first(node);
    for (; member; member = dat_json_next(member)) {
        struct dat_safetensors_meta *meta = &file->metadata[file->metadata_count++];
        meta->key = dat_json_key(member);
        meta->value = dat_json_string(member);
        if (!meta->value)
            return eng_fail(why, ENG_FORMAT,
                            METADATA " \"%.100s\" is no string; write the file again", meta->key);
    }
    return ENG_OK;
}

/* Fills the record from {"dtype": ..., "shape": [...], "data_offsets": [begin, end]}. Further
 * members are left alone, as the reference implementation does. */
static enum eng_err read_record(struct record *record, const struct dat_json_node *node,
                                struct eng_why *why)
{
    struct dat_safetensors_entry *entry = &record->entry;
    entry->name = dat_json_key(node);

    const char *dtype = dat_json_string(dat_json_member(node, "dtype"));
    if (!dtype)
        return eng_fail(why, ENG_FORMAT, "tensor \"%.100s\" has no dtype; write the file again",
                        entry->name);
    if (!dat_dtype_find(&entry->dtype, dtype) || entry->dtype == DAT_C128)
        return eng_fail(why, ENG_UNSUPPORTED,
                        "tensor \"%.100s\" has elements of type %.20s; convert it to F32",
                        entry->name, dtype);

    const struct dat_json_node *shape = dat_json_member(node, "shape");
    if (dat_json_type(shape) != DAT_JSON_ARRAY)
        return eng_fail(why, ENG_FORMAT, "tensor \"%.100s\" has no shape; write the file again",
                        entry->name);
    if (dat_json_count(shape) > DAT_SAFETENSORS_MAX_RANK)
        return eng_fail(why, ENG_UNSUPPORTED,
                        "tensor \"%.100s\" has %zu dimensions; at most %d are supported",
                        entry->name, dat_json_count(shape), DAT_SAFETENSORS_MAX_RANK);
    size_t elements = 0;
    int possible = 1;
    const struct dat_json_node *child = dat_json_first(shape);
    for (; child; child = dat_json_next(child)) {
        uint64_t dim = 0;
        possible &= dat_json_uint64(child, &dim) && dim <= SIZE_MAX;
        entry->dim[entry->rank++] = (size_t)dim;
    }
    if (!possible || !dat_dims_count(&elements, entry->dim, entry->rank))
        return eng_fail(why, ENG_FORMAT,
                        "tensor \"%.100s\" has an impossible shape; write the file again",
                        entry->name);
    entry->size = elements * dat_dtype_size(entry->dtype);

    const struct dat_json_node *offsets = dat_json_member(node, "data_offsets");
    uint64_t begin, end;
    if (dat_json_count(offsets) != 2 || !dat_json_uint64(dat_json_at(offsets, 0), &begin) ||
        !dat_json_uint64(dat_json_at(offsets, 1), &end) || begin > end || end > SIZE_MAX)
        return eng_fail(why, ENG_FORMAT,
                        "tensor \"%.100s\" has no usable data_offsets; write the file again",
                        entry->name);
    record->begin = (size_t)begin;
    record->end = (size_t)end;
    if (record->end - record->begin != entry->size)
        return eng_fail(why, ENG_FORMAT,
                        "tensor \"%.100s\" needs %zu bytes by its shape and has %zu; write the "
                        "file again",
                        entry->name, entry->size, record->end - record->begin);
    return ENG_OK;
}

/* An empty tensor comes before the one that begins where it stands. */
static int compare_places(const void *a, const void *b)
{
    const struct record *x = *(const struct record *const *)a;
    const struct record *y = *(const struct record *const *)b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static int compare_names(const void *a, const void *b)
{
    const struct record *x = *(const struct record *const *)a;
    const struct record *y = *(const struct record *const *)b;
    return strcmp(x->entry.name, y->entry.name);
}

/* Every byte of the data belongs to one tensor: sorted by place, each begins where the one before
 * ends, and the last ends with the data. So a file can hide nothing, and none is cut short. */
static enum eng_err check_places(struct dat_safetensors *file, size_t size, struct eng_why *why)
{
    qsort(file->sorted, file->count, sizeof(*file->sorted), compare_places);
    size_t at = 0;
    for (size_t i = 0; i < file->count; i++) {
        const struct record *record = file->sorted[i];
        if (record->begin != at)
            return eng_fail(why, ENG_FORMAT,
                            "tensor \"%.100s\" begins at byte %zu of the data, and the one before "
                            "ends at %zu; write the file again",
                            record->entry.name, record->begin, at);
        at = record->end;
    }
    if (at > size)
        return eng_fail(why, ENG_FORMAT,
                        "the tensors need %zu bytes and the file has %zu, so it was cut short; get "
                        "it again",
                        at, size);
    if (at < size)
        return eng_fail(why, ENG_FORMAT,
                        "%zu bytes after the last tensor belong to none; get the file again",
                        size - at);
    return ENG_OK;
}

/* Fills a zeroed file from `count` bytes of header and the number of bytes of data behind it. The
 * entries' bytes are not set. On error the caller releases what there is. */
static enum eng_err read_header(struct dat_safetensors *file, const char *text, size_t count,
                                size_t size, struct eng_why *why)
{
    ENG_TRY(dat_json_parse(&file->header, text, count, why));
    const struct dat_json_node *root = dat_json_root(file->header);
    if (dat_json_type(root) != DAT_JSON_OBJECT)
        return eng_fail(why, ENG_FORMAT, "the header is no JSON object; write the file again");
    /* calloc of nothing may be NULL: one more than there can be. */
    file->records = calloc(dat_json_count(root) + 1, sizeof *file->records);
    file->sorted = calloc(dat_json_count(root) + 1, sizeof *file->sorted);
    if (!file->records || !file->sorted)
        return out_of_memory(why);
    const struct dat_json_node *member = dat_json_first(root);
    for (; member; member = dat_json_next(member)) {
        if (strcmp(dat_json_key(member), METADATA) == 0) {
            ENG_TRY(read_metadata(file, member, why));
            continue;
        }
        struct record *record = &file->records[file->count];
        ENG_TRY(read_record(record, member, why));
        file->sorted[file->count++] = record;
    }
    ENG_TRY(check_places(file, size, why));
    qsort(file->sorted, file->count, sizeof(*file->sorted), compare_names);
    return ENG_OK;
}

static enum eng_err decode(struct dat_safetensors *file, const uint8_t *bytes, size_t count,
                           struct dat_budget *budget, struct eng_why *why)
{
    if (count < 8)
        return eng_fail(why, ENG_FORMAT,
                        "%zu bytes are too few for a safetensors file; get it again", count);
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--)
        length = length << 8 | bytes[i];
    if (length > DAT_SAFETENSORS_MAX_HEADER || length > count - 8)
        return eng_fail(why, ENG_FORMAT,
                        "this is no safetensors file, or one cut short within its header; check "
                        "its kind, or get it again");
    const char *text = (const char *)bytes + 8;
    if (length == 0 || text[0] != '{')
        return eng_fail(why, ENG_FORMAT,
                        "this is no safetensors file: its header does not begin with '{'; check "
                        "its kind");
    const uint8_t *data = bytes + 8 + length;
    ENG_TRY(dat_budget_take(budget, eng_product(DAT_SAFETENSORS_MULTIPLE, (size_t)length), why));
    ENG_TRY(read_header(file, text, (size_t)length, count - 8 - (size_t)length, why));
    for (size_t i = 0; i < file->count; i++)
        file->records[i].entry.bytes = data + file->records[i].begin;
    return ENG_OK;
}

enum eng_err dat_safetensors_open(struct dat_safetensors **out, const char *path,
                                  struct dat_budget *budget, struct eng_why *why)
{
    *out = NULL;
    struct dat_safetensors *file = calloc(1, sizeof *file);
    if (!file) {
        out_of_memory(why);
        return eng_fail_in(why, ENG_NOMEM, path);
    }
    enum eng_err err = dat_mapping_init(&file->mapping, path, why);
    if (!err) {
        err = decode(file, file->mapping.bytes, file->mapping.count, budget, why);
        if (err)
            eng_fail_in(why, err, path);
    }
    if (err) {
        dat_safetensors_free(file);
        return err;
    }
    *out = file;
    return ENG_OK;
}

enum eng_err dat_safetensors_decode(struct dat_safetensors **out, const uint8_t *bytes,
                                    size_t count, struct dat_budget *budget, struct eng_why *why)
{
    *out = NULL;
    struct dat_safetensors *file = calloc(1, sizeof *file);
    if (!file)
        return out_of_memory(why);
    const enum eng_err err = decode(file, bytes, count, budget, why);
    if (err) {
        dat_safetensors_free(file);
        return err;
    }
    *out = file;
    return ENG_OK;
}

void dat_safetensors_free(struct dat_safetensors *file)
{
    if (file)
        release(file);
    free(file);
}

size_t dat_safetensors_count(const struct dat_safetensors *file)
{
    return file->count;
}

const struct dat_safetensors_entry *dat_safetensors_at(const struct dat_safetensors *file,
                                                       size_t index)
{
    return &file->records[index].entry;
}

const struct dat_safetensors_entry *dat_safetensors_find(const struct dat_safetensors *file,
                                                         const char *name)
{
    const struct record wanted = {.entry.name = name}, *key = &wanted;
    const struct record *const *found = bsearch(&key, file->sorted, file->count,
                                                sizeof(*file->sorted), compare_names);
    return found ? &(*found)->entry : NULL;
}

const struct dat_safetensors_meta *dat_safetensors_metadata(const struct dat_safetensors *file,
                                                            size_t *count)
{
    *count = file->metadata_count;
    return file->metadata;
}

const char *dat_safetensors_value(const struct dat_safetensors *file, const char *key)
{
    for (size_t i = 0; i < file->metadata_count; i++)
        if (strcmp(file->metadata[i].key, key) == 0)
            return file->metadata[i].value;
    return NULL;
}

enum eng_err dat_safetensors_float(const struct dat_safetensors_entry *entry, float *out,
                                   size_t count)
{
    if (entry->size / dat_dtype_size(entry->dtype) != count)
        return ENG_SHAPE;
    dat_dtype_float(out, entry->dtype, entry->bytes, count);
    return ENG_OK;
}

/* The order of the data: indices of entries, widest elements first. */
static void order_entries(size_t *order, const struct dat_safetensors_entry *entries, size_t count)
{
    size_t placed = 0;
    for (size_t width = 8; width; width /= 2)
        for (size_t i = 0; i < count; i++)
            if (dat_dtype_size(entries[i].dtype) == width)
                order[placed++] = i;
}

static void put_header(struct dat_json_out *json, const struct dat_safetensors_entry *entries,
                       const size_t *order, size_t count,
                       const struct dat_safetensors_meta *metadata, size_t metadata_count)
{
    dat_json_out_object(json);
    if (metadata_count) {
        dat_json_out_key(json, METADATA);
        dat_json_out_object(json);
        for (size_t i = 0; i < metadata_count; i++) {
            dat_json_out_key(json, metadata[i].key);
            dat_json_out_string(json, metadata[i].value);
        }
        dat_json_out_end(json);
    }
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const struct dat_safetensors_entry *entry = &entries[order[i]];
        dat_json_out_key(json, entry->name);
        dat_json_out_object(json);
        dat_json_out_key(json, "dtype");
        dat_json_out_string(json, dat_dtype_name(entry->dtype));
        dat_json_out_key(json, "shape");
        dat_json_out_array(json);
        for (size_t d = 0; d < entry->rank; d++)
            dat_json_out_uint(json, entry->dim[d]);
        dat_json_out_end(json);
        dat_json_out_key(json, "data_offsets");
        dat_json_out_array(json);
        dat_json_out_uint(json, at);
        at += entry->size;
        dat_json_out_uint(json, at);
        dat_json_out_end(json);
        dat_json_out_end(json);
    }
    dat_json_out_end(json);
}

/* What the header's text cannot show: sizes that overflow, and bytes that become others in it. */
static enum eng_err check_arguments(size_t *size, const struct dat_safetensors_entry *entries,
                                    size_t count, const struct dat_safetensors_meta *metadata,
                                    size_t metadata_count, struct eng_why *why)
{
    *size = 0;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].rank > DAT_SAFETENSORS_MAX_RANK || entries[i].size > SIZE_MAX - *size)
            return eng_fail(why, ENG_ARG, "a tensor with an impossible shape cannot be written");
        if (!dat_utf8_is(entries[i].name))
            return eng_fail(why, ENG_ARG, "a tensor's name is not UTF-8; choose another");
        if (entries[i].dtype == DAT_C128)
            return eng_fail(why, ENG_UNSUPPORTED,
                            "tensor \"%.100s\" has elements of type C128, which safetensors files "
                            "lack; write another format",
                            entries[i].name);
        *size += entries[i].size;
    }
    for (size_t i = 0; i < metadata_count; i++)
        if (!dat_utf8_is(metadata[i].key))
            return eng_fail(why, ENG_ARG, "a key of the metadata is not UTF-8; choose another");
    return ENG_OK;
}

/* What is written must be readable: the reader's own checks find a name that comes twice, a size
 * that is not the shape's, and a header that is too long. */
static enum eng_err check_header(const char *text, size_t count, size_t size, struct eng_why *why)
{
    if (count > DAT_SAFETENSORS_MAX_HEADER)
        return eng_fail(why, ENG_ARG, "a header of %zu bytes is too long; write fewer tensors",
                        count);
    struct dat_safetensors probe = {0};
    const enum eng_err err = read_header(&probe, text, count, size, why);
    release(&probe);
    return err && err != ENG_NOMEM ? ENG_ARG : err;
}

static enum eng_err write_file(const char *path, const struct dat_json_out *header,
                               const struct dat_safetensors_entry *entries, const size_t *order,
                               size_t count, struct eng_why *why)
{
    /* Spaces up to a multiple of 8, so that the data is aligned. */
    const size_t padding = (8 - header->count % 8) % 8;
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)((uint64_t)(header->count + padding) >> 8 * i);

    struct dat_out out;
    ENG_TRY(dat_out_open(&out, path, why));
    enum eng_err err = dat_out_write(&out, length, sizeof length, why);
    if (err == ENG_OK)
        err = dat_out_write(&out, header->text, header->count, why);
    if (err == ENG_OK)
        err = dat_out_write(&out, "        ", padding, why);
    for (size_t i = 0; i < count && err == ENG_OK; i++)
        err = dat_out_write(&out, entries[order[i]].bytes, entries[order[i]].size, why);
    if (err != ENG_OK) {
        dat_out_abort(&out);
        return err;
    }
    return dat_out_commit(&out, why);
}

enum eng_err dat_safetensors_write(const char *path, const struct dat_safetensors_entry *entries,
                                   size_t count, const struct dat_safetensors_meta *metadata,
                                   size_t metadata_count, struct eng_why *why)
{
    size_t size;
    enum eng_err err = check_arguments(&size, entries, count, metadata, metadata_count, why);
    if (err != ENG_OK)
        return eng_fail_in(why, err, path);
    struct dat_json_out header;
    dat_json_out_init(&header, NULL, DAT_JSON_LINE);
    size_t *order = calloc(count + 1, sizeof *order);
    if (!order) {
        err = out_of_memory(why);
        goto done;
    }
    order_entries(order, entries, count);
    put_header(&header, entries, order, count, metadata, metadata_count);
    if (dat_json_out_finish(&header) != ENG_OK) {
        err = out_of_memory(why);
        goto done;
    }
    err = check_header(header.text, header.count, size, why);
    if (err != ENG_OK) {
        eng_fail_in(why, err, path);
        goto done;
    }
    err = write_file(path, &header, entries, order, count, why);
done:
    dat_json_out_release(&header);
    free(order);
    return err;
}
