/* Random changes to a training picture that leave its class alone, so that the network sees a
 * different picture each time: another crop, mirrored, other light.
 *
 * Crops and colours follow torchvision's RandomResizedCrop and ColorJitter on Pillow images.
 */
#ifndef DAT_AUGMENT_H
#define DAT_AUGMENT_H

#include "data/image.h"
#include "engine/rng.h"

struct dat_augment {
    /* The crop's area as a part of the picture's, uniform in [scale_min, scale_max], within
     * (0, 1]; its proportions are between 3:4 and 4:3. scale_max 0: no crop. */
    float scale_min, scale_max;
    float flip;   /* probability of mirroring left and right */
    float jitter; /* brightness, contrast and saturation times 1-jitter .. 1+jitter, not below 0 */
};

/* No change: the whole picture is resized, and no random number is drawn. */
#define DAT_AUGMENT_OFF ((struct dat_augment){0})

/* *out = `in`, changed at random and resized to width x height. The same state of *r gives the
 * same picture. The caller owns *out, which must not be `in`. ENG_ARG if a setting is out of its
 * range, ENG_TOOBIG, ENG_NOMEM; *out is then empty. */
enum eng_err dat_augment_run(struct dat_image *out, const struct dat_image *in,
                             const struct dat_augment *a, size_t width, size_t height,
                             struct eng_rng *r);

#endif
