"""CvT: convolutional vision transformer (Wu et al. 2021, arXiv:2103.15808) for small images.

The options below fix the number of parameters: 4,895,873 for one input channel, 4,896,641 for two,
4,895,489 for two and small kernels. Where these numbers leave a choice:

- keys and values are taken at stride 2 (as in the paper): a fifth fewer multiply-adds (any other
  has the same parameters);
- pooling is by class token, which is projected like any other token;
- the last block computes its query for the class token alone, because nothing else of it is
  read: the same result for 39 % less time. Its depthwise query convolution is thus unused,
  and kept so that weights remain interchangeable with the full form;
- queries are scaled by the width of a head, as in Vaswani et al. 2017, arXiv:1706.03762;
- there is no positional embedding, so images may be of any width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rootml_zoo.nets.classifier import ImageClassifier, Shape

Pair = tuple[int, int]


@dataclass(frozen=True)
class StageSpec:
    """One stage: its token embedding (kernel, stride, padding) and its blocks.

    ``kv_stride``: that at which blocks take their keys and values.
    """

    width: int
    depth: int
    heads: int
    kernel: Pair
    stride: Pair
    padding: Pair
    kv_stride: int = 2


STAGES = (
    StageSpec(64, depth=1, heads=1, kernel=(2, 6), stride=(1, 2), padding=(0, 2)),
    StageSpec(192, depth=1, heads=3, kernel=(3, 4), stride=(1, 2), padding=(1, 1)),
    StageSpec(384, depth=2, heads=6, kernel=(3, 3), stride=(1, 1), padding=(1, 1)),
)
"""Narrow in depth, wide across: the published kernels and strides."""
SMALL_KERNELS = (
    StageSpec(64, depth=1, heads=1, kernel=(3, 1), stride=(1, 1), padding=(1, 0)),
    StageSpec(192, depth=1, heads=3, kernel=(4, 3), stride=(2, 1), padding=(1, 1)),
    StageSpec(384, depth=2, heads=6, kernel=(3, 3), stride=(1, 1), padding=(1, 1)),
)
"""All cells across are kept: for images that are cut out around a track."""


class Depthwise(nn.Conv2d):
    """A 3x3 convolution of each channel by itself, computed in float32.

    Without a fast bfloat16 gradient on CPUs, a stride would make it take 100 times longer.
    """

    def __init__(self, width: int, stride: int) -> None:
        super().__init__(width, width, 3, stride=stride, padding=1, groups=width)

    def forward(self, x: Tensor) -> Tensor:
        """(n, width, rows, cells) -> (n, width, rows', cells'), in the type of ``x``."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float()).to(x.dtype)


class ConvProjection(nn.Module):
    """Depthwise 3x3 convolution, batch norm and linear map of a grid of tokens.

    (n, rows, cells, width) -> (n, tokens, width); a class token (n, 1, width), where there is
    one, goes in front and through the linear map only.
    """

    def __init__(self, width: int, stride: int) -> None:
        super().__init__()
        self.depthwise = Depthwise(width, stride)
        self.norm = nn.BatchNorm2d(width)
        self.linear = nn.Linear(width, width)

    def forward(self, grid: Tensor, token: Tensor | None) -> Tensor:
        """Project the grid, and the class token in front of it."""
        x = self.norm(self.depthwise(grid.permute(0, 3, 1, 2))).permute(0, 2, 3, 1)
        # (n, rows' * cells', width), by way of one axis of all tokens: without it, the gradient
        # would come with gaps for the class token, which takes batch norm four times as long.
        x = x.flatten(0, 2).unflatten(0, (grid.shape[0], -1))
        if token is not None:
            x = torch.cat([token, x], dim=1)
        projected: Tensor = self.linear(x)
        return projected


class Attention(nn.Module):
    """Multi-head attention over the grid and the class token (Vaswani et al., section 3.2)."""

    def __init__(self, width: int, heads: int, kv_stride: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale = (width // heads) ** -0.5
        self.query = ConvProjection(width, stride=1)
        self.key = ConvProjection(width, stride=kv_stride)
        self.value = ConvProjection(width, stride=kv_stride)
        self.output = nn.Linear(width, width)

    def forward(self, grid: Tensor, token: Tensor | None, token_only: bool = False) -> Tensor:
        """Return the updates of all tokens, class token first; or of the class token alone."""
        query = self.query.linear(token) if token_only else self.query(grid, token)
        q = self._split(query)  # (n, heads, queries, width / heads)
        k = self._split(self.key(grid, token))  # (n, heads, keys, width / heads)
        v = self._split(self.value(grid, token))
        weights = torch.softmax((q * self.scale) @ k.transpose(-2, -1), dim=-1)
        x = (weights @ v).transpose(1, 2).flatten(2)  # (n, queries, width)
        update: Tensor = self.output(x)
        return update

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)


class Block(nn.Module):
    """Attention and an MLP, each behind a layer norm and added to its input."""

    def __init__(self, width: int, heads: int, kv_stride: int = 2) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads, kv_stride)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(
        self, grid: Tensor, token: Tensor | None, token_only: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """(n, rows, cells, width) and (n, 1, width) -> the same; only the token is new if asked."""
        normed = None if token is None else self.norm1(token)
        update = self.attention(self.norm1(grid), normed, token_only)
        x = update + self._join(grid, token, token_only)
        x = x + self.mlp(self.norm2(x))  # (n, tokens, width)
        if token_only:
            return grid, x
        if token is None:
            return x.reshape(grid.shape), None
        return x[:, 1:].reshape(grid.shape), x[:, :1]

    @staticmethod
    def _join(grid: Tensor, token: Tensor | None, token_only: bool) -> Tensor:
        if token is None:
            return grid.flatten(1, 2)
        return token if token_only else torch.cat([token, grid.flatten(1, 2)], dim=1)


class Embedding(nn.Module):
    """Tokens by a strided convolution: (n, channels, rows, cells) -> (n, rows', cells', width)."""

    def __init__(self, channels: int, spec: StageSpec) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(
            channels, spec.width, spec.kernel, stride=spec.stride, padding=spec.padding
        )
        self.norm = nn.LayerNorm(spec.width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the grid of tokens, channels last."""
        tokens: Tensor = self.norm(self.convolution(x).permute(0, 2, 3, 1))
        return tokens


class Stage(nn.Module):
    """An embedding and its blocks: (n, channels, rows, cells) -> (n, width, rows', cells').

    The last stage has the class token and returns it instead, (n, 1, width).
    """

    token: nn.Parameter | None

    def __init__(self, channels: int, spec: StageSpec, last: bool) -> None:
        super().__init__()
        self.embedding = Embedding(channels, spec)
        self.blocks = nn.ModuleList(
            Block(spec.width, spec.heads, spec.kv_stride) for _ in range(spec.depth)
        )
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, spec.width)) if last else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the grid, channels last in memory, or the class token."""
        grid: Tensor = self.embedding(x)
        if self.token is None:
            for block in self.blocks:
                grid = block(grid, None)[0]
            return grid.permute(0, 3, 1, 2)
        token = self.token.to(grid.dtype).expand(grid.shape[0], -1, -1)
        *blocks, final = self.blocks
        for block in blocks:
            grid, token = block(grid, token)
        pooled: Tensor = final(grid, token, token_only=True)[1]
        return pooled


class CvT(ImageClassifier):
    """Classify an image: (n, channels, 18, cells) in MeV -> (n,) logits.

    Any width is accepted that is a multiple of the stages' strides.

    Args:
        shape: (channels, layers, cells) of the image.
        stages: embedding and blocks of each stage; the class token enters at the last.
        frame, standardise: see :class:`ImageClassifier`.
    """

    def __init__(
        self,
        shape: Shape = (1, 18, 72),
        stages: tuple[StageSpec, ...] = STAGES,
        frame: int | None = None,
        standardise: bool = False,
    ) -> None:
        super().__init__(shape, stages[-1].width, frame, standardise)
        channels = shape[0]
        self.stages = nn.ModuleList()
        for number, spec in enumerate(stages, start=1):
            self.stages.append(Stage(channels, spec, last=number == len(stages)))
            channels = spec.width
        self.norm = nn.LayerNorm(channels)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def encode(self, x: Tensor) -> Tensor:
        """Features (n, 384) of scaled images: the class token."""
        for stage in self.stages:
            x = stage(x)  # (n, 64, 17, 36), (n, 192, 17, 18), then the class token (n, 1, 384)
        features: Tensor = self.norm(x).squeeze(1)
        return features
