/* Files of tensors in any format: every tensor of one that opens can be read to its last byte, and
 * is found by its name; what net it is, or is nearest to, can be told; and it takes no more memory
 * than its format states. A small one is written in one of three formats, and read again: the same
 * tensors. In zip archives the checksums of members are put right. */
#include "data/crc32.h"
#include "data/inflate.h"
#include "data/likeness.h"
#include "data/npz.h"
#include "data/tensors.h"
#include "data/torch.h"
#include "data/zip.h"
#include "tests/fuzz/fuzz.h"

enum { SMALL = 4096 /* bytes of a file that is written again */ };

static void look_at_net(const struct dat_tensors *file)
{
    struct dat_likeness likeness;
    struct eng_why why = {""};
    FUZZ_PROMISE(dat_likeness_init(&likeness, file, NULL) == ENG_OK);
    if (dat_likeness_check(&likeness, &why) != ENG_OK)
        FUZZ_PROMISE(why.text[0]);
    dat_likeness_release(&likeness);
}

/* What tensors.h and the format's header state, and more than that is never asked for. The first
 * byte tells, but that of a safetensors file may be any; its multiple is no less than an array's.
 */
static struct dat_budget stated(const uint8_t *bytes, size_t count)
{
    const int archive = count && bytes[0] == 'P', legacy = count && bytes[0] == 0x80;
    const size_t multiple = archive  ? DAT_TORCH_MULTIPLE
                            : legacy ? DAT_TORCH_LEGACY_MULTIPLE
                                     : DAT_SAFETENSORS_MULTIPLE;
    FUZZ_PROMISE(DAT_NPZ_MULTIPLE <= DAT_TORCH_MULTIPLE);
    /* In the old format's pickle the least tensor has four bytes, elsewhere many. */
    const size_t lists = count / 4 * 2 * sizeof(void *);
    return dat_budget_of(multiple * count + lists + (archive ? DAT_TENSORS_METADATA * count : 0) +
                         (archive || legacy ? DAT_TORCH_SPARE : 64));
}

/* 1 if PyTorch's reader makes `read` of the name `written`: it leaves out what wrappers begin all
 * names with. */
static int is_unwrapped(const char *read, const char *written)
{
    const size_t length = strlen(written), kept = strlen(read);
    return kept <= length && strcmp(written + (length - kept), read) == 0 &&
           (kept == length || strncmp(written, "module.", 7) == 0 ||
            strncmp(written, "_orig_mod.", 10) == 0);
}

static void check_same(const struct dat_tensors *file, const struct dat_tensors *again)
{
    const int torch = strcmp(dat_tensors_format(again), "torch") == 0;
    size_t lines, lines_again;
    FUZZ_PROMISE(dat_tensors_count(file) == dat_tensors_count(again));
    for (size_t i = 0; i < dat_tensors_count(file); i++) {
        const struct dat_safetensors_entry *a = dat_tensors_at(file, i);
        const struct dat_safetensors_entry *b = torch ? dat_tensors_at(again, i)
                                                      : dat_tensors_find(again, a->name);
        FUZZ_PROMISE(b && (!torch || is_unwrapped(b->name, a->name)));
        FUZZ_PROMISE(a->dtype == b->dtype && a->rank == b->rank && a->size == b->size);
        for (size_t d = 0; d < a->rank; d++)
            FUZZ_PROMISE(a->dim[d] == b->dim[d]);
        FUZZ_PROMISE(a->size == 0 || memcmp(a->bytes, b->bytes, a->size) == 0);
    }
    const struct dat_safetensors_meta *line = dat_tensors_metadata(file, &lines);
    dat_tensors_metadata(again, &lines_again);
    FUZZ_PROMISE(lines == lines_again);
    for (size_t i = 0; i < lines; i++) {
        const char *value = dat_tensors_value(again, line[i].key);
        FUZZ_PROMISE(value && strcmp(value, line[i].value) == 0);
    }
}

/* Through a file. `which` picks the format. */
static void check_again(const struct dat_tensors *file, uint32_t which)
{
    static const char *const endings[] = {"safetensors", "npz", "pth"};
    const size_t count = dat_tensors_count(file);
    struct dat_safetensors_entry *entries = calloc(count + 1, sizeof *entries);
    struct dat_tensors *again;
    struct eng_why why = {""};
    char name[32];
    size_t lines;
    FUZZ_PROMISE(entries);
    for (size_t i = 0; i < count; i++)
        entries[i] = *dat_tensors_at(file, i);
    snprintf(name, sizeof name, "again.%s", endings[which % 3]);
    const char *path = fuzz_path(name);
    const struct dat_safetensors_meta *metadata = dat_tensors_metadata(file, &lines);
    const enum eng_err err = dat_tensors_write(path, entries, count, metadata, lines, &why);
    if (err == ENG_OK) {
        FUZZ_PROMISE(dat_tensors_open(&again, path, NULL, &why) == ENG_OK);
        check_same(file, again);
        dat_tensors_free(again);
        FUZZ_PROMISE(unlink(path) == 0);
    } else {
        FUZZ_PROMISE(err == ENG_ARG || err == ENG_UNSUPPORTED || err == ENG_TOOBIG);
        FUZZ_PROMISE(why.text[0] && access(path, F_OK) != 0);
    }
    free(entries);
}

static void decode(const uint8_t *bytes, size_t count)
{
    struct dat_tensors *file;
    struct eng_why why = {""};
    struct dat_budget budget = stated(bytes, count);
    const enum eng_err err = dat_tensors_decode(&file, bytes, count, &budget, &why);
    FUZZ_PROMISE(budget.left <= budget.limit);
    FUZZ_PROMISE(err != ENG_TOOBIG || !strstr(why.text, "--file-memory"));
    if (err != ENG_OK) {
        FUZZ_PROMISE(!file);
        fuzz_refused(err, &why);
        return;
    }
    FUZZ_PROMISE(dat_tensors_format(file)[0]);
    for (size_t i = 0; i < dat_tensors_count(file); i++) {
        const struct dat_safetensors_entry *e = dat_tensors_at(file, i);
        const size_t elements = e->size / dat_dtype_size(e->dtype);
        size_t product = dat_dtype_size(e->dtype);
        for (size_t d = 0; d < e->rank; d++)
            product *= e->dim[d];
        FUZZ_PROMISE(product == e->size);
        float *out = malloc(elements ? elements * sizeof *out : 1);
        FUZZ_PROMISE(out && dat_safetensors_float(e, out, elements) == ENG_OK);
        free(out);
        if (i < 16)
            FUZZ_PROMISE(dat_tensors_find(file, e->name) == e);
    }
    size_t lines;
    const struct dat_safetensors_meta *line = dat_tensors_metadata(file, &lines);
    for (size_t i = 0; i < lines && i < 16; i++)
        FUZZ_PROMISE(dat_tensors_value(file, line[i].key) == line[i].value);
    look_at_net(file);
    if (count <= SMALL)
        check_again(file, dat_crc32(0, bytes, count));
    dat_tensors_free(file);
}

/* That of a member's contents; 0 if they cannot be had. */
static uint32_t checksum(const struct dat_zip_member *m)
{
    if (!m->deflated)
        return dat_crc32(0, m->packed, m->size);
    size_t used;
    uint8_t *contents = malloc(m->size ? m->size : 1);
    FUZZ_PROMISE(contents);
    const int there = dat_inflate(contents, m->size, m->packed, m->packed_size, &used, NULL) ==
                      ENG_OK;
    const uint32_t crc = there ? dat_crc32(0, contents, m->size) : 0;
    free(contents);
    return crc;
}

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* The checksum of a member stands in its entry of the directory, whose beginning is looked for; and
 * in its local header, unless that leaves it to what follows the contents. */
static void mend(uint8_t *bytes, size_t count, const struct dat_zip *zip)
{
    enum { ENTRY = 46, LOCAL = 30, FOLLOWING = 8 };
    for (size_t at = 0; count >= ENTRY && at < count - ENTRY; at++) {
        uint8_t *entry = bytes + at;
        const size_t name_size = (size_t)entry[28] | (size_t)entry[29] << 8;
        char name[256];
        if (memcmp(entry, "PK\1\2", 4) != 0 || name_size >= sizeof name ||
            name_size > count - ENTRY - at)
            continue;
        memcpy(name, entry + ENTRY, name_size);
        name[name_size] = '\0';
        const struct dat_zip_member *m = dat_zip_find(zip, name);
        if (m) {
            const uint32_t crc = checksum(m);
            const size_t place = entry[42] | (size_t)entry[43] << 8 | (size_t)entry[44] << 16;
            put32(entry + 16, crc);
            if (place <= at && at - place >= LOCAL && !(bytes[place + 6] & FOLLOWING))
                put32(bytes + place + 14, crc);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_zip *zip;
    decode(bytes, count);
    if (count > 4 && memcmp(bytes, "PK\3\4", 4) == 0 &&
        dat_zip_decode(&zip, bytes, count, NULL, NULL) == ENG_OK) {
        uint8_t *mended = fuzz_copy(bytes, count);
        mend(mended, count, zip);
        dat_zip_free(zip);
        if (memcmp(mended, bytes, count) != 0)
            decode(mended, count);
        free(mended);
    }
    return 0;
}
