/* The arena's plans: blocks that live together never share a byte, whatever the plan; sizes that
 * overflow and memory that is not there are errors, not surprises. */
#include "engine/arena.h"
#include "engine/rng.h"
#include "tests/tap.h"

#include <stdint.h>

enum { BLOCKS = 60, STEPS = 30 };

struct block {
    size_t bytes, first, last;
};

static struct eng_rng rng;

static int meet(const struct block *a, const struct block *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static size_t rounded(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* The most bytes that live at one step: no plan can do with less. */
static size_t most_alive(const struct block *blocks, size_t count)
{
    size_t most = 0;
    for (size_t step = 0; step <= STEPS; step++) {
        size_t sum = 0;
        for (size_t i = 0; i < count; i++)
            if (blocks[i].first <= step && step <= blocks[i].last)
                sum += rounded(blocks[i].bytes);
        most = sum > most ? sum : most;
    }
    return most;
}

static void test_random_plans(void)
{
    size_t overlaps = 0, crooked = 0, outside = 0, numbers = 0, wasteful = 0, sum_bytes = 0;
    size_t sum_least = 0;
    int failed = 0;
    for (int plan = 0; plan < 300; plan++) {
        struct block blocks[BLOCKS];
        struct eng_arena arena;
        const size_t count = 1 + eng_rng_below(&rng, BLOCKS);
        size_t total = 0;
        eng_arena_init(&arena);
        for (size_t i = 0; i < count; i++) {
            struct block *b = &blocks[i];
            b->bytes = eng_rng_below(&rng, 8) ? eng_rng_below(&rng, 3000) : 0;
            b->first = eng_rng_below(&rng, STEPS);
            b->last = b->first + eng_rng_below(&rng, STEPS - b->first + 1);
            total += rounded(b->bytes);
            numbers += eng_arena_add(&arena, b->bytes, b->first, b->last) != i;
        }
        if (eng_arena_commit(&arena) != ENG_OK) {
            failed++;
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            unsigned char *p = eng_arena_at(&arena, i);
            crooked += (uintptr_t)p % 64 != 0;
            outside += p < arena.base || p + blocks[i].bytes > arena.base + arena.bytes;
            memset(p, 1, blocks[i].bytes); /* under a sanitizer, the allocation holds it */
            for (size_t j = 0; j < i; j++) {
                const unsigned char *q = eng_arena_at(&arena, j);
                overlaps += meet(&blocks[i], &blocks[j]) && p < q + blocks[j].bytes &&
                            q < p + blocks[i].bytes;
            }
        }
        const size_t least = most_alive(blocks, count);
        wasteful += arena.bytes > total || arena.bytes < least;
        sum_bytes += arena.bytes;
        sum_least += least;
        eng_arena_release(&arena);
    }
    CHECK(!failed && !numbers, "300 random plans are placed, blocks numbered in order");
    CHECK(!overlaps, "no two blocks that live together overlap");
    CHECK(!crooked && !outside, "all lie on cache lines, within the allocation");
    CHECK(!wasteful, "no plan takes more than its blocks side by side");
    CHECK((double)sum_bytes < 1.25 * (double)sum_least,
          "memory is shared: %.2f times the least there can be",
          (double)sum_bytes / (double)sum_least);
}

static void test_sharing(void)
{
    struct eng_arena arena;
    eng_arena_init(&arena);
    const size_t a = eng_arena_add(&arena, 1000, 0, 4), b = eng_arena_add(&arena, 1000, 5, 9);
    const size_t c = eng_arena_add(&arena, 1000, 4, 5);
    CHECK(eng_arena_commit(&arena) == ENG_OK && eng_arena_at(&arena, a) == eng_arena_at(&arena, b),
          "lives that do not meet share a place");
    CHECK(eng_arena_at(&arena, c) != eng_arena_at(&arena, a) && arena.bytes == 2048,
          "the last step of one is not free for the first of another");
    eng_arena_release(&arena);
    eng_arena_release(&arena);
    CHECK(!arena.memory && !arena.blocks, "releasing twice is no harm");
    CHECK(eng_arena_commit(&arena) == ENG_OK, "a plan of nothing");
    eng_arena_release(&arena);
}

static void test_limits(void)
{
    static const size_t sizes[][2] = {
        {SIZE_MAX, 0}, {SIZE_MAX / 4 + 1, 0}, {SIZE_MAX / 4, SIZE_MAX / 4}, {SIZE_MAX / 4, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct eng_arena arena;
        eng_arena_init(&arena);
        eng_arena_add(&arena, 100, 0, 1);
        for (size_t k = 0; k < 8; k++)
            eng_arena_add(&arena, sizes[i][k % 2], 0, 1);
        eng_arena_add(&arena, 100, 0, 1);
        const enum eng_err err = eng_arena_commit(&arena);
        CHECK((err == ENG_TOOBIG || (err == ENG_NOMEM && i > 1)) && !arena.memory && !arena.blocks,
              "blocks of %zx and %zx bytes: %s", sizes[i][0], sizes[i][1], eng_err_text(err));
        eng_arena_add(&arena, 100, 0, 1);
        CHECK(eng_arena_commit(&arena) == ENG_OK, "and the arena can be used again");
        eng_arena_release(&arena);
    }
    struct eng_arena arena;
    eng_arena_init(&arena);
    arena.err = ENG_NOMEM; /* as of an earlier block */
    eng_arena_add(&arena, SIZE_MAX, 0, 1);
    CHECK(eng_arena_commit(&arena) == ENG_NOMEM, "the first failure is the one that is told");
}

int main(void)
{
    eng_rng_init(&rng, 3, 0);
    test_random_plans();
    test_sharing();
    test_limits();
    return tap_done();
}
