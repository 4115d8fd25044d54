/* Pictures in memory, telling kinds of files apart, and the PPM and PGM formats. */
#include "data/image.h"
#include "data/photo.h"
#include "data/pnm.h"

#include "tests/scratch.h"
#include "tests/tap.h"

#include <stdint.h>

/* Decodes from memory of just the right size, so that a sanitizer sees any step over. */
static enum eng_err decode(struct dat_image *img, const void *bytes, size_t count,
                           struct eng_why *why)
{
    uint8_t *tight = malloc(count + !count);
    enum eng_err err;

    if (!tight)
        exit(2);
    memcpy(tight, bytes, count);
    tap_poison_stack();
    err = dat_photo_decode(img, tight, count, NULL, why);
    free(tight);
    return err;
}

static void check_good(const char *what, const void *bytes, size_t count, size_t width,
                       size_t height, const char *rgb)
{
    struct eng_why why = {{0}};
    struct dat_image img;
    const enum eng_err err = decode(&img, bytes, count, &why);

    CHECK(err == ENG_OK && img.width == width && img.height == height &&
              memcmp(img.rgb, rgb, width * height * 3) == 0,
          "%s %s", what, why.text);
    dat_image_release(&img);
}

static void check_bad(const char *what, const void *bytes, size_t count, enum eng_err want,
                      const char *says)
{
    struct eng_why why = {{0}};
    struct dat_image img;
    const enum eng_err err = decode(&img, bytes, count, &why);

    CHECK(err == want && strstr(why.text, says) && !img.rgb, "%s is refused: %s", what, why.text);
    CHECK(decode(&img, bytes, count, NULL) == want, "%s is refused silently", what);
}

/* The same for text, without its NUL. */
#define GOOD(what, text, ...)       check_good(what, text, sizeof(text) - 1, __VA_ARGS__)
#define BAD(what, text, want, says) check_bad(what, text, sizeof(text) - 1, want, says)

static void test_memory(void)
{
    struct dat_image img = {1, 1, NULL};

    CHECK(dat_image_init(&img, 3, 2) == ENG_OK && img.width == 3 && img.height == 2 && img.rgb,
          "3 x 2 pixels");
    memset(img.rgb, 1, 3 * 2 * 3);
    dat_image_release(&img);
    CHECK(!img.rgb && img.width == 0 && img.height == 0, "released");
    dat_image_release(&img);
    CHECK(dat_image_init(&img, 0, 2) == ENG_ARG && !img.rgb, "no width");
    CHECK(dat_image_init(&img, 2, 0) == ENG_ARG && !img.rgb, "no height");
    CHECK(dat_image_init(&img, DAT_IMAGE_MAX_SIDE + 1, 1) == ENG_TOOBIG && !img.rgb, "too wide");
    CHECK(dat_image_init(&img, 1, DAT_IMAGE_MAX_SIDE + 1) == ENG_TOOBIG && !img.rgb, "too high");
    CHECK(dat_image_init(&img, 16385, 16384) == ENG_TOOBIG && !img.rgb, "too many pixels");
    CHECK(dat_image_init(&img, SIZE_MAX, SIZE_MAX) == ENG_TOOBIG && !img.rgb, "far too many");
}

static void test_pnm(void)
{
    GOOD("P6", "P6\n2 1\n255\n\1\2\3\xff\0\x80", 2, 1, "\1\2\3\xff\0\x80");
    GOOD("P5", "P5 1 2 255\n\7\xfe", 1, 2, "\7\7\7\xfe\xfe\xfe");
    GOOD("P5, two bytes a sample", "P5 3 1 65535\n\x01\x00\xff\xff\x80\x80", 3, 1,
         "\1\1\1\xff\xff\xff\x80\x80\x80");
    GOOD("P6, largest sample 1000", "P6 1 1 1000\n\0\0\3\xe8\1\xf4", 1, 1, "\0\xff\x80");
    GOOD("P5, largest sample 1", "P5 2 1 1\n\0\1", 2, 1, "\0\0\0\xff\xff\xff");
    GOOD("P5, largest sample 100", "P5 3 1 100\n\0\x32\x0a", 3, 1,
         "\0\0\0\x80\x80\x80\x1a\x1a\x1a");
    GOOD("P2", "P2\n3 1\n15\n0 15\n 7", 3, 1, "\0\0\0\xff\xff\xff\x77\x77\x77");
    GOOD("P3", "P3\n1 2 255 1 2 3\t255\r\n0 128\n", 1, 2, "\1\2\3\xff\0\x80");
    GOOD("P3, largest sample 65535", "P3 1 1 65535 0 32768 65535", 1, 1, "\0\x80\xff");
    GOOD("comments", "P6#one\n#two\n\n# three\n2#four\n 1 # five\n255# six\n\1\2\3\4\5\6", 2, 1,
         "\1\2\3\4\5\6");
    GOOD("comments among samples", "P2 2 1 255 # one\n1# two\r2", 2, 1, "\1\1\1\2\2\2");
    GOOD("a sample that looks like a comment", "P5 2 1 255\n##", 2, 1, "######");
    GOOD("a sample that looks like space", "P5 2 1 255\n\n ", 2, 1, "\n\n\n   ");
    GOOD("a second picture behind", "P5 1 1 255\n\7P5 1 1 255\n\7", 1, 1, "\7\7\7");

    BAD("no size", "P6\n", ENG_FORMAT, "header");
    BAD("no largest sample", "P6 1 1", ENG_FORMAT, "header");
    BAD("largest sample 0", "P5 1 1 0\n\0", ENG_FORMAT, "header");
    BAD("largest sample 65536", "P5 1 1 65536\n\0\0", ENG_FORMAT, "header");
    BAD("width 0", "P5 0 1 255\n", ENG_FORMAT, "header");
    BAD("a negative width", "P5 -1 1 255\n\0", ENG_FORMAT, "header");
    BAD("a width of many digits", "P5 99999999999999999999999 1 255\n\0", ENG_FORMAT, "header");
    BAD("a header of words", "P5 one one white\n", ENG_FORMAT, "header");
    BAD("numbers that run into words", "P5 1 1 255x\0", ENG_FORMAT, "header");
    BAD("too wide", "P5 65501 1 255\n", ENG_TOOBIG, "65501 x 1 pixels");
    BAD("too many pixels", "P5 65500 65500 255\n", ENG_TOOBIG, "too many");
    BAD("as many pixels as may be, but not there", "P6 16384 16384 255\n\0", ENG_FORMAT, "cut off");
    BAD("the same in text", "P3 16384 16384 255\n0 0", ENG_FORMAT, "cut off");
    BAD("a sample too few", "P6 2 1 255\n\1\2\3\4\5", ENG_FORMAT, "cut off");
    BAD("half a sample too few", "P5 1 1 256\n\1", ENG_FORMAT, "cut off");
    BAD("a sample too large", "P5 2 1 100\n\1\x65", ENG_FORMAT, "too large");
    BAD("a sample too large, in text", "P2 1 1 100 101", ENG_FORMAT, "too large");
    BAD("a word for a sample", "P2 1 1 100 one ", ENG_FORMAT, "not a number");
    BAD("a sample too few, in text", "P2 2 1 255 100   ", ENG_FORMAT, "missing");

    /* Cut off anywhere: refused, as a picture's end is known. */
    static const char *const whole[] = {"P6 # a comment\n2 2 255\nabcdefghijkl",
                                        "P5 2 2 256\n\1\0\1\0\1\0\1", "P3 1 2 9 1 2 3 4 5 6",
                                        "P2 2 2 15 1 2 3 4"};
    static const size_t length[] = {35, 19, 20, 17};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        int passed = 0;
        struct dat_image img;
        CHECK(decode(&img, whole[i], length[i], NULL) == ENG_OK, "P%c as a whole", whole[i][1]);
        dat_image_release(&img);
        for (size_t n = 0; n < length[i]; n++) {
            passed += decode(&img, whole[i], n, NULL) == ENG_OK || img.rgb;
            dat_image_release(&img);
        }
        CHECK(passed == 0, "P%c is refused when cut off anywhere", whole[i][1]);
    }
    struct dat_image img;
    CHECK(!dat_pnm_is((const uint8_t *)"P4 1", 4) &&
              dat_pnm_decode(&img, (const uint8_t *)"P4 1", 4, NULL, NULL) == ENG_UNSUPPORTED,
          "bitmaps are not read");

    int kept = 0, runs = 0;
    uint32_t x = 1;
    for (size_t i = 0; i < 40000; i++, runs++) {
        char bytes[40];
        const size_t n = length[i % 4];
        memcpy(bytes, whole[i % 4], n);
        for (int k = 0; k < 2; k++) {
            x = x * 1664525 + 1013904223;
            bytes[2 + (x >> 8) % (n - 2)] = "0123456789 \n#\xff"[(x >> 20) % 14];
        }
        kept += decode(&img, bytes, n, NULL) == ENG_OK;
        dat_image_release(&img);
    }
    CHECK(kept > 0 && kept < runs, "%d damaged files, %d still readable", runs, kept);
}

static void test_kinds(void)
{
    static const uint8_t webp[] = "RIFF\x10\0\0\0WEBPVP8 ";

    check_bad("nothing", "", 0, ENG_FORMAT, "empty");
    BAD("text", "hello", ENG_UNSUPPORTED, "not a JPEG, PNG or PPM image; convert it first");
    BAD("one byte", "P", ENG_UNSUPPORTED, "not a JPEG, PNG or PPM");
    BAD("a GIF", "GIF89a..", ENG_UNSUPPORTED, "a GIF file");
    BAD("a HEIC",
        "\0\0\0\x18"
        "ftypheic....",
        ENG_UNSUPPORTED, "a HEIC file");
    check_bad("a WebP", webp, sizeof webp, ENG_UNSUPPORTED, "a WebP file");
    check_bad("a WebP cut off", webp, 11, ENG_UNSUPPORTED, "not a JPEG, PNG or PPM");
    BAD("the beginning of a PNG", "\x89PNG\r\n\x1a", ENG_FORMAT, "");
    BAD("a PNG sent as text", "\x89PNG\n\x1a\n....", ENG_FORMAT, "first eight bytes");
    BAD("the beginning of a JPEG", "\xff\xd8\xff\xe0", ENG_FORMAT, "");
}

static void check_read(const char *path, enum eng_err want, const char *says)
{
    struct eng_why why = {{0}};
    struct dat_image img;
    const enum eng_err err = dat_photo_read(&img, path, NULL, &why);
    const size_t n = strlen(path);

    CHECK(err == want && !img.rgb && strncmp(why.text, path, n) == 0 &&
              strstr(why.text + n, says) && !strchr(why.text, '\n'),
          "%s", why.text);
}

static void test_read(void)
{
    struct eng_why why = {{0}};
    struct dat_image img;

    scratch_make();
    scratch_ppm("good.ppm", 5, 3, 200);
    scratch_text("empty.jpg", "");
    scratch_text("text.jpg", "this is no picture\n");
    scratch_text("cut.ppm", "P6 2 2 255\nabc");
    CHECK(dat_photo_read(&img, scratch_path("good.ppm"), NULL, &why) == ENG_OK && img.width == 5 &&
              img.height == 3 && img.rgb[0] == 200,
          "a file %s", why.text);
    dat_image_release(&img);
    check_read(scratch_path("empty.jpg"), ENG_FORMAT, ": the file is empty");
    check_read(scratch_path("text.jpg"), ENG_UNSUPPORTED, ": not a JPEG, PNG or PPM image");
    check_read(scratch_path("cut.ppm"), ENG_FORMAT, ": the picture is cut off");
    check_read(scratch_path("none.png"), ENG_MISSING, ": not found");
    check_read(scratch_root, ENG_IO, ": it is a folder");
    scratch_remove();
}

int main(void)
{
    test_memory();
    test_pnm();
    test_kinds();
    test_read();
    return tap_done();
}
