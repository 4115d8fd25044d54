/* Conversions between the types of floating-point numbers. What the others make of them is tested
 * in test_safetensors.c. */
#include "data/dtype.h"
#include "tests/tap.h"

#include <stdint.h>

static double widen(enum dat_dtype dtype, uint16_t bits)
{
    double x;
    dat_dtype_convert(&x, DAT_F64, &bits, dtype, 1);
    return x;
}

static uint16_t narrow(enum dat_dtype dtype, double x)
{
    uint16_t bits;
    dat_dtype_convert(&bits, dtype, &x, DAT_F64, 1);
    return bits;
}

/* Every number of 16 bits is itself again; between two neighbours the nearer one is taken, and of
 * two that are as near, the even one. */
static void test_small(enum dat_dtype dtype, uint16_t infinity)
{
    size_t same = 0, nan = 0, right = 0, wanted = 0;
    for (unsigned bits = 0; bits < 65536; bits++) {
        const double x = widen(dtype, (uint16_t)bits);
        if (isnan(x))
            nan += isnan(widen(dtype, narrow(dtype, x)));
        else
            same += narrow(dtype, x) == bits;
    }
    const size_t nans = 2 * (0x7FFFu - infinity);
    CHECK(nan == nans && same == 65536 - nans, "%s: %zu numbers are themselves again",
          dat_dtype_name(dtype), same);
    for (uint16_t low = 0; low < infinity; low++) {
        const uint16_t high = (uint16_t)(low + 1);
        const double a = widen(dtype, low);
        /* the one after the largest is where it would be if there were one more */
        const double b = high == infinity ? a + (a - widen(dtype, (uint16_t)(low - 1)))
                                          : widen(dtype, high);
        const double half = a + (b - a) / 2;
        const uint16_t even = low & 1 ? high : low;
        wanted += 4;
        right += narrow(dtype, half) == even;
        right += narrow(dtype, -half) == (even | 0x8000);
        right += narrow(dtype, nextafter(half, 0)) == low;
        right += narrow(dtype, nextafter(half, INFINITY)) == high;
    }
    CHECK(right == wanted, "%s: %zu of %zu are rounded right", dat_dtype_name(dtype), right,
          wanted);
    CHECK(narrow(dtype, 1e300) == infinity && narrow(dtype, -INFINITY) == (infinity | 0x8000) &&
              narrow(dtype, -0.0) == 0x8000 && narrow(dtype, -5e-324) == 0x8000,
          "%s: extremes", dat_dtype_name(dtype));
}

static void test_others(void)
{
    static const double in[3] = {1.0 + 0x1p-24 + 0x1p-50, 0.1, -1e300};
    static const float narrow_in[2] = {1.5f, -0x1p-149f};
    float out[3];
    double wide[2];
    uint16_t half;
    dat_dtype_convert(out, DAT_F32, in, DAT_F64, 3);
    CHECK(out[0] == 1.0f + 0x1p-23f && out[1] == 0.1f && out[2] == -INFINITY, "F64 to F32");
    dat_dtype_convert(wide, DAT_F64, narrow_in, DAT_F32, 2);
    CHECK(wide[0] == 1.5 && wide[1] == -0x1p-149, "F32 to F64");
    /* By way of F32 it would be halfway, and then even: one less. */
    const double x = 1.0 + 0x1p-11 + 0x1p-40;
    dat_dtype_convert(&half, DAT_F16, &x, DAT_F64, 1);
    CHECK(half == 0x3C01, "F64 to F16 rounds once");
    CHECK(dat_dtype_is_float(DAT_BF16) && !dat_dtype_is_float(DAT_I64) &&
              !dat_dtype_is_float(DAT_BOOL) && !dat_dtype_is_float(DAT_C64),
          "types of floating-point numbers");
    CHECK(dat_dtype_is_complex(DAT_C64) && dat_dtype_is_complex(DAT_C128) &&
              !dat_dtype_is_complex(DAT_F64),
          "and of complex ones");
}

/* Two elements of each type, from an odd address. */
static void test_double(void)
{
    static const struct {
        enum dat_dtype dtype;
        const char *bytes;
        double first, second;
    } cases[] = {{DAT_BOOL, "\0\2", 0, 1},
                 {DAT_U8, "\x80\xFF", 128, 255},
                 {DAT_I8, "\x80\xFF", -128, -1},
                 {DAT_I16, "\0\x80\xFE\xFF", -32768, -2},
                 {DAT_U16, "\0\x80\xFE\xFF", 32768, 65534},
                 {DAT_I32, "\1\0\0\1\0\0\0\x80", 16777217, -2147483648.0},
                 {DAT_U32, "\1\0\0\1\xFF\xFF\xFF\xFF", 16777217, 4294967295.0},
                 {DAT_I64, "\1\0\0\0\1\0\0\0\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 4294967297.0, -2},
                 {DAT_U64, "\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\x80", 4294967297.0, 0x1p63},
                 {DAT_F16, "\0\x3E\1\x80", 1.5, -0x1p-24},
                 {DAT_BF16, "\xC0\x3F\x80\xFF", 1.5, -INFINITY},
                 {DAT_F32, "\0\0\xC0\x3F\1\0\0\x80", 1.5, -0x1p-149},
                 {DAT_C64, "\0\0\x40\x40\0\0\x80\xC0\0\0\0\0\0\0\x80\xBF", 5, 1},
                 {DAT_C128,
                  "\0\0\0\0\0\0\x08\x40\0\0\0\0\0\0\x10\xC0"
                  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xF0\x7F",
                  5, INFINITY},
                 {DAT_F64, "\x9A\x99\x99\x99\x99\x99\xB9\x3F\0\0\0\0\0\0\xF0\xFF", 0.1, -INFINITY}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char odd[33];
        double out[2];
        memcpy(odd + 1, cases[i].bytes, 2 * dat_dtype_size(cases[i].dtype));
        dat_dtype_double(out, cases[i].dtype, odd + 1, 2);
        CHECK(out[0] == cases[i].first && out[1] == cases[i].second, "%s to double",
              dat_dtype_name(cases[i].dtype));
    }
}

int main(void)
{
    test_small(DAT_F16, 0x7C00);
    test_small(DAT_BF16, 0x7F80);
    test_others();
    test_double();
    return tap_done();
}
