/* Offsets in a file:
 *
 *      0   \x93NUMPY
 *      6   major version, minor version (0)
 *      8   header length, little endian: 2 bytes in version 1, 4 in 2 and 3
 *      10  (12) header, padded with spaces to where the numbers begin
 *
 * Versions 2 and 3 exist for headers over 64 KiB and for names beyond Latin-1: only records have
 * those, so for plain arrays the three differ in the width of the length alone.
 */
#include "data/npy.h"

#include "data/dims.h"
#include "data/dtype.h"
#include "data/file.h"
#include "data/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char magic[6] = "\x93NUMPY";

/* What a header says, and what follows it. */
struct header {
    enum dat_dtype dtype;
    int big_endian, fortran;
    int rank;
    size_t dim[DAT_NPY_MAX_RANK];
    const uint8_t *numbers;
    size_t count; /* of the numbers */
};

/* Types by NumPy's names. */
static const struct {
    const char *name;
    enum dat_dtype dtype;
} types[] = {{"b1", DAT_BOOL}, {"i1", DAT_I8},  {"i2", DAT_I16}, {"i4", DAT_I32},  {"i8", DAT_I64},
             {"u1", DAT_U8},   {"u2", DAT_U16}, {"u4", DAT_U32}, {"u8", DAT_U64},  {"f2", DAT_F16},
             {"f4", DAT_F32},  {"f8", DAT_F64}, {"c8", DAT_C64}, {"c16", DAT_C128}};

enum { TYPES = sizeof types / sizeof *types };

/* The part of the header's text that is still unread. */
struct cursor {
    const char *at, *end;
    struct eng_why *why;
};

static enum eng_err damaged(const struct cursor *c, const char *what)
{
    return eng_fail(c->why, ENG_FORMAT, "the .npy header %s; save the array again with numpy.save",
                    what);
}

static void skip_space(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t' || *c->at == '\r'))
        c->at++;
}

/* Takes the character `wanted` if it is next after space. */
static int take(struct cursor *c, char wanted)
{
    skip_space(c);
    if (c->at == c->end || *c->at != wanted)
        return 0;
    c->at++;
    return 1;
}

/* Takes `word` if it is next after space. Nothing that may follow one could continue it. */
static int take_word(struct cursor *c, const char *word)
{
    const size_t n = strlen(word);
    skip_space(c);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
        return 0;
    c->at += n;
    return 1;
}

/* Takes a string in single or double quotes, cut to fit `text` with its NUL: no key and no type
 * that we know is as long. Escapes and control characters have no place in either. */
static int take_string(struct cursor *c, char text[16])
{
    const char quote = take(c, '\'') ? '\'' : take(c, '"') ? '"' : 0;
    size_t n = 0;
    if (!quote)
        return 0;
    for (; c->at < c->end && *c->at != quote; c->at++) {
        if (*c->at < ' ' || *c->at > '~' || *c->at == '\\')
            return 0;
        if (n < 15)
            text[n++] = *c->at;
    }
    text[n] = 0;
    return take(c, quote);
}

/* Takes a decimal number as Python writes it: no sign, no leading zeros. */
static int take_size(struct cursor *c, size_t *value)
{
    skip_space(c);
    const char *begin = c->at;
    size_t v = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        const size_t digit = (size_t)(*c->at - '0');
        if (v > (SIZE_MAX - digit) / 10)
            return 0;
        v = v * 10 + digit;
    }
    *value = v;
    return c->at > begin && (*begin != '0' || c->at == begin + 1);
}

/* 'descr': byte order, kind and size, like '<f4'; order means nothing for single bytes. */
static enum eng_err parse_descr(struct cursor *c, struct header *h)
{
    char text[16];
    if (take(c, '['))
        return eng_fail(c->why, ENG_UNSUPPORTED,
                        "the .npy file holds records, not an array of numbers; save one field");
    if (!take_string(c, text))
        return damaged(c, "does not give the type as a string");

    const int ordered = text[0] == '<' || text[0] == '>';
    for (size_t i = 0; (ordered || text[0] == '|') && i < TYPES; i++)
        if (!strcmp(text + 1, types[i].name) && (ordered || dat_dtype_size(types[i].dtype) == 1) &&
            !(text[0] == '>' && dat_dtype_is_complex(types[i].dtype))) {
            h->dtype = types[i].dtype;
            h->big_endian = text[0] == '>';
            return ENG_OK;
        }
    return eng_fail(c->why, ENG_UNSUPPORTED,
                    "the .npy file is of type '%s', which is not read here; save it as float32 "
                    "(array.astype('float32'))",
                    text);
}

static enum eng_err parse_order(struct cursor *c, struct header *h)
{
    h->fortran = take_word(c, "True");
    if (!h->fortran && !take_word(c, "False"))
        return damaged(c, "has a fortran_order that is neither True nor False");
    return ENG_OK;
}

/* A tuple: (), (3,), (3, 4), (3, 4,). One number needs its comma, or it would be no tuple. */
static enum eng_err parse_shape(struct cursor *c, struct header *h)
{
    static const char not_tuple[] = "does not give the shape as a tuple of sizes";
    int comma = 1;
    if (!take(c, '('))
        return damaged(c, not_tuple);
    for (h->rank = 0; !take(c, ')'); h->rank++) {
        size_t dim;
        if (!comma || !take_size(c, &dim))
            return damaged(c, not_tuple);
        if (h->rank == DAT_NPY_MAX_RANK)
            return eng_fail(c->why, ENG_UNSUPPORTED,
                            "the .npy file's array has more than %d dimensions; reshape it",
                            DAT_NPY_MAX_RANK);
        h->dim[h->rank] = dim;
        comma = take(c, ',');
    }
    if (h->rank == 1 && !comma)
        return damaged(c, not_tuple);
    return ENG_OK;
}

/* The dictionary: each of the three keys once, in any order, and nothing else. */
static enum eng_err parse_header(struct header *h, const char *text, size_t count,
                                 struct eng_why *why)
{
    static const struct {
        const char *name;
        enum eng_err (*parse)(struct cursor *, struct header *);
    } keys[] = {{"descr", parse_descr}, {"fortran_order", parse_order}, {"shape", parse_shape}};
    struct cursor c = {text, text + count, why};
    int comma = 1;
    unsigned seen = 0;

    if (!take(&c, '{'))
        return damaged(&c, "is not a dictionary");
    while (!take(&c, '}')) {
        char name[16];
        size_t k = 0;
        if (!comma || !take_string(&c, name) || !take(&c, ':'))
            return damaged(&c, "is not a dictionary");
        while (k < 3 && strcmp(name, keys[k].name) != 0)
            k++;
        if (k == 3 || seen & 1u << k)
            return damaged(&c, "has a key that is unknown or comes twice");
        seen |= 1u << k;
        ENG_TRY(keys[k].parse(&c, h));
        comma = take(&c, ',');
    }
    if (seen != 7)
        return damaged(&c, "lacks one of descr, fortran_order and shape");
    skip_space(&c);
    if (c.at != c.end)
        return damaged(&c, "goes on after its dictionary");
    return ENG_OK;
}

/* The number at `bytes`. */
static float number(const struct header *h, const uint8_t *bytes)
{
    const size_t size = dat_dtype_size(h->dtype);
    uint8_t little[8];
    float v;
    for (size_t i = 0; i < size; i++)
        little[i] = bytes[h->big_endian ? size - 1 - i : i];
    dat_dtype_float(&v, h->dtype, little, 1);
    return v;
}

/* All numbers, in the file's order, each to its place in C order. */
static void convert(struct dat_npy *npy, const struct header *h)
{
    if (!h->big_endian && !h->fortran) {
        dat_dtype_float(npy->data, h->dtype, h->numbers, h->count);
        return;
    }
    size_t step[DAT_NPY_MAX_RANK], at[DAT_NPY_MAX_RANK] = {0}, to = 0;
    size_t product = 1;
    for (int d = h->rank - 1; d >= 0; d--) {
        step[d] = product;
        product *= h->dim[d];
    }
    for (size_t i = 0; i < h->count; i++) {
        npy->data[h->fortran ? to : i] = number(h, h->numbers + i * dat_dtype_size(h->dtype));
        /* Fortran order: an odometer whose first wheel turns fastest. */
        for (int d = 0; h->fortran && d < h->rank; d++) {
            to += step[d];
            if (++at[d] < h->dim[d])
                break;
            to -= step[d] * h->dim[d];
            at[d] = 0;
        }
    }
}

static enum eng_err read_header(struct header *h, const uint8_t *bytes, size_t count,
                                struct eng_why *why)
{
    *h = (struct header){0};
    if (count < 10 || memcmp(bytes, magic, sizeof magic) != 0)
        return eng_fail(why, ENG_FORMAT, "not a .npy file; save one with numpy.save");
    const unsigned major = bytes[6], minor = bytes[7];
    if (major < 1 || major > 3 || minor != 0)
        return eng_fail(why, ENG_UNSUPPORTED,
                        "version %u.%u of .npy is not read here; save it as 1.0", major, minor);

    const size_t begin = major == 1 ? 10 : 12;
    size_t length = bytes[8] | (size_t)bytes[9] << 8;
    if (major > 1 && count >= begin)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (count < begin || length > count - begin)
        return eng_fail(why, ENG_FORMAT, "the .npy file ends within its header; copy it again");

    ENG_TRY(parse_header(h, (const char *)bytes + begin, length, why));

    if (!dat_dims_count(&h->count, h->dim, (size_t)h->rank))
        return eng_fail(why, ENG_TOOBIG,
                        "the .npy file's shape is beyond any memory; it is "
                        "damaged or not meant to be read");
    const size_t have = count - begin - length, need = h->count * dat_dtype_size(h->dtype);
    if (have != need)
        return eng_fail(why, ENG_FORMAT,
                        "the .npy file has %zu bytes of numbers where its shape and type make "
                        "%zu; copy it again",
                        have, need);
    h->numbers = bytes + begin + length;
    return ENG_OK;
}

static enum eng_err out_of_memory(size_t numbers, struct eng_why *why)
{
    return eng_fail(why, ENG_NOMEM, "no memory for %zu numbers; close other programs", numbers);
}

enum eng_err dat_npy_decode(struct dat_npy *npy, const uint8_t *bytes, size_t count,
                            struct dat_budget *budget, struct eng_why *why)
{
    struct header h;
    *npy = (struct dat_npy){0};
    ENG_TRY(read_header(&h, bytes, count, why));
    if (dat_dtype_is_complex(h.dtype))
        return eng_fail(why, ENG_UNSUPPORTED,
                        "the .npy file has complex numbers, which are no image's; save real ones");
    ENG_TRY(dat_budget_take(budget, h.count * sizeof *npy->data, why));
    npy->data = malloc(h.count ? h.count * sizeof *npy->data : 1);
    if (!npy->data)
        return out_of_memory(h.count, why);
    npy->rank = h.rank;
    memcpy(npy->dim, h.dim, sizeof npy->dim);
    convert(npy, &h);
    return ENG_OK;
}

enum eng_err dat_npy_entry(struct dat_safetensors_entry *entry, void **owned, const uint8_t *bytes,
                           size_t count, struct dat_budget *budget, struct eng_why *why)
{
    struct header h;
    size_t stride = 1;
    *owned = NULL;
    *entry = (struct dat_safetensors_entry){0};
    ENG_TRY(read_header(&h, bytes, count, why));
    entry->dtype = h.dtype;
    entry->rank = (size_t)h.rank;
    entry->size = h.count * dat_dtype_size(h.dtype);
    entry->bytes = h.numbers;
    memcpy(entry->dim, h.dim, sizeof entry->dim);

    struct dat_view view = {h.numbers, dat_dtype_size(h.dtype), h.big_endian, entry->rank, {0},
                            {0}};
    memcpy(view.dim, h.dim, sizeof view.dim);
    for (size_t i = 0; i < view.rank; i++) {
        const size_t d = h.fortran ? i : view.rank - 1 - i;
        view.stride[d] = stride;
        stride *= view.dim[d];
    }
    if (dat_view_is_plain(&view))
        return ENG_OK;
    ENG_TRY(dat_budget_take(budget, entry->size, why));
    entry->bytes = *owned = malloc(entry->size);
    if (!*owned)
        return out_of_memory(h.count, why);
    dat_view_copy(*owned, &view);
    return ENG_OK;
}

enum eng_err dat_npy_read(struct dat_npy *npy, const char *path, struct dat_budget *budget,
                          struct eng_why *why)
{
    uint8_t *bytes;
    size_t count;
    *npy = (struct dat_npy){0};
    ENG_TRY(dat_file_read(&bytes, &count, path, why));
    enum eng_err err = dat_npy_decode(npy, bytes, count, budget, why);
    free(bytes);
    return err == ENG_OK ? ENG_OK : eng_fail_in(why, err, path);
}

enum eng_err dat_npy_head(uint8_t head[DAT_NPY_MAX_HEAD], size_t *count, enum dat_dtype dtype,
                          int rank, const size_t *dim)
{
    /* Eight dims of at most 20 digits leave room to spare. */
    char *text = (char *)head;
    size_t type = 0, n = 10;
    if (rank < 0 || rank > DAT_NPY_MAX_RANK)
        return ENG_ARG;
    while (type < TYPES && types[type].dtype != dtype)
        type++;
    if (type == TYPES)
        return ENG_UNSUPPORTED;
    memcpy(text, magic, sizeof magic);
    memcpy(text + 6, "\1", 2); /* the version, and its NUL */
    n += (size_t)snprintf(text + n, DAT_NPY_MAX_HEAD - n,
                          "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                          dat_dtype_size(dtype) == 1 ? '|' : '<', types[type].name);
    for (int i = 0; i < rank; i++)
        n += (size_t)snprintf(text + n, DAT_NPY_MAX_HEAD - n, "%s%zu%s", i ? " " : "", dim[i],
                              i + 1 < rank || rank == 1 ? "," : "");
    n += (size_t)snprintf(text + n, DAT_NPY_MAX_HEAD - n, "), }");
    const size_t begin = (n + 1 + 63) / 64 * 64;
    memset(text + n, ' ', begin - n);
    text[begin - 1] = '\n';
    head[8] = (uint8_t)((begin - 10) & 255);
    head[9] = (uint8_t)((begin - 10) >> 8);
    *count = begin;
    return ENG_OK;
}

enum eng_err dat_npy_encode(uint8_t **bytes, size_t *count, const float *data, int rank,
                            const size_t *dim)
{
    uint8_t head[DAT_NPY_MAX_HEAD];
    size_t numbers, begin;
    *bytes = NULL;
    *count = 0;
    ENG_TRY(dat_npy_head(head, &begin, DAT_F32, rank, dim));
    if (!dat_dims_count(&numbers, dim, (size_t)rank) ||
        numbers > SIZE_MAX / sizeof *data - sizeof head)
        return ENG_TOOBIG;
    uint8_t *out = malloc(begin + numbers * sizeof *data);
    if (!out)
        return ENG_NOMEM;
    memcpy(out, head, begin);
    if (numbers)
        memcpy(out + begin, data, numbers * sizeof *data); /* little endian: see dtype.c */
    *bytes = out;
    *count = begin + numbers * sizeof *data;
    return ENG_OK;
}

enum eng_err dat_npy_write(const char *path, const float *data, int rank, const size_t *dim,
                           struct eng_why *why)
{
    uint8_t *bytes;
    size_t count;
    enum eng_err err = dat_npy_encode(&bytes, &count, data, rank, dim);
    if (err != ENG_OK)
        return eng_fail(why, err, "%.300s: the array cannot be written: %s", path,
                        eng_err_text(err));
    err = dat_file_write(path, bytes, count, why);
    free(bytes);
    return err;
}

void dat_npy_release(struct dat_npy *npy)
{
    free(npy->data);
    *npy = (struct dat_npy){0};
}
