/* JSON: the reader against texts that are JSON and texts that are not, the writer against the
 * reader. */
#include "data/json.h"
#include "data/json_out.h"
#include "data/utf8.h"
#include "tests/tap.h"

/* Parses a copy that ends with its last byte, so that a sanitizer sees any read beyond it. */
static enum eng_err parse(struct dat_json **out, const char *text, size_t count,
                          struct eng_why *why)
{
    char *copy = malloc(count ? count : 1);
    memcpy(copy, text, count);
    const enum eng_err err = dat_json_parse(out, copy, count, why);
    free(copy);
    return err;
}

static struct dat_json *parse_good(const char *text)
{
    struct dat_json *json;
    struct eng_why why = {""};
    if (!CHECK(parse(&json, text, strlen(text), &why) == ENG_OK, "parses: %.60s", text))
        printf("# %s\n", why.text);
    return json;
}

static void write_node(struct dat_json_out *out, const struct dat_json_node *node)
{
    double number;
    int truth;
    switch (dat_json_type(node)) {
    case DAT_JSON_NULL:
        dat_json_out_null(out);
        break;
    case DAT_JSON_BOOL:
        dat_json_bool(node, &truth);
        dat_json_out_bool(out, truth);
        break;
    case DAT_JSON_NUMBER:
        dat_json_out_double(out, dat_json_number(node, &number) ? number : (double)NAN);
        break;
    case DAT_JSON_STRING:
        dat_json_out_string(out, dat_json_string(node));
        break;
    case DAT_JSON_ARRAY:
        dat_json_out_array(out);
        for (node = dat_json_first(node); node; node = dat_json_next(node))
            write_node(out, node);
        dat_json_out_end(out);
        break;
    case DAT_JSON_OBJECT:
        dat_json_out_object(out);
        for (node = dat_json_first(node); node; node = dat_json_next(node)) {
            dat_json_out_key(out, dat_json_key(node));
            write_node(out, node);
        }
        dat_json_out_end(out);
        break;
    case DAT_JSON_ABSENT:
        dat_json_out_string(out, "absent");
    }
}

/* Text of a document as the writer puts it; the caller frees. */
static char *rewrite(const struct dat_json *json, enum dat_json_style style)
{
    struct dat_json_out out;
    dat_json_out_init(&out, NULL, style);
    write_node(&out, dat_json_root(json));
    if (dat_json_out_finish(&out) != ENG_OK)
        dat_json_out_release(&out);
    return out.text;
}

/* JSON, and what the writer makes of it once read. */
static const struct {
    const char *text, *again;
} accepted[] = {
    {"null", "null"},
    {" true\n", "true"},
    {"\t\r\n false ", "false"},
    {"0", "0"},
    {"-0", "-0"},
    {"-1", "-1"},
    {"10", "10"},
    {"1.50", "1.5"},
    {"0.0", "0"},
    {"-0.25e1", "-2.5"},
    {"1E3", "1000"},
    {"1e+2", "100"},
    {"100e-2", "1"},
    {"0e00", "0"},
    {"1e400", "null"}, /* a number, but none that a double can be */
    {"1e-400", "0"},
    {"123456789012345678901234567890", "1.2345678901234568e+29"},
    {"0.1", "0.1"},
    {"\"\"", "\"\""},
    {"\"a\"", "\"a\""},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
    {"\"\\u0041\\u00e9\\u20AC\"", "\"A\xC3\xA9\xE2\x82\xAC\""},
    {"\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\""},
    {"\"\\uD800\\uDC00\\uDBFF\\uDFFF\"", "\"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\""},
    {"\"\\u0001\\u001f\\u007f\"", "\"\\u0001\\u001f\x7F\""},
    {"\"\\uffff\\ud7ff\\ue000\"", "\"\xEF\xBF\xBF\xED\x9F\xBF\xEE\x80\x80\""},
    {"\"\xC2\x80\xDF\xBF\xE0\xA0\x80\"", "\"\xC2\x80\xDF\xBF\xE0\xA0\x80\""},
    {"\"\xEE\x80\x80\xF4\x8F\xBF\xBF\"", "\"\xEE\x80\x80\xF4\x8F\xBF\xBF\""},
    {"\"[1,{\\\"\"", "\"[1,{\\\"\""},
    {"\"\\\\\"", "\"\\\\\""},
    {"[\"\\\"\",[1,2,3],[4]]", "[\"\\\"\",[1,2,3],[4]]"},
    {"[]", "[]"},
    {"{}", "{}"},
    {"[ ]", "[]"},
    {"{ }", "{}"},
    {"[[],{},[[]]]", "[[],{},[[]]]"},
    {"[1,2,3]", "[1,2,3]"},
    {" [ 1 , 2 ] ", "[1,2]"},
    {"[null,true,false,\"x\",-1.5]", "[null,true,false,\"x\",-1.5]"},
    {"{\"a\":1}", "{\"a\":1}"},
    {"{ \"a\" : 1 , \"b\" : [ { } ] }", "{\"a\":1,\"b\":[{}]}"},
    {"{\"\":0}", "{\"\":0}"},
    {"{\"a\":{\"a\":{\"a\":1}},\"b\":2}", "{\"a\":{\"a\":{\"a\":1}},\"b\":2}"},
    {"{\"b\":1,\"a\":2,\"ab\":3}", "{\"b\":1,\"a\":2,\"ab\":3}"},
    {"[{\"a\":1},{\"a\":2}]", "[{\"a\":1},{\"a\":2}]"},
    {"{\"\\u0061\":1}", "{\"a\":1}"},
};

static void test_accepted(void)
{
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        struct dat_json *json = parse_good(accepted[i].text);
        if (!json)
            continue;
        char *again = rewrite(json, DAT_JSON_LINE);
        CHECK(again && strcmp(again, accepted[i].again) == 0, "and is written as %s (got %s)",
              accepted[i].again, again ? again : "nothing");
        free(again);
        dat_json_free(json);
    }
}

/* Not JSON: the text, the byte that is named as the place, and a word of the reason. */
static const struct {
    const char *text;
    size_t at;
    const char *reason;
} rejected[] = {
    {"", 0, "too early"},
    {" ", 1, "too early"},
    {"\xEF\xBB\xBF{}", 0, "a value"},
    {"nul", 0, "none of true"},
    {"nulL", 0, "none of true"},
    {"True", 0, "a value"},
    {"truex", 4, "follows"},
    {"NaN", 0, "a value"},
    {"Infinity", 0, "a value"},
    {"-Infinity", 1, "digit"},
    {"'a'", 0, "a value"},
    {"a", 0, "a value"},
    {"-", 1, "too early"},
    {"+1", 0, "a value"},
    {"01", 1, "leading zeros"},
    {"-01", 2, "leading zeros"},
    {"00", 1, "leading zeros"},
    {".5", 0, "a value"},
    {"1.", 2, "too early"},
    {"1.e1", 2, "digit"},
    {"1e", 2, "too early"},
    {"1e+", 3, "too early"},
    {"1ex", 2, "digit"},
    {"0x10", 1, "follows"},
    {"1 2", 2, "follows"},
    {"1,", 1, "follows"},
    {"1_000", 1, "follows"},
    {"\"", 1, "too early"},
    {"\"a", 2, "too early"},
    {"\"a\\", 3, "too early"},
    {"\"\\\"", 3, "too early"},
    {"\"\\a\"", 2, "escape"},
    {"\"\\'\"", 2, "escape"},
    {"\"\\x41\"", 2, "escape"},
    {"\"\\U0041\"", 2, "escape"},
    {"\"\\u\"", 3, "hexadecimal"},
    {"\"\\u004\"", 6, "hexadecimal"},
    {"\"\\u00g1\"", 5, "hexadecimal"},
    {"\"\\u+041\"", 3, "hexadecimal"},
    {"\"\\ud800\"", 1, "surrogate"},
    {"\"\\udc00\"", 1, "surrogate"},
    {"\"\\ud800x\"", 1, "surrogate"},
    {"\"\\ud800\\n\"", 1, "surrogate"},
    {"\"\\ud800\\ud800\"", 1, "surrogate"},
    {"\"\\ud800\\u0041\"", 1, "surrogate"},
    {"\"\\udc00\\ud800\"", 1, "surrogate"},
    {"\"\\ud800\\u", 9, "too early"},
    {"\"\n\"", 1, "control"},
    {"\"\t\"", 1, "control"},
    {"\"\x1F\"", 1, "control"},
    {"\"\x80\"", 1, "UTF-8"},
    {"\"\xC3\"", 1, "UTF-8"},
    {"\"\xC0\x80\"", 1, "UTF-8"},
    {"\"\xC1\xBF\"", 1, "UTF-8"},
    {"\"\xE0\x9F\xBF\"", 1, "UTF-8"},
    {"\"\xED\xA0\x80\"", 1, "UTF-8"},
    {"\"\xE2\x82\"", 1, "UTF-8"},
    {"\"\xF0\x8F\xBF\xBF\"", 1, "UTF-8"},
    {"\"\xF4\x90\x80\x80\"", 1, "UTF-8"},
    {"\"\xF5\x80\x80\x80\"", 1, "UTF-8"},
    {"\"\xF0\x9F\x98", 1, "UTF-8"},
    {"\"\xFF\"", 1, "UTF-8"},
    {"[", 1, "too early"},
    {"]", 0, "a value"},
    {"[1", 2, "too early"},
    {"[1,", 3, "too early"},
    {"[1,]", 3, "a value"},
    {"[,1]", 1, "a value"},
    {"[,]", 1, "a value"},
    {"[1,,2]", 3, "a value"},
    {"[1 2]", 3, "',' or ']'"},
    {"[1}", 2, "',' or ']'"},
    {"[]]", 2, "follows"},
    {"[1:2]", 2, "',' or ']'"},
    {"[a]", 1, "a value"},
    {"[\"a\": 1]", 4, "',' or ']'"},
    {"{", 1, "too early"},
    {"}", 0, "a value"},
    {"{\"a\"", 4, "too early"},
    {"{\"a\"}", 4, "':'"},
    {"{\"a\":", 5, "too early"},
    {"{\"a\":}", 5, "a value"},
    {"{\"a\" 1}", 5, "':'"},
    {"{\"a\":1", 6, "too early"},
    {"{\"a\":1,", 7, "too early"},
    {"{\"a\":1,}", 7, "name in quotes"},
    {"{,}", 1, "name in quotes"},
    {"{a:1}", 1, "name in quotes"},
    {"{1:1}", 1, "name in quotes"},
    {"{'a':1}", 1, "name in quotes"},
    {"{\"a\":1 \"b\":2}", 7, "',' or '}'"},
    {"{\"a\":1]", 6, "',' or '}'"},
    {"{\"a\":1}}", 7, "follows"},
    {"{}{}", 2, "follows"},
    {"{\"a\":1,\"a\":2}", 7, "twice"},
    {"[{\"b\":0,\"a\":1,\"b\":1,\"\\u0061\":2}]", 20, "twice"},
    {"[1] // one", 4, "follows"},
    {"/**/1", 0, "a value"},
    {"[\v1]", 1, "a value"},
    {"[\f]", 1, "a value"},
    {"[\xC2\xA0]", 1, "a value"},
};

static void test_rejected(void)
{
    for (size_t i = 0; i < sizeof rejected / sizeof *rejected; i++) {
        struct dat_json *json;
        struct eng_why why = {""};
        char place[64];
        const enum eng_err err = parse(&json, rejected[i].text, strlen(rejected[i].text), &why);
        snprintf(place, sizeof place, "(byte %zu)", rejected[i].at);
        if (!CHECK(err == ENG_FORMAT && !json && strstr(why.text, place) &&
                       strstr(why.text, rejected[i].reason),
                   "refused %s: %s", place, rejected[i].reason))
            printf("# error %d: %s\n", err, why.text);
        dat_json_free(json);
    }
    struct dat_json *json;
    struct eng_why why = {""};
    CHECK(parse(&json, "\"a\0b\"", 5, NULL) == ENG_FORMAT, "a NUL byte is refused in a string");
    CHECK(parse(&json, "1\0", 2, NULL) == ENG_FORMAT, "a NUL byte is refused after a value");
    CHECK(parse(&json, "\"a\\u0000\"", 9, &why) == ENG_UNSUPPORTED && strstr(why.text, "u0000"),
          "\\u0000 is not supported");
    parse(&json, "{\n  \"a\": 1,\n  \"b\" 2\n}", 21, &why);
    CHECK(strstr(why.text, "line 3, column 7 (byte 18)"), "the place is given by line and column");
}

static void test_depth(void)
{
    enum { MANY = 1000000 };
    char *text = malloc(2 * MANY);
    struct dat_json *json;
    struct eng_why why = {""};
    memset(text, '[', DAT_JSON_MAX_DEPTH);
    memset(text + DAT_JSON_MAX_DEPTH, ']', DAT_JSON_MAX_DEPTH);
    CHECK(parse(&json, text, 2 * DAT_JSON_MAX_DEPTH, NULL) == ENG_OK, "%d levels are read",
          DAT_JSON_MAX_DEPTH);
    size_t depth = 0;
    for (const struct dat_json_node *node = dat_json_root(json); node; node = dat_json_first(node))
        depth++;
    CHECK(depth == DAT_JSON_MAX_DEPTH, "and are all there");
    dat_json_free(json);
    memset(text, '[', MANY);
    memset(text + MANY, ']', MANY);
    CHECK(parse(&json, text, 2 * MANY, &why) == ENG_TOOBIG && strstr(why.text, "deep"),
          "a million levels are refused");
    for (size_t i = 0; i < MANY / 5; i++)
        memcpy(text + 5 * i, "{\"\":[", 5);
    CHECK(parse(&json, text, MANY, NULL) == ENG_TOOBIG, "of objects and arrays in turn too");
    free(text);
}

static const char sample[] =
    "{\"name\": \"t\\u00fcr\\ud83d\\ude00\", \"shape\": [64, 3, 7, 7], \"scale\": -1.5e-3,\n"
    " \"on\": true, \"off\": false, \"none\": null, \"nested\": {\"list\": [[], {}, [1, [2]]]},\n"
    " \"last\": \"\\\\\\\"\xE2\x82\xAC\"}";

static void test_access(void)
{
    struct dat_json *json = parse_good(sample);
    const struct dat_json_node *root = dat_json_root(json);
    const struct dat_json_node *shape = dat_json_member(root, "shape");
    double number = 7;
    uint64_t integer = 7;
    int truth = 7;
    CHECK(dat_json_type(root) == DAT_JSON_OBJECT && dat_json_count(root) == 8, "eight members");
    CHECK(strcmp(dat_json_string(dat_json_member(root, "name")), "t\xC3\xBCr\xF0\x9F\x98\x80") == 0,
          "a string with escapes");
    CHECK(strcmp(dat_json_string(dat_json_member(root, "last")), "\\\"\xE2\x82\xAC") == 0,
          "the last string");
    CHECK(dat_json_count(shape) == 4 && dat_json_uint64(dat_json_at(shape, 0), &integer) &&
              integer == 64 && dat_json_uint64(dat_json_at(shape, 3), &integer) && integer == 7,
          "elements by index");
    CHECK(!dat_json_at(shape, 4) && !dat_json_at(root, 0), "no element beyond, none of an object");
    CHECK(!dat_json_member(root, "Name") && !dat_json_member(shape, "name"), "no such member");
    CHECK(dat_json_number(dat_json_member(root, "scale"), &number) && number == -1.5e-3,
          "a number");
    CHECK(dat_json_bool(dat_json_member(root, "on"), &truth) && truth == 1, "true");
    CHECK(dat_json_bool(dat_json_member(root, "off"), &truth) && truth == 0, "false");
    CHECK(dat_json_type(dat_json_member(root, "none")) == DAT_JSON_NULL, "null is there");
    const struct dat_json_node *list = dat_json_member(dat_json_member(root, "nested"), "list");
    CHECK(dat_json_uint64(dat_json_at(dat_json_at(dat_json_at(list, 2), 1), 0), &integer) &&
              integer == 2,
          "chained lookups");
    CHECK(strcmp(dat_json_key(list), "list") == 0 && !dat_json_key(root), "names of members");

    const struct dat_json_node *none = dat_json_member(dat_json_at(root, 9), "x");
    number = 7, integer = 7, truth = 7;
    CHECK(!none && dat_json_type(none) == DAT_JSON_ABSENT && dat_json_count(none) == 0 &&
              !dat_json_first(none) && !dat_json_next(none) && !dat_json_key(none) &&
              !dat_json_string(none) && !dat_json_number(none, &number) &&
              !dat_json_uint64(none, &integer) && !dat_json_bool(none, &truth),
          "what is absent has nothing");
    CHECK(!dat_json_string(shape) && !dat_json_number(shape, &number) &&
              !dat_json_uint64(dat_json_member(root, "name"), &integer) &&
              !dat_json_bool(dat_json_member(root, "none"), &truth) && number == 7 &&
              integer == 7 && truth == 7,
          "another type gives nothing and leaves the result alone");
    dat_json_free(json);
    dat_json_free(NULL);
}

static void test_integers(void)
{
    static const struct {
        const char *text;
        int ok;
        uint64_t value;
    } cases[] = {
        {"0", 1, 0},
        {"9007199254740993", 1, 9007199254740993u}, /* 2^53 + 1: no double */
        {"18446744073709551615", 1, UINT64_MAX},
        {"18446744073709551616", 0, 0},
        {"18446744073709551620", 0, 0},
        {"99999999999999999999999", 0, 0},
        {"-1", 0, 0},
        {"-0", 0, 0},
        {"1.0", 0, 0},
        {"1e3", 0, 0},
        {"1E0", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dat_json *json = parse_good(cases[i].text);
        uint64_t value = 0;
        CHECK(dat_json_uint64(dat_json_root(json), &value) == cases[i].ok &&
                  value == cases[i].value,
              "as an integer: %s", cases[i].ok ? "exactly that" : "none");
        dat_json_free(json);
    }
}

/* Every beginning of a document is refused, and every changed bit is survived. */
static void test_damage(void)
{
    const size_t count = sizeof sample - 1;
    struct dat_json *json;
    size_t cut = 0;
    for (size_t n = 0; n < count; n++) {
        cut += parse(&json, sample, n, NULL) == ENG_FORMAT;
        dat_json_free(json);
    }
    CHECK(cut == count, "%zu of %zu truncations are refused", cut, count);

    /* What is still JSON can be written, and reads again as the same. */
    size_t read = 0, same = 0;
    char damaged[sizeof sample];
    for (size_t bit = 0; bit < 8 * count; bit++) {
        memcpy(damaged, sample, sizeof sample);
        damaged[bit / 8] = (char)(damaged[bit / 8] ^ 1 << bit % 8);
        if (parse(&json, damaged, count, NULL) != ENG_OK)
            continue;
        read++;
        char *again = rewrite(json, DAT_JSON_LINE), *third = NULL;
        dat_json_free(json);
        if (parse(&json, again, strlen(again), NULL) == ENG_OK)
            third = rewrite(json, DAT_JSON_LINE);
        same += third && strcmp(third, again) == 0;
        free(third);
        free(again);
        dat_json_free(json);
    }
    CHECK(read > 0 && read < 4 * count && same == read,
          "of %zu bit flips, %zu are JSON, of which %zu survive", 8 * count, read, same);
}

/* This many names would take minutes if each were compared with each. */
static void test_many_members(void)
{
    enum { MANY = 200000 };
    char *text = malloc(32 * MANY);
    size_t count = 0;
    for (size_t i = 0; i < MANY; i++)
        count += (size_t)sprintf(text + count, "%c\"name%zu\":%zu", i ? ',' : '{', i * 7919 % MANY,
                                 i);
    text[count++] = '}';
    struct dat_json *json;
    CHECK(parse(&json, text, count, NULL) == ENG_OK && dat_json_count(dat_json_root(json)) == MANY,
          "%d members", MANY);
    uint64_t value = 0;
    CHECK(dat_json_uint64(dat_json_member(dat_json_root(json), "name7919"), &value) && value == 1,
          "one of them by name");
    dat_json_free(json);
    text[count - 1] = ',';
    count += (size_t)sprintf(text + count, "\"name5\":0}");
    struct eng_why why = {""};
    CHECK(parse(&json, text, count, &why) == ENG_FORMAT && strstr(why.text, "twice"),
          "and one more of the same name");
    free(text);
}

static void test_styles(void)
{
    struct dat_json_out out;
    for (int style = DAT_JSON_LINE; style <= DAT_JSON_PRETTY; style++) {
        dat_json_out_init(&out, NULL, (enum dat_json_style)style);
        dat_json_out_object(&out);
        dat_json_out_key(&out, "row");
        dat_json_out_array(&out);
        dat_json_out_int(&out, INT64_MIN);
        dat_json_out_uint(&out, UINT64_MAX);
        dat_json_out_string(&out, NULL);
        dat_json_out_end(&out);
        dat_json_out_key(&out, "list");
        dat_json_out_array(&out);
        dat_json_out_object(&out);
        dat_json_out_key(&out, "a\n");
        dat_json_out_bool(&out, 2);
        dat_json_out_end(&out);
        dat_json_out_array(&out);
        dat_json_out_end(&out);
        dat_json_out_float(&out, 0.1f);
        dat_json_out_end(&out);
        dat_json_out_key(&out, "none");
        dat_json_out_object(&out);
        dat_json_out_end(&out);
        dat_json_out_end(&out);
        const enum eng_err err = dat_json_out_finish(&out);
        const char
            *expected = style == DAT_JSON_LINE
                            ? "{\"row\":[-9223372036854775808,18446744073709551615,null],"
                              "\"list\":[{\"a\\n\":true},[],0.1],\"none\":{}}"
                            : "{\n"
                              "  \"row\": [-9223372036854775808, 18446744073709551615, null],\n"
                              "  \"list\": [\n"
                              "    {\n"
                              "      \"a\\n\": true\n"
                              "    },\n"
                              "    [], 0.1\n"
                              "  ],\n"
                              "  \"none\": {}\n"
                              "}\n";
        CHECK(err == ENG_OK && strcmp(out.text, expected) == 0 && out.count == strlen(expected),
              style == DAT_JSON_LINE ? "on one line" : "on many lines");

        FILE *stream = tmpfile();
        char read_back[512] = "";
        struct dat_json *json = parse_good(expected);
        dat_json_out_release(&out);
        dat_json_out_init(&out, stream, (enum dat_json_style)style);
        dat_json_out_array(&out);
        write_node(&out, dat_json_at(dat_json_member(dat_json_root(json), "list"), 0));
        dat_json_out_end(&out);
        CHECK(dat_json_out_finish(&out) == ENG_OK, "to a stream");
        rewind(stream);
        read_back[fread(read_back, 1, sizeof read_back - 1, stream)] = '\0';
        CHECK(strcmp(read_back, style == DAT_JSON_LINE
                                    ? "[{\"a\\n\":true}]"
                                    : "[\n  {\n    \"a\\n\": true\n  }\n]\n") == 0,
              "and is found in it");
        dat_json_free(json);
        fclose(stream);
    }
}

static void test_write_error(void)
{
    FILE *stream = fopen("/dev/full", "w");
    if (!stream) {
        tap_skip("there is no /dev/full to write to");
        return;
    }
    struct dat_json_out out;
    setvbuf(stream, NULL, _IONBF, 0);
    dat_json_out_init(&out, stream, DAT_JSON_LINE);
    dat_json_out_array(&out);
    dat_json_out_string(&out, "no room");
    dat_json_out_end(&out);
    CHECK(dat_json_out_finish(&out) == ENG_IO, "a full device is reported in the end");
    fclose(stream);
}

static void check_string(const char *text, const char *expected)
{
    struct dat_json_out out;
    dat_json_out_init(&out, NULL, DAT_JSON_LINE);
    dat_json_out_string(&out, text);
    CHECK(dat_json_out_finish(&out) == ENG_OK && strcmp(out.text, expected) == 0,
          "a string is written as %s (got %s)", expected, out.text);
    dat_json_out_release(&out);
}

static void test_strings(void)
{
    check_string("", "\"\"");
    check_string("a/b\"c\\d", "\"a/b\\\"c\\\\d\"");
    check_string("\b\f\n\r\t\x01\x1F\x7F", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\"");
    check_string("caf\xC3\xA9", "\"caf\xC3\xA9\"");
    check_string("caf\xE9.jpg", "\"caf\xEF\xBF\xBD.jpg\"");
    check_string("\xE2\x82", "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
    check_string("\xED\xA0\x80x", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx\"");
    /* Longer than the buffer's first size, several times over. */
    char longer[5001], expected[5003];
    memset(longer, 'x', 5000);
    memset(expected, 'x', 5002);
    longer[5000] = expected[5002] = '\0';
    expected[0] = expected[5001] = '"';
    check_string(longer, expected);
}

/* The n-th of a repeatable sequence of 64 random bits (SplitMix64). */
static uint64_t random_bits(uint64_t n)
{
    uint64_t z = (n + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* Numbers of every size come back as they went, read as JSON and by strtof. */
static void test_numbers(void)
{
    enum { TRIES = 20000 };
    static const double special[] = {0.0,
                                     -0.0,
                                     0.1,
                                     1.0 / 3,
                                     5e-324,
                                     1e15,
                                     1e21,
                                     -1e308,
                                     0x1p-1022,
                                     0x1.fffffffffffffp1023,
                                     9007199254740992.0,
                                     123456789.1};
    const size_t specials = sizeof special / sizeof *special;
    size_t doubles = 0, floats = 0, tried = 0;
    for (size_t i = 0; i < TRIES; i++) {
        const uint64_t bits = random_bits(i);
        const uint32_t half = (uint32_t)bits;
        double d, d_back = NAN;
        float f;
        memcpy(&d, &bits, sizeof d);
        memcpy(&f, &half, sizeof f);
        if (i < specials) {
            d = special[i];
            f = i == 4 ? 0x1p-149f : i == 9 ? 0x1.fffffep127f : (float)d;
        }
        if (!isfinite(d) || !isfinite(f))
            continue;
        tried++;
        struct dat_json_out out;
        dat_json_out_init(&out, NULL, DAT_JSON_LINE);
        dat_json_out_array(&out);
        dat_json_out_double(&out, d);
        dat_json_out_float(&out, f);
        dat_json_out_end(&out);
        struct dat_json *json;
        if (dat_json_out_finish(&out) == ENG_OK &&
            parse(&json, out.text, out.count, NULL) == ENG_OK) {
            dat_json_number(dat_json_at(dat_json_root(json), 0), &d_back);
            doubles += memcmp(&d, &d_back, sizeof d) == 0;
            const float f_back = strtof(strchr(out.text, ',') + 1, NULL);
            floats += memcmp(&f, &f_back, sizeof f) == 0;
            dat_json_free(json);
        }
        dat_json_out_release(&out);
    }
    CHECK(tried > TRIES * 9 / 10 && doubles == tried, "%zu of %zu doubles round-trip", doubles,
          tried);
    CHECK(floats == tried, "%zu of %zu floats round-trip", floats, tried);

    struct dat_json_out out;
    dat_json_out_init(&out, NULL, DAT_JSON_LINE);
    dat_json_out_array(&out);
    dat_json_out_double(&out, 0.1);
    dat_json_out_double(&out, 0.1 + 0.2);
    dat_json_out_double(&out, 1e22);
    dat_json_out_double(&out, -0.0);
    dat_json_out_double(&out, (double)NAN);
    dat_json_out_double(&out, (double)-INFINITY);
    dat_json_out_float(&out, 0.3f);
    dat_json_out_float(&out, 16777216.0f);
    dat_json_out_float(&out, 1.0f / 3);
    dat_json_out_float(&out, NAN);
    dat_json_out_float(&out, INFINITY);
    dat_json_out_end(&out);
    CHECK(dat_json_out_finish(&out) == ENG_OK &&
              strcmp(out.text, "[0.1,0.30000000000000004,1e+22,-0,null,null,"
                               "0.3,16777216,0.33333334,null,null]") == 0,
          "with no more digits than needed: %s", out.text);
    dat_json_out_release(&out);
}

/* All code points through the encoder, all pairs of bytes through the decoder. */
static void test_utf8(void)
{
    size_t good = 0, pairs = 0;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        char bytes[4];
        if (code >= 0xD800 && code <= 0xDFFF)
            continue;
        const size_t n = dat_utf8_put(bytes, code);
        good += dat_utf8_step(bytes, n) == n && dat_utf8_step(bytes, n - 1) == 0;
    }
    CHECK(good == 0x110000 - 0x800, "every code point is one character, and none if cut");
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            const char bytes[2] = {(char)a, (char)b};
            pairs += dat_utf8_step(bytes, 2) == 2;
        }
    CHECK(pairs == 0x800 - 0x80, "%zu pairs of bytes are one character", pairs);
    CHECK(dat_utf8_is("") && dat_utf8_is("t\xC3\xBCr") && !dat_utf8_is("t\xFCr") &&
              !dat_utf8_is("t\xC3"),
          "strings are told apart");
}

int main(void)
{
    test_accepted();
    test_rejected();
    test_depth();
    test_access();
    test_integers();
    test_damage();
    test_many_members();
    test_styles();
    test_write_error();
    test_strings();
    test_numbers();
    test_utf8();
    return tap_done();
}
