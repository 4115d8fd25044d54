/* What is found out about one image, and the files that it becomes in a folder of its own:
 *
 *     png    METHOD.classK.png, .overlay.png, .hulls.png, and with supports .gad.png and
 *            .gad.overlay.png: to look at
 *     npy    METHOD.classK.npy, the attribution (3,H,W), and .gad.npy, GAD's map (H,W)
 *     npz    maps.npz: the same arrays in one file, METHOD.classK and METHOD.classK.gad
 *     json   explain.json: what the model says; of each method and class sums, extremes, the
 *            outlines of the important pixels, and RC
 *
 * A new format is a row of the list and a function of its name. */
#ifndef CLI_EXPLANATION_H
#define CLI_EXPLANATION_H

#include "gad/cli/images.h"
#include "gad/maps.h"
#include "metrics/complexity.h"

#define CLI_FORMATS(X) X(png) X(npy) X(npz) X(json)

enum cli_format {
#define CLI_FORMAT(name) CLI_FORMAT_##name,
    CLI_FORMATS(CLI_FORMAT)
#undef CLI_FORMAT
};

/* *formats = the bits 1 << CLI_FORMAT_x of "png,npy"; ENG_ARG, and the names there are, for any
 * other. */
enum eng_err cli_formats_parse(unsigned *formats, const char *text, struct eng_why *why);

/* The original's and GAD's important pixels, of one method and class. */
struct cli_hulls {
    struct met_hull original, gad; /* gad: empty without supports */
};

struct cli_explanation {
    const struct cli_image *image;
    const struct dat_model *model;
    const struct gad_maps_options *options;
    const struct met_select *select;
    const struct gad_maps *maps; /* of this one image */
    const size_t *classes;       /* [maps->classes]: the outputs that were explained */
    int has_gad;                 /* there are supports */
    float *probabilities;        /* [outputs], owned */
    struct cli_hulls *hulls;     /* [methods][classes], owned */
};

/* Completes what the caller has set (all that is borrowed, and has_gad) by what is owned; the
 * caller releases it, on error, too. */
enum eng_err cli_explanation_complete(struct cli_explanation *e, struct eng_why *why);
void cli_explanation_release(struct cli_explanation *e);

/* Writes the files of these formats to the folder, which is there. */
enum eng_err cli_explanation_write(const struct cli_explanation *e, unsigned formats,
                                   const char *folder, struct eng_why *why);
#define CLI_FORMAT(name)                                                                           \
    enum eng_err cli_explanation_write_##name(const struct cli_explanation *e, const char *folder, \
                                              struct eng_why *why);
CLI_FORMATS(CLI_FORMAT)
#undef CLI_FORMAT

/* "METHOD.classK" and a tail, of number k = method * classes + class of the maps. */
enum { CLI_MAP_NAME = 128 };
void cli_explanation_name(const struct cli_explanation *e, size_t k, const char *tail,
                          char name[CLI_MAP_NAME]);

#endif
