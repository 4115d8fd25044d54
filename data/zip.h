/* Zip archives, as PyTorch and NumPy pack tensors in.
 *
 *     member... | directory: an entry for each member, with its place | end: the directory's place
 *     member = local header, name, padding | contents, stored or deflated | (sizes once more)
 *
 * An archive is read from its end, and in memory: a mapped file. What its directory says is
 * believed only if the local headers, and of zip64 both ends, say the same wherever they say it, so
 * that no two programs can see different things in one file. (A member of which the sizes follow
 * the contents has them in its header as 0, or anything: those are not looked at.) */
#ifndef DAT_ZIP_H
#define DAT_ZIP_H

#include "data/budget.h"

#include <stddef.h>
#include <stdint.h>

#define DAT_ZIP_ALIGN       64               /* bytes: where contents begin in what is written */
#define DAT_ZIP_MAX_COMMENT ((size_t)0xFFFF) /* bytes; the limit of the format */

struct dat_zip; /* an open archive */

struct dat_zip_member {
    const char *name;      /* UTF-8 */
    size_t size;           /* of the contents, in bytes */
    const uint8_t *packed; /* the contents as they lie in the archive, packed_size bytes: */
    size_t packed_size;
    int deflated; /* if not, packed is the contents */
    uint32_t crc; /* of the contents */
};

/* Opens the archive bytes[count], which is borrowed for as long as *out lives. Zip64 and sizes that
 * follow the contents are read; several disks, encryption, other methods than deflate and names
 * that are not UTF-8 are ENG_UNSUPPORTED. ENG_FORMAT for what breaks the standard, for a name that
 * comes twice, and for members that share bytes. Takes at most 4 bytes of memory for each byte of
 * the directory. The caller frees *out with dat_zip_free; on error it is NULL. */
enum eng_err dat_zip_decode(struct dat_zip **out, const uint8_t *bytes, size_t count,
                            struct dat_budget *budget, struct eng_why *why);
void dat_zip_free(struct dat_zip *zip); /* NULL allowed */

/* Members in the order of the directory: how many, number `index` (< count), and the one of a name
 * (NULL if there is none). */
size_t dat_zip_count(const struct dat_zip *zip);
const struct dat_zip_member *dat_zip_at(const struct dat_zip *zip, size_t index);
const struct dat_zip_member *dat_zip_find(const struct dat_zip *zip, const char *name);

/* The comment that ends the archive: *count bytes, any. */
const uint8_t *dat_zip_comment(const struct dat_zip *zip, size_t *count);

/* The contents of a member, of which the checksum is compared: *contents lie in the archive itself
 * if they are stored, and then *owned is NULL; else in *owned, which the caller frees. Deflated
 * bytes stand for at most DAT_INFLATE_MAX_RATIO each, which is checked before memory is allocated;
 * as members share no bytes, all of an archive takes no more than that times its length. */
enum eng_err dat_zip_read(const uint8_t **contents, uint8_t **owned,
                          const struct dat_zip_member *member, struct dat_budget *budget,
                          struct eng_why *why);

/* What is written as one member: two pieces, one after the other. */
struct dat_zip_part {
    const char *name;
    const void *head, *bytes; /* head_size bytes, then `size`; either may be none */
    size_t head_size, size;
};

/* Writes an archive beside path and renames it. Contents are stored, and those of each member begin
 * at a multiple of DAT_ZIP_ALIGN; zip64 only where it must be; the date is 1980-01-01, so that the
 * bytes depend on nothing but the arguments. ENG_ARG for a name that is empty, comes twice, is not
 * UTF-8 or is longer than 65535 bytes, ENG_TOOBIG for a comment that is; nothing is written then.
 */
enum eng_err dat_zip_write(const char *path, const struct dat_zip_part *parts, size_t count,
                           const void *comment, size_t comment_size, struct eng_why *why);

#endif
