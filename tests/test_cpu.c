/* CPU levels: their names, $GAD_CPU, and what an exec takes and refuses. Also prints the levels of
 * this machine, for tests/run.sh. */
#include "engine/exec.h"
#include "engine/kernels/gemm_list.h"
#include "engine/kernels/vec_list.h"
#include "tests/tap.h"

enum {
    LEVELS = 0
#define COUNT_LEVEL(code, name) +1
    ENG_CPU_LEVELS(COUNT_LEVEL)
#undef COUNT_LEVEL
};

static void test_names(void)
{
    struct eng_why why;
    for (int i = 0; i < LEVELS; i++) {
        enum eng_cpu level = (enum eng_cpu)((i + 1) % LEVELS);
        const char *name = eng_cpu_name((enum eng_cpu)i);
        CHECK(eng_cpu_parse(&level, name, &why) == ENG_OK && (int)level == i, "level %s", name);
    }
    static const char *const wrong[] = {"avx3", "AVX2", "", "avx2 ", "scalar,avx2"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        enum eng_cpu level = ENG_CPU_SCALAR;
        why.text[0] = '\0';
        CHECK(eng_cpu_parse(&level, wrong[i], &why) == ENG_ARG && strstr(why.text, "scalar"),
              "no level '%s': %s", wrong[i], why.text);
        CHECK(eng_cpu_parse(&level, wrong[i], NULL) == ENG_ARG, "without a place for the reason");
    }
    char model[64], little[4];
    eng_cpu_model(model, sizeof model);
    eng_cpu_model(little, sizeof little);
    CHECK(model[0] && model[0] != ' ' && strlen(little) < 4 && !strncmp(little, model, 3),
          "the processor is %s", model);
}

/* An exec at `cap` has kernels of that level and no higher. */
static void check_level(const char *cap, enum eng_cpu expected, const char *what)
{
    struct eng_exec exec;
    struct eng_why why = {""};
    const int ok = eng_exec_init(&exec, 1, cap, &why) == ENG_OK;
    CHECK(ok && exec.cpu == expected && exec.gemm == eng_gemm_kernel_for(expected) &&
              exec.vec == eng_vec_kernel_for(expected) && exec.gemm->needs <= expected &&
              exec.vec->needs <= expected,
          "%s: %s%s", what, ok ? "" : "refused: ", why.text);
}

static void test_cap(void)
{
    const enum eng_cpu best = eng_cpu_best();
    struct eng_exec exec;
    struct eng_why why = {""};
    unsetenv("GAD_CPU");
    check_level(NULL, best, "without a cap, the best there is");
    for (int i = 0; i < LEVELS; i++) {
        const enum eng_cpu level = (enum eng_cpu)i;
        const char *name = eng_cpu_name(level);
        char what[64];
        setenv("GAD_CPU", name, 1);
        if (level <= best) {
            snprintf(what, sizeof what, "GAD_CPU=%s", name);
            check_level(NULL, level, what);
            check_level("scalar", ENG_CPU_SCALAR, "the argument goes before GAD_CPU");
        } else {
            CHECK(eng_exec_init(&exec, 1, NULL, &why) == ENG_UNSUPPORTED &&
                      strstr(why.text, name) && strstr(why.text, eng_cpu_name(best)),
                  "GAD_CPU=%s is refused: %s", name, why.text);
        }
        unsetenv("GAD_CPU");
        snprintf(what, sizeof what, "cap %s", name);
        if (level <= best)
            check_level(name, level, what);
        else
            CHECK(eng_exec_init(&exec, 1, name, NULL) == ENG_UNSUPPORTED, "%s is refused", what);
    }
    if (best + 1 == LEVELS)
        tap_skip("this processor has every level: none can be refused");
    setenv("GAD_CPU", "", 1);
    check_level(NULL, best, "an empty GAD_CPU is none");
    setenv("GAD_CPU", "abacus", 1);
    CHECK(eng_exec_init(&exec, 1, NULL, &why) == ENG_ARG && strstr(why.text, "abacus"),
          "an unknown GAD_CPU: %s", why.text);
    unsetenv("GAD_CPU");
}

static void test_thread_counts(void)
{
    struct eng_exec exec;
    struct eng_why why = {""};
    CHECK(eng_exec_init(&exec, -1, NULL, &why) == ENG_ARG && why.text[0], "-1 threads: %s",
          why.text);
    CHECK(eng_exec_init(&exec, 1025, NULL, NULL) == ENG_ARG, "1025 threads");
    const int all = eng_exec_init(&exec, 0, NULL, &why) == ENG_OK;
    CHECK(all && exec.threads == eng_exec_processors() && exec.threads >= 1,
          "0 threads are all: %d", exec.threads);
    const int most = eng_exec_processors() > 1 ? 3 : 1;
    CHECK(eng_exec_init(&exec, 3, NULL, &why) == ENG_OK &&
              (exec.threads == 3 || exec.threads == most),
          "3 threads");
}

/* Processors and systems that are not here. */
static void test_facts(void)
{
    const uint32_t first = 1u << 12 | 1u << 27 | 1u << 28, avx2 = 1u << 5;
    const uint32_t avx512 = avx2 | 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
    const uint32_t amx = 1u << 22 | 1u << 24;
    const struct {
        const char *what;
        struct eng_cpu_facts facts;
        enum eng_cpu level;
    } cases[] = {
        {"nothing known", {0, 0, 0, 0, 0}, ENG_CPU_SCALAR},
        {"all there is", {first, avx512, amx, 0x600e7, 1}, ENG_CPU_AMX},
        {"tiles that the system refuses", {first, avx512, amx, 0x600e7, 0}, ENG_CPU_AVX512},
        {"tiles that it does not save", {first, avx512, amx, 0xe7, 1}, ENG_CPU_AVX512},
        {"of tiles the configuration alone", {first, avx512, amx, 0x200e7, 1}, ENG_CPU_AVX512},
        {"tiles without bf16", {first, avx512, 1u << 24, 0x600e7, 1}, ENG_CPU_AVX512},
        {"tiles, but no AVX-512", {first, avx2, amx, 0x600e7, 1}, ENG_CPU_AVX2},
        {"AVX-512", {first, avx512, 0, 0xe7, 1}, ENG_CPU_AVX512},
        {"AVX-512 without BW", {first, avx512 & ~(1u << 30), 0, 0xe7, 1}, ENG_CPU_AVX2},
        {"AVX-512 that is not saved", {first, avx512, 0, 0x7, 1}, ENG_CPU_AVX2},
        {"AVX2 that is not saved", {first, avx2, 0, 0x3, 1}, ENG_CPU_SCALAR},
        {"AVX2 without FMA", {first & ~(1u << 12), avx2, 0, 0x7, 1}, ENG_CPU_SCALAR},
        {"no XSAVE by the system", {first & ~(1u << 27), avx512, amx, 0, 1}, ENG_CPU_SCALAR},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(eng_cpu_level(&cases[i].facts) == cases[i].level, "%s: %s", cases[i].what,
              eng_cpu_name(cases[i].level));
}

/* What each precision comes to. */
static void test_precisions(void)
{
    const enum eng_cpu best = eng_cpu_best();
    struct eng_exec exec;
    if (eng_exec_init(&exec, 1, eng_cpu_name(best), NULL) != ENG_OK)
        exit(1);
    const char *fastest = best == ENG_CPU_AMX ? "bf16x3" : "f32-winograd";
    CHECK(!strcmp(eng_exec_arithmetic(&exec), fastest), "auto: %s", fastest);
    struct eng_exec other = exec;
    CHECK(eng_exec_same_packs(&exec, &other), "packs serve an exec like theirs");
    for (int p = 0; eng_precision_name((enum eng_precision)p); p++) {
        const char *name = eng_precision_name((enum eng_precision)p);
        eng_exec_set_precision(&other, (enum eng_precision)p);
        CHECK(p == ENG_PRECISION_AUTO || !strcmp(eng_exec_arithmetic(&other), name), "%s", name);
        CHECK(eng_exec_same_packs(&exec, &other) == !strcmp(eng_exec_arithmetic(&other), fastest),
              "and packs serve those who compute alike");
    }
    if (best == ENG_CPU_AMX) {
        CHECK(eng_exec_init(&exec, 1, "avx512", NULL) == ENG_OK &&
                  !strcmp(eng_exec_arithmetic(&exec), "f32-winograd"),
              "below tiles, Winograd");
    }
}

enum { TASKS = 1000 };

struct tally {
    unsigned char runs[TASKS], worker_ok[TASKS];
    int threads;
};

static void count_task(void *context, size_t i, int worker)
{
    struct tally *tally = context;
    tally->runs[i]++;
    tally->worker_ok[i] = worker >= 0 && worker < tally->threads;
}

static void test_run(void)
{
    for (int threads = 1; threads <= 5; threads += 2)
        for (size_t count = 0; count <= TASKS; count += count < 3 ? 1 : 997) {
            struct eng_exec exec;
            struct tally tally = {{0}, {0}, 0};
            int right = eng_exec_init(&exec, threads, "scalar", NULL) == ENG_OK;
            tally.threads = exec.threads;
            eng_exec_run(&exec, count, count_task, &tally);
            for (size_t i = 0; i < TASKS; i++)
                right &= tally.runs[i] == (i < count) && tally.worker_ok[i] == (i < count);
            CHECK(right, "%d threads run %zu tasks once each", threads, count);
        }
}

int main(void)
{
    printf("# levels:");
    for (int i = 0; i <= (int)eng_cpu_best(); i++)
        printf(" %s", eng_cpu_name((enum eng_cpu)i));
    printf("\n");
    test_names();
    test_facts();
    test_cap();
    test_precisions();
    test_thread_counts();
    test_run();
    return tap_done();
}
