/* NumPy's .npy files: one array each, read into float32 and written from it.
 *
 *      \x93NUMPY | version | header length | header | numbers
 *
 * The header is a Python dictionary as text: {'descr': '<f4', 'fortran_order': False, 'shape':
 * (2, 3), }. It is parsed, not searched: keys may come in any order and with any spacing, but
 * nothing that NumPy would not read is let by. Versions 1.0, 2.0 and 3.0 are read, 1.0 is written.
 */
#ifndef DAT_NPY_H
#define DAT_NPY_H

#include "data/budget.h"
#include "data/safetensors.h"
#include "engine/err.h"

#include <stddef.h>
#include <stdint.h>

#define DAT_NPY_MAX_RANK 8

struct dat_npy {
    int rank; /* 0 (one number) to DAT_NPY_MAX_RANK */
    size_t dim[DAT_NPY_MAX_RANK];
    float *data; /* the product of the dims, last dim fastest; owned, never NULL */
};

/* Decodes a file in memory. Reads bool, 8- to 64-bit integers and 16-, 32- and 64-bit floats of
 * either byte order, in C or Fortran order; numbers are rounded to float32 (beyond its range:
 * infinity). Anything else that NumPy can store is ENG_UNSUPPORTED. ENG_FORMAT if the header is
 * damaged or its shape does not account for every byte of the file; ENG_TOOBIG if the dims
 * multiply to more than memory can address; ENG_NOMEM. Takes at most 4 bytes of memory for each
 * byte of the file. On success the caller releases *npy; on error it is empty and *why (NULL
 * allowed) says what is wrong. */
enum eng_err dat_npy_decode(struct dat_npy *npy, const uint8_t *bytes, size_t count,
                            struct dat_budget *budget, struct eng_why *why);

/* The same from a file; why's text begins with the path. */
enum eng_err dat_npy_read(struct dat_npy *npy, const char *path, struct dat_budget *budget,
                          struct eng_why *why);

/* The same array as a tensor, in the type that it has: in *entry but for the name. Its bytes lie in
 * the file where they are in C order and little-endian, and then *owned is NULL; else they are
 * copied to *owned, which the caller frees. */
enum eng_err dat_npy_entry(struct dat_safetensors_entry *entry, void **owned, const uint8_t *bytes,
                           size_t count, struct dat_budget *budget, struct eng_why *why);

/* The most bytes that come before the numbers in what is written. */
#define DAT_NPY_MAX_HEAD 384

/* Writes what comes before the numbers of an array of that type, in C order, and its length to
 * *count, a multiple of 64. ENG_ARG for a rank out of range, ENG_UNSUPPORTED for BF16, which NumPy
 * does not have. */
enum eng_err dat_npy_head(uint8_t head[DAT_NPY_MAX_HEAD], size_t *count, enum dat_dtype dtype,
                          int rank, const size_t *dim);

/* Encodes an array ('<f4', C order) as *bytes (*count of them; the caller frees). The numbers
 * begin at a multiple of 64 bytes, so that the file can be mapped. ENG_ARG for a rank out of
 * range, ENG_TOOBIG, ENG_NOMEM. */
enum eng_err dat_npy_encode(uint8_t **bytes, size_t *count, const float *data, int rank,
                            const size_t *dim);

/* dat_npy_encode to a file, written beside and renamed; why's text begins with the path. */
enum eng_err dat_npy_write(const char *path, const float *data, int rank, const size_t *dim,
                           struct eng_why *why);

/* Frees the numbers; an empty or zeroed struct is allowed. */
void dat_npy_release(struct dat_npy *npy);

#endif
