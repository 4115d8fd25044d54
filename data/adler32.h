/* Adler-32 (RFC 1950), the checksum of the zlib wrapper. */
#ifndef DAT_ADLER32_H
#define DAT_ADLER32_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of what `adler` already covers followed by bytes[count]; begin with adler = 1. */
uint32_t dat_adler32(uint32_t adler, const void *bytes, size_t count);

#endif
