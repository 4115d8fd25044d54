/* What an evaluation has done so far, in a text file that grows with it.
 *
 * The first line tells which evaluation it is. An image is its rows, and then its own line, which
 * says that all of it is there; whatever an interruption cut off behind the last such line does
 * not count. Neither does what is behind a line that is damaged. Numbers are hexadecimal floats:
 * what is read back has the same bits. It stays until the results are written: what fails or is
 * interrupted then goes on from a ledger that has everything.
 */
#ifndef GAD_LEDGER_H
#define GAD_LEDGER_H

#include "data/file.h"
#include "gad/evaluate.h"

struct gad_ledger {
    struct dat_out out;
    char *path;
    size_t damaged; /* number of the line that reading ended at, since it is damaged; 0: none */
};

/* Opens dir/evaluate.partial. If it is of this evaluation (the same `run` text), images that it
 * holds are filled into e->images, and *done says how many lead. One of another evaluation is
 * ENG_MISMATCH, unless it is to be replaced. */
enum eng_err gad_ledger_open(struct gad_ledger *ledger, const char *dir, const char *run,
                             int replace, struct gad_evaluation *e, size_t *done,
                             struct eng_why *why);

/* Appends image i. */
enum eng_err gad_ledger_put(struct gad_ledger *ledger, const struct gad_evaluation *e, size_t i,
                            struct eng_why *why);

void gad_ledger_close(struct gad_ledger *ledger);

/* Removes that of a folder, once its results are written. */
void gad_ledger_remove(const char *dir);

#endif
