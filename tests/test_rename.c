/* Names by pattern: what becomes of each, and what is refused. */
#include "data/rename.h"
#include "data/tensors.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#include <time.h>

enum { MOST = 8 };

/* The names of a text with spaces between; *count of them, good until the next call. */
static const char *const *split(const char *text, size_t *count)
{
    static char copy[2][512];
    static const char *names[2][MOST];
    static int turn;
    turn = !turn;
    snprintf(copy[turn], sizeof copy[turn], "%s", text);
    *count = 0;
    for (char *word = strtok(copy[turn], " "); word; word = strtok(NULL, " "))
        names[turn][(*count)++] = word;
    return names[turn];
}

/* Applies rules with spaces between, each a call of dat_rename_add, to the names, and says whether
 * they become the others, "-" for one that is left out; or whether the error says `expected`. */
static void check(const char *rules, const char *before, enum eng_err wanted, const char *expected)
{
    struct dat_rename rename = {0};
    struct eng_why why = {""};
    char *to[MOST], text[512] = "";
    size_t count, n;
    const char *const *each = split(rules, &n);
    enum eng_err err = ENG_OK;
    for (size_t i = 0; err == ENG_OK && i < n; i++)
        err = dat_rename_add(&rename, each[i], &why);
    const char *const *names = split(before, &count);
    if (err == ENG_OK)
        err = dat_rename_apply(&rename, names, count, to, &why);
    for (size_t i = 0; err == ENG_OK && i < count; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "",
                 to[i] ? to[i] : "-");
        free(to[i]);
    }
    dat_rename_release(&rename);
    CHECK(err == wanted &&
              (err == ENG_OK ? strcmp(text, expected) == 0 : strstr(why.text, expected) != NULL),
          "%s: %s -> %s%s", rules, before, text, why.text);
}

static void test_names(void)
{
    check("a=b", "a aa ba", ENG_OK, "b aa ba");
    check("backbone.*=*", "backbone.conv1.weight fc.bias", ENG_OK, "conv1.weight fc.bias");
    check("*=net.*", "a b.c", ENG_OK, "net.a net.b.c");
    check("fc.1.*=fc.*", "fc.1.weight fc.1.bias fc.10.bias", ENG_OK,
          "fc.weight fc.bias fc.10.bias");
    check("*.gamma=*.weight", "bn.gamma gamma a.gamma.b", ENG_OK, "bn.weight gamma a.gamma.b");
    check("a*=b*", "a ab ba", ENG_OK, "b bb ba");
    check("*a*=*b*", "a aa banana", ENG_OK, "b ba bbnana");
    check("block*.*=layer*.*", "block4.0.bn1.bias block..x", ENG_OK, "layer4.0.bn1.bias layer..x");
    check("*.*.*=*_*-*", "1.2.3 1.2.3.4 1.2", ENG_OK, "1_2-3 1_2-3.4 1.2");
    check("**=*-*", "ab", ENG_OK, "-ab");
    check("a*a=x*", "aa aba a aaa", ENG_OK, "x xb a xa");
    check("*.weight=w", "fc.weight", ENG_OK, "w");
    check("optimizer.*=", "optimizer.state.0 fc.bias", ENG_OK, "- fc.bias");
    check("*=", "a b", ENG_OK, "- -");
    check("a=b b=c", "a d", ENG_OK, "c d");
    check("a=b,b=c", "a d", ENG_OK, "c d");
    check("a=t b=a t=b", "a b", ENG_OK, "b a");
    check("b= a=b", "a b", ENG_OK, "b -");
    check("m.*=* m.*=*", "m.m.a m.m.b", ENG_OK, "a b");
    check("t\xC3\xBCr.*=door.*", "t\xC3\xBCr.w", ENG_OK, "door.w");
    check("?=a [a]=b", "? [a]", ENG_OK, "a b");
    check("", "a b", ENG_OK, "a b");
}

static void test_refused(void)
{
    check("backbon.*=*", "backbone.a fc.b", ENG_ARG,
          "no tensor matches 'backbon.*'; there is 'backbone.a', for one");
    check("a=b a=c", "a d", ENG_ARG, "no tensor matches 'a', after the patterns before it");
    check("a= b=c", "a", ENG_ARG, "no tensor matches 'b', after the patterns before it; there are");
    check("a=b", "", ENG_ARG, "there are none");
    check("m.*=*", "m.a a b", ENG_ARG, "'a' and 'm.a' would both be called 'a'");
    check("*.x=y", "a.x b.x", ENG_ARG, "would both be called 'y'");
    check("m*=*", "m ma", ENG_ARG, "leaves nothing of the name 'm'");
    check("a", "a", ENG_ARG, "'a' renames nothing; write PATTERN=NAME");
    check("=a", "a", ENG_ARG, "'=a' renames nothing");
    check("a=b=c", "a", ENG_ARG, "'a=b=c' renames nothing");
    check("a=b,", "a", ENG_ARG, "'' renames nothing");
    check("a=*", "a", ENG_ARG, "has 0 * before the = and 1 behind it");
    check("*.*=*", "a.b", ENG_ARG, "has 2 * before the = and 1 behind it");
    check("\xC3=a", "a", ENG_ARG, "UTF-8");
}

/* A refused text leaves the rules that were there. */
static void test_kept(void)
{
    static const char *const names[] = {"a"};
    struct dat_rename rename = {0};
    char *to[1];
    CHECK(dat_rename_add(&rename, "a=b", NULL) == ENG_OK &&
              dat_rename_add(&rename, "b=c,c=d,d", NULL) == ENG_ARG && rename.count == 1,
          "of a list with one bad rule none is added");
    const int applied = dat_rename_apply(&rename, names, 1, to, NULL) == ENG_OK;
    CHECK(applied && strcmp(to[0], "b") == 0, "and the others are still there");
    if (applied)
        free(to[0]);
    dat_rename_release(&rename);
    CHECK(!rename.rules && !rename.count, "none are left behind the release");
}

/* What takes a backtracking matcher for ever. */
static void test_cost(void)
{
    enum { LENGTH = 4000, STARS = 40 };
    static char name[LENGTH + 1], rule[2 * STARS + 8];
    const char *const names[] = {name};
    struct dat_rename rename = {0};
    char *to[1];
    memset(name, 'a', LENGTH);
    for (int i = 0; i < STARS; i++)
        memcpy(rule + 2 * i, "a*", 2);
    strcpy(rule + 2 * STARS, "b=c");
    const clock_t start = clock();
    CHECK(dat_rename_add(&rename, rule, NULL) == ENG_OK &&
              dat_rename_apply(&rename, names, 1, to, NULL) == ENG_ARG &&
              clock() - start < CLOCKS_PER_SEC,
          "%d stars in a name of %d bytes take no time", STARS, LENGTH);
    dat_rename_release(&rename);
}

/* ---- tensors of a file ----------------------------------------------------------------------- */

static void test_tensors(void)
{
    static const float data[3] = {1, 2, 3};
    const struct dat_safetensors_entry entries[] = {{"m.b", DAT_F32, 1, {1}, &data[0], 4},
                                                    {"m.a", DAT_F32, 1, {1}, &data[1], 4},
                                                    {"z", DAT_F32, 1, {1}, &data[2], 4}};
    const char *path = scratch_path("a.npz");
    struct dat_rename rename = {0}, more = {0}, bad = {0};
    struct dat_tensors *file = NULL;
    struct eng_why why = {""};
    scratch_need(dat_tensors_write(path, entries, 3, NULL, 0, NULL) == ENG_OK &&
                     dat_tensors_open(&file, path, NULL, NULL) == ENG_OK &&
                     dat_rename_add(&rename, "m.*=*,z=", NULL) == ENG_OK &&
                     dat_rename_add(&more, "a=c", NULL) == ENG_OK &&
                     dat_rename_add(&bad, "c=b", NULL) == ENG_OK,
                 path);
    float value = 0;
    CHECK(dat_tensors_rename(file, &(struct dat_rename){0}, &why) == ENG_OK &&
              dat_tensors_count(file) == 3 && dat_tensors_find(file, "m.a"),
          "no rules change nothing");
    CHECK(dat_tensors_rename(file, &rename, &why) == ENG_OK && dat_tensors_count(file) == 2 &&
              !strcmp(dat_tensors_at(file, 0)->name, "b") &&
              !strcmp(dat_tensors_at(file, 1)->name, "a") && !dat_tensors_find(file, "m.a") &&
              !dat_tensors_find(file, "z"),
          "the tensors of a file have their new names, in their order");
    const struct dat_safetensors_entry *a = dat_tensors_find(file, "a");
    CHECK(a && dat_safetensors_float(a, &value, 1) == ENG_OK && value == 2, "and their numbers");
    CHECK(dat_tensors_rename(file, &more, &why) == ENG_OK && dat_tensors_find(file, "c") &&
              !dat_tensors_find(file, "a"),
          "and can have others again");
    CHECK(dat_tensors_rename(file, &bad, &why) == ENG_ARG && strstr(why.text, "both") &&
              dat_tensors_count(file) == 2 && dat_tensors_find(file, "c") &&
              dat_tensors_find(file, "b"),
          "what is refused changes nothing: %s", why.text);
    dat_tensors_free(file);
    dat_rename_release(&rename);
    dat_rename_release(&more);
    dat_rename_release(&bad);
}

int main(void)
{
    test_names();
    test_refused();
    test_kept();
    test_cost();
    scratch_make();
    test_tensors();
    scratch_remove();
    return tap_done();
}
