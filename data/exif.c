/* The number tells where the first row and column of the stored picture belong:
 *
 *      1      2      3      4        5      6      7      8
 *     F..    ..F    ..#    #..      F##    #.F    ..#    #..
 *     #..    ..#    ..F    F..      ...    ...    ...    ...      (F: the first pixel)
 *
 * 5 to 8 exchange rows and columns; the rest is a matter of which end to begin at.
 */
#include "data/exif.h"

#include <string.h>

enum { TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3, ENTRY = 12 };

/* A number of n bytes, in the byte order of the TIFF header. */
static size_t number(const uint8_t *p, int n, int big_endian)
{
    size_t value = 0;
    for (int i = 0; i < n; i++)
        value = value << 8 | p[big_endian ? i : n - 1 - i];
    return value;
}

int dat_exif_orientation(const uint8_t *bytes, size_t count)
{
    if (count < 14 || memcmp(bytes, "Exif\0\0", 6) != 0)
        return 0;
    const uint8_t *tiff = bytes + 6;
    const size_t length = count - 6;
    const int big = tiff[0] == 'M';
    if (memcmp(tiff, big ? "MM\0*" : "II*\0", 4) != 0)
        return 0;
    const size_t directory = number(tiff + 4, 4, big);
    if (directory > length || length - directory < 2)
        return 0;
    const size_t room = (length - directory - 2) / ENTRY;
    size_t entries = number(tiff + directory, 2, big);
    entries = entries < room ? entries : room;
    for (size_t i = 0; i < entries; i++) {
        const uint8_t *entry = tiff + directory + 2 + ENTRY * i;
        if (number(entry, 2, big) != TAG_ORIENTATION)
            continue;
        const size_t value = number(entry + 8, 2, big);
        const int sound = number(entry + 2, 2, big) == TYPE_SHORT && value >= 1 && value <= 8;
        return sound ? (int)value : 0;
    }
    return 0;
}

enum eng_err dat_exif_orient(struct dat_image *img, int orientation)
{
    if (orientation <= 1)
        return ENG_OK;
    const int swap = orientation >= 5;
    const int from_right = orientation == 2 || orientation == 3 || orientation == 7 ||
                           orientation == 8;
    const int from_below = orientation == 3 || orientation == 4 || orientation == 6 ||
                           orientation == 7;

    struct dat_image seen;
    const size_t w = img->width, h = img->height;
    ENG_TRY(dat_image_init(&seen, swap ? h : w, swap ? w : h));
    uint8_t *out = seen.rgb;
    for (size_t y = 0; y < seen.height; y++) {
        for (size_t x = 0; x < seen.width; x++, out += 3) {
            const size_t column = swap ? y : x, row = swap ? x : y;
            const uint8_t *in = img->rgb + 3 * ((from_below ? h - 1 - row : row) * w +
                                                (from_right ? w - 1 - column : column));
            memcpy(out, in, 3);
        }
    }
    dat_image_release(img);
    *img = seen;
    return ENG_OK;
}
