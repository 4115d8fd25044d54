/*   code point          byte 1     2          3          4
 *   0      .. 7F        0xxxxxxx
 *   80     .. 7FF       110xxxxx   10xxxxxx
 *   800    .. FFFF      1110xxxx   10xxxxxx   10xxxxxx
 *   10000  .. 10FFFF    11110xxx   10xxxxxx   10xxxxxx   10xxxxxx
 *
 * Every code point has one legal form, the shortest. That, the surrogates D800..DFFF and the end
 * at 10FFFF come down to a narrower range for byte 2 after a few first bytes. */
#include "data/utf8.h"

#include <assert.h>
#include <string.h>

size_t dat_utf8_step(const char *s, size_t count)
{
    if (count == 0)
        return 0;
    const unsigned char *byte = (const unsigned char *)s;
    const unsigned char first = byte[0];
    if (first < 0x80)
        return 1;
    /* C0 and C1 could only begin overlong forms, F5 and up only what is beyond the end. */
    if (first < 0xC2 || first > 0xF4)
        return 0;
    const size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (count < length)
        return 0;
    const unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (byte[1] < low || byte[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((byte[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

int dat_utf8_is(const char *s)
{
    size_t left = strlen(s);
    while (left) {
        const size_t step = dat_utf8_step(s, left);
        if (!step)
            return 0;
        s += step;
        left -= step;
    }
    return 1;
}

size_t dat_utf8_put(char out[4], uint32_t code)
{
    assert(code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF));
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    const size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    static const unsigned char lead[] = {[2] = 0xC0, [3] = 0xE0, [4] = 0xF0};
    out[0] = (char)(lead[length] | code);
    return length;
}
