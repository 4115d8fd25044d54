/* Reading JSON (RFC 8259) into a tree that can be walked. Writing is data/json_out.h.
 *
 *     struct dat_json *json;
 *     ENG_TRY(dat_json_parse(&json, text, count, why));
 *     const char *label = dat_json_string(dat_json_member(dat_json_root(json), "label"));
 *     dat_json_free(json);
 *
 * The grammar is taken strictly: no comments, no trailing commas, no NaN, no byte-order mark, no
 * bytes that are not UTF-8. Where the RFC leaves a choice:
 *   - a name that comes twice in one object is an error, not a guess which one was meant;
 *   - \u0000 is refused, so that every string and name is an ordinary C string;
 *   - half a surrogate pair is refused: there is no UTF-8 for it;
 *   - numbers keep their digits and are converted when asked for: integers lose nothing.
 */
#ifndef DAT_JSON_H
#define DAT_JSON_H

#include "engine/err.h"

#include <stddef.h>
#include <stdint.h>

enum dat_json_type {
    DAT_JSON_NULL,
    DAT_JSON_BOOL,
    DAT_JSON_NUMBER,
    DAT_JSON_STRING,
    DAT_JSON_ARRAY,
    DAT_JSON_OBJECT,
    DAT_JSON_ABSENT, /* what a NULL node is */
};

/* Bytes of memory that a byte of text takes at the most. */
#define DAT_JSON_MULTIPLE 41

/* Deepest nesting of arrays and objects that is read, and the longest text in bytes. */
#define DAT_JSON_MAX_DEPTH 128
#define DAT_JSON_MAX_TEXT  ((size_t)1 << 30)

struct dat_json;      /* a document; owns all of its nodes and strings */
struct dat_json_node; /* one value in it */

/* Parses count bytes, which are copied and need no NUL. Takes at most DAT_JSON_MULTIPLE bytes of
 * memory for each byte of text (8 of them only while it runs), and 100 more. The caller frees *out
 * with dat_json_free. ENG_FORMAT (bad syntax; why gives line, column and byte), ENG_UNSUPPORTED
 * (\u0000), ENG_TOOBIG (nesting or length) or ENG_NOMEM leave *out NULL. */
enum eng_err dat_json_parse(struct dat_json **out, const char *text, size_t count,
                            struct eng_why *why);

/* NULL allowed. */
void dat_json_free(struct dat_json *json);

const struct dat_json_node *dat_json_root(const struct dat_json *json);

/* All of the following take NULL for a value that is not there, so that lookups can be chained
 * and only the last result checked. Pointers that they return live as long as the document. */

enum dat_json_type dat_json_type(const struct dat_json_node *node);

/* Elements of an array or members of an object; 0 for anything else. */
size_t dat_json_count(const struct dat_json_node *node);

/* The children of an array or object in the order of the text:
 *     for (child = dat_json_first(node); child; child = dat_json_next(child)) */
const struct dat_json_node *dat_json_first(const struct dat_json_node *node);
const struct dat_json_node *dat_json_next(const struct dat_json_node *node);

/* The value of that name in an object, or element `index` of an array; NULL if there is none.
 * Both walk the children from the first. */
const struct dat_json_node *dat_json_member(const struct dat_json_node *node, const char *key);
const struct dat_json_node *dat_json_at(const struct dat_json_node *node, size_t index);

/* The name of an object's member; NULL for every other value. */
const char *dat_json_key(const struct dat_json_node *node);

/* A string's text (UTF-8, escapes resolved), or NULL if the value is no string. */
const char *dat_json_string(const struct dat_json_node *node);

/* These return 1 and set *out, or return 0 and leave it: the value is of another type, or the
 * number is beyond double's range (tiny ones become 0 or subnormal), or it is not written as
 * plain digits within uint64_t (so 1.0, 1e3 and -0 are no integers). */
int dat_json_number(const struct dat_json_node *node, double *out);
int dat_json_uint64(const struct dat_json_node *node, uint64_t *out);
int dat_json_bool(const struct dat_json_node *node, int *out);

#endif
