"""SimpleCNN: three small convolutions and two dense layers, 1.4 M multiply-adds an image."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rootml_zoo.nets.scaling import LogScale


class SimpleCNN(nn.Module):
    """Classify an image: (n, 1, 18, 72) in MeV -> (n,) logits.

    Each convolution is followed by ReLU and a 2x2 maximum. With the default settings it has
    106,317 parameters, the published number; that number alone does not determine the
    widths, so they are arguments.

    Args:
        shape: (channels, layers, cells) of the image.
        widths: output channels of the convolutions.
        kernels: their kernel sizes (odd; 'same' padding).
        hidden: width of the dense layer.
        dropout: probability of dropping a feature before either dense layer.
    """

    def __init__(
        self,
        shape: tuple[int, int, int] = (1, 18, 72),
        widths: Sequence[int] = (12, 24, 48),
        kernels: Sequence[int] = (5, 3, 1),
        hidden: int = 118,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        channels, rows, cells = shape
        layers: list[nn.Module] = []
        for width, kernel in zip(widths, kernels, strict=True):
            layers += [
                nn.Conv2d(channels, width, kernel, padding=kernel // 2),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
            channels, rows, cells = width, rows // 2, cells // 2
        self.scaling = LogScale()
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(channels * rows * cells, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 1),
        )
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, image: Tensor) -> Tensor:
        """Return the logit of each image; ``image``: (n, 1, 18, 72), MeV."""
        x = self.scaling(image).contiguous(memory_format=torch.channels_last)  # 1.7 x as fast
        x = self.features(x)  # (n, 48, 2, 9)
        logit: Tensor = self.head(torch.flatten(x, 1))  # (n, 1)
        return logit.squeeze(1)  # (n,)
