"""A plain network of dense layers, for any view."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rootml.adapter import View


class MLP(nn.Module):
    """Dense layers on all values of all tensors, each value normalised to mean 0 and variance 1."""

    def __init__(self, view: View, hidden: Sequence[int] = (64, 64)) -> None:
        super().__init__()
        inputs = sum(math.prod(map(int, spec.shape)) for spec in view.tensors)
        layers: list[nn.Module] = [nn.BatchNorm1d(inputs, affine=False)]
        for before, after in itertools.pairwise((inputs, *hidden)):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden[-1], 1))

    def forward(self, *tensors: Tensor) -> Tensor:
        """Logits (n,) of tensors (n, *shape)."""
        values = torch.cat([tensor.flatten(1).float() for tensor in tensors], dim=1)
        logits: Tensor = self.layers(values).squeeze(1)
        return logits
