/* An allocator that fails when told to, for test_alloc.c, and counts bytes, for test_budget.c.
 *
 * The program is linked with -Wl,--wrap=malloc and so on, which sends the calls of the library and
 * of the test, though not those that libc makes for itself, to the functions of alloc_fail.c. The
 * library needs no hook for it. Safe with threads. */
#ifndef ALLOC_FAIL_H
#define ALLOC_FAIL_H

#include <stddef.h>

/* The n-th allocation from now on fails, and only that; 0: none does. */
void alloc_fail_at(size_t n);

/* 1 if that allocation was asked for. */
int alloc_fail_happened(void);

/* Bytes of the largest one that was asked for since alloc_fail_at. */
size_t alloc_fail_largest(void);

/* Blocks that wrapped calls allocated and nobody has freed. */
size_t alloc_fail_live(void);

/* The most bytes that were in such blocks at once since the last call, beyond those that were when
 * it was made: so the first call begins to count. */
size_t alloc_fail_peak(void);

#endif
