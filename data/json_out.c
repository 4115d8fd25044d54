/* What goes between two pieces depends on the style and on the array or object around them:
 *
 *                              LINE     PRETTY
 *     before a member          ,        ,\n and indentation
 *     before a bracket         ,        ,\n and indentation
 *     before a plain element   ,        ,space
 *     before the end                    \n and indentation, if anything stands on its own line
 *
 * so that a row of numbers stays on one line, and a list of objects does not. */
#include "data/json_out.h"

#include "data/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bits of a level. Level 0 is the document, which holds one value. */
enum { LEVEL_OBJECT = 1, LEVEL_FILLED = 2, LEVEL_BROKEN = 4 };

static void put(struct dat_json_out *out, const char *bytes, size_t count)
{
    if (out->err)
        return;
    if (out->stream) {
        if (fwrite(bytes, 1, count, out->stream) != count)
            out->err = ENG_IO;
        return;
    }
    if (count >= out->capacity - out->count) {
        const size_t most = SIZE_MAX / 4;
        if (count > most || out->count > most) {
            out->err = ENG_NOMEM;
            return;
        }
        const size_t capacity = 2 * (out->count + count) + 64;
        char *text = realloc(out->text, capacity);
        if (!text) {
            out->err = ENG_NOMEM;
            return;
        }
        out->text = text;
        out->capacity = capacity;
    }
    memcpy(out->text + out->count, bytes, count);
    out->count += count;
    out->text[out->count] = '\0';
}

static void put_text(struct dat_json_out *out, const char *text)
{
    put(out, text, strlen(text));
}

static void put_line_break(struct dat_json_out *out)
{
    if (out->style != DAT_JSON_PRETTY)
        return;
    put_text(out, "\n");
    for (unsigned i = 0; i < out->depth; i++)
        put_text(out, "  ");
}

/* What stands before a key, or before a value that has none. */
static void separate(struct dat_json_out *out, int own_line)
{
    unsigned char *level = &out->level[out->depth];
    if (out->depth == 0) {
        assert(!(*level & LEVEL_FILLED));
        *level |= LEVEL_FILLED;
        return;
    }
    if (*level & LEVEL_FILLED)
        put_text(out, ",");
    if (own_line) {
        put_line_break(out);
        *level |= LEVEL_BROKEN;
    } else if (*level & LEVEL_FILLED && out->style == DAT_JSON_PRETTY) {
        put_text(out, " ");
    }
    *level |= LEVEL_FILLED;
}

static void begin_value(struct dat_json_out *out, int bracket)
{
    assert(out->named == (out->level[out->depth] & LEVEL_OBJECT));
    if (out->named)
        out->named = 0;
    else
        separate(out, bracket);
}

static void open_level(struct dat_json_out *out, const char *bracket, unsigned char level)
{
    begin_value(out, 1);
    put_text(out, bracket);
    assert(out->depth < DAT_JSON_OUT_DEPTH);
    out->level[++out->depth] = level;
}

void dat_json_out_init(struct dat_json_out *out, FILE *stream, enum dat_json_style style)
{
    *out = (struct dat_json_out){.stream = stream, .style = style};
}

void dat_json_out_object(struct dat_json_out *out)
{
    open_level(out, "{", LEVEL_OBJECT);
}

void dat_json_out_array(struct dat_json_out *out)
{
    open_level(out, "[", 0);
}

void dat_json_out_end(struct dat_json_out *out)
{
    assert(out->depth > 0 && !out->named);
    const unsigned char level = out->level[out->depth--];
    if (level & LEVEL_BROKEN)
        put_line_break(out);
    put_text(out, level & LEVEL_OBJECT ? "}" : "]");
}

/* Plain characters are copied in runs. */
static void put_string(struct dat_json_out *out, const char *text)
{
    put_text(out, "\"");
    const char *run = text;
    size_t left = strlen(text);
    while (left) {
        const unsigned char c = (unsigned char)*text;
        size_t step = dat_utf8_step(text, left);
        if (step && c >= 0x20 && c != '"' && c != '\\') {
            text += step;
            left -= step;
            continue;
        }
        put(out, run, (size_t)(text - run));
        static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
        char escape[7];
        const char *letter = strchr(plain, c);
        if (!step)
            snprintf(escape, sizeof escape, "%s", "\xEF\xBF\xBD");
        else if (letter)
            snprintf(escape, sizeof escape, "\\%c", letters[letter - plain]);
        else
            snprintf(escape, sizeof escape, "\\u%04x", c);
        put_text(out, escape);
        run = ++text;
        left--;
    }
    put(out, run, (size_t)(text - run));
    put_text(out, "\"");
}

void dat_json_out_key(struct dat_json_out *out, const char *key)
{
    assert(out->level[out->depth] & LEVEL_OBJECT && !out->named);
    separate(out, 1);
    put_string(out, key);
    put_text(out, out->style == DAT_JSON_PRETTY ? ": " : ":");
    out->named = 1;
}

void dat_json_out_string(struct dat_json_out *out, const char *text)
{
    begin_value(out, 0);
    if (text)
        put_string(out, text);
    else
        put_text(out, "null");
}

void dat_json_out_double(struct dat_json_out *out, double value)
{
    char digits[32] = "null";
    begin_value(out, 0);
    if (isfinite(value)) {
        int precision = 15; /* 17 always suffice */
        do
            snprintf(digits, sizeof digits, "%.*g", precision, value);
        while (precision++ < 17 && strtod(digits, NULL) != value);
    }
    put_text(out, digits);
}

void dat_json_out_float(struct dat_json_out *out, float value)
{
    char digits[32] = "null";
    begin_value(out, 0);
    if (isfinite(value)) {
        int precision = 6; /* 9 always suffice */
        do
            snprintf(digits, sizeof digits, "%.*g", precision, (double)value);
        while (precision++ < 9 && strtof(digits, NULL) != value);
    }
    put_text(out, digits);
}

void dat_json_out_int(struct dat_json_out *out, int64_t value)
{
    char digits[32];
    begin_value(out, 0);
    snprintf(digits, sizeof digits, "%" PRId64, value);
    put_text(out, digits);
}

void dat_json_out_uint(struct dat_json_out *out, uint64_t value)
{
    char digits[32];
    begin_value(out, 0);
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    put_text(out, digits);
}

void dat_json_out_bool(struct dat_json_out *out, int value)
{
    begin_value(out, 0);
    put_text(out, value ? "true" : "false");
}

void dat_json_out_null(struct dat_json_out *out)
{
    begin_value(out, 0);
    put_text(out, "null");
}

enum eng_err dat_json_out_finish(struct dat_json_out *out)
{
    assert(out->depth == 0 && out->level[0] & LEVEL_FILLED);
    if (out->style == DAT_JSON_PRETTY)
        put_text(out, "\n");
    if (!out->err && out->stream && ferror(out->stream))
        out->err = ENG_IO;
    return out->err;
}

void dat_json_out_release(struct dat_json_out *out)
{
    free(out->text);
    *out = (struct dat_json_out){0};
}
