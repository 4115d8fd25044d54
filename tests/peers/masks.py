"""GAD's masks in --precision auto, or another, against f32: how many pixels differ.

Of a model and its supports, on photos: the important pixels of GAD's map, those above half of its
largest value, and the mask of the paper, their convex hull with its border.
"""
import glob
import itertools
import json
import os
import tempfile

import numpy as np

import measure

METHODS = ["saliency", "deconv", "gradxinput", "guided", "ig"]
DEMO = os.path.join(measure.ROOT, "build", "demo")  # of `make demo`
SELECT = 0.5


def demos():
    """Title, model, supports and pictures of each net of the demo."""
    for folder in sorted(glob.glob(os.path.join(DEMO, "*", "model.safetensors"))):
        folder = os.path.dirname(folder)
        yield (f"{os.path.basename(folder)} of make demo", os.path.join(folder, "model.safetensors"),
               os.path.join(folder, "supports"),
               sorted(glob.glob(os.path.join(folder, "pictures", "*-photo.png"))))


def inside(corners, height, width):
    """Pixels in a convex polygon or on its border; corners are pairs of x and y in order."""
    y, x = np.mgrid[:height, :width]
    left, right = (np.ones((height, width), bool) for _ in range(2))
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1]):
        side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        left &= side >= 0
        right &= side <= 0
    xs, ys = np.array(corners or [(-1, -1)]).T  # a point or a line has two sides alike
    box = (x >= xs.min()) & (x <= xs.max()) & (y >= ys.min()) & (y <= ys.max())
    return (left | right) & box


def explained(model, supports, images, out, precision, threads):
    """For each image, method and class: its important pixels and its mask."""
    measure.run("gad", "explain", model, *images, "-o", out, "--support", supports, "--format",
                "npy,json", "--select", f"value:{SELECT}", "--precision", precision, "--threads",
                threads, "--quiet")
    for image in images:
        folder = os.path.join(out, os.path.splitext(os.path.basename(image))[0])
        with open(os.path.join(folder, "explain.json"), encoding="utf-8") as file:
            explanations = json.load(file)["explanations"]
        for it in explanations:
            m = np.load(os.path.join(folder, f"{it['method']}.class{it['class']}.gad.npy"))
            corners = [tuple(c) for c in it["gad"]["hull"]["corners"]]
            yield it["method"], m > SELECT * m.max(), inside(corners, *m.shape)


def compare(model, supports, images, precision, threads):
    """For each method, shares of differing pixels: [pixel sets, masks] x images and classes."""
    shares = {method: ([], []) for method in METHODS}
    with tempfile.TemporaryDirectory() as folder:
        both = (explained(model, supports, images, os.path.join(folder, p), p, threads)
                for p in ["f32", precision])
        for (method, *f32), (_, *other) in zip(*both):
            for share, a, b in zip(shares[method], f32, other):
                share.append(np.mean(a != b))
    return shares


def part(report, options):
    report.title("GAD's masks, against those in f32")
    if options.masks:
        title, model, supports, *images = options.masks
        jobs = [(title, model, supports, images)]
    else:
        jobs = list(demos())
    if not jobs:
        report.say("Skipped: there is no build/demo; `make demo` makes it.")
        return
    report.say("Pixels that differ, in per cent of all: the mean over images and both classes, and the"
               " largest.")
    report.say()
    report.head("net", "images", "precision", "method", "important pixels, mean", "largest",
                "mask, mean", "largest")
    for (title, model, supports, images), precision in itertools.product(jobs, options.precision):
        found = compare(model, supports, images, precision, options.threads)
        for method, shares in found.items():
            cells = [f"{100 * f(share):.4f}" for share in shares for f in (np.mean, np.max)]
            report.row(title, len(images), precision, method, *cells)
            for what, share in zip(["important pixels", "mask"], shares):
                report.hold(f"{title}, {precision}, {method}, {what} that differ, mean share",
                            np.mean(share), measure.MASKS)
