#include "gad/cli/answer.h"

#include "gad/predict.h"

static void put_floats(struct dat_json_out *json, const char *key, const float *values, size_t n)
{
    dat_json_out_key(json, key);
    dat_json_out_array(json);
    for (size_t i = 0; i < n; i++)
        dat_json_out_float(json, values[i]);
    dat_json_out_end(json);
}

void cli_answer_put(struct dat_json_out *json, const struct dat_model *model,
                    const struct cli_image *image, const float *logits, const float *probabilities)
{
    const size_t classes = model->config.classes;
    dat_json_out_key(json, "image");
    dat_json_out_string(json, image->name);
    dat_json_out_key(json, "width");
    dat_json_out_uint(json, image->width);
    dat_json_out_key(json, "height");
    dat_json_out_uint(json, image->height);
    put_floats(json, "logits", logits, classes);
    put_floats(json, "probabilities", probabilities, classes);
    dat_json_out_key(json, "label");
    dat_json_out_string(json, model->class_names[gad_argmax(logits, classes)]);
}
