/* What the machine could do at best, measured: multiply-adds in registers, and memory streamed.
 * Clock rates change from minute to minute, so a figure is held against a ceiling measured beside
 * it. */
#ifndef BENCH_CEILING_H
#define BENCH_CEILING_H

#include "engine/exec.h"

#include <stddef.h>

/* GFLOP/s in float32 of the exec's CPU level on all its threads, no memory touched. Takes some
 * 50 ms; NaN for a level that has no loop in ceiling.c. */
double bench_fma_gflops(const struct eng_exec *exec);

/* GFLOP/s of bf16 products in the tile unit, likewise; NaN without one. */
double bench_tile_gflops(const struct eng_exec *exec);

/* What the exec's convolutions could reach: products in tiles, a third of them where it takes three
 * for one, or multiply-adds. (Winograd's algorithm does the work of more than it computes.) */
double bench_convolution_gflops(const struct eng_exec *exec);

/* GB/s of a[i] = b[i] + s c[i] on the exec's threads, three arrays of `bytes` each that should be
 * far larger than the caches. Counted are three transfers an element, as STREAM does; that the
 * processor may read a line before it overwrites it is not. NaN without memory for them. */
double bench_triad_gbs(const struct eng_exec *exec, size_t bytes);

#endif
