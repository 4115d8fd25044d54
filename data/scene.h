/* What the drawn scenes share: who they are, their random numbers, their brushes, and the places
 * in which they are set. Used by the scene_*.c files only; callers want data/synthetic.h.
 *
 * Every layer of a scene (the place, the pose, the parts that tell the classes apart, ...) draws
 * its random numbers from a stream of its own. So the telling parts may use as many as they like:
 * whatever is painted after them comes out the same for both classes.
 *
 * Draws must follow one another, in statements of their own or as arguments of each other: in
 * f(draw(r), draw(r)) C leaves open which comes first, and compilers differ.
 */
#ifndef DAT_SCENE_H
#define DAT_SCENE_H

#include "data/canvas.h"
#include "engine/rng.h"

struct dat_scene {
    uint64_t seed, stream; /* of the scene; layers add to the stream */
    int label;             /* 0 or 1 */
};

enum dat_scene_layer {
    DAT_LAYER_LENS,
    DAT_LAYER_LIGHT,
    DAT_LAYER_PLACE,
    DAT_LAYER_POSE,
    DAT_LAYER_COAT,
    DAT_LAYER_BODY,
    DAT_LAYER_TELLING,
    DAT_LAYER_FRONT,
    DAT_LAYERS /* streams per scene */
};

/* Paints a cat (label 0) or a dog (1), a warbler (0) or a sparrow (1), all but the lens. */
void dat_scene_cat_dog(struct dat_canvas *c, const struct dat_scene *scene);
void dat_scene_bird(struct dat_canvas *c, const struct dat_scene *scene);

/* The generator of one layer. */
struct eng_rng dat_scene_rng(const struct dat_scene *scene, enum dat_scene_layer layer);

/* Uniform in [low, high); the same in x and y; true with a probability; a colour near `base`, its
 * brightness and tint varied by up to +-amount; 32 bits for a texture. */
float dat_scene_between(struct eng_rng *r, float low, float high);
struct dat_point dat_scene_spot(struct eng_rng *r, float x0, float x1, float y0, float y1);
int dat_scene_chance(struct eng_rng *r, float probability);
struct dat_colour dat_scene_shade(struct eng_rng *r, struct dat_colour base, float amount);
uint32_t dat_scene_bits(struct eng_rng *r);

/* Outlines filled at once. */
void dat_scene_ellipse(struct dat_canvas *c, const struct dat_frame *f, float x, float y, float rx,
                       float ry, const struct dat_paint *p);
void dat_scene_blob(struct dat_canvas *c, const struct dat_frame *f, const struct dat_point *points,
                    size_t n, const struct dat_paint *p);
void dat_scene_stroke(struct dat_canvas *c, const struct dat_frame *f,
                      const struct dat_point *points, size_t n, float w0, float w1, float w2,
                      const struct dat_paint *p);

/* The number of elements of a table of points. */
#define DAT_COUNT(array) (sizeof(array) / sizeof *(array))

/* Places: they fill the whole canvas. The ground an animal sits on begins around y = 0.75. */
void dat_place_sofa(struct dat_canvas *c, struct eng_rng *r);
void dat_place_room(struct dat_canvas *c, struct eng_rng *r);
void dat_place_meadow(struct dat_canvas *c, struct eng_rng *r);
void dat_place_bokeh(struct dat_canvas *c, struct eng_rng *r); /* lights out of focus */
void dat_place_sky(struct dat_canvas *c, struct eng_rng *r);   /* clouds, far branches */
void dat_place_reeds(struct dat_canvas *c, struct eng_rng *r); /* stems and far water */

/* What may stand in front and hide a part of the animal. */
void dat_front_grass(struct dat_canvas *c, struct eng_rng *r);
void dat_front_twig(struct dat_canvas *c, struct eng_rng *r); /* from a border, with leaves */
void dat_front_bars(struct dat_canvas *c, struct eng_rng *r);
void dat_front_ball(struct dat_canvas *c, struct eng_rng *r);

/* A leaf of length and width 1 from (0, 0) to (1, 0) of the frame. */
void dat_scene_leaf(struct dat_canvas *c, const struct dat_frame *f, struct dat_colour colour);

#endif
