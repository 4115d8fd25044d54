/* Base64 (RFC 4648, section 4, with padding): bytes as letters, for pictures inside a page. */
#ifndef DAT_BASE64_H
#define DAT_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Characters that count bytes become, without a NUL: four for every three begun. */
#define DAT_BASE64_SIZE(count) (((count) + 2) / 3 * 4)

/* Writes DAT_BASE64_SIZE(count) characters, and no NUL. Pieces of a multiple of three bytes can be
 * encoded one after the other. */
void dat_base64_encode(char *text, const uint8_t *bytes, size_t count);

#endif
