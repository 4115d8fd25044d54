/* Where does a model look when it says CLASS? The pixel that matters most, by saliency.
 *
 *     cc example.c $(pkg-config --cflags --libs gad) -o example
 *     ./example model.safetensors photo.jpg cat
 */
#include "attrib/explainer.h"
#include "attrib/reduce.h"
#include "data/model.h"

#include <stdio.h>
#include <stdlib.h>

static enum eng_err explain(const char *file, const char *image, const char *class_name,
                            struct eng_why *why)
{
    struct eng_exec exec;
    struct dat_model model = {0};
    struct dat_image photo = {0};
    struct attr_explainer *explainer = NULL;
    struct attr_methods methods;
    float *x = NULL;
    size_t label;
    enum eng_err err;

    if ((err = eng_exec_init(&exec, 0, NULL, why)) || /* all processors, their best instructions */
        (err = dat_model_read(&model, file, why)) || (err = dat_image_read(&photo, image, why)) ||
        (err = dat_model_class(&model, class_name, &label, why)) ||
        (err = attr_methods_parse(&methods, "saliency", why)))
        goto done;

    const size_t width = model.preprocess.width, height = model.preprocess.height;
    const size_t pixels = width * height;
    x = calloc(6 * pixels + model.config.classes, sizeof *x);
    if (!x) {
        err = ENG_NOMEM;
        goto done;
    }
    float *map = x + 3 * pixels, *logits = map + 3 * pixels;
    const struct attr_request request = {
        .x = x, .images = 1, .classes = &label, .class_count = 1, .methods = methods};
    const struct attr_result result = {.logits = logits, .attributions = map};
    if ((err = dat_preprocess_run(x, &model.preprocess, &photo)) ||
        (err = eng_net_prepare(model.net, &exec, ENG_FOR_GRADIENTS)) ||
        (err = attr_explainer_new(&explainer, model.net, &exec, height, width, 0, why)) ||
        (err = attr_explainer_run(explainer, &request, &result, why)))
        goto done;

    attr_reduce_map(map, map, 3, pixels, ATTR_REDUCE_SUM_ABS); /* R, G, B: one number a pixel */
    size_t top = 0;
    for (size_t i = 1; i < pixels; i++)
        if (map[i] > map[top])
            top = i;
    printf("%s %g, most of all for x %zu, y %zu of %zu x %zu\n", model.class_names[label],
           (double)logits[label], top % width, top / width, width, height);
done:
    attr_explainer_free(explainer);
    free(x);
    dat_image_release(&photo);
    dat_model_release(&model);
    return err;
}

int main(int argc, char **argv)
{
    struct eng_why why = {""};
    if (argc != 4) {
        fprintf(stderr, "usage: example MODEL IMAGE CLASS\n");
        return 2;
    }
    const enum eng_err err = explain(argv[1], argv[2], argv[3], &why);
    if (err != ENG_OK)
        fprintf(stderr, "%s\n", why.text[0] ? why.text : eng_err_text(err));
    return err != ENG_OK;
}
