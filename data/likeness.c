#include "data/likeness.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PREFIX = 200,     /* bytes that names may have in front */
    PREFIXES = 16,    /* of these that are tried */
    MEMORY = 16,      /* a net is looked at if its numbers are not more than so many times the
                         file's, and */
    ALWAYS = 1 << 20, /* so many more: */
    SHOWN = 2         /* tensors of a kind in a sentence */
};

/* What a name cannot have to be part of a rule, and to be copied into a shell's quotes with it. */
static const char unfit[] = "*,='";

static const char counter[] = ".num_batches_tracked", variance[] = ".running_var";

static enum eng_err out_of_memory(struct eng_why *why)
{
    return eng_fail(why, ENG_NOMEM,
                    "there is not enough memory to compare the tensors with those of nets; close "
                    "other programs");
}

/* ---- tensors by the names of a net ----------------------------------------------------------- */

/* A file whose names lack what stands in front of most of them. */
struct view {
    const struct dat_tensors *file;
    char prefix[PREFIX]; /* "encoder.", or "" */
};

static const struct dat_safetensors_entry *find_entry(const struct view *view, const char *name)
{
    char longer[PREFIX + 128];
    const int length = snprintf(longer, sizeof longer, "%s%s", view->prefix, name);
    const struct dat_safetensors_entry *e = NULL;
    if (length > 0 && (size_t)length < sizeof longer)
        e = dat_tensors_find(view->file, longer);
    return e || !*view->prefix ? e : dat_tensors_find(view->file, name);
}

static int find_shape(void *context, const char *name, struct eng_shape *shape)
{
    const struct dat_safetensors_entry *e = find_entry(context, name);
    if (!e || e->rank > 4)
        return 0;
    *shape = (struct eng_shape){(int)e->rank, {0}};
    memcpy(shape->dim, e->dim, e->rank * sizeof *e->dim);
    return 1;
}

/* The name of an entry, behind the prefix if it has it. */
static const char *name_of(const struct view *view, const struct dat_safetensors_entry *e)
{
    const size_t length = strlen(view->prefix);
    return strncmp(e->name, view->prefix, length) == 0 ? e->name + length : e->name;
}

static int has_shape(const struct dat_safetensors_entry *e, const struct eng_shape *shape)
{
    return e->rank == (size_t)shape->rank &&
           memcmp(e->dim, shape->dim, e->rank * sizeof *e->dim) == 0;
}

/* What may stand in front: whatever does so with one of the tensors that a guess asks for. */
struct prefixes {
    const struct dat_tensors *file;
    char at[PREFIXES][PREFIX];
    size_t count;
};

static int collect(void *context, const char *name, struct eng_shape *shape)
{
    struct prefixes *p = context;
    const size_t n = strlen(name);
    (void)shape;
    for (size_t i = 0; i < dat_tensors_state_count(p->file) && p->count < PREFIXES; i++) {
        const char *have = dat_tensors_at(p->file, i)->name;
        const size_t length = strlen(have);
        if (length < n + 2 || length - n >= PREFIX || have[length - n - 1] != '.' ||
            strcmp(have + length - n, name) != 0 || strpbrk(have, unfit))
            continue;
        char *prefix = p->at[p->count];
        memcpy(prefix, have, length - n);
        prefix[length - n] = '\0';
        size_t same = 0;
        while (strcmp(p->at[same], prefix) != 0)
            same++;
        p->count += same == p->count;
    }
    return 0;
}

/* 1 if at least half of the names begin with it: others are a part's of some net. */
static int is_common(const struct dat_tensors *file, const char *prefix)
{
    const size_t count = dat_tensors_state_count(file), length = strlen(prefix);
    size_t begin = 0;
    for (size_t i = 0; i < count; i++)
        begin += strncmp(dat_tensors_at(file, i)->name, prefix, length) == 0;
    return 2 * begin >= count;
}

/* ---- the nearest net ------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const struct eng_param *x = *(const struct eng_param *const *)a;
    const struct eng_param *y = *(const struct eng_param *const *)b;
    return strcmp(x->name, y->name);
}

/* How many tensors disagree, and in *agree how many do not. */
static size_t distance(const struct eng_net *net, const struct view *view, size_t *agree)
{
    size_t wrong = 0, found = 0;
    *agree = 0;
    for (size_t i = 0; i < eng_net_param_count(net); i++) {
        const struct eng_param *p = eng_net_param_const(net, i);
        const struct dat_safetensors_entry *e = find_entry(view, p->name);
        found += e != NULL;
        *agree += e && has_shape(e, &p->shape);
        wrong += !e || !has_shape(e, &p->shape);
        if (p->kind == ENG_PARAM_RUNNING_VAR) { /* PyTorch may count batches beside it */
            char name[128];
            snprintf(name, sizeof name, "%.*s%s", (int)(strlen(p->name) - strlen(variance)),
                     p->name, counter);
            found += find_entry(view, name) != NULL;
        }
    }
    const size_t count = dat_tensors_state_count(view->file);
    return wrong + (count > found ? count - found : 0);
}

struct nearest {
    struct eng_arch_config config;
    struct eng_net *net; /* NULL: nothing is near */
    struct view view;
    size_t distance, agree;
};

static enum eng_err try_net(struct nearest *best, const struct view *view,
                            const struct eng_arch_config *guess, struct eng_why *why)
{
    struct eng_arch_config config = *guess;
    struct eng_net *net;
    size_t agree;
    if (!config.classes)
        config.classes = 1;
    const enum eng_err err = eng_arch_build(&net, &config, NULL);
    if (err != ENG_OK)
        return err == ENG_NOMEM ? out_of_memory(why) : ENG_OK;
    const size_t wrong = distance(net, view, &agree);
    if (agree == 0 || (best->net && wrong >= best->distance)) {
        eng_net_free(net);
        return ENG_OK;
    }
    eng_net_free(best->net);
    *best = (struct nearest){*guess, net, *view, wrong, agree};
    return ENG_OK;
}

/* Tries the nets that a guess leads to, by the names that the view gives. */
static enum eng_err try_view(struct nearest *best, const struct view *view, double numbers,
                             struct eng_why *why)
{
    static const char *const archs[] = {
#define ARCH_NAME(name, title, paper) #name,
        ENG_ARCHS(ARCH_NAME)
#undef ARCH_NAME
    };
    struct eng_arch_config guess;
    for (size_t i = 0; i < sizeof archs / sizeof *archs; i++)
        for (int k = 0; eng_arch_guess(&guess, archs[i], k, find_shape, (void *)(uintptr_t)view);
             k++)
            if (eng_arch_numbers(&guess) <= MEMORY * numbers + ALWAYS)
                ENG_TRY(try_net(best, view, &guess, why));
    return ENG_OK;
}

static enum eng_err find_nearest(struct nearest *best, const struct dat_tensors *file,
                                 struct eng_why *why)
{
    struct prefixes *prefixes;
    struct view view = {.file = file};
    struct eng_arch_config guess;
    double numbers = 0;
    for (size_t i = 0; i < dat_tensors_count(file); i++) {
        const struct dat_safetensors_entry *e = dat_tensors_at(file, i);
        numbers += (double)(e->size / dat_dtype_size(e->dtype));
    }
    enum eng_err err = eng_arch_infer(&guess, find_shape, &view, NULL);
    if (err == ENG_NOMEM)
        return out_of_memory(why);
    if (err == ENG_OK)
        ENG_TRY(try_net(best, &view, &guess, why));
    if (best->net && best->distance == 0)
        return ENG_OK;
    ENG_TRY(try_view(best, &view, numbers, why));
    prefixes = calloc(1, sizeof *prefixes);
    if (!prefixes)
        return out_of_memory(why);
    prefixes->file = file;
#define COLLECT(name, title, paper) eng_arch_guess(&guess, #name, 0, collect, prefixes);
    ENG_ARCHS(COLLECT)
#undef COLLECT
    err = ENG_OK;
    for (size_t i = 0; err == ENG_OK && i < prefixes->count; i++) {
        memcpy(view.prefix, prefixes->at[i], PREFIX);
        if (is_common(file, view.prefix))
            err = try_view(best, &view, numbers, why);
    }
    free(prefixes);
    return err;
}

/* ---- what is between ------------------------------------------------------------------------- */

static void add(struct dat_likeness *out, enum dat_misfit_kind kind, const char *name,
                const struct dat_safetensors_entry *have, const struct eng_shape *want)
{
    out->misfits[out->count++] = (struct dat_misfit){kind, name, have,
                                                     want ? *want : (struct eng_shape){0}};
    out->counts[kind]++;
}

/* The shape that a parameter should have; the last two are the last layer's. */
static struct eng_shape shape_of(const struct dat_likeness *l, size_t i)
{
    struct eng_shape shape = eng_net_param_const(l->net, i)->shape;
    if (!l->config.classes && i + 2 >= eng_net_param_count(l->net))
        shape.dim[0] = 0;
    return shape;
}

/* 1 if the entry is one that the net has, or a counter beside one; sorted: its parameters. */
static int is_expected(const struct view *view, const struct dat_safetensors_entry *e,
                       const struct eng_param *const *sorted, size_t count)
{
    struct eng_param wanted = {.name = ""};
    const struct eng_param *key = &wanted;
    const char *name = name_of(view, e);
    const size_t length = strlen(name), tail = strlen(counter);
    if (length >= sizeof wanted.name || find_entry(view, name) != e)
        return 0;
    if (length > tail && strcmp(name + length - tail, counter) == 0)
        snprintf(wanted.name, sizeof wanted.name, "%.*s%s", (int)(length - tail), name, variance);
    else
        memcpy(wanted.name, name, length);
    return bsearch(&key, sorted, count, sizeof *sorted, by_name) != NULL;
}

static enum eng_err list_misfits(struct dat_likeness *out, const struct view *view,
                                 struct eng_why *why)
{
    const size_t params = eng_net_param_count(out->net);
    const size_t state = dat_tensors_state_count(view->file);
    const struct eng_param **sorted = calloc(params + 1, sizeof *sorted);
    out->misfits = calloc(params + state + 1, sizeof *out->misfits);
    if (!sorted || !out->misfits) {
        free(sorted);
        return out_of_memory(why);
    }
    for (size_t i = 0; i < params; i++) {
        const struct eng_shape want = shape_of(out, i);
        sorted[i] = eng_net_param_const(out->net, i);
        if (!find_entry(view, sorted[i]->name))
            add(out, DAT_MISSING, sorted[i]->name, NULL, &want);
    }
    for (size_t i = 0; i < params; i++) {
        const struct eng_shape want = shape_of(out, i);
        const struct dat_safetensors_entry *e = find_entry(view, sorted[i]->name);
        if (e && (!has_shape(e, &want) || (want.rank && !want.dim[0]))) /* of no classes */
            add(out, DAT_MISSHAPEN, sorted[i]->name, e, &want);
    }
    qsort(sorted, params, sizeof *sorted, by_name);
    for (size_t i = 0; i < state; i++) {
        const struct dat_safetensors_entry *e = dat_tensors_at(view->file, i);
        if (!is_expected(view, e, sorted, params))
            add(out, DAT_UNEXPECTED, name_of(view, e), e, NULL);
    }
    free(sorted);
    return ENG_OK;
}

/* ---- what would help ------------------------------------------------------------------------- */

/* 1 if the name is STEM.SUFFIX; *length is the stem's. */
static int split_name(const char *name, const char *suffix, size_t *length)
{
    const size_t all = strlen(name), n = strlen(suffix);
    *length = all > n ? all - n : 0;
    return *length && strcmp(name + *length, suffix) == 0;
}

/* The bias beside a weight, if the net has none of that name. It is searched for by name: there may
 * be as many weights as the file has room for. */
static int has_bias(const struct dat_likeness *l, const struct view *view,
                    const struct dat_misfit *weight, size_t stem)
{
    char name[sizeof l->map]; /* with a longer one there would be no room for the rule */
    const int n = snprintf(name, sizeof name, "%.*s.bias", (int)stem, weight->name);
    const struct dat_safetensors_entry *e = n > 0 && (size_t)n < sizeof name
                                                ? find_entry(view, name)
                                                : NULL;
    return e && strcmp(name_of(view, e), name) == 0 && !eng_net_param_find(l->net, name) &&
           e->rank == 1 && e->dim[0] == weight->have->dim[0];
}

/* 1 if another unexpected layer could take this one's outputs, as in a head of two layers: it is
 * not the last then. */
static int feeds_another(const struct dat_likeness *l, const struct dat_misfit *layer)
{
    for (size_t i = 0; i < l->count; i++) {
        const struct dat_misfit *m = &l->misfits[i];
        if (m != layer && m->kind == DAT_UNEXPECTED && m->have->rank == 2 &&
            m->have->dim[1] == layer->have->dim[0])
            return 1;
    }
    return 0;
}

/* Where nothing is missing but the last layer, and there is one linear layer that could be it: the
 * rule that makes it that, behind those that there are. */
static void map_last_layer(struct dat_likeness *l, const struct view *view)
{
    const size_t params = eng_net_param_count(l->net), used = strlen(l->map);
    const struct eng_param *last = eng_net_param_const(l->net, params - 2);
    const struct dat_misfit *only = NULL;
    size_t stem = 0, found = 0, length;
    if (l->counts[DAT_MISSING] != 2 || l->counts[DAT_MISSHAPEN] ||
        l->misfits[0].name != last->name || !split_name(last->name, ".weight", &length))
        return;
    for (size_t i = 0; i < l->count && found < 2; i++) {
        const struct dat_misfit *m = &l->misfits[i];
        size_t n;
        if (m->kind != DAT_UNEXPECTED || !split_name(m->name, ".weight", &n) ||
            m->have->rank != 2 || m->have->dim[1] != last->shape.dim[1] || !m->have->dim[0] ||
            !has_bias(l, view, m, n))
            continue;
        only = m;
        stem = n;
        found++;
    }
    if (found != 1 || strpbrk(only->name, unfit) || feeds_another(l, only))
        return;
    const int n = snprintf(l->map + used, sizeof l->map - used, "%s%.*s.*=%.*s.*", used ? "," : "",
                           (int)stem, only->name, (int)length, last->name);
    if (n < 0 || (size_t)n >= sizeof l->map - used)
        l->map[used] = '\0';
    else
        l->mapped = l->count == 4;
}

enum eng_err dat_likeness_init(struct dat_likeness *out, const struct dat_tensors *file,
                               struct eng_why *why)
{
    struct nearest best = {.net = NULL};
    *out = (struct dat_likeness){.net = NULL};
    const enum eng_err err = find_nearest(&best, file, why);
    out->net = best.net;
    if (err != ENG_OK || !best.net)
        return err;
    out->config = best.config;
    ENG_TRY(list_misfits(out, &best.view, why));
    if (*best.view.prefix) {
        out->renamed = (size_t)snprintf(out->map, sizeof out->map, "%s*=*", best.view.prefix);
        out->mapped = out->count == 0;
    }
    map_last_layer(out, &best.view);
    return ENG_OK;
}

void dat_likeness_release(struct dat_likeness *likeness)
{
    eng_net_free(likeness->net);
    free(likeness->misfits);
    *likeness = (struct dat_likeness){.net = NULL};
}

/* ---- in words -------------------------------------------------------------------------------- */

static const char *shape_text(const size_t *dim, size_t rank, char text[DAT_SHAPE_TEXT])
{
    size_t used = 0;
    text[used++] = '[';
    for (size_t i = 0; i < rank; i++)
        used += (size_t)snprintf(text + used, DAT_SHAPE_TEXT - used, "%s%zu", i ? ", " : "",
                                 dim[i]);
    memcpy(text + used, "]", 2);
    return text;
}

const char *dat_likeness_have(const struct dat_misfit *misfit, char text[DAT_SHAPE_TEXT])
{
    return shape_text(misfit->have->dim, misfit->have->rank, text);
}

const char *dat_likeness_want(const struct dat_misfit *misfit, char text[DAT_SHAPE_TEXT])
{
    shape_text(misfit->want.dim, (size_t)misfit->want.rank, text);
    if (misfit->want.rank && !misfit->want.dim[0])
        text[1] = 'N';
    return text;
}

/* A sentence that grows; what does not fit is cut. */
struct sentence {
    char text[480];
    size_t used;
};

static void say(struct sentence *s, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int n = vsnprintf(s->text + s->used, sizeof s->text - s->used, format, ap);
    va_end(ap);
    if (n > 0)
        s->used += (size_t)n < sizeof s->text - s->used ? (size_t)n : sizeof s->text - s->used - 1;
}

/* "2 missing (fc.weight, fc.bias)": the first of a kind, by name, and how many there are. */
static void say_kind(struct sentence *s, const struct dat_likeness *l, enum dat_misfit_kind kind)
{
    static const char *const words[] = {
        [DAT_MISSING] = "missing", [DAT_MISSHAPEN] = "misshapen", [DAT_UNEXPECTED] = "unexpected"};
    char have[DAT_SHAPE_TEXT], want[DAT_SHAPE_TEXT];
    size_t shown = 0;
    if (!l->counts[kind])
        return;
    say(s, "%s%zu %s (", l->misfits[0].kind == kind ? "" : ", ", l->counts[kind], words[kind]);
    for (size_t i = 0; i < l->count && shown < SHOWN; i++) {
        const struct dat_misfit *m = &l->misfits[i];
        if (m->kind != kind)
            continue;
        say(s, "%s%.60s", shown++ ? ", " : "", m->name);
        if (kind == DAT_MISSHAPEN)
            say(s, " is %s, not %s", dat_likeness_have(m, have), dat_likeness_want(m, want));
    }
    say(s, "%s)", shown < l->counts[kind] ? ", ..." : "");
}

/* 1 if the name begins like one of the net's, up to the first dot. */
static int is_within(const struct eng_net *net, const char *name)
{
    const char *dot = strchr(name, '.');
    for (size_t i = 0; dot && i < eng_net_param_count(net); i++)
        if (strncmp(eng_net_param_const(net, i)->name, name, (size_t)(dot - name) + 1) == 0)
            return 1;
    return 0;
}

/* 1 if weights that are unexpected stand within modules of the net, as layer1.2 or fc.2: the file
 * is another net's, which would compute something else without them. */
static int is_deeper(const struct dat_likeness *l)
{
    for (size_t i = 0; i < l->count; i++) {
        const struct dat_misfit *m = &l->misfits[i];
        if (m->kind == DAT_UNEXPECTED && m->have->rank > 1 && is_within(l->net, m->name))
            return 1;
    }
    return 0;
}

#define AN_ARCH(name, title, paper) "a " #name ", "

enum eng_err dat_likeness_check(const struct dat_likeness *l, struct eng_why *why)
{
    struct sentence s = {.used = 0};
    if (l->config.arch && !l->count && !*l->map)
        return ENG_OK;
    if (!l->config.arch)
        return eng_fail(why, ENG_MISMATCH,
                        "its tensors are not those of " ENG_ARCHS(
                            AN_ARCH) "nor near to them; gad inspect lists them");
    if (l->mapped)
        return eng_fail(why, ENG_MISMATCH,
                        "its tensors are those of a %s by other names; give --map '%s'",
                        l->config.arch, l->map);
    if (l->renamed)
        say(&s, "with --map '%.*s' ", (int)l->renamed, l->map);
    say(&s, "nearly a %s: ", l->config.arch);
    for (int kind = 0; kind < DAT_MISFIT_KINDS; kind++)
        say_kind(&s, l, (enum dat_misfit_kind)kind);
    if (l->map[l->renamed])
        say(&s, "; --map '%s' makes the last layer fit",
            l->map + l->renamed + (l->map[l->renamed] == ','));
    else if (l->counts[DAT_UNEXPECTED] == l->count && !is_deeper(l))
        say(&s, "; --map 'NAME=' leaves out what the net does not use");
    else
        say(&s, "; gad inspect lists what differs");
    return eng_fail(why, ENG_MISMATCH, "%s", s.text);
}
