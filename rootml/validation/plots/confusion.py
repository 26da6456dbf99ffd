"""Several classes: what is taken for what, and how well each is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.spec import Array
from rootml.validation.comparing.series import Series
from rootml.validation.plots.canvas import (
    HEIGHT,
    MEDIUM,
    SMALL,
    WIDTH,
    panel,
    variable_axis,
    within,
)
from rootml.validation.plots.label import finish, header
from rootml.validation.style import Style, count, look

NONE = "none"
"""How the column of predictions is called that are of no known class."""

_STRIP, _BOTTOM, _BAR, _GAP, _LETTER = 0.8, 0.95, 0.22, 0.15, 0.115
"""Inches: strip with the label, margin below, colour bar, gap before it, a letter."""

_CELL, _EMPTY_CELL = 0.66, 0.28
"""Inches of a cell that holds numbers, and of one that does not, at least."""

_WITH_COUNTS, _WITH_NUMBERS = 6, 12
"""Up to so many classes the cells hold counts, or shares at least."""


def draw_confusion(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Where the entries of each true class end: shares in percent, and counts.

    The last row is of those of no class, if there are any.
    """
    made = _confusion(series[0], output)
    beyond = [one] if (one := made.get("beyond")) else []
    shares = np.array([*made["by_truth"], *(one["by_truth"] for one in beyond)])
    counts = np.array([*made["counts"], *(one["counts"] for one in beyond)])
    rows = [*made["classes"], *(one["title"] for one in beyond)]
    return _matrix(series, style, (shares, counts), (rows, made["classes"]), "true")


def draw_confusion_by_prediction(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Where the entries that were taken for each class come from."""
    made = _confusion(series[0], output)
    parts = np.array(made["by_prediction"]), np.array(made["counts"])
    return _matrix(series, style, parts, (made["classes"], made["classes"]), "predicted")


def draw_classes(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Efficiency and purity of each class, with their intervals."""
    figure, ax = panel()
    classes = _confusion(series[0], output)["classes"]
    lowest, marks = 1.0, 2 * len(series)
    for i, one in enumerate(series):
        made = _confusion(one, output)
        for j, figure_name in enumerate(("efficiency", "purity")):
            place = 2 * i + j
            title = figure_name if len(series) == 1 else f"{one.title}, {figure_name}"
            shift = 0.5 * ((place + 0.5) / marks - 0.5)
            lowest = min(lowest, _points(ax, made[figure_name], shift, place, title.capitalize()))
    ax.set_xlim(-0.5, len(classes) - 0.5)
    slanted = _slanted(classes, 0.8 * WIDTH / len(classes))
    ax.set_xticks(range(len(classes)), classes, **slanted)
    figure.subplots_adjust(bottom=(_BOTTOM - 0.2 + _below(classes, slanted)) / HEIGHT)
    ax.minorticks_off()
    ax.set_ylim(max(0.0, 1 - 1.15 * (1 - lowest)), 1)
    ax.set_xlabel("Class")
    ax.set_ylabel("Efficiency, purity")
    finish(ax, series, style, *_accuracies(series, output))
    return figure


def draw_accuracy_against(series: Sequence[Series], subject: str, style: Style) -> Figure:
    """Accuracy in bins of a variable. The subject is ``<output>:<variable>``."""
    output, variable = subject.split(":", 1)
    figure, ax = panel()
    found = [one.report.figures["outputs"][output]["against"][variable] for one in series]
    edges = np.array([(r["low"], r["high"]) for made in found for r in made["accuracy"]])
    variable_axis(ax, found[0], edges)
    lowest = 1.0
    for i, (one, made) in enumerate(zip(series, found, strict=True)):
        rows, shift = made["accuracy"], 0.08 * (i - (len(series) - 1) / 2)
        low, high = np.array([(row["low"], row["high"]) for row in rows]).T
        x = within(ax, low, high, 0.5 + shift)
        value, down, up = np.array([list(row["accuracy"].values()) for row in rows]).T
        bars: dict[str, Any] = {"fmt": one.look.marker, "color": one.look.colour, "lw": 1.5}
        errors = (value - down, up - value)
        ax.errorbar(x, value, errors, (x - low, high - x), label=one.title, **bars)
        lowest = min(lowest, float(down.min()))
    ax.set_ylim(max(0.0, 1 - 1.15 * (1 - lowest)), 1)
    ax.set_ylabel("Accuracy")
    finish(ax, series, style)
    return figure


def _confusion(one: Series, output: str) -> Mapping[str, Any]:
    made: Mapping[str, Any] = one.report.figures["outputs"][output]["confusion"]
    return made


def _accuracies(series: Sequence[Series], output: str) -> list[str]:
    if len(series) > 1:
        return []
    accuracy = _confusion(series[0], output)["accuracy"]
    percent = {key: 100 * value for key, value in accuracy.items()}
    up, down = percent["high"] - percent["value"], percent["value"] - percent["low"]
    return [f"Accuracy ${percent['value']:.2f}^{{+{up:.2f}}}_{{-{down:.2f}}}$ %"]


def _points(
    ax: Axes, rows: Sequence[Mapping[str, float | None]], shift: float, place: int, title: str
) -> float:
    """Draw the classes that have a figure; returns the lowest end of their intervals."""
    known = [(i, row) for i, row in enumerate(rows) if _is_number(row["value"])]
    if not known:
        return 1.0
    x = np.array([i + shift for i, _ in known])
    value, low, high = np.array([[row[k] for k in ("value", "low", "high")] for _, row in known]).T
    as_ = look(place)
    ax.errorbar(
        x, value, (value - low, high - value), fmt=as_.marker, color=as_.colour, lw=1.5, label=title
    )
    return float(low.min())


def _is_number(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(value))


def _matrix(
    series: Sequence[Series],
    style: Style,
    parts: tuple[Array, Array],
    names: tuple[Sequence[str], Sequence[str]],
    of: str,
) -> Figure:
    """Shares and counts, ``parts``, by the ``names`` of rows and columns, and what is of none."""
    (shares, counts), (rows, columns) = (part.astype(np.float64) for part in parts), names
    if counts[:, -1].any():
        columns = [*columns, NONE]
    shares, counts = shares[:, : len(columns)], counts[:, : len(columns)]
    figure, ax, bar, cell = _page(columns, rows)
    drawn = ax.imshow(100 * shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    colour_bar = figure.colorbar(drawn, cax=bar)
    colour_bar.set_label(f"Share of {of} class [%]")
    if len(rows) <= _WITH_NUMBERS:
        _write_cells(ax, shares, counts if len(rows) <= _WITH_COUNTS else None)
    ax.set_xticks(range(len(columns)), columns, **_slanted(columns, cell))
    ax.set_yticks(range(len(rows)), rows)
    ax.minorticks_off()
    for axis in (ax, bar):
        axis.tick_params(which="both", length=0)
    ax.set_xlabel("Predicted class")
    ax.set_ylabel("True class")
    left = ax.get_position().x0
    header(figure, series, style, left, _STRIP)
    return figure


def _page(columns: Sequence[str], rows: Sequence[str]) -> tuple[Figure, Axes, Axes, float]:
    """A figure that grows with the classes, axes of matrix and colour bar, width of a cell."""
    cell = _CELL if len(rows) <= _WITH_NUMBERS else _EMPTY_CELL
    left, right = 0.55 + _LETTER * max(map(len, rows)), _GAP + _BAR + 0.85
    inside = max(WIDTH - left - right, cell * len(columns))
    bottom = _BOTTOM + _below(columns, _slanted(columns, inside / len(columns)))
    width, height = inside + left + right, max(HEIGHT, 0.75 * cell * len(rows) + _STRIP + bottom)
    figure = Figure(figsize=(width, height))
    down, high = bottom / height, 1 - (_STRIP + bottom) / height
    ax = figure.add_axes((left / width, down, inside / width, high))
    bar = figure.add_axes(((left + inside + _GAP) / width, down, _BAR / width, high))
    return figure, ax, bar, inside / len(columns)


def _write_cells(ax: Axes, shares: Array, counts: Array | None) -> None:
    for (row, column), share in np.ndenumerate(shares):
        if not np.isfinite(share):
            continue
        text = _percent(100 * share)
        if counts is not None:
            text += f"\n{count(float(counts[row, column]))}"
        colour = "white" if share > 0.5 else "black"
        ax.text(column, row, text, ha="center", va="center", color=colour, size=SMALL)


def _percent(share: float) -> str:
    """To a decimal; only what is nothing, or all, is written as 0, or 100."""
    if share in (0, 100):
        return f"{share:g}"
    return "<0.1" if 0 < share < 0.05 else ">99.9" if 99.95 <= share < 100 else f"{share:.1f}"


def _slanted(names: Sequence[str], room: float) -> dict[str, Any]:
    """Names side by side where each fits its ``room`` in inches, slanted where one does not."""
    if _LETTER * max(map(len, names)) + 0.1 <= room:
        return {"size": MEDIUM}
    return {"size": SMALL, "rotation": 35, "ha": "right", "rotation_mode": "anchor"}


def _below(names: Sequence[str], how: Mapping[str, Any]) -> float:
    """Inches that slanted names take below an axis, beyond those that stand upright."""
    return 0.6 * _LETTER * max(map(len, names)) if "rotation" in how else 0.0
