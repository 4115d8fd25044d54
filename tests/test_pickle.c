/* Pickles: what is read, and what is refused, byte by byte. */
#include "data/pickle.h"
#include "tests/tap.h"

#include <time.h>

static const struct dat_pickle_global globals[] = {
    {"torch", "FloatStorage", DAT_PICKLE_NAMED},
    {"torch._utils", "_rebuild_tensor_v2", DAT_PICKLE_CALLED},
    {"torch", "Size", DAT_PICKLE_CALLED},
    {"argparse", "Namespace", DAT_PICKLE_MADE}};

enum { GLOBALS = sizeof globals / sizeof *globals };

/* In a block of exactly its size, so that a sanitizer sees any read beyond it. */
static enum eng_err decode(struct dat_pickle **out, const void *bytes, size_t count, size_t *used,
                           struct eng_why *why)
{
    uint8_t *copy = malloc(count ? count : 1);
    if (count)
        memcpy(copy, bytes, count);
    const enum eng_err err = dat_pickle_decode(out, copy, count, used, globals, GLOBALS, NULL, why);
    free(copy); /* nothing of it is needed any more */
    return err;
}

/* ---- values as text ------------------------------------------------------------------------- */

static size_t describe(char *text, size_t n, size_t room, const struct dat_pickle_value *v);

static size_t say(char *text, size_t n, size_t room, const char *what)
{
    return n + (size_t)snprintf(text + n, n < room ? room - n : 0, "%s", what);
}

static size_t describe_all(char *text, size_t n, size_t room, const struct dat_pickle_value *v,
                           const char *brackets)
{
    n = say(text, n, room, (char[2]){brackets[0]});
    for (size_t i = 0; i < dat_pickle_count(v); i++) {
        n = say(text, n, room, i ? "," : "");
        if (dat_pickle_key(v, i)) {
            n = describe(text, n, room, dat_pickle_key(v, i));
            n = say(text, n, room, ":");
        }
        n = describe(text, n, room, dat_pickle_at(v, i));
    }
    return say(text, n, room, (char[2]){brackets[1]});
}

static size_t describe(char *text, size_t n, size_t room, const struct dat_pickle_value *v)
{
    char number[64] = "?";
    int64_t integer;
    double real;
    int truth;
    size_t count;
    switch (dat_pickle_type(v)) {
    case DAT_PICKLE_NONE:
        return say(text, n, room, "None");
    case DAT_PICKLE_BOOL:
        return say(text, n, room, dat_pickle_bool(v, &truth) && truth ? "True" : "False");
    case DAT_PICKLE_INT:
        if (dat_pickle_int(v, &integer))
            snprintf(number, sizeof number, "%lld", (long long)integer);
        return say(text, n, room, number);
    case DAT_PICKLE_FLOAT:
        if (dat_pickle_float(v, &real))
            snprintf(number, sizeof number, "%gf", real);
        return say(text, n, room, number);
    case DAT_PICKLE_LONG:
    case DAT_PICKLE_BYTES:
        dat_pickle_bytes(v, &count);
        snprintf(number, sizeof number, "%c%zu",
                 v && dat_pickle_type(v) == DAT_PICKLE_LONG ? 'L' : 'b', count);
        return say(text, n, room, number);
    case DAT_PICKLE_STRING:
        return say(text, n, room, dat_pickle_string(v) ? dat_pickle_string(v) : "NUL");
    case DAT_PICKLE_TUPLE:
        return describe_all(text, n, room, v, "()");
    case DAT_PICKLE_LIST:
        return describe_all(text, n, room, v, "[]");
    case DAT_PICKLE_SET:
        return describe_all(text, n, room, v, "<>");
    case DAT_PICKLE_DICT:
        return describe_all(text, n, room, v, "{}");
    case DAT_PICKLE_PERSISTENT:
        return describe_all(text, say(text, n, room, "@"), room, v, "()");
    case DAT_PICKLE_GLOBAL:
    case DAT_PICKLE_CALL:
        n = say(text, n, room, dat_pickle_named(v) ? dat_pickle_named(v)->name : "OrderedDict");
        return dat_pickle_type(v) == DAT_PICKLE_CALL ? describe_all(text, n, room, v, "()") : n;
    case DAT_PICKLE_ABSENT:
        break;
    }
    return say(text, n, room, "absent");
}

/* ---- good ones ------------------------------------------------------------------------------ */

#define PICKLE(text) text, sizeof text - 1
#define ORDERED      "ccollections\nOrderedDict\n"

static const struct {
    const char *what, *bytes;
    size_t count;
    const char *value;
} good[] = {
    {"None", PICKLE("N."), "None"},
    {"bools", PICKLE("\x80\2(\x88\x89I01\nI00\nt."), "(True,False,True,False)"},
    {"decimals of up to 64 bits",
     PICKLE("(I9223372036854775807\nL-9223372036854775808L\nL1234567890123456789L\n"
            "I-0\nL0000000000000000000000007L\nt."),
     "(9223372036854775807,-9223372036854775808,1234567890123456789,0,7)"},
    {"small integers", PICKLE("(K\xFFM\1\2J\xFE\xFF\xFF\xFFI-12\nt."), "(255,513,-2,-12)"},
    {"longs", PICKLE("(\x8a\0\x8a\1\xFF\x8a\2\0\1\x8b\1\0\0\0\x7FL-5L\nt."), "(0,-1,256,127,-5)"},
    {"64 bits and more",
     PICKLE("(\x8a\x08\0\0\0\0\0\0\0\x80\x8a\x09\0\0\0\0\0\0\0\x80\0L-123456789012345678L\nt."),
     "(-9223372036854775808,L9,-123456789012345678)"},
    {"a float", PICKLE("G\xBF\xF8\0\0\0\0\0\0."), "-1.5f"},
    {"texts", PICKLE("(X\1\0\0\0a\x8c\1b\x8d\1\0\0\0\0\0\0\0cU\1dT\1\0\0\0e\x8c\2a\0t."),
     "(a,b,c,d,e,NUL)"},
    {"bytes", PICKLE("(C\1aB\2\0\0\0ab\x8e\3\0\0\0\0\0\0\0abc\x96\0\0\0\0\0\0\0\0t."),
     "(b1,b2,b3,b0)"},
    {"tuples", PICKLE("()K\1\x85K\1K\2\x86K\1K\2K\3\x87(tt."), "((),(1),(1,2),(1,2,3),())"},
    {"lists", PICKLE("](]K\1a](K\1K\2ee."), "[[1],[1,2]]"},
    {"sets", PICKLE("\x80\4(\x8f(K\1K\2\x90(K\3\x91t."), "(<1,2>,<3>)"},
    {"a frozen set that is added to", PICKLE("(K\1\x91(K\2K\3K\4K\5\x90."), "<1,2,3,4,5>"},
    {"dictionaries", PICKLE("}(X\1\0\0\0aK\1K\2}K\3Nsu."), "{a:1,2:{3:None}}"},
    {"a list in pieces", PICKLE("](K\1K\2K\3eK\4a(K\5K\6K\7e."), "[1,2,3,4,5,6,7]"},
    {"the memo", PICKLE("(X\1\0\0\0aq\0h\0r\1\0\0\0h\1j\1\0\0\0t."), "(a,a,a,a)"},
    {"numbers by themselves", PICKLE("\x80\4\x95\x08\0\0\0\0\0\0\0(N\x94K\1\x94h\0t."),
     "(None,1,None)"},
    {"an OrderedDict", PICKLE("" ORDERED ")R(K\1K\2u."), "{1:2}"},
    {"one of pairs",
     PICKLE("" ORDERED "(](](K\1K\2eK\3K\4\x86"
            "etR."),
     "{1:2,3:4}"},
    {"one with attributes", PICKLE("" ORDERED ")RK\1K\2s}X\1\0\0\0aNsb."), "{1:2}"},
    {"a name", PICKLE("ctorch\nFloatStorage\n."), "FloatStorage"},
    {"an object without its state",
     PICKLE("(cargparse\nNamespace\n)\x81}X\1\0\0\0aK\1sbcargparse\nNamespace\n(K\1tRK\2bt."),
     "(Namespace(),Namespace(1))"},
    {"a name from the stack", PICKLE("\x8c\5torch\x8c\4Size\x93)R."), "Size()"},
    {"a call", PICKLE("ctorch._utils\n_rebuild_tensor_v2\nq\0(K\1NtR."),
     "_rebuild_tensor_v2(1,None)"},
    {"a persistent id", PICKLE("(X\1\0\0\0sctorch\nFloatStorage\ntQ."), "@((s,FloatStorage))"},
    {"two uses of one list", PICKLE("(]K\1aq\0h\0t."), "([1],[1])"},
};

static void test_good(void)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct dat_pickle *pickle;
        struct eng_why why = {""};
        char text[256] = "";
        const enum eng_err err = decode(&pickle, good[i].bytes, good[i].count, NULL, &why);
        if (err == ENG_OK)
            describe(text, 0, sizeof text, dat_pickle_root(pickle));
        if (!CHECK(err == ENG_OK && !strcmp(text, good[i].value), "%s: %s", good[i].what, text))
            printf("# %s\n", why.text);
        dat_pickle_free(pickle);
    }
}

/* ---- bad ones ------------------------------------------------------------------------------- */

static const struct {
    const char *what, *bytes;
    size_t count;
    enum eng_err err;
    const char *reason;
} bad[] = {
    {"os.system", PICKLE("cos\nsystem\n(X\2\0\0\0lstR."), ENG_UNSUPPORTED, "names os.system,"},
    {"the same from the stack", PICKLE("\x8c\5posix\x8c\6system\x93\x8c\2ls\x85R."),
     ENG_UNSUPPORTED, "names posix.system,"},
    {"a foreign function of torch", PICKLE("ctorch.storage\n_load_from_bytes\n."), ENG_UNSUPPORTED,
     "names torch.storage._load_from_bytes,"},
    {"the beginning of a known name", PICKLE("ctorch\nFloat\n."), ENG_UNSUPPORTED, "torch.Float,"},
    {"a known name and more", PICKLE("ctorch\nFloatStorages\n."), ENG_UNSUPPORTED,
     "torch.FloatStorages,"},
    {"a known name in another module", PICKLE("ctorch.cuda\nSize\n."), ENG_UNSUPPORTED,
     "torch.cuda.Size,"},
    {"a known name with a NUL", PICKLE("\x8c\5torch\x8c\5Size\0\x93."), ENG_UNSUPPORTED, "torch."},
    {"a call of what is only a name", PICKLE("ctorch\nFloatStorage\n)R."), ENG_UNSUPPORTED,
     "calls torch.FloatStorage,"},
    {"a call of a text", PICKLE("X\1\0\0\0a)R."), ENG_UNSUPPORTED, "calls what is no function"},
    {"a call of a call", PICKLE("ctorch\nSize\n)R)R."), ENG_UNSUPPORTED,
     "calls what is no function"},
    {"a call with a list", PICKLE("ctorch\nSize\n]R."), ENG_UNSUPPORTED, "calls"},
    {"INST", PICKLE("(ios\nsystem\n."), ENG_UNSUPPORTED, "opcode INST,"},
    {"OBJ", PICKLE("(ctorch\nSize\no."), ENG_UNSUPPORTED, "opcode OBJ,"},
    {"NEWOBJ", PICKLE("ctorch\nSize\n)\x81."), ENG_UNSUPPORTED, "makes an object (NEWOBJ)"},
    {"NEWOBJ of an OrderedDict", PICKLE(ORDERED ")\x81."), ENG_UNSUPPORTED,
     "makes an object (NEWOBJ)"},
    {"NEWOBJ of no class", PICKLE("K\1)\x81."), ENG_UNSUPPORTED, "makes an object (NEWOBJ)"},
    {"NEWOBJ of nothing", PICKLE(")\x81."), ENG_UNSUPPORTED, "makes an object (NEWOBJ)"},
    {"NEWOBJ without arguments", PICKLE("cargparse\nNamespace\n}\x81."), ENG_UNSUPPORTED, "calls"},
    {"BUILD of a name", PICKLE("cargparse\nNamespace\n}b."), ENG_UNSUPPORTED, "(BUILD)"},
    {"NEWOBJ_EX", PICKLE("ctorch\nSize\n)}\x92."), ENG_UNSUPPORTED, "opcode NEWOBJ_EX,"},
    {"EXT1", PICKLE("\x82\1."), ENG_UNSUPPORTED, "opcode EXT1,"},
    {"PERSID", PICKLE("Pa\n."), ENG_UNSUPPORTED, "opcode PERSID,"},
    {"POP", PICKLE("NN0."), ENG_UNSUPPORTED, "opcode POP,"},
    {"NEXT_BUFFER", PICKLE("\x97."), ENG_UNSUPPORTED, "opcode NEXT_BUFFER,"},
    {"BUILD of a call", PICKLE("ctorch\nSize\n)R}b."), ENG_UNSUPPORTED, "(BUILD)"},
    {"BUILD of a dictionary", PICKLE("}}b."), ENG_UNSUPPORTED, "(BUILD)"},
    {"BUILD of nothing", PICKLE("}b."), ENG_UNSUPPORTED, "(BUILD)"},
    {"an opcode that is none", PICKLE("\xFF."), ENG_FORMAT, "0xff"},
    {"protocol 6", PICKLE("\x80\6N."), ENG_UNSUPPORTED, "protocol 6"},
    {"a list in itself", PICKLE("]q\0h\0a."), ENG_UNSUPPORTED, "already part"},
    {"a list in its tuple",
     PICKLE("]q\0h\0\x85"
            "a."),
     ENG_UNSUPPORTED, "already part"},
    {"a list that grows later", PICKLE("]q\0\x85h\0Na."), ENG_UNSUPPORTED, "already part"},
    {"a dictionary that is its key", PICKLE("}q\0h\0Ns."), ENG_UNSUPPORTED, "already part"},

    {"nothing", PICKLE(""), ENG_FORMAT, "cut off"},
    {"no end", PICKLE("N"), ENG_FORMAT, "cut off"},
    {"no value", PICKLE("."), ENG_FORMAT, "one value"},
    {"two values", PICKLE("NN."), ENG_FORMAT, "one value"},
    {"a mark for a value", PICKLE("(."), ENG_FORMAT, "one value"},
    {"something after the end", PICKLE("N.N"), ENG_FORMAT, "goes on"},
    {"a tuple without a mark", PICKLE("Nt."), ENG_FORMAT, "mark"},
    {"a tuple of too few", PICKLE("N\x86."), ENG_FORMAT, "not there"},
    {"a tuple across a mark", PICKLE("N(N\x86."), ENG_FORMAT, "not there"},
    {"an item for no list", PICKLE("Na."), ENG_FORMAT, "no container"},
    {"an item for a tuple", PICKLE(")Na."), ENG_FORMAT, "no container"},
    {"items for a mark", PICKLE("((Ne."), ENG_FORMAT, "no container"},
    {"a key without a value", PICKLE("}(Nu."), ENG_FORMAT, "no container"},
    {"a pair for a list", PICKLE("]NNs."), ENG_FORMAT, "no container"},
    {"an element for a dictionary", PICKLE("}(N\x90."), ENG_FORMAT, "no container"},
    {"a call of nothing", PICKLE(")R."), ENG_FORMAT, "not there"},
    {"a persistent id of nothing", PICKLE("Q."), ENG_FORMAT, "not there"},
    {"keeping nothing", PICKLE("q\0N."), ENG_FORMAT, "keeps"},
    {"keeping a mark", PICKLE("(\x94."), ENG_FORMAT, "keeps"},
    {"keeping under a large number", PICKLE("Nr\xFF\xFF\xFF\xFF."), ENG_FORMAT, "too high"},
    {"using what was not kept", PICKLE("h\0."), ENG_FORMAT, "not kept"},
    {"using another number", PICKLE("Nq\0h\1\x86."), ENG_FORMAT, "not kept"},
    {"an OrderedDict of a number", PICKLE("" ORDERED "K\1\x85R."), ENG_FORMAT, "OrderedDict"},
    {"an OrderedDict of triples",
     PICKLE("" ORDERED "]NNN\x87"
            "a\x85R."),
     ENG_FORMAT, "OrderedDict"},
    {"a name of numbers", PICKLE("K\1K\2\x93."), ENG_FORMAT, "no text"},
    {"a text that is too long",
     PICKLE("X\xFF\xFF\xFF\xFF"
            "abc."),
     ENG_FORMAT, "cut off"},
    {"a text of 2^64 bytes",
     PICKLE("\x8d\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
            "abc."),
     ENG_FORMAT, "cut off"},
    {"a frame that is too long", PICKLE("\x80\4\x95\xFF\0\0\0\0\0\0\0N."), ENG_FORMAT, "cut off"},
    {"a number that is none", PICKLE("Iabc\n."), ENG_FORMAT, "number"},
    {"a number that is empty", PICKLE("I\n."), ENG_FORMAT, "number"},
    {"only a sign", PICKLE("L-L\n."), ENG_FORMAT, "number"},
    {"a number above 64 bits", PICKLE("L9223372036854775808L\n."), ENG_UNSUPPORTED, "64 bits"},
    {"one below", PICKLE("I-9223372036854775809\n."), ENG_UNSUPPORTED, "64 bits"},
    {"one far above", PICKLE("L99999999999999999999999999L\n."), ENG_UNSUPPORTED, "64 bits"},
    {"a long number that is none", PICKLE("L99999999999999999999999999xL\n."), ENG_FORMAT,
     "number"},
    {"a line without end", PICKLE("I12."), ENG_FORMAT, "cut off"},
};

static void test_bad(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct dat_pickle *pickle;
        struct eng_why why = {""};
        const enum eng_err err = decode(&pickle, bad[i].bytes, bad[i].count, NULL, &why);
        if (!CHECK(err == bad[i].err && !pickle && strstr(why.text, bad[i].reason), "%s: refused",
                   bad[i].what))
            printf("# error %d: %s\n", err, why.text);
        dat_pickle_free(pickle);
    }
}

/* Nesting by marks and without, and lists that use the one before ten times each. */
static void test_bombs(void)
{
    enum { MOST = 100000 };
    static uint8_t bytes[MOST + 1];
    struct dat_pickle *pickle;
    struct eng_why why = {""};
    for (int deep = 0; deep < 2; deep++) {
        const size_t n = deep ? DAT_PICKLE_MAX_DEPTH : DAT_PICKLE_MAX_DEPTH - 1;
        bytes[0] = 'N';
        memset(bytes + 1, 0x85, n);
        bytes[n + 1] = '.';
        const enum eng_err err = decode(&pickle, bytes, n + 2, NULL, &why);
        CHECK(err == (deep ? ENG_TOOBIG : ENG_OK), "%zu tuples in each other: %s", n,
              deep ? "refused" : "read");
        dat_pickle_free(pickle);
    }
    CHECK(strstr(why.text, "nested"), "and it says why");
    memset(bytes, 0x85, MOST);
    bytes[0] = 'N';
    CHECK(decode(&pickle, bytes, MOST, NULL, NULL) == ENG_TOOBIG, "%d tuples: refused", MOST);
    memset(bytes, '(', MOST);
    CHECK(decode(&pickle, bytes, MOST, NULL, NULL) == ENG_FORMAT, "%d marks: refused", MOST);
    memset(bytes, ']', MOST);
    bytes[MOST] = '.';
    CHECK(decode(&pickle, bytes, MOST + 1, NULL, NULL) == ENG_FORMAT, "%d lists: refused", MOST);

    size_t n = 0, levels;
    bytes[n++] = ')';
    for (levels = 0; levels < 12; levels++) {
        bytes[n++] = 'q';
        bytes[n++] = (uint8_t)levels;
        bytes[n++] = '(';
        for (int i = 0; i < 10; i++) {
            bytes[n++] = 'h';
            bytes[n++] = (uint8_t)levels;
        }
        bytes[n++] = 't';
    }
    bytes[n++] = '.';
    why.text[0] = '\0';
    CHECK(decode(&pickle, bytes, n, NULL, &why) == ENG_TOOBIG && strstr(why.text, "so often"),
          "%zu bytes that stand for 10^%zu values: refused", n, levels);
}

/* A long tuple that many short calls share, and a long list that makes many dictionaries: neither
 * may take memory for each. */
static void test_sharing(void)
{
    enum { LONG = 20000, CALLS = 20000 };
    static uint8_t bytes[2 * LONG + 5 * CALLS + 100];
    struct dat_pickle *pickle = NULL;
    struct eng_why why = {""};
    static const char head[] = "ctorch\nSize\nq\0(";
    size_t n = sizeof head - 1;
    memcpy(bytes, head, n);
    memset(bytes + n, 'N', LONG);
    n += LONG;
    memcpy(bytes + n, "tq\1", 3);
    n += 3;
    for (size_t i = 0; i < CALLS; i++, n += 5)
        memcpy(bytes + n, "h\0h\1R", 5);
    bytes[n] = '.';
    CHECK(decode(&pickle, bytes, n + 1, NULL, &why) == ENG_FORMAT && strstr(why.text, "one value"),
          "%d calls with %d arguments: %s", CALLS, LONG, why.text);
    dat_pickle_free(pickle);
    static const char twice[] = "(" ORDERED "q\0](K\1K\2\x86"
                                "e\x85q\1Rh\0h\1Rt.";
    CHECK(decode(&pickle, twice, sizeof twice - 1, NULL, &why) == ENG_FORMAT &&
              strstr(why.text, "OrderedDict"),
          "two OrderedDicts of one list: refused");
    dat_pickle_free(pickle);
}

static void test_used(void)
{
    static const char two[] = "\x80\2K\1.\x80\2K\2.rest";
    struct dat_pickle *pickle = NULL;
    size_t used = 0;
    int64_t value = 0;
    CHECK(decode(&pickle, two, sizeof two - 1, &used, NULL) == ENG_OK && used == 5 &&
              dat_pickle_int(dat_pickle_root(pickle), &value) && value == 1,
          "the first of two");
    dat_pickle_free(pickle);
    CHECK(decode(&pickle, two + 5, sizeof two - 6, &used, NULL) == ENG_OK && used == 5 &&
              dat_pickle_int(dat_pickle_root(pickle), &value) && value == 2,
          "and the second");
    dat_pickle_free(pickle);
    dat_pickle_free(NULL);
}

static void test_access(void)
{
    static const char bytes[] = "}(X\1\0\0\0aK\1X\1\0\0\0b(K\2K\3tu.";
    struct dat_pickle *pickle = NULL;
    int64_t value = 0;
    double real;
    int truth;
    size_t count;
    CHECK(decode(&pickle, bytes, sizeof bytes - 1, NULL, NULL) == ENG_OK, "a dictionary");
    const struct dat_pickle_value *root = dat_pickle_root(pickle),
                                  *b = dat_pickle_member(root, "b");
    CHECK(dat_pickle_count(root) == 2 && dat_pickle_count(b) == 2 &&
              dat_pickle_int(dat_pickle_at(b, 1), &value) && value == 3,
          "by key and by number");
    CHECK(!dat_pickle_member(root, "c") && !dat_pickle_at(b, 2) && !dat_pickle_at(root, 2) &&
              !dat_pickle_key(root, 2) && !dat_pickle_key(b, 0) && !dat_pickle_member(b, "a"),
          "and not what is not there");
    const struct dat_pickle_value *none = dat_pickle_at(dat_pickle_member(NULL, "x"), 0);
    CHECK(dat_pickle_type(none) == DAT_PICKLE_ABSENT && !dat_pickle_count(none) &&
              !dat_pickle_string(none) && !dat_pickle_bytes(none, &count) &&
              !dat_pickle_named(none) && !dat_pickle_int(none, &value) &&
              !dat_pickle_float(none, &real) && !dat_pickle_bool(none, &truth),
          "NULL is taken everywhere");
    CHECK(!dat_pickle_string(b) && !dat_pickle_int(b, &value) && !dat_pickle_bytes(b, &count) &&
              !dat_pickle_float(dat_pickle_member(root, "a"), &real) &&
              !dat_pickle_bool(dat_pickle_member(root, "a"), &truth),
          "and so are values of other types");
    dat_pickle_free(pickle);
}

/* One long text that is the key of very many pairs: to look for another must not be to read it
 * every time. */
static void test_long_keys(void)
{
    enum { LONG = 500000, PAIRS = 170000, LOOKS = 15 };
    static uint8_t bytes[LONG + 3 * PAIRS + 100];
    static const char head[] = "}(X\x20\xA1\7\0", tail[] = "X\2\0\0\0a\0K\1X\1\0\0\0aK\2u.";
    const struct dat_pickle_value *root;
    struct dat_pickle *pickle = NULL;
    int64_t value = 0;
    size_t n = sizeof head - 1, found = 0;
    memcpy(bytes, head, n);
    memset(bytes + n, 'a', LONG);
    n += LONG;
    memcpy(bytes + n, "q\0N", 3);
    for (size_t i = 0; i < PAIRS; i++)
        memcpy(bytes + (n += 3), "h\0N", 3);
    n += 3;
    memcpy(bytes + n, tail, sizeof tail - 1);
    const clock_t start = clock();
    if (!CHECK(decode(&pickle, bytes, n + sizeof tail - 1, NULL, NULL) == ENG_OK, "a long key"))
        return;
    root = dat_pickle_root(pickle);
    for (size_t i = 0; i < LOOKS; i++)
        found += dat_pickle_int(dat_pickle_member(root, "a"), &value) && value == 2 &&
                 !dat_pickle_member(root, "b");
    const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    CHECK(found == LOOKS && seconds < 3,
          "a key of %d bytes in %d pairs: another is found in %.2f s", LONG, PAIRS, seconds);
    dat_pickle_free(pickle);
}

static void test_damage(void)
{
    static const char whole[] = "\x80\2" ORDERED
                                "q\0)R(X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n"
                                "((X\1\0\0\0sctorch\nFloatStorage\nX\1\0\0\0"
                                "0K\6tQK\0K\2K\3\x86"
                                "K\3K\1\x86\x89h\0)RtRu.";
    enum { COUNT = sizeof whole - 1 };
    struct dat_pickle *pickle;
    uint8_t bytes[COUNT];
    size_t refused = 0, read = 0;
    for (size_t n = 0; n < COUNT; n++)
        refused += decode(&pickle, whole, n, NULL, NULL) == ENG_FORMAT && !pickle;
    CHECK(refused == COUNT, "%zu of %zu truncations are refused", refused, (size_t)COUNT);
    memcpy(bytes, whole, COUNT);
    refused = 0;
    for (size_t bit = 0; bit < 8 * (size_t)COUNT; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        const enum eng_err err = decode(&pickle, bytes, COUNT, NULL, NULL);
        if (err == ENG_OK) {
            char text[1024];
            read += describe(text, 0, sizeof text, dat_pickle_root(pickle)) > 0;
            dat_pickle_free(pickle);
        }
        refused += err != ENG_OK;
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK(refused > 4 * COUNT && read + refused == 8 * COUNT,
          "of %zu flipped bits %zu are refused, the others give values", 8 * (size_t)COUNT,
          refused);
}

int main(void)
{
    test_good();
    test_bad();
    test_bombs();
    test_sharing();
    test_used();
    test_access();
    test_long_keys();
    test_damage();
    return tap_done();
}
