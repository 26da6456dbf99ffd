"""Small networks for fitted tracks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

LEAST_CONSISTENCY = 1e-20
STUDENT_NU = 4.0
"""Degrees of freedom of Student's distribution of residuals: how heavy its tails are."""
STUDENT_HALF_WIDTH = 1.1417
"""Half the width in its scale that holds 68.27 % of Student's distribution with so many."""


class TrackMLP(nn.Module):
    """Dense layers on the variables of a fit, each normalised to mean 0 and variance 1.

    The consistency of the fit (``fitcon``) spans many decades: its logarithm is a further input.
    """

    def __init__(self, columns: Sequence[str], hidden: Sequence[int], outputs: int) -> None:
        super().__init__()
        self.fitcon = tuple(columns).index("fitcon")
        inputs = len(columns) + 1
        layers: list[nn.Module] = [nn.BatchNorm1d(inputs, affine=False)]
        for before, after in itertools.pairwise((inputs, *hidden)):
            layers += [nn.Linear(before, after), nn.Tanh()]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden[-1], outputs))

    def forward(self, track: Tensor) -> Tensor:
        """Raw outputs (n, outputs) of tracks (n, columns)."""
        consistency = track[:, self.fitcon : self.fitcon + 1].clamp(min=LEAST_CONSISTENCY)
        raw: Tensor = self.layers(torch.cat([track, consistency.log10()], dim=1))
        return raw


class TrackQuality(nn.Module):
    """Logit that a track is well measured."""

    def __init__(self, columns: Sequence[str], hidden: Sequence[int] = (10, 10)) -> None:
        super().__init__()
        self.mlp = TrackMLP(columns, hidden, 1)

    def forward(self, track: Tensor) -> Tensor:
        """Logits (n,) of tracks (n, columns)."""
        logits: Tensor = self.mlp(track).squeeze(1)
        return logits


class TrackMomentum(nn.Module):
    """A correction to the fitted momentum, and how far off the result may be.

    Both are found in units of the fit's own error, which they follow closely.
    """

    def __init__(self, columns: Sequence[str], hidden: Sequence[int] = (32, 32)) -> None:
        super().__init__()
        self.momentum, self.error = (tuple(columns).index(name) for name in ("momentum", "momerr"))
        self.mlp = TrackMLP(columns, hidden, 2)

    def forward(self, track: Tensor) -> Tensor:
        """(n, 2): momentum and logarithm of the scale of its error, both for MeV/c."""
        correction, scale = self.mlp(track).unbind(1)
        error = track[:, self.error]
        return torch.stack([track[:, self.momentum] + error * correction, error.log() + scale], 1)


def student_loss(raw: Tensor, truth: Tensor) -> Tensor:
    """Negative log likelihood of Student's distribution around raw[:, 0], up to a constant.

    Its tails bound the pull of badly measured tracks (K. L. Lange et al., J. Am. Stat. Assoc. 84
    (1989) 881). ``raw``: momentum and logarithm of the scale; ``truth``: MeV/c.
    """
    pull = (truth - raw[:, 0]) * torch.exp(-raw[:, 1])
    return (raw[:, 1] + (STUDENT_NU + 1) / 2 * torch.log1p(pull.square() / STUDENT_NU)).mean()


def student_width(raw: Tensor) -> tuple[Tensor, Tensor]:
    """Momentum, and half the width that holds 68.27 % of the distribution, MeV/c."""
    return raw[:, 0], STUDENT_HALF_WIDTH * torch.exp(raw[:, 1])
