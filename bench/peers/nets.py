"""The nets that the peers run: torchvision's own, with random weights and two classes."""
import sys

try:
    import torch
    import torchvision
except ImportError as missing:
    print(f"no {missing.name}: apt-get install python3-torch python3-torchvision "
          "libopenblas0-openmp", file=sys.stderr)
    sys.exit(3)

ARCHS = ["resnet18", "vgg16"]


class Block(torchvision.models.resnet.BasicBlock):
    """torchvision's uses one ReLU twice. A hook on it could not tell the uses apart."""

    def __init__(self, *args, **named):
        super().__init__(*args, **named)
        self.relu2 = torch.nn.ReLU()

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu2(y + (x if self.downsample is None else self.downsample(x)))


def make(arch, hookable=False, classes=2):
    """hookable: every ReLU a module of its own that leaves its input alone, as hooks need it."""
    torch.manual_seed(0)
    if not hookable:
        return getattr(torchvision.models, arch)(num_classes=classes)
    if arch == "resnet18":
        net = torchvision.models.ResNet(Block, [2, 2, 2, 2], num_classes=classes)
    else:
        net = torchvision.models.vgg16(num_classes=classes)
    for module in net.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False
    return net
