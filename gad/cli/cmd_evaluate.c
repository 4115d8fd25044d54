#include "gad/cli/choices.h"
#include "gad/cli/commands.h"
#include "gad/cli/session.h"
#include "gad/evaluate.h"
#include "gad/report.h"
#include "gad/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A word as a shell takes it back: in quotes if it has any but these characters. */
static void put_word(FILE *f, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+./,:=@%";
    if (word[0] && word[strspn(word, plain)] == '\0') {
        fputs(word, f);
        return;
    }
    putc('\'', f);
    for (; *word; word++)
        if (*word == '\'')
            fputs("'\\''", f);
        else
            putc(*word, f);
    putc('\'', f);
}

/* The command as it was typed, for the report; NULL without memory. */
static char *join(int argc, char **argv)
{
    char *text = NULL;
    size_t length;
    FILE *f = open_memstream(&text, &length);
    if (!f)
        return NULL;
    fputs("gad", f);
    for (int i = 0; i < argc; i++) {
        putc(' ', f);
        put_word(f, argv[i]);
    }
    const int failed = ferror(f);
    if (fclose(f) == 0 && !failed)
        return text;
    free(text);
    return NULL;
}

static enum eng_err evaluate(struct cli_session *session, struct gad_evaluate_options *o,
                             struct cli_choices *choices, struct eng_why *why)
{
    struct dat_model model; /* for its preprocessing: the black that a baseline may be */
    struct dat_budget budget = dat_budget_of(o->subject.file_memory);
    ENG_TRY(dat_model_read_renamed(&model, o->subject.model, o->subject.rename, &budget, why));
    enum eng_err err = dat_model_prepare(&model, &o->subject.prepare, o->subject.model, why);
    if (err == ENG_OK)
        err = cli_choices_apply(choices, &model.preprocess, &o->maps, &o->select,
                                o->subject.file_memory, why);
    dat_model_release(&model);
    if (err != ENG_OK)
        return err;
    o->maps.exec = o->exec;
    struct gad_evaluation e;
    char *path = NULL;
    ENG_TRY(gad_evaluate(&e, o, why));
    err = gad_result_write(&e, why);
    if (err == ENG_OK)
        err = gad_report_write(o->output, &path, 0, why);
    if (err == ENG_OK && session->args.common.json) {
        struct dat_json_out json;
        cli_json_begin(session, &json);
        dat_json_out_key(&json, "report");
        dat_json_out_string(&json, path);
        dat_json_out_key(&json, "accuracy");
        dat_json_out_double(&json, e.accuracy);
        dat_json_out_key(&json, "images");
        dat_json_out_uint(&json, e.count - e.damaged);
        dat_json_out_key(&json, "skipped");
        dat_json_out_uint(&json, e.damaged);
        dat_json_out_key(&json, "seconds");
        dat_json_out_double(&json, e.seconds);
        cli_json_end(&json);
    } else if (err == ENG_OK && !session->args.common.quiet) {
        const char *net = eng_arch_title(e.model.config.arch);
        const char *dataset = gad_result_dataset(&e);
        cli_bar_clear(session);
        printf("%s, %.2f %% of %zu held-out images right; %zu images evaluated in %.0f s\n\n", net,
               100 * e.accuracy, e.held_out, e.count - e.damaged, e.seconds);
        gad_table_print1(stdout, e.table, dataset, net);
        printf("\n");
        gad_table_print2(stdout, e.table, dataset, net);
        if (e.damaged)
            printf("\n%zu images were damaged and left out\n", e.damaged);
        printf("\n%s\n", path);
    }
    free(path);
    gad_evaluation_release(&e);
    return err;
}

static int run(int argc, char **argv, const struct cli_command *self)
{
    struct gad_evaluate_options o = gad_evaluate_defaults();
    struct cli_choices choices;
    const char *degenerate = "skip", *area = "centres", *sup = "difference", *occlude = "black";
    struct cli_texts map = {.count = 0};
    struct dat_rename rename = {0};
    cli_choices_init(&choices, "value:0.5");
    struct cli_option options[10 + CLI_CHOICES_COUNT + CLI_SUBJECT_COUNT] = {
        {"output", CLI_NEEDED, &o.output, "DIR", "folder for tables, pictures and report (-o)"},
        {"support", CLI_NEEDED, &o.supports, "DIR", "folder of the supports"},
        {"images", CLI_SIZE, &o.images, "N", "held-out images, the same number of each class"},
        {"degenerate", CLI_TEXT, &degenerate, "NAME",
         "hulls without area: skip, area, gad, original"},
        {"area", CLI_TEXT, &area, "NAME", "area of a hull: centres, squares, pixels"},
        {"sup", CLI_TEXT, &sup, "NAME", "the mask Sup: difference (of sets) or raw"},
        {"occlude", CLI_TEXT, &occlude, "NAME", "what hides: black, zero or mean"},
        {"probability", CLI_FLAG, &o.probability, NULL, "RS of the probability, not the logit"},
        {"strict", CLI_FLAG, &o.strict, NULL, "fail at the first damaged image, not skip it"},
        CLI_MAP_OPTION(map),
    };
    cli_choices_options(&choices, options + 10);
    cli_subject_options(&o.subject, options + 10 + CLI_CHOICES_COUNT);
    struct cli_session session;
    struct eng_why why = {""};
    const int status = cli_begin(&session, self, options, sizeof options / sizeof *options, argc,
                                 argv, 2, 2);
    if (status >= 0)
        return status;
    char *command = join(argc, argv);
    o.command = command ? command : "gad evaluate";
    o.subject.model = session.args.operands[0];
    o.subject.rename = &rename;
    o.subject.data = session.args.operands[1];
    o.seed = session.args.common.seed;
    o.exec = &session.exec;
    o.watch = &session.watch;
    o.workers = session.workers;
    o.subject.file_memory = session.file_memory;
    enum eng_err err = met_degenerate_parse(&o.degenerate, degenerate, &why);
    if (err == ENG_OK)
        err = met_area_parse(&o.area, area, &why);
    if (err == ENG_OK)
        err = met_supplement_parse(&o.supplement, sup, &why);
    if (err == ENG_OK && (attr_baseline_parse(&o.occlude, occlude, NULL) != ENG_OK ||
                          o.occlude == ATTR_BASELINE_TENSOR))
        err = eng_fail(&why, ENG_ARG, "no colour '%s' to hide with; there are: black, zero, mean",
                       occlude);
    if (err == ENG_OK)
        err = cli_map_read(&rename, &map, &why);
    if (err == ENG_OK)
        err = evaluate(&session, &o, &choices, &why);
    dat_rename_release(&rename);
    free(command);
    cli_choices_release(&choices);
    return cli_end(&session, err, &why, "what is done is");
}

const struct cli_command cli_evaluate = {
    "evaluate", "MODEL DATA -o DIR --support DIR",
    "The paper's evaluation on held-out images: Table 1 (complexity), Table 2 (sensitivity), "
    "every\n"
    "image's row, the figures, and a report. The same command goes on after an interruption.",
    "  gad evaluate resnet18.safetensors dogs-vs-cats -o results --support supports\n"
    "  gad evaluate small.safetensors synthetic:birds -o r --support s --images 100 --methods ig\n",
    run};
