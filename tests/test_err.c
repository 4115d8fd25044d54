/* Errors and their sentences; names of choices; shapes and products that may overflow. */
#include "engine/choice.h"
#include "engine/err.h"
#include "engine/tensor.h"
#include "tests/tap.h"

#include <stdint.h>

static void test_errors(void)
{
    int distinct = 1, codes = 0;
    static const enum eng_err all[] = {
#define CODE(code, text) ENG_##code,
        ENG_ERRORS(CODE)
#undef CODE
    };
    const int count = (int)(sizeof all / sizeof *all);
    for (int i = 0; i < count; i++, codes++)
        for (int k = 0; k < i; k++)
            distinct &= strcmp(eng_err_text(all[i]), eng_err_text(all[k])) != 0;
    CHECK(codes > 1 && distinct && ENG_OK == 0, "%d codes, each with a text of its own", codes);
    CHECK(eng_err_text((enum eng_err)1000)[0], "no code is without one");
}

static enum eng_err tries(enum eng_err err, int *reached)
{
    *reached = 0;
    ENG_TRY(err);
    *reached = 1;
    return ENG_OK;
}

static void test_sentences(void)
{
    struct eng_why why = {""};
    char longer[sizeof why.text * 2];
    int reached;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    CHECK(eng_fail(&why, ENG_IO, "%d of %s", 3, "them") == ENG_IO && !strcmp(why.text, "3 of them"),
          "a failure fills the sentence and passes the code on");
    CHECK(eng_fail_in(&why, ENG_IO, "a/file") == ENG_IO && !strcmp(why.text, "a/file: 3 of them"),
          "and takes a prefix");
    why.text[0] = '\0';
    CHECK(eng_fail_in(&why, ENG_NOMEM, "here") == ENG_NOMEM &&
              !strcmp(why.text, "here: out of memory"),
          "an empty sentence becomes the code's text");
    CHECK(eng_fail(NULL, ENG_ARG, "%s", longer) == ENG_ARG &&
              eng_fail_in(NULL, ENG_ARG, longer) == ENG_ARG,
          "nobody need ask why");
    CHECK(eng_fail(&why, ENG_ARG, "%s", longer) == ENG_ARG &&
              strlen(why.text) == sizeof why.text - 1,
          "a long sentence is cut");
    CHECK(eng_fail_in(&why, ENG_ARG, longer) == ENG_ARG && strlen(why.text) < sizeof why.text,
          "also behind a long prefix");
    CHECK(tries(ENG_FORMAT, &reached) == ENG_FORMAT && !reached &&
              tries(ENG_OK, &reached) == ENG_OK && reached,
          "ENG_TRY leaves on failure alone");
}

static void test_choices(void)
{
    static const char *const names[] = {"red", "green", "blue"};
    struct eng_why why = {""};
    int choice = 7;
    CHECK(!strcmp(eng_choice_name(2, names, 3), "blue") && !eng_choice_name(3, names, 3) &&
              !eng_choice_name(-1, names, 3),
          "choices have names, beyond them is nothing");
    CHECK(eng_choice_parse(&choice, "green", names, 3, "colour", &why) == ENG_OK && choice == 1,
          "a name is found");
    CHECK(eng_choice_parse(&choice, "Green", names, 3, "colour", &why) == ENG_ARG && choice == 1 &&
              strstr(why.text, "colour") && strstr(why.text, "red, green or blue"),
          "another is not: %s", why.text);
}

static void test_shapes(void)
{
    const struct eng_shape scalar = {0, {0}}, a = {3, {2, 3, 4}}, b = {3, {2, 3, 5}};
    const struct eng_shape prefix = {2, {2, 3}}, none = {2, {0, 5}};
    const struct eng_shape huge = {4, {SIZE_MAX / 2, 3, 1, 1}}, bytes = {1, {SIZE_MAX / 3}};
    char text[64], little[5];
    CHECK(eng_shape_count(&scalar) == 1 && eng_shape_count(&a) == 24 && eng_shape_count(&none) == 0,
          "elements are counted");
    CHECK(eng_shape_count(&huge) == SIZE_MAX && eng_shape_count(&bytes) == SIZE_MAX,
          "more than fit a size_t, as floats, are none");
    CHECK(eng_shape_same(&a, &a) && !eng_shape_same(&a, &b) && !eng_shape_same(&a, &prefix) &&
              eng_shape_same(&scalar, &scalar),
          "shapes are compared");
    CHECK(!strcmp(eng_shape_text(&a, text, sizeof text), "[2, 3, 4]"), "and written: %s", text);
    CHECK(!strcmp(eng_shape_text(&scalar, text, sizeof text), "[]"), "a scalar's is empty");
    CHECK(strlen(eng_shape_text(&a, little, sizeof little)) == 4, "a small text is cut");
    CHECK(eng_product(6, 7) == 42 && eng_product(0, SIZE_MAX - 1) == 0 &&
              eng_product(SIZE_MAX / 2, 2) == SIZE_MAX - 1 &&
              eng_product(SIZE_MAX / 2 + 1, 2) == SIZE_MAX &&
              eng_product(SIZE_MAX, 0) == SIZE_MAX && eng_product(1, SIZE_MAX) == SIZE_MAX,
          "products overflow to the largest, and stay there");
}

int main(void)
{
    test_errors();
    test_sentences();
    test_choices();
    test_shapes();
    return tap_done();
}
