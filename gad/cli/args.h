/* Reading a command line from a table of options.
 *
 * Options may stand anywhere, as "--name value" or "--name=value"; "--" ends them. Everything else
 * is an operand. Help is printed from the same table. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "engine/err.h"

#include <stddef.h>
#include <stdint.h>

enum cli_kind {
    CLI_FLAG,   /* int: 1 if given */
    CLI_SIZE,   /* size_t */
    CLI_COUNT,  /* size_t, 1 or more */
    CLI_SEED,   /* uint64_t */
    CLI_FLOAT,  /* float */
    CLI_DOUBLE, /* double */
    CLI_TEXT,   /* const char * */
    CLI_NEEDED, /* the same, and leaving it out is wrong usage */
    CLI_TEXTS   /* struct cli_texts: may be given several times */
};

/* What an option was given, in the order of the command line. */
#define CLI_TEXTS_MAX 64
struct cli_texts {
    const char *at[CLI_TEXTS_MAX];
    size_t count;
};

struct cli_option {
    const char *name; /* without the dashes */
    enum cli_kind kind;
    void *value; /* holds the default; overwritten if the option is given */
    const char *metavar, *help;
};

/* A command: what `gad NAME --help` prints, and what main runs. */
struct cli_command {
    const char *name, *operands, *summary;
    const char *examples; /* lines, each a whole command */
    int (*run)(int argc, char **argv, const struct cli_command *self);
};

/* What every command knows of: filled by cli_parse. */
struct cli_common {
    size_t threads, file_memory; /* the latter in MiB */
    uint64_t seed;
    const char *cpu, *precision;
    int quiet, json, help, version;
};

/* Where the command's name stands in argv: behind options of struct cli_common, if any. argc if
 * there is none. */
int cli_command_at(int argc, char **argv);

struct cli_args {
    struct cli_common common;
    const char **operands; /* owned array of borrowed texts */
    size_t count;
};

/* Parses argv[1..) by the command's options and the common ones. Returns -1 to go on; otherwise
 * the exit status: 0 after --help or --version, 2 after a message about wrong usage (also if the
 * number of operands is not within least..most). */
int cli_parse(struct cli_args *args, const struct cli_command *command,
              const struct cli_option *options, size_t option_count, int argc, char **argv,
              size_t least, size_t most);
void cli_args_release(struct cli_args *args);

/* The options that a command has: its own, then the common ones. Nothing of them may be stored
 * into: `value` is NULL. */
struct cli_table {
    const struct cli_command *command;
    struct cli_option *options; /* owned; the texts are not */
    size_t count, own;          /* the first `own` are the command's */
};

/* Asks the command for its options; nothing of it is run. 0 without memory. The caller releases it.
 */
int cli_table_read(struct cli_table *table, const struct cli_command *command);
void cli_table_release(struct cli_table *table);

#endif
