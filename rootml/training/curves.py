"""Figures of a training against its epochs."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rootml.training.job import Curve

PARTS = {"train": ("o-", "#0072B2"), "validation": ("s--", "#D55E00")}
"""Marker and colour (M. Okabe, K. Ito, 2008: told apart by the colour-blind) of each curve."""
MARKED = 60
"""Steps up to which each has a marker: those of more would cover the lines."""


def read_curves(folder: Path) -> dict[str, dict[int, float]]:
    """Read ``version_*/metrics.csv``: for each figure its value by epoch, counted from 1.

    Where a training was resumed, the later run of an epoch counts.
    """
    curves: dict[str, dict[int, float]] = {}
    runs = sorted(folder.glob("version_*/metrics.csv"), key=lambda path: path.stat().st_mtime_ns)
    for path in runs:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                for name, value in row.items():
                    if value and name.startswith(tuple(f"{part}_" for part in PARTS)):
                        curves.setdefault(name, {})[int(row["epoch"]) + 1] = float(value)
    return curves


def draw_curves(
    curves: Mapping[str, Curve],
    title: str,
    path: Path,
    *,
    loss: str = "Loss",
    step: str = "Epoch",
    warmup: int = 0,
) -> list[Path]:
    """Draw curves named ``"<part>_<figure>"`` to ``path`` plus .png and plus .pdf; returns both.

    ``loss``: what the loss is; ``step``: what is counted; ``warmup``: epochs on cheaper inputs,
    which are shaded.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figures = [name.removeprefix("train_") for name in curves if name.startswith("train_")]
    figures.sort(key=lambda name: name != "loss")
    figure = Figure(figsize=(6, 3 * len(figures)), layout="constrained")
    rows = figure.subplots(len(figures), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(rows, figures, strict=True):
        _draw(axes, {part: curves[f"{part}_{name}"] for part in PARTS}, warmup)
        axes.set_ylabel(loss if name == "loss" else name.replace("_", " ").capitalize())
    losses = [value for part in PARTS for value in curves[f"{part}_loss"].values()]
    figure.axes[0].set_yscale("log" if min(losses) > 0 else "linear")
    figure.axes[0].legend(frameon=False)
    figure.axes[0].set_title(title, loc="left")
    figure.axes[-1].set_xlabel(step)
    figure.axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    paths = [path.with_name(path.name + ending) for ending in (".png", ".pdf")]
    for target in paths:
        figure.savefig(target, dpi=150)
    return paths


def _draw(axes: Axes, curves: Mapping[str, Curve], warmup: int) -> None:
    for part, curve in curves.items():
        marker, colour = PARTS[part]
        steps = sorted(curve)
        values = [curve[step] for step in steps]
        size = 3 if len(steps) <= MARKED else 0
        axes.plot(steps, values, marker, color=colour, markersize=size, label=part)
    if warmup:
        axes.axvspan(0.5, warmup + 0.5, color="0.92", label="warm-up", zorder=0)
    axes.tick_params(direction="in", which="both", top=True, right=True)
