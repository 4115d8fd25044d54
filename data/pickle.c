#include "data/pickle.h"

#include "data/pickle_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROTOCOL = 5 };

static enum eng_err refused_global(struct dat_machine *m, const char *verb, const char *module,
                                   size_t module_size, const char *name, size_t name_size)
{
    return eng_fail(m->why, ENG_UNSUPPORTED,
                    "the pickle %s %.*s.%.*s, which is not among the few names that tensors need; "
                    "save a state_dict() of plain tensors",
                    verb, (int)(module_size < 100 ? module_size : 100), module,
                    (int)(name_size < 100 ? name_size : 100), name);
}

/* ---- opcodes -------------------------------------------------------------------------------- */

static enum eng_err push_integer(struct dat_machine *m, enum dat_pickle_type type, int64_t value)
{
    struct dat_pickle_value *v = dat_machine_new_value(m, type);
    if (!v)
        return dat_machine_out_of_memory(m);
    v->of.integer = value;
    return dat_machine_push(m, v);
}

/* A text or bytes whose length is in the next `width` bytes. */
static enum eng_err push_bytes(struct dat_machine *m, enum dat_pickle_type type, int width)
{
    uint64_t count;
    ENG_TRY(dat_machine_take_number(m, width, &count));
    const uint8_t *bytes = dat_machine_take(m, count);
    if (!bytes)
        return dat_machine_cut_off(m);
    struct dat_pickle_value *v = dat_machine_new_value(m, type);
    uint8_t *copy = dat_machine_take_memory(m, (size_t)count + 1);
    if (!v || !copy)
        return dat_machine_out_of_memory(m);
    memcpy(copy, bytes, (size_t)count);
    copy[count] = 0;
    v->text = type == DAT_PICKLE_STRING && !memchr(copy, 0, (size_t)count);
    v->of.bytes = copy;
    v->count = (size_t)count;
    return dat_machine_push(m, v);
}

static enum eng_err push_long(struct dat_machine *m, int width)
{
    uint64_t count, value = 0;
    ENG_TRY(dat_machine_take_number(m, width, &count));
    if (count > 8) {
        m->at -= width;
        return push_bytes(m, DAT_PICKLE_LONG, width);
    }
    const uint8_t *bytes = dat_machine_take(m, count);
    if (!bytes)
        return dat_machine_cut_off(m);
    if (count && bytes[count - 1] & 0x80)
        value = UINT64_MAX;
    for (size_t i = (size_t)count; i-- > 0;)
        value = value << 8 | bytes[i];
    struct dat_pickle_value *v = dat_machine_new_value(m, DAT_PICKLE_INT);
    if (!v)
        return dat_machine_out_of_memory(m);
    memcpy(&v->of.integer, &value, sizeof value);
    return dat_machine_push(m, v);
}

/* Protocol 1 writes long integers as decimals, and True as I01. */
static enum eng_err push_decimal(struct dat_machine *m, int is_long)
{
    const char *line;
    size_t count, i;
    uint64_t value = 0;
    int fits = 1;
    ENG_TRY(dat_machine_take_line(m, &line, &count));
    if (!is_long && count == 2 && line[0] == '0' && (line[1] == '0' || line[1] == '1'))
        return push_integer(m, DAT_PICKLE_BOOL, line[1] - '0');
    count -= is_long && count && line[count - 1] == 'L';
    const int negative = count && line[0] == '-';
    const size_t first = negative ? 1 : 0;
    const uint64_t most = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
    for (i = first; i < count && line[i] >= '0' && line[i] <= '9'; i++) {
        const uint64_t digit = (uint64_t)(line[i] - '0');
        fits = fits && value <= (most - digit) / 10;
        value = fits ? 10 * value + digit : 0;
    }
    if (i < count || i == first)
        return dat_machine_damaged(m, "has a number that is none");
    if (!fits)
        return dat_machine_refused(m, "has a number of more than 64 bits");
    return push_integer(m, DAT_PICKLE_INT,
                        negative && value ? -(int64_t)(value - 1) - 1 : (int64_t)value);
}

static enum eng_err push_float(struct dat_machine *m)
{
    const uint8_t *bytes = dat_machine_take(m, 8); /* the one number that is big-endian */
    uint64_t bits = 0;
    if (!bytes)
        return dat_machine_cut_off(m);
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | bytes[i];
    struct dat_pickle_value *v = dat_machine_new_value(m, DAT_PICKLE_FLOAT);
    if (!v)
        return dat_machine_out_of_memory(m);
    memcpy(&v->of.real, &bits, sizeof bits);
    return dat_machine_push(m, v);
}

static enum eng_err push_global(struct dat_machine *m, const char *module, size_t module_size,
                                const char *name, size_t name_size)
{
    static const struct dat_pickle_global ordered = {"collections", "OrderedDict", 1};
    for (size_t i = 0; i <= m->global_count; i++) {
        const struct dat_pickle_global *g = i ? &m->globals[i - 1] : &ordered;
        if (strlen(g->module) == module_size && memcmp(g->module, module, module_size) == 0 &&
            strlen(g->name) == name_size && memcmp(g->name, name, name_size) == 0) {
            struct dat_pickle_value *v = dat_machine_new_value(m, DAT_PICKLE_GLOBAL);
            if (!v)
                return dat_machine_out_of_memory(m);
            v->more.global = i ? g : NULL;
            return dat_machine_push(m, v);
        }
    }
    return refused_global(m, "names", module, module_size, name, name_size);
}

static enum eng_err read_global(struct dat_machine *m)
{
    const char *module, *name;
    size_t module_size, name_size;
    ENG_TRY(dat_machine_take_line(m, &module, &module_size));
    ENG_TRY(dat_machine_take_line(m, &name, &name_size));
    return push_global(m, module, module_size, name, name_size);
}

static enum eng_err read_stack_global(struct dat_machine *m)
{
    struct dat_pickle_value *module, *name;
    ENG_TRY(dat_machine_pop(m, &name));
    ENG_TRY(dat_machine_pop(m, &module));
    if (module->type != DAT_PICKLE_STRING || name->type != DAT_PICKLE_STRING)
        return dat_machine_damaged(m, "has a name that is no text");
    return push_global(m, (const char *)module->of.bytes, module->count,
                       (const char *)name->of.bytes, name->count);
}

/* OrderedDict() or OrderedDict([[key, value], ...]), as Python 2 has it. A list makes no more than
 * one, or else a long one and many short calls would take any amount of memory. */
static enum eng_err push_ordered(struct dat_machine *m, const struct dat_pickle_value *arguments)
{
    struct dat_pickle_value *pairs = arguments->count ? arguments->of.items[0] : NULL;
    struct dat_pickle_value *v = dat_machine_new_value(m, DAT_PICKLE_DICT);
    if (!v)
        return dat_machine_out_of_memory(m);
    v->ordered = 1;
    if (arguments->count > 1 || (pairs && (pairs->type != DAT_PICKLE_LIST || pairs->ordered)))
        return dat_machine_damaged(m, "makes an OrderedDict of something else");
    if (pairs)
        pairs->ordered = 1;
    for (size_t i = 0; pairs && i < pairs->count; i++) {
        struct dat_pickle_value *pair = pairs->of.items[i];
        if ((pair->type != DAT_PICKLE_LIST && pair->type != DAT_PICKLE_TUPLE) || pair->count != 2)
            return dat_machine_damaged(m, "makes an OrderedDict of something else");
        ENG_TRY(dat_machine_add_items(m, v, pair->of.items, 2));
    }
    return dat_machine_push(m, v);
}

static enum eng_err reduce(struct dat_machine *m)
{
    struct dat_pickle_value *arguments, *function;
    ENG_TRY(dat_machine_pop(m, &arguments));
    ENG_TRY(dat_machine_pop(m, &function));
    if (function->type != DAT_PICKLE_GLOBAL || arguments->type != DAT_PICKLE_TUPLE)
        return dat_machine_refused(m, "calls what is no function (REDUCE)");
    const struct dat_pickle_global *global = function->more.global;
    if (!global)
        return push_ordered(m, arguments);
    if (global->use < DAT_PICKLE_CALLED)
        return refused_global(m, "calls", global->module, strlen(global->module), global->name,
                              strlen(global->name));
    struct dat_pickle_value *v = dat_machine_new_value(m, DAT_PICKLE_CALL);
    if (!v)
        return dat_machine_out_of_memory(m);
    v->more.global = global;
    v->of = arguments->of; /* a tuple never changes, so the call can share what is in it */
    v->count = arguments->count;
    v->weight = arguments->weight;
    v->depth = arguments->depth;
    return dat_machine_push(m, v);
}

/* An object of a class, with arguments for its __new__: a call, if the class may be used so. */
static enum eng_err make(struct dat_machine *m)
{
    const struct dat_pickle_value *class = m->height > 1 ? m->stack[m->height - 2] : NULL;
    if (!class || class->type != DAT_PICKLE_GLOBAL || !class->more.global ||
        class->more.global->use < DAT_PICKLE_MADE)
        return dat_machine_refused(m, "makes an object (NEWOBJ)");
    return reduce(m);
}

/* Attributes: PyTorch gives a state_dict one, _metadata, with the versions of its modules. */
static enum eng_err build(struct dat_machine *m)
{
    struct dat_pickle_value *state;
    ENG_TRY(dat_machine_pop(m, &state));
    const struct dat_pickle_value *v = m->height ? m->stack[m->height - 1] : NULL;
    const int made = v && v->type == DAT_PICKLE_CALL && v->more.global->use == DAT_PICKLE_MADE;
    if (!v || (!made && (v->type != DAT_PICKLE_DICT || !v->ordered)))
        return dat_machine_refused(m, "gives an object attributes (BUILD)");
    return ENG_OK;
}

static enum eng_err add(struct dat_machine *m, enum dat_pickle_type type,
                        struct dat_pickle_value **items, size_t count)
{
    struct dat_pickle_value *v = m->height ? m->stack[m->height - 1] : NULL;
    if (!v || v->type != type || (type == DAT_PICKLE_DICT && count % 2))
        return dat_machine_damaged(m, "adds to what is no container of its kind");
    return dat_machine_add_items(m, v, items, count);
}

/* The uppermost `count` values, into the container below them. */
static enum eng_err add_upper(struct dat_machine *m, enum dat_pickle_type type, size_t count)
{
    struct dat_pickle_value **items;
    ENG_TRY(dat_machine_pop_several(m, &items, count));
    return add(m, type, items, count);
}

static enum eng_err add_marked(struct dat_machine *m, enum dat_pickle_type type)
{
    struct dat_pickle_value **items;
    size_t count;
    ENG_TRY(dat_machine_pop_mark(m, &items, &count));
    return add(m, type, items, count);
}

static enum eng_err push_marked(struct dat_machine *m, enum dat_pickle_type type)
{
    struct dat_pickle_value **items;
    size_t count;
    ENG_TRY(dat_machine_pop_mark(m, &items, &count));
    return dat_machine_push_items(m, type, items, count);
}

/* A tuple, or what a persistent id stands for, of the uppermost values. */
static enum eng_err push_upper(struct dat_machine *m, enum dat_pickle_type type, size_t count)
{
    struct dat_pickle_value **items;
    ENG_TRY(dat_machine_pop_several(m, &items, count));
    return dat_machine_push_items(m, type, items, count);
}

static enum eng_err take_get(struct dat_machine *m, int width)
{
    uint64_t index;
    ENG_TRY(dat_machine_take_number(m, width, &index));
    return dat_machine_push_kept(m, index);
}

static enum eng_err take_put(struct dat_machine *m, int width)
{
    uint64_t index;
    ENG_TRY(dat_machine_take_number(m, width, &index));
    return dat_machine_keep(m, index);
}

static enum eng_err take_integer(struct dat_machine *m, int width)
{
    uint64_t value;
    ENG_TRY(dat_machine_take_number(m, width, &value));
    return push_integer(m, DAT_PICKLE_INT, width == 4 ? (int32_t)(uint32_t)value : (int64_t)value);
}

static enum eng_err take_protocol(struct dat_machine *m)
{
    uint64_t version;
    ENG_TRY(dat_machine_take_number(m, 1, &version));
    if (version > PROTOCOL)
        return eng_fail(m->why, ENG_UNSUPPORTED,
                        "the pickle is of protocol %u, and the latest known is %d; save it with "
                        "pickle_protocol=2",
                        (unsigned)version, PROTOCOL);
    return ENG_OK;
}

/* Frames only say how much to read at once. */
static enum eng_err take_frame(struct dat_machine *m)
{
    uint64_t length;
    ENG_TRY(dat_machine_take_number(m, 8, &length));
    return length > (uint64_t)(m->end - m->at) ? dat_machine_cut_off(m) : ENG_OK;
}

static enum eng_err refuse_opcode(struct dat_machine *m, uint8_t opcode)
{
    static const struct {
        uint8_t code;
        const char *name;
    } known[] = {{'0', "POP"},
                 {'1', "POP_MARK"},
                 {'2', "DUP"},
                 {'F', "FLOAT"},
                 {'P', "PERSID"},
                 {'S', "STRING"},
                 {'V', "UNICODE"},
                 {'d', "DICT"},
                 {'l', "LIST"},
                 {'g', "GET"},
                 {'p', "PUT"},
                 {'i', "INST"},
                 {'o', "OBJ"},
                 {0x82, "EXT1"},
                 {0x83, "EXT2"},
                 {0x84, "EXT4"},
                 {0x92, "NEWOBJ_EX"},
                 {0x97, "NEXT_BUFFER"},
                 {0x98, "READONLY_BUFFER"}};
    char text[64];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].code == opcode) {
            snprintf(text, sizeof text, "uses the opcode %s", known[i].name);
            return dat_machine_refused(m, text);
        }
    snprintf(text, sizeof text, "has the unknown opcode 0x%02x", opcode);
    return dat_machine_damaged(m, text);
}

/* Runs the opcode that was just taken. */
static enum eng_err step(struct dat_machine *m, uint8_t opcode)
{
    switch (opcode) {
    case 0x80: /* PROTO */
        return take_protocol(m);
    case 0x95: /* FRAME */
        return take_frame(m);
    case '(': /* MARK */
        return dat_machine_push(m, NULL);
    case 'N': /* NONE */
        return push_integer(m, DAT_PICKLE_NONE, 0);
    case 0x88: /* NEWTRUE */
    case 0x89: /* NEWFALSE */
        return push_integer(m, DAT_PICKLE_BOOL, opcode == 0x88);
    case 'K': /* BININT1 */
        return take_integer(m, 1);
    case 'M': /* BININT2 */
        return take_integer(m, 2);
    case 'J': /* BININT */
        return take_integer(m, 4);
    case 'I': /* INT */
    case 'L': /* LONG */
        return push_decimal(m, opcode == 'L');
    case 0x8a: /* LONG1 */
        return push_long(m, 1);
    case 0x8b: /* LONG4 */
        return push_long(m, 4);
    case 'G': /* BINFLOAT */
        return push_float(m);
    case 0x8c: /* SHORT_BINUNICODE */
    case 'U':  /* SHORT_BINSTRING: Python 2's texts */
        return push_bytes(m, DAT_PICKLE_STRING, 1);
    case 'X': /* BINUNICODE */
    case 'T': /* BINSTRING */
        return push_bytes(m, DAT_PICKLE_STRING, 4);
    case 0x8d: /* BINUNICODE8 */
        return push_bytes(m, DAT_PICKLE_STRING, 8);
    case 'C': /* SHORT_BINBYTES */
        return push_bytes(m, DAT_PICKLE_BYTES, 1);
    case 'B': /* BINBYTES */
        return push_bytes(m, DAT_PICKLE_BYTES, 4);
    case 0x8e: /* BINBYTES8 */
    case 0x96: /* BYTEARRAY8 */
        return push_bytes(m, DAT_PICKLE_BYTES, 8);
    case ')': /* EMPTY_TUPLE */
        return dat_machine_push_items(m, DAT_PICKLE_TUPLE, NULL, 0);
    case 0x85: /* TUPLE1 */
    case 0x86: /* TUPLE2 */
    case 0x87: /* TUPLE3 */
        return push_upper(m, DAT_PICKLE_TUPLE, opcode - 0x84u);
    case 't': /* TUPLE */
        return push_marked(m, DAT_PICKLE_TUPLE);
    case ']': /* EMPTY_LIST */
        return dat_machine_push_items(m, DAT_PICKLE_LIST, NULL, 0);
    case 'a': /* APPEND */
        return add_upper(m, DAT_PICKLE_LIST, 1);
    case 'e': /* APPENDS */
        return add_marked(m, DAT_PICKLE_LIST);
    case '}': /* EMPTY_DICT */
        return dat_machine_push_items(m, DAT_PICKLE_DICT, NULL, 0);
    case 's': /* SETITEM */
        return add_upper(m, DAT_PICKLE_DICT, 2);
    case 'u': /* SETITEMS */
        return add_marked(m, DAT_PICKLE_DICT);
    case 0x8f: /* EMPTY_SET */
        return dat_machine_push_items(m, DAT_PICKLE_SET, NULL, 0);
    case 0x90: /* ADDITEMS */
        return add_marked(m, DAT_PICKLE_SET);
    case 0x91: /* FROZENSET */
        return push_marked(m, DAT_PICKLE_SET);
    case 'c': /* GLOBAL */
        return read_global(m);
    case 0x93: /* STACK_GLOBAL */
        return read_stack_global(m);
    case 'R': /* REDUCE */
        return reduce(m);
    case 0x81: /* NEWOBJ */
        return make(m);
    case 'b': /* BUILD */
        return build(m);
    case 'Q': /* BINPERSID */
        return push_upper(m, DAT_PICKLE_PERSISTENT, 1);
    case 'q': /* BINPUT */
        return take_put(m, 1);
    case 'r': /* LONG_BINPUT */
        return take_put(m, 4);
    case 0x94: /* MEMOIZE */
        return dat_machine_keep(m, m->memo_count);
    case 'h': /* BINGET */
        return take_get(m, 1);
    case 'j': /* LONG_BINGET */
        return take_get(m, 4);
    }
    m->at--;
    return refuse_opcode(m, opcode);
}

static enum eng_err run(struct dat_machine *m, int to_the_end)
{
    for (;;) {
        if (m->at == m->end)
            return dat_machine_cut_off(m);
        const uint8_t opcode = *m->at++;
        if (opcode == '.') /* STOP */
            break;
        ENG_TRY(step(m, opcode));
    }
    if (m->height != 1 || !m->stack[0])
        return dat_machine_damaged(m, "does not end with one value");
    if (to_the_end && m->at != m->end)
        return dat_machine_damaged(m, "goes on after its end");
    m->pickle->root = m->stack[0];
    return ENG_OK;
}

enum eng_err dat_pickle_decode(struct dat_pickle **out, const uint8_t *bytes, size_t count,
                               size_t *used, const struct dat_pickle_global *globals,
                               size_t global_count, struct dat_budget *budget, struct eng_why *why)
{
    struct dat_machine m = {.begin = bytes,
                            .at = bytes,
                            .end = bytes + count,
                            .globals = globals,
                            .global_count = global_count,
                            .budget = budget,
                            .why = why};
    *out = NULL;
    m.pickle = calloc(1, sizeof *m.pickle);
    if (!m.pickle)
        return dat_machine_out_of_memory(&m);
    const enum eng_err err = run(&m, !used);
    dat_machine_release(&m);
    if (err != ENG_OK) {
        dat_pickle_free(m.pickle);
        return err;
    }
    if (used)
        *used = (size_t)(m.at - m.begin);
    *out = m.pickle;
    return ENG_OK;
}

const struct dat_pickle_value *dat_pickle_root(const struct dat_pickle *pickle)
{
    return pickle->root;
}
