/* One function that looks for the command among the words before, and for the option that stands
 * before the word. It needs nothing but bash 3.2: what only later ones have (compopt) may fail. */
#include "gad/cli/completion.h"

#include <stdio.h>

/* The variables that say what may stand there. */
static void print_takes(const struct cli_takes *t)
{
    printf(" words='");
    for (size_t i = 0; t->values && t->values[i]; i++)
        printf("%s%s", i ? " " : "", t->values[i]);
    printf("' kind=%s", t->list      ? "list"
                        : t->rule    ? "rule"
                        : t->files   ? "files"
                        : t->folders ? "folders"
                                     : "words");
}

static void print_option(const char *command, const struct cli_option *option)
{
    const struct cli_takes t = cli_option_takes(option);
    const char *letter = cli_option_short(option);
    if (option->kind == CLI_FLAG)
        return;
    printf("    %s' --%s'", command, option->name);
    if (*letter)
        printf(" | %s' %s'", command, letter);
    printf(")");
    print_takes(&t);
    printf(" ;;\n");
}

static void print_names(const struct cli_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf(" --%s", options[i].name);
}

void cli_complete_bash(const struct cli_table *tables, size_t count)
{
    const struct cli_table *first = &tables[0];
    printf("# Completion of gad in bash, as printed by: gad completion bash\n"
           "_gad()\n"
           "{\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
           "    local command= words= kind=words options= before= i\n"
           "    if [[ $cur == = ]]; then # --name=value is three words\n"
           "        cur=\n"
           "    elif [[ $prev == = ]]; then\n"
           "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
           "    fi\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "        case ${COMP_WORDS[i]} in\n"
           "        ");
    for (size_t i = 0; i < count; i++)
        printf("%s%s", i ? " | " : "", tables[i].command->name);
    printf(")\n"
           "            command=${COMP_WORDS[i]}\n"
           "            break\n"
           "            ;;\n"
           "        esac\n"
           "    done\n"
           "    case $command in\n"
           "    '') words='");
    for (size_t i = 0; i < count; i++)
        printf("%s%s", i ? " " : "", tables[i].command->name);
    printf("' ;;\n");
    for (size_t i = 0; i < count; i++) {
        const struct cli_takes t = cli_operand_takes(tables[i].command);
        printf("    %s)", tables[i].command->name);
        print_takes(&t);
        printf(" options='");
        print_names(tables[i].options, tables[i].own);
        printf("' ;;\n");
    }
    printf("    esac\n"
           "    options+='");
    print_names(first->options + first->own, first->count - first->own);
    printf("'\n"
           "    if [[ $cur == -* ]]; then\n"
           "        words=$options kind=words\n"
           "    fi\n"
           "    case \"$command $prev\" in\n");
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < tables[i].own; k++)
            print_option(tables[i].command->name, &tables[i].options[k]);
    for (size_t k = first->own; k < first->count; k++)
        print_option("*", &first->options[k]);
    printf("    esac\n"
           "    if [[ $kind == list && $cur == *,* ]]; then\n"
           "        before=${cur%%,*},\n"
           "    fi\n"
           "    COMPREPLY=($(compgen -P \"$before\" -W \"$words\" -- \"${cur#\"$before\"}\"))\n"
           "    case $kind in\n"
           "    words) compopt +o default 2>/dev/null ;;\n"
           "    list | rule) compopt +o default -o nospace 2>/dev/null ;;\n"
           "    folders) compopt +o default -o dirnames 2>/dev/null ;;\n"
           "    esac\n"
           "    return 0\n"
           "}\n"
           "complete -o default -F _gad gad\n");
}
