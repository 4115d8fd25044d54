/* What every command sets up: how to compute, the progress bar, and Ctrl-C. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "engine/exec.h"
#include "gad/cli/args.h"
#include "gad/watch.h"

struct cli_session {
    struct eng_exec exec;
    struct gad_watch watch;
    struct cli_bar *bar;
    int workers; /* threads that decode ahead */
    int quiet;
    size_t warnings; /* damaged images and the like, named so far */
};

/* Prepares for the options. Returns -1 to go on, or the exit status after a message. */
int cli_session_init(struct cli_session *session, const struct cli_common *common);
void cli_session_release(struct cli_session *session);

/* True once the user pressed Ctrl-C. */
int cli_stopped(void);

/* Prints "gad: TEXT" (or the code's text) and returns the exit status: 2 for ENG_ARG, which is what
 * an option's value leads to, else 1. */
int cli_fail(struct cli_session *session, enum eng_err err, const struct eng_why *why);

/* Removes the progress bar from the terminal, so that something else can be printed. */
void cli_bar_clear(struct cli_session *session);

/* Prints a line unless --quiet. */
void cli_say(struct cli_session *session, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

#endif
