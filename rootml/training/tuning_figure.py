"""A search for hyper-parameters as a figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 3
LOOKS = {"complete": ("o", "#0072B2"), "pruned": ("x", "0.6")}
"""Marker and colour of trials by how they ended."""


def draw_search(
    table: Mapping[str, Any], logs: Mapping[str, bool], title: str, path: Path
) -> list[Path]:
    """Draw the loss of all trials in their order, and against each value.

    ``table``: "trials", each with "loss" (None: no number), "state" and its values, and the
    "importance" of each. ``logs``: names of values, and whether their axis is logarithmic.
    Returns the files: ``path`` plus .png, plus .pdf.
    """
    from matplotlib.figure import Figure

    trials = [trial for trial in table["trials"] if trial["loss"] is not None]
    rows = 1 + -(-len(logs) // COLUMNS)
    figure = Figure(figsize=(9, 3 * rows), layout="constrained")
    grid = figure.add_gridspec(rows, COLUMNS)
    history = figure.add_subplot(grid[0, :])
    _scatter(history, trials, "trial")
    done = [trial for trial in trials if trial["state"] == "complete"]
    best = np.minimum.accumulate([trial["loss"] for trial in done])
    history.step([trial["trial"] for trial in done], best, where="post", color="k", label="best")
    history.set_xlabel("Trial")
    history.set_title(title, loc="left")
    history.legend(frameon=False, ncols=3)
    for index, (name, log) in enumerate(logs.items()):
        axes = figure.add_subplot(grid[1 + index // COLUMNS, index % COLUMNS])
        _scatter(axes, trials, name)
        if log:
            axes.set_xscale("log")
        axes.set_xlabel(name.replace("_", " "))
        if name in table["importance"]:
            axes.set_title(f"importance {table['importance'][name]:.2f}", fontsize="medium")
    for axes in figure.axes:
        axes.set_ylabel("Validation loss")
        axes.tick_params(direction="in", which="both", top=True, right=True)
    paths = [path.with_name(path.name + ending) for ending in (".png", ".pdf")]
    for target in paths:
        figure.savefig(target, dpi=150)
    return paths


def _scatter(axes: Axes, trials: list[dict[str, Any]], name: str) -> None:
    """Loss against a number, or against what is none as text."""
    for state, (marker, colour) in LOOKS.items():
        some = [trial for trial in trials if trial["state"] == state]
        numbers = all(isinstance(trial[name], (int, float)) for trial in trials)
        x = [trial[name] if numbers else str(trial[name]) for trial in some]
        label = "cut short" if state == "pruned" else "trial"
        axes.plot(x, [t["loss"] for t in some], marker, color=colour, ms=4, ls="", label=label)
