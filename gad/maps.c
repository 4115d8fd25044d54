#include "gad/maps.h"

#include "engine/sizes.h"
#include "gad/predict.h"

#include <stdlib.h>
#include <string.h>

struct gad_mapper {
    struct gad_maps_options options;
    struct attr_explainer *explainer; /* of all nets, one after the other */
    const struct eng_net **net;       /* [nets] */
    size_t nets, outputs, channels, pixels;
    float *logits, *attributions, *other, *maps, *gad;
    double *gap;
    size_t room; /* images * classes that the arrays hold, and images */
    size_t room_images;
};

struct gad_maps_options gad_maps_defaults(void)
{
    struct gad_maps_options o = {.ig = attr_ig_default(),
                                 .reduce = ATTR_REDUCE_DEFAULT,
                                 .intersect = gad_intersect_default()};
    attr_methods_parse(&o.methods, "all", NULL);
    return o;
}

enum eng_err gad_mapper_new(struct gad_mapper **out, struct dat_model *base,
                            struct gad_supports *supports, size_t height, size_t width,
                            const struct gad_maps_options *options, struct eng_why *why)
{
    struct gad_mapper *m = calloc(1, sizeof *m);
    if (!m)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    m->options = *options;
    m->nets = 1 + (supports ? supports->count : 0);
    m->outputs = base->config.classes;
    m->channels = eng_net_channels(base->net);
    m->pixels = height * width;
    m->net = calloc(m->nets, sizeof *m->net);
    enum eng_err err = m->net ? ENG_OK : eng_fail(why, ENG_NOMEM, "out of memory");
    for (size_t i = 0; err == ENG_OK && i < m->nets; i++) {
        struct eng_net *net = i ? supports->at[i - 1].model.net : base->net;
        m->net[i] = net;
        err = eng_net_prepare(net, options->exec, ENG_FOR_GRADIENTS);
        if (err != ENG_OK)
            eng_fail(why, err, "out of memory");
    }
    if (err == ENG_OK)
        err = attr_explainer_new(&m->explainer, base->net, options->exec, height, width,
                                 options->memory, why);
    if (err != ENG_OK)
        gad_mapper_free(m);
    else
        *out = m;
    return err;
}

static void free_arrays(struct gad_mapper *m)
{
    free(m->logits);
    free(m->attributions);
    free(m->other);
    free(m->maps);
    free(m->gad);
    free(m->gap);
    m->logits = m->attributions = m->other = m->maps = m->gad = NULL;
    m->gap = NULL;
    m->room = m->room_images = 0;
}

void gad_mapper_free(struct gad_mapper *m)
{
    if (!m)
        return;
    attr_explainer_free(m->explainer);
    free(m->net);
    free_arrays(m);
    free(m);
}

const float *gad_maps_of(const struct gad_maps *m, size_t net, size_t method, size_t cls,
                         size_t image)
{
    return m->maps +
           (((net * m->methods + method) * m->classes + cls) * m->images + image) * m->pixels;
}

const float *gad_maps_gad(const struct gad_maps *m, size_t method, size_t cls, size_t image)
{
    return m->gad + ((method * m->classes + cls) * m->images + image) * m->pixels;
}

static float *floats(size_t count)
{
    return count == (size_t)-1 || count > (size_t)-1 / sizeof(float)
               ? NULL
               : malloc((count ? count : 1) * sizeof(float));
}

static enum eng_err make_room(struct gad_mapper *m, size_t images, size_t classes)
{
    const size_t each = eng_product(images, classes), methods = m->options.methods.count;
    if (each <= m->room && images <= m->room_images)
        return ENG_OK;
    free_arrays(m);
    const size_t maps = eng_product(eng_product(each, methods), m->pixels);
    m->logits = floats(eng_product(eng_product(m->nets, images), m->outputs));
    m->attributions = floats(eng_product(maps, m->channels));
    m->other = m->nets > 1 ? floats(eng_product(maps, m->channels)) : NULL;
    m->maps = floats(eng_product(maps, m->nets));
    m->gad = floats(maps);
    m->gap = malloc((each + 1) * sizeof *m->gap);
    if (!m->logits || !m->attributions || (m->nets > 1 && !m->other) || !m->maps || !m->gad ||
        !m->gap) {
        free_arrays(m);
        return ENG_NOMEM;
    }
    m->room = each;
    m->room_images = images;
    return ENG_OK;
}

/* Every net takes the same number of passes. */
struct asking {
    const struct gad_watch *watch;
    size_t net, nets;
};

static int ask(void *context, size_t done, size_t total)
{
    const struct asking *asking = context;
    return gad_watch_passes(asking->watch, asking->net * total + done, asking->nets * total);
}

struct intersection {
    const struct gad_mapper *mapper;
    const struct gad_maps *maps;
    enum eng_err *errs; /* of each task */
    struct eng_why *whys;
};

/* Task i is one (method, class, image). */
static void intersect_task(void *context, size_t i, int worker)
{
    (void)worker;
    const struct intersection *job = context;
    const struct gad_mapper *m = job->mapper;
    const size_t each = job->maps->methods * job->maps->classes * job->maps->images;
    const float *of[1 + GAD_ALPHAS_MAX];
    for (size_t net = 0; net < m->nets; net++)
        of[net] = job->maps->maps + (net * each + i) * m->pixels;
    job->errs[i] = gad_intersect_maps(m->gad + i * m->pixels, of, m->nets, m->pixels,
                                      &m->options.intersect, &job->whys[i]);
}

static enum eng_err intersect(struct gad_mapper *m, const struct gad_maps *maps,
                              struct eng_why *why)
{
    const size_t each = maps->methods * maps->classes * maps->images;
    if (m->nets == 1) {
        memcpy(m->gad, m->maps, each * m->pixels * sizeof *m->gad);
        return ENG_OK;
    }
    struct intersection job = {m, maps, calloc(each, sizeof *job.errs),
                               calloc(each, sizeof *job.whys)};
    enum eng_err err = ENG_NOMEM;
    if (job.errs && job.whys) {
        eng_exec_run(m->options.exec, each, intersect_task, &job);
        err = ENG_OK;
        for (size_t i = 0; err == ENG_OK && i < each; i++)
            if ((err = job.errs[i]) != ENG_OK && why)
                *why = job.whys[i];
    } else {
        eng_fail(why, err, "out of memory");
    }
    free(job.errs);
    free(job.whys);
    return err;
}

enum eng_err gad_mapper_run(struct gad_mapper *m, const float *x, size_t images,
                            const size_t *classes, size_t class_count,
                            const struct gad_watch *watch, struct gad_maps *maps,
                            struct eng_why *why)
{
    const size_t methods = m->options.methods.count, each = methods * class_count * images;
    if (m->nets > 1 + GAD_ALPHAS_MAX)
        return eng_fail(why, ENG_TOOBIG, "more than %d supports", GAD_ALPHAS_MAX);
    if (make_room(m, images, class_count) != ENG_OK)
        return eng_fail(why, ENG_NOMEM, "out of memory");
    struct asking asking = {watch, 0, m->nets};
    struct attr_request request = {.x = x,
                                   .images = images,
                                   .classes = classes,
                                   .class_count = class_count,
                                   .methods = m->options.methods,
                                   .ig = m->options.ig,
                                   .progress = ask,
                                   .context = &asking};
    for (size_t net = 0; net < m->nets; net++) {
        asking.net = net;
        float *attributions = net ? m->other : m->attributions;
        double *gap = net ? NULL : m->gap;
        double *scrap = net ? malloc((class_count * images + 1) * sizeof *scrap) : NULL;
        if (net && !scrap)
            return eng_fail(why, ENG_NOMEM, "out of memory");
        const struct attr_result result = {m->logits + net * images * m->outputs, attributions,
                                           net ? scrap : gap};
        enum eng_err err = attr_explainer_use(m->explainer, m->net[net], why);
        if (err == ENG_OK)
            err = attr_explainer_run(m->explainer, &request, &result, why);
        free(scrap);
        if (err != ENG_OK)
            return err;
        ENG_TRY(gad_outputs_check(result.logits, images * m->outputs, why));
        for (size_t i = 0; i < each; i++)
            attr_reduce_map(m->maps + (net * each + i) * m->pixels,
                            attributions + i * m->channels * m->pixels, m->channels, m->pixels,
                            m->options.reduce);
    }
    *maps = (struct gad_maps){.images = images,
                              .nets = m->nets,
                              .methods = methods,
                              .classes = class_count,
                              .pixels = m->pixels,
                              .channels = m->channels,
                              .logits = m->logits,
                              .attributions = m->attributions,
                              .gap = m->gap,
                              .maps = m->maps,
                              .gad = m->gad};
    return intersect(m, maps, why);
}
