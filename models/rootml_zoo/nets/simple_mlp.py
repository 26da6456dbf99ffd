"""SimpleMLP: dense layers on all cells of an image."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rootml_zoo.nets.classifier import ImageClassifier, Shape


class SimpleMLP(ImageClassifier):
    """Classify an image: (n, channels, layers, cells) in MeV -> (n,) logits.

    With the default settings it has 192,001 parameters, the published number; that number alone
    does not determine the widths, so they are arguments.

    Args:
        shape: (channels, layers, cells) of the image.
        hidden: widths of the dense layers, each followed by ReLU.
        frame, standardise: see :class:`ImageClassifier`.
    """

    def __init__(
        self,
        shape: Shape = (1, 18, 72),
        hidden: Sequence[int] = (120, 120, 120, 60),
        frame: int | None = None,
        standardise: bool = False,
    ) -> None:
        super().__init__(shape, hidden[-1], frame, standardise)
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise((math.prod(self.shape), *hidden)):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def encode(self, x: Tensor) -> Tensor:
        """Features (n, hidden[-1]) of scaled images."""
        features: Tensor = self.layers(torch.flatten(x, 1))
        return features
