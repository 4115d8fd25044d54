#include "attrib/pass.h"

#include <string.h>

static enum eng_err report(struct attr_pass *pass, size_t n)
{
    const struct attr_request *r = pass->request;
    pass->done += n;
    return r->progress && r->progress(r->context, pass->done, pass->total) ? ENG_INTERRUPTED
                                                                           : ENG_OK;
}

enum eng_err attr_pass_forward(struct attr_pass *pass, const float *x, size_t n)
{
    ENG_TRY(eng_tape_forward(pass->tape, x, n));
    return report(pass, n);
}

enum eng_err attr_pass_back(struct attr_pass *pass, size_t class, enum eng_relu_rule rule, size_t n)
{
    memset(pass->seed, 0, n * pass->outputs * sizeof *pass->seed);
    for (size_t i = 0; i < n; i++)
        pass->seed[i * pass->outputs + class] = 1.0f;
    ENG_TRY(eng_tape_backward(pass->tape, pass->seed, rule, pass->gradients, NULL));
    return report(pass, n);
}
