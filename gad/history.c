#include "gad/history.h"

#include "data/json_out.h"

enum eng_err gad_history_note(struct dat_model *model, const struct gad_epoch *log, size_t epochs)
{
    struct dat_json_out json;
    dat_json_out_init(&json, NULL, DAT_JSON_LINE);
    dat_json_out_array(&json);
    for (size_t i = 0; i < epochs; i++) {
        dat_json_out_object(&json);
        dat_json_out_key(&json, "epoch");
        dat_json_out_uint(&json, i + 1);
        dat_json_out_key(&json, "loss");
        dat_json_out_float(&json, (float)log[i].loss);
        dat_json_out_key(&json, "accuracy");
        dat_json_out_float(&json, (float)log[i].accuracy);
        dat_json_out_key(&json, "held_out_accuracy");
        dat_json_out_float(&json, (float)log[i].check);
        dat_json_out_end(&json);
    }
    dat_json_out_end(&json);
    enum eng_err err = dat_json_out_finish(&json);
    if (err == ENG_OK)
        err = dat_model_set_note(model, "training_log", "%s", json.text);
    dat_json_out_release(&json);
    return err;
}
