"""The figures of the simulation's page."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import awkward as ak
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure

from rootml.validation import Style
from rootml.validation.plots.canvas import panel
from rootml.validation.plots.label import finish
from rootml.validation.style import look
from rootml_supernemo.geometry import (
    LAYERS,
    MAIN_WALL_X_MM,
    wire_x,
    wire_y,
)
from rootml_supernemo.simulation.drift import drift_time, resolution
from simulated import decays
from simulated.measure import KINDS, Found, distances, times
from simulated.values import Floats, flat

STYLE = Style(experiment="SuperNEMO tracker", status="Simulation")
SHOWN_MM = 1100.0
"""Along the foil, of a displayed event."""


def figures(found: Found) -> Mapping[str, Callable[[], Figure]]:
    """What to draw, by the names of the files."""
    return {
        "event": lambda: event(found.shown),
        "cells": lambda: cells(found),
        "drift": drift,
        "radius": lambda: radius(found),
        "height": lambda: height(found),
        "timestamps": lambda: timestamps(found),
        "decays": lambda: decays.figure(found.decays),
    }


def event(events: ak.Array) -> Figure:
    """The first event on both sides, near to itself, with noise; from the top and from the side."""
    on_track = events.truth_track >= 0
    low, high = (of(events.wirey[on_track], axis=1) for of in (ak.min, ak.max))
    middle = (low + high) / 2
    near = ~on_track & (abs(events.wirey - middle) < SHOWN_MM / 2)
    both = ak.any(events.grid_side == 0, axis=1) & ak.any(events.grid_side == 1, axis=1)
    chosen = (high - low < SHOWN_MM) & ak.any(near, axis=1) & both
    place = int(np.argmax(ak.to_numpy(ak.fill_none(chosen, False))))
    shown, middle = events[place], middle[place]
    figure = Figure(figsize=(9.5, 5.2), layout="constrained")
    top, side = figure.subplots(1, 2, sharey=True)
    low, high = middle - SHOWN_MM / 2, middle + SHOWN_MM / 2
    _wires(top, low, high)
    for track in (*range(3), -1):
        mine = shown.truth_track == track
        colour = "0.5" if track < 0 else look(track).colour
        name = "noise" if track < 0 else f"track {track + 1}"
        x, y, z, size = (np.asarray(shown[k][mine]) for k in ("wirex", "wirey", "wirez", "radius"))
        circles = EllipseCollection(
            2 * size,
            2 * size,
            np.zeros(len(size)),
            units="xy",
            offsets=np.column_stack([x, y]),
            offset_transform=top.transData,
            facecolors="none",
            edgecolors=colour,
            linewidths=1.6,
        )
        top.add_collection(circles)
        side.plot(z, y, look(max(track, 0)).marker, color=colour, ms=5, label=name)
    for track in range(3):
        start = (0.0, shown.truth_vertexy[track], shown.truth_vertexz[track])
        way = zip(start, (shown[f"point{axis}"][track] for axis in "xyz"), strict=True)
        x, y, z = way
        top.plot(x, y, color=look(track).colour, lw=0.8)
        side.plot(z, y, color=look(track).colour, lw=0.8)
    top.axvline(0, color="black", lw=1.5)
    top.set_aspect("equal")
    top.set_xlim(-MAIN_WALL_X_MM, MAIN_WALL_X_MM)
    top.set_ylim(low, high)
    side.set_xlim(-1600, 1600)
    top.set_xlabel("x [mm]")
    side.set_xlabel("z [mm]")
    top.set_ylabel("y [mm]")
    side.legend(loc="best")
    return figure


def _wires(ax: Axes, low: float, high: float) -> None:
    """All cells between two y, in grey."""
    side, row, layer = np.meshgrid([0, 1], np.arange(113), np.arange(LAYERS), indexing="ij")
    y = wire_y(row)
    seen = (y > low) & (y < high)
    ax.plot(wire_x(side, layer)[seen], y[seen], ".", color="0.8", ms=1.5)


def cells(found: Found) -> Figure:
    """Cells that tracks cross, by kind."""
    figure, ax = panel()
    bins = np.arange(-0.5, 61)
    for place, kind in enumerate(KINDS):
        counts, _ = np.histogram(ak.to_numpy(ak.num(found.clean[kind].grid_id)), bins)
        ax.stairs(counts / counts.sum(), bins, color=look(place).colour, lw=1.6, label=kind)
    ax.set_yscale("log")
    ax.set_xlim(0, 60)
    ax.set_xlabel("Cells of a track")
    ax.set_ylabel("Share of tracks")
    finish(ax, (), STYLE, "one track, nothing lost")
    return figure


def drift() -> Figure:
    """Drift times against distances, and another parametrisation."""
    figure, ax = panel()
    distance = np.linspace(0, 22, 200)
    ax.plot(distance, drift_time(distance), color=look(0).colour, label="Falaise (simulated)")
    other = 0.828 * (distance / 10) ** 1.907
    ax.plot(distance, other, color="0.35", ls="--", lw=1.5, label="B. Landells")
    ax.set_xlim(0, 22)
    ax.set_ylim(0, 4)
    ax.set_xlabel("Distance from the wire [mm]")
    ax.set_ylabel("Drift time [µs]")
    finish(ax, (), STYLE)
    return figure


def radius(found: Found) -> Figure:
    """Measured radii, beside those of another simulation if there is one."""
    figure, ax = panel()
    bins = np.linspace(0, 25, 26)
    shown: dict[str, Floats] = {"straight tracks": flat(found.clean["straight"], "radius")}
    for place, (name, values) in enumerate(shown.items()):
        counts, _ = np.histogram(values, bins)
        ax.stairs(counts / len(values), bins, color=look(place).colour, lw=1.6, label=name)
    if found.falaise is not None:
        counts, _ = np.histogram(found.falaise, bins)
        total = len(found.falaise)
        centres = (bins[1:] + bins[:-1]) / 2
        error = np.sqrt(counts) / total
        name = f"Falaise, {total} hits"
        ax.errorbar(centres, counts / total, error, fmt="o", color="black", ms=4, label=name)
    ax.set_xlim(0, 25)
    ax.set_ylim(0, 0.07)
    ax.set_xlabel("Measured radius [mm]")
    ax.set_ylabel("Share of hits per mm")
    finish(ax, (), STYLE)
    return figure


def height(found: Found) -> Figure:
    """Resolutions of radii and heights along their range."""
    figure = Figure(figsize=(9.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    events = found.clean["straight"]
    true = distances(events)
    edges = np.linspace(0, 22, 12)
    widths, errors = _widths(true, flat(events, "radius") - true, edges)
    centres = (edges[1:] + edges[:-1]) / 2
    left.errorbar(centres, widths, errors, 1, fmt="o", color=look(0).colour, label="simulated")
    fine = np.linspace(0, 22, 100)
    left.plot(fine, resolution(fine), color="0.35", ls="--", lw=1.5, label="Falaise")
    left.set_xlabel("Distance from the wire [mm]")
    left.set_ylabel("Resolution of radii [mm]")
    left.set_ylim(0, 1.3)
    left.legend()
    z = flat(events, "truth_z")
    edges = np.linspace(-1385, 1385, 15)
    widths, errors = _widths(z, flat(events, "wirez") - z, edges)
    centres, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    right.errorbar(centres, widths, errors, half, fmt="o", color=look(0).colour, label="simulated")
    right.axhline(10, color="0.35", ls="--", lw=1.5, label="Falaise")
    right.set_xlabel("z [mm]")
    right.set_ylabel("Resolution of heights [mm]")
    right.set_ylim(0, 14)
    right.legend()
    return figure


def _widths(place: Floats, residual: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Half of the central 68 % of residuals in bins, and its error."""
    bins = np.digitize(place, edges) - 1
    widths, errors = np.zeros((2, len(edges) - 1))
    for number in range(len(edges) - 1):
        mine = residual[(bins == number) & np.isfinite(residual)]
        low, high = np.quantile(mine, [0.1587, 0.8413])
        widths[number], errors[number] = (high - low) / 2, (high - low) / 2 / np.sqrt(2 * len(mine))
    return widths, errors


def timestamps(found: Found) -> Figure:
    """Times of the anode against those of the cathodes that they stand in for."""
    figure = Figure(figsize=(9.5, 4.2), layout="constrained")
    behind = times(found.real)
    behind = behind[np.isfinite(behind[:, 5:]).all(axis=1)]
    first, second = np.sort(behind[:, 5:], axis=1).T
    for ax, (name, cathode, anode) in zip(
        figure.subplots(1, 2),
        (("earlier", first, behind[:, 1]), ("later", second, behind[:, 2])),
        strict=True,
    ):
        kept = np.isfinite(anode)
        ax.hist2d(cathode[kept], anode[kept], bins=80, range=[[0, 70], [0, 70]], cmin=1)
        ax.set_xlabel(f"Cathode reached {name} [µs]")
        ax.set_ylabel(f"Anode time {1 if name == 'earlier' else 2} [µs]")
    return figure
