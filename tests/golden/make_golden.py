#!/usr/bin/env python3
"""Makes the golden nets of tests/golden with PyTorch, or checks a folder against PyTorch.

    make_golden.py                 writes resnet18-w4-32px and vgg16-w2-32px beside this file
    make_golden.py --check DIR...  recomputes what DIR's model and inputs give; prints differences

Each folder holds a small net under torchvision's tensor names, and what PyTorch computes with it in
float64, stored as float32 (evaluation mode unless said otherwise):

    model.safetensors        the weights
    input.npy                (N,3,H,W)
    logits.npy               (N,classes)
    METHOD.classK.npy        (N,3,H,W), attributions of output K: saliency (absolute gradient),
                             gradxinput, deconv, guided, ig (50 Gauss-Legendre points, baseline 0)
    train.input.npy, train.target.npy
    train.grads.safetensors  parameter gradients of step one: mean squared error over all elements,
                             batch norm in training mode, no dropout
    train.losses.npy         the loss before each of three Adam steps
    train.after3.safetensors all tensors after them (rate 4e-5, betas 0.9 and 0.999, eps 1e-8)

Gradients of ReLU nets jump where a unit's input or the difference of two maxima changes sign, so
inputs are drawn until none of them is within MARGIN of that, measured by its layer's spread. The
batch for training is larger, since batch norm over a few numbers amplifies rounding.

Needs numpy, torch and torchvision; the tests need none of them.
"""
import copy
import json
import os
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torchvision import models

MARGIN, TRAIN_MARGIN = 2e-4, 1e-4
METHODS = ("saliency", "gradxinput", "deconv", "guided", "ig")


# ---- nets -----------------------------------------------------------------------------------------


class ReLU(nn.Module):
    """A ReLU whose gradient follows a rule: standard, deconv or guided."""

    rule = "standard"

    def __init__(self):
        super().__init__()
        self.margin = None

    def forward(self, x):
        self.margin = (x.detach().abs().min() / x.detach().std()).item()
        return RuledReLU.apply(x, ReLU.rule)


class RuledReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, rule):
        ctx.save_for_backward(x)
        ctx.rule = rule
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        if ctx.rule != "standard":
            g = g.clamp(min=0)
        if ctx.rule != "deconv":
            g = g * (x > 0)
        return g, None


class MaxPool(nn.MaxPool2d):
    """Max pooling that notes how close the two largest numbers of a window came."""

    def __init__(self, old):
        super().__init__(old.kernel_size, old.stride, old.padding)
        self.margin = None

    def forward(self, x):
        with torch.no_grad():
            k, p = self.kernel_size, self.padding
            padded = F.pad(x, (p, p, p, p), value=-float("inf"))
            windows = padded.unfold(2, k, self.stride).unfold(3, k, self.stride).flatten(4)
            top = windows.topk(2, dim=4).values
            gap = (top[..., 0] - top[..., 1])[top[..., 0] != 0]  # zeros of a ReLU tie exactly
            self.margin = (gap.min() / x.std()).item() if gap.numel() else float("inf")
        return super().forward(x)


class Block(models.resnet.BasicBlock):
    """torchvision uses one ReLU twice; here each is a module of its own."""

    def forward(self, x):
        skip = x if self.downsample is None else self.downsample(x)
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu2(y + skip)


def own_modules(module):
    for name, child in module.named_children():
        if isinstance(child, nn.ReLU):
            setattr(module, name, ReLU())
        elif isinstance(child, nn.MaxPool2d):
            setattr(module, name, MaxPool(child))
        else:
            own_modules(child)
    if isinstance(module, models.resnet.BasicBlock):
        module.__class__ = Block
        module.relu2 = ReLU()
    return module


def scaled_like(net, shapes):
    """Gives every layer of a torchvision net the sizes of the named shapes."""
    for name, module in net.named_modules():
        shape = shapes.get(name + ".weight")
        if isinstance(module, nn.Conv2d):
            module.out_channels, module.in_channels = shape[0], shape[1]
            module.weight = nn.Parameter(torch.zeros(shape))
            if module.bias is not None:
                module.bias = nn.Parameter(torch.zeros(shape[0]))
        elif isinstance(module, nn.Linear):
            module.out_features, module.in_features = shape
            module.weight = nn.Parameter(torch.zeros(shape))
            module.bias = nn.Parameter(torch.zeros(shape[0]))
        elif isinstance(module, nn.BatchNorm2d):
            fresh = nn.BatchNorm2d(shape[0])
            module.__dict__.update(fresh.__dict__)
    return own_modules(net).double()


def torchvision_net(arch):
    return getattr(models, arch)(weights=None)


def narrow_shapes(arch, divisor, classes, hidden):
    """Shapes of torchvision's net with every width divided, and the hidden layers given."""
    shapes = {}
    for name, value in torchvision_net(arch).state_dict().items():
        shape = list(value.shape)
        if name.startswith("classifier"):
            out = {"0": hidden, "3": hidden, "6": classes}[name.split(".")[1]]
            inner = {"0": 512 // divisor * 49, "3": hidden, "6": hidden}[name.split(".")[1]]
            shape = [out, inner][: len(shape)]
        elif name.startswith("fc"):
            shape = [classes, 512 // divisor][: len(shape)]
        elif len(shape) == 4:
            shape[:2] = shape[0] // divisor, shape[1] if shape[1] == 3 else shape[1] // divisor
        elif len(shape) == 1:
            shape[0] //= divisor
        shapes[name] = tuple(shape)
    return shapes


def randomise(net, generator):
    """Weights that keep activations near 1, norms as after some training."""
    for name, p in list(net.named_parameters()) + list(net.named_buffers()):
        if not p.is_floating_point():
            p.fill_(3)
            continue
        noise = torch.randn(p.shape, generator=generator, dtype=torch.float64)
        if p.dim() > 1:
            value = noise * (2 / (p.numel() / p.shape[0])) ** 0.5
        elif name.endswith("running_var"):
            value = 0.5 + noise.abs()
        elif name.endswith("weight"):
            value = 1 + 0.2 * noise
        else:
            value = 0.2 * noise
        p.data.copy_(value.float())  # what the file can hold
    return net.eval()


# ---- files ----------------------------------------------------------------------------------------


def read_safetensors(path):
    with open(path, "rb") as f:
        data = f.read()
    (size,) = struct.unpack("<Q", data[:8])
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name == "__metadata__":
            continue
        dtype = {"F32": "<f4", "I64": "<i8"}[entry["dtype"]]
        start, end = entry["data_offsets"]
        array = np.frombuffer(data[8 + size + start : 8 + size + end], dtype)
        tensors[name] = torch.tensor(array.reshape(entry["shape"]))
    return tensors


def write_safetensors(path, tensors):
    header, blobs, at = {}, [], 0
    for name in sorted(tensors):
        value = tensors[name].detach()
        real = value.is_floating_point()
        blob = value.numpy().astype("<f4" if real else "<i8").tobytes()
        header[name] = {
            "dtype": "F32" if real else "I64",
            "shape": list(value.shape),
            "data_offsets": [at, at + len(blob)],
        }
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


# ---- what PyTorch computes ------------------------------------------------------------------------


def gradient(net, x, label, rule="standard"):
    ReLU.rule = rule
    x = x.detach().requires_grad_()
    (g,) = torch.autograd.grad(net(x)[:, label].sum(), x)
    ReLU.rule = "standard"
    return g


def attribute(net, method, x, label):
    if method == "saliency":
        return gradient(net, x, label).abs()
    if method == "gradxinput":
        return gradient(net, x, label) * x
    if method == "ig":
        nodes, weights = np.polynomial.legendre.leggauss(50)
        return x * sum(w / 2 * gradient(net, x * (1 + a) / 2, label) for a, w in zip(nodes, weights))
    return gradient(net, x, label, method)


def with_batch_statistics(net):
    for module in net.modules():
        module.training = isinstance(module, nn.BatchNorm2d)
    return net


def train(net, x, target):
    """Gradients of step one and the losses of three steps; leaves net trained."""
    with_batch_statistics(net)
    optimiser = torch.optim.Adam(net.parameters(), lr=4e-5)
    gradients, losses = None, []
    for _ in range(3):
        optimiser.zero_grad()
        loss = F.mse_loss(net(x), target)
        losses.append(loss.item())
        loss.backward()
        gradients = gradients or {k: p.grad.clone() for k, p in net.named_parameters()}
        optimiser.step()
    return gradients, torch.tensor(losses)


def everything(net, x, train_x, target, classes):
    """All arrays and tensor files of a folder, by file name."""
    files = {"logits.npy": net(x)}
    for method in METHODS:
        for label in classes:
            files[f"{method}.class{label}.npy"] = attribute(net, method, x, label)
    gradients, losses = train(net, train_x, target)
    files["train.grads.safetensors"] = gradients
    files["train.losses.npy"] = losses
    files["train.after3.safetensors"] = dict(net.state_dict())
    return files


def margin(net, x):
    with torch.no_grad():
        net(x)
    return min(m.margin for m in net.modules() if isinstance(m, (ReLU, MaxPool)))


# ---- the two commands -----------------------------------------------------------------------------


def make(folder, arch, divisor, hidden, seed):
    generator = torch.Generator().manual_seed(seed)

    def noise(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64).float().double()

    net = scaled_like(torchvision_net(arch), narrow_shapes(arch, divisor, 2, hidden))
    randomise(net, generator)
    x = train_x = None
    while x is None or margin(net, x) < MARGIN:
        x = noise(2, 3, 32, 32)
    while (train_x is None
           or margin(with_batch_statistics(copy.deepcopy(net)), train_x) < TRAIN_MARGIN):
        train_x = noise(8, 3, 32, 32)
    target = noise(8, 2)
    os.makedirs(folder, exist_ok=True)
    write_safetensors(os.path.join(folder, "model.safetensors"), net.state_dict())
    inputs = {"input.npy": x, "train.input.npy": train_x, "train.target.npy": target}
    for name, value in {**inputs, **everything(net, x, train_x, target, range(2))}.items():
        path = os.path.join(folder, name)
        if name.endswith(".npy"):
            np.save(path, value.detach().numpy().astype("<f4"))
        else:
            write_safetensors(path, value)


def check(folder):
    def load(name):
        return torch.tensor(np.load(os.path.join(folder, name))).double()

    tensors = read_safetensors(os.path.join(folder, "model.safetensors"))
    arch = "resnet18" if "fc.weight" in tensors else "vgg16"
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    net = scaled_like(torchvision_net(arch), shapes)
    missing, unknown = net.load_state_dict(tensors, strict=False)
    assert not unknown and all("num_batches" in name for name in missing), (missing, unknown)
    net.eval()
    files = everything(net, load("input.npy"), load("train.input.npy"), load("train.target.npy"),
                       range(2))
    for name, value in files.items():
        if name.endswith(".npy"):
            difference = (load(name) - value).abs().max() / value.abs().max()
        else:
            stored = read_safetensors(os.path.join(folder, name))
            difference = max(
                (stored[k].double() - v.double()).abs().max() / max(v.abs().max().item(), 1e-3)
                for k, v in value.items() if k in stored and v.is_floating_point())
        print(f"{folder}/{name}: {float(difference):.1e}")


if __name__ == "__main__":
    torch.manual_seed(0)
    if sys.argv[1:2] == ["--check"]:
        for path in sys.argv[2:]:
            check(path)
    else:
        here = os.path.dirname(os.path.abspath(__file__))
        make(os.path.join(here, "resnet18-w4-32px"), "resnet18", 16, None, 1)
        make(os.path.join(here, "vgg16-w2-32px"), "vgg16", 32, 24, 2)
