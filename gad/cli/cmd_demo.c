/* The whole job on the embedded data: both nets, narrow and at 64 pixels, from training to report.
 */
#include "data/file.h"
#include "gad/cli/commands.h"
#include "gad/cli/session.h"
#include "gad/evaluate.h"
#include "gad/report.h"
#include "gad/result.h"
#include "gad/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const data = "synthetic:cats-dogs,count=2500";

/* What makes a net learn these scenes in seconds. VGG16 has no batch norm and needs Adam's steps
 * to leave its plateau. */
static const struct recipe {
    const char *arch;
    float width, lr;
    size_t epochs;
} recipes[] = {
    {"resnet18", 0.25f, 3e-3f, 6},
    {"vgg16", 0.125f, 1e-3f, 8},
};

enum { SIZE = 64, BATCH = 32, SUPPORT_IMAGES = 200, EVALUATED = 32 };

struct paths {
    char *folder, *model, *supports;
};

static void paths_release(struct paths *p)
{
    free(p->folder);
    free(p->model);
    free(p->supports);
}

static enum eng_err paths_init(struct paths *p, const char *output, const char *arch)
{
    p->folder = dat_path_join(output, arch);
    p->model = p->folder ? dat_path_join(p->folder, "model.safetensors") : NULL;
    p->supports = p->folder ? dat_path_join(p->folder, "supports") : NULL;
    return p->model && p->supports ? ENG_OK : ENG_NOMEM;
}

static enum eng_err train(struct cli_session *session, const struct recipe *r,
                          const struct paths *p, uint64_t seed, struct eng_why *why)
{
    struct gad_train_options o = gad_train_defaults();
    struct dat_model model;
    double accuracy;
    o.exec = &session->exec;
    o.watch = &session->watch;
    o.workers = session->workers;
    o.data = data;
    o.output = p->model;
    o.arch = r->arch;
    o.width = r->width;
    o.size = SIZE;
    o.epochs = r->epochs;
    o.batch = BATCH;
    o.optim = "adam";
    o.lr = r->lr;
    o.augment = "flip";
    o.seed = seed;
    ENG_TRY(gad_train(&model, &o, &accuracy, why));
    if (!session->args.common.json)
        cli_say(session, "%s: trained, %.1f %% of the held-out scenes right",
                eng_arch_title(r->arch), 100 * accuracy);
    dat_model_release(&model);
    return ENG_OK;
}

static enum eng_err support(struct cli_session *session, const struct paths *p, uint64_t seed,
                            struct eng_why *why)
{
    struct gad_support_options o = gad_support_defaults();
    struct gad_alpha alphas[GAD_ALPHAS_MAX];
    ENG_TRY(gad_alpha_parse(alphas, &o.alpha_count, "2,4,6,8", why));
    o.exec = &session->exec;
    o.watch = &session->watch;
    o.workers = session->workers;
    o.subject.model = p->model;
    o.subject.data = data;
    o.output = p->supports;
    o.alphas = alphas;
    o.images = SUPPORT_IMAGES;
    o.replace = 1; /* those of an earlier version of this program */
    o.lr = 4e-4f;  /* ten times the paper's: these nets are narrow, and take few steps */
    o.subject.split_seed = o.seed = seed;
    return gad_support_train(&o, why);
}

static enum eng_err evaluate(struct cli_session *session, const struct paths *p, uint64_t seed,
                             struct eng_why *why)
{
    struct gad_evaluate_options o = gad_evaluate_defaults();
    struct gad_evaluation e;
    o.exec = o.maps.exec = &session->exec;
    o.watch = &session->watch;
    o.workers = session->workers;
    o.subject.model = p->model;
    o.supports = p->supports;
    o.subject.data = data;
    o.output = p->folder;
    o.images = EVALUATED;
    o.subject.split_seed = o.seed = seed;
    o.replace = 1;
    o.command = "gad demo";
    ENG_TRY(gad_evaluate(&e, &o, why));
    const enum eng_err err = gad_result_write(&e, why);
    gad_evaluation_release(&e);
    return err;
}

static enum eng_err demo(struct cli_session *session, const char *output, uint64_t seed,
                         struct eng_why *why)
{
    char *report = NULL;
    enum eng_err err = dat_folder_make(output, why);
    for (size_t i = 0; err == ENG_OK && i < sizeof recipes / sizeof *recipes; i++) {
        struct paths paths;
        err = paths_init(&paths, output, recipes[i].arch);
        if (err != ENG_OK)
            eng_fail(why, err, "out of memory");
        if (err == ENG_OK)
            err = dat_folder_make(paths.folder, why);
        if (err == ENG_OK)
            err = train(session, &recipes[i], &paths, seed, why);
        if (err == ENG_OK)
            err = support(session, &paths, seed, why);
        if (err == ENG_OK)
            err = evaluate(session, &paths, seed, why);
        paths_release(&paths);
    }
    if (err == ENG_OK)
        err = gad_report_write(output, &report, 0, why);
    if (err == ENG_OK && session->args.common.json) {
        struct dat_json_out json;
        cli_json_begin(session, &json);
        dat_json_out_key(&json, "report");
        dat_json_out_string(&json, report);
        cli_json_end(&json);
    } else if (err == ENG_OK) {
        cli_say(session, "open %s", report);
    }
    free(report);
    return err;
}

static int run(int argc, char **argv, const struct cli_command *self)
{
    const char *output = "demo";
    const struct cli_option options[] = {{"output", CLI_TEXT, &output, "DIR",
                                          "folder for models, tables, pictures and report (-o)"}};
    struct cli_session session;
    struct eng_why why = {""};
    const int status = cli_begin(&session, self, options, sizeof options / sizeof *options, argc,
                                 argv, 0, 0);
    if (status >= 0)
        return status;
    const enum eng_err err = demo(&session, output, session.args.common.seed, &why);
    return cli_end(&session, err, &why, "what is done is");
}

const struct cli_command cli_demo = {
    "demo", "[-o DIR]",
    "The whole job on drawn cats and dogs, in two to three minutes: trains ResNet18 and VGG16 "
    "(narrow,\n"
    "64 pixels), their supports, evaluates both, and writes DIR/report.html.",
    "  gad demo -o demo\n", run};
