"""ResNet with basic blocks (He et al. 2016, arXiv:1512.03385) for images of few channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rootml_zoo.nets.classifier import ImageClassifier, Shape
from rootml_zoo.nets.convolution import Convolution

BLOCKS = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2)}
"""Blocks of each stage, by the depth of the network."""
WIDTHS = (64, 128, 256, 512)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions added to their input, as in figure 5 (left) of the paper.

    (n, before, rows, cells) -> (n, after, rows / stride, cells / stride). Where shapes differ, the
    input is projected (option B of section 3.3).
    """

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            Convolution(before, after, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            Convolution(after, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
        )
        same = before == after and stride == 1
        self.shortcut: nn.Module = nn.Identity() if same else projection(before, after, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return the rectified sum."""
        return torch.relu(self.body(x) + self.shortcut(x))


def projection(before: int, after: int, stride: int) -> nn.Module:
    """A 1x1 convolution to another width and size."""
    return nn.Sequential(Convolution(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))


class ResNet(ImageClassifier):
    """Classify an image: (n, channels, layers, cells) in MeV -> (n,) logits.

    Table 1 of the paper with one logit: a 7x7 convolution and a 3x3 maximum at stride 2, four
    stages of which all but the first halve the image, the mean over what is left of it. For one
    channel that makes 4,900,033 parameters at depth 10 and 11,170,753 at depth 18.

    Args:
        shape: (channels, layers, cells) of the image; any but the channels will do.
        depth: 10 or 18.
        frame, standardise: see :class:`ImageClassifier`.
    """

    def __init__(
        self,
        shape: Shape = (1, 18, 72),
        depth: int = 10,
        frame: int | None = None,
        standardise: bool = False,
    ) -> None:
        super().__init__(shape, WIDTHS[-1], frame, standardise)
        layers: list[nn.Module] = [
            nn.Conv2d(shape[0], WIDTHS[0], 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(WIDTHS[0]),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
        ]
        before = WIDTHS[0]
        for stage, (width, blocks) in enumerate(zip(WIDTHS, BLOCKS[depth], strict=True)):
            for number in range(blocks):
                stride = 2 if stage > 0 and number == 0 else 1
                layers.append(BasicBlock(before, width, stride))
                before = width
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.apply(_initialise)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def encode(self, x: Tensor) -> Tensor:
        """Features (n, 512) of scaled images."""
        features: Tensor = self.layers(x.contiguous(memory_format=torch.channels_last))
        return features


def _initialise(module: nn.Module) -> None:
    """He et al. 2015, arXiv:1502.01852, by the number of outputs, as is usual for ResNets."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
