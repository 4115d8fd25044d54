/* CRC-32 (ISO 3309, polynomial 0x04c11db7 reflected), as PNG, zip and gzip use it. */
#ifndef DAT_CRC32_H
#define DAT_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of what `crc` already covers followed by bytes[count]; begin with crc = 0. */
uint32_t dat_crc32(uint32_t crc, const void *bytes, size_t count);

#endif
