/* Zip archives: what is written is read, archives put together byte by byte in every way that the
 * format allows, and every way to be wrong. */
#include "data/crc32.h"
#include "data/deflate.h"
#include "data/file.h"
#include "data/zip.h"
#include "tests/scratch.h"
#include "tests/tap.h"

/* ---- archives of two members, made by hand -------------------------------------------------- */

/* a.txt is stored; b.txt is deflated, its sizes behind it and not in its local header, as a program
 * writes that cannot seek. */
static const char text_a[] = "stored", text_b[] = "deflated, deflated, deflated, deflated";

enum { SIZE_A = sizeof text_a - 1, SIZE_B = sizeof text_b - 1, MOST = 4096 };

struct archive {
    uint8_t bytes[MOST];
    size_t count, local_b, entry_a, entry_b, end64, locator, end;
};

static void put(struct archive *z, int width, uint64_t value)
{
    for (int i = 0; i < width; i++)
        z->bytes[z->count++] = (uint8_t)(value >> 8 * i);
}

static void put_at(struct archive *z, size_t at, int width, uint64_t value)
{
    const size_t count = z->count;
    z->count = at;
    put(z, width, value);
    z->count = count;
}

static void put_text(struct archive *z, const char *text, size_t count)
{
    memcpy(z->bytes + z->count, text, count);
    z->count += count;
}

static void put_header(struct archive *z, int deflated, uint32_t crc, size_t packed, size_t size,
                       size_t extra)
{
    put(z, 2, 20);
    put(z, 2, deflated ? 8 : 0);
    put(z, 2, deflated ? 8 : 0);
    put(z, 4, 0x210000);
    put(z, 4, crc);
    put(z, 4, packed);
    put(z, 4, size);
    put(z, 2, 5);
    put(z, 2, extra);
}

/* zip64: sizes and places in the extra fields and the end of zip64, although they are small. (As
 * Python does in local headers, if it does not know the size yet.) */
static struct archive build(int zip64)
{
    struct archive z = {.count = 0};
    const uint64_t large = 0xFFFFFFFF;
    uint8_t *packed = NULL;
    size_t packed_size = 0;
    scratch_need(!dat_deflate(&packed, &packed_size, (const uint8_t *)text_b, SIZE_B), "deflate");
    const uint32_t crc_a = dat_crc32(0, text_a, SIZE_A), crc_b = dat_crc32(0, text_b, SIZE_B);
    put(&z, 4, 0x04034b50);
    put_header(&z, 0, crc_a, zip64 ? large : SIZE_A, zip64 ? large : SIZE_A, zip64 ? 20 : 0);
    put_text(&z, "a.txt", 5);
    if (zip64) {
        put_text(&z, "\1\0\20\0", 4);
        put(&z, 8, SIZE_A);
        put(&z, 8, SIZE_A);
    }
    put_text(&z, text_a, SIZE_A);

    z.local_b = z.count;
    put(&z, 4, 0x04034b50);
    put_header(&z, 1, 0, 0, 0, 6);
    put_text(&z, "b.txt", 5);
    put_text(&z, "xx\2\0yy", 6);
    put_text(&z, (const char *)packed, packed_size);
    put(&z, 4, 0x08074b50);
    put(&z, 4, crc_b);
    put(&z, 4, packed_size);
    put(&z, 4, SIZE_B);

    z.entry_a = z.count;
    put(&z, 4, 0x02014b50);
    put(&z, 2, 20);
    put_header(&z, 0, crc_a, SIZE_A, SIZE_A, 0);
    put(&z, 6, 0);
    put(&z, 8, 0); /* attributes, place */
    put_text(&z, "a.txt", 5);
    z.entry_b = z.count;
    put(&z, 4, 0x02014b50);
    put(&z, 2, 20);
    put_header(&z, 1, crc_b, zip64 ? large : packed_size, zip64 ? large : SIZE_B, zip64 ? 33 : 0);
    put(&z, 6, 0);
    put(&z, 4, 0);
    put(&z, 4, zip64 ? large : z.local_b);
    put_text(&z, "b.txt", 5);
    if (zip64) {
        put_text(&z, "zz\1\0z\1\0\30\0", 9); /* another field first */
        put(&z, 8, SIZE_B);
        put(&z, 8, packed_size);
        put(&z, 8, z.local_b);
    }
    const size_t size = z.count - z.entry_a;
    z.end64 = z.count;
    if (zip64) {
        put(&z, 4, 0x06064b50);
        put(&z, 8, 44);
        put(&z, 4, 0x2d002d);
        put(&z, 8, 0);
        put(&z, 8, 2);
        put(&z, 8, 2);
        put(&z, 8, size);
        put(&z, 8, z.entry_a);
        z.locator = z.count;
        put(&z, 4, 0x07064b50);
        put(&z, 4, 0);
        put(&z, 8, z.end64);
        put(&z, 4, 1);
    }
    z.end = z.count;
    put(&z, 4, 0x06054b50);
    put(&z, 4, 0);
    put(&z, 2, zip64 ? 0xFFFF : 2);
    put(&z, 2, zip64 ? 0xFFFF : 2);
    put(&z, 4, zip64 ? large : size);
    put(&z, 4, zip64 ? large : z.entry_a);
    put(&z, 2, 7);
    put_text(&z, "comment", 7);
    free(packed);
    return z;
}

/* Opens the archive in a block of exactly its size, and reads all of it. */
static enum eng_err read_archive(const uint8_t *bytes, size_t count, int *right,
                                 struct eng_why *why)
{
    struct dat_zip *zip;
    uint8_t *copy = malloc(count ? count : 1);
    if (count)
        memcpy(copy, bytes, count);
    enum eng_err err = dat_zip_decode(&zip, copy, count, NULL, why);
    *right = err == ENG_OK && dat_zip_count(zip) == 2;
    for (size_t i = 0; err == ENG_OK && i < dat_zip_count(zip); i++) {
        const struct dat_zip_member *m = dat_zip_at(zip, i);
        const uint8_t *contents;
        uint8_t *owned;
        err = dat_zip_read(&contents, &owned, m, NULL, why);
        const char *text = i ? text_b : text_a;
        *right = *right && err == ENG_OK && dat_zip_find(zip, m->name) == m &&
                 m->size == strlen(text) && !memcmp(contents, text, m->size) &&
                 !strcmp(m->name, i ? "b.txt" : "a.txt");
        free(owned);
    }
    dat_zip_free(zip);
    free(copy);
    return err;
}

static void test_read(void)
{
    for (int zip64 = 0; zip64 < 2; zip64++) {
        const struct archive z = build(zip64);
        struct dat_zip *zip;
        int right;
        CHECK(read_archive(z.bytes, z.count, &right, NULL) == ENG_OK && right,
              "stored and deflated members%s", zip64 ? ", zip64" : "");
        size_t size;
        CHECK(!dat_zip_decode(&zip, z.bytes, z.count, NULL, NULL) &&
                  !memcmp(dat_zip_comment(zip, &size), "comment", 7) && size == 7 &&
                  !dat_zip_find(zip, "c.txt") && !dat_zip_find(zip, ""),
              "the comment, and no member that is not there");
        dat_zip_free(zip);
    }
    /* What zip64 says may stand in the end once more, and nothing in the disks' numbers. */
    struct archive z = build(1);
    int right;
    put_at(&z, z.end + 4, 4, UINT32_MAX);
    put_at(&z, z.end + 8, 4, 0x20002);
    put_at(&z, z.end + 12, 4, z.end64 - z.entry_a);
    put_at(&z, z.end + 16, 4, z.entry_a);
    CHECK(read_archive(z.bytes, z.count, &right, NULL) == ENG_OK && right, "zip64, and the same");
    dat_zip_free(NULL);
}

/* ---- wrong ones ----------------------------------------------------------------------------- */

enum where { LOCAL_A, LOCAL_B, ENTRY_A, ENTRY_B, END64, LOCATOR, END };

static const struct {
    const char *what;
    int zip64;
    enum where where;
    int offset, width;
    uint64_t value;
    enum eng_err err;
    const char *reason;
} wrong[] = {
    {"two disks", 0, END, 4, 2, 1, ENG_UNSUPPORTED, "several parts"},
    {"members on another disk", 0, END, 8, 2, 1, ENG_UNSUPPORTED, "several parts"},
    {"a directory too long", 0, END, 12, 4, 200, ENG_FORMAT, "elsewhere"},
    {"a directory too far", 0, END, 16, 4, 5000, ENG_FORMAT, "elsewhere"},
    {"a comment too long", 0, END, 20, 2, 8, ENG_FORMAT, "no end"},
    {"a comment too short", 0, END, 20, 2, 6, ENG_FORMAT, "no end"},
    {"more members than there are", 0, END, 8, 4, 0x30003, ENG_FORMAT, ""},
    {"far more members", 0, END, 8, 4, 0xFFFEFFFE, ENG_FORMAT, "elsewhere"},
    {"fewer members than there are", 0, END, 8, 4, 0x10001, ENG_FORMAT, "more in its directory"},
    {"an entry without its signature", 0, ENTRY_B, 0, 1, 0, ENG_FORMAT, "fewer members"},
    {"an entry that is encrypted", 0, ENTRY_A, 8, 2, 1, ENG_UNSUPPORTED, "encrypted"},
    {"an unknown method", 0, ENTRY_A, 10, 2, 14, ENG_UNSUPPORTED, "method 14"},
    {"a method that is not the header's", 0, ENTRY_A, 10, 2, 8, ENG_FORMAT, "not where"},
    {"a checksum that is not the header's", 0, ENTRY_A, 16, 4, 0, ENG_FORMAT, "own header"},
    {"a header with another checksum", 0, LOCAL_A, 14, 4, 0, ENG_FORMAT, "own header"},
    {"a header with another size", 0, LOCAL_A, 22, 4, SIZE_A + 1, ENG_FORMAT, "own header"},
    {"a header with other packed bytes", 0, LOCAL_A, 18, 4, SIZE_A - 1, ENG_FORMAT, "own header"},
    {"a header with no sizes of 64 bits", 0, LOCAL_A, 18, 8, UINT64_MAX, ENG_FORMAT, "own header"},
    {"a header with another 64-bit size", 1, LOCAL_A, 39, 8, SIZE_A + 1, ENG_FORMAT, "own header"},
    {"one with other 64 bits of packed bytes", 1, LOCAL_A, 47, 8, 0, ENG_FORMAT, "own header"},
    {"a header with too few of 64 bits", 1, LOCAL_A, 37, 2, 15, ENG_FORMAT, "own header"},
    {"a header that is encrypted", 0, LOCAL_A, 6, 2, 1, ENG_FORMAT, "own header"},
    {"a header that lacks what follows", 0, LOCAL_B, 6, 2, 0, ENG_FORMAT, "own header"},
    {"other members than zip64's", 1, END, 8, 4, 0x30003, ENG_FORMAT, "zip64"},
    {"another size than zip64's", 1, END, 12, 4, 0, ENG_FORMAT, "zip64"},
    {"another place than zip64's", 1, END, 16, 4, 0, ENG_FORMAT, "zip64"},
    {"other disks than zip64's", 1, END, 4, 4, 0x10001, ENG_FORMAT, "zip64"},
    {"a wrong checksum of deflated bytes", 0, ENTRY_B, 16, 4, 0, ENG_FORMAT, "checksum"},
    {"stored bytes of another size", 0, ENTRY_A, 24, 4, SIZE_A + 1, ENG_FORMAT, "size"},
    {"deflated bytes of another size", 0, ENTRY_B, 24, 4, SIZE_B + 1, ENG_FORMAT, "less than"},
    {"deflated bytes that are more", 0, ENTRY_B, 24, 4, SIZE_B - 1, ENG_FORMAT, "more than"},
    {"a size beyond deflate", 0, ENTRY_B, 24, 4, 0x7FFFFFFF, ENG_FORMAT, "size"},
    {"a size beyond 32 bits without an extra field", 0, ENTRY_B, 24, 4, 0xFFFFFFFF, ENG_FORMAT,
     "size"},
    {"packed bytes beyond the archive", 0, ENTRY_B, 20, 4, 5000, ENG_FORMAT, "beyond"},
    {"packed bytes that go on", 0, ENTRY_B, 20, 4, 33, ENG_FORMAT, ""},
    {"a name that is longer than the entry", 0, ENTRY_B, 28, 2, 6, ENG_FORMAT, "cut off"},
    {"no name", 0, ENTRY_B, 28, 4, 0x50000, ENG_FORMAT, "proper name"},
    {"a name with a NUL", 0, ENTRY_B, 48, 1, 0, ENG_FORMAT, "proper name"},
    {"a name that is not UTF-8", 0, ENTRY_B, 46, 1, 0xFC, ENG_UNSUPPORTED, "UTF-8"},
    {"a name that is not the header's", 0, ENTRY_B, 46, 1, 'c', ENG_FORMAT, "not where"},
    {"a place beyond the archive", 0, ENTRY_B, 42, 4, 5000, ENG_FORMAT, "outside"},
    {"a place within the directory", 0, ENTRY_B, 42, 4, 110, ENG_FORMAT, "outside"},
    {"a place that is another's", 0, ENTRY_B, 42, 4, 0, ENG_FORMAT, "not where"},
    {"a header without its signature", 0, LOCAL_B, 0, 1, 0, ENG_FORMAT, "not where"},
    {"an extra field beyond the archive", 0, LOCAL_B, 28, 2, 0xFFFF, ENG_FORMAT, "not where"},
    {"a locator of nothing", 1, LOCATOR, 8, 8, 5, ENG_FORMAT, "zip64"},
    {"a locator beyond the archive", 1, LOCATOR, 8, 8, UINT64_MAX, ENG_FORMAT, "zip64"},
    {"a 64-bit directory too far", 1, END64, 48, 8, UINT64_MAX, ENG_FORMAT, "elsewhere"},
    {"a 64-bit directory too long", 1, END64, 40, 8, UINT64_MAX, ENG_FORMAT, "elsewhere"},
    {"2^64 members", 1, END64, 24, 8, UINT64_MAX, ENG_UNSUPPORTED, "parts"},
    {"an extra field that is too short", 1, ENTRY_B, 58, 2, 23, ENG_FORMAT, "size"},
    {"a 64-bit size", 1, ENTRY_B, 60, 8, UINT64_MAX, ENG_FORMAT, "size"},
    {"64 bits of packed bytes", 1, ENTRY_B, 68, 8, UINT64_MAX, ENG_FORMAT, "beyond"},
    {"a 64-bit place", 1, ENTRY_B, 76, 8, UINT64_MAX - 20, ENG_FORMAT, "outside"},
};

static void test_wrong(void)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct archive z = build(wrong[i].zip64);
        struct eng_why why = {""};
        const size_t places[] = {0, z.local_b, z.entry_a, z.entry_b, z.end64, z.locator, z.end};
        int right;
        put_at(&z, places[wrong[i].where] + (size_t)wrong[i].offset, wrong[i].width,
               wrong[i].value);
        const enum eng_err err = read_archive(z.bytes, z.count, &right, &why);
        if (!CHECK(err == wrong[i].err && strstr(why.text, wrong[i].reason), "%s: refused",
                   wrong[i].what))
            printf("# error %d: %s\n", err, why.text);
    }
}

/* Two entries for the same bytes; and two members of the same name. */
static void test_overlap(void)
{
    struct archive z = build(0);
    struct eng_why why = {""};
    int right;
    memcpy(z.bytes + z.local_b + 30, "a.txt", 5);
    memcpy(z.bytes + z.entry_b + 46, "a.txt", 5);
    CHECK(read_archive(z.bytes, z.count, &right, &why) == ENG_FORMAT && strstr(why.text, "twice"),
          "a name twice: refused");
    z = build(0);
    z.bytes[z.entry_a + 20] = z.bytes[z.entry_a + 24] = SIZE_A + 1;
    z.bytes[18] = z.bytes[22] = SIZE_A + 1; /* of the local header */
    CHECK(read_archive(z.bytes, z.count, &right, &why) == ENG_FORMAT && strstr(why.text, "shares"),
          "a member that reaches into the next: refused");
}

static void test_damage(void)
{
    for (int zip64 = 0; zip64 < 2; zip64++) {
        struct archive z = build(zip64);
        size_t refused = 0, read = 0, wrongly = 0;
        int right;
        for (size_t n = 0; n < z.count; n++)
            refused += read_archive(z.bytes, n, &right, NULL) == ENG_FORMAT;
        CHECK(refused == z.count, "%zu of %zu truncations are refused", refused, z.count);
        for (size_t bit = 0; bit < 8 * z.count; bit++) {
            z.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (read_archive(z.bytes, z.count, &right, NULL) == ENG_OK) {
                read++;
                wrongly += !right;
            }
            z.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        CHECK(read > 0 && wrongly == 0, "of %zu flipped bits %zu do not matter, %zu of them do",
              8 * z.count, read, wrongly);
    }
}

/* ---- writing -------------------------------------------------------------------------------- */

static void test_write(void)
{
    static const uint8_t data[100] = {1, 2, 3};
    const struct dat_zip_part parts[] = {{"one", "head", data, 4, sizeof data},
                                         {"folder/t\xC3\xBCr", NULL, data, 0, 3},
                                         {"empty", NULL, NULL, 0, 0}};
    const char *path = scratch_path("a.zip");
    struct dat_zip *zip = NULL;
    uint8_t *bytes = NULL, *again = NULL;
    size_t count, again_count, aligned = 0, size;
    CHECK(dat_zip_write(path, parts, 3, "note", 4, NULL) == ENG_OK &&
              dat_file_read(&bytes, &count, path, NULL) == ENG_OK &&
              dat_zip_decode(&zip, bytes, count, NULL, NULL) == ENG_OK && dat_zip_count(zip) == 3,
          "an archive is written");
    for (size_t i = 0; i < dat_zip_count(zip); i++) {
        const struct dat_zip_member *m = dat_zip_at(zip, i);
        const uint8_t *contents;
        uint8_t *owned;
        aligned += !strcmp(m->name, parts[i].name) && !m->deflated &&
                   (size_t)(m->packed - bytes) % DAT_ZIP_ALIGN == 0 &&
                   m->size == parts[i].head_size + parts[i].size &&
                   !dat_zip_read(&contents, &owned, m, NULL, NULL) && contents == m->packed &&
                   !owned;
    }
    CHECK(aligned == 3, "its members are whole, and aligned");
    const struct dat_zip_member *one = dat_zip_find(zip, "one");
    CHECK(!memcmp(one->packed, "head", 4) && !memcmp(one->packed + 4, data, sizeof data) &&
              !memcmp(dat_zip_comment(zip, &size), "note", 4) && size == 4,
          "contents and comment");
    CHECK(!dat_zip_write(path, parts, 3, "note", 4, NULL) &&
              !dat_file_read(&again, &again_count, path, NULL) && again_count == count &&
              !memcmp(again, bytes, count),
          "the same again");
    dat_zip_free(zip);
    free(bytes);
    free(again);

    CHECK(dat_zip_write(path, NULL, 0, NULL, 0, NULL) == ENG_OK &&
              dat_file_read(&bytes, &count, path, NULL) == ENG_OK && count == 22 &&
              dat_zip_decode(&zip, bytes, count, NULL, NULL) == ENG_OK && dat_zip_count(zip) == 0,
          "an empty archive");
    dat_zip_free(zip);
    free(bytes);
}

/* More members than 16 bits count. */
static void test_many(void)
{
    enum { MANY = 70000 };
    struct dat_zip_part *parts = calloc(MANY, sizeof *parts);
    char(*names)[8] = calloc(MANY, sizeof *names);
    const char *path = scratch_path("many.zip");
    struct dat_zip *zip = NULL;
    uint8_t *bytes = NULL;
    size_t count, right = 0;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "%zu", i);
        parts[i] = (struct dat_zip_part){names[i], NULL, names[i], 0, strlen(names[i])};
    }
    CHECK(dat_zip_write(path, parts, MANY, NULL, 0, NULL) == ENG_OK &&
              dat_file_read(&bytes, &count, path, NULL) == ENG_OK &&
              dat_zip_decode(&zip, bytes, count, NULL, NULL) == ENG_OK,
          "%d members", MANY);
    for (size_t i = 0; zip && i < MANY; i++) {
        const struct dat_zip_member *m = dat_zip_find(zip, names[i]);
        right += m == dat_zip_at(zip, i) && m->size == strlen(names[i]) &&
                 !memcmp(m->packed, names[i], m->size);
    }
    CHECK(right == MANY, "each is found");
    dat_zip_free(zip);
    free(bytes);
    free(names);
    free(parts);
}

static void test_arguments(void)
{
    const char *path = scratch_path("no.zip");
    struct eng_why why = {""};
    const struct dat_zip_part twice[] = {{"a", NULL, NULL, 0, 0}, {"a", NULL, NULL, 0, 0}};
    const struct dat_zip_part nameless = {"", NULL, NULL, 0, 0};
    const struct dat_zip_part latin = {"t\xFCr", NULL, NULL, 0, 0};
    char *text = malloc(65537);
    memset(text, 'x', 65536);
    text[65536] = '\0';
    const struct dat_zip_part longest = {text, NULL, NULL, 0, 0};
    CHECK(dat_zip_write(path, twice, 2, NULL, 0, &why) == ENG_ARG && strstr(why.text, "twice"),
          "a name twice cannot be written");
    CHECK(dat_zip_write(path, &nameless, 1, NULL, 0, NULL) == ENG_ARG, "nor no name");
    CHECK(dat_zip_write(path, &latin, 1, NULL, 0, NULL) == ENG_ARG, "nor one not UTF-8");
    CHECK(dat_zip_write(path, &longest, 1, NULL, 0, NULL) == ENG_ARG, "nor one too long");
    CHECK(dat_zip_write(path, twice, 1, text, 65536, &why) == ENG_TOOBIG &&
              strstr(why.text, "65535 bytes"),
          "nor a comment too long");
    CHECK(access(path, F_OK) != 0, "nothing was written");
    CHECK(dat_zip_write(path, twice, 1, text, 65535, NULL) == ENG_OK, "the longest comment");
    CHECK(dat_zip_write(scratch_path("no/a.zip"), twice, 1, NULL, 0, NULL) == ENG_MISSING,
          "no folder to write to");
    if (access("/dev/full", W_OK) == 0)
        CHECK(dat_zip_write("/dev/full", &longest, 0, text, 65535, &why) == ENG_IO &&
                  strstr(why.text, "/dev/full"),
              "a full disk is reported: %s", why.text);
    free(text);
}

int main(void)
{
    scratch_make();
    test_read();
    test_wrong();
    test_overlap();
    test_damage();
    test_write();
    test_many();
    test_arguments();
    scratch_remove();
    return tap_done();
}
