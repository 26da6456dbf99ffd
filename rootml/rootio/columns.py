"""Columns as users hand them over, checked against what was declared."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rootml.errors import DataError
from rootml.spec import Array, Column


def infer_column(name: str, values: Any) -> Column:
    """Return the column that ``values`` look like; jagged ones belong to ``name``'s prefix."""
    import awkward as ak

    array = values if isinstance(values, np.ndarray) else ak.Array(values)
    if isinstance(array, ak.Array) and array.ndim > 1 and "var" in array.typestr:
        sample, per = ak.flatten(array, axis=1), name.split("_", 1)[0]
    else:
        sample, per = array, None
    column = Column(name, per=per)
    items = _to_numpy(column, sample)
    return Column(name, items.dtype.name, items.shape[1:], per)


def flat_items(column: Column, values: Any) -> Array:
    """Return one item per event, (n, *shape), in the column's type."""
    return _cast(column, _to_numpy(column, values), len(values))


def jagged_items(column: Column, values: Any) -> tuple[Array, npt.NDArray[np.int64]]:
    """Return the items of all events, (total, *shape), and the number of each event's."""
    import awkward as ak

    array = ak.Array(values)
    if array.ndim < 2:
        raise DataError(f"column {column.name!r} needs a list of {column.per} per event")
    counts = np.asarray(_to_numpy(column, ak.num(array, axis=1)), np.int64)
    total = int(counts.sum())
    if total == 0:
        return np.empty((0, *column.shape), column.dtype), counts
    return _cast(column, _to_numpy(column, ak.flatten(array, axis=1)), total), counts


def _to_numpy(column: Column, values: Any) -> Array:
    if isinstance(values, np.ndarray) and not np.ma.isMaskedArray(values):
        return values
    import awkward as ak

    try:
        return np.asarray(ak.to_numpy(values, allow_missing=False))
    except ValueError:
        shape = "x".join(map(str, column.shape)) or "one number"
        each = f"per {column.per}" if column.per else "per event"
        raise DataError(
            f"column {column.name!r} needs {shape} {each}, without missing values"
        ) from None


def _cast(column: Column, items: Array, count: int) -> Array:
    """Return ``items`` in the column's type where that loses no more than float precision."""
    dtype = np.dtype(column.dtype)
    if items.shape != (count, *column.shape):
        raise DataError(
            f"column {column.name!r}: shape {items.shape}, expected {(count, *column.shape)}"
        )
    if not np.can_cast(items.dtype, dtype, "same_kind"):
        raise DataError(f"column {column.name!r}: cannot store {items.dtype} as {dtype}")
    out = items.astype(dtype, copy=False)
    if dtype.kind in "iu" and not np.array_equal(out, items):
        raise DataError(f"column {column.name!r}: values outside the range of {dtype}")
    return out
