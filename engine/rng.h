/* Random numbers that a seed pins down: the same seed and stream give the same numbers on every
 * machine and with any number of threads (each user of randomness has a stream of its own).
 *
 * The generator is xoshiro256** (Blackman and Vigna, 2018): 256 bits of state, period 2^256 - 1.
 * All of its state is in the struct, so copying the struct copies the generator, and a training
 * run can be saved and continued.
 */
#ifndef ENG_RNG_H
#define ENG_RNG_H

#include <stddef.h>
#include <stdint.h>

struct eng_rng {
    uint64_t s[4]; /* not all zero */
};

/* Starts stream `stream` of `seed`. Different pairs give unrelated sequences, also when both
 * numbers are small: streams may simply be counted 0, 1, 2, ... */
void eng_rng_init(struct eng_rng *r, uint64_t seed, uint64_t stream);

/* 64 random bits. */
uint64_t eng_rng_u64(struct eng_rng *r);

/* Uniform in [0, 1): a multiple of 2^-24 (float) or 2^-53 (double). Takes one number each. */
float eng_rng_uniform(struct eng_rng *r);
double eng_rng_uniform64(struct eng_rng *r);

/* Normal with mean 0 and variance 1, by Marsaglia's polar method. Takes at least two numbers. */
float eng_rng_normal(struct eng_rng *r);

/* Uniform in 0 .. n-1, exactly (no modulo bias); n > 0. Almost always takes one number. */
size_t eng_rng_below(struct eng_rng *r, size_t n);

/* Puts index[0..n) into random order, every order as likely as any other. */
void eng_rng_shuffle(struct eng_rng *r, size_t *index, size_t n);

#endif
