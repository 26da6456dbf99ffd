"""SimpleMLP: dense layers on all cells of an image."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rootml_zoo.nets.classifier import ImageClassifier


class SimpleMLP(ImageClassifier):
    """Classify an image: (n, channels, layers, cells) in MeV -> (n,) logits.

    With the default settings it has 192,001 parameters, the published number; that number alone
    does not determine the widths, so they are arguments.

    Args:
        shape: (channels, layers, cells) of the image.
        hidden: widths of the dense layers, each followed by ReLU.
        canonical: cells of the canonical frame, if any.
    """

    def __init__(
        self,
        shape: tuple[int, int, int] = (1, 18, 72),
        hidden: Sequence[int] = (120, 120, 120, 60),
        canonical: int | None = None,
    ) -> None:
        super().__init__(hidden[-1], canonical)
        *grid, cells = shape
        layers: list[nn.Module] = []
        inputs = math.prod(grid) * (canonical or cells)
        for before, after in itertools.pairwise((inputs, *hidden)):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def encode(self, x: Tensor) -> Tensor:
        """Features (n, hidden[-1]) of scaled images."""
        features: Tensor = self.layers(torch.flatten(x, 1))
        return features
