/* Safetensors: what the standard allows and forbids, written files byte by byte, and files that
 * other programs wrote. */
#include "data/file.h"
#include "data/safetensors.h"
#include "tests/scratch.h"
#include "tests/tap.h"

/* A file in exactly as many bytes as it has, so that a sanitizer sees any read beyond it. The data
 * is 1, 2, 3, ... The caller frees. */
static uint8_t *build(size_t *count, const char *header, size_t length, size_t data)
{
    *count = 8 + length + data;
    uint8_t *bytes = malloc(*count);
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)length >> 8 * i);
    memcpy(bytes + 8, header, length);
    for (size_t i = 0; i < data; i++)
        bytes[8 + length + i] = (uint8_t)(i + 1);
    return bytes;
}

#define ONE(dtype, shape, offsets)                                                                 \
    "{\"a\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define NAMED(name, shape, offsets)                                                                \
    "\"" name "\":{\"dtype\":\"U8\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const struct {
    const char *what, *header;
    size_t data;
    enum eng_err err;
    const char *reason;
} headers[] = {
    {"no tensors", "{}", 0, ENG_OK, ""},
    {"spaces after the header", "{}      ", 0, ENG_OK, ""},
    {"a scalar", ONE("I64", "[]", "[0,8]"), 8, ENG_OK, ""},
    {"eight dimensions", ONE("U8", "[1,2,1,2,1,1,1,1]", "[0,4]"), 4, ENG_OK, ""},
    {"no elements", ONE("F32", "[3,0,2]", "[0,0]"), 0, ENG_OK, ""},
    {"empty metadata", "{\"__metadata__\":{}}", 0, ENG_OK, ""},
    {"only metadata", "{\"__metadata__\":{\"format\":\"pt\"}}", 0, ENG_OK, ""},
    {"members we do not know",
     "{\"a\":{\"x\":[{}],\"shape\":[2],\"dtype\":\"U8\",\"data_offsets\":[0,2]}}", 2, ENG_OK, ""},
    {"data in another order than the header",
     "{" NAMED("a", "[2]", "[3,5]") "," NAMED("b", "[3]", "[0,3]") "}", 5, ENG_OK, ""},
    {"an empty tensor between two",
     "{" NAMED("a", "[2]", "[3,5]") "," NAMED("b", "[3]", "[0,3]") "," NAMED("c", "[0]",
                                                                             "[3,3]") "}",
     5, ENG_OK, ""},

    {"data cut short", ONE("F32", "[2]", "[0,8]"), 7, ENG_FORMAT, "cut short"},
    {"data too long", ONE("F32", "[2]", "[0,8]"), 9, ENG_FORMAT, "belong to none"},
    {"data without tensors", "{}", 1, ENG_FORMAT, "belong to none"},
    {"data that does not begin at 0", ONE("U8", "[2]", "[1,3]"), 3, ENG_FORMAT, "begins at"},
    {"a hole", "{" NAMED("a", "[2]", "[0,2]") "," NAMED("b", "[2]", "[3,5]") "}", 5, ENG_FORMAT,
     "begins at"},
    {"an overlap", "{" NAMED("a", "[2]", "[0,2]") "," NAMED("b", "[2]", "[1,3]") "}", 3, ENG_FORMAT,
     "begins at"},
    {"the same bytes twice", "{" NAMED("a", "[2]", "[0,2]") "," NAMED("b", "[2]", "[0,2]") "}", 2,
     ENG_FORMAT, "begins at"},
    {"an empty tensor within another",
     "{" NAMED("a", "[2]", "[0,2]") "," NAMED("b", "[0]", "[1,1]") "}", 2, ENG_FORMAT, "begins at"},
    {"an empty tensor beyond the data",
     "{" NAMED("a", "[2]", "[0,2]") "," NAMED("b", "[0]", "[9,9]") "}", 2, ENG_FORMAT, "begins at"},
    {"a name twice", "{" NAMED("a", "[2]", "[0,2]") "," NAMED("a", "[1]", "[2,3]") "}", 3,
     ENG_FORMAT, "twice"},
    {"fewer bytes than the shape's", ONE("F32", "[2]", "[0,4]"), 4, ENG_FORMAT, "by its shape"},
    {"more bytes than the shape's", ONE("F32", "[2]", "[0,9]"), 9, ENG_FORMAT, "by its shape"},
    {"a scalar without bytes", ONE("F32", "[]", "[0,0]"), 0, ENG_FORMAT, "by its shape"},
    {"offsets backwards", ONE("U8", "[2]", "[2,0]"), 2, ENG_FORMAT, "data_offsets"},
    {"a negative offset", ONE("U8", "[2]", "[-2,0]"), 2, ENG_FORMAT, "data_offsets"},
    {"one offset", ONE("U8", "[2]", "[2]"), 2, ENG_FORMAT, "data_offsets"},
    {"three offsets", ONE("U8", "[2]", "[0,2,2]"), 2, ENG_FORMAT, "data_offsets"},
    {"offsets of another kind", ONE("U8", "[2]", "{\"a\":0,\"b\":2}"), 2, ENG_FORMAT,
     "data_offsets"},
    {"a fraction for an offset", ONE("U8", "[2]", "[0,2.0]"), 2, ENG_FORMAT, "data_offsets"},
    {"an offset beyond 64 bits", ONE("U8", "[2]", "[0,18446744073709551618]"), 2, ENG_FORMAT,
     "data_offsets"},
    {"the largest offsets", ONE("U8", "[0]", "[18446744073709551615,18446744073709551615]"), 0,
     ENG_FORMAT, "begins at"},
    {"no offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[2]}}", 2, ENG_FORMAT, "data_offsets"},
    {"a negative dimension", ONE("U8", "[-2]", "[0,2]"), 2, ENG_FORMAT, "shape"},
    {"a dimension of another kind", ONE("U8", "[\"2\"]", "[0,2]"), 2, ENG_FORMAT, "shape"},
    {"a dimension beyond 64 bits", ONE("U8", "[18446744073709551618]", "[0,2]"), 2, ENG_FORMAT,
     "shape"},
    {"dimensions whose product overflows to 0", ONE("U8", "[4294967296,4294967296]", "[0,0]"), 0,
     ENG_FORMAT, "shape"},
    {"dimensions whose product overflows to 4", ONE("U8", "[9223372036854775810,2]", "[0,4]"), 4,
     ENG_FORMAT, "shape"},
    {"a size in bytes that overflows", ONE("F32", "[4611686018427387905]", "[0,4]"), 4, ENG_FORMAT,
     "shape"},
    {"an overflow behind a zero", ONE("U8", "[0,4294967296,4294967296]", "[0,0]"), 0, ENG_FORMAT,
     "shape"},
    {"an overflow before one", ONE("U8", "[4294967296,4294967296,0]", "[0,0]"), 0, ENG_FORMAT,
     "shape"},
    {"no shape", "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,2]}}", 2, ENG_FORMAT, "shape"},
    {"a shape of another kind", ONE("U8", "2", "[0,2]"), 2, ENG_FORMAT, "shape"},
    {"nine dimensions", ONE("U8", "[1,1,1,1,1,1,1,1,2]", "[0,2]"), 2, ENG_UNSUPPORTED,
     "dimensions"},
    {"a type we do not know", ONE("F8_E4M3", "[2]", "[0,2]"), 2, ENG_UNSUPPORTED, "F8_E4M3"},
    {"a type in small letters", ONE("u8", "[2]", "[0,2]"), 2, ENG_UNSUPPORTED, "u8"},
    {"no type", "{\"a\":{\"shape\":[2],\"data_offsets\":[0,2]}}", 2, ENG_FORMAT, "dtype"},
    {"a number for a type", "{\"a\":{\"dtype\":1,\"shape\":[2],\"data_offsets\":[0,2]}}", 2,
     ENG_FORMAT, "dtype"},
    {"a tensor that is no object", "{\"a\":[]}", 0, ENG_FORMAT, "dtype"},
    {"metadata of another kind", "{\"__metadata__\":[]}", 0, ENG_FORMAT, "no object"},
    {"metadata with a number", "{\"__metadata__\":{\"epoch\":3}}", 0, ENG_FORMAT, "\"epoch\""},
    {"metadata with null", "{\"__metadata__\":{\"a\":\"\",\"epoch\":null}}", 0, ENG_FORMAT,
     "\"epoch\""},
    {"metadata twice", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, ENG_FORMAT, "twice"},
    {"a key of the metadata twice", "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, ENG_FORMAT,
     "twice"},
    {"a name that is not UTF-8", "{" NAMED("t\xFCr", "[2]", "[0,2]") "}", 2, ENG_FORMAT, "UTF-8"},
    {"a header of another kind", "[]", 0, ENG_FORMAT, "begin with"},
    {"a space before the header", " {}", 0, ENG_FORMAT, "begin with"},
    {"no header", "", 0, ENG_FORMAT, "begin with"},
    {"something after the header", "{}x", 0, ENG_FORMAT, "follows"},
    {"a header that stops", "{\"a\":", 0, ENG_FORMAT, "too early"},
};

static void test_headers(void)
{
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct dat_safetensors *file;
        struct eng_why why = {""};
        size_t count;
        uint8_t *bytes = build(&count, headers[i].header, strlen(headers[i].header),
                               headers[i].data);
        const enum eng_err err = dat_safetensors_decode(&file, bytes, count, NULL, &why);
        if (!CHECK(err == headers[i].err && (file != NULL) == (err == ENG_OK) &&
                       strstr(why.text, headers[i].reason),
                   "%s: %s", headers[i].what, err ? "refused" : "read"))
            printf("# error %d: %s\n", err, why.text);
        dat_safetensors_free(file);
        free(bytes);
    }
}

/* The length of the header against that of the file. */
static void test_length(void)
{
    static const char header[] = ONE("U8", "[2]", "[0,2]");
    static const uint64_t lengths[] = {sizeof header + 2, 100000001,      UINT32_MAX,
                                       UINT64_MAX,        UINT64_MAX - 7, (uint64_t)1 << 63};
    size_t count, refused = 0;
    struct dat_safetensors *file;
    uint8_t *bytes = build(&count, header, strlen(header), 2);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (int b = 0; b < 8; b++)
            bytes[b] = (uint8_t)(lengths[i] >> 8 * b);
        refused += dat_safetensors_decode(&file, bytes, count, NULL, NULL) == ENG_FORMAT;
    }
    CHECK(refused == sizeof lengths / sizeof *lengths, "a header longer than the file is refused");
    free(bytes);

    /* Spaces may pad a header: this one up to the limit, and then beyond it. */
    const size_t most = DAT_SAFETENSORS_MAX_HEADER;
    char *padded = malloc(most + 8);
    memset(padded, ' ', most + 8);
    memcpy(padded, "{}", 2);
    bytes = build(&count, padded, most, 0);
    CHECK(dat_safetensors_decode(&file, bytes, count, NULL, NULL) == ENG_OK, "100 MB of header");
    dat_safetensors_free(file);
    free(bytes);
    bytes = build(&count, padded, most + 8, 0);
    CHECK(dat_safetensors_decode(&file, bytes, count, NULL, NULL) == ENG_FORMAT, "and no more");
    free(bytes);
    free(padded);
}

static const char sample[] = "{\"__metadata__\":{\"format\":\"pt\",\"by\":\"t\\u00fcr\"}," NAMED(
    "b", "[3]", "[0,3]") ","
                         "\"a.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[3,11]},"
                         "\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[11,19]}}";

static void test_access(void)
{
    struct dat_safetensors *file;
    size_t count, lines;
    uint8_t *bytes = build(&count, sample, strlen(sample), 19);
    CHECK(dat_safetensors_decode(&file, bytes, count, NULL, NULL) == ENG_OK, "a sample is read");
    CHECK(dat_safetensors_count(file) == 3 && !strcmp(dat_safetensors_at(file, 0)->name, "b") &&
              !strcmp(dat_safetensors_at(file, 2)->name, "n"),
          "tensors in the order of the header");
    const struct dat_safetensors_entry *entry = dat_safetensors_find(file, "a.weight");
    CHECK(entry == dat_safetensors_at(file, 1) && entry->dtype == DAT_F32 && entry->rank == 2 &&
              entry->dim[0] == 1 && entry->dim[1] == 2 && entry->size == 8 &&
              entry->bytes == bytes + count - 19 + 3,
          "one by name");
    CHECK(dat_safetensors_find(file, "b") && dat_safetensors_find(file, "n") &&
              !dat_safetensors_find(file, "a") && !dat_safetensors_find(file, "__metadata__") &&
              !dat_safetensors_find(file, ""),
          "the others, and none that is not there");

    /* 04 05 06 07 and 08 09 0A 0B, at an odd address. */
    float pair[2] = {0};
    CHECK(dat_safetensors_float(entry, pair, 2) == ENG_OK && pair[0] == 0x1.0c0a08p-113f &&
              pair[1] == 0x1.141210p-105f,
          "unaligned elements");
    CHECK(dat_safetensors_float(entry, pair, 1) == ENG_SHAPE &&
              dat_safetensors_float(entry, pair, 3) == ENG_SHAPE,
          "another number of them is refused");
    float scalar = 0;
    CHECK(dat_safetensors_float(dat_safetensors_find(file, "n"), &scalar, 1) == ENG_OK &&
              scalar == (float)0x131211100F0E0D0C,
          "a scalar");

    const struct dat_safetensors_meta *meta = dat_safetensors_metadata(file, &lines);
    CHECK(lines == 2 && !strcmp(meta[0].key, "format") && !strcmp(meta[1].key, "by") &&
              !strcmp(meta[1].value, "t\xC3\xBCr"),
          "metadata in the order of the header");
    CHECK(!strcmp(dat_safetensors_value(file, "format"), "pt") &&
              !dat_safetensors_value(file, "version"),
          "and by key");
    dat_safetensors_free(file);
    dat_safetensors_free(NULL);
    free(bytes);
}

/* Touches whatever a damaged file claims to have. */
static float read_all(const struct dat_safetensors *file)
{
    float sum = 0;
    for (size_t i = 0; i < dat_safetensors_count(file); i++) {
        const struct dat_safetensors_entry *entry = dat_safetensors_at(file, i);
        const size_t count = entry->size / dat_dtype_size(entry->dtype);
        float *values = malloc((count + 1) * sizeof *values);
        dat_safetensors_float(entry, values, count);
        for (size_t k = 0; k < count; k++)
            sum += values[k];
        free(values);
    }
    return sum;
}

static void test_damage(void)
{
    struct dat_safetensors *file;
    size_t count, refused = 0, changed = 0;
    uint8_t *bytes = build(&count, sample, strlen(sample), 19);
    for (size_t n = 0; n < count; n++) {
        uint8_t *part = malloc(n ? n : 1);
        memcpy(part, bytes, n);
        refused += dat_safetensors_decode(&file, part, n, NULL, NULL) == ENG_FORMAT && !file;
        free(part);
    }
    CHECK(refused == count, "%zu of %zu truncations are refused", refused, count);

    const size_t header_bits = 8 * (8 + strlen(sample));
    volatile float sum = 0;
    refused = 0;
    for (size_t bit = 0; bit < header_bits; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (dat_safetensors_decode(&file, bytes, count, NULL, NULL) == ENG_OK) {
            changed++;
            sum = sum + read_all(file);
            dat_safetensors_free(file);
        } else {
            refused++;
        }
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK(refused > header_bits / 2 && changed > 0,
          "of %zu bit flips in the header, %zu are refused, the others still describe a file",
          header_bits, refused);
    free(bytes);
}

static void test_types(void)
{
    static const char *const names[] = {"BOOL", "U8",  "I8",  "I16",  "U16", "I32", "U32",
                                        "I64",  "U64", "F16", "BF16", "F32", "F64"};
    static const size_t sizes[] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 2, 4, 8};
    size_t right = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        enum dat_dtype dtype;
        right += dat_dtype_find(&dtype, names[i]) && !strcmp(dat_dtype_name(dtype), names[i]) &&
                 dat_dtype_size(dtype) == sizes[i];
    }
    enum dat_dtype dtype = DAT_F64;
    CHECK(right == sizeof sizes / sizeof *sizes, "%zu element types", right);
    CHECK(!dat_dtype_find(&dtype, "") && !dat_dtype_find(&dtype, "F32 ") && dtype == DAT_F64,
          "and no others");

    /* Two elements of each type, from an odd address. */
    static const struct {
        enum dat_dtype dtype;
        const char *bytes;
        float first, second;
    } cases[] = {
        {DAT_BOOL, "\x00\x01", 0, 1},
        {DAT_BOOL, "\x02\xFF", 1, 1},
        {DAT_U8, "\x80\xFF", 128, 255},
        {DAT_I8, "\x80\xFF", -128, -1},
        {DAT_I16, "\x00\x80\xFE\xFF", -32768, -2},
        {DAT_U16, "\x00\x80\xFE\xFF", 32768, 65534},
        {DAT_I32, "\x01\x00\x00\x01\x00\x00\x00\x80", 16777216, -2147483648.0f},
        {DAT_U32, "\x03\x00\x00\x01\xFF\xFF\xFF\xFF", 16777220, 4294967296.0f},
        {DAT_I64, "\x07\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 7, -1},
        {DAT_U64, "\0\0\0\0\0\0\0\x80\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 0x1p63f, 0x1p64f},
        {DAT_BF16, "\xC0\x3F\x80\xFF", 1.5f, -INFINITY},
        {DAT_F32, "\x00\x00\xC0\x3F\x01\x00\x00\x80", 1.5f, -0x1p-149f},
        {DAT_F64, "\x9A\x99\x99\x99\x99\x99\xB9\x3F\0\0\0\0\0\0\xF0\xFF", 0.1f, -INFINITY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char odd[17];
        float pair[2];
        memcpy(odd + 1, cases[i].bytes, 2 * dat_dtype_size(cases[i].dtype));
        dat_dtype_float(pair, cases[i].dtype, odd + 1, 2);
        CHECK(pair[0] == cases[i].first && pair[1] == cases[i].second, "%s: %g and %g",
              dat_dtype_name(cases[i].dtype), (double)pair[0], (double)pair[1]);
    }

    /* All of binary16 against its definition. */
    right = 0;
    for (uint32_t code = 0; code < 65536; code++) {
        const uint16_t half = (uint16_t)code;
        const int exponent = (int)(code >> 10 & 31), fraction = (int)(code & 1023);
        double expected = ldexp(exponent ? 1024 + fraction : fraction,
                                (exponent ? exponent : 1) - 25);
        if (exponent == 31)
            expected = fraction ? (double)NAN : (double)INFINITY;
        if (code & 0x8000)
            expected = -expected;
        float value;
        dat_dtype_float(&value, DAT_F16, &half, 1);
        right += isnan(expected)
                     ? isnan(value)
                     : (double)value == expected && !signbit(value) == !signbit(expected);
    }
    CHECK(right == 65536, "%zu of 65536 binary16 numbers", right);
}

/* The whole of a file that is written, byte by byte. */
static void test_written(void)
{
    static const float weight[2] = {1.0f, -2.0f}, bias = 0.5f;
    static const int64_t steps = 258;
    static const uint8_t mask[3] = {1, 0, 1};
    const struct dat_safetensors_entry entries[] = {
        {.name = "mask", .dtype = DAT_BOOL, .rank = 1, .dim = {3}, .bytes = mask, .size = 3},
        {.name = "fc.weight",
         .rank = 2,
         .dim = {1, 2},
         .dtype = DAT_F32,
         .bytes = weight,
         .size = 8},
        {.name = "empty", .rank = 2, .dim = {0, 5}, .dtype = DAT_F32},
        {.name = "steps \"\xC3\xBC\"", .dtype = DAT_I64, .bytes = &steps, .size = 8},
        {.name = "bias", .rank = 1, .dim = {1}, .dtype = DAT_F32, .bytes = &bias, .size = 4},
    };
    const struct dat_safetensors_meta metadata[] = {{"format", "pt"}, {"note", "a\nb \xFF"}};
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\",\"note\":\"a\\nb \xEF\xBF\xBD\"},"
        "\"steps \\\"\xC3\xBC\\\"\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
        "\"fc.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[8,16]},"
        "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[16,16]},"
        "\"bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[16,20]},"
        "\"mask\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[20,23]}}";
    static const uint8_t data[] = "\x02\x01\0\0\0\0\0\0\0\0\x80\x3F\0\0\0\xC0\0\0\0\x3F\1\0\1";
    const char *path = scratch_path("a.safetensors"), *again = scratch_path("b.safetensors");
    struct eng_why why = {""};
    CHECK(dat_safetensors_write(path, entries, 5, metadata, 2, &why) == ENG_OK, "written %s",
          why.text);
    uint8_t *bytes, *same = NULL;
    size_t count, same_count;
    if (dat_file_read(&bytes, &count, path, NULL) != ENG_OK)
        exit(1);
    const size_t text = strlen(header), padded = (text + 7) / 8 * 8;
    size_t spaces = 0;
    while (spaces < padded - text && bytes[8 + text + spaces] == ' ')
        spaces++;
    CHECK(count == 8 + padded + 23 && bytes[0] == padded % 256 && bytes[1] == padded / 256 &&
              !memcmp(bytes + 2, "\0\0\0\0\0\0", 6),
          "the length of the header, a multiple of 8");
    CHECK(!memcmp(bytes + 8, header, text) && spaces == padded - text, "the header and its spaces");
    CHECK(!memcmp(bytes + 8 + padded, data, 23), "the data, widest elements first");

    CHECK(dat_safetensors_write(again, entries, 5, metadata, 2, NULL) == ENG_OK &&
              dat_file_read(&same, &same_count, again, NULL) == ENG_OK && same_count == count &&
              !memcmp(bytes, same, count),
          "the same bytes once more");
    free(same);
    free(bytes);

    struct dat_safetensors *file;
    float values[3] = {9, 9, 9};
    CHECK(dat_safetensors_open(&file, path, NULL, NULL) == ENG_OK &&
              dat_safetensors_count(file) == 5,
          "opened");
    CHECK(dat_safetensors_float(dat_safetensors_find(file, "fc.weight"), values, 2) == ENG_OK &&
              values[0] == 1.0f && values[1] == -2.0f,
          "with what was written");
    CHECK(dat_safetensors_float(dat_safetensors_find(file, "empty"), values, 0) == ENG_OK &&
              dat_safetensors_float(dat_safetensors_find(file, "mask"), values, 3) == ENG_OK &&
              values[0] == 1 && values[1] == 0 && values[2] == 1,
          "nothing, and flags");
    CHECK((uintptr_t)dat_safetensors_find(file, entries[3].name)->bytes % 8 == 0 &&
              (uintptr_t)dat_safetensors_find(file, "bias")->bytes % 4 == 0,
          "aligned");

    /* A reader keeps what it has opened when a new file takes the name. */
    CHECK(dat_safetensors_write(path, entries, 1, NULL, 0, NULL) == ENG_OK, "replaced while open");
    CHECK(!memcmp(dat_safetensors_find(file, "fc.weight")->bytes, weight, 8), "still the old one");
    dat_safetensors_free(file);
    CHECK(dat_safetensors_open(&file, path, NULL, NULL) == ENG_OK &&
              dat_safetensors_count(file) == 1 && !dat_safetensors_value(file, "format"),
          "then the new one");
    dat_safetensors_free(file);
    CHECK(dat_safetensors_write(path, NULL, 0, NULL, 0, NULL) == ENG_OK &&
              dat_safetensors_open(&file, path, NULL, NULL) == ENG_OK &&
              dat_safetensors_count(file) == 0,
          "no tensors at all");
    dat_safetensors_free(file);
}

static void test_arguments(void)
{
    static const float values[4] = {1, 2, 3, 4};
    const struct dat_safetensors_entry good = {
        .name = "a", .dtype = DAT_F32, .rank = 1, .dim = {4}, .bytes = values, .size = 16};
    const struct dat_safetensors_meta metadata[] = {
        {"k", "1"}, {"k", "2"}, {"\xFF", ""}, {"n", NULL}};
    const char *path = scratch_path("none.safetensors");
    struct dat_safetensors_entry entries[2] = {good, good};
    struct dat_safetensors *file;
    CHECK(dat_safetensors_write(path, entries, 2, NULL, 0, NULL) == ENG_ARG, "a name twice");
    entries[1].name = "__metadata__";
    CHECK(dat_safetensors_write(path, entries, 2, NULL, 0, NULL) == ENG_ARG, "a reserved name");
    entries[1].name = "\xC3";
    CHECK(dat_safetensors_write(path, entries, 2, NULL, 0, NULL) == ENG_ARG, "a name not UTF-8");
    entries[1] = good;
    entries[1].name = "b";
    entries[1].size = 12;
    CHECK(dat_safetensors_write(path, entries, 2, NULL, 0, NULL) == ENG_ARG, "a wrong size");
    entries[1].size = SIZE_MAX - 8;
    CHECK(dat_safetensors_write(path, entries, 2, NULL, 0, NULL) == ENG_ARG, "a size too large");
    entries[1] = good;
    entries[1].name = "b";
    entries[1].rank = 9;
    CHECK(dat_safetensors_write(path, entries, 2, NULL, 0, NULL) == ENG_ARG, "nine dimensions");
    CHECK(dat_safetensors_write(path, &good, 1, metadata, 2, NULL) == ENG_ARG, "a key twice");
    CHECK(dat_safetensors_write(path, &good, 1, metadata + 2, 1, NULL) == ENG_ARG,
          "a key not UTF-8");
    CHECK(dat_safetensors_write(path, &good, 1, metadata + 3, 1, NULL) == ENG_ARG, "no value");
    CHECK(dat_safetensors_open(&file, path, NULL, NULL) == ENG_MISSING, "nothing was written");
}

static void test_paths(void)
{
    struct dat_safetensors *file;
    struct eng_why why = {""};
    const char *path = scratch_path("none.safetensors");
    CHECK(dat_safetensors_open(&file, path, NULL, &why) == ENG_MISSING && !file &&
              !strncmp(why.text, path, strlen(path)),
          "a missing file is named");
    CHECK(dat_safetensors_open(&file, scratch_path("."), NULL, NULL) == ENG_IO,
          "a folder is no file");
    scratch_write("empty.safetensors", "", 0);
    path = scratch_path("empty.safetensors");
    CHECK(dat_safetensors_open(&file, path, NULL, &why) == ENG_FORMAT &&
              !strncmp(why.text, path, strlen(path)) && strstr(why.text, "too few"),
          "an empty file is refused");
    scratch_text("text.safetensors", "this is only a text");
    path = scratch_path("text.safetensors");
    CHECK(dat_safetensors_open(&file, path, NULL, &why) == ENG_FORMAT &&
              !strncmp(why.text, path, strlen(path)) && strstr(why.text, "no safetensors"),
          "so is one of another kind");
    const struct dat_safetensors_entry entry = {.name = "a", .dtype = DAT_F32};
    CHECK(dat_safetensors_write(scratch_path("no/a.safetensors"), &entry, 0, NULL, 0, NULL) ==
              ENG_MISSING,
          "no folder to write to");
}

/* What cannot be mapped is read: here the end of a pipe that holds a whole file. */
static void test_pipe(void)
{
    struct dat_safetensors *file = NULL;
    char path[32];
    size_t count;
    int ends[2];
    if (access("/dev/fd", R_OK) != 0 || pipe(ends) != 0) {
        tap_skip("there is no /dev/fd to name a pipe by");
        return;
    }
    uint8_t *bytes = build(&count, sample, strlen(sample), 19);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    const int written = write(ends[1], bytes, count) == (ssize_t)count;
    close(ends[1]);
    CHECK(written && dat_safetensors_open(&file, path, NULL, NULL) == ENG_OK &&
              dat_safetensors_count(file) == 3 &&
              !memcmp(dat_safetensors_find(file, "n")->bytes, bytes + count - 8, 8),
          "a pipe is read");
    dat_safetensors_free(file);
    close(ends[0]);
    free(bytes);
}

/* A full disk in the middle of a tensor. */
static void test_full(void)
{
    if (access("/dev/full", W_OK) != 0) {
        tap_skip("there is no /dev/full to write to");
        return;
    }
    enum { SIZE = 1 << 20 };
    struct eng_why why = {""};
    uint8_t *bytes = calloc(1, SIZE);
    const struct dat_safetensors_entry entry = {
        .name = "a", .dtype = DAT_U8, .rank = 1, .dim = {SIZE}, .bytes = bytes, .size = SIZE};
    CHECK(dat_safetensors_write("/dev/full", &entry, 1, NULL, 0, &why) == ENG_IO &&
              strstr(why.text, "/dev/full"),
          "a full disk is reported: %s", why.text);
    free(bytes);
}

/* What the reference implementation wrote is read, and written again as the same bytes. */
static void test_reference(void)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/conformance/safetensors/multi_layer.safetensors", tap_shared());
    struct dat_safetensors *file;
    if (dat_safetensors_open(&file, path, NULL, NULL) != ENG_OK) {
        tap_skip("conformance/safetensors is not there");
        return;
    }
    float bias[4], variance[4];
    const struct dat_safetensors_entry *weight = dat_safetensors_find(file, "conv1.weight");
    CHECK(dat_safetensors_count(file) == 9 && weight && weight->rank == 4 && weight->dim[0] == 4 &&
              weight->dim[3] == 3,
          "a file of the reference implementation");
    CHECK(!dat_safetensors_float(dat_safetensors_find(file, "conv1.bias"), bias, 4) &&
              bias[0] == 0x1.0e2a38p-3f && bias[1] == 0x1.46b5fep-5f && bias[2] == 0x1.fb0e00p-5f &&
              bias[3] == 0x1.266794p-3f,
          "its first values");
    CHECK(!dat_safetensors_float(dat_safetensors_find(file, "norm1.running_var"), variance, 4) &&
              variance[0] == 0x1.cd404ep-1f && variance[3] == 0x1.ce6df8p-1f,
          "and later ones");
    const char *copy = scratch_path("copy.safetensors");
    uint8_t *bytes = NULL, *written = NULL;
    size_t count, written_count;
    CHECK(dat_safetensors_write(copy, dat_safetensors_at(file, 0), 1, NULL, 0, NULL) == ENG_OK,
          "one of its tensors alone");
    struct dat_safetensors_entry entries[9];
    for (size_t i = 0; i < 9; i++)
        entries[i] = *dat_safetensors_at(file, i);
    CHECK(dat_safetensors_write(copy, entries, 9, NULL, 0, NULL) == ENG_OK &&
              dat_file_read(&bytes, &count, path, NULL) == ENG_OK &&
              dat_file_read(&written, &written_count, copy, NULL) == ENG_OK &&
              count == written_count && !memcmp(bytes, written, count),
          "all of them give the same file");
    free(bytes);
    free(written);
    dat_safetensors_free(file);
}

/* Three steps of Adam move a weight by at most three times the learning rate, 4e-5 (and a little:
 * the first steps' bias correction), and not by nothing. */
static void check_training(const char *net)
{
    static const char *const names[] = {"model", "train.after3", "train.grads"};
    struct dat_safetensors *files[3] = {NULL, NULL, NULL};
    size_t tensors = 0, alike = 0;
    double most = 0;
    for (int i = 0; i < 3; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/golden/%s/%s.safetensors", tap_shared(), net, names[i]);
        if (dat_safetensors_open(&files[i], path, NULL, NULL) != ENG_OK) {
            tap_skip("golden nets are not there");
            goto done;
        }
    }
    for (size_t i = 0; i < dat_safetensors_count(files[2]); i++) {
        const struct dat_safetensors_entry *entry[3];
        entry[2] = dat_safetensors_at(files[2], i);
        entry[0] = dat_safetensors_find(files[0], entry[2]->name);
        entry[1] = dat_safetensors_find(files[1], entry[2]->name);
        tensors++;
        if (!entry[0] || !entry[1] || entry[0]->size != entry[2]->size ||
            entry[0]->rank != entry[2]->rank || entry[1]->size != entry[2]->size)
            continue;
        const size_t count = entry[0]->size / sizeof(float);
        float *before = malloc(2 * count * sizeof *before), *after = before + count;
        alike += !dat_safetensors_float(entry[0], before, count) &&
                 !dat_safetensors_float(entry[1], after, count);
        for (size_t k = 0; k < count; k++)
            most = tap_worse(most, fabs((double)after[k] - (double)before[k]));
        free(before);
    }
    CHECK(tensors >= 30 && alike == tensors, "%s: %zu of %zu tensors agree in shape", net, alike,
          tensors);
    CHECK(most > 1e-4 && most < 1.3e-4, "%s: training moved the weights by up to %g", net, most);
done:
    for (int i = 0; i < 3; i++)
        dat_safetensors_free(files[i]);
}

int main(void)
{
    scratch_make();
    test_headers();
    test_length();
    test_access();
    test_damage();
    test_types();
    test_written();
    test_arguments();
    test_paths();
    test_pipe();
    test_full();
    test_reference();
    check_training("resnet18-w8-32px");
    check_training("resnet18-w8-5class-48x40");
    check_training("vgg16-w4-32px");
    scratch_remove();
    return tap_done();
}
