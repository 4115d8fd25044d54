/* UTF-8 (RFC 3629): telling good bytes from bad, and encoding a code point. */
#ifndef DAT_UTF8_H
#define DAT_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Length (1..4) of the character that begins at s, of which count bytes may be read; 0 if none
 * does: a stray or missing continuation byte, an overlong form, a surrogate, or more than
 * U+10FFFF. A NUL is a character of one byte. */
size_t dat_utf8_step(const char *s, size_t count);

/* True if the NUL-terminated string is UTF-8 throughout. */
int dat_utf8_is(const char *s);

/* Writes a code point (at most 0x10FFFF, no surrogate) to out and returns its length, 1..4. */
size_t dat_utf8_put(char out[4], uint32_t code);

#endif
