/* The architectures there are, as torchvision defines them: names, shapes, initialisation.
 *
 * Widths scale by a factor: layer widths are round(factor * torchvision's), at least 1. A net of
 * factor 1 is torchvision's own. Every ReLU is a node of its own. */
#ifndef ENG_ARCH_H
#define ENG_ARCH_H

#include "engine/net.h"

/* name, title, paper */
#define ENG_ARCHS(X)                                                                               \
    X(vgg16, "VGG16", "Simonyan & Zisserman 2015")                                                 \
    X(vgg16_bn, "VGG16 with batch norm", "Simonyan & Zisserman 2015, Ioffe & Szegedy 2015")        \
    X(resnet18, "ResNet18", "He et al. 2016")

struct eng_arch_config {
    const char *arch; /* a name of ENG_ARCHS */
    float width;      /* factor */
    size_t classes;
    size_t hidden; /* VGG16's two hidden layers; 0: round(4096 * width) */
};

/* Builds the net, its parameters zero (batch norm: identity). ENG_ARG, with the names there are,
 * for an unknown one or a width that is not above 0 and at most 8. The caller frees it. */
enum eng_err eng_arch_build(struct eng_net **out, const struct eng_arch_config *config,
                            struct eng_why *why);

/* Initialises as torchvision does: convolutions normal(0, sqrt(2 / fan_out)); ResNet's last layer
 * uniform in +-1/sqrt(fan_in); VGG's linear layers normal(0, 0.01), biases zero. Each parameter
 * draws from its own stream of the seed. */
void eng_arch_init(struct eng_net *net, const struct eng_arch_config *config, uint64_t seed);

/* The title of an architecture ("ResNet18"), or NULL. */
const char *eng_arch_title(const char *name);

/* Whoever has tensors: fills the shape of tensor `name` and returns 1, or returns 0. */
typedef int eng_arch_find(void *context, const char *name, struct eng_shape *shape);

/* Finds the architecture, width, classes and hidden size that give these parameters, all of which
 * find has; what else it has does not matter. Memory is in proportion to what find has.
 * ENG_MISMATCH if no architecture fits; ENG_NOMEM. *config's arch points to static text. */
enum eng_err eng_arch_infer(struct eng_arch_config *config, eng_arch_find *find, void *context,
                            struct eng_why *why);

/* Guesses from a few shapes which net of architecture `name` the tensors are near to: number 0, 1,
 * ..., the likelier ones first, until it returns 0. classes and hidden are 0 where nothing tells
 * them, and no part of it need be one that can be built. */
int eng_arch_guess(struct eng_arch_config *guess, const char *name, int number, eng_arch_find *find,
                   void *context);

/* About how many numbers a net's parameters are, before it is built. */
double eng_arch_numbers(const struct eng_arch_config *config);

#endif
