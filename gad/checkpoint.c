#include "gad/checkpoint.h"

#include "data/safetensors.h"
#include "engine/finite.h"
#include "engine/sizes.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tensors: every parameter under its own name, the optimiser's arrays behind "optim.0." and
 * "optim.1."; and in double precision "log" [epochs][4], and "part" [5] in the middle of an epoch.
 */
enum { LOG_COLUMNS = 4, PART_NUMBERS = 5, ARRAYS = 2 };

struct named {
    char text[112];
};

static const char *state_name(struct named *name, const struct eng_param *p, int array)
{
    snprintf(name->text, sizeof name->text, "optim.%d.%s", array, p->name);
    return name->text;
}

static struct dat_safetensors_entry floats(const char *name, const float *values,
                                           const struct eng_shape *shape)
{
    struct dat_safetensors_entry e = {.name = name,
                                      .dtype = DAT_F32,
                                      .rank = (size_t)shape->rank,
                                      .bytes = values,
                                      .size = eng_shape_count(shape) * sizeof(float)};
    for (int d = 0; d < shape->rank; d++)
        e.dim[d] = shape->dim[d];
    return e;
}

enum eng_err gad_checkpoint_write(const struct gad_checkpoint *c, const struct dat_model *model,
                                  struct eng_optim *optim, struct eng_why *why)
{
    const size_t count = eng_net_param_count(model->net);
    struct dat_safetensors_entry *entries = calloc((1 + ARRAYS) * count + 2, sizeof *entries);
    struct named *names = calloc(ARRAYS * count + 1, sizeof *names);
    double *log = calloc(c->epochs * LOG_COLUMNS + 1, sizeof *log);
    enum eng_err err = ENG_NOMEM;
    size_t n = 0, used = 0;
    if (!entries || !names || !log) {
        eng_fail(why, err, "%s: out of memory", c->path);
        goto done;
    }
    for (size_t i = 0; i < count; i++) {
        const struct eng_param *p = eng_net_param_const(model->net, i);
        entries[n++] = floats(p->name, p->value, &p->shape);
        for (int a = 0; a < ARRAYS; a++) {
            const float *state = eng_optim_state(optim, i, a);
            if (state)
                entries[n++] = floats(state_name(&names[used++], p, a), state, &p->shape);
        }
    }
    for (size_t i = 0; i < c->epoch; i++) {
        const struct gad_epoch *e = &c->log[i];
        memcpy(log + i * LOG_COLUMNS,
               (double[LOG_COLUMNS]){e->loss, e->accuracy, e->check, e->seconds},
               LOG_COLUMNS * sizeof *log);
    }
    entries[n++] = (struct dat_safetensors_entry){.name = "log",
                                                  .dtype = DAT_F64,
                                                  .rank = 2,
                                                  .dim = {c->epoch, LOG_COLUMNS},
                                                  .bytes = log,
                                                  .size = c->epoch * LOG_COLUMNS * sizeof *log};
    const struct gad_part *p = &c->part;
    const double part[PART_NUMBERS] = {(double)p->places, p->loss, p->right, p->seen, p->seconds};
    if (p->places)
        entries[n++] = (struct dat_safetensors_entry){.name = "part",
                                                      .dtype = DAT_F64,
                                                      .rank = 1,
                                                      .dim = {PART_NUMBERS},
                                                      .bytes = part,
                                                      .size = sizeof part};
    char steps[32], batches[32];
    snprintf(steps, sizeof steps, "%llu", (unsigned long long)eng_optim_steps(optim));
    snprintf(batches, sizeof batches, "%llu",
             (unsigned long long)eng_net_batches_tracked(model->net));
    const struct dat_safetensors_meta meta[] = {
        {"format", "gad checkpoint"}, {"run", c->run}, {"steps", steps}, {"batches", batches}};
    err = dat_safetensors_write(c->path, entries, n, meta, sizeof meta / sizeof *meta, why);
done:
    free(entries);
    free(names);
    free(log);
    return err;
}

/* Fills `values` from the tensor of that name, which must have that shape. */
static enum eng_err take(const struct dat_safetensors *file, const char *name, float *values,
                         const struct eng_shape *shape, struct eng_why *why)
{
    const struct dat_safetensors_entry *e = dat_safetensors_find(file, name);
    const size_t count = eng_shape_count(shape);
    int same = e && e->dtype == DAT_F32 && e->rank == (size_t)shape->rank;
    for (int d = 0; same && d < shape->rank; d++)
        same = e->dim[d] == shape->dim[d];
    if (!same)
        return eng_fail(why, ENG_FORMAT, "it lacks %s; delete it to begin anew", name);
    return dat_safetensors_float(e, values, count);
}

/* 1 and the number if the text is its digits and nothing else. */
static int whole_number(uint64_t *number, const char *text)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

/* The part of an epoch that the file has, or zeros. 0 if that cannot be one. */
static int take_part(struct gad_part *part, const struct dat_safetensors *file,
                     const struct gad_checkpoint *c)
{
    const struct dat_safetensors_entry *e = dat_safetensors_find(file, "part");
    double p[PART_NUMBERS];
    *part = (struct gad_part){0};
    if (!e)
        return 1;
    if (e->dtype != DAT_F64 || e->rank != 1 || e->dim[0] != PART_NUMBERS)
        return 0;
    memcpy(p, e->bytes, sizeof p);
    for (int i = 0; i < PART_NUMBERS; i++)
        if (!(p[i] >= 0 && isfinite(p[i])))
            return 0;
    if (p[0] < 1 || p[0] > (double)c->places || p[0] != floor(p[0]) || p[3] > p[0] || p[2] > p[3])
        return 0;
    *part = (struct gad_part){(size_t)p[0], p[1], p[2], p[3], p[4]};
    return part->places == c->places || part->places % c->batch == 0;
}

/* Steps that it takes to come so far, if every image can be read. */
static uint64_t most_steps(const struct gad_checkpoint *c, size_t epoch, size_t places)
{
    return epoch * (uint64_t)eng_ceil_div(c->places, c->batch) + eng_ceil_div(places, c->batch);
}

static enum eng_err take_all(struct gad_checkpoint *c, const struct dat_safetensors *file,
                             struct dat_model *model, struct eng_optim *optim, struct eng_why *why)
{
    const char *run = dat_safetensors_value(file, "run");
    const char *steps = dat_safetensors_value(file, "steps");
    const char *batches = dat_safetensors_value(file, "batches");
    const struct dat_safetensors_entry *log = dat_safetensors_find(file, "log");
    uint64_t stepped, tracked;
    struct gad_part part;
    if (!run || !steps || !batches || !log || log->dtype != DAT_F64 || log->rank != 2 ||
        log->dim[1] != LOG_COLUMNS)
        return eng_fail(why, ENG_FORMAT, "no checkpoint of a training; move it away");
    if (strcmp(run, c->run) != 0)
        return eng_fail(why, ENG_MISMATCH,
                        "was left by a training with other options, data or code; finish that one, "
                        "or delete the file to begin anew");
    if (!take_part(&part, file, c))
        return eng_fail(why, ENG_FORMAT,
                        "what it says of an epoch cannot be part of one of %zu images; delete it "
                        "to begin anew",
                        c->places);
    if (log->dim[0] + !!part.places == 0 || log->dim[0] + !!part.places > c->epochs ||
        !whole_number(&stepped, steps) || stepped > most_steps(c, log->dim[0], part.places) ||
        !whole_number(&tracked, batches))
        return eng_fail(why, ENG_FORMAT,
                        "%zu epochs, %.40s steps and %.40s batches cannot be those of a training "
                        "of %zu epochs of at most %llu steps; delete it to begin anew",
                        log->dim[0], steps, batches, c->epochs,
                        (unsigned long long)most_steps(c, 1, 0));
    struct named name;
    for (size_t i = 0; i < eng_net_param_count(model->net); i++) {
        struct eng_param *p = eng_net_param(model->net, i);
        ENG_TRY(take(file, p->name, p->value, &p->shape, why));
        const size_t count = eng_shape_count(&p->shape);
        const size_t bad = eng_first_not_finite(p->value, count);
        if (bad < count)
            return eng_fail(why, ENG_FORMAT,
                            "%s has a NaN or an infinity at element %zu; delete it to begin anew",
                            p->name, bad);
        for (int a = 0; a < ARRAYS; a++)
            if (eng_optim_state(optim, i, a))
                ENG_TRY(take(file, state_name(&name, p, a), eng_optim_state(optim, i, a), &p->shape,
                             why));
    }
    c->epoch = log->dim[0];
    c->part = part;
    for (size_t i = 0; i < c->epoch; i++) {
        double row[LOG_COLUMNS];
        memcpy(row, (const char *)log->bytes + i * sizeof row, sizeof row);
        c->log[i] = (struct gad_epoch){row[0], row[1], row[2], row[3]};
    }
    eng_optim_set_steps(optim, stepped);
    eng_net_set_batches_tracked(model->net, tracked);
    eng_net_changed(model->net);
    return ENG_OK;
}

enum eng_err gad_checkpoint_read(struct gad_checkpoint *c, struct dat_model *model,
                                 struct eng_optim *optim, struct eng_why *why)
{
    struct dat_safetensors *file;
    c->epoch = 0;
    c->part = (struct gad_part){0};
    enum eng_err err = dat_safetensors_open(&file, c->path, NULL, why);
    if (err == ENG_MISSING)
        return ENG_OK;
    if (err != ENG_OK)
        return err;
    err = take_all(c, file, model, optim, why);
    dat_safetensors_free(file);
    return err == ENG_OK ? err : eng_fail_in(why, err, c->path);
}
