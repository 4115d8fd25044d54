#include "gad/ledger.h"

#include "data/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static int get_int(char **at, long long *out)
{
    char *end;
    *out = strtoll(*at, &end, 10);
    const int ok = end != *at;
    *at = end;
    return ok;
}

static int get_rs(char **at, struct met_rs *rs)
{
    long long pixels, empty;
    if (!get_double(at, &rs->value) || !get_double(at, &rs->change) || !get_int(at, &pixels) ||
        !get_int(at, &empty))
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

static int get_row(char *at, const struct gad_evaluation *e)
{
    long long image, which, winner, gad_kind, original_kind, hit;
    struct gad_row row;
    struct met_rc *rc = &row.record.rc;
    if (!get_int(&at, &image) || !get_int(&at, &which) || !get_int(&at, &winner) ||
        !get_double(&at, &rc->ratio) || !get_double(&at, &rc->gad_area) ||
        !get_double(&at, &rc->original_area) || !get_int(&at, &gad_kind) ||
        !get_int(&at, &original_kind) || !get_rs(&at, &row.record.gad) ||
        !get_rs(&at, &row.record.sup))
        return 0;
    for (int k = 0; k < 2; k++) {
        if (!get_double(&at, &row.weight[k]) || !get_double(&at, &row.hull[k]) ||
            !get_int(&at, &hit))
            return 0;
        row.hit[k] = hit != 0;
    }
    if (image < 0 || (size_t)image >= e->count || which < 0 ||
        (size_t)which >= GAD_CLASSES * e->methods || winner < 0 || winner > 2 || gad_kind < 0 ||
        gad_kind >= MET_HULL_KIND_COUNT || original_kind < 0 ||
        original_kind >= MET_HULL_KIND_COUNT)
        return 0;
    rc->winner = (enum met_winner)winner;
    rc->gad_kind = (enum met_hull_kind)gad_kind;
    rc->original_kind = (enum met_hull_kind)original_kind;
    e->images[image].rows[which] = row;
    return 1;
}

static int get_image(char *at, struct gad_evaluation *e, size_t expected)
{
    long long image, item, damaged, truth;
    if (!get_int(&at, &image) || !get_int(&at, &item) || !get_int(&at, &damaged) ||
        !get_int(&at, &truth) || image < 0 || (size_t)image != expected || expected >= e->count)
        return 0;
    struct gad_image *im = &e->images[image];
    if (item < 0 || (size_t)item != im->item)
        return 0;
    for (size_t i = 0; i < e->nets * GAD_CLASSES; i++) {
        double v;
        if (!get_double(&at, &v))
            return 0;
        im->logits[i] = (float)v;
    }
    im->damaged = damaged != 0;
    im->has_truth = truth != 0;
    return get_double(&at, &im->gap[0]) && get_double(&at, &im->gap[1]);
}

/* Reads what counts of the file's text, and tells how many bytes that is. */
static size_t replay(char *text, struct gad_evaluation *e, size_t *done)
{
    char *line = strchr(text, '\n');
    size_t good = line ? (size_t)(line + 1 - text) : 0;
    *done = 0;
    while (line) {
        char *end = strchr(++line, '\n');
        if (!end)
            break;
        *end = '\0';
        if (strncmp(line, "row ", 4) == 0) {
            if (!get_row(line + 4, e))
                break;
        } else if (strncmp(line, "image ", 6) == 0) {
            if (!get_image(line + 6, e, *done))
                break;
            (*done)++;
            good = (size_t)(end + 1 - text);
        } else {
            break;
        }
        line = end;
    }
    return good;
}

static char *path_in(const char *dir)
{
    return dat_path_join(dir, "evaluate.partial");
}

/* What is there already: *good bytes that count, 0 if it begins anew. */
static enum eng_err read_old(const struct gad_ledger *ledger, const char *run, int replace,
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
        *good = replay((char *)bytes, e, done);
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
    if (err != ENG_OK)
        goto fail;
    ledger->stream = fopen(ledger->path, good ? "r+" : "w");
    if (!ledger->stream || (good && (ftruncate(fileno(ledger->stream), (off_t)good) != 0 ||
                                     fseek(ledger->stream, 0, SEEK_END) != 0))) {
        err = eng_fail(why, ENG_IO, "%s: %s; give another folder", ledger->path, strerror(errno));
        goto fail;
    }
    if (!good)
        fprintf(ledger->stream, "%s\n", run);
    return ENG_OK;
fail:
    gad_ledger_close(ledger);
    return err;
}

enum eng_err gad_ledger_put(struct gad_ledger *ledger, const struct gad_evaluation *e, size_t i,
                            struct eng_why *why)
{
    const struct gad_image *im = &e->images[i];
    FILE *f = ledger->stream;
    for (size_t k = 0; !im->damaged && k < GAD_CLASSES * e->methods; k++)
        put_row(f, i, k, &im->rows[k]);
    fprintf(f, "image %zu %zu %d %d", i, im->item, im->damaged, im->has_truth);
    for (size_t k = 0; k < e->nets * GAD_CLASSES; k++)
        fprintf(f, " %a", (double)im->logits[k]);
    fprintf(f, " %a %a\n", im->gap[0], im->gap[1]);
    if (fflush(f) != 0 || ferror(f))
        return eng_fail(why, ENG_IO, "%s: %s; make room for it", ledger->path, strerror(errno));
    return ENG_OK;
}

void gad_ledger_close(struct gad_ledger *ledger)
{
    if (ledger->stream)
        fclose(ledger->stream);
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
