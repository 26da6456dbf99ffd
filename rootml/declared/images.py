"""Lists of hits as images: what each hit adds to the cell that it is in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rootml.declared.rows import Column, Rows, chosen
from rootml.declared.values import Mask, Values, align, as_float64
from rootml.errors import DataError


def fill(
    column: Column,
    values: Values,
    at: Sequence[Values],
    select: Values | None,
    *,
    events: int,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
) -> Rows:
    """The sum of ``values`` in each cell of an image ``shape``, (events, *shape).

    ``at``: for each axis the cell of each hit, from 0; ``select``: which hits count. A hit whose
    value is missing counts as the column says; where one has no place, its event is not judged.
    DataError where nothing is a list, or a hit lies beyond the image.
    """
    *places, weight, taken = align([*at, values, select or Values(np.ones(()))])
    if weight.counts is None:
        raise DataError("'at' holds no list, so there are no hits")
    event = weight.each(events)
    counted = chosen(taken, event)
    unjudged = _missing(places, counted)
    data, unknown = as_float64(weight.data), _missing([weight], counted)
    if column.missing == "unjudged":
        unjudged = unjudged | unknown
    else:
        data = np.where(unknown, np.float64(column.missing), data)
    rows = Rows(np.zeros((events, *shape), dtype))
    if unjudged.any():
        rows.refused = np.bincount(event[unjudged], minlength=events) > 0
        counted = counted & ~unjudged
    hits = event[counted]
    cells = [
        _cell(place.data[counted], hits, size) for place, size in zip(places, shape, strict=True)
    ]
    flat = np.ravel_multi_index((hits, *cells), rows.data.shape)
    np.add.at(rows.data.reshape(-1), flat, data[counted].astype(dtype))
    return rows


def _missing(values: Sequence[Values], counted: Mask) -> Mask:
    """Which of the hits that count have no value in one of ``values``."""
    masks = [each.missing for each in values if each.missing is not None]
    return np.asarray(counted & np.logical_or.reduce([np.zeros_like(counted), *masks]))


def _cell(data: Any, event: Any, size: int) -> Any:
    """The cells along one axis as indices; DataError beyond the image."""
    number = as_float64(data)
    wrong = ~((number >= 0) & (number < size) & (number % 1 == 0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise DataError(
            f"a hit is at {number[at]:g} of an axis of {size} cells, which count from 0; 'select' "
            "can leave it out",
            int(event[at]),
        )
    return number.astype(np.int64)
