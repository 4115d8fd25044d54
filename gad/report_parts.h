/* What the sections of the report share: the runs that were read, lookups in them, and pieces of
 * the page. Only the files gad/report*.c need it. */
#ifndef GAD_REPORT_PARTS_H
#define GAD_REPORT_PARTS_H

#include "data/json.h"
#include "gad/html.h"
#include "gad/show.h"
#include "gad/table.h"

#include <stdbool.h>
#include <stddef.h>

enum gad_report_table { GAD_REPORT_TABLE1, GAD_REPORT_TABLE2, GAD_REPORT_TRUTH, GAD_REPORT_TABLES };

/* One evaluate.json. Strings are the document's, unless said otherwise. */
struct gad_report_run {
    char *folder;      /* where it lies; owned */
    const char *label; /* that folder's name beside the report; "" if it is the report's own */
    struct dat_json *json;
    const struct dat_json_node *root;
    const char *title;                      /* of the net */
    const char *classes[GAD_TABLE_CLASSES]; /* names */
    size_t methods;
    struct gad_report_method {
        const char *name, *title;
    } method[GAD_TABLE_MAX_METHODS];
    /* The cells of the tables, NULL where there is none. */
    const struct dat_json_node *cell[GAD_REPORT_TABLES][GAD_TABLE_CLASSES][GAD_TABLE_MAX_METHODS];
};

struct gad_report {
    struct gad_html html;
    struct gad_report_run *runs;
    size_t count;
    size_t left_out; /* runs beyond GAD_REPORT_MAX_RUNS */
    size_t room;     /* bytes of pictures that may still go in */
};

/* Reads folder/evaluate.json. `label` (borrowed) also names a net that has no other name. The
 * caller releases the run, which is empty on error; why's text begins with the path. */
enum eng_err gad_report_run_read(struct gad_report_run *run, const char *folder, const char *label,
                                 size_t file_memory, struct eng_why *why);
void gad_report_run_release(struct gad_report_run *run);

/* Member `part` of the run, or of that the member `sub` (NULL: itself); NULL if it is not there. */
const struct dat_json_node *gad_report_part(const struct gad_report_run *run, const char *part,
                                            const char *sub);

/* A member's string ("" if there is none), number (NaN), or boolean (false). */
const char *gad_report_string(const struct dat_json_node *node, const char *key);
double gad_report_number(const struct dat_json_node *node, const char *key);
bool gad_report_flag(const struct dat_json_node *node, const char *key);

/* The same for a cell of a table. */
double gad_report_cell(const struct gad_report_run *run, enum gad_report_table table, size_t cls,
                       size_t method, const char *key);

/* The mean of one number over the cells that have it; NaN if none has. */
double gad_report_mean(const struct gad_report_run *run, enum gad_report_table table,
                       const char *key);

/* The picture `file` of a run, inside the page. Where it cannot be used (not a PNG, missing, too
 * large, outside of the run's folder) a box says so. `look` is "map" (pixels stay visible) or
 * "photo"; `alt` says what it shows. */
void gad_report_picture(struct gad_report *report, const struct gad_report_run *run,
                        const char *file, const char *look, const char *alt);

/* A box that scrolls if its table is wider than the page, and the table in it; both are ended
 * by gad_report_table_end. The name says what scrolls. */
void gad_report_table_begin(struct gad_html *html, const char *class_name, const char *name);
void gad_report_table_end(struct gad_html *html);

/* <th scope="...">text</th>; class_name may be NULL. */
void gad_report_th(struct gad_html *html, const char *scope, const char *class_name,
                   const char *text);

/* The heading of one run inside a section, if there are several. */
void gad_report_run_heading(struct gad_report *report, const struct gad_report_run *run);

/* What a support net was moved by: "2", or "2 and 4" where the classes differ. */
struct gad_shown gad_report_alpha(const struct dat_json_node *support);

/* The sections; the page's frame is gad/report.c. */
void gad_report_head(struct gad_report *report);
void gad_report_summary(struct gad_report *report);
void gad_report_steps(struct gad_report *report);
void gad_report_region(struct gad_report *report);
void gad_report_table1(struct gad_report *report);
void gad_report_table2(struct gad_report *report);
void gad_report_truth(struct gad_report *report);
void gad_report_maps(struct gad_report *report);
void gad_report_regions(struct gad_report *report);
void gad_report_facts(struct gad_report *report);
void gad_report_training(struct gad_report *report);
void gad_report_supports(struct gad_report *report);
void gad_report_completeness(struct gad_report *report);
void gad_report_options(struct gad_report *report);
void gad_report_files(struct gad_report *report);

/* The style sheet, line by line, without the breaks; NULL behind the last. */
extern const char *const gad_report_style[];

#endif
