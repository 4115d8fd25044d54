/* One allocation for everything a tape needs, planned before it is made.
 *
 * Each block says how large it is and from which step of the tape to which it lives. Blocks whose
 * lives do not meet may share memory:
 *
 *     bytes ^  +-------+ +-----------+
 *           |  |   b   | |     d     |      b and d never live together: one place serves both
 *           |  +-------+-+--+--------+
 *           |  |     a      |
 *           +--+------------+---------> steps
 *
 * Addresses are multiples of 64. Between commit and release nothing is allocated.
 */
#ifndef ENG_ARENA_H
#define ENG_ARENA_H

#include "engine/err.h"

#include <stddef.h>

struct eng_arena {
    struct eng_arena_block *blocks;
    size_t count, capacity, bytes;
    unsigned char *memory, *base;
    enum eng_err err; /* the first failure of add; commit reports it */
};

/* An empty arena; nothing is allocated yet. */
void eng_arena_init(struct eng_arena *arena);
void eng_arena_release(struct eng_arena *arena);

/* Plans a block of `bytes` ((size_t)-1, an overflowed product, makes commit fail) that lives from
 * step first to step last, both included. Returns its number. */
size_t eng_arena_add(struct eng_arena *arena, size_t bytes, size_t first, size_t last);

/* Places all blocks and allocates. ENG_NOMEM or ENG_TOOBIG leave an empty arena. */
enum eng_err eng_arena_commit(struct eng_arena *arena);

/* Address of a block, after commit. */
void *eng_arena_at(const struct eng_arena *arena, size_t block);

#endif
