/* Writing zip archives: contents are stored, and aligned by an extra field of nothing but padding
 * in front of them. */
#include "data/crc32.h"
#include "data/file.h"
#include "data/utf8.h"
#include "data/zip.h"

#include <stdlib.h>
#include <string.h>

enum {
    LONGEST = 0xFFFF, /* name */
    UTF8 = 0x800,     /* flag: the name is UTF-8 */
    DATE = 0x21,      /* 1980-01-01 */
    SIZES = 1,        /* extra field: 64-bit sizes, and the place */
    PADDING = 0x4246  /* extra field: "FB", as PyTorch calls it */
};

/* Fields of a header, collected before they are written: a local header's padding is the longest
 * part of it. */
struct fields {
    uint8_t bytes[256];
    size_t count;
};

/* A member as it was written. */
struct place {
    uint64_t at, size;
    uint32_t crc;
};

static void put(struct fields *f, int width, uint64_t value)
{
    for (int i = 0; i < width; i++)
        f->bytes[f->count++] = (uint8_t)(value >> 8 * i);
}

/* The file, and who is told what is wrong with it. */
struct target {
    struct dat_out out;
    struct eng_why *why;
};

static enum eng_err write_bytes(struct target *to, const void *bytes, size_t count)
{
    return dat_out_write(&to->out, bytes, count, to->why);
}

/* The value of a 32-bit field: all ones if it is in an extra field. */
static uint32_t narrow(uint64_t value)
{
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

/* What a local header and an entry of the directory have in common, from the version on. Sizes of
 * 4 GiB need version 4.5, deflate and folders 2.0; ours could be 1.0, which some readers dislike.
 */
static void put_common(struct fields *f, const struct place *p, size_t name_size, size_t extra_size)
{
    put(f, 2, p->size >= UINT32_MAX || p->at >= UINT32_MAX ? 45 : 20);
    put(f, 2, UTF8);
    put(f, 2, 0); /* stored */
    put(f, 2, 0); /* midnight */
    put(f, 2, DATE);
    put(f, 4, p->crc);
    put(f, 4, narrow(p->size));
    put(f, 4, narrow(p->size));
    put(f, 2, name_size);
    put(f, 2, extra_size);
}

/* Writes a member at p->at and says in *end where it ends. */
static enum eng_err write_member(struct target *to, const struct dat_zip_part *part,
                                 const struct place *p, uint64_t *end)
{
    struct fields head = {.count = 0}, extra = {.count = 0};
    const size_t name_size = strlen(part->name);
    if (p->size >= UINT32_MAX) {
        put(&extra, 2, SIZES);
        put(&extra, 2, 16);
        put(&extra, 8, p->size);
        put(&extra, 8, p->size);
    }
    const uint64_t begin = p->at + 30 + name_size + extra.count + 4;
    const size_t padding = (size_t)(DAT_ZIP_ALIGN - begin % DAT_ZIP_ALIGN) % DAT_ZIP_ALIGN;
    put(&extra, 2, PADDING);
    put(&extra, 2, padding);
    memset(extra.bytes + extra.count, 'Z', padding);
    extra.count += padding;

    put(&head, 4, 0x04034b50);
    put_common(&head, p, name_size, extra.count);
    *end = begin + padding + p->size;
    ENG_TRY(write_bytes(to, head.bytes, head.count));
    ENG_TRY(write_bytes(to, part->name, name_size));
    ENG_TRY(write_bytes(to, extra.bytes, extra.count));
    ENG_TRY(write_bytes(to, part->head, part->head_size));
    return write_bytes(to, part->bytes, part->size);
}

/* Writes the member's entry of the directory, and adds to *end how long it is. */
static enum eng_err write_entry(struct target *to, const struct dat_zip_part *part,
                                const struct place *p, uint64_t *end)
{
    struct fields head = {.count = 0}, extra = {.count = 0};
    const size_t name_size = strlen(part->name);
    const int large = p->size >= UINT32_MAX, far = p->at >= UINT32_MAX;
    if (large || far) {
        put(&extra, 2, SIZES);
        put(&extra, 2, (large ? 16 : 0) + (far ? 8 : 0));
        if (large) {
            put(&extra, 8, p->size);
            put(&extra, 8, p->size);
        }
        if (far)
            put(&extra, 8, p->at);
    }
    put(&head, 4, 0x02014b50);
    put(&head, 2, 45); /* made by */
    put_common(&head, p, name_size, extra.count);
    put(&head, 2, 0); /* comment */
    put(&head, 2, 0); /* disk */
    put(&head, 2, 0); /* attributes */
    put(&head, 4, 0);
    put(&head, 4, narrow(p->at));
    *end += head.count + name_size + extra.count;
    ENG_TRY(write_bytes(to, head.bytes, head.count));
    ENG_TRY(write_bytes(to, part->name, name_size));
    return write_bytes(to, extra.bytes, extra.count);
}

/* Writes what comes after the directory, which has `count` entries in [begin, end). */
static enum eng_err write_end(struct target *to, size_t count, uint64_t begin, uint64_t end,
                              const void *comment, size_t comment_size)
{
    struct fields f = {.count = 0};
    const uint16_t few = count < 0xFFFF ? (uint16_t)count : 0xFFFF;
    if (few == 0xFFFF || end - begin >= UINT32_MAX || begin >= UINT32_MAX) {
        put(&f, 4, 0x06064b50);
        put(&f, 8, 44); /* of this, from here on */
        put(&f, 2, 45);
        put(&f, 2, 45);
        put(&f, 8, 0); /* disks */
        put(&f, 8, count);
        put(&f, 8, count);
        put(&f, 8, end - begin);
        put(&f, 8, begin);

        put(&f, 4, 0x07064b50);
        put(&f, 4, 0);
        put(&f, 8, end);
        put(&f, 4, 1); /* disks in all */
    }
    put(&f, 4, 0x06054b50);
    put(&f, 4, 0); /* disks */
    put(&f, 2, few);
    put(&f, 2, few);
    put(&f, 4, narrow(end - begin));
    put(&f, 4, narrow(begin));
    put(&f, 2, comment_size);
    ENG_TRY(write_bytes(to, f.bytes, f.count));
    return write_bytes(to, comment, comment_size);
}

static enum eng_err write_all(struct target *to, const struct dat_zip_part *parts,
                              struct place *places, size_t count, const void *comment,
                              size_t comment_size)
{
    uint64_t at = 0, end;
    for (size_t i = 0; i < count; i++) {
        const struct dat_zip_part *part = &parts[i];
        places[i].at = at;
        places[i].size = (uint64_t)part->head_size + part->size;
        places[i].crc = dat_crc32(dat_crc32(0, part->head, part->head_size), part->bytes,
                                  part->size);
        ENG_TRY(write_member(to, part, &places[i], &at));
    }
    end = at;
    for (size_t i = 0; i < count; i++)
        ENG_TRY(write_entry(to, &parts[i], &places[i], &end));
    return write_end(to, count, at, end, comment, comment_size);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum eng_err check_names(const struct dat_zip_part *parts, size_t count, struct eng_why *why)
{
    enum eng_err err = ENG_OK;
    const char **names = calloc(count + 1, sizeof *names);
    if (!names)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    for (size_t i = 0; i < count && err == ENG_OK; i++) {
        names[i] = parts[i].name;
        const size_t length = strlen(names[i]);
        if (length == 0 || length > LONGEST || !dat_utf8_is(names[i]))
            err = eng_fail(why, ENG_ARG,
                           "a zip archive cannot have a member of the name \"%.100s\"; choose "
                           "another",
                           names[i]);
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

enum eng_err dat_zip_write(const char *path, const struct dat_zip_part *parts, size_t count,
                           const void *comment, size_t comment_size, struct eng_why *why)
{
    struct target to = {.why = why};
    if (comment_size > DAT_ZIP_MAX_COMMENT)
        return eng_fail(why, ENG_TOOBIG,
                        "%s: a zip archive has room for 65535 bytes of metadata, and these are "
                        "%zu; use a .safetensors file",
                        path, comment_size);
    enum eng_err err = check_names(parts, count, why);
    if (err != ENG_OK)
        return eng_fail_in(why, err, path);
    struct place *places = calloc(count + 1, sizeof *places);
    if (!places)
        return eng_fail(why, ENG_NOMEM, "%s: out of memory", path);
    err = dat_out_open(&to.out, path, why);
    if (err == ENG_OK) {
        err = write_all(&to, parts, places, count, comment, comment_size);
        if (err == ENG_OK)
            err = dat_out_commit(&to.out, why);
        else
            dat_out_abort(&to.out);
    }
    free(places);
    return err;
}
