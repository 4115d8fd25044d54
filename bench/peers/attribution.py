"""Five attribution methods in PyTorch: Captum's where it is installed, else the same passes here.

In this order: saliency, deconvolution, gradient x input, guided backpropagation, integrated
gradients. Captum goes forward and back once for every method and class. Integrated gradients go
through their 50 points in batches of 16, so that memory is bounded; other settings are Captum's own.
"""
import torch

try:
    import captum
    import captum.attr
except ImportError:
    captum = None

NAME = "hooks" if captum is None else captum.__version__
CLASSES, STEPS, BATCH = (0, 1), 50, 16


def with_captum(net, x, classes, path):
    attr = captum.attr
    methods = [attr.Saliency(net), attr.Deconvolution(net), attr.InputXGradient(net),
               attr.GuidedBackprop(net)]
    ig = attr.IntegratedGradients(net)

    def run():
        maps = [method.attribute(x, target=c) for method in methods for c in classes]
        for c in classes if path else ():
            maps.append(ig.attribute(x, target=c, n_steps=STEPS, method="gausslegendre",
                                     internal_batch_size=BATCH))
        return maps

    return run


def legendre(steps, dtype):
    """Points and weights on (0, 1): eigenvalues of the Jacobi matrix (Golub & Welsch 1969)."""
    k = torch.arange(1, steps, dtype=torch.float64)
    off = k / (4 * k * k - 1).sqrt()
    at, vectors = torch.linalg.eigh(torch.diag(off, 1) + torch.diag(off, -1))
    return ((at + 1) / 2).to(dtype), vectors[0].square().to(dtype)


def with_hooks(net, x, classes, path):
    at, weight = legendre(STEPS, x.dtype)

    def gradient(points, c):
        points = points.detach().requires_grad_()
        return torch.autograd.grad(net(points)[:, c].sum(), points)[0]

    def ruled(rule, c):
        relus = [m for m in net.modules() if isinstance(m, torch.nn.ReLU)]
        hooks = [m.register_full_backward_hook(rule) for m in relus]
        try:
            return gradient(x, c)
        finally:
            for hook in hooks:
                hook.remove()

    def deconvolution(module, into, out):
        return (out[0].clamp(min=0),)

    def guided(module, into, out):
        return (into[0].clamp(min=0),)

    def integrated(c):
        total = torch.zeros_like(x)
        steps = max(1, BATCH // x.shape[0])
        for a, w in zip(at.split(steps), weight.split(steps)):
            points = a.view(-1, 1, 1, 1, 1) * x
            g = gradient(points.flatten(0, 1), c).view_as(points)
            total += (w.view(-1, 1, 1, 1, 1) * g).sum(0)
        return total * x

    def run():
        maps = [gradient(x, c).abs() for c in classes]
        maps += [ruled(deconvolution, c) for c in classes]
        maps += [gradient(x, c) * x for c in classes]
        maps += [ruled(guided, c) for c in classes]
        return maps + [integrated(c) for c in classes if path]

    return run


def job(net, x, classes=CLASSES, path=True):
    """A function that gives the maps: methods in the order of the title, of each all classes. Without
    path, those of integrated gradients are left out."""
    return (with_hooks if captum is None else with_captum)(net, x, classes, path)

