/* Preprocessing against results recorded from torchvision 0.14 with Pillow 9.4, and against its
 * tensors of whole photos where those are at hand. */
#include "data/npy.h"
#include "data/photo.h"
#include "data/preprocess.h"
#include "tests/pattern.h"
#include "tests/tap.h"

/* Resize(resize), CenterCrop((height, width)): every parity of what is cut off, longer sides that
 * do not divide, and photos smaller than the crop in one or both directions. */
static void test_torchvision_crops(void)
{
    static const struct {
        size_t photo_width, photo_height, resize, width, height;
        uint64_t hash;
    } cases[] = {
        {40, 30, 24, 20, 20, 0x2e7a31c69070f862},  {30, 40, 24, 20, 20, 0x96fc746385e54e83},
        {31, 47, 24, 21, 16, 0xa328e940ee826bdc},  {47, 31, 24, 21, 17, 0x15e0af7637221cec},
        {33, 33, 25, 22, 22, 0xab3620a352e80336},  {9, 50, 8, 11, 12, 0xf1ca4922f75d8ad0},
        {50, 9, 8, 11, 30, 0xb7fb900802e94a83},    {20, 20, 10, 15, 16, 0x18ea01d63a3b44ba},
        {13, 29, 13, 13, 13, 0x1ecd139d09a87ba1},  {61, 24, 32, 27, 31, 0xd3b7c20f966a72b0},
        {100, 64, 26, 19, 23, 0x89dc263ff567427e},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dat_image photo = pattern_new(cases[i].photo_width, cases[i].photo_height), picture;
        struct dat_preprocess p;
        dat_preprocess_init_torchvision(&p);
        p.resize = cases[i].resize;
        p.width = cases[i].width;
        p.height = cases[i].height;
        const enum eng_err err = dat_preprocess_picture(&picture, &p, &photo);
        CHECK(err == ENG_OK && picture.width == p.width && picture.height == p.height &&
                  pattern_hash(&picture) == cases[i].hash,
              "%zux%zu, Resize(%zu), CenterCrop(%zu x %zu): torchvision's bits", photo.width,
              photo.height, p.resize, p.width, p.height);
        dat_image_release(&picture);
        dat_image_release(&photo);
    }
}

static void test_tensor(void)
{
    struct dat_image photo = pattern_new(9, 7), picture, back;
    struct dat_preprocess p;
    float chw[3 * 5 * 5], direct[3 * 5 * 5], black[3];
    int right = 1;

    dat_preprocess_init_square(&p, 5);
    CHECK(p.rule == DAT_RESIZE_STRETCH && p.width == 5 && p.height == 5 &&
              dat_preprocess_check(&p, NULL) == ENG_OK,
          "the square's settings");
    if (!CHECK(dat_preprocess_picture(&picture, &p, &photo) == ENG_OK, "a picture"))
        return;
    dat_preprocess_tensor(chw, &p, &picture);
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < 25; i++) {
            const double exact = (picture.rgb[i * 3 + c] / 255.0 - p.mean[c]) / p.std[c];
            right &= fabs(chw[c * 25 + i] - exact) < 1e-6;
        }
    CHECK(right, "(x/255 - mean) / std, planes R, G, B");
    tap_poison_stack();
    CHECK(dat_preprocess_run(direct, &p, &photo) == ENG_OK && !memcmp(chw, direct, sizeof chw),
          "run is picture and tensor");

    CHECK(dat_preprocess_denormalise(&back, &p, chw, 5, 5) == ENG_OK &&
              !memcmp(back.rgb, picture.rgb, 75),
          "denormalised, the picture is back");
    dat_image_release(&back);

    memset(picture.rgb, 0, 75);
    dat_preprocess_tensor(chw, &p, &picture);
    dat_preprocess_black(&p, black);
    CHECK(black[0] == chw[0] && black[1] == chw[25] && black[2] == chw[50] &&
              fabs(black[0] + 0.485 / 0.229) < 1e-6 && fabs(black[2] + 0.406 / 0.225) < 1e-6,
          "black is -mean/std");
    dat_image_release(&picture);
    dat_image_release(&photo);
}

/* All 256 levels of all channels there and back. */
static void test_levels(void)
{
    struct dat_preprocess p;
    struct dat_image img, back;
    static float chw[3 * 256];
    dat_preprocess_init_torchvision(&p);
    if (dat_image_init(&img, 256, 1) != ENG_OK)
        exit(2);
    for (int i = 0; i < 256 * 3; i++)
        img.rgb[i] = (uint8_t)(i / 3);
    dat_preprocess_tensor(chw, &p, &img);
    CHECK(dat_preprocess_denormalise(&back, &p, chw, 256, 1) == ENG_OK &&
              !memcmp(back.rgb, img.rgb, 768),
          "every level survives the way there and back");
    dat_image_release(&back);
    dat_image_release(&img);

    const float odd[3 * 4] = {-100, 100, NAN, INFINITY, -INFINITY, 0, 0, 0, 0, 0, 0, 0};
    CHECK(dat_preprocess_denormalise(&back, &p, odd, 4, 1) == ENG_OK && back.rgb[0] == 0 &&
              back.rgb[3] == 255 && back.rgb[6] == 0 && back.rgb[9] == 255 && back.rgb[1] == 0 &&
              back.rgb[4] == 116,
          "what is no colour is clamped; zero is the mean");
    dat_image_release(&back);
}

static void test_rules(void)
{
    enum dat_resize_rule rule = DAT_RESIZE_STRETCH;
    CHECK(dat_preprocess_rule_parse(&rule, "crop") == ENG_OK && rule == DAT_RESIZE_CROP &&
              dat_preprocess_rule_parse(&rule, "stretch") == ENG_OK && rule == DAT_RESIZE_STRETCH &&
              !strcmp(dat_preprocess_rule_name(DAT_RESIZE_CROP), "crop") &&
              !strcmp(dat_preprocess_rule_name(DAT_RESIZE_STRETCH), "stretch"),
          "rules have names");
    CHECK(dat_preprocess_rule_parse(&rule, "Crop") == ENG_UNSUPPORTED &&
              dat_preprocess_rule_parse(&rule, "") == ENG_UNSUPPORTED && rule == DAT_RESIZE_STRETCH,
          "other names are refused");
}

static void test_errors(void)
{
    struct dat_preprocess good, bad;
    struct eng_why why = {""};
    int refused = 1;
    dat_preprocess_init_torchvision(&good);
    CHECK(dat_preprocess_check(&good, &why) == ENG_OK && good.resize == 256 && good.width == 224 &&
              good.height == 224,
          "torchvision's settings");
    bad = good, bad.width = 0;
    refused &= dat_preprocess_check(&bad, &why) == ENG_ARG && strstr(why.text, "0 x 224");
    bad = good, bad.height = DAT_IMAGE_MAX_SIDE + 1;
    refused &= dat_preprocess_check(&bad, NULL) == ENG_ARG;
    bad = good, bad.resize = 0;
    refused &= dat_preprocess_check(&bad, NULL) == ENG_ARG;
    bad.rule = DAT_RESIZE_STRETCH;
    refused &= dat_preprocess_check(&bad, NULL) == ENG_OK;
    bad = good, bad.std[1] = 0;
    refused &= dat_preprocess_check(&bad, NULL) == ENG_ARG;
    bad = good, bad.std[2] = -1;
    refused &= dat_preprocess_check(&bad, NULL) == ENG_ARG;
    bad = good, bad.std[0] = NAN;
    refused &= dat_preprocess_check(&bad, NULL) == ENG_ARG;
    bad = good, bad.mean[0] = INFINITY;
    refused &= dat_preprocess_check(&bad, NULL) == ENG_ARG;
    CHECK(refused, "settings that cannot work are told apart");

    /* Shorter side 1 to 256 makes the longer one sixteen million. */
    struct dat_image strip = pattern_new(DAT_IMAGE_MAX_SIDE, 1), picture = {1, 1, strip.rgb};
    float untouched = 5;
    CHECK(dat_preprocess_picture(&picture, &good, &strip) == ENG_TOOBIG && !picture.rgb,
          "a strip that would grow beyond all limits is refused");
    CHECK(dat_preprocess_run(&untouched, &good, &strip) == ENG_TOOBIG && untouched == 5,
          "and leaves the tensor alone");
    CHECK(dat_preprocess_denormalise(&picture, &good, &untouched, 0, 1) == ENG_ARG && !picture.rgb,
          "no pixels, no picture");
    dat_image_release(&strip);
}

/* Largest difference from torchvision's tensor in grey levels, or infinity if not comparable. */
static double photo_difference(const char *photo_path, const char *tensor_path,
                               const struct dat_preprocess *p)
{
    struct dat_image photo = {0};
    struct dat_npy expected = {0};
    struct eng_why why = {""};
    const size_t plane = p->width * p->height;
    float *chw = malloc(3 * plane * sizeof *chw);
    double worst = INFINITY;
    if (chw && dat_photo_read(&photo, photo_path, NULL, &why) == ENG_OK &&
        dat_npy_read(&expected, tensor_path, NULL, &why) == ENG_OK && expected.rank == 3 &&
        expected.dim[0] == 3 && expected.dim[1] == p->height && expected.dim[2] == p->width &&
        dat_preprocess_run(chw, p, &photo) == ENG_OK) {
        worst = 0;
        for (size_t i = 0; i < 3 * plane; i++)
            worst = tap_worse(worst, fabs(chw[i] - expected.data[i]) * p->std[i / plane] * 255.0);
    } else {
        printf("# %s\n", why.text);
    }
    dat_npy_release(&expected);
    dat_image_release(&photo);
    free(chw);
    return worst;
}

static void test_photos(void)
{
    static const char *const names[] = {"cat.1", "cat.2", "cat.3", "cat.4",
                                        "dog.1", "dog.2", "dog.3", "dog.4"};
    struct dat_preprocess crop, resize;
    char png[1024], jpg[1024], tensor[1024];
    dat_preprocess_init_torchvision(&crop);
    dat_preprocess_init_square(&resize, 224);

    snprintf(tensor, sizeof tensor, "%s/data/photos/cat.1.crop224.npy", tap_shared());
    FILE *there = fopen(tensor, "rb");
    if (!there) {
        tap_skip("photos and torchvision's tensors of them (data/photos) are not here");
        return;
    }
    fclose(there);
    for (size_t i = 0; i < 16; i++) {
        const struct dat_preprocess *p = i % 2 ? &resize : &crop;
        const char *kind = i % 2 ? "resize224" : "crop224", *name = names[i / 2];
        const char *dir = tap_shared();
        snprintf(png, sizeof png, "%s/data/photos/%s.pil.png", dir, name);
        snprintf(jpg, sizeof jpg, "%s/data/photos/%s.jpg", dir, name);
        snprintf(tensor, sizeof tensor, "%s/data/photos/%s.%s.npy", dir, name, kind);
        /* From the same pixels only float rounding is left; a JPEG decoder may be off by one. */
        const double same = photo_difference(png, tensor, p);
        CHECK(same < 1e-4, "%s %s: from Pillow's pixels off by %.2g levels", name, kind, same);
        const double ours = photo_difference(jpg, tensor, p);
        CHECK(ours < 1.001, "%s %s: from the JPEG off by %.2g levels", name, kind, ours);
    }
}

static void test_change(void)
{
    struct dat_preprocess p, old;
    struct eng_why why;
    dat_preprocess_init_torchvision(&p);
    CHECK(dat_preprocess_change(&p, &(struct dat_preprocess_change){.size = 112}, &why) == ENG_OK &&
              p.width == 112 && p.height == 112 && p.resize == 128 && p.rule == DAT_RESIZE_CROP,
          "another size keeps the proportion of the crop");
    const struct dat_preprocess_change all = {
        .rule = "stretch", .mean = "0.5,0.25,0", .std = "1,2,4"};
    CHECK(dat_preprocess_change(&p, &all, &why) == ENG_OK && p.rule == DAT_RESIZE_STRETCH &&
              p.mean[1] == 0.25f && p.std[2] == 4.0f && p.width == 112,
          "rule, mean and deviation change, the rest stays");
    static const struct dat_preprocess_change wrong[] = {
        {.rule = "squash"}, {.mean = "0.5"}, {.mean = "0.5,0.5,0.5,0.5"}, {.std = "1,0,1"},
        {.std = "1,x,1"},   {.std = ""},     {.size = 100000000},         {.mean = "nan,0,0"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        old = p;
        why.text[0] = '\0';
        CHECK(dat_preprocess_change(&p, &wrong[i], &why) != ENG_OK && why.text[0] &&
                  memcmp(&old, &p, sizeof p) == 0,
              "a wrong change %zu is refused and changes nothing (%s)", i, why.text);
    }
}

int main(void)
{
    test_change();
    test_torchvision_crops();
    test_tensor();
    test_levels();
    test_rules();
    test_errors();
    test_photos();
    return tap_done();
}
