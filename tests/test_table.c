/* The tables: totals, order of records, layout, and the paper's numbers against their source. */
#include "gad/paper.h"
#include "gad/table.h"

#include "tests/tap.h"

#include <stdint.h>

static struct gad_record record(enum met_winner winner, double ratio, enum met_hull_kind gad,
                                double rs_gad, double rs_sup)
{
    return (struct gad_record){
        .rc = {.winner = winner,
               .ratio = ratio,
               .gad_kind = gad,
               .original_kind = ratio < 0 ? MET_HULL_EMPTY : MET_HULL_POLYGON},
        .gad = {.value = rs_gad, .empty = rs_gad == 0.0},
        .sup = {.value = rs_sup, .empty = rs_sup == 0.0},
    };
}

static void totals(void)
{
    struct gad_table *table;
    CHECK(gad_table_new(&table, 4, gad_paper_methods, GAD_PAPER_METHODS) == ENG_OK &&
              gad_table_images(table) == 4 && gad_table_methods(table) == 5 &&
              strcmp(gad_table_method(table, 4), "ig") == 0 && !gad_table_method(table, 5),
          "a table of 4 images and 5 methods");
    struct gad_cell cell = gad_table_cell(table, 0, 0);
    CHECK(cell.images == 0 && cell.mean_ratio == 0.0 && cell.gad.all == 0.0 &&
              cell.gad.not_empty == 0.0,
          "an empty cell is zeros, not NaN");

    const struct gad_record records[] = {
        record(MET_WINNER_GAD, 0.25, MET_HULL_POLYGON, 0.5, 0.125),
        record(MET_WINNER_ORIGINAL, 1.25, MET_HULL_POLYGON, 0.25, 0.0),
        record(MET_WINNER_UNDEFINED, 0.0, MET_HULL_SEGMENT, 0.0, 0.125),
        record(MET_WINNER_UNDEFINED, -1.0, MET_HULL_EMPTY, 0.0, 0.25),
    };
    int put = 1;
    for (size_t i = 0; i < 4; i++)
        put &= gad_table_put(table, i, 1, 3, &records[i]) == ENG_OK;
    cell = gad_table_cell(table, 1, 3);
    CHECK(put && cell.images == 4 && cell.gad_wins == 1 && cell.original_wins == 1 &&
              cell.undefined == 2,
          "every image has one outcome");
    CHECK(cell.ratios == 3 && cell.mean_ratio == 0.5, "the mean RC is over images that have one");
    CHECK(cell.gad_hulls[MET_HULL_POLYGON] == 2 && cell.gad_hulls[MET_HULL_SEGMENT] == 1 &&
              cell.gad_hulls[MET_HULL_EMPTY] == 1 && cell.gad_hulls[MET_HULL_POINT] == 0 &&
              cell.original_hulls[MET_HULL_EMPTY] == 1 &&
              cell.original_hulls[MET_HULL_POLYGON] == 3,
          "hulls are counted by kind");
    CHECK(cell.gad.all == 0.1875 && cell.gad.not_empty == 0.375 && cell.gad.empty == 2,
          "RS of GAD: over all, and over those with a mask");
    CHECK(cell.sup.all == 0.125 && cell.sup.not_empty == 0.5 / 3 && cell.sup.empty == 1,
          "RS of the supplement");
    cell = gad_table_cell(table, 0, 3);
    CHECK(cell.images == 0, "the other class has nothing of it");

    CHECK(gad_table_get(table, 1, 1, 3) && gad_table_get(table, 1, 1, 3)->rc.ratio == 1.25,
          "a record comes back");
    CHECK(!gad_table_get(table, 1, 0, 3) && !gad_table_get(table, 4, 1, 3) &&
              !gad_table_get(table, 0, 2, 3) && !gad_table_get(table, 0, 0, 5),
          "no record where none is");
    CHECK(gad_table_put(table, 1, 1, 3, &records[0]) == ENG_STATE, "a record twice");
    CHECK(gad_table_put(table, 4, 1, 3, &records[0]) == ENG_ARG, "image out of range");
    CHECK(gad_table_put(table, 0, 2, 3, &records[0]) == ENG_ARG, "class out of range");
    CHECK(gad_table_put(table, 0, 1, 5, &records[0]) == ENG_ARG, "method out of range");
    gad_table_free(table);

    const char *const one[] = {"ig"}, *const longest[] = {"fifteen-letters"},
                      *const longer[] = {"sixteen--letters"};
    CHECK(gad_table_new(&table, 0, one, 1) == ENG_ARG && !table, "no images");
    CHECK(gad_table_new(&table, 1, one, 0) == ENG_ARG && !table, "no methods");
    CHECK(gad_table_new(&table, 1, one, GAD_TABLE_MAX_METHODS + 1) == ENG_ARG && !table,
          "too many methods");
    CHECK(gad_table_new(&table, SIZE_MAX / 2, one, 1) == ENG_TOOBIG && !table, "too many images");
    CHECK(gad_table_new(&table, 1, longer, 1) == ENG_ARG && !table, "a name too long");
    CHECK(gad_table_new(&table, 1, longest, 1) == ENG_OK, "the longest name");
    gad_table_free(table);
    gad_table_free(NULL);
}

/* The text of one printer, in memory that the next call overwrites. */
static const char *printed(int which, const struct gad_table *table, const char *dataset,
                           const char *net)
{
    static char text[8192];
    FILE *out = fmemopen(text, sizeof text, "w");
    const enum eng_err err = which == 1   ? gad_table_print1(out, table, dataset, net)
                             : which == 2 ? gad_table_print2(out, table, dataset, net)
                                          : gad_table_csv(out, table);
    fclose(out);
    return err == ENG_OK ? text : "error";
}

/* Sums whose order shows in the last bits: the tables do not depend on the order of the puts. */
static void order(void)
{
    enum { IMAGES = 301 };
    char csv[2][8192];
    for (int way = 0; way < 2; way++) {
        struct gad_table *table;
        gad_table_new(&table, IMAGES, gad_paper_methods, 1);
        for (size_t k = 0; k < IMAGES; k++) {
            const size_t image = way ? k * 97 % IMAGES : k;
            const double rs = 1.0 / (double)(3 + image * image % 1009);
            const struct gad_record r = record(MET_WINNER_GAD, rs * 0.7, MET_HULL_POLYGON, rs,
                                               rs / 3);
            gad_table_put(table, image, 0, 0, &r);
        }
        strcpy(csv[way], printed(0, table, NULL, NULL));
        const struct gad_cell cell = gad_table_cell(table, 0, 0);
        snprintf(csv[way] + strlen(csv[way]), 100, "%a %a %a", cell.mean_ratio, cell.gad.all,
                 cell.sup.all);
        gad_table_free(table);
    }
    CHECK(strcmp(csv[0], csv[1]) == 0, "records in another order: the same bits");
}

static void layout(void)
{
    struct gad_table *table;
    const char *const methods[] = {"saliency", "guided", "my,own"};
    gad_table_new(&table, 2, methods, 3);
    const struct gad_record won = record(MET_WINNER_GAD, 0.5, MET_HULL_POLYGON, 0.0159, 0.0011),
                            lost = record(MET_WINNER_ORIGINAL, 1.5, MET_HULL_POLYGON, 0.0, 0.0013),
                            none = record(MET_WINNER_UNDEFINED, 0.0, MET_HULL_POINT, 0.0, 0.001);
    gad_table_put(table, 0, 0, 0, &won);
    gad_table_put(table, 1, 0, 0, &lost);
    gad_table_put(table, 0, 1, 1, &won);
    gad_table_put(table, 1, 1, 1, &none);

    const char *text = printed(1, table, NULL, NULL);
    CHECK(strcmp(text, "Table 1. Of 2 images, those with the smaller hull (GAD's if RC < 1).\n"
                       "                        S         GB     my,own\n"
                       "Orig.1                  1          -          -\n"
                       "GAD 1                   1          -          -\n"
                       "undefined 1             0          -          -\n"
                       "Orig.2                  -          0          -\n"
                       "GAD 2                   -          1          -\n"
                       "undefined 2             -          1          -\n"
                       "Hulls of fewer than three corners:\n"
                       "Orig.1                  0          -          -\n"
                       "GAD 1                   0          -          -\n"
                       "Orig.2                  -          0          -\n"
                       "GAD 2                   -          1          -\n") == 0,
          "Table 1");
    text = printed(2, table, NULL, NULL);
    CHECK(strcmp(text, "Table 2. Mean RS, the change of the output per hidden pixel, times 100.\n"
                       "                        S         GB     my,own\n"
                       "Sup.1              0.1200          -          -\n"
                       "GAD 1              0.7950          -          -\n"
                       "Sup.2                   -     0.1050          -\n"
                       "GAD 2                   -     0.7950          -\n"
                       "As it is:\n"
                       "Sup.1           1.200e-03          -          -\n"
                       "GAD 1           7.950e-03          -          -\n"
                       "Sup.2                   -  1.050e-03          -\n"
                       "GAD 2                   -  7.950e-03          -\n"
                       "Empty masks, counted as 0:\n"
                       "Sup.1                   0          -          -\n"
                       "GAD 1                   1          -          -\n"
                       "Sup.2                   -          0          -\n"
                       "GAD 2                   -          1          -\n") == 0,
          "Table 2");
    text = printed(1, table, "birds", "resnet18");
    CHECK(strstr(text, "Orig.1                  1          -          -\n"
                       "  paper               153          0          -\n") &&
              strstr(text, "GAD 2                   -          1          -\n"
                           "  paper               337        470          -\n"),
          "the paper's wins under ours");
    text = printed(2, table, "cats-dogs", "VGG16");
    CHECK(strstr(text, "GAD 1              0.7950          -          -\n"
                       "  paper            0.1300     1.5900          -\n"),
          "the paper's RS under ours");
    text = printed(2, table, "cats-dogs", "alexnet");
    CHECK(!strstr(text, "paper"), "a net that the paper does not have");

    text = printed(0, table, NULL, NULL);
    size_t lines = 0, fields = 1;
    for (const char *p = text; *p; p++) {
        lines += *p == '\n';
        fields += lines == 0 && *p == ',';
    }
    CHECK(lines == 7 && fields == 22, "CSV: a header of 22 fields and 2 x 3 lines");
    CHECK(strstr(text, "class,method,images,gad_wins,original_wins,undefined,") == text &&
              strstr(text, "\n1,saliency,2,1,1,0,2,1,0,0,0,2,0,0,0,2,0.00795,0.0159,1,") &&
              strstr(text, "\n2,guided,2,1,0,1,2,0.25,0,1,0,1,0,0,0,2,0.00795,0.0159,1,") &&
              strstr(text, "\n2,\"my,own\",0,0,"),
          "CSV: fields");

    FILE *full = fopen("/dev/full", "w");
    if (full) {
        setvbuf(full, NULL, _IONBF, 0);
        CHECK(gad_table_print1(full, table, NULL, NULL) == ENG_IO, "Table 1 to a full disk");
        CHECK(gad_table_print2(full, table, NULL, NULL) == ENG_IO, "Table 2 to a full disk");
        CHECK(gad_table_csv(full, table) == ENG_IO, "CSV to a full disk");
        fclose(full);
    } else {
        tap_skip("no /dev/full here: writing to a full disk");
    }
    gad_table_free(table);
}

/* Reads the published tables as a file has them and compares number by number. */
static void published(const char *name, int which)
{
    char path[1024], line[256];
    snprintf(path, sizeof path, "%s/papers/%s", tap_shared(), name);
    FILE *in = fopen(path, "r");
    if (!in) {
        char reason[1100];
        snprintf(reason, sizeof reason, "no %s: the paper's table %d", path, which);
        tap_skip(reason);
        return;
    }
    int lines = 0, same = 1;
    const char *const *rows = which == 1 ? gad_paper_rows1 : gad_paper_rows2;
    same &= fgets(line, sizeof line, in) != NULL;
    while (fgets(line, sizeof line, in)) {
        char dataset[32], net[32], row[32];
        double v[GAD_PAPER_METHODS];
        same &= sscanf(line, "%31[^,],%31[^,],%31[^,],%lf,%lf,%lf,%lf,%lf", dataset, net, row, v,
                       v + 1, v + 2, v + 3, v + 4) == 8;
        same &= strcmp(row, rows[lines % GAD_PAPER_ROWS]) == 0;
        for (size_t m = 0; m < GAD_PAPER_METHODS; m++) {
            const size_t at = (size_t)lines % GAD_PAPER_ROWS;
            const double ours = which == 1
                                    ? (double)gad_paper_table1(dataset, net, at,
                                                               gad_paper_methods[m])
                                    : gad_paper_table2(dataset, net, at, gad_paper_methods[m]);
            same &= ours == v[m];
        }
        lines++;
    }
    fclose(in);
    CHECK(same && lines == 16, "the paper's table %d, %d lines, is the published one", which,
          lines);
}

static void paper(void)
{
    /* The points of a cell cannot be more than the images. */
    int sums = 1;
    size_t missing = 0;
    const char *const datasets[] = {"cats-dogs", "birds"}, *const nets[] = {"VGG16", "ResNet18"};
    for (size_t i = 0; i < 4; i++) {
        for (size_t m = 0; m < GAD_PAPER_METHODS; m++) {
            for (size_t row = 0; row < GAD_PAPER_ROWS; row += 2) {
                const int sum = gad_paper_table1(datasets[i / 2], nets[i % 2], row,
                                                 gad_paper_methods[m]) +
                                gad_paper_table1(datasets[i / 2], nets[i % 2], row + 1,
                                                 gad_paper_methods[m]);
                sums &= sum > 0 && sum <= GAD_PAPER_IMAGES;
                missing += (size_t)(GAD_PAPER_IMAGES - sum);
            }
        }
    }
    CHECK(sums && missing == 676, "%zu images of 20480 have no winner in the paper", missing);
    CHECK(gad_paper_table1("birds", "vgg16", 3, "ig") == 504, "nets by any case");
    CHECK(gad_paper_table1("fish", "VGG16", 0, "ig") == -1 &&
              gad_paper_table1("birds", "VGG16", 4, "ig") == -1 &&
              gad_paper_table1("birds", "VGG16", 0, "idgi") == -1 &&
              gad_paper_table1(NULL, NULL, 0, "ig") == -1 &&
              gad_paper_table2("birds", NULL, 0, "ig") == -1.0 &&
              gad_paper_table2("birds", "VGG16", 9, "ig") == -1.0,
          "what the paper does not have");
    CHECK(strcmp(gad_paper_heading("gradxinput"), "GxI") == 0 &&
              strcmp(gad_paper_heading("idgi"), "idgi") == 0,
          "headings");
    published("table1.csv", 1);
    published("table2.csv", 2);
}

int main(void)
{
    totals();
    order();
    layout();
    paper();
    return tap_done();
}
