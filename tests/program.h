/* Running the program as its users do, for tests of it: $GAD (default build/gad), in the scratch
 * folder. Command lines are one text, split at spaces; no shell sees them.
 *
 *     if (!program_begin())
 *         return tap_done();                  (it is not built: said as a reason to skip)
 *     make_model("m.safetensors", "resnet18", 1);
 *     struct outcome r = run("predict m.safetensors a.ppm --json");
 *     CHECK(succeeded(&r) && lines(r.out) == 1, "one line");
 *     REFUSED(1, "nosuch.png: ", "predict m.safetensors nosuch.png");
 *     program_end();
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "data/file.h"
#include "data/json.h"
#include "data/model.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char program[1024], program_home[512];

struct outcome {
    int status; /* the exit status, or -signal */
    char *out, *err;
};

/* What the program meets besides its command line. */
struct setting {
    rlim_t limit;      /* bytes a file may have, 0: any */
    const char *input; /* the file that is its standard input; NULL: /dev/null, "": closed */
};

static inline char *slurp(const char *path)
{
    uint8_t *bytes = NULL;
    size_t count;
    scratch_need(dat_file_read(&bytes, &count, path, NULL) == ENG_OK, path);
    return (char *)bytes;
}

/* Starts the program. One thread, unless the command says otherwise: there is nothing here that
 * more would make faster. */
static inline pid_t start(const struct setting *setting, const char *format, va_list ap)
{
    static char text[4096];
    char *argv[64];
    int argc = 0;
    vsnprintf(text, sizeof text, format, ap);
    const int choose = text[0] && text[0] != '-' && !strstr(text, "--threads");
    argv[argc++] = program;
    for (char *word = strtok(text, " "); word && argc < 60; word = strtok(NULL, " ")) {
        argv[argc++] = word;
        if (choose && argc == 2) {
            argv[argc++] = "--threads";
            argv[argc++] = "1";
        }
    }
    argv[argc] = NULL;
    fflush(stdout);
    const pid_t pid = fork();
    scratch_need(pid >= 0, "fork");
    if (pid == 0) {
        const int in = open(setting->input ? setting->input : "/dev/null", O_RDONLY | O_NOCTTY);
        const int out = open("stdout", O_WRONLY | O_CREAT | O_TRUNC, 0666);
        const int err = open("stderr", O_WRONLY | O_CREAT | O_TRUNC, 0666);
        const struct rlimit size = {setting->limit, setting->limit};
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        if (in < 0)
            close(STDIN_FILENO);
        else
            dup2(in, STDIN_FILENO);
        if (setting->limit)
            setrlimit(RLIMIT_FSIZE, &size);
        execv(program, argv);
        _exit(127);
    }
    return pid;
}

static inline struct outcome finish(pid_t pid)
{
    static struct outcome last;
    int status;
    scratch_need(waitpid(pid, &status, 0) == pid, "waitpid");
    free(last.out);
    free(last.err);
    last.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    last.out = slurp("stdout");
    last.err = slurp("stderr");
    return last;
}

/* Runs a command to its end. The texts live until the next one ends. */
static inline struct outcome run(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const pid_t pid = start(&(struct setting){0}, format, ap);
    va_end(ap);
    return finish(pid);
}

static inline struct outcome run_in(struct setting setting, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const pid_t pid = start(&setting, format, ap);
    va_end(ap);
    return finish(pid);
}

static inline pid_t run_behind(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const pid_t pid = start(&(struct setting){0}, format, ap);
    va_end(ap);
    return pid;
}

static inline int lines(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static inline int succeeded(const struct outcome *r)
{
    if (r->status == 0 && !*r->err)
        return 1;
    printf("# status %d, stderr: %s\n", r->status, r->err);
    return 0;
}

/* One line to stderr, with the program's name before it and `what` in it, and that status. */
static inline int refused(const struct outcome *r, int status, const char *what)
{
    if (r->status == status && lines(r->err) == 1 && strncmp(r->err, "gad", 3) == 0 &&
        strstr(r->err, what))
        return 1;
    printf("# status %d, not %d; stderr, without '%s'?: %s\n", r->status, status, what, r->err);
    return 0;
}

static inline void check_refused(const char *file, int line, int status, const char *what,
                                 const char *format, ...)
{
    char command[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(command, sizeof command, format, ap);
    va_end(ap);
    const struct outcome r = run("%s", command);
    tap_check(refused(&r, status, what), file, line, "refused with %d: gad %s", status, command);
}
#define REFUSED(...) check_refused(__FILE__, __LINE__, __VA_ARGS__)

static inline int exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static inline int same_files(const char *a, const char *b)
{
    uint8_t *x = NULL, *y = NULL;
    size_t n = 0, m = 0;
    const int same = dat_file_read(&x, &n, a, NULL) == ENG_OK &&
                     dat_file_read(&y, &m, b, NULL) == ENG_OK && n == m && memcmp(x, y, n) == 0;
    free(x);
    free(y);
    return same;
}

/* Line `number` of a text as JSON, null if it is none; the caller frees. */
static inline struct dat_json *json_line(const char *text, int number)
{
    struct dat_json *json = NULL;
    for (; number > 0 && strchr(text, '\n'); number--)
        text = strchr(text, '\n') + 1;
    if (dat_json_parse(&json, text, strcspn(text, "\n"), NULL) != ENG_OK)
        scratch_need(dat_json_parse(&json, "null", 4, NULL) == ENG_OK, "memory");
    return json;
}

static inline double number_of(const struct dat_json_node *node)
{
    double v = NAN;
    dat_json_number(node, &v);
    return v;
}

static inline int text_is(const struct dat_json_node *node, const char *text)
{
    const char *have = dat_json_string(node);
    return have && strcmp(have, text) == 0;
}

static const char *const cats_dogs[] = {"cat", "dog"};

/* A tiny model of two classes for pictures of 32 x 32, with random weights. */
static inline void make_model(const char *path, const char *arch, uint64_t seed)
{
    const struct eng_arch_config config = {arch, 0.125f, 2, 16};
    struct dat_preprocess preprocess;
    struct dat_model model;
    dat_preprocess_init_square(&preprocess, 32);
    scratch_need(dat_model_init(&model, &config, cats_dogs, &preprocess, seed, NULL) == ENG_OK &&
                     dat_model_write(&model, path, NULL) == ENG_OK,
                 path);
    dat_model_release(&model);
}

/* Finds the program and goes to a new scratch folder; 0, and a skip, if it is not built. */
static inline int program_begin(void)
{
    const char *gad = getenv("GAD");
    if (!gad || !*gad)
        gad = "build/gad";
    scratch_need(getcwd(program_home, sizeof program_home) != NULL, "getcwd");
    snprintf(program, sizeof program, "%s%s%s", gad[0] == '/' ? "" : program_home,
             gad[0] == '/' ? "" : "/", gad);
    if (access(program, X_OK) != 0) {
        tap_skip("the program is not built");
        return 0;
    }
    scratch_make();
    scratch_need(chdir(scratch_root) == 0, scratch_root);
    return 1;
}

static inline void program_end(void)
{
    scratch_need(chdir(program_home) == 0, program_home);
    scratch_remove();
}

#endif
