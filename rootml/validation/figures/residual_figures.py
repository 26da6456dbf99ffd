"""Figures of a regression: residuals before and after, against the truth and any variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from rootml.card import Output
from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation.counting.residuals import (
    estimators,
    from_counts,
    is_relative,
    residuals_of,
    total,
    uncertainty_of,
)
from rootml.validation.counting.tally import Tally, against
from rootml.validation.counting.units import Variable, bins_of
from rootml.validation.figures.draft import Draft, Unavailable
from rootml.validation.report import Plot
from rootml.validation.statistics.binomial import LEVEL, Estimate
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.paired import Paired, improvement
from rootml.validation.statistics.peaks import fit_binned
from rootml.validation.statistics.regression import Residuals
from rootml.validation.statistics.scales import COARSE, truth_edge
from rootml.validation.statistics.summary import Summary

FAR = (3.0, 5.0)
"""Tails begin at so many core widths (of pulls: units) where a card does not say where."""

MAX_BINS, MIN_ENTRIES = 12, 100
"""At most so many bins of the true value, with at least so many entries each."""

FEWEST = 20
"""A bin of a variable with fewer (effective) entries gives no figure."""

PEAK, PEAK_BINS, PEAK_REACH = "double_crystal_ball", 100, 6.0
"""Shape that is fitted to residuals, in so many bins over so many widths on either side."""


def residual_section(draft: Draft, output: Output) -> dict[str, Any]:
    """Figures of an output's residuals and pulls, by estimator; empty where there are none."""
    name = output.name
    made = draft.draw(Plot(f"{name}_residual", "residual", name), partial(_residual, draft, output))
    if made is None:
        return {}
    draft.draw(Plot(f"{name}_residual_tails", "residual_tails", name), dict)
    truth = partial(_against_truth, draft, output, "residual")
    made["against_truth"] = draft.draw(Plot(f"{name}_resolution", "resolution", name), truth) or []
    profile = partial(_profile, output, made["against_truth"])
    made["profile"] = draft.draw(Plot(f"{name}_truth_2d", "truth_2d", name), profile) or []
    response = partial(_response, draft, output, made["against_truth"])
    made["response"] = draft.draw(Plot(f"{name}_response", "response", name), response)
    made["peak"] = draft.draw(Plot(f"{name}_peak", "peak", name), partial(_peak, draft, name))
    figures = {"residual": made, "against": _against_variables(draft, output)}
    if uncertainty_of(output, draft.card) is not None:
        pull = draft.draw(Plot(f"{name}_pull", "pull", name), partial(_pull, draft, name))
        figures |= {"pull": pull} if pull else {}
    return figures


def peak_bins(residuals: Residuals) -> tuple[Array, Counts]:
    """Edges and entries of the bins in which a shape is fitted to residuals."""
    median, width = (one.value for one in residuals.quantiles())
    edges = np.linspace(median - PEAK_REACH * width, median + PEAK_REACH * width, PEAK_BINS + 1)
    return edges, residuals.rebinned(edges)


def _residual(draft: Draft, output: Output) -> dict[str, Any]:
    draft.require_judged()
    own = f"residual_{output.name}"
    if own not in draft.tally.hists:
        raise Unavailable(f"the file has no true value ({output.estimates})")
    if not draft.tally.hists[own].variances(flow=True).any():
        raise Unavailable(f"no judged event has a true value ({output.estimates}) and an estimate")
    if not (sum_ := total(draft.tally, own)) > 0:
        raise Unavailable(f"the weights of the residuals add up to {sum_:g}")
    titles = _titles(draft, output)
    counted = {name: residuals_of(draft.tally, name) for name in titles}
    bounds = output.tails
    if not bounds:
        cores = (one.core() for one in counted.values())
        width = next((core.width.value for core in cores if core), 0.0)
        bounds = tuple(far * width for far in FAR if width)
    made = {name: one.summary(bounds) for name, one in counted.items()}
    return {
        "truth": output.estimates,
        "relative": is_relative(output),
        "unit": "" if is_relative(output) else output.unit,
        "estimators": [
            {"name": name, "title": title, "missing": draft.tally.counts["missing", name]}
            | asdict(made[name])
            for name, title in titles.items()
        ],
        "improvement": [
            {"name": name, "title": titles[name]} | _improvement(draft.tally, one, made[own], name)
            for name, one in made.items()
            if name != own
        ],
    }


def _titles(draft: Draft, output: Output) -> dict[str, str]:
    """Titles of the estimators that have residuals, by the name of their histogram."""
    titles = {r.column: r.title for r in draft.setting.adapter.references}
    return {
        f"residual_{name}": titles.get(column, draft.card.name)
        for name, column in estimators(output, draft.setting.adapter).items()
        if total(draft.tally, f"residual_{name}") > 0
    }


def _improvement(tally: Tally, before: Summary, after: Summary, name: str) -> dict[str, Any]:
    """How much narrower the network's residuals are: 1 - after / before, by width."""
    joint = Counts.of(tally.hists[name.replace("residual_", "joint_", 1)], flow=True)
    correlation = Paired(joint.values).correlation() if joint.values.sum() > 0 else 0.0
    made: dict[str, Any] = {}
    for figure in ("width", "eiqr75", "eiqr95"):
        widths: tuple[Estimate, Estimate] = getattr(before, figure), getattr(after, figure)
        try:
            made[figure] = asdict(improvement(*widths, correlation))
        except DataError:
            made[figure] = None
    return made


def _response(draft: Draft, output: Output, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Median and mean of estimate / truth, by estimator and true value, where all are positive.

    ``rows``: the residuals against the true value, which say the same where they are relative.
    """
    kind = "residual" if is_relative(output) else "response"
    made = []
    for name, title in _titles(draft, output).items():
        counted = name.replace("residual", kind, 1)
        if not total(draft.tally, counted) > 0:
            raise Unavailable(f"no true value is positive ({output.estimates})")
        if draft.tally.counts["missing", counted] > draft.tally.counts["missing", name]:
            raise Unavailable(f"not all true values are positive ({output.estimates})")
        summary = residuals_of(draft.tally, counted).summary()
        middle = {key: _moved(asdict(getattr(summary, key))) for key in ("median", "mean")}
        made.append({"name": name, "title": title, **middle, "width": asdict(summary.width)})
    relative = rows if is_relative(output) else _against_truth(draft, output, kind)
    if not relative:
        raise Unavailable(f"the true values ({output.estimates}) fill no two bins")
    against_truth = [
        {
            "low": row["low"],
            "high": row["high"],
            "estimators": {
                name: one and {"median": _moved(one["median"])}
                for name, one in row["estimators"].items()
            },
        }
        for row in relative
    ]
    return {"estimators": made, "against_truth": against_truth}


def _moved(estimate: Mapping[str, float]) -> dict[str, float]:
    """A relative residual as a response."""
    return {key: 1 + value for key, value in estimate.items()}


def _profile(output: Output, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """Median and central 68 % of the estimate in bins of the true value."""
    if not rows:
        raise Unavailable(f"the true values ({output.estimates}) fill no two bins")
    made = []
    for row in rows:
        truth, one = row["truth"], row["estimators"][f"residual_{output.name}"]
        if one is not None:
            points = {key: one[key] for key in ("p16", "p84")} | {"median": one["median"]["value"]}
            scale = truth if is_relative(output) else 1.0
            made.append({"truth": truth} | {k: truth + scale * v for k, v in points.items()})
    if not any(rows[0]["low"] <= point["median"] <= rows[-1]["high"] for point in made):
        raise Unavailable("the estimates lie beyond all true values")
    return made


def _peak(draft: Draft, output: str) -> dict[str, Any]:
    residuals = residuals_of(draft.tally, f"residual_{output}")
    if residuals.effective < MIN_ENTRIES:
        raise Unavailable(f"fewer than {MIN_ENTRIES} residuals: no shape is fitted to them")
    fit = fit_binned(*peak_bins(residuals), PEAK)
    return fit.figures() | {"expected": np.add(*fit.expected()).tolist()}


def _pull(draft: Draft, output: str) -> dict[str, Any]:
    name = f"pull_{output}"
    if not total(draft.tally, name) > 0:
        raise Unavailable(f"no uncertainty of {output} is a positive number")
    summary = residuals_of(draft.tally, name).summary(FAR)
    return {"missing": draft.tally.counts["missing", name]} | asdict(summary)


def _against_truth(draft: Draft, output: Output, kind: str) -> list[dict[str, Any]]:
    """Bias and width in bins of the true value, as evenly filled as its 1 % bins allow."""
    tables = {
        name: _by_key(draft.tally.hists[against(name.replace("residual", kind, 1), "truth")])
        for name in _titles(draft, output)
    }
    keys, counts = tables[f"residual_{output.name}"]
    edges = _edges(keys, counts)
    if len(edges) < 3:
        raise Unavailable(
            f"the true values ({output.estimates}) fill no two bins of 1 % with {MIN_ENTRIES} each"
        )
    rows = []
    for low, high in pairwise(edges):
        within = {name: (k >= low) & (k < high) for name, (k, _) in tables.items()}
        figures = {
            name: _in_bin(part[within[name]].each(lambda p: p.sum(axis=0)))
            for name, (_, part) in tables.items()
        }
        inside = within[f"residual_{output.name}"]
        row = {"low": truth_edge(low), "high": truth_edge(high), "estimators": figures}
        rows.append(row | {"truth": _mean_truth(keys[inside], counts[inside])})
    return rows


def _mean_truth(keys: Array, counts: Counts) -> float:
    """Mean of the true values with some keys, each in the middle of its bin."""
    middles = [(truth_edge(key) + truth_edge(key + 1)) / 2 for key in keys.tolist()]
    return float(np.average(middles, weights=counts.squares.sum(axis=1)))


def _by_key(hist: Any) -> tuple[Array, Counts]:
    """Keys of the first axis, in order, and the counts in each."""
    keys = np.array(list(hist.axes[0]), np.int64)
    order = np.argsort(keys)
    return keys[order], Counts.of(hist, flow=True)[order]


def _edges(keys: Array, counts: Counts) -> list[int]:
    """Keys at which the bins of the true value begin, and at which the last one ends."""
    squares = counts.squares.sum(axis=1)
    effective = counts.each(np.sum).entries
    wanted = max(effective / MAX_BINS, MIN_ENTRIES)
    edges, held, left = [int(keys[0])], 0.0, effective
    for key, entries in zip(keys.tolist(), effective * squares / squares.sum(), strict=True):
        if held >= wanted and left >= MIN_ENTRIES:
            edges.append(key)
            held = 0.0
        held += entries
        left -= entries
    return [*edges, int(keys[-1]) + 1]


def _against_variables(draft: Draft, output: Output) -> dict[str, Any]:
    """Bias and width in bins of each variable that the file has."""
    made = {}
    for variable in draft.setting.variables:
        subject, name = f"{output.name}:{variable.name}", f"{output.name}_resolution_vs_"
        plot = Plot(name + variable.name, "resolution_against", subject)
        rows = draft.draw(plot, partial(_against_variable, draft, output, variable))
        if rows:
            title = variable.title or variable.name
            made[variable.name] = {"title": title, "unit": variable.unit, "residual": rows}
    return made


def _against_variable(draft: Draft, output: Output, variable: Variable) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    hist = draft.tally.hists.get(against(f"residual_{output.name}", variable.name))
    if hist is None or not hist.variances(flow=True).any():
        raise Unavailable(f"the file has no {variable.title or variable.name} ({variable.source})")
    places = {
        f"residual_{name}": i for i, name in enumerate(estimators(output, draft.setting.adapter))
    }
    rows = [
        {
            "low": one.low,
            "high": one.high,
            "estimators": {
                name: _in_bin(one.counts[places[name]]) for name in _titles(draft, output)
            },
        }
        for one in bins_of(hist, variable)
    ]
    if not any(row["estimators"][f"residual_{output.name}"] for row in rows):
        raise Unavailable(f"no bin of {variable.title or variable.name} has {FEWEST} residuals")
    return rows


def _in_bin(counts: Counts) -> dict[str, Any] | None:
    """Figures of the residuals in a bin; None where there are few."""
    if not counts.values.sum() > 0 or counts.each(np.sum).entries < FEWEST:
        return None
    residuals = from_counts(counts, COARSE)
    median, width = residuals.quantiles()
    p16, p84 = residuals.at(np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2])).tolist()
    made = {"median": median, "width": width, "eiqr75": residuals.eiqr()[0]}
    estimates = {name: asdict(one) for name, one in made.items()}
    return {"entries": residuals.entries, **estimates, "p16": p16, "p84": p84}
