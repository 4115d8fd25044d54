/* The maps of an image under an original and its supports, and what they have in common.
 *
 *                    original   alpha 2   alpha 4   ...      intersection
 *     method, class     map       map       map      ...  ->    GAD's map
 *
 * Each net goes forward once for all methods and classes (attrib/explainer.h); its attributions are
 * reduced to a map of one number a pixel, and the maps of the nets are intersected.
 */
#ifndef GAD_MAPS_H
#define GAD_MAPS_H

#include "attrib/explainer.h"
#include "attrib/reduce.h"
#include "gad/intersect.h"
#include "gad/support.h"

struct gad_maps_options {
    const struct eng_exec *exec;
    struct attr_methods methods;
    struct attr_ig ig;
    enum attr_reduce reduce;
    struct gad_intersect intersect;
    size_t memory; /* bytes for passes, beside the nets; 0: ATTR_MEMORY_DEFAULT */
};

/* All methods, integrated gradients as Captum, and the defaults of the parts. exec is to be set. */
struct gad_maps_options gad_maps_defaults(void);

struct gad_mapper;

/* Prepares the nets of `base` and of the supports (NULL: none) for images of height x width. They
 * are borrowed while the mapper lives; options are copied. The caller frees it. */
enum eng_err gad_mapper_new(struct gad_mapper **out, struct dat_model *base,
                            struct gad_supports *supports, size_t height, size_t width,
                            const struct gad_maps_options *options, struct eng_why *why);
void gad_mapper_free(struct gad_mapper *mapper); /* NULL allowed */

/* What gad_mapper_run found for a group of images; owned by the mapper until the next run. */
struct gad_maps {
    size_t images, nets, methods, classes, pixels, channels;
    const float *logits;       /* [nets][images][outputs] */
    const float *attributions; /* of the original: [methods][classes][images][channels][pixels] */
    const double *gap;         /* of the original's ig: [classes][images] */
    const float *maps;         /* [nets][methods][classes][images][pixels] */
    const float *gad;          /* [methods][classes][images][pixels]; the original's map where there
                                  are no supports */
};

/* The map of a net (0: the original), method, class and image of the last run. */
const float *gad_maps_of(const struct gad_maps *maps, size_t net, size_t method, size_t cls,
                         size_t image);
const float *gad_maps_gad(const struct gad_maps *maps, size_t method, size_t cls, size_t image);

/* Runs images x[images][channels][height][width] for the outputs classes[class_count]. stop (NULL
 * allowed) is asked now and then; nonzero is ENG_INTERRUPTED. ENG_FORMAT if a net's output, ENG_ARG
 * if a map's value is not a finite number. */
enum eng_err gad_mapper_run(struct gad_mapper *mapper, const float *x, size_t images,
                            const size_t *classes, size_t class_count,
                            const struct gad_watch *watch, struct gad_maps *maps,
                            struct eng_why *why);

#endif
