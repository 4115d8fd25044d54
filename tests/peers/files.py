"""Files: what gad writes loads elsewhere, nets trained by it are torchvision's, and the reverse."""
import json
import os
import tempfile

import nets  # first, for it knows what to say if there is no torch

import numpy as np
import torch

import measure
from make_golden import randomise, read_safetensors

try:
    from safetensors.torch import load_file
except ImportError:
    load_file = None

SIZE, BATCH = 64, 4
# gad train: enough for a few steps; VGG16's hidden layers at full width, like all others.
TRAIN = ["synthetic:cats-dogs,count=80", "--epochs", 1, "--batch", 16, "--size", SIZE, "--quiet"]


def loaded(path):
    """The tensors of a file, read by those whose format it is."""
    if path.endswith(".pth"):
        return torch.load(path)
    if path.endswith(".npz"):
        with np.load(path) as arrays:
            return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    return (load_file or read_safetensors)(path)


def same(a, b):
    """Names, types, shapes and bits."""
    return a.keys() == b.keys() and all(
        a[k].dtype == b[k].dtype and a[k].shape == b[k].shape and torch.equal(a[k], b[k])
        for k in a)


def logits_off(arch, classes, model, folder, threads):
    """load_state_dict(strict=True) from model, a .pth; the logits of gad against PyTorch's."""
    net = nets.make(arch, classes=classes)
    net.load_state_dict(torch.load(model), strict=True)
    x = torch.randn(BATCH, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(7))
    images = os.path.join(folder, "images.npy")
    np.save(images, x.numpy())
    with torch.no_grad():
        exact = net.double().eval()(x.double()).numpy()
    lines = measure.run("gad", "predict", model, images, "--json", "--precision", "f32",
                        "--threads", threads).splitlines()
    return measure.relative([json.loads(line)["logits"] for line in lines], exact)


def conversions(report, folder):
    """A net of torch.save to each format of gad's and between them: not a bit may change."""
    start = randomise(nets.make("resnet18", classes=3).double(),
                      torch.Generator().manual_seed(5)).float().state_dict()
    zipped, legacy = (os.path.join(folder, f) for f in ["zipped.pth", "legacy.pth"])
    torch.save(start, zipped)
    torch.save(start, legacy, _use_new_zipfile_serialization=False)
    paths = {"torch.save": zipped, "torch.save, legacy": legacy}
    for ending in ["safetensors", "npz", "pth"]:
        paths[f".{ending} of gad"] = os.path.join(folder, f"first.{ending}")
        measure.run("gad", "convert", zipped, paths[f".{ending} of gad"])
    report.head("gad convert, from", "to .pth", "to .safetensors", "to .npz")
    for source, path in paths.items():
        cells = []
        for ending in ["pth", "safetensors", "npz"]:
            out = os.path.join(folder, f"out.{ending}")
            measure.run("gad", "convert", path, out)
            good = same(loaded(out), dict(start))
            report.hold(f"convert {source} to {ending}, tensors that changed", int(not good), 0)
            cells.append("same bits" if good else "DIFFERS")
        report.row(source, *cells)
    return zipped


def types(report, zipped, folder):
    """--dtype rounds as PyTorch does."""
    start, cells = torch.load(zipped), []
    for name, dtype in [("f16", torch.float16), ("bf16", torch.bfloat16), ("f64", torch.float64)]:
        out = os.path.join(folder, f"{name}.pth")
        measure.run("gad", "convert", zipped, out, "--dtype", name)
        wanted = {k: v.to(dtype) if v.is_floating_point() else v for k, v in start.items()}
        good = same(loaded(out), wanted)
        report.hold(f"convert --dtype {name}, tensors that changed", int(not good), 0)
        cells.append(f"{name}: {'same bits as .to()' if good else 'DIFFERS'}")
    report.say("\n`--dtype` " + ", ".join(cells) + ".\n")


def part(report, options):
    report.title("Files")
    report.say("Read back by torch.load, numpy.load and " + (
        "safetensors." if load_file else "a reader of ten lines (there is no safetensors here)."))
    report.say()
    with tempfile.TemporaryDirectory() as folder:
        zipped = conversions(report, folder)
        types(report, zipped, folder)
        report.head("net", "load_state_dict(strict=True)", "logits, gad against float64")
        jobs = [("resnet18", 3, "of torch.save", zipped)]
        for arch in options.arch:
            trained, converted = (os.path.join(folder, f"{arch}.{e}") for e in ["safetensors",
                                                                              "pth"])
            measure.run("gad", "train", TRAIN[0], "-o", trained, "--arch", arch, "--threads",
                        options.threads, *TRAIN[1:])
            measure.run("gad", "convert", trained, converted)
            jobs.append((arch, 2, "of gad train", converted))
        for arch, classes, origin, path in jobs:
            off = logits_off(arch, classes, path, folder, options.threads)
            report.hold(f"{arch} {origin}, logits", off, measure.LEAST)
            report.row(f"{arch} {origin}", "yes", off)
