"""A transformer that parts the hits of an event into tracks and noise."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn

from rootml_zoo.nets.supernemo_hits import TRACKS, OnHits, column

PITCH_MM: Final = 44.0
STEP_MM: Final = 100.0
"""By which differences of height are divided (chosen: the step from cell to cell at 66 degrees)."""
TOUCHING: Final = 2.5
"""Squared distance in cells below which two are neighbours, also over a corner."""
FAR: Final = -1e4
"""Logit of what is not to be looked at."""


class Attention(nn.Module):
    """Attention of several heads, then two dense layers; both after a normalisation, and added.

    The pre-norm layer of R. Xiong et al., arXiv:2002.04745. ``dense``: False leaves those out.
    """

    def __init__(self, width: int, heads: int, dense: bool = True) -> None:
        super().__init__()
        self.heads = heads
        self.before = nn.LayerNorm(width)
        self.ask = nn.Linear(width, width)
        self.answer = nn.Linear(width, 2 * width)
        self.join = nn.Linear(width, width)
        layers = [
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.ReLU(),
            nn.Linear(2 * width, width),
        ]
        self.dense = nn.Sequential(*layers) if dense else None

    def forward(
        self, asking: Tensor, asked: Tensor | None = None, bias: Tensor | None = None
    ) -> Tensor:
        """Of ``asking`` (n, a, width); ``asked`` (n, b, width), None for itself.

        ``bias`` is added to the logits; it can be broadcast to (n, heads, a, b).
        """
        normed = self.before(asking)
        keys, values = self._apart(self.answer(normed if asked is None else asked), 2)
        (questions,) = self._apart(self.ask(normed), 1)
        logits = questions @ keys.transpose(2, 3) / math.sqrt(questions.shape[3])
        logits = logits if bias is None else logits + bias
        found = logits.softmax(dim=3) @ values
        asking = asking + self.join(found.transpose(1, 2).flatten(2))
        return asking if self.dense is None else asking + self.dense(asking)

    def _apart(self, joint: Tensor, parts: int) -> tuple[Tensor, ...]:
        """Parts of vectors (n, a, parts * width), each (n, heads, a, width / heads)."""
        shape = joint.shape[0], joint.shape[1], parts, self.heads, -1
        return joint.reshape(shape).permute(2, 0, 3, 1, 4).unbind()


class TrackQueries(OnHits):
    """Hits look at each other, then tracks look for their hits: (n, members, 1 + tracks) logits.

    What two hits are to each other (how many cells and how much height apart, on the same side)
    adds to the attention between them, as in the particle transformer (H. Qu et al.,
    arXiv:2202.03772). Tracks begin as learned vectors that attend to the hits and to each other,
    and a hit is of a track as their vectors agree, as in MaskFormer (B. Cheng et al.,
    arXiv:2107.06278). The order of the hits does not matter.

    Args:
        width: of all vectors.
        heads: of the attention.
        layers: in which hits attend to hits.
        searches: layers in which tracks attend to hits, then to each other.
        tracks: that hits are parted into, at most.
    """

    def __init__(
        self,
        width: int = 64,
        heads: int = 4,
        layers: int = 3,
        searches: int = 2,
        tracks: int = TRACKS,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.embed = nn.Sequential(
            nn.Linear(len(self.scale), width), nn.ReLU(), nn.Linear(width, width)
        )
        self.relate = nn.Sequential(nn.Linear(7, 16), nn.ReLU(), nn.Linear(16, heads * layers))
        self.layers = nn.ModuleList(Attention(width, heads) for _ in range(layers))
        self.hits = nn.LayerNorm(width)
        self.tracks = nn.Parameter(torch.randn(tracks, width))
        self.searches = nn.ModuleList(Attention(width, heads) for _ in range(searches))
        self.meetings = nn.ModuleList(Attention(width, heads, False) for _ in range(searches))
        self.wanted = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width + 1))
        self.offered = nn.Linear(width, width + 1)

    def logits(self, hits: Tensor, mask: Tensor) -> Tensor:
        """Of hits that are cut behind the longest event."""
        absent = torch.where(mask, 0.0, FAR)[:, None, None, :]
        related = self.relate(_pairs(hits)).unflatten(3, (len(self.layers), self.heads))
        biases = related.permute(3, 0, 4, 1, 2) + absent
        found = self.embed(hits / self.scale)
        for layer, bias in zip(self.layers, biases, strict=True):
            found = layer(found, bias=bias)
        found = self.hits(found)
        tracks = self.tracks.expand(hits.shape[0], -1, -1)
        for search, meeting in zip(self.searches, self.meetings, strict=True):
            tracks = meeting(search(tracks, found, absent))
        wanted, offered = self.wanted(tracks), self.offered(found)
        width = found.shape[2]
        agree = offered[..., :width] @ wanted[..., :width].transpose(1, 2) / math.sqrt(width)
        of_tracks = agree + wanted[:, None, :, width]
        return torch.cat([offered[..., width:], of_tracks], dim=2)


def _pairs(hits: Tensor) -> Tensor:
    """What hit i and hit j of an event are to each other: (n, members, members, 7)."""

    def apart(name: str) -> Tensor:
        values = column(hits, name)
        return values[:, :, None] - values[:, None, :]

    known = column(hits, "z_known")
    both = known[:, :, None] * known[:, None, :]
    x, y = apart("x") / PITCH_MM, apart("y") / PITCH_MM
    squared = x.square() + y.square()
    features = (
        (apart("side") == 0).to(hits.dtype),
        _shrunk(x),
        _shrunk(y),
        _shrunk(apart("z") / STEP_MM) * both,
        both,
        squared.log1p(),
        (squared < TOUCHING).to(hits.dtype),
    )
    return torch.stack(features, dim=3)


def _shrunk(values: Tensor) -> Tensor:
    """Differences, of which large ones count by their logarithm."""
    return values.sign() * values.abs().log1p()
