"""Symmetries of the calorimeter: other events that are as likely as those seen."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Generator, Tensor

from rootml_ams.geometry import MEASURES_X


def mirror(tensors: Mapping[str, Tensor], generator: Generator) -> dict[str, Tensor]:
    """Mirror each event in X, in Y, in both or in neither, each with a chance of 1/4.

    Tensors are (n, channels, 18, cells), on the CPU: the layers that measure the mirrored
    coordinate have their cells in reverse. The calorimeter and its support are the same on either
    side in both coordinates (C. Adloff et al., NIM A 714 (2013) 147), so this is exact up to what
    one side has dead or badly calibrated.
    """
    events = len(next(iter(tensors.values())))
    both = torch.randint(2, (events, 2), generator=generator).bool()
    layers = both[:, torch.from_numpy(MEASURES_X).long(), None]  # (n, 18, 1)
    return {
        name: torch.where(layers[:, None], tensor.flip(3), tensor)
        for name, tensor in tensors.items()
    }
