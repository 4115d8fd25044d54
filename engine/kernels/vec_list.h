/* The element-wise and per-channel loops, compiled once a level from one text (vec_body.h).
 *
 * No fused multiply-adds and no reassociation: every level gives the same bits. Arrays of rows are
 * [rows][channels], channels contiguous, `ld` floats from row to row. Output may be the same array
 * as an input, or disjoint from it. */
#ifndef ENG_KERNELS_VEC_LIST_H
#define ENG_KERNELS_VEC_LIST_H

#include "engine/cpu.h"

#include <stddef.h>
#include <stdint.h>

/* Which gradient a ReLU lets pass, y its output and g the gradient that arrives at it:
 *   standard         g where y > 0      (relu'(0) = 0)
 *   deconvolution    max(g, 0)          (Zeiler & Fergus 2014)
 *   guided           max(g, 0) where y > 0   (Springenberg et al. 2015) */
enum eng_relu_rule { ENG_RELU_STANDARD, ENG_RELU_DECONV, ENG_RELU_GUIDED };

struct eng_adam_step {
    float lr, beta1, beta2, eps;
    float weight_decay;       /* decoupled: value -= lr * weight_decay * value */
    float correct1, correct2; /* 1 - beta1^t and 1 - beta2^t */
};

#define ENG_VEC_FUNCTIONS(X)                                                                       \
    /* y = x * scale + shift + add, then max(0, .) if relu; scale, shift, add may be NULL */       \
    X(affine, (float *y, size_t ldy, const float *x, size_t ldx, const float *add, size_t ldadd,   \
               const float *scale, const float *shift, size_t rows, size_t channels, int relu))    \
    /* dst[j * ldd + i] = src[i * lds + j], i < rows, j < cols; ldd may be negative */             \
    X(transpose,                                                                                   \
      (float *dst, ptrdiff_t ldd, const float *src, size_t lds, size_t rows, size_t cols))         \
    /* y += x */                                                                                   \
    X(accumulate, (float *y, const float *x, size_t count))                                        \
    /* bit i % 8 of bits[i / 8] = y[i] > 0; what is left of the last byte is 0 */                  \
    X(relu_bits, (uint8_t * bits, const float *y, size_t count))                                   \
    /* dx = (add ? dx : 0) + the gradient a ReLU with these bits passes on of dy */                \
    X(relu_grad, (float *dx, const float *dy, const uint8_t *bits, size_t count,                   \
                  enum eng_relu_rule rule, int add))                                               \
    /* mean and sum of squared deviations of each channel over rows (rows > 0) */                  \
    X(moments, (const float *x, size_t rows, size_t channels, float *mean, float *m2))             \
    /* sum = sum of dy, sum_x = sum of dy * (x - mean) * inv_std, over rows */                     \
    X(norm_grad_sums, (const float *dy, const float *x, const float *mean, const float *inv_std,   \
                       size_t rows, size_t channels, float *sum, float *sum_x))                    \
    /* dx = (add ? dx : 0) + a * dy + b * x + c, a, b, c of each channel */                        \
    X(norm_grad, (float *dx, const float *dy, const float *x, const float *a, const float *b,      \
                  const float *c, size_t rows, size_t channels, int add))                          \
    /* sum = sum over rows */                                                                      \
    X(column_sums, (const float *x, size_t rows, size_t channels, float *sum))                     \
    /* Where x > best or x is NaN: best = x, tap = index */                                        \
    X(max_update, (float *best, int32_t *tap, const float *x, size_t channels, int32_t index))     \
    /* dx += dy where place = tap */                                                               \
    X(max_grad, (float *dx, const float *dy, const uint8_t *place, size_t channels, int tap))      \
    /* One Adam step of value, with its moments m and v; a moment that is denormal becomes 0 */    \
    X(adam, (float *value, float *m, float *v, const float *grad, size_t count,                    \
             const struct eng_adam_step *step))                                                    \
    /* value -= lr * (velocity = momentum * velocity + grad + weight_decay * value), likewise */   \
    X(sgd, (float *value, float *velocity, const float *grad, size_t count, float lr,              \
            float momentum, float weight_decay))

struct eng_vec_kernel {
    const char *name;
    enum eng_cpu needs;
#define ENG_VEC_MEMBER(name, args) void(*name) args;
    ENG_VEC_FUNCTIONS(ENG_VEC_MEMBER)
#undef ENG_VEC_MEMBER
};

#if defined(__x86_64__)
#define ENG_VEC_KERNELS(X) X(scalar) X(avx2) X(avx512)
#else
#define ENG_VEC_KERNELS(X) X(scalar)
#endif

#define ENG_VEC_DECLARE(name) extern const struct eng_vec_kernel eng_vec_##name;
ENG_VEC_KERNELS(ENG_VEC_DECLARE)
#undef ENG_VEC_DECLARE

/* The i-th row, or NULL past the last. */
const struct eng_vec_kernel *eng_vec_kernel_at(size_t i);

/* The last row that `level` can run. */
const struct eng_vec_kernel *eng_vec_kernel_for(enum eng_cpu level);

#endif
