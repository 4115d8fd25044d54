/* Files of named tensors, whatever their format: it is told by what is in them.
 *
 *     struct dat_tensors *file;
 *     ENG_TRY(dat_tensors_open(&file, "resnet18.pth", NULL, why));
 *     const struct dat_safetensors_entry *bias = dat_tensors_find(file, "fc.bias");
 *     dat_tensors_free(file);
 *
 * What each format can say is in data/safetensors.h, torch.h, npz.h and npy.h. Metadata is what a
 * safetensors file has; the two that are zip archives keep theirs as an object of JSON in the
 * archive's comment or, beyond 65535 bytes, in a member of its own (DAT_TORCH_METADATA,
 * DAT_NPZ_METADATA), where programs that do not know of it do not look. The tensor of a .npy file,
 * which has no name, is called "array". */
#ifndef DAT_TENSORS_H
#define DAT_TENSORS_H

#include "data/json.h"
#include "data/rename.h"
#include "data/safetensors.h"

/* An archive's metadata as JSON (DAT_JSON_MULTIPLE), and its lines, of which each has two pointers
 * and is five bytes long at the least. */
#define DAT_TENSORS_METADATA (DAT_JSON_MULTIPLE + 4)

struct dat_tensors; /* an open file */

/* Opens the file at path. It is mapped, and must not be cut short or overwritten in place
 * meanwhile. A file that begins like none of the formats is read as its name says, to tell what is
 * wrong with it. The caller frees *out with dat_tensors_free; on error it is NULL, and why's text
 * begins with the path. Errors are those of the format, ENG_MISSING or ENG_IO of the file, and
 * ENG_UNSUPPORTED if it has no format that is known. How much memory is taken, the format's header
 * says; to that come two pointers for each tensor, and DAT_TENSORS_METADATA bytes for each of an
 * archive's metadata. */
enum eng_err dat_tensors_open(struct dat_tensors **out, const char *path, struct dat_budget *budget,
                              struct eng_why *why);

/* The same for a file in memory. Borrows bytes for as long as *out lives. */
enum eng_err dat_tensors_decode(struct dat_tensors **out, const uint8_t *bytes, size_t count,
                                struct dat_budget *budget, struct eng_why *why);
void dat_tensors_free(struct dat_tensors *file); /* NULL allowed */

/* Renames the tensors, and leaves some out, for all who ask for them from then on: none of the
 * entries that were handed out before may be used any more. Errors are those of dat_rename_apply,
 * and change nothing. What it takes comes out of no budget: less than 160 bytes for each tensor,
 * and the names, old and new, which are as long as the rules make them. */
enum eng_err dat_tensors_rename(struct dat_tensors *file, const struct dat_rename *rename,
                                struct eng_why *why);

/* The file's format: "safetensors", "torch", "torch-legacy", "npz" or "npy". */
const char *dat_tensors_format(const struct dat_tensors *file);

/* Tensors in the order of the file: how many, how many of these, the first, are a net's (all but
 * those that lie beside the state_dict in a checkpoint of PyTorch's), number `index` (< count), and
 * the one of a name (NULL if there is none). */
size_t dat_tensors_count(const struct dat_tensors *file);
size_t dat_tensors_state_count(const struct dat_tensors *file);
const struct dat_safetensors_entry *dat_tensors_at(const struct dat_tensors *file, size_t index);
const struct dat_safetensors_entry *dat_tensors_find(const struct dat_tensors *file,
                                                     const char *name);

/* The metadata in the order of the file: an array of *count lines; and the value of one key (NULL
 * if there is none). */
const struct dat_safetensors_meta *dat_tensors_metadata(const struct dat_tensors *file,
                                                        size_t *count);
const char *dat_tensors_value(const struct dat_tensors *file, const char *key);

/* ENG_OK if the ending of path is that of a format that dat_tensors_write knows: .safetensors,
 * .pth, .pt or .npz. Else ENG_ARG. */
enum eng_err dat_tensors_check_path(const char *path, struct eng_why *why);

/* Writes the tensors and metadata in that format, beside path, and renames it. The same arguments
 * give the same bytes. ENG_ARG for another ending. */
enum eng_err dat_tensors_write(const char *path, const struct dat_safetensors_entry *entries,
                               size_t count, const struct dat_safetensors_meta *metadata,
                               size_t metadata_count, struct eng_why *why);

#endif
