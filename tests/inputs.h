/* What tests of the program work on: models, one of them changed for the worse in several ways,
 * pictures, arrays, and folders of pictures, all in the scratch folder. */
#ifndef INPUTS_H
#define INPUTS_H

#include "data/model.h"
#include "data/npy.h"
#include "data/photo.h"
#include "data/png.h"
#include "data/safetensors.h"
#include "tests/program.h"

#include <float.h>

#define TINY "--size 32 --width 0.125 --batch 8"
#define DATA "synthetic:cats-dogs,count=24"

/* m.safetensors rewritten: without its metadata, and with one tensor left out, cut, or with a
 * number that is none, that is too large, or that is below zero. */
enum change { FOREIGN, MISSING, MISSHAPEN, POISONED, HUGE_ONE, NEGATIVE };

static inline void make_changed(const char *path, enum change change)
{
    enum { MOST = 256 };
    struct dat_safetensors *file;
    struct dat_safetensors_entry entries[MOST];
    size_t n = 0;
    float *values = NULL;
    scratch_need(dat_safetensors_open(&file, "m.safetensors", NULL, NULL) == ENG_OK, path);
    for (size_t i = 0; i < dat_safetensors_count(file) && n < MOST; i++) {
        struct dat_safetensors_entry *e = &entries[n++];
        *e = *dat_safetensors_at(file, i);
        if (strcmp(e->name,
                   change == NEGATIVE ? "layer1.0.bn1.running_var" : "layer1.0.conv1.weight") != 0)
            continue;
        if (change == MISSING) {
            n--;
        } else if (change == MISSHAPEN) {
            e->size /= e->dim[0];
            e->dim[0] = 1;
        } else if (change != FOREIGN) {
            values = malloc(e->size);
            scratch_need(values != NULL, path);
            memcpy(values, e->bytes, e->size);
            values[3] = change == POISONED ? NAN : change == HUGE_ONE ? FLT_MAX : -1e-3f;
            e->bytes = values;
        }
    }
    scratch_need(dat_safetensors_write(path, entries, n, NULL, 0, NULL) == ENG_OK, path);
    free(values);
    dat_safetensors_free(file);
}

static inline void make_tensors(const char *path, size_t n, size_t height, size_t width)
{
    const size_t dim[4] = {n, 3, height, width}, count = n * 3 * height * width;
    float *x = malloc(count * sizeof *x);
    struct eng_rng rng;
    scratch_need(x != NULL, path);
    eng_rng_init(&rng, 7, n);
    for (size_t i = 0; i < count; i++)
        x[i] = eng_rng_normal(&rng);
    if (strstr(path, "nan"))
        x[count / n] = NAN; /* in the second */
    scratch_need(dat_npy_write(path, x, n > 1 ? 4 : 3, n > 1 ? dim : dim + 1, NULL) == ENG_OK,
                 path);
    free(x);
}

/* A copy of the first `length` bytes; nothing if there is no such file. */
static inline void cut_file(const char *from, const char *to, size_t length)
{
    uint8_t *bytes;
    size_t count;
    if (dat_file_read(&bytes, &count, from, NULL) != ENG_OK)
        return;
    scratch_write(to, bytes, length < count ? length : count);
    free(bytes);
}

static inline void make_files(void)
{
    struct dat_image photo;
    make_model("m.safetensors", "resnet18", 1);
    make_model("other.safetensors", "resnet18", 2);
    make_model("vgg.safetensors", "vgg16", 1);
    make_changed("foreign.safetensors", FOREIGN);
    make_changed("missing.safetensors", MISSING);
    make_changed("misshapen.safetensors", MISSHAPEN);
    make_changed("poisoned.safetensors", POISONED);
    make_changed("huge.safetensors", HUGE_ONE);
    make_changed("negative.safetensors", NEGATIVE);
    scratch_ppm("a.ppm", 48, 40, 200);
    scratch_ppm("b.ppm", 32, 32, 10);
    scratch_ppm("x/same.ppm", 32, 32, 90);
    scratch_ppm("y/same.ppm", 32, 32, 120);
    scratch_need(dat_photo_read(&photo, "a.ppm", NULL, NULL) == ENG_OK &&
                     dat_png_write("c.png", photo.rgb, photo.width, photo.height, 3, NULL) ==
                         ENG_OK,
                 "c.png");
    dat_image_release(&photo);
    cut_file("a.ppm", "cut.ppm", 1000);
    cut_file("c.png", "cut.png", 90);
    scratch_text("text.jpg", "not a photo\n");
    scratch_text("empty.png", "");
    make_tensors("one.npy", 1, 32, 32);
    make_tensors("three.npy", 3, 40, 36);
    make_tensors("nan.npy", 3, 32, 32);
    scratch_need(dat_npy_write("flat.npy", (float[6]){0}, 2, (size_t[]){2, 3}, NULL) == ENG_OK,
                 "flat.npy");
    cut_file("one.npy", "cut.npy", 500);
    for (int i = 0; i < 6; i++) {
        scratch_ppm(scratch_path("photos/cat/%d.ppm", i) + strlen(scratch_root) + 1, 32, 32,
                    30 * i);
        scratch_ppm(scratch_path("photos/dog/%d.ppm", i) + strlen(scratch_root) + 1, 32, 32,
                    200 - 30 * i);
    }
    scratch_text("photos/dog/7.ppm", "P6 damaged");
    scratch_ppm("one-class/cat/1.ppm", 32, 32, 1);
    scratch_ppm("empty-class/cat/1.ppm", 32, 32, 1);
    scratch_ppm("empty-class/cat/2.ppm", 32, 32, 1);
    scratch_need(mkdir("empty-class/dog", 0777) == 0, "empty-class/dog");
}

#endif
