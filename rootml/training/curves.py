"""Loss and accuracy of a training against its epochs."""

from __future__ import annotations

import csv
from pathlib import Path

FIGURES = ("loss", "accuracy")
PARTS = {"train": ("o-", "#0072B2"), "validation": ("s--", "#D55E00")}
"""Marker and colour (M. Okabe, K. Ito, 2008: told apart by the colour-blind) of each curve."""

Curve = dict[int, float]


def read_curves(folder: Path) -> dict[str, Curve]:
    """Read ``version_*/metrics.csv``: for each figure its value by epoch, counted from 1.

    Where a training was resumed, the later run of an epoch counts.
    """
    curves: dict[str, Curve] = {f"{part}_{figure}": {} for figure in FIGURES for part in PARTS}
    runs = sorted(folder.glob("version_*/metrics.csv"), key=lambda path: path.stat().st_mtime_ns)
    for path in runs:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                for name, curve in curves.items():
                    if row.get(name):
                        curve[int(row["epoch"]) + 1] = float(row[name])
    return curves


def draw_curves(curves: dict[str, Curve], title: str, path: Path, warmup: int = 0) -> list[Path]:
    """Draw loss and accuracy to ``path`` plus .png and plus .pdf; returns both.

    ``warmup``: epochs on cheaper inputs, which are shaded.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 6), layout="constrained")
    for axes, name in zip(figure.subplots(2, 1, sharex=True), FIGURES, strict=True):
        for part, (marker, colour) in PARTS.items():
            epochs = sorted(curves[f"{part}_{name}"])
            values = [curves[f"{part}_{name}"][epoch] for epoch in epochs]
            axes.plot(epochs, values, marker, color=colour, markersize=3, label=part)
        if warmup:
            axes.axvspan(0.5, warmup + 0.5, color="0.92", label="warm-up", zorder=0)
        axes.set_ylabel("Weighted cross entropy" if name == "loss" else "Accuracy")
        axes.tick_params(direction="in", which="both", top=True, right=True)
    first, last = figure.axes
    first.set_yscale("log")
    first.legend(frameon=False)
    first.set_title(title, loc="left")
    last.set_xlabel("Epoch")
    paths = [path.with_name(path.name + ending) for ending in (".png", ".pdf")]
    for target in paths:
        figure.savefig(target, dpi=150)
    return paths
