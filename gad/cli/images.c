#include "gad/cli/images.h"

#include "data/file.h"
#include "data/npy.h"
#include "data/photo.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- stems ---------------------------------------------------------------------------------- */

/* The stems given out so far: a hash table with open addressing, at most half full. `next` is the
 * number to try when the same one comes again, so that a thousand a/photo.jpg, b/photo.jpg cost no
 * more than a thousand different names. */
struct stem {
    char *text; /* NULL: free */
    size_t next;
};

struct stems {
    struct stem *slots;
    size_t count, capacity; /* a power of two, or 0 */
};

static struct stem *slot_of(const struct stems *stems, const char *text)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *p = text; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    size_t i = hash & (stems->capacity - 1);
    while (stems->slots[i].text && strcmp(stems->slots[i].text, text) != 0)
        i = (i + 1) & (stems->capacity - 1);
    return &stems->slots[i];
}

static int stems_grow(struct stems *stems)
{
    struct stems larger = {.count = stems->count,
                           .capacity = stems->capacity ? 2 * stems->capacity : 64};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (!larger.slots)
        return 0;
    for (size_t i = 0; i < stems->capacity; i++)
        if (stems->slots[i].text)
            *slot_of(&larger, stems->slots[i].text) = stems->slots[i];
    free(stems->slots);
    *stems = larger;
    return 1;
}

/* A printf in new memory, or NULL. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
static char *
print_new(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int length = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    char *text = length < 0 ? NULL : malloc((size_t)length + 1);
    if (!text)
        return NULL;
    va_start(ap, format);
    vsnprintf(text, (size_t)length + 1, format, ap);
    va_end(ap);
    return text;
}

/* text, or text-2, text-3, ...: one that was not given out before, the table's own. NULL without
 * memory. */
static const char *stems_add(struct stems *stems, const char *text)
{
    if (2 * (stems->count + 1) > stems->capacity && !stems_grow(stems))
        return NULL;
    struct stem *first = slot_of(stems, text), *slot = first;
    char *own = print_new("%s", text);
    while (own && slot->text) {
        free(own);
        own = print_new("%s-%zu", text, first->next++);
        if (own)
            slot = slot_of(stems, own);
    }
    if (!own)
        return NULL;
    *slot = (struct stem){own, 2};
    stems->count++;
    return own;
}

static void stems_release(struct stems *stems)
{
    for (size_t i = 0; i < stems->capacity; i++)
        free(stems->slots[i].text);
    free(stems->slots);
}

/* ---- reading -------------------------------------------------------------------------------- */

struct cli_images {
    const struct cli_sources *sources;
    size_t at; /* the source being read */
    struct dat_preprocess preprocess;
    size_t file_memory;
    struct stems stems;
    const char *stem;   /* of the source being read */
    struct dat_npy npy; /* its tensors, if it is a .npy file */
    size_t tensor;      /* the next of them */
};

void cli_image_release(struct cli_image *image)
{
    free(image->name);
    free(image->stem);
    free(image->x);
    dat_image_release(&image->picture);
    *image = (struct cli_image){0};
}

enum eng_err cli_images_new(struct cli_images **out, const struct cli_sources *sources,
                            const struct dat_preprocess *preprocess, size_t file_memory)
{
    struct cli_images *images = calloc(1, sizeof *images);
    if (!images)
        return ENG_NOMEM;
    images->sources = sources;
    images->preprocess = *preprocess;
    images->file_memory = file_memory;
    *out = images;
    return ENG_OK;
}

void cli_images_free(struct cli_images *images)
{
    if (!images)
        return;
    dat_npy_release(&images->npy);
    stems_release(&images->stems);
    free(images);
}

size_t cli_images_done(const struct cli_images *images)
{
    return images->at;
}

static int ends_with(const char *text, const char *ending)
{
    const size_t n = strlen(text), m = strlen(ending);
    return n >= m && strcmp(text + n - m, ending) == 0;
}

/* "dir/photo.old.jpg" -> "photo.old". What is left may be no folder's name: "" and dots. */
static const char *source_stem(struct stems *stems, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *text = print_new("%s", slash ? slash + 1 : path);
    if (!text)
        return NULL;
    char *dot = strrchr(text, '.');
    if (dot && dot != text)
        *dot = '\0';
    const int usable = text[strspn(text, ".")] != '\0';
    const char *stem = stems_add(stems, usable ? text : "image");
    free(text);
    return stem;
}

/* The photo in `bytes`, brought to the model's size. */
static enum eng_err read_photo(struct cli_images *images, struct cli_image *image,
                               const uint8_t *bytes, size_t count, struct eng_why *why)
{
    const struct dat_preprocess *p = &images->preprocess;
    struct dat_image photo;
    struct dat_budget budget = dat_budget_of(images->file_memory);
    ENG_TRY(dat_photo_decode(&photo, bytes, count, &budget, why));
    enum eng_err err = dat_preprocess_picture(&image->picture, p, &photo);
    dat_image_release(&photo);
    if (err == ENG_OK) {
        image->height = p->height;
        image->width = p->width;
        image->x = malloc(3 * p->height * p->width * sizeof *image->x);
        err = image->x ? ENG_OK : ENG_NOMEM;
    }
    if (err == ENG_TOOBIG)
        return eng_fail(why, err,
                        "it is so long and narrow that its longer side would have more than %d "
                        "pixels; crop it, or give --resize-rule stretch",
                        DAT_IMAGE_MAX_SIDE);
    if (err != ENG_OK)
        return eng_fail(why, err, "out of memory");
    dat_preprocess_tensor(image->x, p, &image->picture);
    return ENG_OK;
}

/* Tensor number images->tensor of images->npy, whose shape is checked. */
static enum eng_err read_tensor(struct cli_images *images, struct cli_image *image,
                                struct eng_why *why)
{
    const size_t *dim = images->npy.dim + images->npy.rank - 3;
    const size_t count = 3 * dim[1] * dim[2];
    const float *x = images->npy.data + images->tensor * count;
    for (size_t i = 0; i < count; i++)
        if (!isfinite(x[i]))
            return eng_fail(why, ENG_FORMAT,
                            "number %zu is a NaN or an infinity; an image has none", i);
    image->height = dim[1];
    image->width = dim[2];
    image->x = malloc(count * sizeof *image->x);
    if (!image->x)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    memcpy(image->x, x, count * sizeof *image->x);
    const enum eng_err err = dat_preprocess_denormalise(&image->picture, &images->preprocess, x,
                                                        image->width, image->height);
    return err == ENG_OK ? err : eng_fail(why, err, "%s", eng_err_text(err));
}

static enum eng_err check_shape(const struct dat_npy *npy, struct eng_why *why)
{
    if ((npy->rank != 3 && npy->rank != 4) || npy->dim[npy->rank - 3] != 3)
        return eng_fail(why, ENG_SHAPE,
                        "its array is no image; one of shape (3,H,W) or (N,3,H,W) is needed");
    for (int i = 0; i < npy->rank; i++)
        if (npy->dim[i] == 0)
            return eng_fail(why, ENG_SHAPE, "its array is empty; save one with numbers in it");
    return ENG_OK;
}

static int is_npy(const char *name, const uint8_t *bytes, size_t count)
{
    return ends_with(name, ".npy") || (count >= 6 && memcmp(bytes, "\x93NUMPY", 6) == 0);
}

/* Reads the source called `name`: a photo into *image, tensors into images->npy. */
static enum eng_err read_source(struct cli_images *images, struct cli_image *image,
                                const char *name, struct eng_why *why)
{
    const char *path = images->sources->paths[images->at];
    uint8_t *bytes;
    size_t count;
    images->stem = source_stem(&images->stems, name);
    if (!images->stem)
        return eng_fail(why, ENG_NOMEM, "%s: out of memory", name);
    if (path)
        ENG_TRY(dat_file_read(&bytes, &count, path, why));
    else
        ENG_TRY(dat_file_read_from(&bytes, &count, STDIN_FILENO, name, why));
    enum eng_err err;
    if (is_npy(name, bytes, count)) {
        struct dat_budget budget = dat_budget_of(images->file_memory);
        err = dat_npy_decode(&images->npy, bytes, count, &budget, why);
        if (err == ENG_OK)
            err = check_shape(&images->npy, why);
        if (err != ENG_OK)
            dat_npy_release(&images->npy);
    } else {
        err = read_photo(images, image, bytes, count, why);
        image->name = print_new("%s", name);
        image->stem = print_new("%s", images->stem);
        if (err == ENG_OK && (!image->name || !image->stem))
            err = eng_fail(why, ENG_NOMEM, "out of memory");
    }
    free(bytes);
    return err == ENG_OK ? err : eng_fail_in(why, err, name);
}

/* Takes the next tensor of images->npy. */
static enum eng_err next_tensor(struct cli_images *images, struct cli_image *image,
                                const char *source, struct eng_why *why)
{
    if (images->npy.rank == 4 && images->npy.dim[0] > 1) {
        char *numbered = print_new("%s.%zu", images->stem, images->tensor);
        const char *stem = numbered ? stems_add(&images->stems, numbered) : NULL;
        image->stem = stem ? print_new("%s", stem) : NULL;
        image->name = print_new("%s[%zu]", source, images->tensor);
        free(numbered);
    } else {
        image->stem = print_new("%s", images->stem);
        image->name = print_new("%s", source);
    }
    if (!image->stem || !image->name)
        return eng_fail(why, ENG_NOMEM, "%s: out of memory", source);
    const enum eng_err err = read_tensor(images, image, why);
    return err == ENG_OK ? err : eng_fail_in(why, err, image->name);
}

enum eng_err cli_images_next(struct cli_images *images, struct cli_image *image, int *more,
                             struct eng_why *why)
{
    *image = (struct cli_image){0};
    *more = images->at < images->sources->count;
    if (!*more)
        return ENG_OK;
    const char *source = cli_source_name(images->sources, images->at);
    enum eng_err err = ENG_OK;
    if (!images->npy.data)
        err = read_source(images, image, source, why);
    if (images->npy.data) {
        err = next_tensor(images, image, source, why);
        images->tensor++;
    }
    if (!images->npy.data || images->tensor == (images->npy.rank == 4 ? images->npy.dim[0] : 1)) {
        dat_npy_release(&images->npy);
        images->tensor = 0;
        images->at++;
    }
    if (err != ENG_OK)
        cli_image_release(image);
    return err;
}
