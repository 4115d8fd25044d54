/* The architectures: torchvision's tensors, initialisation and work; outputs and gradients of whole
 * nets against a second reading of their papers in double precision (tests/twin.h, whose gradients
 * test_ops.c holds to finite differences); and the way back, from tensors to architecture. */
#include "engine/arch.h"
#include "tests/torchvision.h"
#include "tests/twin.h"

static struct eng_exec exec;

static struct eng_net *build(const struct eng_arch_config *config)
{
    struct eng_net *net = NULL;
    struct eng_why why = {""};
    if (!CHECK(eng_arch_build(&net, config, &why) == ENG_OK, "%s of width %g builds%s",
               config->arch, (double)config->width, why.text))
        exit(1);
    return net;
}

/* ---- tensors --------------------------------------------------------------------------------- */

static int has_tensor(struct eng_net *net, const char *name_and_shape)
{
    char text[64], line[160];
    for (size_t i = 0; i < eng_net_param_count(net); i++) {
        const struct eng_param *p = eng_net_param_const(net, i);
        snprintf(line, sizeof line, "%s %s", p->name, eng_shape_text(&p->shape, text, sizeof text));
        if (!strcmp(line, name_and_shape))
            return eng_net_param_find(net, p->name) == p;
    }
    return 0;
}

static void check_tensors(const char *arch, const char *const *names, size_t count, double trained)
{
    struct eng_net *net = build(&(struct eng_arch_config){arch, 1.0f, 2, 0});
    size_t found = 0;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        found += (size_t)has_tensor(net, names[i]);
    CHECK(found == count && eng_net_param_count(net) == count,
          "%s has torchvision's %zu tensors, and no others", arch, count);
    for (size_t i = 0; i < eng_net_param_count(net); i++)
        if (eng_param_trains(eng_net_param_const(net, i)))
            sum += (double)eng_shape_count(&eng_net_param_const(net, i)->shape);
    CHECK(sum == trained, "%s trains %.0f numbers", arch, sum);
    CHECK(eng_net_param_find(net, "nothing.weight") == NULL, "%s has no nothing.weight", arch);
    CHECK(eng_net_outputs(net) == 2 && eng_net_channels(net) == 3, "%s: 3 channels in, 2 out",
          arch);
    eng_net_free(net);
}

/* Multiply-adds with 1000 classes at 224 x 224, summed by hand over the papers' tables. */
static void check_work(const char *arch, double multiply_adds)
{
    struct eng_net *net = build(&(struct eng_arch_config){arch, 1.0f, 1000, 0});
    CHECK(eng_net_flops(net, 224, 224) == 2 * multiply_adds, "%s: %.2f GFLOP at 224x224", arch,
          eng_net_flops(net, 224, 224) / 1e9);
    CHECK(eng_net_flops(net, 448, 224) > 2.0 * multiply_adds, "%s: more for a larger image", arch);
    eng_net_free(net);
}

static void test_tensors(void)
{
    check_tensors("resnet18", torchvision_resnet18,
                  sizeof torchvision_resnet18 / sizeof *torchvision_resnet18,
                  TORCHVISION_RESNET18_COUNT);
    check_tensors("vgg16", torchvision_vgg16, sizeof torchvision_vgg16 / sizeof *torchvision_vgg16,
                  TORCHVISION_VGG16_COUNT);
    check_tensors("vgg16_bn", torchvision_vgg16_bn,
                  sizeof torchvision_vgg16_bn / sizeof *torchvision_vgg16_bn,
                  TORCHVISION_VGG16_BN_COUNT);
    check_work("resnet18", 1814073344.0);
    check_work("vgg16", 15470264320.0);
}

static void test_arguments(void)
{
    static const struct eng_arch_config bad[] = {{"resnet50", 1, 2, 0},
                                                 {"", 1, 2, 0},
                                                 {"vgg16", 0, 2, 0},
                                                 {"vgg16", -1, 2, 0},
                                                 {"vgg16", 8.01f, 2, 0},
                                                 {"vgg16", NAN, 2, 0},
                                                 {"resnet18", 1, 0, 0},
                                                 {"resnet18", 1, 1000001, 0},
                                                 {"vgg16", 1, 2, (size_t)1 << 40}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct eng_net *net = NULL;
        struct eng_why why = {""};
        CHECK(eng_arch_build(&net, &bad[i], &why) != ENG_OK && !net && why.text[0],
              "%s, width %g, %zu classes: %s", bad[i].arch, (double)bad[i].width, bad[i].classes,
              why.text);
    }
    CHECK(!strcmp(eng_arch_title("resnet18"), "ResNet18") &&
              !strcmp(eng_arch_title("vgg16"), "VGG16") && !eng_arch_title("lenet"),
          "titles");
    /* Layer widths are rounded, and never vanish. */
    struct eng_net *net = build(&(struct eng_arch_config){"vgg16", 0.001f, 1, 3});
    const struct eng_param *p = eng_net_param_find(net, "features.10.weight");
    CHECK(p->shape.dim[0] == 1 && p->shape.dim[1] == 1, "a width factor of 0.001 leaves 1 channel");
    CHECK(eng_net_param_find(net, "classifier.0.weight")->shape.dim[0] == 3, "hidden is as given");
    eng_net_free(net);
    net = build(&(struct eng_arch_config){"resnet18", 0.1f, 1, 0});
    p = eng_net_param_find(net, "layer2.0.conv1.weight");
    CHECK(p->shape.dim[0] == 13 && p->shape.dim[1] == 6, "12.8 channels are 13, 6.4 are 6");
    eng_net_free(net);
}

/* ---- initialisation -------------------------------------------------------------------------- */

/* What torchvision would draw: standard deviation of a weight, 0 for constants. */
static double expected_sd(const struct eng_param *p, int vgg)
{
    if (p->shape.rank == 4)
        return sqrt(2.0 / (double)(p->shape.dim[0] * p->shape.dim[2] * p->shape.dim[3]));
    if (vgg)
        return p->shape.rank == 2 ? 0.01 : 0;
    const int last = !strncmp(p->name, "fc.", 3);
    return last ? 1 / sqrt(3.0 * 512) : 0; /* uniform in +-1/sqrt(512) */
}

static void check_init(const char *arch, float width)
{
    const int vgg = !strncmp(arch, "vgg16", 5);
    const struct eng_arch_config config = {arch, width, 5, 0};
    struct eng_net *net = build(&config), *again = build(&config), *other = build(&config);
    size_t wrong = 0, constant = 0, differ = 0, alike = 0, drawn = 0;
    double worst = 0;
    eng_arch_init(net, &config, 3);
    eng_arch_init(again, &config, 3);
    eng_arch_init(other, &config, 4);
    float previous = 0;
    for (size_t i = 0; i < eng_net_param_count(net); i++) {
        const struct eng_param *p = eng_net_param_const(net, i);
        const size_t count = eng_shape_count(&p->shape);
        const double sd = expected_sd(p, vgg);
        const float *q = eng_net_param_const(again, i)->value;
        const float *r = eng_net_param_const(other, i)->value;
        differ += memcmp(p->value, q, count * sizeof *q) != 0;
        if (sd == 0) { /* batch norm starts as the identity, biases at zero */
            const int one = p->kind == ENG_PARAM_WEIGHT || p->kind == ENG_PARAM_RUNNING_VAR;
            for (size_t k = 0; k < count; k++)
                constant += p->value[k] != (float)one;
            continue;
        }
        double sum = 0, squares = 0;
        for (size_t k = 0; k < count; k++) {
            sum += p->value[k];
            squares += (double)p->value[k] * p->value[k];
            wrong += p->shape.rank <= 2 && !vgg && fabs(p->value[k]) > 1 / sqrt(512);
        }
        alike += !memcmp(p->value, r, count * sizeof *r) || p->value[0] == previous;
        previous = p->value[0];
        drawn++;
        /* In standard errors: of the mean sd / sqrt(n), of the mean square sqrt(2) sd^2 / sqrt(n).
         */
        const double root = sqrt((double)count);
        worst = tap_worse(worst, fabs(sum / (double)count) / sd * root);
        worst = tap_worse(worst, fabs(squares / (double)count / (sd * sd) - 1) / sqrt(2.0) * root);
    }
    CHECK(worst < 5 && !wrong, "%s: %zu tensors are within %.1f standard errors of torchvision's",
          arch, drawn, worst);
    CHECK(!constant, "%s: norms start as the identity, VGG's biases at zero", arch);
    CHECK(!differ, "%s: the same seed draws the same", arch);
    CHECK(!alike, "%s: other seeds and other tensors draw others", arch);
    eng_net_free(net);
    eng_net_free(again);
    eng_net_free(other);
}

/* ---- against their twins --------------------------------------------------------------------- */

enum { BATCH = 4 };

static struct eng_rng rng;

static size_t times(size_t width, float factor)
{
    const double exact = (double)width * (double)factor;
    return exact < 1 ? 1 : (size_t)floor(exact + 0.5);
}

static int named_conv(struct twin *t, int x, const char *name, size_t out, size_t kernel,
                      size_t stride, int bias)
{
    const size_t pad = (kernel - 1) / 2;
    t->name = name;
    return twin_conv(t, x,
                     (struct eng_conv){out, {kernel, kernel}, {stride, stride}, {pad, pad}, bias});
}

static int named_norm(struct twin *t, int x, const char *name)
{
    t->name = name;
    return twin_norm(t, x);
}

/* The residual nets of He et al., table 1, the column of 18 layers. */
static void twin_resnet18(struct twin *t, const struct eng_arch_config *config)
{
    static const size_t widths[] = {64, 128, 256, 512};
    char name[64];
    int x = named_conv(t, 0, "conv1", times(64, config->width), 7, 2, 0);
    x = twin_max(t, twin_relu(t, named_norm(t, x, "bn1")), 3, 2, 1);
    for (int block = 0; block < 8; block++) {
        const size_t out = times(widths[block / 2], config->width);
        const int narrows = block > 0 && block % 2 == 0, input = x;
        char prefix[32];
        snprintf(prefix, sizeof prefix, "layer%d.%d", block / 2 + 1, block % 2);
        snprintf(name, sizeof name, "%s.conv1", prefix);
        x = named_conv(t, input, name, out, 3, narrows ? 2 : 1, 0);
        snprintf(name, sizeof name, "%s.bn1", prefix);
        x = twin_relu(t, named_norm(t, x, name));
        snprintf(name, sizeof name, "%s.conv2", prefix);
        x = named_conv(t, x, name, out, 3, 1, 0);
        snprintf(name, sizeof name, "%s.bn2", prefix);
        x = named_norm(t, x, name);
        int skip = input;
        if (narrows) {
            snprintf(name, sizeof name, "%s.downsample.0", prefix);
            skip = named_conv(t, input, name, out, 1, 2, 0);
            snprintf(name, sizeof name, "%s.downsample.1", prefix);
            skip = named_norm(t, skip, name);
        }
        x = twin_relu(t, twin_add(t, x, skip));
    }
    x = twin_flatten(t, twin_avg(t, x, 1, 1));
    t->name = "fc";
    twin_linear(t, x, times(512, config->width), config->classes);
}

/* Configuration D of Simonyan and Zisserman, table 1; numbers are torchvision's. With batch norm
 * each convolution has one more module behind it. */
static void twin_vgg16(struct twin *t, const struct eng_arch_config *config)
{
    const int norm = !strcmp(config->arch, "vgg16_bn");
    static const struct {
        int number;
        size_t width;
    } convs[] = {{0, 64},   {2, 64},   {5, 128},  {7, 128},  {10, 256}, {12, 256}, {14, 256},
                 {17, 512}, {19, 512}, {21, 512}, {24, 512}, {26, 512}, {28, 512}};
    enum { CONVS = sizeof convs / sizeof *convs };
    int x = 0;
    for (int i = 0; i < CONVS; i++) {
        char name[32];
        const int number = convs[i].number + (norm ? i : 0);
        snprintf(name, sizeof name, "features.%d", number);
        x = named_conv(t, x, name, times(convs[i].width, config->width), 3, 1, 1);
        if (norm) {
            snprintf(name, sizeof name, "features.%d", number + 1);
            x = named_norm(t, x, name);
        }
        x = twin_relu(t, x);
        if (i + 1 == CONVS || convs[i + 1].number == convs[i].number + 3)
            x = twin_max(t, x, 2, 2, 0);
    }
    x = twin_flatten(t, twin_avg(t, x, 7, 7));
    t->name = "classifier.0";
    x = twin_linear(t, x, 49 * times(512, config->width), config->hidden);
    t->name = "classifier.3";
    x = twin_linear(t, twin_dropout(t, twin_relu(t, x)), config->hidden, config->hidden);
    t->name = "classifier.6";
    twin_linear(t, twin_dropout(t, twin_relu(t, x)), config->hidden, config->classes);
}

/* Copies the twin's parameters to where the names say; 0 if one has no place. */
static int copy_params(struct eng_net *net, const struct twin *t)
{
    if (eng_net_param_count(net) != eng_net_param_count(t->net))
        return 0;
    for (size_t i = 0; i < eng_net_param_count(net); i++) {
        const struct eng_param *from = eng_net_param_const(t->net, i);
        struct eng_param *to = eng_net_param_find(net, from->name);
        if (!to || !eng_shape_same(&to->shape, &from->shape) || to->kind != from->kind)
            return 0;
        memcpy(to->value, from->value, eng_shape_count(&to->shape) * sizeof *to->value);
    }
    eng_net_changed(net);
    return 1;
}

/* Output and all gradients of a net, built from its paper a second time in double precision. */
static void check_twin(const struct eng_arch_config *config, size_t h, size_t w, int train)
{
    static const char *const rules[] = {"standard", "deconvolution", "guided"};
    static const unsigned wants[] = {ENG_WANT_INPUT | ENG_WANT_PARAMS, ENG_WANT_INPUT,
                                     ENG_WANT_INPUT | ENG_WANT_PARAMS | ENG_WANT_ONCE};
    const int vgg = !strncmp(config->arch, "vgg16", 5);
    struct eng_net *net = build(config);
    struct twin t;
    twin_init(&t, 3);
    (vgg ? twin_vgg16 : twin_resnet18)(&t, config);
    for (int rule = 0; rule < 3; rule++) {
        const struct twin_run run = {net,
                                     &exec,
                                     {BATCH, h, w, wants[rule], train, 0},
                                     rule == 2 ? BATCH - 1 : BATCH,
                                     (enum eng_relu_rule)rule};
        char where[80] = "parameters do not match";
        double error = INFINITY;
        int tried = 0;
        for (t.margin = 0; t.margin < 5e-6 && tried < 50; tried++) {
            twin_randomise(&t, &rng);
            if (!copy_params(net, &t))
                break;
            error = twin_compare(&t, &run, &rng, where);
        }
        /* Single precision's rounding, amplified by twenty layers, and bf16x3's more so; any wrong
         * weight or wire is off by far more. */
        CHECK(t.margin >= 5e-6 && error < (exec.bf16 ? 1e-3 : 1e-4),
              "%s, %zux%zu%s, %s rule: %.1e off, %s (draw %d)", config->arch, h, w,
              train ? ", training" : "", rules[rule], error, where, tried);
    }
    twin_release(&t);
    eng_net_free(net);
}

static void test_twins(void)
{
    const struct eng_arch_config narrow = {"resnet18", 0.0625f, 2, 0};
    const struct eng_arch_config odd = {"resnet18", 0.11f, 5, 0};
    const struct eng_arch_config vgg = {"vgg16", 0.0625f, 2, 40}, wider = {"vgg16", 0.1f, 3, 50};
    const struct eng_arch_config norm = {"vgg16_bn", 0.0625f, 3, 40};
    check_twin(&narrow, 32, 32, 0);
    check_twin(&narrow, 33, 33, 1);
    check_twin(&odd, 48, 40, 0);
    check_twin(&odd, 48, 40, 1);
    check_twin(&vgg, 32, 32, 0);
    check_twin(&vgg, 33, 33, 0);
    check_twin(&wider, 48, 40, 0);
    check_twin(&norm, 33, 33, 0);
    check_twin(&norm, 48, 40, 1);
}

/* Where an image has one colour, numbers under a pool are equal. Which one its gradient goes to
 * must not hang on how the convolution in front rounds. */
static void test_one_colour(void)
{
    enum { H = 48, W = 64 };
    const struct eng_arch_config config = {"vgg16", 0.5f, 2, 0};
    const struct eng_tape_options options = {1, H, W, ENG_WANT_INPUT, 0, 0};
    static float x[3 * H * W], dx[2][3 * H * W];
    const float seed[2] = {1, 0};
    struct eng_exec execs[2] = {exec, exec};
    struct eng_net *net = build(&config);
    int ok = 1;
    if (!exec.winograd) {
        tap_skip("one colour: this level sums all positions alike");
        eng_net_free(net);
        return;
    }
    eng_exec_set_precision(&execs[1], ENG_PRECISION_F32);
    eng_arch_init(net, &config, 3);
    for (size_t i = 0; i < 3 * H * W; i++) /* its left half, and noise */
        x[i] = i % W < W / 2 ? 0.4f : eng_rng_normal(&rng);
    for (int i = 0; i < 2; i++) {
        struct eng_tape *tape = NULL;
        ok &= eng_tape_new(&tape, net, &execs[i], &options, NULL) == ENG_OK &&
              eng_net_prepare(net, &execs[i], ENG_FOR_GRADIENTS) == ENG_OK &&
              eng_tape_forward(tape, x, 1) == ENG_OK &&
              eng_tape_backward(tape, seed, ENG_RELU_STANDARD, dx[i], NULL) == ENG_OK;
        eng_tape_free(tape);
    }
    double off = 0, size = 0;
    for (size_t i = 0; i < 3 * H * W; i++) {
        off += pow((double)dx[0][i] - dx[1][i], 2);
        size += pow(dx[1][i], 2);
    }
    CHECK(ok && off < 1e-6 * size, "a half of one colour: the gradient is off by %.1e",
          sqrt(off / size));
    eng_net_free(net);
}

static void test_smallest(void)
{
    struct eng_net *net = build(&(struct eng_arch_config){"vgg16", 0.05f, 2, 10});
    const struct eng_tape_options small = {1, 31, 40, 0, 0, 0};
    struct eng_tape *tape;
    struct eng_why why = {""};
    CHECK(eng_tape_new(&tape, net, &exec, &small, &why) == ENG_SHAPE && why.text[0],
          "vgg16 does not take 40x31: %s", why.text);
    CHECK(eng_net_flops(net, 31, 40) == 0 && eng_net_flops(net, 32, 40) > 0,
          "nor does it cost anything");
    eng_net_free(net);
}

/* Sizes beyond all memory are told before anything is computed from them. */
static void test_largest(void)
{
    struct eng_net *net = build(&(struct eng_arch_config){"resnet18", 0.25f, 2, 0});
    const size_t one = 1;
    const struct eng_tape_options absurd[] = {
        {one << 60, 16, 16, 0, 0, 0},
        {one << 60, 15, 15, 3, 1, 1},
        {one << 20, one << 20, one << 20, 0, 0, 0},
        {one << 48, 32, 32, 3, 0, 0},
        {one << 58, 1, 1, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        struct eng_tape *tape;
        struct eng_why why = {""};
        const enum eng_err err = eng_tape_new(&tape, net, &exec, &absurd[i], &why);
        CHECK((err == ENG_TOOBIG || err == ENG_NOMEM) && why.text[0], "%s", why.text);
    }
    eng_net_free(net);
}

/* ---- inference ------------------------------------------------------------------------------- */

/* The tensors of a net, with one of them changed. */
struct tensors {
    struct eng_net *net;
    const char *changed;    /* NULL: none */
    struct eng_shape shape; /* rank -1: it is missing */
};

static int find_tensor(void *context, const char *name, struct eng_shape *shape)
{
    const struct tensors *t = context;
    const struct eng_param *p = eng_net_param_find(t->net, name);
    if (!p)
        return 0;
    *shape = t->changed && !strcmp(name, t->changed) ? t->shape : p->shape;
    return shape->rank >= 0;
}

static int find_nothing(void *context, const char *name, struct eng_shape *shape)
{
    (void)context, (void)name, (void)shape;
    return 0;
}

static void check_infer(const struct eng_arch_config *config)
{
    struct tensors tensors = {
        eng_arch_build(&tensors.net, config, NULL) ? NULL : tensors.net, NULL, {0}};
    struct eng_arch_config found = {0};
    struct eng_why why = {""};
    struct eng_net *net = NULL;
    int same = tensors.net && eng_arch_infer(&found, find_tensor, &tensors, &why) == ENG_OK &&
               !strcmp(found.arch, config->arch) && found.classes == config->classes &&
               eng_arch_build(&net, &found, NULL) == ENG_OK &&
               eng_net_param_count(net) == eng_net_param_count(tensors.net);
    for (size_t i = 0; same && i < eng_net_param_count(net); i++)
        same = eng_shape_same(&eng_net_param_const(net, i)->shape,
                              &eng_net_param_const(tensors.net, i)->shape);
    CHECK(same && !why.text[0], "%s of width %g, %zu classes, is found again: %s", config->arch,
          (double)config->width, config->classes, why.text);
    eng_net_free(net);
    eng_net_free(tensors.net);
}

/* What is known of a net before it is built: one of the guesses is it, and its size is about that.
 */
static void check_guess(const struct eng_arch_config *config)
{
    struct tensors tensors = {build(config), NULL, {0}};
    struct eng_arch_config guess;
    double count = 0;
    int found = 0;
    for (int k = 0; eng_arch_guess(&guess, config->arch, k, find_tensor, &tensors); k++) {
        struct eng_net *net = build(&guess);
        int same = eng_net_param_count(net) == eng_net_param_count(tensors.net);
        for (size_t i = 0; same && i < eng_net_param_count(net); i++)
            same = eng_shape_same(&eng_net_param_const(net, i)->shape,
                                  &eng_net_param_const(tensors.net, i)->shape);
        found |= same;
        eng_net_free(net);
    }
    CHECK(found, "%s of width %g is guessed", config->arch, (double)config->width);
    for (size_t i = 0; i < eng_net_param_count(tensors.net); i++)
        count += (double)eng_shape_count(&eng_net_param_const(tensors.net, i)->shape);
    const double off = eng_arch_numbers(config) / count - 1;
    CHECK(fabs(off) < 0.02, "its size is %+.2f %% off", 100 * off);
    eng_net_free(tensors.net);
}

static void test_guess(void)
{
    struct eng_arch_config guess;
    check_guess(&(struct eng_arch_config){"resnet18", 1.0f, 1000, 0});
    check_guess(&(struct eng_arch_config){"resnet18", 0.3f, 7, 0});
    check_guess(&(struct eng_arch_config){"vgg16", 0.5f, 100, 0});
    check_guess(&(struct eng_arch_config){"vgg16", 0.3f, 2, 100});
    check_guess(&(struct eng_arch_config){"vgg16_bn", 0.25f, 2, 10});
    CHECK(!eng_arch_guess(&guess, "resnet18", 0, find_nothing, NULL), "nothing leads to no guess");
    CHECK(!eng_arch_guess(&guess, "resnet50", 0, find_nothing, NULL), "nor does an unknown name");
}

static void test_infer(void)
{
    for (int i = 1; i <= 40; i++) {
        const float width = (float)i / 40.0f;
        check_infer(&(struct eng_arch_config){"resnet18", width, (size_t)i, 0});
        check_infer(&(struct eng_arch_config){"vgg16", width, 2, (size_t)(3 * i)});
        check_infer(&(struct eng_arch_config){"vgg16_bn", width, 2, (size_t)(3 * i)});
    }
    check_infer(&(struct eng_arch_config){"vgg16", 0.05f, 2, 0});

    static const struct {
        const char *arch, *changed;
        struct eng_shape shape;
    } wrong[] = {{"resnet18", "layer3.1.conv2.weight", {4, {64, 64, 3, 1}}},
                 {"resnet18", "layer1.0.bn1.running_var", {.rank = -1}},
                 {"resnet18", "fc.bias", {1, {3}}},
                 {"resnet18", "conv1.weight", {.rank = -1}},
                 {"resnet18", "conv1.weight", {2, {16, 147}}},
                 {"resnet18", "conv1.weight", {4, {0, 3, 7, 7}}},
                 {"resnet18", "conv1.weight", {4, {(size_t)1 << 60, 3, 7, 7}}},
                 {"resnet18", "layer4.1.conv2.weight", {4, {4096, 0, 3, 3}}},
                 {"resnet18", "layer4.1.conv2.weight", {4, {(size_t)1 << 60, 0, 3, 3}}},
                 {"resnet18", "fc.weight", {2, {1000000, 0}}},
                 {"vgg16", "features.28.bias", {2, {32, 1}}},
                 {"vgg16_bn", "features.41.running_var", {.rank = -1}},
                 {"vgg16", "classifier.0.weight", {2, {(size_t)1 << 60, 6272}}},
                 {"vgg16", "classifier.0.weight", {2, {1000000, 0}}},
                 {"vgg16", "classifier.6.weight", {2, {0, 30}}},
                 {"vgg16", "classifier.3.weight", {2, {30, 31}}}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct tensors tensors = {build(&(struct eng_arch_config){wrong[i].arch, 0.25f, 2, 30}),
                                  wrong[i].changed, wrong[i].shape};
        struct eng_arch_config found = {"untouched", 0, 0, 0};
        struct eng_why why = {""};
        CHECK(eng_arch_infer(&found, find_tensor, &tensors, &why) == ENG_MISMATCH && why.text[0],
              "%s, but for %s: %s", wrong[i].arch, wrong[i].changed, why.text);
        CHECK(eng_arch_infer(&found, find_tensor, &tensors, NULL) == ENG_MISMATCH &&
                  !strcmp(found.arch, "untouched"),
              "nothing is written then");
        eng_net_free(tensors.net);
    }
    struct eng_arch_config found;
    struct eng_why why = {""};
    CHECK(eng_arch_infer(&found, find_nothing, NULL, &why) == ENG_MISMATCH && why.text[0],
          "no tensors at all: %s", why.text);
}

int main(void)
{
    struct eng_why why;
    if (eng_exec_init(&exec, 1, NULL, &why) != ENG_OK) {
        tap_skip(why.text);
        return tap_done();
    }
    test_tensors();
    test_arguments();
    check_init("resnet18", 1.0f);
    check_init("vgg16", 0.125f);
    check_init("vgg16_bn", 0.125f);
    eng_rng_init(&rng, 6, 0);
    test_twins();
    eng_exec_set_precision(&exec, ENG_PRECISION_F32);
    test_twins();
    eng_exec_set_precision(&exec, ENG_PRECISION_AUTO);
    test_one_colour();
    test_smallest();
    test_largest();
    test_guess();
    test_infer();
    return tap_done();
}
