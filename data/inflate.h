/* Inflate: decompressing deflate streams (RFC 1951), bare as in zip files or in the zlib wrapper
 * (RFC 1950) as in PNG.
 *
 * The caller knows how many bytes must come out (every format that we read says so) and brings
 * the memory. Nothing is written or read outside of it, whatever the stream holds. */
#ifndef DAT_INFLATE_H
#define DAT_INFLATE_H

#include "engine/err.h"

#include <stddef.h>
#include <stdint.h>

/* One byte of a stream never stands for more than this many: the longest match has 258 bytes, and
 * its length and distance take a bit each at the least. An honest file is thus no shorter than
 * its contents divided by this, which callers check before they allocate. */
#define DAT_INFLATE_MAX_RATIO 1032

/* Decompresses a bare stream, in[count], to exactly out[size]. *used (NULL allowed) is the number
 * of bytes that the stream took; what follows it is not looked at. ENG_FORMAT, with *why (NULL
 * allowed), if the stream is damaged or cut off or holds more or less than size bytes; the
 * contents of out are then unspecified. */
enum eng_err dat_inflate(uint8_t *out, size_t size, const uint8_t *in, size_t count, size_t *used,
                         struct eng_why *why);

/* The same for a stream in the zlib wrapper, whose checksum is compared. ENG_UNSUPPORTED if it
 * needs a preset dictionary. */
enum eng_err dat_inflate_zlib(uint8_t *out, size_t size, const uint8_t *in, size_t count,
                              size_t *used, struct eng_why *why);

#endif
