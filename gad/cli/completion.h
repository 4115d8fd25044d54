/* Scripts that complete gad's command lines in a shell, printed from the tables that the command
 * lines are parsed by. A new shell is a row of the list and a function of its name. */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include "gad/cli/args.h"

#define CLI_SHELLS(X) X(bash) X(zsh) X(fish)

/* Prints the script to standard output: of `count` commands, whose common options are the same. */
#define CLI_SHELL(name) void cli_complete_##name(const struct cli_table *tables, size_t count);
CLI_SHELLS(CLI_SHELL)
#undef CLI_SHELL

/* What an option, or a command behind its name, takes. */
struct cli_takes {
    const char *const *values; /* names up to a NULL; NULL: none that are known */
    int list;                  /* several, with commas between */
    int rule;                  /* a value goes on behind the name, which ends in a colon */
    int folders, files;        /* also those */
};
struct cli_takes cli_option_takes(const struct cli_option *option);
struct cli_takes cli_operand_takes(const struct cli_command *command);

/* "-o" of --output, "-h" of --help, "" of the others. */
const char *cli_option_short(const struct cli_option *option);

/* Prints a text inside single quotes of the shell (which the caller prints): a newline as a space,
 * and each byte of `special` behind a backslash. A quote becomes `quote`. */
void cli_put_quoted(const char *text, size_t length, const char *special, const char *quote);

/* How much of a command's summary says what it does, up to the first full stop or colon. */
size_t cli_summary_length(const struct cli_command *command);

#endif
