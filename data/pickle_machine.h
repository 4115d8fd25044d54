/* The stack machine that pickles run on, for pickle.c, which knows the opcodes.
 *
 * The machine has a stack, on which opcodes put values and take them from, and a memo, where a
 * value is kept under a number to be used again. A mark on the stack says where the elements of a
 * container begin:
 *
 *     ( K\1 K\2 K\3 t      stack: mark 1 2 3  ->  (1, 2, 3)
 *
 * All memory comes out of the budget. Where a function fails, why has the sentence.
 */
#ifndef DAT_PICKLE_MACHINE_H
#define DAT_PICKLE_MACHINE_H

#include "data/pickle_value.h"

struct dat_pickle {
    struct dat_pickle_block *blocks; /* of memory; the first is the one that is being filled */
    struct dat_pickle_value *root;
};

struct dat_machine {
    struct dat_pickle *pickle;
    const uint8_t *begin, *at, *end;
    struct dat_pickle_value **stack; /* NULL is a mark */
    size_t height, capacity;
    struct dat_pickle_value **memo; /* NULL where nothing was put */
    size_t memo_room, memo_count;
    const struct dat_pickle_global *globals;
    size_t global_count;
    struct dat_budget *budget;
    int over; /* the budget: why says so already */
    struct eng_why *why;
};

/* Frees the stack and the memo; the values stay, they are the pickle's. */
void dat_machine_release(struct dat_machine *m);

/* ---- errors --------------------------------------------------------------------------------- */

enum eng_err dat_machine_damaged(struct dat_machine *m, const char *what);
enum eng_err dat_machine_cut_off(struct dat_machine *m);
enum eng_err dat_machine_out_of_memory(struct dat_machine *m);
enum eng_err dat_machine_refused(struct dat_machine *m, const char *what);

/* ---- values --------------------------------------------------------------------------------- */

/* Memory, and a value, that live as long as the pickle; NULL if there is no memory. */
void *dat_machine_take_memory(struct dat_machine *m, size_t size);
struct dat_pickle_value *dat_machine_new_value(struct dat_machine *m, enum dat_pickle_type type);

/* Adds copies of items to a list, set or dictionary. */
enum eng_err dat_machine_add_items(struct dat_machine *m, struct dat_pickle_value *v,
                                   struct dat_pickle_value **items, size_t count);

/* ---- stack ---------------------------------------------------------------------------------- */

enum eng_err dat_machine_push(struct dat_machine *m, struct dat_pickle_value *v);

/* A new value of a type, with these items. */
enum eng_err dat_machine_push_items(struct dat_machine *m, enum dat_pickle_type type,
                                    struct dat_pickle_value **items, size_t count);

/* Takes the uppermost value, which must not be a mark. */
enum eng_err dat_machine_pop(struct dat_machine *m, struct dat_pickle_value **out);

/* The uppermost `count` values, none of them a mark. They are popped, but stay where they are until
 * something is pushed. */
enum eng_err dat_machine_pop_several(struct dat_machine *m, struct dat_pickle_value ***items,
                                     size_t count);

/* The values above the uppermost mark: *items and *count of them, popped likewise, with the mark.
 */
enum eng_err dat_machine_pop_mark(struct dat_machine *m, struct dat_pickle_value ***items,
                                  size_t *count);

/* ---- memo ----------------------------------------------------------------------------------- */

/* Keeps the uppermost value under a number. It must be below that of the bytes so far, so that it
 * cannot ask for more memory than it deserves. */
enum eng_err dat_machine_keep(struct dat_machine *m, uint64_t index);

enum eng_err dat_machine_push_kept(struct dat_machine *m, uint64_t index);

/* ---- operands ------------------------------------------------------------------------------- */

/* Takes the next count bytes of the pickle; NULL if there are fewer. */
const uint8_t *dat_machine_take(struct dat_machine *m, uint64_t count);

/* Takes a little-endian number of `width` bytes. */
enum eng_err dat_machine_take_number(struct dat_machine *m, int width, uint64_t *value);

/* Takes a line, without its end. */
enum eng_err dat_machine_take_line(struct dat_machine *m, const char **line, size_t *count);

#endif
