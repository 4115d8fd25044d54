/* One scan of a JPEG file: entropy-coded data into samples or coefficients. */
#ifndef DAT_JPEG_SCAN_H
#define DAT_JPEG_SCAN_H

#include "data/jpeg_frame.h"
#include "data/jpeg_huffman.h"

struct dat_jpeg_scan {
    int count;
    struct {
        struct dat_jpeg_component *component;
        const struct dat_jpeg_huffman *dc, *ac; /* checked by the decoder */
    } parts[DAT_JPEG_MAX_COMPONENTS];
    int first, last;         /* band of coefficients, zigzag order; 0 and 63 if sequential */
    int high, low;           /* successive approximation: bits known before, and after this scan */
    size_t restart_interval; /* MCUs between restart markers, 0: there are none */
};

/* Decodes the data from *next on, leaves *next at or before the marker that follows it, and notes
 * in the components what is known now. ENG_FORMAT when the data ends early, has a code that its
 * table does not have, or a restart marker is missing or out of order: all of these leave a hole
 * in the picture. Superfluous bytes before a marker are skipped. */
enum eng_err dat_jpeg_scan_decode(const struct dat_jpeg_frame *f, const struct dat_jpeg_scan *scan,
                                  const uint8_t **next, const uint8_t *end, struct eng_why *why);

#endif
