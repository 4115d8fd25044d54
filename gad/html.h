/* Writing HTML, and SVG inside it, element by element.
 *
 *     gad_html_begin(h, "p", "note");               <p class="note" id="n">
 *     gad_html_attr(h, "id", "n");                    3 &lt; 4 <em>or</em>
 *     gad_html_text(h, "%d < %d ", 3, 4);           </p>
 *     gad_html_leaf(h, "em", NULL, "or");
 *     gad_html_end(h);
 *
 * All text and all values of attributes are escaped, so that what comes from files cannot become
 * markup: only the names of elements, attributes and classes must be the program's own. Bytes that
 * are not UTF-8 and control characters become U+FFFD. The page is well-formed by construction (as
 * XML too), whatever the caller's text: elements end in the order of a stack, and none is left
 * open.
 *
 * The calls return nothing: the first failure is kept, later calls do nothing, and gad_html_finish
 * reports it.
 */
#ifndef GAD_HTML_H
#define GAD_HTML_H

#include "engine/err.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#if defined(__GNUC__)
#define GAD_HTML_FORMAT(at) __attribute__((format(printf, at, at + 1)))
#else
#define GAD_HTML_FORMAT(at)
#endif

/* Deepest nesting; beyond it the caller has a bug. */
#define GAD_HTML_DEPTH 32

struct gad_html {
    FILE *stream;
    enum eng_err err;
    unsigned depth;
    int in_tag; /* the last start tag still takes attributes */
    const char *open[GAD_HTML_DEPTH];
};

/* Borrows the stream until gad_html_finish. */
void gad_html_init(struct gad_html *html, FILE *stream);

/* Opens an element, of that class unless NULL; both strings must outlive it. Attributes may be
 * added until something else is written. */
void gad_html_begin(struct gad_html *html, const char *element, const char *class_name);
void gad_html_attr(struct gad_html *html, const char *name, const char *format, ...)
    GAD_HTML_FORMAT(3);

/* An attribute whose value is a file of that type: "data:image/png;base64,...". */
void gad_html_data(struct gad_html *html, const char *name, const char *type, const uint8_t *bytes,
                   size_t count);

/* Closes the innermost element that is open. */
void gad_html_end(struct gad_html *html);

void gad_html_text(struct gad_html *html, const char *format, ...) GAD_HTML_FORMAT(2);

/* An element with nothing but text in it. */
void gad_html_leaf(struct gad_html *html, const char *element, const char *class_name,
                   const char *format, ...) GAD_HTML_FORMAT(4);

/* Markup of the program's own, such as a style sheet, as it is. */
void gad_html_raw(struct gad_html *html, const char *markup);

/* Ends what is open. ENG_NOMEM, or ENG_IO if the stream has an error (it is not flushed). */
enum eng_err gad_html_finish(struct gad_html *html);

#endif
