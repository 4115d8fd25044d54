#include "gad/cli/commands.h"
static int run(int argc, char **argv, const struct cli_command *self){(void)argc,(void)argv,(void)self;return 2;}
const struct cli_command cli_demo = {"demo","","","",run};
