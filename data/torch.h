/* PyTorch's files, .pth and .pt: tensors by name, out of what torch.save wrote.
 *
 * Two formats, told by their first bytes:
 *
 *     zip      NAME/data.pkl  NAME/byteorder  NAME/data/0  NAME/data/1 ...    since PyTorch 1.6
 *     legacy   five pickles: mark, version, system, object, keys; then the storages
 *
 * Either way a pickle says what was saved, and its tensors are views of storages that lie beside:
 *
 *     _rebuild_tensor_v2(storage "0", offset 6, size (3, 2), stride (1, 3), ...)
 *
 * The pickle is read by data/pickle.h and can run no code. Contents of storages are used where they
 * lie in the file, where a view is plain; else they are copied out.
 *
 * What was saved may be a state_dict or something that holds one. Tensors are called by the way to
 * them, keys and list positions with dots between: "layer1.0.conv1.weight", or "tensor" for one
 * that was saved alone. If the outermost dictionary has another one with tensors in it under one of
 * DAT_TORCH_WRAPPERS, whichever of these names stands first there, its tensors come first, and
 * their names begin in it; so they do if it has such a one in turn, down to DAT_TORCH_MAX_WRAPPED
 * of them; what DataParallel and torch.compile put in front of all of them is left out. The others
 * follow, under their whole names ("optimizer.state.0.exp_avg"). What is no tensor is passed over.
 */
#ifndef DAT_TORCH_H
#define DAT_TORCH_H

#include "data/safetensors.h"
#include "data/zip.h"

#define DAT_TORCH_WRAPPERS(X)                                                                      \
    X("state_dict")                                                                                \
    X("model_state_dict")                                                                          \
    X("model_state")                                                                               \
    X("model")                                                                                     \
    X("net")                                                                                       \
    X("network")                                                                                   \
    X("params")                                                                                    \
    X("weights")

#define DAT_TORCH_MAX_WRAPPED 4    /* wrappers in wrappers: real files have one or two */
#define DAT_TORCH_MAX_NAME    1000 /* bytes of a tensor's name, or of a storage's key */
#define DAT_TORCH_MAX_TENSORS ((size_t)1 << 20)
#define DAT_TORCH_MAX_COPIES  16 /* bytes copied out for each byte of the file, and a MiB more */

/* Bytes of memory, at the most, for each byte of a file, and DAT_TORCH_SPARE more: of an archive,
 * the members of which may be deflated, and of a file of the legacy format. */
#define DAT_TORCH_MULTIPLE        2100
#define DAT_TORCH_LEGACY_MULTIPLE 256
#define DAT_TORCH_SPARE           ((size_t)4 << 20)

#define DAT_TORCH_METADATA "archive/extra/metadata.json"

struct dat_torch; /* an open file */

/* Opens a file in memory, which is borrowed for as long as *out lives. The caller frees *out with
 * dat_torch_free; on error it is NULL. ENG_FORMAT for what is damaged: a checksum that is wrong, a
 * tensor that reaches beyond its storage, a storage of another size. ENG_UNSUPPORTED for whatever
 * plain tensors do not need (it is named), for more than 8 dimensions, and for element types not in
 * DAT_DTYPES. ENG_TOOBIG beyond the limits above; ENG_NOMEM. */
enum eng_err dat_torch_decode(struct dat_torch **out, const uint8_t *bytes, size_t count,
                              struct dat_budget *budget, struct eng_why *why);
void dat_torch_free(struct dat_torch *file); /* NULL allowed */

/* 1 if the archive is of the zip format: it has a member NAME/data.pkl. */
int dat_torch_is_zip(const struct dat_zip *zip);

/* 1 if the file is of the legacy format. */
int dat_torch_is_legacy(const struct dat_torch *file);

/* The tensors in the order told above: how many, and number `index` (< count). */
size_t dat_torch_count(const struct dat_torch *file);
const struct dat_safetensors_entry *dat_torch_at(const struct dat_torch *file, size_t index);

/* How many of these, the first, are of the state_dict; the others lie beside it. */
size_t dat_torch_state_count(const struct dat_torch *file);

/* Writes an OrderedDict of the tensors in the zip format, beside path, and renames it; PyTorch 1.6
 * and later load it, also with weights_only=True. The metadata becomes the archive's comment, or,
 * if it is too long for that, the member DAT_TORCH_METADATA: PyTorch looks at neither.
 * ENG_UNSUPPORTED for element types that PyTorch 1.6 does not have (U16, U32, U64); ENG_ARG for a
 * name that is not UTF-8, and as dat_zip_write. */
enum eng_err dat_torch_write(const char *path, const struct dat_safetensors_entry *entries,
                             size_t count, const void *metadata, size_t metadata_size,
                             struct eng_why *why);

#endif
