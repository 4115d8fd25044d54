/* The tensors of torchvision's nets with two classes: names and shapes, in its order, without the
 * counters of batch norm. */
#ifndef TORCHVISION_H
#define TORCHVISION_H

enum { TORCHVISION_RESNET18_COUNT = 11177538 }; /* numbers that train */
static const char *const torchvision_resnet18[] = {
    "conv1.weight [64, 3, 7, 7]", "bn1.weight [64]", "bn1.bias [64]", "bn1.running_mean [64]",
    "bn1.running_var [64]", "layer1.0.conv1.weight [64, 64, 3, 3]", "layer1.0.bn1.weight [64]",
    "layer1.0.bn1.bias [64]", "layer1.0.bn1.running_mean [64]", "layer1.0.bn1.running_var [64]",
    "layer1.0.conv2.weight [64, 64, 3, 3]", "layer1.0.bn2.weight [64]", "layer1.0.bn2.bias [64]",
    "layer1.0.bn2.running_mean [64]", "layer1.0.bn2.running_var [64]",
    "layer1.1.conv1.weight [64, 64, 3, 3]", "layer1.1.bn1.weight [64]", "layer1.1.bn1.bias [64]",
    "layer1.1.bn1.running_mean [64]", "layer1.1.bn1.running_var [64]",
    "layer1.1.conv2.weight [64, 64, 3, 3]", "layer1.1.bn2.weight [64]", "layer1.1.bn2.bias [64]",
    "layer1.1.bn2.running_mean [64]", "layer1.1.bn2.running_var [64]",
    "layer2.0.conv1.weight [128, 64, 3, 3]", "layer2.0.bn1.weight [128]", "layer2.0.bn1.bias [128]",
    "layer2.0.bn1.running_mean [128]", "layer2.0.bn1.running_var [128]",
    "layer2.0.conv2.weight [128, 128, 3, 3]", "layer2.0.bn2.weight [128]",
    "layer2.0.bn2.bias [128]", "layer2.0.bn2.running_mean [128]", "layer2.0.bn2.running_var [128]",
    "layer2.0.downsample.0.weight [128, 64, 1, 1]", "layer2.0.downsample.1.weight [128]",
    "layer2.0.downsample.1.bias [128]", "layer2.0.downsample.1.running_mean [128]",
    "layer2.0.downsample.1.running_var [128]", "layer2.1.conv1.weight [128, 128, 3, 3]",
    "layer2.1.bn1.weight [128]", "layer2.1.bn1.bias [128]", "layer2.1.bn1.running_mean [128]",
    "layer2.1.bn1.running_var [128]", "layer2.1.conv2.weight [128, 128, 3, 3]",
    "layer2.1.bn2.weight [128]", "layer2.1.bn2.bias [128]", "layer2.1.bn2.running_mean [128]",
    "layer2.1.bn2.running_var [128]", "layer3.0.conv1.weight [256, 128, 3, 3]",
    "layer3.0.bn1.weight [256]", "layer3.0.bn1.bias [256]", "layer3.0.bn1.running_mean [256]",
    "layer3.0.bn1.running_var [256]", "layer3.0.conv2.weight [256, 256, 3, 3]",
    "layer3.0.bn2.weight [256]", "layer3.0.bn2.bias [256]", "layer3.0.bn2.running_mean [256]",
    "layer3.0.bn2.running_var [256]", "layer3.0.downsample.0.weight [256, 128, 1, 1]",
    "layer3.0.downsample.1.weight [256]", "layer3.0.downsample.1.bias [256]",
    "layer3.0.downsample.1.running_mean [256]", "layer3.0.downsample.1.running_var [256]",
    "layer3.1.conv1.weight [256, 256, 3, 3]", "layer3.1.bn1.weight [256]",
    "layer3.1.bn1.bias [256]", "layer3.1.bn1.running_mean [256]", "layer3.1.bn1.running_var [256]",
    "layer3.1.conv2.weight [256, 256, 3, 3]", "layer3.1.bn2.weight [256]",
    "layer3.1.bn2.bias [256]", "layer3.1.bn2.running_mean [256]", "layer3.1.bn2.running_var [256]",
    "layer4.0.conv1.weight [512, 256, 3, 3]", "layer4.0.bn1.weight [512]",
    "layer4.0.bn1.bias [512]", "layer4.0.bn1.running_mean [512]", "layer4.0.bn1.running_var [512]",
    "layer4.0.conv2.weight [512, 512, 3, 3]", "layer4.0.bn2.weight [512]",
    "layer4.0.bn2.bias [512]", "layer4.0.bn2.running_mean [512]", "layer4.0.bn2.running_var [512]",
    "layer4.0.downsample.0.weight [512, 256, 1, 1]", "layer4.0.downsample.1.weight [512]",
    "layer4.0.downsample.1.bias [512]", "layer4.0.downsample.1.running_mean [512]",
    "layer4.0.downsample.1.running_var [512]", "layer4.1.conv1.weight [512, 512, 3, 3]",
    "layer4.1.bn1.weight [512]", "layer4.1.bn1.bias [512]", "layer4.1.bn1.running_mean [512]",
    "layer4.1.bn1.running_var [512]", "layer4.1.conv2.weight [512, 512, 3, 3]",
    "layer4.1.bn2.weight [512]", "layer4.1.bn2.bias [512]", "layer4.1.bn2.running_mean [512]",
    "layer4.1.bn2.running_var [512]", "fc.weight [2, 512]", "fc.bias [2]"};

enum { TORCHVISION_VGG16_COUNT = 134268738 }; /* numbers that train */
static const char *const torchvision_vgg16[] = {
    "features.0.weight [64, 3, 3, 3]", "features.0.bias [64]", "features.2.weight [64, 64, 3, 3]",
    "features.2.bias [64]", "features.5.weight [128, 64, 3, 3]", "features.5.bias [128]",
    "features.7.weight [128, 128, 3, 3]", "features.7.bias [128]",
    "features.10.weight [256, 128, 3, 3]", "features.10.bias [256]",
    "features.12.weight [256, 256, 3, 3]", "features.12.bias [256]",
    "features.14.weight [256, 256, 3, 3]", "features.14.bias [256]",
    "features.17.weight [512, 256, 3, 3]", "features.17.bias [512]",
    "features.19.weight [512, 512, 3, 3]", "features.19.bias [512]",
    "features.21.weight [512, 512, 3, 3]", "features.21.bias [512]",
    "features.24.weight [512, 512, 3, 3]", "features.24.bias [512]",
    "features.26.weight [512, 512, 3, 3]", "features.26.bias [512]",
    "features.28.weight [512, 512, 3, 3]", "features.28.bias [512]",
    "classifier.0.weight [4096, 25088]", "classifier.0.bias [4096]",
    "classifier.3.weight [4096, 4096]", "classifier.3.bias [4096]", "classifier.6.weight [2, 4096]",
    "classifier.6.bias [2]"};

#endif
