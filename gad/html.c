#include "gad/html.h"

#include "data/base64.h"
#include "data/utf8.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void gad_html_init(struct gad_html *html, FILE *stream)
{
    *html = (struct gad_html){.stream = stream};
}

static void put(struct gad_html *html, const char *bytes, size_t count)
{
    if (html->err == ENG_OK && count > 0 && fwrite(bytes, 1, count, html->stream) != count)
        html->err = ENG_IO;
}

static void put_text(struct gad_html *html, const char *text)
{
    put(html, text, strlen(text));
}

/* What stands for a character (of `length` bytes, 0: it is not UTF-8) that cannot stand for itself,
 * or NULL. Control characters have no place in a page. */
static const char *escape(const char *at, size_t length)
{
    static const char replacement[] = "\ufffd";
    if (length == 0)
        return replacement;
    switch (*at) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\n':
    case '\t':
        return NULL;
    default:
        return ((unsigned char)*at < ' ' || *at == 127) ? replacement : NULL;
    }
}

static void put_escaped(struct gad_html *html, const char *text)
{
    const char *const end = text + strlen(text);
    const char *plain = text; /* what can go as it is, up to `text` */
    while (text < end) {
        const size_t length = dat_utf8_step(text, (size_t)(end - text));
        const char *instead = escape(text, length);
        if (instead) {
            put(html, plain, (size_t)(text - plain));
            put_text(html, instead);
        }
        text += length > 0 ? length : 1;
        if (instead)
            plain = text;
    }
    put(html, plain, (size_t)(text - plain));
}

static void put_formatted(struct gad_html *html, const char *format, va_list arguments)
{
    char text[512];
    va_list again;
    va_copy(again, arguments);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    if (length < 0) {
        html->err = html->err ? html->err : ENG_IO;
    } else if ((size_t)length < sizeof text) {
        put_escaped(html, text);
    } else {
        char *longer = malloc((size_t)length + 1);
        if (longer) {
            vsnprintf(longer, (size_t)length + 1, format, again);
            put_escaped(html, longer);
        } else {
            html->err = html->err ? html->err : ENG_NOMEM;
        }
        free(longer);
    }
    va_end(again);
}

/* Elements that have no content and no end tag. */
static int is_void(const char *element)
{
    static const char *const voids[] = {"br", "hr", "img", "link", "meta"};
    for (size_t i = 0; i < sizeof voids / sizeof voids[0]; i++)
        if (strcmp(element, voids[i]) == 0)
            return 1;
    return 0;
}

static void close_tag(struct gad_html *html)
{
    if (html->in_tag)
        put_text(html, ">");
    html->in_tag = 0;
}

void gad_html_begin(struct gad_html *html, const char *element, const char *class_name)
{
    assert(html->depth < GAD_HTML_DEPTH);
    close_tag(html);
    put_text(html, "<");
    put_text(html, element);
    html->open[html->depth++] = element;
    html->in_tag = 1;
    if (class_name)
        gad_html_attr(html, "class", "%s", class_name);
}

void gad_html_attr(struct gad_html *html, const char *name, const char *format, ...)
{
    assert(html->in_tag);
    va_list arguments;
    put_text(html, " ");
    put_text(html, name);
    put_text(html, "=\"");
    va_start(arguments, format);
    put_formatted(html, format, arguments);
    va_end(arguments);
    put_text(html, "\"");
}

void gad_html_data(struct gad_html *html, const char *name, const char *type, const uint8_t *bytes,
                   size_t count)
{
    enum { PIECE = 3 * 1024 };
    char text[DAT_BASE64_SIZE(PIECE)];
    assert(html->in_tag);
    put_text(html, " ");
    put_text(html, name);
    put_text(html, "=\"data:");
    put_escaped(html, type);
    put_text(html, ";base64,");
    for (size_t at = 0; at < count; at += PIECE) {
        const size_t piece = count - at < PIECE ? count - at : PIECE;
        dat_base64_encode(text, bytes + at, piece);
        put(html, text, DAT_BASE64_SIZE(piece));
    }
    put_text(html, "\"");
}

void gad_html_end(struct gad_html *html)
{
    assert(html->depth > 0);
    const char *element = html->open[--html->depth];
    if (is_void(element)) {
        assert(html->in_tag);
        html->in_tag = 0;
        put_text(html, "/>");
        return;
    }
    close_tag(html);
    put_text(html, "</");
    put_text(html, element);
    put_text(html, ">");
    /* Lines of a length that editors can bear; white space means nothing behind these. */
    static const char *const blocks[] = {"p", "div", "tr", "section", "figure", "table", "svg"};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        if (strcmp(element, blocks[i]) == 0)
            put_text(html, "\n");
}

void gad_html_text(struct gad_html *html, const char *format, ...)
{
    va_list arguments;
    close_tag(html);
    va_start(arguments, format);
    put_formatted(html, format, arguments);
    va_end(arguments);
}

void gad_html_leaf(struct gad_html *html, const char *element, const char *class_name,
                   const char *format, ...)
{
    va_list arguments;
    gad_html_begin(html, element, class_name);
    close_tag(html);
    va_start(arguments, format);
    put_formatted(html, format, arguments);
    va_end(arguments);
    gad_html_end(html);
}

void gad_html_raw(struct gad_html *html, const char *markup)
{
    close_tag(html);
    put_text(html, markup);
}

enum eng_err gad_html_finish(struct gad_html *html)
{
    while (html->depth > 0)
        gad_html_end(html);
    if (html->err == ENG_OK && ferror(html->stream))
        html->err = ENG_IO;
    return html->err;
}
