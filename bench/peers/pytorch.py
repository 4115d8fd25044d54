#!/usr/bin/env python3
"""The jobs of `gad bench`, done by PyTorch and torchvision, for the same JSON line.

    bench/peers/pytorch.py --arch resnet18 --job train --batch 16 --threads 2
    build/gad bench        --arch resnet18 --job train --batch 16 --threads 2 --json

Debian: apt-get install python3-torch python3-torchvision. Both nets are torchvision's own with
random weights, on random images, float32, as PyTorch computes by default.
"""
import argparse
import json
import resource
import statistics
import time

import torch
import torchvision


def jobs(net, x):
    target = torch.zeros(x.shape[0], 2)
    optim = torch.optim.Adam(net.parameters(), lr=1e-4)

    def forward():
        net.eval()
        with torch.no_grad():
            net(x)

    def input_gradient():
        net.eval()
        for p in net.parameters():
            p.requires_grad_(False)
        y = x.clone().requires_grad_()
        torch.autograd.grad(net(y)[:, 1].sum(), y)
        for p in net.parameters():
            p.requires_grad_(True)

    def train():
        net.train()
        optim.zero_grad()
        torch.nn.functional.mse_loss(net(x), target).backward()
        optim.step()

    return {"forward": forward, "input-gradient": input_gradient, "train": train}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", default="resnet18", choices=["resnet18", "vgg16"])
    parser.add_argument("--job", default="forward", choices=["forward", "input-gradient", "train"])
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--runs", type=int, default=5)
    a = parser.parse_args()
    if a.threads:
        torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    net = getattr(torchvision.models, a.arch)(num_classes=2)
    job = jobs(net, torch.randn(a.batch, 3, a.size, a.size))[a.job]
    job()
    times = []
    for _ in range(a.runs):
        start = time.perf_counter()
        job()
        times.append((time.perf_counter() - start) / a.batch)
    median = statistics.median(times)
    print(json.dumps({
        "peer": "pytorch " + torch.__version__, "job": a.job, "arch": a.arch, "size": a.size,
        "batch": a.batch, "threads": torch.get_num_threads(), "images_per_second": 1 / median,
        "ms_per_image": 1000 * median, "best_ms_per_image": 1000 * min(times),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
