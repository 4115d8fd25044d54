/* The loader: order, batches, the same numbers whatever the workers, damaged images, early ends. */
#include "data/loader.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#include <math.h>
#include <time.h>

enum { SIDE = 8, IMAGES = 23 };

static struct eng_why why;

/* 23 pictures, the red of each its number times ten; numbers 4, 9 to 11 are damaged in several
 * ways. Batches of three then have one that is short (3, 4, 5) and one that is empty (9, 10, 11).
 */
static struct dat_dataset *make_set(void)
{
    for (int i = 0; i < IMAGES; i++) {
        char name[64];
        snprintf(name, sizeof name, "set/%s.%d.ppm", i < 12 ? "a" : "b", i);
        scratch_ppm(name, 12, 9, i * 10);
    }
    scratch_text("set/a.4.ppm", "P6\n12 9\n255\ntoo short");
    scratch_text("set/a.9.ppm", "not an image");
    scratch_text("set/a.10.ppm", "");
    scratch_text("set/a.11.ppm", "P6\n999999 999999\n255\n");

    struct dat_dataset *set;
    const struct dat_dataset_options options = DAT_DATASET_DEFAULTS;
    if (!CHECK(!dat_dataset_open(&set, scratch_path("set"), &options, &why), "a set %s", why.text))
        return NULL;
    return set;
}

static void plain_preprocess(struct dat_preprocess *p)
{
    dat_preprocess_init_square(p, SIDE);
    for (int c = 0; c < 3; c++) {
        p->mean[c] = 0;
        p->std[c] = 1;
    }
}

static const struct dat_augment augment = {
    .scale_min = 0.3f, .scale_max = 1.0f, .flip = 0.5f, .jitter = 0.3f};

/* All that a pass gave: the floats, and a line of text with batch sizes, items, labels, and what
 * was skipped. */
struct record {
    float x[IMAGES][3 * SIDE * SIDE];
    size_t count, batches, ends[IMAGES];
    char text[8192];
};

static void say(struct record *r, const char *format, ...)
{
    va_list ap;
    const size_t length = strlen(r->text);
    va_start(ap, format);
    vsnprintf(r->text + length, sizeof r->text - length, format, ap);
    va_end(ap);
}

static enum eng_err run(struct record *r, const struct dat_loader_options *options,
                        const size_t *indices, size_t count)
{
    struct dat_loader *loader;
    const struct dat_batch *batch;
    enum eng_err err;

    memset(r, 0, sizeof *r);
    why = (struct eng_why){0};
    if ((err = dat_loader_new(&loader, options, indices, count, &why)))
        return err;
    while (!(err = dat_loader_next(loader, &batch, &why)) && batch) {
        if (r->batches < IMAGES)
            r->ends[r->batches++] = batch->end;
        say(r, "[");
        for (size_t i = 0; i < batch->count; i++) {
            say(r, " %zu=%d", batch->items[i], batch->labels[i]);
            memcpy(r->x[r->count++], batch->x + i * 3 * SIDE * SIDE, sizeof r->x[0]);
        }
        say(r, " ]");
    }
    if (!err && (dat_loader_next(loader, &batch, &why) || batch))
        say(r, " not the end");
    for (size_t i = 0; i < dat_loader_skipped(loader); i++)
        say(r, "\n%s", dat_loader_skipped_why(loader, i));
    dat_loader_free(loader);
    return err;
}

static void test_order(const struct dat_dataset *set, const struct dat_preprocess *p)
{
    static const size_t sound[] = {3, 0, 12, 5, 22, 1, 1};
    struct record r;
    const struct dat_loader_options options = {
        .set = set, .preprocess = p, .batch = 3, .workers = 2};
    CHECK(!run(&r, &options, sound, 7) &&
              !strcmp(r.text, "[ 3=0 0=0 12=1 ][ 5=0 22=1 1=0 ][ 1=0 ]"),
          "the order of the list, in batches of three: %s", r.text);
    int wrong = 0;
    for (size_t i = 0; i < 7; i++)
        for (int k = 0; k < SIDE * SIDE; k++)
            wrong += fabsf(r.x[i][k] - (float)(sound[i] * 10) / 255.0f) > 1e-6f;
    CHECK(r.count == 7 && !wrong, "each place has the image of its item (%d floats wrong)", wrong);

    struct dat_image photo;
    float x[3 * SIDE * SIDE];
    if (!CHECK(!dat_dataset_read(set, 22, &photo, NULL, &why) && !dat_preprocess_run(x, p, &photo),
               "an image by hand"))
        return;
    CHECK(!memcmp(x, r.x[4], sizeof x), "preprocessed as by hand");
    dat_image_release(&photo);

    CHECK(!run(&r, &options, NULL, 0) && !*r.text, "an empty list has no batches");
    struct dat_loader_options large = options;
    large.batch = SIZE_MAX;
    CHECK(!run(&r, &large, sound, 2) && !strcmp(r.text, "[ 3=0 0=0 ]"),
          "a batch larger than the list");
}

static void test_workers(const struct dat_dataset *set, const struct dat_preprocess *p)
{
    size_t list[IMAGES];
    for (size_t i = 0; i < IMAGES; i++)
        list[i] = i;
    static struct record one, other;
    struct dat_loader_options options = {
        .set = set, .preprocess = p, .augment = &augment, .batch = 3, .seed = 5, .epoch = 2};
    CHECK(!run(&one, &options, list, IMAGES) && one.count == 19, "19 of 23 images are sound");
    CHECK(strstr(one.text, "[ 3=0 5=0 ][ 6=0 7=0 8=0 ][ 12=1"),
          "a damaged image leaves its batch smaller; an empty batch does not appear");
    CHECK(one.ends[1] == 6 && one.ends[2] == 9 && one.ends[3] == 15 &&
              one.ends[one.batches - 1] == IMAGES,
          "and batches know the places that they and the empty ones before them took");
    const char *a = strstr(one.text, "a.4.ppm: "), *b = strstr(one.text, "a.9.ppm: "),
               *c = strstr(one.text, "a.10.ppm: "), *d = strstr(one.text, "a.11.ppm: ");
    CHECK(a && b && c && d && a < b && b < c && c < d && strstr(one.text, scratch_root),
          "the damaged images are named, in the order of the list");

    static const int workers[] = {1, 3, 8};
    for (size_t i = 0; i < 3; i++) {
        options.workers = workers[i];
        CHECK(!run(&other, &options, list, IMAGES) && !memcmp(&one, &other, sizeof one),
              "%d workers give what none give, to the bit", workers[i]);
    }
    options.batch = 7;
    CHECK(!run(&other, &options, list, IMAGES) && !memcmp(one.x, other.x, sizeof one.x),
          "the batch size does not change the images");

    for (size_t i = 0; i < IMAGES; i++)
        list[i] = IMAGES - 1 - i;
    CHECK(!run(&other, &options, list, IMAGES) && !memcmp(one.x[0], other.x[18], sizeof one.x[0]) &&
              !memcmp(one.x[18], other.x[0], sizeof one.x[0]),
          "nor does the order of the list");
    options.epoch = 3;
    CHECK(!run(&other, &options, list, IMAGES) && memcmp(one.x[0], other.x[18], sizeof one.x[0]),
          "another epoch changes them");
    options.epoch = 2;
    options.seed = 6;
    CHECK(!run(&other, &options, list, IMAGES) && memcmp(one.x[0], other.x[18], sizeof one.x[0]),
          "another seed changes them");
}

static void test_strict(const struct dat_dataset *set, const struct dat_preprocess *p)
{
    static const size_t list[] = {0, 1, 2, 3, 5, 10, 4, 9};
    struct record r;
    for (int workers = 0; workers <= 3; workers += 3) {
        const struct dat_loader_options options = {
            .set = set, .preprocess = p, .batch = 4, .workers = workers, .strict = 1};
        CHECK(run(&r, &options, list, 8) == ENG_FORMAT && strstr(why.text, "a.10.ppm: ") &&
                  !strcmp(r.text, "[ 0=0 1=0 2=0 3=0 ]"),
              "strict, %d workers: the first damaged image is the error: %s", workers, why.text);
    }
}

/* Ends a pass after 0, 1, ... batches, while the workers are ahead, waiting, or done. */
static void test_early_end(const struct dat_dataset *set, const struct dat_preprocess *p)
{
    size_t list[IMAGES];
    for (size_t i = 0; i < IMAGES; i++)
        list[i] = i;
    int fine = 1;
    for (int pause = 0; pause < 2; pause++)
        for (int batches = 0; batches < 7; batches++)
            for (int workers = 0; workers < 5; workers += 2) {
                const struct dat_loader_options options = {
                    .set = set, .preprocess = p, .batch = 2, .workers = workers};
                struct dat_loader *loader;
                const struct dat_batch *batch;
                if (dat_loader_new(&loader, &options, list, IMAGES, &why)) {
                    fine = 0;
                    continue;
                }
                for (int i = 0; i < batches; i++)
                    fine &= !dat_loader_next(loader, &batch, &why) && batch;
                if (pause)
                    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
                dat_loader_free(loader);
            }
    dat_loader_free(NULL);
    CHECK(fine, "a pass may end early");
}

static void test_arguments(const struct dat_dataset *set, const struct dat_preprocess *p)
{
    static const size_t list[] = {0, 1}, beyond[] = {0, IMAGES};
    struct record r;
    struct dat_loader_options good = {.set = set, .preprocess = p, .batch = 2}, bad = good;
    bad.batch = 0;
    CHECK(run(&r, &bad, list, 2) == ENG_ARG && *why.text, "batch 0: %s", why.text);
    bad = good;
    bad.workers = -1;
    CHECK(run(&r, &bad, list, 2) == ENG_ARG && *why.text, "workers -1: %s", why.text);
    CHECK(run(&r, &good, beyond, 2) == ENG_ARG && *why.text, "an item too many: %s", why.text);
    struct dat_preprocess odd = *p;
    odd.std[1] = 0;
    bad = good;
    bad.preprocess = &odd;
    CHECK(run(&r, &bad, list, 2) == ENG_ARG && *why.text, "a deviation of 0: %s", why.text);
    struct dat_augment wrong = {.flip = 2};
    bad = good;
    bad.augment = &wrong;
    CHECK(run(&r, &bad, list, 2) == ENG_ARG && *why.text,
          "settings that cannot work are an error, not damage: %s", why.text);
}

static void test_synthetic(void)
{
    struct dat_dataset *set;
    struct dat_dataset_options options = DAT_DATASET_DEFAULTS;
    options.size = 32;
    if (!CHECK(!dat_dataset_open(&set, "synthetic:birds,count=20", &options, &why), "synthetic"))
        return;
    struct dat_preprocess p;
    plain_preprocess(&p);
    size_t *list, n;
    if (CHECK(!dat_dataset_indices(set, DAT_HELDOUT, 0, 0, &list, &n) && n == 4, "held out")) {
        static struct record a, b;
        struct dat_loader_options o = {.set = set, .preprocess = &p, .batch = 2};
        CHECK(!run(&a, &o, list, n) && a.count == 4, "pictures without files: %s", a.text);
        o.workers = 2;
        CHECK(!run(&b, &o, list, n) && !memcmp(&a, &b, sizeof a), "the same from workers");
        free(list);
    }
    dat_dataset_free(set);
}

int main(void)
{
    scratch_make();
    struct dat_preprocess p;
    plain_preprocess(&p);
    struct dat_dataset *set = make_set();
    if (set) {
        test_order(set, &p);
        test_workers(set, &p);
        test_strict(set, &p);
        test_early_end(set, &p);
        test_arguments(set, &p);
    }
    dat_dataset_free(set);
    test_synthetic();
    scratch_remove();
    return tap_done();
}
