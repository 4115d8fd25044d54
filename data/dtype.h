/* Element types of tensors as files store them, and their conversion to float32. */
#ifndef DAT_DTYPE_H
#define DAT_DTYPE_H

#include <stddef.h>

/* Name (safetensors' spelling) and bytes of an element. All are little-endian; F16 is IEEE
 * binary16, BF16 the upper half of a float32, BOOL a byte that is 0 or not; C64 and C128 are two of
 * F32 and of F64, a complex number's real and imaginary part. */
#define DAT_DTYPES(X)                                                                              \
    X(BOOL, 1)                                                                                     \
    X(U8, 1)                                                                                       \
    X(I8, 1)                                                                                       \
    X(I16, 2)                                                                                      \
    X(U16, 2)                                                                                      \
    X(I32, 4)                                                                                      \
    X(U32, 4)                                                                                      \
    X(I64, 8)                                                                                      \
    X(U64, 8)                                                                                      \
    X(F16, 2)                                                                                      \
    X(BF16, 2)                                                                                     \
    X(F32, 4)                                                                                      \
    X(F64, 8)                                                                                      \
    X(C64, 8)                                                                                      \
    X(C128, 16)

enum dat_dtype {
#define DAT_DTYPE_CODE(name, size) DAT_##name,
    DAT_DTYPES(DAT_DTYPE_CODE)
#undef DAT_DTYPE_CODE
};

size_t dat_dtype_size(enum dat_dtype dtype);
const char *dat_dtype_name(enum dat_dtype dtype);

/* Sets *dtype to the type of that name and returns 1, or returns 0. */
int dat_dtype_find(enum dat_dtype *dtype, const char *name);

/* Converts count elements at bytes, which need no alignment, to float32, rounding to nearest:
 * F32, F16, BF16, BOOL and the integers of up to 16 bits exactly. Of complex numbers it is the
 * magnitude. */
void dat_dtype_float(float *out, enum dat_dtype dtype, const void *bytes, size_t count);

/* The same to double: all but the integers of 64 bits, and magnitudes, exactly. */
void dat_dtype_double(double *out, enum dat_dtype dtype, const void *bytes, size_t count);

/* 1 for the types of floating-point numbers, and of complex numbers. */
int dat_dtype_is_float(enum dat_dtype dtype);
int dat_dtype_is_complex(enum dat_dtype dtype);

/* Converts count elements from one such type to another; out is aligned for its type, and apart
 * from bytes. Numbers that the new type does not have are rounded once, to the nearest, ties to
 * even, and beyond its range to infinity. NaN remains one. */
void dat_dtype_convert(void *out, enum dat_dtype to, const void *bytes, enum dat_dtype from,
                       size_t count);

#endif
