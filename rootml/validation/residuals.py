"""Residuals of regressions: what is counted of them, and their figures, before and after.

"Before" is what the file's own reconstruction makes of the same truth (``Reference.estimates``),
"after" the network, on the same events or objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from hist import Hist, axis, storage

from rootml.adapter import Adapter
from rootml.card import ModelCard, Output
from rootml.spec import Array
from rootml.validation.classification import LEVEL
from rootml.validation.draft import Draft, Unavailable
from rootml.validation.regression import Residuals
from rootml.validation.report import Plot
from rootml.validation.scales import COARSE, RESIDUAL, truth_edge, truth_keys
from rootml.validation.setting import Setting
from rootml.validation.tally import Tally, against
from rootml.validation.units import Units

FAR = (3.0, 5.0)
"""Tails begin at so many core widths (of pulls: units) where a card does not say where."""

MAX_BINS, MIN_ENTRIES = 12, 100
"""At most so many bins of the true value, with at least so many entries each."""

REACH = (6.0, 20.0)
"""A histogram of residuals reaches the last thousandth, between so many of their widths."""

_DISPLAY_BINS = 400


def estimators(output: Output, adapter: Adapter) -> dict[str, str]:
    """Who estimates the truth of an output: its residuals' name -> the column, the network last."""
    before = (
        r.column for r in adapter.references if r.estimates and r.estimates == output.estimates
    )
    return {f"{output.name}_{column}": column for column in before} | {output.name: ""}


def columns(output: Output, adapter: Adapter) -> Iterator[str]:
    """Logical columns that the residuals of an output need, where the file has them."""
    yield output.estimates
    yield from filter(None, estimators(output, adapter).values())


def fill(tally: Tally, output: Output, setting: Setting, units: Units) -> None:
    """Count the residuals of an output, of its references, and its pulls."""
    truth = units.column(output.estimates)
    if truth is None:
        return
    scale = np.where(truth > 0, truth, np.nan) if is_relative(output) else 1.0
    for name, reference in estimators(output, setting.adapter).items():
        values = units.column(reference) if reference else units.outputs[output.name]
        if values is not None:
            _fill(tally, f"residual_{name}", (values - truth) / scale, truth, units)
    uncertainty = uncertainty_of(output, setting.card)
    if uncertainty is not None and uncertainty in units.outputs:
        error = units.outputs[uncertainty].astype(np.float64)
        pulls = (units.outputs[output.name] - truth) / np.where(error > 0, error, np.nan)
        _fill(tally, f"pull_{output.name}", pulls, truth, units)


def _fill(tally: Tally, name: str, residuals: Array, truth: Array, units: Units) -> None:
    """Count residuals, alone and by true value; those that are not finite are counted apart."""
    good = np.isfinite(residuals)
    tally.counts["missing", name] += int(np.count_nonzero(~good))
    residuals, keys, weight = residuals[good], truth_keys(truth[good]), units.weights(good)
    label = "asinh(x/1e-6)"
    fine = RESIDUAL.axis("residual", label)
    tally.fill(name, (fine,), RESIDUAL.forward(residuals), weight=weight)
    axes = axis.IntCategory([], growth=True, name="truth"), COARSE.axis("residual", label)
    tally.fill(against(name, "truth"), axes, keys, COARSE.forward(residuals), weight=weight)


def is_relative(output: Output) -> bool:
    """Whether residuals are relative to the true value: those of energies are."""
    return output.role == "energy"


def uncertainty_of(output: Output, card: ModelCard) -> str | None:
    """The name of the output that is the standard deviation of this one, or None."""
    return next((other.name for other in card.outputs if other.error_of == output.name), None)


def residual_section(draft: Draft, output: Output) -> dict[str, Any]:
    """Figures of an output's residuals and pulls, by estimator; empty where there are none."""
    name = output.name
    if not output.estimates:
        return {}
    made = draft.draw(Plot(f"{name}_residual", "residual", name), partial(_residual, draft, output))
    if made is None:
        return {}
    draft.draw(Plot(f"{name}_residual_tails", "residual_tails", name), dict)
    rows = draft.draw(
        Plot(f"{name}_resolution", "resolution", name), partial(_against_truth, draft, output)
    )
    figures = {"residual": made | {"against_truth": rows or []}}
    if uncertainty_of(output, draft.card) is not None:
        pull = draft.draw(Plot(f"{name}_pull", "pull", name), partial(_pull, draft, name))
        figures |= {"pull": pull} if pull else {}
    return figures


def residual_histograms(
    tally: Tally, output: Output, adapter: Adapter
) -> Iterator[tuple[str, Any]]:
    """Residuals in their unit, of all estimators in the same bins, and pulls."""
    names = [f"residual_{name}" for name in estimators(output, adapter)]
    for group in (names, [f"pull_{output.name}"]):
        series = {name: _counted(tally, name) for name in group if _entries(tally, name)}
        half = _reach(series.values(), output.tails if group is names else ()) if series else 0.0
        for name, residuals in series.items():
            bins = axis.Regular(_DISPLAY_BINS, -half, half, name="residual", flow=False)
            made = Hist(bins, storage=storage.Double())
            made.view()[...] = residuals.rebinned(bins.edges)
            yield name, made


def _residual(draft: Draft, output: Output) -> dict[str, Any]:
    draft.require_judged()
    if f"residual_{output.name}" not in draft.tally.hists:
        raise Unavailable(f"the file has no true value ({output.estimates})")
    if not _entries(draft.tally, f"residual_{output.name}"):
        raise Unavailable(f"no judged event has a true value ({output.estimates})")
    series = _series(draft, output)
    bounds = output.tails
    if not bounds:
        cores = (_counted(draft.tally, name).core() for name in series)
        width = next((core.width.value for core in cores if core), 0.0)
        bounds = tuple(far * width for far in FAR if width)
    return {
        "truth": output.estimates,
        "relative": is_relative(output),
        "unit": "" if is_relative(output) else output.unit,
        "estimators": [
            {"name": name, "title": title, "missing": draft.tally.counts["missing", name]}
            | asdict(_counted(draft.tally, name).summary(bounds))
            for name, title in series.items()
        ],
    }


def _series(draft: Draft, output: Output) -> dict[str, str]:
    """Titles of the estimators that have residuals, by the name of their histogram."""
    titles = {r.column: r.title for r in draft.setting.adapter.references}
    return {
        f"residual_{name}": titles.get(column, draft.card.name)
        for name, column in estimators(output, draft.setting.adapter).items()
        if _entries(draft.tally, f"residual_{name}")
    }


def _pull(draft: Draft, name: str) -> dict[str, Any]:
    if not _entries(draft.tally, f"pull_{name}"):
        raise Unavailable(f"no uncertainty of {name} is a positive number")
    missing = draft.tally.counts["missing", f"pull_{name}"]
    return {"missing": missing} | asdict(_counted(draft.tally, f"pull_{name}").summary(FAR))


def _against_truth(draft: Draft, output: Output) -> list[dict[str, Any]]:
    """Bias and width in bins of the true value, as evenly filled as its 1 % bins allow."""
    tables = {
        name: dict(zip(hist.axes["truth"], hist.view(flow=True), strict=True))
        for name in _series(draft, output)
        for hist in [draft.tally.hists[against(name, "truth")]]
    }
    after = tables[f"residual_{output.name}"]
    edges = _edges({key: int(table.sum()) for key, table in after.items()})
    if len(edges) < 3:
        raise Unavailable(
            f"the true values ({output.estimates}) fill no two bins of 1 % with {MIN_ENTRIES} each"
        )
    return [
        {
            "low": truth_edge(low),
            "high": truth_edge(high),
            "estimators": {name: _in_bin(table, low, high) for name, table in tables.items()},
        }
        for low, high in pairwise(edges)
    ]


def _edges(entries: Mapping[int, int]) -> list[int]:
    """Keys at which the bins of the true value begin, and at which the last one ends."""
    keys = sorted(entries)
    total = sum(entries.values())
    wanted = max(total / MAX_BINS, MIN_ENTRIES)
    edges, held, left = [keys[0]], 0, total
    for key in keys:
        if held >= wanted and left >= MIN_ENTRIES:
            edges.append(key)
            held = 0
        held += entries[key]
        left -= entries[key]
    return [*edges, keys[-1] + 1]


def _in_bin(table: Mapping[int, Array], low: int, high: int) -> dict[str, Any] | None:
    """Figures of the residuals whose true value has a key from ``low`` to below ``high``."""
    counts = sum(counts for key, counts in table.items() if low <= key < high)
    if not np.sum(counts):
        return None
    residuals = Residuals.from_bins(np.asarray(counts), COARSE)
    median, width = residuals.quantiles()
    return {"entries": residuals.entries, "median": asdict(median), "width": asdict(width)}


def _counted(tally: Tally, name: str) -> Residuals:
    return Residuals.from_bins(tally.hists[name].view(flow=True))


def _entries(tally: Tally, name: str) -> int:
    return int(tally.hists[name].sum(flow=True)) if name in tally.hists else 0


def _reach(series: Iterable[Residuals], bounds: Sequence[float]) -> float:
    """Where the axis of some distributions ends, on either side of zero."""
    low = (1 - LEVEL) / 2
    ends = np.array([one.at(np.array([0.001, low, 1 - low, 0.999])) for one in series])
    width = (ends[:, 2] - ends[:, 1]).min() / 2
    far = np.clip(np.abs(ends).max(), REACH[0] * width, REACH[1] * width)
    return float(max((far, *(1.2 * bound for bound in bounds))))
