#define _DEFAULT_SOURCE /* syscall */
#include "engine/cpu.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *const level_names[] = {
#define ENG_CPU_TEXT(code, name) #name,
    ENG_CPU_LEVELS(ENG_CPU_TEXT)
#undef ENG_CPU_TEXT
};

/* Bits of CPUID and of XCR0. */
enum {
    FMA = 1u << 12,
    OSXSAVE = 1u << 27,
    AVX = 1u << 28,
    AVX2 = 1u << 5,
    AMX = 1u << 22 | 1u << 24, /* BF16, TILE */
    YMM = 0x6,                 /* SSE, AVX */
    ZMM = 0xe6,                /* and opmask, upper halves, zmm16 to zmm31 */
    TILES = 0x60000,           /* configuration, data */
};
#define AVX512 (1u << 16 | 1u << 17 | 1u << 30 | 1u << 31) /* F, DQ, BW, VL */

enum eng_cpu eng_cpu_level(const struct eng_cpu_facts *f)
{
    const uint32_t first = OSXSAVE | FMA | AVX;
    if ((f->features & first) != first || (f->saved & YMM) != YMM || !(f->extended & AVX2))
        return ENG_CPU_SCALAR;
    if ((f->extended & AVX512) != AVX512 || (f->saved & ZMM) != ZMM)
        return ENG_CPU_AVX2;
    if ((f->matrices & AMX) != AMX || (f->saved & TILES) != TILES || !f->tiles_allowed)
        return ENG_CPU_AVX512;
    return ENG_CPU_AMX;
}

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* The register states that the system saves at a task switch: without that bit an instruction
 * that CPUID promises still faults. */
static uint64_t saved_states(void)
{
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

/* Tiles are 8 KiB of state for each thread, which Linux saves for those alone who ask. */
static int ask_for_tiles(void)
{
#if defined(__linux__) && defined(SYS_arch_prctl)
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
    return 0;
#endif
}

enum eng_cpu eng_cpu_best(void)
{
    struct eng_cpu_facts f = {0};
    unsigned a, b, c, d;
    if (__get_cpuid(1, &a, &b, &c, &d))
        f.features = c;
    if (f.features & OSXSAVE)
        f.saved = saved_states();
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        f.extended = b;
        f.matrices = d;
    }
    f.tiles_allowed = 1;
    if (eng_cpu_level(&f) == ENG_CPU_AMX)
        f.tiles_allowed = ask_for_tiles();
    return eng_cpu_level(&f);
}

void eng_cpu_model(char *text, size_t size)
{
    unsigned r[12] = {0};
    for (unsigned leaf = 0; leaf < 3; leaf++)
        __get_cpuid(0x80000002u + leaf, &r[4 * leaf], &r[4 * leaf + 1], &r[4 * leaf + 2],
                    &r[4 * leaf + 3]);
    char brand[sizeof r + 1];
    memcpy(brand, r, sizeof r);
    brand[sizeof r] = '\0';
    const char *start = brand + strspn(brand, " ");
    snprintf(text, size, "%s", *start ? start : "unknown processor");
    for (size_t n = strlen(text); n && text[n - 1] == ' ';)
        text[--n] = '\0';
}

#else

enum eng_cpu eng_cpu_best(void)
{
    return ENG_CPU_SCALAR;
}

void eng_cpu_model(char *text, size_t size)
{
    snprintf(text, size, "unknown processor");
}

#endif

const char *eng_cpu_name(enum eng_cpu level)
{
    return level_names[level];
}

enum eng_err eng_cpu_parse(enum eng_cpu *level, const char *name, struct eng_why *why)
{
    const size_t count = sizeof level_names / sizeof *level_names;
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, level_names[i]) == 0) {
            *level = (enum eng_cpu)i;
            return ENG_OK;
        }
    char list[128] = "";
    for (size_t i = 0; i < count; i++) {
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", level_names[i]);
    }
    return eng_fail(why, ENG_ARG, "'%s' is no CPU level; there are: %s", name, list);
}
