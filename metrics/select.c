#include "metrics/select.h"

#include "engine/choice.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define NAME(id, name) name,
static const char *const rule_names[] = {MET_SELECT_RULES(NAME)};
#undef NAME

struct met_select met_select_default(void)
{
    return (struct met_select){.rule = MET_SELECT_VALUE, .amount = 0.5};
}

struct met_select met_select_figure(void)
{
    return (struct met_select){.rule = MET_SELECT_VALUE, .amount = 0.1};
}

/* A number in 0 .. 1, or a percentage, and nothing behind it. */
static bool parse_share(double *share, const char *text)
{
    char *end;
    if (text[0] != '.' && (text[0] < '0' || text[0] > '9'))
        return false;
    double value = strtod(text, &end);
    if (*end == '%') {
        value /= 100.0;
        end++;
    }
    if (*end != '\0' || !(value >= 0.0 && value <= 1.0))
        return false;
    *share = value;
    return true;
}

static bool set_flag(struct met_select *how, const char *name)
{
#define SET(flag)                                                                                  \
    if (strcmp(name, #flag) == 0) {                                                                \
        how->flag = true;                                                                          \
        return true;                                                                               \
    }
    MET_SELECT_FLAGS(SET)
#undef SET
    return false;
}

/* Cuts the first field off a text of fields with colons; NULL when there is none left. */
static char *next_field(char **rest)
{
    char *field = *rest;
    if (field) {
        char *colon = strchr(field, ':');
        if (colon)
            *colon = '\0';
        *rest = colon ? colon + 1 : NULL;
    }
    return field;
}

enum eng_err met_select_parse(struct met_select *how, const char *text, struct eng_why *why)
{
    char copy[MET_SELECT_TEXT];
    if (strlen(text) >= sizeof copy)
        return eng_fail(why, ENG_ARG, "'%.40s...' is too long; write it like value:0.5", text);
    strcpy(copy, text);

    struct met_select parsed = {0};
    char *rest = copy;
    int rule;
    ENG_TRY(eng_choice_parse(&rule, next_field(&rest), rule_names, COUNT(rule_names),
                             "rule of selection", why));
    parsed.rule = (enum met_select_rule)rule;
    const char *share = next_field(&rest);
    if (!share || !parse_share(&parsed.amount, share))
        return eng_fail(why, ENG_ARG,
                        "'%.80s' needs a share behind '%s:'; write a number from 0 to 1, or a "
                        "percentage, as in %s:0.5",
                        text, rule_names[rule], rule_names[rule]);
    for (const char *flag; (flag = next_field(&rest)) != NULL;)
        if (!set_flag(&parsed, flag))
            return eng_fail(why, ENG_ARG,
                            "'%s' in '%s' is unknown; behind the share there may be :original, "
                            ":inclusive or :zeros",
                            flag, text);
    *how = parsed;
    return ENG_OK;
}

void met_select_print(char text[MET_SELECT_TEXT], const struct met_select *how)
{
    /* The fewest digits that read back to the same number: 0.1, not 0.10000000000000001. */
    char share[32];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(share, sizeof share, "%.*g", digits, how->amount);
        if (strtod(share, NULL) == how->amount)
            break;
    }
    int used = snprintf(text, MET_SELECT_TEXT, "%s:%s", rule_names[how->rule], share);
#define APPEND(flag)                                                                               \
    if (how->flag)                                                                                 \
        used += snprintf(text + used, (size_t)(MET_SELECT_TEXT - used), ":" #flag);
    MET_SELECT_FLAGS(APPEND)
#undef APPEND
    assert(used < MET_SELECT_TEXT);
}

/* An unsigned integer that sorts as the value does, the largest value first. The bits of an IEEE
 * float sort like integers of sign and magnitude; adding 0.0 makes -0.0 the ordinary zero. */
static uint32_t falling_key(float value)
{
    uint32_t bits;
    value += 0.0f;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t rising = bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
    return ~rising;
}

static float value_of_key(uint32_t key)
{
    const uint32_t rising = ~key;
    const uint32_t bits = rising >> 31 ? rising & ~(UINT32_C(1) << 31) : ~rising;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Digit by digit, as one looks up a word: count how many keys begin with each possible first
 * digit, walk to the digit in which the rank falls, and go on among the keys that begin so.
 * Unlike quickselect this has no bad inputs, and unlike sorting it leaves the map alone. */
float met_select_nth(const float *map, size_t count, size_t nth)
{
    static const int shifts[] = {21, 10, 0}, widths[] = {11, 11, 10};
    uint32_t found = 0, known = 0; /* the digits found so far, and which bits those are */
    assert(nth >= 1 && nth <= count);

    for (int pass = 0; pass < 3; pass++) {
        size_t having[1 << 11] = {0};
        const uint32_t digit_mask = (UINT32_C(1) << widths[pass]) - 1;
        for (size_t i = 0; i < count; i++) {
            const uint32_t key = falling_key(map[i]);
            if ((key & known) == found)
                having[key >> shifts[pass] & digit_mask]++;
        }
        uint32_t digit = 0;
        while (having[digit] < nth)
            nth -= having[digit++];
        found |= digit << shifts[pass];
        known |= digit_mask << shifts[pass];
    }
    return value_of_key(found);
}

/* How many pixels a share of n is, rounded up. The hair less keeps 0.1 of 30 at 3 whatever the
 * rounding of the product. */
static size_t quota(double amount, size_t n)
{
    const double share = amount * (double)n;
    return (size_t)ceil(share - share * 0x1p-50);
}

enum eng_err met_select_cut(double *cut, const struct met_select *how, const float *map,
                            size_t count, struct eng_why *why)
{
    if (!(how->amount >= 0.0 && how->amount <= 1.0))
        return eng_fail(why, ENG_ARG, "the share %g is no share; use one from 0 to 1", how->amount);
    if (count == 0)
        return eng_fail(why, ENG_ARG, "the map has no pixels; give it some");

    float smallest = INFINITY, largest = -INFINITY;
    size_t positive = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(map[i]))
            return eng_fail(why, ENG_ARG,
                            "value %zu of the map is not a finite number; check the weights and "
                            "the input of the net that it is from",
                            i);
        smallest = map[i] < smallest ? map[i] : smallest;
        largest = map[i] > largest ? map[i] : largest;
        positive += map[i] > 0.0f;
    }

    size_t keep = 0;
    switch (how->rule) {
    case MET_SELECT_VALUE:
        *cut = how->amount * fmax(largest, 0.0);
        return ENG_OK;
    case MET_SELECT_RANGE:
        *cut = smallest + how->amount * ((double)largest - smallest);
        return ENG_OK;
    case MET_SELECT_NONZERO:
        keep = quota(how->amount, positive);
        break;
    case MET_SELECT_ALL:
        keep = quota(how->amount, count);
        break;
    }
    /* Strictly above the first value that no longer fits, or at least the last one that does:
     * without ties both are the same pixels. */
    if (how->inclusive)
        *cut = keep == 0 ? INFINITY : met_select_nth(map, count, keep);
    else
        *cut = keep == count ? -INFINITY : met_select_nth(map, count, keep + 1);
    return ENG_OK;
}

enum eng_err met_select_pixels(struct met_mask *mask, const struct met_select *how,
                               const float *map, const float *original, size_t width, size_t height,
                               struct eng_why *why)
{
    double cut;
    *mask = (struct met_mask){0};
    if (how->original && !original)
        return eng_fail(why, ENG_ARG, "the original's cut is asked for without its map; give both");
    ENG_TRY(met_mask_init(mask, width, height));

    const size_t count = width * height;
    enum eng_err err = met_select_cut(&cut, how, map, count, why);
    if (err == ENG_OK && how->original)
        err = met_select_cut(&cut, how, original, count, why);
    if (err != ENG_OK) {
        met_mask_release(mask);
        return err;
    }
    for (size_t i = 0; i < count; i++)
        mask->at[i] = met_select_takes(how, cut, map[i]);
    return ENG_OK;
}
