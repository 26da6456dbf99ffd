"""The flat job as a plot: time of each way relative to the hand-written script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter
from record import Record, median, ratios

OURS, THEIRS, BASE = "#d55e00", "#7f7f7f", "#000000"
TICKS = [0.25, 0.5, 1, 2, 4, 8, 16, 32]


def draw(record: Record, path: Path) -> None:
    """Horizontal bars that begin at the hand-written script, on a logarithmic axis."""
    contest = record.contests["flat"]
    rounds, base = contest["rounds"], contest["base"]
    found = {way: ratios(rounds, way, base)[0] for way in rounds[0]}
    ways = sorted(found, key=lambda way: found[way], reverse=True)
    figure, ax = plt.subplots(figsize=(7.5, 0.36 * len(ways) + 1.5), layout="constrained")
    for row, way in enumerate(ways):
        bar(ax, row, found[way], median(rounds, way)[0], colour(way, base))
    ax.axvline(1, color=BASE, linewidth=1)
    ax.set_xscale("log")
    ax.set_xlim(0.15, 2.2 * max(found.values()))
    ax.xaxis.set_major_locator(FixedLocator(TICKS))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.set_yticks(range(len(ways)), ways)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.set_xlabel(f"Time / time of the script ({base}); less is better")
    figure.suptitle(contest["title"], fontsize=10)
    figure.supxlabel(conditions(record), fontsize=7, color=THEIRS)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def bar(ax: Axes, row: int, ratio: float, seconds: float, shade: str) -> None:
    """The ratio as a bar from 1, the numbers beside."""
    ax.barh(row, ratio - 1, left=1, height=0.65, color=shade)
    ax.text(1.03 * max(1, ratio), row, f" {ratio:.2f}  ({seconds:.1f} s)", va="center", fontsize=8)


def colour(way: str, base: str) -> str:
    if way == base:
        return BASE
    return OURS if "rootml" in way else THEIRS


def conditions(record: Record) -> str:
    machine: dict[str, Any] = record.machine
    packages = machine["packages"]
    named = ["onnxruntime", "uproot", "coffea", "torch", "root", "weaver-core"]
    versions = ", ".join(f"{name} {packages[name]}" for name in named if name in packages)
    cores = f"{machine['cores']} cores"
    return f"{machine['processor']}, {cores}, {record.date}\n{versions}"
