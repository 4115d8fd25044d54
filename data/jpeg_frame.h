/* The frame of a JPEG file: its components, and where their blocks and samples lie.
 *
 * A component is a plane of samples, coarser than the picture by its sampling factors. It is
 * coded in blocks of 8 x 8; one MCU of an interleaved scan holds h x v blocks of each:
 *
 *     picture 20 x 10, Y 2x2, Cb and Cr 1x1: two MCUs of 16 x 16
 *
 *         Y  +--+--:--+--+   4 x 2 blocks stored, of which a scan of Y alone
 *            |  |  :  |  |   codes 3 x 2 (the picture ends in the third)
 *            +--+--:--+--+   the samples of the picture: 20 x 10
 *            |  |  :  |  |
 *            +--+--:--+--+
 *         Cb +--:--+         2 x 1 blocks stored, 10 x 5 samples
 *            +--:--+
 *
 * Blocks of a sequential file become samples as they are read. Those of a progressive file are
 * kept as coefficients until the last scan has refined them.
 */
#ifndef DAT_JPEG_FRAME_H
#define DAT_JPEG_FRAME_H

#include "data/budget.h"

#include <stddef.h>
#include <stdint.h>

enum { DAT_JPEG_MAX_COMPONENTS = 4 };

struct dat_jpeg_component {
    int id, h, v, quant_index; /* as the frame header has them */
    size_t width, height;      /* samples that belong to the picture */
    size_t blocks_x, blocks_y; /* blocks that hold those */
    size_t stride, rows;       /* blocks stored: whole MCUs */
    int latched;               /* quant is set: the table as it was at the first scan */
    uint16_t quant[64];        /* row by row */
    int8_t missing[64];        /* in zigzag order: low bits still missing, -1 before any scan */
    uint8_t *samples;          /* [rows * 8][stride * 8] */
    int16_t *coefs;            /* [rows][stride][64], row by row; progressive only */
};

struct dat_jpeg_frame {
    size_t width, height;  /* pixels */
    size_t mcus_x, mcus_y; /* of an interleaved scan */
    int progressive;
    int h_max, v_max; /* largest sampling factors */
    int count;
    struct dat_jpeg_component components[DAT_JPEG_MAX_COMPONENTS];
};

/* Where the k-th coefficient of the file lies in a block that is stored row by row. */
extern const uint8_t dat_jpeg_zigzag[64];

/* Derives the geometry from width, height, progressive, count and the components' factors, and
 * allocates samples (sequential) or zeroed coefficients (progressive). The budget pays for all that
 * the picture will take.
 *
 * A block costs a progressive file a bit at least, for its mean, and a sequential one another, for
 * its end. A picture of more blocks than that is refused before anything is allocated (ENG_FORMAT).
 * What a block takes is 64 bytes of samples, if progressive 128 of coefficients besides, and the
 * pixels that it stands for, 3 bytes each: twice, since turning the picture copies it. That is 384
 * bytes for 64 pixels. With odd factors it is more: of components 4x1 and 1x4, a block stands for
 * 114 pixels on the average; and where the picture is a block wide, a component 4x4 stores four
 * blocks in its place. The worst is just below 6200 times the bytes of the file. The caller
 * releases the frame, also after an error. */
enum eng_err dat_jpeg_frame_init(struct dat_jpeg_frame *f, size_t bytes_left,
                                 struct dat_budget *budget, struct eng_why *why);
void dat_jpeg_frame_release(struct dat_jpeg_frame *f);

/* Turns the coefficients of a progressive frame into samples, and frees the coefficients. */
enum eng_err dat_jpeg_frame_render(struct dat_jpeg_frame *f, struct eng_why *why);

#endif
