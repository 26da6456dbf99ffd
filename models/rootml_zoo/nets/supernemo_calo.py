"""A network that tells at which module of the calorimeter the track of each hit ends.

Hits and modules are tokens of one transformer (A. Vaswani et al., Attention is all you need,
NeurIPS 2017), whose heads look at near tokens more than at far ones, each over a length of its own.
Then each hit says where its track ends, and points at a module, or at none, as in O. Vinyals,
M. Fortunato, N. Jaitly, Pointer networks (NeurIPS 2015). Any number of hits may choose a module: no
tracks have to be found before, and their order does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

HIT_FEATURES: Final = 10
"""Of the view ``hits``, and the distance from the foil."""
KINDS: Final = 3
MODULE_FEATURES: Final = 5 + KINDS
"""Of the view ``association``: x, y, z, side, whether it is known, and the kind."""
HALF_MM: Final = (435.0, 2505.5, 1550.0)
"""Half the size of the tracker, to the calorimeter's front faces (``rootml_supernemo.geometry``),
in which coordinates are measured."""
CELL_MM: Final = 22.0
LAST_ROW: Final = 112
GROUP: Final = 32
"""Events that are looked at together in training: those of about as many hits."""
ABSENT: Final = -1e4
"""What is added to scores of what is not there."""


class Block(nn.Module):
    """Attention and a dense layer, each behind a normalisation and beside its input."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.joined = nn.Linear(width, width)
        self.dense = nn.Sequential(
            nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)
        )
        self.nearness = nn.Parameter(torch.linspace(-1.0, 6.0, heads).exp())

    def forward(self, tokens: Tensor, place: Tensor, places: Tensor, absent: Tensor) -> Tensor:
        """Tokens (n, t, width) look at each other, less at far ones and never at ``absent`` ones.

        ``place`` and ``places`` (n, t, 9): see :func:`_from` and :func:`_to`.
        """
        n, t, width = tokens.shape
        each = width // self.heads
        parts = self.query_key_value(self.before(tokens)).reshape(n, t, 3, self.heads, each)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        far = -self.nearness[:, None, None] * place[:, None]
        query = torch.cat([query * each**-0.5, far], dim=3)
        key = torch.cat([key, places[:, None].expand(-1, self.heads, -1, -1)], dim=3)
        score = query @ key.transpose(2, 3) + absent
        seen = (score.softmax(dim=3) @ value).transpose(1, 2).reshape(n, t, width)
        tokens = tokens + self.joined(seen)
        out: Tensor = tokens + self.dense(self.between(tokens))
        return out


class ModulePointer(nn.Module):
    """Logits (n, hits, 1 + modules) of where tracks end: nowhere, or at a module of the list.

    Args:
        width: of a token.
        heads: of the attention.
        blocks: of the transformer.
    """

    def __init__(self, width: int = 64, heads: int = 4, blocks: int = 3) -> None:
        super().__init__()
        self.hit, self.module = _embedding(HIT_FEATURES, width), _embedding(MODULE_FEATURES, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.last = nn.LayerNorm(width)
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.end = nn.Linear(width, 3)
        self.sharpness = nn.Parameter(torch.full((3,), 3.0))
        self.nowhere = nn.Linear(width, 1)

    def forward(self, hits: Tensor, hits_mask: Tensor, modules: Tensor, there: Tensor) -> Tensor:
        """Look at events of the view ``association``."""
        if not self.training:
            return self._look(hits, hits_mask, modules, there)
        order = hits_mask.sum(dim=1).argsort()
        groups = torch.split(order, GROUP)
        found = [self._look(hits[g], hits_mask[g], modules[g], there[g]) for g in groups]
        return torch.cat(found)[order.argsort()]

    def _look(self, hits: Tensor, hits_mask: Tensor, modules: Tensor, there: Tensor) -> Tensor:
        """All events, as far as the longest one has hits and the fullest one modules."""
        whole, room = hits.shape[1], modules.shape[1]
        count, faces = _longest(hits_mask), _longest(there)
        hits, hits_mask = hits[:, :count], hits_mask[:, :count]
        modules, there = modules[:, :faces], there[:, :faces]
        size = hits.new_tensor(HALF_MM)
        at, ends = hits[..., 3:6] / size, modules[..., 3:6] / size
        seen, faced = torch.ones_like(at[..., :1]), torch.ones_like(ends[..., :1])
        of_hits = torch.cat([seen, seen, hits[..., 6:7]], dim=2)
        of_modules = torch.cat([modules[..., 2:3], faced, faced], dim=2)
        place, known = torch.cat([at, ends], dim=1), torch.cat([of_hits, of_modules], dim=1)
        absent = ABSENT * (~torch.cat([hits_mask, there], dim=1)).to(at.dtype)[:, None, None]
        embedded = self.hit(_of_hits(hits, at)), self.module(_of_modules(modules, ends))
        tokens = torch.cat(embedded, dim=1)
        for block in self.blocks:
            tokens = block(tokens, _from(place, known), _to(place, known), absent)
        tokens = self.last(tokens)
        score = self._point(tokens[:, :count], tokens[:, count:], at, _to(ends, of_modules))
        score = score + absent[:, 0, :, count:]
        logits = torch.cat([self.nowhere(tokens[:, :count]), score], dim=2)
        return F.pad(logits, (0, room - faces, 0, whole - count), value=ABSENT)

    def _point(self, seen: Tensor, faces: Tensor, at: Tensor, ends: Tensor) -> Tensor:
        """Scores by what hits and modules are, less for modules far from where a track ends."""
        alike = self.query(seen) @ self.key(faces).transpose(1, 2) * seen.shape[2] ** -0.5
        end = at + self.end(seen)
        weight = F.softplus(self.sharpness).repeat(3)
        off = (weight * _from(end, torch.ones_like(end))) @ ends.transpose(1, 2)
        score: Tensor = alike - off
        return score


def mirror(tensors: Mapping[str, Tensor], generator: Generator) -> dict[str, Tensor]:
    """Events turned over at random, along the foil, across it and upside down, as the detector is.

    A tenth of them forget the sides of their modules, which some files do not tell.
    """
    hits, modules, filled = tensors["hits"], tensors["modules"], tensors["hits_mask"]
    drawn = torch.rand(4, len(hits), 1, generator=generator, device=generator.device)
    along, across, down = (drawn[:3] < 0.5).to(hits.device)
    forgotten = (drawn[3] < 0.1).to(hits.device)

    def turned(x: Tensor, y: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        pairs = ((across, x), (along, y), (down, z))
        x, y, z = (torch.where(turn, -place, place) for turn, place in pairs)
        return x, y, z

    side, layer, row, x, y, z, *rest = hits.unbind(2)
    side = torch.where(across & filled, 1 - side, side)
    row = torch.where(along & filled, LAST_ROW - row, row)
    hits = torch.stack([side, layer, row, *turned(x, y, z), *rest], dim=2)
    kind, side, known, x, y, z = modules.unbind(2)
    side = torch.where(across & (known > 0), 1 - side, side)
    x, y, z = turned(x, y, z)
    side, known, x = (part.masked_fill(forgotten, 0.0) for part in (side, known, x))
    modules = torch.stack([kind, side, known, x, y, z], dim=2)
    return {**tensors, "hits": hits, "modules": modules}


def _embedding(features: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(features, width), nn.ReLU(), nn.Linear(width, width))


def _of_hits(hits: Tensor, at: Tensor) -> Tensor:
    """Features near 1."""
    side, layer, row, _, _, _, z_known, radius, radius_known = hits.unbind(2)
    cell = [at[..., 0].abs(), 2 * side - 1, layer / 4 - 1, row / 56 - 1]
    return torch.stack([*at.unbind(2), *cell, z_known, radius / CELL_MM, radius_known], dim=2)


def _of_modules(modules: Tensor, at: Tensor) -> Tensor:
    kind, side, known = modules.unbind(2)[:3]
    kinds = [(kind == each).to(at.dtype) for each in range(KINDS)]
    return torch.stack([*at.unbind(2), known * (2 * side - 1), known, *kinds], dim=2)


def _from(at: Tensor, known: Tensor) -> Tensor:
    """Of places (n, t, 3) the factors (n, t, 9) of squares of their distances to others.

    ``known``: 1 or 0 for each coordinate; with :func:`_to` of the others, the matrix product is the
    sum over coordinates that both know.
    """
    return torch.cat([known * at.square(), known, -2 * known * at], dim=2)


def _to(at: Tensor, known: Tensor) -> Tensor:
    return torch.cat([known, known * at.square(), known * at], dim=2)


def _longest(mask: Tensor) -> int:
    """How many places are filled in the fullest row; one at least."""
    count = cast(int, mask.sum(dim=1).amax(dim=0).clamp(min=1).item())
    torch._check(count <= mask.shape[1])  # type: ignore[no-untyped-call]  # export cannot know
    return count
