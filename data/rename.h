/* Renaming tensors by pattern: how the names of a file become those of a net that is known.
 *
 *     backbone.*=*         backbone.conv1.weight   becomes   conv1.weight
 *     fc.1.*=fc.*          fc.1.bias               becomes   fc.bias
 *     block*.*=layer*.*    block4.0.bn1.bias       becomes   layer4.0.bn1.bias
 *     optimizer.*=         optimizer.state.0.step  is left out
 *
 * A rule is PATTERN=NAME. The pattern is held against the whole name; each * in it stands for any
 * bytes, dots too, or none, and for as few of them as it can, the first * before the second. The
 * name has as many *, which are what these stood for, in their order; or it has none, and stands as
 * it is. An empty one leaves the tensor out. Every other byte means itself; neither side can have a
 * "=" or a comma.
 *
 * Several rules are applied one after the other, each to what the one before left. */
#ifndef DAT_RENAME_H
#define DAT_RENAME_H

#include "engine/err.h"

#include <stddef.h>

struct dat_rename_rule; /* one of them */

/* Rules in their order; zeroed there are none. */
struct dat_rename {
    struct dat_rename_rule *rules;
    size_t count;
};

/* Adds the rules of a text, with commas between them. ENG_ARG, with nothing added, for a text that
 * is no list of rules or not UTF-8; ENG_NOMEM. */
enum eng_err dat_rename_add(struct dat_rename *rename, const char *text, struct eng_why *why);
void dat_rename_release(struct dat_rename *rename); /* zeroed again */

/* to[i] = what names[i] becomes, in new memory for the caller to free; NULL if it is left out. The
 * names are different. ENG_ARG if a pattern matches none of them, or if two would become the same
 * or one an empty text: nothing in `to` is to be freed then. ENG_NOMEM likewise. Time is at most
 * proportional to a name's length times the pattern's, for each of both. */
enum eng_err dat_rename_apply(const struct dat_rename *rename, const char *const *names,
                              size_t count, char **to, struct eng_why *why);

#endif
