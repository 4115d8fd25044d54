#include "data/synthetic.h"

#include "data/scene.h"

#include <string.h>

static const struct {
    const char *name, *classes[2];
    void (*paint)(struct dat_canvas *, const struct dat_scene *);
} SETS[DAT_SYNTHETIC_SETS] = {
    [DAT_SYNTHETIC_CATS_DOGS] = {"cats-dogs", {"cat", "dog"}, dat_scene_cat_dog},
    [DAT_SYNTHETIC_BIRDS] = {"birds", {"warbler", "sparrow"}, dat_scene_bird},
};

static int is_set(enum dat_synthetic set)
{
    return (unsigned)set < DAT_SYNTHETIC_SETS;
}

const char *dat_synthetic_name(enum dat_synthetic set)
{
    return is_set(set) ? SETS[set].name : NULL;
}

const char *dat_synthetic_class(enum dat_synthetic set, int label)
{
    return is_set(set) && (label == 0 || label == 1) ? SETS[set].classes[label] : NULL;
}

enum eng_err dat_synthetic_parse(enum dat_synthetic *set, const char *text, struct eng_why *why)
{
    static const char scheme[] = "synthetic:";
    if (strncmp(text, scheme, sizeof scheme - 1) != 0)
        return eng_fail(why, ENG_MISSING,
                        "\"%s\" is not a built-in data set; those are %s%s and %s%s", text, scheme,
                        SETS[0].name, scheme, SETS[1].name);
    for (int i = 0; i < DAT_SYNTHETIC_SETS; i++)
        if (strcmp(text + sizeof scheme - 1, SETS[i].name) == 0) {
            *set = (enum dat_synthetic)i;
            return ENG_OK;
        }
    return eng_fail(why, ENG_ARG, "\"%s\" is not a built-in data set; use %s%s or %s%s", text,
                    scheme, SETS[0].name, scheme, SETS[1].name);
}

/* A camera of changing quality. */
static struct dat_lens draw_lens(const struct dat_scene *scene)
{
    struct eng_rng r = dat_scene_rng(scene, DAT_LAYER_LENS);
    struct dat_lens lens;
    lens.blur = dat_scene_chance(&r, 0.3f) ? dat_scene_between(&r, 0.2f, 0.6f) : 0;
    lens.brightness = dat_scene_between(&r, -0.07f, 0.07f);
    lens.contrast = dat_scene_between(&r, 0.82f, 1.12f);
    lens.noise = dat_scene_between(&r, 0, 0.025f);
    lens.seed = dat_scene_bits(&r);
    return lens;
}

/* A lamp on one side, its own shade on the other. */
static void light(struct dat_canvas *c, const struct dat_scene *scene)
{
    static const struct dat_colour glow = {1, 0.94f, 0.8f}, shade = {0.06f, 0.06f, 0.14f};
    struct eng_rng r = dat_scene_rng(scene, DAT_LAYER_LIGHT);
    float x, y;
    dat_turn(eng_rng_uniform(&r), &x, &y);
    const float strength = dat_scene_between(&r, 0.1f, 0.4f);
    dat_canvas_glow(c, &dat_frame_canvas, (struct dat_point){0.5f + x * 0.6f, 0.5f + y * 0.6f},
                    0.9f, 0.9f, glow, strength);
    dat_canvas_glow(c, &dat_frame_canvas, (struct dat_point){0.5f - x * 0.7f, 0.5f - y * 0.7f},
                    0.9f, 0.9f, shade, strength);
}

enum eng_err dat_synthetic_draw(enum dat_synthetic set, uint64_t seed, uint64_t index, int label,
                                size_t size, struct dat_image *img, uint8_t *mask)
{
    *img = (struct dat_image){.width = 0};
    if (!is_set(set) || (label != 0 && label != 1) || size < DAT_SYNTHETIC_MIN_SIDE ||
        size > DAT_SYNTHETIC_MAX_SIDE)
        return ENG_ARG;

    struct dat_canvas canvas;
    ENG_TRY(dat_canvas_init(&canvas, size));
    const enum eng_err err = dat_image_init(img, size, size);
    if (err == ENG_OK) {
        const struct dat_scene scene = {
            .seed = seed,
            .stream = (index * DAT_SYNTHETIC_SETS + (uint64_t)set) * DAT_LAYERS,
            .label = label,
        };
        const struct dat_lens lens = draw_lens(&scene);
        SETS[set].paint(&canvas, &scene);
        light(&canvas, &scene);
        dat_canvas_develop(&canvas, &lens, img->rgb, mask);
    }
    dat_canvas_release(&canvas);
    return err;
}
