/* JSON: whatever parses can be walked, and every node answers every question. */
#include "data/json.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void walk(const struct dat_json_node *node, unsigned depth)
{
    FUZZ_PROMISE(depth <= DAT_JSON_MAX_DEPTH);
    double number;
    uint64_t integer;
    int truth;
    const int is_number = dat_json_number(node, &number);
    FUZZ_PROMISE(!is_number || dat_json_type(node) == DAT_JSON_NUMBER);
    FUZZ_PROMISE(!dat_json_uint64(node, &integer) || is_number);
    FUZZ_PROMISE(dat_json_bool(node, &truth) == (dat_json_type(node) == DAT_JSON_BOOL));
    FUZZ_PROMISE(!dat_json_string(node) == (dat_json_type(node) != DAT_JSON_STRING));

    size_t count = 0;
    const struct dat_json_node *child = dat_json_first(node);
    for (; child; child = dat_json_next(child), count++) {
        if (dat_json_type(node) == DAT_JSON_OBJECT && count < 16) /* lookups are linear */
            FUZZ_PROMISE(dat_json_member(node, dat_json_key(child)) == child);
        walk(child, depth + 1);
    }
    FUZZ_PROMISE(count == dat_json_count(node));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_json *json;
    struct eng_why why = {""};
    if (dat_json_parse(&json, (const char *)bytes, count, &why) != ENG_OK) {
        FUZZ_PROMISE(!json && why.text[0]);
        return 0;
    }
    walk(dat_json_root(json), 0);
    dat_json_free(json);
    return 0;
}
