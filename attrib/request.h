/* What an explainer is asked for, and what it gives. */
#ifndef ATTR_REQUEST_H
#define ATTR_REQUEST_H

#include "attrib/ig.h"
#include "attrib/method.h"

struct attr_request {
    const float *x; /* [images][channels][height][width] */
    size_t images;
    const size_t *classes; /* output numbers, below the net's */
    size_t class_count;
    struct attr_methods methods;
    struct attr_ig ig; /* read if ig is among the methods */
    /* May be NULL. Called whenever some images have gone forward or back, `done` of `total` so
     * far; if it returns nonzero, the run ends with ENG_INTERRUPTED. */
    int (*progress)(void *context, size_t done, size_t total);
    void *context;
};

/* The caller's storage. */
struct attr_result {
    float *logits;       /* [images][outputs]: the outputs of x, before any softmax */
    float *attributions; /* [methods][classes][images][channels][height][width] */
    double *gap; /* [classes][images], of ig (see attrib/ig.h); only used if it is asked for */
};

#endif
