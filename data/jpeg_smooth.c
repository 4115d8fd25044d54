/* A progressive file that stops early leaves blocks of one colour each. T.81, K.8, suggests to
 * estimate their low frequencies from the means of the neighbours; libjpeg-turbo does so with a
 * window of 5 x 5 blocks, and since its output is our reference, so do we:
 *
 *     means  12 12 14 18 20        coefficient 0 1 (a ramp from left to right)
 *            12 12[14]18 20   -->  = sum of mean * kernel / 256 * quant00 / quant01
 *            12 12 14 18 20
 *
 * The estimate keeps out of what is known: a coefficient that is not zero stays, and where the
 * file has given all bits but the lowest n, the estimate stays below 2^n.
 *
 * The kernels come in two families. Where nothing but means is known, ten of them form a smooth
 * surface, and the mean itself is smoothed. Where some frequencies are known, five careful ones
 * act. The kernel of a frequency v u is the transpose of that of u v.
 */
#include "data/jpeg_smooth.h"

#include <string.h>

enum { REACH = 2, SIDE = 2 * REACH + 1 };

struct kernel {
    int16_t weights[SIDE][SIDE];
};

static const struct kernel surface_00 = {{
    {-2, -6, -8, -6, -2},
    {-6, 6, 42, 6, -6},
    {-8, 42, 152, 42, -8},
    {-6, 6, 42, 6, -6},
    {-2, -6, -8, -6, -2},
}};
static const struct kernel surface_01 = {{
    {-1, -1, 0, 1, 1},
    {-3, 13, 0, -13, 3},
    {-3, 38, 0, -38, 3},
    {-3, 13, 0, -13, 3},
    {-1, -1, 0, 1, 1},
}};
static const struct kernel surface_02 = {{
    {0, 0, 0, 0, 0},
    {0, 2, -5, 2, 0},
    {1, 7, -14, 7, 1},
    {0, 2, -5, 2, 0},
    {0, 0, 0, 0, 0},
}};
static const struct kernel surface_03 = {{
    {0, 0, 0, 0, 0},
    {0, 1, 0, -1, 0},
    {0, 2, 0, -2, 0},
    {0, 1, 0, -1, 0},
    {0, 0, 0, 0, 0},
}};
static const struct kernel surface_11 = {{
    {-1, 0, 0, 0, 1},
    {0, 9, 0, -9, 0},
    {0, 0, 0, 0, 0},
    {0, -9, 0, 9, 0},
    {1, 0, 0, 0, -1},
}};
static const struct kernel surface_12 = {{
    {0, 0, 0, 0, 0},
    {0, 1, -3, 1, 0},
    {0, 0, 0, 0, 0},
    {0, -1, 3, -1, 0},
    {0, 0, 0, 0, 0},
}};

static const struct kernel careful_01 = {{
    {0, 0, 0, 0, 0},
    {0, 0, 0, 0, 0},
    {-7, 50, 0, -50, 7},
    {0, 0, 0, 0, 0},
    {0, 0, 0, 0, 0},
}};
static const struct kernel careful_02 = {{
    {0, 0, 0, 0, 0},
    {0, 0, 0, 0, 0},
    {-1, 13, -24, 13, -1},
    {0, 0, 0, 0, 0},
    {0, 0, 0, 0, 0},
}};
static const struct kernel careful_11 = {{
    {0, -1, 0, 1, 0},
    {-1, 10, 0, -10, 1},
    {0, 0, 0, 0, 0},
    {1, -10, 0, 10, -1},
    {0, 1, 0, -1, 0},
}};

/* Frequencies that can be estimated, in zigzag order from 1 on. */
enum { LAST = 9 };
static const struct rule {
    const struct kernel *surface, *careful; /* careful may be NULL: leave it alone */
    int transposed;
} rules[LAST + 1] = {
    {&surface_00, NULL, 0},        {&surface_01, &careful_01, 0}, {&surface_01, &careful_01, 1},
    {&surface_02, &careful_02, 1}, {&surface_11, &careful_11, 0}, {&surface_02, &careful_02, 0},
    {&surface_03, NULL, 0},        {&surface_12, NULL, 0},        {&surface_12, NULL, 1},
    {&surface_03, NULL, 1},
};

int dat_jpeg_smooth_helps(const struct dat_jpeg_frame *f)
{
    int useful = 0;
    for (int i = 0; i < f->count; i++) {
        const struct dat_jpeg_component *c = &f->components[i];
        if (c->missing[0] < 0)
            return 0;
        for (int k = 0; k <= LAST; k++) {
            if (!c->quant[dat_jpeg_zigzag[k]])
                return 0; /* the estimates divide by them */
            if (k > 0 && c->missing[k] != 0)
                useful = 1;
        }
    }
    return useful;
}

/* Where the window of block (x, y) takes its means from. Beyond an edge the last row or column
 * repeats. Two oddities are libjpeg-turbo's: beside the first and last row of MCUs the outer rows
 * of the window collapse onto the inner ones, and a picture of two columns repeats the first. */
static void find_neighbours(size_t columns[SIDE], size_t rows[SIDE],
                            const struct dat_jpeg_component *c, size_t x, size_t y)
{
    for (size_t i = 0; i < SIDE; i++) {
        const size_t column = x + i < REACH ? 0 : x + i - REACH;
        columns[i] = column < c->blocks_x ? column : c->blocks_x == 2 ? 0 : c->blocks_x - 1;
    }
    const size_t v = (size_t)c->v, mcu = y / v, mcus = c->rows / v, inner = y % v;
    rows[2] = y;
    rows[1] = y > 0 ? y - 1 : y;
    rows[0] = mcu > 1 || inner > 1 ? y - 2 : rows[1];
    rows[3] = y + 1 < c->blocks_y ? y + 1 : y;
    rows[4] = mcu + 2 < mcus || (inner + 2 < v && y + 2 < c->blocks_y) ? y + 2 : rows[3];
}

/* The estimate of one coefficient, before quantisation turned it into 1 of `quant`. */
static int estimate(const int16_t means[SIDE][SIDE], const struct kernel *kernel, int transposed,
                    uint16_t quant_mean, uint16_t quant, int missing)
{
    int64_t sum = 0;
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            sum += means[i][j] * (transposed ? kernel->weights[j][i] : kernel->weights[i][j]);
    sum *= quant_mean;
    /* Rounded to the nearest, away from zero. */
    int64_t size = (128 * (int64_t)quant + (sum < 0 ? -sum : sum)) / (256 * (int64_t)quant);
    if (missing > 0 && size >= 1 << missing)
        size = (1 << missing) - 1;
    return (int)(sum < 0 ? -size : size);
}

void dat_jpeg_smooth_block(int16_t out[64], const struct dat_jpeg_component *c, size_t x, size_t y)
{
    size_t columns[SIDE], rows[SIDE];
    int16_t means[SIDE][SIDE];
    find_neighbours(columns, rows, c, x, y);
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            means[i][j] = c->coefs[64 * (rows[i] * c->stride + columns[j])];

    int only_means = 1;
    for (int k = 1; k <= LAST; k++)
        only_means &= c->missing[k] < 0;

    memcpy(out, c->coefs + 64 * (y * c->stride + x), 64 * sizeof *out);
    for (int k = only_means ? 0 : 1; k <= LAST; k++) {
        const struct rule *rule = &rules[k];
        const struct kernel *kernel = only_means ? rule->surface : rule->careful;
        const int at = dat_jpeg_zigzag[k];
        if (!kernel || (k > 0 && (c->missing[k] == 0 || out[at] != 0)))
            continue;
        out[at] = (int16_t)estimate(means, kernel, rule->transposed, c->quant[0], c->quant[at],
                                    k > 0 ? c->missing[k] : 0);
    }
}
