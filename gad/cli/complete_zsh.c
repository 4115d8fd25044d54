/* The command is the first argument of one _arguments; the rest goes to another, of the command's
 * own options. Behind a colon zsh wants what a value is called, and then what it may be. */
#include "gad/cli/completion.h"

#include <stdio.h>
#include <string.h>

static const char quote[] = "'\\''";

static void print_action(const struct cli_takes *t)
{
    if (t->list && t->values)
        printf("_values -s , value");
    else if (t->rule)
        printf("{compadd -S \"\" --");
    else if (t->values && t->files)
        printf("{_files; compadd --");
    else if (t->values)
        printf("(");
    else
        printf("%s", t->folders ? "_files -/" : t->files ? "_files" : " ");
    for (size_t i = 0; t->values && t->values[i]; i++) {
        printf("%s", i || t->list || t->rule || t->files ? " " : "");
        cli_put_quoted(t->values[i], strlen(t->values[i]), ":", quote);
    }
    if (t->values && !t->list)
        printf("%s", t->rule || t->files ? "}" : ")");
}

static void print_option(const char *indent, const struct cli_option *o)
{
    const struct cli_takes t = cli_option_takes(o);
    const char *letter = cli_option_short(o);
    const char *equals = o->kind == CLI_FLAG ? "" : "=";
    /* With a * an option is offered again behind itself. */
    if (*letter)
        printf("%s'(%s --%s)'{%s,--%s%s}'[", indent, letter, o->name, letter, o->name, equals);
    else
        printf("%s'%s--%s%s[", indent, o->kind == CLI_TEXTS ? "*" : "", o->name, equals);
    cli_put_quoted(o->help, strlen(o->help), "[]:\\", quote);
    printf("]");
    if (o->kind != CLI_FLAG) {
        printf(":%s:", o->metavar);
        print_action(&t);
    }
    printf("'");
}

static void print_command(const struct cli_table *table)
{
    const struct cli_command *c = table->command;
    const struct cli_takes t = cli_operand_takes(c);
    printf("        %s)\n            _arguments -S $common", c->name);
    for (size_t i = 0; i < table->own; i++)
        print_option(" \\\n                ", &table->options[i]);
    if (t.values || t.files || t.folders) {
        printf(" \\\n                '*:%s:", t.values ? c->operands : "operand");
        print_action(&t);
        printf("'");
    }
    printf("\n            ;;\n");
}

void cli_complete_zsh(const struct cli_table *tables, size_t count)
{
    const struct cli_table *first = &tables[0];
    printf("#compdef gad\n"
           "# Completion of gad in zsh, as printed by: gad completion zsh\n"
           "_gad()\n"
           "{\n"
           "    local curcontext=$curcontext state state_descr line ret=1\n"
           "    local -a common commands\n"
           "    typeset -A opt_args\n"
           "    common=(");
    for (size_t i = first->own; i < first->count; i++)
        print_option("\n        ", &first->options[i]);
    printf("\n    )\n"
           "    commands=(");
    for (size_t i = 0; i < count; i++) {
        printf("\n        '%s:", tables[i].command->name);
        cli_put_quoted(tables[i].command->summary, cli_summary_length(tables[i].command), "",
                       quote);
        printf("'");
    }
    printf("\n    )\n"
           "    _arguments -C -S $common '1:command:->command' '*::operand:->operand' && ret=0\n"
           "    case $state in\n"
           "    command)\n"
           "        _describe -t commands command commands && ret=0\n"
           "        ;;\n"
           "    operand)\n"
           "        case $line[1] in\n");
    for (size_t i = 0; i < count; i++)
        print_command(&tables[i]);
    printf("        esac && ret=0\n"
           "        ;;\n"
           "    esac\n"
           "    return ret\n"
           "}\n"
           "if [[ $funcstack[1] == _gad ]]; then # it was loaded, and not sourced\n"
           "    _gad \"$@\"\n"
           "else\n"
           "    compdef _gad gad\n"
           "fi\n");
}
