/* What the good files of PngSuite (Willem van Schaik's test pictures) decode to: the CRC-32 of the
 * RGB bytes, rows from the top. Recorded from Pillow 9.4's convert("RGB"), but for 16-bit grey:
 * there convert("RGB") clips every sample above 255 to white, and the table has the high byte of
 * each sample, as for 16-bit colour. */
#ifndef PNGSUITE_H
#define PNGSUITE_H

#include <stddef.h>
#include <stdint.h>

static const struct {
    const char *name;
    size_t width, height;
    uint32_t crc;
} pngsuite[] = {
    {"PngSuite.png", 256, 256, 0xf2a8c0cf}, {"basi0g01.png", 32, 32, 0x1d8b1934},
    {"basi0g02.png", 32, 32, 0xcce2e274},   {"basi0g04.png", 32, 32, 0xe6edc27d},
    {"basi0g08.png", 32, 32, 0x7e0a8ab4},   {"basi0g16.png", 32, 32, 0x72bbf403},
    {"basi2c08.png", 32, 32, 0x7855b9bf},   {"basi2c16.png", 32, 32, 0xffcc1ed1},
    {"basi3p01.png", 32, 32, 0x31ec284b},   {"basi3p02.png", 32, 32, 0x279a463a},
    {"basi3p04.png", 32, 32, 0x3a9e038e},   {"basi3p08.png", 32, 32, 0xff6e2940},
    {"basi4a08.png", 32, 32, 0xde73dab8},   {"basi4a16.png", 32, 32, 0x74cda919},
    {"basi6a08.png", 32, 32, 0xa9b0c6b5},   {"basi6a16.png", 32, 32, 0x54f0fb2e},
    {"basn0g01.png", 32, 32, 0x1d8b1934},   {"basn0g02.png", 32, 32, 0xcce2e274},
    {"basn0g04.png", 32, 32, 0xe6edc27d},   {"basn0g08.png", 32, 32, 0x7e0a8ab4},
    {"basn0g16.png", 32, 32, 0x72bbf403},   {"basn2c08.png", 32, 32, 0x7855b9bf},
    {"basn2c16.png", 32, 32, 0xffcc1ed1},   {"basn3p01.png", 32, 32, 0x31ec284b},
    {"basn3p02.png", 32, 32, 0x279a463a},   {"basn3p04.png", 32, 32, 0x3a9e038e},
    {"basn3p08.png", 32, 32, 0xff6e2940},   {"basn4a08.png", 32, 32, 0xde73dab8},
    {"basn4a16.png", 32, 32, 0x74cda919},   {"basn6a08.png", 32, 32, 0xa9b0c6b5},
    {"basn6a16.png", 32, 32, 0x54f0fb2e},   {"bgai4a08.png", 32, 32, 0xde73dab8},
    {"bgai4a16.png", 32, 32, 0x74cda919},   {"bgan6a08.png", 32, 32, 0xa9b0c6b5},
    {"bgan6a16.png", 32, 32, 0x54f0fb2e},   {"bgbn4a08.png", 32, 32, 0xde73dab8},
    {"bggn4a16.png", 32, 32, 0x74cda919},   {"bgwn6a08.png", 32, 32, 0xa9b0c6b5},
    {"bgyn6a16.png", 32, 32, 0x54f0fb2e},   {"ccwn2c08.png", 32, 32, 0x61b69e8e},
    {"ccwn3p08.png", 32, 32, 0x2e1d8ef1},   {"cdfn2c08.png", 8, 32, 0x99af40a3},
    {"cdhn2c08.png", 32, 8, 0x84a4ef40},    {"cdsn2c08.png", 8, 8, 0x82b26daf},
    {"cdun2c08.png", 32, 32, 0xee50e3ca},   {"ch1n3p04.png", 32, 32, 0x3a9e038e},
    {"ch2n3p08.png", 32, 32, 0xff6e2940},   {"cm0n0g04.png", 32, 32, 0xc6bd1a35},
    {"cm7n0g04.png", 32, 32, 0xc6bd1a35},   {"cm9n0g04.png", 32, 32, 0xc6bd1a35},
    {"cs3n2c16.png", 32, 32, 0x7306351c},   {"cs3n3p08.png", 32, 32, 0xc47263e3},
    {"cs5n2c08.png", 32, 32, 0x1b16d169},   {"cs5n3p08.png", 32, 32, 0x1b16d169},
    {"cs8n2c08.png", 32, 32, 0x7306351c},   {"cs8n3p08.png", 32, 32, 0x7306351c},
    {"ct0n0g04.png", 32, 32, 0xc6bd1a35},   {"ct1n0g04.png", 32, 32, 0xc6bd1a35},
    {"cten0g04.png", 32, 32, 0x908fd2b2},   {"ctfn0g04.png", 32, 32, 0x7f7a43a7},
    {"ctgn0g04.png", 32, 32, 0x0ad1d3d6},   {"cthn0g04.png", 32, 32, 0xc461c896},
    {"ctjn0g04.png", 32, 32, 0x55390861},   {"ctzn0g04.png", 32, 32, 0xc6bd1a35},
    {"f00n0g08.png", 32, 32, 0x3f6b9bc5},   {"f00n2c08.png", 32, 32, 0x3f1d66ad},
    {"f01n0g08.png", 32, 32, 0x0ff89d6c},   {"f01n2c08.png", 32, 32, 0x11c1b27e},
    {"f02n0g08.png", 32, 32, 0xa86b4c1d},   {"f02n2c08.png", 32, 32, 0x7f1ca785},
    {"f03n0g08.png", 32, 32, 0x66de99f1},   {"f03n2c08.png", 32, 32, 0x31645d89},
    {"f04n0g08.png", 32, 32, 0xf655bb7d},   {"f04n2c08.png", 32, 32, 0x77056a6f},
    {"f99n0g04.png", 32, 32, 0xd3026ad9},   {"g03n0g16.png", 32, 32, 0xfb007f12},
    {"g03n2c08.png", 32, 32, 0x3633021f},   {"g03n3p04.png", 32, 32, 0x7e90c30c},
    {"g04n0g16.png", 32, 32, 0x4ed1b0ae},   {"g04n2c08.png", 32, 32, 0xae824f12},
    {"g04n3p04.png", 32, 32, 0xe00f20f2},   {"g05n0g16.png", 32, 32, 0x5e9dccd2},
    {"g05n2c08.png", 32, 32, 0x3c168b7d},   {"g05n3p04.png", 32, 32, 0xd0d3c65b},
    {"g07n0g16.png", 32, 32, 0xef487e13},   {"g07n2c08.png", 32, 32, 0x6d9b8873},
    {"g07n3p04.png", 32, 32, 0x6f2e7b73},   {"g10n0g16.png", 32, 32, 0xd03e6bc3},
    {"g10n2c08.png", 32, 32, 0xfa142827},   {"g10n3p04.png", 32, 32, 0x25aeef89},
    {"g25n0g16.png", 32, 32, 0x252f094b},   {"g25n2c08.png", 32, 32, 0xe5914131},
    {"g25n3p04.png", 32, 32, 0x71c1b931},   {"oi1n0g16.png", 32, 32, 0x72bbf403},
    {"oi1n2c16.png", 32, 32, 0xffcc1ed1},   {"oi2n0g16.png", 32, 32, 0x72bbf403},
    {"oi2n2c16.png", 32, 32, 0xffcc1ed1},   {"oi4n0g16.png", 32, 32, 0x72bbf403},
    {"oi4n2c16.png", 32, 32, 0xffcc1ed1},   {"oi9n0g16.png", 32, 32, 0x72bbf403},
    {"oi9n2c16.png", 32, 32, 0xffcc1ed1},   {"pp0n2c16.png", 32, 32, 0xffcc1ed1},
    {"pp0n6a08.png", 32, 32, 0x7855b9bf},   {"ps1n0g08.png", 32, 32, 0x7e0a8ab4},
    {"ps1n2c16.png", 32, 32, 0xffcc1ed1},   {"ps2n0g08.png", 32, 32, 0x7e0a8ab4},
    {"ps2n2c16.png", 32, 32, 0xffcc1ed1},   {"s01i3p01.png", 1, 1, 0xd243369f},
    {"s01n3p01.png", 1, 1, 0xd243369f},     {"s02i3p01.png", 2, 2, 0x9e931d85},
    {"s02n3p01.png", 2, 2, 0x9e931d85},     {"s03i3p01.png", 3, 3, 0x6916380e},
    {"s03n3p01.png", 3, 3, 0x6916380e},     {"s04i3p01.png", 4, 4, 0xc2e0d49b},
    {"s04n3p01.png", 4, 4, 0xc2e0d49b},     {"s05i3p02.png", 5, 5, 0x1242b6fb},
    {"s05n3p02.png", 5, 5, 0x1242b6fb},     {"s06i3p02.png", 6, 6, 0xd7589540},
    {"s06n3p02.png", 6, 6, 0xd7589540},     {"s07i3p02.png", 7, 7, 0xd2ccf489},
    {"s07n3p02.png", 7, 7, 0xd2ccf489},     {"s08i3p02.png", 8, 8, 0x2ba1b03e},
    {"s08n3p02.png", 8, 8, 0x2ba1b03e},     {"s09i3p02.png", 9, 9, 0x9762d2ed},
    {"s09n3p02.png", 9, 9, 0x9762d2ed},     {"s32i3p04.png", 32, 32, 0xad01f44d},
    {"s32n3p04.png", 32, 32, 0xad01f44d},   {"s33i3p04.png", 33, 33, 0xd2f4ae68},
    {"s33n3p04.png", 33, 33, 0xd2f4ae68},   {"s34i3p04.png", 34, 34, 0xbbeda3f7},
    {"s34n3p04.png", 34, 34, 0xbbeda3f7},   {"s35i3p04.png", 35, 35, 0x99293acf},
    {"s35n3p04.png", 35, 35, 0x99293acf},   {"s36i3p04.png", 36, 36, 0xf51a96e0},
    {"s36n3p04.png", 36, 36, 0xf51a96e0},   {"s37i3p04.png", 37, 37, 0x920758a4},
    {"s37n3p04.png", 37, 37, 0x920758a4},   {"s38i3p04.png", 38, 38, 0xeb3bf324},
    {"s38n3p04.png", 38, 38, 0xeb3bf324},   {"s39i3p04.png", 39, 39, 0xc06d7da1},
    {"s39n3p04.png", 39, 39, 0xc06d7da1},   {"s40i3p04.png", 40, 40, 0x0d4658a0},
    {"s40n3p04.png", 40, 40, 0x0d4658a0},   {"tbbn0g04.png", 32, 32, 0x1791a91d},
    {"tbbn2c16.png", 32, 32, 0xe519cff0},   {"tbbn3p08.png", 32, 32, 0x44764e96},
    {"tbgn2c16.png", 32, 32, 0xe519cff0},   {"tbgn3p08.png", 32, 32, 0x44764e96},
    {"tbrn2c08.png", 32, 32, 0xe519cff0},   {"tbwn0g16.png", 32, 32, 0x7fc9f1e3},
    {"tbwn3p08.png", 32, 32, 0x44764e96},   {"tbyn3p08.png", 32, 32, 0x44764e96},
    {"tm3n3p02.png", 32, 32, 0xe7f1a455},   {"tp0n0g08.png", 32, 32, 0xdfa9515c},
    {"tp0n2c08.png", 32, 32, 0xb426b350},   {"tp0n3p08.png", 32, 32, 0x15493236},
    {"tp1n3p08.png", 32, 32, 0x44764e96},   {"z00n2c08.png", 32, 32, 0xf8f7d651},
    {"z03n2c08.png", 32, 32, 0xf8f7d651},   {"z06n2c08.png", 32, 32, 0xf8f7d651},
    {"z09n2c08.png", 32, 32, 0xf8f7d651},
};

/* Those that are broken on purpose. */
static const char *const pngsuite_broken[] = {
    "xc1n0g08.png", "xc9n2c08.png", "xcrn0g04.png", "xcsn0g01.png", "xd0n2c08.png",
    "xd3n2c08.png", "xd9n2c08.png", "xdtn0g01.png", "xhdn0g08.png", "xlfn0g04.png",
    "xs1n0g01.png", "xs2n0g01.png", "xs4n0g01.png", "xs7n0g01.png",
};

#endif
