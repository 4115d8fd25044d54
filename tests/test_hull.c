/* Convex hulls: the known areas, and every claim of metrics/hull.h against slow, plain ways. */
#include "metrics/hull.h"

#include "tests/tap.h"

#include <limits.h>
#include <stdint.h>

static uint32_t seed = 1;

/* 0 .. below - 1, the same on every run. */
static int draw(int below)
{
    seed = seed * 1664525u + 1013904223u;
    return (int)((uint64_t)(seed >> 8) * (uint64_t)below >> 24);
}

/* Twice the signed area of a, b, p: positive to the hull's inner side of a-b. */
static long side(struct met_point a, struct met_point b, long x, long y)
{
    return (b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x);
}

static int inside(const struct met_hull *hull, long x, long y)
{
    for (size_t i = 0; i < hull->count; i++) {
        const struct met_point a = hull->at[i], b = hull->at[(i + 1) % hull->count];
        if (side(a, b, x, y) < 0)
            return 0;
    }
    /* The half-planes of a point or a segment go on beyond its ends. */
    long left = LONG_MAX, right = LONG_MIN, top = LONG_MAX, bottom = LONG_MIN;
    for (size_t i = 0; i < hull->count; i++) {
        left = hull->at[i].x < left ? hull->at[i].x : left;
        right = hull->at[i].x > right ? hull->at[i].x : right;
        top = hull->at[i].y < top ? hull->at[i].y : top;
        bottom = hull->at[i].y > bottom ? hull->at[i].y : bottom;
    }
    return hull->count > 0 && x >= left && x <= right && y >= top && y <= bottom;
}

/* The hull through the corners of the pixels' unit squares, the long way. */
static double area_of_squares(const struct met_point *points, size_t count)
{
    struct met_hull hull;
    struct met_point *corners = malloc(4 * count * sizeof *corners);
    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < 4; k++)
            corners[4 * i + (size_t)k] = (struct met_point){points[i].x + k % 2,
                                                            points[i].y + k / 2};
    met_hull_of_points(&hull, corners, 4 * count);
    const double area = met_hull_area(&hull, MET_AREA_CENTRES);
    met_hull_release(&hull);
    free(corners);
    return area;
}

static int same_hull(const struct met_hull *a, const struct met_hull *b)
{
    if (a->kind != b->kind || a->count != b->count)
        return 0;
    for (size_t i = 0; i < a->count; i++)
        if (a->at[i].x != b->at[i].x || a->at[i].y != b->at[i].y)
            return 0;
    return 1;
}

static int strictly_convex(const struct met_hull *hull)
{
    for (size_t i = 0; i < hull->count; i++) {
        const struct met_point a = hull->at[i], b = hull->at[(i + 1) % hull->count],
                               c = hull->at[(i + 2) % hull->count];
        if (hull->count > 2 && side(a, b, c.x, c.y) <= 0)
            return 0;
        const struct met_point first = hull->at[0];
        if (i > 0 && (a.y < first.y || (a.y == first.y && a.x < first.x)))
            return 0;
    }
    return 1;
}

static void known_areas(void)
{
    static const struct {
        size_t count;
        struct met_point at[5];
        enum met_hull_kind kind;
        double centres, squares, pixels;
    } cases[] = {
        {0, {{0, 0}}, MET_HULL_EMPTY, 0, 0, 0},
        {3, {{0, 0}, {2, 0}, {0, 2}}, MET_HULL_POLYGON, 2, 7, 6},
        {1, {{3, 3}}, MET_HULL_POINT, 0, 1, 1},
        {3, {{3, 3}, {3, 3}, {3, 3}}, MET_HULL_POINT, 0, 1, 1},
        {2, {{0, 0}, {3, 3}}, MET_HULL_SEGMENT, 0, 7, 4},
        {3, {{0, 1}, {2, 1}, {5, 1}}, MET_HULL_SEGMENT, 0, 6, 6},
        {5, {{1, 1}, {1, 4}, {4, 1}, {4, 4}, {2, 2}}, MET_HULL_POLYGON, 9, 16, 16},
        {4, {{3, 0}, {0, 3}, {6, 3}, {3, 6}}, MET_HULL_POLYGON, 18, 31, 25},
        {3, {{0, 0}, {4, 1}, {1, 3}}, MET_HULL_POLYGON, 5.5, 13.5, 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct met_hull hull;
        struct met_mask mask;
        CHECK(met_hull_of_points(&hull, cases[i].at, cases[i].count) == ENG_OK &&
                  hull.kind == cases[i].kind,
              "case %zu is of kind %s", i, met_hull_kind_name(cases[i].kind));
        CHECK(met_hull_area(&hull, MET_AREA_CENTRES) == cases[i].centres, "case %zu, centres", i);
        CHECK(met_hull_area(&hull, MET_AREA_SQUARES) == cases[i].squares, "case %zu, squares", i);
        CHECK(met_hull_area(&hull, MET_AREA_PIXELS) == cases[i].pixels, "case %zu, pixels", i);
        CHECK(met_hull_mask(&mask, &hull, 7, 7) == ENG_OK &&
                  (double)met_mask_sum(&mask) == cases[i].pixels,
              "case %zu, sum of its mask", i);
        met_mask_release(&mask);
        met_hull_release(&hull);
    }
}

/* Random masks, from empty to full: the hull from row ends, from all points in a shuffled order
 * and from points with repeats is one and the same; it is strictly convex and holds every pixel;
 * its areas and its raster are those of the slow ways. */
static void random_masks(void)
{
    int same = 1, convex = 1, holds = 1, squares = 1, pixels = 1, raster = 1;
    int kinds[MET_HULL_KIND_COUNT] = {0};
    for (int trial = 0; trial < 3000; trial++) {
        const int width = 1 + draw(12), height = 1 + draw(12), one_in = 1 + draw(40);
        struct met_mask mask, filled;
        struct met_hull hull, other;
        struct met_point points[2 * 144];
        size_t count = 0;
        met_mask_init(&mask, (size_t)width, (size_t)height);
        for (int i = 0; i < width * height; i++)
            mask.at[i] = draw(one_in) == 0;
        for (int i = 0; i < width * height; i++)
            for (int twice = 0; mask.at[i] && twice < 2; twice++)
                points[count++] = (struct met_point){i % width, i / width};
        for (size_t i = count; i > 1; i--) {
            const size_t k = (size_t)draw((int)i);
            const struct met_point swap = points[i - 1];
            points[i - 1] = points[k];
            points[k] = swap;
        }
        met_hull_of_mask(&hull, &mask);
        met_hull_of_points(&other, points, count);
        kinds[hull.kind]++;
        same &= same_hull(&hull, &other);
        convex &= strictly_convex(&hull);

        met_hull_mask(&filled, &hull, (size_t)width, (size_t)height);
        holds &= met_mask_within(&mask, &filled);
        for (int i = 0; i < width * height; i++)
            raster &= filled.at[i] == inside(&hull, i % width, i / width);
        pixels &= (double)met_mask_sum(&filled) == met_hull_area(&hull, MET_AREA_PIXELS);
        squares &= count == 0 ||
                   area_of_squares(points, count) == met_hull_area(&hull, MET_AREA_SQUARES);
        met_mask_release(&filled);
        met_mask_release(&mask);
        met_hull_release(&hull);
        met_hull_release(&other);
    }
    CHECK(same, "hull of a mask = hull of all its points, shuffled and repeated");
    CHECK(convex, "corners turn strictly one way, the topmost first");
    CHECK(holds, "all pixels are in the hull's mask");
    CHECK(raster, "the mask is 1 exactly inside or on the hull");
    CHECK(pixels, "area in pixels = sum of the mask");
    CHECK(squares, "area in squares = hull of all corners of the pixels");
    CHECK(kinds[0] && kinds[1] && kinds[2] && kinds[3], "every kind came up: %d %d %d %d", kinds[0],
          kinds[1], kinds[2], kinds[3]);
}

static void large(void)
{
    /* A square turned on its tip as large as images get: steep and flat edges, no overflow. */
    const int32_t far = MET_MASK_MAX_SIDE - 1, mid = far / 2;
    const struct met_point tips[] = {{mid, 0}, {far, mid}, {mid, far}, {0, mid}};
    struct met_hull hull;
    met_hull_of_points(&hull, tips, 4);
    CHECK(met_hull_area(&hull, MET_AREA_CENTRES) == (double)far * far / 2, "65535 pixels wide");
    met_hull_release(&hull);

    const int32_t m = MET_POINT_MAX;
    const struct met_point ends[] = {{-m, -m}, {m, -m}, {m, m}, {-m, m}, {0, m}, {m, 0}};
    met_hull_of_points(&hull, ends, 6);
    CHECK(hull.count == 4 && met_hull_area(&hull, MET_AREA_CENTRES) == 0x1p60,
          "the largest coordinates are exact");
    met_hull_release(&hull);
    const struct met_point beyond[] = {{0, 0}, {m + 1, 0}};
    CHECK(met_hull_of_points(&hull, beyond, 2) == ENG_ARG && hull.kind == MET_HULL_EMPTY,
          "larger ones are refused");

    /* A thin sliver crosses rows between two pixels: nothing is covered there. */
    const struct met_point sliver[] = {{0, 0}, {1, 1000}, {1, 999}};
    struct met_mask mask;
    met_hull_of_points(&hull, sliver, 3);
    CHECK(met_hull_mask(&mask, &hull, 2, 1001) == ENG_OK && met_mask_sum(&mask) == 3,
          "a sliver covers its three corners only");
    met_mask_release(&mask);
    CHECK(met_hull_mask(&mask, &hull, 2, 1000) == ENG_ARG && mask.at == NULL,
          "a hull that leaves the image is refused");
    CHECK(met_hull_mask(&mask, &hull, 1, 1001) == ENG_ARG && mask.at == NULL, "to the right too");
    met_hull_release(&hull);
    const struct met_point left[] = {{-1, 0}};
    met_hull_of_points(&hull, left, 1);
    CHECK(met_hull_mask(&mask, &hull, 2, 2) == ENG_ARG, "and to the left");
    met_hull_release(&hull);
}

static void masks(void)
{
    struct met_mask mask, other;
    CHECK(met_mask_init(&mask, 0, 3) == ENG_ARG && mask.at == NULL, "a mask without width");
    CHECK(met_mask_init(&mask, 3, 0) == ENG_ARG && mask.at == NULL, "a mask without height");
    CHECK(met_mask_init(&mask, MET_MASK_MAX_SIDE + 1, 1) == ENG_TOOBIG, "a mask too wide");
    CHECK(met_mask_init(&mask, 1, SIZE_MAX) == ENG_TOOBIG, "a mask too high");
    CHECK(met_mask_init(&mask, 60000, 60000) == ENG_TOOBIG, "a mask too large");
    met_mask_init(&mask, 3, 2);
    met_mask_init(&other, 2, 3);
    CHECK(met_mask_sum(&mask) == 0, "a new mask is empty");
    CHECK(!met_mask_within(&mask, &other), "masks of other shapes are never within");
    met_mask_release(&other);
    met_mask_init(&other, 3, 2);
    mask.at[4] = 1;
    CHECK(!met_mask_within(&mask, &other) && met_mask_within(&other, &mask), "within");
    met_mask_release(&other);
    met_mask_release(&mask);
    met_mask_release(&mask);
    CHECK(mask.at == NULL, "releasing twice is harmless");
}

static void names(void)
{
    struct eng_why why = {""};
    enum met_area area = MET_AREA_SQUARES;
    int count = 0;
    for (; met_area_name((enum met_area)count); count++) {
        enum met_area back;
        CHECK(met_area_parse(&back, met_area_name((enum met_area)count), NULL) == ENG_OK &&
                  (int)back == count,
              "area %s reads back", met_area_name((enum met_area)count));
    }
    CHECK(count == 3, "three areas");
    CHECK(met_area_parse(&area, "Squares", &why) == ENG_ARG && area == MET_AREA_SQUARES &&
              strstr(why.text, "centres, squares or pixels"),
          "an unknown area: %s", why.text);
    CHECK(met_hull_kind_name(MET_HULL_KIND_COUNT) == NULL, "no kind past the last");
}

int main(void)
{
    known_areas();
    random_masks();
    large();
    masks();
    names();
    return tap_done();
}
