/* Which net a file's tensors are those of; and if of none, what is between them and the nearest
 * one.
 *
 *     of the file                    of a ResNet18
 *     encoder.conv1.weight           conv1.weight        the same, once "encoder." is gone
 *     encoder.fc.1.weight [5, 512]   (none)              unexpected
 *     (none)                         fc.weight [5, 512]  missing
 *     encoder.bn1.bias [32]          bn1.bias [64]       misshapen
 *
 * Near is what disagrees in the fewest tensors, the three kinds together. A tensor too many counts,
 * since a net that has one computes something else: a ResNet34 has all tensors of a ResNet18. What
 * lies beside the state_dict in a checkpoint of PyTorch's does not count. */
#ifndef DAT_LIKENESS_H
#define DAT_LIKENESS_H

#include "data/tensors.h"
#include "engine/arch.h"

enum dat_misfit_kind { DAT_MISSING, DAT_MISSHAPEN, DAT_UNEXPECTED, DAT_MISFIT_KINDS };

struct dat_misfit {
    enum dat_misfit_kind kind;
    const char *name;                         /* behind the renaming that `map` begins with */
    const struct dat_safetensors_entry *have; /* NULL: missing */
    struct eng_shape want; /* unless unexpected; a 0 stands for the number of classes, if nothing
                              tells it */
};

struct dat_likeness {
    struct eng_arch_config config; /* the net; arch is NULL if they are like none, classes 0 if
                                      nothing tells them */
    struct eng_net *net;           /* owns the names of what is missing or misshapen */
    struct dat_misfit *misfits;    /* by kind, then in the order of the net or the file */
    size_t count, counts[DAT_MISFIT_KINDS];
    char map[512];  /* rules of data/rename.h that bring them nearer, or "" */
    size_t renamed; /* how much of it stands for what all names begin with; 0: nothing */
    int mapped;     /* with the whole of it they fit */
};

/* Looks at the tensors of a file, which is borrowed for as long as *out lives. dat_likeness_check
 * says whether they fit. The caller releases it, also on an error, ENG_NOMEM. Memory is
 * in proportion to what the tensors hold. */
enum eng_err dat_likeness_init(struct dat_likeness *out, const struct dat_tensors *file,
                               struct eng_why *why);
void dat_likeness_release(struct dat_likeness *likeness); /* a zeroed one is allowed */

/* ENG_MISMATCH, and in why the nearest net, the first of what is between, and what to do; ENG_OK if
 * they fit. */
enum eng_err dat_likeness_check(const struct dat_likeness *likeness, struct eng_why *why);

/* "[64, 3, 7, 7]" of a tensor's shape, or of one that is wanted, where a 0 is "N". */
#define DAT_SHAPE_TEXT (DAT_SAFETENSORS_MAX_RANK * 24)
const char *dat_likeness_have(const struct dat_misfit *misfit, char text[DAT_SHAPE_TEXT]);
const char *dat_likeness_want(const struct dat_misfit *misfit, char text[DAT_SHAPE_TEXT]);

#endif
