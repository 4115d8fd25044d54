"""Logits and five attribution methods, of full-size nets on random inputs and photos.

Weights are random, but for nets that gad trained and --trained names.

Each case has some inputs; of integrated gradients, which need 50 passes, only the first. One unit
that falls on the other side of zero moves a gradient by a thousandth, and on large nets that
happens to everybody's float32 with one input or another: so the median over the inputs stands
beside the largest. Median and largest are both held to PyTorch float32's own; where the largest is
beyond that, kinks.py must find the kink that fell the other way, and with it turned the bound must hold.
"""
import collections
import itertools
import json
import os
import tempfile

import nets  # first, for it knows what to say if there is no torch

import numpy as np
import torch

import attribution
import kinks
import measure
import pixels
from make_golden import randomise

POINT, PATH = ["saliency", "deconv", "gradxinput", "guided"], ["ig"]
METHODS = POINT + PATH

# Sizes that are not square, and that no stride divides. explained are the classes whose maps are
# compared; what is
#   random  noise
#   flat    noise whose left half has one colour, so that maxima of the pooling tie there
#   photos  of the shared files, which gad decodes and prepares itself
#   trained photos, prepared as the model says that has the weights
Case = collections.namedtuple("Case", "arch what inputs height width classes explained model paths "
                              "how", defaults=(None, (), None))
CASES = [
    Case("resnet18", "random", 6, 224, 224, 2, (1,)),
    Case("resnet18", "photos", 6, 224, 224, 2, (0,)),
    Case("resnet18", "random", 6, 97, 131, 5, (0, 4)),
    Case("resnet18", "random", 6, 120, 64, 1000, (0, 999)),
    Case("resnet18", "flat", 6, 64, 64, 2, (0, 1)),
    Case("vgg16", "random", 3, 64, 80, 3, (2,)),
    Case("vgg16", "random", 3, 72, 48, 2, (0,)),
    Case("vgg16", "photos", 4, 64, 64, 10, (9,)),
    Case("vgg16", "flat", 3, 64, 48, 2, (1,)),
]
FULL = [Case("vgg16", "random", 2, 224, 224, 2, (0, 1)),
        Case("vgg16", "photos", 2, 224, 224, 2, (1,))]
PHOTOS = os.path.join(measure.SHARED, "data", "photos")
NAMES = ["cat.1", "dog.1", "cat.2", "dog.2", "cat.3", "dog.3"]
PATHS = [os.path.join(PHOTOS, f"{name}.jpg") for name in NAMES]
RESIZE = {224: 256, 64: 73}  # a photo's shorter side, before a square of that size is cut out
WHITE = 2.2489  # of red, normalised

Inputs = collections.namedtuple("Inputs", "x all first folders options")


def trained_case(model, paths):
    """Of a model that gad trained, which says what it is."""
    about = json.loads(measure.run("gad", "inspect", model, "--json"))
    notes = about["metadata"]
    width, height = json.loads(notes["input_size"])
    classes = len(json.loads(notes["classes"]))
    return Case(about["arch"], "trained", len(paths), height, width, classes, (0, classes - 1),
                model, paths, (notes["resize_rule"], int(notes["resize"])))


def photos_of(case, paths, how, options):
    x = np.stack([pixels.prepared(path, *how, case.height, case.width) for path in paths])
    names = [os.path.splitext(os.path.basename(path))[0] for path in paths]
    return Inputs(torch.from_numpy(x), paths, paths[0], names, options)


def inputs_of(case, generator, folder):
    """The tensor for PyTorch; for gad the files of all and of the first, where it writes their maps,
    and its options."""
    if case.what == "trained":
        return photos_of(case, case.paths, case.how, [])
    if case.what == "photos":
        resize = RESIZE[case.height]
        return photos_of(case, PATHS[:case.inputs], ("crop", resize),
                         ["--size", case.height, "--resize", resize])
    x = torch.randn(case.inputs, 3, case.height, case.width, generator=generator)
    if case.what == "flat":
        x[:, :, :, :case.width // 2] = WHITE
    several, first = (os.path.join(folder, name) for name in ["x.npy", "x.0.npy"])
    np.save(several, x.numpy())
    np.save(first, x[0].numpy())
    return Inputs(x, [several], first, [f"x.{i}" for i in range(case.inputs)], [])


def by_torch(net, x, classes):
    """Logits [inputs][classes], and of each method the maps [classes][inputs]."""
    with torch.no_grad():
        logits = net(x).numpy()
    maps = attribution.job(net, x, classes, path=False)()
    maps += attribution.job(net, x[:1], classes)()[-len(classes):]
    maps = [m.detach().numpy() for m in maps]
    return logits, {method: maps[i * len(classes):][:len(classes)]
                    for i, method in enumerate(METHODS)}


def by_gad(model, inputs, out, classes, *options):
    options = [*options, *inputs.options]
    lines = measure.run("gad", "predict", model, *inputs.all, "--json", *options).splitlines()
    for methods, images in [(POINT, inputs.all), (PATH, [inputs.first])]:
        for c in classes:
            measure.run("gad", "explain", model, *images, "-o", out, "--format", "npy", "--methods",
                        ",".join(methods), "--class", c, "--quiet", *options)
    return np.array([json.loads(line)["logits"] for line in lines]), {
        method: [[np.load(os.path.join(out, folder, f"{method}.class{c}.npy"))
                  for folder in (inputs.folders if method in POINT else inputs.folders[:1])]
                 for c in classes]
        for method in METHODS}


def errors(found, exact):
    """Of the logits and of each method: for each input the largest error of its classes."""
    return [[measure.relative(*pair) for pair in zip(found[0], exact[0])]] + [
        np.max([[measure.relative(*pair) for pair in zip(a, b)]
                for a, b in zip(found[1][m], exact[1][m])], axis=0) for m in METHODS]


Run = collections.namedtuple("Run", "title values found")  # by whom, the errors, and their cause


def net_of(case, generator):
    """In float64, for evaluation."""
    net = nets.make(case.arch, hookable=True, classes=case.classes).double()
    if not case.model:
        return randomise(net, generator)
    with tempfile.TemporaryDirectory() as folder:
        converted = os.path.join(folder, "model.pth")
        measure.run("gad", "convert", case.model, converted)
        net.load_state_dict(torch.load(converted), strict=True)
    return net.eval()


def compare(case, seed, options, folder):
    """The net, its inputs, and the runs: PyTorch's float32, gad in f32 and in what is asked for."""
    generator = torch.Generator().manual_seed(seed)
    net = net_of(case, generator)
    net.requires_grad_(False)
    inputs = inputs_of(case, generator, folder)
    exact = by_torch(net, inputs.x.double(), case.explained)
    net = net.float()
    runs = [Run("PyTorch float32", errors(by_torch(net, inputs.x, case.explained), exact), None)]
    model = case.model or os.path.join(folder, "model.pth")
    if not case.model:
        torch.save(net.state_dict(), model)
    for precision in ["f32", *options.precision]:
        found = by_gad(model, inputs, os.path.join(folder, precision), case.explained,
                       "--precision", precision, "--threads", options.threads)
        runs.append(Run(f"gad {precision}", errors(found, exact), found))
    return net.double(), inputs, runs


def without_kinks(report, title, net, inputs, case, run, method, bound):
    """The largest error of a method once kinks are turned; says how many and how near they were."""
    offs = []
    for c, maps in zip(case.explained, run.found[1][method]):
        for i, found in enumerate(maps):
            off, turned = kinks.settle(net, inputs.x[i:i + 1].double(), c, method, found, bound)
            offs.append(off)
            if turned:
                report.note(f"{title}: {method}, {run.title}, {inputs.folders[i]}, class {c}: "
                            f"{off:.1e} with {len(turned)} turned, within "
                            f"{max(kink.distance for kink in turned):.1e}.")
    return np.max(offs)


def hold(report, title, net, inputs, case, runs):
    pytorch, f32, *others = runs
    for i, what in enumerate(["logits", *METHODS]):
        least = measure.LOGITS if what == "logits" else measure.ATTRIBUTIONS
        for run, of in itertools.product([f32, *others], [np.median, np.max]):
            if of is np.median and len(run.values[i]) == 1:
                continue
            bound = measure.f32_bound(of(pytorch.values[i])) if run is f32 else least
            value = of(run.values[i])
            if value > bound and what != "logits" and of is np.max:
                value = without_kinks(report, title, net, inputs, case, run, what, bound)
            report.hold(f"{title}: {what}, {run.title}, {of.__name__}", value, bound)


def cell(values):
    median = f"{np.median(values):.1e}"
    return f"{median} ({np.max(values):.1e})" if len(values) > 1 else median


def part(report, options):
    report.title("Logits and attributions")
    report.say("The median over the inputs, and the largest. " + (
        f"Methods are those of Captum {attribution.NAME}." if attribution.captum else
        "Captum is not installed here: its methods by hooks (bench/peers/attribution.py).") + "\n")
    report.head("net, inputs, classes", "computed by", "logits", *METHODS)
    cases = CASES + FULL if options.full else CASES
    if options.trained:
        cases = [trained_case(options.trained[0], options.trained[1:])]
    for seed, case in enumerate(cases):
        if case.arch not in options.arch:
            continue
        title = (f"{case.arch}, {case.inputs} {case.what} {case.height}x{case.width}, "
                 f"{case.classes}")
        if case.what == "photos" and not os.path.isdir(PHOTOS):
            report.row(title, "skipped: no photos (GAD_SHARED)", *[""] * (1 + len(METHODS)))
            continue
        with tempfile.TemporaryDirectory() as folder:
            net, inputs, runs = compare(case, seed, options, folder)
        for run in runs:
            report.row(title if run is runs[0] else "", run.title, *map(cell, run.values))
        hold(report, title, net, inputs, case, runs)
    report.say_notes()
