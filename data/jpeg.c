/* A JPEG file is a chain of segments, FF and a code each; this file walks it and leaves the
 * pictures' data to the stages:
 *
 *     SOI  APP0  APP1  DQT  SOF  DHT  SOS 8f 3a .. ff 00 .. RST0 ..  [DHT SOS ..]  EOI
 *           |     |     |    |    |    '-------------.
 *          JFIF  EXIF   tables, frame,             scan
 *
 *     jpeg_scan    bits  -> coefficients  (jpeg_bits, jpeg_huffman)
 *     jpeg_idct          -> samples       (progressive: jpeg_frame, jpeg_smooth)
 *     jpeg_pixels        -> RGB
 *     exif               -> the right way up
 *
 * Decoding ends at EOI; or where the file ends, if nothing is missing; or, if it is sequential, as
 * soon as all components are there. A progressive file may leave out its last scans if it says so
 * with EOI: that is a coarse picture, not a broken one.
 */
#include "data/jpeg.h"

#include "data/exif.h"
#include "data/jpeg_pixels.h"
#include "data/jpeg_scan.h"

#include <string.h>

enum marker {
    SOF0 = 0xc0, /* baseline */
    SOF1 = 0xc1, /* extended sequential */
    SOF2 = 0xc2, /* progressive */
    DHT = 0xc4,
    JPG = 0xc8,
    DAC = 0xcc,
    SOF15 = 0xcf,
    RST0 = 0xd0,
    RST7 = 0xd7,
    SOI = 0xd8,
    EOI = 0xd9,
    SOS = 0xda,
    DQT = 0xdb,
    DRI = 0xdd,
    APP0 = 0xe0,
    APP1 = 0xe1,
    APP14 = 0xee,
    TEM = 0x01
};

/* The scans of a progressive file may visit that many coefficients for every block of the frame,
 * where a visit of a block counts for 8 besides. No picture needs more than 14 passes over 64, and
 * without a limit a few bytes a scan could keep us busy for hours. */
enum { MAX_VISITS = 1024, VISIT_BLOCK = 8 };

struct decoder {
    const uint8_t *next, *end;
    struct dat_budget *budget;
    struct eng_why *why;

    struct dat_jpeg_frame frame;           /* count is 0 until there is one */
    struct dat_jpeg_huffman huffman[2][4]; /* DC, AC */
    uint16_t quant[4][64];                 /* row by row */
    int quant_defined[4];
    size_t restart_interval;
    uint64_t visits; /* see MAX_VISITS */

    int jfif, adobe;     /* seen */
    int adobe_transform; /* 0 none, 1 YCbCr, 2 YCCK */
    int orientation;
};

/* The payload of a segment. */
struct segment {
    const uint8_t *bytes;
    size_t count;
};

static unsigned number16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static enum eng_err damaged(struct decoder *d, const char *what)
{
    return eng_fail(d->why, ENG_FORMAT, "the JPEG is damaged (%s); copy or download the file again",
                    what);
}

/* The code of the next marker, 0 if there is none; skips whatever comes before it. */
static int next_marker(struct decoder *d)
{
    for (; d->end - d->next >= 2; d->next++) {
        if (d->next[0] != 0xff || d->next[1] == 0 || d->next[1] == 0xff)
            continue;
        d->next += 2;
        return d->next[-1];
    }
    d->next = d->end;
    return 0;
}

static enum eng_err take_segment(struct decoder *d, struct segment *s)
{
    const size_t left = (size_t)(d->end - d->next);
    const size_t length = left >= 2 ? number16(d->next) : 0;
    if (length < 2 || length > left)
        return damaged(d, "a segment does not fit");
    *s = (struct segment){d->next + 2, length - 2};
    d->next += length;
    return ENG_OK;
}

static enum eng_err read_quant_tables(struct decoder *d, struct segment s)
{
    while (s.count > 0) {
        const int index = s.bytes[0] & 15, wide = s.bytes[0] >> 4;
        const size_t length = wide ? 129 : 65;
        if (index > 3 || wide > 1 || s.count < length)
            return damaged(d, "a quantisation table is wrong");
        const uint8_t *p = s.bytes + 1;
        for (int k = 0; k < 64; k++)
            d->quant[index][dat_jpeg_zigzag[k]] = wide ? (uint16_t)number16(p + 2 * k) : p[k];
        d->quant_defined[index] = 1;
        s.bytes += length;
        s.count -= length;
    }
    return ENG_OK;
}

static enum eng_err read_huffman_tables(struct decoder *d, struct segment s)
{
    while (s.count > 0) {
        const int index = s.bytes[0] & 15, ac = s.bytes[0] >> 4;
        size_t length = 17;
        for (size_t i = 1; i <= 16 && s.count >= 17; i++)
            length += s.bytes[i];
        if (index > 3 || ac > 1 || s.count < length ||
            !dat_jpeg_huffman_init(&d->huffman[ac][index], s.bytes + 1, s.bytes + 17))
            return damaged(d, "a Huffman table is wrong");
        s.bytes += length;
        s.count -= length;
    }
    return ENG_OK;
}

static enum eng_err read_restart_interval(struct decoder *d, struct segment s)
{
    if (s.count != 2)
        return damaged(d, "a restart interval is wrong");
    d->restart_interval = number16(s.bytes);
    return ENG_OK;
}

static void read_application(struct decoder *d, int marker, struct segment s)
{
    if (marker == APP0 && s.count >= 14 && memcmp(s.bytes, "JFIF", 5) == 0)
        d->jfif = 1;
    if (marker == APP1 && !d->orientation)
        d->orientation = dat_exif_orientation(s.bytes, s.count);
    if (marker == APP14 && s.count >= 12 && memcmp(s.bytes, "Adobe", 5) == 0) {
        d->adobe = 1;
        d->adobe_transform = s.bytes[11];
    }
}

static const char *process_name(int sof)
{
    switch (sof) {
    case 0xc3:
        return "lossless";
    case 0xc5:
    case 0xc6:
    case 0xc7:
        return "hierarchical";
    default:
        return "arithmetic-coded";
    }
}

static enum eng_err read_frame(struct decoder *d, int marker, struct segment s)
{
    if (marker > SOF2)
        return eng_fail(d->why, ENG_UNSUPPORTED,
                        "%s JPEG is not supported; save the picture as an ordinary JPEG or PNG",
                        process_name(marker));
    if (d->frame.count)
        return damaged(d, "it has two frames");
    if (s.count < 6 || s.count != 6 + 3 * (size_t)s.bytes[5])
        return damaged(d, "the frame header is wrong");

    const int depth = s.bytes[0], count = s.bytes[5];
    struct dat_jpeg_frame f = {
        .width = number16(s.bytes + 3),
        .height = number16(s.bytes + 1),
        .progressive = marker == SOF2,
        .count = count,
    };
    if (depth != 8)
        return eng_fail(d->why, ENG_UNSUPPORTED,
                        "JPEG with %d bits a sample is not supported; save the picture with 8",
                        depth);
    if (count != 1 && count != 3 && count != 4)
        return eng_fail(d->why, ENG_UNSUPPORTED,
                        "JPEG with %d components is not supported; save the picture as RGB", count);
    if (f.width == 0 || f.height == 0)
        return damaged(d, "it has no width or height");
    if (f.width > DAT_IMAGE_MAX_SIDE || f.height > DAT_IMAGE_MAX_SIDE ||
        f.width > DAT_IMAGE_MAX_PIXELS / f.height)
        return eng_fail(d->why, ENG_TOOBIG,
                        "a JPEG of %zu x %zu pixels is too large; make it smaller", f.width,
                        f.height);
    for (int i = 0; i < count; i++) {
        const uint8_t *p = s.bytes + 6 + 3 * i;
        struct dat_jpeg_component *c = &f.components[i];
        c->id = p[0];
        c->h = p[1] >> 4;
        c->v = p[1] & 15;
        c->quant_index = p[2];
        if (c->h < 1 || c->h > 4 || c->v < 1 || c->v > 4 || c->quant_index > 3)
            return damaged(d, "the frame header is wrong");
    }
    d->frame = f;
    return dat_jpeg_frame_init(&d->frame, (size_t)(d->end - d->next), d->budget, d->why);
}

/* The component of the frame that the next part of a scan means, NULL if there is none. Ids that
 * are the same (some writers do so) stand for one component after another. */
static struct dat_jpeg_component *find_component(struct decoder *d,
                                                 const struct dat_jpeg_scan *scan, int id)
{
    for (int i = 0; i < d->frame.count; i++) {
        struct dat_jpeg_component *c = &d->frame.components[i];
        int taken = 0;
        for (int part = 0; part < scan->count; part++)
            taken |= scan->parts[part].component == c;
        if (c->id == id && !taken)
            return c;
    }
    return NULL;
}

/* A Huffman table that a scan names. Frames of Motion JPEG come without the first two. */
static const struct dat_jpeg_huffman *find_huffman(struct decoder *d, int ac, int index)
{
    struct dat_jpeg_huffman *t = &d->huffman[ac][index];
    if (!t->defined && !d->frame.progressive && index < 2)
        dat_jpeg_huffman_init_standard(t, ac, index);
    return t;
}

static enum eng_err read_progression(struct decoder *d, struct dat_jpeg_scan *scan,
                                     const uint8_t *p)
{
    scan->first = p[0];
    scan->last = p[1];
    scan->high = p[2] >> 4;
    scan->low = p[2] & 15;
    const int band_ok = scan->first == 0
                            ? scan->last == 0
                            : scan->first <= scan->last && scan->last <= 63 && scan->count == 1;
    if (!band_ok || scan->low > 13 || (scan->high && scan->low != scan->high - 1))
        return damaged(d, "a scan header is wrong");

    uint64_t blocks = 0, scanned = 0;
    for (int i = 0; i < d->frame.count; i++)
        blocks += d->frame.components[i].stride * d->frame.components[i].rows;
    for (int i = 0; i < scan->count; i++)
        scanned += scan->parts[i].component->stride * scan->parts[i].component->rows;
    d->visits += scanned * (uint64_t)(VISIT_BLOCK + scan->last - scan->first + 1);
    if (d->visits > blocks * MAX_VISITS)
        return eng_fail(d->why, ENG_TOOBIG,
                        "the JPEG has more scans than a picture needs; save it again");
    return ENG_OK;
}

static enum eng_err read_scan(struct decoder *d, struct segment s)
{
    if (!d->frame.count)
        return damaged(d, "a scan comes before the frame header");
    const int count = s.count > 0 ? s.bytes[0] : 0;
    if (count < 1 || count > d->frame.count || s.count != 4 + 2 * (size_t)count)
        return damaged(d, "a scan header is wrong");

    struct dat_jpeg_scan scan = {.last = 63, .restart_interval = d->restart_interval};
    for (const uint8_t *p = s.bytes + 1; scan.count < count; p += 2) {
        struct dat_jpeg_component *c = find_component(d, &scan, p[0]);
        if (!c || p[1] >> 4 > 3 || (p[1] & 15) > 3)
            return damaged(d, "a scan header is wrong");
        if (!c->latched && !d->quant_defined[c->quant_index])
            return damaged(d, "a quantisation table is missing");
        if (!c->latched)
            memcpy(c->quant, d->quant[c->quant_index], sizeof c->quant);
        c->latched = 1;
        scan.parts[scan.count].component = c;
        scan.parts[scan.count].dc = find_huffman(d, 0, p[1] >> 4);
        scan.parts[scan.count].ac = find_huffman(d, 1, p[1] & 15);
        scan.count++;
    }
    if (d->frame.progressive)
        ENG_TRY(read_progression(d, &scan, s.bytes + 1 + 2 * count));
    return dat_jpeg_scan_decode(&d->frame, &scan, &d->next, d->end, d->why);
}

/* True if all coefficients of all components are known to the last bit. */
static int is_complete(const struct dat_jpeg_frame *f)
{
    static const int8_t nothing[64];
    for (int i = 0; i < f->count; i++)
        if (memcmp(f->components[i].missing, nothing, sizeof nothing) != 0)
            return 0;
    return f->count > 0;
}

/* Reads segments up to the end of the picture. */
static enum eng_err read_file(struct decoder *d)
{
    for (;;) {
        const int marker = next_marker(d);
        if (marker == EOI || marker == 0) {
            if (!d->frame.count)
                return damaged(d, "it has no picture");
            if (marker == 0 && !is_complete(&d->frame))
                return damaged(d, "it ends early");
            return ENG_OK;
        }
        if ((marker >= RST0 && marker <= RST7) || marker == TEM)
            continue; /* has no payload; left over from a scan */
        if (marker == SOI)
            return damaged(d, "it begins twice");

        struct segment s = {0};
        ENG_TRY(take_segment(d, &s));
        switch (marker) {
        case DQT:
            ENG_TRY(read_quant_tables(d, s));
            break;
        case DHT:
            ENG_TRY(read_huffman_tables(d, s));
            break;
        case DRI:
            ENG_TRY(read_restart_interval(d, s));
            break;
        case SOS:
            ENG_TRY(read_scan(d, s));
            if (!d->frame.progressive && is_complete(&d->frame))
                return ENG_OK;
            break;
        default:
            if (marker >= SOF0 && marker <= SOF15 && marker != JPG && marker != DAC)
                ENG_TRY(read_frame(d, marker, s));
            else
                read_application(d, marker, s);
        }
    }
}

/* Adobe's marker says what the colours are, JFIF that they are YCbCr; else the ids may be letters.
 * These are libjpeg's rules. */
static enum dat_jpeg_colour colour_of(const struct decoder *d)
{
    const struct dat_jpeg_component *c = d->frame.components;
    if (d->frame.count == 1)
        return DAT_JPEG_GREY;
    if (d->frame.count == 4)
        return d->adobe && d->adobe_transform != 0 ? DAT_JPEG_YCCK : DAT_JPEG_CMYK;
    if (d->jfif)
        return DAT_JPEG_YCC;
    if (d->adobe)
        return d->adobe_transform == 0 ? DAT_JPEG_RGB : DAT_JPEG_YCC;
    return c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B' ? DAT_JPEG_RGB : DAT_JPEG_YCC;
}

static enum eng_err make_picture(struct decoder *d, struct dat_image *img)
{
    for (int i = 0; i < d->frame.count; i++)
        if (!d->frame.components[i].latched)
            return damaged(d, "a colour is missing");
    if (d->frame.progressive)
        ENG_TRY(dat_jpeg_frame_render(&d->frame, d->why));
    ENG_TRY(dat_jpeg_pixels(img, &d->frame, colour_of(d), d->why));
    dat_jpeg_frame_release(&d->frame);

    const enum eng_err err = dat_exif_orient(img, d->orientation);
    if (err != ENG_OK) {
        dat_image_release(img);
        return eng_fail(d->why, err, "no memory to turn the picture; use a smaller one");
    }
    return ENG_OK;
}

enum eng_err dat_jpeg_decode(struct dat_image *img, const uint8_t *bytes, size_t count,
                             struct dat_budget *budget, struct eng_why *why)
{
    *img = (struct dat_image){0};
    if (count < 2 || bytes[0] != 0xff || bytes[1] != SOI)
        return eng_fail(why, ENG_FORMAT, "not a JPEG file; use a JPEG or PNG picture");

    struct decoder d = {.next = bytes + 2, .end = bytes + count, .budget = budget, .why = why};
    enum eng_err err = read_file(&d);
    if (err == ENG_OK)
        err = make_picture(&d, img);
    dat_jpeg_frame_release(&d.frame);
    return err;
}
