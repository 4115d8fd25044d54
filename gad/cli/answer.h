/* What a model says of an image, as JSON: the same members from every command and in every file. */
#ifndef CLI_ANSWER_H
#define CLI_ANSWER_H

#include "data/json_out.h"
#include "data/model.h"
#include "gad/cli/images.h"

/* Puts members into the object that is open: image, width, height (of what the net saw), logits,
 * probabilities and label. Both arrays are [classes of the model]. */
void cli_answer_put(struct dat_json_out *json, const struct dat_model *model,
                    const struct cli_image *image, const float *logits, const float *probabilities);

#endif
