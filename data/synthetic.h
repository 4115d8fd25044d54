/* Two endless, seeded data sets of drawn pictures, built into the library: something to train on
 * and to explain where there are no photos, and where the answer is known.
 *
 *   synthetic:cats-dogs   cat (label 0), dog (label 1): ears, muzzle, whiskers
 *   synthetic:birds       warbler (0), sparrow (1): bill, breast, wing
 *
 * Only the parts named tell the classes apart, and a mask says where they are. Coat or plumage,
 * pose, place, light and what stands in front are drawn independently of the label: scene
 * (set, seed, index) can be drawn with either label, and the two pictures agree, byte by byte,
 * wherever neither mask is set. A net that looks elsewhere looks at what cannot help it.
 */
#ifndef DAT_SYNTHETIC_H
#define DAT_SYNTHETIC_H

#include "data/image.h"

enum dat_synthetic { DAT_SYNTHETIC_CATS_DOGS, DAT_SYNTHETIC_BIRDS, DAT_SYNTHETIC_SETS };

#define DAT_SYNTHETIC_MIN_SIDE 32
#define DAT_SYNTHETIC_MAX_SIDE 512

/* "cats-dogs" or "birds", and the name of class 0 or 1; NULL if there is no such. */
const char *dat_synthetic_name(enum dat_synthetic set);
const char *dat_synthetic_class(enum dat_synthetic set, int label);

/* The set that "synthetic:NAME" names. ENG_MISSING (*set untouched) if the text does not begin
 * with "synthetic:", so that the caller may take it for a folder; ENG_ARG if NAME is none of the
 * sets. */
enum eng_err dat_synthetic_parse(enum dat_synthetic *set, const char *text, struct eng_why *why);

/* Draws scene `index` with the telling parts of class `label` (0 or 1), size x size pixels (32 to
 * 512), into *img, which the caller releases. mask [size][size], unless NULL, becomes 255 where a
 * telling part shows, however faintly (borders are antialiased), and 0 elsewhere; something in
 * front may hide all of it. The result is a pure function of the other arguments: the same bytes
 * on every machine with IEEE 754 floats. A smaller size shows the same scene.
 *
 * To make a training set, alternate the labels over different indices: both pictures of one
 * index in the same set would be near-duplicates. ENG_ARG or ENG_NOMEM leave *img empty. */
enum eng_err dat_synthetic_draw(enum dat_synthetic set, uint64_t seed, uint64_t index, int label,
                                size_t size, struct dat_image *img, uint8_t *mask);

#endif
