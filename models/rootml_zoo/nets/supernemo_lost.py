"""A network that tells which cells tracks crossed, whether they answered or not."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from rootml_zoo.nets.supernemo import initialise
from rootml_zoo.nets.supernemo_cells import QUANTITIES

DILATIONS: Final = ((1, 1), (1, 2), (2, 3), (1, 1))
"""Of the layers of 3 x 3, across and along the foil: a cell sees 6 layers and 9 rows either way."""


class CrossedCells(nn.Module):
    """Images of the cells (n, 2, 4, 9, 113) -> logits (n, 2, 9, 113) that a track crossed each.

    Both sides of the foil are looked at by the same convolutions. 20 M multiply-adds an event with
    the default width.

    Args:
        width: channels of all layers.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(QUANTITIES, width, (3, 5), padding=(1, 2)), nn.ReLU()]
        for dilation in DILATIONS:
            conv = nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation)
            layers += [conv, nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 1, 1))
        initialise(self)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, cells: Tensor) -> Tensor:
        """Logits of images of the cells."""
        sides = cells.flatten(0, 1).contiguous(memory_format=torch.channels_last)  # 1.8 x as fast
        found: Tensor = self.layers(sides)
        return found.reshape(cells.shape[0], cells.shape[1], *found.shape[2:])
