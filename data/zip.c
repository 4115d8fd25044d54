/* Where things are found, from the end of the file:
 *
 *     ... | directory | (end of zip64, its locator) | end, 22 bytes | comment
 *
 * A 16- or 32-bit field that is all ones says that the true value is elsewhere: of the end in the
 * end of zip64, of a member in its extra field 1. */
#include "data/zip.h"

#include "data/crc32.h"
#include "data/inflate.h"
#include "data/utf8.h"

#include <stdlib.h>
#include <string.h>

enum {
    LOCAL = 30,   /* bytes of a local header, without name and extra fields */
    ENTRY = 46,   /* of an entry of the directory, likewise */
    END = 22,     /* of the end, without the comment */
    LOCATOR = 20, /* of the end of zip64's place */
    END64 = 56    /* of the end of zip64 */
};

enum { STORED = 0, DEFLATED = 8 };
enum { ENCRYPTED = 1, FOLLOWING = 8 /* flags; the latter: sizes are behind the contents */ };

struct record {
    struct dat_zip_member member;
    const uint8_t *begin; /* of its local header */
};

struct dat_zip {
    char *names; /* all of them, each with its NUL */
    struct record *records;
    const struct record **sorted; /* by name, in the end */
    size_t count;
    const uint8_t *comment;
    size_t comment_size;
};

/* The directory: count entries in [at, end) of the file. */
struct directory {
    const uint8_t *at, *end;
    uint64_t count;
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static int is(const uint8_t *p, const char *signature)
{
    return memcmp(p, signature, 4) == 0;
}

static enum eng_err damaged(struct eng_why *why, const char *what)
{
    return eng_fail(why, ENG_FORMAT, "the zip archive %s; get the file again", what);
}

static enum eng_err damaged_member(struct eng_why *why, const char *name, const char *what)
{
    return eng_fail(why, ENG_FORMAT, "\"%.100s\" in the zip archive %s; get the file again", name,
                    what);
}

static enum eng_err out_of_memory(struct eng_why *why)
{
    return eng_fail(why, ENG_NOMEM,
                    "there is not enough memory for the zip archive; close other programs");
}

/* The last place where an end fits whose comment reaches just to the end of the file. */
static const uint8_t *find_end(const uint8_t *bytes, size_t count)
{
    for (size_t comment = 0; comment <= DAT_ZIP_MAX_COMMENT && END + comment <= count; comment++) {
        const uint8_t *p = bytes + (count - END - comment);
        if (is(p, "PK\5\6") && get16(p + 20) == comment)
            return p;
    }
    return NULL;
}

/* Whether a field of the end, of so many ones, leaves it to zip64 or says the same. */
static int agrees(uint64_t field, uint64_t ones, uint64_t value)
{
    return field == ones || field == value;
}

static enum eng_err find_directory(struct directory *d, struct dat_zip *zip, const uint8_t *bytes,
                                   size_t count, struct eng_why *why)
{
    const uint8_t *end = find_end(bytes, count);
    if (!end)
        return damaged(why, "has no end, so it was cut short");
    zip->comment = end + END;
    zip->comment_size = get16(end + 20);
    uint64_t size = get32(end + 12), place = get32(end + 16);
    uint64_t disks = get16(end + 4) | get16(end + 6); /* this one's number, the directory's */
    d->count = get16(end + 10);
    d->end = end;
    uint64_t here = get16(end + 8); /* members on this disk */
    if (end - bytes >= LOCATOR && is(end - LOCATOR, "PK\6\7")) {
        const uint64_t at = get64(end - LOCATOR + 8), most = (uint64_t)(end - LOCATOR - bytes);
        if (most < END64 || at > most - END64 || !is(bytes + at, "PK\6\6"))
            return damaged(why, "says that it is zip64, and is not");
        d->end = bytes + at;
        disks = get32(d->end + 16) | get32(d->end + 20);
        here = get64(d->end + 24);
        d->count = get64(d->end + 32);
        size = get64(d->end + 40);
        place = get64(d->end + 48);
        if (!agrees(get16(end + 4), UINT16_MAX, get32(d->end + 16)) ||
            !agrees(get16(end + 6), UINT16_MAX, get32(d->end + 20)) ||
            !agrees(get16(end + 8), UINT16_MAX, here) ||
            !agrees(get16(end + 10), UINT16_MAX, d->count) ||
            !agrees(get32(end + 12), UINT32_MAX, size) ||
            !agrees(get32(end + 16), UINT32_MAX, place))
            return damaged(why, "says one thing in its end and another in that of zip64");
    }
    if (disks != 0 || here != d->count)
        return eng_fail(why, ENG_UNSUPPORTED,
                        "the zip archive is one of several parts; join them first");
    const uint64_t before = (uint64_t)(d->end - bytes);
    if (place > before || size != before - place || d->count > size / ENTRY)
        return damaged(why, "has its directory elsewhere than it says");
    d->at = bytes + place;
    return ENG_OK;
}

/* Puts what extra field 1 says, where there is one, in the place of those values that are all ones.
 * Returns 0 if it lacks one that is needed. */
static int widen(uint64_t *const values[], int count, const uint8_t *extra, size_t extra_size)
{
    const uint8_t *end = extra + extra_size, *field = NULL;
    size_t left = 0;
    while (!field && end - extra >= 4) {
        const size_t length = get16(extra + 2);
        if (length > (size_t)(end - extra) - 4)
            break;
        if (get16(extra) == 1) {
            field = extra + 4;
            left = length;
        }
        extra += 4 + length;
    }
    for (int i = 0; i < count; i++)
        if (*values[i] == UINT32_MAX && field) {
            if (left < 8)
                return 0;
            *values[i] = get64(field);
            field += 8;
            left -= 8;
        }
    return 1;
}

/* Sizes and place of an entry; 0 if it lacks one of them. */
static int read_sizes(const uint8_t *entry, uint64_t *size, uint64_t *packed, uint64_t *place)
{
    *size = get32(entry + 24);
    *packed = get32(entry + 20);
    *place = get32(entry + 42);
    return widen((uint64_t *const[]){size, packed, place}, 3, entry + ENTRY + get16(entry + 28),
                 get16(entry + 30));
}

/* Whether a local header, all of which is there, says the same of its member as the entry does.
 * Of one whose sizes follow the contents it says no more than how to read it. */
static int is_same(const uint8_t *local, const uint8_t *entry, uint64_t size, uint64_t packed)
{
    const unsigned flags = get16(local + 6);
    uint64_t local_size = get32(local + 22), local_packed = get32(local + 18);
    if ((flags ^ get16(entry + 8)) & ENCRYPTED)
        return 0;
    if (flags & FOLLOWING)
        return 1;
    return get32(local + 14) == get32(entry + 16) &&
           widen((uint64_t *const[]){&local_size, &local_packed}, 2,
                 local + LOCAL + get16(local + 26), get16(local + 28)) &&
           local_size == size && local_packed == packed;
}

/* Fills the record, whose name is set, from its entry and its local header, which must lie before
 * the directory. */
static enum eng_err read_member(struct record *record, const uint8_t *entry, const uint8_t *bytes,
                                const uint8_t *directory, struct eng_why *why)
{
    struct dat_zip_member *m = &record->member;
    const unsigned flags = get16(entry + 8), method = get16(entry + 10);
    const uint16_t name_size = get16(entry + 28);
    uint64_t size, packed, place;
    if (strlen(m->name) != name_size || name_size == 0)
        return damaged(why, "has a member without a proper name");
    if (!dat_utf8_is(m->name))
        return eng_fail(why, ENG_UNSUPPORTED,
                        "the zip archive has a member whose name is not UTF-8; pack it anew");
    if (flags & ENCRYPTED)
        return eng_fail(why, ENG_UNSUPPORTED,
                        "\"%.100s\" in the zip archive is encrypted; decrypt it first", m->name);
    if (method != STORED && method != DEFLATED)
        return eng_fail(why, ENG_UNSUPPORTED,
                        "\"%.100s\" in the zip archive is compressed by method %u; pack it anew "
                        "with deflate",
                        m->name, method);
    if (!read_sizes(entry, &size, &packed, &place))
        return damaged_member(why, m->name, "has no size");

    const uint64_t before = (uint64_t)(directory - bytes);
    if (before < LOCAL || place > before - LOCAL)
        return damaged_member(why, m->name, "begins outside of it");
    record->begin = bytes + place;
    const uint8_t *local = record->begin;
    const uint64_t head = LOCAL + (uint64_t)get16(local + 26) + get16(local + 28);
    if (!is(local, "PK\3\4") || head > before - place || get16(local + 26) != name_size ||
        memcmp(local + LOCAL, m->name, name_size) != 0 || get16(local + 8) != method)
        return damaged_member(why, m->name, "is not where the directory says");
    if (packed > before - place - head)
        return damaged_member(why, m->name, "reaches beyond it");
    m->packed = local + head;
    m->packed_size = (size_t)packed;
    m->deflated = method == DEFLATED;
    m->crc = get32(entry + 16);
    if (m->deflated ? size / DAT_INFLATE_MAX_RATIO > packed || size > SIZE_MAX - 1 : size != packed)
        return damaged_member(why, m->name, "has a size that its contents cannot have");
    if (!is_same(local, entry, size, packed))
        return damaged_member(why, m->name, "differs between the directory and its own header");
    m->size = (size_t)size;
    return ENG_OK;
}

static enum eng_err read_directory(struct dat_zip *zip, const struct directory *d,
                                   const uint8_t *bytes, struct dat_budget *budget,
                                   struct eng_why *why)
{
    const uint8_t *at = d->at;
    /* Nowhere near SIZE_MAX: an entry has 46 bytes. */
    ENG_TRY(dat_budget_take(budget,
                            (size_t)d->count * (sizeof *zip->records + sizeof *zip->sorted) +
                                (size_t)(d->end - d->at),
                            why));
    /* calloc of nothing may be NULL: one more. An entry is longer than its name and a NUL. */
    zip->records = calloc((size_t)d->count + 1, sizeof *zip->records);
    zip->sorted = calloc((size_t)d->count + 1, sizeof *zip->sorted);
    zip->names = malloc((size_t)(d->end - d->at) + 1);
    if (!zip->records || !zip->sorted || !zip->names)
        return out_of_memory(why);
    char *name = zip->names;
    while (zip->count < d->count) {
        const size_t left = (size_t)(d->end - at);
        if (left < ENTRY || !is(at, "PK\1\2"))
            return damaged(why, "has fewer members than it says");
        const size_t name_size = get16(at + 28);
        const size_t length = ENTRY + name_size + get16(at + 30) + get16(at + 32);
        if (length > left)
            return damaged(why, "has a directory that is cut off");
        struct record *record = &zip->records[zip->count];
        memcpy(name, at + ENTRY, name_size);
        name[name_size] = '\0';
        record->member.name = name;
        ENG_TRY(read_member(record, at, bytes, d->at, why));
        zip->sorted[zip->count++] = record;
        name += name_size + 1;
        at += length;
    }
    return at == d->end ? ENG_OK : damaged(why, "has more in its directory than it says");
}

static int compare_places(const void *a, const void *b)
{
    const struct record *x = *(const struct record *const *)a;
    const struct record *y = *(const struct record *const *)b;
    return x->begin < y->begin ? -1 : x->begin > y->begin;
}

static int compare_names(const void *a, const void *b)
{
    const struct record *x = *(const struct record *const *)a;
    const struct record *y = *(const struct record *const *)b;
    return strcmp(x->member.name, y->member.name);
}

/* Members that share bytes are how a small archive holds a huge one. */
static enum eng_err check_members(struct dat_zip *zip, struct eng_why *why)
{
    qsort(zip->sorted, zip->count, sizeof *zip->sorted, compare_places);
    for (size_t i = 1; i < zip->count; i++) {
        const struct dat_zip_member *m = &zip->sorted[i - 1]->member;
        if (m->packed + m->packed_size > zip->sorted[i]->begin)
            return damaged_member(why, m->name, "shares bytes with another");
    }
    qsort(zip->sorted, zip->count, sizeof *zip->sorted, compare_names);
    for (size_t i = 1; i < zip->count; i++)
        if (compare_names(&zip->sorted[i - 1], &zip->sorted[i]) == 0)
            return damaged_member(why, zip->sorted[i]->member.name, "is there twice");
    return ENG_OK;
}

enum eng_err dat_zip_decode(struct dat_zip **out, const uint8_t *bytes, size_t count,
                            struct dat_budget *budget, struct eng_why *why)
{
    struct directory d = {0};
    *out = NULL;
    struct dat_zip *zip = calloc(1, sizeof *zip);
    if (!zip)
        return out_of_memory(why);
    enum eng_err err = find_directory(&d, zip, bytes, count, why);
    if (err == ENG_OK)
        err = read_directory(zip, &d, bytes, budget, why);
    if (err == ENG_OK)
        err = check_members(zip, why);
    if (err != ENG_OK) {
        dat_zip_free(zip);
        return err;
    }
    *out = zip;
    return ENG_OK;
}

void dat_zip_free(struct dat_zip *zip)
{
    if (!zip)
        return;
    free(zip->names);
    free(zip->records);
    free(zip->sorted);
    free(zip);
}

size_t dat_zip_count(const struct dat_zip *zip)
{
    return zip->count;
}

const struct dat_zip_member *dat_zip_at(const struct dat_zip *zip, size_t index)
{
    return &zip->records[index].member;
}

const struct dat_zip_member *dat_zip_find(const struct dat_zip *zip, const char *name)
{
    const struct record wanted = {.member.name = name}, *key = &wanted;
    const struct record *const *found = bsearch(&key, zip->sorted, zip->count, sizeof *zip->sorted,
                                                compare_names);
    return found ? &(*found)->member : NULL;
}

const uint8_t *dat_zip_comment(const struct dat_zip *zip, size_t *count)
{
    *count = zip->comment_size;
    return zip->comment;
}

enum eng_err dat_zip_read(const uint8_t **contents, uint8_t **owned,
                          const struct dat_zip_member *member, struct dat_budget *budget,
                          struct eng_why *why)
{
    enum eng_err err = ENG_OK;
    size_t used;
    *contents = NULL;
    *owned = NULL;
    if (member->deflated)
        ENG_TRY(dat_budget_take(budget, member->size, why));
    *contents = member->packed;
    if (member->deflated) {
        *owned = malloc(member->size ? member->size : 1);
        if (!*owned)
            return out_of_memory(why);
        *contents = *owned;
        err = dat_inflate(*owned, member->size, member->packed, member->packed_size, &used, why);
        if (err == ENG_OK && used != member->packed_size)
            err = damaged_member(why, member->name, "goes on after its end");
    }
    if (err == ENG_OK && dat_crc32(0, *contents, member->size) != member->crc)
        err = damaged_member(why, member->name, "does not match its checksum");
    if (err != ENG_OK) {
        free(*owned);
        *owned = NULL;
        *contents = NULL;
    }
    return err;
}
