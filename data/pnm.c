/* A PNM file is a header of numbers in text, and then samples row by row:
 *
 *   P6            kind: P2 grey and P3 colour have samples in text, P5 and P6 in binary
 *   # comment     anywhere up to the last number of the header
 *   640 480 255   width, height, largest sample; then exactly one white-space byte
 */
#include "data/pnm.h"

struct text {
    const uint8_t *at, *end;
};

static int is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int dat_pnm_is(const uint8_t *bytes, size_t count)
{
    return count >= 3 && bytes[0] == 'P' &&
           (bytes[1] == '2' || bytes[1] == '3' || bytes[1] == '5' || bytes[1] == '6') &&
           (is_space(bytes[2]) || bytes[2] == '#');
}

/* The next byte, a comment counting as the end of its line; -1 at the end. */
static int next_byte(struct text *t)
{
    if (t->at < t->end && *t->at == '#')
        while (t->at < t->end && *t->at != '\n' && *t->at != '\r')
            t->at++;
    return t->at < t->end ? *t->at++ : -1;
}

/* Reads a decimal number up to `most` and the white space or comment that ends it (the end of the
 * text also does). False if there is none, or a larger one. */
static int next_number(struct text *t, size_t most, size_t *number)
{
    size_t n = 0;
    int c;

    do
        c = next_byte(t);
    while (is_space(c));
    if (c < '0' || c > '9')
        return 0;
    for (; c >= '0' && c <= '9'; c = next_byte(t)) {
        n = n * 10 + (size_t)(c - '0');
        if (n > most)
            return 0;
    }
    *number = n;
    return c < 0 || is_space(c);
}

static enum eng_err damaged(struct eng_why *why, const char *what)
{
    return eng_fail(why, ENG_FORMAT, "%s; the file is damaged, get it again", what);
}

static uint8_t to_8_bits(size_t sample, size_t maxval)
{
    return (uint8_t)((sample * 255 + maxval / 2) / maxval);
}

static enum eng_err read_samples(struct dat_image *img, struct text *t, int plain, size_t maxval,
                                 size_t channels, struct eng_why *why)
{
    const size_t samples = img->width * img->height * channels;
    uint8_t *out = img->rgb;

    for (size_t i = 0; i < samples; i++) {
        size_t sample;

        if (plain) {
            if (!next_number(t, maxval, &sample))
                return damaged(why, "a sample is missing, too large or not a number");
        } else {
            sample = *t->at++;
            if (maxval > 255)
                sample = sample << 8 | *t->at++;
            if (sample > maxval)
                return damaged(why, "a sample is too large");
        }
        *out++ = to_8_bits(sample, maxval);
        if (channels == 1) {
            out[0] = out[1] = out[-1];
            out += 2;
        }
    }
    return ENG_OK;
}

enum eng_err dat_pnm_decode(struct dat_image *img, const uint8_t *bytes, size_t count,
                            struct dat_budget *budget, struct eng_why *why)
{
    struct text t = {bytes, bytes + count};
    size_t width, height, maxval, channels, samples, least;
    enum eng_err err;
    int plain;

    *img = (struct dat_image){0};
    if (!dat_pnm_is(bytes, count))
        return eng_fail(why, ENG_UNSUPPORTED, "not a PPM or PGM image; convert it first");
    plain = bytes[1] <= '3';
    channels = bytes[1] == '2' || bytes[1] == '5' ? 1 : 3;
    t.at += 2;
    if (!next_number(&t, SIZE_MAX / 16, &width) || !next_number(&t, SIZE_MAX / 16, &height) ||
        !next_number(&t, 65535, &maxval) || width == 0 || height == 0 || maxval == 0)
        return damaged(why, "the header does not tell width, height and largest sample");
    if (width > DAT_IMAGE_MAX_SIDE || height > DAT_IMAGE_MAX_SIDE ||
        width > DAT_IMAGE_MAX_PIXELS / height)
        return eng_fail(why, ENG_TOOBIG, "%zu x %zu pixels are too many; scale it down first",
                        width, height);

    /* A sample in text takes a digit, and a space unless it is the last. */
    samples = width * height * channels;
    least = plain ? 2 * samples - 1 : samples * (maxval > 255 ? 2 : 1);
    if ((size_t)(t.end - t.at) < least)
        return damaged(why, "the picture is cut off");

    ENG_TRY(dat_budget_take(budget, 3 * width * height, why));
    err = dat_image_init(img, width, height);
    if (err)
        return eng_fail(why, err, "there is not enough memory for %zu x %zu pixels; scale it down",
                        width, height);
    err = read_samples(img, &t, plain, maxval, channels, why);
    if (err)
        dat_image_release(img);
    return err;
}
