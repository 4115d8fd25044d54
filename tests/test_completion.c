/* The scripts that complete command lines: that they know every command and option that --help
 * knows, that the values they offer are those that the program takes, and, where there is a bash,
 * that it completes by them. */
#include "tests/program.h"

static const char *const shells[] = {"bash", "zsh", "fish"};
enum { SHELLS = sizeof shells / sizeof *shells, MOST = 64, LONGEST = 64 };

static char *scripts[SHELLS];

/* The first words of those lines of a help that begin so, without the beginning. */
static int words_of(char words[MOST][LONGEST], const char *help, const char *begin)
{
    int n = 0;
    for (const char *line = help; line && n < MOST; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, begin, strlen(begin)) != 0)
            continue;
        const char *word = line + strlen(begin);
        snprintf(words[n++], LONGEST, "%.*s", (int)strcspn(word, " \n"), word);
    }
    return n;
}

static int print_into(char *text, size_t size, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int n = vsnprintf(text, size, format, ap);
    va_end(ap);
    return n;
}

/* True if the part of the script that begins with `from` has `what` before `to`. */
static int part_has(const char *script, const char *from, const char *to, const char *what)
{
    const char *part = strstr(script, from);
    const char *end = part ? strstr(part + strlen(from), to) : NULL;
    const char *found = end ? strstr(part, what) : NULL;
    return found && found < end;
}

static int bash_has(const char *command, const char *option)
{
    char from[LONGEST + 8], spaced[LONGEST + 8], last[LONGEST + 8];
    print_into(from, sizeof from, "\n    %s) ", command);
    print_into(spaced, sizeof spaced, " --%s ", option);
    print_into(last, sizeof last, " --%s'", option);
    return part_has(scripts[0], from, "\n", spaced) || part_has(scripts[0], from, "\n", last) ||
           part_has(scripts[0], "\n    options+=", "\n", spaced) ||
           part_has(scripts[0], "\n    options+=", "\n", last);
}

static int zsh_has(const char *command, const char *option)
{
    char from[LONGEST + 16], what[4][LONGEST + 8];
    static const char *const ends[] = {"=", "[", "}", "=}"};
    int found = 0;
    print_into(from, sizeof from, "\n        %s)\n", command);
    for (int i = 0; i < 4; i++) {
        print_into(what[i], sizeof what[i], "--%s%s", option, ends[i]);
        found |= part_has(scripts[1], from, ";;", what[i]) ||
                 part_has(scripts[1], "    common=(", "\n    )\n", what[i]);
    }
    return found;
}

static int fish_has(const char *command, const char *option)
{
    char own[2 * LONGEST + 64], common[LONGEST + 32];
    print_into(own, sizeof own, "\ncomplete -c gad -n '__gad_command %s' -l %s ", command, option);
    print_into(common, sizeof common, "\ncomplete -c gad -l %s ", option);
    return strstr(scripts[2], own) || strstr(scripts[2], common);
}

static void test_names(void)
{
    static char commands[MOST][LONGEST], options[MOST][LONGEST];
    struct outcome r = run("--help");
    const int count = words_of(commands, r.out, "  gad ");
    CHECK(count >= 10, "gad --help lists %d commands", count);
    for (int i = 0; i < count; i++) {
        char bash[LONGEST + 8], zsh[LONGEST + 16], fish[LONGEST + 64];
        print_into(bash, sizeof bash, "\n    %s) ", commands[i]);
        print_into(zsh, sizeof zsh, "\n        '%s:", commands[i]);
        print_into(fish, sizeof fish, "-n __gad_command -a %s -d '", commands[i]);
        CHECK(strstr(scripts[0], bash) && strstr(scripts[1], zsh) && strstr(scripts[2], fish),
              "every script knows gad %s", commands[i]);
        r = run("%s --help", commands[i]);
        const int n = words_of(options, r.out, "  --");
        CHECK(n >= 8, "gad %s --help lists %d options", commands[i], n);
        for (int k = 0; k < n; k++)
            CHECK(bash_has(commands[i], options[k]) && zsh_has(commands[i], options[k]) &&
                      fish_has(commands[i], options[k]),
                  "every script knows gad %s --%s", commands[i], options[k]);
    }
}

/* An option that takes a NAME has names to offer, wherever it is explained. */
static void test_named(void)
{
    static char commands[MOST][LONGEST], options[MOST][LONGEST];
    const int count = words_of(commands, run("--help").out, "  gad ");
    for (int i = 0; i < count; i++) {
        const struct outcome r = run("%s --help", commands[i]);
        const int n = words_of(options, r.out, "  --");
        for (int k = 0; k < n; k++) {
            char takes[LONGEST + 16], own[2 * LONGEST + 32], common[LONGEST + 32];
            print_into(takes, sizeof takes, "  --%s NAME", options[k]);
            if (!strstr(r.out, takes))
                continue;
            print_into(own, sizeof own, "\n    %s' --%s') words=''", commands[i], options[k]);
            print_into(common, sizeof common, "\n    *' --%s') words=''", options[k]);
            CHECK(!strstr(scripts[0], own) && !strstr(scripts[0], common),
                  "gad %s --%s NAME has names", commands[i], options[k]);
        }
    }
}

/* ---- values --------------------------------------------------------------------------------- */

/* A command line that is right but for what is put behind it. */
static const char *line_of(const char *command)
{
    static const char *const lines_of[][2] = {
        {"train", "train synthetic:cats-dogs,count=24 -o no"},
        {"support", "support m.safetensors synthetic:cats-dogs,count=24 -o no"},
        {"predict", "predict m.safetensors a.ppm"},
        {"explain", "explain m.safetensors a.ppm -o no"},
        {"evaluate", "evaluate m.safetensors synthetic:cats-dogs,count=24 -o no --support s"},
        {"bench", "bench"},
        {"convert", "convert m.safetensors no.npz"},
        {"*", "predict m.safetensors a.ppm"},
    };
    for (size_t i = 0; i < sizeof lines_of / sizeof *lines_of; i++)
        if (strcmp(lines_of[i][0], command) == 0)
            return lines_of[i][1];
    return NULL;
}

/* Each row with values, such as "    train' --arch') words='vgg16 resnet18' kind=words ;;": the
 * program refuses another value, and in doing so names these. */
static void test_values(void)
{
    int rows = 0;
    char *copy = strdup(scripts[0]);
    scratch_need(copy != NULL, "memory");
    char *more;
    for (char *row = strtok_r(copy, "\n", &more); row; row = strtok_r(NULL, "\n", &more)) {
        char command[LONGEST], option[LONGEST], values[256], *value, *rest;
        if (sscanf(row, " %63[a-z*]' --%63[a-z-]') words='%255[^']'", command, option, values) != 3)
            continue;
        if (strcmp(option, "class") == 0) /* a model has classes of its own */
            continue;
        rows++;
        const char *line = line_of(command);
        const struct outcome r = run("%s --%s ?", line ? line : "?", option);
        int named = line && r.status == 2 && lines(r.err) == 1;
        for (value = strtok_r(values, " ", &rest); named && value;
             value = strtok_r(NULL, " ", &rest)) {
            value[strcspn(value, ":")] = '\0';
            named = strstr(r.err, value) != NULL;
        }
        if (!CHECK(named, "%s --%s takes what is offered", command, option))
            printf("# %s", r.err);
    }
    free(copy);
    CHECK(rows >= 25, "%d options have values with names", rows);
    CHECK(part_has(scripts[1], "\n        convert)\n", ";;", "'*--map=["),
          "zsh offers --map again behind itself");
    REFUSED(2, "bash, zsh or fish", "completion ksh");
    REFUSED(2, "needs bash|zsh|fish", "completion");
    REFUSED(2, "fish", "completion bash fish");
}

/* ---- in a shell ----------------------------------------------------------------------------- */

/* What bash completes: words, of which the last is being typed, with spaces between. */
static void check_bash(const char *words, const char *expected)
{
    char script[512];
    print_into(script, sizeof script,
               "source ./gad.bash\n"
               "IFS=' ' read -r -a COMP_WORDS <<< '%s'\n"
               "[[ '%s' == *' ' ]] && COMP_WORDS+=('')\n"
               "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
               "_gad && echo \"${COMPREPLY[*]}\"\n",
               words, words);
    scratch_text("try.bash", script);
    const int status = system("bash ./try.bash >completed 2>&1");
    char *got = slurp("completed");
    got[strcspn(got, "\n")] = '\0';
    CHECK(status == 0 && strcmp(got, expected) == 0, "bash completes %s: %s", words, got);
    free(got);
}

static void test_bash(void)
{
    if (system("bash -c true >/dev/null 2>&1") != 0) {
        tap_skip("completion in bash: there is no bash");
        return;
    }
    scratch_text("gad.bash", scripts[0]);
    check_bash("gad pre", "predict");
    check_bash("gad --quiet insp", "inspect");
    check_bash("gad --cpu ", "scalar avx2 avx512 amx");
    check_bash("gad train --arch ", "vgg16 vgg16_bn resnet18");
    check_bash("gad train --arch = r", "resnet18");
    check_bash("gad train --arch =", "vgg16 vgg16_bn resnet18");
    check_bash("gad bench --job train --ar", "--arch");
    check_bash("gad train --he", "--help");
    check_bash("gad train --epochs ", "");
    check_bash("gad explain -o ", "");
    check_bash("gad explain --methods sal", "saliency");
    check_bash("gad explain --methods ig,d", "ig,deconv");
    check_bash("gad explain --format = npz,j", "npz,json");
    check_bash("gad explain --select n", "nonzero:");
    check_bash("gad convert a.pth b.pth --ma", "--map");
    check_bash("gad completion ", "bash zsh fish");
    check_bash("gad completion --threads ", "");
}

/* Shells that are there find no fault with their script. */
static void test_syntax(void)
{
    for (size_t i = 0; i < SHELLS; i++) {
        char there[64], check[64];
        snprintf(there, sizeof there, "%s -c true >/dev/null 2>&1", shells[i]);
        snprintf(check, sizeof check, "%s -n gad.%s >said 2>&1", shells[i], shells[i]);
        if (system(there) != 0) {
            tap_skip("the syntax of a completion: its shell is not there");
            continue;
        }
        char name[16];
        snprintf(name, sizeof name, "gad.%s", shells[i]);
        scratch_text(name, scripts[i]);
        CHECK(system(check) == 0, "%s reads its script", shells[i]);
    }
}

int main(void)
{
    if (!program_begin())
        return tap_done();
    make_model("m.safetensors", "resnet18", 1);
    scratch_ppm("a.ppm", 32, 32, 200);
    for (size_t i = 0; i < SHELLS; i++) {
        const struct outcome r = run("completion %s", shells[i]);
        CHECK(succeeded(&r), "gad completion %s", shells[i]);
        scripts[i] = strdup(r.out);
        scratch_need(scripts[i] != NULL, "memory");
    }
    test_names();
    test_named();
    test_values();
    test_bash();
    test_syntax();
    CHECK(!exists("no"), "nothing was made");
    for (size_t i = 0; i < SHELLS; i++)
        free(scripts[i]);
    program_end();
    return tap_done();
}
