#include "data/json_out.h"
#include "gad/cli/commands.h"
#include "gad/cli/session.h"
#include "gad/report.h"

#include <stdio.h>
#include <stdlib.h>

static void print_json(const char *path)
{
    struct dat_json_out json;
    dat_json_out_init(&json, stdout, DAT_JSON_LINE);
    dat_json_out_object(&json);
    dat_json_out_key(&json, "report");
    dat_json_out_string(&json, path);
    dat_json_out_end(&json);
    dat_json_out_finish(&json);
    printf("\n");
}

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
    else if (args.common.json)
        print_json(path);
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
