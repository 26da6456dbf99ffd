"""A network that tells kinds of events from their hits and from the energies of their modules."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn

HIT: Final = (1.0, 9.0, 113.0, 435.0, 2500.0, 1500.0, 1.0, 22.0, 1.0)
"""Usual sizes of what is known of a hit (view ``energies``): side, layer, row, x, y, z, ..."""
MODULE: Final = (1.0, 1.0, 1.0, 435.0, 2500.0, 1500.0, 1.0)
"""The same of a module: kind, side, whether it is known, x, y, z, energy in MeV."""
HIT_X, MODULE_X, Z_KNOWN, ENERGY = 3, 3, 6, 6
"""Columns: x, y and z follow each other."""
NEAR_MM: Final = (100.0, 150.0, 300.0)
"""In x, y and z, at which a hit begins to be far from a module."""
MIDDLE_MEV, SPREAD_MEV = 2.7, 0.3
"""Of sums of energies near that of a double beta decay."""


class DecayNet(nn.Module):
    """Hits and modules of an event -> logit (n,) that it is signal.

    Each module looks at the hits, first at those near it, and from what it sees follows how much of
    its energy counts: that of noise need not. The sum of this, that of all energies, and what hits
    and modules are on the whole go to the last layers.

    Args:
        width: of all layers.
    """

    hit_size: Tensor
    module_size: Tensor
    near: Tensor

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.register_buffer("hit_size", torch.tensor(HIT))
        self.register_buffer("module_size", torch.tensor(MODULE))
        self.register_buffer("near", torch.tensor(NEAR_MM))
        self.hit = _layers(len(HIT), width, width)
        self.module = _layers(len(MODULE), width, width)
        self.look = nn.Linear(width, width)
        self.both = _layers(2 * width + 1, width, width)
        self.counts = nn.Linear(width, 1)
        self.last = nn.Sequential(_layers(3 * width + 3, 2 * width, width), nn.Linear(width, 1))

    def forward(
        self, hits: Tensor, hits_mask: Tensor, modules: Tensor, modules_mask: Tensor
    ) -> Tensor:
        """Logits of the tensors of the view ``energies``."""
        there, answered = hits_mask.to(hits.dtype), modules_mask.to(hits.dtype)
        seen = self.hit(hits / self.hit_size)
        own = self.module(modules / self.module_size)
        apart = self._apart(hits, modules)
        agreed = self.look(own) @ seen.transpose(1, 2) / math.sqrt(seen.shape[2])
        score = (agreed - apart).masked_fill(~hits_mask[:, None], -1e4)
        nearest = apart.masked_fill(~hits_mask[:, None], 1e4).amin(dim=2).clamp(max=20)
        found = self.both(torch.cat([own, score.softmax(dim=2) @ seen, nearest[..., None]], dim=2))
        energy = modules[..., ENERGY] * answered
        counted = (energy * self.counts(found)[..., 0].sigmoid()).sum(dim=1)
        sums = torch.stack([counted, energy.sum(dim=1)], dim=1)
        number = answered.sum(dim=1, keepdim=True)
        features = [
            (sums - MIDDLE_MEV) / SPREAD_MEV,
            number / 2,
            (found * answered[..., None]).sum(dim=1) / number,
            (found * answered[..., None]).amax(dim=1),
            (seen * there[..., None]).sum(dim=1) / there.sum(dim=1, keepdim=True),
        ]
        logits: Tensor = self.last(torch.cat(features, dim=1))
        return logits[:, 0]

    def _apart(self, hits: Tensor, modules: Tensor) -> Tensor:
        """Squares of distances (n, modules, hits), in those of ``NEAR_MM``, without unknown z."""
        hit = hits[:, None, :, HIT_X : HIT_X + 3]
        module = modules[:, :, None, MODULE_X : MODULE_X + 3]
        square = ((hit - module) / self.near).square()
        z = square[..., 2] * hits[:, None, :, Z_KNOWN]
        return square[..., 0] + square[..., 1] + z


def _layers(given: int, width: int, made: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(given, width), nn.ReLU(), nn.Linear(width, made), nn.ReLU())
