#include "data/torch_file.h"
#include "data/torch_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

enum eng_err dat_torch_open_zip(struct dat_torch *t, const uint8_t *bytes, size_t count,
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
    ENG_TRY(dat_torch_storages_reserve(t, dat_zip_count(t->zip), why));
    for (size_t i = 0; i < dat_zip_count(t->zip); i++) {
        const struct dat_zip_member *member = dat_zip_at(t->zip, i);
        if (strncmp(member->name, folder, length) == 0 &&
            strncmp(member->name + length, data, strlen(data)) == 0)
            dat_torch_storages_add(t, member->name + length + strlen(data), member);
    }
    dat_torch_storages_sort(t);
    ENG_TRY(dat_zip_read(&pickle, &owned, object, &t->budget, why));
    const enum eng_err err = dat_pickle_decode(&t->object, pickle, object->size, NULL,
                                               dat_torch_names, dat_torch_name_count, &t->budget,
                                               why);
    if (owned)
        dat_budget_give(&t->budget, object->size);
    free(owned);
    ENG_TRY(err);
    return dat_torch_walk(t, why);
}

int dat_torch_is_zip(const struct dat_zip *zip)
{
    size_t length;
    return find_object(zip, &length) != NULL;
}
