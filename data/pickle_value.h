/* What a value of a pickle is made of, for those who make values (pickle.c, pickle_machine.c) and
 * pickle_value.c, which looks at them. */
#ifndef DAT_PICKLE_VALUE_H
#define DAT_PICKLE_VALUE_H

#include "data/pickle.h"

struct dat_pickle_value {
    uint8_t type;    /* enum dat_pickle_type */
    uint8_t inside;  /* it is part of another: nothing may be added */
    uint8_t ordered; /* an OrderedDict, which alone may have attributes, or the list it is of */
    uint8_t text;    /* a string without a NUL in it */
    uint8_t depth;   /* 1, or one more than its deepest part's */
    size_t weight;   /* 1, and its parts' */
    union {
        int64_t integer; /* also of a bool */
        double real;
        const uint8_t *bytes;            /* of a string a NUL follows */
        struct dat_pickle_value **items; /* of a dictionary keys and values in turn */
    } of;
    size_t count; /* of bytes or items */
    union {
        size_t capacity;                        /* of the items of a list, set or dictionary */
        const struct dat_pickle_global *global; /* of a global or a call; NULL: OrderedDict */
    } more;
};

#endif
