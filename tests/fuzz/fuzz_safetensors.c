/* Safetensors: every tensor of a file that opens lies within the file and converts to float32, and
 * together they are all of its data. */
#include "data/safetensors.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_safetensors *file;
    struct eng_why why = {""};
    struct dat_budget budget = dat_budget_within(NULL, DAT_SAFETENSORS_MULTIPLE, count, 0);
    const enum eng_err err = dat_safetensors_decode(&file, bytes, count, &budget, &why);
    fuzz_within(&budget, err, &why);
    if (err != ENG_OK) {
        FUZZ_PROMISE(!file);
        fuzz_refused(err, &why);
        return 0;
    }
    size_t length = 0, all = 0;
    for (int i = 7; i >= 0; i--)
        length = length << 8 | bytes[i];
    FUZZ_PROMISE(length <= count - 8);
    for (size_t i = 0; i < dat_safetensors_count(file); i++) {
        const struct dat_safetensors_entry *entry = dat_safetensors_at(file, i);
        const uint8_t *data = entry->bytes;
        FUZZ_PROMISE(data >= bytes + 8 + length && entry->size <= (size_t)(bytes + count - data));
        all += entry->size;
        const size_t elements = entry->size / dat_dtype_size(entry->dtype);
        size_t product = dat_dtype_size(entry->dtype);
        for (size_t d = 0; d < entry->rank; d++)
            product *= entry->dim[d];
        FUZZ_PROMISE(product == entry->size);
        float *out = malloc(elements ? elements * sizeof *out : 1);
        FUZZ_PROMISE(out && dat_safetensors_float(entry, out, elements) == ENG_OK);
        FUZZ_PROMISE(dat_safetensors_float(entry, out, elements + 1) == ENG_SHAPE);
        free(out);
        if (i < 16) /* lookups may be linear */
            FUZZ_PROMISE(dat_safetensors_find(file, entry->name) == entry);
    }
    FUZZ_PROMISE(all == count - 8 - length);
    size_t lines;
    const struct dat_safetensors_meta *line = dat_safetensors_metadata(file, &lines);
    for (size_t i = 0; i < lines && i < 16; i++)
        FUZZ_PROMISE(dat_safetensors_value(file, line[i].key) == line[i].value);
    dat_safetensors_free(file);
    return 0;
}
