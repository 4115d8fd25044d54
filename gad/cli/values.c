#include "gad/cli/values.h"

#include "attrib/quadrature.h"
#include "gad/bench.h"
#include "gad/cli/completion.h"
#include "gad/cli/explanation.h"
#include "metrics/sensitivity.h"

#include <string.h>

#define FIRST(name, ...)        #name,
#define SECOND(id, name)        name,
#define SECOND_SYMBOL(id, name) #name,
#define RULE(id, name)          name ":",

static const char *const archs[] = {ENG_ARCHS(FIRST) NULL};
static const char *const areas[] = {MET_AREAS(SECOND) NULL};
static const char *const augments[] = {"full", "flip", "none", NULL};
static const char *const baselines[] = {"zero", "black", "mean", NULL}; /* or a file */
static const char *const classes[] = {"all", "predicted", NULL};        /* or one by its name */
static const char *const degenerates[] = {MET_DEGENERATES(SECOND) NULL};
static const char *const dtypes[] = {"f32", "f16", "bf16", "f64", NULL};
static const char *const formats[] = {CLI_FORMATS(FIRST) NULL};
static const char *const jobs[] = {GAD_BENCH_JOBS(SECOND) NULL};
static const char *const keeps[] = {GAD_KEEPS(SECOND) NULL};
static const char *const levels[] = {ENG_CPU_LEVELS(SECOND_SYMBOL) NULL};
static const char *const methods[] = {"all", ATTR_METHODS(FIRST) NULL};
static const char *const normalises[] = {GAD_NORMALISES(SECOND) NULL};
static const char *const optims[] = {"sgd", "adam", NULL};
static const char *const precisions[] = {ENG_PRECISIONS(SECOND) NULL};
static const char *const quadratures[] = {ATTR_QUADRATURES(SECOND) NULL};
static const char *const reduces[] = {ATTR_REDUCES(SECOND) NULL};
static const char *const resizes[] = {DAT_RESIZE_RULES(SECOND) NULL};
static const char *const selects[] = {MET_SELECT_RULES(RULE) NULL};
static const char *const shells[] = {CLI_SHELLS(FIRST) NULL};
static const char *const supplements[] = {MET_SUPPLEMENTS(SECOND) NULL};

static const struct {
    const char *name;
    const char *const *values;
} rows[] = {
    {"arch", archs},
    {"area", areas},
    {"augment", augments},
    {"baseline", baselines},
    {"class", classes},
    {"completion", shells},
    {"cpu", levels},
    {"degenerate", degenerates},
    {"dtype", dtypes},
    {"format", formats},
    {"job", jobs},
    {"keep", keeps},
    {"methods", methods},
    {"normalise", normalises},
    {"occlude", baselines},
    {"optim", optims},
    {"precision", precisions},
    {"present", selects},
    {"reduce", reduces},
    {"resize-rule", resizes},
    {"rule", quadratures},
    {"select", selects},
    {"sup", supplements},
};

const char *const *cli_values_of(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].values;
    return NULL;
}
