/* A ring of slots, one batch each. Workers take places of the list in order, one image at a time,
 * so that even one batch is prepared by all of them; a place may be taken when the slot of its
 * batch is free.
 *
 *   list      | batch 0 | batch 1 | batch 2 | batch 3 | batch 4 |
 *                         ^ at the caller     ^ next place
 *   slot           0         1         2         0         1         batch modulo slot_count
 *
 * The mutex guards what the workers share: next, fresh, the slots' `done`, stopping. The contents
 * of a slot belong to whoever prepares an image of it, each a part of its own, until all are done;
 * then to the caller, until it asks for the next batch.
 */
#include "data/loader.h"

#include "data/grow.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* One at the caller, two being prepared: enough that a slow image does not stop the others. */
enum { SLOTS = 3 };

/* What became of one place of a batch. */
struct outcome {
    enum eng_err err;
    char *why; /* the sentence about a damaged image; owned */
};

struct slot {
    float *x; /* [batch][3][height][width] */
    struct outcome *outcomes;
    size_t done; /* places that are finished */
};

struct dat_loader {
    struct dat_loader_options options; /* .preprocess and .augment point to the copies below */
    struct dat_preprocess preprocess;
    struct dat_augment augment;
    size_t *indices, count;
    size_t image_size; /* floats */

    struct slot slots[SLOTS];
    size_t slot_count; /* without workers one is enough */
    int *labels;       /* of the batch at the caller */
    size_t *items;
    struct dat_batch batch;
    size_t given; /* batches that the caller has got, or that were empty */
    char **skipped;
    size_t skipped_count, skipped_capacity;

    pthread_t *threads;
    int thread_count;
    pthread_mutex_t mutex;
    pthread_cond_t room;  /* a slot became free, or stopping was set */
    pthread_cond_t ready; /* a batch is done */
    size_t next;          /* the first place that nobody took */
    size_t fresh;         /* batches from this one on have no slot yet */
    int stopping;
};

static size_t batch_count(const struct dat_loader *l)
{
    return l->count / l->options.batch + (l->count % l->options.batch != 0);
}

/* How many places batch number b has. */
static size_t batch_size(const struct dat_loader *l, size_t b)
{
    const size_t left = l->count - b * l->options.batch;
    return left < l->options.batch ? left : l->options.batch;
}

/* Mixes the epoch into the item's number (the constant is 2^64 / golden ratio, odd: for each epoch
 * another permutation of the numbers, so no two items of an epoch share a stream). */
static uint64_t stream_of(uint64_t epoch, size_t item)
{
    return (uint64_t)item + epoch * UINT64_C(0x9e3779b97f4a7c15);
}

static enum eng_err prepare(const struct dat_loader *l, size_t item, float *x, struct eng_why *why)
{
    struct dat_image photo;
    ENG_TRY(dat_dataset_read(l->options.set, item, &photo, NULL, why));
    enum eng_err err;
    if (l->options.augment) {
        struct eng_rng r;
        struct dat_image picture;
        eng_rng_init(&r, l->options.seed, stream_of(l->options.epoch, item));
        err = dat_augment_run(&picture, &photo, &l->augment, l->preprocess.width,
                              l->preprocess.height, &r);
        if (!err) {
            dat_preprocess_tensor(x, &l->preprocess, &picture);
            dat_image_release(&picture);
        }
    } else {
        err = dat_preprocess_run(x, &l->preprocess, &photo);
    }
    dat_image_release(&photo);
    return err;
}

/* Whether the image is at fault, so that the others may still be fine. */
static int is_damage(enum eng_err err)
{
    return err == ENG_FORMAT || err == ENG_UNSUPPORTED || err == ENG_TOOBIG || err == ENG_IO ||
           err == ENG_MISSING;
}

static void prepare_place(struct dat_loader *l, size_t place)
{
    struct slot *slot = &l->slots[place / l->options.batch % l->slot_count];
    const size_t at = place % l->options.batch;
    struct outcome *outcome = &slot->outcomes[at];
    struct eng_why why = {0};

    outcome->err = prepare(l, l->indices[place], slot->x + at * l->image_size, &why);
    if (outcome->err && !why.text[0])
        eng_fail_in(&why, outcome->err, dat_dataset_item(l->options.set, l->indices[place])->name);
    if (outcome->err && !(outcome->why = strdup(why.text)))
        outcome->err = ENG_NOMEM;
}

static void *work(void *arg)
{
    struct dat_loader *l = arg;

    pthread_mutex_lock(&l->mutex);
    for (;;) {
        while (!l->stopping && l->next < l->count && l->next / l->options.batch >= l->fresh)
            pthread_cond_wait(&l->room, &l->mutex);
        if (l->stopping || l->next >= l->count)
            break;
        const size_t place = l->next++, b = place / l->options.batch;
        pthread_mutex_unlock(&l->mutex);

        prepare_place(l, place);

        pthread_mutex_lock(&l->mutex);
        if (++l->slots[b % l->slot_count].done == batch_size(l, b))
            pthread_cond_signal(&l->ready);
    }
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

/* Signals stay with the program's own threads: the handlers are theirs, and nothing interrupts the
 * workers' reading. */
static void start_threads(struct dat_loader *l)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (l->thread_count < l->options.workers &&
           !pthread_create(&l->threads[l->thread_count], NULL, work, l))
        l->thread_count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static enum eng_err allocate(struct dat_loader *l, const size_t *indices)
{
    const struct dat_preprocess *p = &l->preprocess;
    const size_t batch = l->options.batch;

    if (batch > SIZE_MAX / sizeof(float) / 3 / p->height / p->width)
        return ENG_TOOBIG;
    l->image_size = 3 * p->height * p->width;
    for (size_t i = 0; i < l->slot_count; i++) {
        l->slots[i].x = malloc(batch * l->image_size * sizeof(float));
        l->slots[i].outcomes = calloc(batch, sizeof *l->slots[i].outcomes);
        if (!l->slots[i].x || !l->slots[i].outcomes)
            return ENG_NOMEM;
    }
    l->labels = calloc(batch, sizeof *l->labels);
    l->items = calloc(batch, sizeof *l->items);
    l->indices = calloc(l->count + 1, sizeof *l->indices);
    l->threads = calloc((size_t)l->options.workers + 1, sizeof *l->threads);
    if (!l->labels || !l->items || !l->indices || !l->threads)
        return ENG_NOMEM;
    if (l->count) /* else the list may be NULL */
        memcpy(l->indices, indices, l->count * sizeof *indices);
    return ENG_OK;
}

static enum eng_err check(const struct dat_loader_options *o, const size_t *indices, size_t count,
                          struct eng_why *why)
{
    if (!o->batch)
        return eng_fail(why, ENG_ARG, "a batch of 0 images is not possible; use 1 or more");
    if (o->workers < 0)
        return eng_fail(why, ENG_ARG, "%d workers are not possible; use 0 or more", o->workers);
    for (size_t i = 0; i < count; i++)
        if (indices[i] >= dat_dataset_count(o->set))
            return eng_fail(why, ENG_ARG, "the data set has no item %zu", indices[i]);
    return dat_preprocess_check(o->preprocess, why);
}

enum eng_err dat_loader_new(struct dat_loader **out, const struct dat_loader_options *options,
                            const size_t *indices, size_t count, struct eng_why *why)
{
    *out = NULL;
    ENG_TRY(check(options, indices, count, why));
    struct dat_loader *l = calloc(1, sizeof *l);
    if (!l)
        return ENG_NOMEM;
    l->options = *options;
    l->preprocess = *options->preprocess;
    l->options.preprocess = &l->preprocess;
    if (options->augment) {
        l->augment = *options->augment;
        l->options.augment = &l->augment;
    }
    if (l->options.batch > count) /* no room for what cannot come */
        l->options.batch = count + !count;
    l->count = count;
    l->slot_count = options->workers ? SLOTS : 1;
    l->fresh = l->slot_count;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->room, NULL);
    pthread_cond_init(&l->ready, NULL);
    const enum eng_err err = allocate(l, indices);
    if (err) {
        dat_loader_free(l);
        return err;
    }
    start_threads(l);
    *out = l;
    return ENG_OK;
}

/* Waits until batch number b is prepared; without threads, prepares it. */
static void finish_batch(struct dat_loader *l, size_t b)
{
    if (!l->thread_count) {
        for (size_t i = 0; i < batch_size(l, b); i++)
            prepare_place(l, l->next++);
        return;
    }
    pthread_mutex_lock(&l->mutex);
    while (l->slots[b % l->slot_count].done < batch_size(l, b))
        pthread_cond_wait(&l->ready, &l->mutex);
    pthread_mutex_unlock(&l->mutex);
}

/* Gives the slot of batch number b to the batch that is next in turn. */
static void recycle(struct dat_loader *l, size_t b)
{
    pthread_mutex_lock(&l->mutex);
    l->slots[b % l->slot_count].done = 0;
    l->fresh++;
    pthread_cond_broadcast(&l->room);
    pthread_mutex_unlock(&l->mutex);
}

/* Moves an outcome's sentence to the list of what was skipped. */
static enum eng_err note_skipped(struct dat_loader *l, struct outcome *outcome)
{
    char **skipped = dat_grow(l->skipped, &l->skipped_capacity, l->skipped_count, sizeof *skipped);
    if (!skipped)
        return ENG_NOMEM;
    l->skipped = skipped;
    skipped[l->skipped_count++] = outcome->why;
    outcome->why = NULL;
    return ENG_OK;
}

/* Closes the gaps that skipped images left in batch number b, and describes it in l->batch. */
static enum eng_err collect(struct dat_loader *l, size_t b, struct eng_why *why)
{
    struct slot *slot = &l->slots[b % l->slot_count];
    size_t n = 0;
    for (size_t i = 0; i < batch_size(l, b); i++) {
        struct outcome *outcome = &slot->outcomes[i];
        if (outcome->err && (l->options.strict || !is_damage(outcome->err)))
            return eng_fail(why, outcome->err, "%s", outcome->why ? outcome->why : "");
        if (outcome->err) {
            ENG_TRY(note_skipped(l, outcome));
            continue;
        }
        if (n < i)
            memcpy(slot->x + n * l->image_size, slot->x + i * l->image_size,
                   l->image_size * sizeof(float));
        l->items[n] = l->indices[b * l->options.batch + i];
        l->labels[n] = dat_dataset_item(l->options.set, l->items[n])->label;
        n++;
    }
    const size_t end = b * l->options.batch + batch_size(l, b);
    l->batch = (struct dat_batch){n, slot->x, l->labels, l->items, end};
    return ENG_OK;
}

enum eng_err dat_loader_next(struct dat_loader *l, const struct dat_batch **batch,
                             struct eng_why *why)
{
    *batch = NULL;
    for (;;) {
        if (l->given)
            recycle(l, l->given - 1);
        if (l->given == batch_count(l)) {
            l->batch.count = 0;
            return ENG_OK;
        }
        const size_t b = l->given++;
        finish_batch(l, b);
        ENG_TRY(collect(l, b, why));
        if (l->batch.count) {
            *batch = &l->batch;
            return ENG_OK;
        }
    }
}

size_t dat_loader_skipped(const struct dat_loader *l)
{
    return l->skipped_count;
}

const char *dat_loader_skipped_why(const struct dat_loader *l, size_t i)
{
    assert(i < l->skipped_count);
    return l->skipped[i];
}

void dat_loader_free(struct dat_loader *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->mutex);
    l->stopping = 1;
    pthread_cond_broadcast(&l->room);
    pthread_mutex_unlock(&l->mutex);
    for (int i = 0; i < l->thread_count; i++)
        pthread_join(l->threads[i], NULL);
    pthread_mutex_destroy(&l->mutex);
    pthread_cond_destroy(&l->room);
    pthread_cond_destroy(&l->ready);

    for (int i = 0; i < SLOTS; i++) {
        for (size_t k = 0; l->slots[i].outcomes && k < l->options.batch; k++)
            free(l->slots[i].outcomes[k].why);
        free(l->slots[i].x);
        free(l->slots[i].outcomes);
    }
    for (size_t i = 0; i < l->skipped_count; i++)
        free(l->skipped[i]);
    free(l->skipped);
    free(l->labels);
    free(l->items);
    free(l->indices);
    free(l->threads);
    free(l);
}
