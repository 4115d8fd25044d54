/* JSON: whatever parses can be walked, every node answers every question, and what is written of it
 * parses to the same. */
#include "data/json.h"
#include "data/json_out.h"
#include "tests/fuzz/fuzz.h"

/* Returns how deep the value is nested. */
static unsigned walk(const struct dat_json_node *node, unsigned depth)
{
    unsigned deepest = depth;
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
        const unsigned below = walk(child, depth + 1);
        deepest = below > deepest ? below : deepest;
    }
    FUZZ_PROMISE(count == dat_json_count(node));
    return deepest;
}

/* A number beyond double's range is written as null. */
static void write_value(struct dat_json_out *out, const struct dat_json_node *node)
{
    double number;
    uint64_t integer;
    int truth;
    if (dat_json_key(node))
        dat_json_out_key(out, dat_json_key(node));
    if (dat_json_type(node) == DAT_JSON_OBJECT || dat_json_type(node) == DAT_JSON_ARRAY) {
        if (dat_json_type(node) == DAT_JSON_OBJECT)
            dat_json_out_object(out);
        else
            dat_json_out_array(out);
        for (node = dat_json_first(node); node; node = dat_json_next(node))
            write_value(out, node);
        dat_json_out_end(out);
    } else if (dat_json_string(node))
        dat_json_out_string(out, dat_json_string(node));
    else if (dat_json_uint64(node, &integer))
        dat_json_out_uint(out, integer);
    else if (dat_json_number(node, &number))
        dat_json_out_double(out, number);
    else if (dat_json_bool(node, &truth))
        dat_json_out_bool(out, truth);
    else
        dat_json_out_null(out);
}

static void check_same(const struct dat_json_node *a, const struct dat_json_node *b)
{
    double x, y;
    uint64_t i, j;
    int s, t;
    FUZZ_PROMISE(!dat_json_key(a) == !dat_json_key(b));
    FUZZ_PROMISE(!dat_json_key(a) || strcmp(dat_json_key(a), dat_json_key(b)) == 0);
    if (dat_json_type(a) == DAT_JSON_NUMBER && !dat_json_number(a, &x)) {
        FUZZ_PROMISE(dat_json_type(b) == DAT_JSON_NULL);
        return;
    }
    FUZZ_PROMISE(dat_json_type(a) == dat_json_type(b) && dat_json_count(a) == dat_json_count(b));
    if (dat_json_string(a))
        FUZZ_PROMISE(strcmp(dat_json_string(a), dat_json_string(b)) == 0);
    if (dat_json_number(a, &x))
        FUZZ_PROMISE(dat_json_number(b, &y) && x == y);
    if (dat_json_uint64(a, &i))
        FUZZ_PROMISE(dat_json_uint64(b, &j) && i == j);
    if (dat_json_bool(a, &s))
        FUZZ_PROMISE(dat_json_bool(b, &t) && s == t);
    a = dat_json_first(a);
    b = dat_json_first(b);
    for (; a; a = dat_json_next(a), b = dat_json_next(b))
        check_same(a, b);
}

static void check_again(const struct dat_json *json, enum dat_json_style style)
{
    struct dat_json_out out;
    struct dat_json *again;
    struct eng_why why = {""};
    dat_json_out_init(&out, NULL, style);
    write_value(&out, dat_json_root(json));
    FUZZ_PROMISE(dat_json_out_finish(&out) == ENG_OK);
    FUZZ_PROMISE(dat_json_parse(&again, out.text, out.count, &why) == ENG_OK);
    check_same(dat_json_root(json), dat_json_root(again));
    dat_json_free(again);
    dat_json_out_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_json *json;
    struct eng_why why = {""};
    const enum eng_err err = dat_json_parse(&json, (const char *)bytes, count, &why);
    if (err != ENG_OK) {
        FUZZ_PROMISE(!json);
        fuzz_refused(err, &why);
        return 0;
    }
    if (walk(dat_json_root(json), 0) < DAT_JSON_OUT_DEPTH) /* the deepest may be a level itself */
        check_again(json, count % 2 ? DAT_JSON_LINE : DAT_JSON_PRETTY);
    dat_json_free(json);
    return 0;
}
