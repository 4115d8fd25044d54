/* From a decoded picture to what a network is fed: resize, crop, normalise.
 *
 *      photo ----------> picture ---------------> tensor
 *             8-bit RGB            (x/255 - mean) / std, float32, planes R, G, B
 *
 * The picture is of the network's input size: heat maps are laid over it, and it is what reports
 * show. How a network wants its input belongs to the network: the settings are saved with it.
 */
#ifndef DAT_PREPROCESS_H
#define DAT_PREPROCESS_H

#include "data/hash.h"
#include "data/image.h"

/* How the photo is brought to size. The names are those of a model file's metadata. */
#define DAT_RESIZE_RULES(X)                                                                        \
    X(CROP, "crop")       /* shorter side to `resize`, then the middle: keeps shapes */            \
    X(STRETCH, "stretch") /* all of the photo, whatever its proportions: keeps the borders */

enum dat_resize_rule {
#define DAT_RESIZE_RULE(code, name) DAT_RESIZE_##code,
    DAT_RESIZE_RULES(DAT_RESIZE_RULE)
#undef DAT_RESIZE_RULE
};

struct dat_preprocess {
    enum dat_resize_rule rule;
    size_t resize;         /* CROP only: pixels of the shorter side before the crop */
    size_t width, height;  /* of the picture and the tensor */
    float mean[3], std[3]; /* of R, G, B, where black is 0 and white is 1 */
};

/* What torchvision's ImageNet weights expect: Resize(256), CenterCrop(224), ImageNet's mean and
 * standard deviation. */
void dat_preprocess_init_torchvision(struct dat_preprocess *p);

/* The whole photo stretched to size x size, ImageNet's mean and deviation: the default for
 * networks trained here. */
void dat_preprocess_init_square(struct dat_preprocess *p, size_t size);

/* ENG_ARG, and a sentence in *why (NULL allowed), if the settings cannot work: a size of zero or
 * beyond DAT_IMAGE_MAX_SIDE, a deviation that is not positive, a number that is not finite. For
 * settings that come from a file; the functions below expect settings that pass. */
enum eng_err dat_preprocess_check(const struct dat_preprocess *p, struct eng_why *why);

/* Settings to replace, as a user gives them; zeros and NULLs leave what there is. */
struct dat_preprocess_change {
    const char *rule;       /* a rule's name */
    size_t resize, size;    /* pixels of the shorter side; width and height */
    const char *mean, *std; /* three numbers with commas between them */
};

/* Replaces them in *p. ENG_UNSUPPORTED or ENG_ARG, with a sentence in *why (NULL allowed), if one
 * is wrong or they cannot work together (dat_preprocess_check); *p is then untouched. */
enum eng_err dat_preprocess_change(struct dat_preprocess *p,
                                   const struct dat_preprocess_change *change, struct eng_why *why);

/* The text of a rule, and the rule of a text (ENG_UNSUPPORTED if there is none, *rule untouched).
 */
const char *dat_preprocess_rule_name(enum dat_resize_rule rule);
enum eng_err dat_preprocess_rule_parse(enum dat_resize_rule *rule, const char *name);

/* *picture = the photo at p->width x p->height, resampled to the bit as torchvision's Resize and
 * CenterCrop do with Pillow images; where the crop is larger than the resized photo, the rest is
 * black. The caller owns *picture, which must not be `photo`; on error it is empty. */
enum eng_err dat_preprocess_picture(struct dat_image *picture, const struct dat_preprocess *p,
                                    const struct dat_image *photo);

/* chw[3][height][width] = the normalised picture; height and width are the picture's. */
void dat_preprocess_tensor(float *chw, const struct dat_preprocess *p,
                           const struct dat_image *picture);

/* Both of the above: chw[3][p->height][p->width] from a photo. On error chw is untouched. */
enum eng_err dat_preprocess_run(float *chw, const struct dat_preprocess *p,
                                const struct dat_image *photo);

/* Adds all settings: what is made with others is told apart. */
void dat_preprocess_hash(struct dat_hash *hash, const struct dat_preprocess *p);

/* 1 if both make the same of every photo. */
int dat_preprocess_same(const struct dat_preprocess *a, const struct dat_preprocess *b);

/* What a black pixel becomes in each plane: the value to paint with when hiding parts. */
void dat_preprocess_black(const struct dat_preprocess *p, float out[3]);

/* The way back, for display: *picture = chw[3][height][width] times std plus mean, rounded to 8
 * bits and clamped (NaN to black). The caller owns *picture; on error it is empty. */
enum eng_err dat_preprocess_denormalise(struct dat_image *picture, const struct dat_preprocess *p,
                                        const float *chw, size_t width, size_t height);

#endif
