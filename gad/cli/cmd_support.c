#include "gad/cli/choices.h"
#include "gad/cli/commands.h"
#include "gad/cli/session.h"
#include "gad/support.h"

#include <stdio.h>

static void print_json(struct cli_session *session, const struct gad_support_options *o)
{
    struct dat_json_out json;
    cli_json_begin(session, &json);
    dat_json_out_key(&json, "supports");
    dat_json_out_string(&json, o->output);
    dat_json_out_key(&json, "alphas");
    dat_json_out_array(&json);
    for (size_t i = 0; i < o->alpha_count; i++) {
        char text[32];
        gad_alpha_text(&o->alphas[i], text);
        dat_json_out_string(&json, text);
    }
    dat_json_out_end(&json);
    cli_json_end(&json);
}

/* Alpha 0 is the original itself. */
static enum eng_err leave_out_zero(struct gad_alpha *alphas, size_t *count, struct eng_why *why)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (alphas[i].of[0] != 0.0f || alphas[i].of[1] != 0.0f)
            alphas[kept++] = alphas[i];
    *count = kept;
    return kept ? ENG_OK
                : eng_fail(why, ENG_ARG,
                           "alpha 0 is the original itself; give others, or --train-zero");
}

static int run(int argc, char **argv, const struct cli_command *self)
{
    struct gad_support_options o = gad_support_defaults();
    const char *alpha = "2,4,6,8";
    int train_zero = 0;
    struct cli_texts map = {.count = 0};
    struct dat_rename rename = {0};
    struct cli_option options[CLI_SUBJECT_COUNT + 11] = {
        {"output", CLI_NEEDED, &o.output, "DIR", "folder for the supports (-o)"},
        {"alpha", CLI_TEXT, &alpha, "LIST", "distances; A:B gives one for each class"},
        {"epochs", CLI_SIZE, &o.epochs, "N", "passes over the images"},
        {"lr", CLI_FLOAT, &o.lr, "F", "Adam's learning rate"},
        {"batch", CLI_SIZE, &o.batch, "N", "images a step"},
        {"images", CLI_SIZE, &o.images, "N", "train on a seeded subset of N images"},
        {"train-batch-norm", CLI_FLAG, &o.train_batch_norm, NULL, "batch statistics, not frozen"},
        {"dropout", CLI_FLAG, &o.dropout, NULL, "dropout on while training"},
        {"train-zero", CLI_FLAG, &train_zero, NULL, "alpha 0 is trained, not the original"},
        {"strict", CLI_FLAG, &o.strict, NULL, "fail at the first damaged image, not skip it"},
        CLI_MAP_OPTION(map),
    };
    cli_subject_options(&o.subject, options + 11);
    struct cli_session session;
    struct gad_alpha alphas[GAD_ALPHAS_MAX];
    struct eng_why why = {""};
    const int status = cli_begin(&session, self, options, sizeof options / sizeof *options, argc,
                                 argv, 2, 2);
    if (status >= 0)
        return status;
    o.alphas = alphas;
    o.subject.model = session.args.operands[0];
    o.subject.rename = &rename;
    o.subject.data = session.args.operands[1];
    o.seed = session.args.common.seed;
    o.exec = &session.exec;
    o.watch = &session.watch;
    o.workers = session.workers;
    o.subject.file_memory = session.file_memory;
    enum eng_err err = gad_alpha_parse(alphas, &o.alpha_count, alpha, &why);
    if (err == ENG_OK && !train_zero)
        err = leave_out_zero(alphas, &o.alpha_count, &why);
    if (err == ENG_OK)
        err = cli_map_read(&rename, &map, &why);
    if (err == ENG_OK)
        err = gad_support_train(&o, &why);
    dat_rename_release(&rename);
    if (err == ENG_OK && session.args.common.json)
        print_json(&session, &o);
    else if (err == ENG_OK)
        cli_say(&session, "%s: %zu support%s", o.output, o.alpha_count,
                o.alpha_count == 1 ? "" : "s");
    return cli_end(&session, err, &why, "what is done is");
}

const struct cli_command cli_support = {
    "support", "MODEL DATA -o DIR",
    "Trains GAD's support nets: from MODEL's weights, by regression, towards its own outputs with\n"
    "the other class lowered by alpha. Supports that are finished are kept, so the same command\n"
    "goes on after an interruption.",
    "  gad support resnet18.safetensors dogs-vs-cats -o supports\n"
    "  gad support resnet18.safetensors dogs-vs-cats -o few --images 1000 --alpha 2,4\n",
    run};
