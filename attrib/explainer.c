#include "attrib/explainer.h"

#include "attrib/pass.h"
#include "engine/sizes.h"

#include <stdlib.h>
#include <string.h>

struct attr_explainer {
    struct attr_pass pass;
};

/* ---- memory --------------------------------------------------------------------------------- */

/* Plans a tape for batches of `batch`, and what the explainer would hold with it: the tape, and of
 * each image a point, a gradient and a seed. */
static enum eng_err plan(struct attr_pass *pass, const struct eng_net *net,
                         const struct eng_exec *exec, struct eng_tape_options *options,
                         size_t batch, struct eng_why *why)
{
    eng_tape_free(pass->tape);
    pass->tape = NULL;
    options->batch = pass->batch = batch;
    ENG_TRY(eng_tape_new(&pass->tape, net, exec, options, why));
    pass->bytes = eng_tape_bytes(pass->tape) +
                  batch * (2 * pass->count + pass->outputs) * sizeof(float);
    return ENG_OK;
}

/* The largest batch that fits the memory, at least 1. Memory grows almost evenly with the batch,
 * so two plans tell about where it ends, and a third is rarely followed by more. */
static enum eng_err plan_to_fit(struct attr_pass *pass, const struct eng_net *net,
                                const struct eng_exec *exec, size_t height, size_t width,
                                size_t memory, struct eng_why *why)
{
    struct eng_tape_options options = {.height = height, .width = width, .want = ENG_WANT_INPUT};
    ENG_TRY(plan(pass, net, exec, &options, 1, why));
    const size_t one = pass->bytes;
    if (one >= memory)
        return ENG_OK;
    if (plan(pass, net, exec, &options, 2, NULL) != ENG_OK)
        return plan(pass, net, exec, &options, 1, why);
    const size_t each = pass->bytes > one ? pass->bytes - one : 1;
    size_t batch = 1 + (memory - one) / each;
    if (batch > ATTR_BATCH_MAX)
        batch = ATTR_BATCH_MAX;
    for (;; batch--) {
        const enum eng_err err = plan(pass, net, exec, &options, batch, why);
        if (batch == 1 || (err == ENG_OK && pass->bytes <= memory))
            return err;
    }
}

enum eng_err attr_explainer_new(struct attr_explainer **out, const struct eng_net *net,
                                const struct eng_exec *exec, size_t height, size_t width,
                                size_t memory, struct eng_why *why)
{
    struct attr_explainer *e = calloc(1, sizeof *e);
    if (!e)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    struct attr_pass *pass = &e->pass;
    pass->outputs = eng_net_outputs(net);
    pass->channels = eng_net_channels(net);
    const struct eng_shape image = {3, {pass->channels, height, width}};
    enum eng_err err;
    if (eng_shape_count(&image) > (size_t)1 << 31) {
        err = eng_fail(why, ENG_TOOBIG, "images of %zux%zu are too large; give another size", width,
                       height);
        goto fail;
    }
    pass->pixels = height * width;
    pass->count = pass->channels * pass->pixels;
    err = plan_to_fit(pass, net, exec, height, width, memory ? memory : ATTR_MEMORY_DEFAULT, why);
    if (err != ENG_OK)
        goto fail;
    pass->points = malloc(pass->batch * pass->count * sizeof *pass->points);
    pass->gradients = malloc(pass->batch * pass->count * sizeof *pass->gradients);
    pass->seed = malloc(pass->batch * pass->outputs * sizeof *pass->seed);
    if (!pass->points || !pass->gradients || !pass->seed) {
        err = eng_fail(why, ENG_NOMEM, "no memory for %zu images of %zux%zu; give a lower limit",
                       pass->batch, width, height);
        goto fail;
    }
    *out = e;
    return ENG_OK;
fail:
    attr_explainer_free(e);
    return err;
}

void attr_explainer_free(struct attr_explainer *explainer)
{
    if (!explainer)
        return;
    eng_tape_free(explainer->pass.tape);
    free(explainer->pass.points);
    free(explainer->pass.gradients);
    free(explainer->pass.seed);
    free(explainer);
}

enum eng_err attr_explainer_use(struct attr_explainer *explainer, const struct eng_net *net,
                                struct eng_why *why)
{
    const enum eng_err err = eng_tape_use(explainer->pass.tape, net);
    return err == ENG_OK ? ENG_OK
                         : eng_fail(why, err, "the nets to be explained have different layers");
}

size_t attr_explainer_batch(const struct attr_explainer *explainer)
{
    return explainer->pass.batch;
}

size_t attr_explainer_bytes(const struct attr_explainer *explainer)
{
    return explainer->pass.bytes;
}

/* ---- a run ---------------------------------------------------------------------------------- */

static const enum eng_relu_rule rules[] = {ENG_RELU_STANDARD, ENG_RELU_DECONV, ENG_RELU_GUIDED};

enum { RULES = sizeof rules / sizeof *rules };

static int taken_at_input(const struct attr_method *method, enum eng_relu_rule rule)
{
    return method->taken == ATTR_AT_INPUT && method->rule == rule;
}

static int rule_is_wanted(const struct attr_methods *methods, enum eng_relu_rule rule)
{
    for (size_t m = 0; m < methods->count; m++)
        if (taken_at_input(methods->at[m], rule))
            return 1;
    return 0;
}

static enum eng_err check(const struct attr_pass *pass, const struct attr_request *r,
                          struct eng_why *why)
{
    if (r->images == 0)
        return eng_fail(why, ENG_ARG, "there are no images to explain");
    for (size_t c = 0; c < r->class_count; c++)
        if (r->classes[c] >= pass->outputs)
            return eng_fail(why, ENG_ARG, "there is no class %zu; the net's are 0 to %zu",
                            r->classes[c], pass->outputs - 1);
    for (size_t m = 0; m < r->methods.count; m++)
        if (r->methods.at[m]->taken == ATTR_ON_PATH)
            ENG_TRY(attr_ig_check(&r->ig, why));
    return ENG_OK;
}

/* Images that this run will send forward and back, each time counted. */
static size_t work(const struct attr_request *r)
{
    size_t passes = 1;
    for (size_t k = 0; k < RULES; k++)
        if (rule_is_wanted(&r->methods, rules[k]))
            passes += r->class_count;
    for (size_t m = 0; m < r->methods.count; m++)
        if (r->methods.at[m]->taken == ATTR_ON_PATH && r->class_count)
            passes += 1 + r->ig.steps * (1 + r->class_count);
    return r->images * passes;
}

/* Logits, and all methods that look at x alone, of images first..first+n. */
static enum eng_err run_at_input(struct attr_pass *pass, const struct attr_result *result,
                                 size_t first, size_t n)
{
    const struct attr_request *r = pass->request;
    const float *x = r->x + first * pass->count;
    ENG_TRY(attr_pass_forward(pass, x, n));
    memcpy(result->logits + first * pass->outputs, eng_tape_output(pass->tape),
           n * pass->outputs * sizeof *result->logits);
    for (size_t k = 0; k < RULES; k++) {
        if (!rule_is_wanted(&r->methods, rules[k]))
            continue;
        for (size_t c = 0; c < r->class_count; c++) {
            ENG_TRY(attr_pass_back(pass, r->classes[c], rules[k], n));
            for (size_t m = 0; m < r->methods.count; m++)
                if (taken_at_input(r->methods.at[m], rules[k]))
                    r->methods.at[m]->finish(attr_result_at(pass, result, m, c, first),
                                             pass->gradients, x, NULL, n * pass->count);
        }
    }
    return ENG_OK;
}

static enum eng_err run(struct attr_pass *pass, const struct attr_result *result)
{
    const struct attr_request *r = pass->request;
    for (size_t first = 0; first < r->images; first += pass->batch) {
        const size_t left = r->images - first;
        ENG_TRY(run_at_input(pass, result, first, eng_min(left, pass->batch)));
    }
    for (size_t m = 0; m < r->methods.count; m++)
        if (r->methods.at[m]->taken == ATTR_ON_PATH && r->class_count)
            ENG_TRY(attr_ig_run(pass, m, result));
    return ENG_OK;
}

enum eng_err attr_explainer_run(struct attr_explainer *explainer,
                                const struct attr_request *request,
                                const struct attr_result *result, struct eng_why *why)
{
    struct attr_pass *pass = &explainer->pass;
    ENG_TRY(check(pass, request, why));
    pass->request = request;
    pass->done = 0;
    pass->total = work(request);
    const enum eng_err err = run(pass, result);
    pass->request = NULL;
    switch (err) {
    case ENG_OK:
        return ENG_OK;
    case ENG_STATE:
        return eng_fail(why, err, "the net's weights are not prepared for gradients; prepare them");
    default:
        return eng_fail(why, err, "%s", eng_err_text(err));
    }
}
