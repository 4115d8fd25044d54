#include "data/torch_names.h"

#define STORAGES(X, module)                                                                        \
    X(module, "DoubleStorage", NAMED, STORAGE, F64)                                                \
    X(module, "FloatStorage", NAMED, STORAGE, F32)                                                 \
    X(module, "HalfStorage", NAMED, STORAGE, F16)                                                  \
    X(module, "BFloat16Storage", NAMED, STORAGE, BF16)                                             \
    X(module, "LongStorage", NAMED, STORAGE, I64)                                                  \
    X(module, "IntStorage", NAMED, STORAGE, I32)                                                   \
    X(module, "ShortStorage", NAMED, STORAGE, I16)                                                 \
    X(module, "CharStorage", NAMED, STORAGE, I8)                                                   \
    X(module, "ByteStorage", NAMED, STORAGE, U8)                                                   \
    X(module, "BoolStorage", NAMED, STORAGE, BOOL)                                                 \
    X(module, "ComplexFloatStorage", NAMED, STORAGE, C64)                                          \
    X(module, "ComplexDoubleStorage", NAMED, STORAGE, C128)

#define NUMPY(X, module)                                                                           \
    X(module, "scalar", CALLED, OTHER, U8)                                                         \
    X(module, "_reconstruct", MADE, OTHER, U8)

/* module, name, use, meaning, element type. OTHER is what optimisers, schedulers, bytes, and the
 * arguments, dates and figures of a training are saved with. */
#define NAMES(X)                                                                                   \
    X("torch._utils", "_rebuild_tensor", CALLED, TENSOR, U8)                                       \
    X("torch._utils", "_rebuild_tensor_v2", CALLED, TENSOR, U8)                                    \
    X("torch._utils", "_rebuild_tensor_v3", CALLED, TENSOR_V3, U8)                                 \
    X("torch._utils", "_rebuild_parameter", CALLED, PARAMETER, U8)                                 \
    X("torch._utils", "_rebuild_parameter_with_state", CALLED, PARAMETER, U8)                      \
    X("torch._tensor", "_rebuild_from_type_v2", CALLED, SUBCLASS, U8)                              \
    X("torch", "Size", CALLED, SIZE, U8)                                                           \
    STORAGES(X, "torch")                                                                           \
    STORAGES(X, "torch.cuda")                                                                      \
    X("torch", "UntypedStorage", NAMED, UNTYPED, U8)                                               \
    X("torch.storage", "UntypedStorage", NAMED, UNTYPED, U8)                                       \
    X("torch", "float64", NAMED, DTYPE, F64)                                                       \
    X("torch", "float32", NAMED, DTYPE, F32)                                                       \
    X("torch", "float16", NAMED, DTYPE, F16)                                                       \
    X("torch", "bfloat16", NAMED, DTYPE, BF16)                                                     \
    X("torch", "int64", NAMED, DTYPE, I64)                                                         \
    X("torch", "int32", NAMED, DTYPE, I32)                                                         \
    X("torch", "int16", NAMED, DTYPE, I16)                                                         \
    X("torch", "int8", NAMED, DTYPE, I8)                                                           \
    X("torch", "uint64", NAMED, DTYPE, U64)                                                        \
    X("torch", "uint32", NAMED, DTYPE, U32)                                                        \
    X("torch", "uint16", NAMED, DTYPE, U16)                                                        \
    X("torch", "uint8", NAMED, DTYPE, U8)                                                          \
    X("torch", "complex64", NAMED, DTYPE, C64)                                                     \
    X("torch", "complex128", NAMED, DTYPE, C128)                                                   \
    X("torch", "bool", NAMED, DTYPE, BOOL)                                                         \
    X("torch", "Tensor", NAMED, OTHER, U8)                                                         \
    X("torch.nn.parameter", "Parameter", NAMED, OTHER, U8)                                         \
    X("torch.nn.parameter", "Buffer", NAMED, OTHER, U8)                                            \
    X("torch", "device", CALLED, OTHER, U8)                                                        \
    X("torch.serialization", "_get_layout", CALLED, OTHER, U8)                                     \
    X("collections", "Counter", CALLED, OTHER, U8)                                                 \
    X("_codecs", "encode", CALLED, OTHER, U8)                                                      \
    X("__builtin__", "set", CALLED, OTHER, U8)                                                     \
    X("builtins", "set", CALLED, OTHER, U8)                                                        \
    X("__builtin__", "complex", CALLED, OTHER, U8)                                                 \
    X("builtins", "complex", CALLED, OTHER, U8)                                                    \
    X("__builtin__", "bytearray", CALLED, OTHER, U8)                                               \
    X("builtins", "bytearray", CALLED, OTHER, U8)                                                  \
    X("argparse", "Namespace", MADE, OTHER, U8)                                                    \
    X("datetime", "datetime", CALLED, OTHER, U8)                                                   \
    X("pathlib", "PosixPath", CALLED, OTHER, U8)                                                   \
    X("pathlib", "WindowsPath", CALLED, OTHER, U8)                                                 \
    X("numpy", "dtype", MADE, OTHER, U8)                                                           \
    X("numpy", "ndarray", NAMED, OTHER, U8)                                                        \
    NUMPY(X, "numpy.core.multiarray")                                                              \
    NUMPY(X, "numpy._core.multiarray")

const struct dat_pickle_global dat_torch_names[] = {
#define NAME(module, name, use, meaning, dtype) {module, name, DAT_PICKLE_##use},
    NAMES(NAME)
#undef NAME
};

const size_t dat_torch_name_count = sizeof dat_torch_names / sizeof *dat_torch_names;

static const struct {
    enum dat_torch_meaning meaning;
    enum dat_dtype dtype;
} meanings[] = {
#define MEANING(module, name, use, meaning, dtype) {DAT_TORCH_##meaning, DAT_##dtype},
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
