"""A convolution that trains fast on grids of few places too."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

FEW = 4
"""Places of a result for which one product of matrices is the faster way on CPUs."""


class Convolution(nn.Conv2d):
    """``nn.Conv2d`` without dilation or groups, padded with zeros: same parameters, same result.

    In training, a result of few places is computed as one product, of its windows with the kernel:
    there, gradients of convolutions in bfloat16 take five to eight times as long.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, rows, cells) -> (n, channels', rows', cells')."""
        (high, wide), (down, across) = self.kernel_size, self.stride
        above, beside = map(int, self.padding)
        rows = (x.shape[2] + 2 * above - high) // down + 1
        cells = (x.shape[3] + 2 * beside - wide) // across + 1
        if not self.training or rows * cells > FEW:
            return super().forward(x)
        grid = functional.pad(x, (beside, beside, above, above)).permute(0, 2, 3, 1)
        last, end = (rows - 1) * down + 1, (cells - 1) * across + 1
        windows = [
            grid[:, row : row + last : down, cell : cell + end : across]
            for row in range(high)
            for cell in range(wide)
        ]
        kernel = self.weight.permute(0, 2, 3, 1).flatten(1)
        return functional.linear(torch.cat(windows, 3), kernel, self.bias).permute(0, 3, 1, 2)
