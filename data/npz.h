/* NumPy's .npz files: zip archives of .npy files, one for each array.
 *
 *     numpy.savez("a.npz", x=..., y=...)      x.npy  y.npy      savez_compressed: deflated
 */
#ifndef DAT_NPZ_H
#define DAT_NPZ_H

#include "data/budget.h"
#include "data/safetensors.h"

#define DAT_NPZ_MULTIPLE 2100
#define DAT_NPZ_METADATA "metadata.json"

struct dat_npz; /* an open file */

/* Opens a file in memory, which is borrowed for as long as *out lives. Members whose names do not
 * end in .npy are passed over. Arrays keep their types; they lie in the file where they are stored
 * in C order and little-endian. Takes at most DAT_NPZ_MULTIPLE bytes of memory for each byte of the
 * file: what is deflated may be inflated and then copied. The caller frees *out with dat_npz_free;
 * on error it is NULL, and why names the array. Errors are those of data/zip.h and of
 * dat_npy_decode; ENG_FORMAT also if there are members, and none is an array. */
enum eng_err dat_npz_decode(struct dat_npz **out, const uint8_t *bytes, size_t count,
                            struct dat_budget *budget, struct eng_why *why);
void dat_npz_free(struct dat_npz *npz); /* NULL allowed */

/* The arrays in the order of the archive, by their names without .npy: how many, and number `index`
 * (< count). */
size_t dat_npz_count(const struct dat_npz *npz);
const struct dat_safetensors_entry *dat_npz_at(const struct dat_npz *npz, size_t index);

/* Writes the tensors as an archive that numpy.load reads, beside path, and renames it; the numbers
 * of each begin at a multiple of 64 bytes. The metadata becomes the archive's comment, or, if it is
 * too long for that, the member DAT_NPZ_METADATA, which is no array. ENG_UNSUPPORTED for BF16,
 * which NumPy does not have; else as dat_zip_write. */
enum eng_err dat_npz_write(const char *path, const struct dat_safetensors_entry *entries,
                           size_t count, const void *metadata, size_t metadata_size,
                           struct eng_why *why);

#endif
