#!/usr/bin/env python3
"""What a model sees in a photo, laid over the photo, by libgad. Needs NumPy and nothing else.

    ./example.py model.safetensors photo.jpg -o heat.png
    ./example.py model.safetensors photo.jpg -o heat.png --class cat --method ig --support supports

The library is libgad.so.0, where the system finds it, or $GAD_LIBRARY.
"""
import argparse
import ctypes
import os
import struct
import sys
import zlib

import numpy as np

# ---- the library, as gad.h declares it -----------------------------------------------------------


class Why(ctypes.Structure):
    _fields_ = [("text", ctypes.c_char * 512)]


def load(path):
    lib = ctypes.CDLL(path)
    text, pointer, size = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t
    out, floats, why = ctypes.POINTER(pointer), ctypes.POINTER(ctypes.c_float), ctypes.POINTER(Why)
    sizes = ctypes.POINTER(size)

    def raise_why(error, function, arguments):
        if error:
            raise RuntimeError(arguments[-1]._obj.text.decode(errors="replace"))

    can_fail = {
        "gad_settings_new": [out],
        "gad_settings_set": [pointer, text, text],
        "gad_model_read": [out, text, pointer],
        "gad_model_class": [pointer, text, sizes],
        "gad_model_prepare_file": [pointer, text, floats],
        "gad_model_picture": [pointer, floats, size, size, ctypes.POINTER(ctypes.c_ubyte)],
        "gad_session_new": [out, pointer, pointer],
        "gad_session_predict": [pointer, floats, size, size, size, floats, floats],
        "gad_session_explain": [pointer, floats, size, size, sizes, size],
    }
    for name, arguments in can_fail.items():
        function = getattr(lib, name)
        function.argtypes, function.restype = arguments + [why], ctypes.c_int
        function.errcheck = raise_why
    others = {
        "gad_version_text": (text, []),
        "gad_settings_free": (None, [pointer]),
        "gad_model_free": (None, [pointer]),
        "gad_model_height": (size, [pointer]),
        "gad_model_width": (size, [pointer]),
        "gad_model_classes": (size, [pointer]),
        "gad_model_class_name": (text, [pointer, size]),
        "gad_session_free": (None, [pointer]),
        "gad_session_gad_map": (floats, [pointer, size, size]),
    }
    for name, (result, arguments) in others.items():
        function = getattr(lib, name)
        function.argtypes, function.restype = arguments, result
    return lib


def of(array, kind=ctypes.c_float):
    """The pointer to an array's numbers."""
    return array.ctypes.data_as(ctypes.POINTER(kind))


# ---- what it is used for -------------------------------------------------------------------------


def explain(lib, options):
    """The photo (H,W,3), its map (H,W), the name of the class, and its probability."""
    why = Why()
    settings, model, session = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    try:
        lib.gad_settings_new(settings, ctypes.byref(why))
        for name, value in (("methods", options.method), ("support", options.support or "")):
            lib.gad_settings_set(settings, name.encode(), os.fsencode(value), ctypes.byref(why))
        lib.gad_model_read(model, os.fsencode(options.model), settings, ctypes.byref(why))
        lib.gad_session_new(session, model, settings, ctypes.byref(why))

        height, width = lib.gad_model_height(model), lib.gad_model_width(model)
        x = np.empty((3, height, width), np.float32)
        photo = np.empty((height, width, 3), np.uint8)
        shares = np.empty(lib.gad_model_classes(model), np.float32)
        lib.gad_model_prepare_file(model, os.fsencode(options.photo), of(x), ctypes.byref(why))
        lib.gad_model_picture(model, of(x), height, width, of(photo, ctypes.c_ubyte),
                              ctypes.byref(why))
        lib.gad_session_predict(session, of(x), 1, height, width, None, of(shares),
                                ctypes.byref(why))

        label = ctypes.c_size_t(int(shares.argmax()))
        if options.cls:
            lib.gad_model_class(model, options.cls.encode(), label, ctypes.byref(why))
        lib.gad_session_explain(session, of(x), height, width, label, 1, ctypes.byref(why))
        found = lib.gad_session_gad_map(session, 0, 0)  # the session's: copied before it ends
        heat = np.ctypeslib.as_array(found, (height, width)).copy()
        name = lib.gad_model_class_name(model, label).decode(errors="replace")
        return photo, heat, name, float(shares[label.value])
    finally:
        lib.gad_session_free(session)
        lib.gad_model_free(model)
        lib.gad_settings_free(settings)


def overlay(photo, heat):
    """The map as a glow, from purple to pale yellow, over the photo in a dim grey."""
    strength = np.abs(heat)
    top = np.quantile(strength, 0.99) or strength.max()
    glow = np.clip(strength / top if top else strength, 0, 1)[..., None]
    colours = np.array([[0.35, 0.05, 0.55], [0.9, 0.35, 0.3], [1.0, 1.0, 0.75]])
    at = np.linspace(0, 1, len(colours))
    colour = np.concatenate([np.interp(glow, at, colours[:, c]) for c in range(3)], axis=-1)
    grey = photo.mean(axis=-1, keepdims=True) / 255 * 0.6
    picture = grey * (1 - glow) + colour * glow
    return np.round(picture * 255).astype(np.uint8)


def write_png(path, rgb):
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))

    height, width, _ = rgb.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each begins with its filter: none
    rows[:, 1:] = rgb.reshape(height, -1)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" +
                   chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(rows.tobytes())) + chunk(b"IEND", b""))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("photo")
    parser.add_argument("-o", "--output", default="heat.png", metavar="FILE.png")
    parser.add_argument("--class", dest="cls", metavar="NAME", help="else the predicted one")
    parser.add_argument("--method", default="saliency", help="saliency, ig, guided, ...")
    parser.add_argument("--support", metavar="DIR", help="the model's supports: GAD's map")
    options = parser.parse_args()
    try:
        lib = load(os.environ.get("GAD_LIBRARY", "libgad.so.0"))
        photo, heat, name, share = explain(lib, options)
        enlarge = max(1, 224 // photo.shape[1])
        picture = overlay(photo, heat).repeat(enlarge, axis=0).repeat(enlarge, axis=1)
        write_png(options.output, picture)
    except (OSError, RuntimeError) as error:
        sys.exit(f"example.py: {error}")
    print(f"{name} {share:.1%}, {options.method} in {options.output}")


if __name__ == "__main__":
    main()
