/* NumPy arrays: what is decoded and encoded again decodes to the same array, and so does the tensor
 * in the type that it has. */
#include "data/npy.h"
#include "tests/fuzz/fuzz.h"

static void check_again(const struct dat_npy *npy, size_t elements)
{
    struct dat_npy again;
    struct eng_why why = {""};
    uint8_t *encoded;
    size_t size;
    FUZZ_PROMISE(dat_npy_encode(&encoded, &size, npy->data, npy->rank, npy->dim) == ENG_OK);
    FUZZ_PROMISE(dat_npy_decode(&again, encoded, size, NULL, &why) == ENG_OK);
    FUZZ_PROMISE(again.rank == npy->rank);
    for (int i = 0; i < npy->rank; i++)
        FUZZ_PROMISE(again.dim[i] == npy->dim[i]);
    FUZZ_PROMISE(memcmp(again.data, npy->data, elements * sizeof *npy->data) == 0);
    free(encoded);
    dat_npy_release(&again);
}

static void check_entry(const struct dat_npy *npy, size_t elements, const uint8_t *bytes,
                        size_t count)
{
    struct dat_safetensors_entry entry;
    struct eng_why why = {""};
    void *owned;
    float *data = malloc(elements ? elements * sizeof *data : 1);
    FUZZ_PROMISE(data && dat_npy_entry(&entry, &owned, bytes, count, NULL, &why) == ENG_OK);
    FUZZ_PROMISE(entry.rank == (size_t)npy->rank);
    for (int i = 0; i < npy->rank; i++)
        FUZZ_PROMISE(entry.dim[i] == npy->dim[i]);
    FUZZ_PROMISE(dat_safetensors_float(&entry, data, elements) == ENG_OK);
    for (size_t i = 0; i < elements; i++) /* any NaN for a NaN */
        FUZZ_PROMISE(data[i] == npy->data[i] ||
                     (data[i] != data[i] && npy->data[i] != npy->data[i]));
    free(owned);
    free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_npy npy;
    struct eng_why why = {""};
    struct dat_budget budget = dat_budget_within(NULL, 4, count, 0);
    const enum eng_err err = dat_npy_decode(&npy, bytes, count, &budget, &why);
    fuzz_within(&budget, err, &why);
    if (err != ENG_OK) {
        FUZZ_PROMISE(!npy.data);
        fuzz_refused(err, &why);
        return 0;
    }
    size_t elements = 1;
    for (int i = 0; i < npy.rank; i++)
        elements *= npy.dim[i];
    FUZZ_PROMISE(elements <= count);
    check_again(&npy, elements);
    check_entry(&npy, elements, bytes, count);
    dat_npy_release(&npy);
    return 0;
}
