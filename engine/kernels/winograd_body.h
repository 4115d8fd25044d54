/* The text of Winograd's transforms. Each winograd_LEVEL.c defines WINOGRAD_LEVEL, WINOGRAD_NEEDS
 * and LANES, the floats of one of its vector registers, and includes this once.
 *
 * A transform of a square is the same one-dimensional transform of its columns, then of its rows.
 * Each is written for one vector of channels; points come in pairs +-p, whose even and odd powers
 * are summed once and then added and subtracted. */
#include "engine/kernels/winograd_list.h"

#include <string.h>

typedef float lanes __attribute__((vector_size(4 * LANES)));

/* The points +-A and +-B, and the factors 1 / (product of distances) that G carries. */
#define A      0.75f
#define B      1.5f
#define A2     (A * A)
#define B2     (B * B)
#define A3     (A * A * A)
#define B3     (B * B * B)
#define F_ZERO (float)(1.0 / ((double)A2 * B2))
#define F_A    (float)(1.0 / (2 * (double)A2 * ((double)A2 - B2)))
#define F_B    (float)(1.0 / (2 * (double)B2 * ((double)B2 - A2)))

/* The first n of a vector's numbers; the others are 0, and are not stored. */
static inline lanes load(const float *p, size_t n)
{
    lanes v = {0};
    if (n == LANES)
        memcpy(&v, p, sizeof v);
    else
        memcpy(&v, p, n * sizeof *p);
    return v;
}

static inline void store(float *p, lanes v, size_t n)
{
    if (n == LANES)
        memcpy(p, &v, sizeof v);
    else
        memcpy(p, &v, n * sizeof *p);
}

/* ---- one dimension: out[k * s], k = 0, 1, ... ------------------------------------------------ */

/* B^T: 6 from 6. */
static inline void input_line(lanes *out, size_t s, const lanes d[6])
{
    const lanes even_a = d[4] - B2 * d[2], odd_a = A * (d[3] - B2 * d[1]);
    const lanes even_b = d[4] - A2 * d[2], odd_b = B * (d[3] - A2 * d[1]);
    out[0 * s] = A2 * B2 * d[0] - (A2 + B2) * d[2] + d[4];
    out[1 * s] = even_a + odd_a;
    out[2 * s] = even_a - odd_a;
    out[3 * s] = even_b + odd_b;
    out[4 * s] = even_b - odd_b;
    out[5 * s] = A2 * B2 * d[1] - (A2 + B2) * d[3] + d[5];
}

/* G: 6 from 3. */
static inline void filter_line(lanes *out, size_t s, const lanes g[3])
{
    const lanes even_a = F_A * (g[0] + A2 * g[2]), odd_a = F_A * A * g[1];
    const lanes even_b = F_B * (g[0] + B2 * g[2]), odd_b = F_B * B * g[1];
    out[0 * s] = F_ZERO * g[0];
    out[1 * s] = even_a + odd_a;
    out[2 * s] = even_a - odd_a;
    out[3 * s] = even_b + odd_b;
    out[4 * s] = even_b - odd_b;
    out[5 * s] = g[2];
}

/* A^T: 4 from 6. */
static inline void output_line(lanes *out, size_t s, const lanes m[6])
{
    const lanes even_a = m[1] + m[2], odd_a = m[1] - m[2];
    const lanes even_b = m[3] + m[4], odd_b = m[3] - m[4];
    out[0 * s] = m[0] + even_a + even_b;
    out[1 * s] = A * odd_a + B * odd_b;
    out[2 * s] = A2 * even_a + B2 * even_b;
    out[3 * s] = A3 * odd_a + B3 * odd_b + m[5];
}

/* A: 6 from 4. */
static inline void output_grad_line(lanes *out, size_t s, const lanes y[4])
{
    const lanes even_a = y[0] + A2 * y[2], odd_a = A * y[1] + A3 * y[3];
    const lanes even_b = y[0] + B2 * y[2], odd_b = B * y[1] + B3 * y[3];
    out[0 * s] = y[0];
    out[1 * s] = even_a + odd_a;
    out[2 * s] = even_a - odd_a;
    out[3 * s] = even_b + odd_b;
    out[4 * s] = even_b - odd_b;
    out[5 * s] = y[3];
}

/* G^T: 3 from 6. */
static inline void filter_grad_line(lanes *out, size_t s, const lanes u[6])
{
    const lanes even_a = F_A * (u[1] + u[2]), odd_a = F_A * A * (u[1] - u[2]);
    const lanes even_b = F_B * (u[3] + u[4]), odd_b = F_B * B * (u[3] - u[4]);
    out[0 * s] = F_ZERO * u[0] + even_a + even_b;
    out[1 * s] = odd_a + odd_b;
    out[2 * s] = A2 * even_a + B2 * even_b + u[5];
}

/* ---- two dimensions ------------------------------------------------------------------------- */

enum { IN = ENG_WINOGRAD_IN, OUT = ENG_WINOGRAD_OUT, TAPS = 3 };

/* Channels c to c + n of FROM x FROM numbers become TO x TO: columns first, by way of t[TO][FROM].
 * read and write say where channel c of number k is. */
#define SQUARE(FROM, TO, line, read, write)                                                        \
    do {                                                                                           \
        lanes t[TO * FROM];                                                                        \
        _Pragma("GCC unroll 6") for (size_t j = 0; j < FROM; j++)                                  \
        {                                                                                          \
            lanes column[FROM];                                                                    \
            _Pragma("GCC unroll 6") for (size_t i = 0; i < FROM; i++)                              \
            {                                                                                      \
                const size_t k = i * FROM + j;                                                     \
                column[i] = load(read, n);                                                         \
            }                                                                                      \
            line(t + j, FROM, column);                                                             \
        }                                                                                          \
        _Pragma("GCC unroll 6") for (size_t i = 0; i < TO; i++)                                    \
        {                                                                                          \
            lanes row[TO];                                                                         \
            line(row, 1, t + i * FROM);                                                            \
            _Pragma("GCC unroll 6") for (size_t j = 0; j < TO; j++)                                \
            {                                                                                      \
                const size_t k = i * TO + j;                                                       \
                store(write, row[j], n);                                                           \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/* All channels: whole vectors, with n a constant, and what is left. */
#define CHANNELS(FROM, TO, line, read, write)                                                      \
    size_t c = 0;                                                                                  \
    for (; c + LANES <= channels; c += LANES) {                                                    \
        enum { n = LANES };                                                                        \
        SQUARE(FROM, TO, line, read, write);                                                       \
    }                                                                                              \
    if (c < channels) {                                                                            \
        const size_t n = channels - c;                                                             \
        SQUARE(FROM, TO, line, read, write);                                                       \
    }

static void input(float *v, size_t step, const float *const d[36], size_t first, size_t channels)
{
    CHANNELS(IN, IN, input_line, d[k] + first + c, v + k * step + c)
}

static void filter(float *u, size_t step, const float *g, size_t ldg, size_t channels)
{
    CHANNELS(TAPS, IN, filter_line, g + k * ldg + c, u + k * step + c)
}

static void output(float *y, size_t ldy, const float *m, size_t step, size_t channels)
{
    CHANNELS(IN, OUT, output_line, m + k * step + c, y + k * ldy + c)
}

static void output_grad(float *z, size_t step, const float *const dy[16], size_t first,
                        size_t channels)
{
    CHANNELS(OUT, IN, output_grad_line, dy[k] + first + c, z + k * step + c)
}

static void filter_grad(float *dg, size_t ldg, const float *u, size_t step, size_t channels)
{
    CHANNELS(IN, TAPS, filter_grad_line, u + k * step + c, dg + k * ldg + c)
}

#define WINOGRAD_NAME_(level)       eng_winograd_##level
#define WINOGRAD_NAME(level)        WINOGRAD_NAME_(level)
#define WINOGRAD_TEXT_(level)       #level
#define WINOGRAD_TEXT(level)        WINOGRAD_TEXT_(level)
#define WINOGRAD_MEMBER(name, args) .name = name,

const struct eng_winograd_kernel WINOGRAD_NAME(WINOGRAD_LEVEL) = {
    .name = WINOGRAD_TEXT(WINOGRAD_LEVEL),
    .needs = WINOGRAD_NEEDS,
    ENG_WINOGRAD_FUNCTIONS(WINOGRAD_MEMBER)};
