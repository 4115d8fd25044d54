#include "gad/cli/completion.h"

#include "gad/cli/values.h"

#include <stdio.h>
#include <string.h>

static struct cli_takes takes(const char *name, const char *metavar, size_t length)
{
    struct cli_takes t = {.values = cli_values_of(name)};
    t.list = length == 4 && memcmp(metavar, "LIST", 4) == 0;
    t.rule = length == 4 && memcmp(metavar, "RULE", 4) == 0;
    t.folders = length == 3 && memcmp(metavar, "DIR", 3) == 0;
    for (const char *word = metavar; word < metavar + length; word++)
        t.files |= strncmp(word, "FILE", 4) == 0 || strncmp(word, "MODEL", 5) == 0;
    return t;
}

struct cli_takes cli_option_takes(const struct cli_option *option)
{
    return takes(option->name, option->metavar ? option->metavar : "",
                 option->metavar ? strlen(option->metavar) : 0);
}

/* The operands' text goes on with options: "MODEL IMAGE... -o DIR", "[-o DIR]". */
struct cli_takes cli_operand_takes(const struct cli_command *command)
{
    const char *dash = strchr(command->operands, '-');
    size_t length = dash ? (size_t)(dash - command->operands) : strlen(command->operands);
    while (length && strchr(" [", command->operands[length - 1]))
        length--;
    struct cli_takes t = takes(command->name, command->operands, length);
    t.files |= length && !t.values && !t.folders;
    return t;
}

const char *cli_option_short(const struct cli_option *option)
{
    return strcmp(option->name, "output") == 0 ? "-o"
           : strcmp(option->name, "help") == 0 ? "-h"
                                               : "";
}

void cli_put_quoted(const char *text, size_t length, const char *special, const char *quote)
{
    for (size_t i = 0; i < length && text[i]; i++) {
        if (text[i] == '\'')
            fputs(quote, stdout);
        else if (text[i] == '\n')
            putchar(' ');
        else
            printf("%s%c", strchr(special, text[i]) ? "\\" : "", text[i]);
    }
}

size_t cli_summary_length(const struct cli_command *command)
{
    size_t i = 0;
    while (command->summary[i] &&
           !(strchr(".:;", command->summary[i]) && strchr(" \n", command->summary[i + 1])))
        i++;
    return i;
}
