/* A document is one block of memory: nodes in the order of the text, then a copy of the text.
 *
 *     {"a":[1,"x"],"b":true}
 *
 *     node     object   array   1    "x"   true
 *     key        -       a      -     -     b
 *     span       5       3      1     1     1      nodes from here to the end of the value
 *     last       1       0      0     1     1      nothing follows in the same array or object
 *
 * So the first child is the next node, the next sibling is `span` nodes on, and no links are
 * needed. Strings are decoded where they stand in the copy (no escape is shorter than what it
 * means), with a NUL at the latest over the closing quote. Numbers stay as they are.
 *
 * How many nodes there can be is counted before: every value but the outermost follows a comma
 * or an opening bracket. That is exact but for empty brackets, so the block never grows. */
#include "data/json.h"

#include "data/utf8.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct dat_json_node {
    const char *key;  /* NULL unless a member of an object */
    const char *text; /* string: its text; number, true, false: its first letter in the copy */
    uint32_t span;
    uint32_t count; /* children */
    uint8_t type;   /* enum dat_json_type */
    uint8_t last;
};

struct dat_json {
    size_t used;
    struct dat_json_node nodes[];
};

struct parser {
    struct dat_json *json;
    char *copy;       /* the text that strings are decoded in; NUL-terminated */
    size_t at, count; /* next byte, bytes */
    const char *text; /* as it was given */
    struct eng_why *why;
};

/* Fails with the place of byte `at`. The text as given is looked at, because the copy changes. */
static enum eng_err fail_at(const struct parser *p, size_t at, enum eng_err err, const char *what)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        column++;
        if (p->text[i] == '\n') {
            line++;
            column = 1;
        }
    }
    return eng_fail(p->why, err,
                    "JSON at line %zu, column %zu (byte %zu): %s; correct the text there, or get "
                    "it again if it was cut or damaged",
                    line, column, at, what);
}

static enum eng_err out_of_memory(struct eng_why *why, size_t count)
{
    return eng_fail(why, ENG_NOMEM,
                    "there is not enough memory for %zu bytes of JSON; close other programs",
                    count);
}

static enum eng_err fail(const struct parser *p, const char *what)
{
    return fail_at(p, p->at, ENG_FORMAT, p->at < p->count ? what : "the text ends too early");
}

/* The next byte, or NUL at the end; a NUL in the text fits nowhere in the grammar either. */
static char peek(const struct parser *p)
{
    return p->copy[p->at];
}

static void skip_space(struct parser *p)
{
    while (peek(p) == ' ' || peek(p) == '\t' || peek(p) == '\n' || peek(p) == '\r')
        p->at++;
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The four digits of a \u escape. */
static enum eng_err parse_hex4(struct parser *p, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        const char c = peek(p);
        uint32_t digit;
        if (is_digit(c))
            digit = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint32_t)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = (uint32_t)(c - 'A') + 10;
        else
            return fail(p, "\\u needs four hexadecimal digits");
        *code = *code << 4 | digit;
    }
    return ENG_OK;
}

/* After "\u": the code point, of which one beyond U+FFFF takes two escapes in a row. */
static enum eng_err parse_code(struct parser *p, uint32_t *code)
{
    const size_t start = p->at - 2;
    ENG_TRY(parse_hex4(p, code));
    if (*code == 0)
        return fail_at(p, start, ENG_UNSUPPORTED, "\\u0000 in a string is not supported");
    if (*code < 0xD800 || *code > 0xDFFF)
        return ENG_OK;
    uint32_t low = 0;
    if (*code < 0xDC00 && peek(p) == '\\' && p->copy[p->at + 1] == 'u') {
        p->at += 2;
        ENG_TRY(parse_hex4(p, &low));
    }
    if (low < 0xDC00 || low > 0xDFFF)
        return fail_at(p, start, ENG_FORMAT, "half a surrogate pair");
    *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
    return ENG_OK;
}

/* After a backslash: appends what the escape means at *to. */
static enum eng_err parse_escape(struct parser *p, char **to)
{
    static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    const char c = peek(p);
    if (c == 'u') {
        uint32_t code;
        p->at++;
        ENG_TRY(parse_code(p, &code));
        *to += dat_utf8_put(*to, code);
        return ENG_OK;
    }
    const char *letter = c ? strchr(letters, c) : NULL;
    if (!letter)
        return fail(p, "no such escape after a backslash");
    *(*to)++ = means[letter - letters];
    p->at++;
    return ENG_OK;
}

/* At a quote: decodes the string in place. */
static enum eng_err parse_string(struct parser *p, const char **out)
{
    char *to = p->copy + ++p->at;
    *out = to;
    while (peek(p) != '"') {
        if (peek(p) == '\\') {
            p->at++;
            ENG_TRY(parse_escape(p, &to));
            continue;
        }
        if ((unsigned char)peek(p) < 0x20)
            return fail(p, "a control character in a string, which must be escaped");
        size_t step = dat_utf8_step(p->copy + p->at, p->count - p->at);
        if (!step)
            return fail(p, "a byte that is not UTF-8");
        while (step--)
            *to++ = p->copy[p->at++];
    }
    *to = '\0';
    p->at++;
    return ENG_OK;
}

static enum eng_err skip_digits(struct parser *p)
{
    if (!is_digit(peek(p)))
        return fail(p, "a number lacks a digit");
    while (is_digit(peek(p)))
        p->at++;
    return ENG_OK;
}

/* Only checks the form; what may follow a number is the business of the value around it. */
static enum eng_err parse_number(struct parser *p)
{
    if (peek(p) == '-')
        p->at++;
    if (peek(p) == '0') {
        p->at++;
        if (is_digit(peek(p)))
            return fail(p, "a number with leading zeros");
    } else {
        ENG_TRY(skip_digits(p));
    }
    if (peek(p) == '.') {
        p->at++;
        ENG_TRY(skip_digits(p));
    }
    if (peek(p) == 'e' || peek(p) == 'E') {
        p->at++;
        if (peek(p) == '+' || peek(p) == '-')
            p->at++;
        ENG_TRY(skip_digits(p));
    }
    return ENG_OK;
}

static enum eng_err parse_word(struct parser *p, const char *word)
{
    if (strncmp(p->copy + p->at, word, strlen(word)) != 0)
        return fail(p, "a value is none of true, false and null, and has no quotes");
    p->at += strlen(word);
    return ENG_OK;
}

static enum eng_err parse_value(struct parser *p, const char *key, unsigned depth);

/* At an opening bracket: all children up to the closing one. */
static enum eng_err parse_children(struct parser *p, struct dat_json_node *parent, unsigned depth)
{
    const int object = parent->type == DAT_JSON_OBJECT;
    const char close = object ? '}' : ']';
    if (depth == DAT_JSON_MAX_DEPTH)
        return fail_at(p, p->at, ENG_TOOBIG, "nested too deeply");
    p->at++;
    skip_space(p);
    if (peek(p) == close) {
        p->at++;
        return ENG_OK;
    }
    for (;;) {
        const char *key = NULL;
        if (object) {
            skip_space(p);
            if (peek(p) != '"')
                return fail(p, "expected a name in quotes");
            ENG_TRY(parse_string(p, &key));
            skip_space(p);
            if (peek(p) != ':')
                return fail(p, "expected ':' after a name");
            p->at++;
        }
        struct dat_json_node *child = &p->json->nodes[p->json->used];
        ENG_TRY(parse_value(p, key, depth + 1));
        parent->count++;
        skip_space(p);
        const char c = peek(p);
        if (c != ',' && c != close)
            return fail(p, object ? "expected ',' or '}'" : "expected ',' or ']'");
        p->at++;
        if (c == close) {
            child->last = 1;
            return ENG_OK;
        }
    }
}

static enum eng_err parse_value(struct parser *p, const char *key, unsigned depth)
{
    skip_space(p);
    const size_t index = p->json->used++;
    struct dat_json_node *node = &p->json->nodes[index];
    *node = (struct dat_json_node){.key = key, .text = p->copy + p->at};
    switch (peek(p)) {
    case '{':
        node->type = DAT_JSON_OBJECT;
        ENG_TRY(parse_children(p, node, depth));
        break;
    case '[':
        node->type = DAT_JSON_ARRAY;
        ENG_TRY(parse_children(p, node, depth));
        break;
    case '"':
        node->type = DAT_JSON_STRING;
        ENG_TRY(parse_string(p, &node->text));
        break;
    case 't':
        node->type = DAT_JSON_BOOL;
        ENG_TRY(parse_word(p, "true"));
        break;
    case 'f':
        node->type = DAT_JSON_BOOL;
        ENG_TRY(parse_word(p, "false"));
        break;
    case 'n':
        node->type = DAT_JSON_NULL;
        ENG_TRY(parse_word(p, "null"));
        break;
    default:
        if (peek(p) != '-' && !is_digit(peek(p)))
            return fail(p, "expected a value");
        node->type = DAT_JSON_NUMBER;
        ENG_TRY(parse_number(p));
    }
    node->span = (uint32_t)(p->json->used - index);
    return ENG_OK;
}

/* More than the parser can make: see the top. Up to the first error in the text, both agree on
 * what is inside a string; behind it, the parser makes nothing any more. */
static size_t count_values(const char *text, size_t count)
{
    size_t values = 1;
    int quoted = 0;
    for (size_t i = 0; i < count; i++) {
        const char c = text[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == ',' || c == '[' || c == '{'))
            values++;
    }
    return values;
}

/* By name; equal names in the order of the text. */
static int compare_keys(const void *a, const void *b)
{
    const struct dat_json_node *x = *(const struct dat_json_node *const *)a;
    const struct dat_json_node *y = *(const struct dat_json_node *const *)b;
    const int order = strcmp(x->key, y->key);
    return order ? order : x < y ? -1 : x > y;
}

/* Sorted rather than compared in pairs: a header of a million names must not take hours. */
static enum eng_err refuse_duplicates(const struct parser *p)
{
    const struct dat_json_node *nodes = p->json->nodes, *end = nodes + p->json->used;
    size_t most = 0;
    for (const struct dat_json_node *node = nodes; node < end; node++)
        if (node->type == DAT_JSON_OBJECT && node->count > most)
            most = node->count;
    if (most < 2)
        return ENG_OK;
    const struct dat_json_node **members = malloc(most * sizeof(*members));
    if (!members)
        return out_of_memory(p->why, p->count);
    enum eng_err err = ENG_OK;
    for (const struct dat_json_node *node = nodes; node < end && !err; node++) {
        if (node->type != DAT_JSON_OBJECT || node->count < 2)
            continue;
        size_t count = 0;
        for (const struct dat_json_node *m = dat_json_first(node); m; m = dat_json_next(m))
            members[count++] = m;
        qsort(members, count, sizeof(*members), compare_keys);
        for (size_t i = 1; i < count && !err; i++)
            if (strcmp(members[i - 1]->key, members[i]->key) == 0)
                err = fail_at(p, (size_t)(members[i]->key - 1 - p->copy), ENG_FORMAT,
                              "a name comes twice in one object");
    }
    free(members);
    return err;
}

enum eng_err dat_json_parse(struct dat_json **out, const char *text, size_t count,
                            struct eng_why *why)
{
    *out = NULL;
    if (count > DAT_JSON_MAX_TEXT)
        return eng_fail(why, ENG_TOOBIG, "%zu bytes of JSON; at most %zu are read", count,
                        DAT_JSON_MAX_TEXT);
    const size_t values = count_values(text, count);
    const size_t fixed = sizeof(struct dat_json) + count + 1;
    if (values > (SIZE_MAX - fixed) / sizeof(struct dat_json_node))
        return out_of_memory(why, count);
    struct dat_json *json = malloc(fixed + values * sizeof(struct dat_json_node));
    if (!json)
        return out_of_memory(why, count);
    json->used = 0;
    struct parser p = {
        .json = json,
        .copy = (char *)(json->nodes + values),
        .count = count,
        .text = text,
        .why = why,
    };
    if (count)
        memcpy(p.copy, text, count);
    p.copy[count] = '\0';

    enum eng_err err = parse_value(&p, NULL, 0);
    if (err)
        goto fail;
    json->nodes[0].last = 1;
    assert(json->used <= values);
    skip_space(&p);
    if (p.at < count) {
        err = fail(&p, "something follows the end of the value");
        goto fail;
    }
    err = refuse_duplicates(&p);
    if (err)
        goto fail;
    *out = json;
    return ENG_OK;
fail:
    free(json);
    return err;
}

void dat_json_free(struct dat_json *json)
{
    free(json);
}

const struct dat_json_node *dat_json_root(const struct dat_json *json)
{
    return json->nodes;
}

enum dat_json_type dat_json_type(const struct dat_json_node *node)
{
    return node ? (enum dat_json_type)node->type : DAT_JSON_ABSENT;
}

size_t dat_json_count(const struct dat_json_node *node)
{
    return node ? node->count : 0;
}

const struct dat_json_node *dat_json_first(const struct dat_json_node *node)
{
    return dat_json_count(node) ? node + 1 : NULL;
}

const struct dat_json_node *dat_json_next(const struct dat_json_node *node)
{
    return node && !node->last ? node + node->span : NULL;
}

const struct dat_json_node *dat_json_member(const struct dat_json_node *node, const char *key)
{
    if (dat_json_type(node) != DAT_JSON_OBJECT)
        return NULL;
    const struct dat_json_node *member = dat_json_first(node);
    while (member && strcmp(member->key, key) != 0)
        member = dat_json_next(member);
    return member;
}

const struct dat_json_node *dat_json_at(const struct dat_json_node *node, size_t index)
{
    if (dat_json_type(node) != DAT_JSON_ARRAY)
        return NULL;
    const struct dat_json_node *element = dat_json_first(node);
    while (element && index--)
        element = dat_json_next(element);
    return element;
}

const char *dat_json_key(const struct dat_json_node *node)
{
    return node ? node->key : NULL;
}

const char *dat_json_string(const struct dat_json_node *node)
{
    return dat_json_type(node) == DAT_JSON_STRING ? node->text : NULL;
}

int dat_json_number(const struct dat_json_node *node, double *out)
{
    if (dat_json_type(node) != DAT_JSON_NUMBER)
        return 0;
    /* JSON's numbers are a part of strtod's, and what follows one in the text ends it. */
    const double value = strtod(node->text, NULL);
    if (!isfinite(value))
        return 0;
    *out = value;
    return 1;
}

int dat_json_uint64(const struct dat_json_node *node, uint64_t *out)
{
    if (dat_json_type(node) != DAT_JSON_NUMBER)
        return 0;
    uint64_t value = 0;
    const char *c = node->text;
    for (; is_digit(*c); c++) {
        const uint64_t digit = (uint64_t)(*c - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return 0;
        value = value * 10 + digit;
    }
    if (c == node->text || *c == '.' || *c == 'e' || *c == 'E')
        return 0;
    *out = value;
    return 1;
}

int dat_json_bool(const struct dat_json_node *node, int *out)
{
    if (dat_json_type(node) != DAT_JSON_BOOL)
        return 0;
    *out = *node->text == 't';
    return 1;
}
