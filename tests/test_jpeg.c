/* JPEG decoding against libjpeg: small files embedded here, and whole ones beside the project.
 *
 * The reference pictures are what Pillow opens and converts to RGB. It does not turn pictures as
 * EXIF says, and we do; the only reference file with an orientation has 1, so that all are
 * compared as they come. Orientations 2 to 8 are tested with an embedded file. */
#include "data/file.h"
#include "data/jpeg.h"
#include "data/png.h"
#include "tests/jpeg_samples.h"
#include "tests/pattern.h"
#include "tests/tap.h"

#include <dirent.h>

enum { SAMPLES = sizeof jpeg_samples / sizeof jpeg_samples[0] };

/* A file made from another one. */
struct file {
    uint8_t *bytes;
    size_t count;
};

/* bytes[0, count) with `removed` bytes at `at` replaced by `inserted` ones; exactly as large as it
 * must be, so that reading past its end is found. */
static struct file edit(const uint8_t *bytes, size_t count, size_t at, size_t removed,
                        const void *insert, size_t inserted)
{
    struct file f = {.count = count - removed + inserted};
    f.bytes = malloc(f.count ? f.count : 1);
    if (!f.bytes)
        exit(2);
    if (at > 0)
        memcpy(f.bytes, bytes, at);
    if (inserted > 0)
        memcpy(f.bytes + at, insert, inserted);
    if (count - removed > at)
        memcpy(f.bytes + at + inserted, bytes + at + removed, count - removed - at);
    return f;
}

static struct file edit_sample(int index, size_t at, size_t removed, const void *insert,
                               size_t inserted)
{
    const struct jpeg_sample *s = &jpeg_samples[index];
    return edit(s->bytes, s->count, at, removed, insert, inserted);
}

/* Decodes and frees; true if the result is the sample. */
static int same_as_sample(struct file f, int index)
{
    struct dat_image img;
    const enum eng_err err = dat_jpeg_decode(&img, f.bytes, f.count, NULL, NULL);
    const int same = err == ENG_OK && img.width == jpeg_samples[index].width &&
                     img.height == jpeg_samples[index].height &&
                     pattern_hash(&img) == jpeg_samples[index].hash;
    dat_image_release(&img);
    free(f.bytes);
    return same;
}

/* Decodes and frees; true if that fails as expected, with a sentence and without a picture. */
static int fails_with(struct file f, enum eng_err expected)
{
    struct dat_image img;
    struct eng_why why = {{0}};
    const enum eng_err err = dat_jpeg_decode(&img, f.bytes, f.count, NULL, &why);
    const int as_expected = err == expected && why.text[0] && !img.rgb && !img.width && !img.height;
    if (!as_expected)
        printf("# error %d instead of %d, \"%s\"\n", err, expected, why.text);
    dat_image_release(&img);
    free(f.bytes);
    return as_expected;
}

/* Where marker FF code is found for the n-th time, counted from 0; the files hold no such bytes
 * elsewhere. */
static size_t find_marker(const uint8_t *bytes, size_t count, uint8_t code, int n)
{
    for (size_t i = 0; i + 1 < count; i++)
        if (bytes[i] == 0xff && bytes[i + 1] == code && n-- == 0)
            return i;
    printf("Bail out! no marker %02x\n", code);
    exit(1);
}

static size_t marker_of(int index, uint8_t code, int n)
{
    return find_marker(jpeg_samples[index].bytes, jpeg_samples[index].count, code, n);
}

static void test_samples(void)
{
    for (int i = 0; i < SAMPLES; i++)
        CHECK(same_as_sample(edit_sample(i, 0, 0, "", 0), i), "%s", jpeg_samples[i].name);
}

/* The progressive gradient with fewer scans: what is missing is smoothed over. */
static void test_partial(void)
{
    const int scans = sizeof jpeg_partial_hashes / sizeof jpeg_partial_hashes[0];
    const struct jpeg_sample *s = &jpeg_samples[GRADIENT_PROGRESSIVE];
    for (int i = 0; i < scans; i++) {
        const size_t end = marker_of(GRADIENT_PROGRESSIVE, 0xda, i + 1);
        struct file f = edit_sample(GRADIENT_PROGRESSIVE, end, s->count - end, "\xff\xd9", 2);
        struct dat_image img;
        const enum eng_err err = dat_jpeg_decode(&img, f.bytes, f.count, NULL, NULL);
        CHECK(err == ENG_OK && pattern_hash(&img) == jpeg_partial_hashes[i],
              "a progressive file of %d scans", i + 1);
        dat_image_release(&img);
        free(f.bytes);
        CHECK(fails_with(edit_sample(GRADIENT_PROGRESSIVE, end, s->count - end, "", 0), ENG_FORMAT),
              "the same cut off there");
    }
}

static void test_truncation(void)
{
    const int last_marker = 2; /* may be missing */
    for (int i = 0; i < SAMPLES; i++) {
        const struct jpeg_sample *s = &jpeg_samples[i];
        size_t refused = 0, whole = 0;
        for (size_t n = 0; n < s->count; n++) {
            struct file f = edit(s->bytes, n, n, 0, "", 0);
            if (n + last_marker < s->count)
                refused += (size_t)fails_with(f, ENG_FORMAT);
            else
                whole += (size_t)same_as_sample(f, i);
        }
        CHECK(refused == s->count - last_marker && whole == last_marker,
              "%s: cut off anywhere is an error, missing EOI is not", s->name);
    }
}

/* Nothing is expected of damaged files but an error or a picture. */
static void test_bit_flips(void)
{
    for (int i = 0; i < SAMPLES; i++) {
        const struct jpeg_sample *s = &jpeg_samples[i];
        size_t sound = 0;
        for (size_t bit = 0; bit < 8 * s->count; bit++) {
            struct file f = edit(s->bytes, s->count, 0, 0, "", 0);
            f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            struct dat_image img;
            const enum eng_err err = dat_jpeg_decode(&img, f.bytes, f.count, NULL, NULL);
            sound += err == ENG_OK ? img.width > 0 && img.height > 0 : !img.rgb;
            dat_image_release(&img);
            free(f.bytes);
        }
        CHECK(sound == 8 * s->count, "%s: every bit flipped", s->name);
    }
}

static void test_not_jpeg(void)
{
    CHECK(fails_with(edit(NULL, 0, 0, 0, "", 0), ENG_FORMAT), "an empty file");
    CHECK(fails_with(edit(NULL, 0, 0, 0, "\xff\xd8", 2), ENG_FORMAT), "SOI alone");
    CHECK(fails_with(edit(NULL, 0, 0, 0, "\xff\xd8\xff\xd9", 4), ENG_FORMAT), "SOI and EOI");
    CHECK(fails_with(edit(NULL, 0, 0, 0, "\x89PNG\r\n\x1a\n", 8), ENG_FORMAT), "a PNG");
}

/* Values of a frame header that must be refused. */
static void test_headers(void)
{
    const size_t sof = marker_of(GRADIENT_BASELINE, 0xc0, 0);
    static const struct {
        const char *name;
        size_t at, count;
        const char *bytes;
        enum eng_err err;
    } changes[] = {
        {"lossless", 1, 1, "\xc3", ENG_UNSUPPORTED},
        {"hierarchical", 1, 1, "\xc5", ENG_UNSUPPORTED},
        {"arithmetic coding", 1, 1, "\xc9", ENG_UNSUPPORTED},
        {"arithmetic coding, progressive", 1, 1, "\xca", ENG_UNSUPPORTED},
        {"12 bits", 4, 1, "\x0c", ENG_UNSUPPORTED},
        {"height 0", 5, 2, "\0\0", ENG_FORMAT},
        {"width 0", 7, 2, "\0\0", ENG_FORMAT},
        {"65535 x 65535", 5, 4, "\xff\xff\xff\xff", ENG_TOOBIG},
        {"40000 x 40000", 5, 4, "\x9c\x40\x9c\x40", ENG_TOOBIG},
        {"16000 x 16000, in this few bytes", 5, 4, "\x3e\x80\x3e\x80", ENG_FORMAT},
        {"700 x 700, in this few bytes", 5, 4, "\x02\xbc\x02\xbc", ENG_FORMAT},
        {"no component", 9, 1, "\0", ENG_FORMAT},
        {"sampling factor 0", 11, 1, "\x20", ENG_FORMAT},
        {"sampling factor 5", 11, 1, "\x51", ENG_FORMAT},
        {"quantisation table 4", 12, 1, "\x04", ENG_FORMAT},
        {"quantisation table that is not there", 12, 1, "\x03", ENG_FORMAT},
        {"component that is in no scan", 10, 1, "\x09", ENG_FORMAT},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        CHECK(fails_with(edit_sample(GRADIENT_BASELINE, sof + changes[i].at, changes[i].count,
                                     changes[i].bytes, changes[i].count),
                         changes[i].err),
              "refused: %s", changes[i].name);
    CHECK(fails_with(edit_sample(GRADIENT_BASELINE, sof, 0,
                                 "\xff\xc0\0\x0e\x08\0\x08\0\x08\x02\1\x11\0\2\x11\0", 16),
                     ENG_UNSUPPORTED),
          "refused: two components");
    CHECK(fails_with(edit_sample(GRADIENT_BASELINE, sof, 0,
                                 "\xff\xc0\0\x0b\x08\0\x08\0\x08\x01\1\x11\0", 13),
                     ENG_FORMAT),
          "refused: two frames");
    const size_t sos = marker_of(GRADIENT_BASELINE, 0xda, 0);
    CHECK(fails_with(edit_sample(GRADIENT_BASELINE, sof, sos - sof, "", 0), ENG_FORMAT),
          "refused: a scan without a frame");
}

/* What files in the wild have between their segments, and leave out. */
static void test_tolerated(void)
{
    const int g = GRADIENT_BASELINE;
    const size_t sof = marker_of(g, 0xc0, 0), sos = marker_of(g, 0xda, 0);
    const size_t eoi = jpeg_samples[g].count - 2;
    CHECK(same_as_sample(edit_sample(g, sof, 0, "\xff\xff\xff", 3), g), "fill bytes");
    CHECK(same_as_sample(edit_sample(g, sof, 0, "junk", 4), g), "junk between segments");
    CHECK(same_as_sample(edit_sample(g, sof, 0, "\xff\xfe\0\x08hello!", 10), g), "a comment");
    CHECK(same_as_sample(edit_sample(g, sof, 0, "\xff\xe7\0\x04\xff\xd9", 6), g),
          "an application's segment with EOI inside");
    CHECK(same_as_sample(edit_sample(g, eoi, 0, "\x12\x34\xff\0\x56", 5), g), "junk before EOI");
    CHECK(same_as_sample(edit_sample(g, eoi + 2, 0, "\xff\xd8\xff", 3), g), "junk after EOI");

    const size_t dht = marker_of(g, 0xc4, 0); /* four, between SOF and SOS */
    CHECK(same_as_sample(edit_sample(g, dht, sos - dht, "", 0), g), "no Huffman tables");
    const int p = GRADIENT_PROGRESSIVE;
    const size_t first = marker_of(p, 0xc4, 0), scan = marker_of(p, 0xda, 0);
    CHECK(fails_with(edit_sample(p, first, scan - first, "", 0), ENG_FORMAT),
          "but not in a progressive file");
}

static void test_restarts(void)
{
    const int r = RESTARTS;
    const size_t rst0 = marker_of(r, 0xd0, 0), rst1 = marker_of(r, 0xd1, 0);
    CHECK(same_as_sample(edit_sample(r, rst0, 0, "\x55\xff\0\xaa", 4), r), "junk before RST0");
    CHECK(same_as_sample(edit_sample(r, rst0, 0, "\xff\xff", 2), r), "fill bytes before RST0");
    CHECK(fails_with(edit_sample(r, rst0, 2, "\xff\xd1", 2), ENG_FORMAT), "RST1 instead of RST0");
    CHECK(fails_with(edit_sample(r, rst0, 2, "", 0), ENG_FORMAT), "no RST0");
    CHECK(fails_with(edit_sample(r, rst0, rst1 - rst0, "", 0), ENG_FORMAT), "an interval is lost");
}

/* The scan of the last bit of DC again and again: a few times is odd, 3000 times is an attack. */
static void test_scan_bomb(void)
{
    const struct jpeg_sample *s = &jpeg_samples[GRADIENT_PROGRESSIVE];
    const size_t scan = marker_of(GRADIENT_PROGRESSIVE, 0xda, 6);
    const size_t length = find_marker(s->bytes + scan, s->count - scan, 0xc4, 0);
    for (size_t times = 3; times <= 3000; times *= 1000) {
        uint8_t *repeated = malloc(times * length);
        if (!repeated)
            exit(2);
        for (size_t i = 0; i < times; i++)
            memcpy(repeated + i * length, s->bytes + scan, length);
        struct file f = edit_sample(GRADIENT_PROGRESSIVE, scan, 0, repeated, times * length);
        free(repeated);
        if (times == 3)
            CHECK(same_as_sample(f, GRADIENT_PROGRESSIVE), "three scans too many");
        else
            CHECK(fails_with(f, ENG_TOOBIG), "refused: 3000 scans too many");
    }
}

/* The baseline gradient with an APP1 segment behind SOI. */
static struct file with_exif(const char *tiff, size_t count)
{
    uint8_t app1[64] = {0xff, 0xe1, 0, (uint8_t)(8 + count), 'E', 'x', 'i', 'f'};
    memcpy(app1 + 10, tiff, count);
    return edit_sample(GRADIENT_BASELINE, 2, 0, app1, 10 + count);
}

/* Where pixel (x, y) of the upright picture is in the stored one of w x h (EXIF 2.32, 4.6.4). */
static const uint8_t *stored_pixel(const struct dat_image *stored, int orientation, size_t x,
                                   size_t y)
{
    const size_t right = stored->width - 1, bottom = stored->height - 1;
    const size_t at[9][2] = {
        {0, 0}, {x, y},          {right - x, y},          {right - x, bottom - y}, {x, bottom - y},
        {y, x}, {y, bottom - x}, {right - y, bottom - x}, {right - y, x},
    };
    return stored->rgb + 3 * (at[orientation][1] * stored->width + at[orientation][0]);
}

/* A TIFF header and its directory of two entries: the width, 27, and the orientation. */
enum { TIFF_SIZE = 38, TIFF_DIRECTORY = 4, TIFF_ENTRIES = 8, TIFF_TYPE = 24, TIFF_VALUE = 30 };
static const char tiff_little[TIFF_SIZE + 1] = "II*\0\x08\0\0\0\x02\0"
                                               "\0\x01\x03\0\x01\0\0\0\x1b\0\0\0"
                                               "\x12\x01\x03\0\x01\0\0\0\x01\0\0\0"
                                               "\0\0\0\0";
static const char tiff_big[TIFF_SIZE + 1] = "MM\0*\0\0\0\x08\0\x02"
                                            "\x01\0\0\x03\0\0\0\x01\0\x1b\0\0"
                                            "\x01\x12\0\x03\0\0\0\x01\0\x01\0\0"
                                            "\0\0\0\0";

static int is_turned(const struct dat_image *upright, const struct dat_image *stored,
                     int orientation)
{
    const int swap = orientation >= 5;
    if (upright->width != (swap ? stored->height : stored->width) ||
        upright->height != (swap ? stored->width : stored->height))
        return 0;
    for (size_t y = 0; y < upright->height; y++)
        for (size_t x = 0; x < upright->width; x++)
            if (memcmp(upright->rgb + 3 * (y * upright->width + x),
                       stored_pixel(stored, orientation, x, y), 3) != 0)
                return 0;
    return 1;
}

static void test_orientation(void)
{
    struct dat_image stored, upright;
    const struct jpeg_sample *s = &jpeg_samples[GRADIENT_BASELINE];
    if (!CHECK(!dat_jpeg_decode(&stored, s->bytes, s->count, NULL, NULL), "the stored picture"))
        return;
    for (int o = 1; o <= 8; o++) {
        for (int big = 0; big < 2; big++) {
            char tiff[TIFF_SIZE];
            memcpy(tiff, big ? tiff_big : tiff_little, TIFF_SIZE);
            tiff[TIFF_VALUE + big] = (char)o;
            struct file f = with_exif(tiff, TIFF_SIZE);
            const enum eng_err err = dat_jpeg_decode(&upright, f.bytes, f.count, NULL, NULL);
            CHECK(err == ENG_OK && is_turned(&upright, &stored, o), "orientation %d, %s-endian", o,
                  big ? "big" : "little");
            dat_image_release(&upright);
            free(f.bytes);
        }
    }
    dat_image_release(&stored);
}

/* Metadata that make no sense do not cost us the photo. */
static void test_damaged_exif(void)
{
    static const struct {
        const char *name;
        size_t at;
        uint8_t value;
        int ignored; /* else the orientation, 6, still counts */
    } changes[] = {
        {"orientation 0", TIFF_VALUE, 0, 1},
        {"orientation 9", TIFF_VALUE, 9, 1},
        {"orientation 262", TIFF_VALUE + 1, 1, 1},
        {"a type that is no number", TIFF_TYPE, 2, 1},
        {"neither II nor MM", 0, 'J', 1},
        {"not 42", 2, 43, 1},
        {"a directory beyond the end", TIFF_DIRECTORY, 200, 1},
        {"a directory far beyond the end", TIFF_DIRECTORY + 3, 255, 1},
        {"a directory that lacks the entry", TIFF_ENTRIES, 1, 1},
        {"a directory with more entries than bytes", TIFF_ENTRIES + 1, 255, 0},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char tiff[TIFF_SIZE];
        memcpy(tiff, tiff_little, TIFF_SIZE);
        tiff[TIFF_VALUE] = 6;
        tiff[changes[i].at] = (char)changes[i].value;
        struct file f = with_exif(tiff, TIFF_SIZE);
        struct dat_image img;
        const enum eng_err err = dat_jpeg_decode(&img, f.bytes, f.count, NULL, NULL);
        const size_t width = jpeg_samples[GRADIENT_BASELINE].width,
                     height = jpeg_samples[GRADIENT_BASELINE].height;
        CHECK(err == ENG_OK && img.width == (changes[i].ignored ? width : height), "EXIF with %s",
              changes[i].name);
        dat_image_release(&img);
        free(f.bytes);
    }
    for (size_t n = 0; n < TIFF_SIZE - 8; n++) { /* 8: what follows the value */
        struct file f = with_exif(tiff_little, n);
        if (!same_as_sample(f, GRADIENT_BASELINE))
            CHECK(0, "EXIF of %zu bytes", n);
    }
}

/* Reads NAME.jpg and NAME.pil.png; the largest difference of a sample, or -1. */
static int compare(const char *dir, const char *name, size_t stem)
{
    char path[2][1024];
    uint8_t *bytes[2] = {NULL, NULL};
    size_t counts[2];
    struct dat_image jpeg = {0}, png = {0};
    struct eng_why why = {{0}};
    int largest = -1;
    snprintf(path[0], sizeof path[0], "%s/%s", dir, name);
    snprintf(path[1], sizeof path[1], "%s/%.*s.pil.png", dir, (int)stem, name);
    if (dat_file_read(&bytes[0], &counts[0], path[0], &why) == ENG_OK &&
        dat_file_read(&bytes[1], &counts[1], path[1], &why) == ENG_OK &&
        dat_jpeg_decode(&jpeg, bytes[0], counts[0], NULL, &why) == ENG_OK &&
        dat_png_decode(&png, bytes[1], counts[1], NULL, &why) == ENG_OK &&
        jpeg.width == png.width && jpeg.height == png.height) {
        largest = 0;
        for (size_t i = 0; i < 3 * png.width * png.height; i++) {
            const int difference = abs(jpeg.rgb[i] - png.rgb[i]);
            largest = difference > largest ? difference : largest;
        }
    }
    if (why.text[0])
        printf("# %s: %s\n", name, why.text);
    dat_image_release(&jpeg);
    dat_image_release(&png);
    free(bytes[0]);
    free(bytes[1]);
    return largest;
}

/* It is the decoder that refuses the file, and says why. */
static int is_refused(const char *dir, const char *name)
{
    char path[1024];
    uint8_t *bytes;
    size_t count;
    struct dat_image image;
    struct eng_why why = {{0}};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (dat_file_read(&bytes, &count, path, &why) != ENG_OK)
        return 0;
    why.text[0] = '\0';
    const enum eng_err err = dat_jpeg_decode(&image, bytes, count, NULL, &why);
    free(bytes);
    dat_image_release(&image);
    return (err == ENG_FORMAT || err == ENG_UNSUPPORTED) && why.text[0];
}

/* Files of the reference that we refuse, on purpose. */
static int must_fail(const char *name)
{
    /* A PNG, in spite of its name. */
    if (strcmp(name, "jpg-size-6x6.jpg") == 0)
        return 1;
    /* The data of its third scan end in the middle of a block. libjpeg goes on with zero bits,
     * which decode to coefficients that nobody wrote. */
    return strcmp(name, "partial_progressive.jpg") == 0;
}

/* All NAME.jpg of a folder that have a NAME.pil.png; their number. */
static int compare_folder(const char *folder)
{
    char dir[512];
    int compared = 0;
    snprintf(dir, sizeof dir, "%s/%s", tap_shared(), folder);
    DIR *d = opendir(dir);
    const struct dirent *entry;
    while (d && (entry = readdir(d)) != NULL) {
        const char *name = entry->d_name;
        const size_t length = strlen(name);
        char png[1024];
        if (length < 5 || strcmp(name + length - 4, ".jpg") != 0)
            continue;
        snprintf(png, sizeof png, "%s/%.*s.pil.png", dir, (int)length - 4, name);
        FILE *reference = fopen(png, "rb");
        if (!reference)
            continue;
        fclose(reference);
        if (must_fail(name)) {
            CHECK(is_refused(dir, name), "%s/%s is refused", folder, name);
        } else {
            const int largest = compare(dir, name, length - 4);
            CHECK(largest == 0, "%s/%s, largest difference %d", folder, name, largest);
        }
        compared++;
    }
    if (d)
        closedir(d);
    return compared;
}

static void test_reference(const char *folder, int expected)
{
    const int compared = compare_folder(folder);
    if (compared == 0)
        tap_skip("no reference JPEGs beside the project ($GAD_SHARED or ../shared)");
    else
        CHECK(compared >= expected, "%s: %d files compared", folder, compared);
}

int main(void)
{
    test_samples();
    test_partial();
    test_truncation();
    test_bit_flips();
    test_not_jpeg();
    test_headers();
    test_tolerated();
    test_restarts();
    test_scan_bomb();
    test_orientation();
    test_damaged_exif();
    test_reference("conformance/jpeg", 37);
    test_reference("data/photos", 8);
    return tap_done();
}
