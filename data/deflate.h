/* Deflate: compressing to the format of RFC 1951, bare as in zip files or in the zlib wrapper
 * (RFC 1950) as in PNG. About as small and as fast as zlib at its usual level, 6. */
#ifndef DAT_DEFLATE_H
#define DAT_DEFLATE_H

#include "engine/err.h"

#include <stddef.h>
#include <stdint.h>

/* Compresses in[count] to new memory, *out (*size bytes; the caller frees). It never grows by more
 * than 5 bytes in 16384, and 16 more. ENG_TOOBIG from 4 GiB on, ENG_NOMEM. */
enum eng_err dat_deflate(uint8_t **out, size_t *size, const uint8_t *in, size_t count);

/* The same in the zlib wrapper, with its checksum. */
enum eng_err dat_deflate_zlib(uint8_t **out, size_t *size, const uint8_t *in, size_t count);

#endif
