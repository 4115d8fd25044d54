/* The page that shows a run of `gad evaluate`, or several beside each other.
 *
 *     DIR/evaluate.json, pictures/            one run          --\
 *     DIR/resnet18/evaluate.json, pictures/   several runs        >--> DIR/report.html
 *     DIR/vgg16/evaluate.json, pictures/                       --/
 *
 * One file that needs nothing else: pictures are inside it, and there are no scripts and no links
 * to anywhere. Every sentence and number comes from the evaluate.json; what is not there is left
 * out, a picture that cannot be used is named where it should be.
 */
#ifndef GAD_REPORT_H
#define GAD_REPORT_H

#include "engine/err.h"

#include <stddef.h>

/* Runs that are shown, the first in natural order of their folders, and how large evaluate.json, a
 * picture and all pictures together may be, in bytes; pictures beyond are left out. */
#define GAD_REPORT_MAX_RUNS     16
#define GAD_REPORT_MAX_JSON     ((size_t)64 << 20)
#define GAD_REPORT_MAX_PICTURE  ((size_t)8 << 20)
#define GAD_REPORT_MAX_PICTURES ((size_t)256 << 20)

/* Reads dir/evaluate.json, or if there is none the ones in dir's folders, and writes
 * dir/report.html. Reading one may take file_memory bytes (data/budget.h; 0: no bound). *path (NULL
 * allowed) is where the report is then; the caller frees it. ENG_MISSING
 * (no run), ENG_FORMAT (one is damaged), ENG_TOOBIG, ENG_IO and ENG_NOMEM leave the report that
 * was there and *path NULL. */
enum eng_err gad_report_write(const char *dir, char **path, size_t file_memory,
                              struct eng_why *why);

#endif
