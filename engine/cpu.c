#include "engine/cpu.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *const level_names[] = {
#define ENG_CPU_TEXT(code, name) #name,
    ENG_CPU_LEVELS(ENG_CPU_TEXT)
#undef ENG_CPU_TEXT
};

#if defined(__x86_64__)
#include <cpuid.h>

/* The register states that the system saves at a task switch: without that bit an instruction
 * that CPUID promises still faults. */
static uint64_t saved_states(void)
{
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

enum eng_cpu eng_cpu_best(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return ENG_CPU_SCALAR;
    const unsigned osxsave = 1u << 27, fma = 1u << 12, avx = 1u << 28;
    if ((c & (osxsave | fma | avx)) != (osxsave | fma | avx))
        return ENG_CPU_SCALAR;
    const uint64_t states = saved_states();
    const uint64_t ymm = 0x6, zmm = 0xe6; /* SSE+AVX; and opmask, upper halves, zmm16-31 */
    if ((states & ymm) != ymm || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return ENG_CPU_SCALAR;
    const unsigned avx2 = 1u << 5;
    const unsigned avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; /* F, DQ, BW, VL */
    if (!(b & avx2))
        return ENG_CPU_SCALAR;
    if ((b & avx512) != avx512 || (states & zmm) != zmm)
        return ENG_CPU_AVX2;
    return ENG_CPU_AVX512;
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
