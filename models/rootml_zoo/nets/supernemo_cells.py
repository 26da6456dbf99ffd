"""A small network that counts tracks from all that is known of each cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Generator, Tensor, nn

from rootml_zoo.nets.supernemo import initialise

SIDES: Final = 2
QUANTITIES: Final = 4
"""Of a cell: hit, height, height known, radius (the view ``cells``)."""


class CellCounter(nn.Module):
    """Count tracks in images of the cells: (n, 2, 4, 9, 113) -> (n, classes) logits.

    Both sides of the foil are looked at by the same convolutions, the third of which joins all
    layers; what they find along the foil is added up, as numbers of tracks are, and its largest
    values are kept. 12 M multiply-adds an event with the default widths, a twelfth of those of the
    talk's network for the view from the top.

    Args:
        widths: output channels of the convolutions.
        classes: numbers of tracks, from 0.
    """

    def __init__(self, widths: Sequence[int] = (16, 32, 64, 64), classes: int = 4) -> None:
        super().__init__()
        first, second, third, last = widths
        self.pieces = nn.Sequential(
            nn.Conv2d(QUANTITIES, first, (3, 5), stride=(1, 2), padding=(1, 2)),
            nn.ReLU(),
            nn.Conv2d(first, second, 3, stride=(2, 1), padding=1),
            nn.ReLU(),
            nn.Conv2d(second, third, 5, padding=(0, 2)),
            nn.ReLU(),
            nn.Conv2d(third, last, (1, 5), padding=(0, 2)),
            nn.ReLU(),
        )
        self.count = nn.Sequential(nn.Linear(2 * last, 64), nn.ReLU(), nn.Linear(64, classes))
        initialise(self)

    def forward(self, cells: Tensor) -> Tensor:
        """Logits of images of the cells."""
        found = self.pieces(cells.flatten(0, 1))
        channels, places = found.shape[1], found.shape[2] * found.shape[3]
        of_side = found.reshape(-1, SIDES, channels, places)
        added, largest = of_side.mean(dim=3).sum(dim=1), of_side.amax(dim=(1, 3))
        logits: Tensor = self.count(torch.cat([added, largest], dim=1))
        return logits


def mirror(tensors: Mapping[str, Tensor], generator: Generator) -> dict[str, Tensor]:
    """Events turned over at random: along the foil, across it, and upside down."""
    cells = tensors["cells"]
    drawn = torch.rand(3, len(cells), generator=generator, device=generator.device) < 0.5
    along, across, upside = drawn.to(cells.device).reshape(3, -1, 1, 1, 1, 1)
    cells = torch.where(along, cells.flip(4), cells)
    cells = torch.where(across, cells.flip(1), cells)
    down = cells * cells.new_tensor([1.0, -1.0, 1.0, 1.0]).reshape(1, 1, -1, 1, 1)
    return {**tensors, "cells": torch.where(upside, down, cells)}
