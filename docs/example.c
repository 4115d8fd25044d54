/* Where does a model look when it says CLASS? The pixel that matters most, by saliency; and with
 * the model's supports, the one that GAD leaves.
 *
 *     cc example.c $(pkg-config --cflags --libs gad) -o example
 *     ./example model.safetensors photo.jpg cat supports
 *
 * C++ takes it, too. */
#include <gad.h>

#include <stdio.h>
#include <stdlib.h>

static void print_top(const char *what, const float *map, size_t height, size_t width)
{
    size_t top = 0;
    for (size_t i = 1; i < height * width; i++)
        if (map[i] > map[top])
            top = i;
    printf("%s most of all for x %lu, y %lu of %lu x %lu\n", what, (unsigned long)(top % width),
           (unsigned long)(top / width), (unsigned long)width, (unsigned long)height);
}

static enum gad_error explain(const struct gad_model *model, struct gad_session *session,
                              const char *photo, const char *name, struct gad_why *why)
{
    const size_t height = gad_model_height(model), width = gad_model_width(model);
    float *x = (float *)malloc(3 * height * width * sizeof *x);
    enum gad_error error = x ? GAD_OK : GAD_NOMEM;
    size_t label = 0;
    if (error == GAD_OK)
        error = gad_model_class(model, name, &label, why);
    if (error == GAD_OK)
        error = gad_model_prepare_file(model, photo, x, why);
    if (error == GAD_OK)
        error = gad_session_explain(session, x, height, width, &label, 1, why);
    if (error == GAD_OK) {
        printf("%s %g\n", gad_model_class_name(model, label),
               (double)gad_session_logits(session, 0)[label]);
        print_top("saliency,", gad_session_map(session, 0, 0, 0), height, width);
        if (gad_model_supports(model) > 0)
            print_top("with GAD,", gad_session_gad_map(session, 0, 0), height, width);
    }
    free(x);
    return error;
}

int main(int argc, char **argv)
{
    struct gad_why why = {""};
    struct gad_settings *settings = NULL;
    struct gad_model *model = NULL;
    struct gad_session *session = NULL;
    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: example MODEL PHOTO CLASS [SUPPORTS]\n");
        return 2;
    }
    enum gad_error error = gad_settings_new(&settings, &why);
    if (error == GAD_OK)
        error = gad_settings_set(settings, "methods", "saliency", &why);
    if (error == GAD_OK && argc == 5)
        error = gad_settings_set(settings, "support", argv[4], &why);
    if (error == GAD_OK)
        error = gad_model_read(&model, argv[1], settings, &why);
    if (error == GAD_OK)
        error = gad_session_new(&session, model, settings, &why);
    if (error == GAD_OK)
        error = explain(model, session, argv[2], argv[3], &why);
    if (error != GAD_OK)
        fprintf(stderr, "%s\n", why.text[0] ? why.text : gad_error_text(error));
    gad_session_free(session);
    gad_model_free(model);
    gad_settings_free(settings);
    return error != GAD_OK;
}
