/* What is in a file of tensors, of any format that data/tensors.h knows. */
#include "data/dtype.h"
#include "data/json_out.h"
#include "data/likeness.h"
#include "gad/cli/choices.h"
#include "gad/cli/commands.h"
#include "gad/cli/message.h"
#include "gad/cli/session.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct content {
    const struct dat_tensors *file;
    struct dat_likeness likeness;
    int fits; /* if not, for the reason in why */
    struct eng_why why;
};

/* ---- what the tensors come to --------------------------------------------------------------- */

/* Of the numbers of a tensor that are numbers; NaN if there are none. */
struct summary {
    double min, max, mean;
    size_t nan;
};

static size_t element_count(const struct dat_safetensors_entry *t)
{
    return t->size / dat_dtype_size(t->dtype);
}

static struct summary summarise(const struct dat_safetensors_entry *t)
{
    enum { PIECE = 1024 };
    double piece[PIECE];
    struct summary s = {NAN, NAN, NAN, 0};
    double sum = 0;
    const size_t count = element_count(t), size = dat_dtype_size(t->dtype);
    for (size_t at = 0; at < count; at += PIECE) {
        const size_t n = count - at < PIECE ? count - at : PIECE;
        dat_dtype_double(piece, t->dtype, (const char *)t->bytes + at * size, n);
        for (size_t i = 0; i < n; i++) {
            const double v = piece[i];
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

static void put_shape(struct dat_json_out *json, const char *key, const size_t *dim, size_t rank)
{
    dat_json_out_key(json, key);
    dat_json_out_array(json);
    for (size_t i = 0; i < rank; i++)
        dat_json_out_uint(json, dim[i]);
    dat_json_out_end(json);
}

static void put_misfits(struct dat_json_out *json, const char *key, const struct dat_likeness *l,
                        enum dat_misfit_kind kind)
{
    dat_json_out_key(json, key);
    dat_json_out_array(json);
    for (size_t i = 0; i < l->count; i++) {
        const struct dat_misfit *m = &l->misfits[i];
        if (m->kind != kind)
            continue;
        dat_json_out_object(json);
        json_string(json, "name", m->name);
        if (m->have)
            put_shape(json, "shape", m->have->dim, m->have->rank);
        if (kind != DAT_UNEXPECTED)
            put_shape(json, "wanted", m->want.dim, (size_t)m->want.rank);
        dat_json_out_end(json);
    }
    dat_json_out_end(json);
}

static void put_nearest(struct dat_json_out *json, const struct dat_likeness *l)
{
    dat_json_out_key(json, "nearest");
    dat_json_out_object(json);
    json_string(json, "arch", l->config.arch);
    json_number(json, "width", (double)l->config.width);
    json_string(json, "map", *l->map ? l->map : NULL);
    put_misfits(json, "missing", l, DAT_MISSING);
    put_misfits(json, "misshapen", l, DAT_MISSHAPEN);
    put_misfits(json, "unexpected", l, DAT_UNEXPECTED);
    dat_json_out_end(json);
}

static void print_json(const struct content *c)
{
    struct dat_json_out json;
    size_t lines;
    const struct dat_safetensors_meta *metadata = dat_tensors_metadata(c->file, &lines);
    dat_json_out_init(&json, stdout, DAT_JSON_LINE);
    dat_json_out_object(&json);
    json_string(&json, "format", dat_tensors_format(c->file));
    json_string(&json, "arch", c->fits ? c->likeness.config.arch : NULL);
    dat_json_out_key(&json, "metadata");
    dat_json_out_object(&json);
    for (size_t i = 0; i < lines; i++)
        json_string(&json, metadata[i].key, metadata[i].value);
    dat_json_out_end(&json);
    dat_json_out_key(&json, "tensors");
    dat_json_out_array(&json);
    for (size_t i = 0; i < dat_tensors_count(c->file); i++) {
        const struct dat_safetensors_entry *t = dat_tensors_at(c->file, i);
        const struct summary s = summarise(t);
        dat_json_out_object(&json);
        json_string(&json, "name", t->name);
        json_string(&json, "dtype", dat_dtype_name(t->dtype));
        put_shape(&json, "shape", t->dim, t->rank);
        json_number(&json, "min", s.min);
        json_number(&json, "max", s.max);
        json_number(&json, "mean", s.mean);
        dat_json_out_key(&json, "nan");
        dat_json_out_uint(&json, s.nan);
        dat_json_out_end(&json);
    }
    dat_json_out_end(&json);
    if (!c->fits && c->likeness.config.arch)
        put_nearest(&json, &c->likeness);
    dat_json_out_end(&json);
    dat_json_out_finish(&json); /* an error of the stream shows again at the program's end */
    printf("\n");
}

enum { SHAPE = DAT_SAFETENSORS_MAX_RANK * 24 };

static const char *shape_text(const struct dat_safetensors_entry *t, char text[SHAPE])
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

static void print_metadata(const struct content *c)
{
    enum { LONGEST = 100 };
    size_t lines, width = 0;
    const struct dat_safetensors_meta *metadata = dat_tensors_metadata(c->file, &lines);
    for (size_t i = 0; i < lines; i++)
        width = strlen(metadata[i].key) > width ? strlen(metadata[i].key) : width;
    if (lines)
        printf("\nmetadata\n");
    for (size_t i = 0; i < lines; i++) {
        printf("  ");
        cli_put_text(stdout, metadata[i].key, width < 40 ? (int)width : 40, LONGEST);
        printf("  ");
        cli_put_text(stdout, metadata[i].value, 0, LONGEST);
        printf("\n");
    }
}

static void print_tensors(const struct content *c)
{
    enum { LONGEST = 100 };
    const size_t count = dat_tensors_count(c->file);
    size_t name_width = strlen("tensor"), shape_width = strlen("shape"), numbers = 0, bytes = 0;
    char shape[SHAPE];
    for (size_t i = 0; i < count; i++) {
        const struct dat_safetensors_entry *t = dat_tensors_at(c->file, i);
        const size_t n = strlen(t->name), s = strlen(shape_text(t, shape));
        name_width = n > name_width ? n : name_width;
        shape_width = s > shape_width ? s : shape_width;
        numbers += element_count(t);
        bytes += t->size;
    }
    const int name_columns = name_width < 60 ? (int)name_width : 60;
    const int shape_columns = shape_width < 30 ? (int)shape_width : 30;
    printf("\n%-*s  dtype  %-*s  %10s  %11s  %11s  %11s  %8s\n", name_columns, "tensor",
           shape_columns, "shape", "bytes", "min", "max", "mean", "NaN");
    for (size_t i = 0; i < count; i++) {
        const struct dat_safetensors_entry *t = dat_tensors_at(c->file, i);
        const struct summary s = summarise(t);
        cli_put_text(stdout, t->name, name_columns, LONGEST);
        printf("  %-5s  %-*s  %10zu", dat_dtype_name(t->dtype), shape_columns, shape_text(t, shape),
               t->size);
        print_number(s.min);
        print_number(s.max);
        print_number(s.mean);
        printf("  %8zu\n", s.nan);
    }
    printf("\n%zu tensors, %zu numbers, %zu bytes\n", count, numbers, bytes);
}

/* How the tensors differ from the nearest net's: all of it, in the order of kinds. */
static void print_nearest(const struct content *c)
{
    static const char *const words[] = {
        [DAT_MISSING] = "missing", [DAT_MISSHAPEN] = "misshapen", [DAT_UNEXPECTED] = "unexpected"};
    enum { LONGEST = 100, COLUMNS = 40 };
    const struct dat_likeness *l = &c->likeness;
    char have[DAT_SHAPE_TEXT], want[DAT_SHAPE_TEXT];
    struct eng_why why = c->why;
    char *advice = strstr(why.text, "; gad inspect");
    if (advice)
        *advice = '\0'; /* it is being followed */
    printf("architecture  not recognised: ");
    cli_put_text(stdout, why.text, 0, sizeof why.text);
    printf("\n");
    if (l->count)
        printf("\n%sbeside a %s of width %g\n", l->renamed ? "renamed, and " : "",
               eng_arch_title(l->config.arch), (double)l->config.width);
    for (size_t i = 0; i < l->count; i++) {
        const struct dat_misfit *m = &l->misfits[i];
        printf("  %-10s  ", words[m->kind]);
        cli_put_text(stdout, m->name, COLUMNS, LONGEST);
        printf("  %s%s%s\n", m->have ? dat_likeness_have(m, have) : dat_likeness_want(m, want),
               m->kind == DAT_MISSHAPEN ? ", not " : "",
               m->kind == DAT_MISSHAPEN ? dat_likeness_want(m, want) : "");
    }
}

static void print_lines(const struct content *c)
{
    printf("format        %s\n", dat_tensors_format(c->file));
    const struct eng_arch_config *net = &c->likeness.config;
    if (c->fits)
        printf("architecture  %s, width %g, %zu classes\n", eng_arch_title(net->arch),
               (double)net->width, net->classes);
    else if (dat_tensors_count(c->file) > 1)
        print_nearest(c);
    print_metadata(c);
    print_tensors(c);
}

/* ---- the command ---------------------------------------------------------------------------- */

static enum eng_err inspect(const char *path, const struct dat_rename *rename, int json,
                            size_t file_memory, struct eng_why *why)
{
    struct dat_budget budget = dat_budget_of(file_memory);
    struct dat_tensors *file;
    ENG_TRY(dat_tensors_open(&file, path, &budget, why));
    struct content c = {.file = file};
    enum eng_err err = dat_tensors_rename(file, rename, why);
    if (err == ENG_OK)
        err = dat_likeness_init(&c.likeness, file, why);
    if (err == ENG_OK) {
        c.fits = dat_likeness_check(&c.likeness, &c.why) == ENG_OK;
        (json ? print_json : print_lines)(&c);
    } else {
        eng_fail_in(why, err, path);
    }
    dat_likeness_release(&c.likeness);
    dat_tensors_free(file);
    return err;
}

static int run(int argc, char **argv, const struct cli_command *self)
{
    struct cli_session session;
    struct eng_why why = {""};
    struct cli_texts map = {.count = 0};
    struct dat_rename rename = {0};
    const struct cli_option options[] = {CLI_MAP_OPTION(map)};
    const int status = cli_begin(&session, self, options, 1, argc, argv, 1, 1);
    if (status >= 0)
        return status;
    enum eng_err err = cli_map_read(&rename, &map, &why);
    if (err == ENG_OK)
        err = inspect(session.args.operands[0], &rename, session.args.common.json,
                      session.file_memory, &why);
    dat_rename_release(&rename);
    return cli_end(&session, err, &why, NULL);
}

const struct cli_command cli_inspect = {"inspect", "FILE",
                                        "Tells what is in a file of safetensors, a .pth or .pt "
                                        "file of PyTorch's, or a .npz or .npy file\n"
                                        "of NumPy's: the architecture that the weights belong to, "
                                        "the metadata, and each tensor's type,\n"
                                        "shape and range. No code in a .pth file is run.",
                                        "  gad inspect resnet18.safetensors\n"
                                        "  gad inspect checkpoint.pth --json\n"
                                        "  gad inspect inputs.npy\n",
                                        run};
