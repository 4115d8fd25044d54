/* Writing PyTorch's zip format. The pickle of {"a": tensor, ...} is, in the opcodes of protocol 2:
 *
 *     OrderedDict ( "a" _rebuild_tensor_v2 ( ("storage", FloatStorage, "0", "cpu", 6) persistent
 *                                            0 (2, 3) (3, 1) False OrderedDict() ) reduce ...
 * setitems
 *
 * Nothing is kept in the memo and used again: names in full cost less than a hundred bytes a
 * tensor, and save the book-keeping. */
#include "data/dims.h"
#include "data/grow.h"
#include "data/torch.h"
#include "data/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "archive/" /* as PyTorch calls it where it does not know the file's name */

/* The pickle as it grows; after a failure nothing more happens. */
struct text {
    uint8_t *bytes;
    size_t count, capacity;
    int failed;
};

static void put(struct text *t, const void *bytes, size_t count)
{
    for (size_t i = 0; i < count && !t->failed; i++) {
        uint8_t *more = dat_grow(t->bytes, &t->capacity, t->count, 1);
        t->failed = !more;
        if (more) {
            t->bytes = more;
            more[t->count++] = ((const uint8_t *)bytes)[i];
        }
    }
}

static void put_opcodes(struct text *t, const char *opcodes)
{
    put(t, opcodes, strlen(opcodes));
}

static void put_little(struct text *t, uint64_t value, int width)
{
    for (int i = 0; i < width; i++)
        put(t, &(uint8_t){(uint8_t)(value >> 8 * i)}, 1);
}

static void put_string(struct text *t, const char *text)
{
    put_opcodes(t, "X");
    put_little(t, strlen(text), 4);
    put(t, text, strlen(text));
}

static void put_size(struct text *t, uint64_t value)
{
    if (value < 0x100) {
        put_opcodes(t, "K");
        put_little(t, value, 1);
    } else if (value < 0x10000) {
        put_opcodes(t, "M");
        put_little(t, value, 2);
    } else if (value <= INT32_MAX) {
        put_opcodes(t, "J");
        put_little(t, value, 4);
    } else { /* signed: no tensor has 2^63 of anything */
        put_opcodes(t, "\x8a\x08");
        put_little(t, value, 8);
    }
}

static const char *storage_name(enum dat_dtype dtype)
{
    switch (dtype) {
    case DAT_F64:
        return "DoubleStorage";
    case DAT_F32:
        return "FloatStorage";
    case DAT_F16:
        return "HalfStorage";
    case DAT_BF16:
        return "BFloat16Storage";
    case DAT_I64:
        return "LongStorage";
    case DAT_I32:
        return "IntStorage";
    case DAT_I16:
        return "ShortStorage";
    case DAT_I8:
        return "CharStorage";
    case DAT_U8:
        return "ByteStorage";
    case DAT_BOOL:
        return "BoolStorage";
    case DAT_C64:
        return "ComplexFloatStorage";
    case DAT_C128:
        return "ComplexDoubleStorage";
    case DAT_U16:
    case DAT_U32:
    case DAT_U64:
        break;
    }
    return NULL;
}

static void put_tensor(struct text *t, const struct dat_safetensors_entry *e, const char *key)
{
    put_opcodes(t, "ctorch._utils\n_rebuild_tensor_v2\n((");
    put_string(t, "storage");
    put_opcodes(t, "ctorch\n");
    put_opcodes(t, storage_name(e->dtype));
    put_opcodes(t, "\n");
    put_string(t, key);
    put_string(t, "cpu");
    put_size(t, e->size / dat_dtype_size(e->dtype));
    put_opcodes(t, "tQ");
    put_size(t, 0);
    put_opcodes(t, "(");
    for (size_t d = 0; d < e->rank; d++)
        put_size(t, e->dim[d]);
    put_opcodes(t, "t(");
    for (size_t d = 0; d < e->rank; d++) {
        uint64_t stride = 1; /* as PyTorch has it, a dimension of 0 counts as one of 1 */
        for (size_t k = d + 1; k < e->rank; k++)
            stride *= e->dim[k] ? e->dim[k] : 1;
        put_size(t, stride);
    }
    put_opcodes(t, "t\x89"
                   "ccollections\nOrderedDict\n)RtR");
}

/* Where storages lie: "archive/data/7", of which PyTorch calls "7" the key. */
static const char folder[] = FOLDER "data/";

static enum eng_err check_entry(const struct dat_safetensors_entry *e, struct eng_why *why)
{
    size_t elements;
    const size_t length = strlen(e->name);
    if (!dat_utf8_is(e->name) || length == 0 || length > DAT_TORCH_MAX_NAME)
        return eng_fail(why, ENG_ARG,
                        "a tensor of the name \"%.100s\" cannot be written; choose another",
                        e->name);
    if (!storage_name(e->dtype))
        return eng_fail(why, ENG_UNSUPPORTED,
                        "tensor \"%.100s\" has elements of type %s, which PyTorch's files lack; "
                        "write a .safetensors file",
                        e->name, dat_dtype_name(e->dtype));
    if (e->rank > DAT_SAFETENSORS_MAX_RANK || !dat_dims_count(&elements, e->dim, e->rank) ||
        elements * dat_dtype_size(e->dtype) != e->size)
        return eng_fail(why, ENG_ARG, "a tensor with an impossible shape cannot be written");
    return ENG_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum eng_err check_entries(const struct dat_safetensors_entry *entries, size_t count,
                                  struct eng_why *why)
{
    enum eng_err err = ENG_OK;
    const char **names = calloc(count + 1, sizeof *names);
    if (!names)
        return ENG_NOMEM;
    for (size_t i = 0; i < count && err == ENG_OK; i++) {
        names[i] = entries[i].name;
        err = check_entry(&entries[i], why);
    }
    if (err == ENG_OK)
        qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count && err == ENG_OK; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            err = eng_fail(why, ENG_ARG, "the name \"%.100s\" comes twice; choose another",
                           names[i]);
    free(names);
    return err;
}

enum eng_err dat_torch_write(const char *path, const struct dat_safetensors_entry *entries,
                             size_t count, const void *metadata, size_t metadata_size,
                             struct eng_why *why)
{
    struct text pickle = {0};
    struct dat_zip_part *parts = calloc(count + 4, sizeof *parts);
    char(*places)[sizeof folder + 20] = calloc(count + 1, sizeof *places);
    enum eng_err err = parts && places ? check_entries(entries, count, why) : ENG_NOMEM;
    if (err != ENG_OK) {
        eng_fail_in(why, err, path);
        goto done;
    }
    put_opcodes(&pickle, "\x80\x02"
                         "ccollections\nOrderedDict\n)R(");
    for (size_t i = 0; i < count; i++) {
        snprintf(places[i], sizeof places[i], "%s%zu", folder, i);
        put_string(&pickle, entries[i].name);
        put_tensor(&pickle, &entries[i], places[i] + strlen(folder));
        parts[2 + i] = (struct dat_zip_part){places[i], NULL, entries[i].bytes, 0, entries[i].size};
    }
    put_opcodes(&pickle, "u.");
    if (pickle.failed) {
        err = ENG_NOMEM;
        goto done;
    }
    parts[0] = (struct dat_zip_part){FOLDER "data.pkl", NULL, pickle.bytes, 0, pickle.count};
    parts[1] = (struct dat_zip_part){FOLDER "byteorder", NULL, "little", 0, 6};
    parts[2 + count] = (struct dat_zip_part){FOLDER "version", NULL, "3\n", 0, 2};
    parts[3 + count] = (struct dat_zip_part){DAT_TORCH_METADATA, NULL, metadata, 0, metadata_size};
    if (metadata_size > DAT_ZIP_MAX_COMMENT)
        err = dat_zip_write(path, parts, count + 4, NULL, 0, why);
    else
        err = dat_zip_write(path, parts, count + 3, metadata, metadata_size, why);
done:
    if (err == ENG_NOMEM)
        eng_fail(why, err, "%s: out of memory", path);
    free(pickle.bytes);
    free(parts);
    free(places);
    return err;
}
