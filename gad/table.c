#include "gad/table.h"

#include "gad/paper.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct slot {
    bool filled;
    struct gad_record record;
};

struct gad_table {
    size_t images, methods;
    char names[GAD_TABLE_MAX_METHODS][16];
    struct slot *slots; /* [image][class][method] */
};

enum eng_err gad_table_new(struct gad_table **table, size_t images, const char *const *methods,
                           size_t count)
{
    *table = NULL;
    if (images == 0 || count == 0 || count > GAD_TABLE_MAX_METHODS)
        return ENG_ARG;
    for (size_t i = 0; i < count; i++)
        if (strlen(methods[i]) >= sizeof(*table)->names[0])
            return ENG_ARG;
    if (images > SIZE_MAX / (GAD_TABLE_CLASSES * GAD_TABLE_MAX_METHODS))
        return ENG_TOOBIG;

    struct gad_table *t = calloc(1, sizeof *t);
    if (!t)
        return ENG_NOMEM;
    t->slots = calloc(images * GAD_TABLE_CLASSES * count, sizeof *t->slots);
    if (!t->slots) {
        free(t);
        return ENG_NOMEM;
    }
    t->images = images;
    t->methods = count;
    for (size_t i = 0; i < count; i++)
        strcpy(t->names[i], methods[i]);
    *table = t;
    return ENG_OK;
}

void gad_table_free(struct gad_table *table)
{
    if (table)
        free(table->slots);
    free(table);
}

size_t gad_table_images(const struct gad_table *table)
{
    return table->images;
}

size_t gad_table_methods(const struct gad_table *table)
{
    return table->methods;
}

const char *gad_table_method(const struct gad_table *table, size_t method)
{
    return method < table->methods ? table->names[method] : NULL;
}

static struct slot *slot_of(const struct gad_table *table, size_t image, size_t cls, size_t method)
{
    if (image >= table->images || cls >= GAD_TABLE_CLASSES || method >= table->methods)
        return NULL;
    return &table->slots[(image * GAD_TABLE_CLASSES + cls) * table->methods + method];
}

enum eng_err gad_table_put(struct gad_table *table, size_t image, size_t cls, size_t method,
                           const struct gad_record *record)
{
    struct slot *slot = slot_of(table, image, cls, method);
    if (!slot)
        return ENG_ARG;
    if (slot->filled)
        return ENG_STATE;
    *slot = (struct slot){.filled = true, .record = *record};
    return ENG_OK;
}

const struct gad_record *gad_table_get(const struct gad_table *table, size_t image, size_t cls,
                                       size_t method)
{
    const struct slot *slot = slot_of(table, image, cls, method);
    return slot && slot->filled ? &slot->record : NULL;
}

/* While records come in, `all` is the sum; an empty mask adds 0 to it. */
static void add_rs(struct gad_mean *mean, const struct met_rs *rs)
{
    mean->all += rs->value;
    mean->empty += rs->empty;
}

static void finish_rs(struct gad_mean *mean, size_t images)
{
    const double sum = mean->all;
    mean->all = images > 0 ? sum / (double)images : 0.0;
    mean->not_empty = images > mean->empty ? sum / (double)(images - mean->empty) : 0.0;
}

struct gad_cell gad_table_cell(const struct gad_table *table, size_t cls, size_t method)
{
    struct gad_cell cell = {0};
    for (size_t image = 0; image < table->images; image++) {
        const struct gad_record *record = gad_table_get(table, image, cls, method);
        if (!record)
            continue;
        const struct met_rc *rc = &record->rc;
        cell.images++;
        cell.gad_wins += rc->winner == MET_WINNER_GAD;
        cell.original_wins += rc->winner == MET_WINNER_ORIGINAL;
        cell.undefined += rc->winner == MET_WINNER_UNDEFINED;
        cell.gad_hulls[rc->gad_kind]++;
        cell.original_hulls[rc->original_kind]++;
        if (rc->ratio >= 0.0) {
            cell.ratios++;
            cell.mean_ratio += rc->ratio;
        }
        add_rs(&cell.gad, &record->gad);
        add_rs(&cell.sup, &record->sup);
    }
    if (cell.ratios > 0)
        cell.mean_ratio /= (double)cell.ratios;
    finish_rs(&cell.gad, cell.images);
    finish_rs(&cell.sup, cell.images);
    return cell;
}

/* What a line of a printed table shows in each column. */
enum shown { WINS, UNDEFINED, NO_AREA, RS_TIMES_100, RS, EMPTY };

/* `at` is the paper's row: class at / 2, and with GAD if it is odd. */
static void print_row(FILE *out, const struct gad_table *table, const char *label, size_t at,
                      enum shown shown)
{
    const bool with_gad = at % 2 == 1;
    fprintf(out, "%-14s", label);
    for (size_t method = 0; method < table->methods; method++) {
        const struct gad_cell cell = gad_table_cell(table, at / 2, method);
        const struct gad_mean *rs = with_gad ? &cell.gad : &cell.sup;
        const size_t *hulls = with_gad ? cell.gad_hulls : cell.original_hulls;
        if (cell.images == 0) {
            fprintf(out, " %10s", "-");
            continue;
        }
        switch (shown) {
        case WINS:
            fprintf(out, " %10zu", with_gad ? cell.gad_wins : cell.original_wins);
            break;
        case UNDEFINED:
            fprintf(out, " %10zu", cell.undefined);
            break;
        case NO_AREA:
            fprintf(out, " %10zu", cell.images - hulls[MET_HULL_POLYGON]);
            break;
        case RS_TIMES_100:
            fprintf(out, " %10.4f", 100.0 * rs->all);
            break;
        case RS:
            fprintf(out, " %10.3e", rs->all);
            break;
        case EMPTY:
            fprintf(out, " %10zu", rs->empty);
            break;
        }
    }
    fputc('\n', out);
}

/* The paper's numbers of one row, if it has this dataset and net. */
static void print_paper_row(FILE *out, const struct gad_table *table, size_t at, enum shown shown,
                            const char *dataset, const char *net)
{
    if (gad_paper_table1(dataset, net, at, gad_paper_methods[0]) < 0)
        return;
    fprintf(out, "%-14s", "  paper");
    for (size_t method = 0; method < table->methods; method++) {
        const int wins = gad_paper_table1(dataset, net, at, table->names[method]);
        const double rs = gad_paper_table2(dataset, net, at, table->names[method]);
        if (wins < 0)
            fprintf(out, " %10s", "-");
        else if (shown == WINS)
            fprintf(out, " %10d", wins);
        else
            fprintf(out, " %10.4f", rs);
    }
    fputc('\n', out);
}

static void print_heading(FILE *out, const struct gad_table *table)
{
    fprintf(out, "%-14s", "");
    for (size_t method = 0; method < table->methods; method++)
        fprintf(out, " %10.10s", gad_paper_heading(table->names[method]));
    fputc('\n', out);
}

enum eng_err gad_table_print1(FILE *out, const struct gad_table *table, const char *dataset,
                              const char *net)
{
    static const char *const undefined[] = {"undefined 1", "undefined 2"};
    fprintf(out, "Table 1. Of %zu images, those with the smaller hull (GAD's if RC < 1).\n",
            table->images);
    print_heading(out, table);
    for (size_t at = 0; at < GAD_PAPER_ROWS; at++) {
        print_row(out, table, gad_paper_rows1[at], at, WINS);
        print_paper_row(out, table, at, WINS, dataset, net);
        if (at % 2 == 1)
            print_row(out, table, undefined[at / 2], at, UNDEFINED);
    }
    fprintf(out, "Hulls of fewer than three corners:\n");
    for (size_t at = 0; at < GAD_PAPER_ROWS; at++)
        print_row(out, table, gad_paper_rows1[at], at, NO_AREA);
    return ferror(out) ? ENG_IO : ENG_OK;
}

enum eng_err gad_table_print2(FILE *out, const struct gad_table *table, const char *dataset,
                              const char *net)
{
    fprintf(out, "Table 2. Mean RS, the change of the output per hidden pixel, times 100.\n");
    print_heading(out, table);
    for (size_t at = 0; at < GAD_PAPER_ROWS; at++) {
        print_row(out, table, gad_paper_rows2[at], at, RS_TIMES_100);
        print_paper_row(out, table, at, RS_TIMES_100, dataset, net);
    }
    fprintf(out, "As it is:\n");
    for (size_t at = 0; at < GAD_PAPER_ROWS; at++)
        print_row(out, table, gad_paper_rows2[at], at, RS);
    fprintf(out, "Empty masks, counted as 0:\n");
    for (size_t at = 0; at < GAD_PAPER_ROWS; at++)
        print_row(out, table, gad_paper_rows2[at], at, EMPTY);
    return ferror(out) ? ENG_IO : ENG_OK;
}

/* A field of CSV; quoted where the name of a method holds what would break the line. */
static void csv_text(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

enum eng_err gad_table_csv(FILE *out, const struct gad_table *table)
{
    fputs("class,method,images,gad_wins,original_wins,undefined,ratios,mean_ratio", out);
    for (int kind = 0; kind < MET_HULL_KIND_COUNT; kind++)
        fprintf(out, ",gad_%s", met_hull_kind_name((enum met_hull_kind)kind));
    for (int kind = 0; kind < MET_HULL_KIND_COUNT; kind++)
        fprintf(out, ",original_%s", met_hull_kind_name((enum met_hull_kind)kind));
    fputs(",rs_gad,rs_gad_not_empty,empty_gad,rs_sup,rs_sup_not_empty,empty_sup\n", out);

    for (size_t cls = 0; cls < GAD_TABLE_CLASSES; cls++) {
        for (size_t method = 0; method < table->methods; method++) {
            const struct gad_cell cell = gad_table_cell(table, cls, method);
            fprintf(out, "%zu,", cls + 1);
            csv_text(out, table->names[method]);
            fprintf(out, ",%zu,%zu,%zu,%zu,%zu,%.9g", cell.images, cell.gad_wins,
                    cell.original_wins, cell.undefined, cell.ratios, cell.mean_ratio);
            for (int kind = 0; kind < MET_HULL_KIND_COUNT; kind++)
                fprintf(out, ",%zu", cell.gad_hulls[kind]);
            for (int kind = 0; kind < MET_HULL_KIND_COUNT; kind++)
                fprintf(out, ",%zu", cell.original_hulls[kind]);
            fprintf(out, ",%.9g,%.9g,%zu,%.9g,%.9g,%zu\n", cell.gad.all, cell.gad.not_empty,
                    cell.gad.empty, cell.sup.all, cell.sup.not_empty, cell.sup.empty);
        }
    }
    return ferror(out) ? ENG_IO : ENG_OK;
}
