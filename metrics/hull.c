#include "metrics/hull.h"

#include "engine/choice.h"

#include <stdlib.h>

#define NAME(id, name) name,
static const char *const kind_names[] = {MET_HULL_KINDS(NAME)};
#undef NAME

const char *met_hull_kind_name(enum met_hull_kind kind)
{
    return eng_choice_name((int)kind, kind_names, sizeof kind_names / sizeof *kind_names);
}

ENG_CHOICE(met_area, met_area, MET_AREAS, "area")

/* Twice the signed area of the triangle a b c; 0 when they are on one line. */
static int64_t cross(struct met_point a, struct met_point b, struct met_point c)
{
    return ((int64_t)b.x - a.x) * ((int64_t)c.y - a.y) -
           ((int64_t)b.y - a.y) * ((int64_t)c.x - a.x);
}

static int by_row(const void *left, const void *right)
{
    const struct met_point *a = left, *b = right;
    if (a->y != b->y)
        return a->y < b->y ? -1 : 1;
    return (a->x > b->x) - (a->x < b->x);
}

/* Adds p to the chain that starts at chain[start], dropping what no longer turns the right way. */
static size_t push(struct met_point *chain, size_t start, size_t used, struct met_point p)
{
    while (used >= start + 2 && cross(chain[used - 2], chain[used - 1], p) <= 0)
        used--;
    chain[used] = p;
    return used + 1;
}

/* Andrew's monotone chain over points that are sorted by row, then column, and distinct:
 *
 *      first          down along one side, then up along the other; a corner that would make the
 *     /     \         chain turn the wrong way (or not at all) is dropped, so each point is
 *     \      |        pushed and popped once per pass. The second pass starts on the last point
 *       last          of the first and ends on `first`, which is already there. */
static enum eng_err chain_hull(struct met_hull *hull, const struct met_point *sorted, size_t count)
{
    *hull = (struct met_hull){.kind = MET_HULL_EMPTY};
    if (count == 0)
        return ENG_OK;

    struct met_point *chain = malloc((count + 1) * sizeof *chain);
    if (!chain)
        return ENG_NOMEM;
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        used = push(chain, 0, used, sorted[i]);
    const size_t turn = used - 1;
    for (size_t i = count - 1; i-- > 0;)
        used = push(chain, turn, used, sorted[i]);
    if (count > 1)
        used--;

    hull->kind = used == 1 ? MET_HULL_POINT : used == 2 ? MET_HULL_SEGMENT : MET_HULL_POLYGON;
    hull->count = used;
    hull->at = chain;
    return ENG_OK;
}

static bool in_range(struct met_point p)
{
    return p.x >= -MET_POINT_MAX && p.x <= MET_POINT_MAX && p.y >= -MET_POINT_MAX &&
           p.y <= MET_POINT_MAX;
}

enum eng_err met_hull_of_points(struct met_hull *hull, const struct met_point *points, size_t count)
{
    *hull = (struct met_hull){.kind = MET_HULL_EMPTY};
    if (count == 0)
        return ENG_OK;
    if (count >= SIZE_MAX / sizeof *points)
        return ENG_TOOBIG;
    for (size_t i = 0; i < count; i++)
        if (!in_range(points[i]))
            return ENG_ARG;

    struct met_point *sorted = malloc(count * sizeof *sorted);
    if (!sorted)
        return ENG_NOMEM;
    for (size_t i = 0; i < count; i++)
        sorted[i] = points[i];
    qsort(sorted, count, sizeof *sorted, by_row);
    size_t distinct = 1;
    for (size_t i = 1; i < count; i++)
        if (by_row(&sorted[distinct - 1], &sorted[i]) != 0)
            sorted[distinct++] = sorted[i];
    const enum eng_err err = chain_hull(hull, sorted, distinct);
    free(sorted);
    return err;
}

/* Only the leftmost and the rightmost pixel of a row can be corners: every other pixel of the row
 * lies on the line between those two. So 2 * height points do, and they come out sorted. */
enum eng_err met_hull_of_mask(struct met_hull *hull, const struct met_mask *mask)
{
    *hull = (struct met_hull){.kind = MET_HULL_EMPTY};
    struct met_point *ends = malloc(2 * mask->height * sizeof *ends);
    if (!ends)
        return ENG_NOMEM;
    size_t count = 0;
    for (size_t y = 0; y < mask->height; y++) {
        const int8_t *row = mask->at + y * mask->width;
        size_t left = 0, right = mask->width;
        while (left < right && row[left] <= 0)
            left++;
        if (left == right)
            continue;
        while (row[right - 1] <= 0)
            right--;
        ends[count++] = (struct met_point){(int32_t)left, (int32_t)y};
        if (right - 1 > left)
            ends[count++] = (struct met_point){(int32_t)(right - 1), (int32_t)y};
    }
    const enum eng_err err = chain_hull(hull, ends, count);
    free(ends);
    return err;
}

void met_hull_release(struct met_hull *hull)
{
    free(hull->at);
    *hull = (struct met_hull){.kind = MET_HULL_EMPTY};
}

struct box {
    int64_t left, top, right, bottom;
};

static struct box bounds(const struct met_hull *hull)
{
    struct box b = {hull->at[0].x, hull->at[0].y, hull->at[0].x, hull->at[0].y};
    for (size_t i = 1; i < hull->count; i++) {
        const struct met_point p = hull->at[i];
        b.left = p.x < b.left ? p.x : b.left;
        b.right = p.x > b.right ? p.x : b.right;
        b.top = p.y < b.top ? p.y : b.top;
        b.bottom = p.y > b.bottom ? p.y : b.bottom;
    }
    return b;
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

double met_hull_area(const struct met_hull *hull, enum met_area area)
{
    if (hull->kind == MET_HULL_EMPTY)
        return 0.0;

    /* A fan of triangles from the first corner, and the grid points on every edge. A segment is
     * walked there and back, a point nowhere: both give what the formulas want. */
    int64_t twice = 0, boundary = 0;
    for (size_t i = 0; i < hull->count; i++) {
        const struct met_point a = hull->at[i], b = hull->at[(i + 1) % hull->count];
        twice += cross(hull->at[0], a, b);
        boundary += gcd(llabs((int64_t)b.x - a.x), llabs((int64_t)b.y - a.y));
    }
    const struct box b = bounds(hull);
    switch (area) {
    case MET_AREA_CENTRES:
        break;
    case MET_AREA_SQUARES:
        twice += 2 * ((b.right - b.left) + (b.bottom - b.top) + 1);
        break;
    case MET_AREA_PIXELS:
        twice += boundary + 2;
        break;
    }
    return (double)twice / 2.0;
}

/* Quotient rounded down, for any sign of a; b > 0. */
static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* The pixels of one row that the hull covers: first and last column. */
struct run {
    int64_t first, last;
};

static void widen(struct run *run, int64_t first, int64_t last)
{
    run->first = first < run->first ? first : run->first;
    run->last = last > run->last ? last : run->last;
}

/* In each row that the edge a-b meets, at some x: the first covered pixel is no further left than
 * ceil(x) of the left edge, the last no further right than floor(x) of the right one. ceil is
 * monotone, so the left edge's is the smaller of both edges' without asking which edge is left. */
static void trace_edge(struct run *rows, int64_t top, struct met_point a, struct met_point b)
{
    if (a.y > b.y) {
        const struct met_point swap = a;
        a = b;
        b = swap;
    }
    widen(&rows[a.y - top], a.x, a.x);
    widen(&rows[b.y - top], b.x, b.x);
    const int64_t dx = (int64_t)b.x - a.x, dy = (int64_t)b.y - a.y;
    for (int64_t y = (int64_t)a.y + 1; y < b.y; y++) {
        const int64_t along = dx * (y - a.y);
        widen(&rows[y - top], a.x - floor_div(-along, dy), a.x + floor_div(along, dy));
    }
}

enum eng_err met_hull_mask(struct met_mask *mask, const struct met_hull *hull, size_t width,
                           size_t height)
{
    ENG_TRY(met_mask_init(mask, width, height));
    if (hull->kind == MET_HULL_EMPTY)
        return ENG_OK;

    enum eng_err err = ENG_ARG;
    struct run *rows = NULL;
    const struct box b = bounds(hull);
    if (b.left < 0 || b.top < 0 || b.right >= (int64_t)width || b.bottom >= (int64_t)height)
        goto fail;
    err = ENG_NOMEM;
    const size_t tall = (size_t)(b.bottom - b.top) + 1;
    rows = malloc(tall * sizeof *rows);
    if (!rows)
        goto fail;

    for (size_t i = 0; i < tall; i++)
        rows[i] = (struct run){INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < hull->count; i++)
        trace_edge(rows, b.top, hull->at[i], hull->at[(i + 1) % hull->count]);
    for (size_t i = 0; i < tall; i++) {
        int8_t *row = mask->at + ((size_t)b.top + i) * width;
        for (int64_t x = rows[i].first; x <= rows[i].last; x++)
            row[x] = 1;
    }
    free(rows);
    return ENG_OK;
fail:
    met_mask_release(mask);
    return err;
}
