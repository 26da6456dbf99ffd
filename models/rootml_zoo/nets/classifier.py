"""What all networks that classify images have in common."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

from torch import Tensor, nn

from rootml.errors import TrainingError
from rootml_zoo.nets.canonical import FRAMES, Canonical
from rootml_zoo.nets.scaling import LogScale, Standardise

Shape = tuple[int, int, int]
"""(channels, layers, cells) of an image."""


class ImageClassifier(nn.Module, ABC):
    """Classify images in MeV: (n, channels, layers, cells) -> (n,) logits.

    ``classify(features(image))`` is the whole network. Domain adaptation acts between the two.

    Args:
        shape: (channels, layers, cells) of the image.
        width: number of features.
        frame: bins of the canonical frame that showers are brought into first, one of ``FRAMES``
            (see :class:`Canonical`); None takes images as they are.
        standardise: give each pixel, after the logarithm, mean 0 and variance 1 over the events.
    """

    def __init__(self, shape: Shape, width: int, frame: int | None, standardise: bool) -> None:
        super().__init__()
        if frame not in (None, *FRAMES):
            raise TrainingError(f"frame is {frame!r}: expected one of {[*FRAMES]}, or none")
        channels, layers, cells = shape
        self.shape: Shape = (channels, layers, frame or cells)
        """What :meth:`encode` takes."""
        self.canonical = nn.Identity() if frame is None else Canonical(FRAMES[frame])
        self.scaling = LogScale()
        self.standard = Standardise(math.prod(self.shape)) if standardise else nn.Identity()
        self.head = nn.Linear(width, 1)

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Features (n, width) of scaled images."""

    def features(self, image: Tensor) -> Tensor:
        """Features (n, width) of images in MeV."""
        return self.encode(self.standard(self.scaling(self.canonical(image))))

    def classify(self, features: Tensor) -> Tensor:
        """Logits (n,) of features."""
        logit: Tensor = self.head(features)  # (n, 1)
        return logit.squeeze(1)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (n,) of images in MeV."""
        return self.classify(self.features(image))
