#include "gad/cli/commands.h"
#include "gad/cli/message.h"

#include <stdio.h>
#include <string.h>

static const struct cli_command *const commands[] = {
#define CLI_ROW(name) &cli_##name,
    CLI_COMMANDS(CLI_ROW)
#undef CLI_ROW
};

enum { COUNT = sizeof commands / sizeof *commands };

static void print_usage(FILE *to)
{
    fprintf(to, "gad " GAD_VERSION ": gradient attribution made readable (Gradient Artificial "
                "Distancing)\n\nusage: gad COMMAND ...\n\n");
    for (size_t i = 0; i < COUNT; i++)
        fprintf(to, "  gad %-10s %s\n", commands[i]->name, commands[i]->operands);
    fprintf(to, "\nThe first thing to try: gad demo -o demo, then open demo/report.html.\n"
                "gad COMMAND --help explains a command; gad --version says which this is.\n");
}

/* Runs the command, whose name stands in argv[0]. */
static int run(const struct cli_command *command, int argc, char **argv)
{
    const int status = command->run(argc, argv, command);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (status == 0)
        cli_message(NULL, "standard output: cannot write; is the disk full?");
    return status ? status : 1;
}

/* The command of that name, or NULL. */
static const struct cli_command *find(const char *name)
{
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(name, commands[i]->name) == 0)
            return commands[i];
    return NULL;
}

static int unknown(const char *name)
{
    cli_message(NULL, "no command '%.200s'; gad --help lists what there is", name);
    return 2;
}

/* Of a command (NULL: of them all). */
static int help(char *name)
{
    const struct cli_command *command = name ? find(name) : NULL;
    if (command)
        return run(command, 2, (char *[]){name, "--help", NULL});
    if (name)
        return unknown(name);
    print_usage(stdout);
    return 0;
}

int main(int argc, char **argv)
{
    const int at = cli_command_at(argc, argv);
    for (int i = 1; at == argc && i < argc; i++) { /* options alone */
        if (strcmp(argv[i], "--version") == 0) {
            printf("gad " GAD_VERSION "\n");
            return 0;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_usage(stdout);
            return 0;
        }
    }
    if (at == argc) {
        print_usage(stderr);
        return 2;
    }
    char *name = argv[at];
    if (strcmp(name, "help") == 0)
        return help(argv[at + cli_command_at(argc - at, argv + at)]);
    const struct cli_command *command = find(name);
    if (!command)
        return unknown(name);
    memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof *argv); /* options behind it */
    argv[1] = name;
    return run(command, argc - 1, argv + 1);
}
