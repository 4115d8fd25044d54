/* The commands there are: a new one is a file cmd_NAME.c and a line here. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "gad/cli/args.h"

#define CLI_COMMANDS(X)                                                                            \
    X(demo)                                                                                        \
    X(train)                                                                                       \
    X(support)                                                                                     \
    X(predict)                                                                                     \
    X(explain)                                                                                     \
    X(evaluate)                                                                                    \
    X(report)                                                                                      \
    X(bench)                                                                                       \
    X(inspect)                                                                                     \
    X(convert)                                                                                     \
    X(completion)

#define CLI_DECLARE(name) extern const struct cli_command cli_##name;
CLI_COMMANDS(CLI_DECLARE)
#undef CLI_DECLARE

#endif
