/* CUB metadata: what is read keeps the header's promises, and written again reads the same.
 *
 * An input is the five texts in the order of data/cub.h, with the byte FS, the file separator of
 * ASCII, between them. A text that is "-" stands for a file that is not there, as do those behind
 * the last separator. */
#include "data/cub.h"
#include "data/image.h"
#include "tests/fuzz/fuzz.h"

enum { SEPARATOR = 0x1c };

static void split(struct dat_cub_text text[DAT_CUB_FILES], const uint8_t *bytes, size_t count)
{
    const char *p = (const char *)bytes, *const end = p + count;
    for (int i = 0; i < DAT_CUB_FILES && p <= end; i++) {
        const char *stop = p < end ? memchr(p, SEPARATOR, (size_t)(end - p)) : NULL;
        const size_t length = (size_t)((stop ? stop : end) - p);
        if (length != 1 || *p != '-')
            text[i] = (struct dat_cub_text){(char *)fuzz_copy(p, length), length};
        p += length + 1;
    }
}

static void check(const struct dat_cub *cub)
{
    FUZZ_PROMISE(cub->class_count > 0 && cub->image_count > 0);
    for (size_t i = 0; i < cub->class_count; i++) {
        FUZZ_PROMISE(cub->classes[i][0]);
        for (size_t j = 0; j < i && j < 16; j++)
            FUZZ_PROMISE(strcmp(cub->classes[i], cub->classes[j]) != 0);
    }
    for (size_t i = 0; i < cub->image_count; i++) {
        const struct dat_cub_image *image = &cub->images[i];
        const char *path = image->path;
        FUZZ_PROMISE(path[0] && path[0] != '/' && strcmp(path, "..") != 0);
        FUZZ_PROMISE(strncmp(path, "../", 3) != 0 && !strstr(path, "/../"));
        FUZZ_PROMISE(strlen(path) < 3 || strcmp(path + strlen(path) - 3, "/..") != 0);
        FUZZ_PROMISE(image->class_index < cub->class_count);
        FUZZ_PROMISE(image->for_training == 0 || (image->for_training == 1 && cub->has_split));
        for (int side = 0; side < 4; side++)
            FUZZ_PROMISE(image->box[side] >= 0 && image->box[side] <= DAT_IMAGE_MAX_SIDE);
        FUZZ_PROMISE(cub->has_boxes || image->box[2] == 0);
    }
}

static void check_same(const struct dat_cub *a, const struct dat_cub *b)
{
    FUZZ_PROMISE(a->class_count == b->class_count && a->image_count == b->image_count);
    FUZZ_PROMISE(a->has_split == b->has_split && a->has_boxes == b->has_boxes);
    for (size_t i = 0; i < a->class_count; i++)
        FUZZ_PROMISE(strcmp(a->classes[i], b->classes[i]) == 0);
    for (size_t i = 0; i < a->image_count; i++) {
        const struct dat_cub_image *p = &a->images[i], *q = &b->images[i];
        FUZZ_PROMISE(strcmp(p->path, q->path) == 0 && p->class_index == q->class_index);
        FUZZ_PROMISE(p->for_training == q->for_training);
        FUZZ_PROMISE(memcmp(p->box, q->box, sizeof p->box) == 0);
    }
}

/* Numbers items from 1, where the input may have had gaps. */
static void check_again(const struct dat_cub *cub)
{
    struct dat_cub_text text[DAT_CUB_FILES] = {0};
    struct dat_cub again;
    struct eng_why why = {""};
    for (int which = 0; which < DAT_CUB_FILES; which++) {
        char *written = NULL;
        size_t size = 0;
        const size_t count = which == DAT_CUB_CLASSES ? cub->class_count : cub->image_count;
        if ((which == DAT_CUB_SPLIT && !cub->has_split) ||
            (which == DAT_CUB_BOXES && !cub->has_boxes))
            continue;
        FILE *f = open_memstream(&written, &size);
        FUZZ_PROMISE(f);
        for (size_t i = 0; i < count; i++) {
            const struct dat_cub_image *image = &cub->images[which == DAT_CUB_CLASSES ? 0 : i];
            const float *box = image->box;
            fprintf(f, "%zu ", i + 1);
            if (which == DAT_CUB_IMAGES)
                fprintf(f, "%s\n", image->path);
            else if (which == DAT_CUB_CLASSES)
                fprintf(f, "%03zu.%s\n", i + 1, cub->classes[i]);
            else if (which == DAT_CUB_LABELS)
                fprintf(f, "%zu\n", image->class_index + 1);
            else if (which == DAT_CUB_SPLIT)
                fprintf(f, "%d\n", image->for_training);
            else
                fprintf(f, "%.9g %.9g %.9g %.9g\n", box[0], box[1], box[2], box[3]);
        }
        FUZZ_PROMISE(fclose(f) == 0);
        text[which] = (struct dat_cub_text){written, size};
    }
    FUZZ_PROMISE(dat_cub_parse(&again, text, &why) == ENG_OK);
    check_same(cub, &again);
    dat_cub_release(&again);
    for (int i = 0; i < DAT_CUB_FILES; i++)
        free((void *)text[i].bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct dat_cub_text text[DAT_CUB_FILES] = {0};
    struct dat_cub cub;
    struct eng_why why = {""};
    split(text, bytes, count);
    const enum eng_err err = dat_cub_parse(&cub, text, &why);
    if (err == ENG_OK) {
        check(&cub);
        check_again(&cub);
        dat_cub_release(&cub);
    } else {
        FUZZ_PROMISE(!cub.images && !cub.classes && !cub.image_count && !cub.class_count);
        if (err == ENG_MISSING)
            FUZZ_PROMISE(!text[0].bytes || !text[1].bytes || !text[2].bytes);
        else
            fuzz_refused(err, &why);
    }
    for (int i = 0; i < DAT_CUB_FILES; i++)
        free((void *)text[i].bytes);
    return 0;
}
