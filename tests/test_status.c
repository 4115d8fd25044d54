/* What a script can rely on: the exit status, and that each message is one line on standard error,
 * while standard output has results only. docs/gad.1 promises it under EXIT STATUS and
 * DIAGNOSTICS. */
#include "tests/program.h"

#include <time.h>

#define DATA "synthetic:cats-dogs,count=24"

static void make_files(void)
{
    make_model("m.safetensors", "resnet18", 1);
    scratch_ppm("a.ppm", 48, 40, 200);
    scratch_ppm("b.ppm", 32, 32, 10);
    scratch_text("cut.ppm", "P6 32 32 255 ");
    scratch_text("text.jpg", "not a photo\n");
    scratch_text("evil\n\033[2J\r\177name.png", "not a photo\n");
    scratch_text("long.txt", "");
    FILE *list = fopen("long.txt", "w");
    scratch_need(list != NULL, "long.txt");
    for (int i = 0; i < 5000; i++)
        fprintf(list, "a.ppm\n");
    scratch_need(fclose(list) == 0, "long.txt");
}

/* ---- the status ----------------------------------------------------------------------------- */

static void test_status(void)
{
    static const struct {
        int status;
        const char *command;
    } rows[] = {
        {0, "--version"},
        {0, "--help"},
        {0, "help"},
        {0, "explain --help"},
        {0, "predict m.safetensors a.ppm"},
        {0, "predict m.safetensors a.ppm --quiet"},
        {0, "inspect m.safetensors"},
        {0, "explain m.safetensors a.ppm -o fine --methods saliency"},
        {0, "train " DATA " -o t.safetensors --epochs 1 --size 32 --width 0.125 --quiet"},
        /* something failed */
        {1, "predict nosuch.safetensors a.ppm"},
        {1, "predict a.ppm a.ppm"},
        {1, "predict m.safetensors nosuch.ppm"},
        {1, "predict m.safetensors cut.ppm"},
        {1, "predict m.safetensors nosuch*.ppm"},
        {1, "predict m.safetensors --list nosuch.txt"},
        {1, "explain m.safetensors cut.ppm -o bad"},
        {1, "explain m.safetensors a.ppm -o a.ppm/below"},
        {1, "explain m.safetensors a.ppm -o bad --support nosuch"},
        {1, "train nosuch -o bad"},
        {1, "report nosuch"},
        {1, "inspect nosuch"},
        /* wrong usage */
        {2, "fly"},
        {2, "predict"},
        {2, "predict m.safetensors"},
        {2, "predict m.safetensors a.ppm --nosuch"},
        {2, "predict m.safetensors a.ppm --cpu z80"},
        {2, "predict m.safetensors a.ppm --size x"},
        {2, "predict m.safetensors a.ppm --resize-rule fold"},
        {2, "predict m.safetensors - -"},
        {2, "explain m.safetensors a.ppm"},
        {2, "explain m.safetensors a.ppm -o bad --format gif"},
        {2, "explain m.safetensors a.ppm -o bad --methods voodoo"},
        {2, "explain m.safetensors a.ppm -o bad --class bird"},
        {2, "explain m.safetensors a.ppm -o bad --steps 0"},
        {2, "explain m.safetensors a.ppm -o bad --select most"},
        {2, "train " DATA " -o bad --arch alexnet"},
        {2, "evaluate m.safetensors " DATA " -o bad"},
        {2, "bench --job fly"},
        {2, "completion ksh"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct outcome r = run("%s", rows[i].command);
        const int said = rows[i].status ? lines(r.err) == 1 && strncmp(r.err, "gad", 3) == 0
                                        : !*r.err;
        CHECK(r.status == rows[i].status && said, "status %d: gad %s", rows[i].status,
              rows[i].command);
        if (r.status != rows[i].status || !said)
            printf("# status %d, stderr: %s\n", r.status, r.err);
    }
    CHECK(!exists("bad"), "wrong usage leaves no files");
}

/* ---- messages ------------------------------------------------------------------------------- */

static void test_messages(void)
{
    struct outcome r = run("predict m.safetensors text.jpg a.ppm nosuch.ppm cut.ppm b.ppm --json");
    CHECK(r.status == 1 && lines(r.err) == 3 && lines(r.out) == 2,
          "a line on standard error for each bad image, and one on standard output for each good");
    const char *first = strstr(r.err, "gad: text.jpg: "),
               *second = strstr(r.err, "gad: nosuch.ppm: "),
               *third = strstr(r.err, "gad: cut.ppm: ");
    CHECK(first == r.err && second > first && third > second, "in their order, by their names");
    for (int i = 0; i < lines(r.out); i++) {
        struct dat_json *json = json_line(r.out, i);
        CHECK(text_is(dat_json_member(dat_json_root(json), "image"), i ? "b.ppm" : "a.ppm"),
              "line %d of standard output is JSON", i);
        dat_json_free(json);
    }
    r = run("explain m.safetensors text.jpg a.ppm -o said --methods saliency --json --quiet");
    CHECK(r.status == 1 && lines(r.err) == 1 && lines(r.out) == 1 && r.out[0] == '{',
          "also with --quiet, and by explain");
    r = run("predict m.safetensors evil\n\033[2J\r\177name.png");
    CHECK(refused(&r, 1, "gad: evil??[2J??name.png: not a JPEG"),
          "line ends and escapes in a name stay within the line");
    r = run("predict m.safetensors a.ppm --evil\n\033[2J");
    CHECK(refused(&r, 2, "gad predict: no option --evil??[2J"), "also in an option");
    r = run("evil\n\033[2J");
    CHECK(refused(&r, 2, "gad: no command 'evil??[2J'"), "and in a command");
    REFUSED(2, "; gad predict --help lists what there is", "predict m.safetensors a.ppm --nosuch");
    r = run("predict m.safetensors a.ppm");
    CHECK(succeeded(&r) && !strchr(r.out, '\033') && !strchr(r.out, '\r'),
          "no progress bar where there is no terminal");
}

/* ---- being ended ---------------------------------------------------------------------------- */

/* Stops a long work once it has written a first result. */
static void check_stopped(int signal_number)
{
    const struct timespec pause = {0, 2000000};
    scratch_remove_path("long");
    const pid_t pid = run_behind("explain m.safetensors --list long.txt -o long --format json "
                                 "--methods saliency --json");
    for (int i = 0; i < 15000 && !exists("long/a/explain.json"); i++)
        nanosleep(&pause, NULL);
    kill(pid, signal_number);
    const struct outcome r = finish(pid);
    CHECK(r.status == 1 && lines(r.err) == 1 && strstr(r.err, "interrupted") && lines(r.out) > 0 &&
              lines(r.out) < 5000 && r.out[strlen(r.out) - 1] == '\n',
          "signal %d ends the work with status 1, one line, and whole lines of results",
          signal_number);
}

/* Standard output is a pipe that nobody reads any more. */
static void test_closed_pipe(void)
{
    int ends[2], status;
    scratch_need(pipe(ends) == 0 && close(ends[0]) == 0, "pipe");
    fflush(stdout);
    const pid_t pid = fork();
    scratch_need(pid >= 0, "fork");
    if (pid == 0) {
        const int err = open("stderr", O_WRONLY | O_CREAT | O_TRUNC, 0666);
        signal(SIGPIPE, SIG_DFL);
        dup2(ends[1], STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        execl(program, program, "inspect", "m.safetensors", "--threads", "1", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    scratch_need(waitpid(pid, &status, 0) == pid, "waitpid");
    char *said = slurp("stderr");
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE && !*said,
          "a reader that has gone ends the program without a word");
    free(said);
}

int main(void)
{
    if (!program_begin())
        return tap_done();
    make_files();
    test_status();
    test_messages();
    check_stopped(SIGINT);
    check_stopped(SIGTERM);
    test_closed_pipe();
    program_end();
    return tap_done();
}
