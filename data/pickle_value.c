#include "data/pickle_value.h"

#include <string.h>

enum dat_pickle_type dat_pickle_type(const struct dat_pickle_value *value)
{
    return value ? (enum dat_pickle_type)value->type : DAT_PICKLE_ABSENT;
}

size_t dat_pickle_count(const struct dat_pickle_value *value)
{
    switch (dat_pickle_type(value)) {
    case DAT_PICKLE_TUPLE:
    case DAT_PICKLE_LIST:
    case DAT_PICKLE_SET:
    case DAT_PICKLE_CALL:
    case DAT_PICKLE_PERSISTENT:
        return value->count;
    case DAT_PICKLE_DICT:
        return value->count / 2;
    default:
        return 0;
    }
}

const struct dat_pickle_value *dat_pickle_at(const struct dat_pickle_value *value, size_t index)
{
    if (index >= dat_pickle_count(value))
        return NULL;
    return value->of.items[value->type == DAT_PICKLE_DICT ? 2 * index + 1 : index];
}

const struct dat_pickle_value *dat_pickle_key(const struct dat_pickle_value *value, size_t index)
{
    if (dat_pickle_type(value) != DAT_PICKLE_DICT || index >= dat_pickle_count(value))
        return NULL;
    return value->of.items[2 * index];
}

const struct dat_pickle_value *dat_pickle_member(const struct dat_pickle_value *value,
                                                 const char *key)
{
    const size_t length = strlen(key);
    for (size_t i = 0; i < dat_pickle_count(value); i++) {
        const struct dat_pickle_value *name = dat_pickle_key(value, i);
        if (dat_pickle_string(name) && name->count == length &&
            memcmp(name->of.bytes, key, length) == 0)
            return dat_pickle_at(value, i);
    }
    return NULL;
}

const struct dat_pickle_global *dat_pickle_named(const struct dat_pickle_value *value)
{
    const enum dat_pickle_type type = dat_pickle_type(value);
    return type == DAT_PICKLE_GLOBAL || type == DAT_PICKLE_CALL ? value->more.global : NULL;
}

const char *dat_pickle_string(const struct dat_pickle_value *value)
{
    return value && value->text ? (const char *)value->of.bytes : NULL;
}

const uint8_t *dat_pickle_bytes(const struct dat_pickle_value *value, size_t *count)
{
    const enum dat_pickle_type type = dat_pickle_type(value);
    if (type != DAT_PICKLE_STRING && type != DAT_PICKLE_BYTES && type != DAT_PICKLE_LONG)
        return NULL;
    *count = value->count;
    return value->of.bytes;
}

int dat_pickle_int(const struct dat_pickle_value *value, int64_t *out)
{
    if (dat_pickle_type(value) != DAT_PICKLE_INT)
        return 0;
    *out = value->of.integer;
    return 1;
}

int dat_pickle_float(const struct dat_pickle_value *value, double *out)
{
    if (dat_pickle_type(value) != DAT_PICKLE_FLOAT)
        return 0;
    *out = value->of.real;
    return 1;
}

int dat_pickle_bool(const struct dat_pickle_value *value, int *out)
{
    if (dat_pickle_type(value) != DAT_PICKLE_BOOL)
        return 0;
    *out = (int)value->of.integer;
    return 1;
}
