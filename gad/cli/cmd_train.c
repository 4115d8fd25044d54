#include "data/json_out.h"
#include "gad/cli/choices.h"
#include "gad/cli/commands.h"
#include "gad/cli/session.h"
#include "gad/train.h"

#include <math.h>
#include <stdio.h>

static void print_json(struct cli_session *session, const struct gad_train_options *o,
                       const struct dat_model *model, double accuracy)
{
    char print[DAT_FINGERPRINT];
    struct dat_json_out json;
    dat_model_fingerprint(model, print);
    cli_json_begin(session, &json);
    dat_json_out_key(&json, "file");
    dat_json_out_string(&json, o->output);
    dat_json_out_key(&json, "model");
    dat_json_out_string(&json, print);
    dat_json_out_key(&json, "held_out_accuracy");
    dat_json_out_double(&json, accuracy);
    dat_json_out_key(&json, "skipped");
    dat_json_out_uint(&json, session->warnings);
    cli_json_end(&json);
}

static void print_lines(struct cli_session *session, const struct gad_train_options *o,
                        double accuracy)
{
    if (isnan(accuracy))
        cli_say(session, "%s: trained; nothing was held out to check it on", o->output);
    else
        cli_say(session, "%s: %.2f %% of the held-out images right", o->output, 100 * accuracy);
    if (session->warnings)
        cli_say(session, "damaged images left out: %zu", session->warnings);
}

static int run(int argc, char **argv, const struct cli_command *self)
{
    struct gad_train_options o = gad_train_defaults();
    struct cli_texts map = {.count = 0};
    struct dat_rename rename = {0};
    const struct cli_option options[] = {
        {"output", CLI_NEEDED, &o.output, "MODEL", "the model file to write (-o)"},
        {"arch", CLI_TEXT, &o.arch, "NAME", "vgg16, vgg16_bn or resnet18"},
        {"width", CLI_FLOAT, &o.width, "F", "width of every layer, as a part of the full net's"},
        {"hidden", CLI_SIZE, &o.hidden, "N",
         "VGG16's hidden layers; default: 4096 times the width"},
        {"size", CLI_SIZE, &o.size, "N", "images are brought to N x N pixels"},
        {"classes", CLI_TEXT, &o.classes, "TEXT", "groups of classes, as 'warbler=*Warbler,...'"},
        {"holdout", CLI_DOUBLE, &o.holdout, "F", "share held out, if DATA brings no split"},
        {"images", CLI_SIZE, &o.images, "N", "train on a seeded subset of N images"},
        {"init", CLI_TEXT, &o.init, "FILE", "weights to start from; default: random"},
        CLI_MAP_OPTION(map),
        {"epochs", CLI_SIZE, &o.epochs, "N", "passes over the images"},
        {"batch", CLI_SIZE, &o.batch, "N", "images a step"},
        {"optim", CLI_TEXT, &o.optim, "NAME", "sgd (momentum 0.9) or adam"},
        {"lr", CLI_FLOAT, &o.lr, "F", "top of the learning rate; default: what suits the net"},
        {"weight-decay", CLI_FLOAT, &o.weight_decay, "F", "decay of the weights"},
        {"augment", CLI_TEXT, &o.augment, "NAME", "full (crops, flips, colours), flip or none"},
        {"strict", CLI_FLAG, &o.strict, NULL, "fail at the first damaged image, not skip it"},
    };
    struct cli_session session;
    const int status = cli_begin(&session, self, options, sizeof options / sizeof *options, argc,
                                 argv, 1, 1);
    if (status >= 0)
        return status;
    o.data = session.args.operands[0];
    o.rename = &rename;
    o.seed = session.args.common.seed;
    o.exec = &session.exec;
    o.watch = &session.watch;
    o.workers = session.workers;
    o.file_memory = session.file_memory;
    struct dat_model model;
    struct eng_why why = {""};
    double accuracy = NAN;
    enum eng_err err = cli_map_read(&rename, &map, &why);
    if (err == ENG_OK && rename.count && !o.init)
        err = eng_fail(&why, ENG_ARG, "--map renames the tensors of --init FILE; give it, too");
    if (err == ENG_OK)
        err = gad_train(&model, &o, &accuracy, &why);
    dat_rename_release(&rename);
    if (err == ENG_OK) {
        if (session.args.common.json)
            print_json(&session, &o, &model, accuracy);
        else
            print_lines(&session, &o, accuracy);
        dat_model_release(&model);
    }
    return cli_end(&session, err, &why, "what is done is");
}

const struct cli_command cli_train = {
    "train", "DATA -o MODEL",
    "Trains a classifier on DATA: a folder per class, Kaggle's cat.N.jpg, CUB's layout,\n"
    "synthetic:cats-dogs or synthetic:birds. A checkpoint is kept after each epoch, every\n"
    "ten minutes and when interrupted; the same command goes on from it, to the same bits.",
    "  gad train photos -o photos.safetensors\n"
    "  gad train dogs-vs-cats -o resnet18.safetensors --arch resnet18 --size 112\n"
    "  gad train CUB_200 -o birds.safetensors --init resnet18.safetensors --lr 0.02 --epochs 30\n"
    "  gad train synthetic:birds,count=2000 -o small.safetensors --width 0.25 --size 64\n",
    run};
