/* Python pickles, read as data.
 *
 * A pickle is a program for a small stack machine, and for Python's own one it may call any
 * function there is. This one knows no functions. It builds numbers, texts and containers; names
 * it takes only from a list of the caller's; and a "call" of one is a value that holds the name and
 * the arguments, for the caller to make sense of:
 *
 *     torch._utils._rebuild_tensor_v2(storage, 0, (2, 3), (3, 1), False, OrderedDict())
 *
 * Everything else, opcode or name, is refused and named. So a pickle can never run code.
 *
 *     ENG_TRY(dat_pickle_decode(&pickle, bytes, count, NULL, globals, GLOBALS, why));
 *     const struct dat_pickle_value *epoch = dat_pickle_member(dat_pickle_root(pickle), "epoch");
 *
 * Read are the opcodes of protocols 1 to 5 that containers, numbers and tensors are written with.
 * A value may be part of several others, but of none that it contains itself: what is in another is
 * complete, and adding to it later is refused. So to walk a pickle is to walk a tree, of at most
 * DAT_PICKLE_MAX_DEPTH levels and of no more values than stated below, shared ones counted every
 * time: whoever walks need not count. */
#ifndef DAT_PICKLE_H
#define DAT_PICKLE_H

#include "data/budget.h"

#include <stddef.h>
#include <stdint.h>

#define DAT_PICKLE_MULTIPLE   128 /* bytes of memory for each byte, at the most, and 68 KiB more */
#define DAT_PICKLE_MAX_DEPTH  100
#define DAT_PICKLE_MAX_SHARED 16 /* values in the tree for each byte, and 1024 more */

enum dat_pickle_type {
    DAT_PICKLE_NONE,
    DAT_PICKLE_BOOL,
    DAT_PICKLE_INT,
    DAT_PICKLE_LONG, /* an integer that was written in more than 64 bits */
    DAT_PICKLE_FLOAT,
    DAT_PICKLE_STRING,
    DAT_PICKLE_BYTES,
    DAT_PICKLE_TUPLE,
    DAT_PICKLE_LIST,
    DAT_PICKLE_SET,
    DAT_PICKLE_DICT, /* also a collections.OrderedDict */
    DAT_PICKLE_GLOBAL,
    DAT_PICKLE_CALL,
    DAT_PICKLE_PERSISTENT, /* stands for something that is kept outside of the pickle */
    DAT_PICKLE_ABSENT,     /* what a NULL value is */
};

enum dat_pickle_use {
    DAT_PICKLE_NAMED,  /* as a value */
    DAT_PICKLE_CALLED, /* and called, with arguments */
    DAT_PICKLE_MADE    /* and made an object of, also one with a state, which is dropped */
};

/* A name that a pickle may use, and for what. */
struct dat_pickle_global {
    const char *module, *name;
    enum dat_pickle_use use;
};

struct dat_pickle;       /* one pickle; owns all of its values */
struct dat_pickle_value; /* one value in it */

/* Reads the pickle that bytes[count] begin with; *used (NULL: it must end with them) is its length.
 * Names are taken from globals, which must live as long as *out; collections.OrderedDict is always
 * known. Takes at most DAT_PICKLE_MULTIPLE. The caller frees *out with dat_pickle_free; on error it
 * is NULL. ENG_UNSUPPORTED for opcodes and names that are refused, ENG_TOOBIG for what is nested
 * too deeply or shared too often, ENG_FORMAT for what no pickle is, ENG_NOMEM. */
enum eng_err dat_pickle_decode(struct dat_pickle **out, const uint8_t *bytes, size_t count,
                               size_t *used, const struct dat_pickle_global *globals,
                               size_t global_count, struct dat_budget *budget, struct eng_why *why);
void dat_pickle_free(struct dat_pickle *pickle); /* NULL allowed */

const struct dat_pickle_value *dat_pickle_root(const struct dat_pickle *pickle);

/* All of the following take NULL for a value that is not there, so that lookups can be chained and
 * only the last result checked. What they return lives as long as the pickle. */

enum dat_pickle_type dat_pickle_type(const struct dat_pickle_value *value);

/* Elements of a tuple, list or set, pairs of a dictionary, arguments of a call; 1 for a persistent
 * value, which is its id; 0 for anything else. */
size_t dat_pickle_count(const struct dat_pickle_value *value);

/* Number `index` of these (of a dictionary the value), and the key that belongs to it (NULL if the
 * value is no dictionary). NULL if there are fewer. */
const struct dat_pickle_value *dat_pickle_at(const struct dat_pickle_value *value, size_t index);
const struct dat_pickle_value *dat_pickle_key(const struct dat_pickle_value *value, size_t index);

/* The value that a dictionary has for a string, or NULL. */
const struct dat_pickle_value *dat_pickle_member(const struct dat_pickle_value *value,
                                                 const char *key);

/* The row of the caller's list that a global is, or that is called; NULL for anything else, and for
 * OrderedDict. */
const struct dat_pickle_global *dat_pickle_named(const struct dat_pickle_value *value);

/* A string's text, or NULL if the value is none or the text has a NUL within. Any bytes: UTF-8 is
 * the rule, but Python lets others by. */
const char *dat_pickle_string(const struct dat_pickle_value *value);

/* The *count bytes of a string, of bytes or of a long (little-endian, two's complement), or NULL.
 */
const uint8_t *dat_pickle_bytes(const struct dat_pickle_value *value, size_t *count);

/* These return 1 and set *out, or return 0 and leave it if the value is of another type. */
int dat_pickle_int(const struct dat_pickle_value *value, int64_t *out);
int dat_pickle_float(const struct dat_pickle_value *value, double *out);
int dat_pickle_bool(const struct dat_pickle_value *value, int *out);

#endif
