#include "data/json_out.h"
#include "gad/bench.h"
#include "gad/cli/commands.h"
#include "gad/cli/session.h"

#include <stdio.h>
#include <sys/resource.h>

enum { BATCH = 16 };

static double peak_rss_mb(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 0;
#ifdef __APPLE__
    return (double)usage.ru_maxrss / 1e6; /* bytes there, KiB elsewhere */
#else
    return (double)usage.ru_maxrss * 1024 / 1e6;
#endif
}

static void print_json(const struct gad_bench_options *o, const struct gad_bench_result *r)
{
    const double images = (double)o->batch;
    char processor[64];
    eng_cpu_model(processor, sizeof processor);
    const struct {
        const char *key, *text; /* text NULL: a number */
        double number;
    } lines[] = {
        {"job", gad_bench_name(o->job), 0},
        {"arch", o->net.arch, 0},
        {"width", NULL, (double)o->net.width},
        {"classes", NULL, (double)o->net.classes},
        {"size", NULL, (double)o->size},
        {"batch", NULL, images},
        {"runs", NULL, (double)o->runs},
        {"images_per_second", NULL, images / r->median},
        {"ms_per_image", NULL, 1e3 * r->median / images},
        {"gflops", NULL, 1e-9 * r->flops / r->median},
        {"best_images_per_second", NULL, images / r->best},
        {"best_gflops", NULL, 1e-9 * r->flops / r->best},
        {"peak_rss_mb", NULL, peak_rss_mb()},
        {"threads", NULL, (double)o->exec->threads},
        {"cpu", eng_cpu_name(o->exec->cpu), 0},
        {"precision", eng_exec_arithmetic(o->exec), 0},
        {"processor", processor, 0},
        {"compiler", gad_bench_compiler(), 0},
        {"commit", gad_bench_commit(), 0},
        {"version", GAD_VERSION, 0},
    };
    struct dat_json_out json;
    dat_json_out_init(&json, stdout, DAT_JSON_LINE);
    dat_json_out_object(&json);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        dat_json_out_key(&json, lines[i].key);
        if (lines[i].text)
            dat_json_out_string(&json, lines[i].text);
        else
            dat_json_out_double(&json, lines[i].number);
    }
    dat_json_out_end(&json);
    dat_json_out_finish(&json); /* an error of the stream shows again at the program's end */
    printf("\n");
}

static void print_line(const struct gad_bench_options *o, const struct gad_bench_result *r)
{
    const double images = (double)o->batch;
    printf("%s, %s, %zu px, batch %zu, %s, threads %d: %.4g images/s (best %.4g), %.4g ms per "
           "image, %.4g GFLOP/s, peak %.0f MB\n",
           gad_bench_name(o->job), eng_arch_title(o->net.arch), o->size, o->batch,
           eng_cpu_name(o->exec->cpu), o->exec->threads, images / r->median, images / r->best,
           1e3 * r->median / images, 1e-9 * r->flops / r->median, peak_rss_mb());
}

static int run(int argc, char **argv, const struct cli_command *self)
{
    struct gad_bench_options o = {.net = {"resnet18", 1, 2, 0}, .size = 224, .runs = 5};
    const char *job = "forward";
    const struct cli_option options[] = {
        {"job", CLI_TEXT, &job, "NAME", "forward, input-gradient, attribution or train"},
        {"arch", CLI_TEXT, &o.net.arch, "NAME", "vgg16, vgg16_bn or resnet18"},
        {"width", CLI_FLOAT, &o.net.width, "F",
         "width of every layer, as a part of the full net's"},
        {"classes", CLI_SIZE, &o.net.classes, "N", "outputs of the net"},
        {"size", CLI_SIZE, &o.size, "N", "images of N x N pixels"},
        {"batch", CLI_SIZE, &o.batch, "N", "images at once; default: 16, for attribution 1"},
        {"runs", CLI_SIZE, &o.runs, "N", "times to measure, after one to warm up"},
    };
    struct cli_session session;
    struct gad_bench_result result;
    struct eng_why why = {""};
    const int status = cli_begin(&session, self, options, sizeof options / sizeof *options, argc,
                                 argv, 0, 0);
    if (status >= 0)
        return status;
    o.exec = &session.exec;
    o.seed = session.args.common.seed;
    o.stop = session.watch.stop;
    o.context = session.watch.context;
    enum eng_err err = gad_bench_parse(&o.job, job, &why);
    if (!o.batch)
        o.batch = o.job == GAD_BENCH_ATTRIBUTION ? 1 : BATCH;
    if (err == ENG_OK)
        err = gad_bench_run(&result, &o, &why);
    if (err == ENG_OK)
        (session.args.common.json ? print_json : print_line)(&o, &result);
    return cli_end(&session, err, &why, NULL);
}

const struct cli_command cli_bench = {
    "bench", "",
    "Measures how fast a net computes here, on random pictures: the median of some runs. GFLOP/s\n"
    "count an image forward once, and each way back through the net once more.",
    "  gad bench\n"
    "  gad bench --arch vgg16 --job attribution --threads 1\n"
    "  gad bench --job train --size 112 --batch 64 --json\n",
    run};
