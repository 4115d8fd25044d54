"""Decoding and preprocessing beside Pillow and torchvision; gad's side is pixels.c."""
import glob
import os
import tempfile
import warnings

import numpy as np
from PIL import Image, ImageOps
from torchvision import transforms

import measure

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's

# Rule, resize, height, width: the shorter side to `resize`, then the middle; or all of it stretched.
WAYS = [("crop", 256, 224, 224), ("crop", 128, 112, 96), ("stretch", 0, 224, 224),
        ("stretch", 0, 97, 131)]


def photo(path):
    """As a data set of torchvision's opens it, but upright by its EXIF tag. Grey of 16 bits, of which
    Pillow makes white whatever is above 255, has its high bytes, as Pillow gives 16-bit colours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path) as image:
            if image.mode.startswith("I"):
                return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
            return ImageOps.exif_transpose(image).convert("RGB")


def prepared(path, rule, resize, height, width):
    size = (height, width)
    first = [transforms.Resize(resize), transforms.CenterCrop(size)] if rule == "crop" else \
        [transforms.Resize(size)]
    return transforms.Compose(first + [transforms.ToTensor(), transforms.Normalize(MEAN, STD)])(
        photo(path)).numpy()


def files(folder, pattern):
    """Sorted; Pillow's own decodings and PngSuite's overview, which is no test, are left out."""
    return sorted(f for f in glob.glob(os.path.join(measure.SHARED, folder, pattern))
                  if not f.endswith((".pil.png", "PngSuite.png")))


SETS = [("JPEG conformance", "conformance/jpeg", "*.jpg"),
        ("PngSuite", "conformance/png", "*.png"),
        ("photos", "data/photos", "*.jpg")]

# What Pillow reads and gad does not, by intention.
DAMAGED = {"partial_progressive.jpg": "its data end early",
           "xcsn0g01.png": "a checksum is wrong"}
LONG = {"grayscale_large.jpg", "grayscale_long.jpg"}  # longer than gad's limit, once resized


def by_pillow(path):
    try:
        return np.asarray(photo(path), dtype=np.float32)
    except (OSError, SyntaxError, ValueError):
        return None


def by_gad(path, out, *how):
    try:
        measure.run("peers/pixels", path, out, *how)
    except measure.Failed:
        return None
    return np.load(out)


def decode(report, paths, out):
    """Paths that both read, how many of them are equal to the bit, and the largest difference."""
    usable, equal, largest = [], 0, 0.0
    for path in paths:
        theirs, ours = by_pillow(path), by_gad(path, out)
        name = os.path.basename(path)
        if theirs is None or ours is None:
            report.hold(f"{name}: read by Pillow alone",
                        int(theirs is not None and name not in DAMAGED), 0)
            report.hold(f"{name}: read by gad alone", int(ours is not None), 0)
            continue
        off = np.abs(theirs - ours).max() if theirs.shape == ours.shape else np.inf
        report.hold(f"decoding {name}, grey levels", off, measure.GREY)
        usable.append(path)
        equal += int(off == 0)
        largest = max(largest, float(off))
    return usable, equal, largest


def prepare(report, paths, way, out):
    """The largest difference."""
    largest = 0.0
    for path in paths:
        ours, name = by_gad(path, out, *way), os.path.basename(path)
        if ours is None:
            report.hold(f"{name}, {way}: prepared by torchvision alone", int(name not in LONG), 0)
            continue
        off = float((np.abs(prepared(path, *way) - ours).max(axis=(1, 2)) * STD).max() * 255)
        report.hold(f"preparing {name}, {way}, grey levels", off, measure.GREY)
        largest = max(largest, off)
    return largest


def part(report, options):
    report.title("Decoding and preprocessing")
    report.say("Largest differences in grey levels (of 255). Decoding is that of Pillow with"
               " convert(\"RGB\"), preprocessing\nthat of torchvision: Resize, CenterCrop,"
               " ToTensor, Normalize.\n")
    ways = [f"{rule} {f'{resize}, ' if resize else ''}{height}x{width}"
            for rule, resize, height, width in WAYS]
    report.head("files", "read by both", "equal to the bit", "decoding", *ways, "not read")
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.npy")
        for title, where, pattern in SETS:
            paths = files(where, pattern)
            if not paths:
                report.row(title, "skipped: no files (GAD_SHARED)", *[""] * (3 + len(WAYS)))
                continue
            usable, equal, largest = decode(report, paths, out)
            offs = [prepare(report, usable, way, out) for way in WAYS]
            report.row(title, len(usable), equal, largest, *offs, len(paths) - len(usable))
    for name, why in DAMAGED.items():
        report.say(f"\nPillow alone reads {name}: {why}, and gad takes no damaged file.")
    report.say(f"\nTo crop {' and '.join(sorted(LONG))}, their longer side would be resized beyond the"
               "\n65500 pixels that gad takes.")
