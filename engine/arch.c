#include "engine/arch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static size_t scaled(size_t width, float factor)
{
    const size_t n = (size_t)lround((double)width * (double)factor);
    return n ? n : 1;
}

static int conv(struct eng_net *net, int x, const char *name, size_t out, size_t kernel,
                size_t stride, int bias)
{
    const size_t pad = kernel / 2;
    return eng_net_conv2d(
        net, x, name,
        &(struct eng_conv){out, {kernel, kernel}, {stride, stride}, {pad, pad}, bias});
}

static const size_t vgg16_widths[] = {64, 64,  0,   128, 128, 0,   256, 256, 256,
                                      0,  512, 512, 512, 0,   512, 512, 512, 0}; /* 0: max pool */

static void build_vgg(struct eng_net *net, const struct eng_arch_config *config, int batch_norm)
{
    const size_t hidden = config->hidden ? config->hidden : scaled(4096, config->width);
    int x = eng_net_input(net), layer = 0; /* the number in torchvision's features */
    size_t channels = 0;
    for (size_t i = 0; i < sizeof vgg16_widths / sizeof *vgg16_widths; i++) {
        if (vgg16_widths[i] == 0) {
            x = eng_net_max_pool(net, x, 2, 2, 0);
            layer++;
            continue;
        }
        char name[32];
        snprintf(name, sizeof name, "features.%d", layer);
        channels = scaled(vgg16_widths[i], config->width);
        x = conv(net, x, name, channels, 3, 1, 1);
        if (batch_norm) {
            snprintf(name, sizeof name, "features.%d", ++layer);
            x = eng_net_batch_norm(net, x, name);
        }
        x = eng_net_relu(net, x);
        layer += 2;
    }
    x = eng_net_avg_pool(net, x, 7, 7);
    x = eng_net_flatten(net, x);
    x = eng_net_linear(net, x, "classifier.0", channels * 49, hidden);
    x = eng_net_relu(net, x);
    x = eng_net_dropout(net, x, 0.5f);
    x = eng_net_linear(net, x, "classifier.3", hidden, hidden);
    x = eng_net_relu(net, x);
    x = eng_net_dropout(net, x, 0.5f);
    eng_net_linear(net, x, "classifier.6", hidden, config->classes);
}

static void build_vgg16(struct eng_net *net, const struct eng_arch_config *config)
{
    build_vgg(net, config, 0);
}

static void build_vgg16_bn(struct eng_net *net, const struct eng_arch_config *config)
{
    build_vgg(net, config, 1);
}

/* Two 3x3 convolutions beside the identity, or beside a 1x1 convolution where the shape changes. */
static int basic_block(struct eng_net *net, int x, int layer, int block, size_t width,
                       size_t stride, int downsample)
{
    char name[48];
    int identity = x;
    if (downsample) {
        snprintf(name, sizeof name, "layer%d.%d.downsample.0", layer, block);
        identity = conv(net, x, name, width, 1, stride, 0);
        snprintf(name, sizeof name, "layer%d.%d.downsample.1", layer, block);
        identity = eng_net_batch_norm(net, identity, name);
    }
    snprintf(name, sizeof name, "layer%d.%d.conv1", layer, block);
    int y = conv(net, x, name, width, 3, stride, 0);
    snprintf(name, sizeof name, "layer%d.%d.bn1", layer, block);
    y = eng_net_batch_norm(net, y, name);
    y = eng_net_relu(net, y);
    snprintf(name, sizeof name, "layer%d.%d.conv2", layer, block);
    y = conv(net, y, name, width, 3, 1, 0);
    snprintf(name, sizeof name, "layer%d.%d.bn2", layer, block);
    y = eng_net_batch_norm(net, y, name);
    y = eng_net_add(net, y, identity);
    return eng_net_relu(net, y);
}

static void build_resnet18(struct eng_net *net, const struct eng_arch_config *config)
{
    int x = conv(net, eng_net_input(net), "conv1", scaled(64, config->width), 7, 2, 0);
    x = eng_net_batch_norm(net, x, "bn1");
    x = eng_net_relu(net, x);
    x = eng_net_max_pool(net, x, 3, 2, 1);
    size_t width = 0;
    for (int layer = 1; layer <= 4; layer++) {
        width = scaled((size_t)64 << (layer - 1), config->width);
        for (int block = 0; block < 2; block++) {
            const int first = layer > 1 && block == 0;
            x = basic_block(net, x, layer, block, width, first ? 2 : 1, first);
        }
    }
    x = eng_net_avg_pool(net, x, 1, 1);
    x = eng_net_flatten(net, x);
    eng_net_linear(net, x, "fc", width, config->classes);
}

static void init_vgg(struct eng_param *p, struct eng_rng *rng, size_t count)
{
    if (p->shape.rank == 1) /* as built: biases zero, batch norm the identity */
        return;
    const double sd = p->shape.rank == 4 ? sqrt(2.0 / (double)(p->shape.dim[0] * p->shape.dim[2] *
                                                               p->shape.dim[3]))
                                         : 0.01;
    for (size_t i = 0; i < count; i++)
        p->value[i] = (float)sd * eng_rng_normal(rng);
}

static void init_resnet18(struct eng_param *p, struct eng_rng *rng, size_t count)
{
    if (p->shape.rank == 4) {
        const double sd = sqrt(2.0 / (double)(p->shape.dim[0] * p->shape.dim[2] * p->shape.dim[3]));
        for (size_t i = 0; i < count; i++)
            p->value[i] = (float)sd * eng_rng_normal(rng);
    } else if (p->shape.rank == 2) {
        const float bound = 1.0f / sqrtf((float)p->shape.dim[1]);
        for (size_t i = 0; i < count; i++)
            p->value[i] = bound * (2 * eng_rng_uniform(rng) - 1);
    }
}

/* The last layer's bias: the same bound as its weight, which comes just before it. */
static void init_resnet18_bias(struct eng_net *net, struct eng_rng *rng)
{
    const struct eng_param *w = eng_net_param_find(net, "fc.weight");
    struct eng_param *b = eng_net_param_find(net, "fc.bias");
    const float bound = 1.0f / sqrtf((float)w->shape.dim[1]);
    for (size_t i = 0; i < b->shape.dim[0]; i++)
        b->value[i] = bound * (2 * eng_rng_uniform(rng) - 1);
}

/* What inference needs to know of an architecture: its convolutions' parameters at full width, its
 * first convolution, one that only it has, and its linear layers. */
enum { FIRST = 64, WIDEST = 512 }; /* output channels of these convolutions at full width */

#define ARCH_VGG(convs, widest)                                                                    \
    init_vgg, convs, "features.0.weight", widest, "classifier.0.weight", "classifier.3.weight",    \
        "classifier.6.weight"
#define ARCH_vgg16    ARCH_VGG(14714688, "features.28.weight")
#define ARCH_vgg16_bn ARCH_VGG(14731584, "features.40.weight")
#define ARCH_resnet18                                                                              \
    init_resnet18, 11186112, "conv1.weight", "layer4.1.conv2.weight", NULL, NULL, "fc.weight"

static const struct arch {
    const char *name, *title;
    void (*build)(struct eng_net *, const struct eng_arch_config *);
    void (*init)(struct eng_param *, struct eng_rng *, size_t count);
    double convs;
    const char *first, *widest, *hidden, *middle, *last; /* hidden and middle may be NULL */
} archs[] = {
#define ENG_ARCH_ROW(name, title, paper) {#name, title, build_##name, ARCH_##name},
    ENG_ARCHS(ENG_ARCH_ROW)
#undef ENG_ARCH_ROW
};

enum { ARCHS = sizeof archs / sizeof *archs };

static const struct arch *find_arch(const char *name)
{
    for (size_t i = 0; i < ARCHS; i++)
        if (strcmp(archs[i].name, name) == 0)
            return &archs[i];
    return NULL;
}

const char *eng_arch_title(const char *name)
{
    const struct arch *arch = find_arch(name);
    return arch ? arch->title : NULL;
}

enum eng_err eng_arch_build(struct eng_net **out, const struct eng_arch_config *config,
                            struct eng_why *why)
{
    const struct arch *arch = find_arch(config->arch);
    if (!arch) {
        char list[128] = "";
        for (size_t i = 0; i < ARCHS; i++)
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "",
                     archs[i].name);
        return eng_fail(why, ENG_ARG, "'%s' is no architecture; there are: %s", config->arch, list);
    }
    if (!(config->width > 0.0f && config->width <= 8.0f))
        return eng_fail(why, ENG_ARG, "a width factor of %g cannot be; give one above 0, up to 8",
                        (double)config->width);
    if (config->classes == 0 || config->classes > 1000000)
        return eng_fail(why, ENG_ARG, "a net of %zu classes cannot be", config->classes);
    struct eng_net *net;
    enum eng_err err = eng_net_new(&net, 3);
    if (err != ENG_OK)
        return eng_fail(why, err, "out of memory");
    arch->build(net, config);
    err = eng_net_finish(net, why);
    if (err != ENG_OK)
        eng_net_free(net);
    else
        *out = net;
    return err;
}

void eng_arch_init(struct eng_net *net, const struct eng_arch_config *config, uint64_t seed)
{
    const struct arch *arch = find_arch(config->arch);
    struct eng_rng rng;
    for (size_t i = 0; i < eng_net_param_count(net); i++) {
        struct eng_param *p = eng_net_param(net, i);
        eng_rng_init(&rng, seed, i);
        arch->init(p, &rng, eng_shape_count(&p->shape));
    }
    if (arch->init == init_resnet18) {
        eng_rng_init(&rng, seed, eng_net_param_count(net));
        init_resnet18_bias(net, &rng);
    }
    eng_net_changed(net);
}

double eng_arch_numbers(const struct eng_arch_config *config)
{
    const struct arch *arch = find_arch(config->arch);
    const double width = (double)config->width, classes = (double)config->classes;
    const double hidden = config->hidden ? (double)config->hidden : 4096 * width;
    if (!arch)
        return 0;
    return arch->convs * width * width + (arch->hidden
                                              ? hidden * (49 * WIDEST * width + hidden + classes)
                                              : WIDEST * width * classes);
}

int eng_arch_guess(struct eng_arch_config *guess, const char *name, int number, eng_arch_find *find,
                   void *context)
{
    const struct arch *arch = find_arch(name);
    struct eng_shape first, widest, hidden, last;
    double widths[3];
    int count = 0;
    if (!arch)
        return 0;
    /* n channels of 512 leave a range of widths, (n - 1/2) / 512 to (n + 1/2) / 512, in the middle
     * of which the narrower layers may round up or down: there are two nets with that n. */
    if (find(context, arch->widest, &widest) && widest.rank == 4) {
        widths[count++] = (double)widest.dim[0] / WIDEST;
        widths[count++] = ((double)widest.dim[0] - 0.25) / WIDEST;
    }
    if (find(context, arch->first, &first) && first.rank == 4)
        widths[count++] = (double)first.dim[0] / FIRST;
    const int has_hidden = arch->hidden && find(context, arch->hidden, &hidden) && hidden.rank == 2;
    const int has_last = find(context, arch->last, &last) && last.rank == 2;
    if (number >= count)
        return 0;
    *guess = (struct eng_arch_config){arch->name, (float)widths[number], has_last ? last.dim[0] : 0,
                                      has_hidden ? hidden.dim[0] : 0};
    return 1;
}

static int has(const char *name, struct eng_shape shape, eng_arch_find *find, void *context)
{
    struct eng_shape found;
    return find(context, name, &found) && eng_shape_same(&found, &shape);
}

/* 1 if the parameters that make the net large are all there. The others are together less than
 * seven times as many, so that building it takes memory in proportion to what there is, whatever
 * the few shapes say that it was guessed from. */
static int has_large(const struct eng_arch_config *guess, eng_arch_find *find, void *context)
{
    const struct arch *arch = find_arch(guess->arch);
    const size_t channels = scaled(WIDEST, guess->width), hidden = guess->hidden;
    if (arch->hidden &&
        (!has(arch->hidden, (struct eng_shape){2, {hidden, 49 * channels}}, find, context) ||
         !has(arch->middle, (struct eng_shape){2, {hidden, hidden}}, find, context)))
        return 0;
    return has(arch->widest, (struct eng_shape){4, {channels, channels, 3, 3}}, find, context) &&
           has(arch->last,
               (struct eng_shape){2, {guess->classes, arch->hidden ? hidden : channels}}, find,
               context);
}

/* 1 if all parameters of the net are there. */
static int has_all(const struct eng_net *net, eng_arch_find *find, void *context)
{
    for (size_t i = 0; i < eng_net_param_count(net); i++) {
        const struct eng_param *p = eng_net_param_const(net, i);
        if (!has(p->name, p->shape, find, context))
            return 0;
    }
    return 1;
}

enum eng_err eng_arch_infer(struct eng_arch_config *config, eng_arch_find *find, void *context,
                            struct eng_why *why)
{
    struct eng_arch_config guess;
    for (size_t i = 0; i < ARCHS; i++)
        for (int k = 0; eng_arch_guess(&guess, archs[i].name, k, find, context); k++) {
            struct eng_net *net;
            if (!(guess.width > 0 && guess.width <= 8) || !has_large(&guess, find, context))
                continue;
            const enum eng_err err = eng_arch_build(&net, &guess, NULL);
            if (err == ENG_NOMEM)
                return eng_fail(why, err, "out of memory");
            if (err != ENG_OK)
                continue;
            const int fits = has_all(net, find, context);
            eng_net_free(net);
            if (fits) {
                *config = guess;
                return ENG_OK;
            }
        }
    return eng_fail(why, ENG_MISMATCH, "its tensors are those of no net that is known");
}
