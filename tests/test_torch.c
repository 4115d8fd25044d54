/* PyTorch's files put together by hand, pickle by pickle: what they mean, and hostile ones. */
#include "data/file.h"
#include "data/torch.h"
#include "data/zip.h"
#include "tests/scratch.h"
#include "tests/tap.h"

/* ---- files put together by hand ------------------------------------------------------------- */

/* A pickle with any bytes in it. */
#define PICKLE(text)         text, sizeof text - 1
#define ORDERED              "ccollections\nOrderedDict\n)R"
#define STRING(length, text) "X" length "\0\0\0" text
#define STORAGE(type, key, count)                                                                  \
    "(X\7\0\0\0storagectorch\n" type "Storage\nX\1\0\0\0" key "X\3\0\0\0cpu" count "tQ"
#define TENSOR(storage, offset, size, stride)                                                      \
    "ctorch._utils\n_rebuild_tensor_v2\n(" storage offset size stride "\x89" ORDERED "tR"

/* Storage "0" has the floats 0 to 5, storage "1" nothing. */
#define FLOATS                    STORAGE("Float", "0", "K\6")
#define NAMED(name, tensor)       "X\1\0\0\0" name tensor
#define ONE(offset, size, stride) "\x80\2}" NAMED("a", TENSOR(FLOATS, offset, size, stride)) "s."
#define PAIR                      "K\2K\3\x86"

static const float six[6] = {0, 1, 2, 3, 4, 5};

/* Decodes a zip file with this pickle; the tensors live until the next call. */
static enum eng_err decode_zip(struct dat_torch **out, const char *pickle, size_t count,
                               const char *byteorder, struct eng_why *why)
{
    static uint8_t *bytes;
    size_t size = 0;
    const struct dat_zip_part parts[] = {{"x/data.pkl", NULL, pickle, 0, count},
                                         {"x/byteorder", NULL, byteorder, 0, strlen(byteorder)},
                                         {"x/data/0", NULL, six, 0, sizeof six},
                                         {"x/data/1", NULL, NULL, 0, 0},
                                         {"x/version", NULL, "3\n", 0, 2}};
    const char *path = scratch_path("x.pth");
    free(bytes);
    bytes = NULL;
    *out = NULL;
    if (!count) /* only frees */
        return ENG_OK;
    scratch_need(!dat_zip_write(path, parts, 5, NULL, 0, NULL) &&
                     !dat_file_read(&bytes, &size, path, NULL),
                 path);
    return dat_torch_decode(out, bytes, size, NULL, why);
}

/* The names and values of all tensors: "a:0,1,2 b:3". */
static const char *describe(const struct dat_torch *file)
{
    static char text[1000];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < dat_torch_count(file); i++) {
        const struct dat_safetensors_entry *e = dat_torch_at(file, i);
        const size_t count = e->size / dat_dtype_size(e->dtype);
        float *values = malloc((count + 1) * sizeof *values);
        dat_safetensors_float(e, values, count);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s%s:", i ? " " : "",
                              i && i == dat_torch_state_count(file) ? "| " : "", e->name);
        for (size_t k = 0; k < count && n + 100 < sizeof text; k++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%g", k ? "," : "",
                                  (double)values[k]);
        free(values);
    }
    return text;
}

static const struct {
    const char *what, *pickle;
    size_t count;
    const char *tensors;
} good[] = {
    {"a matrix", PICKLE(ONE("K\0", PAIR, "K\3K\1\x86")), "a:0,1,2,3,4,5"},
    {"a transposed one", PICKLE(ONE("K\0", PAIR, "K\1K\2\x86")), "a:0,2,4,1,3,5"},
    {"a column", PICKLE(ONE("K\1", "K\2\x85", "K\3\x85")), "a:1,4"},
    {"a row at the end", PICKLE(ONE("K\3", "K\3\x85", "K\1\x85")), "a:3,4,5"},
    {"an expanded one", PICKLE(ONE("K\2", PAIR, "K\0K\1\x86")), "a:2,3,4,2,3,4"},
    {"all the same", PICKLE(ONE("K\5", PAIR, "K\0K\0\x86")), "a:5,5,5,5,5,5"},
    {"a scalar", PICKLE(ONE("K\4", ")", ")")), "a:4"},
    {"dimensions of 1 with any stride",
     PICKLE(ONE("K\0", "K\1K\6K\1\x87", "K\x63K\1J\xFF\xFF\xFF\x7F\x87")), "a:0,1,2,3,4,5"},
    {"nothing", PICKLE(ONE("K\6", "K\0K\3\x86", "K\3K\1\x86")), "a:"},
    {"nothing, with an offset beyond", PICKLE(ONE("K\x63", "K\0\x85", "K\1\x85")), "a:"},
    {"an empty storage",
     PICKLE("}" NAMED("a", TENSOR(STORAGE("Long", "1", "K\0"), "K\0", "K\0\x85", "K\1\x85")) "s."),
     "a:"},
    {"a tensor alone", PICKLE(TENSOR(FLOATS, "K\0", "K\1\x85", "K\1\x85") "."), "tensor:0"},
    {"no tensor at all", PICKLE("\x80\2}X\5\0\0\0epochK\3s."), ""},
    {"a list",
     PICKLE("](" TENSOR(FLOATS, "K\0", "K\1\x85", "K\1\x85")
                TENSOR(FLOATS, "K\1", "K\1\x85", "K\1\x85") "e."),
     "0:0 1:1"},
    {"the oldest way", PICKLE("ctorch._utils\n_rebuild_tensor\n(" FLOATS "K\2K\1\x85K\1\x85tR."),
     "tensor:2"},
    {"a parameter",
     PICKLE("ctorch._utils\n_rebuild_parameter\n(" TENSOR(FLOATS, "K\1", ")", ")") "\x88" ORDERED
                                                                                   "tR."),
     "tensor:1"},
    {"a parameter with attributes",
     PICKLE("ctorch._utils\n_rebuild_parameter_with_state\n(" TENSOR(FLOATS, "K\1", ")",
                                                                     ")") "\x88" ORDERED "}tR."),
     "tensor:1"},
    {"a tensor with attributes",
     PICKLE("ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\n"
            "ctorch\nTensor\n(" FLOATS "K\3))\x89" ORDERED "t}tR."),
     "tensor:3"},
    {"types that storages do not have",
     PICKLE("ctorch._utils\n_rebuild_tensor_v3\n((X\7\0\0\0storagectorch.storage\nUntypedStorage\n"
            "X\1\0\0\0"
            "0X\3\0\0\0cpuK\x18tQK\2K\2\x85K\1\x85\x89" ORDERED "ctorch\nuint16\ntR."),
     "tensor:0,16256"},
    {"torch.Size", PICKLE(ONE("K\0", "ctorch\nSize\n(K\1K\2t\x85R", "K\2K\1\x86")), "a:0,1"},
    {"cuda's storages",
     PICKLE("}" NAMED("a", "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch.cuda\n"
                           "FloatStorage\nX\1\0\0\0"
                           "0X\6\0\0\0cuda:0K\6tQK\1))\x89" ORDERED "tR") "s."),
     "a:1"},
    {"the state_dict in a checkpoint, and what is beside it",
     PICKLE("}(X\3\0\0\0opt}K\0](NK\1" TENSOR(FLOATS, "K\1", ")", ")") "es" STRING(
         "\x0a", "state_dict") "}(" STRING("\x08", "module.w") TENSOR(FLOATS, "K\2", ")", ")")
                STRING("\x08", "module.b") TENSOR(FLOATS, "K\3", ")", ")") "uX\5\0\0\0epochK\7u."),
     "w:2 b:3 | opt.0.2:1"},
    {"a model in a model",
     PICKLE("}X\5\0\0\0model}X\3\0\0\0net}X\1\0\0\0w" TENSOR(FLOATS, "K\2", ")", ")") "sss."),
     "w:2"},
    {"four models in each other",
     PICKLE("}X\5\0\0\0model}X\3\0\0\0net}X\3\0\0\0net}X\3\0\0\0net}X\1\0\0\0w" TENSOR(
         FLOATS, "K\2", ")", ")") "sssss."),
     "w:2"},
    {"a fifth, which is a part like any other",
     PICKLE("}X\5\0\0\0model}X\3\0\0\0net}X\3\0\0\0net}X\3\0\0\0net}X\3\0\0\0net}X\1\0\0\0w" TENSOR(
         FLOATS, "K\2", ")", ")") "ssssss."),
     "net.w:2"},
    {"the same state_dict twice",
     PICKLE("}(X\5\0\0\0model}q\0X\1\0\0\0w" TENSOR(FLOATS, "K\2", ")", ")") "sX\3\0\0\0emah\0u."),
     "w:2 | ema.w:2"},
    {"a checkpoint with a tensor of its own",
     PICKLE("}(X\1\0\0\0v" TENSOR(FLOATS, "K\3", ")", ")") "X\5\0\0\0model}X\1\0\0\0w" TENSOR(
         FLOATS, "K\2", ")", ")") "su."),
     "w:2 | v:3"},
    {"wrappers without tensors",
     PICKLE("}(X\5\0\0\0model}X\1\0\0\0aNsX\6\0\0\0params}X\1\0\0\0w" TENSOR(FLOATS, "K\2", ")",
                                                                             ")") "su."),
     "w:2"},
    {"a compiled one in parallel",
     PICKLE("}" STRING("\x12", "_orig_mod.module.w") TENSOR(FLOATS, "K\2", ")", ")") "s."), "w:2"},
    {"not all in parallel",
     PICKLE("}(" STRING("\x08", "module.w")
                TENSOR(FLOATS, "K\2", ")", ")") "X\1\0\0\0v" TENSOR(FLOATS, "K\3", ")", ")") "u."),
     "module.w:2 v:3"},
};

static void test_good(void)
{
    struct dat_torch *file;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct eng_why why = {""};
        const enum eng_err err = decode_zip(&file, good[i].pickle, good[i].count, "little", &why);
        const char *tensors = err == ENG_OK ? describe(file) : "";
        if (!CHECK(err == ENG_OK && !strcmp(tensors, good[i].tensors), "%s: %s", good[i].what,
                   tensors))
            printf("# %s\n", why.text);
        dat_torch_free(file);
    }
    size_t right = 0;
    if (decode_zip(&file, PICKLE(ONE("K\0", PAIR, "K\3K\1\x86")), "big", NULL) == ENG_OK)
        for (size_t i = 0; i < sizeof six; i++)
            right += ((const uint8_t *)dat_torch_at(file, 0)->bytes)[i] ==
                     ((const uint8_t *)six)[i / 4 * 4 + 3 - i % 4];
    CHECK(right == sizeof six, "big-endian numbers");
    dat_torch_free(file);
    dat_torch_free(NULL);
}

#define V1(offset, size, stride) PICKLE(ONE(offset, size, stride))

static const struct {
    const char *what, *pickle;
    size_t count;
    enum eng_err err;
    const char *reason;
} bad[] = {
    {"os.system", PICKLE("}X\1\0\0\0acos\nsystem\nX\2\0\0\0ls\x85Rs."), ENG_UNSUPPORTED,
     "os.system"},
    {"a class of somebody's", PICKLE("cmodels.resnet\nResNet\n)\x81}b."), ENG_UNSUPPORTED,
     "models.resnet.ResNet"},
    {"a quantised tensor", PICKLE("ctorch._utils\n_rebuild_qtensor\n)R."), ENG_UNSUPPORTED,
     "torch._utils._rebuild_qtensor"},
    {"quantised numbers", PICKLE("ctorch\nQInt8Storage\n."), ENG_UNSUPPORTED, "torch.QInt8Storage"},
    {"an element too far", V1("K\0", "K\7\x85", "K\1\x85"), ENG_FORMAT, "\"a\" reaches beyond"},
    {"an offset too far", V1("K\1", PAIR, "K\3K\1\x86"), ENG_FORMAT, "reaches beyond"},
    {"an offset at the end", V1("K\6", ")", ")"), ENG_FORMAT, "reaches beyond"},
    {"a stride too far", V1("K\0", PAIR, "K\4K\1\x86"), ENG_FORMAT, "reaches beyond"},
    {"a negative offset", V1("J\xFF\xFF\xFF\xFF", "K\1\x85", "K\1\x85"), ENG_FORMAT, "shape"},
    {"an offset that overflows",
     V1("\x8a\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F", "K\1\x85", "K\1\x85"), ENG_FORMAT, "memory"},
    {"a negative size", V1("K\0", "J\xFF\xFF\xFF\xFF\x85", "K\1\x85"), ENG_FORMAT, "shape"},
    {"a negative stride", V1("K\5", "K\6\x85", "J\xFF\xFF\xFF\xFF\x85"), ENG_FORMAT, "shape"},
    {"sizes whose product overflows",
     V1("K\0", "\x8a\5\0\0\0\0\1\x8a\5\0\0\0\0\1\x86", "K\0K\0\x86"), ENG_FORMAT, "shape"},
    {"a size times a stride that overflows",
     V1("K\0", "\x8a\5\0\0\0\0\1K\1\x86", "\x8a\5\0\0\0\0\1K\1\x86"), ENG_FORMAT, "reaches beyond"},
    {"places that overflow together",
     V1("K\0", PAIR, "\x8a\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F\x8a\x08\1\0\0\0\0\0\0\x40\x86"),
     ENG_FORMAT, "reaches beyond"},
    {"a number repeated 2^40 times", V1("K\0", "\x8a\6\0\0\0\0\0\1\x85", "K\0\x85"), ENG_TOOBIG,
     "far too often"},
    {"more sizes than strides", V1("K\0", PAIR, "K\1\x85"), ENG_FORMAT, "shape"},
    {"a size that is a text", V1("K\0", "X\1\0\0\0b\x85", "K\1\x85"), ENG_FORMAT, "shape"},
    {"no shape", V1("K\0", "N", "N"), ENG_FORMAT, "shape"},
    {"nine dimensions", V1("K\0", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t"),
     ENG_UNSUPPORTED, "9 dimensions"},
    {"a storage of another size",
     PICKLE("}" NAMED("a", TENSOR(STORAGE("Float", "0", "K\5"), "K\0", ")", ")")) "s."), ENG_FORMAT,
     "20 bytes by the pickle, and of 24"},
    {"a storage of another type",
     PICKLE("}" NAMED("a", TENSOR(STORAGE("Double", "0", "K\6"), "K\0", ")", ")")) "s."),
     ENG_FORMAT, "48 bytes by the pickle, and of 24"},
    {"a storage whose size overflows",
     PICKLE("}" NAMED(
         "a", TENSOR(STORAGE("Double", "0", "\x8a\x08\0\0\0\0\0\0\0\x40"), "K\0", ")", ")")) "s."),
     ENG_FORMAT, "beyond any memory"},
    {"a storage of negative size",
     PICKLE(
         "}" NAMED("a", TENSOR(STORAGE("Float", "0", "J\xFA\xFF\xFF\xFF"), "K\0", ")", ")")) "s."),
     ENG_FORMAT, "no proper storage"},
    {"a storage that is not there",
     PICKLE("}" NAMED("a", TENSOR(STORAGE("Float", "7", "K\6"), "K\0", ")", ")")) "s."), ENG_FORMAT,
     "not in the file"},
    {"a number for a storage", PICKLE("}" NAMED("a", TENSOR("K\0", "K\0", ")", ")")) "s."),
     ENG_FORMAT, "no proper storage"},
    {"a storage that is only a number", PICKLE("K\0Q."), ENG_FORMAT, "no proper storage"},
    {"a tensor without arguments", PICKLE("ctorch._utils\n_rebuild_tensor_v2\n)R."), ENG_FORMAT,
     "no proper storage"},
    {"a parameter without a tensor", PICKLE("ctorch._utils\n_rebuild_parameter\n)R."), ENG_FORMAT,
     "without a tensor"},
    {"a subclass made by a storage",
     PICKLE("ctorch._tensor\n_rebuild_from_type_v2\n(ctorch\nFloatStorage\nNNNtR."), ENG_FORMAT,
     "not made as tensors are"},
    {"a negated view",
     PICKLE("ctorch._utils\n_rebuild_tensor_v2\n(" FLOATS "K\0))\x89" ORDERED
            "}X\3\0\0\0neg\x88stR."),
     ENG_UNSUPPORTED, "negated"},
    {"a name twice",
     PICKLE("}(X\1\0\0\0a}" NAMED("b", TENSOR(FLOATS, "K\0", ")", ")")) "sX\3\0\0\0a.b" TENSOR(
         FLOATS, "K\0", ")", ")") "u."),
     ENG_FORMAT, "two tensors \"a.b\""},
    {"a name that is not UTF-8", PICKLE("}" NAMED("\xFC", TENSOR(FLOATS, "K\0", ")", ")")) "s."),
     ENG_UNSUPPORTED, "UTF-8"},
};

static void test_bad(void)
{
    struct dat_torch *file;
    struct eng_why why = {""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why.text[0] = '\0';
        const enum eng_err err = decode_zip(&file, bad[i].pickle, bad[i].count, "little", &why);
        if (!CHECK(err == bad[i].err && !file && strstr(why.text, bad[i].reason), "%s: refused",
                   bad[i].what))
            printf("# error %d: %s\n", err, why.text);
        dat_torch_free(file);
    }
    CHECK(decode_zip(&file, V1("K\0", ")", ")"), "middle", &why) == ENG_FORMAT &&
              strstr(why.text, "byteorder"),
          "an unknown order of bytes: refused");

    /* A name of 1000 bytes, and one of 1001. */
    static char text[2000];
    static const char tensor[] = TENSOR(FLOATS, "K\0", ")", ")") "s.";
    for (size_t length = 1000; length <= 1001; length++) {
        const size_t n = 6 + length;
        memcpy(text, "}X\0\0\0", 6);
        text[2] = (char)(length & 255);
        text[3] = (char)(length >> 8);
        memset(text + 6, 'x', length);
        memcpy(text + n, tensor, sizeof tensor - 1);
        const enum eng_err err = decode_zip(&file, text, n + sizeof tensor - 1, "little", &why);
        CHECK(err == (length > DAT_TORCH_MAX_NAME ? ENG_TOOBIG : ENG_OK), "a name of %zu bytes",
              length);
        dat_torch_free(file);
    }
    decode_zip(&file, NULL, 0, "", NULL);
}

/* ---- the legacy format by hand -------------------------------------------------------------- */

#define MARK "\x80\2\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19."
#define HEAD                                                                                       \
    MARK "\x80\2M\xe9\3."                                                                          \
         "\x80\2}."
#define KEYS                                                                                       \
    "\x80\2]X\1\0\0\0"                                                                             \
    "0a."
#define COUNT6 "\6\0\0\0\0\0\0\0"
#define SIX    "\0\0\0\0\0\0\x80?\0\0\0@\0\0@@\0\0\x80@\0\0\xa0@"
#define PART                                                                                       \
    "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"                                             \
    "0X\3\0\0\0cpuK\6X\1\0\0\0vK\2K\3\x87tQ"

static const struct {
    const char *what, *bytes;
    size_t count;
    enum eng_err err;
    const char *tensors, *reason;
} legacy[] = {
    {"a view", PICKLE(HEAD ONE("K\0", PAIR, "K\1K\2\x86") KEYS COUNT6 SIX), ENG_OK, "a:0,2,4,1,3,5",
     ""},
    {"a storage that is part of another",
     PICKLE(HEAD "}" NAMED("a", TENSOR(PART, "K\0", "K\3\x85", "K\1\x85")) "s." KEYS COUNT6 SIX),
     ENG_OK, "a:2,3,4", ""},
    {"an element beyond the part",
     PICKLE(HEAD "}" NAMED("a", TENSOR(PART, "K\1", "K\3\x85", "K\1\x85")) "s." KEYS COUNT6 SIX),
     ENG_FORMAT, "", "reaches beyond"},
    {"no tensors",
     PICKLE(HEAD "}."
                 "]."),
     ENG_OK, "", ""},
    {"another mark", PICKLE("\x80\2\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x18."), ENG_FORMAT, "",
     "not one of torch.save's"},
    {"a plain pickle", PICKLE("\x80\2}X\1\0\0\0aK\1s."), ENG_FORMAT, "", "not one of torch.save's"},
    {"a hostile pickle", PICKLE("\x80\2cposix\nsystem\nX\2\0\0\0ls\x85R."), ENG_UNSUPPORTED, "",
     "posix.system"},
    {"another version", PICKLE(MARK "\x80\2M\xe8\3."), ENG_UNSUPPORTED, "", "another version"},
    {"a storage of another size",
     PICKLE(HEAD ONE("K\0", PAIR, "K\3K\1\x86") KEYS "\5\0\0\0\0\0\0\0" SIX), ENG_FORMAT, "",
     "belong to none"},
    {"a storage that overflows",
     PICKLE(HEAD ONE("K\0", PAIR, "K\3K\1\x86") KEYS "\6\0\0\0\0\0\0\x40" SIX), ENG_FORMAT, "",
     "ends within its storage"},
    {"a storage without its elements", PICKLE(HEAD ONE("K\0", ")", ")") KEYS COUNT6 "abc"),
     ENG_FORMAT, "", "ends within its storage"},
    {"a storage without its size", PICKLE(HEAD ONE("K\0", ")", ")") KEYS "\6\0\0"), ENG_FORMAT, "",
     "ends before its storage"},
    {"more bytes", PICKLE(HEAD ONE("K\0", ")", ")") KEYS COUNT6 SIX "x"), ENG_FORMAT, "",
     "1 bytes after"},
    {"a storage of no tensor", PICKLE(HEAD "}." KEYS COUNT6 SIX), ENG_UNSUPPORTED, "",
     "belongs to no tensor"},
    {"a storage twice",
     PICKLE(HEAD ONE("K\0", ")", ")") "](X\1\0\0\0"
                                      "0X\1\0\0\0"
                                      "0e." COUNT6 SIX),
     ENG_FORMAT, "", "twice"},
    {"a key that is a number", PICKLE(HEAD ONE("K\0", ")", ")") "]K\0a." COUNT6 SIX), ENG_FORMAT,
     "", "something else"},
    {"a storage that is not listed", PICKLE(HEAD ONE("K\0", ")", ")") "]."), ENG_FORMAT, "",
     "not in the file"},
    {"a storage of two types",
     PICKLE(HEAD "](" TENSOR(FLOATS, "K\0", ")", ")")
                TENSOR(STORAGE("Double", "0", "K\6"), "K\0", ")", ")") "e." KEYS COUNT6 SIX),
     ENG_FORMAT, "", "two types"},
};

static enum eng_err decode_exactly(const char *bytes, size_t count, char *tensors,
                                   struct eng_why *why)
{
    struct dat_torch *file;
    uint8_t *copy = malloc(count ? count : 1);
    memcpy(copy, bytes, count);
    const enum eng_err err = dat_torch_decode(&file, copy, count, NULL, why);
    if (err == ENG_OK && tensors)
        strcpy(tensors, describe(file));
    dat_torch_free(file);
    free(copy);
    return err;
}

static void test_legacy(void)
{
    for (size_t i = 0; i < sizeof legacy / sizeof *legacy; i++) {
        char tensors[1000] = "";
        struct eng_why why = {""};
        const enum eng_err err = decode_exactly(legacy[i].bytes, legacy[i].count, tensors, &why);
        if (!CHECK(err == legacy[i].err && !strcmp(tensors, legacy[i].tensors) &&
                       strstr(why.text, legacy[i].reason),
                   "%s: %s", legacy[i].what, err ? "refused" : tensors))
            printf("# error %d: %s\n", err, why.text);
    }
    size_t refused = 0;
    for (size_t n = 0; n < legacy[0].count; n++)
        refused += decode_exactly(legacy[0].bytes, n, NULL, NULL) == ENG_FORMAT;
    CHECK(refused == legacy[0].count, "%zu of %zu truncations are refused", refused,
          legacy[0].count);
}

static char *append(char *end, const char *bytes, size_t count)
{
    memcpy(end, bytes, count);
    return end + count;
}

/* The key of a storage with 1000 bytes, and with 1001: where a pickle asks for it, and in the list
 * of a legacy file, which may have one long text any number of times. */
static void test_keys(void)
{
    static const char asked[] = "(X\7\0\0\0storagectorch\nFloatStorage\nX";
    static const char cpu[] = "X\3\0\0\0cpuK\6tQ.";
    static const char listed[] = HEAD "}."
                                      "](X";
    static char key[4 + DAT_TORCH_MAX_NAME + 2], text[sizeof key + 200];
    struct dat_torch *file;
    for (size_t length = DAT_TORCH_MAX_NAME; length <= DAT_TORCH_MAX_NAME + 1; length++) {
        struct eng_why why = {""};
        const int more = length > DAT_TORCH_MAX_NAME;
        char *end = text;
        memset(key, '7', sizeof key);
        memcpy(key, (char[4]){(char)(length & 255), (char)(length >> 8)}, 4);
        end = append(end, asked, sizeof asked - 1);
        end = append(end, key, 4 + length);
        end = append(end, cpu, sizeof cpu - 1);
        enum eng_err err = decode_zip(&file, text, (size_t)(end - text), "little", &why);
        CHECK(err == (more ? ENG_TOOBIG : ENG_FORMAT) &&
                  strstr(why.text, more ? "longer than 1000" : "not in the file"),
              "a storage's key of %zu bytes: %s", length, why.text);
        end = append(text, listed, sizeof listed - 1);
        end = append(end, key, 4 + length);
        end = append(end, "q\0h\0e.", 6);
        err = decode_exactly(text, (size_t)(end - text), NULL, &why);
        CHECK(err == (more ? ENG_TOOBIG : ENG_FORMAT) &&
                  strstr(why.text, more ? "longer than 1000" : "there twice"),
              "in a list twice: %s", why.text);
    }
    decode_zip(&file, NULL, 0, "", NULL);
}

int main(void)
{
    scratch_make();
    test_good();
    test_bad();
    test_legacy();
    test_keys();
    scratch_remove();
    return tap_done();
}
