/* The paper's Tables 1 and 2 over a set of images.
 *
 *                      method ->      Each image gives one record per class and method. They are
 *     class 1  image 0  r r r r r     kept until the end and summed in the order of the images, so
 *              image 1  r r r r r     the tables have the same bits however many threads put the
 *     class 2  image 0  r r r r r     records in, and in whatever order.
 *              image 1  r r r r r
 *
 * RS is averaged over all images, those with an empty mask as 0 (the paper's average is "across
 * all 512 images"); how many those are, and the mean without them, stand beside it. The paper's
 * Table 2 shows RS times 100; both are printed.
 */
#ifndef GAD_TABLE_H
#define GAD_TABLE_H

#include "engine/err.h"
#include "metrics/complexity.h"
#include "metrics/sensitivity.h"

#include <stddef.h>
#include <stdio.h>

#define GAD_TABLE_CLASSES     2
#define GAD_TABLE_MAX_METHODS 16

struct gad_table;

/* An empty table of that many images (at least 1) for methods in the order of their columns; the
 * names are copied, up to 15 characters each. ENG_ARG for more than GAD_TABLE_MAX_METHODS or none.
 * The caller frees. */
enum eng_err gad_table_new(struct gad_table **table, size_t images, const char *const *methods,
                           size_t count);
void gad_table_free(struct gad_table *table); /* NULL allowed */

size_t gad_table_images(const struct gad_table *table);
size_t gad_table_methods(const struct gad_table *table);
const char *gad_table_method(const struct gad_table *table, size_t method);

struct gad_record {
    struct met_rc rc;
    struct met_rs gad; /* hiding GAD's hull */
    struct met_rs sup; /* hiding the supplement */
};

/* Puts in the record of one image for one class (cls 0 or 1) and method (column). Indices outside
 * the table are ENG_ARG, a record that is there already ENG_STATE. Threads may put different ones
 * at the same time. */
enum eng_err gad_table_put(struct gad_table *table, size_t image, size_t cls, size_t method,
                           const struct gad_record *record);

/* The record, or NULL if there is none (yet). */
const struct gad_record *gad_table_get(const struct gad_table *table, size_t image, size_t cls,
                                       size_t method);

struct gad_mean {
    double all;       /* mean RS over all records, an empty mask's being 0 */
    double not_empty; /* over those with a mask */
    size_t empty;     /* records without one */
};

struct gad_cell {
    size_t images;                             /* records; the next three sum to it */
    size_t gad_wins, original_wins, undefined; /* Table 1 */
    size_t gad_hulls[MET_HULL_KIND_COUNT];     /* how many hulls were of each kind */
    size_t original_hulls[MET_HULL_KIND_COUNT];
    size_t ratios;            /* records with an RC */
    double mean_ratio;        /* of those */
    struct gad_mean gad, sup; /* Table 2, RS as it is, not times 100 */
};

/* The totals of a class and method; zeros where there are no records. */
struct gad_cell gad_table_cell(const struct gad_table *table, size_t cls, size_t method);

/* Writes Table 1 as text: the paper's four rows, a row of undefined images per class, and
 * degenerate hulls below. If the paper has this dataset and net (gad/paper.h; both may be NULL),
 * its numbers stand under ours. ENG_IO if the stream has an error. */
enum eng_err gad_table_print1(FILE *out, const struct gad_table *table, const char *dataset,
                              const char *net);

/* The same for Table 2: mean RS times 100, then as it is. */
enum eng_err gad_table_print2(FILE *out, const struct gad_table *table, const char *dataset,
                              const char *net);

/* Writes all totals as CSV (RFC 4180 fields, "\n" lines): one header, then one line per class and
 * method, with RS as it is. */
enum eng_err gad_table_csv(FILE *out, const struct gad_table *table);

#endif
