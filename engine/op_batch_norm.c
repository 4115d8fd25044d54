/* Batch norm (Ioffe & Szegedy 2015), each channel over batch and positions, m numbers in all:
 *
 *   xhat = (x - mean) / sqrt(var + eps)        y = gamma xhat + beta
 *
 * In training mean and var are the batch's (var divided by m), otherwise the running averages.
 * Backward, with s = gamma / sqrt(var + eps):
 *
 *   dbeta = sum dy      dgamma = sum dy xhat
 *   training    dx = s (dy - dbeta / m - xhat dgamma / m)
 *   evaluation  dx = s dy
 *
 * Batch statistics are taken chunk by chunk, each in two passes while it is in the cache, and
 * merged in order with Chan, Golub & LeVeque's formula (1979) in double precision: as exact as two
 * passes over memory, at the price of one, and the same for any number of threads.
 */
#include "engine/op.h"
#include "engine/sizes.h"

#include <math.h>
#include <string.h>

static const float eps = 1e-5f;

/* pass->saved: what backward and the running averages need, one number a channel each. */
enum { MEAN, VARIANCE, INV_STD, A, B, C, SAVED };

static float *saved(const struct eng_pass *pass, int which)
{
    return (float *)pass->saved + (size_t)which * pass->y_extent.c;
}

static size_t rows_of(const struct eng_pass *pass)
{
    return pass->n * pass->y_extent.h * pass->y_extent.w;
}

static int extent(const struct eng_node *node, const struct eng_extent x[2], struct eng_extent *y)
{
    (void)node;
    *y = x[0];
    return 1;
}

static unsigned flags(const struct eng_node *node, int train_batch_norm, int dropout, unsigned want)
{
    (void)node, (void)dropout;
    if (train_batch_norm || want & ENG_WANT_PARAMS)
        return ENG_OP_KEEPS_X | ENG_OP_BACKWARD_IN_PLACE;
    return ENG_OP_FORWARD_IN_PLACE | ENG_OP_BACKWARD_IN_PLACE;
}

struct job {
    const struct eng_pass *pass;
    float *partial; /* [chunks][2][channels] */
};

static void moments_task(void *context, size_t first, size_t count, size_t i)
{
    const struct job *job = context;
    const size_t c = job->pass->y_extent.c;
    float *mean = job->partial + 2 * i * c;
    job->pass->exec->vec->moments(job->pass->x[0] + first * c, count, c, mean, mean + c);
}

static void batch_statistics(const struct eng_pass *pass)
{
    const size_t channels = pass->y_extent.c, rows = rows_of(pass), chunk = eng_op_chunk(channels);
    struct job job = {pass, pass->scratch};
    eng_op_split(pass->exec, rows, chunk, moments_task, &job);
    for (size_t c = 0; c < channels; c++) {
        double count = 0, mean = 0, m2 = 0;
        for (size_t first = 0, i = 0; first < rows; first += chunk, i++) {
            const double n = (double)eng_min(rows - first, chunk);
            const double d = job.partial[2 * i * channels + c] - mean;
            count += n;
            mean += d * n / count;
            m2 += job.partial[(2 * i + 1) * channels + c] + d * d * n * (count - n) / count;
        }
        saved(pass, MEAN)[c] = (float)mean;
        saved(pass, VARIANCE)[c] = (float)(m2 / count);
    }
}

/* A and B, so that y = x A + B, from the statistics in use; `bias` (NULL: none) is that of a
 * convolution which applies the norm to its sums on the way. */
static void fold(const struct eng_pass *pass, const float *bias)
{
    const float *gamma = eng_node_param(pass->net, pass->node, 0);
    const float *beta = eng_node_param(pass->net, pass->node, 1);
    const float *mean = saved(pass, MEAN), *variance = saved(pass, VARIANCE);
    for (size_t c = 0; c < pass->y_extent.c; c++) {
        const float inv = 1.0f / sqrtf(variance[c] + eps), scale = gamma[c] * inv;
        saved(pass, INV_STD)[c] = inv;
        saved(pass, A)[c] = scale;
        saved(pass, B)[c] = beta[c] - (mean[c] - (bias ? bias[c] : 0.0f)) * scale;
    }
}

void eng_batch_norm_fold(const struct eng_pass *pass, const float *bias, const float **scale,
                         const float **shift)
{
    const struct eng_param *running = pass->net->params;
    const size_t bytes = pass->y_extent.c * sizeof(float);
    memcpy(saved(pass, MEAN), running[pass->node->running[0]].value, bytes);
    memcpy(saved(pass, VARIANCE), running[pass->node->running[1]].value, bytes);
    fold(pass, bias);
    *scale = saved(pass, A);
    *shift = saved(pass, B);
}

void eng_batch_norm_update(const struct eng_pass *pass, float *mean, float *variance)
{
    const double m = (double)rows_of(pass), unbiased = m > 1 ? m / (m - 1) : 1;
    const float momentum = 0.1f;
    for (size_t c = 0; c < pass->y_extent.c; c++) {
        const float v = (float)(saved(pass, VARIANCE)[c] * unbiased);
        mean[c] = (1 - momentum) * mean[c] + momentum * saved(pass, MEAN)[c];
        variance[c] = (1 - momentum) * variance[c] + momentum * v;
    }
}

static void apply_task(void *context, size_t first, size_t count, size_t i)
{
    (void)i;
    const struct eng_pass *pass = ((struct job *)context)->pass;
    const size_t c = pass->y_extent.c;
    pass->exec->vec->affine(pass->y + first * c, c, pass->x[0] + first * c, c, NULL, 0,
                            saved(pass, A), saved(pass, B), count, c, pass->relu);
    eng_op_relu_bits(pass, first, count, 0, c);
}

static void forward(const struct eng_pass *pass)
{
    const float *scale, *shift;
    if (pass->train_batch_norm) {
        batch_statistics(pass);
        fold(pass, NULL);
    } else {
        eng_batch_norm_fold(pass, NULL, &scale, &shift);
    }
    struct job job = {pass, NULL};
    eng_op_split(pass->exec, rows_of(pass), eng_op_chunk(pass->y_extent.c), apply_task, &job);
}

static void sums_task(void *context, size_t first, size_t count, size_t i)
{
    const struct job *job = context;
    const struct eng_pass *pass = job->pass;
    const size_t c = pass->y_extent.c;
    float *sum = job->partial + 2 * i * c;
    pass->exec->vec->norm_grad_sums(pass->dy + first * c, pass->x[0] + first * c, saved(pass, MEAN),
                                    saved(pass, INV_STD), count, c, sum, sum + c);
}

static void grad_task(void *context, size_t first, size_t count, size_t i)
{
    (void)i;
    const struct eng_pass *pass = ((struct job *)context)->pass;
    const size_t c = pass->y_extent.c;
    pass->exec->vec->norm_grad(pass->dx[0] + first * c, pass->dy + first * c,
                               pass->x[0] + first * c, saved(pass, A), saved(pass, B),
                               saved(pass, C), count, c, pass->add[0]);
}

static void scale_task(void *context, size_t first, size_t count, size_t i)
{
    (void)i;
    const struct eng_pass *pass = ((struct job *)context)->pass;
    const size_t c = pass->y_extent.c;
    pass->exec->vec->affine(pass->dx[0] + first * c, c, pass->dy + first * c, c,
                            pass->add[0] ? pass->dx[0] + first * c : NULL, c, saved(pass, A), NULL,
                            count, c, 0);
}

static void backward(const struct eng_pass *pass)
{
    const size_t channels = pass->y_extent.c, rows = rows_of(pass), chunk = eng_op_chunk(channels);
    const float *gamma = eng_node_param(pass->net, pass->node, 0);
    const float *mean = saved(pass, MEAN), *inv_std = saved(pass, INV_STD);
    float *a = saved(pass, A), *b = saved(pass, B), *c = saved(pass, C);
    struct job job = {pass, pass->scratch};
    if (pass->train_batch_norm || pass->dparam[0] || pass->dparam[1])
        eng_op_split(pass->exec, rows, chunk, sums_task, &job);
    for (size_t i = 0; i < channels; i++) {
        a[i] = gamma[i] * inv_std[i];
        b[i] = c[i] = 0.0f;
        if (!pass->train_batch_norm && !pass->dparam[0] && !pass->dparam[1])
            continue;
        double sum = 0, sum_x = 0;
        for (size_t k = 0; k * chunk < rows; k++) {
            sum += job.partial[2 * k * channels + i];
            sum_x += job.partial[(2 * k + 1) * channels + i];
        }
        if (pass->dparam[0])
            pass->dparam[0][i] += (float)sum_x;
        if (pass->dparam[1])
            pass->dparam[1][i] += (float)sum;
        if (pass->train_batch_norm) { /* dx = a dy + b x + c */
            const double m = (double)rows;
            b[i] = (float)(-a[i] * inv_std[i] * sum_x / m);
            c[i] = (float)(-a[i] * sum / m - (double)b[i] * mean[i]);
        }
    }
    if (pass->dx[0])
        eng_op_split(pass->exec, rows, chunk, pass->train_batch_norm ? grad_task : scale_task,
                     &job);
}

static size_t saved_bytes(const struct eng_pass *pass)
{
    return eng_product(pass->y_extent.c, SAVED * sizeof(float));
}

static size_t scratch(const struct eng_pass *pass)
{
    return eng_product(2, eng_op_sums_scratch(rows_of(pass), pass->y_extent.c));
}

const struct eng_op eng_op_batch_norm = {.name = "batch_norm",
                                         .extent = extent,
                                         .flags = flags,
                                         .saved = saved_bytes,
                                         .scratch = scratch,
                                         .forward = forward,
                                         .backward = backward};
