/* Zip archives: the members of one that opens lie in it and apart from each other, and their sizes
 * keep to what was promised. */
#include "data/inflate.h"
#include "data/zip.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_zip *zip;
    struct eng_why why = {""};
    if (dat_zip_decode(&zip, bytes, count, &why) != ENG_OK) {
        FUZZ_PROMISE(!zip && why.text[0]);
        return 0;
    }
    size_t all = 0, comment_size;
    for (size_t i = 0; i < dat_zip_count(zip); i++) {
        const struct dat_zip_member *m = dat_zip_at(zip, i);
        const uint8_t *contents;
        uint8_t *owned;
        FUZZ_PROMISE(m->packed >= bytes && m->packed_size <= (size_t)(bytes + count - m->packed));
        all += m->size;
        if (dat_zip_read(&contents, &owned, m, &why) == ENG_OK)
            FUZZ_PROMISE(m->deflated ? contents == owned : contents == m->packed && !owned);
        else
            FUZZ_PROMISE(!owned && why.text[0]);
        free(owned);
        if (i < 16)
            FUZZ_PROMISE(dat_zip_find(zip, m->name) == m);
    }
    FUZZ_PROMISE(all / DAT_INFLATE_MAX_RATIO <= count);
    const uint8_t *comment = dat_zip_comment(zip, &comment_size);
    FUZZ_PROMISE(comment + comment_size == bytes + count);
    dat_zip_free(zip);
    return 0;
}
