"""Input scaling that travels inside the graph, so that views can speak physical units."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LogScale(nn.Module):
    """Compress deposits that span five decades: ``gain * log(1 + x / scale)``.

    The default brings a 1 MeV deposit to 0.17 and a 50 GeV deposit to 2.7.

    Args:
        scale: deposit in the unit of the input (MeV) at which the logarithm sets in.
        gain: factor that brings the result near unit size.
    """

    scale: Tensor
    gain: Tensor

    def __init__(self, scale: float = 1.0, gain: float = 0.25) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(scale))
        self.register_buffer("gain", torch.tensor(gain))

    def forward(self, x: Tensor) -> Tensor:
        """Scale ``x`` element by element; any shape, values >= 0."""
        return self.gain * torch.log1p(x / self.scale)


class Standardise(nn.Module):
    """Give each pixel mean 0 and variance 1 over the events: (n, ...) -> (n, ...).

    Pixels that hardly vary stay small, and none is beyond ``LARGEST`` standard deviations. Those
    that never varied are 0 whatever they are later: no weight behind them has learned anything. The
    means and variances are those of batches in training, then those of the training sample.

    Args:
        pixels: their number.
        smallest: a spread that is small, in the unit of the pixels.
    """

    LARGEST = 8.0
    VARIED = 1e-5
    """Spread over the mean of what varies; single precision makes less."""

    def __init__(self, pixels: int, smallest: float = 0.05) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(pixels, eps=smallest**2, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        """Standardise ``x``; any shape whose product but for the first is ``pixels``."""
        standard = self.norm(x.flatten(1)).clamp(-self.LARGEST, self.LARGEST)
        mean, variance = (self.norm.get_buffer(f"running_{name}") for name in ("mean", "var"))
        made: Tensor = standard * (variance > (self.VARIED * mean) ** 2)
        return made.view(x.shape)
