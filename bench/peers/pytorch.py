#!/usr/bin/env python3
"""The jobs of `gad bench`, done by PyTorch and torchvision, for the same JSON line.

    bench/peers/pytorch.py --arch resnet18 --job train --batch 16 --threads 2
    build/gad bench        --arch resnet18 --job train --batch 16 --threads 2 --json

Debian: apt-get install python3-torch python3-torchvision libopenblas0-openmp. Without the last one
there is the reference BLAS, on which linear layers are so slow that VGG16 takes half as long again:
that is refused. Both nets are torchvision's own with random weights, on random images. --mode f32
is how PyTorch computes by default; bf16 is its fast mode, autocast to bfloat16 with channels last,
whose errors are near 1e-2. Attribution is as Captum does it (attribution.py); "captum" in the line
says whether Captum itself did.
"""
import argparse
import json
import os
import resource
import statistics
import sys
import time

import nets  # first, for it knows what to say if there is no torch

import torch

import attribution

JOBS = ["forward", "input-gradient", "attribution", "train"]


def jobs(net, x):
    target = torch.zeros(x.shape[0], 2)
    optim = torch.optim.Adam(net.parameters(), lr=1e-4)

    def forward():
        with torch.no_grad():
            net(x)

    def input_gradient():
        y = x.clone().requires_grad_()
        torch.autograd.grad(net(y)[:, 1].sum(), y)

    def train():
        optim.zero_grad()
        torch.nn.functional.mse_loss(net(x).float(), target).backward()
        optim.step()

    return {"forward": forward, "input-gradient": input_gradient, "train": train,
            "attribution": attribution.job(net, x)}


def blas():
    """What linear layers are computed by: the folder of a BLAS that is not PyTorch's own."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        files = {line.split()[-1] for line in maps if "/libblas.so" in line}
    return os.path.basename(os.path.dirname(files.pop())) if files else "PyTorch's"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", default="resnet18", choices=nets.ARCHS)
    parser.add_argument("--job", default="forward", choices=JOBS)
    parser.add_argument("--mode", default="f32", choices=["f32", "bf16"])
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=0, help="default: 16, for attribution 1")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--runs", type=int, default=5)
    a = parser.parse_args()
    if blas() == "blas":
        print("PyTorch has only the reference BLAS: apt-get install libopenblas0-openmp",
              file=sys.stderr)
        sys.exit(3)
    if a.threads:
        torch.set_num_threads(a.threads)
    batch = a.batch or (1 if a.job == "attribution" else 16)
    net = nets.make(a.arch, hookable=a.job == "attribution").train(a.job == "train")
    x = torch.randn(batch, 3, a.size, a.size)
    if a.job != "train":
        net.requires_grad_(False)  # only the gradient of the input is wanted, if any
    if a.mode == "bf16":
        net, x = (it.to(memory_format=torch.channels_last) for it in (net, x))
    job = jobs(net, x)[a.job]
    times = []
    with torch.autocast("cpu", torch.bfloat16, enabled=a.mode == "bf16"):
        for _ in range(a.runs + 1):
            start = time.perf_counter()
            job()
            times.append((time.perf_counter() - start) / batch)
    times = times[1:]  # the first one faults in memory and wakes threads
    median = statistics.median(times)
    line = {"peer": "pytorch " + torch.__version__, "job": a.job, "arch": a.arch, "size": a.size,
            "batch": batch, "runs": a.runs, "threads": torch.get_num_threads(),
            "blas": blas(), "precision": a.mode, "images_per_second": 1 / median,
            "ms_per_image": 1000 * median, "best_ms_per_image": 1000 * min(times),
            "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}
    if a.job == "attribution":
        line["captum"] = attribution.NAME
    print(json.dumps(line))


if __name__ == "__main__":
    main()
