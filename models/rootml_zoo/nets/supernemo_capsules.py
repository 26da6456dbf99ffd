"""Capsules: hits vote for tracks, and the votes that agree say which hits are of which track."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from rootml_zoo.nets.supernemo_hits import TRACKS, OnHits, column

NEAR_MM: Final = 100.0
"""Hits in the square of so many mm around a hit, in both directions, are its neighbours: two
cells."""
STEP_MM: Final = 44.0
HEIGHT_MM: Final = 200.0
"""By which differences of place and height are divided (chosen)."""


class TrackCapsules(OnHits):
    """Hits vote for tracks and noise, and dynamic routing finds what they agree on.

    S. Sabour, N. Frosst, G. E. Hinton, Dynamic routing between capsules, arXiv:1710.09829: of each
    hit a vector makes a vote for each track; a track is the sum of the votes, weighted by how well
    they agree with it, which is settled in ``rounds``. The logits of the last weights say which hit
    is of which track. As there, capsules have to give back the input: that of a hit's track tells,
    with the side and layer of the hit, its y and z.

    Args:
        width: of the vectors of hits.
        pose: of those of votes.
        tracks: that hits are parted into, at most.
        rounds: of the routing.
        strength: how much the loss of what is given back counts.
    """

    def __init__(
        self,
        width: int = 96,
        pose: int = 24,
        tracks: int = TRACKS,
        rounds: int = 3,
        strength: float = 0.5,
    ) -> None:
        super().__init__()
        self.rounds, self.strength = rounds, strength
        self.embed = nn.Sequential(nn.Linear(len(self.scale) + 10, width), nn.ReLU())
        self.meet = nn.ModuleList(
            nn.Sequential(nn.Linear(3 * width, width), nn.ReLU(), nn.Linear(width, width))
            for _ in range(2)
        )
        self.vote = nn.Linear(width, (1 + tracks) * pose)
        self.prior = nn.Parameter(torch.randn(1 + tracks))
        self.give = nn.Sequential(nn.Linear(pose + 2, width), nn.ReLU(), nn.Linear(width, 2))

    def logits(self, hits: Tensor, mask: Tensor) -> Tensor:
        """Of hits that are cut behind the longest event."""
        return self._routed(hits, mask)[0]

    def with_loss(self, truth: Tensor, hits: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and the mean square error (n,) of the places that the capsules give back."""
        raw, capsules = self._routed(hits, mask)
        scaled = hits / self.scale
        weights = raw.softmax(dim=2)[..., 1:]
        mine = weights / weights.sum(dim=2, keepdim=True) @ capsules[:, 1:]
        known = torch.stack([column(scaled, "side"), column(scaled, "layer")], dim=2)
        wanted = torch.stack([column(scaled, "y"), column(scaled, "z")], dim=2)
        counted = torch.stack([mask, mask & (column(hits, "z_known") > 0)], dim=2)
        counted = counted & (truth >= 0).unsqueeze(2)
        wrong = (self.give(torch.cat([mine, known], dim=2)) - wanted).square() * counted
        return raw, self.strength * wrong.sum(dim=(1, 2)) / mask.sum(dim=1).clamp(min=1)

    def _routed(self, hits: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (n, members, 1 + tracks), and the capsules (n, 1 + tracks, pose)."""
        votes = self.vote(self._seen(hits, mask)).unflatten(2, (len(self.prior), -1))
        there = mask.to(votes.dtype)[:, :, None, None]
        logits = self.prior.expand(votes.shape[:3])
        capsules = votes[:, 0]
        for _ in range(self.rounds):
            added = (there * logits.softmax(dim=2).unsqueeze(3) * votes).sum(dim=1)
            capsules = _squashed(added)
            logits = logits + (votes * capsules.unsqueeze(1)).sum(dim=3)
        return logits, capsules

    def _seen(self, hits: Tensor, mask: Tensor) -> Tensor:
        """Vectors (n, members, width) of hits, which have looked at their neighbours twice."""
        near, moments = _neighbours(hits, mask)
        share = near / near.sum(dim=2, keepdim=True).clamp(min=1)
        all_ = mask.to(hits.dtype) / mask.sum(dim=1, keepdim=True).clamp(min=1)
        found = self.embed(torch.cat([hits / self.scale, moments], dim=2))
        for layer in self.meet:
            mean = (all_.unsqueeze(1) @ found).expand_as(found)
            found = found + layer(torch.cat([found, share @ found, mean], dim=2))
        seen: Tensor = found
        return seen


def _neighbours(hits: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Which hits are near (n, members, members), and means of their places: (n, members, 10).

    Their number, and means of differences in x, y and z and of their products: the direction.
    """

    def apart(name: str) -> Tensor:
        values = column(hits, name)
        return values[:, None, :] - values[:, :, None]

    x, y = apart("x"), apart("y")
    near = (x.abs() < NEAR_MM) & (y.abs() < NEAR_MM) & (apart("side") == 0) & mask[:, None, :]
    weight = near.to(hits.dtype)
    known = column(hits, "z_known")
    z = apart("z") / HEIGHT_MM * (known[:, None, :] * known[:, :, None])
    x, y = x / STEP_MM, y / STEP_MM
    products = (x, y, z, x * x, y * y, z * z, x * y, x * z, y * z)
    count = weight.sum(dim=2)
    means = [(weight * one).sum(dim=2) / count.clamp(min=1) for one in products]
    return weight, torch.stack([count / 8, *means], dim=2)


def _squashed(vectors: Tensor) -> Tensor:
    """Vectors with lengths below 1 (ibid., eq. 1)."""
    squared = vectors.square().sum(dim=-1, keepdim=True)
    return vectors * squared.clamp(min=1e-12).sqrt() / (1 + squared)
