#include "attrib/ig.h"

#include "attrib/pass.h"
#include "engine/sizes.h"

#include <stdlib.h>
#include <string.h>

struct attr_ig attr_ig_default(void)
{
    return (struct attr_ig){.steps = 50,
                            .quadrature = ATTR_QUADRATURE_GAUSS_LEGENDRE,
                            .baseline = {.kind = ATTR_BASELINE_ZERO}};
}

enum eng_err attr_ig_check(const struct attr_ig *ig, struct eng_why *why)
{
    ENG_TRY(attr_quadrature_check(ig->quadrature, ig->steps, why));
    return attr_baseline_check(&ig->baseline, why);
}

/* The points of all images stand in one row, cut into batches wherever it falls:
 *
 *     image       0 0 0 0 0 0 1 1 1 1 1 1 2 2 2 2 2 2
 *     step        0 1 2 3 4 5 0 1 2 3 4 5 0 1 2 3 4 5
 *     batch       |-------------|-------------|-----|
 *
 * Gradients are summed in that order, in double, whatever the batches. */
struct walk {
    struct attr_pass *pass;
    double *at, *weight; /* [steps] */
    double *sums;        /* [classes][count], of the image that is under way */
    float *baseline;     /* [count], of image baseline_of */
    size_t baseline_of;
};

static const float *image(const struct walk *w, size_t i)
{
    return w->pass->request->x + i * w->pass->count;
}

static const float *baseline(struct walk *w, size_t i)
{
    if (w->baseline_of != i)
        attr_baseline_fill(w->baseline, &w->pass->request->ig.baseline, image(w, i),
                           w->pass->channels, w->pass->pixels);
    w->baseline_of = i;
    return w->baseline;
}

/* gap[classes][images] = F(x'), from which the gap is made once the sums are there. */
static enum eng_err start_outputs(struct walk *w, double *gap)
{
    struct attr_pass *pass = w->pass;
    const struct attr_request *r = pass->request;
    for (size_t first = 0; first < r->images; first += pass->batch) {
        const size_t left = r->images - first, n = eng_min(left, pass->batch);
        for (size_t j = 0; j < n; j++)
            memcpy(pass->points + j * pass->count, baseline(w, first + j),
                   pass->count * sizeof *pass->points);
        ENG_TRY(attr_pass_forward(pass, pass->points, n));
        const float *outputs = eng_tape_output(pass->tape);
        for (size_t c = 0; c < r->class_count; c++)
            for (size_t j = 0; j < n; j++)
                gap[c * r->images + first + j] = outputs[j * pass->outputs + r->classes[c]];
    }
    return ENG_OK;
}

static void make_point(struct walk *w, float *out, size_t p)
{
    const size_t i = p / w->pass->request->ig.steps;
    const double a = w->at[p % w->pass->request->ig.steps];
    const float *x = image(w, i), *from = baseline(w, i);
    for (size_t k = 0; k < w->pass->count; k++)
        out[k] = (float)(from[k] + a * ((double)x[k] - from[k]));
}

/* Adds a point's gradient of class number c to its image's sum, which the first point begins. */
static void add_point(struct walk *w, size_t c, const float *gradient, size_t p)
{
    const size_t step = p % w->pass->request->ig.steps, count = w->pass->count;
    const double weight = w->weight[step];
    double *sum = w->sums + c * count;
    if (step == 0)
        memset(sum, 0, count * sizeof *sum);
    for (size_t k = 0; k < count; k++)
        sum[k] += weight * gradient[k];
}

/* After the last point: the attribution of class number c, and what it lacks of completeness.
 * gradient[count], the mean in float, is overwritten. */
static void finish_image(struct walk *w, size_t m, size_t c, size_t i, float *gradient,
                         const struct attr_result *result)
{
    const struct attr_pass *pass = w->pass;
    const struct attr_request *r = pass->request;
    float *out = attr_result_at(pass, result, m, c, i);
    double *gap = &result->gap[c * r->images + i], sum = 0;
    for (size_t k = 0; k < pass->count; k++)
        gradient[k] = (float)w->sums[c * pass->count + k];
    r->methods.at[m]->finish(out, gradient, image(w, i), baseline(w, i), pass->count);
    for (size_t k = 0; k < pass->count; k++)
        sum += out[k];
    *gap = sum - (result->logits[i * pass->outputs + r->classes[c]] - *gap);
}

/* Points p..p+n, forward and back from every class. */
static enum eng_err walk_batch(struct walk *w, size_t m, size_t p, size_t n,
                               const struct attr_result *result)
{
    struct attr_pass *pass = w->pass;
    const struct attr_request *r = pass->request;
    for (size_t j = 0; j < n; j++)
        make_point(w, pass->points + j * pass->count, p + j);
    ENG_TRY(attr_pass_forward(pass, pass->points, n));
    for (size_t c = 0; c < r->class_count; c++) {
        ENG_TRY(attr_pass_back(pass, r->classes[c], r->methods.at[m]->rule, n));
        for (size_t j = 0; j < n; j++) {
            float *gradient = pass->gradients + j * pass->count;
            add_point(w, c, gradient, p + j);
            if ((p + j + 1) % r->ig.steps == 0)
                finish_image(w, m, c, (p + j) / r->ig.steps, gradient, result);
        }
    }
    return ENG_OK;
}

enum eng_err attr_ig_run(struct attr_pass *pass, size_t m, const struct attr_result *result)
{
    const struct attr_request *r = pass->request;
    const size_t points = eng_product(r->images, r->ig.steps);
    const size_t numbers = eng_product(r->class_count, pass->count);
    if (points == (size_t)-1 || eng_product(numbers, sizeof(double)) == (size_t)-1)
        return ENG_TOOBIG;
    struct walk w = {.pass = pass, .baseline_of = (size_t)-1};
    w.at = malloc(r->ig.steps * sizeof *w.at);
    w.weight = malloc(r->ig.steps * sizeof *w.weight);
    w.sums = malloc(numbers * sizeof *w.sums);
    w.baseline = malloc(pass->count * sizeof *w.baseline);
    enum eng_err err = w.at && w.weight && w.sums && w.baseline ? ENG_OK : ENG_NOMEM;
    if (err == ENG_OK) {
        attr_quadrature_fill(w.at, w.weight, r->ig.quadrature, r->ig.steps);
        err = start_outputs(&w, result->gap);
    }
    for (size_t p = 0; err == ENG_OK && p < points; p += pass->batch)
        err = walk_batch(&w, m, p, eng_min(points - p, pass->batch), result);
    free(w.at);
    free(w.weight);
    free(w.sums);
    free(w.baseline);
    return err;
}
