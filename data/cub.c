/* Each file becomes a table of (id, rest of the line), sorted by id. Joining two files is then a
 * binary search for each row, and an id that is given twice is its own neighbour. */
#include "data/cub.h"

#include "data/grow.h"
#include "data/image.h"

#include <stdlib.h>
#include <string.h>

const char *const dat_cub_name[DAT_CUB_FILES] = {
    [DAT_CUB_IMAGES] = "images.txt",
    [DAT_CUB_CLASSES] = "classes.txt",
    [DAT_CUB_LABELS] = "image_class_labels.txt",
    [DAT_CUB_SPLIT] = "train_test_split.txt",
    [DAT_CUB_BOXES] = "bounding_boxes.txt",
};

struct row {
    unsigned long id;
    const char *text; /* what follows the id, borrowed, not NUL-terminated */
    size_t length;    /* > 0, without blanks at either end */
    size_t line;
};

struct table {
    const char *file; /* its name, for messages */
    struct row *rows;
    size_t count;
};

static enum eng_err fail_at(struct eng_why *why, const char *file, size_t line, const char *what)
{
    return eng_fail(why, ENG_FORMAT, "%s:%zu: %s", file, line, what);
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Reads a decimal number of at most nine digits off the front of *text, and the blanks behind. */
static int take_number(const char **text, const char *end, unsigned long *number)
{
    const char *p = *text;
    unsigned long value = 0;
    while (p < end && *p >= '0' && *p <= '9' && p - *text < 9)
        value = 10 * value + (unsigned long)(*p++ - '0');
    if (p == *text || (p < end && !is_blank(*p)))
        return 0;
    while (p < end && is_blank(*p))
        p++;
    *text = p;
    *number = value;
    return 1;
}

static int compare_ids(const void *a, const void *b)
{
    const struct row *p = a, *q = b;
    if (p->id != q->id)
        return p->id < q->id ? -1 : 1;
    return p->line < q->line ? -1 : p->line > q->line;
}

/* Fills *table, which the caller releases also on error. */
static enum eng_err table_read(struct table *table, enum dat_cub_file which,
                               const struct dat_cub_text *text, struct eng_why *why)
{
    const char *const end = text->bytes + text->count;
    size_t capacity = 0, line = 0;

    table->file = dat_cub_name[which];
    for (const char *p = text->bytes, *next; p < end; p = next) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        if (!stop)
            stop = end;
        next = stop < end ? stop + 1 : end;
        line++;
        while (stop > p && is_blank(stop[-1]))
            stop--;
        while (p < stop && is_blank(*p))
            p++;
        if (p == stop)
            continue;

        struct row row = {.line = line};
        if (!take_number(&p, stop, &row.id) || p == stop || memchr(p, '\0', (size_t)(stop - p)))
            return fail_at(why, table->file, line, "not an id and what belongs to it");
        row.text = p;
        row.length = (size_t)(stop - p);
        struct row *rows = dat_grow(table->rows, &capacity, table->count, sizeof *rows);
        if (!rows)
            return ENG_NOMEM;
        table->rows = rows;
        rows[table->count++] = row;
    }
    if (!table->count)
        return eng_fail(why, ENG_FORMAT, "%s: holds no lines", table->file);

    qsort(table->rows, table->count, sizeof *table->rows, compare_ids);
    for (size_t i = 1; i < table->count; i++)
        if (table->rows[i].id == table->rows[i - 1].id)
            return fail_at(why, table->file, table->rows[i].line, "this id was given before");
    return ENG_OK;
}

/* The index of the row with this id, or table->count. */
static size_t table_find(const struct table *table, unsigned long id)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (table->rows[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < table->count && table->rows[low].id == id ? low : table->count;
}

/* True if the path stays below the folder that it is joined to. */
static int path_stays(const char *path, size_t length)
{
    if (path[0] == '/')
        return 0;
    for (size_t i = 0, start = 0; i <= length; i++)
        if (i == length || path[i] == '/') {
            if (i - start == 2 && path[start] == '.' && path[start + 1] == '.')
                return 0;
            start = i + 1;
        }
    return 1;
}

static enum eng_err take_images(struct dat_cub *cub, const struct table *images,
                                struct eng_why *why)
{
    if (!(cub->images = calloc(images->count, sizeof *cub->images)))
        return ENG_NOMEM;
    for (size_t i = 0; i < images->count; i++) {
        const struct row *row = &images->rows[i];
        if (!path_stays(row->text, row->length))
            return fail_at(why, images->file, row->line,
                           "the path leaves the folder; it must not be absolute or hold '..'");
        if (!(cub->images[i].path = strndup(row->text, row->length)))
            return ENG_NOMEM;
        cub->image_count++;
    }
    return ENG_OK;
}

struct class_key {
    const char *name;
    size_t line;
};

static int compare_keys(const void *a, const void *b)
{
    const struct class_key *p = a, *q = b;
    const int order = strcmp(p->name, q->name);
    return order ? order : p->line < q->line ? -1 : p->line > q->line;
}

static enum eng_err check_names_differ(const struct dat_cub *cub, const struct table *classes,
                                       struct eng_why *why)
{
    struct class_key *keys = calloc(cub->class_count, sizeof *keys);
    if (!keys)
        return ENG_NOMEM;
    for (size_t i = 0; i < cub->class_count; i++)
        keys[i] = (struct class_key){cub->classes[i], classes->rows[i].line};
    qsort(keys, cub->class_count, sizeof *keys, compare_keys);

    enum eng_err err = ENG_OK;
    for (size_t i = 1; i < cub->class_count && !err; i++)
        if (!strcmp(keys[i].name, keys[i - 1].name))
            err = fail_at(why, classes->file, keys[i].line,
                          "a class of this name was given before");
    free(keys);
    return err;
}

static enum eng_err take_classes(struct dat_cub *cub, const struct table *classes,
                                 struct eng_why *why)
{
    if (!(cub->classes = calloc(classes->count, sizeof *cub->classes)))
        return ENG_NOMEM;
    for (size_t i = 0; i < classes->count; i++) {
        const struct row *row = &classes->rows[i];
        size_t skip = 0; /* the number before the name: "113." */
        while (skip < row->length && row->text[skip] >= '0' && row->text[skip] <= '9')
            skip++;
        skip = skip > 0 && skip + 1 < row->length && row->text[skip] == '.' ? skip + 1 : 0;
        if (!(cub->classes[i] = strndup(row->text + skip, row->length - skip)))
            return ENG_NOMEM;
        cub->class_count++;
    }
    return check_names_differ(cub, classes, why);
}

static int take_class(struct dat_cub_image *image, const struct row *row,
                      const struct table *classes)
{
    const char *p = row->text, *const end = p + row->length;
    unsigned long id;
    if (!take_number(&p, end, &id) || p < end)
        return 0;
    image->class_index = table_find(classes, id);
    return image->class_index < classes->count;
}

static int take_split(struct dat_cub_image *image, const struct row *row)
{
    image->for_training = row->text[0] == '1';
    return row->length == 1 && (row->text[0] == '0' || row->text[0] == '1');
}

static int take_box(struct dat_cub_image *image, const struct row *row)
{
    char text[128]; /* strtod wants a NUL behind the number */
    if (row->length >= sizeof text)
        return 0;
    memcpy(text, row->text, row->length);
    text[row->length] = '\0';

    char *p = text;
    for (int i = 0; i < 4; i++) {
        char *end;
        const double value = strtod(p, &end);
        if (end == p || (*end && !is_blank(*end)) || !(value >= 0 && value <= DAT_IMAGE_MAX_SIDE))
            return 0;
        image->box[i] = (float)value;
        p = end;
    }
    return !*p && image->box[2] > 0 && image->box[3] > 0;
}

/* Joins the file `which` to the images: every image must have a line, every line an image. */
static enum eng_err join(struct dat_cub *cub, enum dat_cub_file which, const struct table *tables,
                         struct eng_why *why)
{
    const struct table *const images = &tables[DAT_CUB_IMAGES], *const table = &tables[which];
    for (size_t i = 0; i < table->count; i++) {
        const struct row *row = &table->rows[i];
        const size_t at = table_find(images, row->id);
        if (at == images->count)
            return fail_at(why, table->file, row->line, "images.txt lists no image of this id");
        struct dat_cub_image *image = &cub->images[at];
        if (which == DAT_CUB_LABELS && !take_class(image, row, &tables[DAT_CUB_CLASSES]))
            return fail_at(why, table->file, row->line, "classes.txt lists no class of this id");
        if (which == DAT_CUB_SPLIT && !take_split(image, row))
            return fail_at(why, table->file, row->line, "not an id and 0 or 1");
        if (which == DAT_CUB_BOXES && !take_box(image, row))
            return fail_at(why, table->file, row->line,
                           "not an id and a box: x, y, width, height in pixels");
    }
    /* Every row found an image of its own: fewer rows than images means that one went without. */
    for (size_t i = 0; i < images->count && table->count < images->count; i++)
        if (table_find(table, images->rows[i].id) == table->count)
            return eng_fail(why, ENG_FORMAT, "%s:%zu: the image has no line in %s", images->file,
                            images->rows[i].line, table->file);
    return ENG_OK;
}

enum eng_err dat_cub_parse(struct dat_cub *out, const struct dat_cub_text text[DAT_CUB_FILES],
                           struct eng_why *why)
{
    struct table tables[DAT_CUB_FILES] = {0};
    enum eng_err err = ENG_OK;

    *out = (struct dat_cub){0};
    for (int i = 0; i < DAT_CUB_FILES && !err; i++)
        if (text[i].bytes)
            err = table_read(&tables[i], i, &text[i], why);
        else if (i < DAT_CUB_SPLIT)
            err = eng_fail(why, ENG_MISSING, "%s: not found; CUB data needs it", dat_cub_name[i]);
    if (!err)
        err = take_images(out, &tables[DAT_CUB_IMAGES], why);
    if (!err)
        err = take_classes(out, &tables[DAT_CUB_CLASSES], why);
    for (int i = DAT_CUB_LABELS; i < DAT_CUB_FILES && !err; i++)
        if (text[i].bytes)
            err = join(out, i, tables, why);

    out->has_split = text[DAT_CUB_SPLIT].bytes != NULL;
    out->has_boxes = text[DAT_CUB_BOXES].bytes != NULL;
    for (int i = 0; i < DAT_CUB_FILES; i++)
        free(tables[i].rows);
    if (err)
        dat_cub_release(out);
    return err;
}

void dat_cub_release(struct dat_cub *cub)
{
    for (size_t i = 0; i < cub->class_count; i++)
        free(cub->classes[i]);
    free(cub->classes);
    for (size_t i = 0; i < cub->image_count; i++)
        free(cub->images[i].path);
    free(cub->images);
    *cub = (struct dat_cub){0};
}
