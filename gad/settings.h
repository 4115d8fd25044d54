/* The settings of gad/gad.h, parsed, for gad.c. */
#ifndef GAD_SETTINGS_H
#define GAD_SETTINGS_H

#include "data/rename.h"
#include "gad/gad.h"
#include "gad/maps.h"

struct gad_settings {
    int threads;
    char cpu[16]; /* "": none was given */
    enum eng_precision precision;
    char *support; /* folder, owned, or NULL */
    struct dat_rename map;
    size_t size, resize;
    size_t file_memory; /* bytes; 0: no bound */
    char rule[16], mean[96], std[96];
    struct gad_maps_options maps; /* without exec, and numbers of the baseline */
    char *baseline;               /* its file, owned, or NULL */
};

void gad_settings_init(struct gad_settings *settings); /* the defaults; owns nothing yet */

/* The change of the model's preparation of images. Its texts are the settings'. */
struct dat_preprocess_change gad_settings_prepare(const struct gad_settings *settings);

#endif
