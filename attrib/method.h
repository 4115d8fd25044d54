/* The attribution methods, as one table.
 *
 * An attribution says how much each number of the input has to do with one output of a net (before
 * any softmax). All methods here go the same three steps, and differ in what they choose:
 *
 *     1. take the gradient g of the output with respect to the input, every ReLU passing
 *        gradients back by a rule (enum eng_relu_rule),
 *     2. at the input x itself, or as the mean over points on the way to x from a baseline x',
 *     3. and finish: turn it into the attribution.
 *
 *     name         ReLU rule       taken          finish
 *     saliency     standard        at x           |g|
 *     deconv       deconvolution   at x           g
 *     gradxinput   standard        at x           x g
 *     guided       guided          at x           g
 *     ig           standard        from x' to x   (x - x') g
 *
 * Saliency asks which numbers move the output, whatever the direction; gradient x input and
 * integrated gradients share the output out among the inputs, with signs. Deconvolution and guided
 * backpropagation are not gradients of anything: they let only evidence *for* the output through
 * (and what comes out at the input can still be negative, since the first layer stands before the
 * first ReLU). relu'(0) is 0.
 *
 * A further method of this kind is one more row here and one finish in method.c.
 */
#ifndef ATTR_METHOD_H
#define ATTR_METHOD_H

#include "engine/err.h"
#include "engine/kernels/vec_list.h" /* enum eng_relu_rule */

#include <stddef.h>

/* name, title, ReLU rule, taken, finish, paper; in the order in which GAD's tables have them */
#define ATTR_METHODS(X)                                                                            \
    X(saliency, "Saliency", STANDARD, AT_INPUT, magnitude,                                         \
      "Simonyan, Vedaldi & Zisserman 2014, arXiv:1312.6034")                                       \
    X(deconv, "Deconvolution", DECONV, AT_INPUT, as_it_is,                                         \
      "Zeiler & Fergus 2014, arXiv:1311.2901")                                                     \
    X(gradxinput, "Gradient x Input", STANDARD, AT_INPUT, times_input,                             \
      "Shrikumar, Greenside, Shcherbina & Kundaje 2016, arXiv:1605.01713")                         \
    X(guided, "Guided Backpropagation", GUIDED, AT_INPUT, as_it_is,                                \
      "Springenberg, Dosovitskiy, Brox & Riedmiller 2015, arXiv:1412.6806")                        \
    X(ig, "Integrated Gradients", STANDARD, ON_PATH, times_difference,                             \
      "Sundararajan, Taly & Yan 2017, arXiv:1703.01365")

enum attr_taken { ATTR_AT_INPUT, ATTR_ON_PATH };

struct attr_method {
    const char *name, *title, *paper;
    enum eng_relu_rule rule;
    enum attr_taken taken;
    /* out[count] from the gradient, the input and the baseline (NULL: taken at the input). */
    void (*finish)(float *out, const float *gradient, const float *x, const float *baseline,
                   size_t count);
};

#define ATTR_METHOD_ONE(name, title, rule, taken, finish, paper) +1
enum { ATTR_METHOD_COUNT = 0 ATTR_METHODS(ATTR_METHOD_ONE) };
#undef ATTR_METHOD_ONE

/* The i-th row, or NULL past the last. */
const struct attr_method *attr_method_at(size_t i);

/* The method of that name. Otherwise ENG_ARG, *method untouched, and why lists the names. */
enum eng_err attr_method_find(const struct attr_method **method, const char *name,
                              struct eng_why *why);

/* Some of the methods, each at most once. */
struct attr_methods {
    size_t count;
    const struct attr_method *at[ATTR_METHOD_COUNT];
};

/* "all" (in the table's order), or names with commas between them ("ig,saliency"), in that order.
 * Anything else, also a name given twice, is ENG_ARG and leaves *methods untouched. */
enum eng_err attr_methods_parse(struct attr_methods *methods, const char *text,
                                struct eng_why *why);

#endif
