"""Parameter gradients, and an epoch of training: mean squared error, Adam, batch norm in both modes.

gad's side is gradients.c. Dropout drops nothing on either side. Adam's first steps move a weight by
about the rate, whatever the size of its gradient; where that is almost zero, rounding decides in
which direction. So what is compared of an epoch are the losses, the whole update (weights after it
minus weights before it) as one vector, and the share of the weights that went another way.
"""
import collections
import os
import tempfile

import nets  # first, for it knows what to say if there is no torch

import numpy as np
import torch

import measure
from make_golden import randomise

RATE = 4e-5  # of the paper's supports
WAY = 0.01  # another way: the update is off by more than this share of the largest that there may be
# Of the weights: at least this share may go another way, and 3 times PyTorch float32's own.
STRAY = 1e-3
BOUNDS = [measure.ATTRIBUTIONS, measure.ATTRIBUTIONS, measure.LOGITS]  # auto, of the first HEADS

# statistics: which batch norm uses, the batch's (training) or the running ones (evaluation).
Case = collections.namedtuple("Case", "arch height width classes batch steps statistics")
CASES = [
    Case("resnet18", 112, 96, 2, 8, 4, "batch"),
    Case("resnet18", 112, 96, 2, 8, 4, "running"),
    Case("resnet18", 65, 90, 10, 8, 4, "batch"),
    Case("vgg16", 64, 48, 3, 4, 3, "running"),
]
FULL = [Case("resnet18", 224, 224, 2, 16, 4, "batch"), Case("vgg16", 224, 224, 2, 4, 2, "running")]

# What a program computed: of each parameter the first batch's gradient, the loss before each step,
# and how far each parameter (and running average) moved.
Epoch = collections.namedtuple("Epoch", "gradients losses moved")


def numbers(net):
    return {k: v.detach().numpy().copy() for k, v in net.state_dict().items()
            if v.is_floating_point()}


def by_torch(net, x, target, case):
    net.eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.train(case.statistics == "batch")
    before, gradients, losses = numbers(net), None, []
    optim = torch.optim.Adam(net.parameters(), lr=RATE)
    for inputs, wanted in zip(x.split(case.batch), target.split(case.batch)):
        optim.zero_grad()
        loss = torch.nn.functional.mse_loss(net(inputs), wanted)
        losses.append(loss.item())
        loss.backward()
        gradients = gradients or {k: p.grad.numpy().copy() for k, p in net.named_parameters()}
        optim.step()
    return Epoch(gradients, losses, {k: v - before[k] for k, v in numbers(net).items()})


def by_gad(model, before, folder, case, precision, threads):
    files = [os.path.join(folder, f) for f in ["x.npy", "target.npy", "grads.npz", "trained.npz"]]
    measure.run("peers/gradients", model, *files, case.statistics, case.batch, RATE, precision,
                threads)
    after = np.load(files[3])
    return Epoch(np.load(files[2]), after["losses"], {k: after[k] - before[k] for k in before})


def squares(found, exact):
    """|found - exact|^2 and |exact|^2."""
    return np.array([np.sum((found - exact) ** 2), np.sum(exact ** 2)])


def errors(found, exact, case):
    """Of gradients: all as one vector, and the worst parameter; the worst loss; the whole update,
    the share that went another way, and the worst running average."""
    gradients = [squares(found.gradients[k].astype(np.float64), g)
                 for k, g in exact.gradients.items()]
    losses = np.max([abs(a / b - 1) for a, b in zip(found.losses, exact.losses)])
    update, strays, weights, running = np.zeros(2), 0, 0, [0.0]
    for name, way in exact.moved.items():
        own = found.moved[name].astype(np.float64)
        if name not in exact.gradients:
            running.append(measure.relative(own, way) if way.any() else np.abs(own).max())
            continue
        update += squares(own, way)
        strays += np.count_nonzero(np.abs(own - way) > WAY * RATE * case.steps)
        weights += way.size
    total = np.sum(gradients, axis=0)
    worst = np.max([(a / b) ** 0.5 for a, b in gradients])
    return [float(value) for value in [(total[0] / total[1]) ** 0.5, worst, losses,
                                       (update[0] / update[1]) ** 0.5, strays / weights,
                                       np.max(running)]]


HEADS = ["gradients, all", "gradients, worst tensor", "losses", "update", "strays",
         "running averages"]


def compare(case, seed, options, folder):
    generator = torch.Generator().manual_seed(seed)
    net = randomise(nets.make(case.arch, classes=case.classes).double(), generator)
    x = torch.randn(case.steps * case.batch, 3, case.height, case.width, generator=generator)
    target = torch.randn(len(x), case.classes, generator=generator)
    np.save(os.path.join(folder, "x.npy"), x.numpy())
    np.save(os.path.join(folder, "target.npy"), target.numpy())
    model = os.path.join(folder, "model.pth")
    start = {k: v.float() if v.is_floating_point() else v for k, v in net.state_dict().items()}
    torch.save(start, model)
    before = {k: v.numpy() for k, v in start.items() if v.is_floating_point()}

    exact = by_torch(net, x.double(), target.double(), case)
    net = net.float()
    net.load_state_dict(start)
    rows = [("PyTorch float32", errors(by_torch(net, x, target, case), exact, case))]
    for precision in ["f32", *options.precision]:
        found = by_gad(model, before, folder, case, precision, options.threads)
        rows.append((f"gad {precision}", errors(found, exact, case)))
    return rows


def part(report, options):
    report.title("Parameter gradients and an epoch of training")
    report.head("net, input, classes, batch norm", "computed by", *HEADS)
    for seed, case in enumerate(CASES + FULL if options.full else CASES):
        if case.arch not in options.arch:
            continue
        title = (f"{case.arch}, {case.steps} x {case.batch} of {case.height}x{case.width}, "
                 f"{case.classes}" + (f", {case.statistics}" if case.arch == "resnet18" else ""))
        with tempfile.TemporaryDirectory() as folder:
            rows = compare(case, 100 + seed, options, folder)
        for i, (name, values) in enumerate(rows):
            report.row("" if i else title, name, *values)
        (_, pytorch), (_, f32), *others = rows
        for what, own, plain in zip(HEADS, pytorch, f32):
            least = STRAY if what == "strays" else measure.LEAST
            report.hold(f"{title}, {what}, f32", plain, max(measure.TIMES_PYTORCH * own, least))
        for name, values in others:
            for what, value, bound in zip(HEADS, values, BOUNDS):
                report.hold(f"{title}, {what}, {name}", value, bound)
