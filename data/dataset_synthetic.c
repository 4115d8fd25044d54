/* Pictures drawn by the program itself: synthetic:SET[,count=N]. Nothing has to be there, and the
 * truth is known to the pixel. The classes take turns, each picture a scene of its own. */
#include "data/dataset_kind.h"
#include "data/synthetic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 4000, MAX_COUNT = 1000000, CLASSES = 2 };

static enum eng_err claims(const char *data, int *yes)
{
    enum dat_synthetic set;
    *yes = dat_synthetic_parse(&set, data, NULL) != ENG_MISSING;
    return ENG_OK;
}

/* Reads "synthetic:SET" or "synthetic:SET,count=N". */
static enum eng_err parse(enum dat_synthetic *set, size_t *count, const char *data,
                          struct eng_why *why)
{
    const size_t length = strcspn(data, ",");
    char name[64]; /* longer than that of any set, so what is cut is not one either */
    snprintf(name, sizeof name, "%.*s", length < sizeof name ? (int)length : -1, data);
    ENG_TRY(dat_synthetic_parse(set, name, why));

    *count = COUNT;
    if (!data[length])
        return ENG_OK;
    const char *const option = ",count=", *number = data + length + strlen(option);
    char *end;
    if (strncmp(data + length, option, strlen(option)) || *number < '0' || *number > '9' ||
        (*count = strtoul(number, &end, 10), *end) || *count < CLASSES || *count > MAX_COUNT)
        return eng_fail(why, ENG_ARG,
                        "%.100s: only ,count=N may follow the set's name; give an N from %d to %d",
                        data, CLASSES, MAX_COUNT);
    return ENG_OK;
}

static enum eng_err scan(struct dat_catalog *catalog, const char *data,
                         const struct dat_dataset_options *options, struct eng_why *why)
{
    enum dat_synthetic set;
    size_t count = 0;
    ENG_TRY(parse(&set, &count, data, why));
    if (options->size < DAT_SYNTHETIC_MIN_SIDE || options->size > DAT_SYNTHETIC_MAX_SIDE)
        return eng_fail(why, ENG_ARG,
                        "%.100s: cannot draw pictures of %zu pixels a side; ask for %d to %d", data,
                        options->size, DAT_SYNTHETIC_MIN_SIDE, DAT_SYNTHETIC_MAX_SIDE);

    catalog->drawing = (int)set;
    for (int i = 0; i < CLASSES; i++) {
        const char *name = dat_synthetic_class(set, i);
        ENG_TRY(dat_catalog_add_class(catalog, name, strlen(name)));
    }
    for (size_t i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "synthetic:%s/%zu", dat_synthetic_name(set), i);
        ENG_TRY(dat_catalog_add_item(
            catalog, &(struct dat_item){.label = (int)(i % CLASSES), .name = strdup(name)}));
    }
    return ENG_OK;
}

static enum eng_err draw(const struct dat_catalog *catalog,
                         const struct dat_dataset_options *options, size_t number,
                         struct dat_image *image, uint8_t **mask)
{
    uint8_t *truth = NULL;
    *image = (struct dat_image){0};
    if (mask && !(truth = malloc(options->size * options->size)))
        return ENG_NOMEM;
    const enum eng_err err = dat_synthetic_draw((enum dat_synthetic)catalog->drawing, options->seed,
                                                number, (int)(number % CLASSES), options->size,
                                                image, truth);
    if (err) {
        free(truth);
        return err;
    }
    if (mask)
        *mask = truth;
    return ENG_OK;
}

const struct dat_kind dat_kind_synthetic = {
    .title = "synthetic pictures",
    .wanted = "synthetic:cats-dogs",
    .classes = "*",
    .claims = claims,
    .scan = scan,
    .draw = draw,
};
