#include "data/preprocess.h"

#include "data/resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Mean and deviation of ImageNet's training images, as everyone uses them. */
static void imagenet_statistics(struct dat_preprocess *p)
{
    static const float mean[3] = {0.485f, 0.456f, 0.406f}, std[3] = {0.229f, 0.224f, 0.225f};
    memcpy(p->mean, mean, sizeof mean);
    memcpy(p->std, std, sizeof std);
}

void dat_preprocess_init_torchvision(struct dat_preprocess *p)
{
    *p = (struct dat_preprocess){
        .rule = DAT_RESIZE_CROP, .resize = 256, .width = 224, .height = 224};
    imagenet_statistics(p);
}

void dat_preprocess_init_square(struct dat_preprocess *p, size_t size)
{
    *p = (struct dat_preprocess){.rule = DAT_RESIZE_STRETCH, .width = size, .height = size};
    imagenet_statistics(p);
}

static int side_works(size_t n)
{
    return n > 0 && n <= DAT_IMAGE_MAX_SIDE;
}

enum eng_err dat_preprocess_check(const struct dat_preprocess *p, struct eng_why *why)
{
    if (!side_works(p->width) || !side_works(p->height))
        return eng_fail(why, ENG_ARG, "input size %zu x %zu is not possible; use 1 to %d pixels",
                        p->width, p->height, DAT_IMAGE_MAX_SIDE);
    if (p->rule == DAT_RESIZE_CROP && !side_works(p->resize))
        return eng_fail(why, ENG_ARG, "resizing to %zu is not possible; use 1 to %d pixels",
                        p->resize, DAT_IMAGE_MAX_SIDE);
    for (int c = 0; c < 3; c++)
        if (!isfinite(p->mean[c]) || !isfinite(p->std[c]) || p->std[c] <= 0)
            return eng_fail(why, ENG_ARG,
                            "mean %g and standard deviation %g of channel %d cannot be used; "
                            "deviations must be positive",
                            (double)p->mean[c], (double)p->std[c], c);
    return ENG_OK;
}

void dat_preprocess_hash(struct dat_hash *hash, const struct dat_preprocess *p)
{
    const uint64_t sizes[] = {(uint64_t)p->rule, p->rule == DAT_RESIZE_CROP ? p->resize : 0,
                              p->width, p->height};
    dat_hash_update(hash, sizes, sizeof sizes);
    dat_hash_update(hash, p->mean, sizeof p->mean);
    dat_hash_update(hash, p->std, sizeof p->std);
}

int dat_preprocess_same(const struct dat_preprocess *a, const struct dat_preprocess *b)
{
    return a->rule == b->rule && (a->rule != DAT_RESIZE_CROP || a->resize == b->resize) &&
           a->width == b->width && a->height == b->height &&
           !memcmp(a->mean, b->mean, sizeof a->mean) && !memcmp(a->std, b->std, sizeof a->std);
}

static const char *const rule_names[] = {
#define DAT_RESIZE_RULE(code, name) name,
    DAT_RESIZE_RULES(DAT_RESIZE_RULE)
#undef DAT_RESIZE_RULE
};

const char *dat_preprocess_rule_name(enum dat_resize_rule rule)
{
    return rule_names[rule];
}

enum eng_err dat_preprocess_rule_parse(enum dat_resize_rule *rule, const char *name)
{
    for (size_t i = 0; i < sizeof rule_names / sizeof *rule_names; i++)
        if (!strcmp(name, rule_names[i])) {
            *rule = (enum dat_resize_rule)i;
            return ENG_OK;
        }
    return ENG_UNSUPPORTED;
}

/* Half of n, halves to the even neighbour: Python's round(n / 2.0), which places the crop. */
static size_t half_to_even(size_t n)
{
    return n / 2 + (n % 4 == 3);
}

/* Along one axis, `count` pixels go from `from` of the source to `to` of the target. */
struct overlap {
    size_t from, to, count;
};

/* The middle `crop` of `size` pixels. A source that is too small lies in the middle of the crop,
 * the odd pixel of the padding after it. */
static struct overlap centre(size_t size, size_t crop)
{
    if (size >= crop)
        return (struct overlap){half_to_even(size - crop), 0, crop};
    return (struct overlap){0, (crop - size) / 2, size};
}

static enum eng_err centre_crop(struct dat_image *out, const struct dat_image *in, size_t width,
                                size_t height)
{
    ENG_TRY(dat_image_init(out, width, height));
    memset(out->rgb, 0, width * height * 3);
    const struct overlap x = centre(in->width, width), y = centre(in->height, height);
    for (size_t i = 0; i < y.count; i++)
        memcpy(out->rgb + ((y.to + i) * width + x.to) * 3,
               in->rgb + ((y.from + i) * in->width + x.from) * 3, x.count * 3);
    return ENG_OK;
}

enum eng_err dat_preprocess_picture(struct dat_image *picture, const struct dat_preprocess *p,
                                    const struct dat_image *photo)
{
    const size_t w = photo->width, h = photo->height;
    size_t width = p->width, height = p->height;
    struct dat_image resized = {0};

    *picture = (struct dat_image){0};
    if (p->rule == DAT_RESIZE_CROP) {
        /* The longer side rounds down. */
        width = w <= h ? p->resize : p->resize * w / h;
        height = w <= h ? p->resize * h / w : p->resize;
    }
    ENG_TRY(dat_resize(&resized, photo, 0, 0, (double)w, (double)h, width, height));
    if (p->rule == DAT_RESIZE_STRETCH) {
        *picture = resized;
        return ENG_OK;
    }
    const enum eng_err err = centre_crop(picture, &resized, p->width, p->height);
    dat_image_release(&resized);
    return err;
}

/* In float, in this order, as torchvision's ToTensor and Normalize compute it. */
static float normalised(const struct dat_preprocess *p, int channel, int value)
{
    return ((float)value / 255.0f - p->mean[channel]) / p->std[channel];
}

void dat_preprocess_tensor(float *chw, const struct dat_preprocess *p,
                           const struct dat_image *picture)
{
    const size_t pixels = picture->width * picture->height;
    for (int c = 0; c < 3; c++) {
        float table[256];
        for (int v = 0; v < 256; v++)
            table[v] = normalised(p, c, v);
        for (size_t i = 0; i < pixels; i++)
            chw[(size_t)c * pixels + i] = table[picture->rgb[i * 3 + (size_t)c]];
    }
}

enum eng_err dat_preprocess_run(float *chw, const struct dat_preprocess *p,
                                const struct dat_image *photo)
{
    struct dat_image picture;
    ENG_TRY(dat_preprocess_picture(&picture, p, photo));
    dat_preprocess_tensor(chw, p, &picture);
    dat_image_release(&picture);
    return ENG_OK;
}

void dat_preprocess_black(const struct dat_preprocess *p, float out[3])
{
    for (int c = 0; c < 3; c++)
        out[c] = normalised(p, c, 0);
}

enum eng_err dat_preprocess_denormalise(struct dat_image *picture, const struct dat_preprocess *p,
                                        const float *chw, size_t width, size_t height)
{
    ENG_TRY(dat_image_init(picture, width, height));
    const size_t pixels = width * height;
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < pixels; i++) {
            const float v = (chw[c * pixels + i] * p->std[c] + p->mean[c]) * 255.0f + 0.5f;
            /* v > 0 is false for NaN too. */
            picture->rgb[i * 3 + c] = (uint8_t)(v > 0 ? (v < 255.0f ? v : 255.0f) : 0);
        }
    return ENG_OK;
}

static enum eng_err parse_triple(float out[3], const char *text, const char *what,
                                 struct eng_why *why)
{
    const char *at = text;
    for (int c = 0; c < 3; c++) {
        char *end;
        out[c] = strtof(at, &end);
        if (end == at || *end != (c < 2 ? ',' : '\0'))
            return eng_fail(why, ENG_ARG, "%s takes three numbers such as 0.5,0.5,0.5, not '%s'",
                            what, text);
        at = end + 1;
    }
    return ENG_OK;
}

enum eng_err dat_preprocess_change(struct dat_preprocess *p,
                                   const struct dat_preprocess_change *change, struct eng_why *why)
{
    struct dat_preprocess q = *p;
    if (change->rule && dat_preprocess_rule_parse(&q.rule, change->rule) != ENG_OK)
        return eng_fail(why, ENG_ARG, "no resize rule '%s'; there are: crop, stretch",
                        change->rule);
    if (change->size)
        q.width = q.height = change->size;
    if (change->resize)
        q.resize = change->resize;
    else if (change->size && q.rule == DAT_RESIZE_CROP)
        q.resize = change->size * 8 / 7; /* the proportion of 256 to 224 */
    if (change->mean)
        ENG_TRY(parse_triple(q.mean, change->mean, "mean", why));
    if (change->std)
        ENG_TRY(parse_triple(q.std, change->std, "std", why));
    ENG_TRY(dat_preprocess_check(&q, why));
    *p = q;
    return ENG_OK;
}
