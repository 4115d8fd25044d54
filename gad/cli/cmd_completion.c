#include "engine/choice.h"
#include "gad/cli/commands.h"
#include "gad/cli/completion.h"
#include "gad/cli/session.h"

static const struct cli_command *const commands[] = {
#define CLI_ROW(name) &cli_##name,
    CLI_COMMANDS(CLI_ROW)
#undef CLI_ROW
};

static const char *const names[] = {
#define CLI_SHELL(name) #name,
    CLI_SHELLS(CLI_SHELL)
#undef CLI_SHELL
};

static void (*const print[])(const struct cli_table *, size_t) = {
#define CLI_SHELL(name) cli_complete_##name,
    CLI_SHELLS(CLI_SHELL)
#undef CLI_SHELL
};

enum { COUNT = sizeof commands / sizeof *commands, SHELLS = sizeof names / sizeof *names };

static enum eng_err complete(const char *name, struct eng_why *why)
{
    struct cli_table tables[COUNT] = {{0}};
    int shell;
    ENG_TRY(eng_choice_parse(&shell, name, names, SHELLS, "shell", why));
    enum eng_err err = ENG_OK;
    for (size_t i = 0; err == ENG_OK && i < COUNT; i++)
        if (!cli_table_read(&tables[i], commands[i]))
            err = eng_fail(why, ENG_NOMEM, "out of memory");
    if (err == ENG_OK)
        print[shell](tables, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        cli_table_release(&tables[i]);
    return err;
}

static int run(int argc, char **argv, const struct cli_command *self)
{
    struct cli_session session;
    struct eng_why why = {""};
    const int status = cli_begin(&session, self, NULL, 0, argc, argv, 1, 1);
    if (status >= 0)
        return status;
    const enum eng_err err = complete(session.args.operands[0], &why);
    return cli_end(&session, err, &why, NULL);
}

const struct cli_command cli_completion = {
    "completion", "bash|zsh|fish",
    "Prints a script that completes gad's command lines in a shell: commands, options, and the\n"
    "values that have names. make install puts them where shells look for them.",
    "  eval \"$(gad completion bash)\"      # in ~/.bashrc\n"
    "  source <(gad completion zsh)       # in ~/.zshrc, behind compinit\n"
    "  gad completion fish | source       # in ~/.config/fish/config.fish\n",
    run};
