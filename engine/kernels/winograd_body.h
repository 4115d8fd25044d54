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

/* ---- two dimensions, n channels (n <= LANES) ------------------------------------------------- */

enum { IN = ENG_WINOGRAD_IN, OUT = ENG_WINOGRAD_OUT, TAPS = 3 };

/* FROM x FROM numbers become TO x TO: columns first, by way of t[TO][FROM]. */
#define SQUARE(FROM, TO, line, read, write)                                                        \
    lanes t[TO * FROM];                                                                            \
    _Pragma("GCC unroll 6") for (size_t j = 0; j < FROM; j++)                                      \
    {                                                                                              \
        lanes column[FROM];                                                                        \
        _Pragma("GCC unroll 6") for (size_t i = 0; i < FROM; i++)                                  \
            column[i] = load(read(i * FROM + j), n);                                               \
        line(t + j, FROM, column);                                                                 \
    }                                                                                              \
    _Pragma("GCC unroll 6") for (size_t i = 0; i < TO; i++)                                        \
    {                                                                                              \
        lanes row[TO];                                                                             \
        line(row, 1, t + i * FROM);                                                                \
        _Pragma("GCC unroll 6") for (size_t j = 0; j < TO; j++)                                    \
            store(write(i *TO + j), row[j], n);                                                    \
    }

#define READ(k)  (d[k] + first)
#define WRITE(k) (v + (k)*step)
static inline void input_tile(float *v, size_t step, const float *const d[36], size_t first,
                              size_t n)
{
    SQUARE(IN, IN, input_line, READ, WRITE)
}
#undef READ
#undef WRITE

#define READ(k)  (g + (k)*ldg)
#define WRITE(k) (u + (k)*step)
static inline void filter_tile(float *u, size_t step, const float *g, size_t ldg, size_t n)
{
    SQUARE(TAPS, IN, filter_line, READ, WRITE)
}
#undef READ
#undef WRITE

#define READ(k)  (m + (k)*step)
#define WRITE(k) (y + (k)*ldy)
static inline void output_tile(float *y, size_t ldy, const float *m, size_t step, size_t n)
{
    SQUARE(IN, OUT, output_line, READ, WRITE)
}
#undef READ
#undef WRITE

#define READ(k)  (dy[k] + first)
#define WRITE(k) (z + (k)*step)
static inline void output_grad_tile(float *z, size_t step, const float *const dy[16], size_t first,
                                    size_t n)
{
    SQUARE(OUT, IN, output_grad_line, READ, WRITE)
}
#undef READ
#undef WRITE

#define READ(k)  (u + (k)*step)
#define WRITE(k) (dg + (k)*ldg)
static inline void filter_grad_tile(float *dg, size_t ldg, const float *u, size_t step, size_t n)
{
    SQUARE(IN, TAPS, filter_grad_line, READ, WRITE)
}
#undef READ
#undef WRITE

/* ---- all channels ---------------------------------------------------------------------------- */

static void input(float *v, size_t step, const float *const d[36], size_t first, size_t channels)
{
    size_t c = 0;
    for (; c + LANES <= channels; c += LANES)
        input_tile(v + c, step, d, first + c, LANES);
    if (c < channels)
        input_tile(v + c, step, d, first + c, channels - c);
}

static void filter(float *u, size_t step, const float *g, size_t ldg, size_t channels)
{
    size_t c = 0;
    for (; c + LANES <= channels; c += LANES)
        filter_tile(u + c, step, g + c, ldg, LANES);
    if (c < channels)
        filter_tile(u + c, step, g + c, ldg, channels - c);
}

static void output(float *y, size_t ldy, const float *m, size_t step, size_t channels)
{
    size_t c = 0;
    for (; c + LANES <= channels; c += LANES)
        output_tile(y + c, ldy, m + c, step, LANES);
    if (c < channels)
        output_tile(y + c, ldy, m + c, step, channels - c);
}

static void output_grad(float *z, size_t step, const float *const dy[16], size_t first,
                        size_t channels)
{
    size_t c = 0;
    for (; c + LANES <= channels; c += LANES)
        output_grad_tile(z + c, step, dy, first + c, LANES);
    if (c < channels)
        output_grad_tile(z + c, step, dy, first + c, channels - c);
}

static void filter_grad(float *dg, size_t ldg, const float *u, size_t step, size_t channels)
{
    size_t c = 0;
    for (; c + LANES <= channels; c += LANES)
        filter_grad_tile(dg + c, ldg, u + c, step, LANES);
    if (c < channels)
        filter_grad_tile(dg + c, ldg, u + c, step, channels - c);
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
