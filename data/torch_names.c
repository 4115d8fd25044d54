#include "data/torch_names.h"

#define STORAGES(X, module)                                                                        \
    X(module, "DoubleStorage", 0, STORAGE, F64)                                                    \
    X(module, "FloatStorage", 0, STORAGE, F32)                                                     \
    X(module, "HalfStorage", 0, STORAGE, F16)                                                      \
    X(module, "BFloat16Storage", 0, STORAGE, BF16)                                                 \
    X(module, "LongStorage", 0, STORAGE, I64)                                                      \
    X(module, "IntStorage", 0, STORAGE, I32)                                                       \
    X(module, "ShortStorage", 0, STORAGE, I16)                                                     \
    X(module, "CharStorage", 0, STORAGE, I8)                                                       \
    X(module, "ByteStorage", 0, STORAGE, U8)                                                       \
    X(module, "BoolStorage", 0, STORAGE, BOOL)

/* module, name, whether it is called, meaning, element type. OTHER is what optimisers, schedulers
 * and bytes are saved with. */
#define NAMES(X)                                                                                   \
    X("torch._utils", "_rebuild_tensor", 1, TENSOR, U8)                                            \
    X("torch._utils", "_rebuild_tensor_v2", 1, TENSOR, U8)                                         \
    X("torch._utils", "_rebuild_tensor_v3", 1, TENSOR_V3, U8)                                      \
    X("torch._utils", "_rebuild_parameter", 1, PARAMETER, U8)                                      \
    X("torch._utils", "_rebuild_parameter_with_state", 1, PARAMETER, U8)                           \
    X("torch._tensor", "_rebuild_from_type_v2", 1, SUBCLASS, U8)                                   \
    X("torch", "Size", 1, SIZE, U8)                                                                \
    STORAGES(X, "torch")                                                                           \
    STORAGES(X, "torch.cuda")                                                                      \
    X("torch", "UntypedStorage", 0, UNTYPED, U8)                                                   \
    X("torch.storage", "UntypedStorage", 0, UNTYPED, U8)                                           \
    X("torch", "float64", 0, DTYPE, F64)                                                           \
    X("torch", "float32", 0, DTYPE, F32)                                                           \
    X("torch", "float16", 0, DTYPE, F16)                                                           \
    X("torch", "bfloat16", 0, DTYPE, BF16)                                                         \
    X("torch", "int64", 0, DTYPE, I64)                                                             \
    X("torch", "int32", 0, DTYPE, I32)                                                             \
    X("torch", "int16", 0, DTYPE, I16)                                                             \
    X("torch", "int8", 0, DTYPE, I8)                                                               \
    X("torch", "uint64", 0, DTYPE, U64)                                                            \
    X("torch", "uint32", 0, DTYPE, U32)                                                            \
    X("torch", "uint16", 0, DTYPE, U16)                                                            \
    X("torch", "uint8", 0, DTYPE, U8)                                                              \
    X("torch", "bool", 0, DTYPE, BOOL)                                                             \
    X("torch", "Tensor", 0, OTHER, U8)                                                             \
    X("torch.nn.parameter", "Parameter", 0, OTHER, U8)                                             \
    X("torch.nn.parameter", "Buffer", 0, OTHER, U8)                                                \
    X("torch", "device", 1, OTHER, U8)                                                             \
    X("torch.serialization", "_get_layout", 1, OTHER, U8)                                          \
    X("collections", "Counter", 1, OTHER, U8)                                                      \
    X("_codecs", "encode", 1, OTHER, U8)                                                           \
    X("__builtin__", "set", 1, OTHER, U8)                                                          \
    X("builtins", "set", 1, OTHER, U8)                                                             \
    X("__builtin__", "complex", 1, OTHER, U8)                                                      \
    X("builtins", "complex", 1, OTHER, U8)

const struct dat_pickle_global dat_torch_names[] = {
#define NAME(module, name, callable, meaning, dtype) {module, name, callable},
    NAMES(NAME)
#undef NAME
};

const size_t dat_torch_name_count = sizeof dat_torch_names / sizeof *dat_torch_names;

static const struct {
    enum dat_torch_meaning meaning;
    enum dat_dtype dtype;
} meanings[] = {
#define MEANING(module, name, callable, meaning, dtype) {DAT_TORCH_##meaning, DAT_##dtype},
    NAMES(MEANING)
#undef MEANING
};

enum dat_torch_meaning dat_torch_meaning_of(const struct dat_pickle_value *value,
                                            enum dat_dtype *dtype)
{
    const struct dat_pickle_global *global = dat_pickle_named(value);
    if (!global)
        return DAT_TORCH_OTHER;
    if (dtype)
        *dtype = meanings[global - dat_torch_names].dtype;
    return meanings[global - dat_torch_names].meaning;
}

int dat_torch_is_call(const struct dat_pickle_value *value, enum dat_torch_meaning meaning)
{
    return dat_pickle_type(value) == DAT_PICKLE_CALL &&
           dat_torch_meaning_of(value, NULL) == meaning;
}

int dat_torch_is_tensor(const struct dat_pickle_value *value)
{
    return dat_torch_is_call(value, DAT_TORCH_TENSOR) ||
           dat_torch_is_call(value, DAT_TORCH_TENSOR_V3) ||
           dat_torch_is_call(value, DAT_TORCH_PARAMETER) ||
           dat_torch_is_call(value, DAT_TORCH_SUBCLASS);
}
