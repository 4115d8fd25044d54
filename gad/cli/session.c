#include "gad/cli/session.h"

#include "gad/cli/message.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The bar:  training  [=========>          ]  42 %  03:10 left  epoch 3/8, loss 0.4312
 * drawn on a terminal only, at most ten times a second. Time left is by the speed so far. */
struct cli_bar {
    int shown, terminal;
    char what[32];
    double start, start_done, last;
};

static volatile sig_atomic_t stopped;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    stopped = 1;
}

int cli_stopped(void)
{
    return stopped;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void cli_bar_clear(struct cli_session *session)
{
    if (session->bar && session->bar->shown) {
        fprintf(stderr, "\r\033[K");
        fflush(stderr);
        session->bar->shown = 0;
    }
}

static void progress(void *context, const char *what, double done, double total, const char *note)
{
    struct cli_session *session = context;
    struct cli_bar *bar = session->bar;
    if (!bar->terminal || session->args.common.quiet || total <= 0)
        return;
    const double t = now();
    if (strncmp(bar->what, what, sizeof bar->what - 1) != 0 || done < bar->start_done) {
        snprintf(bar->what, sizeof bar->what, "%s", what);
        bar->start = t;
        bar->start_done = done;
        bar->last = 0;
    }
    if (t - bar->last < 0.1 && done < total)
        return;
    bar->last = t;
    char cells[21];
    const int full = (int)(20 * done / total);
    for (int i = 0; i < 20; i++)
        cells[i] = i < full ? '=' : i == full ? '>' : ' ';
    cells[20] = '\0';
    const double share = total > bar->start_done
                             ? (done - bar->start_done) / (total - bar->start_done)
                             : 1;
    char left[32] = "";
    if (share > 0 && t - bar->start > 1) {
        const long s = (long)((t - bar->start) * (1 - share) / share + 0.5);
        if (s >= 3600)
            snprintf(left, sizeof left, "  %ld:%02ld:%02ld left", s / 3600, s / 60 % 60, s % 60);
        else
            snprintf(left, sizeof left, "  %02ld:%02ld left", s / 60, s % 60);
    }
    fprintf(stderr, "\r\033[K%s [%s] %3.0f %%%s  %s", what, cells, 100 * done / total, left, note);
    fflush(stderr);
    bar->shown = 1;
    if (done >= total)
        cli_bar_clear(session);
}

static void warn(void *context, const char *text)
{
    struct cli_session *session = context;
    cli_bar_clear(session);
    session->warnings++;
    cli_message(NULL, "%s", text);
}

static int stop(void *context)
{
    (void)context;
    return stopped;
}

/* Ctrl-C asks to stop; a second one ends the program at once. */
static void catch_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    action.sa_flags = (int)(SA_RESETHAND | SA_RESTART); /* a write must not fail of it */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN; /* a file beyond the user's limit is an error like a full disk */
    sigaction(SIGXFSZ, &action, NULL);
}

int cli_begin(struct cli_session *session, const struct cli_command *command,
              const struct cli_option *options, size_t option_count, int argc, char **argv,
              size_t least, size_t most)
{
    *session = (struct cli_session){.workers = 0};
    int status = cli_parse(&session->args, command, options, option_count, argc, argv, least, most);
    if (status >= 0) {
        cli_args_release(&session->args);
        return status;
    }
    const struct cli_common *common = &session->args.common;
    struct eng_why why = {""};
    enum eng_err err = eng_exec_init(
        &session->exec, common->threads > 1024 ? 1025 : (int)common->threads, common->cpu, &why);
    if (err == ENG_UNSUPPORTED) /* a level that this machine lacks is wrong usage here */
        err = ENG_ARG;
    if (err == ENG_OK && common->file_memory > (size_t)-1 >> 20)
        err = eng_fail(&why, ENG_ARG, "--file-memory is beyond any memory; leave it out");
    enum eng_precision precision;
    if (err == ENG_OK && (err = eng_precision_parse(&precision, common->precision, &why)) == ENG_OK)
        eng_exec_set_precision(&session->exec, precision);
    if (err == ENG_OK && !(session->bar = calloc(1, sizeof *session->bar)))
        err = ENG_NOMEM;
    if (err != ENG_OK)
        return cli_end(session, err, &why, NULL);
    session->bar->terminal = isatty(STDERR_FILENO);
    session->workers = session->exec.threads;
    session->file_memory = common->file_memory << 20;
    session->watch = (struct gad_watch){
        .progress = progress, .warn = warn, .stop = stop, .context = session};
    catch_signals();
    return -1;
}

int cli_end(struct cli_session *session, enum eng_err err, const struct eng_why *why,
            const char *kept)
{
    const int status = err == ENG_OK ? 0 : cli_fail(session, err, why);
    if (err == ENG_INTERRUPTED && kept)
        cli_message(NULL, "%s kept; the same command goes on from there", kept);
    cli_bar_clear(session);
    free(session->bar);
    session->bar = NULL;
    cli_args_release(&session->args);
    return status;
}

int cli_fail(struct cli_session *session, enum eng_err err, const struct eng_why *why)
{
    cli_bar_clear(session);
    cli_message(NULL, "%s", why && why->text[0] ? why->text : eng_err_text(err));
    return err == ENG_ARG ? 2 : 1;
}

void cli_json_begin(struct cli_session *session, struct dat_json_out *json)
{
    cli_bar_clear(session);
    dat_json_out_init(json, stdout, DAT_JSON_LINE);
    dat_json_out_object(json);
}

void cli_json_end(struct dat_json_out *json)
{
    dat_json_out_end(json);
    dat_json_out_finish(json); /* an error stays with stdout, and main looks at that */
    printf("\n");
    fflush(stdout);
}

void cli_say(struct cli_session *session, const char *format, ...)
{
    if (session->args.common.quiet)
        return;
    cli_bar_clear(session);
    char text[2048];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    cli_put_text(stdout, text, 0, sizeof text);
    printf("\n");
    fflush(stdout);
}
