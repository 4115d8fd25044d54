/* Which instructions this processor, and its operating system, let us use. */
#ifndef ENG_CPU_H
#define ENG_CPU_H

#include "engine/err.h"

#include <stddef.h>
#include <stdint.h>

/* Levels in ascending order; each includes those before it. A new one is one line here, one test in
 * cpu.c, and its rows in engine/kernels. */
#define ENG_CPU_LEVELS(X) X(SCALAR, scalar) X(AVX2, avx2) X(AVX512, avx512) X(AMX, amx)

enum eng_cpu {
#define ENG_CPU_ENUM(code, name) ENG_CPU_##code,
    ENG_CPU_LEVELS(ENG_CPU_ENUM)
#undef ENG_CPU_ENUM
};

/* The highest level that CPUID reports and whose registers the system saves (XCR0). For the tiles
 * of AMX, Linux wants to be asked, once a process: this does. */
enum eng_cpu eng_cpu_best(void);

/* What that depends on, and the level that follows: apart, so that machines that are not there can
 * be tested. On other processors than x86-64 all are 0. */
struct eng_cpu_facts {
    uint32_t features; /* CPUID leaf 1, ecx */
    uint32_t extended; /* leaf 7, ebx */
    uint32_t matrices; /* leaf 7, edx */
    uint64_t saved;    /* XCR0; read only where `features` says that it is there */
    int tiles_allowed; /* the system's answer; asked only where the rest is there */
};
enum eng_cpu eng_cpu_level(const struct eng_cpu_facts *facts);

/* "scalar", "avx2", ... */
const char *eng_cpu_name(enum eng_cpu level);

/* The level called `name`. ENG_ARG, with the names there are, for anything else. */
enum eng_err eng_cpu_parse(enum eng_cpu *level, const char *name, struct eng_why *why);

/* The processor's own name, as CPUID gives it ("unknown processor" elsewhere). */
void eng_cpu_model(char *text, size_t size);

#endif
