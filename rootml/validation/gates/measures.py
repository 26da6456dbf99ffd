"""The metrics that gates know: where each is found among the figures of a report."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rootml.errors import InputError, nearest
from rootml.validation.statistics.binomial import efficiency_interval

Figures = Mapping[str, Any]
"""Figures of a report, or of one of its outputs, as plain data of report.json."""


class Undecided(Exception):
    """A figure that a report does not have, and why."""


@dataclass(frozen=True)
class Kind:
    """How a metric is read from the figures of a report, or of one output.

    ``read(figures, point, place)``: a number, or a mapping with value, low and high. ``point``:
    what stands behind its ``@``; ``place``: what its brackets may name. Figures of an output hold
    its ``name``. ``plot``: the plot (of the
    output) whose absence gives the reason why the metric is missing.
    """

    doc: str
    read: Callable[[Figures, str, str], Any]
    of: Literal["output", "report"] = "output"
    point: str = ""
    place: Literal["", "input", "bin", "variable"] = ""
    plot: str = ""


def _cut(figures: Figures, point: str) -> Figures:
    """The row of a working point: one of the card by name, or a signal efficiency."""
    target = _number(point)
    if target is None:
        rows: dict[str, Figures] = {row["name"]: row for row in figures["card_working_points"]}
        if point not in rows:
            raise Undecided(f"there is no working point {point!r}{nearest(point, rows)}")
        return rows[point]
    if not 0 < target <= 1:
        raise InputError(f"@{point}: a signal efficiency is above 0 and at most 1")
    table: Sequence[Figures] = figures["working_points"]
    for row in table:
        if math.isclose(row["target"], target):
            return row
    efficiencies = figures["curve"]["efficiency"]
    kept = [i for i, value in enumerate(efficiencies) if value >= target * (1 - 1e-12)]
    if not kept:
        raise Undecided(f"no cut keeps {point} of the signal")
    return _on_curve(figures, kept[-1])


def _on_curve(figures: Figures, index: int) -> Figures:
    """A point of the ROC curve, which goes from loose to tight cuts, as a row."""
    curve = figures["curve"]

    def at(name: str) -> Any:
        return curve[name][index]

    estimates = {
        name: {"value": at(name), "low": at(f"{name}_low"), "high": at(f"{name}_high")}
        for name in ("efficiency", "rejection")
    }
    return {"threshold": at("threshold"), **estimates}


def _working_point(name: str) -> Callable[[Figures, str, str], Any]:
    def read(figures: Figures, point: str, place: str) -> Any:
        return (_cut_in_bin(figures, point, place) if place else _cut(figures, point))[name]

    return read


def _cut_in_bin(figures: Figures, point: str, place: str) -> Figures:
    """A bin's own cut at a signal efficiency, or the same cut of the card in all bins."""
    against, bounds = _against(figures, place)
    target = _number(point)
    key = "flat_cut" if target is None else "flat_efficiency"
    given = against[key]["name" if target is None else "target"]
    if given != (point if target is None else target):
        raise Undecided(f"in bins the figures are at {given}, not at {point}")
    cut: Figures | None = _row(against[key]["rows"], bounds)["cut"]
    if cut is None:
        raise Undecided(f"too few events in {place}")
    return cut


def _efficiency(figures: Figures, point: str, place: str) -> Any:
    target = _number(point)
    if target is None or place:
        return _working_point("efficiency")(figures, point, place)
    if target < 1:
        raise InputError(f"efficiency@{point}: a background rejection is 1 or more")
    rejections = figures["curve"]["rejection"]
    tight = [i for i, value in enumerate(rejections) if value is None or value >= target]
    if not tight:
        raise Undecided(f"no cut has a rejection of {point}")
    return _on_curve(figures, tight[0])["efficiency"]


def _residuals(*keys: str) -> Callable[[Figures, str, str], Any]:
    """A figure of the network's own residuals."""

    def read(figures: Figures, point: str, place: str) -> Any:
        name = f"residual_{figures['name']}"
        if place:
            against, bounds = _against(figures, place)
            own = _row(against["residual"], bounds)["estimators"][name]
        else:
            own = next(one for one in figures["residual"]["estimators"] if one["name"] == name)
        return _at(own, keys)

    return read


def _accuracy(figures: Figures, point: str, place: str) -> Any:
    if not place:
        return figures["confusion"]["accuracy"]
    against, bounds = _against(figures, place)
    return _row(against["accuracy"], bounds)["accuracy"]


def _coverage(figures: Figures, point: str, place: str) -> Any:
    if not place:
        return figures["sets"]["coverage"]
    against, bounds = _against(figures, place)
    return _row(against["coverage"], bounds)["coverage"]


def _figure(*keys: str) -> Callable[[Figures, str, str], Any]:
    return lambda figures, point, place: _at(figures, keys)


def _of_input(key: str) -> Callable[[Figures, str, str], Any]:
    def read(figures: Figures, point: str, place: str) -> Any:
        axes = {name: axis for name, axis in figures["domain"]["axes"].items() if axis}
        if place not in axes:
            raise Undecided(f"no input {place!r} has a training domain{nearest(place, axes)}")
        return axes[place][key]

    return read


def _peak(*keys: str) -> Callable[[Figures, str, str], Any]:
    """A figure of the peak that was fitted to a variable."""

    def read(figures: Figures, point: str, place: str) -> Any:
        peaks = {name: one["peak"] for name, one in figures["variables"].items() if one.get("peak")}
        if place not in peaks:
            raise Undecided(f"no peak is fitted to a variable {place!r}{nearest(place, peaks)}")
        return _at(peaks[place], keys)

    return read


def _judged(figures: Figures, point: str, place: str) -> Any:
    events = figures["events"]
    if not events["units"]:
        raise Undecided("the sample has no events")
    return asdict(efficiency_interval(events["judged"], events["units"]).one())


def _drifted(figures: Figures, point: str, place: str) -> int:
    return sum(axis["drifts"] for axis in figures["domain"]["axes"].values() if axis)


def _against(figures: Figures, place: str) -> tuple[Figures, tuple[float, float]]:
    """Figures against the variable, and the ends of the bin, of ``variable=low:high``."""
    variable, _, ends = (part.strip() for part in place.partition("="))
    bounds = [_number(end) for end in ends.split(":")]
    if len(bounds) != 2 or None in bounds:
        raise InputError(f"[{place}]: write a bin as in [energy=10:20]")
    low, high = (float(end) for end in ends.split(":"))
    known = figures.get("against") or {}
    if variable not in known:
        raise Undecided(f"nothing is given against {variable!r}{nearest(variable, known)}")
    return known[variable], (low, high)


def _row(rows: Sequence[Figures], bounds: tuple[float, float]) -> Figures:
    """The row of a bin; its ends may be given to four digits."""
    for row in rows:
        ends = row["low"], row["high"]
        if all(math.isclose(a, b, rel_tol=5e-4) for a, b in zip(ends, bounds, strict=True)):
            return row
    bins = ", ".join(f"{row['low']:.4g}:{row['high']:.4g}" for row in rows)
    raise Undecided(f"there is no bin {bounds[0]:g}:{bounds[1]:g} (bins: {bins or 'none'})")


def _at(figures: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        figures = figures[key]
    return figures


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


_AT = "efficiency or working point"

METRICS: Mapping[str, Kind] = {
    "auc": Kind("area under the ROC curve", _figure("auc"), plot="roc"),
    "rejection": Kind(
        "background rejection", _working_point("rejection"), point=_AT, place="bin", plot="roc"
    ),
    "efficiency": Kind(
        "signal efficiency",
        _efficiency,
        point="rejection or working point",
        place="bin",
        plot="roc",
    ),
    "threshold": Kind("threshold", _working_point("threshold"), point=_AT, plot="roc"),
    "average_precision": Kind(
        "average precision", _figure("precision_recall", "average"), plot="precision_recall"
    ),
    "ece": Kind("expected calibration error", _figure("reliability", "ece"), plot="reliability"),
    "nll": Kind("negative log likelihood", _figure("nll"), plot="nll"),
    "brier": Kind("Brier score", _figure("brier"), plot="brier"),
    "coverage": Kind(
        "share of sets that hold the true class", _coverage, place="bin", plot="coverage"
    ),
    "set_size": Kind("mean size of sets", _figure("sets", "size"), plot="coverage"),
    "cluster_purity": Kind(
        "mean purity of clusters", _figure("clusters", "purity"), plot="confusion"
    ),
    "cluster_efficiency": Kind(
        "mean efficiency of clusters", _figure("clusters", "efficiency"), plot="confusion"
    ),
    "rand_index": Kind("mean adjusted Rand index", _figure("clusters", "rand"), plot="confusion"),
    "accuracy": Kind("share of right labels", _accuracy, place="bin", plot="confusion"),
    "bias": Kind("median of the residuals", _residuals("median"), place="bin", plot="residual"),
    "width": Kind("half of the central 68.27 %", _residuals("width"), place="bin", plot="residual"),
    "eiqr75": Kind("(P75 - P25)/1.349", _residuals("eiqr75"), place="bin", plot="residual"),
    "eiqr95": Kind("(P95 - P5)/3.290", _residuals("eiqr95"), place="bin", plot="residual"),
    "core": Kind("fitted width of the core", _residuals("core", "width"), plot="residual"),
    "rms": Kind("root mean square", _residuals("rms"), plot="residual"),
    "pull": Kind("width of the pulls", _figure("pull", "width"), plot="pull"),
    "judged": Kind("share that was judged", _judged, of="report"),
    "outside": Kind(
        "share outside the training domain",
        _figure("domain", "fraction"),
        of="report",
        plot="domain",
    ),
    "drifted": Kind("inputs that drifted", _drifted, of="report", plot="domain"),
    "ks": Kind(
        "Kolmogorov distance to the training",
        _of_input("ks"),
        of="report",
        place="input",
        plot="domain",
    ),
    "wasserstein": Kind(
        "mean shift to the training",
        _of_input("wasserstein"),
        of="report",
        place="input",
        plot="domain",
    ),
    "peak_mean": Kind(
        "mean of a fitted peak", _peak("parameters", "mean"), of="report", place="variable"
    ),
    "peak_width": Kind(
        "width of a fitted peak", _peak("parameters", "width"), of="report", place="variable"
    ),
    "peak_p_value": Kind(
        "p-value of a fitted peak", _peak("p_value"), of="report", place="variable"
    ),
}
