/* What is in a file: one table of the formats there are. A new one is a row, and a function that
 * prints what it holds by means of print_file. */
#include "data/dtype.h"
#include "data/file.h"
#include "data/json_out.h"
#include "data/npy.h"
#include "data/safetensors.h"
#include "engine/arch.h"
#include "gad/cli/commands.h"
#include "gad/cli/session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what all formats come to --------------------------------------------------------------- */

enum { MAX_RANK = DAT_SAFETENSORS_MAX_RANK };

struct tensor {
    const char *name;
    enum dat_dtype dtype;
    size_t rank, dim[MAX_RANK];
    const void *bytes;
};

struct content {
    const char *format;
    struct eng_arch_config arch; /* arch.arch is NULL if none fits, for the reason in why */
    struct eng_why why;
    const struct dat_safetensors_meta *metadata;
    size_t metadata_count;
    struct tensor *tensors;
    size_t count;
};

/* Of the numbers of a tensor that are numbers; NaN if there are none. */
struct summary {
    double min, max, mean;
    size_t nan;
};

static size_t element_count(const struct tensor *t)
{
    size_t n = 1; /* the product fits: the file holds them all */
    for (size_t i = 0; i < t->rank; i++)
        n *= t->dim[i];
    return n;
}

static struct summary summarise(const struct tensor *t)
{
    enum { PIECE = 1024 };
    float piece[PIECE];
    struct summary s = {NAN, NAN, NAN, 0};
    double sum = 0;
    const size_t count = element_count(t), size = dat_dtype_size(t->dtype);
    for (size_t at = 0; at < count; at += PIECE) {
        const size_t n = count - at < PIECE ? count - at : PIECE;
        dat_dtype_float(piece, t->dtype, (const char *)t->bytes + at * size, n);
        for (size_t i = 0; i < n; i++) {
            const double v = (double)piece[i];
            if (isnan(v)) {
                s.nan++;
                continue;
            }
            s.min = v >= s.min ? s.min : v; /* also while it is NaN */
            s.max = v <= s.max ? s.max : v;
            sum += v;
        }
    }
    if (s.nan < count)
        s.mean = sum / (double)(count - s.nan);
    return s;
}

/* ---- printing ------------------------------------------------------------------------------- */

static void json_number(struct dat_json_out *json, const char *key, double value)
{
    dat_json_out_key(json, key);
    dat_json_out_double(json, value);
}

static void json_string(struct dat_json_out *json, const char *key, const char *value)
{
    dat_json_out_key(json, key);
    dat_json_out_string(json, value);
}

static void print_json(const struct content *c)
{
    struct dat_json_out json;
    dat_json_out_init(&json, stdout, DAT_JSON_LINE);
    dat_json_out_object(&json);
    json_string(&json, "format", c->format);
    json_string(&json, "arch", c->arch.arch);
    dat_json_out_key(&json, "metadata");
    dat_json_out_object(&json);
    for (size_t i = 0; i < c->metadata_count; i++)
        json_string(&json, c->metadata[i].key, c->metadata[i].value);
    dat_json_out_end(&json);
    dat_json_out_key(&json, "tensors");
    dat_json_out_array(&json);
    for (size_t i = 0; i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        const struct summary s = summarise(t);
        dat_json_out_object(&json);
        json_string(&json, "name", t->name);
        json_string(&json, "dtype", dat_dtype_name(t->dtype));
        dat_json_out_key(&json, "shape");
        dat_json_out_array(&json);
        for (size_t d = 0; d < t->rank; d++)
            dat_json_out_uint(&json, t->dim[d]);
        dat_json_out_end(&json);
        json_number(&json, "min", s.min);
        json_number(&json, "max", s.max);
        json_number(&json, "mean", s.mean);
        dat_json_out_key(&json, "nan");
        dat_json_out_uint(&json, s.nan);
        dat_json_out_end(&json);
    }
    dat_json_out_end(&json);
    dat_json_out_end(&json);
    dat_json_out_finish(&json); /* an error of the stream shows again at the program's end */
    printf("\n");
}

/* Text from a file, in at least `width` columns: no control characters, and not more than `most`
 * bytes. */
static void print_text(const char *text, int width, size_t most)
{
    int column = 0;
    size_t n = strlen(text);
    const int cut = n > most;
    for (n = cut ? most : n; cut && n && ((unsigned char)text[n] & 0xc0) == 0x80;)
        n--; /* not in the middle of a character */
    for (size_t i = 0; i < n; i++) {
        const unsigned char byte = (unsigned char)text[i];
        putchar(byte < ' ' || byte == 0x7f ? '?' : byte);
        column += (byte & 0xc0) != 0x80;
    }
    column += cut ? printf("...") : 0;
    printf("%*s", column < width ? width - column : 0, "");
}

static const char *shape_text(const struct tensor *t, char text[MAX_RANK * 24])
{
    char *end = text;
    *end++ = '[';
    for (size_t d = 0; d < t->rank; d++)
        end += sprintf(end, "%s%zu", d ? "," : "", t->dim[d]);
    memcpy(end, "]", 2);
    return text;
}

static void print_number(double value)
{
    if (isnan(value))
        printf("  %11s", "-");
    else
        printf("  %11.5g", value);
}

static void print_lines(const struct content *c)
{
    enum { LONGEST = 100 };
    size_t name_width = strlen("tensor"), shape_width = strlen("shape"), key_width = 0, all = 0;
    char shape[MAX_RANK * 24];
    printf("format        %s\n", c->format);
    if (c->arch.arch)
        printf("architecture  %s, width %g, %zu classes\n", eng_arch_title(c->arch.arch),
               (double)c->arch.width, c->arch.classes);
    else if (c->why.text[0]) {
        printf("architecture  not recognised: ");
        print_text(c->why.text, 0, strcspn(c->why.text, ";")); /* what to do is being done */
        printf("\n");
    }
    for (size_t i = 0; i < c->metadata_count; i++)
        key_width = strlen(c->metadata[i].key) > key_width ? strlen(c->metadata[i].key) : key_width;
    if (c->metadata_count)
        printf("\nmetadata\n");
    for (size_t i = 0; i < c->metadata_count; i++) {
        printf("  ");
        print_text(c->metadata[i].key, key_width < 40 ? (int)key_width : 40, LONGEST);
        printf("  ");
        print_text(c->metadata[i].value, 0, LONGEST);
        printf("\n");
    }
    for (size_t i = 0; i < c->count; i++) {
        const size_t n = strlen(c->tensors[i].name), s = strlen(shape_text(&c->tensors[i], shape));
        name_width = n > name_width ? n : name_width;
        shape_width = s > shape_width ? s : shape_width;
        all += element_count(&c->tensors[i]);
    }
    const int name_columns = name_width < 60 ? (int)name_width : 60;
    const int shape_columns = shape_width < 30 ? (int)shape_width : 30;
    printf("\n%-*s  dtype  %-*s  %11s  %11s  %11s  %8s\n", name_columns, "tensor", shape_columns,
           "shape", "min", "max", "mean", "NaN");
    for (size_t i = 0; i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        const struct summary s = summarise(t);
        print_text(t->name, name_columns, LONGEST);
        printf("  %-5s  %-*s", dat_dtype_name(t->dtype), shape_columns, shape_text(t, shape));
        print_number(s.min);
        print_number(s.max);
        print_number(s.mean);
        printf("  %8zu\n", s.nan);
    }
    printf("\n%zu tensors, %zu numbers\n", c->count, all);
}

static void print_file(const struct content *c, int json)
{
    (json ? print_json : print_lines)(c);
}

/* ---- the formats ---------------------------------------------------------------------------- */

static int find_shape(void *context, const char *name, struct eng_shape *shape)
{
    const struct dat_safetensors_entry *entry = dat_safetensors_find(context, name);
    if (!entry || entry->rank > 4)
        return 0;
    *shape = (struct eng_shape){(int)entry->rank, {0}};
    memcpy(shape->dim, entry->dim, entry->rank * sizeof *entry->dim);
    return 1;
}

static enum eng_err inspect_safetensors(const char *path, int json, struct eng_why *why)
{
    struct dat_safetensors *file;
    ENG_TRY(dat_safetensors_open(&file, path, why));
    struct content c = {.format = "safetensors", .count = dat_safetensors_count(file)};
    c.metadata = dat_safetensors_metadata(file, &c.metadata_count);
    c.tensors = calloc(c.count + 1, sizeof *c.tensors);
    if (!c.tensors) {
        dat_safetensors_free(file);
        return eng_fail(why, ENG_NOMEM, "%s: out of memory", path);
    }
    for (size_t i = 0; i < c.count; i++) {
        const struct dat_safetensors_entry *e = dat_safetensors_at(file, i);
        c.tensors[i] = (struct tensor){e->name, e->dtype, e->rank, {0}, e->bytes};
        memcpy(c.tensors[i].dim, e->dim, sizeof c.tensors[i].dim);
    }
    if (eng_arch_infer(&c.arch, find_shape, file, &c.why) != ENG_OK)
        c.arch.arch = NULL;
    print_file(&c, json);
    free(c.tensors);
    dat_safetensors_free(file);
    return ENG_OK;
}

/* The reader makes float32 of all numbers, so that is the type shown, whatever the file has. */
static enum eng_err inspect_npy(const char *path, int json, struct eng_why *why)
{
    struct dat_npy npy;
    ENG_TRY(dat_npy_read(&npy, path, why));
    struct tensor t = {"array", DAT_F32, (size_t)npy.rank, {0}, npy.data};
    memcpy(t.dim, npy.dim, (size_t)npy.rank * sizeof *t.dim);
    const struct content c = {.format = "npy", .tensors = &t, .count = 1};
    print_file(&c, json);
    dat_npy_release(&npy);
    return ENG_OK;
}

static int is_npy(const uint8_t *head, size_t count)
{
    return count >= 6 && memcmp(head, "\x93NUMPY", 6) == 0;
}

/* The length of the header, of which no more than 27 bits may be set, and the header. */
static int is_safetensors(const uint8_t *head, size_t count)
{
    return count >= 9 && memcmp(head + 4, "\0\0\0\0{", 5) == 0;
}

static const struct format {
    const char *name, *ending;
    int (*is)(const uint8_t *head, size_t count); /* by the first HEAD bytes */
    enum eng_err (*inspect)(const char *path, int json, struct eng_why *why);
} formats[] = {
    {"safetensors", ".safetensors", is_safetensors, inspect_safetensors},
    {"npy", ".npy", is_npy, inspect_npy},
};

enum { HEAD = 16, FORMATS = sizeof formats / sizeof *formats };

/* The format by the first bytes, or else by the name: a file that is damaged from its very start is
 * told so by the one it claims to be. */
static enum eng_err inspect(const char *path, int json, struct eng_why *why)
{
    uint8_t head[HEAD];
    size_t count = 0;
    FILE *f = fopen(path, "rb");
    if (f) {
        count = fread(head, 1, sizeof head, f);
        fclose(f);
    }
    for (size_t i = 0; i < FORMATS; i++)
        if (formats[i].is(head, count))
            return formats[i].inspect(path, json, why);
    const size_t length = strlen(path);
    char names[128] = "";
    for (size_t i = 0; i < FORMATS; i++) {
        const size_t n = strlen(formats[i].ending), used = strlen(names);
        if (length >= n && strcmp(path + length - n, formats[i].ending) == 0)
            return formats[i].inspect(path, json, why);
        snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", formats[i].name);
    }
    uint8_t *bytes; /* says why, if it is the reading that failed */
    ENG_TRY(dat_file_read(&bytes, &count, path, why));
    free(bytes);
    return eng_fail(why, ENG_UNSUPPORTED, "%s: not of a format that can be inspected; those are %s",
                    path, names);
}

static int run(int argc, char **argv, const struct cli_command *self)
{
    struct cli_session session;
    struct eng_why why = {""};
    const int status = cli_begin(&session, self, NULL, 0, argc, argv, 1, 1);
    if (status >= 0)
        return status;
    const enum eng_err err = inspect(session.args.operands[0], session.args.common.json, &why);
    return cli_end(&session, err, &why, NULL);
}

const struct cli_command cli_inspect = {
    "inspect", "FILE",
    "Tells what is in a file: of safetensors the architecture that the weights belong to, the\n"
    "metadata, and each tensor's type, shape and range; of .npy the array.",
    "  gad inspect resnet18.safetensors\n"
    "  gad inspect weights.safetensors --json\n"
    "  gad inspect inputs.npy\n",
    run};
