"""What all networks that classify images have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from rootml_zoo.nets.canonical import Canonical
from rootml_zoo.nets.scaling import LogScale


class ImageClassifier(nn.Module, ABC):
    """Classify images in MeV: (n, channels, layers, cells) -> (n,) logits.

    ``classify(features(image))`` is the whole network. Domain adaptation acts between the two.

    Args:
        width: number of features.
        canonical: cells of the canonical frame that showers are moved to first (see
            :class:`Canonical`); None takes images as they are.
    """

    def __init__(self, width: int, canonical: int | None) -> None:
        super().__init__()
        self.canonical = nn.Identity() if canonical is None else Canonical(canonical)
        self.scaling = LogScale()
        self.head = nn.Linear(width, 1)

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Features (n, width) of scaled images."""

    def features(self, image: Tensor) -> Tensor:
        """Features (n, width) of images in MeV."""
        return self.encode(self.scaling(self.canonical(image)))

    def classify(self, features: Tensor) -> Tensor:
        """Logits (n,) of features."""
        logit: Tensor = self.head(features)  # (n, 1)
        return logit.squeeze(1)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (n,) of images in MeV."""
        return self.classify(self.features(image))
