"""The parts of a network's input that mean something alone: columns, layers, channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rootml.spec import Array, TensorSpec
from rootml.validation.events.masks import mask_of

MOST_ROWS = 64
"""Images with more rows than this are taken as a whole."""


@dataclass(frozen=True)
class InputPart:
    """One variable of a tensor, or one layer or channel of an image.

    ``place`` indexes a row of the tensor. ``mask``: the tensor of bools that says which elements
    of a padded sequence are there; the first axis of what ``place`` leaves are those elements.
    """

    name: str
    tensor: str
    place: tuple[Any, ...] = ()
    unit: str = ""
    mask: str = ""

    def permuted(self, tensors: Mapping[str, Array], rng: np.random.Generator) -> dict[str, Array]:
        """The tensors with this part exchanged between events, all else as it was.

        Elements of sequences change places with the same elements of other events, so that as
        many are there as before.
        """
        made = tensors[self.tensor].copy()
        values = made[(slice(None), *self.place)]
        if self.mask:
            there = tensors[self.mask].reshape(len(made), -1)
            for i in range(values.shape[1]):
                rows = np.flatnonzero(there[:, i])
                values[rows, i] = values[rng.permutation(rows), i]
        else:
            values[...] = values[rng.permutation(len(made))]
        return {**tensors, self.tensor: made}


def parts(specs: Sequence[TensorSpec]) -> tuple[InputPart, ...]:
    """All parts of the inputs of a view; masks are none."""
    several = sum(spec.dtype != "bool" for spec in specs) > 1
    return tuple(
        part
        for i, spec in enumerate(specs)
        if spec.dtype != "bool"
        for part in _parts(spec, mask_of(spec, specs[i + 1 :]), f"{spec.name} " if several else "")
    )


def _parts(spec: TensorSpec, mask: str, prefix: str) -> Iterator[InputPart]:
    def part(name: str, *place: Any) -> InputPart:
        return InputPart(prefix + name, spec.name, place, spec.unit, mask)

    for name, place in _places(spec, mask):
        yield part(name, *place)


def _places(spec: TensorSpec, mask: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    shape = spec.shape
    if spec.columns:
        before = (slice(None),) * (len(shape) - 1)
        yield from ((name, (*before, i)) for i, name in enumerate(spec.columns))
        return
    match shape:
        case (int(size),):
            yield from ((f"{spec.name}[{i}]", (i,)) for i in range(size))
        case (int(channels), _) if mask:
            yield from ((f"column {i}", (i,)) for i in range(channels))
        case (int(rows), _) if rows <= MOST_ROWS:
            yield from ((f"{_axis(spec, -2)} {i}", (i,)) for i in range(rows))
        case (1, int(rows), _) if rows <= MOST_ROWS:
            yield from ((f"{_axis(spec, -2)} {i}", (0, i)) for i in range(rows))
        case (int(channels), _, _) if channels > 1:
            yield from ((f"channel {i}", (i,)) for i in range(channels))
        case _:
            yield spec.name, ()


def _axis(spec: TensorSpec, axis: int) -> str:
    return spec.axes[axis] if len(spec.axes) >= -axis else "row"
