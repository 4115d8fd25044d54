/* NumPy arrays: what is decoded and encoded again decodes to the same array. */
#include "data/npy.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_npy npy, again;
    struct eng_why why = {""};
    if (dat_npy_decode(&npy, bytes, count, &why) != ENG_OK) {
        FUZZ_PROMISE(!npy.data && why.text[0]);
        return 0;
    }
    uint8_t *encoded;
    size_t size, elements = 1;
    FUZZ_PROMISE(dat_npy_encode(&encoded, &size, npy.data, npy.rank, npy.dim) == ENG_OK);
    FUZZ_PROMISE(dat_npy_decode(&again, encoded, size, &why) == ENG_OK);
    FUZZ_PROMISE(again.rank == npy.rank);
    for (int i = 0; i < npy.rank; i++) {
        FUZZ_PROMISE(again.dim[i] == npy.dim[i]);
        elements *= npy.dim[i];
    }
    FUZZ_PROMISE(memcmp(again.data, npy.data, elements * sizeof *npy.data) == 0);
    free(encoded);
    dat_npy_release(&again);
    dat_npy_release(&npy);
    return 0;
}
