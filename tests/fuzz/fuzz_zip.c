/* Zip archives: the members of one that opens lie in it and apart from each other, and their sizes
 * keep to what was promised. A member whose checksum is wrong is read once more with the one that
 * it should have had. */
#include "data/crc32.h"
#include "data/inflate.h"
#include "data/zip.h"
#include "tests/fuzz/fuzz.h"

static void read_member(const struct dat_zip_member *m)
{
    const uint8_t *contents;
    uint8_t *owned;
    struct eng_why why = {""};
    const enum eng_err err = dat_zip_read(&contents, &owned, m, NULL, &why);
    if (err == ENG_OK) {
        FUZZ_PROMISE(m->deflated ? contents == owned : contents == m->packed && !owned);
        FUZZ_PROMISE(dat_crc32(0, contents, m->size) == m->crc);
    } else {
        FUZZ_PROMISE(!contents && !owned);
        fuzz_refused(err, &why);
    }
    free(owned);
}

/* Only what is deflated can be wrong in more ways than one. */
static void read_mended(struct dat_zip_member m)
{
    size_t used;
    uint8_t *contents = malloc(m.size ? m.size : 1);
    FUZZ_PROMISE(contents);
    if (m.deflated &&
        dat_inflate(contents, m.size, m.packed, m.packed_size, &used, NULL) == ENG_OK) {
        m.crc = dat_crc32(0, contents, m.size);
        read_member(&m);
    }
    free(contents);
}

static int compare_places(const void *a, const void *b)
{
    const uint8_t *x = (*(const struct dat_zip_member *const *)a)->packed;
    const uint8_t *y = (*(const struct dat_zip_member *const *)b)->packed;
    return x < y ? -1 : x > y;
}

/* An empty member has no bytes to share, but between two members there is always a header. */
static void check_apart(const struct dat_zip *zip)
{
    const size_t count = dat_zip_count(zip);
    const struct dat_zip_member **sorted = calloc(count + 1, sizeof *sorted);
    FUZZ_PROMISE(sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = dat_zip_at(zip, i);
    qsort(sorted, count, sizeof *sorted, compare_places);
    for (size_t i = 1; i < count; i++)
        FUZZ_PROMISE(sorted[i - 1]->packed + sorted[i - 1]->packed_size + 30 +
                         strlen(sorted[i]->name) <=
                     sorted[i]->packed);
    free(sorted);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_zip *zip;
    struct eng_why why = {""};
    struct dat_budget budget = dat_budget_within(NULL, 4, count, 0);
    const enum eng_err err = dat_zip_decode(&zip, bytes, count, &budget, &why);
    fuzz_within(&budget, err, &why);
    if (err != ENG_OK) {
        FUZZ_PROMISE(!zip);
        fuzz_refused(err, &why);
        return 0;
    }
    size_t all = 0, comment_size;
    for (size_t i = 0; i < dat_zip_count(zip); i++) {
        const struct dat_zip_member *m = dat_zip_at(zip, i);
        FUZZ_PROMISE(m->packed >= bytes && m->packed_size <= (size_t)(bytes + count - m->packed));
        all += m->size;
        read_member(m);
        read_mended(*m);
        if (i < 16)
            FUZZ_PROMISE(dat_zip_find(zip, m->name) == m);
    }
    check_apart(zip);
    FUZZ_PROMISE(all / DAT_INFLATE_MAX_RATIO <= count);
    const uint8_t *comment = dat_zip_comment(zip, &comment_size);
    FUZZ_PROMISE(comment + comment_size == bytes + count);
    dat_zip_free(zip);
    return 0;
}
