/*     byte       a        b        c
 *            |aaaaaaaa|bbbbbbbb|cccccccc|        three bytes are four groups of six bits; where
 *     letter |------|------|------|------|       bytes are missing at the end, "=" fills up
 */
#include "data/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void dat_base64_encode(char *text, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i += 3, text += 4) {
        const size_t left = count - i;
        const uint32_t group = (uint32_t)bytes[i] << 16 |
                               (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                               (left > 2 ? (uint32_t)bytes[i + 2] : 0);
        text[0] = letters[group >> 18];
        text[1] = letters[group >> 12 & 63];
        text[2] = left > 1 ? letters[group >> 6 & 63] : '=';
        text[3] = left > 2 ? letters[group & 63] : '=';
    }
}
