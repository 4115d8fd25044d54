/* Model files: a network with all that is needed to use it, in one file of tensors, of any format
 * that data/tensors.h knows; where the name does not tell another, in safetensors.
 *
 * Tensors have PyTorch's names and shapes. The metadata holds, as text:
 *
 *   format            "gad"
 *   architecture      vgg16, vgg16_bn, ...     width, hidden     of engine/arch.h
 *   classes           ["cat","dog"]            resize_rule       crop, stretch
 *   resize            pixels (crop)            input_size        [height,width]
 *   mean, std         [r,g,b]
 *
 * and whatever else was recorded of how it was trained (trained_on, seed, epochs, alpha,
 * base_fingerprint, ...). A file without format "gad" is a foreign one, such as torchvision's .pth:
 * the architecture is inferred from its tensors, classes are called "class 0" and so on, and
 * preprocessing is torchvision's for evaluation.
 */
#ifndef DAT_MODEL_H
#define DAT_MODEL_H

#include "data/budget.h"
#include "data/preprocess.h"
#include "engine/arch.h"

#include <stddef.h>
#include <stdint.h>

struct dat_note {
    char *key, *value;
};

struct dat_rename;  /* data/rename.h */
struct dat_tensors; /* data/tensors.h */

struct dat_model {
    struct eng_net *net;
    struct eng_arch_config config;
    char **class_names; /* config.classes of them */
    struct dat_preprocess preprocess;
    struct dat_note *notes; /* how it was trained: the metadata not named above */
    size_t note_count;
    struct dat_tensors *file; /* in which the net's values lie, if they were read; or NULL */
};

/* A fresh model: built and initialised from the seed; names are copied. The caller releases it. */
enum eng_err dat_model_init(struct dat_model *model, const struct eng_arch_config *config,
                            const char *const *class_names, const struct dat_preprocess *preprocess,
                            uint64_t seed, struct eng_why *why);
void dat_model_release(struct dat_model *model); /* a zeroed model is allowed */

/* *copy = a model of the same architecture, names, preprocessing and values, without its notes. */
enum eng_err dat_model_copy(struct dat_model *copy, const struct dat_model *model,
                            struct eng_why *why);

/* Reads a file. It is mapped, and float32 values are used where they lie: a large model is there at
 * once, and what is written to its values stays in memory. Meanwhile the file must not be cut short
 * or overwritten in place (replacing it by renaming is fine). The budget does not pay for the net.
 * ENG_MISMATCH where tensors are missing, misshapen or too many, ENG_FORMAT where one holds a NaN
 * or an infinity; why's text begins with the path. Its preprocessing works, but may be of sizes
 * beyond all memory: use dat_model_prepare. */
enum eng_err dat_model_read(struct dat_model *model, const char *path, struct dat_budget *budget,
                            struct eng_why *why);

/* The same, the file's tensors renamed first (NULL: as they are); further errors are those of
 * dat_rename_apply. */
enum eng_err dat_model_read_renamed(struct dat_model *model, const char *path,
                                    const struct dat_rename *rename, struct dat_budget *budget,
                                    struct eng_why *why);

/* Pixels of the input, and of a square photo resized for the crop, that a file may ask for: some
 * bytes of it decide how much memory all layers take, and without a bound that is all there is. */
#define DAT_MODEL_MAX_PIXELS ((size_t)1 << 24)

/* Replaces settings of the preprocessing, as dat_preprocess_change does, after the model was read
 * from `path`. ENG_TOOBIG if the file asks for more than DAT_MODEL_MAX_PIXELS and the user has not
 * said otherwise: sizes in `change` are taken as they are. */
enum eng_err dat_model_prepare(struct dat_model *model, const struct dat_preprocess_change *change,
                               const char *path, struct eng_why *why);

/* Writes a file beside and renames it; the same model gives the same bytes. */
enum eng_err dat_model_write(const struct dat_model *model, const char *path, struct eng_why *why);

/* The value of a note, or NULL; setting copies, and replaces what was there. */
const char *dat_model_note(const struct dat_model *model, const char *key);
enum eng_err dat_model_set_note(struct dat_model *model, const char *key, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* SHA-256 over names, shapes and values of all parameters, 16 bytes of it in hexadecimal: tells
 * which model a support belongs to, whatever the file's metadata says. */
#define DAT_FINGERPRINT DAT_HASH_PRINT
void dat_model_fingerprint(const struct dat_model *model, char text[DAT_FINGERPRINT]);

/* Copies parameter values, and how many batches their statistics are of, from a file into net,
 * which has the same architecture but for the number of classes: where the last layer differs it
 * keeps its values. For starting a training from another's weights. rename: as above. */
enum eng_err dat_model_start_from(struct dat_model *model, const char *path,
                                  const struct dat_rename *rename, struct dat_budget *budget,
                                  struct eng_why *why);

/* Label of a class by name or by number ("1"). ENG_ARG, with the names there are, otherwise. */
enum eng_err dat_model_class(const struct dat_model *model, const char *name, size_t *label,
                             struct eng_why *why);

#endif
