/* Pickles: what is read can be walked, and is no deeper and no larger than was promised. */
#include "data/pickle.h"
#include "tests/fuzz/fuzz.h"

static const struct dat_pickle_global globals[] = {
    {"torch._utils", "_rebuild_tensor_v2", DAT_PICKLE_CALLED},
    {"torch", "FloatStorage", DAT_PICKLE_NAMED},
    {"argparse", "Namespace", DAT_PICKLE_MADE},
    {"a", "b", DAT_PICKLE_CALLED}};

static size_t walk(const struct dat_pickle_value *value, int depth)
{
    size_t steps = 1, count = 0;
    FUZZ_PROMISE(depth <= DAT_PICKLE_MAX_DEPTH && dat_pickle_type(value) != DAT_PICKLE_ABSENT);
    const uint8_t *bytes = dat_pickle_bytes(value, &count);
    const char *text = dat_pickle_string(value);
    FUZZ_PROMISE(!bytes || memchr(bytes, 0, count) || bytes[count] == 0 ||
                 dat_pickle_type(value) != DAT_PICKLE_STRING);
    FUZZ_PROMISE(!text || strlen(text) == count);
    unsigned sum = 0; /* every byte is there */
    for (size_t i = 0; bytes && i < count; i++)
        sum += bytes[i];
    FUZZ_PROMISE(sum <= 255 * count);
    int64_t integer;
    double real;
    int truth;
    FUZZ_PROMISE(dat_pickle_int(value, &integer) == (dat_pickle_type(value) == DAT_PICKLE_INT));
    FUZZ_PROMISE(dat_pickle_float(value, &real) == (dat_pickle_type(value) == DAT_PICKLE_FLOAT));
    FUZZ_PROMISE(dat_pickle_bool(value, &truth) == (dat_pickle_type(value) == DAT_PICKLE_BOOL));
    for (size_t i = 0; i < dat_pickle_count(value); i++) {
        if (dat_pickle_type(value) == DAT_PICKLE_DICT)
            steps += walk(dat_pickle_key(value, i), depth + 1);
        steps += walk(dat_pickle_at(value, i), depth + 1);
    }
    return steps;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_pickle *pickle;
    struct eng_why why = {""};
    size_t used = 0;
    struct dat_budget budget = dat_budget_within(NULL, DAT_PICKLE_MULTIPLE, count, 68 << 10);
    const enum eng_err err = dat_pickle_decode(&pickle, bytes, count, &used, globals, 3, &budget,
                                               &why);
    fuzz_within(&budget, err, &why);
    if (err != ENG_OK) {
        FUZZ_PROMISE(!pickle);
        fuzz_refused(err, &why);
        return 0;
    }
    FUZZ_PROMISE(used > 0 && used <= count);
    FUZZ_PROMISE(walk(dat_pickle_root(pickle), 1) <= DAT_PICKLE_MAX_SHARED * used + 1024);
    dat_pickle_free(pickle);
    return 0;
}
