"""Which kinks fell on the other side: why a float32 map is a thousandth away from float64's.

On a large net a few ReLUs are within rounding of zero, and in a few windows of a pool two numbers
are within rounding of each other. Which way the gradient goes there is decided by the order of
somebody's sums, and the other way is another gradient, just as right. So a map that is too far from
the exact one is held against exact ones with such kinks the other way: the nearest first, and a kink
is turned if that brings the map nearer.
"""
import collections

import numpy as np
import torch

import attribution
import measure

NEAR = 3e-6  # what is within rounding, by the layer's standard deviation
MOST = 16, 150  # kinks that are tried: at one point, and on a path

# How near; which point of a path, which module, which of its outputs; and in a pool, which of its
# inputs is the second largest.
Kink = collections.namedtuple("Kink", "distance point module unit second")

RULES = {"deconv": "deconv", "guided": "guided"}  # of the others it is the standard one


class Gated(torch.autograd.Function):
    """A ReLU by a rule, with its gates given."""

    @staticmethod
    def forward(ctx, x, gates, rule):
        ctx.save_for_backward(gates)
        ctx.rule = rule
        return x * gates

    @staticmethod
    def backward(ctx, g):
        (gates,) = ctx.saved_tensors
        if ctx.rule != "standard":
            g = g.clamp(min=0)
        return (g if ctx.rule == "deconv" else g * gates), None, None


def kinked(net):
    return [m for m in net.modules() if isinstance(m, (torch.nn.ReLU, torch.nn.MaxPool2d))]


def hooked(net, make, run):
    """run() while make(number), a forward hook, is on each module with kinks."""
    hooks = [m.register_forward_hook(make(i)) for i, m in enumerate(kinked(net))]
    try:
        return run()
    finally:
        for hook in hooks:
            hook.remove()


def near_maxima(module, x):
    """Windows whose two largest are near each other: how near, the window, the second's place."""
    k, s, p = module.kernel_size, module.stride, module.padding
    padded = torch.nn.functional.pad(x, (p, p, p, p), value=-np.inf)
    windows = padded.unfold(2, k, s).unfold(3, k, s)
    top, place = windows.flatten(4).topk(2)
    gap = (top[..., 0] - top[..., 1]) / x.std()
    for at in ((gap < NEAR) & (gap > 0)).nonzero():
        _, channel, row, column = at.tolist()
        second = place[tuple(at)][1].item()
        y, z = row * s - p + second // k, column * s - p + second % k
        unit = (channel * windows.shape[2] + row) * windows.shape[3] + column
        yield gap[tuple(at)].item(), unit, y * x.shape[3] + z


def candidates(net, x, point):
    found = []

    def look(number):
        def hook(module, inputs, out):
            if isinstance(module, torch.nn.MaxPool2d):
                found.extend(Kink(distance, point, number, unit, second)
                             for distance, unit, second in near_maxima(module, inputs[0]))
                return
            distance = (inputs[0].abs() / inputs[0].std()).flatten()
            found.extend(Kink(distance[unit].item(), point, number, unit.item(), None)
                         for unit in (distance < NEAR).nonzero())
        return hook

    with torch.no_grad():
        hooked(net, look, lambda: net(x))
    return found


def gradient(net, x, c, rule, kink=None):
    """That of one image, with one kink turned."""
    def turn(number):
        def hook(module, inputs, out):
            here = kink is not None and kink.module == number
            if isinstance(module, torch.nn.MaxPool2d):
                if not here:
                    return None
                _, places = torch.nn.functional.max_pool2d(
                    inputs[0], module.kernel_size, module.stride, module.padding,
                    return_indices=True)
                places.view(-1)[kink.unit] = kink.second
                return inputs[0].flatten(2).gather(2, places.flatten(2)).view_as(out)
            gates = (inputs[0] > 0).to(x.dtype)
            if here:
                gates.view(-1)[kink.unit] = 1 - gates.view(-1)[kink.unit]
            return Gated.apply(inputs[0], gates, rule)
        return hook

    point = x.clone().requires_grad_()
    return torch.autograd.grad(hooked(net, turn, lambda: net(point)[0, c]), point)[0][0].numpy()


def settle(net, x, c, method, found, bound):
    """How far the map `found` of the image x[1] is from float64's with kinks turned, and those.

    What a kink contributes is taken to be the same whatever others do; of few it nearly is.
    """
    rule, path = RULES.get(method, "standard"), method == "ig"
    at, weight = attribution.legendre(attribution.STEPS, x.dtype) if path else ([1.0], [1.0])
    image = x[0].numpy()

    def finish(g):
        return np.abs(g) if method == "saliency" else g if method in RULES else g * image

    exact = [gradient(net, a * x, c, rule) for a in at]
    total = sum(float(w) * g for w, g in zip(weight, exact))
    turned, off = [], measure.relative(found, finish(total))
    near = sorted(kink for k, a in enumerate(at) for kink in candidates(net, a * x, k))
    for kink in near[:MOST[path]]:
        if off <= bound:
            break
        k = kink.point
        other = total + float(weight[k]) * (gradient(net, at[k] * x, c, rule, kink) - exact[k])
        nearer = measure.relative(found, finish(other))
        if nearer < off:
            total, turned, off = other, turned + [kink], nearer
    return off, turned
