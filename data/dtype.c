#include "data/dtype.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tensors are used as they lie in little-endian files; this processor is big-endian"
#endif

size_t dat_dtype_size(enum dat_dtype dtype)
{
    switch (dtype) {
#define DAT_DTYPE_SIZE(name, size)                                                                 \
    case DAT_##name:                                                                               \
        return size;
        DAT_DTYPES(DAT_DTYPE_SIZE)
#undef DAT_DTYPE_SIZE
    }
    return 0;
}

const char *dat_dtype_name(enum dat_dtype dtype)
{
    switch (dtype) {
#define DAT_DTYPE_NAME(name, size)                                                                 \
    case DAT_##name:                                                                               \
        return #name;
        DAT_DTYPES(DAT_DTYPE_NAME)
#undef DAT_DTYPE_NAME
    }
    return "?";
}

int dat_dtype_find(enum dat_dtype *dtype, const char *name)
{
#define DAT_DTYPE_FIND(candidate, size)                                                            \
    if (strcmp(name, #candidate) == 0) {                                                           \
        *dtype = DAT_##candidate;                                                                  \
        return 1;                                                                                  \
    }
    DAT_DTYPES(DAT_DTYPE_FIND)
#undef DAT_DTYPE_FIND
    return 0;
}

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/*     binary16   s eeeee mmmmmmmmmm              exponent bias 15
 *     binary32   s eeeeeeee mmmmmmmmmm0000...    exponent bias 127 */
static float from_f16(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t exponent = half >> 10 & 31, mantissa = half & 1023;
    if (exponent == 31) /* infinity and NaN */
        return from_bits(sign | 0x7F800000 | mantissa << 13);
    if (exponent == 0) /* subnormal: mantissa * 2^-24, where -0 keeps its sign */
        return (sign ? -1.0f : 1.0f) * (float)mantissa * 0x1p-24f;
    return from_bits(sign | (exponent + 112) << 23 | mantissa << 13);
}

struct complex_float {
    float re, im;
};
struct complex_double {
    double re, im;
};

/* memcpy compiles to a plain load, and may be unaligned. */
#define CONVERT_EACH(type, expression)                                                             \
    for (size_t i = 0; i < count; i++) {                                                           \
        type x;                                                                                    \
        memcpy(&x, (const char *)bytes + i * sizeof x, sizeof x);                                  \
        out[i] = (expression);                                                                     \
    }                                                                                              \
    break

/* To float or double: `real`. */
#define CONVERT(real)                                                                              \
    switch (dtype) {                                                                               \
    case DAT_BOOL:                                                                                 \
        CONVERT_EACH(uint8_t, x ? 1 : 0);                                                          \
    case DAT_U8:                                                                                   \
        CONVERT_EACH(uint8_t, x);                                                                  \
    case DAT_I8:                                                                                   \
        CONVERT_EACH(int8_t, x);                                                                   \
    case DAT_I16:                                                                                  \
        CONVERT_EACH(int16_t, x);                                                                  \
    case DAT_U16:                                                                                  \
        CONVERT_EACH(uint16_t, x);                                                                 \
    case DAT_I32:                                                                                  \
        CONVERT_EACH(int32_t, (real)x);                                                            \
    case DAT_U32:                                                                                  \
        CONVERT_EACH(uint32_t, (real)x);                                                           \
    case DAT_I64:                                                                                  \
        CONVERT_EACH(int64_t, (real)x);                                                            \
    case DAT_U64:                                                                                  \
        CONVERT_EACH(uint64_t, (real)x);                                                           \
    case DAT_F16:                                                                                  \
        CONVERT_EACH(uint16_t, from_f16(x));                                                       \
    case DAT_BF16:                                                                                 \
        CONVERT_EACH(uint16_t, from_bits((uint32_t)x << 16));                                      \
    case DAT_F32:                                                                                  \
        CONVERT_EACH(float, x);                                                                    \
    case DAT_F64:                                                                                  \
        CONVERT_EACH(double, (real)x);                                                             \
    case DAT_C64:                                                                                  \
        CONVERT_EACH(struct complex_float, (real)hypot((double)x.re, (double)x.im));               \
    case DAT_C128:                                                                                 \
        CONVERT_EACH(struct complex_double, (real)hypot(x.re, x.im));                              \
    }

void dat_dtype_float(float *out, enum dat_dtype dtype, const void *bytes, size_t count)
{
    CONVERT(float)
}

void dat_dtype_double(double *out, enum dat_dtype dtype, const void *bytes, size_t count)
{
    CONVERT(double)
}

int dat_dtype_is_float(enum dat_dtype dtype)
{
    return dtype == DAT_F16 || dtype == DAT_BF16 || dtype == DAT_F32 || dtype == DAT_F64;
}

int dat_dtype_is_complex(enum dat_dtype dtype)
{
    return dtype == DAT_C64 || dtype == DAT_C128;
}

/* The bits of the nearest number with so many bits of exponent and mantissa, 16 with the sign.
 *
 * Such numbers lie apart by a power of two that grows with their exponent; x in units of it, which
 * is exact, is rounded to an integer. That integer is the mantissa with its leading 1, if there is
 * one: added to the exponent's bits, it carries by itself where it rounds up to the next power. */
static uint16_t to_small(double x, int exponent_bits, int mantissa_bits)
{
    const int bias = (1 << (exponent_bits - 1)) - 1, least = 1 - bias;
    const uint32_t sign = signbit(x) ? 0x8000 : 0;
    const uint32_t infinity = ((1u << exponent_bits) - 1) << mantissa_bits;
    int exponent;
    if (isnan(x))
        return (uint16_t)(sign | infinity | 1u << (mantissa_bits - 1));
    if (isinf(x))
        return (uint16_t)(sign | infinity);
    frexp(x, &exponent); /* |x| is in [2^(exponent - 1), 2^exponent) */
    exponent = exponent - 1 < least || x == 0 ? least : exponent - 1;
    if (exponent > bias)
        return (uint16_t)(sign | infinity);
    const uint32_t units = (uint32_t)nearbyint(ldexp(fabs(x), mantissa_bits - exponent));
    return (uint16_t)(sign | (((uint32_t)(exponent - least) << mantissa_bits) + units));
}

void dat_dtype_convert(void *out, enum dat_dtype to, const void *bytes, enum dat_dtype from,
                       size_t count)
{
    enum { PIECE = 256 };
    double piece[PIECE];
    uint16_t *small = out;
    if (to == DAT_F32) {
        dat_dtype_float(out, from, bytes, count);
        return;
    }
    if (to == DAT_F64) {
        dat_dtype_double(out, from, bytes, count);
        return;
    }
    for (size_t at = 0; at < count; at += PIECE) {
        const size_t n = count - at < PIECE ? count - at : PIECE;
        dat_dtype_double(piece, from, (const char *)bytes + at * dat_dtype_size(from), n);
        for (size_t i = 0; i < n; i++)
            small[at + i] = to == DAT_F16 ? to_small(piece[i], 5, 10) : to_small(piece[i], 8, 7);
    }
}
