"""Numbers of some events as flat arrays: what expressions compute with.

Awkward Array broadcasts lists as well, but its comparisons and maxima pass over NaN, and each of
its operations costs more than the numbers of a small chunk. Here all is numpy on flat buffers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from rootml.errors import BranchError, DataError
from rootml.spec import Array

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Values:
    """Numbers, one for all events, or one or several for each.

    ``data``: ``()`` for all, ``(events,)`` or ``(events, *shape)``; where there are ``counts``
    (elements of each event), ``(elements,)`` of all events in a row. ``missing``: bools like
    ``data``, where there is no value (what ``data`` holds there says nothing); None: nowhere.
    """

    data: Array
    counts: Counts | None = None
    missing: Mask | None = None

    @property
    def starts(self) -> Counts:
        """Where the elements of each event begin."""
        assert self.counts is not None
        return np.cumsum(self.counts) - self.counts

    def each(self, events: int) -> Array:
        """The event, of so many, that each of the values belongs to."""
        every = np.arange(events)
        return every if self.counts is None else np.repeat(every, self.counts)


def apply(function: Callable[..., Array], *operands: Values) -> Values:
    """The function of numbers that belong together, in float64; missing where one of them is.

    One value per event goes with each element of the event. DataError where lists differ in
    length, or shapes do not fit.
    """
    aligned = broadcastable(operands)
    data = function(*(as_float64(operand.data) for operand in aligned))
    masks = [operand.missing for operand in aligned if operand.missing is not None]
    missing = np.broadcast_to(reduce(np.logical_or, masks), data.shape) if masks else None
    return Values(data, aligned[0].counts, missing)


def broadcastable(operands: Sequence[Values]) -> list[Values]:
    """The same values, aligned; DataError where their shapes do not fit."""
    aligned = align(operands)
    shapes = [operand.data.shape for operand in aligned]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        found = " and ".join(str(shape[1:]) for shape in shapes if shape)
        raise DataError(f"arrays of the shapes {found} per event do not fit together") from None
    return aligned


def align(operands: Sequence[Values]) -> list[Values]:
    """The same values, each with as many axes and the counts of all."""
    jagged = next((operand for operand in operands if operand.counts is not None), None)
    if jagged is None:
        axes = max(operand.data.ndim for operand in operands)
        return [_with_axes(operand, axes) if operand.data.ndim else operand for operand in operands]
    return [_spread(operand, jagged) for operand in operands]


def _with_axes(values: Values, axes: int) -> Values:
    shape = values.data.shape + (1,) * (axes - values.data.ndim)
    missing = None if values.missing is None else values.missing.reshape(shape)
    return Values(values.data.reshape(shape), None, missing)


def _spread(values: Values, jagged: Values) -> Values:
    """The values at each element of ``jagged``."""
    counts = jagged.counts
    assert counts is not None
    if values.counts is not None:
        if (
            values.counts is not counts
            and (differing := np.flatnonzero(values.counts != counts)).size
        ):
            event = int(differing[0])
            raise DataError(
                f"lists of {counts[event]} and of {values.counts[event]} elements do not match",
                event,
            )
        return Values(values.data, counts, values.missing)
    if values.data.ndim > 1:
        raise DataError("an array of fixed size and a list do not go together; take one element")
    if values.data.ndim == 0:
        data = np.broadcast_to(values.data, jagged.data.shape)
        return Values(data, counts)
    missing = None if values.missing is None else np.repeat(values.missing, counts)
    return Values(np.repeat(values.data, counts), counts, missing)


def as_float64(data: Array) -> Array:
    """The numbers in float64; DataError where an integer would lose digits."""
    return cast(data, np.dtype(np.float64))


def cast(data: Array, dtype: np.dtype[Any], event: Array | None = None) -> Array:
    """The numbers in another type; DataError where an integer, or a type of integers, loses any.

    ``event``: that of each row, for the error.
    """
    if data.dtype == dtype:
        return data
    with np.errstate(over="ignore", invalid="ignore"):
        made = data.astype(dtype)
    exact = dtype.kind in "iu" or (
        data.dtype.kind in "iu" and np.iinfo(data.dtype).bits > np.finfo(dtype).nmant
    )
    if exact:
        with np.errstate(invalid="ignore"):
            lost = made.astype(data.dtype) != data
        if lost.any():
            raise DataError(
                f"{data[lost][0]} cannot be stored as {dtype.name} without loss",
                None if event is None else int(event[np.argwhere(lost)[0, 0]]),
            )
    return made


def take(values: Values, index: Values, events: int) -> Values:
    """``values[index]``: one element of each event, or one for each element of ``index``.

    Missing where the event has no such element; indices count from 0.
    """
    if values.counts is None and values.data.ndim < 2:
        raise DataError("one number per event has no elements, so no index can be taken")
    if index.data.ndim > 1 or (index.counts is not None and values.data.ndim > 2):
        raise DataError("an index is one number, or one for each element of a list")
    position = as_float64(index.data)
    there = np.ones(position.shape, np.bool_) if index.missing is None else ~index.missing
    if (position[there] % 1 != 0).any():
        raise DataError("an index is a whole number")
    if position.ndim == 0:
        position, there = (np.full(events, item) for item in (position, there))
    event = index.each(events)
    size = values.data.shape[1] if values.counts is None else values.counts[event]
    there = there & (position >= 0) & (position < size)
    at = np.where(there, position, 0).astype(np.int64)
    if values.counts is not None:
        place: Any = np.where(there, values.starts[event] + at, 0)
        source = values.data if len(values.data) else np.zeros(1)
        absent = values.missing if len(values.data) else None
    else:
        place, source, absent = (event, at), values.data, values.missing
    missing = ~there if absent is None else ~there | absent[place]
    return Values(source[place], index.counts, missing if missing.any() else None)


def fold(function: np.ufunc, values: Values, *, empty: float | None = None) -> Values:
    """The function (``np.add``, ``np.maximum``) over all elements of each event.

    Missing elements are left out. ``empty``: what no elements give; None: it is missing.
    """
    data, counts = present(values)
    if counts is None:
        return values
    some = counts > 0
    folded = np.full(len(counts), np.nan if empty is None else empty)
    if some.any():
        folded[some] = function.reduceat(data, (np.cumsum(counts) - counts)[some])
    return Values(folded, None, None if empty is not None or some.all() else ~some)


def length(values: Values) -> Values:
    """How many elements each event has, but for those that are missing."""
    _, counts = present(values)
    return Values(np.ones(()) if counts is None else counts.astype(np.float64))


def present(values: Values) -> tuple[Array, Counts | None]:
    """All elements that are not missing, in float64, and how many each event has of them."""
    data = as_float64(values.data)
    if data.ndim == 0:
        return data, None
    counts = values.counts
    if counts is None:
        counts = np.full(len(data), int(np.prod(data.shape[1:])), np.int64)
    data = data.reshape(-1)
    if values.missing is None:
        return data, counts
    there = ~values.missing.reshape(-1)
    kept = np.bincount(np.repeat(np.arange(len(counts)), counts)[there], minlength=len(counts))
    return data[there], kept.astype(np.int64)


def from_branch(name: str, array: Any) -> Values:
    """The numbers of a branch; BranchError where it holds none, or lists of lists."""
    layout = ak.to_layout(array)
    if layout.is_numpy:
        return Values(np.asarray(layout.data))
    if layout.is_unknown:
        return Values(np.zeros(0))
    match layout.form.type:
        case ak.types.OptionType(content=ak.types.NumpyType()):
            missing = np.asarray(ak.is_none(array))
            data = np.asarray(ak.to_numpy(ak.fill_none(array, 0)))
            return Values(data, None, missing if missing.any() else None)
        case ak.types.ListType() as kind if not _is_text(kind):
            inner = from_branch(name, ak.flatten(array, axis=1))
            if inner.counts is None and inner.data.ndim == 1:
                return Values(inner.data, np.asarray(ak.num(array, axis=1)), inner.missing)
        case kind if _is_regular(kind):
            return Values(np.asarray(ak.to_numpy(array, allow_missing=False)))
        case ak.types.OptionType(content=ak.types.ListType()):
            raise BranchError(
                f"the branch {name!r} holds None instead of a list for some events; leave them "
                "out, or give them an empty list: ak.fill_none(objects, [], axis=0)"
            )
    raise BranchError(f"the branch {name!r} holds {kind} per event, not numbers or a list of them")


def _is_regular(kind: Any) -> bool:
    """Whether it is a number, or an array of numbers of fixed size."""
    while isinstance(kind, ak.types.RegularType) and not _is_text(kind):
        kind = kind.content
    return isinstance(kind, ak.types.NumpyType)


def _is_text(kind: Any) -> bool:
    return "__array__" in kind.parameters


def to_awkward(values: Values, events: int) -> Any:
    """The same as an array over the events, None where missing."""
    data = np.broadcast_to(values.data, (events,)) if values.data.ndim == 0 else values.data
    array = ak.Array(data)
    if values.missing is not None:
        array = ak.mask(array, values.missing, valid_when=False)
    return array if values.counts is None else ak.unflatten(array, values.counts)
