/* The commands that look at files of tensors and rewrite them: inspect and convert, and --map,
 * which gives tensors other names. */
#include "tests/inputs.h"

/* ---- inspect -------------------------------------------------------------------------------- */

static const struct dat_json_node *find_tensor(const struct dat_json *json, const char *name)
{
    const struct dat_json_node *t = dat_json_first(dat_json_member(dat_json_root(json), "tensors"));
    while (t && !text_is(dat_json_member(t, "name"), name))
        t = dat_json_next(t);
    return t;
}

static void test_inspect(void)
{
    struct dat_model model;
    scratch_need(dat_model_read(&model, "m.safetensors", NULL, NULL) == ENG_OK, "m.safetensors");
    struct outcome r = run("inspect m.safetensors --json");
    struct dat_json *json = json_line(r.out, 0);
    const struct dat_json_node *root = dat_json_root(json);
    CHECK(succeeded(&r) && lines(r.out) == 1 &&
              text_is(dat_json_member(root, "format"), "safetensors") &&
              text_is(dat_json_member(root, "arch"), "resnet18") &&
              text_is(dat_json_member(dat_json_member(root, "metadata"), "classes"),
                      "[\"cat\",\"dog\"]") &&
              dat_json_count(dat_json_member(root, "tensors")) == 122,
          "inspect --json of a model");
    const struct eng_param *p = eng_net_param_find(model.net, "layer1.0.conv1.weight");
    const size_t count = eng_shape_count(&p->shape);
    double min = INFINITY, max = -INFINITY, sum = 0;
    for (size_t i = 0; i < count; i++) {
        min = fmin(min, (double)p->value[i]);
        max = fmax(max, (double)p->value[i]);
        sum += (double)p->value[i];
    }
    const struct dat_json_node *t = find_tensor(json, p->name);
    const struct dat_json_node *shape = dat_json_member(t, "shape");
    CHECK(text_is(dat_json_member(t, "dtype"), "F32") && dat_json_count(shape) == 4 &&
              number_of(dat_json_at(shape, 0)) == 8 && number_of(dat_json_at(shape, 3)) == 3 &&
              number_of(dat_json_member(t, "min")) == min &&
              number_of(dat_json_member(t, "max")) == max &&
              fabs(number_of(dat_json_member(t, "mean")) - sum / (double)count) < 1e-9 &&
              number_of(dat_json_member(t, "nan")) == 0,
          "a tensor's type, shape and range");
    dat_json_free(json);

    r = run("inspect poisoned.safetensors --json");
    json = json_line(r.out, 0);
    t = find_tensor(json, p->name);
    CHECK(succeeded(&r) && number_of(dat_json_member(t, "nan")) == 1 &&
              number_of(dat_json_member(t, "max")) == max,
          "a NaN is counted, and the rest has its range");
    dat_json_free(json);
    dat_model_release(&model);

    r = run("inspect missing.safetensors --json");
    json = json_line(r.out, 0);
    CHECK(succeeded(&r) &&
              dat_json_type(dat_json_member(dat_json_root(json), "arch")) == DAT_JSON_NULL,
          "no architecture is null");
    const struct dat_json_node *near = dat_json_member(dat_json_root(json), "nearest");
    const struct dat_json_node *missing = dat_json_member(near, "missing");
    const struct dat_json_node *only = dat_json_at(missing, 0);
    CHECK(text_is(dat_json_member(near, "arch"), "resnet18") && dat_json_count(missing) == 1 &&
              number_of(dat_json_member(near, "width")) == 0.125 &&
              dat_json_type(dat_json_member(near, "map")) == DAT_JSON_NULL &&
              dat_json_count(dat_json_member(near, "misshapen")) == 0 &&
              dat_json_count(dat_json_member(near, "unexpected")) == 0 &&
              text_is(dat_json_member(only, "name"), "layer1.0.conv1.weight") &&
              number_of(dat_json_at(dat_json_member(only, "wanted"), 2)) == 3,
          "and the nearest is there, with what is missing");
    dat_json_free(json);
    r = run("inspect misshapen.safetensors");
    CHECK(succeeded(&r) && strstr(r.out, "beside a ResNet18 of width 0.125") &&
              strstr(r.out, "  misshapen   layer1.0.conv1.weight") &&
              strstr(r.out, "[1, 8, 3, 3], not [8, 8, 3, 3]\n"),
          "inspect lists what differs");
    r = run("inspect missing.safetensors");
    CHECK(succeeded(&r) && strstr(r.out, "not recognised: nearly a resnet18: 1 missing ("),
          "and people are told why");
    r = run("inspect m.safetensors");
    CHECK(succeeded(&r) && strstr(r.out, "ResNet18, width 0.125, 2 classes") &&
              strstr(r.out, "fc.bias") && strstr(r.out, "[8,8,3,3]"),
          "inspect for people");
    r = run("inspect three.npy --json");
    json = json_line(r.out, 0);
    t = dat_json_at(dat_json_member(dat_json_root(json), "tensors"), 0);
    CHECK(succeeded(&r) && text_is(dat_json_member(dat_json_root(json), "format"), "npy") &&
              dat_json_count(dat_json_member(t, "shape")) == 4,
          "inspect of a .npy file");
    dat_json_free(json);
    REFUSED(1, "cut.npy: ", "inspect cut.npy");
    scratch_text("text.pth", "abc");
    REFUSED(1, "text.pth: this is no file of PyTorch's", "inspect text.pth");
    static const char evil[] = "\x80\2cposix\nsystem\nX\x0a\0\0\0touch done\x85R.";
    scratch_write("evil.pth", evil, sizeof evil - 1);
    REFUSED(1, "evil.pth: the pickle names posix.system", "inspect evil.pth");
    REFUSED(1, "evil.pth: the pickle names posix.system", "predict evil.pth a.ppm");
    CHECK(!exists("done"), "and nothing was run");
    REFUSED(1, "text.jpg: ", "inspect text.jpg");
    REFUSED(1, "nosuch: ", "inspect nosuch");
    REFUSED(1, "x: it is a folder", "inspect x");
}

/* ---- other names ---------------------------------------------------------------------------- */

/* A model whose tensors have other names works wherever --map gives them theirs. */
static void test_map(void)
{
    static const char maps[] = "--map net.*=* --map head.*=fc.*";
    static const char evaluate[] =
        "evaluate %s synthetic:cats-dogs,count=24 -o mapped-results --support mapped-supports "
        "--methods saliency --images 2 --quiet %s";
    struct outcome r = run("predict m.safetensors a.ppm --json");
    char *expected = strdup(r.out);
    r = run("convert m.safetensors mapped.pth --map *=net.* --map net.fc.*=head.* --quiet");
    CHECK(succeeded(&r), "convert writes other names");
    REFUSED(1, "give --map 'net.*=*,head.*=fc.*'", "predict mapped.pth a.ppm");
    r = run("predict mapped.pth a.ppm --json %s", maps);
    CHECK(succeeded(&r) && strcmp(r.out, expected) == 0, "predict --map predicts the same");
    r = run("predict mapped.pth a.ppm --json --map net.*=*,head.*=fc.*");
    CHECK(succeeded(&r) && strcmp(r.out, expected) == 0, "with a comma, too");
    r = run("inspect mapped.pth");
    CHECK(succeeded(&r) && strstr(r.out, "not recognised") &&
              strstr(r.out, "give --map 'net.*=*,head.*=fc.*'\n"),
          "inspect says which");
    r = run("inspect mapped.pth %s", maps);
    CHECK(succeeded(&r) && strstr(r.out, "ResNet18, width 0.125, 2 classes"), "and with it");
    r = run("explain mapped.pth a.ppm -o mapped-maps --methods saliency %s", maps);
    CHECK(succeeded(&r) && exists("mapped-maps/a/saliency.class0.png"), "explain --map");
    r = run("support mapped.pth synthetic:cats-dogs,count=24 -o mapped-supports --alpha 2 "
            "--epochs 1 --images 4 --quiet %s",
            maps);
    CHECK(succeeded(&r) && exists("mapped-supports/alpha2.safetensors"), "support --map");
    REFUSED(1, "mapped.pth: ", evaluate, "mapped.pth", "");
    r = run(evaluate, "mapped.pth", maps);
    CHECK(succeeded(&r) && exists("mapped-results/report.html"), "evaluate --map");
    r = run("train synthetic:cats-dogs,count=24 -o tuned.safetensors --width 0.125 --size 32 "
            "--epochs 1 --init mapped.pth --quiet %s",
            maps);
    CHECK(succeeded(&r) && exists("tuned.safetensors"), "train --init --map");
    r = run("convert mapped.pth again.safetensors --quiet %s", maps);
    CHECK(succeeded(&r) && same_files("again.safetensors", "m.safetensors"),
          "and back to the same file");
    free(expected);

    r = run("convert m.safetensors short.npz --map layer*= --map *.num_batches_tracked=");
    CHECK(succeeded(&r) && strstr(r.out, ": 7 tensors, "), "an empty name leaves tensors out");
    static const char nothing[] = "m.safetensors: no tensor matches 'nett.*'; there is '";
    REFUSED(2, nothing, "predict m.safetensors a.ppm --map nett.*=*");
    REFUSED(2, nothing, "inspect m.safetensors --map nett.*=*");
    REFUSED(2, nothing, "convert m.safetensors no.npz --map nett.*=*");
    REFUSED(2, "'bn1.bias' and 'fc.bias' would both be called 'fc.bias'",
            "convert m.safetensors no.npz --map bn1.bias=fc.bias");
    REFUSED(2, "--map: 'net' renames nothing", "predict m.safetensors a.ppm --map net");
    REFUSED(2, "--map: 'a=*' has 0 *", "explain m.safetensors a.ppm -o no --map a=*");
    REFUSED(2, "--init FILE", "train synthetic:cats-dogs,count=24 -o no --map a=b");
    REFUSED(2, "lacks its value", "inspect m.safetensors --map");
    CHECK(!exists("no.npz"), "and nothing is written");
}

/* ---- convert -------------------------------------------------------------------------------- */

/* A model there and back, by way of every format, is the same file, and works on the way. */
static void test_convert(void)
{
    static const char *const endings[] = {"pth", "pt", "npz"};
    struct outcome r = run("predict m.safetensors a.ppm --json");
    char *expected = strdup(r.out);
    for (int i = 0; i < 3; i++) {
        r = run("convert m.safetensors n.%s", endings[i]);
        CHECK(succeeded(&r) && strstr(r.out, ": 122 tensors, "), "convert to .%s", endings[i]);
        r = run("predict n.%s a.ppm --json", endings[i]);
        CHECK(succeeded(&r) && strcmp(r.out, expected) == 0, "which predicts the same");
        r = run("inspect n.%s --json", endings[i]);
        struct dat_json *json = json_line(r.out, 0);
        const struct dat_json_node *root = dat_json_root(json);
        CHECK(succeeded(&r) && text_is(dat_json_member(root, "format"), i == 2 ? "npz" : "torch") &&
                  text_is(dat_json_member(root, "arch"), "resnet18") &&
                  text_is(dat_json_member(dat_json_member(root, "metadata"), "classes"),
                          "[\"cat\",\"dog\"]") &&
                  dat_json_count(dat_json_member(root, "tensors")) == 122,
              "and is inspected");
        dat_json_free(json);
        r = run("convert n.%s n.safetensors", endings[i]);
        CHECK(succeeded(&r) && same_files("n.safetensors", "m.safetensors"), "and back");
    }
    free(expected);

    r = run("convert m.safetensors half.pth --dtype f16 --json");
    struct dat_json *json = json_line(r.out, 0);
    CHECK(succeeded(&r) && text_is(dat_json_member(dat_json_root(json), "output"), "half.pth") &&
              number_of(dat_json_member(dat_json_root(json), "tensors")) == 122,
          "convert --dtype f16 --json");
    dat_json_free(json);
    r = run("inspect half.pth --json");
    json = json_line(r.out, 0);
    CHECK(
        text_is(dat_json_member(find_tensor(json, "fc.weight"), "dtype"), "F16") &&
            text_is(dat_json_member(find_tensor(json, "bn1.num_batches_tracked"), "dtype"), "I64"),
        "numbers become narrow, counters do not");
    dat_json_free(json);
    const struct dat_safetensors_entry large = {.name = "a",
                                                .dtype = DAT_F32,
                                                .rank = 1,
                                                .dim = {2},
                                                .bytes = (float[]){1e6f, NAN},
                                                .size = 8};
    scratch_need(!dat_safetensors_write("large.safetensors", &large, 1, NULL, 0, NULL), "large");
    r = run("convert large.safetensors large.npz --dtype f16");
    CHECK(r.status == 0 && strstr(r.err, "1 numbers are beyond the range"), "infinities are told");
    /* From nn.DataParallel, with an optimiser, arguments, a date, a path and figures of NumPy's. */
    static const char *const from[] = {"checkpoint.pth", "checkpoint-legacy.pth"};
    for (int i = 0; i < 2; i++) {
        r = run("convert %s/tests/fuzz/corpus/tensors/%s weights.npz", program_home, from[i]);
        CHECK(r.status == 0 && strstr(r.err, "the state_dict, 5 of 9 tensors; --all") &&
                  strstr(r.out, "weights.npz: 4 tensors, 28 numbers"),
              "%s: the net alone", from[i]);
        r = run("inspect weights.npz --json");
        json = json_line(r.out, 0);
        CHECK(find_tensor(json, "fc.weight") && find_tensor(json, "conv.bias") &&
                  dat_json_count(dat_json_member(dat_json_root(json), "tensors")) == 4,
              "by its names without module.");
        dat_json_free(json);
        r = run("convert %s/tests/fuzz/corpus/tensors/%s all.npz --all --json", program_home,
                from[i]);
        json = json_line(r.out, 0);
        CHECK(succeeded(&r) && !*r.err &&
                  number_of(dat_json_member(dat_json_root(json), "tensors")) == 9 &&
                  number_of(dat_json_member(dat_json_root(json), "left_out")) == 0,
              "and with --all everything");
        dat_json_free(json);
    }
    REFUSED(2, "no type 'f8'", "convert m.safetensors n.pth --dtype f8");
    REFUSED(2, "n.bin: its ending tells no format", "convert m.safetensors n.bin");
    REFUSED(2, "needs IN OUT", "convert m.safetensors");
    REFUSED(1, "elements of type BF16", "convert m.safetensors bf.npz --dtype bf16");
    REFUSED(1, "no/n.pth: ", "convert m.safetensors no/n.pth");
    REFUSED(1, "cut.npy: ", "convert cut.npy n.npz");
    CHECK(!exists("bf.npz") && !exists("n.bin"), "nothing is left of what failed");
}

int main(void)
{
    if (!program_begin())
        return tap_done();
    make_files();
    test_inspect();
    test_map();
    test_convert();
    program_end();
    return tap_done();
}
