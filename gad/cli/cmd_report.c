#include "gad/cli/commands.h"
#include "gad/cli/session.h"
#include "gad/report.h"

#include <stdlib.h>

static void print_json(struct cli_session *session, const char *path)
{
    struct dat_json_out json;
    cli_json_begin(session, &json);
    dat_json_out_key(&json, "report");
    dat_json_out_string(&json, path);
    cli_json_end(&json);
}

static int run(int argc, char **argv, const struct cli_command *self)
{
    struct cli_session session;
    struct eng_why why = {""};
    char *path = NULL;
    const int status = cli_begin(&session, self, NULL, 0, argc, argv, 1, 1);
    if (status >= 0)
        return status;
    const enum eng_err err = gad_report_write(session.args.operands[0], &path, session.file_memory,
                                              &why);
    if (err == ENG_OK && session.args.common.json)
        print_json(&session, path);
    else if (err == ENG_OK)
        cli_say(&session, "%s", path);
    free(path);
    return cli_end(&session, err, &why, NULL);
}

const struct cli_command cli_report = {"report", "DIR",
                                       "Writes DIR/report.html, one page with everything in it, "
                                       "from what gad evaluate left in DIR or\n"
                                       "in the folders below it (several runs side by side).",
                                       "  gad report results\n", run};
