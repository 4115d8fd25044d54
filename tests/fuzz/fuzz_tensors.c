/* Files of tensors in any format: every tensor of one that opens can be read to its last byte, and
 * is found by its name. */
#include "data/tensors.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_tensors *file;
    struct eng_why why = {""};
    if (dat_tensors_decode(&file, bytes, count, &why) != ENG_OK) {
        FUZZ_PROMISE(!file && why.text[0]);
        return 0;
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
    dat_tensors_free(file);
    return 0;
}
