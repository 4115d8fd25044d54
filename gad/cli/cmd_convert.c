/* A file of tensors in another format, or with other floating-point numbers: counters and the like,
 * which are integers, stay what they are. */
#include "data/dtype.h"
#include "data/json_out.h"
#include "data/tensors.h"
#include "gad/cli/choices.h"
#include "gad/cli/commands.h"
#include "gad/cli/session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct conversion {
    struct dat_safetensors_entry *entries;
    void **owned; /* the bytes of entry i, if they are new, or NULL */
    size_t count, numbers, overflows;
    size_t left; /* tensors beside the state_dict of a checkpoint, which are not written */
};

static enum eng_err parse_dtype(enum dat_dtype *dtype, const char *text, struct eng_why *why)
{
    static const struct {
        const char *name;
        enum dat_dtype dtype;
    } choices[] = {{"f32", DAT_F32}, {"f16", DAT_F16}, {"bf16", DAT_BF16}, {"f64", DAT_F64}};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (strcmp(choices[i].name, text) == 0) {
            *dtype = choices[i].dtype;
            return ENG_OK;
        }
    return eng_fail(why, ENG_ARG, "no type '%s'; --dtype takes f32, f16, bf16 or f64", text);
}

/* Finite numbers that are not finite any more. */
static size_t count_overflows(const struct dat_safetensors_entry *before,
                              const struct dat_safetensors_entry *after, size_t count)
{
    enum { PIECE = 1024 };
    double x[PIECE], y[PIECE];
    size_t overflows = 0;
    for (size_t at = 0; at < count; at += PIECE) {
        const size_t n = count - at < PIECE ? count - at : PIECE;
        dat_dtype_double(x, before->dtype,
                         (const char *)before->bytes + at * dat_dtype_size(before->dtype), n);
        dat_dtype_double(y, after->dtype,
                         (const char *)after->bytes + at * dat_dtype_size(after->dtype), n);
        for (size_t i = 0; i < n; i++)
            overflows += isfinite(x[i]) && !isfinite(y[i]);
    }
    return overflows;
}

/* Gives entry number i another type. */
static enum eng_err retype(struct conversion *c, size_t i, enum dat_dtype dtype,
                           struct eng_why *why)
{
    struct dat_safetensors_entry *e = &c->entries[i];
    const struct dat_safetensors_entry before = *e;
    const size_t count = e->size / dat_dtype_size(e->dtype), width = dat_dtype_size(dtype);
    if (count > SIZE_MAX / width || !(c->owned[i] = malloc(count ? count * width : 1)))
        return eng_fail(why, ENG_NOMEM,
                        "there is not enough memory for tensor \"%.100s\"; close other programs",
                        e->name);
    dat_dtype_convert(c->owned[i], dtype, e->bytes, e->dtype, count);
    e->dtype = dtype;
    e->bytes = c->owned[i];
    e->size = count * width;
    c->overflows += count_overflows(&before, e, count);
    return ENG_OK;
}

/* dtype: of floating-point numbers, NULL to leave them as they are. */
static enum eng_err convert(struct conversion *c, const struct dat_tensors *file, const char *path,
                            const enum dat_dtype *dtype, int all, struct eng_why *why)
{
    size_t lines;
    const struct dat_safetensors_meta *metadata = dat_tensors_metadata(file, &lines);
    /* Beside its weights, an optimiser's tensors would make a net of them that nobody knows. */
    c->count = all ? dat_tensors_count(file) : dat_tensors_state_count(file);
    c->left = dat_tensors_count(file) - c->count;
    c->entries = calloc(c->count + 1, sizeof *c->entries);
    c->owned = calloc(c->count + 1, sizeof *c->owned);
    if (!c->entries || !c->owned)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    for (size_t i = 0; i < c->count; i++) {
        struct dat_safetensors_entry *e = &c->entries[i];
        *e = *dat_tensors_at(file, i);
        c->numbers += e->size / dat_dtype_size(e->dtype);
        if (dtype && dat_dtype_is_float(e->dtype) && e->dtype != *dtype)
            ENG_TRY(retype(c, i, *dtype, why));
    }
    return dat_tensors_write(path, c->entries, c->count, metadata, lines, why);
}

static void release(struct conversion *c)
{
    for (size_t i = 0; c->owned && i < c->count; i++)
        free(c->owned[i]);
    free(c->owned);
    free(c->entries);
}

static void tell(struct cli_session *session, const char *path, const struct conversion *c)
{
    char text[128];
    if (c->left) {
        snprintf(
            text, sizeof text,
            "left out what lies beside the state_dict, %zu of %zu tensors; --all takes it, too",
            c->left, c->count + c->left);
        gad_watch_warn(&session->watch, text);
    }
    if (c->overflows) {
        snprintf(text, sizeof text,
                 "%zu numbers are beyond the range of the new type and became infinite",
                 c->overflows);
        gad_watch_warn(&session->watch, text);
    }
    if (!session->args.common.json) {
        cli_say(session, "%s: %zu tensors, %zu numbers", path, c->count, c->numbers);
        return;
    }
    struct dat_json_out json;
    cli_json_begin(session, &json);
    dat_json_out_key(&json, "output");
    dat_json_out_string(&json, path);
    dat_json_out_key(&json, "tensors");
    dat_json_out_uint(&json, c->count);
    dat_json_out_key(&json, "numbers");
    dat_json_out_uint(&json, c->numbers);
    dat_json_out_key(&json, "left_out");
    dat_json_out_uint(&json, c->left);
    cli_json_end(&json);
}

static int run(int argc, char **argv, const struct cli_command *self)
{
    struct cli_session session;
    struct eng_why why = {""};
    const char *name = NULL;
    struct cli_texts map = {.count = 0};
    struct dat_rename rename = {0};
    int all = 0;
    const struct cli_option options[] = {
        {"dtype", CLI_TEXT, &name, "NAME",
         "f32, f16, bf16 or f64: what floating-point numbers become (as they are)"},
        {"all", CLI_FLAG, &all, NULL, "also what lies beside the state_dict in a checkpoint"},
        CLI_MAP_OPTION(map),
    };
    const int status = cli_begin(&session, self, options, sizeof options / sizeof *options, argc,
                                 argv, 2, 2);
    if (status >= 0)
        return status;
    const char *in = session.args.operands[0], *out = session.args.operands[1];
    struct conversion c = {0};
    struct dat_tensors *file = NULL;
    enum dat_dtype dtype = DAT_F32;
    enum eng_err err = name ? parse_dtype(&dtype, name, &why) : ENG_OK;
    if (err == ENG_OK)
        err = dat_tensors_check_path(out, &why);
    struct dat_budget budget = dat_budget_of(session.file_memory);
    if (err == ENG_OK)
        err = cli_map_read(&rename, &map, &why);
    if (err == ENG_OK)
        err = dat_tensors_open(&file, in, &budget, &why);
    if (err == ENG_OK && (err = dat_tensors_rename(file, &rename, &why)) != ENG_OK)
        eng_fail_in(&why, err, in);
    if (err == ENG_OK)
        err = convert(&c, file, out, name ? &dtype : NULL, all, &why);
    if (err == ENG_OK)
        tell(&session, out, &c);
    release(&c);
    dat_tensors_free(file);
    dat_rename_release(&rename);
    return cli_end(&session, err, &why, NULL);
}

const struct cli_command cli_convert = {
    "convert", "IN OUT",
    "Writes the tensors (of a checkpoint those of its state_dict) and the metadata of IN, a file "
    "of\n"
    "any format that gad inspect knows, in the format that the ending of OUT tells: .safetensors,\n"
    ".pth or .pt for PyTorch, .npz for NumPy.",
    "  gad convert checkpoint.pth weights.safetensors\n"
    "  gad convert resnet18.safetensors resnet18.pth --dtype f16\n"
    "  gad convert finetuned.pth resnet18.pth --map 'backbone.*=*' --map 'head.*=fc.*'\n",
    run};
