/* A line for each command and option, with the condition under which it is offered. */
#include "gad/cli/completion.h"

#include <stdio.h>
#include <string.h>

static const char quote[] = "\\'";

/* The rest of a line: what the option or operand takes. */
static void print_takes(const struct cli_takes *t)
{
    if (t->values) {
        printf(" -a '%s", t->list ? "(__fish_append , " : "");
        for (size_t i = 0; t->values[i]; i++)
            printf("%s%s", i ? " " : "", t->values[i]);
        printf("%s'", t->list ? ")" : "");
    } else if (t->folders) {
        printf(" -a '(__fish_complete_directories)'");
    }
}

static void print_option(const char *condition, const struct cli_option *o)
{
    const struct cli_takes t = cli_option_takes(o);
    const char *letter = cli_option_short(o);
    printf("complete -c gad%s -l %s", condition, o->name);
    if (*letter)
        printf(" -s %s", letter + 1);
    if (o->kind != CLI_FLAG)
        printf("%s", t.files ? " -r -F" : " -x");
    print_takes(&t);
    printf(" -d '");
    cli_put_quoted(o->help, strlen(o->help), "\\", quote);
    printf("'\n");
}

void cli_complete_fish(const struct cli_table *tables, size_t count)
{
    const struct cli_table *first = &tables[0];
    printf("# Completion of gad in fish, as printed by: gad completion fish\n"
           "function __gad_command -d 'The line has this command, or none without an argument'\n"
           "    set -l words (commandline -opc)\n"
           "    for word in $words[2..-1]\n"
           "        if contains -- $word");
    for (size_t i = 0; i < count; i++)
        printf(" %s", tables[i].command->name);
    printf("\n"
           "            test \"$word\" = \"$argv[1]\"\n"
           "            return\n"
           "        end\n"
           "    end\n"
           "    test -z \"$argv[1]\"\n"
           "end\n"
           "complete -c gad -f\n");
    for (size_t i = first->own; i < first->count; i++)
        print_option("", &first->options[i]);
    for (size_t i = 0; i < count; i++) {
        const struct cli_command *c = tables[i].command;
        const struct cli_takes t = cli_operand_takes(c);
        char condition[64];
        printf("complete -c gad -n __gad_command -a %s -d '", c->name);
        cli_put_quoted(c->summary, cli_summary_length(c), "\\", quote);
        printf("'\n");
        snprintf(condition, sizeof condition, " -n '__gad_command %s'", c->name);
        for (size_t k = 0; k < tables[i].own; k++)
            print_option(condition, &tables[i].options[k]);
        if (!t.values && !t.files && !t.folders)
            continue;
        printf("complete -c gad%s%s", condition, t.files ? " -F" : "");
        print_takes(&t);
        printf("\n");
    }
}
