/* Which net a file is near to, what is between them, and that the --map it is told to use works. */
#include "data/likeness.h"
#include "data/model.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#include <time.h>

static const float zeros[1024];

/* A tensor to add to those of a net, or to put in the place of the one of that name. */
struct other {
    const char *name;
    size_t rank, dim[4];
};

/* Writes a net's tensors, with `count` others, and opens the file. */
static struct dat_tensors *make(const char *arch, const struct other *others, size_t count)
{
    const struct eng_arch_config config = {arch, 0.0625f, 5, 16};
    struct dat_safetensors_entry entries[256];
    struct dat_tensors *file = NULL;
    struct eng_net *net = NULL;
    size_t n = 0;
    scratch_need(eng_arch_build(&net, &config, NULL) == ENG_OK, arch);
    for (size_t i = 0; i < eng_net_param_count(net); i++) {
        const struct eng_param *p = eng_net_param_const(net, i);
        entries[n] = (struct dat_safetensors_entry){
            p->name, DAT_F32,  (size_t)p->shape.rank,
            {0},     p->value, eng_shape_count(&p->shape) * sizeof(float)};
        memcpy(entries[n++].dim, p->shape.dim, (size_t)p->shape.rank * sizeof *p->shape.dim);
    }
    for (size_t i = 0; i < count; i++) {
        size_t at = 0, numbers = 1;
        while (at < n && strcmp(entries[at].name, others[i].name) != 0)
            at++;
        n += at == n;
        entries[at] = (struct dat_safetensors_entry){others[i].name, DAT_F32, others[i].rank, {0},
                                                     zeros,          0};
        for (size_t d = 0; d < others[i].rank; d++)
            numbers *= entries[at].dim[d] = others[i].dim[d];
        entries[at].size = numbers * sizeof(float);
        scratch_need(entries[at].size <= sizeof zeros, others[i].name);
    }
    const char *path = scratch_path("net.safetensors");
    scratch_need(dat_safetensors_write(path, entries, n, NULL, 0, NULL) == ENG_OK &&
                     dat_tensors_open(&file, path, NULL, NULL) == ENG_OK,
                 path);
    eng_net_free(net);
    return file;
}

static void rename_all(struct dat_tensors *file, const char *rules)
{
    struct dat_rename rename = {0};
    struct eng_why why = {""};
    scratch_need((!*rules || dat_rename_add(&rename, rules, &why) == ENG_OK) &&
                     dat_tensors_rename(file, &rename, &why) == ENG_OK,
                 why.text[0] ? why.text : rules);
    dat_rename_release(&rename);
}

/* What is said of the file, and which --map is suggested: good until the next call. */
static enum eng_err ask(const struct dat_tensors *file, struct eng_why *why,
                        struct dat_likeness *out)
{
    dat_likeness_release(out);
    scratch_need(dat_likeness_init(out, file, why) == ENG_OK, "memory");
    return dat_likeness_check(out, why);
}

/* A net of 5 classes, with others, its tensors renamed: `says` is in the sentence (NULL: it fits),
 * and `map` is suggested, by which it fits if the sentence says so. */
static void check(const char *what, const char *arch, const char *rules, const struct other *others,
                  size_t count, const char *says, const char *map)
{
    struct dat_tensors *file = make(arch, others, count);
    struct dat_likeness l = {0};
    struct eng_why why = {""};
    rename_all(file, rules);
    const enum eng_err err = ask(file, &why, &l);
    CHECK(err == (says ? ENG_MISMATCH : ENG_OK) && (!says || strstr(why.text, says)), "%s: %s",
          what, why.text);
    CHECK(strcmp(l.map, map) == 0, "%s: the map is '%s'", what, l.map);
    if (l.mapped) {
        char again[sizeof l.map];
        strcpy(again, l.map);
        rename_all(file, again);
        CHECK(ask(file, &why, &l) == ENG_OK && !strcmp(l.config.arch, arch) &&
                  l.config.classes == 5 && l.config.width > 0.06f && l.config.width < 0.065f,
              "%s: with it, it fits", what);
    }
    dat_likeness_release(&l);
    dat_tensors_free(file);
}

static void test_fits(void)
{
    static const struct other counters[] = {{"bn1.num_batches_tracked", 0, {0}}};
    check("resnet18", "resnet18", "", NULL, 0, NULL, "");
    check("vgg16", "vgg16", "", NULL, 0, NULL, "");
    check("vgg16_bn", "vgg16_bn", "", NULL, 0, NULL, "");
    check("a counter", "resnet18", "", counters, 1, NULL, "");
}

static void test_other_names(void)
{
    static const char by[] = " by other names; give --map '";
    check("a prefix", "resnet18", "*=encoder.*", NULL, 0, by, "encoder.*=*");
    check("a long one", "vgg16", "*=a.b.c.*", NULL, 0, by, "a.b.c.*=*");
    check("a prefix of vgg16_bn", "vgg16_bn", "*=module.*", NULL, 0, by, "module.*=*");
    check("another last layer", "resnet18", "fc.*=fc.1.*", NULL, 0, by, "fc.1.*=fc.*");
    check("another of VGG's", "vgg16", "classifier.6.*=head.*", NULL, 0, by,
          "head.*=classifier.6.*");
    check("both", "resnet18", "*=net.*,net.fc.*=net.head.*", NULL, 0, by, "net.*=*,head.*=fc.*");
    check("beside it", "resnet18", "*=backbone.*,backbone.fc.*=head.*", NULL, 0, by,
          "backbone.*=*,head.*=fc.*");
    check("a prefix of all but the last", "resnet18", "*=backbone.*,backbone.fc.*=fc.*", NULL, 0,
          by, "backbone.*=*");
}

static void test_between(void)
{
    static const struct other more[] = {{"layer1.2.conv1.weight", 4, {4, 4, 3, 3}},
                                        {"layer1.2.bn1.weight", 1, {4}},
                                        {"layer1.2.bn1.bias", 1, {4}}};
    static const struct other gray[] = {{"conv1.weight", 4, {4, 1, 7, 7}}};
    static const struct other heads[] = {{"head.weight", 2, {5, 32}},
                                         {"head.bias", 1, {5}},
                                         {"a.weight", 2, {5, 32}},
                                         {"a.bias", 1, {5}}};
    static const struct other aside[] = {{"aux.weight", 2, {9, 9}}};
    static const struct other two[] = {{"head.0.weight", 2, {16, 32}},
                                       {"head.0.bias", 1, {16}},
                                       {"head.2.weight", 2, {5, 16}},
                                       {"head.2.bias", 1, {5}}};
    static const struct other second[] = {{"fc.2.weight", 2, {5, 16}}, {"fc.2.bias", 1, {5}}};
    static const struct other empty[] = {{"fc.weight", 2, {0, 32}}, {"fc.bias", 1, {0}}};
    static const struct other loss[] = {{"criterion.weight", 1, {5}}};
    static const struct other norm[] = {{"conv1.num_batches_tracked", 0, {0}}};
    static const struct other deep[] = {{"bn1.bias", 4, {1, 1, 1, 4}}};
    static const struct other twice[] = {{"net.conv1.weight", 4, {4, 3, 7, 7}}};
    check("a tensor less", "resnet18", "layer1.0.bn1.running_var=", NULL, 0,
          "nearly a resnet18: 1 missing (layer1.0.bn1.running_var); gad inspect", "");
    check("many less", "resnet18", "layer2*=", NULL, 0,
          "25 missing (layer2.0.downsample.0.weight, layer2.0.downsample.1.weight, ...)", "");
    check("more blocks", "resnet18", "", more, 3,
          "3 unexpected (layer1.2.conv1.weight, layer1.2.bn1.weight, ...); gad inspect lists", "");
    check("a layer of its own", "resnet18", "", aside, 1,
          "1 unexpected (aux.weight); --map 'NAME=' leaves out what the net does not use", "");
    check("a head of two layers", "resnet18", "fc.*=", two, 4,
          "2 missing (fc.weight, fc.bias), 4 unexpected (head.0.weight, head.0.bias, ...); gad "
          "inspect",
          "");
    check("its second layer renamed away", "resnet18", "", second, 2,
          "2 unexpected (fc.2.weight, fc.2.bias); gad inspect lists what differs", "");
    check("one channel", "resnet18", "", gray, 1,
          "1 misshapen (conv1.weight is [4, 1, 7, 7], not [4, 3, 7, 7])", "");
    check("no classes", "resnet18", "", empty, 2,
          "2 misshapen (fc.weight is [0, 32], not [N, 32], fc.bias is [0], not [N])", "");
    check("another rank", "resnet18", "", deep, 1,
          "1 misshapen (bn1.bias is [1, 1, 1, 4], not [4])", "");
    check("all three", "vgg16", "features.0.bias=x", gray, 1,
          "1 missing (features.0.bias), 2 unexpected (x, conv1.weight)", "");
    check("no last layer", "resnet18", "fc.*=", NULL, 0, "2 missing (fc.weight, fc.bias)", "");
    check("two that could be it", "resnet18", "fc.*=", heads, 4,
          "2 missing (fc.weight, fc.bias), 4 unexpected (", "");
    check("one that is too narrow", "resnet18", "fc.*=", loss, 1, "1 unexpected", "");
    check("a prefix, and one more", "resnet18", "*=model.*,model.criterion.*=criterion.*", loss, 1,
          "with --map 'model.*=*' nearly a resnet18: 1 unexpected (criterion.weight);",
          "model.*=*");
    check("another last layer, and one more", "resnet18", "fc.*=head.*", loss, 1,
          "; --map 'head.*=fc.*' makes the last layer fit", "head.*=fc.*");
    check("a counter of nothing", "resnet18", "", norm, 1,
          "1 unexpected (conv1.num_batches_tracked)", "");
    check("a name with and without", "resnet18", "", twice, 1, "1 unexpected (net.conv1.weight)",
          "");
    check("a prefix that would end a shell's quotes", "resnet18", "*=x';ls;'.*", NULL, 0,
          "its tensors are not those", "");
    check("a last layer that would", "resnet18", "fc.*=x'.*", NULL, 0,
          "2 missing (fc.weight, fc.bias), 2 unexpected (", "");
    check("a prefix that a glob would not know", "resnet18", "*=[]x.*", NULL, 0, "[]x.*=*",
          "[]x.*=*");
}

static void test_nothing(void)
{
    static const struct other lone[] = {{"weight", 2, {3, 4}}};
    check("all left out", "resnet18", "*=", NULL, 0,
          "not those of a vgg16, a vgg16_bn, a resnet18, nor near to them", "");
    check("something else", "resnet18", "layer*=,bn1*=,fc*=,conv1.*=", lone, 1,
          "nor near to them; gad inspect lists them", "");
}

/* Shapes with a dimension of 0 cost a file nothing, and no guess is made from them that would cost
 * the reader anything (tests/test_alloc.c measures it). */
static void test_hostile(void)
{
    static const struct other wide[] = {{"layer4.1.conv2.weight", 4, {4096, 0, 3, 3}},
                                        {"fc.weight", 2, {1000000, 0}}};
    static const struct other first[] = {{"conv1.weight", 4, {512, 1, 1, 1}},
                                         {"layer4.1.conv2.weight", 4, {512, 1, 1, 1}}};
    static const struct other hidden[] = {{"classifier.0.weight", 2, {1000000, 0}},
                                          {"classifier.6.weight", 2, {1000000, 0}}};
    static const struct other absurd[] = {{"features.28.weight", 4, {SIZE_MAX / 72, 0, 3, 3}},
                                          {"features.0.weight", 4, {0, 3, 3, 3}}};
    check("a width of 8", "resnet18", "", wide, 2, "its tensors are not those", "");
    check("another", "resnet18", "", first, 2, "its tensors are not those", "");
    check("a million hidden units", "vgg16", "", hidden, 2, "its tensors are not those", "");
    check("channels beyond all memory", "vgg16", "", absurd, 2, "its tensors are not those", "");
}

/* A last layer among very many that lack a bias is found, and not by comparing each with each,
 * which takes a minute. */
static void test_many(void)
{
    enum { MANY = 100000 };
    static char names[MANY + 2][24];
    static struct dat_safetensors_entry entries[256 + MANY + 2];
    struct dat_tensors *net = make("vgg16", NULL, 0), *file = NULL;
    struct dat_likeness l = {0};
    struct eng_why why = {""};
    size_t n = 0;
    rename_all(net, "classifier.6.*=");
    for (; n < dat_tensors_count(net); n++)
        entries[n] = *dat_tensors_at(net, n);
    for (size_t i = 0; i < MANY + 2; i++) {
        const int weight = i <= MANY; /* the last has a bias */
        snprintf(names[i], sizeof names[i], "x%zu.%s", weight ? i : MANY,
                 weight ? "weight" : "bias");
        entries[n++] = (struct dat_safetensors_entry){
            names[i],       DAT_F32,
            weight ? 2 : 1, {5, weight ? 16 : 0},
            zeros,          (weight ? 16 : 1) * 5 * sizeof(float)};
    }
    const char *path = scratch_path("many.safetensors");
    scratch_need(dat_safetensors_write(path, entries, n, NULL, 0, NULL) == ENG_OK &&
                     dat_tensors_open(&file, path, NULL, NULL) == ENG_OK,
                 path);
    const clock_t start = clock();
    const enum eng_err err = ask(file, &why, &l);
    const double took = (double)(clock() - start) / CLOCKS_PER_SEC;
    CHECK(err == ENG_MISMATCH && l.counts[DAT_UNEXPECTED] == MANY + 2 &&
              !strcmp(l.map, "x100000.*=classifier.6.*"),
          "one of %d that could be the last layer has a bias: %s", MANY, why.text);
    CHECK(took < 3.0, "and is found at once: %.2f s", took);
    dat_likeness_release(&l);
    dat_tensors_free(file);
    dat_tensors_free(net);
}

/* A second weight of a layer that the net has could not be the last one: the bias is the first's.
 */
static void test_second_weight(void)
{
    static const struct other second[] = {{"x.weight", 2, {16, 16}}};
    static const char nearly[] = "nearly a vgg16: 2 missing (classifier.6.weight, "
                                 "classifier.6.bias), 1 unexpected (";
    check("a layer's weight without the prefix", "vgg16",
          "*=net.*,net.classifier.6.*=,net.x.*=classifier.3.*", second, 1, nearly, "net.*=*");
    check("one with the prefix twice", "vgg16",
          "*=net.*,net.classifier.6.*=,net.x.*=net.net.classifier.3.*", second, 1, nearly,
          "net.*=*");
}

/* The classes of a net without its last layer are not known. */
static void test_classes(void)
{
    struct dat_tensors *file = make("resnet18", NULL, 0);
    struct dat_likeness l = {0};
    struct eng_why why;
    char text[DAT_SHAPE_TEXT];
    rename_all(file, "fc.weight=");
    CHECK(ask(file, &why, &l) == ENG_MISMATCH && l.config.classes == 0 && l.count >= 1 &&
              !strcmp(dat_likeness_want(&l.misfits[0], text), "[N, 32]"),
          "a missing last layer is %s", text);
    dat_likeness_release(&l);
    dat_tensors_free(file);
}

int main(void)
{
    scratch_make();
    test_fits();
    test_other_names();
    test_between();
    test_nothing();
    test_hostile();
    test_many();
    test_second_weight();
    test_classes();
    scratch_remove();
    return tap_done();
}
