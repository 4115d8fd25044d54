#!/usr/bin/env python3
"""How far gad is from PyTorch: logits and five attribution methods on full-size random nets.

    apt-get install python3-torch python3-torchvision
    tests/peers/parity.py                          # all cases, in a quarter of an hour on two cores
    tests/peers/parity.py --arch resnet18 --threads 2
    tests/peers/parity.py --masks MODEL SUPPORTS IMAGE...    # GAD's masks, auto against f32

Everything is held to PyTorch in float64, by relative L2 norm: on large nets a ReLU at its kink, or a
tie in max pooling, may fall either way in anybody's float32, and a map jumps there. So PyTorch's own
float32 stands in the table too. The bounds: in f32 3 times PyTorch's own error or 1e-5; in auto 1e-4
for logits and 5e-3 for attributions; masks differ in at most 0.2 % of the pixels. The exit status is
1 if one does not hold.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench", "peers"))

import nets  # first, for it knows what to say if there is no torch

import numpy as np
import torch

import attribution

METHODS = ["saliency", "deconv", "gradxinput", "guided", "ig"]
# Net, height, width, classes: also not square, and sizes that no stride divides.
CASES = [("resnet18", 224, 224, 2),
         ("vgg16", 224, 224, 2), ("vgg16", 96, 130, 3)]
SELECT = 0.5  # of a map's largest value: the mask that --masks compares


def gad(*arguments):
    done = subprocess.run([os.path.join(ROOT, "build", "gad"), *arguments], capture_output=True,
                          text=True)
    if done.returncode != 0:
        sys.exit(done.stderr.strip() or f"gad {arguments[0]} failed")
    return done.stdout


def by_torch(net, x, classes):
    with torch.no_grad():
        logits = net(x)[0]
    maps = attribution.with_hooks(net, x, range(classes))()
    return [logits.numpy(), *(m[0].numpy() for m in maps)]


def by_gad(model, x, out, classes, precision):
    logits = json.loads(gad("predict", model, x, "--precision", precision, "--json"))["logits"]
    gad("explain", model, x, "-o", out, "--npy", "--precision", precision, "--quiet")
    folder = os.path.join(out, os.path.basename(x)[:-4])
    maps = [np.load(os.path.join(folder, f"{m}.class{c}.npy")) for m in METHODS
            for c in range(classes)]
    return [np.array(logits), *maps]


def errors(found, exact, classes):
    """The largest error of each: logits, then the methods, over all classes."""
    off = [np.linalg.norm(a.astype(np.float64) - b) / np.linalg.norm(b)
           for a, b in zip(found, exact)]
    return [off[0]] + [max(off[1 + m * classes:][:classes]) for m in range(len(METHODS))]


def compare(case, threads, folder):
    arch, height, width, classes = case
    torch.set_num_threads(threads)
    net = nets.make(arch, hookable=True, classes=classes)
    x = torch.randn(1, 3, height, width)
    net.train()
    with torch.no_grad():  # batch norm has seen something
        net(torch.randn(4, 3, height, width))
    net.eval().requires_grad_(False)
    model, image = os.path.join(folder, "model.pth"), os.path.join(folder, "x.npy")
    torch.save(net.state_dict(), model)
    np.save(image, x[0].numpy())
    exact = by_torch(net.double(), x.double(), classes)
    rows = [("PyTorch float32", errors(by_torch(net.float(), x, classes), exact, classes))]
    for precision in ["f32", "auto"]:
        out = os.path.join(folder, precision)
        found = by_gad(model, image, out, classes, precision)
        rows.append((f"gad {precision}", errors(found, exact, classes)))
    return rows


def holds(rows):
    own, f32, auto = (values for _, values in rows)
    return all(a <= max(3 * b, 1e-5) for a, b in zip(f32, own)) and \
        auto[0] <= 1e-4 and max(auto[1:]) <= 5e-3


def parity(options):
    good = True
    print(f"| net, input, classes | computed by | logits | {' | '.join(METHODS)} |")
    print("|---|---|---|" + "---|" * len(METHODS))
    for case in CASES:
        if case[0] not in options.arch.split(","):
            continue
        with tempfile.TemporaryDirectory() as folder:
            rows = compare(case, options.threads, folder)
        title = f"{case[0]}, {case[1]}x{case[2]}, {case[3]}"
        for name, values in rows:
            print(f"| {title} | {name} | " + " | ".join(f"{v:.1e}" for v in values) + " |",
                  flush=True)
            title = ""
        good = good and holds(rows)
    return good


def masks(options):
    model, supports, *images = options.masks
    differ, worst = {m: 0 for m in METHODS}, 0.0
    with tempfile.TemporaryDirectory() as folder:
        for precision in ["f32", "auto"]:
            gad("explain", model, *images, "-o", os.path.join(folder, precision), "--support",
                supports, "--npy", "--precision", precision, "--quiet")
        names = sorted(os.listdir(os.path.join(folder, "f32")))
        for name in names:
            for method in METHODS:
                for c in range(2):
                    f32, auto = (np.load(os.path.join(folder, p, name,
                                                      f"{method}.class{c}.gad.npy"))
                                 for p in ["f32", "auto"])
                    share = np.mean((f32 > SELECT * f32.max()) != (auto > SELECT * auto.max()))
                    differ[method] += share
                    worst = max(worst, share)
    total = 2 * len(names)
    print(f"masks of {len(names)} images and 2 classes, pixels that differ between f32 and auto:")
    for method in METHODS:
        print(f"  {method:12}{100 * differ[method] / total:.4f} %")
    print(f"  at most     {100 * worst:.4f} %")
    return worst <= 0.002


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", default="resnet18,vgg16", metavar="NAMES")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--masks", nargs="+", metavar="FILE", default=[])
    options = parser.parse_args()
    if not (masks if options.masks else parity)(options):
        sys.exit("a bound does not hold")


if __name__ == "__main__":
    main()
