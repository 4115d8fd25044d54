/* The drawn data sets: are they what their header promises? Above all, do the classes differ in
 * the masked parts and nowhere else, and is a linear look at the pixels too little to tell them? */
#include "data/synthetic.h"

#include "data/crc32.h"
#include "tests/tap.h"

#include <float.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif

enum { SETS = DAT_SYNTHETIC_SETS };

struct picture {
    struct dat_image img;
    uint8_t *mask;
};

static struct picture draw(int set, uint64_t seed, uint64_t index, int label, size_t size)
{
    struct picture p;
    p.mask = malloc(size * size);
    tap_poison_stack();
    if (!p.mask || dat_synthetic_draw((enum dat_synthetic)set, seed, index, label, size, &p.img,
                                      p.mask) != ENG_OK) {
        printf("Bail out! cannot draw\n");
        exit(1);
    }
    return p;
}

static void drop(struct picture *p)
{
    dat_image_release(&p->img);
    free(p->mask);
}

static int same(const struct picture *a, const struct picture *b)
{
    const size_t n = a->img.width * a->img.height;
    return a->img.width == b->img.width && !memcmp(a->img.rgb, b->img.rgb, n * 3) &&
           !memcmp(a->mask, b->mask, n);
}

static double mask_share(const struct picture *p)
{
    const size_t n = p->img.width * p->img.height;
    size_t set = 0;
    for (size_t i = 0; i < n; i++)
        set += p->mask[i] != 0;
    return (double)set / (double)n;
}

static void test_names(void)
{
    struct eng_why why;
    enum dat_synthetic set = DAT_SYNTHETIC_CATS_DOGS;
    for (int i = 0; i < SETS; i++) {
        char text[64];
        snprintf(text, sizeof text, "synthetic:%s", dat_synthetic_name((enum dat_synthetic)i));
        CHECK(dat_synthetic_parse(&set, text, &why) == ENG_OK && (int)set == i, "%s is found",
              text);
    }
    CHECK(!strcmp(dat_synthetic_class(DAT_SYNTHETIC_CATS_DOGS, 0), "cat") &&
              !strcmp(dat_synthetic_class(DAT_SYNTHETIC_CATS_DOGS, 1), "dog") &&
              !strcmp(dat_synthetic_class(DAT_SYNTHETIC_BIRDS, 0), "warbler") &&
              !strcmp(dat_synthetic_class(DAT_SYNTHETIC_BIRDS, 1), "sparrow"),
          "the classes have their names");
    CHECK(!dat_synthetic_name(DAT_SYNTHETIC_SETS) && !dat_synthetic_class(DAT_SYNTHETIC_SETS, 0) &&
              !dat_synthetic_class(DAT_SYNTHETIC_BIRDS, 2) &&
              !dat_synthetic_class(DAT_SYNTHETIC_BIRDS, -1),
          "what is not there has none");

    set = DAT_SYNTHETIC_BIRDS;
    CHECK(dat_synthetic_parse(&set, "photos/cats-dogs", &why) == ENG_MISSING && why.text[0],
          "a folder is not a built-in set");
    CHECK(dat_synthetic_parse(&set, "synthetic:fish", &why) == ENG_ARG && strstr(why.text, "fish"),
          "an unknown name is said: %s", why.text);
    CHECK(dat_synthetic_parse(&set, "synthetic:bird", NULL) == ENG_ARG &&
              dat_synthetic_parse(&set, "synthetic:birds ", NULL) == ENG_ARG &&
              dat_synthetic_parse(&set, "", NULL) == ENG_MISSING,
          "names count in full");
    CHECK(set == DAT_SYNTHETIC_BIRDS, "and failures leave the set alone");
}

static void test_bad_arguments(void)
{
    static const struct {
        int set, label;
        size_t size;
    } bad[] = {{2, 0, 64}, {-1, 0, 64}, {0, 2, 64},  {0, -1, 64},
               {0, 0, 0},  {1, 1, 31},  {1, 0, 513}, {0, 0, SIZE_MAX}};
    int refused = 0, empty = 0;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct dat_image img = {.width = 99, .height = 99};
        refused += dat_synthetic_draw((enum dat_synthetic)bad[i].set, 1, 1, bad[i].label,
                                      bad[i].size, &img, NULL) == ENG_ARG;
        empty += !img.rgb && !img.width && !img.height;
    }
    CHECK(refused == 8, "bad sets, labels and sizes are refused");
    CHECK(empty == 8, "and leave the image empty");
}

static void test_pure_function(int set, const char *name)
{
    struct picture a = draw(set, 1, 42, 0, 64), again = draw(set, 1, 42, 0, 64);
    struct picture index = draw(set, 1, 43, 0, 64), seed = draw(set, 2, 42, 0, 64);
    CHECK(same(&a, &again), "%s: the same call draws the same picture", name);
    CHECK(!same(&a, &index), "%s: another index another", name);
    CHECK(!same(&a, &seed), "%s: another seed another", name);
    struct dat_image img;
    CHECK(dat_synthetic_draw((enum dat_synthetic)set, 1, 42, 0, 64, &img, NULL) == ENG_OK &&
              !memcmp(img.rgb, a.img.rgb, 64 * 64 * 3),
          "%s: a mask nobody wants changes nothing", name);
    dat_image_release(&img);
    drop(&a);
    drop(&again);
    drop(&index);
    drop(&seed);

    enum { N = 300 };
    uint32_t seen[N];
    int repeats = 0;
    for (int i = 0; i < N; i++) {
        struct picture p = draw(set, 1, (uint64_t)i, 0, 32);
        seen[i] = dat_crc32(0, p.img.rgb, 32 * 32 * 3);
        for (int k = 0; k < i; k++)
            repeats += seen[k] == seen[i];
        drop(&p);
    }
    CHECK(repeats == 0, "%s: %d scenes, no two alike", name, (int)N);
    struct picture last = draw(set, UINT64_MAX, UINT64_MAX, 1, 32);
    CHECK(mask_share(&last) < 1, "%s: the largest seed and index are as good as others", name);
    drop(&last);
}

/* Mean difference between p, averaged over blocks, and a smaller picture q. */
static double distance(const struct picture *p, const struct picture *q)
{
    const size_t small = q->img.width, block = p->img.width / small;
    double sum = 0;
    for (size_t y = 0; y < small; y++)
        for (size_t x = 0; x < small; x++)
            for (size_t k = 0; k < 3; k++) {
                double mean = 0;
                for (size_t j = 0; j < block; j++)
                    for (size_t i = 0; i < block; i++)
                        mean += p->img
                                    .rgb[((y * block + j) * p->img.width + x * block + i) * 3 + k];
                sum += fabs(mean / (double)(block * block) - q->img.rgb[(y * small + x) * 3 + k]);
            }
    return sum / (double)(small * small * 3);
}

static void test_sizes(int set, const char *name)
{
    static const size_t sizes[] = {32, 33, 64, 224, 511, 512};
    int whole = 1;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct picture p = draw(set, 5, 6, 1, sizes[i]);
        whole &= p.img.width == sizes[i] && p.img.height == sizes[i] && p.img.rgb;
        for (size_t k = 0; k < sizes[i] * sizes[i]; k++)
            whole &= p.mask[k] == 0 || p.mask[k] == 255;
        drop(&p);
    }
    CHECK(whole, "%s: sizes 32 to 512, masks of 0 and 255", name);

    double own = 0, other = 1e9;
    for (uint64_t i = 0; i < 10; i++) {
        struct picture large = draw(set, 5, i, 0, 224), small = draw(set, 5, i, 0, 56);
        struct picture next = draw(set, 5, i + 1, 0, 56);
        own = fmax(own, distance(&large, &small));
        other = fmin(other, distance(&large, &next));
        drop(&large);
        drop(&small);
        drop(&next);
    }
    CHECK(own < 8 && own < other / 2,
          "%s: a smaller size shows the same scene (differs by %.1f of 255, others by %.1f)", name,
          own, other);
}

/* The promise that makes these sets worth having. */
static void test_counterfactual_pairs(int set, const char *name)
{
    static const size_t sizes[] = {33, 64, 128};
    size_t outside = 0, strays = 0, inside = 0, changed = 0, pairs = 0, alike = 0;
    for (uint64_t i = 0; i < 150; i++) {
        const size_t size = sizes[i % 3];
        struct picture a = draw(set, 9, i, 0, size), b = draw(set, 9, i, 1, size);
        for (size_t k = 0; k < size * size; k++) {
            const int differs = memcmp(a.img.rgb + k * 3, b.img.rgb + k * 3, 3) != 0;
            if (a.mask[k] || b.mask[k]) {
                inside++;
                changed += (size_t)differs;
            } else {
                outside++;
                strays += (size_t)differs;
            }
        }
        pairs++;
        alike += same(&a, &b);
        drop(&a);
        drop(&b);
    }
    CHECK(outside > 0 && strays == 0,
          "%s: outside of both masks, all of %zu pixels are the same for both classes", name,
          outside);
    CHECK(changed > inside * 9 / 10, "%s: inside, %zu of %zu differ", name, changed, inside);
    CHECK(alike == 0, "%s: and no pair of %zu is the same picture twice", name, pairs);
}

static void test_masks(int set, const char *name, double least, double most)
{
    enum { N = 600 };
    double share[2] = {0, 0}, colour[2] = {0, 0}, largest = 0;
    int empty = 0;
    for (int i = 0; i < N; i++) {
        struct picture p = draw(set, 3, (uint64_t)i, i & 1, 64);
        const double s = mask_share(&p);
        share[i & 1] += s / (N / 2);
        largest = fmax(largest, s);
        empty += s == 0;
        for (size_t k = 0; k < 64 * 64 * 3; k++)
            colour[i & 1] += p.img.rgb[k] / (N / 2 * 64.0 * 64 * 3);
        drop(&p);
    }
    CHECK(share[0] > least && share[0] < most && share[1] > least && share[1] < most,
          "%s: the telling parts take %.1f %% and %.1f %% of 64 x 64 pixels", name, share[0] * 100,
          share[1] * 100);
    CHECK(largest < 0.35, "%s: never more than a third (at most %.1f %%)", name, largest * 100);
    CHECK(empty * 50 < N, "%s: hidden altogether in %d of %d", name, empty, (int)N);
    CHECK(fabs(colour[0] - colour[1]) < 6, "%s: both classes are as bright (%.1f, %.1f of 255)",
          name, colour[0], colour[1]);
}

/* ---- a linear classifier: ridge regression on all pixels, by conjugate gradients ---- */

enum { SIDE = 32, PIXELS = SIDE * SIDE * 3, TRAIN = 1500, TEST = 500, STEPS = 40 };

/* y[TRAIN] = X w */
static void predict(const float *x, const float *w, size_t rows, float *y)
{
    for (size_t i = 0; i < rows; i++) {
        const float *row = x + i * PIXELS;
        float sum[8] = {0};
        for (size_t k = 0; k < PIXELS; k += 8)
            for (size_t j = 0; j < 8; j++)
                sum[j] += row[k + j] * w[k + j];
        y[i] = ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
    }
}

/* g[PIXELS] = X' y */
static void pull_back(const float *x, const float *y, float *g)
{
    memset(g, 0, PIXELS * sizeof *g);
    for (size_t i = 0; i < TRAIN; i++)
        for (size_t k = 0; k < PIXELS; k++)
            g[k] += y[i] * x[i * PIXELS + k];
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * b[i];
    return sum;
}

/* Minimises |X w - t|^2 + ridge |w|^2 over the first TRAIN rows and gives the share of the TEST
 * rows after them whose sign comes out right. t is -1 for even rows, +1 for odd ones. */
static double linear_accuracy(const float *x, double ridge)
{
    static float w[PIXELS], r[PIXELS], p[PIXELS], q[PIXELS], y[TRAIN], t[TRAIN];
    for (size_t i = 0; i < TRAIN; i++)
        t[i] = i & 1 ? 1.0f : -1.0f;
    memset(w, 0, sizeof w);
    pull_back(x, t, r);
    memcpy(p, r, sizeof p);
    double rr = dot(r, r, PIXELS);
    for (int step = 0; step < STEPS; step++) {
        predict(x, p, TRAIN, y);
        pull_back(x, y, q);
        for (size_t k = 0; k < PIXELS; k++)
            q[k] += (float)ridge * p[k];
        const double a = rr / dot(p, q, PIXELS);
        for (size_t k = 0; k < PIXELS; k++) {
            w[k] += (float)a * p[k];
            r[k] -= (float)a * q[k];
        }
        const double next = dot(r, r, PIXELS);
        for (size_t k = 0; k < PIXELS; k++)
            p[k] = r[k] + (float)(next / rr) * p[k];
        rr = next;
    }
    predict(x + (size_t)TRAIN * PIXELS, w, TEST, y);
    int right = 0;
    for (size_t i = 0; i < TEST; i++)
        right += (y[i] > 0) == (int)(i & 1);
    return (double)right / TEST;
}

/* Takes each pixel's mean over the training rows off, in place of an intercept. */
static void centre(float *x)
{
    for (size_t k = 0; k < PIXELS; k++) {
        double mean = 0;
        for (size_t i = 0; i < TRAIN; i++)
            mean += x[i * PIXELS + k] / TRAIN;
        for (size_t i = 0; i < TRAIN + TEST; i++)
            x[i * PIXELS + k] -= (float)mean;
    }
}

static void test_not_linear(int set, const char *name)
{
    float *x = malloc((size_t)(TRAIN + TEST) * PIXELS * sizeof *x);
    if (!x)
        exit(1);
    for (size_t i = 0; i < TRAIN + TEST; i++) {
        struct picture p = draw(set, 11, i, (int)(i & 1), SIDE);
        for (size_t k = 0; k < PIXELS; k++)
            x[i * PIXELS + k] = p.img.rgb[k] / 127.5f - 1;
        drop(&p);
    }
    centre(x);
    double best = 0;
    for (double ridge = 100; ridge <= 1000; ridge *= 10)
        best = fmax(best, linear_accuracy(x, ridge));
    CHECK(best < 0.7, "%s: a linear classifier gets %.1f %% right", name, best * 100);

    /* Would it have found a give-away? A corner slightly brighter in one class. */
    for (size_t i = 1; i < TRAIN + TEST; i += 2)
        for (size_t row = 0; row < 6; row++)
            for (size_t k = 0; k < 6 * 3; k++)
                x[i * PIXELS + row * SIDE * 3 + k] += 0.3f;
    centre(x);
    const double cheat = linear_accuracy(x, 100);
    CHECK(cheat > 0.85, "%s: and would find a brighter corner (%.1f %%)", name, cheat * 100);
    free(x);
}

/* ---- the rest ---- */

/* Published seeds must keep their pictures: this changes only with the drawings themselves. */
static void test_checksum(void)
{
    if (FLT_EVAL_METHOD != 0) {
        tap_skip("checksum: floats are evaluated in higher precision here");
        return;
    }
    uint32_t crc = 0;
    for (int i = 0; i < 400; i++) {
        struct picture p = draw(i & 1, 20240229, (uint64_t)i, i >> 1 & 1, 48);
        crc = dat_crc32(crc, p.img.rgb, 48 * 48 * 3);
        crc = dat_crc32(crc, p.mask, 48 * 48);
        drop(&p);
    }
    CHECK(crc == 0x197dd1b4u, "400 scenes have the bits they were published with (%08lx)",
          (unsigned long)crc);
}

/* Raises the ceiling of memory from nothing, so that each allocation is the one to fail. */
static void test_no_memory(void)
{
#if defined(HAVE_ASAN) || !defined(__linux__)
    tap_skip("no memory: RLIMIT_AS does not fail allocations here");
#else
    struct rlimit before;
    getrlimit(RLIMIT_AS, &before);
    int failed = 0, clean = 1, drawn = 0;
    for (rlim_t limit = 0; limit < (rlim_t)1 << 33 && !drawn; limit += 192 << 10) {
        struct dat_image img;
        setrlimit(RLIMIT_AS, &(struct rlimit){limit, before.rlim_max});
        const enum eng_err err = dat_synthetic_draw(DAT_SYNTHETIC_BIRDS, 1, 1, 1,
                                                    DAT_SYNTHETIC_MAX_SIDE, &img, NULL);
        setrlimit(RLIMIT_AS, &before);
        failed += err == ENG_NOMEM;
        clean &= err == ENG_OK || (err == ENG_NOMEM && !img.rgb);
        drawn = err == ENG_OK;
        dat_image_release(&img);
    }
    CHECK(failed > 0 && clean, "without memory it says so and leaves the image empty (%d times)",
          failed);
    CHECK(drawn, "and draws when there is enough");
#endif
}

int main(void)
{
    test_no_memory(); /* first: what has been freed is memory too */
    test_names();
    test_bad_arguments();
    for (int set = 0; set < SETS; set++) {
        const char *name = dat_synthetic_name((enum dat_synthetic)set);
        test_pure_function(set, name);
        test_sizes(set, name);
        test_counterfactual_pairs(set, name);
        test_masks(set, name, set == DAT_SYNTHETIC_BIRDS ? 0.03 : 0.08,
                   set == DAT_SYNTHETIC_BIRDS ? 0.08 : 0.16);
        test_not_linear(set, name);
    }
    test_checksum();
    return tap_done();
}
