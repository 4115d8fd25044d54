/* Views: every small one against the definition, and sizes that no memory has. */
#include "data/view.h"
#include "tests/tap.h"

enum { ROOM = 64 };

/* Copies by the definition, element by element. Returns how many there are. */
static size_t copy_plainly(uint8_t *out, const struct dat_view *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->dim[0]; i++)
        for (size_t j = 0; j < v->dim[1]; j++)
            for (size_t k = 0; k < v->dim[2]; k++, n++)
                for (size_t b = 0; b < v->element; b++) {
                    const size_t at = i * v->stride[0] + j * v->stride[1] + k * v->stride[2];
                    out[n * v->element + b] =
                        v->bytes[at * v->element + (v->swapped ? v->element - 1 - b : b)];
                }
    return n;
}

/* All views of three dimensions of 0 to 3 with strides of 0 to 6. */
static void test_all(size_t element)
{
    uint8_t bytes[8 * ROOM], out[8 * ROOM], expected[8 * ROOM];
    size_t views = 0, plain = 0, wrong = 0, wrong_size = 0, wrong_plain = 0, wrong_fit = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t d = 0; d < 64; d++)
        for (size_t s = 0; s < 343; s++) {
            struct dat_view v = {
                bytes, element, s & 1, 3, {d / 16, d / 4 % 4, d % 4}, {s / 49, s / 7 % 7, s % 7}};
            size_t size = 99, last = 0;
            memset(out, 0xAA, sizeof out);
            memset(expected, 0xAA, sizeof expected);
            const size_t count = copy_plainly(expected, &v);
            dat_view_copy(out, &v);
            views++;
            wrong += memcmp(out, expected, sizeof out) != 0;
            wrong_size += !dat_view_size(&size, &v) || size != count * element;
            if (dat_view_is_plain(&v)) {
                plain++;
                wrong_plain += memcmp(expected, bytes, count * element) != 0;
            }
            for (int i = 0; i < 3; i++)
                last += v.dim[i] ? (v.dim[i] - 1) * v.stride[i] : 0;
            wrong_fit += dat_view_fits(&v, last + 1) != 1 ||
                         dat_view_fits(&v, last) != (count == 0);
        }
    CHECK(wrong == 0, "%zu views of %zu bytes each are copied", views, element);
    CHECK(wrong_size == 0 && wrong_fit == 0, "their sizes and ends");
    CHECK(plain > 0 && wrong_plain == 0, "%zu need no copy", plain);
}

static void test_extremes(void)
{
    static const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t out[8] = {0};
    size_t size = 99;
    struct dat_view v = {bytes, 4, 1, 0, {0}, {0}};
    dat_view_copy(out, &v);
    CHECK(dat_view_size(&size, &v) && size == 4 && !memcmp(out, "\4\3\2\1", 4) &&
              dat_view_fits(&v, 1) && !dat_view_fits(&v, 0),
          "a scalar");
    v = (struct dat_view){bytes, 4, 0, 2, {1, 2}, {SIZE_MAX, 1}};
    CHECK(dat_view_fits(&v, 2) && dat_view_is_plain(&v), "a step that is never taken");
    v.stride[1] = 0;
    dat_view_copy(out, &v);
    CHECK(!memcmp(out, "\1\2\3\4\1\2\3\4", 8), "also on the way");
    v = (struct dat_view){bytes, 4, 0, 2, {2, 2}, {SIZE_MAX, 2}};
    CHECK(!dat_view_fits(&v, SIZE_MAX), "places that overflow");
    v = (struct dat_view){bytes, 4, 0, 2, {SIZE_MAX / 8, 2}, {SIZE_MAX / 2, 1}};
    CHECK(!dat_view_fits(&v, SIZE_MAX), "products that overflow");
    v = (struct dat_view){bytes, 4, 0, 2, {SIZE_MAX / 4 + 1, 1}, {0, 0}};
    CHECK(!dat_view_size(&size, &v), "bytes that overflow");
    v = (struct dat_view){bytes, 1, 0, 3, {SIZE_MAX, 0, 2}, {0, 0, 0}};
    CHECK(!dat_view_size(&size, &v), "a zero does not hide it");
    v = (struct dat_view){bytes, 1, 0, 2, {SIZE_MAX / 8, 0}, {0, 0}};
    CHECK(dat_view_size(&size, &v) && size == 0, "none of rows as long as can be");
    v.dim[0]++;
    CHECK(!dat_view_size(&size, &v), "or longer, in a wider type");
}

int main(void)
{
    for (size_t element = 1; element <= 8; element *= 2)
        test_all(element);
    test_extremes();
    return tap_done();
}
