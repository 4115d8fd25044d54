/* Parameter gradients and an epoch of training, for comparison with other programs:
 *
 *     gradients MODEL X.npy TARGET.npy GRADIENTS.npz TRAINED.npz batch|running BATCH RATE
 *               PRECISION THREADS
 *
 * X (N,3,H,W) is taken in order, BATCH at a time; the loss is the mean squared error with TARGET
 * (N,classes); Adam makes a step of RATE after each batch; dropout drops nothing. Batch norm uses
 * the batch's statistics and moves its running averages, or it uses these and leaves them alone.
 * GRADIENTS are those of the first batch, under the parameters' names. TRAINED are all parameters
 * after the epoch, and the losses before each step as "losses". */
#include "data/model.h"
#include "data/npy.h"
#include "data/tensors.h"
#include "engine/loss.h"
#include "engine/optim.h"
#include "engine/tape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS = 10 };

struct job {
    struct dat_model model;
    struct dat_npy x, target;
    struct eng_exec exec;
    struct eng_tape *tape;
    struct eng_grads *grads;
    struct eng_optim *optim;
    struct dat_safetensors_entry *entries; /* one a parameter, and one for the losses */
    float *seed;
    double *losses;
    size_t batch, steps;
    float rate;
    int batch_statistics;
};

static void need(enum eng_err err, const struct eng_why *why)
{
    if (err != ENG_OK) {
        fprintf(stderr, "gradients: %s: %s\n", eng_err_text(err), why ? why->text : "");
        exit(1);
    }
}

static void *room(size_t count, size_t size)
{
    void *p = calloc(count, size);
    if (!p)
        need(ENG_NOMEM, NULL);
    return p;
}

static void job_init(struct job *j, char **argument)
{
    struct eng_why why = {""};
    enum eng_precision precision;
    need(dat_model_read(&j->model, argument[0], NULL, &why), &why);
    need(dat_npy_read(&j->x, argument[1], NULL, &why), &why);
    need(dat_npy_read(&j->target, argument[2], NULL, &why), &why);
    j->batch_statistics = strcmp(argument[5], "batch") == 0;
    j->batch = strtoul(argument[6], NULL, 10);
    j->rate = strtof(argument[7], NULL);
    need(eng_precision_parse(&precision, argument[8], &why), &why);
    need(eng_exec_init(&j->exec, (int)strtol(argument[9], NULL, 10), NULL, &why), &why);
    eng_exec_set_precision(&j->exec, precision);

    const size_t *dim = j->x.dim;
    if (j->x.rank != 4 || dim[1] != eng_net_channels(j->model.net) || j->target.rank != 2 ||
        j->target.dim[0] != dim[0] || j->target.dim[1] != j->model.config.classes || !j->batch ||
        dim[0] % j->batch)
        need(ENG_SHAPE, &(struct eng_why){"inputs, targets, net and batch do not go together"});
    j->steps = dim[0] / j->batch;
    const struct eng_tape_options options = {.batch = j->batch,
                                             .height = dim[2],
                                             .width = dim[3],
                                             .want = ENG_WANT_PARAMS,
                                             .train_batch_norm = j->batch_statistics};
    const struct eng_optim_config adam = eng_optim_adam();
    need(eng_tape_new(&j->tape, j->model.net, &j->exec, &options, &why), &why);
    need(eng_grads_new(&j->grads, j->model.net), NULL);
    need(eng_optim_new(&j->optim, j->model.net, &adam), NULL);
    j->seed = room(j->batch * j->model.config.classes, sizeof *j->seed);
    j->losses = room(j->steps, sizeof *j->losses);
    j->entries = room(eng_net_param_count(j->model.net) + 1, sizeof *j->entries);
}

static void job_release(struct job *j)
{
    eng_tape_free(j->tape);
    eng_grads_free(j->grads);
    eng_optim_free(j->optim);
    dat_model_release(&j->model);
    dat_npy_release(&j->x);
    dat_npy_release(&j->target);
    free(j->seed);
    free(j->losses);
    free(j->entries);
}

/* Adds what param is called and shaped, with these values; nothing where there are none. */
static void add(struct job *j, size_t *count, const struct eng_param *param, const float *value)
{
    struct dat_safetensors_entry *entry = &j->entries[*count];
    if (!value)
        return;
    *entry = (struct dat_safetensors_entry){.name = param->name,
                                            .dtype = DAT_F32,
                                            .rank = (size_t)param->shape.rank,
                                            .bytes = value,
                                            .size = eng_shape_count(&param->shape) * sizeof *value};
    memcpy(entry->dim, param->shape.dim, entry->rank * sizeof *entry->dim);
    ++*count;
}

static void write_gradients(struct job *j, const char *path)
{
    struct eng_why why = {""};
    size_t count = 0;
    for (size_t i = 0; i < eng_net_param_count(j->model.net); i++)
        add(j, &count, eng_net_param(j->model.net, i), eng_grads_value(j->grads, i));
    need(dat_tensors_write(path, j->entries, count, NULL, 0, &why), &why);
}

static void write_trained(struct job *j, const char *path)
{
    struct eng_why why = {""};
    size_t count = 0;
    for (size_t i = 0; i < eng_net_param_count(j->model.net); i++) {
        const struct eng_param *param = eng_net_param(j->model.net, i);
        add(j, &count, param, param->value);
    }
    j->entries[count++] = (struct dat_safetensors_entry){.name = "losses",
                                                         .dtype = DAT_F64,
                                                         .rank = 1,
                                                         .dim = {j->steps},
                                                         .bytes = j->losses,
                                                         .size = j->steps * sizeof *j->losses};
    need(dat_tensors_write(path, j->entries, count, NULL, 0, &why), &why);
}

static void train(struct job *j, const char *gradients)
{
    const size_t classes = j->model.config.classes;
    const size_t image = j->x.dim[1] * j->x.dim[2] * j->x.dim[3];
    for (size_t step = 0; step < j->steps; step++) {
        const size_t first = step * j->batch;
        need(eng_net_prepare(j->model.net, &j->exec, ENG_FOR_TRAINING), NULL);
        need(eng_tape_forward(j->tape, j->x.data + first * image, j->batch), NULL);
        j->losses[step] = eng_mse(eng_tape_output(j->tape), j->target.data + first * classes,
                                  j->batch, classes, j->seed);
        eng_grads_zero(j->grads);
        need(eng_tape_backward(j->tape, j->seed, ENG_RELU_STANDARD, NULL, j->grads), NULL);
        if (j->batch_statistics)
            need(eng_tape_update_running(j->tape, j->model.net), NULL);
        if (step == 0)
            write_gradients(j, gradients);
        eng_optim_step(j->optim, &j->exec, j->model.net, j->grads, j->rate);
    }
}

int main(int count, char **argument)
{
    struct job job = {0};
    if (count != ARGUMENTS + 1) {
        fprintf(stderr, "usage: gradients MODEL X.npy TARGET.npy GRADIENTS.npz TRAINED.npz "
                        "batch|running BATCH RATE PRECISION THREADS\n");
        return 2;
    }
    job_init(&job, argument + 1);
    train(&job, argument[4]);
    write_trained(&job, argument[5]);
    job_release(&job);
    return 0;
}
