/* What every command sets up: how to compute, the progress bar, and Ctrl-C. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "data/json_out.h"
#include "engine/exec.h"
#include "gad/cli/args.h"
#include "gad/watch.h"

struct cli_session {
    struct cli_args args;
    struct eng_exec exec;
    struct gad_watch watch;
    struct cli_bar *bar;
    int workers;        /* threads that decode ahead */
    size_t file_memory; /* bytes that reading a file may take: data/budget.h; 0: no bound */
    size_t warnings;    /* damaged images and the like, named so far */
};

/* Parses the command line by the command's options (cli_parse) and prepares for them. Returns -1
 * to go on, and then cli_end must follow; or the exit status, after a message or help. */
int cli_begin(struct cli_session *session, const struct cli_command *command,
              const struct cli_option *options, size_t option_count, int argc, char **argv,
              size_t least, size_t most);

/* Ends the command and returns its exit status: 0, or that of cli_fail with the error. After
 * ENG_INTERRUPTED `kept` (NULL: nothing) says what is kept for the same command to go on from. */
int cli_end(struct cli_session *session, enum eng_err err, const struct eng_why *why,
            const char *kept);

/* True once the user pressed Ctrl-C. */
int cli_stopped(void);

/* Prints "gad: TEXT" (or the code's text) and returns the exit status: 2 for ENG_ARG, which is what
 * an option's value leads to, else 1. */
int cli_fail(struct cli_session *session, enum eng_err err, const struct eng_why *why);

/* Removes the progress bar from the terminal, so that something else can be printed. */
void cli_bar_clear(struct cli_session *session);

/* A result as one line of JSON on standard output: begin opens its object, end closes it. */
void cli_json_begin(struct cli_session *session, struct dat_json_out *json);
void cli_json_end(struct dat_json_out *json);

/* Prints a line unless --quiet. */
void cli_say(struct cli_session *session, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

#endif
