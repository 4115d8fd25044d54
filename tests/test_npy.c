/* .npy files: every number type, both orders, the header's freedoms and its limits, damage of all
 * kinds, and files that NumPy wrote. */
#include "data/npy.h"
#include "tests/scratch.h"
#include "tests/tap.h"

/* numpy.save of float32 [[1.5, -2], [3, 0.004], [5, 6]] (NumPy 1.24), in two parts. */
static const char saved_header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }"
                                   "                                                          \n";
static const uint8_t saved_numbers[] = {0x00, 0x00, 0xc0, 0x3f, 0x00, 0x00, 0x00, 0xc0,
                                        0x00, 0x00, 0x40, 0x40, 0x6f, 0x12, 0x83, 0x3b,
                                        0x00, 0x00, 0xa0, 0x40, 0x00, 0x00, 0xc0, 0x40};
static const float saved_values[] = {1.5f, -2, 3, 0.004f, 5, 6};

/* A file in memory, of its exact size so that a sanitizer sees any step beyond it. */
struct file {
    uint8_t *bytes;
    size_t count;
};

static struct file file_new(int version, const char *header, const void *numbers, size_t count)
{
    const size_t length = strlen(header), begin = version == 1 ? 10 : 12;
    struct file f = {malloc(begin + length + count), begin + length + count};
    if (!f.bytes)
        exit(2);
    memcpy(f.bytes, "\x93NUMPY", 6);
    f.bytes[6] = (uint8_t)version;
    f.bytes[7] = 0;
    for (size_t i = 8; i < begin; i++)
        f.bytes[i] = (uint8_t)(length >> 8 * (i - 8));
    memcpy(f.bytes + begin, header, length);
    memcpy(f.bytes + begin + length, numbers, count);
    return f;
}

/* Decodes a file made of these parts; the error if any, with *npy and *why filled. */
static enum eng_err decode(struct dat_npy *npy, int version, const char *header,
                           const void *numbers, size_t count, struct eng_why *why)
{
    struct file f = file_new(version, header, numbers, count);
    tap_poison_stack();
    const enum eng_err err = dat_npy_decode(npy, f.bytes, f.count, NULL, why);
    free(f.bytes);
    return err;
}

static int is_empty(const struct dat_npy *npy)
{
    return !npy->data && npy->rank == 0 && npy->dim[0] == 0;
}

static void test_saved(void)
{
    struct dat_npy npy;
    for (int version = 1; version <= 3; version++) {
        const enum eng_err err = decode(&npy, version, saved_header, saved_numbers,
                                        sizeof saved_numbers, NULL);
        CHECK(err == ENG_OK && npy.rank == 2 && npy.dim[0] == 3 && npy.dim[1] == 2 &&
                  !memcmp(npy.data, saved_values, sizeof saved_values),
              "version %d.0", version);
        dat_npy_release(&npy);
        CHECK(is_empty(&npy), "released");
    }

    struct file expected = file_new(1, saved_header, saved_numbers, sizeof saved_numbers);
    uint8_t *bytes;
    size_t count;
    const size_t dim[] = {3, 2};
    CHECK(dat_npy_encode(&bytes, &count, saved_values, 2, dim) == ENG_OK &&
              count == expected.count && !memcmp(bytes, expected.bytes, count),
          "written, the array is numpy.save's file to the byte");
    free(bytes);
    free(expected.bytes);
}

static void test_types(void)
{
    static const struct {
        const char *descr;
        uint8_t bytes[32]; /* four numbers */
        float values[4];
    } types[] = {
        {"|b1", {0, 1, 2, 255}, {0, 1, 1, 1}},
        {"|i1", {0, 127, 128, 255}, {0, 127, -128, -1}},
        {"|u1", {0, 127, 128, 255}, {0, 127, 128, 255}},
        {"<i1", {1, 2, 3, 254}, {1, 2, 3, -2}},
        {"<i2", {1, 0, 0, 128, 255, 127, 255, 255}, {1, -32768, 32767, -1}},
        {"<u2", {1, 0, 0, 128, 255, 127, 255, 255}, {1, 32768, 32767, 65535}},
        {">i2", {0, 1, 128, 0, 127, 255, 255, 254}, {1, -32768, 32767, -2}},
        {"<i4",
         {1, 0, 0, 0, 0, 0, 0, 128, 1, 0, 0, 1, 255, 255, 255, 255},
         {1, -0x1p31f, 16777216, -1}}, /* 2^24 + 1 rounds */
        {"<u4",
         {1, 0, 0, 0, 0, 0, 0, 128, 3, 0, 0, 1, 255, 255, 255, 255},
         {1, 0x1p31f, 16777220, 0x1p32f}},
        {"<i8",
         {1,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   128,
          255, 255, 255, 255, 255, 255, 255, 127, 254, 255, 255, 255, 255, 255, 255, 255},
         {1, -0x1p63f, 0x1p63f, -2}},
        {"<u8",
         {1,   0,   0,   0,   0,   0,   0,   0,   0, 0, 0, 0, 0, 0, 0, 128,
          255, 255, 255, 255, 255, 255, 255, 255, 0, 1, 0, 0, 0, 0, 0, 0},
         {1, 0x1p63f, 0x1p64f, 256}},
        {">u8",
         {0,   0,   0,   0,   0,   0,   0,   1,   128, 0, 0, 0, 0, 0, 0, 0,
          255, 255, 255, 255, 255, 255, 255, 255, 0,   0, 0, 0, 0, 0, 1, 0},
         {1, 0x1p63f, 0x1p64f, 256}},
        {"<f2", {0, 0x3c, 0, 0xc0, 0xff, 0x7b, 0x55, 0x35}, {1, -2, 65504, 0x1.554p-2f}},
        {"<f2", {1, 0, 0xff, 0x03, 0, 0x04, 0, 0x80}, {0x1p-24f, 0x1.ff8p-15f, 0x1p-14f, -0.0f}},
        {">f2", {0x3c, 0, 0x7c, 0, 0xfc, 0, 0x80, 1}, {1, INFINITY, -INFINITY, -0x1p-24f}},
        {"<f4",
         {0, 0, 0x80, 0x3f, 0, 0, 0x80, 0xff, 1, 0, 0, 0, 0, 0, 0, 0x80},
         {1, -INFINITY, 0x1p-149f, -0.0f}},
        {">f4",
         {0x3f, 0x80, 0, 0, 0xff, 0x80, 0, 0, 0, 0, 0, 1, 0x80, 0, 0, 0},
         {1, -INFINITY, 0x1p-149f, -0.0f}},
        {"<f8",
         {0, 0, 0, 0,    0,    0,    0xf0, 0x3f, 0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0xbf,
          0, 0, 0, 0xe0, 0xff, 0xff, 0xef, 0x47, 0,    0,    0,    0,    0,    0,    0xf0, 0x7f},
         {1, -0.1f, 0x1.fffffep127f, INFINITY}},
        {">f8",
         {0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0x7e, 0x37, 0xe4, 0x3c, 0x88, 0, 0x75, 0x9c,
          0,    0,    0, 0, 0, 0, 0, 1, 0x80, 0,    0,    0,    0,    0, 0,    0},
         {1, INFINITY, 0, -0.0f}}, /* 1e300 is beyond float32 */
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char header[128];
        struct dat_npy npy;
        struct eng_why why = {""};
        snprintf(header, sizeof header,
                 "{'descr': '%s', 'fortran_order': False, 'shape': (4,), }\n", types[i].descr);
        const size_t size = (size_t)(types[i].descr[2] - '0');
        const enum eng_err err = decode(&npy, 1, header, types[i].bytes, 4 * size, &why);
        /* memcmp tells -0 from 0. */
        CHECK(err == ENG_OK && npy.rank == 1 && npy.dim[0] == 4 &&
                  !memcmp(npy.data, types[i].values, sizeof types[i].values),
              "type %s %s", types[i].descr, why.text);
        dat_npy_release(&npy);
    }

    const uint8_t nans[] = {1, 0x7e, 0, 0xfe};
    struct dat_npy npy;
    CHECK(decode(&npy, 1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2,)}", nans, 4,
                 NULL) == ENG_OK &&
              isnan(npy.data[0]) && isnan(npy.data[1]),
          "half NaNs are NaNs");
    dat_npy_release(&npy);
}

static void test_fortran(void)
{
    /* a[i][j][k] = 100 i + 10 j + k of shape 2, 3, 4: the first index runs fastest in the file. */
    uint8_t numbers[24];
    struct dat_npy npy;
    int right = 1;
    for (size_t n = 0; n < 24; n++)
        numbers[n] = (uint8_t)(100 * (n % 2) + 10 * (n / 2 % 3) + n / 6);
    const enum eng_err err = decode(&npy, 1,
                                    "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4), }",
                                    numbers, 24, NULL);
    if (!CHECK(err == ENG_OK, "Fortran order is read"))
        return;
    for (size_t n = 0; n < 24; n++)
        right &= npy.data[n] == (float)(100 * (n / 12) + 10 * (n / 4 % 3) + n % 4);
    CHECK(right, "and put into C order");
    dat_npy_release(&npy);

    const float one = 7;
    CHECK(decode(&npy, 1, "{'descr': '<f4', 'fortran_order': True, 'shape': (), }", &one, 4,
                 NULL) == ENG_OK &&
              npy.rank == 0 && npy.data[0] == 7,
          "a single number too");
    dat_npy_release(&npy);
}

static void test_shapes(void)
{
    static const struct {
        const char *shape;
        int rank;
        size_t dim[8], bytes;
    } good[] = {
        {"()", 0, {0}, 1},
        {"( )", 0, {0}, 1},
        {"(1,)", 1, {1}, 1},
        {"(0,)", 1, {0}, 0},
        {"(2,3)", 2, {2, 3}, 6},
        {"( 2 , 3 , )", 2, {2, 3}, 6},
        {"(5, 0, 7)", 3, {5, 0, 7}, 0},
        {"(1, 2, 1, 2, 1, 2, 1, 2)", 8, {1, 2, 1, 2, 1, 2, 1, 2}, 16},
    };
    static const struct {
        const char *shape;
        enum eng_err err;
    } bad[] = {
        {"(1)", ENG_FORMAT},
        {"(,)", ENG_FORMAT},
        {"(1,,)", ENG_FORMAT},
        {"(1 1)", ENG_FORMAT},
        {"(1,1", ENG_FORMAT},
        {"1", ENG_FORMAT},
        {"[1]", ENG_FORMAT},
        {"(-1,)", ENG_FORMAT},
        {"(+1,)", ENG_FORMAT},
        {"(01,)", ENG_FORMAT},
        {"(1.0,)", ENG_FORMAT},
        {"(1L,)", ENG_FORMAT},
        {"(0x1,)", ENG_FORMAT},
        {"('1',)", ENG_FORMAT},
        {"(2,)", ENG_FORMAT},
        {"(0,)", ENG_FORMAT},
        {"(18446744073709551616,)", ENG_FORMAT},
        {"(99999999999999999999999999999999,)", ENG_FORMAT},
        {"(4294967296, 4294967296)", ENG_TOOBIG},
        {"(0, 4294967296, 4294967296)", ENG_TOOBIG},
        {"(18446744073709551615,)", ENG_TOOBIG},
        {"(1, 1, 1, 1, 1, 1, 1, 1, 1)", ENG_UNSUPPORTED},
    };
    const uint8_t zeros[16] = {0};
    char header[256];
    struct dat_npy npy;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(header, sizeof header, "{'descr': '|u1', 'fortran_order': False, 'shape': %s, }",
                 good[i].shape);
        const enum eng_err err = decode(&npy, 1, header, zeros, good[i].bytes, NULL);
        CHECK(err == ENG_OK && npy.rank == good[i].rank && npy.data &&
                  !memcmp(npy.dim, good[i].dim, sizeof npy.dim),
              "shape %s", good[i].shape);
        dat_npy_release(&npy);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct eng_why why = {""};
        snprintf(header, sizeof header, "{'descr': '|u1', 'fortran_order': False, 'shape': %s, }",
                 bad[i].shape);
        const enum eng_err err = decode(&npy, 1, header, zeros, 1, &why);
        CHECK(err == bad[i].err && is_empty(&npy) && why.text[0], "shape %s is refused: %s",
              bad[i].shape, why.text);
    }
}

static void test_headers(void)
{
    static const char *const good[] = {
        "{'descr':'<f4','fortran_order':False,'shape':(1,)}",
        "{ 'shape' : ( 1 , ) , 'descr' : '<f4' , 'fortran_order' : False }   \n",
        "{\"fortran_order\": True, \"descr\": \"<f4\", \"shape\": (1,), }\n",
        "  {'shape': (1,),\n 'fortran_order': False,\n\t'descr': '<f4',\n}\n\n",
    };
    static const struct {
        const char *header;
        enum eng_err err;
    } bad[] = {
        {"", ENG_FORMAT},
        {"\n", ENG_FORMAT},
        {"{}", ENG_FORMAT},
        {"{,}", ENG_FORMAT},
        {"'descr': '<f4', 'fortran_order': False, 'shape': (1,)", ENG_FORMAT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", ENG_FORMAT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", ENG_FORMAT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,),,}", ENG_FORMAT},
        {"{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}", ENG_FORMAT},
        {"{'descr'; '<f4', 'fortran_order': False, 'shape': (1,)}", ENG_FORMAT},
        {"{descr: '<f4', 'fortran_order': False, 'shape': (1,)}", ENG_FORMAT},
        {"{'descr: '<f4', 'fortran_order': False, 'shape': (1,)}", ENG_FORMAT},
        {"{'descr\": '<f4', 'fortran_order': False, 'shape': (1,)}", ENG_FORMAT},
        {"{'de\\scr': '<f4', 'fortran_order': False, 'shape': (1,)}", ENG_FORMAT},
        {"{'fortran_order': False, 'shape': (1,)}", ENG_FORMAT},
        {"{'descr': '<f4', 'shape': (1,)}", ENG_FORMAT},
        {"{'descr': '<f4', 'fortran_order': False}", ENG_FORMAT},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", ENG_FORMAT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", ENG_FORMAT},
        {"{'descr': '<f4', 'fortran_orderfortran_order': False, 'shape': (1,)}", ENG_FORMAT},
        {"{'descr': '<f4', 'fortran_order': false, 'shape': (1,)}", ENG_FORMAT},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", ENG_FORMAT},
        {"{'descr': '<f4', 'fortran_order': Falsey, 'shape': (1,)}", ENG_FORMAT},
        {"{'descr': '<f4', 'fortran_order': 'False', 'shape': (1,)}", ENG_FORMAT},
        {"{'descr': f4, 'fortran_order': False, 'shape': (1,)}", ENG_FORMAT},
        {"{'descr': '<f4\n', 'fortran_order': False, 'shape': (1,)}", ENG_FORMAT},
        {"{'descr': '', 'fortran_order': False, 'shape': (1,)}", ENG_UNSUPPORTED},
        {"{'descr': 'f4', 'fortran_order': False, 'shape': (1,)}", ENG_UNSUPPORTED},
        {"{'descr': '|f4', 'fortran_order': False, 'shape': (1,)}", ENG_UNSUPPORTED},
        {"{'descr': '<f3', 'fortran_order': False, 'shape': (1,)}", ENG_UNSUPPORTED},
        {"{'descr': '<f16', 'fortran_order': False, 'shape': (1,)}", ENG_UNSUPPORTED},
        {"{'descr': '>c8', 'fortran_order': False, 'shape': (1,)}", ENG_UNSUPPORTED},
        {"{'descr': '<U8', 'fortran_order': False, 'shape': (1,)}", ENG_UNSUPPORTED},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", ENG_UNSUPPORTED},
        {"{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}", ENG_UNSUPPORTED},
        {"{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (1,)}", ENG_UNSUPPORTED},
        {"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,)}", ENG_UNSUPPORTED},
    };
    const float one = 1;
    struct dat_npy npy;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const enum eng_err err = decode(&npy, 1, good[i], &one, 4, NULL);
        CHECK(err == ENG_OK && npy.rank == 1 && npy.dim[0] == 1 && npy.data[0] == 1,
              "another way to write it, %zu", i);
        dat_npy_release(&npy);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct eng_why why = {""};
        const enum eng_err err = decode(&npy, 1, bad[i].header, &one, 4, &why);
        CHECK(err == bad[i].err && is_empty(&npy) && why.text[0], "bad header %zu: %s", i,
              why.text);
    }
}

/* Cut off anywhere, or with one byte more, a file is refused. */
static void test_truncated(void)
{
    for (int version = 1; version <= 2; version++) {
        const struct file f = file_new(version, saved_header, saved_numbers, sizeof saved_numbers);
        int refused = 1;
        for (size_t n = 0; n < f.count; n++) {
            uint8_t *part = malloc(n ? n : 1);
            struct dat_npy npy;
            if (!part)
                exit(2);
            memcpy(part, f.bytes, n);
            refused &= dat_npy_decode(&npy, part, n, NULL, NULL) == ENG_FORMAT && is_empty(&npy);
            free(part);
        }
        CHECK(refused, "version %d.0 cut off at each of %zu lengths", version, f.count);
        free(f.bytes);
    }
    struct dat_npy npy;
    uint8_t more[sizeof saved_numbers + 1] = {0};
    CHECK(decode(&npy, 1, saved_header, more, sizeof more, NULL) == ENG_FORMAT && is_empty(&npy),
          "one byte too many");
}

/* Whatever bit is wrong, the file is refused or its shape accounts for all of its numbers. */
static void test_bit_flips(void)
{
    const struct file f = file_new(1, saved_header, saved_numbers, sizeof saved_numbers);
    float copy[6]; /* what the numbers are is left open; that they are there is not */
    int sound = 1, refused = 0;
    for (size_t bit = 0; bit < f.count * 8; bit++) {
        struct dat_npy npy;
        f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (dat_npy_decode(&npy, f.bytes, f.count, NULL, NULL) == ENG_OK) {
            size_t numbers = 1;
            for (int i = 0; i < npy.rank; i++)
                numbers *= npy.dim[i];
            sound &= numbers == 6;
            memcpy(copy, npy.data, sizeof copy);
        } else {
            refused++;
            sound &= is_empty(&npy);
        }
        dat_npy_release(&npy);
        f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK(sound && refused > 700, "each bit flipped: %d of %zu refused", refused, f.count * 8);
    free(f.bytes);
}

static void test_round_trip(void)
{
    static const size_t dims[][8] = {{0},       {5},          {0},
                                     {2, 3},    {3, 0, 2},    {1, 2, 3, 4},
                                     {1, 1, 1}, {2, 1, 2, 1}, {1, 2, 1, 2, 1, 2, 1, 2}};
    static const int ranks[] = {0, 1, 1, 2, 3, 4, 3, 4, 8};
    float data[24];
    for (int i = 0; i < 24; i++)
        data[i] = i % 5 == 4 ? NAN : i % 7 == 6 ? -INFINITY : (float)i / 3;
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
        uint8_t *bytes;
        size_t count, numbers = 1;
        struct dat_npy npy = {0};
        for (int d = 0; d < ranks[i]; d++)
            numbers *= dims[i][d];
        enum eng_err err = dat_npy_encode(&bytes, &count, data, ranks[i], dims[i]);
        const int aligned = err == ENG_OK && (count - numbers * 4) % 64 == 0;
        if (err == ENG_OK)
            err = dat_npy_decode(&npy, bytes, count, NULL, NULL);
        CHECK(err == ENG_OK && aligned && npy.rank == ranks[i] &&
                  !memcmp(npy.dim, dims[i], sizeof npy.dim) && !memcmp(npy.data, data, numbers * 4),
              "rank %d, %zu numbers, there and back", ranks[i], numbers);
        dat_npy_release(&npy);
        free(bytes);
    }

    uint8_t *bytes;
    size_t count;
    const size_t most[8] = {SIZE_MAX, 0, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, 0};
    CHECK(dat_npy_encode(&bytes, &count, data, 9, dims[8]) == ENG_ARG && !bytes, "no rank 9");
    CHECK(dat_npy_encode(&bytes, &count, data, -1, dims[8]) == ENG_ARG && !bytes, "no rank -1");
    CHECK(dat_npy_encode(&bytes, &count, data, 8, most) == ENG_TOOBIG && !bytes && !count,
          "no overflowing shape");
}

static void test_files(void)
{
    struct dat_npy npy;
    struct eng_why why = {""};
    const size_t dim[] = {3, 2}, huge[] = {SIZE_MAX, SIZE_MAX};
    scratch_make();
    const char *path = scratch_path("array.npy");
    CHECK(dat_npy_write(path, saved_values, 2, dim, &why) == ENG_OK, "a file is written %s",
          why.text);
    CHECK(dat_npy_write(path, saved_values, 2, huge, &why) == ENG_TOOBIG &&
              !strncmp(why.text, path, strlen(path)),
          "an impossible one is not: %s", why.text);
    CHECK(dat_npy_read(&npy, path, NULL, &why) == ENG_OK && npy.rank == 2 && npy.dim[0] == 3 &&
              !memcmp(npy.data, saved_values, sizeof saved_values),
          "and the first is read again");
    dat_npy_release(&npy);

    scratch_text("array.npy", "PK");
    CHECK(dat_npy_read(&npy, path, NULL, &why) == ENG_FORMAT && is_empty(&npy) &&
              !strncmp(why.text, path, strlen(path)),
          "what is no array says so: %s", why.text);
    scratch_remove();
    CHECK(dat_npy_read(&npy, path, NULL, &why) == ENG_MISSING && is_empty(&npy) &&
              !strncmp(why.text, path, strlen(path)),
          "what is not there says so: %s", why.text);
}

/* Files of PyTorch's tests and of the golden nets; sums computed by NumPy in float64. */
static void test_shared(void)
{
    static const struct {
        const char *path;
        int rank;
        size_t dim[8];
        double sum;
    } files[] = {
        {"conformance/torch/test.npy", 1, {10}, 45},
        {"golden/resnet18-w8-5class-48x40/input.npy", 4, {1, 3, 48, 40}, 44.47316989519095},
        {"golden/resnet18-w8-5class-48x40/logits.npy", 2, {1, 5}, 26.635245084762573},
        {"golden/resnet18-w8-5class-48x40/train.losses.npy", 1, {3}, 8.538087608495076},
        {"golden/vgg16-w4-32px/input.npy", 4, {2, 3, 32, 32}, -20.959342746791663},
        {"golden/vgg16-w4-32px/train.target.npy", 2, {8, 2}, -1.4117373675107956},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[1024];
        struct dat_npy npy;
        struct eng_why why = {""};
        snprintf(path, sizeof path, "%s/%s", tap_shared(), files[i].path);
        const enum eng_err err = dat_npy_read(&npy, path, NULL, &why);
        if (err == ENG_MISSING) {
            tap_skip(why.text);
            continue;
        }
        size_t numbers = err == ENG_OK;
        double sum = 0;
        for (int d = 0; d < npy.rank; d++)
            numbers *= npy.dim[d];
        for (size_t n = 0; n < numbers; n++)
            sum += npy.data[n];
        CHECK(err == ENG_OK && npy.rank == files[i].rank &&
                  !memcmp(npy.dim, files[i].dim, sizeof npy.dim) &&
                  fabs(sum - files[i].sum) < 1e-6 * fabs(files[i].sum),
              "%s %s", files[i].path, why.text);
        dat_npy_release(&npy);
    }
}

int main(void)
{
    test_saved();
    test_types();
    test_fortran();
    test_shapes();
    test_headers();
    test_truncated();
    test_bit_flips();
    test_round_trip();
    test_files();
    test_shared();
    return tap_done();
}
