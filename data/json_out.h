/* Writing JSON (RFC 8259) piece by piece, to a stream or into memory. Reading is data/json.h.
 *
 *     struct dat_json_out json;
 *     dat_json_out_init(&json, stdout, DAT_JSON_PRETTY);
 *     dat_json_out_object(&json);
 *     dat_json_out_key(&json, "label");
 *     dat_json_out_string(&json, "cat");
 *     dat_json_out_key(&json, "scores");
 *     dat_json_out_array(&json);
 *     dat_json_out_float(&json, 0.75f);
 *     dat_json_out_float(&json, 0.25f);
 *     dat_json_out_end(&json);
 *     dat_json_out_end(&json);
 *     enum eng_err err = dat_json_out_finish(&json);
 *
 * writes   {                             and with DAT_JSON_LINE
 *            "label": "cat",
 *            "scores": [0.75, 0.25]      {"label":"cat","scores":[0.75,0.25]}
 *          }
 *
 * The calls in between return nothing: the first failure is kept, all later calls do nothing, and
 * dat_json_out_finish reports it. Pieces in an order that is not JSON (a value in an object
 * without a name, a second outermost value) are bugs of the caller and asserted. */
#ifndef DAT_JSON_OUT_H
#define DAT_JSON_OUT_H

#include "engine/err.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum dat_json_style {
    DAT_JSON_LINE,   /* one line, no spaces, no newline at the end */
    DAT_JSON_PRETTY, /* members on lines of their own, two spaces a level, newline at the end */
};

/* Deepest nesting; beyond it the caller has a bug. */
#define DAT_JSON_OUT_DEPTH 32

struct dat_json_out {
    FILE *stream; /* NULL: into text */
    char *text;   /* owned, NUL-terminated once anything is written */
    size_t count, capacity;
    enum dat_json_style style;
    enum eng_err err;
    unsigned depth;
    int named;                                   /* a key waits for its value */
    unsigned char level[DAT_JSON_OUT_DEPTH + 1]; /* what is open, and what it has seen */
};

/* Borrows the stream until dat_json_out_finish; NULL collects the text in memory. */
void dat_json_out_init(struct dat_json_out *out, FILE *stream, enum dat_json_style style);

/* Opens an object or an array, and closes the innermost one that is open. */
void dat_json_out_object(struct dat_json_out *out);
void dat_json_out_array(struct dat_json_out *out);
void dat_json_out_end(struct dat_json_out *out);

/* The name of an object's next member; that names differ is the caller's care. */
void dat_json_out_key(struct dat_json_out *out, const char *key);

/* Text should be UTF-8; each byte that is not becomes U+FFFD, so that a strange file name cannot
 * spoil the document. NULL writes null. */
void dat_json_out_string(struct dat_json_out *out, const char *text);

/* The fewest digits, from 15 (float: 6), that read back as the same number. JSON has no NaN and
 * no infinity: they are written as null. The C locale's decimal point is assumed. */
void dat_json_out_double(struct dat_json_out *out, double value);
void dat_json_out_float(struct dat_json_out *out, float value);

void dat_json_out_int(struct dat_json_out *out, int64_t value);
void dat_json_out_uint(struct dat_json_out *out, uint64_t value);
void dat_json_out_bool(struct dat_json_out *out, int value);
void dat_json_out_null(struct dat_json_out *out);

/* Ends the document, of which everything opened is closed. ENG_NOMEM, or ENG_IO if the stream has
 * an error (it is not flushed). */
enum eng_err dat_json_out_finish(struct dat_json_out *out);

/* Frees the text. Needed only after writing into memory. */
void dat_json_out_release(struct dat_json_out *out);

#endif
