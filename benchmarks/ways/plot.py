"""The flat job as a plot: time of each way relative to the hand-written script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter
from record import Record, medians

OURS, THEIRS, BASE = "#d55e00", "#7f7f7f", "#000000"
TICKS = [0.25, 0.5, 1, 2, 4, 8, 16, 32]


def draw(record: Record, path: Path) -> None:
    """Horizontal bars that begin at the hand-written script, on a logarithmic axis."""
    contest = record.contests["flat"]
    found = medians(contest["runs"])
    base = contest["base"]
    ways = sorted(found, key=lambda way: found[way][0], reverse=True)
    figure, ax = plt.subplots(figsize=(7.5, 0.36 * len(ways) + 1.5), layout="constrained")
    for row, way in enumerate(ways):
        bar(ax, row, contest["runs"][way], found[base][0], colour(way, base))
    ax.axvline(1, color=BASE, linewidth=1)
    ax.set_xscale("log")
    slowest = max(found.values())[0] / found[base][0]
    ax.set_xlim(0.2, 2.2 * slowest)
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


def bar(ax: Axes, row: int, turns: list[list[float]], base: float, colour: str) -> None:
    """The median as a bar, the spread of the turns as a line, the numbers beside."""
    seconds = sorted(turn[0] for turn in turns)
    middle = seconds[len(seconds) // 2] / base
    ax.barh(row, middle - 1, left=1, height=0.65, color=colour)
    ax.plot([seconds[0] / base, seconds[-1] / base], [row, row], color=BASE, linewidth=1)
    edge = max(1, middle, seconds[-1] / base)
    text = f" {middle:.2f}  ({middle * base:.1f} s)"
    ax.text(1.03 * edge, row, text, va="center", fontsize=8)


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
