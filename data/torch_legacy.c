#include "data/torch_file.h"
#include "data/torch_names.h"

#include <string.h>

/* The first value of a legacy file is an integer of these ten bytes, the second the version. */
static const uint8_t mark[10] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

enum { VERSION = 1001 };

/* Reads the next pickle of a file. */
static enum eng_err next_pickle(struct dat_pickle **out, const uint8_t **at, const uint8_t *end,
                                struct dat_budget *budget, struct eng_why *why)
{
    size_t used = 0;
    ENG_TRY(dat_pickle_decode(out, *at, (size_t)(end - *at), &used, dat_torch_names,
                              dat_torch_name_count, budget, why));
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
    ENG_TRY(dat_torch_storages_reserve(t, dat_pickle_count(keys), why));
    for (size_t i = 0; i < dat_pickle_count(keys); i++) {
        const char *key = dat_pickle_string(dat_pickle_at(keys, i));
        if (!key)
            return eng_fail(why, ENG_FORMAT,
                            "the file's list of storages has something else in it; get it again");
        ENG_TRY(dat_torch_storage_check_key(key, why));
        dat_torch_storages_add(t, key, NULL);
    }
    dat_torch_storages_sort(t);
    for (size_t i = 1; i < t->storage_count; i++)
        if (strcmp(t->sorted[i - 1]->key, t->sorted[i]->key) == 0)
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
        struct dat_torch_storage *s = &t->storages[i];
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

enum eng_err dat_torch_open_legacy(struct dat_torch *t, const uint8_t *bytes, size_t count,
                                   struct eng_why *why)
{
    const uint8_t *at = bytes, *end = bytes + count;
    if (count == 0 || bytes[0] != 0x80)
        return eng_fail(why, ENG_FORMAT,
                        "this is no file of PyTorch's: it is neither a zip archive nor a pickle of "
                        "protocol 2 or later; check its kind, or get it again");
    ENG_TRY(read_legacy_head(&at, end, &t->budget, why));
    ENG_TRY(next_pickle(&t->object, &at, end, &t->budget, why));
    ENG_TRY(next_pickle(&t->keys, &at, end, &t->budget, why));
    ENG_TRY(read_keys(t, why));
    ENG_TRY(dat_torch_walk(t, why));
    return find_contents(t, at, end, why);
}
