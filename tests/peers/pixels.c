/* A photo as gad decodes or prepares it, for comparison with other programs:
 *
 *     pixels IMAGE OUT.npy                              (height,width,3), 0 to 255
 *     pixels IMAGE OUT.npy crop|stretch RESIZE H W      (3,H,W), normalised by ImageNet's mean and
 *                                                       deviation */
#include "data/npy.h"
#include "data/photo.h"
#include "data/preprocess.h"

#include <stdio.h>
#include <stdlib.h>

static void need(enum eng_err err, const struct eng_why *why)
{
    if (err != ENG_OK) {
        fprintf(stderr, "pixels: %s: %s\n", eng_err_text(err), why->text);
        exit(1);
    }
}

static float *room(size_t count)
{
    float *values = malloc(count * sizeof *values);
    if (!values)
        need(ENG_NOMEM, &(struct eng_why){""});
    return values;
}

static void write_decoded(const char *path, const struct dat_image *photo)
{
    struct eng_why why = {""};
    const size_t dim[3] = {photo->height, photo->width, 3}, count = dim[0] * dim[1] * dim[2];
    float *values = room(count);
    for (size_t i = 0; i < count; i++)
        values[i] = photo->rgb[i];
    need(dat_npy_write(path, values, 3, dim, &why), &why);
    free(values);
}

static void write_prepared(const char *path, const struct dat_image *photo, char **how)
{
    struct eng_why why = {""};
    struct dat_preprocess preprocess;
    dat_preprocess_init_torchvision(&preprocess);
    need(dat_preprocess_rule_parse(&preprocess.rule, how[0]), &why);
    preprocess.resize = strtoul(how[1], NULL, 10);
    preprocess.height = strtoul(how[2], NULL, 10);
    preprocess.width = strtoul(how[3], NULL, 10);
    need(dat_preprocess_check(&preprocess, &why), &why);
    const size_t dim[3] = {3, preprocess.height, preprocess.width};
    float *values = room(dim[0] * dim[1] * dim[2]);
    need(dat_preprocess_run(values, &preprocess, photo), &why);
    need(dat_npy_write(path, values, 3, dim, &why), &why);
    free(values);
}

int main(int count, char **argument)
{
    struct eng_why why = {""};
    struct dat_image photo;
    if (count != 3 && count != 7) {
        fprintf(stderr, "usage: pixels IMAGE OUT.npy [crop|stretch RESIZE HEIGHT WIDTH]\n");
        return 2;
    }
    need(dat_photo_read(&photo, argument[1], NULL, &why), &why);
    if (count == 3)
        write_decoded(argument[2], &photo);
    else
        write_prepared(argument[2], &photo, argument + 3);
    dat_image_release(&photo);
    return 0;
}
