/* A net as the methods see it: outputs of some points, and gradients of one output there. */
#ifndef ATTR_PASS_H
#define ATTR_PASS_H

#include "attrib/request.h"
#include "engine/tape.h"

struct attr_pass {
    struct eng_tape *tape;
    size_t batch, bytes;              /* points at once; memory that takes */
    size_t outputs, channels, pixels; /* of the net; of an image */
    size_t count;                     /* numbers of an image: channels * pixels */
    float *points, *gradients;        /* [batch][channels][pixels] */
    float *seed;                      /* [batch][outputs] */
    const struct attr_request *request;
    size_t done, total; /* images forward or back, in this run */
};

/* Sends x[n][channels][pixels] forward, n <= batch. */
enum eng_err attr_pass_forward(struct attr_pass *pass, const float *x, size_t n);

/* Fills gradients[n] with those of output `class` at the n points that went forward last. */
enum eng_err attr_pass_back(struct attr_pass *pass, size_t class, enum eng_relu_rule rule,
                            size_t n);

/* Attributions of method m and the request's class number c, of image i. */
static inline float *attr_result_at(const struct attr_pass *pass, const struct attr_result *result,
                                    size_t m, size_t c, size_t i)
{
    const struct attr_request *r = pass->request;
    return result->attributions + ((m * r->class_count + c) * r->images + i) * pass->count;
}

#endif
