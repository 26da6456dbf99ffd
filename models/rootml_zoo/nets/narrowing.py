"""Images of a narrower calorimeter: the same showers on fewer cells, for a cheap warm-up."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from rootml_ams.geometry import MEASURES_X


def narrow(image: Tensor, cells: int, generator: Generator) -> Tensor:
    """Cut ``cells`` cells around the shower out of each projection.

    ``image``: (n, 1, 18, 72) in MeV -> (n, 1, 18, cells). The layers that measure X are cut
    together, and so are those that measure Y, each at its centre of gravity shifted at random
    by up to a third of the new width. A shower thus lies as in a calorimeter of that width:
    anywhere, and in X independently of Y.
    """
    first = torch.empty(len(image), image.shape[2], dtype=torch.long)
    for measures_x in (True, False):
        layers = torch.from_numpy(measures_x == MEASURES_X)
        first[:, layers] = _first_cell(image[:, 0, layers].sum(1), cells, generator)[:, None]
    index = first[:, :, None] + torch.arange(cells)  # (n, 18, cells)
    return image.gather(3, index[:, None])


def _first_cell(profile: Tensor, cells: int, generator: Generator) -> Tensor:
    """First cell of the cut, (n,), for deposits (n, 72) summed over layers."""
    position = torch.arange(profile.shape[1], dtype=profile.dtype)
    centre = (profile @ position) / profile.sum(1).clamp(min=1e-6)
    shift = torch.rand(len(profile), generator=generator) * 2 - 1
    first = centre + shift * cells / 3 - (cells - 1) / 2
    return first.round().long().clamp(0, profile.shape[1] - cells)
