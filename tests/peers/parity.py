#!/usr/bin/env python3
"""How far gad is from PyTorch, Captum and Pillow: tables in Markdown, and whether bounds hold.

    apt-get install python3-torch python3-torchvision libopenblas0-openmp  # pip's captum, too
    make demo                                  # once, for the part masks
    make parity                                # all parts
    make parity ARGS='outputs --arch resnet18'
    make parity ARGS='outputs --trained MODEL IMAGE...'         # of a full-size model of your own
    make parity ARGS='masks --masks NAME MODEL SUPPORTS IMAGE...'     # of a model of your own
    make parity ARGS='outputs gradients masks --precision bf16x3'     # slow where auto is not it

Parts, each a module beside this one:

    outputs     logits and five attribution methods, on random inputs and photos
    gradients   parameter gradients, an epoch of Adam on the mean squared error
    masks       GAD's masks, against those in f32
    pixels      decoding and preprocessing
    files       conversion, and nets that were trained here

Nets are torchvision's, of full size, with random weights but for --trained. Everything is held to
PyTorch in float64, by relative L2 norm: where a ReLU's input, or the difference of two maxima, is
within rounding of zero, it may fall either way in anybody's float32, and a map jumps. So PyTorch's
own float32 stands in the tables, too. The bounds are in measure.py; the exit status is 1 if one
does not hold, and the last lines say which. docs/parity.md has the results and what they mean.

All parts took half an hour on two cores that had other work, too: it is PyTorch in float64, and the
search for kinks. --full adds VGG16 at 224 x 224: hours on the reference BLAS, where OpenBLAS took
seven minutes for a trained one and a photo.
Photos are those of the shared files (GAD_SHARED); where there are none, their cases are skipped.
"""
import argparse
import importlib
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, *to) for to in [("..", "..", "bench", "peers"),
                                                    ("..", "golden")]]

# Threads that wait must not spin where others need the processor: PyTorch's, and gad's after it.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import nets  # first, for it knows what to say if there is no torch

import numpy
import PIL
import torch
import torchvision

import measure

PARTS = ["outputs", "gradients", "masks", "pixels", "files"]


def arguments():
    def some(names):
        def parse(text):
            for name in text.split(","):
                if name not in names:
                    raise argparse.ArgumentTypeError(f"{name}: there are {', '.join(names)}")
            return text.split(",")
        return parse

    parser = argparse.ArgumentParser(description=__doc__, usage="parity.py [PART...] [options]",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="default: all")
    parser.add_argument("--arch", type=some(nets.ARCHS), default="resnet18,vgg16", metavar="NAMES")
    parser.add_argument("--precision", type=some(["auto", "bf16x3"]), default="auto",
                        metavar="NAMES", help="beside f32: auto (default), bf16x3")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), metavar="N")
    parser.add_argument("--full", action="store_true", help="also VGG16 at 224 x 224")
    parser.add_argument("--trained", nargs="+", metavar="FILE", default=[],
                        help="outputs of a full-size model of gad train, in place of the others: "
                        "the model, photos")
    parser.add_argument("--masks", nargs="+", metavar="FILE", default=[],
                        help="a title, a model, the folder of its supports, photos")
    options = parser.parse_args()
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"{part}: there are {', '.join(PARTS)}")
    if len(options.trained) == 1:
        parser.error("--trained: wants a model and at least one photo")
    if 0 < len(options.masks) < 4:
        parser.error("--masks: wants a title, a model, supports and at least one photo")
    return options


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    report = measure.Report()
    report.say(f"PyTorch {torch.__version__}, torchvision {torchvision.__version__}, Pillow "
               f"{PIL.__version__}, NumPy {numpy.__version__}; {options.threads} threads.")
    for name in options.parts or PARTS:
        since = time.monotonic()
        try:
            importlib.import_module(name).part(report, options)
        except measure.Failed as failed:
            sys.exit(str(failed))
        report.say(f"\n({time.monotonic() - since:.0f} s)")
    report.say(f"\n{report.held} bounds hold, {len(report.broken)} do not.")
    if report.broken:
        sys.exit("\n".join(report.broken))


if __name__ == "__main__":
    main()
