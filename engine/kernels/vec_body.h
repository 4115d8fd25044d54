/* The text of the element-wise loops. Each vec_LEVEL.c defines VEC_LEVEL and VEC_NEEDS, and
 * includes this once: plain C that compilers vectorise with that file's instructions, but for the
 * bits of ReLUs, which they do not. */
#include "engine/kernels/vec_list.h"

#include <float.h>
#include <math.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define EACH(value)                                                                                \
    for (size_t c = 0; c < channels; c++)                                                          \
    y[c] = (value)

static void affine(float *y, size_t ldy, const float *x, size_t ldx, const float *add, size_t ldadd,
                   const float *scale, const float *shift, size_t rows, size_t channels, int relu)
{
    /* One pass a row, so that y may be add; one loop a case, so that compilers vectorise each. */
    for (size_t r = 0; r < rows; r++, y += ldy, x += ldx, add = add ? add + ldadd : add) {
        if (scale && shift && add)
            EACH(x[c] * scale[c] + shift[c] + add[c]);
        else if (scale && shift)
            EACH(x[c] * scale[c] + shift[c]);
        else if (scale && add)
            EACH(x[c] * scale[c] + add[c]);
        else if (scale)
            EACH(x[c] * scale[c]);
        else if (shift && add)
            EACH(x[c] + shift[c] + add[c]);
        else if (shift)
            EACH(x[c] + shift[c]);
        else if (add)
            EACH(x[c] + add[c]);
        else if (y != x)
            EACH(x[c]);
        if (relu) /* a NaN stays one: it must not pass for a dead unit */
            EACH(y[c] < 0.0f ? 0.0f : y[c]);
    }
}

#undef EACH

static void accumulate(float *y, const float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] += x[i];
}

/* A square of EDGE x EDGE. */
enum { EDGE = 8 };

#if defined(__AVX2__)
/* Rows by pairs, pairs by pairs, halves: with the letter for the row, of the first four columns
 *
 *      a0 a1 a2 a3      a0 b0 a1 b1      a0 b0 c0 d0
 *      b0 b1 b2 b3  ->  a2 b2 a3 b3  ->  a1 b1 c1 d1
 *      c0 c1 c2 c3      c0 d0 c1 d1      a2 b2 c2 d2
 *      d0 d1 d2 d3      c2 d2 c3 d3      a3 b3 c3 d3
 */
static inline void square(float *dst, ptrdiff_t ldd, const float *src, size_t lds)
{
    __m256 row[EDGE], pair[EDGE], four[EDGE];
#pragma GCC unroll 8
    for (int i = 0; i < EDGE; i++)
        row[i] = _mm256_loadu_ps(src + (size_t)i * lds);
#pragma GCC unroll 4
    for (int i = 0; i < EDGE; i += 2) {
        pair[i] = _mm256_unpacklo_ps(row[i], row[i + 1]);
        pair[i + 1] = _mm256_unpackhi_ps(row[i], row[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < EDGE; i += 4)
#pragma GCC unroll 2
        for (int j = 0; j < 2; j++) {
            four[i + 2 * j] = _mm256_shuffle_ps(pair[i + j], pair[i + j + 2], 0x44);
            four[i + 2 * j + 1] = _mm256_shuffle_ps(pair[i + j], pair[i + j + 2], 0xee);
        }
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
        _mm256_storeu_ps(dst + j * ldd, _mm256_permute2f128_ps(four[j], four[j + 4], 0x20));
        _mm256_storeu_ps(dst + (j + 4) * ldd, _mm256_permute2f128_ps(four[j], four[j + 4], 0x31));
    }
}
#else
static inline void square(float *dst, ptrdiff_t ldd, const float *src, size_t lds)
{
    for (int j = 0; j < EDGE; j++, dst += ldd)
        for (int i = 0; i < EDGE; i++)
            dst[i] = src[(size_t)i * lds + (size_t)j];
}
#endif

/* Squares; at the end one that overlaps the last, if there is room for one at all. */
static void transpose(float *dst, ptrdiff_t ldd, const float *src, size_t lds, size_t rows,
                      size_t cols)
{
    if (rows < EDGE || cols < EDGE) {
        for (size_t j = 0; j < cols; j++, dst += ldd)
            for (size_t i = 0; i < rows; i++)
                dst[i] = src[i * lds + j];
        return;
    }
    for (size_t r = 0; r < rows; r += EDGE)
        for (size_t c = 0; c < cols; c += EDGE) {
            const size_t i = r + EDGE <= rows ? r : rows - EDGE;
            const size_t j = c + EDGE <= cols ? c : cols - EDGE;
            square(dst + (ptrdiff_t)j * ldd + i, ldd, src + i * lds + j, lds);
        }
}

/* Up to LANES bits, and the numbers they let through, by the one instruction that each level has
 * for it. n < LANES only at the end. */
#if defined(__AVX512F__)
enum { LANES = 16 };

static inline unsigned positive(const float *y, size_t n)
{
    const __mmask16 there = (__mmask16)((1u << n) - 1);
    return _mm512_mask_cmp_ps_mask(there, _mm512_maskz_loadu_ps(there, y), _mm512_setzero_ps(),
                                   _CMP_GT_OQ);
}

static inline void pass_on(float *dx, const float *dy, unsigned bits, size_t n, int add)
{
    const __mmask16 there = (__mmask16)((1u << n) - 1);
    __m512 g = _mm512_maskz_loadu_ps((__mmask16)bits, dy);
    if (add)
        g = _mm512_add_ps(_mm512_maskz_loadu_ps(there, dx), g);
    _mm512_mask_storeu_ps(dx, there, g);
}
#elif defined(__AVX2__)
enum { LANES = 8 };

static inline __m256i first(size_t n)
{
    const __m256i i = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), i);
}

static inline unsigned positive(const float *y, size_t n)
{
    const __m256 v = _mm256_maskload_ps(y, first(n));
    return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_GT_OQ));
}

static inline void pass_on(float *dx, const float *dy, unsigned bits, size_t n, int add)
{
    const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i on = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int)bits), bit), bit);
    __m256 g = _mm256_and_ps(_mm256_maskload_ps(dy, first(n)), _mm256_castsi256_ps(on));
    if (add)
        g = _mm256_add_ps(_mm256_maskload_ps(dx, first(n)), g);
    _mm256_maskstore_ps(dx, first(n), g);
}
#else
enum { LANES = 8 };

static inline unsigned positive(const float *y, size_t n)
{
    unsigned bits = 0;
    for (size_t i = 0; i < n; i++)
        bits |= (unsigned)(y[i] > 0.0f) << i;
    return bits;
}

static inline void pass_on(float *dx, const float *dy, unsigned bits, size_t n, int add)
{
    for (size_t i = 0; i < n; i++) {
        const float g = bits >> i & 1 ? dy[i] : 0.0f;
        dx[i] = add ? dx[i] + g : g;
    }
}
#endif

static void relu_bits(uint8_t *bits, const float *y, size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        const size_t n = count - i < LANES ? count - i : LANES;
        const unsigned b = positive(y + i, n);
        for (size_t k = 0; k < n; k += 8)
            *bits++ = (uint8_t)(b >> k);
    }
}

static inline void relu_grad_by(float *dx, const float *dy, const uint8_t *bits, size_t count,
                                enum eng_relu_rule rule, int add)
{
    for (size_t i = 0; i < count; i += LANES) {
        const size_t n = count - i < LANES ? count - i : LANES;
        unsigned b = 0;
        for (size_t k = 0; k < n && rule != ENG_RELU_DECONV; k += 8)
            b |= (unsigned)*bits++ << k;
        if (rule == ENG_RELU_DECONV)
            b = positive(dy + i, n);
        else if (rule == ENG_RELU_GUIDED)
            b &= positive(dy + i, n);
        pass_on(dx + i, dy + i, b, n, add);
    }
}

static void relu_grad(float *dx, const float *dy, const uint8_t *bits, size_t count,
                      enum eng_relu_rule rule, int add)
{
    switch (rule) { /* one loop a rule */
    case ENG_RELU_STANDARD:
        relu_grad_by(dx, dy, bits, count, ENG_RELU_STANDARD, add);
        break;
    case ENG_RELU_DECONV:
        relu_grad_by(dx, dy, bits, count, ENG_RELU_DECONV, add);
        break;
    case ENG_RELU_GUIDED:
        relu_grad_by(dx, dy, bits, count, ENG_RELU_GUIDED, add);
        break;
    }
}

static void moments(const float *x, size_t rows, size_t channels, float *mean, float *m2)
{
    /* Two passes over rows that are still in the cache: exact where one pass cancels. */
    for (size_t c = 0; c < channels; c++)
        mean[c] = m2[c] = 0.0f;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++)
            mean[c] += x[r * channels + c];
    for (size_t c = 0; c < channels; c++)
        mean[c] /= (float)rows;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++) {
            const float d = x[r * channels + c] - mean[c];
            m2[c] += d * d;
        }
}

static void norm_grad_sums(const float *dy, const float *x, const float *mean, const float *inv_std,
                           size_t rows, size_t channels, float *sum, float *sum_x)
{
    for (size_t c = 0; c < channels; c++)
        sum[c] = sum_x[c] = 0.0f;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++) {
            const float g = dy[r * channels + c];
            sum[c] += g;
            sum_x[c] += g * ((x[r * channels + c] - mean[c]) * inv_std[c]);
        }
}

static void norm_grad(float *dx, const float *dy, const float *x, const float *a, const float *b,
                      const float *c, size_t rows, size_t channels, int add)
{
    for (size_t r = 0; r < rows; r++, dx += channels, dy += channels, x += channels)
        if (add)
            for (size_t i = 0; i < channels; i++)
                dx[i] += a[i] * dy[i] + b[i] * x[i] + c[i];
        else
            for (size_t i = 0; i < channels; i++)
                dx[i] = a[i] * dy[i] + b[i] * x[i] + c[i];
}

static void column_sums(const float *x, size_t rows, size_t channels, float *sum)
{
    for (size_t c = 0; c < channels; c++)
        sum[c] = 0.0f;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++)
            sum[c] += x[r * channels + c];
}

static void max_update(float *best, int32_t *tap, const float *x, size_t channels, int32_t index)
{
    for (size_t c = 0; c < channels; c++) {
        const int better = (x[c] > best[c]) | (x[c] != x[c]); /* NaN wins, as in PyTorch */
        best[c] = better ? x[c] : best[c];
        tap[c] = better ? index : tap[c];
    }
}

static void max_grad(float *dx, const float *dy, const uint8_t *place, size_t channels, int tap)
{
    for (size_t c = 0; c < channels; c++)
        dx[c] += place[c] == tap ? dy[c] : 0.0f;
}

/* x, or zero if it is denormal. Where gradients have stopped, a momentum sinks to the last denormal
 * numbers and stays there, since nine tenths of them round up again; and arithmetic with denormal
 * numbers is slow. */
static inline float flushed(float x)
{
    return fabsf(x) < FLT_MIN ? 0.0f : x;
}

static void adam(float *value, float *m, float *v, const float *grad, size_t count,
                 const struct eng_adam_step *step)
{
    /* Copies: as members they might be among what the loop writes, and be read each time. */
    const float beta1 = step->beta1, beta2 = step->beta2, eps = step->eps;
    const float keep1 = 1.0f - beta1, keep2 = 1.0f - beta2;
    const float rate = step->lr / step->correct1, root = sqrtf(step->correct2);
    const float shrink = 1.0f - step->lr * step->weight_decay;
    for (size_t i = 0; i < count; i++) {
        const float g = grad[i];
        m[i] = flushed(beta1 * m[i] + keep1 * g);
        v[i] = flushed(beta2 * v[i] + keep2 * g * g);
        value[i] = shrink * value[i] - rate * m[i] / (sqrtf(v[i]) / root + eps);
    }
}

static void sgd(float *value, float *velocity, const float *grad, size_t count, float lr,
                float momentum, float weight_decay)
{
    for (size_t i = 0; i < count; i++) {
        velocity[i] = flushed(momentum * velocity[i] + (grad[i] + weight_decay * value[i]));
        value[i] -= lr * velocity[i];
    }
}

#define VEC_NAME_(level)       eng_vec_##level
#define VEC_NAME(level)        VEC_NAME_(level)
#define VEC_TEXT_(level)       #level
#define VEC_TEXT(level)        VEC_TEXT_(level)
#define VEC_MEMBER(name, args) .name = name,

const struct eng_vec_kernel VEC_NAME(VEC_LEVEL) = {
    .name = VEC_TEXT(VEC_LEVEL), .needs = VEC_NEEDS, ENG_VEC_FUNCTIONS(VEC_MEMBER)};
