#include "engine/arena.h"

#include "engine/pages.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

struct eng_arena_block {
    size_t bytes, first, last, offset;
};

void eng_arena_init(struct eng_arena *arena)
{
    memset(arena, 0, sizeof *arena);
}

void eng_arena_release(struct eng_arena *arena)
{
    free(arena->blocks);
    free(arena->memory);
    eng_arena_init(arena);
}

size_t eng_arena_add(struct eng_arena *arena, size_t bytes, size_t first, size_t last)
{
    if (arena->err != ENG_OK)
        return 0;
    if (bytes > SIZE_MAX / 4) {
        arena->err = ENG_TOOBIG;
        return 0;
    }
    if (arena->count == arena->capacity) {
        const size_t capacity = arena->capacity ? 2 * arena->capacity : 64;
        struct eng_arena_block *blocks = realloc(arena->blocks, capacity * sizeof *blocks);
        if (!blocks) {
            arena->err = ENG_NOMEM;
            return 0;
        }
        arena->blocks = blocks;
        arena->capacity = capacity;
    }
    const size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    arena->blocks[arena->count] = (struct eng_arena_block){rounded, first, last, 0};
    return arena->count++;
}

static int by_size(const void *pa, const void *pb)
{
    const struct eng_arena_block *a = *(struct eng_arena_block *const *)pa;
    const struct eng_arena_block *b = *(struct eng_arena_block *const *)pb;
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? 1 : -1;
    return (a > b) - (a < b); /* in the order they came, so that a plan is always the same */
}

/* The lowest offset where block fits beside the `placed` blocks that live with it. */
static size_t lowest_fit(const struct eng_arena_block *block, struct eng_arena_block *const *placed,
                         size_t count)
{
    size_t offset = 0;
    for (size_t i = 0; i < count;) {
        const struct eng_arena_block *p = placed[i];
        const int meet = p->first <= block->last && block->first <= p->last;
        if (meet && p->offset < offset + block->bytes && offset < p->offset + p->bytes) {
            offset = p->offset + p->bytes;
            i = 0; /* a higher place may collide with blocks already passed */
        } else {
            i++;
        }
    }
    return offset;
}

enum eng_err eng_arena_commit(struct eng_arena *arena)
{
    enum eng_err err = arena->err;
    struct eng_arena_block **order = NULL;
    if (err != ENG_OK)
        goto fail;
    order = malloc((arena->count ? arena->count : 1) * sizeof *order);
    if (!order) {
        err = ENG_NOMEM;
        goto fail;
    }
    for (size_t i = 0; i < arena->count; i++)
        order[i] = &arena->blocks[i];
    qsort(order, arena->count, sizeof *order, by_size);
    for (size_t i = 0; i < arena->count; i++) {
        struct eng_arena_block *b = order[i];
        b->offset = lowest_fit(b, order, i);
        if (b->offset > SIZE_MAX / 4) {
            err = ENG_TOOBIG;
            goto fail;
        }
        if (b->offset + b->bytes > arena->bytes)
            arena->bytes = b->offset + b->bytes;
    }
    arena->memory = malloc(arena->bytes + ALIGNMENT);
    if (!arena->memory) {
        err = ENG_NOMEM;
        goto fail;
    }
    eng_pages_huge(arena->memory, arena->bytes + ALIGNMENT);
    arena->base = arena->memory + (ALIGNMENT - (uintptr_t)arena->memory % ALIGNMENT);
    free(order);
    return ENG_OK;
fail:
    free(order);
    eng_arena_release(arena);
    return err;
}

void *eng_arena_at(const struct eng_arena *arena, size_t block)
{
    assert(arena->base && block < arena->count);
    return arena->base + arena->blocks[block].offset;
}
