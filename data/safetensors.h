/* Safetensors files: named tensors, as PyTorch models are passed around in.
 *
 *     u64 length of the header | header, JSON | data of all tensors, without gaps
 *
 *     {"__metadata__": {"format": "pt"},
 *      "fc.weight": {"dtype": "F32", "shape": [2, 512], "data_offsets": [0, 4096]}, ...}
 *
 * A file is mapped, not read: opening costs the header, and a tensor costs its first use. The
 * file must not be cut short or overwritten in place meanwhile (replacing it by renaming, as
 * dat_safetensors_write does, is fine). */
#ifndef DAT_SAFETENSORS_H
#define DAT_SAFETENSORS_H

#include "data/budget.h"
#include "data/dtype.h"

#include <stddef.h>
#include <stdint.h>

#define DAT_SAFETENSORS_MAX_RANK   8
#define DAT_SAFETENSORS_MAX_HEADER ((size_t)100000000) /* bytes; the limit of the format */

/* Bytes of memory that a byte of the header takes at the most. */
#define DAT_SAFETENSORS_MULTIPLE 64

struct dat_safetensors; /* an open file */

struct dat_safetensors_entry {
    const char *name; /* UTF-8 */
    enum dat_dtype dtype;
    size_t rank; /* 0: a scalar */
    size_t dim[DAT_SAFETENSORS_MAX_RANK];
    const void *bytes; /* the elements, last dimension fastest; not aligned to anything */
    size_t size;       /* in bytes: all dimensions times dat_dtype_size */
};

/* A line of the "__metadata__". */
struct dat_safetensors_meta {
    const char *key, *value; /* UTF-8 */
};

/* Opens the file at path (what cannot be mapped, a pipe say, is read). Everything the header says
 * is checked against the length of the file before any of it is used; memory is allocated for the
 * header only, DAT_SAFETENSORS_MULTIPLE times its length at the most. The caller frees *out with
 * dat_safetensors_free; on error it is NULL, and why's text begins with the path. ENG_FORMAT for
 * what breaks the standard; ENG_UNSUPPORTED for more than 8 dimensions and element types not in
 * DAT_DTYPES; ENG_MISSING or ENG_IO if the file cannot be read. */
enum eng_err dat_safetensors_open(struct dat_safetensors **out, const char *path,
                                  struct dat_budget *budget, struct eng_why *why);

/* The same for a file in memory. Borrows bytes for as long as *out lives. */
enum eng_err dat_safetensors_decode(struct dat_safetensors **out, const uint8_t *bytes,
                                    size_t count, struct dat_budget *budget, struct eng_why *why);

/* Closes the file; entries and metadata are gone with it. NULL allowed. */
void dat_safetensors_free(struct dat_safetensors *file);

/* Tensors in the order of the header: how many, number `index` (< count), and the one of a name
 * (NULL if there is none). */
size_t dat_safetensors_count(const struct dat_safetensors *file);
const struct dat_safetensors_entry *dat_safetensors_at(const struct dat_safetensors *file,
                                                       size_t index);
const struct dat_safetensors_entry *dat_safetensors_find(const struct dat_safetensors *file,
                                                         const char *name);

/* The metadata in the order of the header: an array of *count lines; and the value of one key
 * (NULL if there is none). */
const struct dat_safetensors_meta *dat_safetensors_metadata(const struct dat_safetensors *file,
                                                            size_t *count);
const char *dat_safetensors_value(const struct dat_safetensors *file, const char *key);

/* Converts all elements to float32 (see dat_dtype_float). count is how many out has room for;
 * ENG_SHAPE if the tensor has more or fewer. */
enum eng_err dat_safetensors_float(const struct dat_safetensors_entry *entry, float *out,
                                   size_t count);

/* Writes a file beside path and renames it. Tensors are laid out widest element type first, and in
 * the given order within a type's width, so that each is aligned for its type; the bytes depend on
 * nothing but the arguments. Names and keys must be unique and UTF-8 (in values, bytes that are
 * not become U+FFFD), and each size what shape and type make it: ENG_ARG otherwise, and nothing is
 * written. ENG_UNSUPPORTED for C128, which the format does not have. */
enum eng_err dat_safetensors_write(const char *path, const struct dat_safetensors_entry *entries,
                                   size_t count, const struct dat_safetensors_meta *metadata,
                                   size_t metadata_count, struct eng_why *why);

#endif
