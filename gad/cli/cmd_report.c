#include "gad/cli/commands.h"
#include "gad/cli/session.h"
#include "gad/report.h"

#include <stdlib.h>

static int run(int argc, char **argv, const struct cli_command *self)
{
    struct cli_args args;
    struct cli_session session;
    struct eng_why why = {""};
    char *path = NULL;
    int status = cli_parse(&args, self, NULL, 0, argc, argv, 1, 1);
    if (status < 0)
        status = cli_session_init(&session, &args.common);
    if (status >= 0) {
        cli_args_release(&args);
        return status;
    }
    const enum eng_err err = gad_report_write(args.operands[0], &path, &why);
    status = 0;
    if (err != ENG_OK)
        status = cli_fail(&session, err, &why);
    else
        cli_say(&session, "%s", path);
    free(path);
    cli_session_release(&session);
    cli_args_release(&args);
    return status;
}

const struct cli_command cli_report = {
    "report", "DIR",
    "Writes DIR/report.html, one page with everything in it, from what gad evaluate left in DIR or\n"
    "in the folders below it (several runs side by side).",
    "  gad report results\n", run};
