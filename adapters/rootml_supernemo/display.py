"""An event from the top, from the side and from the front, its hits coloured by track."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final, Self

import awkward as ak
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rootml.errors import BranchError, DataError, InputError, nearest
from rootml.rootio.source import Source, open_source
from rootml.spec import Array
from rootml_supernemo import ADAPTER
from rootml_supernemo.geometry import (
    CELL_RADIUS_MM,
    CELLS,
    HALF_LENGTH_MM,
    MAIN_WALL_X_MM,
    PITCH_MM,
    ROWS,
    VETO_Z_MM,
    cell_address,
    wire_x,
    wire_y,
)

NOISE: Final = -1
"""The track of a hit that is of none."""
LEAST_MM: Final = 2200.0
"""Along the foil that is shown at least, so that the view from the top stays a strip (chosen)."""
MARGIN_MM: Final = 3 * PITCH_MM
MEASURED: Final = ("side", "layer", "row", "z", "radius")
"""Logical columns that a display needs."""
_WIDTH, _FRONT, _SIDE = 6.2, 2.2, 2.7
"""Inches: of the panels along the foil, across it, and along the wires."""
_LEFT, _BELOW, _ABOVE, _RIGHT, _GAP = 0.95, 0.65, 0.1, 0.2, 0.2
_ACROSS: Final = (-MAIN_WALL_X_MM, MAIN_WALL_X_MM)
_TICKS_MM: Final = (-300, 0, 300)
_UNKNOWN: Final = "0.35"
_NONE: Final = "0.65"


@dataclass(frozen=True, eq=False)
class Event:
    """Hits of an event, (h,) each.

    ``side``, ``layer``, ``row``: of the cells; ``z``, ``radius``: mm, NaN where they were not
    measured; ``true``, ``found``: the track of each hit, -1 for none; None where nobody says.
    Raises DataError where the columns differ in length.
    """

    side: Array
    layer: Array
    row: Array
    z: Array
    radius: Array
    true: Array | None = None
    found: Array | None = None

    def __post_init__(self) -> None:
        for name, values in self.columns():
            if len(values) != len(self.side):
                raise DataError(
                    f"{name}: {len(values)} values, expected one for each of {len(self.side)} hits"
                )

    def columns(self) -> Iterator[tuple[str, Array]]:
        """Names and values of what is known."""
        for item in fields(self):
            if (values := getattr(self, item.name)) is not None:
                yield item.name, np.asarray(values)

    @classmethod
    def of_columns(cls, columns: ak.Array) -> Self:
        """Of a record of the adapter's logical columns, ``truth_track`` among them if it is there.

        ``columns``: ``side``, ``layer``, ``row``, ``z``, ``radius`` of one event.
        """
        names = [*MEASURED, *(["truth_track"] if "truth_track" in columns.fields else [])]
        return cls(*(ak.to_numpy(columns[name]) for name in names))

    def matched(self) -> Event:
        """The event with found tracks called as the true ones with which they share most hits.

        One to one; those that are left get numbers behind the last of the true ones.
        """
        if self.true is None or self.found is None:
            return self
        from scipy.optimize import linear_sum_assignment

        true, found = (np.unique(one[one != NOISE]) for one in (self.true, self.found))
        shared = np.sum(
            (self.found == found[:, None, None]) & (self.true == true[:, None]), axis=-1
        )
        pairs = np.transpose(linear_sum_assignment(-shared))
        called = {int(found[i]): int(true[j]) for i, j in pairs if shared[i, j]}
        behind = itertools.count(int(true.max(initial=NOISE)) + 1)
        names = {NOISE: NOISE} | {
            int(label): called[label] if label in called else next(behind) for label in found
        }
        return replace(self, found=np.array([names[int(label)] for label in self.found], int))


def read_event(
    path: str | Path, entry: int, *, tree: str | None = None, found: str | None = None
) -> Event:
    """Entry number ``entry``, from 0, of a file in any layout of the adapter.

    ``tree``: where a file has several; ``found``: a branch with the track of each hit, such as
    ``hit_cluster_supernemo_label``. Raises InputError for an entry that does not exist, BranchError
    for such a branch, and what opening a file raises.
    """
    with open_source(path, [ADAPTER], tree=tree) as source:
        if not 0 <= entry < source.num_entries:
            raise InputError(
                f"{path}: {source.name} has no entry {entry}: expected 0 to "
                f"{source.num_entries - 1}"
            )
        names = list(MEASURED)
        if source.decoder.has("truth_track"):
            names.append("truth_track")
        event = Event.of_columns(source.read(names, entry, entry + 1)[0])
        return event if found is None else replace(event, found=_labels(source, found, entry))


def _labels(source: Source, branch: str, entry: int) -> Array:
    known = source.tree.keys(recursive=False)
    if branch not in known:
        raise BranchError(
            f"{source.path}: {source.name} has no branch {branch!r}{nearest(branch, known)}"
        )
    values = source.tree[branch].array(entry_start=entry, entry_stop=entry + 1, library="ak")
    if values.ndim != 2:
        raise BranchError(f"{source.path}: {branch} holds {values.type}, expected a list of tracks")
    return np.asarray(ak.to_numpy(values[0]))


def draw_event(event: Event, title: str = "") -> Figure:
    """The three views as on a technical drawing: the side below the top, the front to its right.

    The colour of a dot is that of the true track, the colour of the ring round it that of the
    found one, called as the true one that shares most of its hits; where one of the two is unknown
    both are of the other. Hits without a height are seen from the top alone, those without a radius
    as a dotted circle that fills the cell.
    """
    event = event.matched()
    low, high = along(event)
    strip = _WIDTH * 2 * MAIN_WALL_X_MM / (high - low)
    width = _LEFT + _WIDTH + _GAP + _FRONT + _RIGHT
    height = _BELOW + _SIDE + _GAP + strip + _ABOVE
    figure = Figure(figsize=(width, height))

    def panel(left: float, bottom: float, wide: float, tall: float) -> Axes:
        return figure.add_axes((left / width, bottom / height, wide / width, tall / height))

    top = panel(_LEFT, _BELOW + _SIDE + _GAP, _WIDTH, strip)
    side = panel(_LEFT, _BELOW, _WIDTH, _SIDE)
    front = panel(_LEFT + _WIDTH + _GAP, _BELOW, _FRONT, _SIDE)
    draw_top(top, event)
    draw_side(side, event)
    draw_front(front, event)
    top.set_xlabel("")
    front.set_ylabel("")
    top.tick_params(labelbottom=False)
    front.tick_params(labelleft=False)
    _legend(figure, front, event, title)
    return figure


def draw_top(ax: Axes, event: Event) -> None:
    """The event from the top, as :func:`draw_event` does: wires, drift circles, the foil."""
    event = event.matched()
    x, y = wire_x(event.side, event.layer), wire_y(event.row)
    true, found = _both(event)
    of, row, layer = cell_address(np.arange(CELLS))
    ax.plot(wire_y(row), wire_x(of, layer), ".", color="0.8", ms=1.2, mew=0, zorder=0)
    ax.axhline(0, color="black", lw=1)
    _circles(ax, event, x, y, found)
    ax.scatter(y, x, s=9, c=true, linewidths=0, zorder=3)
    ax.set(xlim=along(event), ylim=_ACROSS, xlabel="y [mm]", ylabel="x [mm]")
    ax.set_yticks(_TICKS_MM)


def draw_side(ax: Axes, event: Event) -> None:
    """The event from the side: heights against the place along the foil."""
    event = event.matched()
    _heights(ax, event, wire_y(event.row))
    ax.set(xlim=along(event), xlabel="y [mm]")


def draw_front(ax: Axes, event: Event) -> None:
    """The event from the front: heights against the distance from the foil."""
    event = event.matched()
    _heights(ax, event, wire_x(event.side, event.layer))
    ax.axvline(0, color="black", lw=1)
    ax.set(xlim=_ACROSS, xlabel="x [mm]")
    ax.set_xticks(_TICKS_MM)


def _heights(ax: Axes, event: Event, place: Array) -> None:
    """Heights against a place, between the ends of the wires."""
    true, found = _both(event)
    for end in (-HALF_LENGTH_MM, HALF_LENGTH_MM):
        ax.axhline(end, color="0.5", lw=0.8, ls=":", zorder=0)
    ax.scatter(place, event.z, s=32, c=true, edgecolors=found, linewidths=1.8, zorder=3)
    ax.set(ylim=(-VETO_Z_MM, VETO_Z_MM), ylabel="z [mm]")


def along(event: Event) -> tuple[float, float]:
    """The part of the foil that is shown, mm: all hits, and at least ``LEAST_MM``."""
    y = wire_y(event.row) if len(event.row) else np.zeros(1)
    most = (ROWS + 1) * PITCH_MM / 2
    half = min(most, max(LEAST_MM, float(np.ptp(y)) + 2 * MARGIN_MM) / 2)
    middle = float(np.clip((y.min() + y.max()) / 2, half - most, most - half))
    return middle - half, middle + half


def _circles(ax: Axes, event: Event, x: Array, y: Array, colours: list[str]) -> None:
    """Drift circles round the wires."""
    known = ~np.isnan(event.radius)
    size = 2 * np.where(known, event.radius, CELL_RADIUS_MM)
    circles = EllipseCollection(
        size,
        size,
        np.zeros(len(size)),
        units="xy",
        offsets=np.column_stack([y, x]),
        offset_transform=ax.transData,
        facecolors="none",
        edgecolors=colours,
        linewidths=1.3,
        linestyles=["-" if one else ":" for one in known],
    )
    ax.add_collection(circles)


def _both(event: Event) -> tuple[list[str], list[str]]:
    """Colours of the true and the found tracks of hits; those of one where the other is unknown."""
    known = [one for one in (event.true, event.found) if one is not None]
    if not known:
        return [_UNKNOWN] * len(event.side), [_UNKNOWN] * len(event.side)
    true, found = ([_colour(int(track)) for track in one] for one in (known[0], known[-1]))
    return true, found


def _colour(track: int) -> str:
    """From the colours of matplotlib's cycle, as it is now."""
    return to_hex(_NONE if track == NOISE else f"C{track}")


def _legend(figure: Figure, front: Axes, event: Event, title: str) -> None:
    """Tracks by colour, and what the picture does not show, in the corner above the front."""
    lines = [title] if title else []
    if event.true is not None and event.found is not None:
        lines.append("dots: true, rings: found")
    if unseen := int(np.isnan(event.z).sum()):
        lines.append(f"{unseen} without a height")
    known = [one for one in (event.true, event.found) if one is not None]
    tracks = {int(track) for one in known for track in one}
    marks = [
        Line2D([], [], ls="", marker="o", color=_colour(track),
               label="no track" if track == NOISE else f"track {track + 1}")
        for track in sorted(tracks, key=lambda one: (one == NOISE, one))
    ]  # fmt: skip
    left = front.get_position().x0
    top = 1 - _ABOVE / figure.get_figheight()
    figure.legend(
        handles=marks, title="\n".join(lines), loc="upper left", bbox_to_anchor=(left, top),
        borderaxespad=0, handletextpad=0.2, alignment="left", frameon=False, ncols=2,
        fontsize="small", title_fontsize="small",
    )  # fmt: skip
