"""Networks that count tracks in images of the SuperNEMO tracker.

Those of the three views are the listings of A. Mendl, Machine learning at SuperNEMO (2023), layer
by layer, with the initial weights of Keras; what they return are logits, of which the talk's
softmax is part of the loss. ``Combined`` joins them as https://github.com/amendl/SuperNEMO_ML_applications
does (``combined.py``): what the three flatten, and two dense layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

Pair = tuple[int, int]
DROPOUT: Final = 0.2
SPACING: Final = 4.0
"""Of thresholds of ordered classes at first (a choice): between two of them the class is likely."""
LAST: Final = 64
"""Width of the last hidden layer."""


@dataclass(frozen=True)
class Stage:
    """A convolution with ReLU ('same' padding) and the maximum over ``pool``, if there is one.

    ``stride``: of the pooling; None: its size.
    """

    width: int
    kernel: Pair
    pool: Pair | None = None
    stride: Pair | None = None


@dataclass(frozen=True)
class Listing:
    """A network of the talk: ``shape`` of its image, ``stages``, and the first dense layer."""

    shape: Pair
    stages: Sequence[Stage]
    dense: int


LISTINGS: Final[Mapping[str, Listing]] = {
    "top": Listing(
        (9, 113),
        (
            Stage(16, (3, 15), (1, 2)),
            Stage(128, (3, 7), (1, 2)),
            Stage(256, (3, 3), (2, 2)),
            Stage(256, (3, 3), (2, 2)),
            Stage(256, (3, 3), (2, 2)),
        ),
        dense=128,
    ),
    "side": Listing(
        (30, 113),
        (
            Stage(16, (3, 7), (1, 2)),
            Stage(64, (3, 3), (2, 2)),
            Stage(256, (3, 3), (2, 2)),
            Stage(256, (3, 3), (2, 2)),
        ),
        dense=256,
    ),
    "front": Listing(
        (30, 9),
        (
            Stage(16, (6, 2)),
            Stage(64, (6, 2), (3, 1), stride=(6, 2)),
            Stage(128, (2, 2)),
        ),
        dense=256,
    ),
}
"""By the name of the image."""


class Ordered(nn.Module):
    """Logits (n, classes - 1) of "more than so many", which fall from class to class.

    One number of the event, and thresholds that rise (W. Cao, V. Mirjalili, S. Raschka, Pattern
    Recognit. Lett. 140 (2020) 325, here with thresholds that cannot cross).
    """

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1)
        self.steps = nn.Parameter(torch.full((classes - 2,), SPACING))

    def forward(self, features: Tensor) -> Tensor:
        """Logits of features (n, width)."""
        rises = torch.cumsum(nn.functional.softplus(self.steps), 0)
        logits: Tensor = self.score(features) - torch.cat([rises.new_zeros(1), rises])
        return logits


def trunk(listing: Listing, channels: int = 1) -> tuple[nn.Sequential, int]:
    """The layers of a listing up to the flattened features, and how many of these there are."""
    rows, columns = listing.shape
    layers: list[nn.Module] = []
    for stage in listing.stages:
        layers += [_around(stage.kernel), nn.Conv2d(channels, stage.width, stage.kernel), nn.ReLU()]
        channels = stage.width
        if stage.pool is not None:
            stride = stage.stride or stage.pool
            layers.append(nn.MaxPool2d(stage.pool, stride))
            rows = (rows - stage.pool[0]) // stride[0] + 1
            columns = (columns - stage.pool[1]) // stride[1] + 1
    layers += [nn.Dropout(DROPOUT), nn.Flatten()]
    made = nn.Sequential(*layers)
    made.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # 1.4 x as fast
    return made, channels * rows * columns


def _around(kernel: Pair) -> nn.ZeroPad2d:
    """What Keras calls 'same' padding: of an even kernel the larger half comes last."""
    height, width = kernel
    return nn.ZeroPad2d(((width - 1) // 2, width // 2, (height - 1) // 2, height // 2))


def head(width: int, classes: int, ordinal: bool) -> nn.Module:
    """The last layer: logits of the classes, or of "more than so many"."""
    return Ordered(width, classes) if ordinal else nn.Linear(width, classes)


class OneView(nn.Module):
    """Count tracks in one image (n, rows, columns), or (n, 2, rows, columns) with the sides apart.

    Args:
        view: the image, a key of ``LISTINGS``.
        classes: numbers of tracks, from 0.
        ordinal: return logits (n, classes - 1) of "more than so many".
        sides: channels of the image, 2 where the sides of the foil lie apart.
    """

    def __init__(self, view: str, classes: int = 4, ordinal: bool = False, sides: int = 1) -> None:
        super().__init__()
        listing = LISTINGS[view]
        self.trunk, width = trunk(listing, sides)
        self.dense = nn.Sequential(
            nn.Linear(width, listing.dense), nn.ReLU(), nn.Linear(listing.dense, LAST), nn.Sigmoid()
        )
        self.head = head(LAST, classes, ordinal)
        initialise(self)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (n, classes) of images of 0 and 1."""
        logits: Tensor = self.head(self.dense(self.trunk(_channels(image))))
        return logits


class Combined(nn.Module):
    """Count tracks in several images of an event, by default those of all three views."""

    def __init__(
        self,
        views: Sequence[str] = tuple(LISTINGS),
        classes: int = 4,
        ordinal: bool = False,
        sides: int = 1,
    ) -> None:
        super().__init__()
        made = [trunk(LISTINGS[view], sides) for view in views]
        self.trunks = nn.ModuleList(layers for layers, _ in made)
        width = sum(features for _, features in made)
        self.dense = nn.Sequential(nn.Linear(width, LAST), nn.ReLU())
        self.head = head(LAST, classes, ordinal)
        initialise(self)

    def forward(self, *images: Tensor) -> Tensor:
        """Logits (n, classes) of images in the order of the views."""
        found = [own(_channels(image)) for own, image in zip(self.trunks, images, strict=True)]
        logits: Tensor = self.head(self.dense(torch.cat(found, dim=1)))
        return logits


class Volume(nn.Module):
    """Count tracks in three dimensions: (n, 30, 9, 113), bins of height, layers and rows.

    Four convolutions in the manner of the talk's, which only names the idea; the first one moves by
    two bins of height and two rows, so that it takes 43 M multiply-adds an event, a third of those
    for the view from the top.
    """

    def __init__(self, classes: int = 4, ordinal: bool = False) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv3d(1, 8, (3, 3, 5), stride=(2, 1, 2), padding=(1, 1, 2)),
            nn.ReLU(),
            nn.MaxPool3d((1, 1, 2)),
            nn.Conv3d(8, 24, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool3d(2),
            nn.Conv3d(24, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool3d(2),
            nn.Conv3d(64, 64, 3, padding=1),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Flatten(),
        )
        self.trunk.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]  # 2 x
        self.dense = nn.Sequential(nn.Linear(64 * 3 * 2 * 7, LAST), nn.ReLU())
        self.head = head(LAST, classes, ordinal)
        initialise(self)

    def forward(self, volume: Tensor) -> Tensor:
        """Logits (n, classes) of volumes of 0 and 1."""
        logits: Tensor = self.head(self.dense(self.trunk(volume.unsqueeze(1))))
        return logits


def initialise(network: nn.Module) -> None:
    """Weights as Keras draws them: evenly by X. Glorot and Y. Bengio (2010), biases 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Conv3d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _channels(image: Tensor) -> Tensor:
    """Images with an axis of channels."""
    return image.unsqueeze(1) if image.ndim == 3 else image
