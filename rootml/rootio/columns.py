"""Columns as users hand them over, checked against what was declared, as plain numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rootml.errors import DataError
from rootml.spec import Array, Column

Counts = npt.NDArray[np.int64]

DTYPES = (
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "float32", "float64", "str",
)  # fmt: skip
"""What a column can hold, as numpy names it."""


@dataclass(frozen=True)
class Part:
    """The next events of one column.

    ``items``: (total, *shape) in the column's type; of texts their UTF-8 bytes, (total,) uint8.
    ``counts``: (events,), the items of each event, of texts its bytes; None: one each.
    """

    items: Array
    counts: Counts | None = None


@dataclass(frozen=True)
class Chunk:
    """The next ``events`` events of all columns.

    ``parts`` are by the columns' names, in their order; ``counts``, the objects of each event,
    by the names of the branches that count (``Column.count_branch``).
    """

    events: int
    parts: Mapping[str, Part]
    counts: Mapping[str, Counts]


def check_columns(columns: Sequence[Column]) -> None:
    """Raise DataError for a column that no tree can hold, and where there is none at all."""
    if not columns:
        raise DataError("no columns to write")
    for column in columns:
        kind = f"{column.dtype}{list(column.shape) if column.shape else ''}"
        if _dtype_name(column.dtype) not in DTYPES or any(size < 1 for size in column.shape):
            raise DataError(
                f"column {column.name!r}: no branch can hold {kind}; the types are "
                f"{', '.join(DTYPES)}, the sizes of a shape at least 1"
            )
        if _is_text(column) and (column.per or column.shape):
            raise DataError(f"column {column.name!r}: a text is one per event, not per object")
        if column.counter and not column.per:
            raise DataError(f"column {column.name!r}: a counter without a collection (per)")


def take_chunk(
    columns: Sequence[Column], values: Mapping[str, Any], written: int, entries: int
) -> Chunk:
    """Return the next events, after ``written`` of a tree's ``entries``, checked and cast.

    ``values`` are by column name: numpy, awkward or anything with ``__array__``, or lists. A
    type is changed only where no more is lost than the precision of a float. DataError for
    wrong names, lengths, shapes or types, values out of range, missing ones, too many events,
    and columns of one collection that differ in their counts.
    """
    expected = {column.name for column in columns}
    if values.keys() != expected:
        raise DataError(f"columns {sorted(values)}, expected {sorted(expected)}")
    arrays = {name: _as_array(name, some) for name, some in values.items()}
    lengths = {len(array) for array in arrays.values()}
    if len(lengths) > 1:
        raise DataError(f"the columns have different numbers of events: {sorted(lengths)}")
    events = lengths.pop() if lengths else 0
    if written + events > entries:
        raise DataError(f"{written + events} events, but the tree has {entries} entries")
    parts = {column.name: _part(column, arrays[column.name], written) for column in columns}
    counts: dict[str, Counts] = {}
    for column in columns:
        each = parts[column.name].counts
        if column.count_branch is None or each is None:
            continue
        differing = np.flatnonzero(counts.setdefault(column.count_branch, each) != each)
        if len(differing):
            raise DataError(
                f"column {column.name!r}: not as many per event as others of {column.per}, "
                f"first in entry {written + int(differing[0])}"
            )
    return Chunk(events, parts, counts)


def infer_column(name: str, values: Any) -> Column:
    """Return the column that ``values`` look like; jagged ones belong to ``name``'s prefix."""
    array = _as_array(name, values)
    sizes, dtype = _form(name, array)
    jagged = sizes[:1] == ["var"]
    shape = tuple(size for size in sizes[jagged:] if isinstance(size, int))
    if len(shape) != len(sizes) - jagged:
        raise DataError(
            f"column {name!r}: lists within lists have no branch; flatten them, or declare their "
            "fixed size (ak.to_regular)"
        )
    column = Column(name, dtype, shape, name.split("_", 1)[0] if jagged else None)
    check_columns([column])
    return column


def _as_array(name: str, values: Any) -> Any:
    """Return ``values`` as a numpy array, or as an awkward one where numpy has no type."""
    import awkward as ak

    if isinstance(values, ak.Array):
        return values
    if isinstance(values, np.ndarray) and hasattr(values, "mask"):  # np.ma, which is slow to load
        return ak.from_numpy(values)
    if hasattr(values, "__array__"):
        values = np.asarray(values)
        if values.dtype.kind not in "OU":
            return np.atleast_1d(values)
        values = values.tolist()
    if not isinstance(values, list | tuple):
        what = type(values).__name__
        raise DataError(f"column {name!r}: a {what}, expected an array or a list over the events")
    try:
        if values and all(isinstance(some, np.ndarray) for some in values):
            return ak.unflatten(np.concatenate(values), [len(some) for some in values])
        return ak.Array(values)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = (str(error).strip() or "unknown").splitlines()[0]
        raise DataError(f"column {name!r}: its values are of no type: {reason}") from None


def _form(name: str, array: Any) -> tuple[list[int | str], str]:
    """Return the sizes behind the first axis, "var" for lists, and the type of an item."""
    import awkward as ak

    if isinstance(array, np.ndarray):
        return list(array.shape[1:]), array.dtype.name
    sizes: list[int | str] = []
    kind = array.type.content
    while not isinstance(kind, ak.types.NumpyType):
        if text := {"string": "str", "bytestring": "bytes"}.get(kind.parameters.get("__array__")):
            return sizes, text
        if isinstance(kind, ak.types.ListType):
            sizes.append("var")
        elif isinstance(kind, ak.types.RegularType):
            sizes.append(kind.size)
        elif isinstance(kind, ak.types.UnknownType):
            raise DataError(f"column {name!r}: nothing in it tells its type; declare the column")
        elif not isinstance(kind, ak.types.OptionType):
            raise DataError(f"column {name!r}: no branch can hold {kind}; write one for each part")
        kind = kind.content
    return sizes, kind.primitive


def _part(column: Column, array: Any, written: int) -> Part:
    try:
        if _is_text(column):
            return _texts(column, array)
        if column.per is None:
            return Part(_cast(column, array, len(array)))
        return _objects(column, array)
    except ValueError:
        raise DataError(_complaint(column, array, written)) from None


def _objects(column: Column, array: Any) -> Part:
    import awkward as ak

    if array.ndim < 2 and len(array):
        raise DataError(f"column {column.name!r} needs a list of {column.per} per event")
    if not len(array):
        return Part(np.empty((0, *column.shape), column.dtype), np.empty(0, np.int64))
    counts = np.asarray(ak.to_numpy(ak.num(array, axis=1), allow_missing=False), np.int64)
    return Part(_cast(column, ak.flatten(array, axis=1), int(counts.sum())), counts)


def _texts(column: Column, array: Any) -> Part:
    import awkward as ak

    if not len(array):
        return Part(np.empty(0, np.uint8), np.empty(0, np.int64))
    sizes, dtype = _form(column.name, array)
    if dtype != "str" or sizes:
        raise DataError(f"column {column.name!r} needs one text per event, not {dtype}")
    letters = ak.without_parameters(array)
    counts = np.asarray(ak.to_numpy(ak.num(letters), allow_missing=False), np.int64)
    return Part(np.asarray(ak.to_numpy(ak.flatten(letters)), np.uint8), counts)


def _cast(column: Column, values: Any, count: int) -> Array:
    """Return (count, *shape) items in the column's type; ValueError if they are not regular."""
    import awkward as ak

    dtype, shape = np.dtype(column.dtype), (count, *column.shape)
    if not count:
        return np.empty(shape, dtype)
    if not isinstance(values, np.ndarray):
        values = ak.to_numpy(values, allow_missing=False)
    items = np.asarray(values)
    if items.shape != shape:
        raise DataError(f"column {column.name!r}: shape {items.shape}, expected {shape}")
    integers = items.dtype.kind in "iu" and dtype.kind in "iu"
    if not integers and not np.can_cast(items.dtype, dtype, "same_kind"):
        raise DataError(f"column {column.name!r}: cannot store {items.dtype} as {dtype}")
    with np.errstate(over="ignore"):
        out = items.astype(dtype, copy=False)
    if not _in_range(items, out):
        raise DataError(f"column {column.name!r}: values outside the range of {dtype}")
    return out


def _in_range(items: Array, out: Array) -> bool:
    if out.dtype == items.dtype:
        return True
    if out.dtype.kind == "f":
        return np.array_equal(np.isinf(out), np.isinf(items))
    limits = np.iinfo(out.dtype) if out.dtype.kind in "iu" else None
    return not limits or (limits.min <= int(items.min()) and int(items.max()) <= limits.max)


def _complaint(column: Column, array: Any, written: int) -> str:
    """Say what keeps ``array`` from being what the column needs."""
    import awkward as ak

    for axis in range(array.ndim):
        lacking = ak.is_none(array, axis=axis)
        while lacking.ndim > 1:
            lacking = ak.any(lacking, axis=-1)
        places = np.flatnonzero(ak.to_numpy(ak.fill_none(lacking, True)))
        if len(places):
            return (
                f"column {column.name!r} is to be without missing values, "
                f"but entry {written + places[0]} has one"
            )
    what = "x".join(map(str, column.shape)) or "one number"
    each = f"per {column.per}" if column.per else "per event"
    return f"column {column.name!r} needs {what} {each}, not {array.type.content}"


def _dtype_name(dtype: str) -> str:
    try:
        return np.dtype(dtype).name
    except TypeError:
        return ""


def _is_text(column: Column) -> bool:
    return np.dtype(column.dtype).kind == "U"
