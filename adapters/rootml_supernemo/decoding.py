"""From the branches of SuperNEMO's files to logical columns: lists with one value a hit.

``layer`` 0-8 away from the foil, ``row`` 0-112 along it, ``side`` 0 or 1; ``z`` and ``radius`` in
mm, NaN where they were not measured; ``z_timed`` and ``z_error`` (mm) by the timestamps, and
``t1`` to ``t6`` (us behind the avalanche), NaN where they are missing; ``z_best``, that of the file
or else, where it is precise, that by the timestamps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import awkward as ak
import numpy as np

from rootml.adapter import Options
from rootml.errors import BranchError, DataError
from rootml.spec import Array
from rootml_supernemo.calibration import Calibration, calibrate
from rootml_supernemo.geometry import (
    CELL_RADIUS_MM,
    CELLS,
    LAYERS,
    ROWS,
    TIMESTAMPS,
    cell_address,
    wire_x,
    wire_y,
)
from rootml_supernemo.timestamps import clean, heights

OPTION: Final = "timestamps"
UNMEASURED_MM: Final = 1e-9
"""Heights nearer to 0 were never set: the default of TKEvent is 0, uninitialised memory 1e-185."""
FARTHEST_MM: Final = 1e4
"""No height of the detector is beyond it, by far."""
MOST_RADIUS_MM: Final = CELL_RADIUS_MM * np.sqrt(2) + 10
"""Of a hit in the corner of a cell, with five standard deviations of TKEvent (2 mm)."""
PRECISE_MM: Final = 50.0
"""Error of heights by timestamps that stand in for missing ones: half a bin of images (chosen)."""
WIRE_MM: Final = 5.0
"""Wires are where their cells are to this: versions of the geometry differ by 2 mm (TKEvent)."""

TICKS: Final = tuple(f"tsp{place}" for place in range(TIMESTAMPS))


@dataclass(frozen=True)
class Source:
    """Where a logical column comes from: keys of a layout's branches, and how they are read.

    Columns that are made together share a source, which reads records of them. ``instead``: other
    keys that ``read`` makes do with, the better ones first.
    """

    keys: tuple[str, ...]
    read: Callable[[ak.Array, Options], ak.Array]
    instead: tuple[tuple[str, ...], ...] = ()


def decode(
    sources: Mapping[str, Source], raw: ak.Array, wanted: tuple[str, ...], options: Options
) -> ak.Array:
    """Read the ``wanted`` columns from their ``sources``."""
    read = {source: source.read(raw, options) for source in {sources[name] for name in wanted}}
    found = {name: read[sources[name]] for name in wanted}
    columns = {name: values[name] if values.fields else values for name, values in found.items()}
    return ak.zip(columns, depth_limit=1)


def numbers(values: ak.Array, what: str) -> ak.Array:
    """Lists of numbers, one a hit; BranchError where they are something else."""
    kind = values.type.content
    if isinstance(kind, ak.types.ListType):
        kind = kind.content
    if values.ndim != 2 or not isinstance(kind, ak.types.NumpyType | ak.types.UnknownType):
        raise BranchError(f"{what}: expected a list of numbers an event, found {values.type}")
    return values


def like(values: ak.Array, other: ak.Array, what: str) -> ak.Array:
    """The values, one for each of the hits of ``other``; DataError for an event with others."""
    counts, expected = (ak.to_numpy(ak.num(part, axis=1)) for part in (values, other))
    wrong = np.flatnonzero(counts != expected)
    if len(wrong):
        at = int(wrong[0])
        raise DataError(f"{what}: {counts[at]} values, expected one for {expected[at]} hits", at)
    return values


def each(function: Callable[..., Array], *columns: ak.Array) -> ak.Array:
    """What a function of flat arrays makes of all hits, as lists again."""
    flat = [ak.to_numpy(ak.flatten(column, axis=1)) for column in columns]
    return ak.unflatten(function(*flat), ak.num(columns[0], axis=1))


def inside(values: ak.Array, size: int, what: str) -> ak.Array:
    """Places of cells, int64; DataError for one that is outside the detector."""
    values = numbers(values, what)
    there = (values >= 0) & (values < size) & (values == np.floor(values))
    first_wrong(~there, values, what, f"0 to {size - 1}")
    return ak.values_astype(values, np.int64)


def first_wrong(wrong: ak.Array, values: ak.Array, what: str, expected: str) -> None:
    """Raise DataError for the first hit that is ``wrong``, if there is one."""
    events = np.flatnonzero(ak.to_numpy(ak.any(wrong, axis=1)))
    if len(events):
        at = int(events[0])
        hit = int(np.flatnonzero(ak.to_numpy(wrong[at]))[0])
        raise DataError(f"{what} of hit {hit} is {values[at, hit]}, expected {expected}", at)


def layer(values: ak.Array, what: str) -> ak.Array:
    """Layers, checked."""
    return inside(values, LAYERS, what)


def row(values: ak.Array, what: str) -> ak.Array:
    """Rows, checked."""
    return inside(values, ROWS, what)


def address(number: ak.Array, part: int, what: str) -> ak.Array:
    """Side (part 0), row (1) or layer (2) of cells by TKEvent's number, checked."""
    return each(lambda flat: cell_address(flat)[part], inside(number, CELLS, what))


def side(x: ak.Array, layers: ak.Array, given: ak.Array, what: str) -> ak.Array:
    """Sides by the x of wires in mm, which agree with those ``given`` where they are.

    One variant of ``hit_tree`` leaves ``grid_side`` empty.
    """
    x = like(numbers(x, what), layers, what)
    found = each(lambda flat: (flat > 0).astype(np.int64), x)
    check_wires(x, each(wire_x, found, layers), what)
    told = ak.fill_none(ak.mask(found, ak.num(given, axis=1) > 0), [], axis=0)
    given = like(numbers(given, "grid_side"), told, "grid_side")
    first_wrong(given != told, given, "grid_side", f"the side of {what}")
    return found


def check_wires(at: ak.Array, expected: ak.Array, what: str) -> None:
    """Refuse wires that are not where their cells are: another numbering, or no wires at all."""
    first_wrong(
        ~(abs(at - expected) < WIRE_MM), at, what, f"the wire of its cell, to {WIRE_MM:g} mm"
    )


def check_cells(x: ak.Array, y: ak.Array, layers: ak.Array, rows: ak.Array) -> None:
    """Refuse files whose cells are numbered in another way, by the places of their wires."""
    side(x, layers, layers[:, :0], "wirex")
    check_wires(like(numbers(y, "wirey"), rows, "wirey"), each(wire_y, rows), "wirey")


def height(values: ak.Array, other: ak.Array, what: str) -> ak.Array:
    """Heights in mm as float32, NaN where none was measured."""
    values = like(numbers(values, what), other, what)
    return each(measured_height, values)


def measured_height(z: Array) -> Array:
    """Heights (h,) in mm as float32, NaN for what never was measured: unset, or far outside."""
    with np.errstate(invalid="ignore"):
        there = (np.abs(z) > UNMEASURED_MM) & (np.abs(z) < FARTHEST_MM)
    found: Array = np.where(there, z, np.nan).astype(np.float32)
    return found


def radius(values: ak.Array, other: ak.Array, what: str) -> ak.Array:
    """Drift radii in mm as float32, NaN where none was measured (TKEvent: -1)."""
    values = like(numbers(values, what), other, what)

    def measured(r: Array) -> Array:
        with np.errstate(invalid="ignore"):
            there = (r >= 0) & (r <= MOST_RADIUS_MM)
        found: Array = np.where(there, r, np.nan).astype(np.float32)
        return found

    return each(measured, values)


def times(ticks: Array) -> Array:
    """Timestamps (h, 7) in us, NaN where they are missing; BranchError for another number."""
    if ticks.shape[1:] != (TIMESTAMPS,):
        raise BranchError(f"tsp: expected {TIMESTAMPS} timestamps a hit, found {ticks.shape[1:]}")
    return clean(ticks.astype(np.float64))


def timed(seen: Array, options: Options) -> dict[str, Array]:
    """Of timestamps (h, 7) in us: times behind the avalanche's, us; height and its error, mm."""
    known = Calibration.from_text(options[OPTION]) if OPTION in options else Calibration()
    z, error, _ = heights(seen, known)
    delays = {f"t{place}": seen[:, place] - seen[:, 0] for place in range(1, TIMESTAMPS)}
    columns = delays | {"z_timed": z, "z_error": error}
    return {name: values.astype(np.float32) for name, values in columns.items()}


def settle_times(seen: Array) -> Options:
    """What the first hits tell of their timestamps; nothing where none has any."""
    return {} if np.isnan(seen).all() else {OPTION: calibrate(seen).to_text()}
