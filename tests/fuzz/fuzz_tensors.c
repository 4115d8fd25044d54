/* Files of tensors in any format: every tensor of one that opens can be read to its last byte, and
 * is found by its name; and what net it is, or is nearest to, can be told. In zip archives the
 * checksums of members are put right. */
#include "data/crc32.h"
#include "data/inflate.h"
#include "data/likeness.h"
#include "data/tensors.h"
#include "data/zip.h"
#include "tests/fuzz/fuzz.h"

static void look_at_net(const struct dat_tensors *file)
{
    struct dat_likeness likeness;
    struct eng_why why = {""};
    FUZZ_PROMISE(dat_likeness_init(&likeness, file, NULL) == ENG_OK);
    if (dat_likeness_check(&likeness, &why) != ENG_OK)
        FUZZ_PROMISE(why.text[0]);
    dat_likeness_release(&likeness);
}

static void decode(const uint8_t *bytes, size_t count)
{
    struct dat_tensors *file;
    struct eng_why why = {""};
    const enum eng_err err = dat_tensors_decode(&file, bytes, count, NULL, &why);
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

/* The checksum of a member stands in its entry of the directory, whose beginning is looked for. */
static void mend(uint8_t *bytes, size_t count, const struct dat_zip *zip)
{
    enum { ENTRY = 46 };
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
            for (int i = 0; i < 4; i++)
                entry[16 + i] = (uint8_t)(crc >> 8 * i);
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
