#include "data/pickle_machine.h"

#include "data/grow.h"
#include "engine/sizes.h"
#include "engine/tensor.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK ((size_t)65536)

struct dat_pickle_block {
    struct dat_pickle_block *next;
    size_t used, size;
    alignas(max_align_t) unsigned char memory[];
};

/* ---- errors --------------------------------------------------------------------------------- */

enum eng_err dat_machine_damaged(struct dat_machine *m, const char *what)
{
    return eng_fail(m->why, ENG_FORMAT, "the pickle %s at byte %zu; get the file again", what,
                    (size_t)(m->at - m->begin));
}

enum eng_err dat_machine_cut_off(struct dat_machine *m)
{
    return eng_fail(m->why, ENG_FORMAT, "the pickle is cut off; get the file again");
}

enum eng_err dat_machine_out_of_memory(struct dat_machine *m)
{
    if (m->over)
        return ENG_TOOBIG;
    return eng_fail(m->why, ENG_NOMEM,
                    "there is not enough memory for the pickle; close other programs");
}

enum eng_err dat_machine_refused(struct dat_machine *m, const char *what)
{
    return eng_fail(m->why, ENG_UNSUPPORTED,
                    "the pickle %s, which plain tensors have no need of; save a state_dict() of "
                    "plain tensors",
                    what);
}

/* ---- memory --------------------------------------------------------------------------------- */

/* Whether the budget has so many bytes more. */
static int afford(struct dat_machine *m, size_t size)
{
    m->over = m->over || dat_budget_take(m->budget, size, m->why) != ENG_OK;
    return !m->over;
}

void *dat_machine_take_memory(struct dat_machine *m, size_t size)
{
    struct dat_pickle *pickle = m->pickle;
    struct dat_pickle_block *block = pickle->blocks;
    const size_t unit = alignof(max_align_t);
    if (size > SIZE_MAX - BLOCK)
        return NULL;
    size = (size + unit - 1) / unit * unit;
    if (!block || size > block->size - block->used) {
        /* What is large has a block to itself, and leaves the one in use as it is. */
        const int alone = block && size > BLOCK / 4;
        const size_t room = alone || size > BLOCK ? size : BLOCK;
        struct dat_pickle_block *fresh = afford(m, room) ? malloc(sizeof *fresh + room) : NULL;
        if (!fresh)
            return NULL;
        fresh->used = 0;
        fresh->size = room;
        struct dat_pickle_block **place = alone ? &block->next : &pickle->blocks;
        fresh->next = *place;
        *place = fresh;
        block = fresh;
    }
    void *memory = block->memory + block->used;
    block->used += size;
    return memory;
}

/* ---- values --------------------------------------------------------------------------------- */

struct dat_pickle_value *dat_machine_new_value(struct dat_machine *m, enum dat_pickle_type type)
{
    struct dat_pickle_value *v = dat_machine_take_memory(m, sizeof *v);
    if (v)
        *v = (struct dat_pickle_value){.type = (uint8_t)type, .depth = 1, .weight = 1};
    return v;
}

enum eng_err dat_machine_push(struct dat_machine *m, struct dat_pickle_value *v)
{
    struct dat_pickle_value **stack = m->stack;
    if (m->height == m->capacity) { /* it will be twice as large */
        if (!afford(m, (m->capacity ? m->capacity : 16) * sizeof *stack))
            return dat_machine_out_of_memory(m);
        stack = dat_grow(m->stack, &m->capacity, m->height, sizeof *stack);
    }
    if (!stack)
        return dat_machine_out_of_memory(m);
    m->stack = stack;
    stack[m->height++] = v;
    return ENG_OK;
}

enum eng_err dat_machine_pop(struct dat_machine *m, struct dat_pickle_value **out)
{
    *out = NULL;
    if (m->height == 0 || !m->stack[m->height - 1])
        return dat_machine_damaged(m, "takes a value that is not there");
    *out = m->stack[--m->height];
    return ENG_OK;
}

enum eng_err dat_machine_pop_several(struct dat_machine *m, struct dat_pickle_value ***items,
                                     size_t count)
{
    *items = NULL;
    for (size_t i = 0; i < count; i++)
        if (m->height <= i || !m->stack[m->height - 1 - i])
            return dat_machine_damaged(m, "takes a value that is not there");
    m->height -= count;
    *items = m->stack + m->height;
    return ENG_OK;
}

enum eng_err dat_machine_pop_mark(struct dat_machine *m, struct dat_pickle_value ***items,
                                  size_t *count)
{
    size_t at = m->height;
    *items = NULL;
    *count = 0;
    while (at > 0 && m->stack[at - 1])
        at--;
    if (at == 0)
        return dat_machine_damaged(m, "goes back to a mark that is not there");
    *items = m->stack + at;
    *count = m->height - at;
    m->height = at - 1;
    return ENG_OK;
}

/* Notes that part is inside of whole. Refuses what would make the tree too deep or too large. */
static enum eng_err adopt(struct dat_machine *m, struct dat_pickle_value *whole,
                          struct dat_pickle_value *part)
{
    if (whole->inside || whole == part)
        return dat_machine_refused(m, "adds to what is already part of something");
    if (part->depth >= DAT_PICKLE_MAX_DEPTH)
        return eng_fail(m->why, ENG_TOOBIG,
                        "the pickle is nested more than %d deep; save a state_dict() instead",
                        DAT_PICKLE_MAX_DEPTH);
    const size_t spare = 1024, read = (size_t)(m->at - m->begin);
    const size_t most = eng_min(eng_product(DAT_PICKLE_MAX_SHARED, read), SIZE_MAX - spare) + spare;
    if (part->weight > most - whole->weight)
        return eng_fail(m->why, ENG_TOOBIG,
                        "the pickle uses its parts so often that it stands for far more than it "
                        "holds; it is no file of PyTorch's, get another");
    part->inside = 1;
    whole->weight += part->weight;
    if (whole->depth <= part->depth)
        whole->depth = (uint8_t)(part->depth + 1);
    return ENG_OK;
}

/* Fills a new value with items, which it copies. */
static enum eng_err set_items(struct dat_machine *m, struct dat_pickle_value *v,
                              struct dat_pickle_value **items, size_t count)
{
    if (count == 0)
        return ENG_OK;
    v->of.items = dat_machine_take_memory(m, count * sizeof *items);
    if (!v->of.items)
        return dat_machine_out_of_memory(m);
    for (size_t i = 0; i < count; i++) {
        ENG_TRY(adopt(m, v, items[i]));
        v->of.items[i] = items[i];
    }
    v->count = v->more.capacity = count; /* a frozen set may be added to: it is a set here */
    return ENG_OK;
}

enum eng_err dat_machine_push_items(struct dat_machine *m, enum dat_pickle_type type,
                                    struct dat_pickle_value **items, size_t count)
{
    struct dat_pickle_value *v = dat_machine_new_value(m, type);
    if (!v)
        return dat_machine_out_of_memory(m);
    ENG_TRY(set_items(m, v, items, count));
    return dat_machine_push(m, v);
}

enum eng_err dat_machine_add_items(struct dat_machine *m, struct dat_pickle_value *v,
                                   struct dat_pickle_value **items, size_t count)
{
    const size_t room = v->more.capacity;
    if (count > room - v->count) {
        const size_t least = v->count + count, twice = room < 2 ? 4 : 2 * room;
        struct dat_pickle_value **larger;
        v->more.capacity = least > twice ? least : twice;
        larger = dat_machine_take_memory(m, v->more.capacity * sizeof *larger);
        if (!larger)
            return dat_machine_out_of_memory(m);
        if (v->count)
            memcpy(larger, v->of.items, v->count * sizeof *larger);
        v->of.items = larger;
    }
    for (size_t i = 0; i < count; i++) {
        ENG_TRY(adopt(m, v, items[i]));
        v->of.items[v->count++] = items[i];
    }
    return ENG_OK;
}

/* ---- operands ------------------------------------------------------------------------------- */

const uint8_t *dat_machine_take(struct dat_machine *m, uint64_t count)
{
    const uint8_t *bytes = m->at;
    if (count > (uint64_t)(m->end - m->at))
        return NULL;
    m->at += count;
    return bytes;
}

enum eng_err dat_machine_take_number(struct dat_machine *m, int width, uint64_t *value)
{
    const uint8_t *p = dat_machine_take(m, (uint64_t)width);
    *value = 0;
    if (!p)
        return dat_machine_cut_off(m);
    for (int i = width - 1; i >= 0; i--)
        *value = *value << 8 | p[i];
    return ENG_OK;
}

enum eng_err dat_machine_take_line(struct dat_machine *m, const char **line, size_t *count)
{
    const uint8_t *end = m->at < m->end ? memchr(m->at, '\n', (size_t)(m->end - m->at)) : NULL;
    *line = NULL;
    *count = 0;
    if (!end)
        return dat_machine_cut_off(m);
    *line = (const char *)m->at;
    *count = (size_t)(end - m->at);
    m->at = end + 1;
    return ENG_OK;
}

/* ---- memo ----------------------------------------------------------------------------------- */

enum eng_err dat_machine_keep(struct dat_machine *m, uint64_t index)
{
    if (m->height == 0 || !m->stack[m->height - 1])
        return dat_machine_damaged(m, "keeps a value that is not there");
    if (index >= (uint64_t)(m->at - m->begin))
        return dat_machine_damaged(m, "counts what it keeps too high");
    if (index >= m->memo_room) {
        const size_t room = 2 * (size_t)index + 16, more = (room - m->memo_room) * sizeof *m->memo;
        struct dat_pickle_value **memo = afford(m, more) ? realloc(m->memo, room * sizeof *memo)
                                                         : NULL;
        if (!memo)
            return dat_machine_out_of_memory(m);
        memset(memo + m->memo_room, 0, (room - m->memo_room) * sizeof *memo);
        m->memo = memo;
        m->memo_room = room;
    }
    m->memo_count += !m->memo[index];
    m->memo[index] = m->stack[m->height - 1];
    return ENG_OK;
}

enum eng_err dat_machine_push_kept(struct dat_machine *m, uint64_t index)
{
    if (index >= m->memo_room || !m->memo[index])
        return dat_machine_damaged(m, "uses what it has not kept");
    return dat_machine_push(m, m->memo[index]);
}

/* ---- its life ------------------------------------------------------------------------------- */

void dat_machine_release(struct dat_machine *m)
{
    dat_budget_give(m->budget, m->capacity * sizeof *m->stack + m->memo_room * sizeof *m->memo);
    free(m->stack);
    free(m->memo);
}

void dat_pickle_free(struct dat_pickle *pickle)
{
    if (!pickle)
        return;
    for (struct dat_pickle_block *block = pickle->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(pickle);
}
