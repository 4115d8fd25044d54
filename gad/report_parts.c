#include "gad/report_parts.h"

void gad_report_table_begin(struct gad_html *html, const char *class_name, const char *name)
{
    gad_html_begin(html, "div", "scroll");
    gad_html_attr(html, "role", "region");
    gad_html_attr(html, "tabindex", "0");
    gad_html_attr(html, "aria-label", "%s", name);
    gad_html_begin(html, "table", class_name);
}

void gad_report_table_end(struct gad_html *html)
{
    gad_html_end(html);
    gad_html_end(html);
}

void gad_report_th(struct gad_html *html, const char *scope, const char *class_name,
                   const char *text)
{
    gad_html_begin(html, "th", class_name);
    gad_html_attr(html, "scope", "%s", scope);
    gad_html_text(html, "%s", text);
    gad_html_end(html);
}

void gad_report_run_heading(struct gad_report *report, const struct gad_report_run *run)
{
    if (report->count > 1)
        gad_html_leaf(&report->html, "h3", NULL, "%s", run->title);
}
