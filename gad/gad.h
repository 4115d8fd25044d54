/* libgad: what a network sees in a photo, for programs that embed it. The library's whole interface
 * is in this file, and it is the only one that is installed.
 *
 *     struct gad_why why; // a sentence, where a function returns other than GAD_OK
 *     struct gad_model *model;
 *     struct gad_session *session;
 *     size_t label;
 *     gad_model_read(&model, "catsdogs.safetensors", NULL, &why);
 *     gad_session_new(&session, model, NULL, &why);
 *     gad_model_class(model, "cat", &label, &why);
 *
 *     const size_t height = gad_model_height(model), width = gad_model_width(model);
 *     float *x = malloc(3 * height * width * sizeof *x);
 *     gad_model_prepare_file(model, "photo.jpg", x, &why);
 *     gad_session_explain(session, x, height, width, &label, 1, &why);
 *     const float *map = gad_session_map(session, 0, 0, 0); // [height][width]
 *
 * A model is read once and never changes; a session works with it. Between them they look so:
 *
 *     settings --> model <-- session --> maps        one model, one session a thread
 *                        <-- session --> maps
 *
 * Arrays are float32 in C order, as PyTorch and NumPy have them: a tensor is [3][height][width],
 * planes R, G, B, prepared as the net wants it; RGB bytes are [height][width][3]. Heights come
 * before widths everywhere, rows run from the top. Pointers are not NULL unless it says so.
 *
 * Threads. Nothing is kept outside of these objects. A model may be used by any number of threads
 * at once, settings too while nobody sets one, and a session by one at a time, whichever that is.
 * Besides, a session computes with as many threads of its own as the setting `threads` says
 * (OpenMP's): a program that runs sessions in parallel sets it to 1. The number of threads never
 * changes a bit of a result.
 *
 * Locale. Numbers in files and settings have a point, whatever the program's locale says.
 *
 * Compatibility. A program goes on working with every later library of the same soname, which is
 * GAD_VERSION_MAJOR. Functions, settings, methods and error codes may be added. Objects are opaque
 * and their options are named by texts, so that neither has a layout to depend on; tests/abi.txt
 * of the sources records all the rest. */
#ifndef GAD_GAD_H
#define GAD_GAD_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GAD_API __attribute__((visibility("default")))
#else
#define GAD_API
#endif

/* ---- version -------------------------------------------------------------------------------- */

/* Of this header. MINOR is raised with every addition, MAJOR where a program must be built anew. */
#define GAD_VERSION_MAJOR  0
#define GAD_VERSION_MINOR  1
#define GAD_VERSION_PATCH  0
#define GAD_VERSION_NUMBER (GAD_VERSION_MAJOR * 10000 + GAD_VERSION_MINOR * 100 + GAD_VERSION_PATCH)

/* Of the library that the program runs with: the same number, and as text, "0.1.0". */
GAD_API int gad_version_number(void);
GAD_API const char *gad_version_text(void);

/* ---- errors --------------------------------------------------------------------------------- */

/* What functions that can fail return. A later library may have further codes. */
enum gad_error {
    GAD_OK = 0,
    GAD_NOMEM = 1,       /* out of memory */
    GAD_ARG = 2,         /* an argument that cannot be */
    GAD_SHAPE = 3,       /* sizes that do not go together, or that the net cannot take */
    GAD_TOOBIG = 4,      /* beyond what is supported */
    GAD_FORMAT = 5,      /* a damaged file */
    GAD_UNSUPPORTED = 6, /* something that this library, or machine, cannot do */
    GAD_IO = 7,          /* a file that cannot be read */
    GAD_MISSING = 8,     /* something that is not there */
    GAD_MISMATCH = 9,    /* files that do not belong together */
    GAD_STATE = 10,      /* a function called out of order */
    GAD_INTERRUPTED = 11 /* the caller's progress function said so */
};

/* A few words for a code, "out of memory"; never NULL. */
GAD_API const char *gad_error_text(enum gad_error error);

/* The caller's storage for one sentence about a failure, "what is wrong; what to do", in UTF-8 (but
 * for what a file's name brings in), NUL-terminated. A function that takes one fills it when it
 * fails, and else leaves it alone. NULL is allowed everywhere. */
struct gad_why {
    char text[512];
};

/* ---- settings ------------------------------------------------------------------------------- */

/* Choices by name: the names and values of the program's options, which `man gad` explains.
 *
 *     name         default          values
 *   For gad_model_read:
 *     threads      0                1 to 1024; 0: one for each processor
 *     cpu          $GAD_CPU, or     scalar, avx2, avx512, amx: the most to use; "": the default
 *                  the best there is
 *     precision    auto             auto; f32: plain sums of products, no faster algorithms;
 *                                   bf16x3: three bfloat16 products for each; bf16: one
 *     support      none             folder of the model's supports, from `gad support`; "": none
 *     map          none             PATTERN=NAME,...: the model's tensors are renamed first, by
 *                                   these patterns in their order; "": none
 *     size         the file's       pixels: images are brought to size x size
 *     resize-rule  the file's       crop, stretch: how they are
 *     resize       the file's       crop: pixels of the shorter side before it
 *     mean, std    the file's       R,G,B: subtracted from pixels of 0 to 1; divided by
 *     file-memory  0                MiB that decoding a file may take, of a photo or of the model;
 *                                   0: what its length allows, a stated multiple in each format
 *   For gad_session_new:
 *     methods      all              saliency,deconv,gradxinput,guided,ig or all
 *     steps        50               points of integrated gradients, 1 to 1000
 *     rule         gausslegendre    their quadrature; also riemann_left, riemann_middle,
 *                                   riemann_right, riemann_trapezoid
 *     baseline     zero             where they start: zero, black, mean or FILE.npy (3,H,W)
 *     reduce       sum-abs          how a pixel's channels become one number: sum-abs, abs-sum,
 *                                   sum, mean, max-abs, positive-sum
 *     normalise    max              maps before GAD compares them: none, max, p99
 *     present      value:0          when a pixel is in a map, as value:0.1
 *     keep         min              the value of one that stays: original, min, mean, geomean
 *     memory       1024             MiB for activations; one image may exceed it
 */
struct gad_settings;

/* The defaults. The caller frees them; no model or session needs them once it is made.
 * GAD_NOMEM. */
GAD_API enum gad_error gad_settings_new(struct gad_settings **out, struct gad_why *why);
GAD_API void gad_settings_free(struct gad_settings *settings); /* NULL allowed */

/* Sets one of the above. GAD_ARG or GAD_UNSUPPORTED for a name or value that is not there, or that
 * this machine lacks, GAD_NOMEM; the settings are then as before. Files are looked at only when
 * they are used. */
GAD_API enum gad_error gad_settings_set(struct gad_settings *settings, const char *name,
                                        const char *value, struct gad_why *why);

/* The name of the i-th setting, or NULL past the last; the same for the methods. */
GAD_API const char *gad_settings_name(size_t i);
GAD_API const char *gad_method_name(size_t i);

/* ---- models --------------------------------------------------------------------------------- */

struct gad_model;

/* Reads a model and its supports, and makes their weights ready. The file is one that `gad train`
 * wrote, or a foreign one (safetensors, PyTorch's .pth, .npz) with torchvision's names for a VGG16,
 * with or without batch norm, or a ResNet18, and no tensor more; the setting `map` gives them these
 * names. It must not be overwritten in place meanwhile. settings may be NULL. The caller frees the
 * model, after its sessions. GAD_IO, GAD_MISSING, GAD_FORMAT, GAD_MISMATCH (no net that is known:
 * why names the nearest; or supports of another), GAD_UNSUPPORTED, GAD_ARG (settings that do not go
 * together, or with the file), GAD_TOOBIG, GAD_NOMEM. */
GAD_API enum gad_error gad_model_read(struct gad_model **out, const char *path,
                                      const struct gad_settings *settings, struct gad_why *why);
GAD_API void gad_model_free(struct gad_model *model); /* NULL allowed */

/* The size that images are brought to, in pixels. */
GAD_API size_t gad_model_height(const struct gad_model *model);
GAD_API size_t gad_model_width(const struct gad_model *model);

/* Classes: outputs of the net. A class is meant by its label, 0 and up; names are the model's, and
 * NULL past the last. */
GAD_API size_t gad_model_classes(const struct gad_model *model);
GAD_API const char *gad_model_class_name(const struct gad_model *model, size_t label);

/* The label of a class by its name, or by its number as text. Otherwise GAD_ARG, *label untouched,
 * and why lists the names. */
GAD_API enum gad_error gad_model_class(const struct gad_model *model, const char *name,
                                       size_t *label, struct gad_why *why);

/* Supports of the model, and the file of one, without its folder, alphas ascending; NULL past the
 * last. */
GAD_API size_t gad_model_supports(const struct gad_model *model);
GAD_API const char *gad_model_support_name(const struct gad_model *model, size_t i);

/* What it is and how it is computed, for reports: "resnet18"; "avx2"; threads of a session. */
GAD_API const char *gad_model_architecture(const struct gad_model *model);
GAD_API const char *gad_model_cpu(const struct gad_model *model);
GAD_API int gad_model_threads(const struct gad_model *model);

/* ---- images --------------------------------------------------------------------------------- */

/* From a photo to the tensor that the net is fed: x[3][height][width] of the model's size, resized,
 * cropped and normalised as its file or the settings say. On an error x is untouched. The photo is
 *   a file          JPEG, PNG, PPM or PGM, told by its first bytes; upright by its EXIF tag;
 *   such a file     in memory, `count` bytes;
 *   RGB bytes       rgb[height][width][3] of any size, `stride` bytes from one row to the next (at
 *                   least 3 * width).
 * GAD_IO, GAD_MISSING, GAD_FORMAT, GAD_UNSUPPORTED, GAD_TOOBIG, GAD_ARG (no pixels, or too small a
 * stride), GAD_NOMEM. */
GAD_API enum gad_error gad_model_prepare_file(const struct gad_model *model, const char *path,
                                              float *x, struct gad_why *why);
GAD_API enum gad_error gad_model_prepare_bytes(const struct gad_model *model, const void *bytes,
                                               size_t count, float *x, struct gad_why *why);
GAD_API enum gad_error gad_model_prepare_rgb(const struct gad_model *model,
                                             const unsigned char *rgb, size_t height, size_t width,
                                             size_t stride, float *x, struct gad_why *why);

/* The way back: rgb[height][width][3] from x[3][height][width], to lay maps over. GAD_ARG,
 * GAD_TOOBIG, GAD_NOMEM; rgb is then untouched. */
GAD_API enum gad_error gad_model_picture(const struct gad_model *model, const float *x,
                                         size_t height, size_t width, unsigned char *rgb,
                                         struct gad_why *why);

/* ---- sessions ------------------------------------------------------------------------------- */

/* The memory to work in, and the maps of the last image that was explained. It is planned at the
 * first use and kept while images are of the same size. */
struct gad_session;

/* settings may be NULL. The model is borrowed, and must outlive the session; the caller frees it.
 * GAD_ARG, GAD_IO, GAD_MISSING, GAD_FORMAT, GAD_UNSUPPORTED, GAD_TOOBIG and GAD_SHAPE for a
 * baseline's file, GAD_NOMEM. */
GAD_API enum gad_error gad_session_new(struct gad_session **out, const struct gad_model *model,
                                       const struct gad_settings *settings, struct gad_why *why);
GAD_API void gad_session_free(struct gad_session *session); /* NULL allowed */

/* progress (NULL: nobody) is called now and then during the session's work, in the thread that
 * called for it: `done` of `total` steps, of about the same time, are finished. Where it returns
 * other than 0, the work ends with GAD_INTERRUPTED. It may not call for other work of this session
 * or free it. */
GAD_API void gad_session_watch(struct gad_session *session,
                               int (*progress)(void *context, size_t done, size_t total),
                               void *context);

/* Outputs for x[images][3][height][width], any size that the net can take (a VGG16
 * takes 32 x 32 and more): logits[images][classes], before softmax, and
 * probabilities[images][classes], behind it, the caller's storage; either may be NULL. Maps stay as
 * they are. GAD_SHAPE, GAD_TOOBIG, GAD_ARG (no image, or a number that is not finite), GAD_FORMAT
 * (an output that is not), GAD_NOMEM, GAD_INTERRUPTED; the arrays then hold nothing of use. */
GAD_API enum gad_error gad_session_predict(struct gad_session *session, const float *x,
                                           size_t images, size_t height, size_t width,
                                           float *logits, float *probabilities,
                                           struct gad_why *why);

/* Explains labels[count] in x[3][height][width] by all methods of the settings, in the original
 * and its supports, and keeps what they have in common. The results are the session's, and last
 * until the next call of this function, whether or not it succeeds. Errors as above; GAD_ARG also
 * for a label that is not there, or none; GAD_SHAPE for a baseline's file of another size. */
GAD_API enum gad_error gad_session_explain(struct gad_session *session, const float *x,
                                           size_t height, size_t width, const size_t *labels,
                                           size_t count, struct gad_why *why);

/* The methods of the settings, in their order; NULL past the last. */
GAD_API size_t gad_session_methods(const struct gad_session *session);
GAD_API const char *gad_session_method(const struct gad_session *session, size_t method);

/* What was found. net: 0 is the original, 1 and up are the supports; method: in the order of the
 * settings; nth: in the order of the labels. NULL where there is no such thing, or no result.
 *
 *   logits       [classes]           of a net
 *   attribution  [3][height][width]  of the original, as the method's paper has it, with signs
 *   map          [height][width]     the same, one number for each pixel (the setting `reduce`)
 *   gad_map      [height][width]     GAD's, what the maps of all nets have in common: zero wherever
 *                                    the original's map is, and without supports that map */
GAD_API const float *gad_session_logits(const struct gad_session *session, size_t net);
GAD_API const float *gad_session_attribution(const struct gad_session *session, size_t method,
                                             size_t nth);
GAD_API const float *gad_session_map(const struct gad_session *session, size_t net, size_t method,
                                     size_t nth);
GAD_API const float *gad_session_gad_map(const struct gad_session *session, size_t method,
                                         size_t nth);

/* What integrated gradients of the original lack of completeness: their sum minus the change of the
 * output from the baseline to x. Closer to 0 with more steps. NaN where there is no such thing. */
GAD_API double gad_session_gap(const struct gad_session *session, size_t nth);

#ifdef __cplusplus
}
#endif

#endif
