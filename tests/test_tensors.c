/* Files of tensors in all formats: those of others, our own, and what PyTorch and NumPy themselves
 * make of ours. */
#include "data/file.h"
#include "data/model.h"
#include "data/npz.h"
#include "data/tensors.h"
#include "data/torch.h"
#include "data/zip.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

/* ---- files that other programs wrote -------------------------------------------------------- */

/* Of each file its number of tensors, and of some the number, name, type, shape, and the sum of all
 * elements times 1, 2, 3, ..., as PyTorch 1.13 computes it (NaN counted as 7, infinities as 8 and
 * 9). */
static const struct {
    const char *file;
    size_t count, index;
    const char *name;
    enum dat_dtype dtype;
    const char *shape;
    double sum;
} reference[] = {
    {"bfloat16.pt", 1, 0, "tensor", DAT_BF16, "3", 7.0},
    {"bool.pt", 1, 0, "tensor", DAT_BOOL, "5", 8.0},
    {"buffers.pt", 2, 0, "buffer1", DAT_I32, "3", 14.0},
    {"buffers.pt", 2, 1, "buffer2", DAT_BOOL, "2", 1.0},
    {"checkpoint.pt", 5, 0, "fc1.weight", DAT_F32, "10,5", -70.179352812469},
    {"checkpoint.pt", 5, 2, "fc2.weight", DAT_F32, "3,10", 63.613399907713756},
    {"checkpoint.pt", 5, 4, "optimizer_state_dict.state.0.momentum_buffer", DAT_F32, "10,5",
     -124.65136347711086},
    {"complex_structure.pt", 6, 0, "state.encoder.layer_0.weight", DAT_F32, "4,3",
     15.36689688032493},
    {"complex_structure.pt", 6, 3, "state.encoder.layer_1.bias", DAT_F32, "2", 2.9589680433273315},
    {"complex_structure.pt", 6, 5, "state.decoder.bias", DAT_F32, "3", 5.027187168598175},
    {"empty.pt", 1, 0, "tensor", DAT_F32, "0", 0.0},
    {"extreme_values.pt", 1, 0, "tensor", DAT_F32, "4", -2.0000000300949324e+30},
    {"float16.pt", 1, 0, "tensor", DAT_F16, "3", 6.375},
    {"float32.pt", 1, 0, "tensor", DAT_F32, "4", -5.1000001430511475},
    {"float64.pt", 1, 0, "tensor", DAT_F64, "3", 15.399999976158142},
    {"fortran_tensor_3d.pth", 1, 0, "tensor_fortran", DAT_I64, "2,3,4", 4900.0},
    {"int16.pt", 1, 0, "tensor", DAT_I16, "3", 6000.0},
    {"int32.pt", 1, 0, "tensor", DAT_I32, "3", -40.0},
    {"int64.pt", 1, 0, "tensor", DAT_I64, "4", 600.0},
    {"int8.pt", 1, 0, "tensor", DAT_I8, "4", 71.0},
    {"large_shape.pt", 1, 0, "tensor", DAT_F32, "100,100", 40103.0},
    {"legacy_shared_storage.pt", 3, 0, "view1", DAT_F32, "10", 5.018533058464527},
    {"legacy_shared_storage.pt", 3, 1, "view2", DAT_F32, "20", -24.152444928884506},
    {"legacy_shared_storage.pt", 3, 2, "view3", DAT_F32, "10", -10.554592525586486},
    {"legacy_uncloned_views.pt", 2, 0, "tensor1", DAT_F32, "10", 880.0},
    {"legacy_uncloned_views.pt", 2, 1, "tensor2", DAT_F32, "10", 3080.0},
    {"legacy_with_offsets.pt", 3, 0, "tensor1", DAT_F32, "10", 58.29999911785126},
    {"legacy_with_offsets.pt", 3, 1, "tensor2", DAT_F32, "5", 34.00000023841858},
    {"legacy_with_offsets.pt", 3, 2, "tensor3", DAT_F32, "5", 49.00000023841858},
    {"mixed_types.pt", 4, 0, "float32", DAT_F32, "2", 5.0},
    {"mixed_types.pt", 4, 2, "bool", DAT_BOOL, "2", 1.0},
    {"mixed_types.pt", 4, 3, "float64", DAT_F64, "2", 5.5000001192092896},
    {"mnist.pt", 20, 0, "conv1.weight", DAT_F32, "8,1,3,3", -29.097841624636203},
    {"mnist.pt", 20, 10, "norm1.num_batches_tracked", DAT_I64, "", 3752.0},
    {"mnist.pt", 20, 19, "norm2.num_batches_tracked", DAT_I64, "", 3752.0},
    {"nested_dict.pt", 4, 0, "layer1.weight", DAT_F32, "2,3", 7.576788486912847},
    {"nested_dict.pt", 4, 2, "layer2.weight", DAT_F32, "4,2", -35.57962542772293},
    {"nested_dict.pt", 4, 3, "layer2.bias", DAT_F32, "4", -0.46039676666259766},
    {"parameter.pt", 1, 0, "param", DAT_F32, "3,3", -17.550139993429184},
    {"scalar.pt", 1, 0, "tensor", DAT_F32, "", 42.0},
    {"simple_legacy.pt", 3, 0, "weight", DAT_F32, "2,3", -0.6895508766174316},
    {"simple_legacy.pt", 3, 1, "bias", DAT_F32, "2", 3.0},
    {"simple_legacy.pt", 3, 2, "running_mean", DAT_F32, "2", 0.0},
    {"special_values.pt", 1, 0, "tensor", DAT_F32, "5", 55.0},
    {"state_dict.pt", 4, 0, "weight", DAT_F32, "3,4", -26.163676887750626},
    {"state_dict.pt", 4, 2, "running_mean", DAT_F32, "3", 0.0},
    {"state_dict.pt", 4, 3, "running_var", DAT_F32, "3", 6.0},
    {"tensor_2d.pt", 1, 0, "tensor", DAT_F32, "3,2", 91.0},
    {"tensor_3d.pt", 1, 0, "tensor", DAT_F32, "2,3,4", -1100.3792913854122},
    {"tensor_4d.pt", 1, 0, "tensor", DAT_F32, "2,3,2,2", 6.147429756820202},
    {"test.pt", 1, 0, "test", DAT_I64, "2,4", 204.0},
    {"test_with_key.pt", 1, 0, "test", DAT_I64, "2,4", 204.0},
    {"uint8.pt", 1, 0, "tensor", DAT_U8, "4", 1189.0},
};

static const char *shape_of(const struct dat_safetensors_entry *e)
{
    static char text[200];
    size_t n = 0;
    text[0] = '\0';
    for (size_t d = 0; d < e->rank; d++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%zu", d ? "," : "", e->dim[d]);
    return text;
}

static double sum_of(const struct dat_safetensors_entry *e)
{
    const size_t count = e->size / dat_dtype_size(e->dtype);
    float *values = malloc((count + 1) * sizeof *values);
    double sum = 0;
    scratch_need(values && !dat_safetensors_float(e, values, count), e->name);
    for (size_t i = 0; i < count; i++) {
        const double v = (double)values[i];
        sum += (double)(i + 1) * (isnan(v) ? 7 : v == INFINITY ? 8 : v == -INFINITY ? 9 : v);
    }
    free(values);
    return sum;
}

static void test_reference(void)
{
    char path[1024];
    struct eng_why why = {""};
    struct dat_tensors *file;
    for (size_t i = 0; i < sizeof reference / sizeof *reference; i++) {
        snprintf(path, sizeof path, "%s/conformance/torch/%s", tap_shared(), reference[i].file);
        const enum eng_err err = dat_tensors_open(&file, path, NULL, &why);
        if (err == ENG_MISSING) {
            tap_skip("conformance/torch is not there");
            return;
        }
        const struct dat_safetensors_entry *e = NULL;
        if (err == ENG_OK && dat_tensors_count(file) == reference[i].count)
            e = dat_tensors_at(file, reference[i].index);
        CHECK(e && !strcmp(e->name, reference[i].name) && e->dtype == reference[i].dtype &&
                  !strcmp(shape_of(e), reference[i].shape) &&
                  fabs(sum_of(e) - reference[i].sum) <= 1e-9 * fabs(reference[i].sum) &&
                  dat_tensors_find(file, reference[i].name) == e,
              "%s: %s", reference[i].file, err ? why.text : reference[i].name);
        dat_tensors_free(file);
    }
    snprintf(path, sizeof path, "%s/conformance/torch/broken.pt", tap_shared());
    CHECK(dat_tensors_open(&file, path, NULL, &why) == ENG_FORMAT &&
              strstr(why.text, "broken.pt: ") &&
              strstr(why.text, "neither a zip archive nor a pickle"),
          "%s", why.text);
}

/* 1 if both files hold the same tensors, in the same order if that is asked for. */
static int same_tensors(const struct dat_tensors *a, const struct dat_tensors *b, int in_order)
{
    int same = dat_tensors_count(a) == dat_tensors_count(b);
    for (size_t i = 0; same && i < dat_tensors_count(a); i++) {
        const struct dat_safetensors_entry *x = dat_tensors_at(a, i);
        const struct dat_safetensors_entry *y = in_order ? dat_tensors_at(b, i)
                                                         : dat_tensors_find(b, x->name);
        same = y && !strcmp(x->name, y->name) && x->dtype == y->dtype && x->rank == y->rank &&
               !memcmp(x->dim, y->dim, x->rank * sizeof *x->dim) && x->size == y->size &&
               !memcmp(x->bytes, y->bytes, x->size);
        if (!same)
            printf("# they differ in %s\n", x->name);
    }
    return same;
}

static void check_golden(const char *net)
{
    static const char *const names[] = {"model.safetensors", "model.pth", "model.legacy.pth"};
    struct dat_tensors *files[3] = {NULL, NULL, NULL};
    for (int i = 0; i < 3; i++) {
        char path[1024];
        struct eng_why why = {""};
        snprintf(path, sizeof path, "%s/golden/%s/%s", tap_shared(), net, names[i]);
        const enum eng_err err = dat_tensors_open(&files[i], path, NULL, &why);
        if (err == ENG_MISSING)
            tap_skip("golden nets are not there");
        else if (err != ENG_OK)
            CHECK(0, "%s", why.text);
    }
    if (files[0] && files[1] && files[2]) {
        CHECK(same_tensors(files[0], files[1], 0), "%s: .pth holds what .safetensors does", net);
        CHECK(same_tensors(files[1], files[2], 1), "%s: the legacy format, too", net);
    }
    for (int i = 0; i < 3; i++)
        dat_tensors_free(files[i]);
}

/* ---- writing -------------------------------------------------------------------------------- */

static const uint8_t numbers[64] = {0, 60, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

/* All types that PyTorch has, a scalar, an empty tensor, many dimensions. */
static const struct dat_safetensors_entry entries[] = {
    {"bool", DAT_BOOL, 1, {2}, numbers + 2, 2},
    {"u8", DAT_U8, 2, {2, 2}, numbers, 4},
    {"i8", DAT_I8, 1, {5}, numbers, 5},
    {"i16", DAT_I16, 1, {3}, numbers + 1, 6},
    {"i32", DAT_I32, 3, {2, 1, 3}, numbers + 3, 24},
    {"i64", DAT_I64, 0, {0}, numbers + 5, 8},
    {"f16", DAT_F16, 1, {1}, numbers, 2},
    {"f32", DAT_F32, 4, {1, 2, 2, 3}, numbers, 48},
    {"f64", DAT_F64, 1, {4}, numbers + 1, 32},
    {"empty", DAT_F32, 3, {2, 0, 3}, NULL, 0},
    {"layer1.0.t\xC3\xBCr", DAT_F32, 1, {1}, numbers + 4, 4},
    {"c64", DAT_C64, 1, {2}, numbers, 16},
    {"bf16", DAT_BF16, 1, {3}, numbers, 6}};

enum { ENTRIES = sizeof entries / sizeof *entries };

static const struct dat_safetensors_meta metadata[] = {{"format", "gad"},
                                                       {"classes", "[\"t\xC3\xBCr\"]"}};

static void test_written(void)
{
    static const char *const endings[] = {"pth", "pt", "npz"};
    struct dat_tensors *file = NULL, *other = NULL;
    struct eng_why why = {""};
    const char *plain = scratch_path("a.safetensors");
    for (int i = 0; i < 3; i++) {
        const char *path = scratch_path("a.%s", endings[i]);
        const size_t count = i == 2 ? ENTRIES - 1 : ENTRIES; /* NumPy has no bfloat16 */
        uint8_t *bytes = NULL, *again = NULL;
        size_t size, again_size, lines = 0;
        CHECK(dat_tensors_write(path, entries, count, metadata, 2, &why) == ENG_OK &&
                  dat_tensors_open(&file, path, NULL, &why) == ENG_OK &&
                  !strcmp(dat_tensors_format(file), i == 2 ? "npz" : "torch"),
              ".%s is written and read: %s", endings[i], why.text);
        CHECK(dat_tensors_write(plain, entries, count, metadata, 2, &why) == ENG_OK &&
                  dat_tensors_open(&other, plain, NULL, &why) == ENG_OK &&
                  same_tensors(file, other, 0) && !strcmp(dat_tensors_at(file, 1)->name, "u8"),
              "and holds the same tensors");
        CHECK(dat_tensors_metadata(file, &lines) && lines == 2 &&
                  !strcmp(dat_tensors_value(file, "format"), "gad") &&
                  !strcmp(dat_tensors_value(file, "classes"), metadata[1].value) &&
                  !dat_tensors_value(file, "epoch"),
              "and metadata");
        dat_tensors_free(file);
        dat_tensors_free(other);
        CHECK(!dat_file_read(&bytes, &size, path, NULL) &&
                  !dat_tensors_write(path, entries, count, metadata, 2, NULL) &&
                  !dat_file_read(&again, &again_size, path, NULL) && size == again_size &&
                  !memcmp(bytes, again, size),
              "the same again");
        free(bytes);
        free(again);
    }
    const char *path = scratch_path("none.pth");
    CHECK(!dat_tensors_write(path, NULL, 0, NULL, 0, NULL) &&
              !dat_tensors_open(&file, path, NULL, NULL) && dat_tensors_count(file) == 0,
          "no tensors");
    dat_tensors_free(file);
}

/* Complex numbers of 64 bits each are all but safetensors'. */
static void test_wide_complex(void)
{
    static const struct dat_safetensors_entry wide = {"c128", DAT_C128, 2, {1, 2}, numbers + 7, 32};
    static const char *const endings[] = {"pth", "npz"};
    struct eng_why why = {""};
    for (int i = 0; i < 2; i++) {
        const char *path = scratch_path("wide.%s", endings[i]);
        struct dat_tensors *file = NULL;
        scratch_need(!dat_tensors_write(path, &wide, 1, NULL, 0, NULL) &&
                         !dat_tensors_open(&file, path, NULL, NULL),
                     path);
        const struct dat_safetensors_entry *e = dat_tensors_find(file, "c128");
        CHECK(e && e->dtype == DAT_C128 && !strcmp(shape_of(e), "1,2") && e->size == 32 &&
                  !memcmp(e->bytes, wide.bytes, 32),
              ".%s holds complex numbers", endings[i]);
        dat_tensors_free(file);
    }
    CHECK(dat_tensors_write(scratch_path("wide.safetensors"), &wide, 1, NULL, 0, &why) ==
                  ENG_UNSUPPORTED &&
              strstr(why.text, "type C128"),
          "safetensors files do not: %s", why.text);
}

/* Metadata that is too long for a comment, and just not. */
static void test_long_metadata(void)
{
    enum { BRACES = 10 }; /* {"log":""} */
    static char text[(1 << 16) + 1];
    const struct dat_safetensors_meta line = {"log", text};
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 4; i++) {
        const int longer = i % 2, npz = i / 2;
        const char *path = scratch_path("long.%s", npz ? "npz" : "pth");
        struct dat_tensors *file = NULL;
        struct dat_zip *zip = NULL;
        struct eng_why why = {""};
        uint8_t *bytes = NULL;
        size_t size, comment = 0;
        text[0xFFFF - BRACES] = longer ? 'x' : '\0';
        CHECK(dat_tensors_write(path, entries, 2, &line, 1, &why) == ENG_OK &&
                  dat_tensors_open(&file, path, NULL, &why) == ENG_OK &&
                  dat_tensors_count(file) == 2 && dat_tensors_value(file, "log") &&
                  !strcmp(dat_tensors_value(file, "log"), text),
              "%s: %s metadata: %s", path, longer ? "long" : "the longest in a comment", why.text);
        dat_tensors_free(file);
        scratch_need(!dat_file_read(&bytes, &size, path, NULL) &&
                         !dat_zip_decode(&zip, bytes, size, NULL, NULL),
                     path);
        dat_zip_comment(zip, &comment);
        CHECK(comment == (longer ? 0 : 0xFFFF) &&
                  !dat_zip_find(zip, npz ? DAT_NPZ_METADATA : DAT_TORCH_METADATA) == !longer,
              "%s", longer ? "a member of its own" : "the comment");
        dat_zip_free(zip);
        for (size_t k = 0; longer && k + 4 < size; k++)
            if (!memcmp(bytes + k, "xxxx", 4)) {
                bytes[k] = 'y';
                break;
            }
        CHECK(!longer || dat_tensors_decode(&file, bytes, size, NULL, &why) == ENG_FORMAT,
              "a checksum that is wrong is told: %s", why.text);
        free(bytes);
    }
}

/* numpy.savez('a.npz', **{'': x}) makes one, and safetensors files may have it. */
static void test_no_name(void)
{
    static const char *const endings[] = {"npz", "safetensors"};
    const struct dat_safetensors_entry two[2] = {{"", DAT_U8, 1, {2}, numbers, 2}, entries[7]};
    for (int i = 0; i < 2; i++) {
        const char *path = scratch_path("nameless.%s", endings[i]);
        struct dat_tensors *file = NULL;
        struct eng_why why = {""};
        const struct dat_safetensors_entry *e = NULL;
        if (dat_tensors_write(path, two, 2, NULL, 0, &why) == ENG_OK &&
            dat_tensors_open(&file, path, NULL, &why) == ENG_OK && dat_tensors_count(file) == 2)
            e = dat_tensors_find(file, "");
        CHECK(e && e->size == 2 && !memcmp(e->bytes, numbers, 2) && dat_tensors_find(file, "f32"),
              "a tensor without a name in a .%s file %s", endings[i], why.text);
        dat_tensors_free(file);
    }
}

static void test_arguments(void)
{
    static const struct {
        const char *what;
        struct dat_safetensors_entry entry;
        enum eng_err err;
    } wrong[] = {
        {"a type that PyTorch lacks", {"a", DAT_U16, 1, {2}, numbers, 4}, ENG_UNSUPPORTED},
        {"a size that is not the shape's", {"a", DAT_F32, 1, {2}, numbers, 4}, ENG_ARG},
        {"a shape that overflows", {"a", DAT_U8, 2, {SIZE_MAX, SIZE_MAX}, numbers, 1}, ENG_ARG},
        {"one that a zero hides", {"a", DAT_U8, 3, {0, SIZE_MAX, SIZE_MAX}, NULL, 0}, ENG_ARG},
        {"and one before it", {"a", DAT_U8, 3, {SIZE_MAX, SIZE_MAX, 0}, NULL, 0}, ENG_ARG},
        {"nine dimensions", {"a", DAT_U8, 9, {1}, numbers, 1}, ENG_ARG},
        {"no name", {"", DAT_U8, 1, {1}, numbers, 1}, ENG_ARG},
        {"a name that is not UTF-8", {"\xFC", DAT_U8, 1, {1}, numbers, 1}, ENG_ARG}};
    const char *path = scratch_path("no.pth");
    struct eng_why why = {""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(dat_tensors_write(path, &wrong[i].entry, 1, NULL, 0, &why) == wrong[i].err &&
                  why.text[0],
              "%s cannot be written", wrong[i].what);
    const struct dat_safetensors_entry twice[2] = {entries[0], entries[0]};
    CHECK(dat_tensors_write(path, twice, 2, NULL, 0, &why) == ENG_ARG && strstr(why.text, "twice"),
          "nor a name twice");
    CHECK(access(path, F_OK) != 0, "nothing was written");
    for (int i = 0; i < 2; i++)
        for (size_t k = 1; k < 5; k++) {
            path = scratch_path("no.%s", i ? "npz" : "safetensors");
            CHECK(dat_tensors_write(path, &wrong[k].entry, 1, NULL, 0, &why) == ENG_ARG &&
                      access(path, F_OK) != 0,
                  "%s, in a .%s file: %s", wrong[k].what, i ? "npz" : "safetensors", why.text);
        }
    CHECK(dat_tensors_write(scratch_path("no.npz"), &entries[ENTRIES - 1], 1, NULL, 0, &why) ==
                  ENG_UNSUPPORTED &&
              strstr(why.text, "BF16"),
          "NumPy has no bfloat16");
    CHECK(dat_tensors_write(scratch_path("no.bin"), entries, 1, NULL, 0, &why) == ENG_ARG &&
              dat_tensors_check_path("a.npy", NULL) == ENG_ARG &&
              dat_tensors_check_path("pth", NULL) == ENG_ARG &&
              dat_tensors_check_path("a.pt", NULL) == ENG_OK,
          "other endings");
}

/* Whoever reads a pipe goes away: no room can be made for that. */
static void test_broken_pipe(void)
{
    static const char *const endings[] = {"npz", "pth", "safetensors"};
    static const uint8_t large[1 << 20];
    const struct dat_safetensors_entry e = {"a", DAT_U8, 1, {sizeof large}, large, sizeof large};
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 3; i++) {
        const char *path = scratch_path("pipe.%s", endings[i]);
        struct eng_why why = {""};
        scratch_need(mkfifo(path, 0600) == 0, path);
        fflush(stdout);
        const pid_t child = fork();
        if (child == 0)
            _exit(open(path, O_RDONLY) < 0);
        CHECK(dat_tensors_write(path, &e, 1, NULL, 0, &why) == ENG_IO &&
                  !strncmp(why.text, path, strlen(path)) && strstr(why.text, strerror(EPIPE)) &&
                  !strstr(why.text, "room"),
              "a pipe that nobody reads: %s", why.text);
        waitpid(child, NULL, 0);
    }
    signal(SIGPIPE, SIG_DFL);
}

/* ---- models --------------------------------------------------------------------------------- */

static void test_models(void)
{
    static const char *const classes[2] = {"cat", "t\xC3\xBCr"}, *const endings[] = {"pth", "npz"};
    const struct eng_arch_config config = {"resnet18", 0.05f, 2, 0};
    struct dat_preprocess preprocess;
    struct dat_model model, copy;
    struct eng_why why = {""};
    char print[DAT_FINGERPRINT], other[DAT_FINGERPRINT] = "";
    dat_preprocess_init_square(&preprocess, 48);
    scratch_need(!dat_model_init(&model, &config, classes, &preprocess, 1, NULL) &&
                     !dat_model_set_note(&model, "seed", "1"),
                 "model");
    dat_model_fingerprint(&model, print);
    for (int i = 0; i < 2; i++) {
        const char *path = scratch_path("model.%s", endings[i]);
        struct dat_tensors *file = NULL;
        enum eng_err err = dat_model_write(&model, path, &why);
        if (err == ENG_OK)
            err = dat_model_read(&copy, path, NULL, &why);
        if (!CHECK(err == ENG_OK, "a model in a .%s file %s", endings[i], why.text))
            continue;
        dat_model_fingerprint(&copy, other);
        CHECK(!strcmp(print, other) && !strcmp(copy.class_names[1], classes[1]) &&
                  copy.preprocess.height == 48 && !strcmp(dat_model_note(&copy, "seed"), "1"),
              "with its weights, classes and preprocessing");
        CHECK(!dat_tensors_open(&file, path, NULL, NULL) &&
                  !strcmp(dat_tensors_format(file), i ? "npz" : "torch"),
              "which is what its name says");
        dat_tensors_free(file);
        dat_model_release(&copy);
    }
    dat_model_release(&model);
}

static void check_golden_model(const char *net)
{
    static const char *const names[] = {"model.safetensors", "model.pth", "model.legacy.pth"};
    char prints[3][DAT_FINGERPRINT] = {"", "", ""};
    for (int i = 0; i < 3; i++) {
        char path[1024];
        struct eng_why why = {""};
        struct dat_model model;
        snprintf(path, sizeof path, "%s/golden/%s/%s", tap_shared(), net, names[i]);
        const enum eng_err err = dat_model_read(&model, path, NULL, &why);
        if (err == ENG_MISSING) {
            tap_skip("golden nets are not there");
            return;
        }
        if (!CHECK(err == ENG_OK, "%s: %s is a model %s", net, names[i], why.text))
            return;
        dat_model_fingerprint(&model, prints[i]);
        dat_model_release(&model);
    }
    CHECK(!strcmp(prints[0], prints[1]) && !strcmp(prints[0], prints[2]), "%s: the same one", net);
}

/* ---- what the file is told by --------------------------------------------------------------- */

static void test_formats(void)
{
    struct dat_tensors *file;
    struct eng_why why = {""};
    const struct dat_zip_part part = {"readme.txt", NULL, "text", 0, 4};
    const char *path = scratch_path("wrong.npz");
    scratch_need(!dat_tensors_write(scratch_path("b.pth"), entries, 2, NULL, 0, NULL) &&
                     !rename(scratch_path("b.pth"), path),
                 path);
    CHECK(dat_tensors_open(&file, path, NULL, NULL) == ENG_OK &&
              !strcmp(dat_tensors_format(file), "torch"),
          "by what is in it, not by its name");
    dat_tensors_free(file);
    path = scratch_path("other.zip");
    scratch_need(!dat_zip_write(path, &part, 1, NULL, 0, NULL), path);
    CHECK(dat_tensors_open(&file, path, NULL, &why) == ENG_FORMAT &&
              strstr(why.text, "neither PyTorch's"),
          "an archive of something else");
    scratch_text("text.pth", "hello");
    CHECK(dat_tensors_open(&file, scratch_path("text.pth"), NULL, &why) == ENG_FORMAT &&
              strstr(why.text, "text.pth: this is no file of PyTorch's"),
          "a text that is called .pth");
    scratch_text("text.npz", "hello");
    CHECK(dat_tensors_open(&file, scratch_path("text.npz"), NULL, &why) == ENG_FORMAT &&
              strstr(why.text, "text.npz: the zip archive"),
          "or .npz");
    scratch_text("text.txt", "hello");
    CHECK(dat_tensors_open(&file, scratch_path("text.txt"), NULL, &why) == ENG_UNSUPPORTED &&
              strstr(why.text, "text.txt: not of a format"),
          "or neither");
    CHECK(dat_tensors_open(&file, scratch_path("nosuch"), NULL, &why) == ENG_MISSING && !file,
          "a missing file");
    CHECK(dat_tensors_decode(&file, NULL, 0, NULL, &why) == ENG_UNSUPPORTED && !file, "no bytes");
    dat_tensors_free(NULL);
}

/* ---- PyTorch itself ------------------------------------------------------------------------- */

static const char script[] =
    "import sys, collections, torch, numpy\n"
    "if sys.argv[1] == 'read':\n" /* what we wrote */
    "    a = numpy.load('a.npz')\n"
    "    for args in ({}, {'weights_only': True}):\n"
    "        d = torch.load('a.pth', **args)\n"
    "        assert type(d) is collections.OrderedDict\n"
    "        assert list(d) == a.files + ['bf16'], list(d)\n"
    "        for k in a.files:\n"
    "            assert d[k].is_contiguous() and d[k].numpy().dtype == a[k].dtype, k\n"
    "            assert d[k].numpy().shape == a[k].shape, k\n"
    "            assert d[k].numpy().tobytes() == a[k].tobytes(), k\n"
    "        assert d['bf16'].dtype == torch.bfloat16 and d['bf16'].shape == (3,)\n"
    "else:\n" /* what we shall read */
    "    g = torch.Generator().manual_seed(1)\n"
    "    r = torch.randn(4, 5, 6, generator=g)\n"
    "    d = {'all': r, 'turned': r.permute(2, 0, 1), 'cut': r[1:3, ::2, 1:], 'row': r[3, 4],\n"
    "         'wide': r[0, 0, :1].expand(7), 'half': r[0].half().t(),\n"
    "         'last': r.contiguous(memory_format=torch.contiguous_format)[:, :, 5],\n"
    "         'long': torch.arange(70000)[::7], 'scalar': torch.tensor(3.5),\n"
    "         'double': r[1].double().t(), 'none': torch.zeros(0, 3), 'bool': r[0] > 0,\n"
    "         'int': torch.arange(6, dtype=torch.int32).reshape(2, 3).t(),\n"
    "         'param': torch.nn.Parameter(r[0].t())}\n"
    "    for p in range(1, 6):\n"
    "        torch.save(d, 'zip%d.pth' % p, pickle_protocol=p)\n"
    "        if p > 1:\n"
    "            torch.save(d, 'old%d.pth' % p, pickle_protocol=p,\n"
    "                       _use_new_zipfile_serialization=False)\n"
    "    n = {k: v.detach().numpy() for k, v in d.items()}\n"
    "    numpy.savez('plain.npz', **n)\n"
    "    numpy.savez_compressed('small.npz', **{k: v.astype(v.dtype.newbyteorder('>'), order='F')\n"
    "                                           for k, v in n.items()})\n";

static int run_script(const char *python, const char *mode)
{
    char command[2048];
    snprintf(command, sizeof command, "cd '%s' && '%s' script.py %s >log 2>&1", scratch_root,
             python, mode);
    const int status = system(command);
    uint8_t *log = NULL;
    size_t count;
    if (status != 0 && !dat_file_read(&log, &count, scratch_path("log"), NULL))
        printf("# %s\n", (char *)log);
    free(log);
    return status == 0;
}

static const char *find_python(void)
{
    static const char *const pythons[] = {"python3", "/usr/bin/python3"};
    char command[256];
    for (int i = 0; i < 2; i++) {
        snprintf(command, sizeof command, "%s -c 'import torch, numpy' >/dev/null 2>&1",
                 pythons[i]);
        if (system(command) == 0)
            return pythons[i];
    }
    return NULL;
}

static void test_pytorch(void)
{
    static const char *const names[] = {"zip1.pth", "zip2.pth", "zip3.pth", "zip4.pth",
                                        "zip5.pth", "old2.pth", "old3.pth", "old4.pth",
                                        "old5.pth", "small.npz"};
    const char *python = find_python();
    struct dat_tensors *plain, *file;
    struct eng_why why = {""};
    if (!python) {
        tap_skip("there is no Python with PyTorch");
        return;
    }
    scratch_text("script.py", script);
    CHECK(run_script(python, "read"), "PyTorch and NumPy read what was written");
    if (!CHECK(run_script(python, "write") &&
                   !dat_tensors_open(&plain, scratch_path("plain.npz"), NULL, &why),
               "NumPy's file is read"))
        return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const enum eng_err err = dat_tensors_open(&file, scratch_path("%s", names[i]), NULL, &why);
        CHECK(err == ENG_OK && same_tensors(plain, file, 1), "%s holds the same%s%s", names[i],
              err ? ": " : "", err ? why.text : "");
        dat_tensors_free(file);
    }
    dat_tensors_free(plain);
}

int main(void)
{
    scratch_make();
    test_reference();
    check_golden("resnet18-w8-32px");
    check_golden("resnet18-w8-5class-48x40");
    check_golden("vgg16-w4-32px");
    test_written();
    test_wide_complex();
    test_long_metadata();
    test_no_name();
    test_arguments();
    test_broken_pipe();
    test_models();
    check_golden_model("resnet18-w8-5class-48x40");
    check_golden_model("vgg16-w4-32px");
    test_formats();
    test_pytorch();
    scratch_remove();
    return tap_done();
}
