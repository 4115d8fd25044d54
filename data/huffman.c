/* Best code lengths under a limit, by package-merge (Larmore and Hirschberg, 1990).
 *
 * Think of a shop with a coin of each face value 1/2, 1/4, ... 2^-max for each symbol, all coins of
 * one symbol costing its weight. Buying coins of total value n - 1 at the least price gives the
 * best code: a symbol's length is the number of its coins. To shop, start with the smallest coins,
 * sorted by price; wrap them in packages of two, each as good as one coin of the next value; merge
 * the packages with that value's coins; and so on. The cheapest 2n - 2 things of the last row are
 * the answer:
 *
 *   value 1/8    a b c d e            coins
 *                [a b][c d]           packages of two; e is left over
 *   value 1/4    a b [a b] c d [c d] e
 *                [a b][ab c][d cd]    ...
 *   value 1/2    a b c [a b] d ...    the first 2n - 2 of these are bought
 *
 * Which things lie in a package need not be kept. If m things are bought of a row, among them p
 * packages, then m - p are the coins of the m - p lightest symbols, and the packages hold the
 * first 2p things of the row before.
 */
#include "data/huffman.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct leaf {
    uint32_t weight;
    uint16_t symbol;
};

static int lighter(const void *a, const void *b)
{
    const struct leaf *x = a, *y = b;

    if (x->weight != y->weight)
        return x->weight < y->weight ? -1 : 1;
    return (int)x->symbol - (int)y->symbol; /* a total order: the result is the same everywhere */
}

void dat_huffman_lengths(uint8_t *length, const uint32_t *weight, int symbols, int max)
{
    enum { MOST = DAT_HUFFMAN_MAX_SYMBOLS, ROW = 2 * MOST };
    struct leaf leaf[MOST];
    uint32_t rows[2][ROW];
    uint8_t is_package[DAT_HUFFMAN_MAX_LENGTH][ROW];
    uint32_t *row = rows[0], *before = rows[1];
    int leaves = 0, had = 0, bought;

    assert(symbols <= MOST && max <= DAT_HUFFMAN_MAX_LENGTH && symbols <= 1 << max);
    memset(length, 0, (size_t)symbols);
    for (int s = 0; s < symbols; s++)
        if (weight[s] > 0)
            leaf[leaves++] = (struct leaf){weight[s], (uint16_t)s};
    if (leaves == 0)
        return;
    if (leaves == 1) {
        length[leaf[0].symbol] = 1;
        return;
    }
    qsort(leaf, (size_t)leaves, sizeof *leaf, lighter);

    for (int k = 0; k < max; k++) {
        const int packages = had / 2;
        int l = 0, p = 0;

        while (l < leaves || p < packages) {
            const uint32_t package = p < packages ? before[2 * p] + before[2 * p + 1] : 0;
            const int take = l == leaves || (p < packages && package < leaf[l].weight);
            is_package[k][l + p] = (uint8_t)take;
            row[l + p] = take ? package : leaf[l].weight;
            p += take;
            l += !take;
        }
        had = l + p;
        uint32_t *swap = row;
        row = before;
        before = swap;
    }

    bought = 2 * leaves - 2;
    for (int k = max - 1; k >= 0; k--) {
        int packages = 0;
        for (int i = 0; i < bought; i++)
            packages += is_package[k][i];
        for (int i = 0; i < bought - packages; i++)
            length[leaf[i].symbol]++;
        bought = 2 * packages;
    }
}

void dat_huffman_codes(uint16_t *code, const uint8_t *length, int symbols)
{
    unsigned next[DAT_HUFFMAN_MAX_LENGTH + 1] = {0}, first = 0;
    unsigned count[DAT_HUFFMAN_MAX_LENGTH + 1] = {0};

    for (int s = 0; s < symbols; s++)
        count[length[s]]++;
    for (int len = 1; len <= DAT_HUFFMAN_MAX_LENGTH; len++) {
        next[len] = first;
        first = (first + count[len]) << 1;
    }
    for (int s = 0; s < symbols; s++) {
        unsigned forward = length[s] ? next[length[s]]++ : 0, backward = 0;
        for (int i = 0; i < length[s]; i++, forward >>= 1)
            backward = backward << 1 | (forward & 1);
        code[s] = (uint16_t)backward;
    }
}
