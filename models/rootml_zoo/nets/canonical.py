"""Showers in a frame of their own, inside the graph of the network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from rootml_ams.geometry import CELLS, LAYERS, MEASURES_X

FRAMES: dict[int, Sequence[float]] = {
    24: (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 10, 20, 40),
    32: (0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 7, 10, 15, 22, 40),
    72: (
        *np.arange(0.25, 5.25, 0.25),
        *(5.5, 6, 6.5, 7, 8, 9, 10, 11, 12, 14, 16, 19, 23, 28, 33, 40),
    ),
}
"""Edges of bins on one side of the axis, in cells, by the number of bins on both: fine in the core
of a shower, which is half a cell wide, coarse where its tails are."""
RIDGE = 0.01
"""Variance in depth (layers squared) added to the fit: showers in one layer get no slope."""


class Canonical(nn.Module):
    """Deposits by their distance from the shower's axis: (n, c, 18, 72) -> (n, c, 18, bins), MeV.

    The axis is, in X and in Y, a straight line through the layers' centres of gravity, weighted
    with their deposits. Each layer is shared out among bins of distance from it, as if deposits
    were spread evenly over their cells, and none were beyond the sides. A view without deposits
    counts as in the middle. There are no parameters.

    Args:
        half: upper edges of the bins on one side of the axis, in cells; the other mirrors them.
    """

    edges: Tensor
    moments: Tensor
    depth: Tensor
    views: Tensor

    def __init__(self, half: Sequence[float]) -> None:
        super().__init__()
        side = torch.tensor([float(edge) for edge in half])
        views = torch.from_numpy(MEASURES_X)
        cell = torch.arange(CELLS) - (CELLS - 1) / 2
        constants = {
            "edges": torch.cat([-side.flip(0), torch.zeros(1), side]),
            "moments": torch.stack([torch.ones(CELLS), cell], dim=1),  # (72, 2)
            "depth": torch.arange(LAYERS) - (LAYERS - 1) / 2,  # (18,)
            "views": torch.stack([~views, views], dim=1).float(),  # (18, 2)
        }
        for name, values in constants.items():
            self.register_buffer(name, values, persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Return the deposits in the bins."""
        middle = len(self.edges) // 2
        place, image = self.borders(image), image.float()  # (n, 18, bins + 1)
        left = _before(image, place[..., : middle + 1]).diff(dim=3)
        mirrored = CELLS - place[..., middle:].flip(2)
        right = _before(image.flip(3), mirrored).diff(dim=3).flip(3)
        return torch.cat([left, right], dim=3).clamp(min=0)  # not less by rounding

    def borders(self, image: Tensor) -> Tensor:
        """Where the edges of the bins are, (n, 18, bins + 1), from 0 to 72 cells."""
        return (self.axis(image)[..., None] + (self.edges + CELLS / 2)).clamp(0, CELLS)

    def axis(self, image: Tensor) -> Tensor:
        """The fitted axis in each layer, (n, 18), in cells from the middle of the calorimeter."""
        with torch.autocast(image.device.type, enabled=False):
            deposits = image.float().sum(1) @ self.moments  # (n, 18, 2): MeV, MeV x cells
            weight, moment = deposits.unbind(2)
            total = (weight @ self.views).clamp(min=1e-6)  # (n, 2): the layers of Y, of X
            mean = (moment @ self.views) / total
            middle = ((weight * self.depth) @ self.views) / total
            lever = self.depth - middle @ self.views.T  # (n, 18)
            spread = ((weight * lever**2) @ self.views) / total
            slope = ((moment * lever) @ self.views) / total / (spread + RIDGE)
            axis = mean @ self.views.T + (slope @ self.views.T) * lever
        return axis.clamp(-CELLS / 2, CELLS / 2)


def _before(image: Tensor, place: Tensor) -> Tensor:
    """Deposits in the cells before some places: (n, c, 18, 72), (n, 18, m) -> (n, c, 18, m).

    Summed from the side, so that what lies far from the axis is small beside no other deposit:
    a float32 sum across the core of a shower would leave MeV of rounding in its tails.
    """
    cell = torch.floor(place).clamp(max=CELLS - 1)
    part = (place - cell)[:, None]
    index = cell.long()[:, None].expand(-1, image.shape[1], -1, -1)
    total = nn.functional.pad(image.cumsum(3), (1, 0))  # before each border of cells
    below, above = total.gather(3, index), total.gather(3, index + 1)
    return below + part * (above - below)
