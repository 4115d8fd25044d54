#include "gad/ledger.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void put_rs(FILE *f, const struct met_rs *rs)
{
    fprintf(f, " %a %a %lld %d", rs->value, rs->change, (long long)rs->pixels, (int)rs->empty);
}

static int get_double(char **at, double *out)
{
    char *end;
    *out = strtod(*at, &end);
    const int ok = end != *at;
    *at = end;
    return ok;
}

/* Any but a gap is finite. */
static int get_finite(char **at, double *out)
{
    return get_double(at, out) && isfinite(*out);
}

static int get_int(char **at, long long *out)
{
    char *end;
    *out = strtoll(*at, &end, 10);
    const int ok = end != *at;
    *at = end;
    return ok;
}

/* One of the numbers 0 to count - 1. */
static int get_choice(char **at, long long *out, long long count)
{
    return get_int(at, out) && *out >= 0 && *out < count;
}

static int get_rs(char **at, struct met_rs *rs)
{
    long long pixels, empty;
    if (!get_finite(at, &rs->value) || !get_finite(at, &rs->change) || !get_int(at, &pixels) ||
        !get_choice(at, &empty, 2))
        return 0;
    rs->pixels = pixels;
    rs->empty = empty != 0;
    return 1;
}

static void put_row(FILE *f, size_t image, size_t which, const struct gad_row *row)
{
    const struct met_rc *rc = &row->record.rc;
    fprintf(f, "row %zu %zu %d %a %a %a %d %d", image, which, (int)rc->winner, rc->ratio,
            rc->gad_area, rc->original_area, (int)rc->gad_kind, (int)rc->original_kind);
    put_rs(f, &row->record.gad);
    put_rs(f, &row->record.sup);
    for (int k = 0; k < 2; k++)
        fprintf(f, " %a %a %d", row->weight[k], row->hull[k], row->hit[k]);
    fprintf(f, "\n");
}

/* How far reading is: all of the images before `image`, and the first `rows` rows of that one. */
struct place {
    size_t image, rows;
};

/* The line of the row that is next; it ends at `end`. */
static int get_row(char *at, const char *end, const struct gad_evaluation *e, struct place *next)
{
    long long image, which, winner, gad_kind, original_kind, hit;
    struct gad_row row;
    struct met_rc *rc = &row.record.rc;
    if (next->image >= e->count || next->rows >= GAD_CLASSES * e->methods ||
        !get_int(&at, &image) || (unsigned long long)image != next->image ||
        !get_int(&at, &which) || (unsigned long long)which != next->rows ||
        !get_choice(&at, &winner, MET_WINNER_ORIGINAL + 1) || !get_finite(&at, &rc->ratio) ||
        !get_finite(&at, &rc->gad_area) || !get_finite(&at, &rc->original_area) ||
        !get_choice(&at, &gad_kind, MET_HULL_KIND_COUNT) ||
        !get_choice(&at, &original_kind, MET_HULL_KIND_COUNT) || !get_rs(&at, &row.record.gad) ||
        !get_rs(&at, &row.record.sup))
        return 0;
    for (int k = 0; k < 2; k++) {
        if (!get_finite(&at, &row.weight[k]) || !get_finite(&at, &row.hull[k]) ||
            !get_choice(&at, &hit, 2))
            return 0;
        row.hit[k] = (int)hit;
    }
    if (at != end)
        return 0;
    rc->winner = (enum met_winner)winner;
    rc->gad_kind = (enum met_hull_kind)gad_kind;
    rc->original_kind = (enum met_hull_kind)original_kind;
    e->images[next->image].rows[next->rows++] = row;
    return 1;
}

/* The same for the line of the image itself, which follows all of its rows, or none if it is
 * damaged. */
static int get_image(char *at, const char *end, struct gad_evaluation *e, struct place *next)
{
    long long image, item, damaged, truth;
    if (next->image >= e->count || !get_int(&at, &image) ||
        (unsigned long long)image != next->image)
        return 0;
    struct gad_image *im = &e->images[next->image];
    if (!get_int(&at, &item) || (unsigned long long)item != im->item ||
        !get_choice(&at, &damaged, 2) || !get_choice(&at, &truth, 2) ||
        next->rows != (damaged ? 0 : GAD_CLASSES * e->methods))
        return 0;
    for (size_t i = 0; i < e->nets * GAD_CLASSES; i++) {
        double v;
        if (!get_finite(&at, &v) || fabs(v) > (double)FLT_MAX)
            return 0;
        im->logits[i] = (float)v;
    }
    if (!get_double(&at, &im->gap[0]) || !get_double(&at, &im->gap[1]) || at != end)
        return 0;
    im->damaged = (int)damaged;
    im->has_truth = (int)truth;
    *next = (struct place){next->image + 1, 0};
    return 1;
}

/* Reads what counts of the file's text, and returns how many bytes that is. *damaged is the number
 * of the first line that is whole and not as it was written, or 0. */
static size_t replay(char *text, size_t count, struct gad_evaluation *e, size_t *done,
                     size_t *damaged)
{
    struct place next = {0, 0};
    char *line = memchr(text, '\n', count), *const stop = text + count;
    size_t good = (size_t)(++line - text), number = 1;
    *damaged = 0;
    for (char *end; (end = memchr(line, '\n', (size_t)(stop - line))); line = end + 1) {
        *end = '\0';
        number++;
        if (strncmp(line, "row ", 4) == 0 && get_row(line + 4, end, e, &next))
            continue;
        if (strncmp(line, "image ", 6) != 0 || !get_image(line + 6, end, e, &next)) {
            *damaged = number;
            break;
        }
        good = (size_t)(end + 1 - text);
    }
    *done = next.image;
    return good;
}

static char *path_in(const char *dir)
{
    return dat_path_join(dir, "evaluate.partial");
}

/* What is there already: *good bytes that count, 0 if it begins anew. */
static enum eng_err read_old(struct gad_ledger *ledger, const char *run, int replace,
                             struct gad_evaluation *e, size_t *good, size_t *done,
                             struct eng_why *why)
{
    uint8_t *bytes = NULL;
    size_t count;
    const size_t length = strlen(run);
    *good = 0;
    enum eng_err err = dat_file_read(&bytes, &count, ledger->path, why);
    if (err == ENG_MISSING)
        return ENG_OK;
    if (err != ENG_OK)
        return err;
    if (count > length && memcmp(bytes, run, length) == 0 && bytes[length] == '\n')
        *good = replay((char *)bytes, count, e, done, &ledger->damaged);
    else if (!replace && memchr(bytes, '\n', count))
        err = eng_fail(why, ENG_MISMATCH,
                       "%s: was left by another evaluation; finish that one with its options, give "
                       "another folder, or delete the file",
                       ledger->path);
    free(bytes);
    return err;
}

enum eng_err gad_ledger_open(struct gad_ledger *ledger, const char *dir, const char *run,
                             int replace, struct gad_evaluation *e, size_t *done,
                             struct eng_why *why)
{
    size_t good;
    *ledger = (struct gad_ledger){.path = path_in(dir)};
    *done = 0;
    enum eng_err err = ledger->path ? ENG_OK : eng_fail(why, ENG_NOMEM, "out of memory");
    if (err == ENG_OK)
        err = read_old(ledger, run, replace, e, &good, done, why);
    if (err == ENG_OK)
        err = dat_out_append(&ledger->out, ledger->path, good, why);
    if (err == ENG_OK && !good) {
        fprintf(ledger->out.stream, "%s\n", run);
        err = dat_out_flush(&ledger->out, why);
    }
    if (err != ENG_OK)
        gad_ledger_close(ledger);
    return err;
}

enum eng_err gad_ledger_put(struct gad_ledger *ledger, const struct gad_evaluation *e, size_t i,
                            struct eng_why *why)
{
    const struct gad_image *im = &e->images[i];
    FILE *f = ledger->out.stream;
    for (size_t k = 0; !im->damaged && k < GAD_CLASSES * e->methods; k++)
        put_row(f, i, k, &im->rows[k]);
    fprintf(f, "image %zu %zu %d %d", i, im->item, im->damaged, im->has_truth);
    for (size_t k = 0; k < e->nets * GAD_CLASSES; k++)
        fprintf(f, " %a", (double)im->logits[k]);
    fprintf(f, " %a %a\n", im->gap[0], im->gap[1]);
    return dat_out_flush(&ledger->out, why);
}

void gad_ledger_close(struct gad_ledger *ledger)
{
    dat_out_abort(&ledger->out); /* what was flushed is there */
    free(ledger->path);
    *ledger = (struct gad_ledger){0};
}

void gad_ledger_remove(const char *dir)
{
    char *path = path_in(dir);
    if (path)
        remove(path);
    free(path);
}
