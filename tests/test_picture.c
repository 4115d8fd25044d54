/* Maps as pictures: the colours at known values, scales, and what hulls leave on a photo. */
#include "gad/picture.h"

#include "tests/tap.h"

#include <stdbool.h>

static const uint8_t *at(const struct dat_image *img, size_t x, size_t y)
{
    return &img->rgb[3 * (y * img->width + x)];
}

static bool is(const uint8_t *rgb, int r, int g, int b)
{
    return rgb[0] == r && rgb[1] == g && rgb[2] == b;
}

static struct dat_image flat(size_t width, size_t height, uint8_t grey)
{
    struct dat_image img;
    if (dat_image_init(&img, width, height) != ENG_OK)
        exit(1);
    memset(img.rgb, grey, 3 * width * height);
    return img;
}

static void tops(void)
{
    float map[200];
    double top = -1.0;
    for (int i = 0; i < 200; i++)
        map[i] = (float)(i % 2 ? i : -i);
    CHECK(gad_picture_top(&top, map, 200, GAD_PICTURE_MAX) == ENG_OK && top == 199.0,
          "the largest magnitude");
    CHECK(gad_picture_top(&top, map, 200, GAD_PICTURE_P99) == ENG_OK && top == 197.0,
          "the magnitude that 1 %% of 200 pixels exceed");
    for (int i = 0; i < 200; i++)
        map[i] = 0.0f;
    CHECK(gad_picture_top(&top, map, 200, GAD_PICTURE_P99) == ENG_OK && top == 0.0,
          "a map of zeros has top 0");
    map[17] = -3.0f;
    CHECK(gad_picture_top(&top, map, 200, GAD_PICTURE_P99) == ENG_OK && top == 3.0,
          "where 1 %% is zero, the largest counts");
    map[3] = INFINITY;
    CHECK(gad_picture_top(&top, map, 200, GAD_PICTURE_MAX) == ENG_ARG && top == 3.0,
          "infinity is refused");
    CHECK(gad_picture_top(&top, map, 0, GAD_PICTURE_MAX) == ENG_ARG, "no pixels are refused");
}

static void heat(void)
{
    static const float map[6] = {0.0f, 1.0f, 2.0f, 5.0f, -2.0f, NAN};
    struct dat_image img;
    CHECK(gad_picture_heat(&img, map, 3, 2, 2.0) == ENG_OK && img.width == 3 && img.height == 2,
          "a heat picture has the map's size");
    CHECK(is(at(&img, 0, 0), 255, 255, 255) && is(at(&img, 2, 0), 0, 0, 0) &&
              is(at(&img, 1, 0), 128, 128, 128),
          "0 is white, top is black, half is grey");
    CHECK(is(at(&img, 0, 1), 0, 0, 0) && is(at(&img, 1, 1), 255, 255, 255) &&
              is(at(&img, 2, 1), 255, 255, 255),
          "above top is black, below 0 and NaN are white");
    dat_image_release(&img);

    CHECK(gad_picture_heat(&img, map, 3, 2, 0.0) == ENG_OK && is(at(&img, 0, 1), 255, 255, 255),
          "top 0 is a white picture");
    dat_image_release(&img);
    CHECK(gad_picture_heat(&img, map, 0, 2, 1.0) == ENG_ARG && !img.rgb, "no width");
}

static void signs(void)
{
    static const float map[4] = {0.0f, 1.0f, -1.0f, -9.0f};
    struct dat_image img;
    CHECK(gad_picture_signed(&img, map, 4, 1, 1.0) == ENG_OK && is(at(&img, 0, 0), 255, 255, 255),
          "0 is white");
    const uint8_t *pro = at(&img, 1, 0), *against = at(&img, 2, 0);
    CHECK(pro[0] > pro[2] + 100 && against[2] > against[0] + 100, "for is red, against is blue");
    CHECK(memcmp(against, at(&img, 3, 0), 3) == 0, "beyond -top is as -top");
    dat_image_release(&img);
}

static double lightness(const uint8_t *rgb)
{
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
}

static void overlay(void)
{
    float map[64];
    for (int i = 0; i < 64; i++)
        map[i] = (float)i;
    struct dat_image img, photo = flat(16, 128, 255);
    CHECK(gad_picture_overlay(&img, &photo, map, 8, 8, 63.0) == ENG_SHAPE && !img.rgb,
          "a photo that is no whole multiple is refused");
    dat_image_release(&photo);

    photo = flat(128, 2, 255);
    CHECK(gad_picture_overlay(&img, &photo, map, 64, 1, 63.0) == ENG_OK && img.width == 128,
          "the picture has the photo's size");
    CHECK(is(at(&img, 0, 0), 107, 107, 107), "where the map is 0 there is a dim grey photo");
    CHECK(memcmp(at(&img, 62, 0), at(&img, 63, 1), 3) == 0 &&
              memcmp(at(&img, 62, 0), at(&img, 64, 0), 3) != 0,
          "a pixel of the map is a block");
    bool grows = true;
    for (size_t x = 34; x < 128; x += 2)
        grows &= lightness(at(&img, x, 0)) > lightness(at(&img, x - 2, 0));
    CHECK(grows, "lightness grows with the value");
    dat_image_release(&img);
    for (int i = 0; i < 64; i++)
        map[i] = -map[i];
    struct dat_image same;
    if (gad_picture_overlay(&img, &photo, map, 64, 1, 63.0) == ENG_OK) {
        map[63] = 63.0f;
        CHECK(gad_picture_overlay(&same, &photo, map, 64, 1, 63.0) == ENG_OK &&
                  memcmp(img.rgb, same.rgb, 3 * 256) == 0,
              "the overlay shows magnitudes");
        dat_image_release(&same);
        dat_image_release(&img);
    }
    dat_image_release(&photo);
}

static void enlarge(void)
{
    struct dat_image img, small = flat(2, 1, 10);
    memset(&small.rgb[3], 200, 3);
    CHECK(gad_picture_enlarge(&img, &small, 3, GAD_PICTURE_BLOCKS) == ENG_OK && img.width == 6 &&
              img.height == 3 && is(at(&img, 2, 2), 10, 10, 10) &&
              is(at(&img, 3, 0), 200, 200, 200),
          "blocks");
    dat_image_release(&img);
    CHECK(gad_picture_enlarge(&img, &small, 4, GAD_PICTURE_SMOOTH) == ENG_OK && img.width == 8 &&
              at(&img, 3, 0)[0] > 10 && at(&img, 3, 0)[0] < at(&img, 4, 3)[0] &&
              at(&img, 4, 0)[0] < 200,
          "smooth");
    dat_image_release(&img);
    CHECK(gad_picture_enlarge(&img, &small, 0, GAD_PICTURE_BLOCKS) == ENG_ARG && !img.rgb &&
              gad_picture_enlarge(&img, &small, 0, GAD_PICTURE_SMOOTH) == ENG_ARG && !img.rgb,
          "to nothing");
    CHECK(
        gad_picture_enlarge(&img, &small, SIZE_MAX, GAD_PICTURE_BLOCKS) == ENG_TOOBIG && !img.rgb &&
            gad_picture_enlarge(&img, &small, 60000, GAD_PICTURE_BLOCKS) == ENG_TOOBIG && !img.rgb,
        "too large");
    dat_image_release(&small);
}

static struct met_hull hull_of(const struct met_point *points, size_t count)
{
    struct met_hull hull;
    if (met_hull_of_points(&hull, points, count) != ENG_OK)
        exit(1);
    return hull;
}

static size_t changed(const struct dat_image *img, uint8_t grey)
{
    size_t count = 0;
    for (size_t i = 0; i < img->width * img->height; i++)
        count += !is(&img->rgb[3 * i], grey, grey, grey);
    return count;
}

static void hulls(void)
{
    static const struct met_point corners[] = {{1, 1}, {6, 1}, {6, 6}, {1, 6}};
    struct met_hull square = hull_of(corners, 4), point = hull_of(corners, 1);
    struct met_hull line = hull_of(corners, 2), none = hull_of(corners, 0);
    struct dat_image img = flat(32, 32, 90);

    CHECK(gad_picture_draw_hull(&img, &none, 8, 8, GAD_PICTURE_RED) == ENG_OK &&
              changed(&img, 90) == 0,
          "an empty hull leaves nothing");
    CHECK(gad_picture_draw_hull(&img, &square, 8, 8, GAD_PICTURE_RED) == ENG_OK, "a square");
    const uint8_t *on = at(&img, 16, 6), *corner = at(&img, 5, 5);
    CHECK(on[0] > 200 && on[1] < 60 && corner[0] > 150, "its edges go through the pixels' centres");
    CHECK(is(at(&img, 16, 16), 90, 90, 90) && is(at(&img, 0, 0), 90, 90, 90) &&
              is(at(&img, 31, 16), 90, 90, 90),
          "inside and outside stay as they are");
    CHECK(at(&img, 16, 9)[0] < 90, "a dark seam runs beside it");

    struct dat_image dot = flat(32, 32, 90), dash = flat(32, 32, 90);
    CHECK(gad_picture_draw_hull(&dot, &point, 8, 8, GAD_PICTURE_GREEN) == ENG_OK &&
              at(&dot, 5, 5)[1] > 200 && at(&dot, 5, 5)[0] < 20 && changed(&dot, 90) < 110,
          "a point is a dot");
    CHECK(gad_picture_draw_hull(&dash, &line, 8, 8, GAD_PICTURE_GREEN) == ENG_OK &&
              at(&dash, 16, 6)[1] > 200 && is(at(&dash, 16, 26), 90, 90, 90),
          "a segment is a line");
    dat_image_release(&dot);
    dat_image_release(&dash);
    dat_image_release(&img);

    img = flat(8, 8, 90);
    CHECK(gad_picture_draw_hull(&img, &square, 8, 8, GAD_PICTURE_RED) == ENG_OK &&
              changed(&img, 90) > 20,
          "on a picture of the map's own size");
    dat_image_release(&img);
    img = flat(12, 12, 90);
    CHECK(gad_picture_draw_hull(&img, &square, 8, 8, GAD_PICTURE_RED) == ENG_SHAPE &&
              gad_picture_draw_hull(&img, &square, 6, 6, GAD_PICTURE_RED) == ENG_ARG &&
              gad_picture_draw_hull(&img, &square, 0, 6, GAD_PICTURE_RED) == ENG_SHAPE &&
              changed(&img, 90) == 0,
          "another size, or a corner outside: refused, and nothing is drawn");
    dat_image_release(&img);

    struct dat_image photo = flat(8, 8, 90);
    CHECK(gad_picture_hulls(&img, &photo, &square, &point, 4) == ENG_OK && img.width == 32 &&
              at(&img, 16, 6)[0] > 200 && at(&img, 5, 5)[1] > 200,
          "Figure 6: the original in red, and GAD in green over it");
    dat_image_release(&img);
    CHECK(gad_picture_hulls(&img, &photo, &square, &point, 0) == ENG_ARG && !img.rgb,
          "at no size: refused");
    dat_image_release(&photo);

    const float map[64] = {[9] = 1.0f};
    CHECK(gad_picture_heat_hull(&img, map, 8, 8, 1.0, &line, 4) == ENG_OK &&
              at(&img, 16, 6)[1] > 200 && at(&img, 16, 6)[0] < 60 &&
              is(at(&img, 30, 30), 255, 255, 255),
          "Figure 4: the hull over the map");
    dat_image_release(&img);
    CHECK(gad_picture_heat_hull(&img, map, 4, 4, 1.0, &square, 4) == ENG_ARG && !img.rgb,
          "a hull that leaves the map: refused");

    met_hull_release(&square);
    met_hull_release(&point);
    met_hull_release(&line);
    met_hull_release(&none);
}

int main(void)
{
    tops();
    heat();
    signs();
    overlay();
    enlarge();
    hulls();
    return tap_done();
}
