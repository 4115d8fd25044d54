/* The names that PyTorch's pickles may use, and what they mean. */
#ifndef DAT_TORCH_NAMES_H
#define DAT_TORCH_NAMES_H

#include "data/dtype.h"
#include "data/pickle.h"

enum dat_torch_meaning {
    DAT_TORCH_TENSOR,    /* (storage, offset, size, stride, requires_grad, hooks, metadata) */
    DAT_TORCH_TENSOR_V3, /* the same with the element type before the metadata */
    DAT_TORCH_PARAMETER, /* (tensor, ...) */
    DAT_TORCH_SUBCLASS,  /* (function, class, arguments, attributes): function(*arguments) */
    DAT_TORCH_SIZE,      /* (tuple) */
    DAT_TORCH_STORAGE,   /* names its element type */
    DAT_TORCH_UNTYPED,   /* a storage of bytes */
    DAT_TORCH_DTYPE,     /* an element type */
    DAT_TORCH_OTHER      /* belongs to no tensor */
};

/* For dat_pickle_decode. */
extern const struct dat_pickle_global dat_torch_names[];
extern const size_t dat_torch_name_count;

/* The meaning of a global or of what is called, and its element type, if it has one (NULL: not
 * wanted). */
enum dat_torch_meaning dat_torch_meaning_of(const struct dat_pickle_value *value,
                                            enum dat_dtype *dtype);

/* 1 if the value is a call of a name that means this; of one that makes a tensor. */
int dat_torch_is_call(const struct dat_pickle_value *value, enum dat_torch_meaning meaning);
int dat_torch_is_tensor(const struct dat_pickle_value *value);

#endif
