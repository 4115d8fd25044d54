/* An explanation to look at. Pictures of small nets are enlarged by a whole factor, so that they
 * are WIDE pixels wide or more. */
#include "data/file.h"
#include "data/png.h"
#include "engine/sizes.h"
#include "gad/cli/explanation.h"
#include "gad/picture.h"

#include <stdio.h>
#include <stdlib.h>

enum { WIDE = 224 };

/* Writes the picture, and releases it. */
static enum eng_err save(const struct cli_explanation *e, size_t k, const char *tail,
                         const char *folder, struct dat_image *picture, struct eng_why *why)
{
    char name[CLI_MAP_NAME];
    cli_explanation_name(e, k, tail, name);
    char *path = dat_path_join(folder, name);
    const enum eng_err err = path ? dat_png_write(path, picture->rgb, picture->width,
                                                  picture->height, 3, why)
                                  : eng_fail(why, ENG_NOMEM, "out of memory");
    free(path);
    dat_image_release(picture);
    return err;
}

/* A map as heat and as overlay, as strong as it is beside `scale`; `middle` is "" or ".gad". */
static enum eng_err save_map(const struct cli_explanation *e, size_t k, const char *middle,
                             const char *folder, const float *map, const float *scale,
                             const struct dat_image *photo, struct eng_why *why)
{
    const size_t width = e->image->width, height = e->image->height;
    struct dat_image small, picture;
    double top;
    char tail[32];
    ENG_TRY(gad_picture_top(&top, scale, width * height, GAD_PICTURE_P99));
    int negative = 0;
    for (size_t i = 0; i < width * height; i++)
        negative |= map[i] < 0;
    ENG_TRY(negative ? gad_picture_signed(&small, map, width, height, top)
                     : gad_picture_heat(&small, map, width, height, top));
    const enum eng_err err = gad_picture_enlarge(&picture, &small, photo->width / width,
                                                 GAD_PICTURE_BLOCKS);
    dat_image_release(&small);
    if (err != ENG_OK)
        return err;
    snprintf(tail, sizeof tail, "%s.png", middle);
    ENG_TRY(save(e, k, tail, folder, &picture, why));
    ENG_TRY(gad_picture_overlay(&picture, photo, map, width, height, top));
    snprintf(tail, sizeof tail, "%s.overlay.png", middle);
    return save(e, k, tail, folder, &picture, why);
}

/* The photo under the original's hull and, with supports, GAD's. */
static enum eng_err save_hulls(const struct cli_explanation *e, size_t k, const char *folder,
                               const struct dat_image *photo, struct eng_why *why)
{
    const size_t width = e->image->width, height = e->image->height;
    struct dat_image picture;
    ENG_TRY(gad_picture_enlarge(&picture, photo, 1, GAD_PICTURE_BLOCKS));
    enum eng_err err = gad_picture_draw_hull(&picture, &e->hulls[k].original, width, height,
                                             GAD_PICTURE_RED);
    if (err == ENG_OK) /* which is empty without supports */
        err = gad_picture_draw_hull(&picture, &e->hulls[k].gad, width, height, GAD_PICTURE_GREEN);
    if (err == ENG_OK)
        return save(e, k, ".hulls.png", folder, &picture, why);
    dat_image_release(&picture);
    return err;
}

enum eng_err cli_explanation_write_png(const struct cli_explanation *e, const char *folder,
                                       struct eng_why *why)
{
    const struct gad_maps *m = e->maps;
    const size_t side = eng_max(e->image->width, e->image->height);
    const size_t times = side < WIDE ? eng_ceil_div(WIDE, side) : 1;
    struct dat_image photo;
    ENG_TRY(gad_picture_enlarge(&photo, &e->image->picture, times, GAD_PICTURE_SMOOTH));
    enum eng_err err = ENG_OK;
    for (size_t k = 0; err == ENG_OK && k < m->methods * m->classes; k++) {
        const float *map = m->maps + k * m->pixels, *gad = m->gad + k * m->pixels;
        err = save_map(e, k, "", folder, map, map, &photo, why);
        if (err == ENG_OK)
            err = save_hulls(e, k, folder, &photo, why);
        if (err == ENG_OK && e->has_gad)
            err = save_map(e, k, ".gad", folder, gad, map, &photo, why);
    }
    dat_image_release(&photo);
    return err;
}
