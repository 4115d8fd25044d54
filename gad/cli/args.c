#include "gad/cli/args.h"

#include "gad/cli/message.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_option(const struct cli_option *o)
{
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", o->name, o->metavar ? " " : "",
             o->metavar ? o->metavar : "");
    printf("  %-22s %s", left, o->help);
    switch (o->kind) {
    case CLI_FLAG:
        break;
    case CLI_SIZE:
    case CLI_COUNT:
        if (*(size_t *)o->value)
            printf(" (%zu)", *(size_t *)o->value);
        break;
    case CLI_SEED:
        printf(" (%llu)", (unsigned long long)*(uint64_t *)o->value);
        break;
    case CLI_FLOAT:
        if (!isnan(*(float *)o->value))
            printf(" (%g)", (double)*(float *)o->value);
        break;
    case CLI_DOUBLE:
        if (!isnan(*(double *)o->value))
            printf(" (%g)", *(double *)o->value);
        break;
    case CLI_TEXT:
    case CLI_NEEDED:
        if (*(const char **)o->value)
            printf(" (%s)", *(const char **)o->value);
        break;
    case CLI_TEXTS:
        break;
    }
    printf("\n");
}

static void print_help(const struct cli_command *c, const struct cli_option *options, size_t count,
                       const struct cli_option *common, size_t common_count)
{
    printf("usage: gad %s%s%s [options]\n\n%s\n\noptions (defaults in parentheses):\n", c->name,
           *c->operands ? " " : "", c->operands, c->summary);
    for (size_t i = 0; i < count; i++)
        print_option(&options[i]);
    for (size_t i = 0; i < common_count; i++)
        print_option(&common[i]);
    printf("\nexamples:\n%s", c->examples);
}

static int usage(const struct cli_command *c, const char *what, const char *which)
{
    cli_message(c->name, "%s%.200s; gad %s --help lists what there is", what, which, c->name);
    return 2;
}

/* Stores text into the option; 0 if it is not of its kind, or one too many. */
static int store(const struct cli_option *o, const char *text)
{
    char *end;
    errno = 0;
    switch (o->kind) {
    case CLI_FLAG:
        *(int *)o->value = 1;
        return 1;
    case CLI_SIZE:
    case CLI_COUNT:
    case CLI_SEED: {
        const unsigned long long v = strtoull(text, &end, 10);
        if (text[0] < '0' || text[0] > '9' || *end || errno || (o->kind == CLI_COUNT && !v))
            return 0;
        if (o->kind == CLI_SEED)
            *(uint64_t *)o->value = v;
        else
            *(size_t *)o->value = (size_t)v;
        return o->kind == CLI_SEED || v <= (size_t)-1;
    }
    case CLI_FLOAT:
    case CLI_DOUBLE: {
        const double v = strtod(text, &end);
        if (end == text || *end || !isfinite(v))
            return 0;
        if (o->kind == CLI_DOUBLE)
            *(double *)o->value = v;
        else
            *(float *)o->value = (float)v;
        return o->kind == CLI_DOUBLE || isfinite(*(float *)o->value);
    }
    case CLI_TEXT:
    case CLI_NEEDED:
        *(const char **)o->value = text;
        return 1;
    case CLI_TEXTS: {
        struct cli_texts *texts = o->value;
        if (texts->count == CLI_TEXTS_MAX)
            return 0;
        texts->at[texts->count++] = text;
        return 1;
    }
    }
    return 0;
}

static const struct cli_option *find(const struct cli_option *options, size_t count,
                                     const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(options[i].name) == length && strncmp(options[i].name, name, length) == 0)
            return &options[i];
    return NULL;
}

/* The options that every command has. */
enum { COMMON = 9 };
static void list_common(struct cli_option out[COMMON], struct cli_common *c)
{
    const struct cli_option common[COMMON] = {
        {"threads", CLI_SIZE, &c->threads, "N", "threads to compute with; default: all processors"},
        {"seed", CLI_SEED, &c->seed, "N", "seed of everything random: same seed, same bits"},
        {"cpu", CLI_TEXT, &c->cpu, "LEVEL", "scalar, avx2, avx512 or amx; default: the best"},
        {"precision", CLI_TEXT, &c->precision, "NAME", "auto, f32, bf16x3 or bf16"},
        {"file-memory", CLI_SIZE, &c->file_memory, "MIB",
         "bound for decoding a file; default: what its length allows"},
        {"json", CLI_FLAG, &c->json, NULL, "results as JSON on standard output"},
        {"quiet", CLI_FLAG, &c->quiet, NULL, "no progress bar and no summary"},
        {"help", CLI_FLAG, &c->help, NULL, "this text"},
        {"version", CLI_FLAG, &c->version, NULL, "which gad this is"},
    };
    memcpy(out, common, sizeof common);
}

/* The name of the option that arg is, up to its end or a "="; "" if arg is like none. */
static const char *option_name(const char *arg)
{
    if (strncmp(arg, "--", 2) == 0)
        return arg + 2;
    return strcmp(arg, "-o") == 0 ? "output" : strcmp(arg, "-h") == 0 ? "help" : "";
}

int cli_command_at(int argc, char **argv)
{
    struct cli_common values;
    struct cli_option common[COMMON];
    list_common(common, &values);
    int i = 1;
    while (i < argc) {
        const char *name = option_name(argv[i]);
        const size_t length = strcspn(name, "=");
        const struct cli_option *o = find(common, COMMON, name, length);
        if (!o)
            return i;
        i += o->kind != CLI_FLAG && !name[length] ? 2 : 1;
    }
    return argc;
}

/* A command's table of options stands in its `run`, beside what they set, so that is where it must
 * be asked for: run begins by cli_parse, which only copies the table while one is wanted. */
static struct cli_table *wanted;

static int copy_table(const struct cli_command *command, const struct cli_option *options,
                      size_t count)
{
    struct cli_common values;
    struct cli_option common[COMMON];
    struct cli_option *all = calloc(count + COMMON, sizeof *all);
    if (!all)
        return 1;
    list_common(common, &values);
    if (count)
        memcpy(all, options, count * sizeof *all);
    memcpy(all + count, common, sizeof common);
    for (size_t i = 0; i < count + COMMON; i++)
        all[i].value = NULL;
    *wanted = (struct cli_table){command, all, count + COMMON, count};
    return 0;
}

int cli_table_read(struct cli_table *table, const struct cli_command *command)
{
    *table = (struct cli_table){0};
    wanted = table;
    const int status = command->run(0, NULL, command);
    wanted = NULL;
    return status == 0;
}

void cli_table_release(struct cli_table *table)
{
    free(table->options);
    *table = (struct cli_table){0};
}

int cli_parse(struct cli_args *args, const struct cli_command *command,
              const struct cli_option *options, size_t option_count, int argc, char **argv,
              size_t least, size_t most)
{
    *args = (struct cli_args){0};
    if (wanted)
        return copy_table(command, options, option_count);
    struct cli_common *c = &args->common;
    c->precision = "auto";
    struct cli_option common[COMMON];
    list_common(common, c);
    args->operands = calloc((size_t)argc + 1, sizeof *args->operands);
    if (!args->operands) {
        cli_message(NULL, "out of memory");
        return 1;
    }
    for (int i = 1, literal = 0; i < argc; i++) {
        const char *arg = argv[i];
        if (literal || strncmp(arg, "-", 1) != 0 || strcmp(arg, "-") == 0) {
            args->operands[args->count++] = arg;
            continue;
        }
        if (strcmp(arg, "--") == 0) {
            literal = 1;
            continue;
        }
        const char *name = option_name(arg);
        const size_t length = strcspn(name, "=");
        const struct cli_option *o = find(options, option_count, name, length);
        if (!o)
            o = find(common, COMMON, name, length);
        if (!o || !*name)
            return usage(command, "no option ", arg);
        const char *value = name[length] ? name + length + 1 : NULL;
        if (o->kind == CLI_FLAG ? value != NULL : !value && i + 1 == argc)
            return usage(command,
                         o->kind == CLI_FLAG ? "takes no value: " : "lacks its value: ", arg);
        if (o->kind != CLI_FLAG && !value)
            value = argv[++i];
        if (!store(o, value)) {
            if (o->kind == CLI_TEXTS)
                cli_message(command->name, "--%s is given more than %d times", o->name,
                            CLI_TEXTS_MAX);
            else
                cli_message(command->name, "--%s takes a number%s, not '%.200s'", o->name,
                            o->kind == CLI_COUNT                         ? " 1, 2, 3, ..."
                            : o->kind == CLI_SIZE || o->kind == CLI_SEED ? " 0, 1, 2, ..."
                                                                         : "",
                            value);
            return 2;
        }
    }
    if (c->help) {
        print_help(command, options, option_count, common, COMMON);
        return 0;
    }
    if (c->version) {
        printf("gad " GAD_VERSION "\n");
        return 0;
    }
    for (size_t i = 0; i < option_count; i++)
        if (options[i].kind == CLI_NEEDED && !*(const char **)options[i].value) {
            cli_message(command->name, "give --%s %s: %s", options[i].name, options[i].metavar,
                        options[i].help);
            return 2;
        }
    if (args->count < least)
        return usage(command, "needs ", command->operands);
    if (args->count > most)
        return usage(command, "does not know what to do with ", args->operands[most]);
    return -1;
}

void cli_args_release(struct cli_args *args)
{
    free(args->operands);
    args->operands = NULL;
}
