"""Quantities of four-vectors, by the vector library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from rootml.declared.kinematics import OF_SUM
from rootml.declared.values import Values, apply, fold
from rootml.errors import DataError
from rootml.spec import Array

Coordinates = Mapping[str, Values]
"""A four-vector: the values of each coordinate."""


def compute(quantity: str, vectors: Sequence[Coordinates], events: int, *, same: bool) -> Values:
    """A quantity of :class:`~rootml.declared.kinematics.Kinematics`.

    ``same``: both vectors of a pair are the same collection, in which no one is its own neighbour.
    """
    with np.errstate(all="ignore"):
        if quantity == "nearest_deltaR":
            return _nearest(vectors[0], vectors[1], events, same=same)
        if quantity in OF_SUM:
            return _apply(lambda *of: getattr(reduce(np.add, of), quantity), vectors)
        return _apply(_PAIR[quantity], vectors)


def transverse_mass(first: Any, second: Any) -> Array:
    """``sqrt(2 pt1 pt2 (1 - cos deltaphi))`` of massless particles (PDG, Kinematics, 49.6.1)."""
    mass: Array = np.sqrt(2 * first.pt * second.pt * (1 - np.cos(first.deltaphi(second))))
    return mass


_PAIR: Mapping[str, Callable[[Any, Any], Array]] = {
    "deltaR": lambda first, second: first.deltaR(second),
    "deltaeta": lambda first, second: first.deltaeta(second),
    "deltaphi": lambda first, second: first.deltaphi(second),
    "transverse_mass": transverse_mass,
}


def _apply(function: Callable[..., Array], vectors: Sequence[Coordinates]) -> Values:
    import vector  # with sympy, where that is installed: a second

    names = [(index, name) for index, of in enumerate(vectors) for name in of]

    def combined(*numbers: Array) -> Array:
        made: list[dict[str, Array]] = [{} for _ in vectors]
        for (index, name), values in zip(names, np.broadcast_arrays(*numbers), strict=True):
            made[index][name] = np.atleast_1d(values)
        return np.asarray(function(*map(vector.array, made))).reshape(np.broadcast(*numbers).shape)

    return apply(combined, *(vectors[index][name] for index, name in names))


def _nearest(these: Coordinates, those: Coordinates, events: int, *, same: bool) -> Values:
    """For each of ``these`` the smallest distance to one of ``those`` of its event."""
    one, other = (_complete(of) for of in (these, those))
    counts = np.ones(events, np.int64) if other.counts is None else other.counts
    starts = np.cumsum(counts) - counts
    event = one.each(events)
    pairs = counts[event]
    first = np.repeat(np.arange(len(event)), pairs)
    second = np.arange(pairs.sum()) + np.repeat(starts[event] - (np.cumsum(pairs) - pairs), pairs)
    distance = _apply(_PAIR["deltaR"], [_taken(these, one, first), _taken(those, other, second)])
    itself = first == second if same else np.zeros(len(first), np.bool_)
    missing = itself if distance.missing is None else itself | distance.missing
    nearest = fold(np.minimum, Values(distance.data, pairs, missing))
    return Values(nearest.data, one.counts, nearest.missing)


def _complete(of: Coordinates) -> Values:
    """Values of the shape that all coordinates have together."""
    whole = apply(lambda *numbers: np.broadcast_arrays(*numbers)[0], *of.values())
    if whole.data.ndim != 1:
        raise DataError("vectors are one per event, or lists")
    return whole


def _taken(of: Coordinates, shape: Values, at: Array) -> Coordinates:
    taken = {}
    for name, values in of.items():
        whole = apply(lambda value, like: np.broadcast_to(value, like.shape), values, shape)
        missing = None if whole.missing is None else whole.missing[at]
        taken[name] = Values(whole.data[at], None, missing)
    return taken
