#!/usr/bin/env python3
"""Writes a net as an ONNX file for bench/peers/onnxruntime.mjs. Needs no onnx package.

    bench/peers/export_onnx.py --arch resnet18 --batch 16 --size 224 FILE

In evaluation mode, so that batch norms are folded into the convolutions, and with a fixed batch:
ONNX Runtime can then plan as much ahead as it is able to.
"""
import argparse
import os
import sys

import nets

import torch


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--arch", default="resnet18", choices=nets.ARCHS)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=224)
    a = parser.parse_args()
    if a.arch == "vgg16" and a.size % 224:
        sys.exit("ONNX knows no adaptive pooling: vgg16 wants images of a multiple of 224 pixels")
    os.makedirs(os.path.dirname(a.file) or ".", exist_ok=True)
    x = torch.zeros(a.batch, 3, a.size, a.size)
    torch.onnx.export(nets.make(a.arch).eval(), x, a.file + ".part", do_constant_folding=True,
                      input_names=["x"], output_names=["y"])
    os.replace(a.file + ".part", a.file)


if __name__ == "__main__":
    main()
