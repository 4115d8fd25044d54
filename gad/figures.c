#include "gad/figures.h"

#include "data/file.h"
#include "data/png.h"
#include "gad/picture.h"
#include "gad/predict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES = 2, LEAST = 5, WIDE = 224 };

struct figures {
    struct gad_evaluation *e;
    struct dat_json_out *json;
    struct eng_why *why;
    struct gad_mapper *mapper;
    size_t width, height, times;
    float *x;
    char *folder;
};

/* One image under all nets. */
struct shot {
    size_t number; /* in the evaluation */
    struct dat_image photo;
    struct gad_maps maps;
};

static const char *item_name(const struct figures *f, size_t number)
{
    return dat_dataset_item(f->e->set, f->e->images[number].item)->name;
}

static size_t label_of(const struct figures *f, size_t number)
{
    return (size_t)dat_dataset_item(f->e->set, f->e->images[number].item)->label;
}

static size_t predicted(const struct figures *f, size_t number)
{
    return gad_argmax(f->e->images[number].logits, GAD_CLASSES);
}

static enum eng_err take(struct figures *f, struct shot *shot, size_t number)
{
    static const size_t classes[GAD_CLASSES] = {0, 1};
    struct met_mask truth;
    shot->number = number;
    ENG_TRY(
        gad_evaluation_read(f->e, f->e->images[number].item, &shot->photo, f->x, &truth, f->why));
    met_mask_release(&truth);
    const enum eng_err err = gad_mapper_run(f->mapper, f->x, 1, classes, GAD_CLASSES,
                                            f->e->options->watch, &shot->maps, f->why);
    if (err != ENG_OK)
        dat_image_release(&shot->photo);
    return err;
}

/* Writes a picture and its name as the value of `key`; the picture is released. */
static enum eng_err save(struct figures *f, const char *key, const char *name,
                         struct dat_image *picture)
{
    char file[96], relative[112];
    snprintf(file, sizeof file, "%s.png", name);
    snprintf(relative, sizeof relative, "pictures/%s", file);
    char *path = dat_path_join(f->folder, file);
    const enum eng_err err = path ? dat_png_write(path, picture->rgb, picture->width,
                                                  picture->height, 3, f->why)
                                  : eng_fail(f->why, ENG_NOMEM, "out of memory");
    free(path);
    dat_image_release(picture);
    dat_json_out_key(f->json, key);
    dat_json_out_string(f->json, relative);
    return err;
}

static enum eng_err save_photo(struct figures *f, const struct shot *shot, const char *name)
{
    struct dat_image picture;
    ENG_TRY(gad_picture_enlarge(&picture, &shot->photo, f->times, GAD_PICTURE_SMOOTH));
    return save(f, "photo", name, &picture);
}

/* A map as heat; black is what it is in `scale`, so that GAD's map, held against the original's,
 * shows what was taken away. */
static enum eng_err save_heat(struct figures *f, const char *key, const char *name,
                              const float *map, const float *scale)
{
    struct dat_image small, picture;
    double top;
    ENG_TRY(gad_picture_top(&top, scale, f->width * f->height, GAD_PICTURE_P99));
    ENG_TRY(gad_picture_heat(&small, map, f->width, f->height, top));
    const enum eng_err err = gad_picture_enlarge(&picture, &small, f->times, GAD_PICTURE_BLOCKS);
    dat_image_release(&small);
    return err == ENG_OK ? save(f, key, name, &picture) : err;
}

static enum eng_err hull_of(struct figures *f, struct met_hull *hull, const struct met_select *how,
                            const float *map, const float *original)
{
    struct met_mask mask;
    ENG_TRY(met_select_pixels(&mask, how, map, original, f->width, f->height, f->why));
    const enum eng_err err = met_hull_of_mask(hull, &mask);
    met_mask_release(&mask);
    return err;
}

static void text(struct figures *f, const char *key, const char *value)
{
    dat_json_out_key(f->json, key);
    dat_json_out_string(f->json, value);
}

/* image, label, predicted, class: what all figures say of an image. */
static void describe(struct figures *f, size_t number, size_t cls)
{
    char **names = f->e->model.class_names;
    text(f, "image", item_name(f, number));
    text(f, "label", names[label_of(f, number)]);
    text(f, "predicted", names[predicted(f, number)]);
    text(f, "class", names[cls]);
}

static size_t method_or_last(const struct figures *f, const char *name)
{
    const struct attr_methods *methods = &f->e->options->maps.methods;
    for (size_t i = 0; i < methods->count; i++)
        if (strcmp(methods->at[i]->name, name) == 0)
            return i;
    return methods->count - 1;
}

/* Numbers of the readable images of a class, by its own output ascending, at most `most`. */
static size_t least_activated(const struct figures *f, size_t cls, size_t most, size_t *out)
{
    size_t count = 0;
    for (size_t i = 0; i < f->e->count; i++) {
        if (f->e->images[i].damaged || label_of(f, i) != cls)
            continue;
        const float logit = f->e->images[i].logits[cls];
        size_t at = count < most ? count++ : most;
        while (at > 0 && logit < f->e->images[out[at - 1]].logits[cls]) {
            if (at < most)
                out[at] = out[at - 1];
            at--;
        }
        if (at < most)
            out[at] = i;
    }
    return count;
}

/* ---- the figures ---------------------------------------------------------------------------- */

static enum eng_err figure3(struct figures *f)
{
    size_t number = (size_t)-1;
    for (size_t i = 0; i < f->e->count && number == (size_t)-1; i++)
        if (!f->e->images[i].damaged && predicted(f, i) != label_of(f, i))
            number = i;
    if (number == (size_t)-1 && least_activated(f, 0, 1, &number) == 0)
        return ENG_OK;
    struct shot shot;
    ENG_TRY(take(f, &shot, number));
    const size_t method = method_or_last(f, "ig"), cls = predicted(f, number);
    dat_json_out_key(f->json, "fig3");
    dat_json_out_object(f->json);
    describe(f, number, cls);
    text(f, "method", f->e->options->maps.methods.at[method]->title);
    dat_json_out_key(f->json, "logits");
    dat_json_out_array(f->json);
    for (size_t c = 0; c < GAD_CLASSES; c++)
        dat_json_out_float(f->json, f->e->images[number].logits[c]);
    dat_json_out_end(f->json);
    enum eng_err err = save_photo(f, &shot, "fig3-photo");
    dat_json_out_key(f->json, "maps");
    dat_json_out_array(f->json);
    for (size_t net = 0; err == ENG_OK && net <= f->e->nets; net++) {
        char name[48], caption[64] = "original", alpha[32];
        const float *map = net < f->e->nets ? gad_maps_of(&shot.maps, net, method, cls, 0)
                                            : gad_maps_gad(&shot.maps, method, cls, 0);
        if (net == f->e->nets) {
            snprintf(caption, sizeof caption, "intersection");
        } else if (net) {
            gad_alpha_text(&f->e->supports.at[net - 1].alpha, alpha);
            snprintf(caption, sizeof caption, "alpha %s", alpha);
        }
        snprintf(name, sizeof name, "fig3-map%zu", net);
        dat_json_out_object(f->json);
        err = save_heat(f, "file", name, map,
                        net < f->e->nets ? map : gad_maps_of(&shot.maps, 0, method, cls, 0));
        text(f, "caption", caption);
        dat_json_out_end(f->json);
    }
    dat_json_out_end(f->json);
    dat_json_out_end(f->json);
    dat_image_release(&shot.photo);
    return err;
}

static enum eng_err figure4(struct figures *f, const struct shot *shot)
{
    const size_t method = method_or_last(f, "guided"), cls = predicted(f, shot->number);
    const struct met_select how = met_select_figure();
    const float *map = gad_maps_gad(&shot->maps, method, cls, 0);
    struct met_hull hull;
    struct dat_image picture;
    double top;
    ENG_TRY(gad_picture_top(&top, map, f->width * f->height, GAD_PICTURE_P99));
    ENG_TRY(hull_of(f, &hull, &how, map, gad_maps_of(&shot->maps, 0, method, cls, 0)));
    enum eng_err err = gad_picture_heat_hull(&picture, map, f->width, f->height, top, &hull,
                                             f->times);
    met_hull_release(&hull);
    if (err != ENG_OK)
        return err;
    dat_json_out_key(f->json, "fig4");
    dat_json_out_object(f->json);
    describe(f, shot->number, cls);
    text(f, "method", f->e->options->maps.methods.at[method]->title);
    err = save(f, "file", "fig4", &picture);
    dat_json_out_end(f->json);
    return err;
}

/* One image's two rows of Fig. 5, for the class that the original predicts. */
static enum eng_err figure5_image(struct figures *f, const struct shot *shot, size_t index)
{
    const struct attr_methods *methods = &f->e->options->maps.methods;
    const size_t cls = predicted(f, shot->number);
    char name[64];
    dat_json_out_object(f->json);
    describe(f, shot->number, cls);
    snprintf(name, sizeof name, "fig5-%zu-photo", index);
    enum eng_err err = save_photo(f, shot, name);
    dat_json_out_key(f->json, "methods");
    dat_json_out_array(f->json);
    for (size_t m = 0; err == ENG_OK && m < methods->count; m++) {
        dat_json_out_object(f->json);
        text(f, "method", methods->at[m]->title);
        snprintf(name, sizeof name, "fig5-%zu-%s-original", index, methods->at[m]->name);
        const float *original = gad_maps_of(&shot->maps, 0, m, cls, 0);
        err = save_heat(f, "original", name, original, original);
        snprintf(name, sizeof name, "fig5-%zu-%s-gad", index, methods->at[m]->name);
        if (err == ENG_OK)
            err = save_heat(f, "gad", name, gad_maps_gad(&shot->maps, m, cls, 0), original);
        dat_json_out_end(f->json);
    }
    dat_json_out_end(f->json);
    dat_json_out_end(f->json);
    return err;
}

static enum eng_err figures4and5(struct figures *f)
{
    size_t chosen[GAD_CLASSES * EXAMPLES], count = 0, of[GAD_CLASSES] = {0};
    for (size_t i = 0; i < f->e->count && count < GAD_CLASSES * EXAMPLES; i++)
        if (!f->e->images[i].damaged && of[label_of(f, i)] < EXAMPLES) {
            of[label_of(f, i)]++;
            chosen[count++] = i;
        }
    struct shot shots[GAD_CLASSES * EXAMPLES];
    enum eng_err err = ENG_OK;
    if (count) {
        ENG_TRY(take(f, &shots[0], chosen[0]));
        err = figure4(f, &shots[0]);
        dat_image_release(&shots[0].photo);
    }
    dat_json_out_key(f->json, "fig5");
    dat_json_out_array(f->json);
    for (size_t i = 0; err == ENG_OK && i < count; i++) {
        if ((err = take(f, &shots[i], chosen[i])) != ENG_OK)
            break;
        err = figure5_image(f, &shots[i], i);
        dat_image_release(&shots[i].photo);
    }
    dat_json_out_end(f->json);
    return err;
}

static enum eng_err figure6_image(struct figures *f, const struct shot *shot, size_t cls,
                                  size_t index)
{
    const struct attr_methods *methods = &f->e->options->maps.methods;
    char name[64];
    dat_json_out_object(f->json);
    describe(f, shot->number, cls);
    dat_json_out_key(f->json, "logit");
    dat_json_out_float(f->json, f->e->images[shot->number].logits[cls]);
    snprintf(name, sizeof name, "fig6-%zu-%zu-photo", cls, index);
    enum eng_err err = save_photo(f, shot, name);
    dat_json_out_key(f->json, "hulls");
    dat_json_out_array(f->json);
    for (size_t m = 0; err == ENG_OK && m < methods->count; m++) {
        const float *before = gad_maps_of(&shot->maps, 0, m, cls, 0);
        const float *after = gad_maps_gad(&shot->maps, m, cls, 0);
        struct met_hull original = {0}, gad = {0};
        struct dat_image picture;
        err = hull_of(f, &original, &f->e->options->select, before, before);
        if (err == ENG_OK)
            err = hull_of(f, &gad, &f->e->options->select, after, before);
        if (err == ENG_OK)
            err = gad_picture_hulls(&picture, &shot->photo, &original, &gad, f->times);
        met_hull_release(&original);
        met_hull_release(&gad);
        if (err != ENG_OK)
            break;
        dat_json_out_object(f->json);
        text(f, "method", methods->at[m]->title);
        snprintf(name, sizeof name, "fig6-%zu-%zu-%s", cls, index, methods->at[m]->name);
        err = save(f, "file", name, &picture);
        dat_json_out_end(f->json);
    }
    dat_json_out_end(f->json);
    dat_json_out_end(f->json);
    return err;
}

static enum eng_err figure6(struct figures *f)
{
    enum eng_err err = ENG_OK;
    dat_json_out_key(f->json, "fig6");
    dat_json_out_array(f->json);
    for (size_t cls = 0; err == ENG_OK && cls < GAD_CLASSES; cls++) {
        size_t chosen[LEAST];
        const size_t count = least_activated(f, cls, LEAST, chosen);
        dat_json_out_object(f->json);
        text(f, "class", f->e->model.class_names[cls]);
        dat_json_out_key(f->json, "images");
        dat_json_out_array(f->json);
        for (size_t i = 0; err == ENG_OK && i < count; i++) {
            struct shot shot;
            if ((err = take(f, &shot, chosen[i])) != ENG_OK)
                break;
            err = figure6_image(f, &shot, cls, i);
            dat_image_release(&shot.photo);
        }
        dat_json_out_end(f->json);
        dat_json_out_end(f->json);
    }
    dat_json_out_end(f->json);
    return err;
}

enum eng_err gad_figures_write(struct gad_evaluation *e, struct dat_json_out *json,
                               struct eng_why *why)
{
    struct figures f = {.e = e,
                        .json = json,
                        .why = why,
                        .width = e->model.preprocess.width,
                        .height = e->model.preprocess.height};
    if (why)
        why->text[0] = '\0';
    f.times = f.width < WIDE ? (WIDE + f.width - 1) / f.width : 1;
    f.folder = dat_path_join(e->options->output, "pictures");
    f.x = calloc(3 * f.width * f.height, sizeof *f.x);
    enum eng_err err = f.folder && f.x ? dat_folder_make(f.folder, why) : ENG_NOMEM;
    if (err == ENG_OK)
        err = gad_mapper_new(&f.mapper, &e->model, &e->supports, f.height, f.width,
                             &e->options->maps, why);
    dat_json_out_object(json);
    if (err == ENG_OK)
        err = figure3(&f);
    if (err == ENG_OK)
        err = figures4and5(&f);
    if (err == ENG_OK)
        err = figure6(&f);
    dat_json_out_end(json);
    gad_mapper_free(f.mapper);
    free(f.folder);
    free(f.x);
    if (err != ENG_OK && why && !why->text[0])
        eng_fail(why, err, "%s", eng_err_text(err));
    return err;
}
