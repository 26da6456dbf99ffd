"""Showers moved to the middle of the image, inside the graph of the network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rootml_ams.geometry import CELLS, LAYERS, MEASURES_X

RIDGE = 0.01
"""Variance in depth (layers squared) added to the fit: showers in one layer get no slope."""
TIE = 1e-3
"""Cells by which an axis may be off a border of two windows and still count as on it: an axis on
the border, as of two equal cells, is cut alike wherever it lies in spite of rounding errors."""


class Canonical(nn.Module):
    """Centre each layer on the shower's axis: (n, c, 18, 72) MeV -> (n, c, 18, ``cells``).

    The axis is, in X and in Y, a straight line through the layers' centres of gravity, weighted
    with their deposits. Each layer is shifted by a whole number of cells, so that no deposit
    changes; zeros come in from the sides. A view without deposits counts as in the middle. There
    are no parameters.

    Args:
        cells: width of the result; 72 keeps the shape of the image, fewer cut out a part.
    """

    moments: Tensor
    depth: Tensor
    views: Tensor
    window: Tensor

    def __init__(self, cells: int = CELLS) -> None:
        super().__init__()
        self.cells = cells
        cell = torch.arange(CELLS) - (CELLS - 1) / 2
        views = torch.from_numpy(MEASURES_X)
        constants = {
            "moments": torch.stack([torch.ones(CELLS), cell], dim=1),  # (72, 2)
            "depth": torch.arange(LAYERS) - (LAYERS - 1) / 2,  # (18,)
            "views": torch.stack([~views, views], dim=1).float(),  # (18, 2)
            "window": torch.arange(cells),
        }
        for name, values in constants.items():
            self.register_buffer(name, values, persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Return the images in their canonical frame."""
        padded = nn.functional.pad(image, (1, 1))  # a zero on either side stands for all beyond
        index = (self.first_cell(image)[..., None] + self.window + 1).clamp(0, CELLS + 1)
        channels = image.shape[1]
        return padded.gather(3, index[:, None].expand(-1, channels, -1, -1))

    def first_cell(self, image: Tensor) -> Tensor:
        """First cell of each layer's window, (n, 18); negative, or beyond 72, where it overhangs.

        The window's middle lies within half a cell of the axis.
        """
        start = self.axis(image) + (CELLS - self.cells + 1) / 2 + TIE
        return torch.floor(start).long()

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
