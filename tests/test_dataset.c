/* Data sets of every kind, made of tiny pictures, and every way in which DATA can be wrong. */
#include "data/catalog.h"
#include "data/cub.h"
#include "data/dataset.h"
#include "data/grouping.h"
#include "data/listing.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#include <time.h>

static struct eng_why why;

/* Opens DATA with the defaults but for `classes`; NULL if that fails (why says how). */
static struct dat_dataset *open_data(const char *data, const char *classes)
{
    struct dat_dataset *set;
    struct dat_dataset_options options = DAT_DATASET_DEFAULTS;
    options.classes = classes;
    why = (struct eng_why){0};
    if (dat_dataset_open(&set, data, &options, &why))
        return NULL;
    return set;
}

/* DATA is refused with this code, and the sentence holds this text. */
static void check_refused(const char *data, const char *classes, enum eng_err code,
                          const char *text)
{
    struct dat_dataset *set = (void *)&why;
    struct dat_dataset_options options = DAT_DATASET_DEFAULTS;
    options.classes = classes;
    why = (struct eng_why){0};
    const enum eng_err err = dat_dataset_open(&set, data, &options, &why);
    CHECK(err == code && !set && strstr(why.text, text), "refused (%s): %s", eng_err_text(code),
          text);
    if (err != code || !strstr(why.text, text))
        printf("# got (%s): %s\n", eng_err_text(err), why.text);
    dat_dataset_free(err ? NULL : set);
}

static int class_is(const struct dat_dataset *set, int label, const char *name, size_t members,
                    size_t train, size_t heldout)
{
    const struct dat_class *c = dat_dataset_class(set, label);
    return !strcmp(c->name, name) && c->members == members && c->count[DAT_TRAIN] == train &&
           c->count[DAT_HELDOUT] == heldout;
}

/* Item `index` is the file below the scratch folder. */
static int item_is(const struct dat_dataset *set, size_t index, const char *file, int label)
{
    const struct dat_item *item = dat_dataset_item(set, index);
    return !strcmp(item->name, scratch_path("%s", file)) && item->label == label;
}

static void test_names(void)
{
    static const char *const sorted[] = {
        "a.1", "a.01x", "a.2", "a.10", "a.99999999999999999998", "a.99999999999999999999",
        "a1",  "a01",   "b",   "b0"};
    const size_t n = sizeof sorted / sizeof *sorted;
    int wrong = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const int order = dat_name_compare(sorted[i], sorted[j]);
            const int expected = (i > j) - (i < j);
            /* a1 and a01 are the same number; bytes decide: '0' < '1'. */
            const int tie = i != j && i >= 6 && i <= 7 && j >= 6 && j <= 7;
            wrong += (order > 0) - (order < 0) != (tie ? -expected : expected);
        }
    CHECK(wrong == 0, "natural order of names, %d of %zu pairs wrong", wrong, n * n);
    CHECK(dat_name_is_image("a.jpg") && dat_name_is_image("a.b.JPEG") &&
              dat_name_is_image("x.Png") && dat_name_is_image("x.ppm") &&
              dat_name_is_image("x.pgm"),
          "endings of images");
    CHECK(!dat_name_is_image("jpg") && !dat_name_is_image("a.jpg.txt") && !dat_name_is_image("a."),
          "endings of other files");

    struct dat_listing listing;
    scratch_text("names/b10", "");
    scratch_text("names/b9", "");
    scratch_text("names/.hidden", "");
    CHECK(!dat_listing_read(&listing, scratch_path("names"), &why) && listing.count == 2 &&
              !strcmp(listing.names[0], "b9") && !strcmp(listing.names[1], "b10"),
          "a listing is in natural order and without hidden names");
    dat_listing_release(&listing);
    CHECK(dat_listing_read(&listing, scratch_path("nowhere"), &why) == ENG_MISSING &&
              !listing.names && strstr(why.text, "nowhere"),
          "listing a folder that is not there");
}

static void test_grouping(void)
{
    char *names[] = {"Yellow_Warbler", "Tree_Sparrow", "Pine_Warbler", "Ani"};
    struct dat_grouping g;
    CHECK(!dat_grouping_init(&g, " sparrow = *Sparrow , rest=Ani|*_* ", names, 4, &why) &&
              g.count == 2 && !strcmp(g.names[0], "sparrow") && !strcmp(g.names[1], "rest") &&
              g.label[0] == 1 && g.label[1] == 0 && g.label[2] == 1 && g.label[3] == 1 &&
              g.members[0] == 1 && g.members[1] == 3,
          "groups in the order of the list, the first match wins, blanks do not matter");
    dat_grouping_release(&g);
    CHECK(!dat_grouping_init(&g, "Ani,*Warbler", names, 4, &why) && g.count == 3 &&
              !strcmp(g.names[0], "Ani") && !strcmp(g.names[1], "Yellow_Warbler") &&
              !strcmp(g.names[2], "Pine_Warbler") && g.label[1] == -1,
          "without a group classes keep their names; others are left out");
    dat_grouping_release(&g);

    static const char *const bad[][2] = {
        {"", "empty pattern"},
        {"a=", "empty pattern"},
        {"a=Ani,,b=*Warbler", "empty pattern"},
        {"=Ani", "without a name"},
        {"a=*warbler", "no class matches '*warbler'"},
        {"a=*,b=Ani", "'Ani' matches is taken"},
        {"a=Ani,a=*Warbler", "called 'a'"},
        {"Ani=*Warbler,Ani", "called 'Ani'"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(dat_grouping_init(&g, bad[i][0], names, 4, &why) == ENG_ARG && !g.names &&
                  strstr(why.text, bad[i][1]),
              "--classes '%s' is refused: %s", bad[i][0], why.text);
}

static void test_folder(void)
{
    for (int i = 0; i < 12; i++) {
        char name[64];
        snprintf(name, sizeof name, "folder/cat/%d.ppm", i);
        scratch_ppm(name, 4, 3, i);
        snprintf(name, sizeof name, "folder/dog/rex%d.PPM", i);
        scratch_ppm(name, 4, 3, 100 + i);
    }
    scratch_ppm("folder/Ape/x.ppm", 4, 3, 200);
    scratch_ppm("folder/Ape/y.ppm", 4, 3, 201);
    scratch_ppm("folder/stray.ppm", 4, 3, 99);
    scratch_text("folder/cat/notes.txt", "no image");
    scratch_text("folder/.git/config", "hidden");

    struct dat_dataset *set = open_data(scratch_path("folder"), NULL);
    if (!CHECK(set, "a folder per class %s", why.text))
        return;
    CHECK(dat_dataset_count(set) == 26 && dat_dataset_class_count(set) == 3, "26 items, 3 classes");
    CHECK(class_is(set, 0, "Ape", 1, 1, 1) && class_is(set, 1, "cat", 1, 10, 2) &&
              class_is(set, 2, "dog", 1, 10, 2),
          "classes in bytewise order, 20 %% of each held out, of two one");
    CHECK(item_is(set, 2, "folder/cat/0.ppm", 1) && item_is(set, 4, "folder/cat/2.ppm", 1) &&
              item_is(set, 12, "folder/cat/10.ppm", 1) &&
              item_is(set, 25, "folder/dog/rex11.PPM", 2),
          "items in natural order");
    CHECK(strstr(dat_dataset_about(set), "26 images") &&
              strstr(dat_dataset_about(set), "cat 10 for training and 2 held out"),
          "%s", dat_dataset_about(set));

    struct dat_image image;
    uint8_t *mask = (void *)&image;
    CHECK(!dat_dataset_read(set, 12, &image, &mask, &why) && image.width == 4 &&
              image.height == 3 && image.rgb[0] == 10 && !mask && !dat_dataset_has_masks(set),
          "an item is read, without a mask");
    dat_image_release(&image);
    dat_dataset_free(set);

    set = open_data(scratch_path("folder"), "dog,felis=cat");
    CHECK(set && dat_dataset_count(set) == 24 && class_is(set, 0, "dog", 1, 10, 2) &&
              class_is(set, 1, "felis", 1, 10, 2) && item_is(set, 0, "folder/cat/0.ppm", 1),
          "--classes selects, orders and renames");
    dat_dataset_free(set);
    check_refused(scratch_path("folder"), "pet=cat|dog", ENG_FORMAT, "only one class, 'pet'");
    check_refused(scratch_path("folder"), "cat,cow", ENG_ARG, "no class matches 'cow'");
}

static void test_holdout(void)
{
    struct dat_dataset_options options = DAT_DATASET_DEFAULTS;
    struct dat_dataset *a, *b, *c, *d;
    options.holdout = 0.5;
    int err = dat_dataset_open(&a, "synthetic:birds,count=200", &options, &why) ||
              dat_dataset_open(&b, "synthetic:birds,count=200", &options, &why);
    options.seed = 1;
    err = err || dat_dataset_open(&c, "synthetic:birds,count=200", &options, &why);
    options.holdout = 0;
    err = err || dat_dataset_open(&d, "synthetic:birds,count=200", &options, &why);
    if (!CHECK(!err, "synthetic sets open %s", why.text))
        return;
    size_t same = 0, other = 0, none = 0;
    for (size_t i = 0; i < 200; i++) {
        const enum dat_split split = dat_dataset_item(a, i)->split;
        same += split == dat_dataset_item(b, i)->split;
        other += split == dat_dataset_item(c, i)->split;
        none += dat_dataset_item(d, i)->split == DAT_TRAIN;
    }
    CHECK(same == 200, "the same seed holds out the same items");
    CHECK(other > 60 && other < 140, "another seed holds out others (%zu of 200 agree)", other);
    CHECK(none == 200, "a share of 0 holds out nothing");
    CHECK(class_is(a, 0, "warbler", 1, 50, 50) && class_is(a, 1, "sparrow", 1, 50, 50),
          "half of each class is held out");
    dat_dataset_free(a);
    dat_dataset_free(b);
    dat_dataset_free(c);
    dat_dataset_free(d);

    static const double bad[] = {-0.1, 1.0, NAN};
    for (int i = 0; i < 3; i++) {
        options.holdout = bad[i];
        CHECK(dat_dataset_open(&a, "synthetic:birds", &options, &why) == ENG_ARG && !a,
              "holding out %g is refused", bad[i]);
    }
}

static void test_indices(void)
{
    /* 12 cats and 12 dogs, and two apes, of which one is held out: test_folder made them. */
    struct dat_dataset *set = open_data(scratch_path("folder"), NULL);
    if (!CHECK(set, "the folder opens again"))
        return;
    size_t *all, *held, n, m;
    int fine = !dat_dataset_indices(set, DAT_TRAIN, 0, 0, &all, &n) &&
               !dat_dataset_indices(set, DAT_HELDOUT, 0, 0, &held, &m);
    if (!CHECK(fine && n == 21 && m == 5, "indices of both splits"))
        return;
    int seen[26] = {0}, ascending = 1;
    for (size_t i = 0; i < n; i++) {
        seen[all[i]]++;
        ascending &= i == 0 || all[i - 1] < all[i];
        fine &= dat_dataset_item(set, all[i])->split == DAT_TRAIN;
    }
    for (size_t i = 0; i < m; i++) {
        seen[held[i]]++;
        fine &= dat_dataset_item(set, held[i])->split == DAT_HELDOUT;
    }
    for (int i = 0; i < 26; i++)
        fine &= seen[i] == 1;
    CHECK(fine && ascending, "every item in exactly one of them, in order");
    free(all);
    free(held);

    size_t before[26], before_count = 0;
    int counted = 1, nested = 1;
    for (size_t cap = 1; cap <= 30; cap++) {
        size_t *part, k, per[3] = {0};
        if (dat_dataset_indices(set, DAT_TRAIN, cap, 7, &part, &k)) {
            counted = 0;
            break;
        }
        counted &= k == (cap < 21 ? cap : 21);
        for (size_t i = 0; i < k; i++)
            per[dat_dataset_item(set, part[i])->label]++;
        /* One ape; cats and dogs in equal numbers, a cat first. */
        counted &= per[0] == 1 && (per[1] == per[2] || per[1] == per[2] + 1);
        for (size_t i = 0; i < before_count; i++) {
            int found = 0;
            for (size_t j = 0; j < k; j++)
                found |= part[j] == before[i];
            nested &= found;
        }
        memcpy(before, part, k * sizeof *part);
        before_count = k;
        free(part);
    }
    CHECK(counted, "a capped list has the same number of each class, as far as they last");
    CHECK(nested, "a smaller cap picks a subset");

    size_t *p = NULL, *q = NULL, *r = NULL, k;
    fine = !dat_dataset_indices(set, DAT_TRAIN, 9, 7, &p, &k) &&
           !dat_dataset_indices(set, DAT_TRAIN, 9, 7, &q, &k) &&
           !dat_dataset_indices(set, DAT_TRAIN, 9, 8, &r, &k);
    CHECK(fine && !memcmp(p, q, 9 * sizeof *p) && memcmp(p, r, 9 * sizeof *p),
          "the seed decides which");
    free(p);
    free(q);
    free(r);
    dat_dataset_free(set);
}

static void test_own_split(void)
{
    scratch_ppm("split/train/a/1.ppm", 2, 2, 1);
    scratch_ppm("split/train/a/2.ppm", 2, 2, 2);
    scratch_ppm("split/train/b/1.ppm", 2, 2, 3);
    scratch_ppm("split/val/b/9.ppm", 2, 2, 4);
    struct dat_dataset *set = open_data(scratch_path("split"), NULL);
    CHECK(set && dat_dataset_count(set) == 4 && class_is(set, 0, "a", 1, 2, 0) &&
              class_is(set, 1, "b", 1, 1, 1) && item_is(set, 3, "split/val/b/9.ppm", 1) &&
              strstr(dat_dataset_about(set), "its own split"),
          "train/ and val/ are the split");
    dat_dataset_free(set);

    scratch_ppm("split/test/a/7.ppm", 2, 2, 5);
    scratch_ppm("split/test/a/8.ppm", 2, 2, 5);
    set = open_data(scratch_path("split"), NULL);
    CHECK(set && class_is(set, 0, "a", 1, 2, 2) && class_is(set, 1, "b", 1, 1, 0),
          "test/ goes before val/");
    dat_dataset_free(set);

    scratch_ppm("split/test/c/7.ppm", 2, 2, 5);
    check_refused(scratch_path("split"), NULL, ENG_FORMAT, "class 'c' has no images for training");

    scratch_ppm("trains/train/1.ppm", 2, 2, 0);
    scratch_ppm("trains/car/1.ppm", 2, 2, 0);
    set = open_data(scratch_path("trains"), NULL);
    CHECK(set && class_is(set, 0, "car", 1, 1, 0) && class_is(set, 1, "train", 1, 1, 0),
          "a class may be called train");
    dat_dataset_free(set);
}

static void test_kaggle(void)
{
    static const char *const files[] = {
        "cat.0.ppm", "cat.2.ppm", "cat.10.ppm", "dog.0.ppm", "dog.1.ppm",
        /* no labels: */
        "1.ppm", "1.2.ppm", "cat.ppm", "cat.x.ppm", "cat.1.pil.ppm", "cat.3.txt", "cat..ppm"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char name[64];
        snprintf(name, sizeof name, "flat/%s", files[i]);
        scratch_ppm(name, 2, 2, (int)i);
        snprintf(name, sizeof name, "kaggle/train/%s", files[i]);
        scratch_ppm(name, 2, 2, (int)i);
        snprintf(name, sizeof name, "kaggle/test/%zu.ppm", i);
        scratch_ppm(name, 2, 2, (int)i);
    }
    struct dat_dataset *set = open_data(scratch_path("flat"), NULL);
    CHECK(set && dat_dataset_count(set) == 5 && class_is(set, 0, "cat", 1, 2, 1) &&
              class_is(set, 1, "dog", 1, 1, 1) && item_is(set, 1, "flat/cat.2.ppm", 0) &&
              item_is(set, 2, "flat/cat.10.ppm", 0) && item_is(set, 4, "flat/dog.1.ppm", 1),
          "Kaggle's flat layout; other files do not matter");
    dat_dataset_free(set);
    set = open_data(scratch_path("kaggle"), "dog,cat");
    CHECK(set && dat_dataset_count(set) == 5 && class_is(set, 0, "dog", 1, 1, 1) &&
              item_is(set, 4, "kaggle/train/dog.1.ppm", 0),
          "the same in train/; an unlabelled test/ does not matter");
    dat_dataset_free(set);

    scratch_ppm("single/cat.1.ppm", 2, 2, 0);
    check_refused(scratch_path("single"), NULL, ENG_FORMAT, "only one class, 'cat'");
}

/* Each class is looked for among all that were before it, as with pictures called UUID.0.jpg. */
static void test_many_classes(void)
{
    enum {
        CLASSES = 100000,
        SECONDS = 5 /* enough with sanitizers, not for a search of each by each */
    };
    struct dat_catalog catalog = {0};
    char name[16];
    size_t n = 0, wrong = 0;
    const clock_t begin = clock();
    for (; n < CLASSES && clock() - begin < SECONDS * CLOCKS_PER_SEC; n++) {
        const int length = snprintf(name, sizeof name, "%x.0.jpg", (unsigned)(n * 2654435761U));
        const size_t word = (size_t)length - strlen(".0.jpg");
        wrong += dat_catalog_find_class(&catalog, name, word) != n;
        scratch_need(!dat_catalog_add_class(&catalog, name, word), name);
    }
    CHECK(n == CLASSES && wrong == 0, "%zu classes within %d s", n, SECONDS);
    scratch_need(!dat_catalog_sort_classes(&catalog), "sort");
    for (size_t i = 0; i < n; i++) {
        const char *sorted = catalog.classes[i];
        wrong += i > 0 && strcmp(catalog.classes[i - 1], sorted) >= 0;
        wrong += dat_catalog_find_class(&catalog, sorted, strlen(sorted)) != i;
    }
    CHECK(wrong == 0 && dat_catalog_find_class(&catalog, "x", 1) == n &&
              dat_catalog_find_class(&catalog, "", 0) == n,
          "each is found, also once they are sorted, and no other");
    dat_catalog_release(&catalog);
    CHECK(dat_catalog_find_class(&catalog, "x", 1) == 0, "none among none");
}

static void test_refusals(void)
{
    check_refused(scratch_path("nowhere"), NULL, ENG_MISSING, "nowhere: not found");
    check_refused("", NULL, ENG_MISSING, "not found");
    scratch_text("file.txt", "text");
    check_refused(scratch_path("file.txt"), NULL, ENG_IO, "no folder");
    check_refused(scratch_path("file.txt/x"), NULL, ENG_MISSING, "not found");
    scratch_text("other/sub/readme.txt", "text");
    check_refused(scratch_path("other"), NULL, ENG_UNSUPPORTED, "holds no data set; wanted is");
    CHECK(strstr(why.text, "a folder per class") && strstr(why.text, "images.txt") &&
              strstr(why.text, "cat.0.jpg") && strstr(why.text, "synthetic:cats-dogs"),
          "and what would be one");
    scratch_ppm("hollow/cat/1.ppm", 2, 2, 0);
    scratch_text("hollow/dog/readme.txt", "text");
    scratch_text("hollow/elk/readme.txt", "text");
    check_refused(scratch_path("hollow"), NULL, ENG_FORMAT, "class 'dog' has no images;");
    check_refused(scratch_path("hollow"), "cat,elk", ENG_FORMAT, "class 'elk' has no images;");
    check_refused("synthetic:cats", NULL, ENG_ARG, "synthetic:birds");
    check_refused("synthetic:", NULL, ENG_ARG, "synthetic:cats-dogs");
    check_refused("synthetic:birds,count=", NULL, ENG_ARG, "count=N");
    check_refused("synthetic:birds,count=12x", NULL, ENG_ARG, "count=N");
    check_refused("synthetic:birds,count=-5", NULL, ENG_ARG, "count=N");
    check_refused("synthetic:birds,count=1", NULL, ENG_ARG, "from 2");
    check_refused("synthetic:birds,count=99999999999999999999", NULL, ENG_ARG, "count=N");
    check_refused("synthetic:birds,size=12", NULL, ENG_ARG, "count=N");
    check_refused(
        "synthetic:birdsbirdsbirdsbirdsbirdsbirdsbirdsbirdsbirdsbirdsbirdsbirdsbirdsbirds", NULL,
        ENG_ARG, "synthetic:birds");
    struct dat_dataset *set;
    struct dat_dataset_options options = DAT_DATASET_DEFAULTS;
    options.size = 1000000;
    CHECK(dat_dataset_open(&set, "synthetic:birds", &options, &why) == ENG_ARG && !set,
          "huge synthetic pictures are refused: %s", why.text);
}

static void test_synthetic(void)
{
    struct dat_dataset *set;
    struct dat_dataset_options options = DAT_DATASET_DEFAULTS;
    options.size = 48;
    options.classes = "dog,cat";
    if (!CHECK(!dat_dataset_open(&set, "synthetic:cats-dogs,count=10", &options, &why),
               "synthetic"))
        return;
    CHECK(dat_dataset_has_masks(set) && dat_dataset_count(set) == 10 &&
              class_is(set, 0, "dog", 1, 4, 1) && dat_dataset_item(set, 0)->label == 1 &&
              !strcmp(dat_dataset_item(set, 3)->name, "synthetic:cats-dogs/3"),
          "%s", dat_dataset_about(set));
    struct dat_image first, again, other;
    uint8_t *mask = NULL;
    const int fine = !dat_dataset_read(set, 3, &first, &mask, &why) &&
                     !dat_dataset_read(set, 3, &again, NULL, &why) &&
                     !dat_dataset_read(set, 5, &other, NULL, &why);
    if (CHECK(fine, "pictures are drawn")) {
        size_t on = 0, off = 0;
        for (size_t i = 0; i < 48 * 48; i++) {
            on += mask[i] == 255;
            off += mask[i] == 0;
        }
        CHECK(first.width == 48 && first.height == 48 && on && off && on + off == 48 * 48,
              "of the size asked for, with a mask that is 0 or 255");
        CHECK(!memcmp(first.rgb, again.rgb, 48 * 48 * 3) &&
                  memcmp(first.rgb, other.rgb, 48 * 48 * 3),
              "the same item is the same picture, another is not");
    }
    free(mask);
    dat_image_release(&first);
    dat_image_release(&again);
    dat_image_release(&other);
    dat_dataset_free(set);

    /* One class alone, then both: the picture of an item does not depend on what else is chosen. */
    options.classes = "only=dog,other=cat";
    if (!CHECK(!dat_dataset_open(&set, "synthetic:cats-dogs", &options, &why),
               "synthetic, default"))
        return;
    CHECK(dat_dataset_count(set) == 4000 && class_is(set, 0, "only", 1, 1600, 400),
          "4000 pictures unless told otherwise");
    dat_dataset_free(set);
}

/* A small set in CUB's layout, in which each test breaks something. */
static const char *const cub_images = "1 001.Sea_Warbler/a.ppm\n2 001.Sea_Warbler/b 2.ppm\n"
                                      "10 002.Mud_Sparrow/c.ppm\n7 002.Mud_Sparrow/d.ppm\n"
                                      "11 003.Ani/e.ppm\n";
static const char *const cub_classes = "1 001.Sea_Warbler\n2 002.Mud_Sparrow\n3 003.Ani\n";
static const char *const cub_labels = "1 1\n2 1\n7 2\n10 2\n11 3\n";
static const char *const cub_split = "1 1\r\n2 0\r\n7 1\r\n\r\n10 0\r\n11 1";
static const char *const cub_boxes = "1 0.0 1.5 2.0 3\n2 1 1 1 1\n7 1 1 1 1\n10 60.0 27.0 325.0 "
                                     "304.0\n11 1 1 1 1\n";

static void write_cub(void)
{
    scratch_text("cub/images.txt", cub_images);
    scratch_text("cub/classes.txt", cub_classes);
    scratch_text("cub/image_class_labels.txt", cub_labels);
    scratch_text("cub/train_test_split.txt", cub_split);
    scratch_text("cub/bounding_boxes.txt", cub_boxes);
}

static void test_cub(void)
{
    write_cub();
    scratch_ppm("cub/images/001.Sea_Warbler/b 2.ppm", 4, 4, 77);
    struct dat_dataset *set = open_data(scratch_path("cub"), NULL);
    if (!CHECK(set, "CUB's layout %s", why.text))
        return;
    CHECK(dat_dataset_count(set) == 4 && class_is(set, 0, "warbler", 1, 1, 1) &&
              class_is(set, 1, "sparrow", 1, 1, 1) &&
              item_is(set, 2, "cub/images/002.Mud_Sparrow/d.ppm", 1) &&
              item_is(set, 3, "cub/images/002.Mud_Sparrow/c.ppm", 1),
          "warblers and sparrows in the order of their ids: %s", dat_dataset_about(set));
    const struct dat_item *item = dat_dataset_item(set, 3);
    CHECK(item->split == DAT_HELDOUT && item->has_box && item->box[0] == 60 && item->box[1] == 27 &&
              item->box[2] == 325 && item->box[3] == 304,
          "with its own split and boxes");
    struct dat_image image;
    CHECK(!dat_dataset_read(set, 1, &image, NULL, &why) && image.rgb[0] == 77,
          "a path with a blank is read");
    dat_image_release(&image);
    CHECK(dat_dataset_read(set, 0, &image, NULL, &why) == ENG_MISSING &&
              strstr(why.text, "001.Sea_Warbler/a.ppm"),
          "a file that is listed but not there fails when it is read");
    dat_dataset_free(set);

    set = open_data(scratch_path("cub"), "Ani,Sea_*");
    CHECK(set && dat_dataset_count(set) == 3 && class_is(set, 0, "Ani", 1, 1, 0) &&
              class_is(set, 1, "Sea_Warbler", 1, 1, 1),
          "other classes of it, matched without their numbers");
    dat_dataset_free(set);

    scratch_remove_path(scratch_path("cub/train_test_split.txt"));
    scratch_remove_path(scratch_path("cub/bounding_boxes.txt"));
    set = open_data(scratch_path("cub"), NULL);
    CHECK(set && class_is(set, 0, "warbler", 1, 1, 1) && !dat_dataset_item(set, 0)->has_box &&
              strstr(dat_dataset_about(set), "held out (seed 0)"),
          "without split and boxes: a hold-out is drawn");
    dat_dataset_free(set);
    scratch_remove_path(scratch_path("cub/classes.txt"));
    check_refused(scratch_path("cub"), NULL, ENG_MISSING, "classes.txt");
    write_cub();
    scratch_text("cub/image_class_labels.txt", "1 1\n2 1\nseven 2\n");
    check_refused(scratch_path("cub"), NULL, ENG_FORMAT, "image_class_labels.txt:3: ");
}

/* Parses the small set with one file replaced. */
static enum eng_err parse_with(enum dat_cub_file which, const char *bytes, size_t count)
{
    const char *const texts[DAT_CUB_FILES] = {cub_images, cub_classes, cub_labels, cub_split,
                                              cub_boxes};
    struct dat_cub_text text[DAT_CUB_FILES];
    struct dat_cub cub;
    for (int i = 0; i < DAT_CUB_FILES; i++)
        text[i] = (struct dat_cub_text){texts[i], strlen(texts[i])};
    text[which] = (struct dat_cub_text){bytes, count};
    why = (struct eng_why){0};
    const enum eng_err err = dat_cub_parse(&cub, text, &why);
    if (err && (cub.images || cub.classes))
        return ENG_STATE; /* must be empty: no test expects this code */
    dat_cub_release(&cub);
    return err;
}

static void test_cub_damage(void)
{
    static const struct {
        enum dat_cub_file which;
        const char *text, *says;
    } cases[] = {
        {DAT_CUB_IMAGES, "", "images.txt: holds no lines"},
        {DAT_CUB_IMAGES, "1 a.ppm\nb.ppm\n", "images.txt:2: not an id"},
        {DAT_CUB_IMAGES, "1 a.ppm\n2\n", "images.txt:2: not an id"},
        {DAT_CUB_IMAGES, "-1 a.ppm\n", "images.txt:1: not an id"},
        {DAT_CUB_IMAGES, "1234567890 a.ppm\n", "images.txt:1: not an id"},
        {DAT_CUB_IMAGES, "1 a.ppm\n2 b.ppm\n\n1 c.ppm\n", "images.txt:4: this id was given"},
        {DAT_CUB_IMAGES, "1 ../a.ppm\n", "images.txt:1: the path leaves"},
        {DAT_CUB_IMAGES, "1 /etc/passwd\n", "images.txt:1: the path leaves"},
        {DAT_CUB_IMAGES, "1 a/b/../../../c.ppm\n", "images.txt:1: the path leaves"},
        {DAT_CUB_IMAGES, "1 a/..\n", "images.txt:1: the path leaves"},
        {DAT_CUB_IMAGES, "1 a.ppm\n2 b.ppm\n7 c.ppm\n10 d.ppm\n11 e.ppm\n12 f.ppm\n",
         "images.txt:6: the image has no line in image_class_labels.txt"},
        {DAT_CUB_CLASSES, "1 001.A\n2 002.B\n3 004.A\n", "classes.txt:3: a class of this name"},
        {DAT_CUB_CLASSES, "1 001.A\n2 002.B\n", "labels.txt:5: classes.txt lists no class"},
        {DAT_CUB_LABELS, "1 1\n2 1\n7 2\n10 2\n", "images.txt:5: the image has no line in image_c"},
        {DAT_CUB_LABELS, "1 1\n99 1\n", "labels.txt:2: images.txt lists no image"},
        {DAT_CUB_LABELS, "1 1 1\n", "labels.txt:1: classes.txt lists no class"},
        {DAT_CUB_LABELS, "1 x\n", "labels.txt:1: classes.txt lists no class"},
        {DAT_CUB_SPLIT, "1 2\n", "split.txt:1: not an id and 0 or 1"},
        {DAT_CUB_SPLIT, "1 01\n", "split.txt:1: not an id and 0 or 1"},
        {DAT_CUB_SPLIT, "1 1\n", "images.txt:2: the image has no line in train_test_split.txt"},
        {DAT_CUB_BOXES, "1 1 1 1\n", "boxes.txt:1: not an id and a box"},
        {DAT_CUB_BOXES, "1 1 1 1 1 1\n", "boxes.txt:1: not an id and a box"},
        {DAT_CUB_BOXES, "1 1 1 0 1\n", "boxes.txt:1: not an id and a box"},
        {DAT_CUB_BOXES, "1 nan 1 1 1\n", "boxes.txt:1: not an id and a box"},
        {DAT_CUB_BOXES, "1 1 1 1 inf\n", "boxes.txt:1: not an id and a box"},
        {DAT_CUB_BOXES, "1 -1 1 1 1\n", "boxes.txt:1: not an id and a box"},
        {DAT_CUB_BOXES, "1 1 1 1 1x\n", "boxes.txt:1: not an id and a box"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const enum eng_err err = parse_with(cases[i].which, cases[i].text, strlen(cases[i].text));
        CHECK(err == ENG_FORMAT && strstr(why.text, cases[i].says), "CUB: %s", cases[i].says);
        if (!strstr(why.text, cases[i].says))
            printf("# got: %s\n", why.text);
    }
    CHECK(parse_with(DAT_CUB_IMAGES, "1 a\0b\n", 6) == ENG_FORMAT, "CUB: a NUL in a line");
    CHECK(parse_with(DAT_CUB_LABELS, NULL, 0) == ENG_MISSING, "CUB: no labels");
    CHECK(!parse_with(DAT_CUB_SPLIT, NULL, 0) && !parse_with(DAT_CUB_BOXES, NULL, 0),
          "CUB: split and boxes may be absent");

    /* Cut anywhere, or with any bit turned: a parse or a sentence, and (under a sanitizer) no
     * read outside: the bytes are copied into a block of exactly their length. */
    const char *const texts[DAT_CUB_FILES] = {cub_images, cub_classes, cub_labels, cub_split,
                                              cub_boxes};
    int silent = 0, odd = 0;
    for (int which = 0; which < DAT_CUB_FILES; which++) {
        const size_t n = strlen(texts[which]);
        for (size_t i = 0; i < 9 * n; i++) {
            const size_t count = i < n ? i : n;
            char *bytes = malloc(count + !count);
            if (!bytes)
                break;
            memcpy(bytes, texts[which], count);
            if (i >= n)
                bytes[(i - n) / 8] ^= (char)(1 << (i - n) % 8);
            const enum eng_err err = parse_with(which, bytes, count);
            silent += err && !why.text[0];
            odd += err && err != ENG_FORMAT;
            free(bytes);
        }
    }
    CHECK(!silent && !odd, "CUB: damaged at random: %d failures without a sentence, %d odd", silent,
          odd);
}

static void test_real(void)
{
    char path[600];
    snprintf(path, sizeof path, "%s/data/dogs-vs-cats", tap_shared());
    if (access(path, R_OK)) {
        tap_skip("dogs-vs-cats and CUB_200 are not here");
        return;
    }
    struct dat_dataset *set = open_data(path, NULL);
    CHECK(set && dat_dataset_count(set) == 10000 && class_is(set, 0, "cat", 1, 4000, 1000) &&
              class_is(set, 1, "dog", 1, 4000, 1000),
          "dogs-vs-cats: %s", set ? dat_dataset_about(set) : why.text);
    if (set) {
        struct dat_image image;
        CHECK(strstr(dat_dataset_item(set, 4999)->name, "/cat.4999.jpg") &&
                  strstr(dat_dataset_item(set, 5000)->name, "/dog.0.jpg"),
              "dogs-vs-cats in natural order");
        CHECK(!dat_dataset_read(set, 5000, &image, NULL, &why) && image.width == 200,
              "a photo is read %s", why.text);
        dat_image_release(&image);
    }
    dat_dataset_free(set);

    snprintf(path, sizeof path, "%s/data/CUB_200", tap_shared());
    set = open_data(path, NULL);
    CHECK(set && dat_dataset_count(set) == 1418 && dat_dataset_class_count(set) == 2 &&
              dat_dataset_class(set, 0)->members == 25 &&
              dat_dataset_class(set, 1)->members == 21 &&
              dat_dataset_class(set, 0)->count[DAT_TRAIN] +
                      dat_dataset_class(set, 1)->count[DAT_TRAIN] ==
                  1047,
          "CUB: %s", set ? dat_dataset_about(set) : why.text);
    dat_dataset_free(set);
    set = open_data(path, "*");
    CHECK(set && dat_dataset_class_count(set) == 46 &&
              !strcmp(dat_dataset_class(set, 0)->name, "Baird_Sparrow"),
          "CUB: all 46 species: %s", set ? dat_dataset_about(set) : why.text);
    dat_dataset_free(set);
    snprintf(path, sizeof path, "%s/data/CUB_200/images", tap_shared());
    set = open_data(path, "warbler=*Warbler,sparrow=*Sparrow");
    CHECK(set && dat_dataset_count(set) == 1418 && dat_dataset_class(set, 0)->members == 25,
          "CUB's images alone, a folder per class: %s", set ? dat_dataset_about(set) : why.text);
    dat_dataset_free(set);
}

int main(void)
{
    scratch_make();
    test_names();
    test_grouping();
    test_folder();
    test_holdout();
    test_indices();
    test_own_split();
    test_kaggle();
    test_many_classes();
    test_refusals();
    test_synthetic();
    test_cub();
    test_cub_damage();
    test_real();
    scratch_remove();
    return tap_done();
}
