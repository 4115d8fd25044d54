#include "gad/paper.h"

#include <string.h>
#include <strings.h>

const char *const gad_paper_methods[GAD_PAPER_METHODS] = {"saliency", "deconv", "gradxinput",
                                                          "guided", "ig"};
const char *const gad_paper_rows1[GAD_PAPER_ROWS] = {"Orig.1", "GAD 1", "Orig.2", "GAD 2"};
const char *const gad_paper_rows2[GAD_PAPER_ROWS] = {"Sup.1", "GAD 1", "Sup.2", "GAD 2"};

static const char *const headings[GAD_PAPER_METHODS] = {"S", "D", "GxI", "GB", "IG"};

struct experiment {
    const char *dataset, *net;
    short wins[GAD_PAPER_ROWS][GAD_PAPER_METHODS];
    double rs[GAD_PAPER_ROWS][GAD_PAPER_METHODS];
};

/* clang-format off */
static const struct experiment experiments[] = {
    {"cats-dogs", "VGG16",
     {{357,   0,  15,   4,  17},
      {155, 512, 490, 427, 480},
      {159,   0,   2,   3,   0},
      {348, 512, 494, 428, 486}},
     {{0.0800, 0.0029, 0.0052, 0.1100, 0.0100},
      {0.1300, 0.0056, 0.1200, 1.5900, 0.1300},
      {0.2400, 0.0029, 0.0051, 0.1500, 0.0096},
      {0.2500, 0.0062, 0.5600, 1.8200, 0.4900}}},
    {"cats-dogs", "ResNet18",
     {{122,   0,   2,  10,   7},
      {390, 512, 492, 453, 497},
      {130,   0,   3,   5,   2},
      {380, 512, 490, 460, 488}},
     {{0.0600, 0.0013, 0.0016, 0.1300, 0.0016},
      {0.0300, 0.0024, 0.0700, 0.5100, 0.1200},
      {0.0500, 0.0012, 0.0016, 0.1000, 0.0020},
      {0.0700, 0.0024, 0.1600, 0.4700, 0.1600}}},
    {"birds", "VGG16",
     {{270,   0,   9,   0,   1},
      {240, 511, 488, 450, 500},
      {301,   0,  10,   0,   0},
      {210, 510, 494, 451, 504}},
     {{0.2500, 0.0027, 0.0800, 0.0100, 0.0100},
      {0.2000, 0.0056, 0.5400, 1.2800, 0.5500},
      {0.1500, 0.0030, 0.0092, 0.0100, 0.0072},
      {0.1300, 0.0068, 0.3600, 1.4100, 0.3800}}},
    {"birds", "ResNet18",
     {{153,   0,   1,   0,   0},
      {358, 512, 504, 472, 506},
      {174,   0,   2,   0,   0},
      {337, 512, 506, 470, 504}},
     {{0.1100, 0.0020, 0.0045, 0.0100, 0.0094},
      {0.0400, 0.0048, 0.1700, 1.0300, 0.2900},
      {0.0500, 0.0019, 0.0037, 0.0100, 0.0026},
      {0.0500, 0.0048, 0.1600, 1.0400, 0.2000}}},
};
/* clang-format on */

static const struct experiment *find(const char *dataset, const char *net)
{
    if (!dataset || !net)
        return NULL;
    for (size_t i = 0; i < sizeof experiments / sizeof experiments[0]; i++)
        if (strcasecmp(experiments[i].dataset, dataset) == 0 &&
            strcasecmp(experiments[i].net, net) == 0)
            return &experiments[i];
    return NULL;
}

/* The column of a method, or GAD_PAPER_METHODS if it has none. */
static size_t column(const char *method)
{
    size_t i = 0;
    while (i < GAD_PAPER_METHODS && strcmp(gad_paper_methods[i], method) != 0)
        i++;
    return i;
}

const char *gad_paper_heading(const char *method)
{
    const size_t at = column(method);
    return at < GAD_PAPER_METHODS ? headings[at] : method;
}

int gad_paper_table1(const char *dataset, const char *net, size_t row, const char *method)
{
    const struct experiment *found = find(dataset, net);
    const size_t at = column(method);
    if (!found || row >= GAD_PAPER_ROWS || at >= GAD_PAPER_METHODS)
        return -1;
    return found->wins[row][at];
}

double gad_paper_table2(const char *dataset, const char *net, size_t row, const char *method)
{
    const struct experiment *found = find(dataset, net);
    const size_t at = column(method);
    if (!found || row >= GAD_PAPER_ROWS || at >= GAD_PAPER_METHODS)
        return -1.0;
    return found->rs[row][at];
}
