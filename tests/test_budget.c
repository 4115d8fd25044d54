/* No file makes a decoder allocate more than its format states: not those of the corpora, nor what
 * is like them, nor ones that were made to. And a budget is kept. */
#include "data/crc32.h"
#include "data/cub.h"
#include "data/deflate.h"
#include "data/image.h"
#include "data/jpeg.h"
#include "data/json.h"
#include "data/npy.h"
#include "data/pickle.h"
#include "data/png.h"
#include "data/pnm.h"
#include "data/tensors.h"
#include "data/torch.h"
#include "tests/alloc_fail.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#include <dirent.h>

static struct eng_why why;

/* ---- formats --------------------------------------------------------------------------------- */

typedef enum eng_err decode_function(const uint8_t *bytes, size_t count, struct dat_budget *budget);

static enum eng_err decode_jpeg(const uint8_t *bytes, size_t count, struct dat_budget *budget)
{
    struct dat_image image;
    ENG_TRY(dat_jpeg_decode(&image, bytes, count, budget, &why));
    dat_image_release(&image);
    return ENG_OK;
}

static enum eng_err decode_png(const uint8_t *bytes, size_t count, struct dat_budget *budget)
{
    struct dat_image image;
    ENG_TRY(dat_png_decode(&image, bytes, count, budget, &why));
    dat_image_release(&image);
    return ENG_OK;
}

static enum eng_err decode_pnm(const uint8_t *bytes, size_t count, struct dat_budget *budget)
{
    struct dat_image image;
    ENG_TRY(dat_pnm_decode(&image, bytes, count, budget, &why));
    dat_image_release(&image);
    return ENG_OK;
}

static enum eng_err decode_npy(const uint8_t *bytes, size_t count, struct dat_budget *budget)
{
    struct dat_npy npy;
    ENG_TRY(dat_npy_decode(&npy, bytes, count, budget, &why));
    dat_npy_release(&npy);
    return ENG_OK;
}

static enum eng_err decode_pickle(const uint8_t *bytes, size_t count, struct dat_budget *budget)
{
    static const struct dat_pickle_global globals[] = {{"torch", "FloatStorage", 0}};
    struct dat_pickle *pickle;
    size_t used;
    ENG_TRY(dat_pickle_decode(&pickle, bytes, count, &used, globals, 1, budget, &why));
    dat_pickle_free(pickle);
    return ENG_OK;
}

static enum eng_err decode_safetensors(const uint8_t *bytes, size_t count,
                                       struct dat_budget *budget)
{
    struct dat_safetensors *file;
    ENG_TRY(dat_safetensors_decode(&file, bytes, count, budget, &why));
    dat_safetensors_free(file);
    return ENG_OK;
}

static enum eng_err decode_tensors(const uint8_t *bytes, size_t count, struct dat_budget *budget)
{
    struct dat_tensors *file;
    ENG_TRY(dat_tensors_decode(&file, bytes, count, budget, &why));
    dat_tensors_free(file);
    return ENG_OK;
}

static enum eng_err decode_zip(const uint8_t *bytes, size_t count, struct dat_budget *budget)
{
    struct dat_zip *zip;
    ENG_TRY(dat_zip_decode(&zip, bytes, count, budget, &why));
    dat_zip_free(zip);
    return ENG_OK;
}

/* These two have no budget of their own: their callers take the multiple out of it. */
static enum eng_err decode_json(const uint8_t *bytes, size_t count, struct dat_budget *budget)
{
    struct dat_json *json;
    ENG_TRY(dat_budget_take(budget, DAT_JSON_MULTIPLE * count, &why));
    ENG_TRY(dat_json_parse(&json, (const char *)bytes, count, &why));
    dat_json_free(json);
    return ENG_OK;
}

/* As tests/fuzz/fuzz_cub.c has them: five texts with FS between them. */
static enum eng_err decode_cub(const uint8_t *bytes, size_t count, struct dat_budget *budget)
{
    struct dat_cub_text text[DAT_CUB_FILES] = {0};
    struct dat_cub cub;
    const char *p = (const char *)bytes, *const end = p + count;
    for (int i = 0; i < DAT_CUB_FILES && p < end; i++) {
        const char *stop = memchr(p, 0x1c, (size_t)(end - p));
        text[i] = (struct dat_cub_text){p, (size_t)((stop ? stop : end) - p)};
        p = stop ? stop + 1 : end;
    }
    ENG_TRY(dat_budget_take(budget, DAT_CUB_MULTIPLE * count, &why));
    ENG_TRY(dat_cub_parse(&cub, text, &why));
    dat_cub_release(&cub);
    return ENG_OK;
}

enum { JPEG, PNG, PNM, NPY, PICKLE, SAFETENSORS, TENSORS, ZIP, JSON, CUB, FORMATS };

/* Structs of a fixed size, such as the one that holds an open file. */
#define SMALL ((size_t)4096)

static const struct format {
    const char *name, *reference; /* folders of its files */
    decode_function *decode;
    size_t multiple, spare;
} formats[FORMATS] = {
    [JPEG] = {"jpeg", "jpeg", decode_jpeg, DAT_JPEG_MULTIPLE, DAT_IMAGE_SPARE},
    [PNG] = {"png", "png", decode_png, DAT_PNG_MULTIPLE, DAT_IMAGE_SPARE},
    [PNM] = {"pnm", NULL, decode_pnm, DAT_PNM_MULTIPLE, SMALL},
    [NPY] = {"npy", "torch", decode_npy, 4, SMALL},
    [PICKLE] = {"pickle", "torch", decode_pickle, DAT_PICKLE_MULTIPLE, 68 << 10},
    [SAFETENSORS] = {"safetensors", "safetensors", decode_safetensors, DAT_SAFETENSORS_MULTIPLE,
                     SMALL},
    [TENSORS] = {"tensors", "torch", decode_tensors, DAT_TORCH_MULTIPLE, DAT_TORCH_SPARE + SMALL},
    [ZIP] = {"zip", "torch", decode_zip, 4, SMALL},
    [JSON] = {"json", NULL, decode_json, DAT_JSON_MULTIPLE, SMALL},
    [CUB] = {"cub", NULL, decode_cub, DAT_CUB_MULTIPLE, SMALL},
};

/* What may be taken for these bytes: files of tensors are of several formats. */
static size_t allowed(const struct format *f, const uint8_t *bytes, size_t count)
{
    const int legacy = f == &formats[TENSORS] && count && bytes[0] == 0x80;
    return (legacy ? DAT_TORCH_LEGACY_MULTIPLE : f->multiple) * count + f->spare;
}

/* ---- what is measured ------------------------------------------------------------------------ */

/* Decodes the bytes, and returns the most memory that was in use meanwhile. */
static size_t peak_of(enum eng_err *err, const struct format *f, const uint8_t *bytes, size_t count,
                      struct dat_budget *budget)
{
    uint8_t *copy = malloc(count ? count : 1); /* sanitizers see where it ends */
    if (!copy)
        abort();
    if (count)
        memcpy(copy, bytes, count);
    alloc_fail_peak();
    *err = f->decode(copy, count, budget);
    const size_t peak = alloc_fail_peak();
    free(copy);
    return peak;
}

/* True if the format's multiple holds for these bytes, and budgets that are too small for them are
 * kept, too. */
static int holds(const struct format *f, const uint8_t *bytes, size_t count)
{
    enum eng_err err;
    const size_t peak = peak_of(&err, f, bytes, count, NULL);
    int ok = peak <= allowed(f, bytes, count);
    if (!ok)
        printf("# %s of %zu bytes took %zu: %s\n", f->name, count, peak, why.text);
    for (size_t part = 1; part <= 4 && err == ENG_OK && peak > SMALL; part++) {
        struct dat_budget budget = dat_budget_of(peak * part / 4);
        enum eng_err bounded;
        const size_t taken = peak_of(&bounded, f, bytes, count, &budget);
        const int kept = taken <= peak * part / 4 + SMALL &&
                         (bounded == ENG_OK ||
                          (bounded == ENG_TOOBIG && strstr(why.text, "--file-memory")));
        if (!kept)
            printf("# %s of %zu bytes took %zu of a budget of %zu: %s\n", f->name, count, taken,
                   peak * part / 4, why.text);
        ok &= kept;
    }
    return ok;
}

/* All files of a folder; with what is like them, if they are few. */
static size_t try_folder(int *ok, const struct format *f, const char *folder, int alike)
{
    static uint8_t bytes[1 << 20];
    char path[1024];
    size_t files = 0;
    DIR *dir = opendir(folder);
    *ok = 1;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *file = entry->d_name[0] != '.' ? fopen(path, "rb") : NULL;
        if (!file)
            continue;
        const size_t count = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        files++;
        *ok &= holds(f, bytes, count);
        for (size_t i = 0; alike && i < count && i < 256; i++)
            for (int bit = 0; bit < 8; bit++) {
                bytes[i] ^= (uint8_t)(1 << bit);
                *ok &= holds(f, bytes, count);
                bytes[i] ^= (uint8_t)(1 << bit);
            }
    }
    if (dir)
        closedir(dir);
    return files;
}

static void test_files(const struct format *f)
{
    char folder[1024];
    int ok;
    snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", f->name);
    size_t files = try_folder(&ok, f, folder, 1);
    CHECK(ok && files > 0, "%s: %zu times its length, for %zu files of the corpus and their like",
          f->name, f->multiple, files);
    if (!f->reference)
        return;
    snprintf(folder, sizeof folder, "%s/conformance/%s", tap_shared(), f->reference);
    files = try_folder(&ok, f, folder, 0);
    if (files)
        CHECK(ok, "%s: the same for %zu reference files", f->name, files);
    else
        tap_skip("the reference files are not there");
}

/* ---- files that were made to be large -------------------------------------------------------- */

struct bytes {
    uint8_t at[1 << 21];
    size_t count;
};
static struct bytes file; /* the one that is being made */

static void put(const void *bytes, size_t count)
{
    if (count > sizeof file.at - file.count)
        abort();
    if (count)
        memcpy(file.at + file.count, bytes, count);
    file.count += count;
}

static void put_little(uint64_t value, int width)
{
    for (int i = 0; i < width; i++)
        put(&(uint8_t){(uint8_t)(value >> 8 * i)}, 1);
}

static void put_big(uint64_t value, int width)
{
    for (int i = width; i-- > 0;)
        put(&(uint8_t){(uint8_t)(value >> 8 * i)}, 1);
}

static void put_text(const char *text)
{
    put(text, strlen(text));
}

static void put_many(const char *text, size_t times)
{
    while (times-- > 0)
        put_text(text);
}

static void put_chunk(const char *type, const void *data, size_t size)
{
    put_big(size, 4);
    put(type, 4);
    put(data, size);
    put_big(dat_crc32(0, file.at + file.count - size - 4, size + 4), 4);
}

/* A picture of one bit a pixel, all black; of its rows only so many. */
static void make_png(uint32_t width, uint32_t height, size_t rows)
{
    const size_t raw_size = rows * (1 + (width + 7) / 8);
    uint8_t header[13] = {(uint8_t)(width >> 24),
                          (uint8_t)(width >> 16),
                          (uint8_t)(width >> 8),
                          (uint8_t)width,
                          (uint8_t)(height >> 24),
                          (uint8_t)(height >> 16),
                          (uint8_t)(height >> 8),
                          (uint8_t)height,
                          1,
                          0,
                          0,
                          0,
                          0};
    uint8_t *raw = calloc(raw_size + 1, 1), *stream;
    size_t size;
    if (!raw || dat_deflate_zlib(&stream, &size, raw, raw_size) != ENG_OK)
        abort();
    file.count = 0;
    put("\x89PNG\r\n\x1a\n", 8);
    put_chunk("IHDR", header, sizeof header);
    put_chunk("IDAT", stream, size);
    put_chunk("IEND", NULL, 0);
    free(raw);
    free(stream);
}

static void test_png(void)
{
    enum eng_err err;
    make_png(8192, 1024, 1024);
    const size_t peak = peak_of(&err, &formats[PNG], file.at, file.count, NULL);
    CHECK(err == ENG_OK && holds(&formats[PNG], file.at, file.count),
          "png: a blank page of %zu bytes is decoded in %zu times as many", file.count,
          peak / file.count);
    struct dat_budget budget = dat_budget_of(16 << 20);
    CHECK(formats[PNG].decode(file.at, file.count, &budget) == ENG_TOOBIG &&
              !strcmp(why.text, "decoding it takes 26 MiB, more than the limit of 16; raise "
                                "--file-memory"),
          "png: not within 16 MiB: %s", why.text);
    make_png(16000, 16000, 0);
    const size_t taken = peak_of(&err, &formats[PNG], file.at, file.count, NULL);
    CHECK(err == ENG_FORMAT && taken <= SMALL,
          "png: %zu bytes that say 16000 x 16000 take %zu and are refused", file.count, taken);
    make_png(60000, 60000, 0);
    CHECK(peak_of(&err, &formats[PNG], file.at, file.count, NULL) <= SMALL && err == ENG_TOOBIG,
          "png: and likewise 60000 x 60000");
}

/* The head of a JPEG up to its frame, with the sampling factors of each component. */
static void make_jpeg(int progressive, size_t width, size_t height, int count,
                      const uint8_t factors[])
{
    file.count = 0;
    put("\xff\xd8\xff\xe1\0\x22"
        "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0",
        34);
    put("\0\0\0\0", 4); /* orientation 6: it lies on its side */
    put("\xff\xdb\0\x43\0", 5);
    put_many("\x01", 64);
    put(progressive ? "\xff\xc2" : "\xff\xc0", 2);
    put_big(8 + 3 * (uint64_t)count, 2);
    put_big(8, 1);
    put_big(height, 2);
    put_big(width, 2);
    put_big((uint64_t)count, 1);
    for (int i = 0; i < count; i++) {
        put_big((uint64_t)i + 1, 1);
        put_big(factors[i], 1);
        put_big(0, 1);
    }
}

/* What a JPEG of these factors, as high as its length allows, would take. */
static size_t jpeg_takes(int progressive, size_t width, int count, const uint8_t factors[],
                         size_t *length)
{
    size_t low = 0, high = DAT_IMAGE_MAX_SIDE, taken = 0;
    while (low < high) {
        const size_t middle = low + (high - low + 1) / 2;
        make_jpeg(progressive, width, middle, count, factors);
        memset(file.at + file.count, 0, 1000);
        file.count += 1000;
        struct dat_budget budget = dat_budget_of((size_t)1 << 40);
        decode_jpeg(file.at, file.count, &budget);
        if (strstr(why.text, "cannot be as short"))
            high = middle - 1;
        else {
            low = middle;
            taken = budget.limit - budget.left;
        }
    }
    *length = file.count;
    return taken;
}

static void test_jpeg_factors(void)
{
    static const uint8_t factors[] = {0x11, 0x41, 0x14, 0x44, 0x21, 0x22, 0x12};
    static const size_t widths[] = {1, 8, 33, 640};
    enum { KINDS = sizeof factors, WIDTHS = sizeof widths / sizeof *widths };
    double worst = 0;
    for (int progressive = 0; progressive < 2; progressive++)
        for (int w = 0; w < WIDTHS; w++)
            for (int i = 0; i < KINDS * KINDS * KINDS; i++) {
                const uint8_t of[3] = {factors[i % KINDS], factors[i / KINDS % KINDS],
                                       factors[i / KINDS / KINDS]};
                size_t length;
                const size_t taken = jpeg_takes(progressive, widths[w], i < KINDS ? 1 : 3, of,
                                                &length);
                const double over = (double)taken - (double)DAT_IMAGE_SPARE;
                worst = over / (double)length > worst ? over / (double)length : worst;
            }
    CHECK(worst <= DAT_JPEG_MULTIPLE, "jpeg: no factors take more than %.0f times the length",
          worst);
}

/* A grey progressive picture in which every block is one bit: the code for "as the last one". */
static void test_jpeg_blank(void)
{
    enum eng_err err;
    make_jpeg(1, 1024, 512, 1, (const uint8_t[]){0x11});
    put("\xff\xc4\0\x14\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
    put("\xff\xda\0\x08\x01\x01\0\0\0\0", 10);
    memset(file.at + file.count, 0, 1024);
    file.count += 1024;
    put("\xff\xd9", 2);
    const size_t peak = peak_of(&err, &formats[JPEG], file.at, file.count, NULL);
    CHECK(err == ENG_OK && holds(&formats[JPEG], file.at, file.count),
          "jpeg: a grey one of %zu bytes is decoded in %zu times as many", file.count,
          peak / file.count);
    make_jpeg(1, 60000, 4000, 1, (const uint8_t[]){0x44});
    const size_t taken = peak_of(&err, &formats[JPEG], file.at, file.count, NULL);
    CHECK(err == ENG_FORMAT && taken <= SMALL, "jpeg: %zu bytes that say 60000 x 4000: %s",
          file.count, why.text);
}

static void test_texts(void)
{
    static const struct {
        int format;
        const char *begin, *many, *end;
    } texts[] = {
        {PNM, "P5 60000 4000 255 ", "", ""},
        {PNM, "P2 100 100 1 ", "1 ", ""},
        {JSON, "[", "1,", "1]"},
        {JSON, "[", "[],", "1]"},
        {JSON, "", "[", ""},
        {JSON, "", ",", ""},
        {JSON, "{", "\"\":1,", "\"a\":1}"},
        {CUB, "", "1 a\n", ""},
        {CUB, "1 a\x1c", "1 a\n", ""},
        {PICKLE, "\x80\x04", "N", "."},
        {PICKLE, "\x80\x04(", "N", "t."},
        {PICKLE, "\x80\x04]", "]a", "."},
        {PICKLE, "\x80\x04](", "N", "e."},
        {PICKLE, "\x80\x04]", "Na", "."},
        {PICKLE, "\x80\x04]", "(Ne", "."},
        {PICKLE, "\x80\x04]", "]\x94", "."},
        {PICKLE, "\x80\x04", "}", "."},
        {PICKLE, "\x80\x04", ")", "."},
        {PICKLE, "\x80\x04", "N\x85", "."},
        {PICKLE, "\x80\x04", "\x8f", "."},
        {PICKLE, "\x80\x04", "(", "."},
        {PICKLE, "\x80\x04", "N\x94", "."},
        {PICKLE, "\x80\x04",
         "U\x01"
         "a",
         "."},
        {PICKLE, "\x80\x04", "ctorch\nFloatStorage\n", "."},
    };
    int ok = 1;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t times = 1; times < 200000; times = times * 3 + 1) {
            file.count = 0;
            put_text(texts[i].begin);
            if (file.count + times * strlen(texts[i].many) > sizeof file.at / 2)
                break;
            put_many(texts[i].many, times);
            put_text(texts[i].end);
            ok &= holds(&formats[texts[i].format], file.at, file.count);
        }
    CHECK(ok, "texts that repeat what takes most: JSON, PNM, pickles, CUB");
}

static void test_safetensors(void)
{
    static const char *const members[] = {
        "\"\":1,", "\"\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]},",
        "\"__metadata__\":{\"\":\"\"},", "\"a\":{},"};
    int ok = 1;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        for (size_t times = 1; times < 20000; times = times * 5 + 1) {
            file.count = 0;
            put_little(0, 8);
            put_text("{");
            put_many(members[i], times);
            put_text("\"z\":1}");
            const size_t length = file.count;
            file.count = 0;
            put_little(length - 8, 8);
            file.count = length;
            ok &= holds(&formats[SAFETENSORS], file.at, file.count);
        }
    CHECK(ok, "headers of safetensors with as many members as fit");
}

/* An archive of one member, deflated. */
static void make_zip(const char *name, const void *contents, size_t size)
{
    uint8_t *packed;
    size_t packed_size;
    if (dat_deflate(&packed, &packed_size, contents, size) != ENG_OK)
        abort();
    const uint32_t crc = dat_crc32(0, contents, size);
    file.count = 0;
    for (int directory = 0; directory < 2; directory++) {
        put_text(directory ? "PK\1\2" : "PK\3\4");
        put_little(20, directory ? 4 : 2);
        put_little(0, 2);
        put_little(8, 2); /* deflated */
        put_little(0, 4);
        put_little(crc, 4);
        put_little(packed_size, 4);
        put_little(size, 4);
        put_little(strlen(name), 2);
        put_little(0, directory ? 8 : 2);
        put_little(0, directory ? 8 : 0);
        put_text(name);
        if (!directory)
            put(packed, packed_size);
    }
    put_text("PK\5\6");
    put_little(0, 4);
    put_little(1, 2);
    put_little(1, 2);
    put_little(46 + strlen(name), 4);
    put_little(30 + strlen(name) + packed_size, 4);
    put_little(0, 2);
    free(packed);
}

static void test_archives(void)
{
    static struct bytes contents;
    enum eng_err err;
    const size_t numbers = 1 << 18;
    file.count = 0;
    put("\x93NUMPY\1\0\x76\0", 10);
    file.count += (size_t)snprintf(
        (char *)file.at + file.count, 200,
        "{'descr': '>f4', 'fortran_order': False, 'shape': (%zu,), }%60s", numbers, "");
    file.count = 128;
    file.at[127] = '\n';
    memset(file.at + 128, 0, 4 * numbers);
    file.count += 4 * numbers;
    contents = file;
    make_zip("a.npy", contents.at, contents.count);
    const size_t peak = peak_of(&err, &formats[TENSORS], file.at, file.count, NULL);
    CHECK(err == ENG_OK && holds(&formats[TENSORS], file.at, file.count),
          "npz: zeros in %zu bytes are read in %zu times as many", file.count, peak / file.count);

    /* Of values that take 48 bytes each, and of names of 900 bytes for each tensor. */
    file.count = 0;
    put_text("\x80\x02](");
    put_many("N", 1 << 20);
    put_text("e.");
    contents = file;
    make_zip("a/data.pkl", contents.at, contents.count);
    const size_t values = peak_of(&err, &formats[TENSORS], file.at, file.count, NULL);
    CHECK(err == ENG_TOOBIG && values <= DAT_TORCH_MULTIPLE * file.count + DAT_TORCH_SPARE + SMALL,
          "torch: a million values in %zu bytes: %s", file.count, why.text);

    file.count = 0;
    put_text("\x80\x02}X");
    put_little(900, 4);
    put_many("n", 900);
    put_text("q");
    put_little(0, 1);
    put_text("ctorch._utils\n_rebuild_tensor_v2\n((X");
    put_little(7, 4);
    put_text("storagectorch\nFloatStorage\nX");
    put_little(1, 4);
    put_text("0NK");
    put_little(0, 1);
    put_text("tQK");
    put_little(0, 1);
    put_text(")))tRq\1s(");
    for (size_t i = 0; i < 30000; i++) {
        put_text("h");
        put_little(0, 1);
        put_text("h\1");
    }
    put_text("u.");
    contents = file;
    make_zip("a/data.pkl", contents.at, contents.count);
    const size_t names = peak_of(&err, &formats[TENSORS], file.at, file.count, NULL);
    CHECK(err != ENG_OK && names <= DAT_TORCH_MULTIPLE * file.count + DAT_TORCH_SPARE + SMALL,
          "torch: 30000 tensors in %zu bytes, %zu times as many: %s", file.count,
          names / file.count, why.text);
}

/* Of an archive whose directory is much of it, hardly more is taken than is in use at once. */
static void test_directory(void)
{
    enum { MEMBERS = 1000 };
    static struct dat_safetensors_entry entries[MEMBERS];
    static char names[MEMBERS][400];
    const char *path = scratch_path("many.npz");
    enum eng_err err;
    for (int i = 0; i < MEMBERS; i++) {
        snprintf(names[i], sizeof names[i], "%0*d", (int)sizeof names[i] - 1, i);
        entries[i] = (struct dat_safetensors_entry){names[i], DAT_U8, 1, {1}, "\1", 1};
    }
    scratch_need(!dat_tensors_write(path, entries, MEMBERS, NULL, 0, NULL), path);
    FILE *f = fopen(path, "rb");
    scratch_need(f != NULL, path);
    file.count = fread(file.at, 1, sizeof file.at, f);
    fclose(f);
    struct dat_budget budget = dat_budget_of((size_t)1 << 30);
    const size_t peak = peak_of(&err, &formats[TENSORS], file.at, file.count, &budget);
    const size_t taken = budget.limit - budget.left;
    CHECK(err == ENG_OK && taken <= peak + peak / 8,
          "npz: %zu bytes are taken for %d arrays, and %zu are in use", taken, MEMBERS, peak);
}

static void test_budget(void)
{
    struct dat_budget budget = dat_budget_of(0);
    CHECK(dat_budget_take(&budget, SIZE_MAX, &why) == ENG_OK && dat_budget_take(NULL, 1, &why) == 0,
          "0 and NULL are budgets without end");
    budget = dat_budget_of(100);
    CHECK(dat_budget_take(&budget, 60, &why) == ENG_OK &&
              dat_budget_take(&budget, 60, &why) == ENG_TOOBIG && budget.left == 40,
          "what is refused is not taken");
    dat_budget_give(&budget, 60);
    CHECK(dat_budget_take(&budget, 100, &why) == ENG_OK, "what is given back can be taken");
    struct dat_budget within = dat_budget_within(NULL, 10, 7, 5);
    CHECK(within.left == 75 && within.stated, "a multiple, and what is spare");
    CHECK(dat_budget_take(&within, 76, &why) == ENG_TOOBIG && strstr(why.text, "than a file of") &&
              !strstr(why.text, "damaged"),
          "which is no proof of damage: %s", why.text);
    within = dat_budget_within(NULL, 10, SIZE_MAX / 2, 5);
    CHECK(within.left == SIZE_MAX, "a multiple beyond any memory is none");
    budget = dat_budget_of(50);
    within = dat_budget_within(&budget, 10, 7, 5);
    CHECK(within.left == 50 && !within.stated, "the caller's bound, if it is less");
    CHECK(dat_budget_take(&budget, SIZE_MAX, &why) == ENG_TOOBIG, "nothing overflows: %s",
          why.text);
}

int main(void)
{
    scratch_make();
    test_budget();
    for (int i = 0; i < FORMATS; i++)
        test_files(&formats[i]);
    test_png();
    test_jpeg_factors();
    test_jpeg_blank();
    test_texts();
    test_safetensors();
    test_archives();
    test_directory();
    scratch_remove();
    return tap_done();
}
