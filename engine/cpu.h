/* Which instructions this processor, and its operating system, let us use. */
#ifndef ENG_CPU_H
#define ENG_CPU_H

#include "engine/err.h"

#include <stddef.h>

/* Levels in ascending order; each includes those before it. A new one (AMX, NEON) is one line here,
 * one test in cpu.c, and its rows in engine/kernels. */
#define ENG_CPU_LEVELS(X) X(SCALAR, scalar) X(AVX2, avx2) X(AVX512, avx512)

enum eng_cpu {
#define ENG_CPU_ENUM(code, name) ENG_CPU_##code,
    ENG_CPU_LEVELS(ENG_CPU_ENUM)
#undef ENG_CPU_ENUM
};

/* The highest level that CPUID reports and whose registers the system saves (XCR0). */
enum eng_cpu eng_cpu_best(void);

/* "scalar", "avx2", ... */
const char *eng_cpu_name(enum eng_cpu level);

/* The level called `name`. ENG_ARG, with the names there are, for anything else. */
enum eng_err eng_cpu_parse(enum eng_cpu *level, const char *name, struct eng_why *why);

/* The processor's own name, as CPUID gives it ("unknown processor" elsewhere). */
void eng_cpu_model(char *text, size_t size);

#endif
