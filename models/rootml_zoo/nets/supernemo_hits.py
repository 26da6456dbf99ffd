"""What networks on lists of hits of the SuperNEMO tracker have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

SCALES: Final[Mapping[str, float]] = {
    "side": 1.0,
    "layer": 8.0,
    "row": 112.0,
    "x": 435.0,
    "y": 2486.0,
    "z": 1385.0,
    "z_known": 1.0,
    "radius": 22.0,
    "radius_known": 1.0,
}
"""Largest values of the features of a hit, in the order of the view ``hits``; lengths in mm."""
PLACE: Final = {name: place for place, name in enumerate(SCALES)}
TRACKS: Final = 4
"""Most tracks of an event that hits are parted into."""
ALIKE: Final = 16
"""Events that are padded to the same length in training (chosen: the fastest of 8 to 64)."""


class OnHits(nn.Module):
    """Base of networks on hits (n, members, 9), of which ``mask`` (n, members) tells the real ones.

    Its own part is ``logits(hits, mask)``, (n, longest, 1 + tracks), of events that are cut behind
    the last hit of the longest: what is behind is 0. Outside of exported graphs, events of like
    length go together, so that little is computed for hits that are not there.
    """

    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor([*SCALES.values()]))

    def logits(self, hits: Tensor, mask: Tensor) -> Tensor:
        """Of each hit, to be noise, or of one of the tracks."""
        raise NotImplementedError

    def forward(self, hits: Tensor, mask: Tensor) -> Tensor:
        """Logits (n, members, 1 + tracks)."""
        if torch.compiler.is_exporting():
            return self._cut(hits, mask)
        order = mask.sum(dim=1).argsort()
        parts = [self._cut(hits[rows], mask[rows]) for rows in torch.split(order, ALIKE)]
        return torch.cat(parts)[order.argsort()]

    def _cut(self, hits: Tensor, mask: Tensor) -> Tensor:
        members = mask.shape[1]
        length = cast(int, mask.sum(dim=1).amax(dim=0).clamp(min=1).item())
        torch._check(length <= members)  # type: ignore[no-untyped-call]  # export cannot know
        found = self.logits(hits[:, :length], mask[:, :length])
        return F.pad(found, (0, 0, 0, members - length))


def column(hits: Tensor, name: str) -> Tensor:
    """One feature (n, members) of hits."""
    return hits[..., PLACE[name]]


def mirror(tensors: Mapping[str, Tensor], generator: Generator) -> dict[str, Tensor]:
    """Events turned over at random: along the foil, across it, and upside down."""
    hits, mask = tensors["hits"].clone(), tensors["hits_mask"]
    drawn = torch.rand(3, len(hits), 1, generator=generator, device=generator.device) < 0.5
    along, across, upside = drawn.to(hits.device)
    for turned, name, last in ((along, "row", 112.0), (across, "side", 1.0)):
        values = column(hits, name)
        hits[..., PLACE[name]] = torch.where(turned & mask, last - values, values)
    for turned, name in ((along, "y"), (across, "x"), (upside, "z")):
        values = column(hits, name)
        hits[..., PLACE[name]] = torch.where(turned, -values, values)
    return {**tensors, "hits": hits}
